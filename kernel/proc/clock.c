/*
 * Clocks: which number is which, reading, setting, sleeping. clock_gettime(2).
 *
 * CLOCK_MONOTONIC is clock_ns(), CLOCK_REALTIME an offset to it. A negative number is a CPU clock
 * of a process or thread: ~pid << 3 | kind (clock_getcpuclockid(3), pthread_getcpuclockid(3)).
 */
#include "proc/clock.h"
#include "proc/internal.h"
#include <linux/capability.h>

#define CPUCLOCK_KIND 3
#define CPUCLOCK_PROF 0
#define CPUCLOCK_VIRT 1
#define CPUCLOCK_SCHED 2
#define CPUCLOCK_THREAD 4
#define TICK_NS (NSEC_PER_SEC / CONFIG_HZ)

/* Who sleeps until a time of day looks again when the time of day is set. */
static DEFINE_WAIT_QUEUE(realtime_changed);

/* ---- CPU clocks ---- */

static u64 cpu_time(struct task *t, struct process *p, int kind)
{
	u64 utime, stime;

	if (t)
		task_cpu_time(t, &utime, &stime);
	else
		process_cpu_time(p, &utime, &stime);
	return kind == CPUCLOCK_VIRT ? utime : utime + stime;
}

static int read_cpu_clock(int clock, u64 *ns)
{
	pid_t nr = ~(clock >> 3);
	int kind = clock & CPUCLOCK_KIND, err = -EINVAL;
	struct task *t;

	if (kind == 3)
		return -EINVAL;
	t = nr ? task_find_get(nr) : current;
	if (!t)
		return -EINVAL;
	if (clock & CPUCLOCK_THREAD) {
		if (t->process == current->process) {
			*ns = cpu_time(t, NULL, kind);
			err = 0;
		}
	} else if (!nr || t->tgid == nr) {
		*ns = cpu_time(NULL, t->process, kind);
		err = 0;
	}
	if (nr)
		task_put(t);
	return err;
}

/* ---- reading ---- */

int clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI: *ns = realtime_ns(); return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME: *ns = clock_ns(); return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = cpu_time(NULL, current->process, CPUCLOCK_SCHED);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID: *ns = task_runtime_ns(current); return 0;
	}
	return clock < 0 ? read_cpu_clock(clock, ns) : -EINVAL;
}

int clock_resolution(int clock, u64 *ns)
{
	u64 unused;
	int err = clock_read(clock, &unused);

	*ns = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? TICK_NS : 1;
	return err;
}

int clock_set(int clock, u64 ns)
{
	u64 unused;

	if (clock != CLOCK_REALTIME)
		return clock_read(clock, &unused) ? -EINVAL : clock < 0 ? -EPERM : -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (ns < clock_ns()) /* the machine would have started before 1970 */
		return -EINVAL;
	realtime_set(ns);
	posix_timers_clock_was_set();
	wake_up_all(&realtime_changed);
	return 0;
}

u64 realtime_to_clock(u64 when)
{
	u64 now = clock_ns(), real = realtime_ns();

	return when <= real ? now : when - real > ~0ULL - 1 - now ? ~0ULL - 1 : now + (when - real);
}

/* ---- sleeping ---- */

static int sleep_until(u64 deadline)
{
	int err = 0;

	while (clock_ns() < deadline) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current)) {
			err = -EINTR;
			break;
		}
		schedule_until(deadline);
	}
	set_current_state(TASK_RUNNING);
	return err;
}

static int sleep_until_realtime(u64 when)
{
	struct wait_entry entry;
	int err = 0;

	wait_entry_init(&entry);
	for (;;) {
		prepare_to_wait(&realtime_changed, &entry, TASK_INTERRUPTIBLE, false);
		if (realtime_ns() >= when)
			break;
		if (signal_pending(current)) {
			err = -EINTR;
			break;
		}
		schedule_until(realtime_to_clock(when));
	}
	finish_wait(&realtime_changed, &entry);
	return err;
}

/* CPU time cannot be waited for by a timer: look when it may have passed at the earliest. */
static int sleep_until_cpu(int clock, u64 when)
{
	u64 now;
	int err = clock_read(clock, &now);

	while (!err && now < when) {
		u64 left = (when - now) / MAX(READ_ONCE(current->process->nr_threads), 1u);

		err = sleep_until(clock_ns() + MAX(left, CPU_CHECK_MIN_NS));
		if (!err)
			err = clock_read(clock, &now);
	}
	return err;
}

int clock_sleep(int clock, u64 when)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI: return sleep_until_realtime(when);
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME: return sleep_until(when);
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_THREAD_CPUTIME_ID: return -EOPNOTSUPP;
	}
	if (clock < 0 && (clock & CPUCLOCK_THREAD))
		return -EINVAL; /* it would not run while it sleeps */
	return sleep_until_cpu(clock, when);
}
