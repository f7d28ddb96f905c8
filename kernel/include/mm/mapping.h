/*
 * The page cache: struct mapping is the pages of one object (a file, a shared-memory object, a
 * block device), found by index in pages. mm owns this interface; file systems implement struct
 * mapping_ops. Its pages may lie in high memory.
 *
 * (t) tree_lock   (m) i_mmap_sem   (k) constant after creation   (a) atomic
 */
#ifndef MM_MAPPING_H
#define MM_MAPPING_H

#include "lib/xarray.h"
#include "lib/rbtree.h"
#include "mm/page.h"
#include "mm/selfcheck.h"
#include "sched/lock.h"

struct vma;

#define MAPPING_MARK_DIRTY 0
#define MAPPING_MARK_WRITEBACK 1

/*
 * Sleeping locks: mmap_lock, i_mmap_sem, page lock; spinlocks: page_table_lock, tree_lock.
 * Operations are called with the page locked and nothing else of mm, except that a fault holds
 * mmap_lock for read: so read_page, write_page and page_mkwrite take no inode->lock.
 */
struct mapping_ops {
	/*
	 * Fill the locked @page (index set, not uptodate); set PG_UPTODATE on success. 0 or
	 * -EIO, -ENOMEM. Does not unlock. NULL: the page is zeroed (tmpfs).
	 */
	int (*read_page)(struct mapping *m, struct page *page);
	/*
	 * Write the locked dirty @page; starts or finishes the I/O. NULL: memory is the only
	 * copy, the page is never dropped (tmpfs).
	 */
	int (*write_page)(struct mapping *m, struct page *page);
	/*
	 * Before the first write to @page (hole: reserve a block; quota; size). 0 or -ENOSPC,
	 * -EDQUOT. May be NULL.
	 */
	int (*page_mkwrite)(struct mapping *m, struct page *page);
	/*
	 * A page joined or left the cache (accounting of tmpfs). May be NULL. @delta +1/-1. 0 or
	 * -ENOSPC.
	 */
	int (*charge)(struct mapping *m, long delta);
};

/*
 * On a list of reclaim's; on none, because memory is the only copy; on none, because it must stay.
 */
enum mapping_lru { MAPPING_LRU_NONE, MAPPING_LRU_LISTED, MAPPING_LRU_PINNED };

struct mapping {
	void *host;                    /* (k) the inode */
	const struct mapping_ops *ops; /* (k) */
	gfp_t gfp;                     /* (k) GFP_HIGHUSER_MOVABLE; block devices GFP_USER */
	struct xarray pages;   /* (t) index -> struct page; lookups without lock: mapping_find() */
	spinlock_t tree_lock;  /* RANK_XARRAY */
	unsigned long nrpages; /* (t) */
	rwsem_t i_mmap_sem;    /* RANK_MAPPING */
	struct rb_root i_mmap; /* (m) areas that map it, interval tree by index */
	u32 i_mmap_writable;   /* (a) shared writable areas, and those that mmap is about to make */
	/* i_size: bytes; mapping_size(), mapping_set_size() (=> the inode's lock) */
	loff_t size __aligned(8);
	u32 seals;        /* memfd: F_SEAL_* (inode's lock) */
	bool swap_backed; /* (k) shmem: pages count as Shmem */
	u8 lru;           /* enum mapping_lru, what becomes of a new page: lru.c */
	int error;        /* (a) -EIO/-ENOSPC to report at fsync */
	struct selfcheck_node all;
};

void mapping_init(struct mapping *m, void *host, const struct mapping_ops *ops, gfp_t gfp);
/* The same where @m is all zeroes already. */
void mapping_init_zeroed(struct mapping *m, void *host, const struct mapping_ops *ops, gfp_t gfp);
/* Drop every page and check that nothing is left. => no users */
void mapping_destroy(struct mapping *m);

static inline loff_t mapping_size(const struct mapping *m)
{
	return __atomic_load_n(&m->size, __ATOMIC_RELAXED);
}
/* => the inode's lock */
static inline void mapping_set_size(struct mapping *m, loff_t size)
{
	__atomic_store_n(&m->size, size, __ATOMIC_RELAXED);
}

/* The page at @index with a reference, or NULL. Lock-free. */
struct page *mapping_find(struct mapping *m, u32 index);
/*
 * The page at @index, created when absent, referenced and uptodate; ERR_PTR(-ENOMEM, -EIO,
 * -ENOSPC). Sleeps.
 */
struct page *mapping_read_page(struct mapping *m, u32 index);
/*
 * The same for a write of [offset, offset+len) within the page: locked; read first only when the
 * write is partial and the page holds data.
 */
struct page *mapping_write_begin(struct mapping *m, u32 index, unsigned offset, unsigned len);
/* Mark dirty and uptodate, unlock, drop the reference. */
void mapping_write_end(struct mapping *m, struct page *page);
void mapping_mark_dirty(struct mapping *m, struct page *page);
/*
 * Remove the pages of [start, end) bytes (end -1: to the end): partial pages are zeroed; user
 * mappings of whole pages are torn down. For truncate set the size first, then call. Sleeps.
 */
void mapping_truncate_range(struct mapping *m, loff_t start, loff_t end);
/*
 * All its pages, those to come too, stay in memory, or may go again. Sleeps. => calls
 * do not overlap
 */
void mapping_set_unevictable(struct mapping *m, bool on);
/* Only unmap from user page tables. @even_cows: private copies too (truncate). */
void mapping_unmap_range(struct mapping *m, u32 first, u32 count, bool even_cows);
/* Write dirty pages of [start, end] and wait. 0 or the error. */
int mapping_sync(struct mapping *m, loff_t start, loff_t end);
/* Next index >= @from with a page, or ~0u (SEEK_DATA). */
u32 mapping_next_page(struct mapping *m, u32 from);

/* Pages in page caches, and those of them that are shared memory (meminfo: Cached, Shmem). */
unsigned long total_cache_pages(void);
unsigned long total_shmem_pages(void);

/*
 * Copy between the cache and a user or kernel buffer: bytes copied, or -errno when none
 * (-EFAULT, -ENOMEM, -EIO). mapping_copy_out stops at mapping_size(); mapping_copy_in raises
 * m->size as far as it wrote (=> the inode's lock). Both sleep; the user's pages may fault, with
 * no page locked meanwhile.
 */
struct iov_iter;
ssize_t mapping_copy_out(struct mapping *m, loff_t pos, struct iov_iter *to);
ssize_t mapping_copy_in(struct mapping *m, loff_t pos, struct iov_iter *from);

#endif
