/*
 * sockets_msg - what sockets_unix leaves: many messages a call, socketcall(2), time limits,
 * backlog, full queues, epoll(7) on sockets, descriptors in flight and rings of them, large
 * transfers, many at once. unix(7), socket(7).
 */
#include "t.h"
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

/* <linux/net.h> does not go together with the C library's headers. */
enum { CALL_SOCKETPAIR = 8, CALL_SEND = 9, CALL_RECVFROM = 12 };

static int s[2];
static char buf[1 << 20];

static void make(int type)
{
	t_must(socketpair(AF_UNIX, type, 0, s) == 0);
}

static void drop(void)
{
	close(s[0]);
	close(s[1]);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strncpy(a.sun_path, path, sizeof(a.sun_path));
	return a;
}

static int bound(int type, const char *path)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type, 0);

	t_must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un a = address(path);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int get_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

/* -- many messages, and the old call ----------------------------------------------------------- */

static void check_many(void)
{
	struct mmsghdr m[4] = {0};
	struct iovec iov[4];
	char in[4][8];

	make(SOCK_DGRAM);
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){"message" + i, 7 - i};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	eq(sendmmsg(s[0], m, 4, 0), 4, "sendmmsg sends all");
	eq(m[3].msg_len, 4, "and tells the length of each");
	for (int i = 0; i < 4; i++)
		iov[i] = (struct iovec){in[i], 8};
	eq(recvmmsg(s[1], m, 3, 0, NULL), 3, "recvmmsg takes as many as are asked for");
	ok(m[2].msg_len == 5 && memcmp(in[2], "ssage", 5) == 0, "with their lengths");
	eq(recvmmsg(s[1], m, 4, MSG_WAITFORONE, NULL), 1, "MSG_WAITFORONE waits once");
	fails(recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL), EAGAIN, "none is EAGAIN");
	struct iovec four[2] = {{in[0], 3}, {in[1], 5}};
	eq(write(s[0], "abcdef", 6), 6, "write is send");
	eq(readv(s[1], four, 2), 6, "readv is one datagram");
	ok(memcmp(in[0], "abc", 3) == 0 && memcmp(in[1], "def", 3) == 0, "over all its parts");
	drop();
}

static void check_socketcall(void)
{
	unsigned long args[6] = {AF_UNIX, SOCK_STREAM, 0, (unsigned long)s};

	eq(syscall(__NR_socketcall, CALL_SOCKETPAIR, args), 0, "socketcall: socketpair");
	unsigned long send_args[6] = {s[0], (unsigned long)"call", 4, 0};
	eq(syscall(__NR_socketcall, CALL_SEND, send_args), 4, "socketcall: send");
	unsigned long recv_args[6] = {s[1], (unsigned long)buf, 10, 0, 0, 0};
	eq(syscall(__NR_socketcall, CALL_RECVFROM, recv_args), 4, "socketcall: recvfrom");
	fails(syscall(__NR_socketcall, 0, args), EINVAL, "call 0 is EINVAL");
	fails(syscall(__NR_socketcall, 21, args), EINVAL, "call 21 too");
	fails(syscall(__NR_socketcall, CALL_SEND, T_KERNEL), EFAULT, "bad arguments are EFAULT");
	drop();
}

/* -- options ------------------------------------------------------------------------------------- */

static void check_options(void)
{
	struct timeval tv = {0, 50000};
	struct timespec a, b;
	socklen_t len = 2;
	short half = 0;
	int fd;

	make(SOCK_STREAM);
	eq(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &(int){20000}, 4), 0, "SO_SNDBUF");
	eq(get_option(s[0], SO_SNDBUF), 40000, "is doubled");
	setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &(int){1}, 4);
	ok(get_option(s[0], SO_SNDBUF) >= 2048, "and has a least size");
	eq(get_option(s[0], SO_DOMAIN), AF_UNIX, "SO_DOMAIN");
	eq(get_option(s[0], SO_PROTOCOL), 0, "SO_PROTOCOL");
	eq(get_option(s[0], SO_ERROR), 0, "SO_ERROR");
	eq(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &half, &len), 0, "a short value is cut");
	ok(len == 2 && half == SOCK_STREAM, "to its room");
	fails(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &(int){1}, 4), ENOPROTOOPT,
	      "SO_TYPE cannot be set");
	fails(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &half, 2), EINVAL,
	      "a short option is EINVAL");
	fails(setsockopt(s[0], 6, 1, &(int){1}, 4), EOPNOTSUPP, "another level is EOPNOTSUPP");
	fails(setsockopt(s[0], SOL_SOCKET, 9999, &(int){1}, 4), ENOPROTOOPT,
	      "an unknown one is ENOPROTOOPT");
	eq(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0, "SO_RCVTIMEO");
	clock_gettime(CLOCK_MONOTONIC, &a);
	fails(read(s[0], buf, 1), EAGAIN, "ends a read with EAGAIN");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 45,
	   "after that time");
	tv.tv_usec = 1000000;
	fails(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM,
	      "a second of microseconds is EDOM");
	drop();
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(shutdown(fd, 3), EINVAL, "shutdown(3) is EINVAL");
	fails(write(fd, "x", 1), ENOTCONN, "an unconnected stream does not send: ENOTCONN");
	fails(read(fd, buf, 1), EINVAL, "nor receive: EINVAL");
	fails(listen(fd, 1), EINVAL, "nor listen without a name: EINVAL");
	len = sizeof(struct sockaddr_un);
	fails(getpeername(fd, (struct sockaddr *)buf, &len), ENOTCONN, "it has no peer: ENOTCONN");
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	fails(write(fd, "x", 1), ENOTCONN, "an unconnected datagram socket too");
	fails(listen(fd, 1), EOPNOTSUPP, "and it never listens: EOPNOTSUPP");
	fails(accept(fd, NULL, NULL), EOPNOTSUPP, "nor accepts");
	close(fd);
}

/* -- names ------------------------------------------------------------------------------------- */

static void check_names(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}, got;
	socklen_t len = sizeof(got);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other;
	char *text;

	eq(bind(fd, (struct sockaddr *)&a, 2), 0, "autobind");
	getsockname(fd, (struct sockaddr *)&got, &len);
	ok(len == 8 && !got.sun_path[0], "gives an abstract name of five digits");
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(bind(other, (struct sockaddr *)&got, len), EADDRINUSE, "which is then in use");
	close(other);
	other = socket(AF_UNIX, SOCK_DGRAM, 0);
	eq(bind(other, (struct sockaddr *)&got, len), 0, "but not for another type");
	close(other);
	close(fd);
	fails(bind(fd = socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a) + 1),
	      EINVAL, "too long is EINVAL");
	memset(a.sun_path, 'p', sizeof(a.sun_path));
	eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0, "a path may fill the field");
	len = sizeof(got);
	getsockname(fd, (struct sockaddr *)&got, &len);
	eq(len, sizeof(a) + 1, "its length counts the NUL behind");
	listen(fd, 1);
	other = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	fails(connect(other, (struct sockaddr *)&a, sizeof(a)), EPROTOTYPE,
	      "another type is EPROTOTYPE");
	close(other);
	t_must((other = open("/proc/net/unix", O_RDONLY)) >= 0);
	ssize_t n = read(other, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	text = strstr(buf, "pppp");
	ok(strncmp(buf, "Num       RefCount Protocol Flags    Type St Inode Path\n", 56) == 0 &&
		   text,
	   "/proc/net/unix lists it");
	close(other);
	close(fd);
	snprintf(buf, 64, "/proc/self/fd/%d", fd = socket(AF_UNIX, SOCK_STREAM, 0));
	n = readlink(buf, buf + 100, 100);
	ok(n > 0 && strncmp(buf + 100, "socket:[", 8) == 0, "its link in /proc is socket:[n]");
	fails(open(buf, O_RDWR), ENXIO, "and cannot be opened");
	close(fd);
}

/* -- connections --------------------------------------------------------------------------------- */

static int connector(void *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	need(connect_to(fd, path) == 0);
	need(write(fd, "waited", 6) == 6);
	return 0;
}

static void check_backlog(void)
{
	int server = bound(SOCK_STREAM, "backlog"), c[4], got;
	struct sockaddr_un name = {0};
	socklen_t len = sizeof(name);
	struct pollfd p;
	pid_t pid;

	listen(server, 1);
	for (int i = 0; i < 4; i++)
		c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	p = (struct pollfd){server, POLLIN, 0};
	eq(poll(&p, 1, 0), 0, "a listener without callers is not readable");
	ok(connect_to(c[0], "backlog") == 0 && connect_to(c[1], "backlog") == 0,
	   "backlog 1: two may wait");
	fails(connect_to(c[2], "backlog"), EAGAIN, "the third gets EAGAIN");
	eq(poll(&p, 1, 0), 1, "it is readable now");
	eq(write(c[0], "early", 5), 5, "a client may write before it is accepted");
	pid = t_spawn(connector, "backlog");
	usleep(50000);
	got = accept(server, NULL, NULL);
	eq(read(got, buf, 10), 5, "and the server reads that");
	eq(getpeername(c[0], (struct sockaddr *)&name, &len), 0, "getpeername");
	ok(strcmp(name.sun_path, "backlog") == 0, "is the server's name");
	close(got);
	close(accept(server, NULL, NULL));
	got = accept(server, NULL, NULL);
	eq(read(got, buf, 10), 6, "a blocking connect waits for room");
	eq(t_wait(pid), 0, "and succeeds");
	close(got);
	eq(connect_to(c[2], "backlog"), 0, "another waits to be accepted");
	fails(connect_to(c[2], "backlog"), EISCONN, "connecting again is EISCONN");
	close(server);
	fails(read(c[2], buf, 1), ECONNRESET, "the server ends: ECONNRESET");
	for (int i = 0; i < 4; i++)
		close(c[i]);
}

static void *end_listener(void *fd)
{
	usleep(50000);
	shutdown(*(int *)fd, SHUT_RDWR);
	return NULL;
}

static void check_accept_shutdown(void)
{
	int server = bound(SOCK_STREAM, "ended");
	pthread_t t;

	listen(server, 1);
	pthread_create(&t, NULL, end_listener, &server);
	fails(accept(server, NULL, NULL), EINVAL, "shutdown ends an accept that waits: EINVAL");
	pthread_join(t, NULL);
	close(server);
}

static void check_datagrams(void)
{
	int a = bound(SOCK_DGRAM, "a"), b = bound(SOCK_DGRAM, "b"),
	    c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un name = address("a"), from = {0};
	socklen_t len = sizeof(from);
	struct epoll_event e = {.events = EPOLLOUT};
	struct pollfd p;
	int n = 0, ep;

	eq(sendto(b, "hi", 2, 0, (struct sockaddr *)&name, sizeof(name)), 2,
	   "datagram: sendto a path");
	eq(recvfrom(a, buf, 10, 0, (struct sockaddr *)&from, &len), 2, "recvfrom");
	ok(strcmp(from.sun_path, "b") == 0 && len == 4, "tells the sender's name");
	eq(connect_to(c, "a"), 0, "connect");
	while (write(c, "fill", 4) == 4)
		n++;
	ok(errno == EAGAIN && n == 11, "the receiver's queue is bounded: max_dgram_qlen");
	p = (struct pollfd){c, POLLOUT, 0};
	eq(poll(&p, 1, 0), 0, "then the sender is not writable");
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, c, &e);
	eq(epoll_wait(ep, &e, 1, 0), 0, "for epoll neither");
	read(a, buf, 10);
	eq(epoll_wait(ep, &e, 1, 1000), 1, "until one is received");
	eq(poll(&p, 1, 0), 1, "for poll too");
	close(ep);
	connect_to(a, "b");
	fails(sendto(c, "no", 2, 0, (struct sockaddr *)&name, sizeof(name)), EPERM,
	      "who is connected hears only his peer: EPERM");
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	eq(connect(a, &none, sizeof(none)), 0, "AF_UNSPEC disconnects");
	fails(write(a, "x", 1), ENOTCONN, "then there is no peer");
	close(a);
	fails(write(c, "x", 1), ECONNREFUSED, "a peer that closed is ECONNREFUSED");
	fails(write(c, "x", 1), ENOTCONN, "once");
	fails(sendto(b, buf, sizeof(buf), 0, (struct sockaddr *)&name, sizeof(name)), EMSGSIZE,
	      "too large is EMSGSIZE");
	close(b);
	close(c);
}

/* -- descriptors in flight --------------------------------------------------------------------- */

static long pass(int to, const int *fds, int n)
{
	char control[CMSG_SPACE(sizeof(int) * 254)] = {0};
	struct iovec iov = {"f", 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	return sendmsg(to, &m, MSG_DONTWAIT);
}

static int take(int from, int flags)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {buf, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	if (recvmsg(from, &m, flags) != 1 || !(c = CMSG_FIRSTHDR(&m)))
		return -1;
	return *(int *)CMSG_DATA(c);
}

/* Has every writer of the pipe gone? Collecting may take a moment. */
static bool is_closed(int pipe_end)
{
	struct pollfd p = {pipe_end, POLLIN, 0};

	return poll(&p, 1, 2000) == 1 && (p.revents & POLLHUP);
}

/* Collecting happens when some socket is closed. */
static void collect(void)
{
	int pair[2];

	t_must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	close(pair[0]);
	close(pair[1]);
}

static void check_flight(void)
{
	int p[2], fds[254], fd, chain[2];
	struct stat a, b;

	make(SOCK_STREAM);
	t_must(pipe(p) == 0);
	pass(s[0], &p[1], 1);
	fd = take(s[1], MSG_PEEK);
	ok(fd >= 0 && fstat(fd, &a) == 0 && fstat(p[1], &b) == 0 && a.st_ino == b.st_ino,
	   "MSG_PEEK gives a duplicate");
	close(fd);
	fd = take(s[1], 0);
	ok(fd >= 0, "and leaves the original");
	close(fd);
	for (int i = 0; i < 254; i++)
		fds[i] = p[1];
	eq(pass(s[0], fds, 253), 1, "253 descriptors may be sent at once");
	fails(pass(s[0], fds, 254), EINVAL, "254 are EINVAL");
	close(p[1]);
	drop();
	ok(is_closed(p[0]), "what nobody received is closed with the socket");
	close(p[0]);

	make(SOCK_STREAM);
	t_must(pipe(p) == 0);
	pass(s[0], &p[1], 1); /* into s[1]'s queue: lives as long as s[1] */
	pass(s[0], &s[1], 1); /* s[1] in its own queue */
	pass(s[1], &s[0], 1);
	close(p[1]);
	drop();
	collect();
	ok(is_closed(p[0]), "a ring of sockets in flight is collected, with what is in it");
	close(p[0]);

	t_must(pipe(p) == 0);
	make(SOCK_DGRAM);
	pass(s[0], &p[1], 1);
	close(p[1]);
	for (int i = 0; i < 3000; i++) { /* each pair carries the one before */
		t_must(socketpair(AF_UNIX, SOCK_DGRAM, 0, chain) == 0);
		t_must(pass(chain[0], s, 2) == 1);
		drop();
		s[0] = chain[0];
		s[1] = chain[1];
	}
	drop();
	ok(is_closed(p[0]), "a chain of 3000 pairs is freed to its end");
	close(p[0]);

	int server = bound(SOCK_STREAM, "unaccepted"), c = socket(AF_UNIX, SOCK_STREAM, 0);
	t_must(pipe(p) == 0);
	listen(server, 1);
	connect_to(c, "unaccepted");
	pass(c, &p[1], 1);
	pass(c, &server, 1); /* the listener waits in a connection that waits for it */
	close(p[1]);
	close(c);
	close(server);
	collect();
	ok(is_closed(p[0]), "a listener in its own pending connection too");
	close(p[0]);
}

static int limited(void *arg)
{
	struct rlimit r = {20, 20};
	int n = 0;

	make(SOCK_DGRAM);
	setrlimit(RLIMIT_NOFILE, &r);
	need(setresuid(1000, 1000, 1000) == 0);
	while (n < 1000 && pass(s[0], s, 2) == 1)
		n++;
	need(errno == ETOOMANYREFS && n >= 8 && n <= 40);
	return 0;
}

/* -- much data ------------------------------------------------------------------------------------- */

#define TOTAL (8u << 20)

static unsigned char pattern(unsigned i)
{
	return (unsigned char)(i * 31 + (i >> 9));
}

static int pour(void *arg)
{
	static unsigned char out[70001];
	unsigned sent = 0;

	while (sent < TOTAL) {
		unsigned n = 1 + sent * 7919u % sizeof(out);

		if (n > TOTAL - sent)
			n = TOTAL - sent;
		for (unsigned i = 0; i < n; i++)
			out[i] = pattern(sent + i);
		need(write(s[0], out, n) == (ssize_t)n);
		sent += n;
	}
	return 0;
}

static void check_stream_data(void)
{
	unsigned got = 0, bad = 0;
	ssize_t n;
	pid_t pid;
	int fd;

	make(SOCK_STREAM);
	pid = t_spawn(pour, NULL);
	close(s[0]);
	while ((n = read(s[1], buf, 1 + got % 100003)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			bad += (unsigned char)buf[i] != pattern(got + (unsigned)i);
		got += (unsigned)n;
	}
	ok(got == TOTAL && !bad, "8 MB in odd pieces arrive as they were");
	eq(t_wait(pid), 0, "and all was written");
	close(s[1]);
	make(SOCK_STREAM);
	fd = t_file("page", "file for a socket", 17);
	lseek(fd, 0, SEEK_SET);
	eq(sendfile(s[0], fd, NULL, 100), 17, "sendfile into a socket");
	eq(recv(s[1], buf, 17, MSG_WAITALL), 17, "arrives");
	write(s[0], "x", 1);
	fails(recv(s[1], (char *)T_KERNEL, 1, 0), EFAULT, "a bad buffer is EFAULT");
	close(fd);
	drop();
}

/* -- several at once ----------------------------------------------------------------------------- */

#define CLIENTS 8
#define ROUNDS 200

static int churn(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char c;

		need(connect_to(fd, "churn") == 0);
		need(write(fd, "q", 1) == 1);
		need(read(fd, &c, 1) == 1 && c == 'a');
		close(fd);
	}
	return 0;
}

static void *serve(void *server)
{
	for (;;) {
		int fd = accept(*(int *)server, NULL, NULL);
		char c;

		if (fd < 0)
			return NULL;
		if (read(fd, &c, 1) == 1)
			write(fd, "a", 1);
		close(fd);
	}
}

static void check_churn(void)
{
	int server = bound(SOCK_STREAM, "churn"), bad = 0;
	pid_t pid[CLIENTS];
	pthread_t t[2];

	listen(server, 3);
	for (int i = 0; i < CLIENTS; i++)
		pid[i] = t_spawn(churn, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, serve, &server);
	for (int i = 0; i < CLIENTS; i++)
		bad += t_wait(pid[i]) != 0;
	eq(bad, 0, "%d clients, %d connections each, two servers", CLIENTS, ROUNDS);
	shutdown(server, SHUT_RDWR);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	close(server);
}

/* Sockets are sent, taken, closed and collected by several processes at the same time. */
static int juggle(void *arg)
{
	for (int i = 0; i < 300; i++) {
		int pair[2], fd;

		need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		pass(s[i & 1], pair, 2);
		pass(pair[0], pair + (i & 1), 1);
		fd = take(s[~i & 1], MSG_DONTWAIT | (i % 3 ? 0 : MSG_PEEK));
		if (fd >= 0)
			close(fd);
		close(pair[0]);
		close(pair[1]);
	}
	return 0;
}

static void check_juggling(void)
{
	pid_t pid[4];
	int bad = 0;

	make(SOCK_STREAM);
	for (int i = 0; i < 4; i++)
		pid[i] = t_spawn(juggle, NULL);
	for (int i = 0; i < 4; i++)
		bad += t_wait(pid[i]) != 0;
	eq(bad, 0, "sockets in flight among four processes");
	drop();
}

int main(void)
{
	t_tmpdir();
	signal(SIGPIPE, SIG_IGN);
	check_many();
	check_socketcall();
	check_options();
	check_names();
	check_backlog();
	check_accept_shutdown();
	check_datagrams();
	check_flight();
	exits(limited, NULL, 0,
	      "a user may have RLIMIT_NOFILE descriptors in flight: ETOOMANYREFS");
	check_stream_data();
	check_churn();
	check_juggling();
	return t_done();
}
