/*
 * read(2) and write(2) through the page cache.
 *
 * The caller's memory may fault while it is copied, and that fault may need the very page that is
 * being written. So a read copies with only a reference held, and a write touches the caller's
 * memory first and then copies with faults switched off: a fault in between shows as a short copy,
 * and the write tries again.
 */
#include "mm/iov_iter.h"
#include "virt.h"

ssize_t mapping_copy_out(struct mapping *m, loff_t pos, struct iov_iter *to)
{
	ssize_t done = 0;
	int err = 0;

	while (to->count) {
		loff_t size = mapping_size(m);
		unsigned offset = (unsigned)pos & (PAGE_SIZE - 1);
		size_t n, copied;
		struct page *page;

		if (pos >= size)
			break;
		n = (size_t)MIN((loff_t)MIN(PAGE_SIZE - offset, to->count), size - pos);
		/* A hole of an object that lives in memory alone stays a hole. */
		page = m->ops->read_page ? mapping_read_page(m, (u32)(pos >> PAGE_SHIFT))
					 : mapping_find(m, (u32)(pos >> PAGE_SHIFT));
		if (IS_ERR(page)) {
			err = (int)PTR_ERR(page);
			break;
		}
		if (page && page_test(page, PG_UPTODATE))
			copied = copy_page_to_iter(page, offset, n, to);
		else
			copied = zero_iter(n, to);
		if (page)
			page_put(page);
		pos += (loff_t)copied;
		done += (ssize_t)copied;
		if (copied < n) {
			err = -EFAULT;
			break;
		}
		cond_resched();
	}
	return done ? done : err;
}

/*
 * One page's part. Bytes, or -errno. -EAGAIN: nothing is written; *@able bytes of the caller's
 * memory could be read, 0 if it went away between the touch and the copy.
 */
static ssize_t copy_in_page(struct mapping *m, loff_t pos, size_t n, struct iov_iter *from,
			    size_t *able)
{
	unsigned offset = (unsigned)pos & (PAGE_SIZE - 1);
	struct page *page = mapping_write_begin(m, (u32)(pos >> PAGE_SHIFT), offset, (unsigned)n);
	size_t copied;

	if (IS_ERR(page))
		return PTR_ERR(page);
	pagefault_disable();
	copied = copy_page_from_iter(page, offset, n, from);
	pagefault_enable();
	if (copied == n || (copied && page_test(page, PG_UPTODATE))) {
		mapping_write_end(m, page);
		if (pos + (loff_t)copied > mapping_size(m))
			mapping_set_size(m, pos + (loff_t)copied);
		return (ssize_t)copied;
	}
	/*
	 * A fresh page that was to be overwritten, and was only in part: what is in it counts
	 * for nothing.
	 */
	page_unlock(page);
	page_put(page);
	*able = copied;
	return -EAGAIN;
}

ssize_t mapping_copy_in(struct mapping *m, loff_t pos, struct iov_iter *from)
{
	ssize_t done = 0, copied = 0;
	size_t able = 0;

	while (from->count) {
		size_t n = MIN(PAGE_SIZE - ((size_t)pos & (PAGE_SIZE - 1)), from->count);
		struct iov_iter saved;

		if (able)
			n = able;
		able = 0;

		if (iov_iter_fault_in(from, n, false)) {
			copied = -EFAULT;
			break;
		}
		saved = *from;
		copied = copy_in_page(m, pos, n, from, &able);
		if (copied == -EAGAIN) {
			*from = saved;
			if (fatal_signal_pending(current)) {
				copied = -EINTR;
				break;
			}
			cond_resched();
			continue;
		}
		if (copied < 0)
			break;
		pos += copied;
		done += copied;
		cond_resched();
	}
	return done ? done : copied;
}
