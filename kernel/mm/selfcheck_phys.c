/*
 * What physical memory says of itself: free blocks, the pages of the CPUs, slabs, the vmalloc
 * window with the kernel's stacks. Walkers of mm/selfcheck.h; debug builds only.
 */
#include "mm/selfcheck.h"

#ifdef CONFIG_DEBUG_VM

#include "pcplist.h"
#include "selfcheck_walkers.h"
#include "slab_cache.h"
#include "vmalloc_area.h"

/* ---- free ---- */

static void walk_zone(struct selfcheck *sc, const struct zone *zone)
{
	unsigned long free = zone->ungrown, managed = zone->ungrown;
	struct page *page;

	for (unsigned order = 0; order < MAX_ORDER; order++) {
		unsigned long n = 0;

		page_list_for_each(page, &zone->area[order])
		{
			selfcheck_free(sc, page, order);
			n++;
		}
		selfcheck_equal(sc, "blocks", (long)order, (long)zone->area[order].count, (long)n);
		free += n << order;
	}
	for (pfn_t pfn = zone->start; pfn < zone->end; pfn++)
		managed += pfn_valid(pfn) && (!page_test(pfn_to_page(pfn), PG_RESERVED) ||
					      pfn_to_page(pfn) == zero_page);
	selfcheck_equal(sc, "free pages", zone - zones, (long)zone->free, (long)free);
	selfcheck_equal(sc, "managed pages", zone - zones, (long)zone->managed, (long)managed);
}

static void walk_buddy(struct selfcheck *sc)
{
	struct zone *zone;

	for_each_zone(zone)
		walk_zone(sc, zone);
}

static unsigned walk_stack(struct selfcheck *sc, struct page *page)
{
	unsigned n = 0;

	for (; page; page = page->owner, n++)
		selfcheck_free(sc, page, 0);
	return n;
}

static void walk_pcp(struct selfcheck *sc)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		for (unsigned id = 0; id < NR_ZONES; id++) {
			const struct pcp *pcp = &per_cpu_ptr(pcp_lists, cpu)->zone[id];
			unsigned n = walk_stack(sc, pcp->first) + walk_stack(sc, pcp->spare);

			selfcheck_equal(sc, "pages", (long)cpu,
					(long)(pcp->count + pcp->spare_count), (long)n);
		}
}

/* ---- slabs: full ones are on no list, so they are found by their pages ---- */

static void walk_slabs(struct selfcheck *sc)
{
	unsigned long pages = 0;

	for (pfn_t pfn = 1; pfn < max_low_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		const struct kmem_cache *cache;

		if (!pfn_valid(pfn) || !page_test(page, PG_SLAB))
			continue;
		cache = page->owner;
		if (!IS_ALIGNED(pfn, 1ul << cache->order))
			continue;
		selfcheck_block(sc, page, cache->order);
		pages += 1ul << cache->order;
	}
	selfcheck_equal(sc, "pages", 0, (long)inspect_slab_pages(), (long)pages);
}

/* ---- the vmalloc window ---- */

static void walk_area(struct selfcheck *sc, const struct inspect_vmalloc *area)
{
	char *base = (char *)area->start + (area->kind & INSPECT_STACK ? PAGE_SIZE : 0);

	for (unsigned long i = 0; i < area->pages; i++) {
		pgprot_t prot;
		pfn_t pfn;

		if (arch_kernel_lookup(base + i * PAGE_SIZE, &pfn, &prot))
			selfcheck_hold(sc, pfn_to_page(pfn), 1);
	}
}

static void walk_window(struct selfcheck *sc, unsigned kind)
{
	unsigned long from = 0;
	struct inspect_vmalloc area;

	while (inspect_vmalloc(from, &area)) {
		if ((area.kind & (INSPECT_VMALLOC | INSPECT_STACK | INSPECT_UNPURGED)) == kind)
			walk_area(sc, &area);
		from = area.start + area.size;
	}
}

static void walk_vmalloc(struct selfcheck *sc)
{
	walk_window(sc, INSPECT_VMALLOC);
}

static void walk_stacks(struct selfcheck *sc)
{
	walk_window(sc, INSPECT_VMALLOC | INSPECT_STACK);
}

static struct selfcheck_owner phys_owners[] = {
	{.name = "buddy", .walk = walk_buddy},  {.name = "percpu", .walk = walk_pcp},
	{.name = "slab", .walk = walk_slabs},   {.name = "vmalloc", .walk = walk_vmalloc},
	{.name = "stack", .walk = walk_stacks},
};

void selfcheck_phys_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(phys_owners); i++)
		selfcheck_register(&phys_owners[i]);
}

#endif
