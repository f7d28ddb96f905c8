/*
 * Reclaim: clean pages of files give way when memory is short; they can be read again.
 *
 * Each zone has two lists. A page enters the inactive one; when its turn comes at the tail and it
 * was used meanwhile (PG_REFERENCED, or a page-table entry with the accessed bit) it goes to the
 * active list, otherwise it is dropped. Active pages come back when the inactive list is the
 * shorter one. Dirty pages are written first. Memory that has no other copy (private pages,
 * tmpfs) is on no list: there is no swap. What must stay anyway (mlock, SHM_LOCK) is on none
 * either: lru.c.
 *
 * A page on a list has PG_LRU, set and cleared under the list's lock; the list holds no reference.
 * Work takes pages off with a reference of its own, so that lists are locked only briefly.
 *
 * The kernel's own caches (names, inodes, stacks) give way by shrinkers, asked in the same turns.
 * Who needs memory does this itself (direct reclaim); kswapd.c does it ahead of need.
 *
 * Locks: lru_lock of a zone; a page's lock and i_mmap_sem are only tried for. Read next: kswapd.c,
 * shrinker.c, oom.c.
 */
#include "mm/shrinker.h"
#include "reclaim.h"
#include "sched/rcu.h"
#include "slab_cache.h"
#include "virt.h"
#include "zone.h"

#define BATCH 32u
/* The callbacks of RCU run in a thread of their own: it has so long before we look. */
#define GRACE_NS (4 * NSEC_PER_MSEC)

/* ---- one page ---- */

enum verdict { DROPPED, KEEP, ACTIVATE };

static bool was_used(struct page *page)
{
	return page_test_and_clear(page, PG_REFERENCED);
}

/* => page locked */
static enum verdict try_drop(struct mapping *m, struct page *page, bool may_write)
{
	if (page_test(page, PG_WRITEBACK))
		return KEEP;
	if (!page_try_unmap(m, page))
		return ACTIVATE;
	if (was_used(page))
		return ACTIVATE; /* the accessed bits that unmapping found */
	if (page_test(page, PG_DIRTY)) {
		if (!may_write || !m->ops->write_page)
			return KEEP;
		page_clear(page, PG_DIRTY);
		if (m->ops->write_page(m, page))
			page_set(page, PG_DIRTY);
	}
	return cache_remove_idle(m, page) ? DROPPED : KEEP;
}

static enum verdict judge(struct page *page, bool may_write)
{
	enum verdict verdict = KEEP;
	struct mapping *m;

	if (was_used(page))
		return ACTIVATE;
	if (!page_trylock(page))
		return KEEP;
	m = page_mapping(page);
	if (m)
		verdict = try_drop(m, page, may_write);
	page_unlock(page);
	return verdict;
}

/* ---- lists, in batches ---- */

static void refill_inactive(struct lru *lru)
{
	struct page *pages[BATCH];
	unsigned n;

	if (READ_ONCE(lru->inactive.count) > READ_ONCE(lru->active.count))
		return;
	n = lru_isolate(lru, &lru->active, pages, BATCH);
	for (unsigned i = 0; i < n; i++) {
		page_clear(pages[i], PG_REFERENCED);
		if (page_mapping(pages[i]))
			lru_put_back(pages[i], false);
		page_put(pages[i]);
	}
}

static unsigned long shrink(struct lru *lru, bool may_write)
{
	struct page *pages[BATCH];
	unsigned long dropped = 0;
	unsigned n;

	refill_inactive(lru);
	n = lru_isolate(lru, &lru->inactive, pages, BATCH);
	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];
		enum verdict verdict = judge(page, may_write);

		if (verdict == DROPPED)
			dropped++;
		if (verdict == ACTIVATE)
			vm_event_add(VM_PGACTIVATE, 1);
		if (verdict != DROPPED && page_mapping(page))
			lru_put_back(page, verdict == ACTIVATE);
		page_put(page);
	}
	vm_event_add(VM_PGSCAN, n);
	vm_event_add(VM_PGSTEAL, (u32)dropped);
	return dropped;
}

unsigned long reclaim_zone(enum zone_id id, unsigned priority, bool may_write)
{
	struct lru *lru = &lrus[id];
	unsigned long scan = (lru_size(lru) >> priority) / BATCH + 1, dropped = 0;

	if (!lru_size(lru))
		return 0;
	while (scan--) {
		dropped += shrink(lru, may_write);
		cond_resched();
	}
	return dropped;
}

/*
 * Objects of the kernel are freed after a grace period, and slabs only when all of their objects
 * are: so what went is worth waiting for, a moment.
 */
static void wait_for_objects(void)
{
	synchronize_rcu();
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_ns() + GRACE_NS);
}

/*
 * What a task that needs memory does for it: with each turn a larger part of the lists is looked
 * at, at last all of them, until a batch was freed. How many pages; slab pages count by what the
 * zones have more than before.
 */
static unsigned long reclaim(gfp_t gfp, unsigned order)
{
	unsigned long want = MAX(BATCH, 1u << order), freed = 0;
	bool may_fs = (gfp & __GFP_IO) && (gfp & __GFP_FS);

	for (int priority = RECLAIM_PRIORITY; priority >= 0 && freed < want; priority--) {
		unsigned long objects = 0;

		for (int id = (int)gfp_zone(gfp); id >= 0; id--)
			freed += reclaim_zone((enum zone_id)id, (unsigned)priority, may_fs);
		if (may_fs && freed < want)
			objects = shrink_caches((unsigned)priority);
		if (objects && (objects >= BATCH || !priority)) {
			unsigned long before = nr_free_pages();

			wait_for_objects();
			slab_shrink_all();
			if (nr_free_pages() > before)
				freed += nr_free_pages() - before;
		}
		if (fatal_signal_pending(current))
			break;
	}
	if (freed)
		kswapd_progress();
	return freed;
}

void shrink_all_caches(void)
{
	while (shrink_caches(0) > BATCH && !fatal_signal_pending(current))
		continue;
	wait_for_objects();
	slab_shrink_all();
	pcp_drain_all();
}

void reclaim_init(void)
{
	lru_init();
	mm_reclaim = reclaim;
}
