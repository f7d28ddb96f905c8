/*
 * Pages leave an object: truncate, hole punching, the end of the object; and dirty pages go to
 * where they belong.
 *
 * A page that is taken out may be mapped, and a fault may be just about to map it. So the order is:
 * the size (by the caller), all page tables, the pages out of the cache, all page tables again. A
 * fault checks under page_table_lock that the page still is in the cache (fault.c): it came either
 * before the second walk, which finds its entry, or it sees that the page is gone.
 *
 * Locks: i_mmap_sem before the page lock, so the page tables are walked with no page locked.
 */
#include "virt.h"
#include "sched/rcu.h"

/* ---- truncate ---- */

static void drop_pages(struct mapping *m, u32 first, u32 last)
{
	unsigned long index = first;

	while (m->nrpages) {
		struct page *page;

		rcu_read_lock();
		page = xa_find(&m->pages, &index, last);
		rcu_read_unlock();
		if (!page)
			return;
		page = mapping_lock_page(m, (u32)index);
		if (page) {
			cache_remove(m, page);
			page_unlock(page);
			page_put(page);
		}
		if (index++ == last)
			return;
		cond_resched();
	}
}

/* The bytes [from, to) of one page. */
static void zero_part(struct mapping *m, u32 index, unsigned from, unsigned to)
{
	struct page *page = mapping_lock_page(m, index);

	if (!page)
		return;
	if (page_test(page, PG_UPTODATE)) {
		memzero_page(page, from, to - from);
		mapping_mark_dirty(m, page);
	}
	page_unlock(page);
	page_put(page);
}

static u32 page_index(loff_t pos)
{
	return (u64)pos >> PAGE_SHIFT > ~0u ? ~0u : (u32)((u64)pos >> PAGE_SHIFT);
}

void mapping_truncate_range(struct mapping *m, loff_t start, loff_t end)
{
	bool to_end = end < 0;
	unsigned head = (unsigned)start & (PAGE_SIZE - 1),
		 tail = to_end ? 0 : (unsigned)end & (PAGE_SIZE - 1);
	u32 first = page_index(start) + (head != 0), past = to_end ? ~0u : page_index(end);

	if (!to_end && end <= start)
		return;
	if (head && !to_end && first > past) { /* within one page */
		zero_part(m, first - 1, head, tail);
		return;
	}
	if (first < past) {
		mapping_unmap_range(m, first, past - first, to_end);
		drop_pages(m, first, to_end ? ~0u : past - 1);
		mapping_unmap_range(m, first, past - first, to_end);
	}
	if (head)
		zero_part(m, first - 1, head, PAGE_SIZE);
	if (tail)
		zero_part(m, past, 0, tail);
}

/* ---- write-back ---- */

static int write_one(struct mapping *m, u32 index)
{
	struct page *page = mapping_find(m, index);
	int err = 0;

	if (!page)
		return 0;
	spin_lock(&m->tree_lock);
	xa_clear_mark(&m->pages, index, MAPPING_MARK_DIRTY);
	page_clear(page, PG_DIRTY);
	spin_unlock(&m->tree_lock);
	/* Writes from now on fault, and make it dirty again. */
	page_mkclean(m, page);
	page_lock(page);
	if (page_mapping(page) == m)
		err = m->ops->write_page(m, page);
	page_unlock(page);
	if (err)
		__atomic_store_n(&m->error, err, __ATOMIC_RELAXED);
	page_put(page);
	return err;
}

/*
 * What processes wrote through page tables since the last time shows in the entries only after
 * page_mkclean() has looked.
 */
int mapping_sync(struct mapping *m, loff_t start, loff_t end)
{
	unsigned long index = page_index(start), last = end < 0 ? ~0u : page_index(end);
	int err = 0;

	if (!m->ops->write_page)
		return 0;
	for (;; index++) {
		struct page *page;
		int e;

		rcu_read_lock();
		page = xa_find_marked(&m->pages, &index, last, MAPPING_MARK_DIRTY);
		rcu_read_unlock();
		if (!page)
			break;
		e = write_one(m, (u32)index);
		if (e && !err)
			err = e;
		if (index == last)
			break;
		cond_resched();
	}
	if (!err)
		err = __atomic_exchange_n(&m->error, 0, __ATOMIC_RELAXED);
	return err;
}
