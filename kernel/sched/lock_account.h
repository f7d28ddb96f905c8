/*
 * Where spinlock.c, mutex.c and rwsem.c say what they do, for lock_stat.c. Private to sched/.
 * Without CONFIG_LOCK_STAT all this is nothing.
 */
#ifndef SCHED_LOCK_ACCOUNT_H
#define SCHED_LOCK_ACCOUNT_H

#include "sched/lock_stat.h"

/* Of a wait that has begun; since 0: not counted. */
struct lock_wait {
#ifdef CONFIG_LOCK_STAT
	u64 since;
	void *holder;
	bool bounced;
#endif
};

#ifdef CONFIG_LOCK_STAT
/* Now, or 0 while nothing is counted. */
u64 lock_stat_clock(void);
/* The lock is taken, by a CPU other than last time if @bounced. => this CPU stays */
void lock_stat_taken(unsigned rank, bool read, bool bounced);
/* The lock is taken after a wait. @waiter: who called for it. => this CPU stays */
void lock_stat_waited(unsigned rank, bool read, const struct lock_wait *wait, void *waiter);
/* The lock is given back, held since then. => this CPU stays */
void lock_stat_released(unsigned rank, bool read, u64 since);

#define LOCK_WAIT_BEGIN(l) \
	((struct lock_wait){lock_stat_clock(), READ_ONCE((l)->caller), \
			    READ_ONCE((l)->last_cpu) != smp_cpu_id()})
#else
static inline u64 lock_stat_clock(void)
{
	return 0;
}
static inline void lock_stat_taken(unsigned rank, bool read, bool bounced)
{
	(void)rank, (void)read, (void)bounced;
}
static inline void lock_stat_waited(unsigned rank, bool read, const struct lock_wait *wait,
				    void *waiter)
{
	(void)rank, (void)read, (void)wait, (void)waiter;
}
static inline void lock_stat_released(unsigned rank, bool read, u64 since)
{
	(void)rank, (void)read, (void)since;
}
#define LOCK_WAIT_BEGIN(l) ((struct lock_wait){})
#endif

#endif
