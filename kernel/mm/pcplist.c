/*
 * Per-CPU lists of single pages, one for each zone, in front of the buddy allocator: most pages come and go one at a
 * time, and the last one freed is the one whose data is still in the CPU's cache.
 *
 * A list is touched by its own CPU only, with interrupts off, so it needs no lock; zone->lock is taken once for a batch.
 * Its pages count as used in zone->free.
 *
 * Next: page_alloc.c.
 */
#include "zone.h"

struct pcp_lists {
	struct page_list list[NR_ZONES];
};
static DEFINE_PER_CPU(struct pcp_lists, pcp_lists);

static struct page_list *pcp_list(const struct zone *zone)
{
	return &this_cpu_ptr(pcp_lists)->list[zone - zones];
}

/* Move a batch from the buddy allocator; whole blocks where there are any, so that neighbours stay together. */
static void refill(struct zone *zone, struct page_list *list)
{
	unsigned wanted = zone->pcp_batch;

	spin_lock(&zone->lock);
	while (wanted) {
		unsigned order = 0;
		struct page *page = buddy_take_up_to(zone, ilog2(wanted), &order);

		if (!page)
			break;
		wanted -= 1u << order;
		for (unsigned i = 1u << order; i--;)
			page_list_add(list, page + i);
	}
	spin_unlock(&zone->lock);
}

/* The pages longest on the list go back: => interrupts off */
static void give_back(struct zone *zone, struct page_list *list, unsigned long n)
{
	spin_lock(&zone->lock);
	while (n--) {
		struct page *page = page_list_last(list);

		page_list_del(list, page);
		buddy_free(zone, page, 0);
	}
	spin_unlock(&zone->lock);
}

struct page *pcp_alloc(struct zone *zone)
{
	irqflags_t flags = irq_save();
	struct page_list *list = pcp_list(zone);
	struct page *page;

	if (unlikely(page_list_empty(list)))
		refill(zone, list);
	page = page_list_pop(list);
	irq_restore(flags);
	return page;
}

unsigned pcp_alloc_bulk(struct zone *zone, unsigned n, struct page **pages)
{
	irqflags_t flags = irq_save();
	struct page_list *list = pcp_list(zone);
	unsigned got = 0;

	for (; got < n; got++) {
		if (page_list_empty(list))
			refill(zone, list);
		pages[got] = page_list_pop(list);
		if (!pages[got])
			break;
	}
	irq_restore(flags);
	return got;
}

void pcp_free(struct page *page)
{
	struct zone *zone = page_zone(page);
	irqflags_t flags = irq_save();
	struct page_list *list = pcp_list(zone);

	page_list_add(list, page);
	if (unlikely(list->count > zone->pcp_high))
		give_back(zone, list, zone->pcp_batch);
	irq_restore(flags);
}

void pcp_drain_local(void)
{
	irqflags_t flags = irq_save();
	struct zone *zone;

	for_each_zone(zone) {
		struct page_list *list = pcp_list(zone);

		if (!page_list_empty(list))
			give_back(zone, list, list->count);
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
	return READ_ONCE(per_cpu_ptr(pcp_lists, cpu)->list[zone - zones].count);
}
