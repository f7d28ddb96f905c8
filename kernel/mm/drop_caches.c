/*
 * Pages of files that nobody uses give way at once: /proc/sys/vm/drop_caches. Only clean pages that
 * no process maps; memory without another copy stays. proc(5)
 *
 * Locks: a page's lock is only tried for.
 */
#include "mm/vmstat.h"
#include "virt.h"

static bool is_droppable(const struct page *page)
{
	return page_test(page, PG_LRU) && !page_test(page, PG_DIRTY) &&
	       !page_test(page, PG_SWAPBACKED) && !page_mapcount(page) && !page_is_anon(page);
}

/* => page referenced */
static bool drop(struct page *page)
{
	struct mapping *m;
	bool dropped = false;

	if (!page_trylock(page))
		return false;
	m = page_mapping(page);
	if (m && is_droppable(page) && !page_test(page, PG_WRITEBACK))
		dropped = cache_remove_idle(m, page);
	page_unlock(page);
	return dropped;
}

unsigned long mm_drop_caches(void)
{
	unsigned long dropped = 0;

	vm_event_add(VM_DROP_PAGECACHE, 1);
	for (pfn_t pfn = 1; pfn < max_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!(pfn & 1023))
			cond_resched();
		if (!pfn_valid(pfn) || !is_droppable(page) || !page_get_unless_zero(page))
			continue;
		dropped += drop(page);
		page_put(page);
	}
	return dropped;
}
