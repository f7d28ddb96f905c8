/*
 * The lists of pages that reclaim works on, and the pages that it leaves alone.
 *
 * A page that could be dropped is on one of two lists of its zone (PG_LRU; PG_ACTIVE says which).
 * A page that must stay although nobody refers to it right now is unevictable (PG_UNEVICTABLE): it
 * is on no list, so that reclaim does not meet it again and again. It is so for one of two reasons:
 *
 *   locked       page-table entries of areas with VM_LOCKED map it: they are counted
 *   its object   shmctl(SHM_LOCK), ramfs: all pages of the mapping stay
 *
 * The links of such a page are not in use: they hold the count and the reason (struct pinned). With
 * the last reason gone it goes back to the list that it came from. Only who locks pays: a page is
 * looked at here when an entry of a locked area comes or goes (page_mlock, page_munlock).
 *
 * Invariants, under lru->lock: PG_LRU and PG_UNEVICTABLE exclude each other; locks is the number of
 * entries of locked areas that map the page, when no page_table_lock is held.
 *
 * Lock: lru->lock of the zone. Read next: mlock.c, reclaim.c.
 */
#include "reclaim.h"
#include "virt.h"

/* What the page was counted as when it became unevictable. */
enum pinned_kind { PINNED_ANON, PINNED_SHMEM, PINNED_FILE };

struct lru lrus[NR_ZONES];

static struct lru *lru_of(const struct page *page)
{
	return &lrus[pfn_zone_id(page_to_pfn(page))];
}

/* ---- lists ---- */

/* => lru->lock held, on no list */
static void link_page(struct lru *lru, struct page *page, bool active)
{
	page_set(page, PG_LRU);
	if (active)
		page_set(page, PG_ACTIVE);
	page_list_add(active ? &lru->active : &lru->inactive, page);
}

/* => lru->lock held, PG_LRU set */
static void unlink_page(struct lru *lru, struct page *page)
{
	page_list_del(page_test(page, PG_ACTIVE) ? &lru->active : &lru->inactive, page);
	page_clear(page, PG_LRU);
	page_clear(page, PG_ACTIVE);
}

void lru_put_back(struct page *page, bool active)
{
	struct lru *lru = lru_of(page);

	spin_lock(&lru->lock);
	if (!page_test(page, PG_LRU) && !page_test(page, PG_UNEVICTABLE))
		link_page(lru, page, active);
	spin_unlock(&lru->lock);
}

void lru_add(struct page *page)
{
	lru_put_back(page, false);
}

unsigned lru_isolate(struct lru *lru, struct page_list *list, struct page **pages, unsigned max)
{
	unsigned n = 0;

	spin_lock(&lru->lock);
	while (n < max) {
		struct page *page = page_list_last(list);

		if (!page)
			break;
		unlink_page(lru, page);
		if (page_get_unless_zero(page)) /* otherwise it is being freed */
			pages[n++] = page;
	}
	spin_unlock(&lru->lock);
	return n;
}

/* ---- unevictable pages. => lru->lock held ---- */

static struct pinned pinned_of(const struct page *page)
{
	struct pinned p;

	memcpy(&p, page->link, sizeof(page->link));
	return p;
}

static void set_pinned(struct page *page, const struct pinned *p)
{
	memcpy(page->link, p, sizeof(page->link));
}

static u8 kind_of(const struct page *page)
{
	if (page_is_anon(page))
		return PINNED_ANON;
	return page_test(page, PG_SWAPBACKED) ? PINNED_SHMEM : PINNED_FILE;
}

/* What holds the page; it becomes unevictable if nothing did. */
static struct pinned pin(struct lru *lru, struct page *page)
{
	struct pinned p = {.kind = kind_of(page)};

	if (page_test(page, PG_UNEVICTABLE))
		return pinned_of(page);
	if (page_test(page, PG_LRU))
		unlink_page(lru, page);
	page_set(page, PG_UNEVICTABLE);
	lru->pinned[p.kind]++;
	vm_event_add(VM_UNEVICTABLE_CULLED, 1);
	return p;
}

/* @p is what holds the page now, perhaps nothing any more. */
static void unpin_if_free(struct lru *lru, struct page *page, const struct pinned *p)
{
	set_pinned(page, p);
	if (p->locks || p->by_object)
		return;
	page_clear(page, PG_UNEVICTABLE);
	lru->pinned[p->kind]--;
	vm_event_add(VM_UNEVICTABLE_RESCUED, 1);
	if (p->kind == PINNED_FILE && page_mapping(page))
		link_page(lru, page, false);
}

void page_mlock(struct page *page)
{
	struct lru *lru = lru_of(page);
	struct pinned p;

	spin_lock(&lru->lock);
	p = pin(lru, page);
	if (!p.locks++) {
		lru->mlocked++;
		vm_event_add(VM_UNEVICTABLE_MLOCKED, 1);
	}
	set_pinned(page, &p);
	spin_unlock(&lru->lock);
}

void page_munlock(struct page *page)
{
	struct lru *lru = lru_of(page);
	struct pinned p;

	spin_lock(&lru->lock);
	p = pinned_of(page);
	if (!--p.locks) {
		lru->mlocked--;
		vm_event_add(VM_UNEVICTABLE_MUNLOCKED, 1);
	}
	unpin_if_free(lru, page, &p);
	spin_unlock(&lru->lock);
}

/* ---- objects whose pages stay ---- */

void lru_add_pinned(struct page *page)
{
	struct lru *lru = lru_of(page);
	struct pinned p;

	spin_lock(&lru->lock);
	p = pin(lru, page);
	p.by_object = true;
	set_pinned(page, &p);
	spin_unlock(&lru->lock);
}

/* Its object's pages stay no more. */
static void let_go(struct page *page)
{
	struct lru *lru = lru_of(page);
	struct pinned p;

	spin_lock(&lru->lock);
	if (page_test(page, PG_UNEVICTABLE)) {
		p = pinned_of(page);
		p.by_object = false;
		unpin_if_free(lru, page, &p);
	}
	spin_unlock(&lru->lock);
}

void mapping_set_unevictable(struct mapping *m, bool on)
{
	enum mapping_lru evictable = m->ops->read_page ? MAPPING_LRU_LISTED : MAPPING_LRU_NONE;

	/* A page that is inserted meanwhile sees this, or is seen by the walk. */
	WRITE_ONCE(m->lru, on ? MAPPING_LRU_PINNED : evictable);
	smp_mb();
	for (u32 index = mapping_next_page(m, 0); index != ~0u;
	     index = mapping_next_page(m, index + 1)) {
		struct page *page = mapping_find(m, index);

		if (!page)
			continue;
		if (on)
			lru_add_pinned(page);
		else
			let_go(page);
		page_put(page);
		cond_resched();
	}
}

/* ---- a page leaves its object, or everything ---- */

void lru_remove(struct page *page)
{
	struct lru *lru = lru_of(page);

	spin_lock(&lru->lock);
	if (page_test(page, PG_LRU))
		unlink_page(lru, page);
	spin_unlock(&lru->lock);
	if (page_test(page, PG_UNEVICTABLE))
		let_go(page);
}

/* The last reference went, and with it all entries that locked the page. */
static void forget(struct page *page)
{
	lru_remove(page);
	WARN_ON(page_test(page, PG_UNEVICTABLE));
}

/* ---- counts ---- */

void mm_lru_counts(unsigned zone, unsigned long *inactive, unsigned long *active)
{
	*inactive = READ_ONCE(lrus[zone].inactive.count);
	*active = READ_ONCE(lrus[zone].active.count);
}

void mm_pinned_counts(unsigned zone, struct mm_pinned *counts)
{
	const struct lru *lru = &lrus[zone];

	counts->anon += READ_ONCE(lru->pinned[PINNED_ANON]);
	counts->shmem += READ_ONCE(lru->pinned[PINNED_SHMEM]);
	counts->file += READ_ONCE(lru->pinned[PINNED_FILE]);
	counts->mlocked += READ_ONCE(lru->mlocked);
}

static unsigned long nr_reclaimable(void)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < NR_ZONES; i++)
		sum += lru_size(&lrus[i]);
	return sum;
}

void lru_init(void)
{
	for (unsigned i = 0; i < NR_ZONES; i++) {
		spin_lock_init(&lrus[i].lock, RANK_LRU);
		lrus[i].inactive.first = lrus[i].inactive.last = (u32)PFN_NONE;
		lrus[i].active.first = lrus[i].active.last = (u32)PFN_NONE;
	}
	mm_lru_remove = forget;
	mm_nr_reclaimable = nr_reclaimable;
}
