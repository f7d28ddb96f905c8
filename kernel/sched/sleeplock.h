/*
 * The rank checker of sleeping locks, shared by mutex.c and rwsem.c, and their part of the lock
 * statistics. Private to sched/. A task keeps the ranks of the sleeping locks it holds; without
 * CONFIG_DEBUG_LOCKS all this is nothing.
 */
#ifndef SCHED_SLEEPLOCK_H
#define SCHED_SLEEPLOCK_H

#include "lock_account.h"
#include "sched/task.h"

#ifdef CONFIG_DEBUG_LOCKS
/* Before waiting: stop if the order is wrong or a spinlock is held. */
void sleeplock_check(u16 rank, void *caller, bool nested);
void sleeplock_held(u16 rank, void *caller, bool read);
void sleeplock_released(u16 rank, void *caller);
/* What the task holds to write it holds to read from now on. */
void sleeplock_downgraded(u16 rank);
#define SLEEPLOCK_CHECK(l, nested) sleeplock_check((l)->rank, __builtin_return_address(0), nested)
#define SLEEPLOCK_HELD(l, read) \
	do { \
		lock_stat_taken((l)->rank, read, READ_ONCE((l)->last_cpu) != smp_cpu_id()); \
		WRITE_ONCE((l)->last_cpu, (u16)smp_cpu_id()); \
		WRITE_ONCE((l)->caller, __builtin_return_address(0)); \
		sleeplock_held((l)->rank, __builtin_return_address(0), read); \
	} while (0)
#define SLEEPLOCK_WAITED(l, read, wait) \
	lock_stat_waited((l)->rank, read, wait, __builtin_return_address(0))
#define SLEEPLOCK_RELEASED(l) sleeplock_released((l)->rank, __builtin_return_address(0))
#define SLEEPLOCK_DOWNGRADED(l) sleeplock_downgraded((l)->rank)
#else
#define SLEEPLOCK_CHECK(l, nested) ((void)(nested))
#define SLEEPLOCK_HELD(l, read) ((void)(read))
#define SLEEPLOCK_WAITED(l, read, wait) ((void)(wait))
#define SLEEPLOCK_RELEASED(l) ((void)0)
#define SLEEPLOCK_DOWNGRADED(l) ((void)0)
#endif

/* A task in a lock's queue, on that task's stack. */
struct lock_waiter {
	struct list_head node;
	struct task *task;
	bool writer;
	bool granted; /* set by whoever hands the lock over; the waiter may be gone the moment after */
};

#endif
