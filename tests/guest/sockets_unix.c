/*
 * sockets_unix - unix(7), socketpair(2), bind(2), connect(2), accept(2), send(2), recv(2),
 * shutdown(2): local sockets of all three types, with descriptors and credentials passed
 * along (cmsg(3)).
 */
#include "t.h"
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int s[2];
static char buf[262144];

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

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	return a;
}

static void check_errors(void)
{
	fails(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT,
	      "a type it has not is ESOCKTNOSUPPORT");
	fails(socket(AF_UNIX, 99, 0), EINVAL, "an unknown type is EINVAL");
	fails(socket(250, SOCK_STREAM, 0), EAFNOSUPPORT, "an unknown family is EAFNOSUPPORT");
	fails(socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT,
	      "an unknown protocol is EPROTONOSUPPORT");
	fails(socketpair(AF_UNIX, SOCK_RDM, 0, s), ESOCKTNOSUPPORT, "also for pairs");
	fails(listen(0, 1), ENOTSOCK, "a file is ENOTSOCK");
	fails(listen(999, 1), EBADF, "a closed descriptor is EBADF");
}

static void check_stream(void)
{
	struct pollfd p;
	int n = -1;

	make(SOCK_STREAM);
	eq(write(s[0], "hello", 5), 5, "stream: bytes go in");
	write(s[0], " world", 6);
	ioctl(s[1], FIONREAD, &n);
	eq(n, 11, "FIONREAD counts them");
	eq(recv(s[1], buf, 4, MSG_PEEK), 4, "MSG_PEEK looks");
	eq(read(s[1], buf, 100), 11, "two writes run together");
	ok(memcmp(buf, "hello world", 11) == 0, "in order");
	write(s[1], "back", 4);
	eq(read(s[0], buf, 100), 4, "and the other way");
	fails(recv(s[0], buf, 1, MSG_DONTWAIT), EAGAIN, "empty with MSG_DONTWAIT: EAGAIN");
	eq(send(s[0], "abcdef", 6, 0), 6, "send");
	eq(recv(s[1], buf, 3, MSG_WAITALL), 3, "recv");
	eq(recv(s[1], buf, 3, 0), 3, "the rest");
	eq(shutdown(s[0], SHUT_WR), 0, "shutdown for writing");
	eq(read(s[1], buf, 1), 0, "the peer reads the end");
	write(s[1], "still", 5);
	eq(read(s[0], buf, 100), 5, "the other direction stays");
	signal(SIGPIPE, SIG_IGN);
	fails(write(s[0], "x", 1), EPIPE, "writing after it is EPIPE");
	close(s[1]);
	eq(read(s[0], buf, 1), 0, "a closed peer is the end");
	p = (struct pollfd){s[0], POLLIN | POLLOUT, 0};
	poll(&p, 1, 0);
	ok(p.revents & POLLHUP, "POLLHUP");
	close(s[0]);
	make(SOCK_STREAM);
	write(s[1], "unread", 6);
	close(s[0]);
	fails(read(s[1], buf, 1), ECONNRESET,
	      "a peer that closed with unread bytes is ECONNRESET, once");
	close(s[1]);
	signal(SIGPIPE, SIG_DFL);
	make(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	ok((fcntl(s[0], F_GETFL) & O_NONBLOCK) && fcntl(s[0], F_GETFD) == FD_CLOEXEC,
	   "SOCK_NONBLOCK, SOCK_CLOEXEC");
	n = 0;
	while (write(s[0], buf, 4096) > 0)
		n++;
	ok(errno == EAGAIN && n > 8, "a full one is EAGAIN");
	p = (struct pollfd){s[0], POLLOUT, 0};
	eq(poll(&p, 1, 0), 0, "and not writable");
	while (read(s[1], buf, 65536) > 0)
		;
	eq(poll(&p, 1, 0), 1, "until it is read");
	fails(lseek(s[0], 0, SEEK_SET), ESPIPE, "it cannot be sought");
	drop();
}

static int sigpipe(void *arg)
{
	make(SOCK_STREAM);
	close(s[1]);
	need(send(s[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	write(s[0], "x", 1);
	return 1;
}

static void check_packets(void)
{
	make(SOCK_DGRAM);
	send(s[0], "one", 3, 0);
	send(s[0], "second", 6, 0);
	send(s[0], "", 0, 0);
	eq(recv(s[1], buf, 100, 0), 3, "datagram: borders are kept");
	eq(recv(s[1], buf, 3, MSG_TRUNC), 6, "MSG_TRUNC tells the whole length");
	eq(recv(s[1], buf, 100, MSG_DONTWAIT), 0, "an empty one arrives");
	fails(recv(s[1], buf, 100, MSG_DONTWAIT), EAGAIN, "then there is nothing");
	drop();
	make(SOCK_SEQPACKET);
	send(s[0], "one", 3, 0);
	send(s[0], "two", 3, 0);
	eq(recv(s[1], buf, 100, 0), 3, "seqpacket: borders are kept");
	struct iovec iov = {buf, 2};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	eq(recvmsg(s[1], &m, 0), 2, "a short buffer cuts");
	ok(m.msg_flags & MSG_TRUNC, "and says so");
	close(s[0]);
	eq(recv(s[1], buf, 100, 0), 0, "a closed peer is the end");
	close(s[1]);
}

/* -- names ----------------------------------------------------------------------------------- */

static int client(void *path)
{
	struct sockaddr_un a = address(path);
	int c = socket(AF_UNIX, SOCK_STREAM, 0);
	char got[8];

	need(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	need(write(c, "ping", 4) == 4);
	need(read(c, got, 8) == 4 && memcmp(got, "pong", 4) == 0);
	return 0;
}

static void check_names(void)
{
	struct sockaddr_un a = address("sock"), got;
	socklen_t len = sizeof(got);
	struct stat st;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), c, other;
	struct ucred cred;
	pid_t pid;

	fails(connect(server, (struct sockaddr *)&a, sizeof(a)), ENOENT,
	      "connecting to nothing is ENOENT");
	eq(bind(server, (struct sockaddr *)&a, sizeof(a)), 0, "bind makes a name");
	stat("sock", &st);
	ok(S_ISSOCK(st.st_mode), "which is a socket");
	fails(open("sock", O_RDWR), ENXIO, "that cannot be opened: ENXIO");
	got = address("sock2");
	fails(bind(server, (struct sockaddr *)&got, sizeof(got)), EINVAL,
	      "binding again is EINVAL");
	fails(access("sock2", F_OK), ENOENT, "and leaves no name");
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	fails(bind(other, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE,
	      "a used name is EADDRINUSE");
	fails(connect(other, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED,
	      "before listen: ECONNREFUSED");
	fails(accept(server, NULL, NULL), EINVAL, "accept before listen is EINVAL");
	eq(listen(server, 5), 0, "listen");
	fcntl(server, F_SETFL, O_NONBLOCK);
	fails(accept(server, NULL, NULL), EAGAIN, "nobody is there: EAGAIN");
	fcntl(server, F_SETFL, 0);
	pid = t_spawn(client, "sock");
	c = accept4(server, (struct sockaddr *)&got, &len, SOCK_CLOEXEC);
	ok(c >= 0 && len == 2 && got.sun_family == AF_UNIX, "accept: the client has no name");
	eq(read(c, buf, 100), 4, "it speaks");
	len = sizeof(cred);
	eq(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0, "SO_PEERCRED");
	ok(cred.pid == pid && cred.uid == 0, "tells its pid and uid");
	write(c, "pong", 4);
	eq(t_wait(pid), 0, "and hears");
	len = sizeof(got);
	memset(&got, 0, sizeof(got));
	getsockname(server, (struct sockaddr *)&got, &len);
	ok(strcmp(got.sun_path, "sock") == 0, "getsockname");
	len = sizeof(int);
	int value = -1;
	getsockopt(server, SOL_SOCKET, SO_TYPE, &value, &len);
	eq(value, SOCK_STREAM, "SO_TYPE");
	getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &len);
	eq(value, 1, "SO_ACCEPTCONN");
	close(c);
	close(server);
	fails(connect(other, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED,
	      "a name without server is ECONNREFUSED");
	close(t_file("plain", "", 0));
	a = address("plain");
	fails(connect(other, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED, "a plain file too");
	a.sun_family = AF_INET;
	fails(connect(other, (struct sockaddr *)&a, sizeof(a)), EINVAL, "another family is EINVAL");
	close(other);
}

static void check_abstract(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 6;

	memcpy(a.sun_path, "\0guest", 6);
	eq(bind(server, (struct sockaddr *)&a, len), 0, "an abstract name");
	eq(sendto(c, "hi", 2, 0, (struct sockaddr *)&a, len), 2, "is reached");
	eq(recv(server, buf, 100, 0), 2, "without any file");
	close(server);
	fails(sendto(c, "hi", 2, 0, (struct sockaddr *)&a, len), ECONNREFUSED,
	      "and gone with its socket");
	close(c);
}

/* -- passing --------------------------------------------------------------------------------- */

static long pass(int to, const int *fds, int n)
{
	char control[CMSG_SPACE(sizeof(int) * 8)] = {0};
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
	return sendmsg(to, &m, 0);
}

static int take(int from, int *fds, int room, int flags)
{
	char control[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec iov = {buf, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = CMSG_LEN(sizeof(int) * room)};
	struct cmsghdr *c;

	if (recvmsg(from, &m, flags) != 1 || !(c = CMSG_FIRSTHDR(&m)))
		return -1;
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) | (m.msg_flags & MSG_CTRUNC ? 100 : 0);
}

static int send_file(void *arg)
{
	int fd = t_file("passed", "content", 7);

	lseek(fd, 3, SEEK_SET);
	return pass(s[1], &fd, 1) != 1;
}

static void check_passing(void)
{
	int fds[8], two[2], p[2];

	make(SOCK_STREAM);
	exits(send_file, NULL, 0, "a child sends a descriptor and ends");
	eq(take(s[0], fds, 1, MSG_CMSG_CLOEXEC), 1, "it arrives");
	eq(read(fds[0], buf, 100), 4, "is open, at the offset it had");
	eq(fcntl(fds[0], F_GETFD), FD_CLOEXEC, "MSG_CMSG_CLOEXEC");
	close(fds[0]);
	pipe(p);
	two[0] = p[0];
	two[1] = p[1];
	eq(pass(s[1], two, 2), 1, "two are sent");
	eq(take(s[0], fds, 1, 0), 101, "room for one gets one, and MSG_CTRUNC");
	close(fds[0]);
	close(p[1]);
	eq(read(p[0], buf, 1), 0, "the other was closed");
	two[0] = 999;
	fails(pass(s[1], two, 1), EBADF, "a closed one is EBADF");
	/* A descriptor in flight to itself, then closed: the kernel must collect it. */
	pass(s[1], s, 2);
	close(p[0]);
	drop();
	ok(true, "sockets sent through themselves and closed do no harm");
}

static void check_cred(void)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = {buf, 10};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct ucred cred = {0};
	struct cmsghdr *c;

	make(SOCK_DGRAM);
	eq(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)), 0, "SO_PASSCRED");
	write(s[1], "x", 1);
	recvmsg(s[0], &m, 0);
	c = CMSG_FIRSTHDR(&m);
	if (c)
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	ok(c && c->cmsg_type == SCM_CREDENTIALS && cred.pid == getpid() && cred.uid == 0,
	   "messages carry the sender's ids");
	drop();
}

int main(void)
{
	t_tmpdir();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1 &&
	    (errno == ENOSYS || errno == EAFNOSUPPORT)) {
		t_skip("local sockets", "no AF_UNIX");
		return t_done();
	}
	drop();
	check_errors();
	check_stream();
	dies(sigpipe, NULL, SIGPIPE, "MSG_NOSIGNAL is EPIPE, without it SIGPIPE kills");
	check_packets();
	check_names();
	check_abstract();
	check_passing();
	check_cred();
	return t_done();
}
