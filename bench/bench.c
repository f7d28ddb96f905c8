/*
 * The benchmark: one ordinary static i386 program for Isthmus and for Linux. As PID 1 it makes
 * itself at home, reads /bench.job and powers the machine off at the end; otherwise it takes
 * its arguments.
 *
 *     bench [-t] [-n COUNT] [ROW...]     -t: time by the TSC, which counts nanoseconds under QEMU's -icount;
 *                                        -n: of each row just COUNT operations, for a profile
 *     bench [-t] curves [ROW...]         rows that have sizes, with each of them, as ROW@SIZE
 *     bench kmap CPUS, bench cpus CPUS, bench tasks     kmap.c, cpus.c, tasks.c
 *
 * It prints lines of tab-separated fields that begin with BENCH: row, figure for one
 * operation, operations a round. Each row runs in a process of its own, so that none finds
 * what another left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 5
#define ENOUGH_TSC 300000ULL /* a round of so many instructions averages the timer interrupts out */
#define ENOUGH_NS 20000000ULL   /* a round of so many nanoseconds, where they are the host's */
#define LONG_ENOUGH 40000000ULL /* a round that took so long is not repeated */

static const struct row *const families[] = {
	boot_rows,    memory_rows,  fault_rows, area_rows,
	syscall_rows, process_rows, ipc_rows,   file_rows,
};

u64 tsc_at_init;
static bool use_tsc;
static long fixed_count;
static u64 clock_cost;

static u64 read_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

u64 clock_now(void)
{
	struct timespec ts;

	if (use_tsc)
		return read_tsc();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

u64 clock_since(u64 begin)
{
	u64 passed = clock_now() - begin;

	return passed > clock_cost ? passed - clock_cost : 0;
}

static void measure_clock(void)
{
	u64 least = ~0ULL;

	clock_cost = 0;
	for (int i = 0; i < 100; i++) {
		u64 passed = clock_since(clock_now());

		least = passed < least ? passed : least;
	}
	clock_cost = least;
}

void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(1, line, (size_t)n) != n)
		_exit(1);
	/* Else the serial line's interrupts fall into the next row. */
	tcdrain(1);
}

void give_up(const char *what)
{
	say("BENCH\tskip\t%s: %s\n", what, strerror(errno));
	_exit(2);
}

void need(bool condition, const char *what)
{
	if (!condition)
		give_up(what);
}

char *map_small(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED, "mmap");
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

void touch(char *p, long pages)
{
	for (volatile char *at = p; pages--; at += PAGE)
		*at = 1;
}

/* ---- a row ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* How many operations a round must have. *took: of the last round tried. */
static long calibrate(const struct row *row, u64 *took)
{
	u64 enough = use_tsc ? ENOUGH_TSC : ENOUGH_NS;
	long n = row->step ? row->step : 1;

	for (;;) {
		*took = row->run(n, row->arg);
		if (*took >= enough || (row->most && n * 2 > row->most))
			return n;
		/*
		 * The first rounds pay for what is used for the first time: no leap on their word.
		 */
		n *= 2;
	}
}

static void measure(const struct row *row)
{
	double figures[ROUNDS];
	int rounds = 1;
	u64 took;
	long n;

	need(!row->setup || row->setup(row->arg), row->name);
	if (fixed_count) {
		row->run(fixed_count, row->arg);
		return;
	}
	n = calibrate(row, &took);
	figures[0] = (double)took / (double)n;
	if (took < LONG_ENOUGH)
		for (rounds = 0; rounds < ROUNDS; rounds++)
			figures[rounds] = (double)row->run(n, row->arg) / (double)n;
	qsort(figures, (size_t)rounds, sizeof(*figures), compare);
	if (row->teardown)
		row->teardown(row->arg);
	say("BENCH\trow\t%s\t%.2f\t%ld\n", row->name, figures[rounds / 2], n);
}

static void run_row(const struct row *row)
{
	int status;
	pid_t pid;

	if (row->value) {
		say("BENCH\trow\t%s\t%llu\t1\n", row->name, row->value());
		return;
	}
	say("BENCH\tstart\t%s\n", row->name);
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		measure(row);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status)
		say("BENCH\tnone\t%s\t%x\n", row->name, status);
}

static void list_row(const struct row *row)
{
	say("BENCH\tinfo\t%s\t%s\t%s\n", row->name, row->unit ? row->unit : "", row->what);
}

/* A row with each of its sizes. */
static void run_curve(const struct row *row)
{
	struct row point = *row;
	char name[48];

	for (const long *size = row->sizes; size && *size; size++) {
		snprintf(name, sizeof(name), "%s@%ld", row->name, *size);
		point.name = name;
		point.arg = *size;
		point.step = row->step == row->arg ? *size : row->step;
		point.most = row->most == row->arg ? *size : row->most;
		run_row(&point);
	}
}

/* ---- the whole ---- */

static bool wanted(const struct row *row, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, row->name))
			return true;
	return false;
}

static void for_each_row(char **names, void (*visit)(const struct row *row))
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		for (const struct row *row = families[i]; row->name; row++)
			if (wanted(row, names))
				visit(row);
}

static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

	line[n < 0 ? 0 : n] = 0;
	line[strcspn(line, "\n")] = 0;
	close(fd);
}

/* What the kernel says of Meltdown; on a CPU without it, whether isolation is on all the same. */
static void read_isolation(char *text, size_t size)
{
	char cpuinfo[4096];
	int fd = open("/proc/cpuinfo", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, cpuinfo, sizeof(cpuinfo) - 1);

	cpuinfo[n < 0 ? 0 : n] = 0;
	close(fd);
	read_line("/sys/devices/system/cpu/vulnerabilities/meltdown", text, size);
	if (strstr(cpuinfo, " pti") && !strstr(text, "PTI"))
		strncat(text, ", PTI", size - strlen(text) - 1);
}

static void run_all(char **words)
{
	char isolation[64] = "";
	struct utsname name;

	if (*words && !strcmp(*words, "-t")) {
		use_tsc = true;
		words++;
	}
	if (*words && !strcmp(*words, "-n") && words[1]) {
		fixed_count = atol(words[1]);
		words += 2;
	}
	measure_clock();
	uname(&name);
	read_isolation(isolation, sizeof(isolation));
	say("BENCH\tsystem\t%s %s\t%s\n", name.sysname, name.release, isolation);
	if (*words && !strcmp(*words, "kmap") && words[1]) {
		run_kmap(atoi(words[1]));
	} else if (*words && !strcmp(*words, "cpus") && words[1]) {
		run_cpus(atoi(words[1]));
	} else if (*words && !strcmp(*words, "tasks")) {
		run_tasks();
	} else if (*words && !strcmp(*words, "curves")) {
		for_each_row(words + 1, run_curve);
	} else {
		for_each_row(words, list_row);
		for_each_row(words, run_row);
	}
	say("BENCH\tend\n");
}

static void make_home(void)
{
	/* Both systems may have some of these already. */
	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 01777);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
}

/* The words of /bench.job, one a line. */
static char **read_job(void)
{
	static char text[8192], *words[256];
	int fd = open("/bench.job", O_RDONLY), n = 0;

	need(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0, "/bench.job");
	close(fd);
	for (char *word = strtok(text, "\n"); word && n < 255; word = strtok(NULL, "\n"))
		words[n++] = word;
	return words;
}

int main(int argc, char **argv)
{
	tsc_at_init = read_tsc();
	(void)argc;
	if (getpid() != 1) {
		run_all(argv + 1);
		return 0;
	}
	make_home();
	run_all(read_job());
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
