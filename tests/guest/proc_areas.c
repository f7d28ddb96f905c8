/*
 * proc_areas - /proc/PID/{maps,smaps,smaps_rollup} as files: any number of areas, read in pieces of
 * any size, at any position; opened once for one address space. proc(5), lseek(2)
 *
 * needs: mem=256M
 */
#include "t.h"
#include <sys/prctl.h>

#define RW (PROT_READ | PROT_WRITE)
#define MANY 8000

static char *whole, *piecewise;
static size_t room = 16 << 20;

/* Reads the file in pieces of @piece bytes; its length. */
static long read_all(int fd, char *buf, size_t piece)
{
	long len = 0, n;

	while ((n = read(fd, buf + len, piece)) > 0)
		len += n;
	buf[len] = '\0';
	return n < 0 ? -1 : len;
}

static long read_file(const char *path, char *buf, size_t piece)
{
	int fd = open(path, O_RDONLY);
	long len = read_all(fd, buf, piece);

	close(fd);
	return len;
}

static unsigned count_lines(const char *text, const char *containing)
{
	unsigned n = 0;

	for (; (text = strstr(text, containing)); text++)
		n++;
	return n;
}

/* -- many areas ------------------------------------------------------------------------------ */

static char *make_areas(unsigned n)
{
	char *p = mmap(NULL, n * T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		       0);

	t_must(p != MAP_FAILED);
	for (unsigned i = 0; i < n; i += 2)
		t_must(mprotect(p + i * T_PAGE, T_PAGE, PROT_READ) == 0);
	return p;
}

static void check_many(void)
{
	static const size_t pieces[] = {1, 7, 100, 4095, 4096, 65536};
	char *p = make_areas(MANY);
	long len, again;

	len = read_file("/proc/self/maps", whole, room);
	ok(count_lines(whole, "\n") > MANY, "maps of %d areas is read", MANY);
	ok(strstr(whole, "[stack]\n"), "to its last line");
	for (unsigned i = 1; i < T_COUNT(pieces); i++) {
		again = read_file("/proc/self/maps", piecewise, pieces[i]);
		ok(again == len && memcmp(whole, piecewise, len) == 0,
		   "pieces of %zu bytes make the same text", pieces[i]);
	}
	len = read_file("/proc/self/smaps", whole, room);
	ok(len > 4 << 20, "smaps of as many areas is read (%ld bytes)", len);
	ok(count_lines(whole, "\nVmFlags: ") > MANY, "with each area");
	munmap(p, MANY * T_PAGE);
	read_file("/proc/self/maps", whole, room);
	read_file("/proc/self/maps", piecewise, 1);
	ok(strcmp(whole, piecewise) == 0, "bytes make the same text");
}

/* -- positions ------------------------------------------------------------------------------- */

static void check_positions(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	long len = read_all(fd, whole, 4096), at = len / 2;

	eq(lseek(fd, 0, SEEK_CUR), len, "the position is the number of bytes read");
	eq(read(fd, piecewise, 100), 0, "behind the last line is the end");
	eq(pread(fd, piecewise, 50, at), 50, "pread reads from the middle");
	ok(memcmp(piecewise, whole + at, 50) == 0, "what stands there");
	eq(pread(fd, piecewise, 50, len + 1000), 0, "and nothing behind the end");
	eq(lseek(fd, at, SEEK_SET), at, "lseek goes back to the middle");
	eq(read(fd, piecewise, 50), 50, "where the next read begins");
	ok(memcmp(piecewise, whole + at, 50) == 0, "with what stands there");
	eq(lseek(fd, -10, SEEK_CUR), at + 40, "lseek counts from the position");
	fails(lseek(fd, 0, SEEK_END), EINVAL, "there is no counting from the end");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "or before the beginning");
	close(fd);
}

/*
 * The reader stands in the middle of the areas when they change: the part already read is not told
 * again, the rest is told as it is then.
 */
static void check_changes(void)
{
	char *p = make_areas(400), *text = piecewise, line[16];
	int fd = open("/proc/self/maps", O_RDONLY);
	unsigned long start, end, last = 0, disorder = 0;
	long len = 0, n;

	while (len < 4096 && (n = read(fd, text + len, 1024)) > 0)
		len += n;
	munmap(p + 300 * T_PAGE, T_PAGE);
	mprotect(p + 399 * T_PAGE, T_PAGE, RW);
	munmap(p, T_PAGE);
	while ((n = read(fd, text + len, 1024)) > 0)
		len += n;
	text[len] = '\0';
	for (char *l = text; l && *l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL) {
		if (sscanf(l, "%lx-%lx ", &start, &end) != 2 || start < last)
			disorder++;
		last = end;
	}
	eq(disorder, 0, "areas that change meanwhile leave the lines in order");
	snprintf(line, sizeof(line), "%08lx-", (unsigned long)p + 398 * T_PAGE);
	ok(strstr(text, line), "an area that stayed is told");
	snprintf(line, sizeof(line), "%08lx-", (unsigned long)p + 300 * T_PAGE);
	ok(!strstr(text, line), "one that went before the reader came is not");
	snprintf(line, sizeof(line), "%08lx-", (unsigned long)p + 399 * T_PAGE);
	ok(strstr(text, line) &&
		   strstr(strstr(text, line), " rw-p") == strchr(strstr(text, line), ' '),
	   "one that changed is told as it is now");
	close(fd);
	munmap(p, 400 * T_PAGE);
}

/* -- whose memory a file shows ---------------------------------------------------------------- */

static int open_of(pid_t pid, const char *name)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY);
}

static pid_t sleeper(void)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		alarm(T_LIMIT);
		for (;;)
			pause();
	}
	return pid;
}

static void check_inherited(void)
{
	char *p = mmap(NULL, 3 * T_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), head[32];
	int fd = open("/proc/self/maps", O_RDONLY), status;
	pid_t pid;

	mprotect(p + T_PAGE, T_PAGE, PROT_NONE);
	snprintf(head, sizeof(head), "%08lx-%08lx ---p", (unsigned long)p + T_PAGE,
		 (unsigned long)p + 2 * T_PAGE);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		munmap(p, 3 * T_PAGE);
		need(read_all(fd, whole, 4096) > 0);
		need(strstr(whole, head));
		_exit(0);
	}
	status = t_wait(pid);
	eq(status, 0, "a descriptor opened before fork shows the parent's memory");
	close(fd);
	munmap(p, 3 * T_PAGE);
}

static int as_user(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	int before = open_of(pid, "maps");

	need(before >= 0);
	need(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	need(read_all(before, whole, 4096) > 0);
	need(open_of(pid, "maps") == -1 && errno == EACCES);
	need(open_of(pid, "smaps") == -1 && errno == EACCES);
	need(open_of(pid, "smaps_rollup") == -1 && errno == EACCES);
	return 0;
}

static int undumpable(void *arg)
{
	pid_t pid;

	need(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	need(prctl(PR_SET_DUMPABLE, 0) == 0);
	pid = sleeper();
	need(open_of(pid, "maps") == -1 && errno == EACCES);
	need(open("/proc/self/maps", O_RDONLY) >= 0);
	kill(pid, SIGKILL);
	return 0;
}

static void check_access(void)
{
	pid_t pid = sleeper();
	int maps = open_of(pid, "maps"), rollup = open_of(pid, "smaps_rollup");

	exits(as_user, &pid, 0, "who may look is decided at open; root's process is not a user's");
	exits(undumpable, NULL, 0,
	      "a process that is not dumpable shows its memory to itself only");
	kill(pid, SIGKILL);
	t_wait(pid);
	fails(read(maps, whole, 100), ESRCH, "maps of a process that is gone is ESRCH");
	fails(read(rollup, whole, 100), ESRCH, "and so is smaps_rollup");
	close(maps);
	close(rollup);
}

static void check_exec(void)
{
	int go[2], maps, tries = 500;
	char exe[256] = "";
	pid_t pid;

	t_must(pipe(go) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char c;

		close(go[1]);
		read(go[0], &c, 1);
		execl("/proc/self/exe", "proc_areas", "wait", NULL);
		_exit(9);
	}
	maps = open_of(pid, "maps");
	ok(read(maps, whole, 100) > 0, "maps can be read before an execve");
	close(go[1]);
	close(go[0]);
	/* Its command line tells when the new program is there. */
	do {
		int fd = open_of(pid, "cmdline");

		memset(exe, 0, sizeof(exe));
		read(fd, exe, sizeof(exe) - 1);
		close(fd);
		usleep(5000);
	} while (memcmp(exe, "proc_areas\0wait", sizeof("proc_areas\0wait")) != 0 && --tries);
	ok(tries > 0, "the new program runs");
	lseek(maps, 0, SEEK_SET);
	eq(read(maps, whole, 100), 0, "after it the file is empty");
	close(maps);
	kill(pid, SIGKILL);
	t_wait(pid);
}

/* -- the sums of smaps ------------------------------------------------------------------------ */

static long long sum_of(const char *text, const char *key)
{
	long long sum = 0;

	for (; (text = strstr(text, key)); text++)
		sum += strtoll(text + strlen(key), NULL, 10);
	return sum;
}

static void check_sums(void)
{
	static const char *const keys[] = {
		"\nRss:",           "\nShared_Dirty:",  "\nPrivate_Dirty:",
		"\nPrivate_Clean:", "\nAnonymous:",     "\nLocked:",
		"\nShared_Clean:",  "\nAnonHugePages:", "\nSwap:"};
	char *p = t_pages(16);
	unsigned differ = 0;

	madvise(p, 16 * T_PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, 16 * T_PAGE);
	mlock(p, 4 * T_PAGE);
	read_file("/proc/self/smaps", whole, room);
	read_file("/proc/self/smaps_rollup", piecewise, room);
	for (unsigned i = 0; i < T_COUNT(keys); i++) {
		long long each = sum_of(whole, keys[i]), all = sum_of(piecewise, keys[i]);

		if (each != all)
			t_note("%s %lld, rollup %lld", keys[i] + 1, each, all);
		differ += each != all;
	}
	eq(differ, 0, "smaps_rollup has the sums of smaps");
	eq(sum_of(piecewise, "\nLocked:"), 16, "four locked pages are Locked: 16 kB");
	ok(strstr(piecewise, " ---p 00000000 00:00 0          [rollup]\n"),
	   "its heading is a line of maps named [rollup]");
	eq(sum_of(piecewise, "\nPss_Anon:") + sum_of(piecewise, "\nPss_File:") +
			   sum_of(piecewise, "\nPss_Shmem:") - sum_of(piecewise, "\nPss:") <=
		   0,
	   1, "Pss_Anon, Pss_File and Pss_Shmem are parts of Pss");
	munlock(p, 4 * T_PAGE);
	munmap(p, 16 * T_PAGE);
}

/* -- what one read gives ----------------------------------------------------------------------- */

/*
 * Do all reads of @path end with a record, whose last line begins with @last? How many there are.
 */
static unsigned reads_of(const char *path, const char *last, unsigned *bad, long *longest)
{
	int fd = open(path, O_RDONLY);
	unsigned n = 0;
	long len;

	for (; (len = read(fd, whole, 65536)) > 0; n++) {
		char *line;

		*longest = len > *longest ? len : *longest;
		whole[len - 1] = '\0';
		line = strrchr(whole, '\n');
		*bad += strncmp(line ? line + 1 : whole, last, strlen(last)) != 0;
	}
	close(fd);
	return n;
}

static void check_reads(void)
{
	char *p = make_areas(400);
	unsigned bad = 0, n;
	long longest = 0;

	n = reads_of("/proc/self/smaps", "VmFlags:", &bad, &longest);
	ok(n >= 40 && longest <= 4096,
	   "a read of smaps gives no more than a page, however large the buffer");
	eq(bad, 0, "and whole areas");
	bad = longest = 0;
	n = reads_of("/proc/self/maps", "", &bad, &longest);
	ok(n >= 4 && longest <= 4096, "and one of maps");
	munmap(p, 400 * T_PAGE);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		for (;;)
			pause();
	whole = mmap(NULL, room, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	piecewise = mmap(NULL, room, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	t_must(whole != MAP_FAILED && piecewise != MAP_FAILED);
	madvise(whole, room, MADV_NOHUGEPAGE);
	madvise(piecewise, room, MADV_NOHUGEPAGE);
	memset(whole, 0, room);
	memset(piecewise, 0, room);
	check_many();
	check_positions();
	check_changes();
	check_inherited();
	check_access();
	check_exec();
	check_sums();
	check_reads();
	return t_done();
}
