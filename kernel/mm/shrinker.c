/*
 * Shrinkers: the list of them, and how much each is asked for. Read next: reclaim.c, fs/dcache.c.
 *
 * The list only grows, at boot: it is read without a lock.
 */
#include "mm/shrinker.h"
#include "sched/task.h"

#define BATCH 128ul

static LIST_HEAD(shrinkers);

void shrinker_register(struct shrinker *s)
{
	list_add_tail(&s->node, &shrinkers);
}

static unsigned long shrink_one(const struct shrinker *s, unsigned priority)
{
	unsigned long want = s->count() >> priority, gone = 0;

	for (unsigned long n; want; want -= n) {
		unsigned long went;

		n = MIN(want, BATCH);
		went = s->scan(n);
		gone += went;
		if (!went)
			break;
		cond_resched();
	}
	return gone;
}

unsigned long shrink_caches(unsigned priority)
{
	unsigned long gone = 0;
	struct shrinker *s;

	list_for_each_entry(s, &shrinkers, node)
		gone += shrink_one(s, priority);
	return gone;
}
