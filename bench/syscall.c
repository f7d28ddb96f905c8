/* The way into the kernel and back, and the shortest calls that do something. */
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define NAME "/tmp/f"

static unsigned long vdso_gate;
static int fd;

static u64 run_int80(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		long result;

		__asm__ volatile("int $0x80" : "=a"(result) : "0"(SYS_getppid) : "memory");
	}
	return clock_since(begin);
}

static bool setup_gate(long arg)
{
	(void)arg;
	vdso_gate = getauxval(AT_SYSINFO);
	return vdso_gate != 0;
}

static u64 run_gate(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		long result;

		__asm__ volatile("call *%2"
				 : "=a"(result)
				 : "0"(SYS_getppid), "rm"(vdso_gate)
				 : "memory", "cc");
	}
	return clock_since(begin);
}

static u64 run_clock(long n, long arg)
{
	u64 begin = clock_now();
	struct timespec ts;

	(void)arg;
	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return clock_since(begin);
}

static bool open_zero(long arg)
{
	(void)arg;
	fd = open("/dev/zero", O_RDONLY);
	return fd >= 0;
}

static u64 run_read(long n, long size)
{
	static char buf[4096];
	u64 begin = clock_now();

	while (n--)
		(void)!read(fd, buf, (size_t)size);
	return clock_since(begin);
}

static bool open_null(long arg)
{
	(void)arg;
	fd = open("/dev/null", O_WRONLY);
	return fd >= 0;
}

static u64 run_write(long n, long size)
{
	static const char buf[4096];
	u64 begin = clock_now();

	while (n--)
		(void)!write(fd, buf, (size_t)size);
	return clock_since(begin);
}

static bool make_file(long arg)
{
	(void)arg;
	fd = open(NAME, O_RDWR | O_CREAT, 0600);
	return fd >= 0 && !close(fd);
}

static void remove_file(long arg)
{
	(void)arg;
	unlink(NAME);
}

static u64 run_stat(long n, long arg)
{
	u64 begin = clock_now();
	struct stat st;

	(void)arg;
	while (n--)
		stat(NAME, &st);
	return clock_since(begin);
}

static u64 run_open(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--)
		close(open(NAME, O_RDONLY));
	return clock_since(begin);
}

static void on_signal(int number)
{
	(void)number;
}

static bool setup_signal(long arg)
{
	(void)arg;
	return signal(SIGUSR1, on_signal) != SIG_ERR;
}

static u64 run_signal(long n, long arg)
{
	pid_t self = getpid();
	u64 begin = clock_now();

	(void)arg;
	while (n--)
		kill(self, SIGUSR1);
	return clock_since(begin);
}

const struct row syscall_rows[] = {
	{.name = "null-int80", .what = "getppid by int 0x80", .run = run_int80},
	{.name = "null-vdso",
	 .what = "getppid by the vDSO's gate (sysenter)",
	 .setup = setup_gate,
	 .run = run_gate},
	{.name = "clock", .what = "clock_gettime(CLOCK_MONOTONIC)", .run = run_clock},
	{.name = "read-zero",
	 .what = "read of 1 byte of /dev/zero",
	 .setup = open_zero,
	 .run = run_read,
	 .arg = 1},
	{.name = "write-null",
	 .what = "write of 1 byte to /dev/null",
	 .setup = open_null,
	 .run = run_write,
	 .arg = 1},
	{.name = "stat",
	 .what = "stat of a short path",
	 .setup = make_file,
	 .run = run_stat,
	 .teardown = remove_file},
	{.name = "open-close",
	 .what = "open and close of a short path",
	 .setup = make_file,
	 .run = run_open,
	 .teardown = remove_file},
	{.name = "signal",
	 .what = "kill of oneself: delivery, handler, return",
	 .setup = setup_signal,
	 .run = run_signal},
	{},
};
