/*
 * A cursor over the memory of a read or write: user segments or one kernel buffer. The only way
 * that file systems and drivers move data to and from the caller, so that they need not know
 * whose memory it is.
 */
#ifndef MM_IOV_ITER_H
#define MM_IOV_ITER_H

#include "mm/page.h"

#define MAX_RW_COUNT 0x7ffff000u /* what one call moves at most */

struct user_iovec {
	u32 base, len;
}; /* struct iovec of i386 user space */

struct iov_iter {
	bool user;
	size_t count; /* bytes left */
	union {
		u8 *kernel;
		struct {
			const struct user_iovec *iov;
			unsigned segs;
			size_t skip;
		};
		struct {
			uaddr_t ubuf;
		};
	};
	bool single; /* ubuf, not iov */
};

void iov_iter_kernel(struct iov_iter *it, void *buf, size_t len);
static inline void iov_iter_ubuf(struct iov_iter *it, uaddr_t buf, size_t len)
{
	/* Of the union, one user buffer needs no more than its address. */
	it->user = true;
	it->single = true;
	it->count = len;
	it->ubuf = buf;
}
/* @iov stays the caller's; lengths already checked. */
void iov_iter_user(struct iov_iter *it, const struct user_iovec *iov, unsigned segs, size_t total);
/* Bytes really moved (short: the user's memory faulted); the cursor advances by that. */
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to);
size_t copy_from_iter(void *to, size_t n, struct iov_iter *from);
size_t zero_iter(size_t n, struct iov_iter *to);
size_t copy_page_to_iter(struct page *page, size_t offset, size_t n, struct iov_iter *to);
size_t copy_page_from_iter(struct page *page, size_t offset, size_t n, struct iov_iter *from);
/*
 * Touch the user's memory first, so that a copy with page faults off is likely to succeed: 0 or
 * -EFAULT if nothing is accessible.
 */
int iov_iter_fault_in(struct iov_iter *it, size_t n, bool write);
void iov_iter_advance(struct iov_iter *it, size_t n);

#endif
