/*
 * Per-CPU stacks of single pages, two for each zone, in front of the buddy allocator: most pages
 * come and go one at a time, and the last one freed is the one whose data is still in the CPU's
 * cache.
 *
 * A CPU takes from and gives to its first stack. When that is full (a batch) it becomes the spare,
 * and the old spare goes back to the buddy allocator as a whole: its pages are the ones not used
 * for longest. When the first is empty the spare takes its place. So twice a batch is the most that
 * a CPU holds. A CPU that has just begun to take pages takes few at first, then twice as many each
 * time up to a batch: most of a large batch would lie idle where little is wanted.
 *
 * Only the own CPU touches a stack, with interrupts off: no lock. zone->lock is taken once for a
 * batch. Pages on a stack count as used in zone->free.
 *
 * Next: page_alloc.c.
 */
#include "pcplist.h"

#define REFILL_MIN 8u

DEFINE_PER_CPU(struct pcp_lists, pcp_lists);

static void push(struct pcp *pcp, struct page *page)
{
	page->owner = pcp->first;
	pcp->first = page;
	pcp->count++;
}

static void swap_stacks(struct pcp *pcp)
{
	struct pcp old = *pcp;

	pcp->first = old.spare;
	pcp->count = old.spare_count;
	pcp->spare = old.first;
	pcp->spare_count = old.count;
}

bool pcp_refill(enum zone_id id, struct pcp *pcp)
{
	struct zone *zone = &zones[id];
	unsigned wanted;

	swap_stacks(pcp);
	if (pcp->first)
		return true;
	wanted = MIN(MAX(pcp->next_refill, REFILL_MIN), zone->pcp_batch);
	pcp->next_refill = 2 * wanted;
	spin_lock(&zone->lock);
	while (wanted) {
		unsigned order = 0;
		struct page *page = buddy_take_up_to(zone, ilog2(wanted), &order);

		if (!page)
			break;
		wanted -= 1u << order;
		for (unsigned i = 1u << order; i--;)
			push(pcp, page + i);
	}
	spin_unlock(&zone->lock);
	return pcp->first;
}

/* Pages [start, end) go back, as the largest blocks that they make. => zone->lock */
static void free_run(struct zone *zone, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned order = MIN(bit_lowest(start), MIN(ilog2(end - start), MAX_ORDER - 1u));

		buddy_free(zone, pfn_to_page(start), order);
		start += 1ul << order;
	}
}

/*
 * The first stack's pages go back. What a process frees at its end are mostly neighbours: they are
 * put together here, which is much cheaper than merging them one by one. => interrupts off
 */
static void give_back(struct zone *zone, struct pcp *pcp)
{
	pfn_t start = 0, end = 0;

	spin_lock(&zone->lock);
	while (pcp->first) {
		pfn_t pfn = page_to_pfn(pcp_pop(pcp));

		if (pfn + 1 == start) {
			start = pfn;
		} else if (pfn == end) {
			end = pfn + 1;
		} else {
			free_run(zone, start, end);
			start = pfn;
			end = pfn + 1;
		}
	}
	free_run(zone, start, end);
	spin_unlock(&zone->lock);
}

void pcp_overflow(enum zone_id id, struct pcp *pcp)
{
	swap_stacks(pcp);
	if (pcp->first)
		give_back(&zones[id], pcp);
}

void pcp_drain_local(void)
{
	irqflags_t flags = irq_save();

	for (unsigned id = 0; id < NR_ZONES; id++) {
		struct pcp *pcp = &this_cpu_ptr(pcp_lists)->zone[id];

		for (unsigned i = 0; i < 2; i++) {
			swap_stacks(pcp);
			if (pcp->first)
				give_back(&zones[id], pcp);
		}
		pcp->next_refill = 0;
	}
	irq_restore(flags);
}

static void drain_here(void *arg)
{
	(void)arg;
	pcp_drain_local();
}

void pcp_drain_all(void)
{
	cpumask_t mask = {{0}};

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		__set_bit(cpu, mask.bits);
	ipi_call(&mask, drain_here, NULL);
	pcp_drain_local();
}

unsigned long pcp_count(const struct zone *zone, unsigned cpu)
{
	const struct pcp *pcp = &per_cpu_ptr(pcp_lists, cpu)->zone[zone - zones];

	return READ_ONCE(pcp->count) + READ_ONCE(pcp->spare_count);
}
