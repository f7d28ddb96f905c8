/*
 * Rank checks of sleeping locks (debug builds). A reader that takes the same rwsem twice is caught
 * too: it would deadlock as soon as a writer waits between.
 */
#include "sched/sleeplock.h"
#include "arch/log.h"

#ifdef CONFIG_DEBUG_LOCKS
void sleeplock_check(u16 rank, void *caller, bool nested)
{
	const struct task *t = current;

	assert_may_sleep();
	if (in_interrupt())
		panic("sleep: lock of rank %u taken at %pS in an interrupt", rank, caller);
	for (unsigned i = 0; i < t->held_count; i++)
		if (t->held[i].rank > rank || (t->held[i].rank == rank && !nested))
			panic("lock order: sleeping lock of rank %u taken at %pS while holding rank %u taken at %pS",
			      rank, caller, t->held[i].rank, t->held[i].caller);
}

void sleeplock_held(u16 rank, void *caller, bool read)
{
	struct task *t = current;

	if (t->held_count == ARRAY_SIZE(t->held))
		panic("lock: too many sleeping locks held at %pS", caller);
	t->held[t->held_count++] = (struct held_sleeplock){rank, read, caller, lock_stat_clock()};
}

/* The number behind that of the last lock of @rank that the task holds; 0: none. */
static unsigned find_held(const struct task *t, u16 rank)
{
	unsigned i = t->held_count;

	while (i > 0 && t->held[i - 1].rank != rank)
		i--;
	return i;
}

void sleeplock_released(u16 rank, void *caller)
{
	struct task *t = current;
	unsigned i = find_held(t, rank);

	if (!i)
		panic("lock: sleeping lock of rank %u released at %pS, not held", rank, caller);
	lock_stat_released(rank, t->held[i - 1].read, t->held[i - 1].since);
	t->held_count--;
	for (i--; i < t->held_count; i++)
		t->held[i] = t->held[i + 1];
}

void sleeplock_downgraded(u16 rank)
{
	struct task *t = current;
	unsigned i = find_held(t, rank);

	if (!i)
		return;
	lock_stat_released(rank, false, t->held[i - 1].since);
	t->held[i - 1].read = true;
	t->held[i - 1].since = lock_stat_clock();
}
#endif
