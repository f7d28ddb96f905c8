/*
 * Clocks and timers by Linux's numbers: clock_gettime(2), clock_nanosleep(2), setitimer(2),
 * timer_create(2). Times are ns.
 */
#ifndef PROC_CLOCK_H
#define PROC_CLOCK_H

#include "proc/process.h"
#include <linux/time.h>

/* 0 or -EINVAL (no such clock, or the process of a CPU clock is gone). */
int clock_read(int clock, u64 *ns);
int clock_resolution(int clock, u64 *ns);
/* CLOCK_REALTIME := @ns. 0, -EPERM, -EINVAL */
int clock_set(int clock, u64 ns);
/* Sleep until @clock reads @when: 0, -EINTR (a signal), -EINVAL, -EOPNOTSUPP. */
int clock_sleep(int clock, u64 when);
/* clock_ns() when CLOCK_REALTIME will read @when, if nobody sets it. */
u64 realtime_to_clock(u64 when);

struct itimer_value {
	u64 interval, value; /* value: until it fires, 0 not armed */
};
/* setitimer: @which ITIMER_*; @old may be NULL. 0, -EINVAL, -ENOMEM */
int itimer_get(int which, struct itimer_value *out);
int itimer_set(int which, const struct itimer_value *value, struct itimer_value *old);

/* timer_create: @event struct sigevent of 64 bytes; NULL: SIGALRM. The id or -errno. */
struct timer_event {
	int notify, signo;
	pid_t thread;
	u32 value; /* sigev_value */
};
int posix_timer_create(int clock, const struct timer_event *event);
int posix_timer_set(int id, bool absolute, const struct itimer_value *value,
		    struct itimer_value *old);
int posix_timer_get(int id, struct itimer_value *out);
int posix_timer_overrun(int id);
int posix_timer_delete(int id);

#endif
