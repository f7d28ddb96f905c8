/*
 * Copies between the caller's memory and another process's, page by page: the other's pages are
 * pinned by get_user_pages(), the caller's are reached as those of a read or write.
 *
 * process_vm_readv(2). Read next: gup.c, iov_iter.c.
 */
#include "mm/iov_iter.h"
#include "virt.h"

#define BATCH 16u /* pages pinned at a time */

/* One page's part: 0, or -EFAULT when the caller's memory faulted. */
static int copy_part(struct page *page, u32 offset, u32 len, struct iov_iter *local, bool write)
{
	size_t want = MIN((size_t)len, local->count), done;

	done = write ? copy_page_from_iter(page, offset, want, local)
		     : copy_page_to_iter(page, offset, want, local);
	if (write && done && !page_test(page, PG_DIRTY) && page_mapping(page))
		mapping_mark_dirty(page_mapping(page), page);
	return done < want ? -EFAULT : 0;
}

static int copy_pages(struct page **pages, long n, uaddr_t addr, u32 len, struct iov_iter *local,
		      bool write)
{
	int err = 0;

	for (long i = 0; i < n; i++) {
		u32 offset = addr & (u32)~PAGE_MASK, part = MIN(len, (u32)PAGE_SIZE - offset);

		if (!err && local->count)
			err = copy_part(pages[i], offset, part, local, write);
		page_put(pages[i]);
		addr += part;
		len -= part;
	}
	return err;
}

int mm_copy_remote(struct mm *mm, uaddr_t addr, u32 len, struct iov_iter *local, bool write)
{
	struct page *pages[BATCH];
	int err = 0;

	while (len && local->count && !err) {
		u32 offset = addr & (u32)~PAGE_MASK,
		    want = MIN(len, BATCH * (u32)PAGE_SIZE - offset);
		unsigned n = (unsigned)((offset + want + PAGE_SIZE - 1) >> PAGE_SHIFT);
		long got = get_user_pages(mm, addr, n, write, false, pages);
		u32 part;

		if (got <= 0)
			return -EFAULT;
		part = MIN(want, (u32)got * (u32)PAGE_SIZE - offset);
		err = copy_pages(pages, got, addr, part, local, write);
		addr += part;
		len -= part;
		cond_resched();
	}
	return err;
}
