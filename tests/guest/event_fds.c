/*
 * event_fds - eventfd(2), timerfd_create(2), signalfd(2), memfd_create(2), inotify(7): descriptors
 * that are not files.
 */
#include "t.h"
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1
#define MFD_ALLOW_SEALING 2
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

static short ready(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	poll(&p, 1, 0);
	return p.revents;
}

static bool there(int fd, const char *what)
{
	if (fd >= 0)
		return true;
	t_skip(what, "the kernel has none");
	return false;
}

/* -- eventfd --------------------------------------------------------------------------------- */

static int add_later(void *fd)
{
	usleep(20000);
	return write((long)fd, &(uint64_t){9}, 8) != 8;
}

static void check_eventfd(void)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t v = 0;
	pid_t pid;

	if (!there(fd, "eventfd"))
		return;
	eq(fcntl(fd, F_GETFD), FD_CLOEXEC, "eventfd: EFD_CLOEXEC");
	eq(ready(fd), POLLIN | POLLOUT, "with a value it is readable and writable");
	eq(read(fd, &v, 8), 8, "a read of 8 bytes");
	eq(v, 3, "gives the value");
	fails(read(fd, &v, 8), EAGAIN, "and takes it: EAGAIN");
	eq(ready(fd), POLLOUT, "now only writable");
	fails(read(fd, &v, 4), EINVAL, "a read of 4 is EINVAL");
	v = 5;
	write(fd, &v, 8);
	write(fd, &v, 8);
	read(fd, &v, 8);
	eq(v, 10, "writes add up");
	v = ~0ull;
	fails(write(fd, &v, 8), EINVAL, "2^64 - 1 cannot be written: EINVAL");
	v = ~0ull - 1;
	eq(write(fd, &v, 8), 8, "2^64 - 2 can");
	v = 1;
	fails(write(fd, &v, 8), EAGAIN, "then it is full: EAGAIN");
	eq(ready(fd), POLLIN, "and only readable");
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE);
	read(fd, &v, 8);
	eq(v, 1, "EFD_SEMAPHORE: a read takes 1");
	read(fd, &v, 8);
	eq(v, 1, "and 1");
	pid = t_spawn(add_later, (void *)(long)fd);
	eq(read(fd, &v, 8), 8, "a blocking read waits for a write");
	t_wait(pid);
	close(fd);
	fails(eventfd(0, 0x40), EINVAL, "an unknown flag is EINVAL");
}

/* -- timerfd --------------------------------------------------------------------------------- */

static void check_timerfd(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec it = {{0, 0}, {0, 10000000}}, now;
	uint64_t v = 0;

	if (!there(fd, "timerfd"))
		return;
	fails(read(fd, &v, 8), EAGAIN, "timerfd: unset it is EAGAIN");
	eq(timerfd_settime(fd, 0, &it, NULL), 0, "set to 10 ms");
	eq(timerfd_gettime(fd, &now), 0, "timerfd_gettime");
	ok(now.it_value.tv_sec == 0 && now.it_value.tv_nsec <= 10000000, "says what is left");
	ok(t_until(ready(fd) == POLLIN), "it becomes readable");
	read(fd, &v, 8);
	eq(v, 1, "and counts 1");
	it.it_interval.tv_nsec = 2000000;
	timerfd_settime(fd, 0, &it, NULL);
	usleep(40000);
	eq(read(fd, &v, 8), 8, "with an interval");
	ok(v >= 5, "it counts what has passed");
	it = (struct itimerspec){{0, 0}, {0, 0}};
	timerfd_settime(fd, 0, &it, &now);
	ok(now.it_interval.tv_nsec == 2000000, "stopping it returns the old value");
	read(fd, &v, 8);
	usleep(10000);
	fails(read(fd, &v, 8), EAGAIN, "and it is silent");
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL);
	ok(t_until(ready(fd) == POLLIN), "an absolute time that has passed fires at once");
	fcntl(fd, F_SETFL, 0);
	it = (struct itimerspec){{0, 0}, {0, 10000000}};
	timerfd_settime(fd, 0, &it, NULL);
	eq(read(fd, &v, 8), 8, "a blocking read waits for it");
	it.it_value.tv_nsec = 1000000000;
	fails(timerfd_settime(fd, 0, &it, NULL), EINVAL, "10^9 ns is EINVAL");
	fails(timerfd_settime(0, 0, &now, NULL), EINVAL, "another descriptor is EINVAL");
	fails(timerfd_create(99, 0), EINVAL, "an unknown clock is EINVAL");
	close(fd);
}

/* -- signalfd -------------------------------------------------------------------------------- */

static void check_signalfd(void)
{
	struct signalfd_siginfo info[3];
	union sigval value = {.sival_int = 77};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	if (!there(fd, "signalfd"))
		return;
	fails(read(fd, info, sizeof(info)), EAGAIN, "signalfd: none is EAGAIN");
	kill(getpid(), SIGUSR1);
	eq(ready(fd), POLLIN, "a pending signal makes it readable");
	sigqueue(getpid(), SIGRTMIN, value);
	sigqueue(getpid(), SIGRTMIN, value);
	memset(info, 0, sizeof(info));
	eq(read(fd, info, sizeof(info)), sizeof(info), "three are read at once");
	ok(info[0].ssi_signo == SIGUSR1 && (pid_t)info[0].ssi_pid == getpid(),
	   "the first with number and pid");
	ok((int)info[2].ssi_signo == SIGRTMIN && info[2].ssi_int == 77 &&
		   info[2].ssi_code == SI_QUEUE,
	   "the last with its value");
	sigset_t pending;
	sigpending(&pending);
	ok(!sigismember(&pending, SIGUSR1), "and are no more pending");
	fails(read(fd, info, 10), EINVAL, "a short buffer is EINVAL");
	sigdelset(&set, SIGUSR1);
	eq(signalfd(fd, &set, 0), fd, "the set can be changed");
	kill(getpid(), SIGUSR1);
	fails(read(fd, info, sizeof(info)), EAGAIN, "a signal outside is not read");
	fails(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL, "a set of 4 bytes is EINVAL");
	fails(syscall(SYS_signalfd4, 0, &set, 8, 0), EINVAL, "another descriptor is EINVAL");
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	close(fd);
}

/* -- memfd ----------------------------------------------------------------------------------- */

static int watch_signalfd(void *arg)
{
	const int *fds = arg;
	struct epoll_event event = {.events = EPOLLIN};

	need(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event) == 0);
	return 0;
}

/* The watcher stands on a queue of the process that called epoll_ctl(2), which may end first. */
static void check_signalfd_outlives_process(void)
{
	struct epoll_event event;
	sigset_t set;
	int fds[2], i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (i = 0; i < 20; i++) {
		fds[0] = epoll_create1(0);
		fds[1] = signalfd(-1, &set, SFD_NONBLOCK);
		if (t_child(watch_signalfd, fds))
			break;
		usleep(2000);
		if (epoll_wait(fds[0], &event, 1, 0) != 0)
			break;
		if (i % 2 && epoll_ctl(fds[0], EPOLL_CTL_DEL, fds[1], &event))
			break;
		close(fds[1]);
		close(fds[0]);
	}
	eq(i, 20, "a signalfd in an epoll outlives the process that put it there");
}

static void check_memfd(void)
{
	int fd = syscall(SYS_memfd_create, "name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *p, *q, target[64], path[40];
	struct stat st;
	int n;

	if (!there(fd, "memfd"))
		return;
	fstat(fd, &st);
	ok(S_ISREG(st.st_mode) && st.st_size == 0 && st.st_nlink == 0,
	   "memfd: an empty file without name");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, 63);
	target[n < 0 ? 0 : n] = 0;
	ok(strcmp(target, "/memfd:name (deleted)") == 0, "/proc shows /memfd:name (deleted)");
	ftruncate(fd, 3 * T_PAGE);
	p = mmap(NULL, 3 * T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 3 * T_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	strcpy(p + T_PAGE, "shared");
	ok(strcmp(q + T_PAGE, "shared") == 0, "two mappings share it");
	eq(fcntl(fd, F_GET_SEALS), 0, "no seals at first");
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY,
	      "F_SEAL_WRITE while mapped writable is EBUSY");
	munmap(p, 3 * T_PAGE);
	munmap(q, 3 * T_PAGE);
	q = mmap(NULL, 3 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0,
	   "seals are put on");
	fails(ftruncate(fd, 1), EPERM, "it cannot shrink");
	fails(ftruncate(fd, 9 * T_PAGE), EPERM, "nor grow");
	fails(pwrite(fd, "x", 1, 0), EPERM, "nor be written");
	fails_p(mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM,
		"nor mapped writable");
	eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0, "F_SEAL_SEAL");
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), EPERM, "is the last");
	close(fd);
	ok(strcmp(q + T_PAGE, "shared") == 0, "the mapping outlives the descriptor");
	munmap(q, 3 * T_PAGE);
	fd = syscall(SYS_memfd_create, "plain", 0);
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), EPERM,
	      "without MFD_ALLOW_SEALING it is sealed: EPERM");
	close(fd);
	fails(syscall(SYS_memfd_create, "x", 0x1000), EINVAL, "an unknown flag is EINVAL");
	static char name[260];
	memset(name, 'n', 250);
	fails(syscall(SYS_memfd_create, name, 0), EINVAL, "a name of 250 bytes is EINVAL");
}

/* -- inotify --------------------------------------------------------------------------------- */

static char events[4096];
static int event_bytes, event_at;

/* The next event, reading when there is none; mask 0 at the end. */
static struct inotify_event *next_event(int fd)
{
	static struct inotify_event none;
	struct inotify_event *e;

	if (event_at >= event_bytes) {
		event_bytes = read(fd, events, sizeof(events));
		event_at = 0;
		if (event_bytes <= 0) {
			event_bytes = 0;
			return &none;
		}
	}
	e = (struct inotify_event *)(events + event_at);
	event_at += sizeof(*e) + e->len;
	return e;
}

static bool event(int fd, unsigned mask, const char *name)
{
	struct inotify_event *e = next_event(fd);

	if (e->mask == mask && strcmp(e->len ? e->name : "", name) == 0)
		return true;
	t_note("event %#x '%s', want %#x '%s'", e->mask, e->len ? e->name : "", mask, name);
	return false;
}

static void check_inotify(void)
{
	int fd = inotify_init1(IN_NONBLOCK), wd, file;
	struct inotify_event *e;
	unsigned cookie;

	if (!there(fd, "inotify"))
		return;
	mkdir("watched", 0755);
	wd = inotify_add_watch(fd, "watched", IN_ALL_EVENTS & ~IN_ACCESS);
	eq(wd, 1, "inotify: the first watch is 1");
	fails(read(fd, events, sizeof(events)), EAGAIN, "nothing yet: EAGAIN");
	file = open("watched/f", O_CREAT | O_RDWR, 0644);
	ok(event(fd, IN_CREATE, "f") && event(fd, IN_OPEN, "f"), "creating: IN_CREATE, IN_OPEN");
	write(file, "x", 1);
	ok(event(fd, IN_MODIFY, "f"), "writing: IN_MODIFY");
	fchmod(file, 0600);
	ok(event(fd, IN_ATTRIB, "f"), "chmod: IN_ATTRIB");
	close(file);
	ok(event(fd, IN_CLOSE_WRITE, "f"), "closing: IN_CLOSE_WRITE");
	rename("watched/f", "watched/g");
	e = next_event(fd);
	cookie = e->cookie;
	ok(e->mask == IN_MOVED_FROM && cookie, "renaming: IN_MOVED_FROM");
	e = next_event(fd);
	ok(e->mask == IN_MOVED_TO && e->cookie == cookie && strcmp(e->name, "g") == 0,
	   "and IN_MOVED_TO with the same cookie");
	mkdir("watched/d", 0755);
	ok(event(fd, IN_CREATE | IN_ISDIR, "d"), "mkdir: IN_CREATE|IN_ISDIR");
	rmdir("watched/d");
	ok(event(fd, IN_DELETE | IN_ISDIR, "d"), "rmdir: IN_DELETE|IN_ISDIR");
	unlink("watched/g");
	ok(event(fd, IN_DELETE, "g"), "unlink: IN_DELETE");
	rmdir("watched");
	ok(event(fd, IN_DELETE_SELF, "") && event(fd, IN_IGNORED, ""),
	   "its own end: IN_DELETE_SELF, IN_IGNORED");
	fails(inotify_rm_watch(fd, wd), EINVAL, "the watch is gone: EINVAL");
	fails(inotify_add_watch(fd, "nothing", IN_CREATE), ENOENT, "a missing path is ENOENT");
	fails(inotify_add_watch(fd, ".", 0), EINVAL, "an empty mask is EINVAL");
	fails(inotify_add_watch(0, ".", IN_CREATE), EINVAL, "another descriptor is EINVAL");
	close(fd);
}

int main(void)
{
	t_tmpdir();
	check_eventfd();
	check_timerfd();
	check_signalfd();
	check_signalfd_outlives_process();
	check_memfd();
	check_inotify();
	return t_done();
}
