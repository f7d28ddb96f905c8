/*
 * mqueue - POSIX message queues: mq_overview(7), mq_open(3), mq_send(3), mq_receive(3),
 * mq_notify(3), mq_getattr(3), mq_unlink(3).
 */
#include "t.h"
#include <mqueue.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/vfs.h>

#define NOBODY 65534
#define NAME "/t_mqueue"

static mqd_t fresh(long count, long size, int flags)
{
	struct mq_attr attr = {.mq_maxmsg = count, .mq_msgsize = size};
	mqd_t q;

	mq_unlink(NAME);
	q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &attr);
	t_must(q >= 0);
	return q;
}

static void drop(mqd_t q)
{
	mq_close(q);
	mq_unlink(NAME);
}

static int open_with(long count, long size)
{
	struct mq_attr attr = {.mq_maxmsg = count, .mq_msgsize = size};
	mqd_t q = mq_open(NAME, O_RDWR | O_CREAT, 0600, &attr);

	if (q >= 0)
		drop(q);
	return q < 0 ? -errno : 0;
}

#define open_err(...) \
	({ \
		mqd_t q_ = mq_open(__VA_ARGS__); \
		int err_ = q_ < 0 ? errno : 0; \
		if (q_ >= 0) \
			mq_close(q_); \
		err_; \
	})

static void check_names(void)
{
	static char longest[300];
	struct mq_attr attr;
	struct stat st;
	mqd_t q, again;

	eq(open_err(NAME, O_RDWR), ENOENT, "there is no such queue");
	eq(mq_unlink(NAME) ? errno : 0, ENOENT, "... to be removed either");
	q = mq_open(NAME, O_RDWR | O_CREAT, 0640, NULL);
	ok(q >= 0, "O_CREAT makes one");
	ok(fcntl(q, F_GETFD) == FD_CLOEXEC, "its descriptor is closed by exec");
	eq(mq_getattr(q, &attr), 0, "mq_getattr");
	ok(attr.mq_maxmsg == 10 && attr.mq_msgsize == 8192 && !attr.mq_curmsgs && !attr.mq_flags,
	   "10 messages of 8192 bytes");
	ok(!fstat(q, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0640 && st.st_size == 80,
	   "it is a file, of mode 0640 and 80 bytes");
	eq(open_err(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST, "O_EXCL: it exists");
	eq(open_err(NAME, O_RDWR | O_CREAT, 0600, &(struct mq_attr){.mq_maxmsg = -1}), 0,
	   "the attributes of one that exists don't matter");
	eq(open_err(NAME, 3), EINVAL, "access mode 3");
	again = mq_open(NAME, O_RDONLY);
	ok(again >= 0, "it can be opened again");
	eq(mq_unlink(NAME), 0, "its name can go");
	eq(open_err(NAME, O_RDWR), ENOENT, "then it can't be opened");
	eq(mq_send(q, "x", 1, 0), 0, "but it goes on");
	{
		char buf[8192];

		eq(mq_receive(again, buf, sizeof(buf), NULL), 1, "for all who have it");
	}
	mq_close(q);
	mq_close(again);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[0] = '/';
	eq(open_err(longest, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG, "a name of 298 bytes");
	longest[256] = '\0';
	q = mq_open(longest, O_RDWR | O_CREAT, 0600, NULL);
	ok(q >= 0 && !mq_close(q) && !mq_unlink(longest), "255 bytes are not too long");
	eq(syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL) < 0 ? errno : 0, EACCES,
	   "a slash in the name");
	eq(syscall(SYS_mq_open, "..", O_RDWR | O_CREAT, 0600, NULL) < 0 ? errno : 0, EACCES, "..");
	eq(syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL) < 0 ? errno : 0, ENOENT,
	   "no name");
	eq(syscall(SYS_mq_open, (void *)8, O_RDWR, 0, NULL) < 0 ? errno : 0, EFAULT,
	   "a name that can't be read");
	eq(syscall(SYS_mq_open, "x", O_RDWR | O_CREAT, 0, (void *)8) < 0 ? errno : 0, EFAULT,
	   "attributes that can't");
	q = mq_open(NAME, O_RDWR | O_CREAT, 0, NULL);
	ok(q >= 0, "who makes one may use it, whatever its mode");
	drop(q);
}

static int as_nobody(void *arg)
{
	struct mq_attr attr = {.mq_maxmsg = 10, .mq_msgsize = 8192};
	struct rlimit limit = {10 * (8192 + 24 + 24) + 500, 819200};
	mqd_t q;

	(void)arg;
	need(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	need(open_err(NAME, O_RDONLY) == EACCES);
	need(open_err(NAME, O_WRONLY) == 0);
	need(syscall(SYS_mq_unlink, NAME + 1) < 0 && errno == EPERM);
	attr.mq_maxmsg = 11;
	need(open_err("/t_other", O_RDWR | O_CREAT, 0600, &attr) == EINVAL);
	attr = (struct mq_attr){.mq_maxmsg = 10, .mq_msgsize = 8193};
	need(open_err("/t_other", O_RDWR | O_CREAT, 0600, &attr) == EINVAL);
	need(setrlimit(RLIMIT_MSGQUEUE, &limit) == 0);
	attr.mq_msgsize = 8192;
	q = mq_open("/t_other", O_RDWR | O_CREAT, 0600, &attr);
	need(q >= 0);
	need(open_err("/t_third", O_RDWR | O_CREAT, 0600, &attr) == EMFILE);
	attr = (struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 452};
	need(open_err("/t_third", O_RDWR | O_CREAT, 0600, &attr) == 0);
	need(mq_unlink("/t_third") == 0);
	attr.mq_msgsize = 453;
	need(open_err("/t_third", O_RDWR | O_CREAT, 0600, &attr) == EMFILE);
	need(mq_unlink("/t_other") == 0);
	need(open_err("/t_third", O_RDWR | O_CREAT, 0600, &attr) == EMFILE);
	need(mq_close(q) == 0);
	need(open_err("/t_third", O_RDWR | O_CREAT, 0600, &attr) == 0);
	need(mq_unlink("/t_third") == 0);
	return 0;
}

static void check_limits(void)
{
	mqd_t q;

	eq(open_with(0, 1), -EINVAL, "room for no message");
	eq(open_with(1, 0), -EINVAL, "or for none of any length");
	eq(open_with(-1, 1), -EINVAL, "or for less");
	eq(open_with(65537, 1), -EINVAL, "more than 65536 messages");
	eq(open_with(1, (16 << 20) + 1), -EINVAL, "a message of more than 16 MB");
	eq(open_with(65536, 16 << 20), -EOVERFLOW, "more than there are addresses");
	eq(open_with(100, 8192), -EMFILE, "root too has a limit of bytes");
	eq(open_with(11, 8192), 0, "but none of msg_max");
	umask(0);
	q = mq_open(NAME, O_RDWR | O_CREAT, 0622, NULL);
	passes(as_nobody, "permissions, msg_max, msgsize_max and RLIMIT_MSGQUEUE hold for others");
	drop(q);
	umask(022);
}

static void check_order(void)
{
	static const struct {
		unsigned prio;
		const char *text;
	} sent[] = {{1, "b"}, {5, "first"}, {1, "c"}, {5, "second"}, {0, ""}, {32767, "urgent"}};
	static const char *const order[] = {"urgent", "first", "second", "b", "c", ""};
	mqd_t q = fresh(10, 16, O_NONBLOCK);
	struct mq_attr attr;
	char buf[16];
	unsigned prio;

	for (unsigned i = 0; i < T_COUNT(sent); i++)
		eq(mq_send(q, sent[i].text, strlen(sent[i].text), sent[i].prio), 0, "send '%s'",
		   sent[i].text);
	mq_getattr(q, &attr);
	ok(attr.mq_curmsgs == T_COUNT(sent) && attr.mq_flags == O_NONBLOCK, "mq_curmsgs, mq_flags");
	for (unsigned i = 0; i < T_COUNT(order); i++) {
		ssize_t n = mq_receive(q, buf, sizeof(buf), &prio);

		ok(n == (ssize_t)strlen(order[i]) && !memcmp(buf, order[i], n), "receive '%s'",
		   order[i]);
	}
	eq(prio, 0, "the last one's priority");
	eq(mq_receive(q, buf, sizeof(buf), NULL) < 0 ? errno : 0, EAGAIN, "empty");
	eq(mq_send(q, "x", 1, 32768) ? errno : 0, EINVAL, "priority 32768");
	eq(mq_send(q, "12345678901234567", 17, 0) ? errno : 0, EMSGSIZE, "longer than mq_msgsize");
	eq(mq_receive(q, buf, 15, NULL) < 0 ? errno : 0, EMSGSIZE, "a buffer shorter than that");
	for (int i = 0; i < 10; i++)
		mq_send(q, "x", 1, 0);
	eq(mq_send(q, "x", 1, 0) ? errno : 0, EAGAIN, "full");
	eq(syscall(SYS_mq_timedreceive, q, (void *)8, 16, NULL, NULL) < 0 ? errno : 0, EFAULT,
	   "a buffer that can't be written");
	mq_getattr(q, &attr);
	eq(attr.mq_curmsgs, 9, "its message is gone");
	eq(syscall(SYS_mq_timedsend, q, (void *)8, 4, 0, NULL) ? errno : 0, EFAULT,
	   "a text that can't be read");
	drop(q);
}

static void check_descriptors(void)
{
	mqd_t q = fresh(2, 16, 0), reader = mq_open(NAME, O_RDONLY),
	      writer = mq_open(NAME, O_WRONLY);
	struct mq_attr attr = {.mq_flags = O_NONBLOCK}, old;
	struct pollfd p = {q, POLLIN | POLLOUT, 0};
	char buf[100];

	eq(mq_send(reader, "x", 1, 0) ? errno : 0, EBADF, "send where one may only read");
	eq(mq_receive(writer, buf, 16, NULL) < 0 ? errno : 0, EBADF,
	   "receive from what is for writing");
	eq(mq_send(0, "x", 1, 0) ? errno : 0, EBADF, "no queue at all");
	eq(mq_send(999, "x", 1, 0) ? errno : 0, EBADF, "nor a file");
	eq(mq_getattr(0, &attr) ? errno : 0, EBADF, "mq_getattr of another file");
	attr = (struct mq_attr){.mq_flags = O_NONBLOCK};
	eq(mq_setattr(q, &attr, &old), 0, "mq_setattr sets O_NONBLOCK");
	eq(old.mq_flags, 0, "and says what was");
	eq(mq_receive(q, buf, 16, NULL) < 0 ? errno : 0, EAGAIN, "then nothing waits");
	ok(fcntl(q, F_GETFL) & O_NONBLOCK, "fcntl sees it too");
	attr.mq_flags = O_APPEND;
	eq(mq_setattr(q, &attr, NULL) ? errno : 0, EINVAL, "other flags can't be set");
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "poll: there is room");
	mq_send(q, "ab", 2, 0);
	ok(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT), "a message, and room");
	mq_send(q, "cde", 3, 0);
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "no more room");
	memset(buf, 0, sizeof(buf));
	ok(read(q, buf, sizeof(buf)) > 0, "read(2) gives a line");
	ok(strcmp(buf, "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n") == 0,
	   "about the queue");
	eq(read(q, buf, sizeof(buf)), 0, "then the end");
	eq(write(q, "x", 1) < 0 ? errno : 0, EINVAL, "write(2) does not go");
	mq_close(reader);
	mq_close(writer);
	drop(q);
}

/* ---- waiting ---- */

static struct timespec in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static volatile int caught;
static siginfo_t info;

static void on_signal(int sig, siginfo_t *si, void *context)
{
	(void)context;
	info = *si;
	caught = sig;
}

static void catch (int sig)
{
	struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	t_must(sigaction(sig, &act, NULL) == 0);
}

static pid_t start(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(arg));
	return pid;
}

static int sender(void *arg)
{
	mqd_t q = *(mqd_t *)arg;

	need(mq_send(q, "1", 1, 0) == 0);
	need(mq_send(q, "2", 1, 0) == 0);
	need(mq_send(q, "3", 1, 9) == 0);
	return 0;
}

static void check_waiting(void)
{
	mqd_t q = fresh(1, 16, 0);
	struct timespec past = {1, 0}, soon;
	long bad[2] = {1, 1000000000};
	char buf[16] = "";
	pid_t pid;

	eq(mq_timedreceive(q, buf, 16, NULL, &past) < 0 ? errno : 0, ETIMEDOUT,
	   "a time that is over");
	eq(syscall(SYS_mq_timedreceive, q, buf, 16, NULL, bad) < 0 ? errno : 0, EINVAL,
	   "a second of nanoseconds");
	eq(syscall(SYS_mq_timedreceive, q, buf, 16, NULL, (void *)8) < 0 ? errno : 0, EFAULT,
	   "a time that can't be read");
	soon = in_ms(20);
	eq(mq_timedreceive(q, buf, 16, NULL, &soon) < 0 ? errno : 0, ETIMEDOUT,
	   "nothing came in 20 ms");
	eq(mq_timedsend(q, "x", 1, 0, &past), 0,
	   "a time that is over does not matter where there is room");
	soon = in_ms(20);
	eq(mq_timedsend(q, "x", 1, 0, &soon) ? errno : 0, ETIMEDOUT, "no room came in 20 ms");
	eq(mq_receive(q, buf, 16, NULL), 1, "the first one is there");
	pid = start(sender, &q);
	for (char c = '1'; c <= '3'; c++)
		ok(mq_receive(q, buf, 16, NULL) == 1 && buf[0] == c,
		   "message %c of a sender that waits", c);
	eq(t_wait(pid), 0, "which ends then");
	catch (SIGALRM);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL);
	eq(mq_receive(q, buf, 16, NULL) < 0 ? errno : 0, EINTR, "a signal ends the waiting");
	drop(q);
}

/* ---- notification ---- */

static int busy(void *arg)
{
	mqd_t q = *(mqd_t *)arg;
	struct sigevent event = {.sigev_notify = SIGEV_NONE};

	need(mq_notify(q, &event) < 0 && errno == EBUSY);
	need(mq_notify(q, NULL) == 0); /* not its own */
	need(mq_send(q, "x", 1, 0) == 0);
	return 0;
}

static void check_notify(void)
{
	mqd_t q = fresh(4, 16, 0), second = mq_open(NAME, O_RDONLY);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	char buf[100] = "", want[100];
	pid_t pid;

	event.sigev_value.sival_int = 4711;
	catch (SIGUSR1);
	eq(mq_notify(q, &event), 0, "mq_notify");
	snprintf(want, sizeof(want), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 0,
		 SIGEV_SIGNAL, SIGUSR1, getpid());
	t_must(read(q, buf, sizeof(buf)) > 0);
	ok(strcmp(buf, want) == 0, "it shows in the file");
	eq(mq_notify(q, &event) ? errno : 0, EBUSY, "once only");
	pid = start(busy, &q);
	eq(t_wait(pid), 0, "not for another process either");
	ok(t_until(caught == SIGUSR1), "its message sends the signal");
	ok(info.si_code == SI_MESGQ && info.si_value.sival_int == 4711 && info.si_pid == pid &&
		   info.si_uid == getuid(),
	   "SI_MESGQ, with the value, and who sent the message");
	caught = 0;
	eq(mq_notify(q, &event), 0, "again");
	mq_send(q, "y", 1, 0);
	eq(caught, 0, "no signal where there was a message already");
	mq_receive(q, buf, 16, NULL);
	mq_receive(q, buf, 16, NULL);
	mq_send(q, "y", 1, 0);
	eq(caught, SIGUSR1, "but when the queue was empty");
	caught = 0;
	mq_receive(q, buf, 16, NULL);
	mq_send(q, "y", 1, 0);
	eq(caught, 0, "and only once");
	mq_receive(q, buf, 16, NULL);
	eq(mq_notify(q, &event), 0, "a new wish");
	eq(mq_notify(q, NULL), 0, "taken back");
	mq_send(q, "y", 1, 0);
	eq(caught, 0, "there is no signal");
	mq_receive(q, buf, 16, NULL);
	mq_notify(q, &event);
	mq_close(second);
	mq_send(q, "y", 1, 0);
	eq(caught, 0, "closing any descriptor of the queue takes it back too");
	event.sigev_signo = 65;
	eq(mq_notify(q, &event) ? errno : 0, EINVAL, "signal 65");
	event.sigev_notify = 77;
	eq(mq_notify(q, &event) ? errno : 0, EINVAL, "an unknown way to be told");
	eq(mq_notify(0, NULL) ? errno : 0, EBADF, "no queue");
	event.sigev_notify = SIGEV_THREAD;
	event.sigev_signo = 999;
	eq(syscall(SYS_mq_notify, q, &event) ? errno : 0, EFAULT, "SIGEV_THREAD without a cookie");
	event.sigev_value.sival_ptr = buf;
	eq(syscall(SYS_mq_notify, q, &event) ? errno : 0, EBADF, "without a socket");
	event.sigev_signo = q;
	eq(syscall(SYS_mq_notify, q, &event) ? errno : 0, ENOTSOCK, "with another file");
	event.sigev_signo = socket(AF_UNIX, SOCK_DGRAM, 0);
	eq(syscall(SYS_mq_notify, q, &event) ? errno : 0, EINVAL, "with another socket");
	close(event.sigev_signo);
	drop(q);
}

/* ---- the file system ---- */

static void check_file_system(void)
{
	mqd_t q = fresh(4, 16, 0);
	struct statfs st;
	char text[16];
	int fd;

	mkdir("mq", 0755);
	if (!ok(mount("none", "mq", "mqueue", 0, NULL) == 0, "mqueue can be mounted"))
		return;
	ok(!statfs("mq", &st) && st.f_type == 0x19800202, "its magic number");
	ok(access("mq" NAME, F_OK) == 0, "the queue is a file there");
	eq(mkdir("mq/dir", 0755) ? errno : 0, EPERM, "there are no directories");
	fd = open("mq/t_made", O_RDWR | O_CREAT, 0600);
	ok(fd >= 0, "open(2) makes a queue");
	mq_close(q);
	q = mq_open("/t_made", O_RDWR);
	ok(q >= 0 && mq_send(q, "x", 1, 0) == 0, "which mq_open finds");
	eq(unlink("mq/t_made"), 0, "unlink(2) removes it");
	eq(open_err("/t_made", O_RDWR), ENOENT, "also for mq_open");
	eq(mq_unlink(NAME), 0, "mq_unlink");
	ok(access("mq" NAME, F_OK) < 0 && errno == ENOENT, "also there");
	mq_close(q);
	close(fd);
	eq(umount("mq"), 0, "umount");
	ok(t_slurp("/proc/sys/fs/mqueue/msg_max", text, sizeof(text)) > 0 && atoi(text) == 10,
	   "the limits are in /proc/sys/fs/mqueue");
}

int main(void)
{
	t_tmpdir();
	check_names();
	check_limits();
	check_order();
	check_descriptors();
	check_waiting();
	check_notify();
	check_file_system();
	return t_done();
}
