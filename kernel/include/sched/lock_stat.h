/*
 * What the locks of each class cost (CONFIG_LOCK_STAT): how often they were taken and waited for,
 * and how long. A class is a rank of sched/lock.h. /proc/lock_stat shows it.
 */
#ifndef SCHED_LOCK_STAT_H
#define SCHED_LOCK_STAT_H

#include "types.h"

/* Some spans of time, in ns. */
struct lock_times {
	unsigned long count;
	u64 min, max, total;
};

struct lock_use {
	struct lock_times wait, hold;
	unsigned long wait_bounces; /* waits for a lock that another CPU had last */
	unsigned long take_bounces; /* taken after another CPU had it */
};

#define LOCK_POINTS 4
/* A place in the kernel, and how often it was that. */
struct lock_point {
	void *caller; /* NULL: this one and those behind are unused */
	unsigned long count;
};

struct lock_class_stat {
	const char *name;
	struct lock_use write, read;
	struct lock_point waiters[LOCK_POINTS]; /* who waited */
	struct lock_point holders[LOCK_POINTS]; /* who had taken what was waited for */
};

extern unsigned sysctl_lock_stat; /* 0: nothing is counted for now */
/* Sum up class number @index over all CPUs, which go on counting. False: there are no more. */
bool lock_stat_read(unsigned index, struct lock_class_stat *sum);
/* All counts become 0; what other CPUs count meanwhile may survive. */
void lock_stat_clear(void);

#endif
