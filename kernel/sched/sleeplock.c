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
		if (t->held_ranks[i] > rank || (t->held_ranks[i] == rank && !nested))
			panic("lock order: sleeping lock of rank %u taken at %pS while holding rank %u taken at %pS",
			      rank, caller, t->held_ranks[i], t->held_callers[i]);
}

void sleeplock_held(u16 rank, void *caller)
{
	struct task *t = current;

	if (t->held_count == ARRAY_SIZE(t->held_ranks))
		panic("lock: too many sleeping locks held at %pS", caller);
	t->held_callers[t->held_count] = caller;
	t->held_ranks[t->held_count++] = rank;
}

void sleeplock_released(u16 rank, void *caller)
{
	struct task *t = current;
	unsigned i = t->held_count;

	while (i > 0 && t->held_ranks[i - 1] != rank)
		i--;
	if (!i)
		panic("lock: sleeping lock of rank %u released at %pS, not held", rank, caller);
	t->held_count--;
	for (i--; i < t->held_count; i++) {
		t->held_ranks[i] = t->held_ranks[i + 1];
		t->held_callers[i] = t->held_callers[i + 1];
	}
}
#endif
