/*
 * poll_select - poll(2), ppoll(2), select(2), pselect(2), epoll(7): readiness, timeouts, signals,
 * errors.
 */
#include "t.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>

static int p[2];

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void drain(void)
{
	char buf[64];

	while (read(p[0], buf, sizeof(buf)) > 0)
		;
}

static int write_later(void *arg)
{
	usleep(30000);
	return write(p[1], "x", 1) != 1;
}

static void check_poll(void)
{
	struct pollfd f[3] = {{p[0], POLLIN, 9}, {p[1], POLLOUT, 9}, {-1, POLLIN, 9}};
	long long start;
	pid_t pid;

	eq(poll(f, 3, 0), 1, "one of three is ready");
	ok(f[0].revents == 0 && f[1].revents == POLLOUT && f[2].revents == 0,
	   "the writable one; -1 is passed over");
	write(p[1], "x", 1);
	eq(poll(f, 2, -1), 2, "with a byte in it two are ready");
	eq(f[0].revents, POLLIN, "the read end");
	drain();
	f[0].fd = 999;
	eq(poll(f, 1, 0), 1, "a closed descriptor counts");
	eq(f[0].revents, POLLNVAL, "as POLLNVAL");
	f[0].fd = p[0];
	start = now_ms();
	eq(poll(f, 1, 30), 0, "a timeout is 0");
	ok(now_ms() - start >= 29, "and not early");
	eq(poll(NULL, 0, 5), 0, "no descriptors: only the timeout");
	pid = t_spawn(write_later, NULL);
	eq(poll(f, 1, 5000), 1, "a write elsewhere wakes");
	eq(f[0].revents, POLLIN, "as POLLIN");
	t_wait(pid);
	drain();
	int file = t_file("f", "", 0);
	f[0].fd = file;
	f[0].events = POLLIN | POLLOUT;
	poll(f, 1, 0);
	eq(f[0].revents, POLLIN | POLLOUT, "a file is always ready");
	fails(syscall(SYS_poll, f, 1 << 21, 0), EINVAL, "more than RLIMIT_NOFILE is EINVAL");
	close(file);
}

static volatile int handled;

static void on_signal(int sig)
{
	handled++;
}

static void check_ppoll(void)
{
	struct pollfd f = {p[0], POLLIN, 0};
	struct timespec ts = {0, 5000000}, bad = {0, 1000000000};
	sigset_t block, none;

	eq(ppoll(&f, 1, &ts, NULL), 0, "ppoll times out");
	fails(ppoll(&f, 1, &bad, NULL), EINVAL, "10^9 ns is EINVAL");
	bad.tv_sec = -1;
	bad.tv_nsec = 0;
	fails(ppoll(&f, 1, &bad, NULL), EINVAL, "a negative timeout is EINVAL");
	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	handled = 0;
	eq(ppoll(&f, 1, &ts, NULL), 0, "a blocked signal does not disturb it");
	ts.tv_sec = 5;
	fails(ppoll(&f, 1, &ts, &none), EINTR, "with a mask that lets it in: EINTR");
	eq(handled, 1, "and the handler ran");
	sigprocmask(SIG_BLOCK, NULL, &none);
	ok(sigismember(&none, SIGUSR1), "afterwards the old mask holds");
	raise(SIGUSR1);
	sigemptyset(&none);
	fd_set in;
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	fails(pselect(p[0] + 1, &in, NULL, NULL, &ts, &none), EINTR, "pselect likewise");
	eq(handled, 2, "and the handler ran");
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void check_select(void)
{
	struct timeval tv = {0, 0};
	long left[2] = {5, 0};
	fd_set in, out;
	int closed, top = (p[0] > p[1] ? p[0] : p[1]) + 1;
	pid_t pid;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	eq(select(top, &in, &out, NULL, &tv), 1, "select finds one ready");
	ok(!FD_ISSET(p[0], &in) && FD_ISSET(p[1], &out), "and says which");
	FD_SET(p[0], &in);
	write(p[1], "x", 1);
	eq(select(top, &in, &out, NULL, NULL), 2, "with a byte two");
	drain();
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	tv.tv_usec = 10000;
	eq(select(top, &in, NULL, NULL, &tv), 0, "a timeout is 0");
	ok(!FD_ISSET(p[0], &in), "and clears the sets");
	FD_SET(p[0], &in);
	pid = t_spawn(write_later, NULL);
	eq(syscall(SYS__newselect, top, &in, NULL, NULL, left), 1, "a write elsewhere wakes");
	ok(left[0] < 5, "and the time left is written back");
	t_wait(pid);
	drain();
	FD_ZERO(&in);
	close(closed = dup(p[0]));
	FD_SET(closed, &in);
	fails(select(closed + 1, &in, NULL, NULL, &tv), EBADF, "a closed descriptor is EBADF");
	fails(select(-1, NULL, NULL, NULL, &tv), EINVAL, "a negative count is EINVAL");
	fails(syscall(SYS__newselect, 0, NULL, NULL, NULL, &(long[2]){-1, 0}), EINVAL,
	      "a negative timeout is EINVAL");
	tv.tv_usec = 1000;
	eq(select(0, NULL, NULL, NULL, &tv), 0, "no sets: only the timeout");
}

/* -- epoll ----------------------------------------------------------------------------------- */

static int wait_for(int ep, struct epoll_event *e, int max)
{
	return epoll_wait(ep, e, max, 0);
}

static void check_epoll(void)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x1122334455667788ull}, got[4];
	int ep = epoll_create1(EPOLL_CLOEXEC), file, other;
	pid_t pid;

	ok(ep >= 0, "epoll_create1");
	eq(fcntl(ep, F_GETFD), FD_CLOEXEC, "sets close-on-exec");
	fails(epoll_create1(1), EINVAL, "an unknown flag is EINVAL");
	fails(syscall(SYS_epoll_create, 0), EINVAL, "epoll_create of size 0 is EINVAL");
	eq(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), 0, "a pipe is added");
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), EEXIST, "twice is EEXIST");
	fails(epoll_ctl(ep, EPOLL_CTL_MOD, p[1], &e), ENOENT, "changing another is ENOENT");
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], &e), ENOENT, "removing another is ENOENT");
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &e), EBADF, "a closed descriptor is EBADF");
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e), EINVAL, "itself is EINVAL");
	fails(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e), EINVAL, "a pipe is no epoll: EINVAL");
	fails(epoll_ctl(ep, 99, p[1], &e), EINVAL, "an unknown operation is EINVAL");
	file = t_file("e", "", 0);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e), EPERM, "a file is EPERM");
	fails(epoll_wait(ep, got, 0, 0), EINVAL, "epoll_wait for 0 events is EINVAL");
	fails(epoll_wait(p[0], got, 1, 0), EINVAL, "of a pipe EINVAL");
	eq(wait_for(ep, got, 4), 0, "nothing is ready");
	write(p[1], "x", 1);
	eq(wait_for(ep, got, 4), 1, "with a byte one is");
	ok(got[0].events == EPOLLIN && got[0].data.u64 == 0x1122334455667788ull,
	   "with its events and data");
	eq(wait_for(ep, got, 4), 1, "level-triggered: again");
	e.events = EPOLLIN | EPOLLET;
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
	eq(wait_for(ep, got, 4), 1, "edge-triggered: once");
	eq(wait_for(ep, got, 4), 0, "and no more");
	write(p[1], "y", 1);
	eq(wait_for(ep, got, 4), 1, "until something comes");
	e.events = EPOLLIN | EPOLLONESHOT;
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
	eq(wait_for(ep, got, 4), 1, "EPOLLONESHOT: once");
	write(p[1], "z", 1);
	eq(wait_for(ep, got, 4), 0, "and never");
	e.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
	eq(wait_for(ep, got, 4), 1, "until it is set again");
	drain();
	e.data.u32 = 7;
	e.events = EPOLLOUT;
	epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e);
	write(p[1], "x", 1);
	eq(wait_for(ep, got, 4), 2, "two descriptors are ready");
	eq(wait_for(ep, got, 1), 1, "a room for one gives one");
	eq(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL), 0, "one is removed");
	drain();
	pid = t_spawn(write_later, NULL);
	eq(epoll_wait(ep, got, 4, 5000), 1, "a write elsewhere wakes");
	t_wait(pid);
	drain();
	struct pollfd f = {ep, POLLIN, 0};
	eq(poll(&f, 1, 0), 0, "an epoll instance can be polled itself");
	write(p[1], "x", 1);
	eq(poll(&f, 1, 0), 1, "and is readable when one of its own is");
	drain();
	other = dup(p[0]);
	e.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_ADD, other, &e);
	close(other);
	write(p[1], "x", 1);
	eq(wait_for(ep, got, 4), 2, "a closed duplicate stays while the open file lives");
	drain();
	close(file);
	close(ep);
}

static int hup(void *arg)
{
	struct epoll_event e = {.events = 0}, got;
	int ep = epoll_create1(0), q[2];

	need(pipe(q) == 0);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], &e) == 0);
	need(epoll_wait(ep, &got, 1, 0) == 0);
	close(q[1]);
	need(epoll_wait(ep, &got, 1, 0) == 1 && got.events == EPOLLHUP);
	close(q[0]);
	need(epoll_wait(ep, &got, 1, 0) == 0); /* gone with its last descriptor */
	return 0;
}

static int nested(void *arg)
{
	struct epoll_event e = {.events = EPOLLIN}, got;
	int a = epoll_create1(0), b = epoll_create1(0);

	need(epoll_ctl(a, EPOLL_CTL_ADD, p[0], &e) == 0);
	need(epoll_ctl(b, EPOLL_CTL_ADD, a, &e) == 0);
	need(epoll_ctl(a, EPOLL_CTL_ADD, b, &e) == -1 && errno == ELOOP);
	need(write(p[1], "x", 1) == 1);
	need(epoll_wait(b, &got, 1, 0) == 1);
	drain();
	need(epoll_wait(b, &got, 1, 0) == 0);
	return 0;
}

int main(void)
{
	t_tmpdir();
	t_must(pipe2(p, O_NONBLOCK) == 0);
	check_poll();
	check_ppoll();
	check_select();
	check_epoll();
	passes(hup, "EPOLLHUP comes unasked; a closed file leaves by itself");
	passes(nested, "epoll instances nest, but not in a circle: ELOOP");
	return t_done();
}
