/*
 * Faults that a program resolves itself: userfaultfd(2). The memory side, mm/userfaultfd.c; the
 * descriptor is fs/userfaultfd.c.
 *
 * An area is registered while VM_UFFD_MISSING is in its flags; vma->userfaultfd is whose it is. Who
 * touches it where no page is waits until the program has filled the page in, or says so.
 *
 * (k) constant after creation   (q) lock   (a) atomic
 */
#ifndef MM_USERFAULTFD_H
#define MM_USERFAULTFD_H

#include "lib/list.h"
#include "mm/mm.h"
#include "sched/wait.h"
#include <linux/userfaultfd.h>

/* What UFFDIO_API offers. */
#define USERFAULTFD_FEATURES \
	(UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID | \
	 UFFD_FEATURE_EXACT_ADDRESS)
#define USERFAULTFD_READY (1u << 31) /* in features: UFFDIO_API was called */

struct userfaultfd {
	struct mm *mm;             /* (k) the structure is held, its areas are not */
	bool user_only;            /* (k) UFFD_USER_MODE_ONLY: faults in the kernel fail */
	u32 features;              /* (a) set once, before anything is registered */
	u32 refs;                  /* (a) the file, and each who waits */
	spinlock_t lock;           /* RANK_EPOLL */
	struct list_head pending;  /* (q) who waits and has not been read, oldest first */
	struct list_head read;     /* (q) who waits and has been */
	struct wait_queue readers; /* of the descriptor, and its pollers */
};

/* For faults of the current address space: refs 1; NULL: no memory. */
struct userfaultfd *userfaultfd_alloc(bool user_only);
/*
 * The last descriptor is closed: areas become ordinary ones, who waits faults again, and the
 * reference is dropped. Sleeps. => mmap_lock not held
 */
void userfaultfd_release(struct userfaultfd *u);
/* The message of the oldest fault that has not been read; false: none. */
bool userfaultfd_take(struct userfaultfd *u, struct uffd_msg *msg);
/* How many wait, and how many of them have not been read (fdinfo). */
void userfaultfd_count(struct userfaultfd *u, unsigned *pending, unsigned *total);

/* ---- ioctl_userfaultfd(2). Whole pages in user space, len > 0. Each sleeps ---- */

/*
 * -ENOMEM: nothing above @start; -EINVAL: no area, or one that cannot be; -EPERM: never writable;
 * -EBUSY: another's.
 */
int userfaultfd_register(struct userfaultfd *u, uaddr_t start, u32 len);
int userfaultfd_unregister(struct userfaultfd *u, uaddr_t start, u32 len);
/*
 * Fill @len bytes of one registered area from the caller's @src, or with zeros: bytes filled, or
 * when none -ENOENT (not such an area), -EEXIST (a page is there), -EFAULT (of @src; beyond the
 * end of the file), -ENOMEM, -ENOSPC, -ESRCH (the address space is gone), -EINTR. Wakes nobody.
 */
s32 userfaultfd_copy(struct userfaultfd *u, uaddr_t dst, uaddr_t src, u32 len);
s32 userfaultfd_zero(struct userfaultfd *u, uaddr_t dst, u32 len);
/* Who waits for an address of [start, start + len) looks again. */
void userfaultfd_wake(struct userfaultfd *u, uaddr_t start, u32 len);

#endif
