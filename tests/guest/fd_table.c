/*
 * fd_table - dup(2), fcntl(2), flock(2), close_range(2): descriptors, what they share, and record
 * locks (F_SETLK, F_OFD_SETLK) between processes.
 */
#include "t.h"
#include <sys/file.h>
#include <sys/resource.h>

#ifndef F_OFD_SETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

static int fd;

static void check_dup(void)
{
	int a, b;

	a = dup(fd);
	ok(a > fd, "dup takes a free descriptor");
	lseek(fd, 3, SEEK_SET);
	eq(lseek(a, 0, SEEK_CUR), 3, "which shares the offset");
	eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0, "F_SETFD");
	eq(fcntl(a, F_GETFD), 0, "the close-on-exec flag is not shared");
	b = dup(fd);
	eq(fcntl(b, F_GETFD), 0, "and not copied");
	fcntl(fd, F_SETFD, 0);
	eq(dup2(fd, 60), 60, "dup2 takes the one asked for");
	eq(dup2(fd, fd), fd, "dup2 to itself does nothing");
	eq(dup2(a, 60), 60, "dup2 closes what was there");
	fails(dup2(999, 60), EBADF, "dup2 of a closed one is EBADF");
	eq(fcntl(60, F_GETFD), 0, "and leaves the target open");
	fails(dup2(999, 999), EBADF, "dup2 of a closed one to itself is EBADF");
	fails(dup2(fd, -1), EBADF, "dup2 to -1 is EBADF");
	fails(dup2(fd, 1 << 20), EBADF, "dup2 beyond the limit is EBADF");
	fails(dup(999), EBADF, "dup of a closed one is EBADF");
	eq(dup3(fd, 61, O_CLOEXEC), 61, "dup3");
	eq(fcntl(61, F_GETFD), FD_CLOEXEC, "sets close-on-exec");
	fails(syscall(SYS_dup3, fd, fd, 0), EINVAL, "dup3 to itself is EINVAL");
	fails(syscall(SYS_dup3, fd, 61, O_APPEND), EINVAL, "dup3 with another flag is EINVAL");
	eq(fcntl(fd, F_DUPFD, 70), 70, "F_DUPFD takes the first from 70");
	eq(fcntl(fd, F_DUPFD, 70), 71, "then the next");
	eq(fcntl(fd, F_DUPFD_CLOEXEC, 70), 72, "F_DUPFD_CLOEXEC");
	eq(fcntl(72, F_GETFD), FD_CLOEXEC, "sets the flag");
	fails(fcntl(fd, F_DUPFD, 1 << 20), EINVAL, "F_DUPFD beyond the limit is EINVAL");
	fails(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD of -1 is EINVAL");
	close(a);
	close(b);
	for (int i = 60; i < 73; i++)
		close(i);
}

static void check_flags(void)
{
	int a = dup(fd), p[2];

	eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR, "F_GETFL has the access mode");
	eq(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0, "F_SETFL");
	eq(fcntl(a, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK,
	   "status flags are shared by dup");
	eq(fcntl(fd, F_SETFL, O_WRONLY | O_TRUNC | O_CREAT), 0, "F_SETFL of other flags");
	eq(fcntl(a, F_GETFL) & ~0100000, O_RDWR, "ignores them, and takes away the first");
	fails(fcntl(999, F_GETFL), EBADF, "F_GETFL of a closed one is EBADF");
	fails(fcntl(fd, 9999), EINVAL, "an unknown command is EINVAL");
	pipe2(p, O_NONBLOCK | O_CLOEXEC);
	eq(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK, "pipe2 sets O_NONBLOCK on the read end");
	eq(fcntl(p[1], F_GETFL), O_WRONLY | O_NONBLOCK, "and on the write end");
	eq(fcntl(p[1], F_GETFD), FD_CLOEXEC, "and close-on-exec");
	fails(pipe2((int[2]){0}, 0x1), EINVAL, "pipe2 with an unknown flag is EINVAL");
	close(p[0]);
	close(p[1]);
	close(a);
}

static int close_range_test(void *arg)
{
	for (int i = 50; i < 60; i++)
		need(dup2(fd, i) == i);
	if (syscall(SYS_close_range, 52, 55, 0) == -1 && errno == ENOSYS)
		return 0;
	for (int i = 50; i < 60; i++)
		need((fcntl(i, F_GETFD) == -1) == (i >= 52 && i <= 55));
	need(syscall(SYS_close_range, 58, ~0u, 4) == 0); /* CLOSE_RANGE_CLOEXEC */
	need(fcntl(59, F_GETFD) == FD_CLOEXEC && fcntl(57, F_GETFD) == 0);
	need(syscall(SYS_close_range, 5, 4, 0) == -1 && errno == EINVAL);
	return 0;
}

static int many(void *arg)
{
	struct rlimit limit = {4000, 4096};

	need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 100; i < 4000; i++)
		need(dup2(fd, i) == i);
	need(dup2(fd, 4000) == -1 && errno == EBADF);
	need(fcntl(3999, F_GETFD) == 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(fcntl(3999, F_GETFD) != 0);
	return t_wait(pid);
}

/* -- record locks ---------------------------------------------------------------------------- */

static int lock(int how, int cmd, int type, off_t start, off_t len)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return fcntl(how, cmd, &l);
}

/* In a child: which of the four byte ranges can be write-locked? As bits. */
static int probe(void *arg)
{
	int bits = 0;

	for (int i = 0; i < 4; i++) {
		struct flock l = {.l_type = F_WRLCK, .l_start = i * 10, .l_len = 10};

		need(fcntl(fd, F_GETLK, &l) == 0);
		bits |= (l.l_type == F_UNLCK) << i;
		if (l.l_type != F_UNLCK)
			need(l.l_pid == getppid());
	}
	return bits;
}

static int try_lock(void *type)
{
	if (lock(fd, F_SETLK, (long)type, 0, 10) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? 1 : 2;
}

static int wait_lock(void *arg)
{
	return lock(fd, F_SETLKW, F_WRLCK, 0, 10) != 0;
}

static void check_locks(void)
{
	pid_t pid;
	int other;

	eq(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0, "a write lock");
	exits(probe, NULL, 0xe, "is seen by another process, with our pid");
	eq(lock(fd, F_SETLK, F_WRLCK, 5, 25), 0, "extended over 0 to 30");
	exits(probe, NULL, 0x8, "it is one lock");
	eq(lock(fd, F_SETLK, F_UNLCK, 10, 10), 0, "unlocked in the middle");
	exits(probe, NULL, 0xa, "it is two");
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	exits(probe, NULL, 0xf, "length 0 unlocks to the end");
	lock(fd, F_SETLK, F_RDLCK, 0, 10);
	exits(try_lock, (void *)F_RDLCK, 0, "read locks are shared");
	exits(try_lock, (void *)F_WRLCK, 1, "a write lock is refused: EAGAIN");
	lock(fd, F_SETLK, F_WRLCK, 0, 10);
	exits(try_lock, (void *)F_RDLCK, 1, "a write lock excludes readers");
	pid = t_spawn(wait_lock, NULL);
	usleep(20000);
	eq(waitpid(pid, NULL, WNOHANG), 0, "F_SETLKW waits");
	lock(fd, F_SETLK, F_UNLCK, 0, 10);
	eq(t_wait(pid), 0, "until it is free");
	lock(fd, F_SETLK, F_WRLCK, 0, 10);
	other = open("file", O_RDWR);
	close(other);
	exits(try_lock, (void *)F_WRLCK, 0,
	      "closing any descriptor of the file drops the process's locks");
	fails(lock(fd, F_SETLK, 99, 0, 1), EINVAL, "an unknown type is EINVAL");
	fails(lock(999, F_SETLK, F_RDLCK, 0, 1), EBADF, "a closed descriptor is EBADF");
	other = open("file", O_RDONLY);
	fails(lock(other, F_SETLK, F_WRLCK, 0, 1), EBADF,
	      "a write lock needs a descriptor open for writing");
	close(other);
}

/* Two children each hold a byte and want the other's. */
static int deadlock(void *arg)
{
	int p[2], q[2];
	char c;
	pid_t pid;

	need(pipe(p) == 0 && pipe(q) == 0);
	pid = fork();
	if (pid == 0) {
		need(lock(fd, F_SETLKW, F_WRLCK, 1, 1) == 0);
		write(p[1], "x", 1);
		read(q[0], &c, 1);
		need(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0); /* waits for the parent */
		_exit(0);
	}
	need(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0);
	read(p[0], &c, 1);
	write(q[1], "x", 1);
	usleep(50000);
	need(lock(fd, F_SETLKW, F_WRLCK, 1, 1) == -1 && errno == EDEADLK);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	return t_wait(pid);
}

static void check_ofd(void)
{
	int other = open("file", O_RDWR);

	if (lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10) == -1 && errno == EINVAL) {
		t_skip("open-file-description locks", "no F_OFD_SETLK");
		close(other);
		return;
	}
	ok(true, "F_OFD_SETLK locks");
	fails(lock(other, F_OFD_SETLK, F_WRLCK, 0, 10), EAGAIN,
	      "against another open of the same process");
	fails(lock(other, F_SETLK, F_WRLCK, 0, 10), EAGAIN,
	      "and against its own process's record locks");
	close(other);
	other = open("file", O_RDWR);
	fails(lock(other, F_OFD_SETLK, F_WRLCK, 0, 10), EAGAIN,
	      "closing another descriptor does not drop it");
	int twin = dup(fd);
	eq(lock(twin, F_OFD_SETLK, F_UNLCK, 0, 10), 0, "a duplicate unlocks it");
	eq(lock(other, F_OFD_SETLK, F_WRLCK, 0, 10), 0, "and the other gets it");
	close(twin);
	close(other);
	struct flock l = {.l_type = F_WRLCK, .l_len = 1, .l_pid = 7};
	fails(fcntl(fd, F_OFD_SETLK, &l), EINVAL, "a pid that is not 0 is EINVAL");
}

static int flock_child(void *arg)
{
	int own = open("file", O_RDWR);

	need(flock(own, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	need(flock(fd, LOCK_EX | LOCK_NB) == 0); /* the inherited one is the same lock */
	return 0;
}

static int flock_shared(void *arg)
{
	int own = open("file", O_RDWR);

	need(flock(own, LOCK_SH | LOCK_NB) == 0);
	need(flock(own, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	return 0;
}

static void check_flock(void)
{
	eq(flock(fd, LOCK_EX), 0, "flock locks");
	passes(flock_child,
	       "another open is refused: EWOULDBLOCK; an inherited descriptor holds it too");
	eq(flock(fd, LOCK_SH), 0, "it is turned into a shared one");
	passes(flock_shared, "which others share, but cannot turn exclusive");
	eq(flock(fd, LOCK_UN), 0, "and unlocked");
	fails(flock(fd, 77), EINVAL, "an unknown operation is EINVAL");
	fails(flock(999, LOCK_SH), EBADF, "a closed descriptor is EBADF");
}

static void check_proc(void)
{
	char path[64], target[256], want[300];
	int n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	snprintf(want, sizeof(want), "%s/file", getcwd(path, sizeof(path)));
	ok(strcmp(target, want) == 0, "/proc/self/fd names the file");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	lseek(fd, 5, SEEK_SET);
	eq(t_field(path, "pos:"), 5, "/proc/self/fdinfo tells the offset");
	int p[2];
	pipe(p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	ok(strncmp(target, "pipe:[", 6) == 0, "a pipe is pipe:[inode]");
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	t_tmpdir();
	fd = t_file("file", "0123456789", 10);
	check_dup();
	check_flags();
	passes(close_range_test, "close_range closes a range, or marks it");
	passes(many, "4000 descriptors, over fork");
	check_locks();
	passes(deadlock, "two processes that wait for each other: EDEADLK");
	check_ofd();
	check_flock();
	check_proc();
	return t_done();
}
