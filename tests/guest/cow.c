/*
 * cow - copy on write: after fork(2) both processes see the same bytes until one writes, and a
 * write is seen by its writer only; the last owner of a page writes without a copy.
 *
 * Sharing is observed through /proc/PID/pagemap (proc(5)) where it is there: the same frame number
 * means shared. The contents are checked in any case.
 */
#include "t.h"
#include <sys/resource.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 64

static int up[2], down[2]; /* child to parent, parent to child */

/* The frame behind addr in process pid; 0 when not present, -1 when pagemap cannot tell. */
static long long frame(pid_t pid, const void *addr)
{
	unsigned long long entry = 0;
	char path[40];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = pread(fd, &entry, 8, (unsigned long)addr / T_PAGE * 8ull);
	close(fd);
	if (n != 8)
		return -1;
	return entry >> 63 ? (long long)(entry & ((1ull << 55) - 1)) : 0;
}

static void put(int *p, char c)
{
	if (write(p[1], &c, 1) != 1)
		_exit(98);
}

static char get(int *p)
{
	char c;

	return read(p[0], &c, 1) == 1 ? c : 0;
}

static long faults(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_minflt;
}

static int child_sees(void *arg)
{
	char *p = arg;

	for (int i = 0; i < PAGES; i++)
		need(p[i * T_PAGE] == (char)i);
	put(up, 'r');
	need(get(down) == 'g');
	/* The parent has written page 1 meanwhile. */
	need(p[T_PAGE] == 1);
	p[2 * T_PAGE] = 'C';
	put(up, 'w');
	need(get(down) == 'g');
	need(p[2 * T_PAGE] == 'C');
	return 0;
}

static void check_share(void)
{
	char *p = t_pages(PAGES);
	long long before, mine;
	pid_t pid;

	for (int i = 0; i < PAGES; i++)
		p[i * T_PAGE] = i;
	before = frame(getpid(), p);
	pid = t_spawn(child_sees, p);
	eq(get(up), 'r', "the child reads what the parent wrote before the fork");
	if (before == -1)
		t_skip("after fork both use the same frame", "no /proc/PID/pagemap");
	else
		ok(before > 0 && frame(pid, p) == before && frame(getpid(), p) == before,
		   "after fork both use the same frame");
	p[T_PAGE] = 'P';
	mine = frame(getpid(), p + T_PAGE);
	if (mine != -1)
		ok(mine != frame(pid, p + T_PAGE),
		   "the parent's write gives it a frame of its own");
	put(down, 'g');
	eq(get(up), 'w', "the child does not see the parent's write");
	eq(p[2 * T_PAGE], 2, "the parent does not see the child's write");
	eq(p[T_PAGE], 'P', "the parent sees its own");
	put(down, 'g');
	eq(t_wait(pid), 0, "the child sees its own");
	munmap(p, PAGES * T_PAGE);
}

static int leave(void *arg)
{
	return 0;
}

static void check_sole_owner(void)
{
	char *p = t_pages(PAGES);
	long long before;
	long n;

	memset(p, 'x', PAGES * T_PAGE);
	before = frame(getpid(), p);
	eq(t_child(leave, NULL), 0, "a child comes and goes");
	n = faults();
	for (int i = 0; i < PAGES; i++)
		p[i * T_PAGE] = 'y';
	n = faults() - n;
	ok(n <= PAGES + 8, "writing %d pages afterwards is at most one fault each", PAGES);
	if (before == -1)
		t_skip("the sole owner keeps its frame", "no /proc/PID/pagemap");
	else
		eq(frame(getpid(), p), before, "the sole owner keeps its frame");
	eq(p[T_PAGE + 1], 'x', "and its other bytes");
	munmap(p, PAGES * T_PAGE);
}

static void check_zero_page(void)
{
	char *p = t_pages(2);
	long long zero;

	if (frame(getpid(), p) == -1) {
		t_skip("an untouched page has no frame", "no /proc/PID/pagemap");
		return;
	}
	eq(frame(getpid(), p), 0, "an untouched page has no frame");
	eq(p[0] | p[T_PAGE], 0, "reading gives zeros");
	zero = frame(getpid(), p);
	ok(zero > 0 && zero == frame(getpid(), p + T_PAGE), "two pages only read share one frame");
	p[0] = 1;
	ok(frame(getpid(), p) != zero && frame(getpid(), p) > 0,
	   "a write gives a frame of its own");
	eq(p[T_PAGE], 0, "and the other page stays zero");
	munmap(p, 2 * T_PAGE);
}

/* A write by the kernel (read(2) into the page) must copy as well. */
static int kernel_writes(void *arg)
{
	char *p = arg;
	int p2[2];

	need(pipe(p2) == 0 && write(p2[1], "KERNEL", 6) == 6);
	need(read(p2[0], p + 10, 6) == 6);
	need(memcmp(p + 9, "xKERNELx", 8) == 0);
	return 0;
}

static void check_kernel_write(void)
{
	char *p = t_pages(1);

	memset(p, 'x', T_PAGE);
	exits(kernel_writes, p, 0, "read(2) into a shared page copies it for the reader");
	ok(memcmp(p + 9, "xxxxxxxx", 8) == 0, "and leaves the parent's bytes");
	munmap(p, T_PAGE);
}

static int deep_chain(void *arg)
{
	char *p = ((void **)arg)[0];
	long depth = (long)((void **)arg)[1];
	void *next[2] = {p, (void *)(depth - 1)};

	need(p[0] == depth + 1);
	p[0] = depth;
	need(p[T_PAGE] == 42);
	if (depth > 0)
		need(t_child(deep_chain, next) == 0);
	need(p[0] == depth);
	return 0;
}

static void check_generations(void)
{
	char *p = t_pages(2);
	void *arg[2] = {p, (void *)9};

	p[0] = 10;
	p[T_PAGE] = 42;
	exits(deep_chain, arg, 0, "ten generations each keep their own value");
	eq(p[0], 10, "the first keeps its own");
	munmap(p, 2 * T_PAGE);
}

/* mprotect to read-only and back must not make a shared page writable in place. */
static int protect_child(void *arg)
{
	char *p = arg;

	need(mprotect(p, T_PAGE, PROT_READ) == 0);
	need(mprotect(p, T_PAGE, RW) == 0);
	p[0] = 'C';
	return p[0] == 'C' ? 0 : 1;
}

static void check_protect(void)
{
	char *p = t_pages(1);

	p[0] = 'P';
	exits(protect_child, p, 0, "a child flips protection to read-only and back, and writes");
	eq(p[0], 'P', "the parent keeps its byte");
	munmap(p, T_PAGE);
}

static int file_child(void *arg)
{
	char *p = arg;

	need(p[0] == 'M' && p[T_PAGE] == 'f');
	p[0] = 'C';
	p[T_PAGE] = 'C';
	return 0;
}

static void check_private_file(void)
{
	char data[2 * T_PAGE], *p, c;
	int fd;

	memset(data, 'f', sizeof(data));
	fd = t_file("cow", data, sizeof(data));
	p = mmap(NULL, 2 * T_PAGE, RW, MAP_PRIVATE, fd, 0);
	p[0] = 'M';
	exits(file_child, p, 0, "a child writes a private file mapping, one page copied before");
	ok(p[0] == 'M' && p[T_PAGE] == 'f', "the parent keeps its own and the file's byte");
	pread(fd, &c, 1, 0);
	eq(c, 'f', "the file keeps its own");
	munmap(p, 2 * T_PAGE);
	close(fd);
}

int main(void)
{
	t_tmpdir();
	t_must(pipe(up) == 0 && pipe(down) == 0);
	check_share();
	check_sole_owner();
	check_zero_page();
	check_kernel_write();
	check_generations();
	check_protect();
	check_private_file();
	return t_done();
}
