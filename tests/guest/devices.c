/*
 * devices - the memory devices and the log: null(4), zero(4), full(4), random(4), kmsg, syslog(2),
 * mem(4).
 */
#include "t.h"
#include <poll.h>
#include <sys/klog.h>
#include <sys/sysmacros.h>

static char buf[8192];

static const struct {
	const char *path;
	unsigned major, minor;
	mode_t mode;
} nodes[] = {
	{"/dev/null", 1, 3, 0666},   {"/dev/zero", 1, 5, 0666},    {"/dev/full", 1, 7, 0666},
	{"/dev/random", 1, 8, 0666}, {"/dev/urandom", 1, 9, 0666}, {"/dev/kmsg", 1, 11, 0644},
	{"/dev/tty", 5, 0, 0666},    {"/dev/console", 5, 1, 0600}, {"/dev/ptmx", 5, 2, 0666},
};

static void check_nodes(void)
{
	struct stat st;

	for (unsigned i = 0; i < T_COUNT(nodes); i++) {
		memset(&st, 0, sizeof(st));
		stat(nodes[i].path, &st);
		ok(S_ISCHR(st.st_mode) && st.st_rdev == makedev(nodes[i].major, nodes[i].minor),
		   "%s is the character device %u:%u", nodes[i].path, nodes[i].major,
		   nodes[i].minor);
		eq(st.st_mode & 0777, nodes[i].mode, "%s has mode %04o", nodes[i].path,
		   nodes[i].mode);
	}
}

static bool all(int value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != value)
			return false;
	return true;
}

static void check_null(void)
{
	int fd = open("/dev/null", O_RDWR);

	eq(read(fd, buf, 100), 0, "/dev/null reads as the end");
	eq(write(fd, buf, 5000), 5000, "and swallows everything");
	eq(lseek(fd, 1000, SEEK_SET), 0, "seeking it stays at 0");
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	poll(&p, 1, 0);
	eq(p.revents, POLLIN | POLLOUT, "it is always ready");
	fails_p(mmap(NULL, T_PAGE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV,
		"it cannot be mapped: ENODEV");
	close(fd);
	fd = open("/dev/null", O_RDWR | O_TRUNC | O_CREAT, 0644);
	ok(fd >= 0, "O_TRUNC and O_CREAT do not hurt it");
	close(fd);
}

static void check_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p;

	memset(buf, 1, sizeof(buf));
	eq(read(fd, buf, sizeof(buf)), sizeof(buf), "/dev/zero reads as much as asked");
	ok(all(0, sizeof(buf)), "of zeros");
	eq(write(fd, buf, 100), 100, "and swallows everything");
	p = mmap(NULL, 2 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(p != MAP_FAILED && p[0] == 0 && p[2 * T_PAGE - 1] == 0,
	   "mapped private it is anonymous memory");
	p[0] = 5;
	eq(p[0], 5, "which can be written");
	munmap(p, 2 * T_PAGE);
	p = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED, "it can be mapped shared");
	pid_t pid = fork();
	if (pid == 0) {
		p[0] = 9;
		_exit(0);
	}
	t_wait(pid);
	eq(p[0], 9, "and is shared over fork");
	munmap(p, T_PAGE);
	close(fd);
}

static void check_full(void)
{
	int fd = open("/dev/full", O_RDWR);

	eq(read(fd, buf, 100), 100, "/dev/full reads as zeros");
	fails(write(fd, buf, 1), ENOSPC, "and writing it is ENOSPC");
	close(fd);
}

/* No statistics: only that it is not constant, and differs. */
static void check_random(void)
{
	static char other[8192];
	int fd = open("/dev/urandom", O_RDONLY), ones = 0;

	eq(read(fd, buf, sizeof(buf)), sizeof(buf), "/dev/urandom reads as much as asked");
	read(fd, other, sizeof(other));
	ok(memcmp(buf, other, sizeof(buf)) != 0, "and never the same");
	for (unsigned i = 0; i < sizeof(buf); i++)
		ones += __builtin_popcount((unsigned char)buf[i]);
	ok(ones > 32768 - 1000 && ones < 32768 + 1000,
	   "half of its 65536 bits are ones, give or take 1000");
	close(fd);
	fd = open("/dev/random", O_RDONLY | O_NONBLOCK);
	int n = read(fd, buf, 16);
	ok(n == 16 || (n == -1 && errno == EAGAIN), "/dev/random reads, or is not ready");
	close(fd);
	fd = open("/dev/urandom", O_WRONLY);
	eq(write(fd, buf, 16), 16, "whoever may write stirs it");
	close(fd);
}

/* -- the log --------------------------------------------------------------------------------- */

static bool log_has(const char *text)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), n;
	bool found = false;

	while ((n = read(fd, buf, sizeof(buf) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		buf[n] = 0;
		found |= strstr(buf, text) != NULL;
	}
	close(fd);
	return found;
}

static void check_kmsg(void)
{
	unsigned level;
	unsigned long long seq, usec, seq2;
	char mark[64], *text;
	int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK), n;

	t_must(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	ok(n > 0, "/dev/kmsg gives a record");
	buf[n > 0 ? n : 0] = 0;
	ok(sscanf(buf, "%u,%llu,%llu,", &level, &seq, &usec) == 3, "level,sequence,microseconds");
	text = strchr(buf, ';');
	ok(text != NULL && strchr(text, '\n'), "then a semicolon, the text, a newline");
	n = read(fd, buf, sizeof(buf) - 1);
	ok(n > 0 && sscanf(buf, "%u,%llu", &level, &seq2) == 2 && seq2 > seq,
	   "the next has a higher number");
	fails(read(fd, buf, 1), EINVAL, "a buffer too small for the record is EINVAL");
	eq(lseek(fd, 0, SEEK_END), 0, "SEEK_END goes behind the last");
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "where non-blocking is EAGAIN");
	snprintf(mark, sizeof(mark), "guest test %d was here", getpid());
	snprintf(buf, 100, "<6>%s\n", mark);
	eq(write(fd, buf, strlen(buf)), strlen(buf), "a record can be written");
	n = read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	if (!ok(n > 0 && strstr(buf, mark), "and read"))
		t_note("%d: %s", n, buf);
	ok(sscanf(buf, "%u,", &level) == 1 && (level & 7) == 6 && level >> 3 == 1,
	   "with its level, as the user's");
	eq(lseek(fd, 0, SEEK_SET), 0, "SEEK_SET goes to the first");
	ok(log_has(mark), "another reader finds it too");
	n = klogctl(3, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	ok(n > 0 && strstr(buf, mark), "syslog(2) READ_ALL has it");
	ok(klogctl(10, NULL, 0) >= n, "SIZE_BUFFER is at least what was read");
	fails(klogctl(99, NULL, 0), EINVAL, "an unknown command is EINVAL");
	fails(klogctl(3, NULL, 10), EINVAL, "NULL is EINVAL");
	close(fd);
}

static int user_log(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(open("/dev/kmsg", O_WRONLY) == -1 && errno == EACCES);
	need(klogctl(5, NULL, 0) == -1 && errno == EPERM);
	return 0;
}

static int restricted(void *arg)
{
	char buf[64];

	need(setresuid(1000, 1000, 1000) == 0);
	need(open("/dev/kmsg", O_RDONLY) == -1 && errno == EPERM);
	need(klogctl(3, buf, sizeof(buf)) == -1 && errno == EPERM);
	need(klogctl(10, NULL, 0) == -1 && errno == EPERM);
	return 0;
}

static int unrestricted(void *arg)
{
	char buf[64];

	need(setresuid(1000, 1000, 1000) == 0);
	need(open("/dev/kmsg", O_RDONLY | O_NONBLOCK) >= 0);
	need(klogctl(3, buf, sizeof(buf)) > 0);
	need(klogctl(10, NULL, 0) > 0);
	need(klogctl(2, buf, sizeof(buf)) == -1 && errno == EPERM);
	return 0;
}

static void check_restrict(void)
{
	int fd = open("/proc/sys/kernel/dmesg_restrict", O_RDWR);

	t_must(fd >= 0 && pwrite(fd, "1", 1, 0) == 1);
	exits(restricted, NULL, 0, "with dmesg_restrict 1, only the privileged read the log");
	t_must(pwrite(fd, "0", 1, 0) == 1);
	exits(unrestricted, NULL, 0, "with 0, everybody, but without taking anything away");
	t_must(pwrite(fd, "1", 1, 0) == 1);
	close(fd);
}

static void check_misc(void)
{
	int fd = open("/dev/null", O_RDONLY);

	mknod("nodev", S_IFCHR | 0600, makedev(250, 77));
	fails(open("nodev", O_RDWR), ENXIO, "a device nobody drives is ENXIO");
	mknod("noblk", S_IFBLK | 0600, makedev(250, 77));
	fails(open("noblk", O_RDWR), ENXIO, "also a block device");
	mknod("mynull", S_IFCHR | 0600, makedev(1, 3));
	int own = open("mynull", O_RDWR);
	eq(write(own, "x", 1), 1, "a node made elsewhere is the same device");
	fails(ftruncate(own, 0), EINVAL, "ftruncate of a device is EINVAL");
	close(own);
	close(fd);
}

int main(void)
{
	t_tmpdir_in("/");
	umask(0);
	check_nodes();
	check_null();
	check_zero();
	check_full();
	check_random();
	check_kmsg();
	check_restrict();
	passes(user_log, "a user may neither write nor clear the log");
	check_misc();
	return t_done();
}
