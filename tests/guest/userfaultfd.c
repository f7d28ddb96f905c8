/*
 * userfaultfd - userfaultfd(2) and ioctl_userfaultfd(2): faults that another thread resolves, on
 * private and shared memory; what a registered area is through splits, moves and fork; who waits,
 * and what ends it.
 */
#include "t.h"
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 8
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char source[4 * T_PAGE] __attribute__((aligned(4096)));

static int open_raw(int flags)
{
	return (int)syscall(__NR_userfaultfd, flags);
}

static int api(int fd, unsigned long long features)
{
	struct uffdio_api a = {.api = UFFD_API, .features = features};

	return ioctl(fd, UFFDIO_API, &a);
}

static int open_with(int flags, unsigned long long features)
{
	int fd = open_raw(flags);

	t_must(fd >= 0 && !api(fd, features));
	return fd;
}

static int reg(int fd, void *addr, size_t len, unsigned long long mode)
{
	struct uffdio_register r = {.range = {(uintptr_t)addr, len}, .mode = mode};

	return ioctl(fd, UFFDIO_REGISTER, &r);
}

static int missing(int fd, void *addr, size_t pages)
{
	return reg(fd, addr, pages * T_PAGE, UFFDIO_REGISTER_MODE_MISSING);
}

static int range(int fd, unsigned long cmd, void *addr, size_t pages)
{
	struct uffdio_range r = {(uintptr_t)addr, pages * T_PAGE};

	return ioctl(fd, cmd, &r);
}

static long long copied; /* what the kernel wrote into the last request */

static int copy_mode(int fd, void *to, const void *from, size_t len, unsigned long long mode)
{
	struct uffdio_copy c = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len, .mode = mode, .copy = 77};
	int ret = ioctl(fd, UFFDIO_COPY, &c);

	copied = c.copy;
	return ret;
}

static int copy(int fd, void *to, const void *from, size_t pages)
{
	return copy_mode(fd, to, from, pages * T_PAGE, 0);
}

static int zero(int fd, void *to, size_t pages)
{
	struct uffdio_zeropage z = {.range = {(uintptr_t)to, pages * T_PAGE}, .zeropage = 77};
	int ret = ioctl(fd, UFFDIO_ZEROPAGE, &z);

	copied = z.zeropage;
	return ret;
}

static char *map(int flags, int fd)
{
	char *p = mmap(NULL, PAGES * T_PAGE, RW, flags, fd, 0);

	t_must(p != MAP_FAILED);
	return p;
}

static int memfd_of(size_t pages)
{
	int fd = memfd_create("uffd", 0);

	t_must(fd >= 0 && !ftruncate(fd, (off_t)(pages * T_PAGE)));
	return fd;
}

static bool resident(char *page)
{
	unsigned char in = 0;

	t_must(!mincore(page, T_PAGE, &in));
	return in & 1;
}

/* ---- a thread that touches ---- */

struct toucher {
	char *at;
	char value;
	bool write;
	volatile int tid, done;
	pthread_t thread;
};

static void *touch(void *arg)
{
	struct toucher *t = arg;

	t->tid = (int)syscall(SYS_gettid);
	if (t->write)
		*(volatile char *)t->at = t->value;
	else
		t->value = *(volatile char *)t->at;
	t->done = 1;
	return NULL;
}

static void start(struct toucher *t, char *at, bool write)
{
	*t = (struct toucher){.at = at, .write = write, .value = 'w'};
	t_must(!pthread_create(&t->thread, NULL, touch, t));
}

static void join(struct toucher *t)
{
	pthread_join(t->thread, NULL);
}

/* ---- the descriptor ---- */

static int opens_without_privilege(void *arg)
{
	(void)arg;
	need(!setresuid(1000, 1000, 1000));
	need(open_raw(0) == -1 && errno == EPERM);
	need(open_raw(UFFD_USER_MODE_ONLY) >= 0);
	need(open_raw(UFFD_USER_MODE_ONLY | 2) == -1 && errno == EINVAL);
	need(open_raw(2) == -1 && errno == EPERM);
	return 0;
}

static void check_open(void)
{
	struct pollfd p = {.events = POLLIN};
	char msg[sizeof(struct uffd_msg)];
	struct uffdio_api a;
	int fd;

	fails(open_raw(2), EINVAL, "an unknown flag");
	fd = open_raw(O_CLOEXEC | O_NONBLOCK);
	ok(fd >= 0, "userfaultfd(2)");
	eq(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
	eq(fcntl(fd, F_GETFL) & ~O_LARGEFILE, O_RDONLY | O_NONBLOCK,
	   "open for reading, O_NONBLOCK");
	exits(opens_without_privilege, NULL, 0, "without privilege only for faults in user mode");

	p.fd = fd;
	fails(read(fd, msg, sizeof(msg)), EINVAL, "read before UFFDIO_API");
	eq(poll(&p, 1, 0), 1, "poll before UFFDIO_API");
	eq(p.revents, POLLERR, "tells an error");
	fails(missing(fd, source, 1), EINVAL, "UFFDIO_REGISTER before UFFDIO_API");
	a = (struct uffdio_api){.api = UFFD_API + 1, .features = 1};
	fails(ioctl(fd, UFFDIO_API, &a), EINVAL, "another API");
	ok(!a.api && !a.features && !a.ioctls, "is answered with zeros");
	fails(api(fd, 1ull << 40), EINVAL, "an unknown feature");
	fails(ioctl(fd, UFFDIO_API, 8), EFAULT, "a bad pointer");
	a = (struct uffdio_api){.api = UFFD_API};
	works(ioctl(fd, UFFDIO_API, &a), "UFFDIO_API");
	ok(a.ioctls == UFFD_API_IOCTLS, "its ioctls");
	eq(a.features & (UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID |
			 UFFD_FEATURE_EXACT_ADDRESS | UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			 UFFD_FEATURE_MINOR_SHMEM),
	   UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID |
		   UFFD_FEATURE_EXACT_ADDRESS,
	   "features; none on write protection");
	fails(api(fd, 0), EINVAL, "UFFDIO_API a second time");
	fails(read(fd, msg, sizeof(msg)), EAGAIN, "read without a fault");
	fails(read(fd, msg, sizeof(msg) - 1), EINVAL, "read of less than a message");
	eq(poll(&p, 1, 0), 0, "poll without a fault");
	fails(write(fd, msg, sizeof(msg)), EBADF, "write");
	fails(ioctl(fd, _IO(UFFDIO, 99)), EINVAL, "an unknown ioctl");
	close(fd);
	fd = open_with(0, 0);
	p.fd = fd;
	eq(poll(&p, 1, 0), 1, "poll of a descriptor that blocks");
	eq(p.revents, POLLERR, "tells an error");
	close(fd);
}

static void check_register(void)
{
	int fd = open_with(O_NONBLOCK, 0), other = open_with(O_NONBLOCK, 0);
	int id = shmget(IPC_PRIVATE, T_PAGE, 0600), file = memfd_of(1), reader;
	char *p = map(ANON, -1), *low = map(ANON, -1), path[40];
	struct uffdio_register r = {.range = {(uintptr_t)p, T_PAGE},
				    .mode = UFFDIO_REGISTER_MODE_MISSING};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	reader = open(path, O_RDONLY);
	works(ioctl(fd, UFFDIO_REGISTER, &r), "UFFDIO_REGISTER");
	eq(r.ioctls, 1 << _UFFDIO_WAKE | 1 << _UFFDIO_COPY | 1 << _UFFDIO_ZEROPAGE,
	   "the range's ioctls");
	fails(missing(other, p, 1), EBUSY, "an area of another descriptor");
	works(missing(fd, p, 2), "the same again");
	works(range(fd, UFFDIO_UNREGISTER, p, PAGES),
	      "UFFDIO_UNREGISTER, also of what is not registered");
	works(missing(other, p, 1), "then by another");
	fails(reg(fd, p, T_PAGE, 0), EINVAL, "no mode");
	fails(reg(fd, p, T_PAGE, UFFDIO_REGISTER_MODE_WP), EINVAL, "mode WP: none on i386");
	fails(reg(fd, p, T_PAGE, UFFDIO_REGISTER_MODE_MINOR), EINVAL, "mode MINOR: none on i386");
	fails(reg(fd, p, T_PAGE, 1 << 10), EINVAL, "an unknown mode");
	fails(missing(fd, p, 0), EINVAL, "nothing");
	fails(missing(fd, p + 1, 1), EINVAL, "an address within a page");
	fails(reg(fd, p, 100, UFFDIO_REGISTER_MODE_MISSING), EINVAL, "a part of a page");
	fails(missing(fd, (void *)T_KERNEL, 1), EINVAL, "the kernel");
	fails(missing(fd, (void *)T_PAGE, 1), EINVAL, "below mmap_min_addr");
	munmap(low, PAGES * T_PAGE);
	fails(missing(fd, low, 1), EINVAL, "no area");
	fails(range(fd, UFFDIO_UNREGISTER, low, 1), EINVAL, "UFFDIO_UNREGISTER of none");
	low = shmat(id, NULL, 0);
	t_must(low != (void *)-1 && !shmctl(id, IPC_RMID, NULL));
	fails(missing(fd, low, 1), EINVAL, "a System V segment");
	shmdt(low);
	low = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, reader, 0);
	t_must(low != MAP_FAILED);
	fails(missing(fd, low, 1), EPERM, "a file that is open for reading only");
	munmap(low, T_PAGE);
	close(reader);
	close(file);
	munmap(p, PAGES * T_PAGE);
	close(fd);
	close(other);
}

/* ---- filling ---- */

static void check_fill(const char *kind, char *p)
{
	int fd = open_with(O_NONBLOCK, 0);
	char *plain = map(ANON, -1);

	t_note("%s", kind);
	works(missing(fd, p, PAGES - 1), "registered");
	works(copy(fd, p, source, 2), "UFFDIO_COPY of two pages");
	eq(copied, 2 * T_PAGE, "says how much");
	ok(!memcmp(p, source, 2 * T_PAGE), "with their contents");
	p[0]++;
	eq(p[0], source[0] + 1, "writable, and a copy");
	p[0]--;
	fails(copy(fd, p, source, 1), EEXIST, "where a page is");
	eq(copied, -EEXIST, "says why");
	works(copy(fd, p + 3 * T_PAGE, source, 1), "one page above a gap");
	fails(copy(fd, p + 2 * T_PAGE, source, 2), EAGAIN, "up to a page that is there");
	eq(copied, T_PAGE, "is done in part");
	works(zero(fd, p + 4 * T_PAGE, 1), "UFFDIO_ZEROPAGE");
	eq(copied, T_PAGE, "says how much");
	eq(p[4 * T_PAGE], 0, "zeros");
	p[4 * T_PAGE] = 'z';
	eq(p[4 * T_PAGE], 'z', "that can be written");
	fails(zero(fd, p + 4 * T_PAGE, 1), EEXIST, "UFFDIO_ZEROPAGE where a page is");
	fails(copy(fd, p + (PAGES - 1) * T_PAGE, source, 1), ENOENT,
	      "UFFDIO_COPY beyond what is registered");
	fails(copy(fd, p + (PAGES - 2) * T_PAGE, source, 2), ENOENT, "across its end");
	eq(copied, -ENOENT, "says why");
	fails(copy(fd, plain, source, 1), ENOENT, "elsewhere");
	fails(copy(fd, p + 5 * T_PAGE, (void *)8, 1), EFAULT, "from nowhere");
	eq(copied, -EFAULT, "says why");
	fails(copy(fd, p + 5 * T_PAGE, (void *)T_KERNEL, 1), EFAULT, "from the kernel");
	fails(copy_mode(fd, p + 5 * T_PAGE, source, T_PAGE, UFFDIO_COPY_MODE_WP), EINVAL,
	      "mode WP");
	fails(copy_mode(fd, p + 5 * T_PAGE, source, T_PAGE, 16), EINVAL, "an unknown mode");
	fails(copy_mode(fd, p + 5 * T_PAGE, source, 0, 0), EINVAL, "nothing");
	fails(copy_mode(fd, p + 5 * T_PAGE, source, 9, 0), EINVAL, "a part of a page");
	works(copy_mode(fd, p + 5 * T_PAGE, source + 9, T_PAGE, 0), "from any address");
	ok(!memcmp(p + 5 * T_PAGE, source + 9, T_PAGE), "with what is there");
	p[(PAGES - 1) * T_PAGE] = 1; /* not registered: an ordinary page */
	ok(resident(p + (PAGES - 1) * T_PAGE), "the page beside it is an ordinary one");
	munmap(plain, PAGES * T_PAGE);
	close(fd);
	ok(!p[6 * T_PAGE], "after close a missing page is an ordinary one");
}

static void check_file_end(void)
{
	int file = memfd_of(2), fd = open_with(O_NONBLOCK, 0);
	char *p = map(MAP_SHARED, file), c = 'q';

	works(missing(fd, p, PAGES), "a memfd, mapped beyond its end");
	fails(copy(fd, p + 2 * T_PAGE, source, 1), EFAULT, "UFFDIO_COPY beyond the end");
	faulted(t_read(p + 2 * T_PAGE), SIGBUS, BUS_ADRERR, p + 2 * T_PAGE,
		"access beyond the end");
	eq(pwrite(file, &c, 1, T_PAGE), 1, "write(2) to a hole is no fault");
	eq(p[T_PAGE], 'q', "and its page is not missing");
	fails(copy(fd, p + T_PAGE, source, 1), EEXIST, "UFFDIO_COPY where the file has a page");
	works(copy(fd, p, source, 1), "UFFDIO_COPY to a hole");
	eq(pread(file, &c, 1, 5), 1, "read(2)");
	eq(c, source[5], "finds it in the file");
	munmap(p, PAGES * T_PAGE);
	close(fd);
	close(file);
}

/* ---- faults ---- */

static bool take(int fd, struct uffd_msg *m)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	memset(m, 0xff, sizeof(*m));
	return poll(&p, 1, 20000) == 1 && p.revents == POLLIN &&
	       read(fd, m, sizeof(*m)) == sizeof(*m);
}

static void check_faults(const char *kind, char *p)
{
	int fd = open_with(O_NONBLOCK, 0);
	struct toucher t, u;
	struct uffd_msg m;

	t_note("%s", kind);
	works(missing(fd, p, PAGES), "registered");
	start(&t, p + T_PAGE + 100, true);
	ok(take(fd, &m), "a write makes a message");
	eq(m.event, UFFD_EVENT_PAGEFAULT, "of a fault");
	eq(m.arg.pagefault.flags, UFFD_PAGEFAULT_FLAG_WRITE, "by a write");
	eq(m.arg.pagefault.address, (uintptr_t)p + T_PAGE, "in this page");
	eq(m.arg.pagefault.feat.ptid, 0, "of a thread not told");
	fails(read(fd, &m, sizeof(m)), EAGAIN, "once");
	ok(!t.done, "the thread waits");
	works(copy_mode(fd, p + T_PAGE, source, T_PAGE, UFFDIO_COPY_MODE_DONTWAKE),
	      "filled, without waking");
	works(range(fd, UFFDIO_WAKE, p + T_PAGE, 1), "UFFDIO_WAKE");
	join(&t);
	eq(p[T_PAGE + 100], 'w', "its write is on top");
	eq(p[T_PAGE + 101], source[101], "of what was filled in");

	start(&t, p + 2 * T_PAGE + 7, false);
	ok(take(fd, &m), "a read");
	eq(m.arg.pagefault.flags, 0, "is told as such");
	works(range(fd, UFFDIO_WAKE, p + 2 * T_PAGE, 1), "woken for nothing");
	ok(take(fd, &m), "it faults again");
	works(zero(fd, p + 2 * T_PAGE, 1), "UFFDIO_ZEROPAGE wakes");
	join(&t);
	eq(t.value, 0, "and it reads zero");

	start(&t, p + 3 * T_PAGE, false);
	start(&u, p + 4 * T_PAGE, false);
	ok(take(fd, &m) && take(fd, &m), "two threads make two messages");
	works(copy(fd, p + 3 * T_PAGE, source, 2), "one UFFDIO_COPY for both");
	join(&t);
	join(&u);
	eq(t.value, source[0], "the first reads its page");
	eq(u.value, source[T_PAGE], "the second its own");

	start(&t, p + 5 * T_PAGE, false);
	ok(take(fd, &m), "a third");
	works(range(fd, UFFDIO_UNREGISTER, p + 5 * T_PAGE, 1), "UFFDIO_UNREGISTER wakes it");
	join(&t);
	eq(t.value, 0, "with an ordinary page");

	start(&t, p + 6 * T_PAGE, true);
	ok(take(fd, &m), "a fourth");
	close(fd);
	join(&t);
	eq(p[6 * T_PAGE], 'w', "close wakes it, with an ordinary page");
	munmap(p, PAGES * T_PAGE);
}

/* ---- features ---- */

static void check_features(void)
{
	int fd = open_with(O_NONBLOCK, UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS);
	char *p = map(ANON, -1);
	struct toucher t;
	struct uffd_msg m;

	works(missing(fd, p, PAGES), "THREAD_ID and EXACT_ADDRESS");
	start(&t, p + 1234, true);
	ok(take(fd, &m), "a fault");
	eq(m.arg.pagefault.address, (uintptr_t)p + 1234, "the address itself");
	eq(m.arg.pagefault.feat.ptid, t.tid, "and the thread");
	works(copy(fd, p, source, 1), "filled");
	join(&t);
	close(fd);
	munmap(p, PAGES * T_PAGE);

	fd = open_with(O_NONBLOCK, UFFD_FEATURE_SIGBUS);
	p = map(ANON, -1);
	works(missing(fd, p, PAGES), "SIGBUS");
	faulted(t_read(p + 5), SIGBUS, BUS_ADRERR, p + 5, "a read");
	faulted(t_write(p + T_PAGE), SIGBUS, BUS_ADRERR, p + T_PAGE, "a write");
	fails(read(fd, &m, sizeof(m)), EAGAIN, "no message");
	works(copy(fd, p, source, 1), "filled beforehand");
	eq(p[5], source[5], "there is no fault");
	fails(getcwd(p + 2 * T_PAGE, T_PAGE) ? 0 : -1, EFAULT, "a system call gets EFAULT");
	close(fd);
	munmap(p, PAGES * T_PAGE);
}

/* ---- faults of the kernel ---- */

static int pipe_with_data(void)
{
	int fds[2];

	t_must(!pipe(fds) && write(fds[1], "hello", 5) == 5);
	close(fds[1]);
	return fds[0];
}

struct reader {
	int fd;
	char *to;
	volatile long result;
	pthread_t thread;
};

static void *read_into(void *arg)
{
	struct reader *r = arg;
	long n = read(r->fd, r->to, 5);

	r->result = n == -1 ? -errno : n;
	return NULL;
}

static void *read_remote(void *arg)
{
	struct reader *r = arg;
	char buf[4];
	struct iovec local = {buf, 4}, remote = {r->to, 4};
	long n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	r->result = n == 4 && buf[1] == source[1] ? n : -1;
	return NULL;
}

static void check_kernel(void)
{
	int fd = open_with(O_NONBLOCK, 0), only;
	char *p = map(ANON, -1);
	struct reader r = {.fd = pipe_with_data(), .to = p + T_PAGE};
	struct uffd_msg m;
	struct toucher t;

	works(missing(fd, p, PAGES), "registered");
	t_must(!pthread_create(&r.thread, NULL, read_into, &r));
	ok(take(fd, &m), "read(2) into a missing page makes a message");
	eq(m.arg.pagefault.address, (uintptr_t)p + T_PAGE, "with its address");
	works(copy(fd, p + T_PAGE, source, 1), "filled");
	pthread_join(r.thread, NULL);
	eq(r.result, 5, "read(2) goes on");
	ok(!memcmp(p + T_PAGE, "hello", 5), "with its data");
	r.to = p + 2 * T_PAGE;
	t_must(!pthread_create(&r.thread, NULL, read_remote, &r));
	ok(take(fd, &m), "process_vm_readv(2) of a missing page too");
	works(copy(fd, p + 2 * T_PAGE, source, 1), "filled");
	pthread_join(r.thread, NULL);
	eq(r.result, 4, "process_vm_readv(2) goes on");
	close(r.fd);
	close(fd);
	munmap(p, PAGES * T_PAGE);

	only = open_with(O_NONBLOCK | UFFD_USER_MODE_ONLY, 0);
	p = map(ANON, -1);
	works(missing(only, p, PAGES), "USER_MODE_ONLY");
	r.fd = pipe_with_data();
	fails(read(r.fd, p, 5), EFAULT, "read(2) into a missing page");
	fails(read(only, &m, sizeof(m)), EAGAIN, "no message");
	start(&t, p, false);
	ok(take(only, &m), "but an access of the program's makes one");
	works(zero(only, p, 1), "filled");
	join(&t);
	close(r.fd);
	close(only);
	munmap(p, PAGES * T_PAGE);
}

/* ---- areas ---- */

static bool flagged(void *addr)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool in = false, um = false;
	char line[512];

	t_must(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start <= (uintptr_t)addr && (uintptr_t)addr < end;
		else if (in && !strncmp(line, "VmFlags:", 8))
			um = strstr(line, " um ");
	}
	fclose(f);
	return um;
}

static int child_has_ordinary_pages(void *arg)
{
	char *p = arg;

	need(!flagged(p));
	need(p[0] == 0 && p[T_PAGE] == source[0]);
	p[0] = 1;
	return 0;
}

static void check_areas(void)
{
	int fd = open_with(O_NONBLOCK, 0), other = open_with(O_NONBLOCK, 0);
	char *hole = mmap(NULL, 18 * T_PAGE, PROT_NONE, ANON, -1, 0), *p = hole + T_PAGE, *q;
	struct t_map m;

	t_must(mmap(p, 16 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	works(missing(fd, p + 4 * T_PAGE, 4), "the middle of an area");
	ok(t_map_at(p, &m) && m.end == (uintptr_t)p + 4 * T_PAGE, "is an area of its own");
	ok(flagged(p + 4 * T_PAGE) && !flagged(p) && !flagged(p + 8 * T_PAGE),
	   "with um in its VmFlags");
	works(missing(fd, p + 8 * T_PAGE, 2), "what is beside it");
	ok(t_map_at(p + 4 * T_PAGE, &m) && m.end == (uintptr_t)p + 10 * T_PAGE, "joins it");
	works(missing(other, p + 10 * T_PAGE, 2), "another descriptor's");
	ok(t_map_at(p + 10 * T_PAGE, &m) && m.start == (uintptr_t)p + 10 * T_PAGE, "does not");
	works(mprotect(p + 5 * T_PAGE, T_PAGE, PROT_READ), "mprotect of a part");
	ok(flagged(p + 5 * T_PAGE) && flagged(p + 6 * T_PAGE), "all parts stay registered");
	works(copy(fd, p + 5 * T_PAGE, source, 1), "UFFDIO_COPY into a read-only area");
	eq(p[5 * T_PAGE], source[0], "which is then readable");
	faulted(t_write(p + 5 * T_PAGE), SIGSEGV, SEGV_ACCERR, p + 5 * T_PAGE, "and no more");
	works(mprotect(p + 5 * T_PAGE, T_PAGE, RW), "mprotect back");
	p[5 * T_PAGE] = source[0];
	exits(child_has_ordinary_pages, p + 4 * T_PAGE, 0, "fork's child has ordinary pages");
	ok(flagged(p + 4 * T_PAGE) && !resident(p + 4 * T_PAGE), "the parent's are missing still");
	works(madvise(p + 5 * T_PAGE, T_PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	works(copy(fd, p + 5 * T_PAGE, source + T_PAGE, 1), "the page is missing again");
	q = mremap(p + 5 * T_PAGE, T_PAGE, T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 12 * T_PAGE);
	ok(q == p + 12 * T_PAGE && !flagged(q), "what mremap(2) moves is not registered any more");
	eq(q[0], source[T_PAGE], "and has its page");
	works(munmap(p + 6 * T_PAGE, T_PAGE), "munmap of a part");
	fails(copy(fd, p + 6 * T_PAGE, source, 1), ENOENT, "UFFDIO_COPY there");
	works(copy(fd, p + 7 * T_PAGE, source, 1), "and beside it");
	close(fd);
	ok(!flagged(p + 7 * T_PAGE) && flagged(p + 10 * T_PAGE), "close takes back only its own");
	close(other);
	ok(!flagged(p + 10 * T_PAGE), "and the other's its own");
	munmap(hole, 18 * T_PAGE);
}

/* ---- ends ---- */

static volatile int alarms;

static void on_signal(int sig)
{
	(void)sig;
	alarms++;
}

static int waits_for_ever(void *arg)
{
	int fd = open_with(0, 0);
	char *p = map(ANON, -1);

	(void)arg;
	need(!missing(fd, p, PAGES));
	alarm(1);
	return *(volatile char *)p;
}

static int waits_in_kernel(void *arg)
{
	int fd = open_with(0, 0), fds[2];
	char *p = map(ANON, -1);

	(void)arg;
	need(!missing(fd, p, PAGES) && !pipe(fds));
	alarm(1);
	return (int)write(fds[1], p, 5);
}

static void check_ends(void)
{
	int fd = open_with(0, 0), status;
	char *p = map(ANON, -1);
	struct uffd_msg m;
	struct toucher t;
	pid_t child;

	dies(waits_for_ever, NULL, SIGALRM, "a signal ends one who waits");
	dies(waits_in_kernel, NULL, SIGALRM, "in a system call too");

	works(missing(fd, p, PAGES), "registered");
	signal(SIGUSR1, on_signal);
	start(&t, p, false);
	eq(read(fd, &m, sizeof(m)), sizeof(m), "read waits for a fault");
	pthread_kill(t.thread, SIGUSR1);
	t_until(alarms == 1);
	eq(alarms, 1, "a handler runs while its thread waits");
	eq(read(fd, &m, sizeof(m)), sizeof(m), "and after it the access faults again");
	ok(!t.done, "the thread waits");
	child = fork();
	if (!child) { /* the address space is the parent's, whoever has the descriptor */
		_exit(p[0] || copy(fd, p, source, 1) || p[0]);
	}
	t_must(waitpid(child, &status, 0) == child);
	eq(status, 0, "UFFDIO_COPY by a child");
	join(&t);
	eq(t.value, source[0], "fills the parent's memory");
	munmap(p, PAGES * T_PAGE);
	close(fd);
}

/* The process is gone, its descriptor is not. */
static void check_gone(void)
{
	int pair[2], fd = -1, status;
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr h = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	static char *at;
	pid_t child;

	t_must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	at = map(ANON, -1);
	child = fork();
	if (!child) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);

		fd = open_with(0, 0);
		missing(fd, at, PAGES);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		_exit(sendmsg(pair[0], &h, 0) != 1);
	}
	t_must(waitpid(child, &status, 0) == child && !status);
	t_must(recvmsg(pair[1], &h, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof(fd));
	fails(copy(fd, at, source, 1), ESRCH, "UFFDIO_COPY to a process that is gone");
	fails(missing(fd, at, 1), ENOMEM, "UFFDIO_REGISTER");
	works(range(fd, UFFDIO_WAKE, at, 1), "UFFDIO_WAKE");
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	int file = memfd_of(PAGES), other = memfd_of(PAGES), third = memfd_of(PAGES);

	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (char)('a' + (i * 7 + i / T_PAGE) % 23);
	check_open();
	check_register();
	check_fill("private memory", map(ANON, -1));
	check_fill("shared memory", map(MAP_SHARED | MAP_ANONYMOUS, -1));
	check_fill("a memfd", map(MAP_SHARED, file));
	check_fill("a memfd, private", map(MAP_PRIVATE, third));
	check_file_end();
	check_faults("private memory", map(ANON, -1));
	check_faults("shared memory", map(MAP_SHARED | MAP_ANONYMOUS, -1));
	check_faults("a memfd, private", map(MAP_PRIVATE, other));
	check_features();
	check_kernel();
	check_areas();
	check_ends();
	check_gone();
	return t_done();
}
