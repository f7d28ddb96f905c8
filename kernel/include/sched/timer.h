/*
 * Kernel timers: a function at a time, in interrupt context of the CPU that armed it.
 * One ordered tree per CPU; the machine's timer is programmed for the earliest. Nanoseconds
 * of clock_ns().
 */
#ifndef SCHED_TIMER_H
#define SCHED_TIMER_H

#include "lib/rbtree.h"
#include "sched/lock.h"

struct timer {
	struct rb_node node;
	u64 expires;
	void (*fn)(struct timer *t);
	unsigned cpu; /* whose queue it is on; guarded by that queue's lock */
	bool queued;
};

void timer_init(struct timer *t, void (*fn)(struct timer *t));
/* (Re)arm for @expires; a time that is past fires at the next interrupt. Any context. */
void timer_set(struct timer *t, u64 expires);
/* Disarm: true if it was armed. The function may still be running on another CPU. */
bool timer_cancel(struct timer *t);
/* Disarm and wait until the function is not running anywhere. => not from the function itself */
bool timer_cancel_sync(struct timer *t);

/* Realtime clock: CLOCK_REALTIME = clock_ns() + offset. */
u64 realtime_ns(void);
/* The same, and the moment into @m: clock_ns_since() counts on until somebody sets the clock. */
u64 realtime_ns_mark(struct clock_mark *m);
void realtime_set(u64 ns);
#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define USER_HZ 100

/* The hook of the machine's timer interrupt and of tickless idle (sched/ owns both). */
void timer_interrupt(struct regs *regs);

#endif
