/*
 * clocks - time(7): clock_gettime(2), clock_getres(2), gettimeofday(2), nanosleep(2),
 * clock_nanosleep(2), setitimer(2), alarm(2), timer_create(2), adjtimex(2); the vDSO agrees with
 * the kernel (vdso(7)).
 *
 * Nothing here depends on how fast the machine is: a sleep may be late, never early.
 */
#include "t.h"
#include <sched.h>
#include <sys/time.h>
#include <sys/timex.h>

#define SEC 1000000000ll

struct old_timespec {
	long sec, nsec;
};

static long long ns(clockid_t id)
{
	struct timespec ts = {-1, 0};

	return clock_gettime(id, &ts) == 0 ? ts.tv_sec * SEC + ts.tv_nsec : -1;
}

static long long kernel_ns(clockid_t id)
{
	struct old_timespec ts = {-1, 0};

	return syscall(SYS_clock_gettime, id, &ts) == 0 ? ts.sec * SEC + ts.nsec : -1;
}

static long long kernel64_ns(clockid_t id)
{
	struct {
		long long sec, nsec;
	} ts = {-1, 0};

	return syscall(SYS_clock_gettime64, id, &ts) == 0 ? ts.sec * SEC + ts.nsec : -1;
}

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	{CLOCK_REALTIME, "REALTIME"},
	{CLOCK_MONOTONIC, "MONOTONIC"},
	{CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW"},
	{CLOCK_REALTIME_COARSE, "REALTIME_COARSE"},
	{CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE"},
	{CLOCK_BOOTTIME, "BOOTTIME"},
	{CLOCK_PROCESS_CPUTIME_ID, "PROCESS_CPUTIME"},
	{CLOCK_THREAD_CPUTIME_ID, "THREAD_CPUTIME"},
	{11, "TAI"},
};

static void check_clocks(void)
{
	struct timespec res;

	for (unsigned i = 0; i < T_COUNT(clocks); i++) {
		clockid_t id = clocks[i].id;
		long long a = kernel_ns(id), b = ns(id), c = kernel64_ns(id), d = ns(id);
		bool forward = true;

		ok(a >= 0 && a <= b && b <= c && c <= d,
		   "%s: the system call, the 64-bit one and the library "
		   "agree",
		   clocks[i].name);
		for (int k = 0; k < 2000; k++) {
			long long now = ns(id);

			forward &= now >= d;
			d = now;
		}
		ok(forward, "%s never runs backwards", clocks[i].name);
		eq(clock_getres(id, &res), 0, "%s has a resolution", clocks[i].name);
		ok(res.tv_sec == 0 && res.tv_nsec >= 1 && res.tv_nsec <= 10000000,
		   "of 1 ns to 10 ms");
	}
	fails(syscall(SYS_clock_gettime, 99, &res), EINVAL, "an unknown clock is EINVAL");
	fails(syscall(SYS_clock_getres, 99, &res), EINVAL, "also for clock_getres");
	fails(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &res), EINVAL,
	      "CLOCK_MONOTONIC cannot be set");
}

static long long seen_through(long long (*read_clock)(clockid_t))
{
	long long least = SEC;

	for (int i = 0; i < 200; i++) {
		long long a = kernel_ns(CLOCK_MONOTONIC), b = read_clock(CLOCK_MONOTONIC);

		if (b - a < least)
			least = b - a;
	}
	return least;
}

static void check_agreement(void)
{
	struct timeval tv;
	struct {
		long sec, usec;
	} ktv;
	long long a, b;

	ok(seen_through(ns) < 10000000, "the vDSO's clock is the kernel's, to 10 ms at worst");
	syscall(SYS_gettimeofday, &ktv, NULL);
	gettimeofday(&tv, NULL);
	a = ktv.sec * 1000000ll + ktv.usec;
	b = tv.tv_sec * 1000000ll + tv.tv_usec;
	ok(b >= a && b - a < 1000000, "gettimeofday of the library and of the kernel agree");
	a = ns(CLOCK_REALTIME) / SEC;
	ok(time(NULL) - a >= -1 && time(NULL) - a <= 1, "time agrees with CLOCK_REALTIME");
	ok(syscall(SYS_time, NULL) - a <= 1, "the kernel's time too");
	a = ns(CLOCK_BOOTTIME);
	b = ns(CLOCK_MONOTONIC);
	ok(a - b >= -1000000000 && a - b < SEC, "never suspended: BOOTTIME is MONOTONIC");
	a = t_field("/proc/uptime", "");
	ok(llabs(a - ns(CLOCK_MONOTONIC) / SEC) <= 1, "/proc/uptime too");
	ok(ns(CLOCK_REALTIME) > 1000000000 * SEC, "it is after 2001");
}

static int burn(void *arg)
{
	long long start = ns(CLOCK_PROCESS_CPUTIME_ID), mono = ns(CLOCK_MONOTONIC), spent;
	struct timespec ts = {0, 30000000};

	while ((spent = ns(CLOCK_PROCESS_CPUTIME_ID) - start) < 10000000)
		;
	need(ns(CLOCK_MONOTONIC) - mono >= spent - 5000000);
	start = ns(CLOCK_PROCESS_CPUTIME_ID);
	mono = ns(CLOCK_MONOTONIC);
	nanosleep(&ts, NULL);
	need(ns(CLOCK_PROCESS_CPUTIME_ID) - start < ns(CLOCK_MONOTONIC) - mono);
	need(ns(CLOCK_THREAD_CPUTIME_ID) <= ns(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

/* -- sleeping -------------------------------------------------------------------------------- */

static void check_sleep(void)
{
	struct timespec ts = {0, 20000000}, bad = {0, 1000000000};
	struct old_timespec old = {0, 15000000};
	long long start = ns(CLOCK_MONOTONIC), until;

	eq(nanosleep(&ts, NULL), 0, "nanosleep of 20 ms");
	ok(ns(CLOCK_MONOTONIC) - start >= 20000000, "takes 20 ms at least");
	start = ns(CLOCK_MONOTONIC);
	eq(syscall(SYS_nanosleep, &old, NULL), 0, "the system call of 15 ms");
	ok(ns(CLOCK_MONOTONIC) - start >= 15000000, "takes that at least");
	fails(syscall(SYS_nanosleep, &(struct old_timespec){0, 1000000000}, NULL), EINVAL,
	      "10^9 ns is EINVAL");
	fails(syscall(SYS_nanosleep, &(struct old_timespec){-1, 0}, NULL), EINVAL,
	      "-1 s is EINVAL");
	fails(syscall(SYS_nanosleep, &(struct old_timespec){0, -1}, NULL), EINVAL,
	      "-1 ns is EINVAL");
	eq(syscall(SYS_nanosleep, &(struct old_timespec){0, 0}, NULL), 0, "0 returns");
	until = ns(CLOCK_MONOTONIC) + 20000000;
	ts.tv_sec = until / SEC;
	ts.tv_nsec = until % SEC;
	eq(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0, "an absolute sleep");
	ok(ns(CLOCK_MONOTONIC) >= until, "ends at its time or later");
	eq(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0,
	   "one in the past returns at once");
	eq(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){0, 1000000}, NULL), 0,
	   "on CLOCK_REALTIME too");
	eq(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL,
	   "clock_nanosleep returns its error: EINVAL");
	fails(syscall(SYS_clock_nanosleep, 99, 0, &old, NULL), EINVAL,
	      "an unknown clock is EINVAL");
	fails(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &old, NULL), EOPNOTSUPP,
	      "the own CPU time is EOPNOTSUPP");
}

/* -- interval timers ------------------------------------------------------------------------- */

static volatile int rings;
static siginfo_t ring_info;

static void ring(int sig, siginfo_t *info, void *context)
{
	ring_info = *info;
	rings++;
}

static void set_ring(int sig)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_RESTART};

	act.sa_sigaction = ring;
	sigaction(sig, &act, NULL);
}

static void check_itimers(void)
{
	struct itimerval it = {{0, 0}, {0, 10000}}, old;
	long long start;
	unsigned left;

	alarm(0);
	set_ring(SIGALRM);
	rings = 0;
	start = ns(CLOCK_MONOTONIC);
	eq(setitimer(ITIMER_REAL, &it, NULL), 0, "ITIMER_REAL of 10 ms");
	ok(t_until(rings == 1), "rings");
	ok(ns(CLOCK_MONOTONIC) - start >= 10000000, "not early");
	eq(ring_info.si_code, SI_KERNEL, "from the kernel");
	usleep(30000);
	eq(rings, 1, "once");
	it.it_interval.tv_usec = 5000;
	setitimer(ITIMER_REAL, &it, NULL);
	ok(t_until(rings >= 4), "with an interval again and again");
	eq(setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, &old), 0, "stopped");
	ok(old.it_interval.tv_usec == 5000 && old.it_value.tv_sec == 0,
	   "the old value is returned");
	getitimer(ITIMER_REAL, &old);
	ok(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0, "getitimer says stopped");
	it.it_value.tv_sec = 100;
	setitimer(ITIMER_REAL, &it, NULL);
	getitimer(ITIMER_REAL, &old);
	ok(old.it_value.tv_sec >= 98 && old.it_value.tv_sec <= 100, "getitimer says what is left");
	left = alarm(200);
	ok(left >= 98 && left <= 101, "alarm shares it and says what was left");
	fails(setitimer(9, &it, NULL), EINVAL, "an unknown timer is EINVAL");
	it.it_value.tv_usec = 1000000;
	fails(syscall(SYS_setitimer, ITIMER_REAL, &(long[4]){0, 0, 0, 1000000}, NULL), EINVAL,
	      "10^6 us is EINVAL");
	set_ring(SIGVTALRM);
	set_ring(SIGPROF);
	rings = 0;
	it = (struct itimerval){{0, 0}, {0, 10000}};
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	usleep(30000);
	eq(rings, 0, "ITIMER_VIRTUAL does not run while we sleep");
	for (long long end = ns(CLOCK_MONOTONIC) + 5 * SEC; !rings && ns(CLOCK_MONOTONIC) < end;)
		;
	eq(rings, 1, "but while we compute");
	eq(ring_info.si_signo, SIGVTALRM, "as SIGVTALRM");
	setitimer(ITIMER_PROF, &it, NULL);
	for (long long end = ns(CLOCK_MONOTONIC) + 5 * SEC; rings < 2 && ns(CLOCK_MONOTONIC) < end;)
		getppid();
	eq(ring_info.si_signo, SIGPROF, "ITIMER_PROF counts both: SIGPROF");
	t_watchdog();
}

static void check_alarm(void)
{
	set_ring(SIGALRM);
	alarm(50);
	unsigned left = alarm(0);
	ok(left == 50 || left == 49, "alarm returns the seconds that were left");
	eq(alarm(0), 0, "0 when there was none");
	rings = 0;
	alarm(1);
	ok(t_until(rings == 1), "an alarm of 1 s rings");
	t_watchdog();
}

/* -- POSIX timers ---------------------------------------------------------------------------- */

static void check_posix_timers(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	struct itimerspec it = {{0, 5000000}, {0, 5000000}}, now;
	timer_t id, other;
	sigset_t set;

	ev.sigev_value.sival_int = 0x1234;
	if (timer_create(CLOCK_MONOTONIC, &ev, &id) != 0) {
		ok(false, "timer_create works");
		return;
	}
	set_ring(SIGRTMIN);
	rings = 0;
	eq(timer_settime(id, 0, &it, NULL), 0, "a timer is set");
	ok(t_until(rings >= 3), "and rings again and again");
	ok(ring_info.si_code == SI_TIMER && ring_info.si_value.sival_int == 0x1234,
	   "SI_TIMER, with its value");
	eq(timer_gettime(id, &now), 0, "timer_gettime");
	ok(now.it_interval.tv_nsec == 5000000 && now.it_value.tv_nsec <= 5000000,
	   "says interval and rest");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	usleep(50000);
	rings = 0;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(rings >= 1 && timer_getoverrun(id) >= 1, "what was missed is counted as overrun");
	eq(timer_delete(id), 0, "timer_delete");
	fails(syscall(SYS_timer_delete, 999), EINVAL, "an unknown timer is EINVAL");
	rings = 0;
	usleep(20000);
	eq(rings, 0, "a deleted timer is silent");
	ev.sigev_notify = SIGEV_NONE;
	eq(timer_create(CLOCK_REALTIME, &ev, &other), 0, "SIGEV_NONE");
	it = (struct itimerspec){{0, 0}, {100, 0}};
	timer_settime(other, 0, &it, NULL);
	timer_gettime(other, &now);
	ok(now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100, "only counts down");
	it.it_value.tv_nsec = 1000000000;
	fails(timer_settime(other, 0, &it, NULL), EINVAL, "10^9 ns is EINVAL");
	timer_delete(other);
	fails(syscall(SYS_timer_create, 99, NULL, &(int){0}), EINVAL, "an unknown clock is EINVAL");
}

static int user_sets(void *arg)
{
	struct old_timespec now = {1, 0};
	struct timeval none = {0, 0}, old = {1, 1};

	need(setresuid(1000, 1000, 1000) == 0);
	need(syscall(SYS_clock_settime, CLOCK_REALTIME, &now) == -1 && errno == EPERM);
	need(syscall(SYS_settimeofday, &now, NULL) == -1 && errno == EPERM);
	need(adjtime(NULL, &old) == 0 && old.tv_sec == 0 && old.tv_usec == 0);
	need(adjtime(&none, &old) == -1 && errno == EPERM);
	return 0;
}

/* What is still to be adjusted: nothing, as nobody asked for it. */
static void check_adjust(void)
{
	struct timeval none = {0, 0}, old = {1, 1};
	struct timex t = {.modes = 0};

	ok(adjtimex(&t) >= 0, "adjtimex tells");
	ok(t.tick == 1000000 / sysconf(_SC_CLK_TCK), "a tick of USER_HZ");
	works(adjtime(NULL, &old), "adjtime asks");
	ok(old.tv_sec == 0 && old.tv_usec == 0, "and there is nothing left to adjust");
	old.tv_usec = 1;
	works(adjtime(&none, &old), "adjtime by nothing");
	ok(old.tv_sec == 0 && old.tv_usec == 0, "tells the same");
}

/* Files are stamped with the time of day, on whichever CPU, whatever was set before. */
static bool stamps_files(void)
{
	bool right = true;

	for (int i = 0; right && i < 200; i++) {
		long long before = ns(CLOCK_REALTIME_COARSE), made;
		int fd = t_file("stamped", "", 0);
		struct stat st;

		right = fstat(fd, &st) == 0;
		made = st.st_mtim.tv_sec * SEC + st.st_mtim.tv_nsec;
		right &= before <= made && made <= ns(CLOCK_REALTIME);
		right &= close(fd) == 0 && unlink("stamped") == 0;
		sched_yield();
	}
	return right;
}

/* Root moves the wall clock: REALTIME jumps, MONOTONIC does not. */
static void check_set(void)
{
	static const long long far[] = {0x7ffffff0, 3458764500, 0xfffffff0, 5000000000};
	long long real = ns(CLOCK_REALTIME), mono = ns(CLOCK_MONOTONIC), jump;
	struct {
		long long sec, nsec;
	} to = {real / SEC + 100000, 0};

	eq(syscall(SYS_clock_settime64, CLOCK_REALTIME, &to), 0, "root sets CLOCK_REALTIME");
	jump = ns(CLOCK_REALTIME) - real;
	ok(jump > 99990 * SEC && jump < 100060 * SEC, "it jumps");
	ok(ns(CLOCK_MONOTONIC) - mono < 50 * SEC, "CLOCK_MONOTONIC does not");
	ok(time(NULL) >= to.sec, "the vDSO's time follows");
	ok(stamps_files(), "so do the times of files");
	for (unsigned i = 0; sizeof(time_t) == 8 && i < T_COUNT(far); i++) {
		to.sec = far[i];
		eq(syscall(SYS_clock_settime64, CLOCK_REALTIME, &to), 0, "a time far ahead");
		jump = ns(CLOCK_REALTIME) / SEC - far[i];
		ok(jump >= 0 && jump < 50, "the vDSO tells it");
	}
	to.sec = 0;
	fails(syscall(SYS_clock_settime64, CLOCK_REALTIME, &to), EINVAL,
	      "a time before that of the boot would be negative: EINVAL");
	real += ns(CLOCK_MONOTONIC) - mono;
	to.sec = real / SEC;
	to.nsec = real % SEC;
	syscall(SYS_clock_settime64, CLOCK_REALTIME, &to);
	ok(stamps_files(), "back again: files too");
}

int main(void)
{
	check_clocks();
	check_agreement();
	passes(burn, "CPU time runs while computing and stands while sleeping");
	check_sleep();
	check_itimers();
	check_alarm();
	check_posix_timers();
	passes(user_sets, "a user may not set the clock");
	check_adjust();
	check_set();
	return t_done();
}
