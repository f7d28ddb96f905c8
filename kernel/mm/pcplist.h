/*
 * The fast paths of the per-CPU page lists; pcplist.c explains them.
 */
#ifndef MM_PCPLIST_H
#define MM_PCPLIST_H

#include "zone.h"

/* Pages linked through page->owner. A CPU takes from and gives to the first stack; the spare is
 * full or empty. */
struct pcp {
	struct page *first;
	unsigned count;
	struct page *spare;
	unsigned spare_count;
	unsigned next_refill; /* how many pages are taken next; 0: the least */
};
struct pcp_lists {
	struct pcp zone[NR_ZONES];
};
DECLARE_PER_CPU(struct pcp_lists, pcp_lists);

/* => interrupts off: the first stack is empty: fill it; false: the zone has no pages */
bool pcp_refill(enum zone_id id, struct pcp *pcp);
/* => interrupts off: the first stack is full: make room */
void pcp_overflow(enum zone_id id, struct pcp *pcp);

static inline struct page *pcp_pop(struct pcp *pcp)
{
	struct page *page = pcp->first;

	pcp->first = page->owner;
	pcp->count--;
	page->owner = NULL;
	return page;
}

/* One page of the zone; NULL: none. Any context. */
static inline struct page *pcp_alloc(enum zone_id id)
{
	irqflags_t flags = irq_save();
	struct pcp *pcp = &this_cpu_ptr(pcp_lists)->zone[id];
	struct page *page = NULL;

	if (likely(pcp->first) || pcp_refill(id, pcp))
		page = pcp_pop(pcp);
	irq_restore(flags);
	return page;
}

static inline void pcp_free(struct page *page, enum zone_id id)
{
	irqflags_t flags = irq_save();
	struct pcp *pcp = &this_cpu_ptr(pcp_lists)->zone[id];

	page->owner = pcp->first;
	pcp->first = page;
	if (unlikely(++pcp->count >= zones[id].pcp_batch))
		pcp_overflow(id, pcp);
	irq_restore(flags);
}

#endif
