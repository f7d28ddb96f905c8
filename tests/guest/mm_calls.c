/*
 * mm_calls - mremap(2), madvise(2), mincore(2), mlock(2), mlockall(2), process_vm_readv(2),
 * remap_file_pages(2), membarrier(2): each rule, and each errno. A call that the kernel does not
 * have (ENOSYS) is skipped, and said so.
 */
#include "t.h"
#include <sys/resource.h>
#include <sys/uio.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef MADV_FREE
#define MADV_FREE 8
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static bool has(long result, const char *name)
{
	if (result != -1 || errno != ENOSYS)
		return true;
	t_skip(name, "the kernel has none");
	return false;
}

static bool all(const char *p, size_t n, char c)
{
	while (n--)
		if (*p++ != c)
			return false;
	return true;
}

/* -- mremap ---------------------------------------------------------------------------------- */

static void check_mremap(void)
{
	char *p = t_pages(8), *q, *hole = t_pages(20);
	struct t_map m;

	for (int i = 0; i < 8; i++)
		memset(p + i * T_PAGE, 'a' + i, T_PAGE);
	if (!has((long)mremap(p, 8 * T_PAGE, 8 * T_PAGE, 0), "mremap"))
		return;
	ok(mremap(p, 8 * T_PAGE, 6 * T_PAGE, 0) == p, "mremap shrinks in place");
	ok(t_read(p + 6 * T_PAGE).sig == SIGSEGV && p[5 * T_PAGE] == 'f',
	   "what is cut off is gone");
	ok(mremap(p, 6 * T_PAGE, 8 * T_PAGE, 0) == p, "and grows into the free space behind");
	ok(all(p + 6 * T_PAGE, 2 * T_PAGE, 0) && p[0] == 'a', "with zeros");
	eq(t_maps_in(p, 8 * T_PAGE, NULL, 0), 1, "as one area");
	q = mmap(p + 6 * T_PAGE, T_PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	fails_p(mremap(p, 6 * T_PAGE, 7 * T_PAGE, 0), ENOMEM, "not into a neighbour: ENOMEM");
	q = mremap(p, 6 * T_PAGE, 12 * T_PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p, "with MREMAP_MAYMOVE it moves");
	ok(q[0] == 'a' && q[5 * T_PAGE] == 'f' && all(q + 6 * T_PAGE, 6 * T_PAGE, 0),
	   "with its pages");
	faulted(t_read(p), SIGSEGV, SEGV_MAPERR, p, "the old place is empty");
	memset(hole, 'h', 20 * T_PAGE);
	ok(mremap(q, 6 * T_PAGE, 6 * T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole + 4 * T_PAGE) ==
		   hole + 4 * T_PAGE,
	   "MREMAP_FIXED moves a part to a place");
	ok(hole[4 * T_PAGE] == 'a' && hole[3 * T_PAGE] == 'h' && hole[10 * T_PAGE] == 'h',
	   "replacing what was there, and no more");
	ok(t_read(q).sig == SIGSEGV && q[6 * T_PAGE] == 0, "the rest of the source stays");
	fails_p(mremap(hole + 1, T_PAGE, 2 * T_PAGE, MREMAP_MAYMOVE), EINVAL,
		"an odd address is EINVAL");
	fails_p(mremap(hole, T_PAGE, 0, 0), EINVAL, "a new length of 0 is EINVAL");
	fails_p(mremap(hole, T_PAGE, T_PAGE, 0x80), EINVAL, "an unknown flag is EINVAL");
	fails_p(mremap(hole, T_PAGE, T_PAGE, MREMAP_FIXED, p), EINVAL,
		"MREMAP_FIXED alone is EINVAL");
	fails_p(mremap(hole, 4 * T_PAGE, 4 * T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       hole + 2 * T_PAGE),
		EINVAL, "overlapping places are EINVAL");
	fails_p(mremap(p, T_PAGE, 2 * T_PAGE, MREMAP_MAYMOVE), EFAULT,
		"an unmapped place is EFAULT");
	fails_p(mremap((void *)T_KERNEL, T_PAGE, 2 * T_PAGE, MREMAP_MAYMOVE), EFAULT,
		"a kernel place is EFAULT");
	fails_p(mremap(hole, T_PAGE, T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)T_KERNEL),
		EINVAL, "to the kernel is EINVAL");
	mprotect(hole + T_PAGE, T_PAGE, PROT_READ);
	fails_p(mremap(hole, 2 * T_PAGE, 3 * T_PAGE, MREMAP_MAYMOVE), EFAULT,
		"two areas at once are EFAULT");
	munmap(hole, 20 * T_PAGE);
	munmap(q, 12 * T_PAGE);

	int fd = t_file("f", NULL, 0);
	t_must(ftruncate(fd, 8 * T_PAGE) == 0);
	for (int i = 0; i < 8; i++)
		pwrite(fd, &"01234567"[i], 1, i * T_PAGE);
	p = mmap(NULL, 8 * T_PAGE, RW, MAP_SHARED, fd, 0);
	munmap(p + 3 * T_PAGE, T_PAGE);
	q = mremap(p + T_PAGE, 2 * T_PAGE, 4 * T_PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q[0] == '1' && q[2 * T_PAGE] == '3' && q[3 * T_PAGE] == '4',
	   "a moved and grown file mapping goes on with its file");
	ok(t_map_at(q, &m) && m.offset == T_PAGE, "at its offset");
	ok(p[0] == '0' && p[4 * T_PAGE] == '4', "its old neighbours stay");
	hole = mremap(q, 0, T_PAGE, MREMAP_MAYMOVE);
	ok(hole != MAP_FAILED && hole != q && hole[0] == '1',
	   "an old length of 0 duplicates a shared mapping");
	q[0] = 'Q';
	eq(hole[0], 'Q', "which is the same memory");
	munmap(p, 8 * T_PAGE);
	munmap(q, 4 * T_PAGE);
	munmap(hole, T_PAGE);
	close(fd);
}

static int mremap_limit(void *arg)
{
	struct rlimit limit = {64 << 20, RLIM_INFINITY};
	char *p = t_pages(1);

	need(setrlimit(RLIMIT_AS, &limit) == 0);
	p[0] = 'x';
	void *q = mremap(p, T_PAGE, 128 << 20, MREMAP_MAYMOVE);
	need(q == MAP_FAILED && (errno == ENOMEM || errno == ENOSYS));
	need(p[0] == 'x');
	return 0;
}

/* -- madvise --------------------------------------------------------------------------------- */

static void check_madvise(void)
{
	char *p = t_pages(4), *f, data[2 * T_PAGE];
	int fd;

	memset(p, 'x', 4 * T_PAGE);
	if (!has(madvise(p, 4 * T_PAGE, MADV_NORMAL), "madvise"))
		return;
	eq(madvise(p + T_PAGE, T_PAGE, MADV_DONTNEED), 0, "MADV_DONTNEED");
	ok(all(p + T_PAGE, T_PAGE, 0), "makes anonymous memory zeros");
	ok(p[0] == 'x' && p[2 * T_PAGE] == 'x', "only where asked");
	eq(madvise(p, T_PAGE, MADV_WILLNEED), 0, "MADV_WILLNEED is taken");
	eq(madvise(p, T_PAGE, MADV_SEQUENTIAL), 0, "MADV_SEQUENTIAL too");
	eq(p[0], 'x', "and change nothing");
	madvise(p, T_PAGE, MADV_NORMAL);
	eq(madvise(p, 0, MADV_DONTNEED), 0, "length 0 is 0");
	fails(madvise(p + 1, T_PAGE, MADV_DONTNEED), EINVAL, "an odd address is EINVAL");
	fails(madvise(p, T_PAGE, 9999), EINVAL, "an unknown advice is EINVAL");
	munmap(p + 2 * T_PAGE, T_PAGE);
	fails(madvise(p, 4 * T_PAGE, MADV_DONTNEED), ENOMEM, "over a hole it is ENOMEM");
	ok(p[0] == 0 && p[3 * T_PAGE] == 0, "but done on both sides");
	fails(madvise((void *)T_KERNEL, T_PAGE, MADV_DONTNEED), ENOMEM,
	      "in the kernel it is ENOMEM");
	p[0] = 'y';
	eq(madvise(p, T_PAGE, MADV_FREE), 0, "MADV_FREE");
	ok(p[0] == 'y' || p[0] == 0, "leaves the byte or a zero");
	p[0] = 'z';
	eq(p[0], 'z', "and a new write stays");
	memset(data, 'f', sizeof(data));
	fd = t_file("g", data, sizeof(data));
	f = mmap(NULL, 2 * T_PAGE, RW, MAP_PRIVATE, fd, 0);
	f[0] = 'm';
	madvise(f, T_PAGE, MADV_DONTNEED);
	eq(f[0], 'f', "MADV_DONTNEED of a private file page brings the file's back");
	munmap(f, 2 * T_PAGE);
	f = mmap(NULL, 2 * T_PAGE, RW, MAP_SHARED, fd, 0);
	f[0] = 'm';
	madvise(f, T_PAGE, MADV_DONTNEED);
	eq(f[0], 'm', "of a shared one it loses nothing");
	if (madvise(f, T_PAGE, MADV_REMOVE) == 0)
		eq(f[0], 0, "MADV_REMOVE punches a hole");
	fails(madvise(p, T_PAGE, MADV_REMOVE), EINVAL, "MADV_REMOVE of private memory is EINVAL");
	memset(f, 'c', 2 * T_PAGE);
	eq(madvise(f, T_PAGE, MADV_COLD), 0, "MADV_COLD is taken");
	eq(madvise(f, T_PAGE, MADV_PAGEOUT), 0, "MADV_PAGEOUT too");
	ok(all(f, 2 * T_PAGE, 'c'), "and lose nothing of a file");
	munmap(f, 2 * T_PAGE);
	close(fd);
}

/* -- mincore --------------------------------------------------------------------------------- */

static void check_mincore(void)
{
	char *p = t_pages(4);
	unsigned char v[4] = {0x55, 0x55, 0x55, 0x55};

	p[0] = 1;
	p[2 * T_PAGE] = 1;
	if (!has(mincore(p, 4 * T_PAGE, v), "mincore"))
		return;
	ok((v[0] & 1) && !(v[1] & 1) && (v[2] & 1) && !(v[3] & 1),
	   "mincore tells touched pages from others");
	fails(mincore(p + 1, T_PAGE, v), EINVAL, "an odd address is EINVAL");
	munmap(p + T_PAGE, T_PAGE);
	fails(mincore(p, 4 * T_PAGE, v), ENOMEM, "a hole is ENOMEM");
	fails(mincore(p, T_PAGE, (unsigned char *)T_KERNEL), EFAULT, "a bad vector is EFAULT");
	fails(mincore((void *)T_KERNEL, T_PAGE, v), ENOMEM, "the kernel is ENOMEM");
	munmap(p, 4 * T_PAGE);
}

/* How many of @n pages are there. */
static unsigned resident(char *p, unsigned n)
{
	unsigned char v[16];
	unsigned there = 0;

	t_must(n <= sizeof(v) && mincore(p, n * T_PAGE, v) == 0);
	for (unsigned i = 0; i < n; i++)
		there += v[i] & 1;
	return there;
}

static int mincore_of_others(void *fd)
{
	char *p = mmap(NULL, 4 * T_PAGE, PROT_READ, MAP_SHARED, (long)fd, 0), *q = t_pages(4);

	need(p != MAP_FAILED && resident(p, 4) == 1);
	need(setresuid(1000, 1000, 1000) == 0);
	need(resident(p, 4) == 4); /* nothing is told of somebody else's file */
	need(resident(q, 4) == 0); /* all of one's own memory is */
	return 0;
}

static void check_mincore_file(void)
{
	int fd = t_file("i", "x", 1);

	t_must(ftruncate(fd, 4 * T_PAGE) == 0 && fchmod(fd, 0644) == 0);
	exits(mincore_of_others, (void *)(long)fd, 0,
	      "mincore tells who may not write a file that every page is there");
	close(fd);
}

/* -- memory before it is touched -------------------------------------------------------------- */

static void check_populate(void)
{
	const int shared = MAP_SHARED | MAP_ANONYMOUS;
	char *p = mmap(NULL, 4 * T_PAGE, RW, ANON | MAP_POPULATE | MAP_NONBLOCK, -1, 0), *q;
	int fd = t_file("h", "file", 4);

	eq(resident(p, 4), 0, "MAP_NONBLOCK with MAP_POPULATE brings nothing in");
	if (has(madvise(p, T_PAGE, MADV_POPULATE_READ), "MADV_POPULATE_READ")) {
		eq(resident(p, 4), 1, "MADV_POPULATE_READ brings in what it is told to");
		eq(madvise(p + T_PAGE, 2 * T_PAGE, MADV_POPULATE_WRITE), 0, "MADV_POPULATE_WRITE");
		eq(resident(p, 4), 3, "too");
		ok(all(p, 3 * T_PAGE, 0), "as zeros");
	}
	munmap(p, 4 * T_PAGE);
	t_must(ftruncate(fd, 4 * T_PAGE) == 0);
	p = mmap(NULL, 4 * T_PAGE, RW, MAP_PRIVATE, fd, 0);
	q = mmap(NULL, 4 * T_PAGE, RW, MAP_SHARED, fd, 0);
	t_must(p != MAP_FAILED && q != MAP_FAILED);
	madvise(p, T_PAGE, MADV_POPULATE_WRITE);
	q[0] = 'F';
	eq(p[0], 'f', "MADV_POPULATE_WRITE of a private page of a file makes the copy");
	eq(madvise(q, 4 * T_PAGE, MADV_WILLNEED), 0, "MADV_WILLNEED of a file with holes");
	eq(resident(q, 4), 1, "fills none of them");
	eq(madvise(q, 4 * T_PAGE, MADV_POPULATE_WRITE), 0, "MADV_POPULATE_WRITE of it");
	eq(resident(q, 4), 4, "does");
	munmap(p, 4 * T_PAGE);
	munmap(q, 4 * T_PAGE);
	close(fd);
	p = mmap(NULL, 4 * T_PAGE, RW, shared, -1, 0);
	eq(madvise(p, 4 * T_PAGE, MADV_WILLNEED), 0, "MADV_WILLNEED of shared memory");
	eq(resident(p, 4), 0, "makes no page of it");
	munmap(p, 4 * T_PAGE);
}

/* -- locking --------------------------------------------------------------------------------- */

static long long locked(void)
{
	return t_field("/proc/self/status", "VmLck");
}

static int lock_limit(void *arg)
{
	struct rlimit limit = {8 * T_PAGE, 8 * T_PAGE};
	char *p = t_pages(16);

	need(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	need(mlock(p, 8 * T_PAGE) == 0);
	need(mlock(p + 8 * T_PAGE, T_PAGE) == -1 && errno == ENOMEM);
	need(munlock(p, 4 * T_PAGE) == 0);
	need(mlock(p + 8 * T_PAGE, 4 * T_PAGE) == 0);
	need(mlockall(MCL_CURRENT) == -1 && errno == ENOMEM);
	limit.rlim_cur = limit.rlim_max = 0;
	need(munlock(p, 16 * T_PAGE) == 0);
	need(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	need(mlock(p, T_PAGE) == -1 && errno == EPERM);
	return 0;
}

static int lock_inherit(void *arg)
{
	return locked() != 0;
}

static int lock_all(void *arg)
{
	char *p;
	unsigned char v = 0;

	need(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	need(locked() > 0);
	p = t_pages(1);
	need(mincore(p, T_PAGE, &v) == 0 && (v & 1)); /* there before any touch */
	need(munlockall() == 0 && locked() == 0);
	need(mlockall(MCL_FUTURE | MCL_ONFAULT) == 0 && locked() == 0);
	p = t_pages(4);
	need(locked() == 16 && resident(p, 4) == 0);
	need(munlockall() == 0 && locked() == 0);
	need(mlockall(0) == -1 && errno == EINVAL);
	need(mlockall(99) == -1 && errno == EINVAL);
	return 0;
}

static void check_mlock(void)
{
	char *p = t_pages(8);
	unsigned char v[8];
	long long before = locked();

	if (!has(mlock(p + 2 * T_PAGE, 3 * T_PAGE), "mlock"))
		return;
	eq(locked() - before, 12, "mlock of three pages: VmLck says 12 kB");
	mincore(p, 8 * T_PAGE, v);
	ok((v[2] & 1) && (v[4] & 1) && !(v[0] & 1), "they are there before any touch");
	eq(t_maps_in(p, 8 * T_PAGE, NULL, 0), 3, "and are an area of their own");
	exits(lock_inherit, NULL, 0, "a child has no locks");
	eq(munlock(p, 8 * T_PAGE), 0, "munlock");
	eq(locked() - before, 0, "unlocks all");
	eq(t_maps_in(p, 8 * T_PAGE, NULL, 0), 1, "and the area is one again");
	eq(mlock(p + 5, 1), 0, "mlock rounds to a page");
	eq(locked() - before, 4, "and locks it whole");
	munmap(p + T_PAGE, T_PAGE);
	fails(mlock(p, 4 * T_PAGE), ENOMEM, "over a hole it is ENOMEM");
	munmap(p, 8 * T_PAGE);
	eq(locked() - before, 0, "munmap unlocks");
	p = mmap(NULL, 2 * T_PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	eq(locked() - before, 8, "MAP_LOCKED locks");
	munmap(p, 2 * T_PAGE);
	p = mmap(NULL, 2 * T_PAGE, RW, ANON | MAP_POPULATE, -1, 0);
	mincore(p, 2 * T_PAGE, v);
	ok((v[0] & 1) && (v[1] & 1), "MAP_POPULATE brings pages in");
	munmap(p, 2 * T_PAGE);
	passes(lock_limit, "a user locks up to RLIMIT_MEMLOCK: ENOMEM, and EPERM when that is 0");
	passes(lock_all, "mlockall locks what is and what comes");
}

/* -- another process's memory ---------------------------------------------------------------- */

static long vm(int nr, pid_t pid, struct iovec *local, struct iovec *remote, int n)
{
	return syscall(nr, pid, local, 1, remote, n, 0);
}

static int sit(void *arg)
{
	for (;;)
		pause();
	return 0;
}

static int user_peeks(void *pid)
{
	char byte;
	struct iovec l = {&byte, 1}, r = {(void *)sit, 1};

	need(setresuid(1000, 1000, 1000) == 0);
	need(vm(SYS_process_vm_readv, (long)pid, &l, &r, 1) == -1 && errno == EPERM);
	return 0;
}

static void check_process_vm(void)
{
	char *p = t_pages(3), got[3 * T_PAGE];
	struct iovec local = {got, sizeof(got)}, remote[2] = {{p, 6}, {p + T_PAGE, 3}};
	pid_t pid;

	strcpy(p, "first");
	strcpy(p + T_PAGE, "xyz");
	mprotect(p + 2 * T_PAGE, T_PAGE, PROT_NONE);
	pid = t_spawn(sit, NULL);
	p[0] = 'F'; /* ours, not the child's */
	if (has(vm(SYS_process_vm_readv, pid, &local, remote, 2), "process_vm_readv")) {
		eq(vm(SYS_process_vm_readv, pid, &local, remote, 2), 9,
		   "process_vm_readv gathers parts");
		ok(memcmp(got, "first\0xyz", 9) == 0, "from the other's memory");
		local.iov_len = 3;
		memcpy(got, "new", 3);
		eq(vm(SYS_process_vm_writev, pid, &local, remote, 1), 3,
		   "process_vm_writev writes");
		memset(got, 0, 10);
		local.iov_len = 6;
		vm(SYS_process_vm_readv, pid, &local, remote, 1);
		ok(memcmp(got, "newst", 6) == 0, "into the other's memory");
		eq(p[0], 'F', "and not into ours");
		remote[0] = (struct iovec){p + 2 * T_PAGE - 4, 8};
		local.iov_len = 8;
		eq(vm(SYS_process_vm_readv, pid, &local, remote, 1), 4,
		   "up to a PROT_NONE page it is partial");
		remote[0].iov_base = (void *)T_KERNEL;
		fails(vm(SYS_process_vm_readv, pid, &local, remote, 1), EFAULT,
		      "a kernel address is EFAULT");
		fails(vm(SYS_process_vm_readv, 0x3ffffff, &local, remote, 1), ESRCH,
		      "an unknown pid is ESRCH");
		fails(syscall(SYS_process_vm_readv, pid, &local, 1, remote, 1, 1), EINVAL,
		      "a flag is EINVAL");
		exits(user_peeks, (void *)(long)pid, 0, "a user may not: EPERM");
	}
	kill(pid, SIGKILL);
	t_wait(pid);
	munmap(p, 3 * T_PAGE);
}

/* -- the rest -------------------------------------------------------------------------------- */

static void check_remap_file_pages(void)
{
	int fd = t_file("r", NULL, 0);
	char *p;

	t_must(ftruncate(fd, 4 * T_PAGE) == 0);
	for (int i = 0; i < 4; i++)
		pwrite(fd, &"0123"[i], 1, i * T_PAGE);
	p = mmap(NULL, 4 * T_PAGE, RW, MAP_SHARED, fd, 0);
	if (has(syscall(SYS_remap_file_pages, p, T_PAGE, 0, 3, 0), "remap_file_pages")) {
		ok(p[0] == '3' && p[T_PAGE] == '1',
		   "remap_file_pages shows another page of the file");
		fails(syscall(SYS_remap_file_pages, p, T_PAGE, PROT_READ, 0, 0), EINVAL,
		      "with a prot it is EINVAL");
	}
	munmap(p, 4 * T_PAGE);
	close(fd);
}

/* The objects behind shared memory without a name: each is mapped again as a file is. */
static void check_remap_objects(void)
{
	int zero = open("/dev/zero", O_RDWR), memfd = syscall(__NR_memfd_create, "r", 0);
	const struct {
		const char *what;
		int fd;
	} objects[] = {{"shared anonymous memory", -1}, {"/dev/zero", zero}, {"a memfd", memfd}};

	t_must(zero >= 0 && memfd >= 0 && ftruncate(memfd, 4 * T_PAGE) == 0);
	for (unsigned i = 0; i < T_COUNT(objects); i++) {
		char *p = mmap(NULL, 4 * T_PAGE, RW,
			       MAP_SHARED | (objects[i].fd < 0 ? MAP_ANONYMOUS : 0), objects[i].fd,
			       0);

		t_must(p != MAP_FAILED);
		for (int j = 0; j < 4; j++)
			p[j * T_PAGE] = '0' + j;
		works(syscall(SYS_remap_file_pages, p, T_PAGE, 0, 2, 0), "remap_file_pages of %s",
		      objects[i].what);
		ok(p[0] == '2' && p[T_PAGE] == '1', "shows its third page");
		munmap(p, 4 * T_PAGE);
	}
	close(zero);
	close(memfd);
}

/* process_vm_writev(2) into the gap below a stack finds nothing there; /proc/PID/mem grows it. */
static void check_no_growth(void)
{
	const int prot = RW, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN;
	char *gap = mmap(NULL, 1024 * T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     one = 1;
	char *stack = gap + 1000 * T_PAGE, *below = stack - 4 * T_PAGE;
	struct iovec local = {&one, 1}, remote = {below, 1};
	int mem = open("/proc/self/mem", O_RDWR);

	t_must(munmap(gap, 1024 * T_PAGE) == 0 && mem >= 0);
	t_must(mmap(stack, 4 * T_PAGE, prot, flags, -1, 0) == stack);
	fails(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT,
	      "process_vm_writev below a stack is EFAULT");
	fails(msync(below, T_PAGE, MS_ASYNC), ENOMEM, "and no stack grows for it");
	eq(pwrite64(mem, &one, 1, (uintptr_t)below), 1, "/proc/self/mem writes below a stack");
	eq(*below, 1, "which grows");
	close(mem);
	munmap(below, 8 * T_PAGE);
}

static void check_membarrier(void)
{
	long query = syscall(SYS_membarrier, 0, 0);

	if (!has(query, "membarrier"))
		return;
	ok(query & 1, "membarrier offers GLOBAL");
	eq(syscall(SYS_membarrier, 1, 0), 0, "GLOBAL works");
	fails(syscall(SYS_membarrier, 8, 0), EPERM,
	      "PRIVATE_EXPEDITED before registering is EPERM");
	eq(syscall(SYS_membarrier, 16, 0), 0, "registering");
	eq(syscall(SYS_membarrier, 8, 0), 0, "and then it works");
	fails(syscall(SYS_membarrier, 0x40000000, 0), EINVAL, "an unknown command is EINVAL");
}

int main(void)
{
	t_tmpdir();
	check_mremap();
	passes(mremap_limit, "mremap beyond RLIMIT_AS is ENOMEM, and leaves all as it was");
	check_madvise();
	check_mincore();
	check_mincore_file();
	check_populate();
	check_mlock();
	check_process_vm();
	check_remap_file_pages();
	check_remap_objects();
	check_no_growth();
	check_membarrier();
	return t_done();
}
