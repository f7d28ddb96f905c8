/*
 * proc_pages - the pages of a process: /proc/PID/{pagemap,mem,clear_refs,oom_adj}, and those of the
 * machine: /proc/{kpageflags,kpagecount,kcore}. proc(5)
 *
 * needs: mem=256M
 */
#include "t.h"
#include <elf.h>
#include <linux/kernel-page-flags.h>
#include <sched.h>
#include <sys/prctl.h>

#define RW (PROT_READ | PROT_WRITE)
#define PRESENT (1ull << 63)
#define FILE_PAGE (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define SOFT_DIRTY (1ull << 55)
#define FRAME ((1ull << 55) - 1)

static int pagemap = -1;

static unsigned long long entry_from(int fd, const void *addr)
{
	unsigned long long e = 0;

	t_must(pread(fd, &e, 8, (unsigned long)addr / T_PAGE * 8) == 8);
	return e;
}

static unsigned long long entry(const void *addr)
{
	return entry_from(pagemap, addr);
}

static unsigned long long word_of(const char *path, unsigned long long pfn)
{
	unsigned long long word = ~0ull;
	int fd = open(path, O_RDONLY);

	t_must(fd >= 0 && pread(fd, &word, 8, pfn * 8) == 8);
	close(fd);
	return word;
}

#define FLAG(word, bit) ((word) >> (bit)&1)

static char *small_pages(unsigned n)
{
	char *p = t_pages(n);

	madvise(p, n * T_PAGE, MADV_NOHUGEPAGE);
	return p;
}

/* -- the life of a page ---------------------------------------------------------------------- */

static void check_life(void)
{
	char *p = small_pages(2);
	unsigned long long e, zero, flags;
	pid_t pid;
	int done[2];

	eq(entry(p), 0, "an untouched page has no entry");
	(void)*(volatile char *)p;
	zero = entry(p);
	ok((zero & PRESENT) && !(zero & (FILE_PAGE | EXCLUSIVE)),
	   "a page only read is the zero page: present, neither a file's nor exclusive");
	flags = word_of("/proc/kpageflags", zero & FRAME);
	ok(FLAG(flags, KPF_ZERO_PAGE) && FLAG(flags, 32), "whose flags are ZERO_PAGE and reserved");
	eq(word_of("/proc/kpagecount", zero & FRAME), 0, "and whose count is 0");
	p[0] = 1;
	e = entry(p);
	ok((e & PRESENT) && (e & EXCLUSIVE) && !(e & FILE_PAGE), "a written page is exclusive");
	ok((e & FRAME) != (zero & FRAME), "in a frame of its own");
	eq(e & SOFT_DIRTY, 0, "there is no soft-dirty bit on i386");
	flags = word_of("/proc/kpageflags", e & FRAME);
	ok(FLAG(flags, KPF_MMAP) && FLAG(flags, KPF_ANON) && FLAG(flags, KPF_SWAPBACKED) &&
		   FLAG(flags, KPF_UPTODATE),
	   "its flags are MMAP, ANON, SWAPBACKED, UPTODATE");
	ok(!FLAG(flags, KPF_BUDDY) && !FLAG(flags, KPF_NOPAGE) && !FLAG(flags, KPF_SLAB) &&
		   !FLAG(flags, KPF_ZERO_PAGE),
	   "not BUDDY, NOPAGE, SLAB, ZERO_PAGE");
	eq(word_of("/proc/kpagecount", e & FRAME), 1, "it is mapped once");

	t_must(pipe(done) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char c;

		close(done[1]);
		read(done[0], &c, 1);
		_exit(0);
	}
	ok(!(entry(p) & EXCLUSIVE), "fork takes exclusive away");
	eq(word_of("/proc/kpagecount", e & FRAME), 2, "it is mapped twice");
	close(done[1]);
	close(done[0]);
	t_wait(pid);
	ok(entry(p) & EXCLUSIVE, "the child's end gives it back");
	ok(entry((void *)check_life) & FILE_PAGE, "program text is a file's page");
	munmap(p, 2 * T_PAGE);
}

/* -- pagemap as a file ----------------------------------------------------------------------- */

static int inherited(void *arg)
{
	char *p = arg;

	need(munmap(p, T_PAGE) == 0);
	need(entry(p) & PRESENT);
	return 0;
}

static int without_capability(void *arg)
{
	unsigned long long e;
	int own;

	need(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	need(prctl(PR_SET_DUMPABLE, 1) == 0);
	own = open("/proc/self/pagemap", O_RDONLY);
	need(own >= 0);
	*(volatile char *)arg = 2;
	e = entry_from(own, arg);
	need((e & PRESENT) && (e & FRAME) == 0);
	/* The descriptor that root opened still tells frames: of the parent's memory. */
	need((entry(arg) & FRAME) != 0);
	need(open("/proc/kpageflags", O_RDONLY) == -1 && errno == EACCES);
	need(open("/proc/kpagecount", O_RDONLY) == -1 && errno == EACCES);
	need(open("/proc/kcore", O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

static void check_file(void)
{
	static unsigned long long many[4096];
	char *p = small_pages(1);

	p[0] = 1;
	fails(pread(pagemap, many, 8, 4), EINVAL, "an offset that is no multiple of 8 is EINVAL");
	fails(pread(pagemap, many, 12, 0), EINVAL, "so is a length");
	eq(pread(pagemap, many, 0, 0), 0, "nothing asked is nothing read");
	eq(pread(pagemap, many, sizeof(many), (unsigned long)p / T_PAGE * 8), sizeof(many),
	   "many entries can be read at once");
	ok(many[0] & PRESENT, "the first is the page's");
	eq(pread(pagemap, many, 64, (0xFFFFFFFFull / T_PAGE + 1) * 8), 0,
	   "behind the address space is the end");
	eq(lseek(pagemap, (unsigned long)p / T_PAGE * 8, SEEK_SET), (unsigned long)p / T_PAGE * 8,
	   "lseek goes to a page");
	eq(read(pagemap, many, 8), 8, "which read then tells");
	ok(many[0] & PRESENT, "as present");
	fails(lseek(pagemap, 0, SEEK_END), EINVAL, "there is no counting from the end");
	exits(inherited, p, 0, "a descriptor opened before fork tells of the parent's memory");
	exits(without_capability, p, 0,
	      "who opens it without CAP_SYS_ADMIN sees no frames; kpage* and kcore are root's");
	munmap(p, T_PAGE);
}

/* -- mem ------------------------------------------------------------------------------------- */

static pid_t paused(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(T_LIMIT);
		for (;;)
			pause();
	}
	return pid;
}

static void check_mem(void)
{
	char *p = small_pages(4), buf[3 * T_PAGE], path[40];
	int mem = open("/proc/self/mem", O_RDWR), other, fd;
	volatile char *shared;
	pid_t pid;

	memset(p, 'a', 4 * T_PAGE);
	munmap(p + 2 * T_PAGE, T_PAGE);
	eq(pread(mem, buf, sizeof(buf), (unsigned long)p + 100), 2 * T_PAGE - 100,
	   "a read stops before a hole");
	fails(pread(mem, buf, 1, (unsigned long)p + 2 * T_PAGE), EIO, "in a hole it is EIO");
	eq(pwrite(mem, buf, sizeof(buf), (unsigned long)p + 100), 2 * T_PAGE - 100,
	   "a write stops before a hole");
	mprotect(p, T_PAGE, PROT_READ);
	eq(pwrite(mem, "forced", 7, (unsigned long)p), 7, "a private read-only page is written");
	ok(strcmp(p, "forced") == 0, "by force");
	mprotect(p, T_PAGE, PROT_NONE);
	eq(pread(mem, buf, 7, (unsigned long)p), 7, "PROT_NONE is read");
	ok(strcmp(buf, "forced") == 0, "by force");
	fails(pread(mem, (void *)T_KERNEL, 4, (unsigned long)p), EFAULT, "a bad buffer is EFAULT");

	fd = t_file("shared", "file", 5);
	shared = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	fails(pwrite(mem, "x", 1, (unsigned long)shared), EIO,
	      "a shared page that may not be written is EIO");
	ok(shared[0] == 'f', "and as it was");
	munmap((void *)shared, T_PAGE);
	close(fd);

	eq(lseek(mem, (unsigned long)(p + T_PAGE), SEEK_SET), (unsigned long)(p + T_PAGE),
	   "lseek goes to an address");
	eq(read(mem, buf, 10), 10, "where read begins");
	eq(lseek(mem, 0, SEEK_CUR), (unsigned long)(p + T_PAGE) + 10, "and moves on");
	fails(lseek(mem, 0, SEEK_END), EINVAL, "SEEK_END is EINVAL");

	pid = paused();
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	other = open(path, O_RDWR);
	works(other, "root opens another's memory");
	eq(pwrite(other, "other", 6, (unsigned long)p + T_PAGE), 6, "writes it");
	ok(p[T_PAGE] == 'a', "which is not one's own");
	eq(pread(other, buf, 6, (unsigned long)p + T_PAGE), 6, "reads it");
	ok(strcmp(buf, "other") == 0, "as written");
	kill(pid, SIGKILL);
	t_wait(pid);
	eq(pread(other, buf, 6, (unsigned long)p + T_PAGE), 0, "after its end there is nothing");
	eq(pwrite(other, buf, 6, (unsigned long)p + T_PAGE), 0, "to write either");
	close(other);
	close(mem);
	munmap(p, 4 * T_PAGE);
}

/* -- clear_refs ------------------------------------------------------------------------------ */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n;
}

static long long referenced(const void *addr)
{
	static char text[1 << 18];
	char head[16], *at;

	snprintf(head, sizeof(head), "%08lx-", (unsigned long)addr);
	t_must(t_slurp("/proc/self/smaps", text, sizeof(text)) > 0);
	at = strstr(text, head);
	at = at ? strstr(at, "\nReferenced:") : NULL;
	return at ? strtoll(at + 12, NULL, 10) : -1;
}

static void check_clear_refs(void)
{
	static const char *const bad[] = {"0", "6", "x", "-1", ""};
	char *p = small_pages(8), *file, buf[8];
	int fd = t_file("refs", NULL, 0);

	t_must(ftruncate(fd, 4 * T_PAGE) == 0);
	file = mmap(NULL, 4 * T_PAGE, RW, MAP_SHARED, fd, 0);
	mprotect(p + 7 * T_PAGE, T_PAGE, PROT_NONE);
	memset(p, 1, 7 * T_PAGE);
	memset(file, 1, 4 * T_PAGE);
	eq(referenced(p), 28, "pages just written are Referenced");
	eq(write_text("/proc/self/clear_refs", "1\n"), 2, "writing 1 to clear_refs");
	eq(referenced(p), 0, "takes Referenced from anonymous memory");
	eq(referenced(file), 0, "and from files");
	sched_yield();
	p[0] = 2;
	ok(referenced(p) >= 4, "a page used again is Referenced again");
	memset(p, 1, 7 * T_PAGE);
	memset(file, 1, 4 * T_PAGE);
	eq(write_text("/proc/self/clear_refs", "3"), 1, "writing 3");
	eq(referenced(file), 0, "takes it from files");
	ok(referenced(p) > 0, "not from anonymous memory");
	memset(file, 1, 4 * T_PAGE);
	eq(write_text("/proc/self/clear_refs", "2"), 1, "writing 2");
	eq(referenced(p), 0, "takes it from anonymous memory");
	eq(write_text("/proc/self/clear_refs", "4"), 1, "4 is taken, for soft-dirty bits");
	for (unsigned i = 0; i < T_COUNT(bad) - 1; i++)
		fails(write_text("/proc/self/clear_refs", bad[i]), EINVAL, "'%s' is EINVAL",
		      bad[i]);
	fd = open("/proc/self/clear_refs", O_RDWR);
	fails(read(fd, buf, 1), EINVAL, "it cannot be read");
	close(fd);

	file = small_pages(2048);
	memset(file, 1, 2048 * T_PAGE);
	munmap(file, 2048 * T_PAGE);
	ok(t_field("/proc/self/status", "VmHWM") >= t_field("/proc/self/status", "VmRSS") + 7000,
	   "VmHWM remembers 8 MB that are gone");
	eq(write_text("/proc/self/clear_refs", "5"), 1, "writing 5");
	ok(t_field("/proc/self/status", "VmHWM") < t_field("/proc/self/status", "VmRSS") + 1000,
	   "makes it forget");
	munmap(p, 8 * T_PAGE);
}

/* -- the OOM killer's files ------------------------------------------------------------------ */

static int lowered(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	need(write_text("/proc/self/oom_score_adj", "600") == 3);
	need(write_text("/proc/self/oom_score_adj", "-1") == -1 && errno == EACCES);
	need(write_text("/proc/self/oom_score_adj", "0") == 1);
	need(write_text("/proc/self/oom_adj", "-1") == -1 && errno == EACCES);
	return 0;
}

/* Shares the memory of the test; lives until it is told to go. */
static volatile int shared_step, shared_result;

static int sharer(void *arg)
{
	(void)arg;
	while (shared_step == 0)
		usleep(1000);
	syscall(__NR_setresuid32, 1000, 1000, 1000);
	prctl(PR_SET_DUMPABLE, 1);
	shared_result = write_text("/proc/thread-self/oom_score_adj", "299") == -1 ? errno : 0;
	while (shared_step == 1)
		usleep(1000);
	_exit(0);
}

static void check_oom_shared(void)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t pid = clone(sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	char path[64];

	t_must(pid > 0);
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	write_text("/proc/self/oom_score_adj", "300");
	eq(t_field(path, ""), 300, "oom_score_adj holds for all processes with the memory");
	shared_step = 1;
	ok(t_until(shared_result), "and so does the lowest that a user may set");
	eq(shared_result, EACCES, "which is EACCES");
	write_text(path, "200");
	eq(t_field("/proc/self/oom_score_adj", ""), 200, "whichever of them is written to");
	shared_step = 2;
	t_wait(pid);
	pid = vfork();
	if (pid == 0) {
		int fd = open("/proc/self/oom_score_adj", O_WRONLY);

		_exit(write(fd, "150", 3) != 3);
	}
	eq(t_wait(pid), 0, "a child of vfork sets its own");
	eq(t_field("/proc/self/oom_score_adj", ""), 200, "which is not its parent's");
	write_text("/proc/self/oom_score_adj", "0");
}

static void check_oom(void)
{
	static const struct {
		const char *write, *adj, *score_adj;
	} cases[] = {{"15", "15\n", "1000\n"},
		     {"-17", "-17\n", "-1000\n"},
		     {"8", "7\n", "470\n"},
		     {"-16", "-15\n", "-941\n"},
		     {"0", "0\n", "0\n"}};
	char text[32];

	for (unsigned i = 0; i < T_COUNT(cases); i++) {
		write_text("/proc/self/oom_adj", cases[i].write);
		t_slurp("/proc/self/oom_score_adj", text, sizeof(text));
		ok(strcmp(text, cases[i].score_adj) == 0, "oom_adj %s is oom_score_adj %s",
		   cases[i].write, strtok(strdup(cases[i].score_adj), "\n"));
		t_slurp("/proc/self/oom_adj", text, sizeof(text));
		ok(strcmp(text, cases[i].adj) == 0, "and reads as %s",
		   strtok(strdup(cases[i].adj), "\n"));
	}
	fails(write_text("/proc/self/oom_adj", "16"), EINVAL, "oom_adj 16 is EINVAL");
	fails(write_text("/proc/self/oom_score_adj", "1001"), EINVAL,
	      "oom_score_adj 1001 is EINVAL");
	write_text("/proc/self/oom_score_adj", "-1000");
	eq(t_field("/proc/self/oom_score", ""), 0, "who is never taken has oom_score 0");
	write_text("/proc/self/oom_score_adj", "0");
	ok(t_field("/proc/self/oom_score", "") > 600, "others about 666");
	eq(t_field("/proc/1/oom_score", ""), 0, "init 0");
	exits(lowered, NULL, 0, "a user may raise the score and lower it no further than it was");
	check_oom_shared();
}

/* -- the frames and the kernel --------------------------------------------------------------- */

static void check_frames(void)
{
	unsigned long long frames = t_field("/proc/meminfo", "MemTotal") / 4, words[8], free = 0;
	int flags = open("/proc/kpageflags", O_RDONLY), count = open("/proc/kpagecount", O_RDONLY);
	unsigned long long many[512];
	ssize_t got;

	fails(pread(flags, words, 7, 0), EINVAL, "kpageflags: a length that is no multiple of 8");
	fails(pread(flags, words, 8, 4), EINVAL, "or an offset is EINVAL");
	eq(pread(flags, words, 64, 1ull << 27), 0, "behind the last frame is the end");
	eq(pread(count, words, 64, 1ull << 27), 0, "in kpagecount too");
	for (off_t at = 0; (got = pread(flags, many, sizeof(many), at)) > 0; at += got)
		for (ssize_t i = 0; i < got / 8; i++)
			free += FLAG(many[i], KPF_BUDDY);
	ok(free > frames / 4 && free <= frames, "free frames are BUDDY (%llu of %llu)", free,
	   frames);
	close(flags);
	close(count);
}

static void check_kcore(void)
{
	int fd = open("/proc/kcore", O_RDONLY);
	Elf32_Phdr ph[16];
	Elf32_Ehdr eh;
	unsigned loads = 0, word = 0;
	struct stat st;

	eq(pread(fd, &eh, sizeof(eh), 0), sizeof(eh), "kcore begins with an ELF header");
	ok(memcmp(eh.e_ident, ELFMAG, 4) == 0 && eh.e_type == ET_CORE && eh.e_machine == EM_386,
	   "of a core file of the i386");
	t_must(eh.e_phnum <= 16 && pread(fd, ph, eh.e_phnum * sizeof(*ph), eh.e_phoff) > 0);
	eq(ph[0].p_type, PT_NOTE, "its first segment is a note");
	for (unsigned i = 0; i < eh.e_phnum; i++)
		loads += ph[i].p_type == PT_LOAD;
	eq(loads, 2, "two are memory");
	ok(ph[2].p_paddr == 0 && ph[2].p_vaddr >= 0x40000000, "the direct map, from frame 0");
	ok(ph[1].p_vaddr >= ph[2].p_vaddr + ph[2].p_memsz && ph[1].p_paddr == 0xffffffff,
	   "and above it the vmalloc window");
	eq(ph[1].p_offset - ph[2].p_offset, ph[1].p_vaddr - ph[2].p_vaddr,
	   "at their distance in the file");
	eq(pread(fd, &word, 4, ph[2].p_offset + 0x100000 * 2), 4, "kernel memory can be read");
	t_must(fstat(fd, &st) == 0);
	ok(st.st_size >= (off_t)ph[1].p_offset + ph[1].p_memsz, "the file's size holds them");
	close(fd);
}

int main(void)
{
	t_tmpdir();
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	t_must(pagemap >= 0);
	check_life();
	check_file();
	check_mem();
	check_clear_refs();
	check_oom();
	check_frames();
	check_kcore();
	return t_done();
}
