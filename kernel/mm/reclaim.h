/* Private to mm/: reclaim, between lru.c, reclaim.c and kswapd.c. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/page_list.h"
#include "zone.h"

/* Turns of reclaim: the first looks at 1/2^12 of the lists, the last at all. */
#define RECLAIM_PRIORITY 12

/* The pages of a zone: those that may be dropped, and how many must stay (lru.c). */
struct lru {
	spinlock_t lock; /* RANK_LRU, for all of it */
	struct page_list inactive, active;
	unsigned long pinned[3]; /* unevictable pages, by enum pinned_kind */
	unsigned long mlocked;   /* those that a locked area maps */
};

extern struct lru lrus[NR_ZONES];

/* Pages that may be dropped: as it was a moment ago, without the lock. */
static inline unsigned long lru_size(const struct lru *lru)
{
	return READ_ONCE(lru->inactive.count) + READ_ONCE(lru->active.count);
}

void lru_init(void);
/* Up to @max pages from the tail of @list, off it, each with a reference. */
unsigned lru_isolate(struct lru *lru, struct page_list *list, struct page **pages, unsigned max);
/* An isolated page goes back to a list, unless it became unevictable meanwhile. */
void lru_put_back(struct page *page, bool active);

/* In place of the links of an unevictable page. */
struct pinned {
	u32 locks; /* entries of locked areas that map it */
	u8 kind;
	u8 by_object;
};
_Static_assert(sizeof(((struct page *)0)->link) == 6, "struct pinned lies in the links");

/* How many entries of locked areas map @page: as it was a moment ago, without the lock. */
static inline u32 page_mlock_count(const struct page *page)
{
	u32 locks;

	if (likely(!page_test(page, PG_UNEVICTABLE)))
		return 0;
	memcpy(&locks, page->link, sizeof(locks));
	return page_test(page, PG_UNEVICTABLE) ? locks : 0;
}

/* One turn on the page lists of a zone: how many pages were dropped. Sleeps. */
unsigned long reclaim_zone(enum zone_id id, unsigned priority, bool may_write);
/* Somebody freed something: kswapd need not think that there is nothing to gain. */
void kswapd_progress(void);

#endif
