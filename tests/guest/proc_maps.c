/*
 * proc_maps - /proc/PID/maps, smaps, statm, status, stat, pagemap, mem: proc(5).
 *
 * Every line of maps is exactly what Linux's format gives, areas ascend and do not overlap, the
 * parts of the program bear their names, and the counters of the other files agree with it.
 */
#include "t.h"
#include <elf.h>
#include <sys/auxv.h>

#define RW (PROT_READ | PROT_WRITE)

static char text[262144];
static char bss[16 * T_PAGE] __attribute__((aligned(4096)));

/* The line that Linux would print for these fields. */
static void format(char *out, size_t size, const struct t_map *m)
{
	int n = snprintf(out, size, "%08lx-%08lx %s %08llx %02x:%02x %lu ", m->start, m->end,
			 m->prot, m->offset, m->major, m->minor, m->inode);

	if (m->name[0])
		snprintf(out + n, size - n, "%*s%s", n < 49 ? 49 - n : 0, "", m->name);
}

static void check_format(void)
{
	unsigned long end = 0, lines = 0, wrong = 0, disorder = 0, odd = 0;
	char line[400], want[400], *next;

	t_must(t_slurp("/proc/self/maps", text, sizeof(text)) > 0);
	for (char *p = text; *p; p = next) {
		struct t_map m = {0};

		next = strchr(p, '\n') + 1;
		snprintf(line, sizeof(line), "%.*s", (int)(next - p - 1), p);
		if (sscanf(line, "%lx-%lx %4s %llx %x:%x %lu %255[^\n]", &m.start, &m.end, m.prot,
			   &m.offset, &m.major, &m.minor, &m.inode, m.name) < 7) {
			t_note("unreadable: %s", line);
			wrong++;
			continue;
		}
		format(want, sizeof(want), &m);
		if (strcmp(line, want) != 0) {
			t_note("got  '%s'", line);
			t_note("want '%s'", want);
			wrong++;
		}
		disorder += m.start < end || m.end <= m.start;
		odd += (m.start | m.end | m.offset) % T_PAGE != 0;
		odd += !strchr("r-", m.prot[0]) || !strchr("w-", m.prot[1]) ||
		       !strchr("x-", m.prot[2]) || !strchr("ps", m.prot[3]);
		end = m.end;
		lines++;
	}
	ok(lines >= 6, "maps has the areas of a static program (%lu)", lines);
	eq(wrong, 0, "every line has Linux's format, the name at column 49");
	eq(disorder, 0, "areas ascend and do not overlap");
	eq(odd, 0, "addresses and offsets are pages, flags are rwx and p or s");
}

static bool area(const void *addr, const char *name, const char *prot)
{
	struct t_map m;

	if (!t_map_at(addr, &m))
		return false;
	return strcmp(m.name, name) == 0 && strcmp(m.prot, prot) == 0;
}

static void check_names(void)
{
	char exe[256] = "", local;
	struct t_map m;
	int n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	void *brk;

	ok(n > 0 && exe[0] == '/', "/proc/self/exe is an absolute path");
	ok(area((void *)check_names, exe, "r-xp"),
	   "program text is r-xp and bears the file's path");
	ok(t_map_at("constant", &m) && m.prot[1] == '-' && strcmp(m.name, exe) == 0,
	   "constants are not writable and belong to the file");
	ok(t_map_at(&t_count, &m) && strncmp(m.prot, "rw", 2) == 0, "data are writable");
	ok(t_map_at(bss + 8 * T_PAGE, &m) && m.inode == 0 && strcmp(m.prot, "rw-p") == 0,
	   "the middle of a large bss is anonymous");
	ok(area(&local, "[stack]", "rw-p"), "the stack is [stack] and rw-p");
	brk = sbrk(0);
	syscall(SYS_brk, (char *)brk + T_PAGE);
	ok(area(brk, "[heap]", "rw-p"), "the break's area is [heap] and rw-p");
	syscall(SYS_brk, brk);
	ok(vdso != NULL, "AT_SYSINFO_EHDR is given");
	ok(area(vdso, "[vdso]", "r-xp"), "it points to [vdso], r-xp");
	ok(memcmp(vdso, ELFMAG, 4) == 0, "which begins with an ELF header");
	ok(((Elf32_Ehdr *)vdso)->e_machine == EM_386, "for the i386");
	ok(t_write(vdso).sig == SIGSEGV, "and cannot be written");
}

static void check_flags(void)
{
	char *p = mmap(NULL, T_PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = t_file("file", NULL, 0);
	struct stat st;
	struct t_map m;
	char *q;

	ok(t_map_at(p, &m) && strcmp(m.prot, "rw-s") == 0, "shared memory has the flag s");
	ok(strcmp(m.name, "/dev/zero (deleted)") == 0,
	   "shared anonymous memory is /dev/zero (deleted)");
	t_must(ftruncate(fd, 4 * T_PAGE) == 0 && fstat(fd, &st) == 0);
	q = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, fd, 2 * T_PAGE);
	ok(t_map_at(q, &m) && m.offset == 2 * T_PAGE, "the offset is in bytes");
	eq(m.inode, st.st_ino, "the inode is stat's");
	eq(m.major * 256 + m.minor, st.st_dev, "the device is stat's");
	ok(strcmp(m.prot, "r--s") == 0, "a read-only shared mapping is r--s");
	rename("file", "new name\n");
	ok(t_map_at(q, &m) && strstr(m.name, "/new name\\012"),
	   "the path is the present one, newline as \\012");
	munmap(p, T_PAGE);
	munmap(q, T_PAGE);
	close(fd);
}

static unsigned long total_pages(void)
{
	unsigned long at = 0, pages = 0;
	struct t_map m;

	while (t_map_after(0, at, &m)) {
		pages += (m.end - m.start) / T_PAGE;
		at = m.end;
	}
	return pages;
}

static bool statm(unsigned long v[7])
{
	char buf[200];

	return t_slurp("/proc/self/statm", buf, sizeof(buf)) > 0 &&
	       sscanf(buf, "%lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		      &v[6]) == 7;
}

static void check_counters(void)
{
	unsigned long before[7], after[7];
	char *p;

	ok(statm(before), "statm has seven numbers");
	eq(before[4], 0, "its lib field is 0");
	eq(before[6], 0, "its dirty field is 0");
	ok(labs((long)(total_pages() - before[0])) <= 1, "statm's size is the sum of the areas");
	eq(t_field("/proc/self/status", "VmSize"), (long long)before[0] * 4, "VmSize agrees");
	p = mmap(NULL, 1000 * T_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	statm(after);
	eq(after[0] - before[0], 1000, "mapping 1000 pages adds 1000 to the size");
	ok(after[1] - before[1] < 64, "and nothing to resident");
	eq(after[5] - before[5], 1000, "and 1000 to data");
	memset(p, 1, 1000 * T_PAGE);
	statm(after);
	ok(after[1] - before[1] >= 900 && after[1] - before[1] <= 1100,
	   "touching them adds 1000 to resident");
	ok(t_field("/proc/self/status", "VmRSS") >= 4000, "VmRSS has them");
	ok(t_field("/proc/self/status", "RssAnon") >= 3600, "RssAnon has them");
	ok(t_field("/proc/self/status", "VmHWM") >= t_field("/proc/self/status", "VmRSS") - 300,
	   "VmHWM is not below VmRSS");
	ok(t_field("/proc/self/status", "VmPTE") > 0, "VmPTE counts page tables");
	munmap(p, 1000 * T_PAGE);
	statm(after);
	eq(after[0], before[0], "unmapping takes the size back");
	ok(after[1] < before[1] + 100, "and resident");
	ok(t_field("/proc/self/status", "VmPeak") >= (long long)(before[0] + 1000) * 4,
	   "VmPeak remembers");
}

static const char *const status_keys[] = {
	"Name",
	"Umask",
	"State",
	"Tgid",
	"Pid",
	"PPid",
	"TracerPid",
	"Uid",
	"Gid",
	"FDSize",
	"Groups",
	"VmPeak",
	"VmSize",
	"VmLck",
	"VmPin",
	"VmHWM",
	"VmRSS",
	"RssAnon",
	"RssFile",
	"RssShmem",
	"VmData",
	"VmStk",
	"VmExe",
	"VmLib",
	"VmPTE",
	"VmSwap",
	"Threads",
	"SigQ",
	"SigPnd",
	"ShdPnd",
	"SigBlk",
	"SigIgn",
	"SigCgt",
	"CapInh",
	"CapPrm",
	"CapEff",
	"CapBnd",
	"Cpus_allowed",
	"voluntary_ctxt_switches",
	"nonvoluntary_ctxt_switches",
};

static void check_status(void)
{
	unsigned missing = 0;
	char key[40], *at;

	t_must(t_slurp("/proc/self/status", text, sizeof(text)) > 0);
	at = text;
	for (unsigned i = 0; i < T_COUNT(status_keys); i++) {
		snprintf(key, sizeof(key), "%s%s:\t", i ? "\n" : "", status_keys[i]);
		char *found = strstr(at, key);
		if (!found) {
			t_note("no '%s:' in its place", status_keys[i]);
			missing++;
		} else {
			at = found + 1;
		}
	}
	eq(missing, 0, "status has Linux's keys in Linux's order");
	eq(t_field("/proc/self/status", "Pid"), getpid(), "Pid is getpid");
	eq(t_field("/proc/self/status", "PPid"), getppid(), "PPid is getppid");
	eq(t_field("/proc/self/status", "Threads"), 1, "Threads is 1");
	ok(strstr(text, "State:\tR (running)\n") != NULL, "State is R (running)");
	ok(strstr(text, "\nUid:\t0\t0\t0\t0\n") != NULL, "Uid has four numbers");
}

static void check_stat(void)
{
	char state;
	int pid, ppid, pgrp, sid, n;
	char comm[64];

	t_must(t_slurp("/proc/self/stat", text, sizeof(text)) > 0);
	n = sscanf(text, "%d (%63[^)]) %c %d %d %d", &pid, comm, &state, &ppid, &pgrp, &sid);
	eq(n, 6, "stat begins: pid (comm) state ppid pgrp session");
	eq(pid, getpid(), "pid is getpid");
	ok(strncmp(comm, "proc_maps", 9) == 0, "comm is the program's name, 15 bytes at most");
	eq(state, 'R', "state is R");
	eq(ppid, getppid(), "ppid is getppid");
	eq(pgrp, getpgrp(), "pgrp is getpgrp");
	eq(sid, getsid(0), "session is getsid");
	n = 0;
	for (char *p = strrchr(text, ')'); *p; p++)
		n += *p == ' ';
	eq(n, 50, "stat has 52 fields");
}

static void check_pagemap(void)
{
	unsigned long long e[3];
	char *p = t_pages(3);
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0) {
		t_skip("pagemap tells what is present", "no /proc/self/pagemap");
		return;
	}
	p[0] = 1;
	(void)*(volatile char *)(p + T_PAGE);
	eq(pread(fd, e, sizeof(e), (unsigned long)p / T_PAGE * 8), sizeof(e),
	   "pagemap has 8 bytes a page");
	ok(e[0] >> 63 && (e[0] & ((1ull << 55) - 1)), "a written page is present and has a frame");
	ok(e[1] >> 63, "a page only read is present");
	eq(e[2] >> 63, 0, "an untouched page is not");
	ok((e[0] >> 56) & 1, "the written page is mapped exclusively");
	fails(pread(fd, e, 7, 0), EINVAL, "a read that is no multiple of 8 is EINVAL");
	close(fd);
	munmap(p, 3 * T_PAGE);
}

static void check_mem(void)
{
	char *p = t_pages(2), buf[16];
	int fd = open("/proc/self/mem", O_RDWR);

	if (fd < 0) {
		t_skip("mem reads and writes the address space", "no /proc/self/mem");
		return;
	}
	strcpy(p, "visible");
	mprotect(p + T_PAGE, T_PAGE, PROT_NONE);
	eq(pread(fd, buf, 8, (unsigned long)p), 8, "mem reads the address space");
	ok(strcmp(buf, "visible") == 0, "at the address");
	eq(pwrite(fd, "written", 8, (unsigned long)p), 8, "mem writes it");
	ok(strcmp(p, "written") == 0, "at the address");
	munmap(p, T_PAGE);
	fails(pread(fd, buf, 8, (unsigned long)p), EIO, "an unmapped address is EIO");
	fails(pread(fd, buf, 8, T_KERNEL), EIO, "a kernel address is EIO");
	close(fd);
}

static const char *const smaps_keys[] = {
	"Size",         "KernelPageSize", "MMUPageSize",   "Rss",           "Pss",
	"Shared_Clean", "Shared_Dirty",   "Private_Clean", "Private_Dirty", "Referenced",
	"Anonymous",    "Swap",           "VmFlags",
};

static void check_smaps(void)
{
	char *p = t_pages(10), head[32], *line, *end;
	unsigned missing = 0;

	memset(p, 1, 5 * T_PAGE);
	mprotect(p, 10 * T_PAGE, PROT_READ);
	if (t_slurp("/proc/self/smaps", text, sizeof(text)) < 0) {
		t_skip("smaps tells about each area", "no /proc/self/smaps");
		return;
	}
	snprintf(head, sizeof(head), "%08lx-", (unsigned long)p);
	line = strstr(text, head);
	if (!ok(line != NULL, "smaps has the area"))
		return;
	end = strstr(line, "VmFlags:");
	for (unsigned i = 0; i < T_COUNT(smaps_keys); i++)
		missing += !strstr(line, smaps_keys[i]);
	eq(missing, 0, "smaps has Linux's keys");
	line = strchr(line, '\n') + 1;
	ok(strncmp(line, "Size:                 40 kB\n", 28) == 0,
	   "Size is 40 kB in Linux's columns");
	line = strstr(line, "\nRss:");
	ok(line && strncmp(line, "\nRss:                  20 kB\n", 28) == 0, "Rss is 20 kB");
	line = strstr(line, "\nPrivate_Dirty:");
	ok(line && strncmp(line, "\nPrivate_Dirty:        20 kB\n", 28) == 0,
	   "Private_Dirty is 20 kB");
	ok(end && strncmp(end, "VmFlags: rd mr mw me ac", 22) == 0,
	   "VmFlags begin with rd mr mw me");
	munmap(p, 10 * T_PAGE);
}

static int quiet(void *arg)
{
	char c;

	need(read(*(int *)arg, &c, 1) == 0);
	return 0;
}

static void check_others(void)
{
	int p[2];
	struct t_map mine, theirs;
	pid_t pid;
	char path[40], buf[64];

	t_must(pipe2(p, O_CLOEXEC) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		_exit(quiet(&p[0]));
	}
	close(p[0]);
	t_map_at(bss, &mine);
	ok(t_map_after(pid, (unsigned long)bss, &theirs) && theirs.start == mine.start &&
		   theirs.end == mine.end,
	   "a child's maps can be read");
	close(p[1]);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	snprintf(buf, sizeof(buf), "/proc/%d/stat", pid);
	ok(t_until(t_slurp(buf, text, sizeof(text)) > 0 && strstr(text, ") Z ")),
	   "it becomes a zombie");
	eq(t_slurp(path, text, sizeof(text)), 0, "whose maps is empty");
	t_wait(pid);
	fails(open(path, O_RDONLY), ENOENT, "and when it is reaped its directory is gone");
	fails(open("/proc/2147483000/maps", O_RDONLY), ENOENT, "an unknown pid has no directory");
}

int main(void)
{
	t_tmpdir();
	bss[0] = 1;
	check_format();
	check_names();
	check_flags();
	check_counters();
	check_status();
	check_stat();
	check_pagemap();
	check_mem();
	check_smaps();
	check_others();
	return t_done();
}
