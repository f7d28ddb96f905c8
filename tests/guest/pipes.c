/*
 * pipes - pipe(7), pipe(2), fifo(7): capacity, atomic writes, blocking and not, end of file, EPIPE,
 * and the opening of FIFOs.
 */
#include "t.h"
#include <poll.h>
#include <sys/ioctl.h>

#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
#endif

static int p[2];
static char buf[262144];

static void make(int flags)
{
	t_must(pipe2(p, flags) == 0);
}

static void drop(void)
{
	close(p[0]);
	close(p[1]);
}

static int available(void)
{
	int n = -1;

	ioctl(p[0], FIONREAD, &n);
	return n;
}

static void check_basic(void)
{
	make(0);
	eq(write(p[1], "hello", 5), 5, "bytes go in");
	eq(available(), 5, "FIONREAD counts them");
	eq(read(p[0], buf, 2), 2, "and come out");
	eq(read(p[0], buf + 2, 100), 3, "a read takes what is there");
	ok(memcmp(buf, "hello", 5) == 0, "in order");
	write(p[1], "a", 1);
	write(p[1], "b", 1);
	eq(read(p[0], buf, 10), 2, "writes run together");
	fails(write(p[0], "x", 1), EBADF, "the read end cannot be written");
	fails(read(p[1], buf, 1), EBADF, "the write end cannot be read");
	write(p[1], "rest", 4);
	close(p[1]);
	eq(read(p[0], buf, 10), 4, "what was written before the last writer closed is read");
	eq(read(p[0], buf, 10), 0, "then it is the end of file");
	eq(read(p[0], buf, 10), 0, "for ever");
	close(p[0]);
}

static void check_broken(void)
{
	signal(SIGPIPE, SIG_IGN);
	make(0);
	close(p[0]);
	fails(write(p[1], "x", 1), EPIPE,
	      "writing without readers is EPIPE when SIGPIPE is ignored");
	eq(write(p[1], "x", 0), 0, "writing nothing is 0");
	close(p[1]);
	signal(SIGPIPE, SIG_DFL);
}

static void check_capacity(void)
{
	int n = 0;

	make(O_NONBLOCK);
	eq(fcntl(p[0], F_GETPIPE_SZ), 65536, "a pipe holds 65536 bytes");
	fails(read(p[0], buf, 1), EAGAIN, "an empty one with O_NONBLOCK is EAGAIN");
	eq(write(p[1], buf, 65536), 65536, "it takes 65536 at once");
	fails(write(p[1], buf, 1), EAGAIN, "then it is full: EAGAIN");
	eq(read(p[0], buf, 4096), 4096, "a page is read");
	eq(write(p[1], buf, 4097), 4096, "of 4097 bytes, more than PIPE_BUF, a page goes in");
	drop();
	make(O_NONBLOCK);
	while (write(p[1], buf, 4096) == 4096)
		n += 4096;
	eq(n, 65536, "in pages it takes 65536");
	read(p[0], buf, 4095);
	fails(write(p[1], buf, 4096), EAGAIN,
	      "a write of PIPE_BUF that does not fit is not split: EAGAIN");
	read(p[0], buf, 1);
	eq(write(p[1], buf, 4096), 4096, "when a page is free it goes in");
	read(p[0], buf, 8192);
	eq(write(p[1], buf, 20000), 8192, "a larger write is split: what fits goes in");
	drop();
	make(0);
	eq(fcntl(p[1], F_SETPIPE_SZ, 131072), 131072, "F_SETPIPE_SZ makes it larger");
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	eq(write(p[1], buf, 200000), 131072, "it takes that much");
	fails(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY, "smaller than its content is EBUSY");
	read(p[0], buf, 131072);
	eq(fcntl(p[1], F_SETPIPE_SZ, 100), 4096, "a page is the least");
	eq(fcntl(p[1], F_SETPIPE_SZ, 5000), 8192, "and a power of two of pages");
	fails(fcntl(p[1], F_SETPIPE_SZ, -1), EINVAL, "a negative size is EINVAL");
	drop();
}

static int too_large(void *arg)
{
	make(0);
	need(setresuid(1000, 1000, 1000) == 0);
	need(fcntl(p[1], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
	need(fcntl(p[1], F_SETPIPE_SZ, 1 << 21) == -1 && errno == EPERM);
	return 0;
}

/* Blocking. */
static int slow_reader(void *arg)
{
	long total = 0, n;
	static char b[10000];

	close(p[1]);
	while ((n = read(p[0], b, sizeof(b))) > 0)
		for (total += n; n; n--)
			need(b[n - 1] == 'w');
	return total != 200000;
}

static void check_blocking(void)
{
	pid_t pid;

	make(0);
	pid = t_spawn(slow_reader, NULL);
	memset(buf, 'w', 200000);
	eq(write(p[1], buf, 200000), 200000,
	   "a blocking write of 200,000 bytes waits until all is in");
	drop();
	eq(t_wait(pid), 0, "and the reader gets every byte");
}

/* Four writers of PIPE_BUF: each record arrives in one piece. */
static int record_writer(void *arg)
{
	static char record[4096];

	close(p[0]);
	memset(record, 'a' + (long)arg, sizeof(record));
	for (int i = 0; i < 40; i++)
		need(write(p[1], record, sizeof(record)) == sizeof(record));
	return 0;
}

static void check_atomic(void)
{
	int mixed = 0, count[4] = {0};
	size_t have = 0;
	ssize_t n;
	pid_t pids[4];

	make(0);
	for (long i = 0; i < 4; i++)
		pids[i] = t_spawn(record_writer, (void *)i);
	close(p[1]);
	while ((n = read(p[0], buf + have, 4096 - have)) > 0) {
		have += n;
		if (have < 4096)
			continue;
		for (int i = 1; i < 4096; i++)
			mixed += buf[i] != buf[0];
		count[(buf[0] - 'a') & 3]++;
		have = 0;
	}
	close(p[0]);
	eq(mixed, 0, "writes of PIPE_BUF by four processes are not mixed");
	ok(count[0] == 40 && count[1] == 40 && count[2] == 40 && count[3] == 40,
	   "and none is lost");
	for (int i = 0; i < 4; i++)
		t_wait(pids[i]);
}

static short events(int fd, short want)
{
	struct pollfd pfd = {.fd = fd, .events = want};

	poll(&pfd, 1, 0);
	return pfd.revents;
}

static void check_poll(void)
{
	make(O_NONBLOCK);
	eq(events(p[0], POLLIN), 0, "an empty pipe is not readable");
	eq(events(p[1], POLLOUT), POLLOUT, "but writable");
	write(p[1], "x", 1);
	eq(events(p[0], POLLIN), POLLIN, "with a byte it is readable");
	while (write(p[1], buf, 4096) > 0)
		;
	eq(events(p[1], POLLOUT), 0, "a full pipe is not writable");
	close(p[1]);
	eq(events(p[0], POLLIN), POLLIN | POLLHUP, "without writers: readable and hung up");
	while (read(p[0], buf, 65536) > 0)
		;
	eq(events(p[0], POLLIN), POLLHUP, "emptied: hung up");
	close(p[0]);
	make(0);
	close(p[0]);
	eq(events(p[1], POLLOUT), POLLOUT | POLLERR, "without readers: writable and in error");
	close(p[1]);
}

/* -- FIFOs ----------------------------------------------------------------------------------- */

static int open_writer(void *arg)
{
	int fd = open("fifo", O_WRONLY);

	need(fd >= 0 && write(fd, "via fifo", 8) == 8);
	return 0;
}

static void check_fifo(void)
{
	char got[16];
	int fd, again;
	pid_t pid;

	mkfifo("fifo", 0644);
	fails(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO,
	      "a writer without reader, non-blocking, is ENXIO");
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	ok(fd >= 0, "a reader, non-blocking, opens at once");
	eq(read(fd, got, 16), 0, "and reads end of file while there is no writer");
	again = open("fifo", O_WRONLY | O_NONBLOCK);
	ok(again >= 0, "now a writer opens");
	fails(read(fd, got, 16), EAGAIN, "and an empty read is EAGAIN");
	close(again);
	close(fd);
	pid = t_spawn(open_writer, NULL);
	usleep(20000);
	eq(waitpid(pid, NULL, WNOHANG), 0, "a blocking writer waits for a reader");
	fd = open("fifo", O_RDONLY);
	ok(fd >= 0, "whose open brings both together");
	eq(read(fd, got, 16), 8, "and the bytes arrive");
	t_wait(pid);
	eq(read(fd, got, 16), 0, "after which it is the end");
	close(fd);
	fd = open("fifo", O_RDWR);
	ok(fd >= 0, "O_RDWR opens without waiting");
	write(fd, "self", 4);
	eq(read(fd, got, 16), 4, "and talks to itself");
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "it cannot be sought");
	close(fd);
}

/* Many small packets in a ring of three processes. */
static int echo(void *arg)
{
	int *fds = arg;
	char c;

	close(fds[3]);
	while (read(fds[0], &c, 1) == 1) {
		c++;
		if (write(fds[1], &c, 1) != 1)
			return 1;
	}
	return 0;
}

static void check_ping_pong(void)
{
	int there[2], back[2], fds[4], wrong = 0;
	char c = 0, d;
	pid_t pid;

	t_must(pipe(there) == 0 && pipe(back) == 0);
	fds[0] = there[0];
	fds[1] = back[1];
	fds[3] = there[1];
	pid = t_spawn(echo, fds);
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < 1000; i++) {
		write(there[1], &c, 1);
		wrong += read(back[0], &d, 1) != 1 || d != (char)(c + 1);
		c = d;
	}
	eq(wrong, 0, "a thousand round trips between two processes");
	close(there[1]);
	eq(t_wait(pid), 0, "and the other sees the end");
	close(back[0]);
}

static void put(const char *name, unsigned value)
{
	char path[64], text[16];
	int fd, len = snprintf(text, sizeof(text), "%u\n", value);

	snprintf(path, sizeof(path), "/proc/sys/fs/pipe-user-pages-%s", name);
	fd = open(path, O_WRONLY);
	t_must(fd >= 0 && write(fd, text, (size_t)len) == len);
	close(fd);
}

/* With a soft limit of 40 pages. */
static int above_soft(void *arg)
{
	int a[2], b[2], c[2];

	(void)arg;
	need(setresuid(54321, 54321, 54321) == 0);
	need(pipe(a) == 0 && pipe(b) == 0 && pipe(c) == 0);
	need(fcntl(a[0], F_GETPIPE_SZ) == 65536 && fcntl(b[0], F_GETPIPE_SZ) == 65536);
	need(fcntl(c[0], F_GETPIPE_SZ) == 8192);
	need(fcntl(c[0], F_SETPIPE_SZ, 65536) == -1 && errno == EPERM);
	need(fcntl(c[0], F_SETPIPE_SZ, 4096) == 4096);
	need(fcntl(c[0], F_SETPIPE_SZ, 32768) == 32768);
	close(a[0]);
	close(a[1]);
	need(fcntl(c[0], F_SETPIPE_SZ, 65536) == 65536);
	return 0;
}

/* With a hard limit of 40. */
static int above_hard(void *arg)
{
	int a[2], b[2], c[2];

	(void)arg;
	need(setresuid(54321, 54321, 54321) == 0);
	need(pipe(a) == 0 && pipe(b) == 0);
	need(pipe(c) == -1 && errno == ENFILE);
	need(fcntl(a[0], F_SETPIPE_SZ, 131072) == -1 && errno == EPERM);
	need(fcntl(a[0], F_SETPIPE_SZ, 32768) == 32768);
	need(pipe(c) == 0);
	return 0;
}

static int root_above(void *arg)
{
	int a[2], b[2], c[2];

	(void)arg;
	need(pipe(a) == 0 && pipe(b) == 0 && pipe(c) == 0);
	need(fcntl(c[0], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
	return 0;
}

static void check_user_limits(void)
{
	eq(t_field("/proc/sys/fs/pipe-user-pages-soft", ""), 16384, "pipe-user-pages-soft");
	eq(t_field("/proc/sys/fs/pipe-user-pages-hard", ""), 0, "pipe-user-pages-hard");
	put("soft", 40);
	passes(above_soft,
	       "a user's pipes above the soft limit have two pages, and do not grow: EPERM");
	put("soft", 0);
	put("hard", 40);
	passes(above_hard, "above the hard limit there are none: ENFILE");
	passes(root_above, "root has as many as he likes");
	put("hard", 0);
	put("soft", 16384);
}

int main(void)
{
	t_tmpdir();
	check_basic();
	check_broken();
	check_capacity();
	passes(too_large, "a user may have 1 MB in a pipe, not 2: EPERM");
	check_blocking();
	check_atomic();
	check_poll();
	check_fifo();
	check_ping_pong();
	check_user_limits();
	return t_done();
}
