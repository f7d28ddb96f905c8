/*
 * kswapd: the thread that frees memory ahead of need.
 *
 *   free >= low           it sleeps
 *   free <  low           who allocates wakes it, and goes on
 *   until free >= high    it reclaims, zone by zone (reclaim.c), and sleeps again
 *   free <  min           who allocates has to reclaim for itself (page_alloc.c)
 *
 * When a whole round of turns frees nothing there is nothing to gain, and being woken at every
 * allocation would only cost: it then stays asleep for a while, or until somebody else has freed
 * something.
 *
 * It may use the reserves (PF_MEMALLOC), because it frees more than it needs.
 * Read next: reclaim.c, docs/memory/reclaim.md.
 */
#include "mm/shrinker.h"
#include "reclaim.h"
#include "slab_cache.h"
#include "virt.h"

#define HOPELESS_NS (250 * NSEC_PER_MSEC)

static DEFINE_WAIT_QUEUE(kswapd_wait);
static bool wanted;        /* a zone fell below low */
static u64 hopeless_until; /* clock_ns(); a hint, no lock */

static bool zone_is_low(const struct zone *zone, enum zone_mark mark)
{
	return zone->managed && READ_ONCE(zone->free) < zone->mark[mark];
}

static bool any_zone_below(enum zone_mark mark)
{
	struct zone *zone;

	for_each_zone(zone)
		if (zone_is_low(zone, mark))
			return true;
	return false;
}

static void wake(void)
{
	if (READ_ONCE(wanted) || clock_ns() < READ_ONCE(hopeless_until))
		return;
	if (!any_zone_below(MARK_LOW))
		return; /* what the request missed was the reserve against it */
	WRITE_ONCE(wanted, true);
	wake_up(&kswapd_wait);
}

void kswapd_progress(void)
{
	WRITE_ONCE(hopeless_until, 0);
}

/*
 * One turn on all zones that are short, and on the kernel's objects if one of these is low memory.
 */
static unsigned long balance_once(unsigned priority)
{
	unsigned long before = nr_free_pages(), freed = 0;
	bool low = false;

	for (unsigned id = 0; id < NR_ZONES; id++) {
		if (!zone_is_low(&zones[id], MARK_HIGH))
			continue;
		freed += reclaim_zone((enum zone_id)id, priority, true);
		low |= id != ZONE_HIGHMEM;
	}
	if (low && shrink_caches(priority))
		slab_shrink_all();
	return MAX(freed, nr_free_pages() - MIN(before, nr_free_pages()));
}

static void balance(void)
{
	unsigned long freed = 0;

	for (int priority = RECLAIM_PRIORITY; any_zone_below(MARK_HIGH); priority--) {
		freed += balance_once((unsigned)priority);
		cond_resched();
		if (priority)
			continue;
		if (!freed) {
			WRITE_ONCE(hopeless_until, clock_ns() + HOPELESS_NS);
			return;
		}
		freed = 0;
		priority = RECLAIM_PRIORITY + 1;
	}
}

static int kswapd(void *unused)
{
	(void)unused;
	current->flags |= PF_MEMALLOC;
	for (;;) {
		wait_event(&kswapd_wait, READ_ONCE(wanted));
		balance();
		WRITE_ONCE(wanted, false);
	}
	return 0;
}

void kswapd_start(void)
{
	if (kthread_create(kswapd, NULL, "kswapd0"))
		mm_wake_reclaim = wake;
}
