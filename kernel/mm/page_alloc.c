/*
 * Who gets which page.
 *
 *   gfp            zones, in this order     down to
 *   HIGHMEM        HIGHMEM, NORMAL, DMA     the low watermark, then (slow path) the min watermark
 *   none           NORMAL, DMA              the same
 *   DMA            DMA                      the same
 *   + HIGH         (nobody can wait)        half of min; without RECLAIM three eighths
 *   + MEMALLOC     (reclaim itself)         the last page
 *
 * On top of the watermark each zone keeps back lowmem_reserve pages from requests that could have
 * used a higher zone: user memory may spill into low memory, but never fill it.
 *
 * Fast path: the first zone above its low watermark serves, single pages from the per-CPU list.
 * Slow path, in this order: wake the background reclaim; try down to min; drain the per-CPU lists;
 * reclaim; kill; give up with one line that says why.
 *
 * Next: page.c (what happens to a page on its way out), buddy.c.
 */
#include "arch/log.h"
#include "sched/task.h"
#include "mm/inspect.h"
#include "mm/memblock.h"
#include "oom_private.h"
#include "mm/vmstat.h"
#include "pcplist.h"

unsigned long (*mm_reclaim)(gfp_t gfp, unsigned order);
bool (*mm_out_of_memory)(gfp_t gfp, unsigned order);
void (*mm_wake_reclaim)(void);
unsigned long (*mm_nr_reclaimable)(void);

#ifdef CONFIG_DEBUG_VM
bool (*mm_fail_alloc)(gfp_t gfp);
#endif

/* Larger requests are not worth killing for: their callers have something else in mind. */
#define COSTLY_ORDER 3
/* Reclaim rounds that freed something and still did not help. */
#define RECLAIM_ROUNDS 16

/* What a request may dig into. */
struct floor {
	enum zone_mark mark;
	bool high;   /* half of the watermark */
	bool atomic; /* a quarter of the rest */
	bool victim; /* half of the rest: it frees more when it has died */
	bool none;   /* everything */
};

static bool zone_has(const struct zone *zone, enum zone_id class, unsigned order,
		     struct floor floor)
{
	long above = (long)READ_ONCE(zone->free) - (long)((1ul << order) - 1);
	long limit = (long)zone->mark[floor.mark];

	if (floor.none)
		return above > 0;
	if (floor.high)
		limit -= limit / 2;
	if (floor.atomic)
		limit -= limit / 4;
	if (floor.victim)
		limit -= limit / 2;
	return above > limit + (long)zone->reserve[class];
}

static struct page *zone_take(enum zone_id id, unsigned order)
{
	struct zone *zone = &zones[id];
	struct page *page;
	irqflags_t flags;

	if (!order)
		return pcp_alloc(id);
	flags = spin_lock_irqsave(&zone->lock);
	page = buddy_take(zone, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static struct page *try_zones(gfp_t gfp, unsigned order, struct floor floor)
{
	enum zone_id class = gfp_zone(gfp);

	for (int id = class; id >= 0; id--) {
		struct page *page;

		if (!zone_has(&zones[id], class, order, floor))
			continue;
		page = zone_take(id, order);
		if (page)
			return page;
	}
	return NULL;
}

/* ---- slow path ---- */

static bool is_victim(const struct task *t)
{
	return t->mm && (atomic_read(&t->mm->oom) & OOM_VICTIM);
}

static struct floor floor_of(gfp_t gfp)
{
	struct floor floor = {.mark = MARK_MIN};

	floor.high = gfp & __GFP_HIGH;
	floor.atomic = floor.high && !(gfp & __GFP_RECLAIM);
	floor.none = gfp & __GFP_MEMALLOC;
	if (!in_interrupt()) {
		floor.none |= (current->flags & PF_MEMALLOC) != 0;
		floor.victim = is_victim(current);
	}
	return floor;
}

static bool may_reclaim(gfp_t gfp)
{
	return (gfp & __GFP_RECLAIM) && !(current->flags & PF_MEMALLOC);
}

static unsigned long reclaim(gfp_t gfp, unsigned order)
{
	unsigned long freed;

	if (!mm_reclaim)
		return 0;
	current->flags |= PF_MEMALLOC;
	freed = mm_reclaim(gfp, order);
	current->flags &= ~PF_MEMALLOC;
	return freed;
}

static bool wait_for_the_oom_killer(gfp_t gfp, unsigned order)
{
	if (gfp & __GFP_NORETRY || (order > COSTLY_ORDER && !(gfp & __GFP_NOFAIL)))
		return false;
	return mm_out_of_memory && mm_out_of_memory(gfp, order);
}

/*
 * Free memory until the request can be served; NULL: it cannot. May sleep. What other CPUs have on
 * their lists is asked for only when a round has not sufficed: it interrupts all of them.
 */
static struct page *reclaim_and_try(gfp_t gfp, unsigned order)
{
	unsigned most = order > COSTLY_ORDER || (gfp & __GFP_NORETRY) ? 1 : RECLAIM_ROUNDS,
		 rounds = most;

	for (;;) {
		bool progress = rounds && reclaim(gfp, order);
		struct page *page = try_zones(gfp, order, floor_of(gfp));

		if (page)
			return page;
		pcp_drain_all();
		page = try_zones(gfp, order, floor_of(gfp));
		if (page)
			return page;
		if (progress) {
			rounds--;
			cond_resched();
			continue;
		}
		if (!wait_for_the_oom_killer(gfp, order) && !(gfp & __GFP_NOFAIL))
			return NULL;
		rounds = most;
		cond_resched();
	}
}

/* One line a second (of 2^30 ns) is enough to know that memory is out. */
static bool may_complain(void)
{
	static u32 last;
	u32 now = (u32)(clock_ns() >> 30) + 1;

	return atomic_xchg(&last, now) != now;
}

static noinline struct page *alloc_slow(gfp_t gfp, unsigned order)
{
	struct page *page;

	if (order >= MAX_ORDER)
		return NULL;
	page = try_zones(gfp, order, (struct floor){.mark = MARK_LOW});
	if (page)
		return page;
	if (mm_wake_reclaim)
		mm_wake_reclaim();
	page = try_zones(gfp, order, floor_of(gfp));
	if (!page && may_reclaim(gfp))
		page = reclaim_and_try(gfp, order);
	if (!page && !(gfp & __GFP_NOWARN) && may_complain())
		mm_report_memory(gfp, order, "page allocation failed");
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned order)
{
	enum zone_id class = gfp_zone(gfp), id = zone_first[class];
	struct page *page = NULL;

#ifdef CONFIG_DEBUG_VM
	if (mm_fail_alloc && mm_fail_alloc(gfp))
		return NULL;
#endif
	/* What nearly always happens: one page of the first zone, and there is plenty. */
	if (likely(!order && READ_ONCE(zones[id].free) > zones[id].limit[MARK_LOW][class]))
		page = pcp_alloc(id);
	if (unlikely(!page)) {
		page = alloc_slow(gfp, order);
		if (!page)
			return NULL;
		id = pfn_zone_id(page_to_pfn(page));
	}
	vm_event_add(VM_PGALLOC_DMA + id, 1u << order);
	page_prepare(page, order, gfp);
	page_set_origin(page, __builtin_return_address(0), order, false);
	return page;
}

/* ---- runs of pages ---- */

/* A run is a comfort: of each zone a sixteenth stays, above what is kept back anyway. */
static bool zone_has_plenty(const struct zone *zone, unsigned order)
{
	return READ_ONCE(zone->free) > zone->managed / 16 &&
	       zone_has(zone, ZONE_HIGHMEM, order, (struct floor){.mark = MARK_HIGH});
}

struct page *alloc_page_run(unsigned order)
{
#ifdef CONFIG_DEBUG_VM
	if (mm_fail_alloc && mm_fail_alloc(__GFP_HIGHMEM | __GFP_NOWARN))
		return NULL;
#endif
	for (int id = ZONE_HIGHMEM; id >= ZONE_NORMAL; id--) {
		struct page *page;

		if (!zone_has_plenty(&zones[id], order))
			continue;
		page = zone_take(id, order);
		if (!page)
			continue;
		vm_event_add(VM_PGALLOC_DMA + id, 1u << order);
		page_prepare_run(page, order);
		for (unsigned i = 0; i < 1u << order; i++)
			page_set_origin(page + i, __builtin_return_address(0), 0, false);
		return page;
	}
	return NULL;
}

void *get_free_pages(gfp_t gfp, unsigned order)
{
	struct page *page = alloc_pages(gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE), order);

	if (!page)
		return NULL;
	page_set_origin(page, __builtin_return_address(0), order, true);
	return page_address(page);
}

unsigned alloc_pages_bulk(gfp_t gfp, unsigned n, struct page **pages)
{
	unsigned got = 0;

	while (got < n && (pages[got] = alloc_page(gfp)))
		got++;
	return got;
}

/* ---- memory that boot had taken ---- */

static bool give(struct zone *zone, pfn_t pfn)
{
	struct page *page = pfn_to_page(pfn);
	irqflags_t flags = spin_lock_irqsave(&zone->lock);
	bool ok;

	zone_grow_at(zone, pfn);
	ok = page_test(page, PG_RESERVED);
	if (ok) {
		page->flags = 0;
		page->refs = 0;
		buddy_free(zone, page, 0);
		zone->managed++;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return ok;
}

unsigned long mm_free_range(paddr_t start, paddr_t end)
{
	pfn_t first = (pfn_t)((start + PAGE_SIZE - 1) >> PAGE_SHIFT),
	      last = (pfn_t)(end >> PAGE_SHIFT);
	unsigned long freed = 0;

	for (pfn_t pfn = MAX(first, (pfn_t)1); pfn < MIN(last, max_pfn); pfn++)
		freed += give(&zones[pfn_zone_id(pfn)], pfn);
	zones_set_marks();
	return freed;
}

void mm_boot_done(void)
{
	pcp_drain_all();
}

/* ---- totals ---- */

unsigned long total_ram_pages(void)
{
	return zones[ZONE_DMA].managed + zones[ZONE_NORMAL].managed + zones[ZONE_HIGHMEM].managed;
}

unsigned long total_high_pages(void)
{
	return zones[ZONE_HIGHMEM].managed;
}

unsigned long nr_free_high_pages(void)
{
	return READ_ONCE(zones[ZONE_HIGHMEM].free);
}

unsigned long nr_free_pages(void)
{
	return READ_ONCE(zones[ZONE_DMA].free) + READ_ONCE(zones[ZONE_NORMAL].free) +
	       nr_free_high_pages();
}

/* Pages that no user allocation gets: of each zone the high watermark and the largest reserve. */
static unsigned long reserved_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone(zone)
		sum += MIN(zone->managed, zone->limit[MARK_HIGH][ZONE_HIGHMEM]);
	return sum;
}

unsigned long nr_available_pages(void)
{
	unsigned long low = 0, cache = mm_nr_reclaimable ? mm_nr_reclaimable() : 0;
	unsigned long free = nr_free_pages(), reserved = reserved_pages();
	struct zone *zone;

	for_each_zone(zone)
		low += zone->mark[MARK_LOW];
	free = free > reserved ? free - reserved : 0;
	return free + cache - MIN(cache / 2, low);
}
