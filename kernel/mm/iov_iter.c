/*
 * A cursor over the memory of a read or write. All copies go through advance_over(), which cuts
 * them at the borders of the caller's segments and hands each piece to one of three steps: from
 * kernel memory, to kernel memory, zeroes.
 */
#include "mm/iov_iter.h"
#include "arch/log.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include <linux/errno.h>

void iov_iter_kernel(struct iov_iter *it, void *buf, size_t len)
{
	*it = (struct iov_iter){.count = len, .kernel = buf};
}

void iov_iter_user(struct iov_iter *it, const struct user_iovec *iov, unsigned segs, size_t total)
{
	*it = (struct iov_iter){.user = true, .count = total};
	it->iov = iov;
	it->segs = segs;
	it->skip = 0;
}

/* The user segment at the cursor: where, and how long. => user, count > 0 */
static uaddr_t segment(struct iov_iter *it, size_t *len)
{
	if (it->single) {
		*len = it->count;
		return it->ubuf;
	}
	while (it->segs && it->skip >= it->iov->len) {
		it->skip -= it->iov->len;
		it->iov++;
		it->segs--;
	}
	if (!it->segs) {
		*len = 0;
		return 0;
	}
	*len = MIN((size_t)it->iov->len - it->skip, it->count);
	return it->iov->base + (uaddr_t)it->skip;
}

void iov_iter_advance(struct iov_iter *it, size_t n)
{
	n = MIN(n, it->count);
	it->count -= n;
	if (!it->user)
		it->kernel += n;
	else if (it->single)
		it->ubuf += (uaddr_t)n;
	else
		it->skip += n;
}

enum direction { TO_USER, FROM_USER, CLEAR_USER };

static inline size_t user_piece(uaddr_t at, char *buf, size_t n, enum direction dir)
{
	if (dir == TO_USER)
		return n - copy_to_user(at, buf, n);
	if (dir == FROM_USER)
		return n - copy_from_user(buf, at, n);
	return n - clear_user(at, n);
}

static void kernel_piece(void *at, char *buf, size_t n, enum direction dir)
{
	if (dir == TO_USER)
		memcpy(at, buf, n);
	else if (dir == FROM_USER)
		memcpy(buf, at, n);
	else
		memset(at, 0, n);
}

/* Segments, or kernel memory. => n is at most it->count */
static noinline size_t advance_over_any(struct iov_iter *it, char *buf, size_t n,
					enum direction dir)
{
	size_t done = 0;

	if (!it->user) {
		kernel_piece(it->kernel, buf, n, dir);
		iov_iter_advance(it, n);
		return n;
	}
	while (done < n) {
		size_t len, moved;
		uaddr_t at = segment(it, &len);

		len = MIN(len, n - done);
		if (!len)
			break;
		moved = user_piece(at, dir == CLEAR_USER ? NULL : buf + done, len, dir);
		iov_iter_advance(it, moved);
		done += moved;
		if (moved < len)
			break;
	}
	return done;
}

/* One user buffer, as in read(2) and write(2), is one piece. */
static __always_inline size_t advance_over(struct iov_iter *it, char *buf, size_t n,
					   enum direction dir)
{
	n = MIN(n, it->count);
	if (unlikely(!it->single))
		return advance_over_any(it, buf, n, dir);
	n = user_piece(it->ubuf, buf, n, dir);
	it->ubuf += (uaddr_t)n;
	it->count -= n;
	return n;
}

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to)
{
	return advance_over(to, (char *)from, n, TO_USER);
}

size_t copy_from_iter(void *to, size_t n, struct iov_iter *from)
{
	return advance_over(from, to, n, FROM_USER);
}

size_t zero_iter(size_t n, struct iov_iter *to)
{
	return advance_over(to, NULL, n, CLEAR_USER);
}

/*
 * First through a short-lived window with page faults off, which nearly always does it all. Where
 * the user's page is not there, the rest through kmap(), which may be held while the fault is
 * handled.
 */
static noinline size_t high_page_piece(struct page *page, size_t offset, size_t n,
				       struct iov_iter *it, enum direction dir)
{
	char *p = kmap_atomic(page);
	size_t done = advance_over(it, p + offset, n, dir);

	kunmap_atomic(p);
	if (likely(done == n) || pagefault_disabled() || !it->count)
		return done;
	p = kmap(page);
	done += advance_over(it, p + offset + done, n - done, dir);
	kunmap(page);
	return done;
}

/* A low page has its address for good. */
static __always_inline size_t page_piece(struct page *page, size_t offset, size_t n,
					 struct iov_iter *it, enum direction dir)
{
	DEBUG_ASSERT(offset <= PAGE_SIZE && n <= PAGE_SIZE - offset);
	if (unlikely(page_is_high(page)))
		return high_page_piece(page, offset, n, it, dir);
	return advance_over(it, (char *)page_address(page) + offset, n, dir);
}

size_t copy_page_to_iter(struct page *page, size_t offset, size_t n, struct iov_iter *to)
{
	return page_piece(page, offset, n, to, TO_USER);
}

size_t copy_page_from_iter(struct page *page, size_t offset, size_t n, struct iov_iter *from)
{
	return page_piece(page, offset, n, from, FROM_USER);
}

/* Read the byte at @at; for a write, write to its word what is there: the page is then present and
 * private. */
static int touch(uaddr_t at, bool write)
{
	u8 byte;
	u32 word;

	if (!user_range_ok(at, 1))
		return -EFAULT;
	return write ? user_or_u32(at & ~3u, 0, &word) : get_user_u8(&byte, at);
}

int iov_iter_fault_in(struct iov_iter *it, size_t n, bool write)
{
	struct iov_iter at = *it;
	bool any = false;

	if (!it->user)
		return 0;
	for (n = MIN(n, it->count); n;) {
		size_t len;
		uaddr_t addr = segment(&at, &len);

		len = MIN(MIN(len, n), (size_t)(PAGE_SIZE - addr % PAGE_SIZE));
		if (!len || touch(addr, write))
			return any ? 0 : -EFAULT;
		any = true;
		iov_iter_advance(&at, len);
		n -= len;
	}
	return 0;
}
