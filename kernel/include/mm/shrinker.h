/*
 * Shrinkers: caches of kernel objects that give memory back when it is short. The owner of a cache
 * registers one; reclaim (mm/reclaim.c) asks each for a share of what it could give.
 */
#ifndef MM_SHRINKER_H
#define MM_SHRINKER_H

#include "lib/list.h"
#include "mm/page.h"

struct shrinker {
	const char *name;
	/* Objects that could go now, about. Any context that may sleep; must be cheap. */
	unsigned long (*count)(void);
	/*
	 * Look at up to @n objects and let go of those that nobody uses: how many went. May sleep;
	 * called by any task that allocates with GFP_KERNEL, whatever sleeping locks it holds below
	 * RANK_KMAP: so it takes only spinlocks, or tries.
	 */
	unsigned long (*scan)(unsigned long n);
	struct list_head node; /* mm's */
};

/* At boot; a shrinker stays for good. */
void shrinker_register(struct shrinker *s);
/*
 * Ask every shrinker for 1/2^@priority of its objects (0: all): how many went. Their pages may come
 * only after a grace period. => may sleep, __GFP_FS
 */
unsigned long shrink_caches(unsigned priority);
/* Everything that nobody uses, and what slab caches keep for the next burst (reclaim.c). Sleeps. */
void shrink_all_caches(void);

#endif
