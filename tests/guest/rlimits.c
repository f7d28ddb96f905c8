/*
 * rlimits - getrlimit(2), setrlimit(2), prlimit(2): the limits that are not held by another
 * family's test, who may raise them, what is inherited; getpriority(2), sched_setaffinity(2).
 */
#include "t.h"
#include <sys/prctl.h>
#include <sched.h>
#include <sys/resource.h>

static const struct {
	int resource;
	const char *name;
	bool unlimited; /* its default hard limit */
} limits[] = {
	{RLIMIT_CPU, "CPU", true},
	{RLIMIT_FSIZE, "FSIZE", true},
	{RLIMIT_DATA, "DATA", true},
	{RLIMIT_STACK, "STACK", true},
	{RLIMIT_CORE, "CORE", true},
	{RLIMIT_RSS, "RSS", true},
	{RLIMIT_NPROC, "NPROC", false},
	{RLIMIT_NOFILE, "NOFILE", false},
	{RLIMIT_MEMLOCK, "MEMLOCK", false},
	{RLIMIT_AS, "AS", true},
	{RLIMIT_LOCKS, "LOCKS", true},
	{RLIMIT_SIGPENDING, "SIGPENDING", false},
	{RLIMIT_MSGQUEUE, "MSGQUEUE", false},
	{RLIMIT_NICE, "NICE", false},
	{RLIMIT_RTPRIO, "RTPRIO", false},
	{15, "RTTIME", true},
};

static void check_defaults(void)
{
	struct rlimit r;

	for (unsigned i = 0; i < T_COUNT(limits); i++) {
		memset(&r, 0x55, sizeof(r));
		eq(getrlimit(limits[i].resource, &r), 0, "RLIMIT_%s can be read", limits[i].name);
		ok(r.rlim_cur <= r.rlim_max, "its soft limit is not above the hard one");
		eq(r.rlim_max == RLIM_INFINITY, limits[i].unlimited, "its hard limit is %s",
		   limits[i].unlimited ? "unlimited" : "a number");
	}
	getrlimit(RLIMIT_NOFILE, &r);
	ok(r.rlim_cur >= 1024 && r.rlim_max >= 1024, "NOFILE: 1024 at least");
	getrlimit(RLIMIT_CORE, &r);
	eq(r.rlim_cur, 0, "CORE: 0");
	getrlimit(RLIMIT_NICE, &r);
	eq(r.rlim_cur, 0, "NICE: 0");
	getrlimit(RLIMIT_RTPRIO, &r);
	eq(r.rlim_cur, 0, "RTPRIO: 0");
}

static int each_set(void *arg)
{
	for (unsigned i = 0; i < T_COUNT(limits); i++) {
		struct rlimit r, back;

		need(getrlimit(limits[i].resource, &r) == 0);
		if (r.rlim_max < 100)
			continue;
		r.rlim_cur = 90;
		need(setrlimit(limits[i].resource, &r) == 0);
		need(getrlimit(limits[i].resource, &back) == 0);
		need(back.rlim_cur == 90 && back.rlim_max == r.rlim_max);
		r.rlim_cur = r.rlim_max;
		need(setrlimit(limits[i].resource, &r) == 0);
	}
	return 0;
}

static int inherits(void *arg)
{
	struct rlimit r;

	return getrlimit(RLIMIT_CORE, &r) != 0 || r.rlim_cur != 12345 || r.rlim_max != 23456;
}

static int as_user(void *arg)
{
	struct rlimit r = {12345, 23456};

	need(setrlimit(RLIMIT_CORE, &r) == 0);
	need(t_child(inherits, NULL) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	r.rlim_cur = 23456;
	need(setrlimit(RLIMIT_CORE, &r) == 0); /* up to the hard limit: anyone */
	r.rlim_max = 23457;
	need(setrlimit(RLIMIT_CORE, &r) == -1 && errno == EPERM);
	r.rlim_cur = 5;
	r.rlim_max = 5;
	need(setrlimit(RLIMIT_CORE, &r) == 0); /* down: anyone, for good */
	r.rlim_max = 6;
	need(setrlimit(RLIMIT_CORE, &r) == -1 && errno == EPERM);
	need(syscall(SYS_prlimit64, 1, RLIMIT_CORE, NULL, &(struct rlimit64){0}) == -1 &&
	     errno == EPERM);
	return 0;
}

static int another(void *arg)
{
	char c;

	need(read(*(int *)arg, &c, 1) == 1);
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	return r.rlim_cur == 55 && r.rlim_max == 66 ? 0 : 1;
}

static void check_another(void)
{
	struct rlimit64 set = {55, 66}, old;
	int p[2];
	pid_t pid;

	t_must(pipe(p) == 0);
	pid = t_spawn(another, &p[0]);
	eq(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &set, &old), 0,
	   "prlimit64 sets a child's limit");
	ok(old.rlim_cur >= 1024, "and returns the old one");
	write(p[1], "x", 1);
	eq(t_wait(pid), 0, "which the child sees");
}

static int cpu_limit(void *arg)
{
	struct rlimit r = {1, 10}, none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &r);
	for (volatile long i = 0;; i++)
		;
	return 0;
}

static int above_max(void *arg)
{
	struct rlimit r = {1 << 20, (1 << 20) + 1};

	need(setrlimit(RLIMIT_NOFILE, &r) == -1 && errno == EPERM); /* fs.nr_open is the ceiling */
	return 0;
}

/* The old getrlimit shows at most 0x7fffffff. */
static int old_call(void *arg)
{
	unsigned long r[2];

	need(syscall(SYS_getrlimit, RLIMIT_AS, r) == 0);
	need(r[0] == 0x7fffffff && r[1] == 0x7fffffff);
	need(syscall(SYS_ugetrlimit, RLIMIT_AS, r) == 0);
	need(r[0] == 0xffffffff && r[1] == 0xffffffff);
	need(syscall(SYS_setrlimit, RLIMIT_AS, &(unsigned long[2]){0xffffffff, 0xffffffff}) == 0);
	struct rlimit64 big = {5ull << 32, 6ull << 32};
	need(syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, &big, NULL) == 0);
	need(syscall(SYS_ugetrlimit, RLIMIT_FSIZE, r) == 0 && r[0] == 0xffffffff);
	return 0;
}

/* -- scheduling ------------------------------------------------------------------------------ */

static int nice_values(void *arg)
{
	need(getpriority(PRIO_PROCESS, 0) == 0);
	need(setpriority(PRIO_PROCESS, 0, 30) == 0 && getpriority(PRIO_PROCESS, 0) == 19);
	need(setpriority(PRIO_PROCESS, 0, -30) == 0 && getpriority(PRIO_PROCESS, 0) == -20);
	need(syscall(SYS_getpriority, PRIO_PROCESS, 0) == 40);
	need(setpriority(PRIO_PROCESS, 0, 5) == 0);
	need(nice(3) == 8);
	need(getpriority(9, 0) == -1 && errno == EINVAL);
	errno = 0;
	need(getpriority(PRIO_PROCESS, 0x3ffffff) == -1 && errno == ESRCH);
	need(getpriority(PRIO_PGRP, 0) <= 8);
	need(setresuid(1000, 1000, 1000) == 0);
	need(setpriority(PRIO_PROCESS, 0, 9) == 0);
	need(setpriority(PRIO_PROCESS, 0, 8) == -1 && errno == EACCES);
	need(setpriority(PRIO_PROCESS, 1, 19) == -1 && errno == EPERM);
	return 0;
}

static int affinity(void *arg)
{
	unsigned long mask[32] = {0}, old[32] = {0};
	long n = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	need(n >= 4 && n % 4 == 0 && mask[0] & 1);
	memcpy(old, mask, sizeof(mask));
	need(syscall(SYS_sched_getaffinity, 0, 3, mask) == -1 && errno == EINVAL);
	memset(mask, 0, sizeof(mask));
	need(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) == -1 && errno == EINVAL);
	mask[0] = 1;
	need(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) == 0);
	need(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) >= 4 && mask[0] == 1);
	unsigned cpu = 7;
	need(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0 && cpu == 0);
	need(syscall(SYS_sched_setaffinity, 0, sizeof(old), old) == 0);
	need(syscall(SYS_sched_setaffinity, 0x3ffffff, sizeof(old), old) == -1 && errno == ESRCH);
	return 0;
}

/* Two processes of one group and one user, with priorities of their own. */
static int io_priorities(void *arg)
{
	const int best = 2 << 13 | 1, other = 2 << 13 | 5, all = 2 << 13 | 6;
	pid_t pid;

	(void)arg;
	need(setpgid(0, 0) == 0);
	need(syscall(SYS_ioprio_get, 1, 0) == 0);
	need(syscall(SYS_ioprio_set, 1, 0, other) == 0 && syscall(SYS_ioprio_get, 1, 0) == other);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	need(syscall(SYS_ioprio_get, 1, pid) == other);
	need(syscall(SYS_ioprio_set, 1, pid, best) == 0 && syscall(SYS_ioprio_get, 1, 0) == other);
	need(syscall(SYS_ioprio_get, 2, 0) == best);
	need(syscall(SYS_ioprio_get, 2, getpid()) == best);
	need(syscall(SYS_ioprio_set, 2, getpid(), all) == 0);
	need(syscall(SYS_ioprio_get, 1, 0) == all && syscall(SYS_ioprio_get, 1, pid) == all);
	need(syscall(SYS_ioprio_get, 2, 0x3ffffff) == -1 && errno == ESRCH);
	need(syscall(SYS_ioprio_set, 2, 0x3ffffff, all) == -1 && errno == ESRCH);
	need(setresuid(4321, 4321, 4321) == 0);
	need(syscall(SYS_ioprio_set, 2, getpid(), other) == -1 && errno == EPERM);
	need(syscall(SYS_ioprio_get, 3, 4321) > 0 && syscall(SYS_ioprio_get, 3, 0) > 0);
	need(syscall(SYS_ioprio_set, 3, 4321, best) == 0 && syscall(SYS_ioprio_get, 1, 0) == best);
	need(syscall(SYS_ioprio_get, 3, 54321) == -1 && errno == ESRCH);
	need(syscall(SYS_ioprio_get, 4, 0) == -1 && errno == EINVAL);
	need(syscall(SYS_ioprio_get, 0, 0) == -1 && errno == EINVAL);
	return 0;
}

/* Raw calls: musl has no wrappers for these. */
static int policies(void *arg)
{
	struct sched_param p = {0};

	need(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER);
	need(syscall(SYS_sched_get_priority_max, SCHED_FIFO) == 99);
	need(syscall(SYS_sched_get_priority_min, SCHED_FIFO) == 1);
	need(syscall(SYS_sched_get_priority_max, SCHED_OTHER) == 0);
	need(syscall(SYS_sched_get_priority_max, 99) == -1 && errno == EINVAL);
	need(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) == -1 && errno == EINVAL);
	p.sched_priority = 5;
	need(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p) == -1 && errno == EINVAL);
	need(syscall(SYS_sched_setscheduler, 0, 99, &p) == -1 && errno == EINVAL);
	need(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &p) == 0);
	need(syscall(SYS_sched_getscheduler, 0) == SCHED_RR);
	p.sched_priority = 0;
	need(syscall(SYS_sched_getparam, 0, &p) == 0 && p.sched_priority == 5);
	p.sched_priority = 0;
	need(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p) == 0);
	need(syscall(SYS_sched_getscheduler, 0x3ffffff) == -1 && errno == ESRCH);
	need(setresuid(1000, 1000, 1000) == 0);
	p.sched_priority = 1;
	need(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) == -1 && errno == EPERM);
	return 0;
}

/*
 * As nanoseconds such limits would overflow, and lie in the past: the timer that watches them must
 * not fire for ever.
 */
static int more_than_fits(void *arg)
{
	static const unsigned long long limits[] = {
		-2ull,          -900ull,
		1ull << 63 | 1, 0x44b82fa0aull /* times 10^9: just above 2^64 */,
		1ull << 32,     0xffffffff};
	struct rlimit64 now;

	(void)arg;
	for (unsigned i = 0; i < T_COUNT(limits); i++) {
		struct rlimit64 set = {limits[i], limits[i]};

		need(syscall(SYS_prlimit64, 0, RLIMIT_CPU, &set, NULL) == 0);
		need(syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, &now) == 0);
		need(now.rlim_cur == RLIM64_INFINITY && now.rlim_max == RLIM64_INFINITY);
		for (clock_t end = clock() + CLOCKS_PER_SEC / 50; clock() < end;)
			;
	}
	return 0;
}

int main(void)
{
	check_defaults();
	passes(each_set, "each soft limit can be set and is kept");
	passes(as_user, "a user moves the soft limit below the hard one, and lowers the hard one");
	check_another();
	dies(cpu_limit, NULL, SIGXCPU, "RLIMIT_CPU of 1 s: SIGXCPU");
	passes(more_than_fits, "a limit of more than 32 bits is none");
	passes(above_max, "NOFILE above fs.nr_open is EPERM");
	passes(old_call, "the 32-bit calls cut what is larger");
	passes(nice_values, "nice values: -20 to 19, upward only for users");
	passes(affinity, "sched_setaffinity binds to a CPU, never to none");
	passes(io_priorities, "I/O priorities of a process, a group and a user: the best of them");
	passes(policies, "scheduling policies and their priorities");
	return t_done();
}
