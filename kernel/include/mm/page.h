/*
 * struct page: one for each frame of physical memory, 24 bytes on i386, and the page allocator.
 *
 * The links are 24-bit frame numbers, not pointers: that bounds memory to 64 GB, what PAE can
 * address, and is what makes 24 bytes possible with a full map count. A page is on one list at a
 * time (mm/page_list.h): a free list of the buddy allocator, a per-CPU list, an LRU list, or a list
 * of its owner. Frame 0 is never given out, so 0 means "no page".
 *
 * mem_map is one array in low memory, initialised section by section when the allocator first needs
 * one: a frame of a section that is not initialised is free, and nobody holds its struct page.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "arch/port.h"
#include "lib/atomic.h"

struct mapping;

enum page_flag {
	PG_LOCKED,
	PG_REFERENCED,
	PG_UPTODATE,
	PG_DIRTY,
	PG_LRU,
	PG_ACTIVE,
	PG_SLAB,
	PG_WRITEBACK,
	PG_BUDDY,
	PG_HEAD,
	PG_SWAPCACHE,
	PG_SWAPBACKED,
	PG_UNEVICTABLE,
	PG_RESERVED,
	PG_TABLE,
	PG_WAITERS,
};

struct page {
	u32 refs;     /* (atomic) 0: free or frozen */
	s32 mapcount; /* (atomic) page-table entries that map it; -1 + n as n entries */
	union {
		uintptr_t
			mapping; /* struct mapping *, or struct anon_vma * with bit 0 set (PAGE_MAPPING_ANON) */
		void *owner; /* slab cache, vmalloc area, ... */
	};
	union {
		u32 index; /* offset in the mapping, in pages; anon: virtual page number in the owner's area */
		u32 order; /* of a free block (PG_BUDDY) or a compound head (PG_HEAD) */
		u32 private;
	};
	u16 flags;  /* (atomic) PG_* */
	u8 link[6]; /* next and prev frame number, 24 bits each; guarded by the lock of the list. PG_UNEVICTABLE: see mm/lru.c */
};
#ifdef ISTHMUS_KERNEL
_Static_assert(sizeof(struct page) == 24, "64 GB of struct pages must fit in low memory");
#endif

#define PAGE_MAPPING_ANON 1ul
#define PFN_NONE 0ul          /* in links and list heads: the end */
#define PFN_LIMIT 0x1000000ul /* frame numbers have 24 bits: 64 GB */

extern struct page *mem_map;
extern pfn_t max_pfn, max_low_pfn;

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return mem_map + pfn;
}
static inline pfn_t page_to_pfn(const struct page *page)
{
	return (pfn_t)(page - mem_map);
}
static inline paddr_t page_to_phys(const struct page *page)
{
	return (paddr_t)page_to_pfn(page) << PAGE_SHIFT;
}
static inline bool page_is_high(const struct page *page)
{
	return page_to_pfn(page) >= max_low_pfn;
}
/* => a low page */
static inline void *page_address(const struct page *page)
{
	return lowmem_ptr(page_to_phys(page));
}
static inline struct page *virt_to_page(const void *ptr)
{
	return pfn_to_page((pfn_t)(lowmem_paddr(ptr) >> PAGE_SHIFT));
}
/* A frame that exists and whose struct page is initialised (for /proc/kpage*, GUP of odd maps). */
bool pfn_valid(pfn_t pfn);

static inline bool page_test(const struct page *page, enum page_flag f)
{
	return READ_ONCE(page->flags) & (1u << f);
}
static inline void page_set(struct page *page, enum page_flag f)
{
	__atomic_fetch_or(&page->flags, (u16)(1u << f), __ATOMIC_SEQ_CST);
}
static inline void page_clear(struct page *page, enum page_flag f)
{
	__atomic_fetch_and(&page->flags, (u16) ~(1u << f), __ATOMIC_SEQ_CST);
}
static inline bool page_test_and_set(struct page *page, enum page_flag f)
{
	return __atomic_fetch_or(&page->flags, (u16)(1u << f), __ATOMIC_SEQ_CST) & (1u << f);
}
static inline bool page_test_and_clear(struct page *page, enum page_flag f)
{
	return __atomic_fetch_and(&page->flags, (u16) ~(1u << f), __ATOMIC_SEQ_CST) & (1u << f);
}

/* ---- who may have which page: gfp ---- */
typedef unsigned gfp_t;
#define __GFP_DMA 0x01u
#define __GFP_HIGHMEM 0x02u
#define __GFP_MOVABLE 0x04u
#define __GFP_HIGH 0x08u    /* may use part of the reserve */
#define __GFP_RECLAIM 0x10u /* may sleep and reclaim */
#define __GFP_IO 0x20u
#define __GFP_FS 0x40u
#define __GFP_ZERO 0x80u
#define __GFP_NOWARN 0x100u
#define __GFP_NORETRY 0x200u
#define __GFP_NOFAIL 0x400u
#define __GFP_MEMALLOC 0x800u
#define __GFP_COMP 0x1000u /* compound: the head knows its order; page_put frees the whole */
#define GFP_ATOMIC (__GFP_HIGH)
#define GFP_NOWAIT 0u
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_USER GFP_KERNEL
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_DMA __GFP_DMA

#define MAX_ORDER 11

/*
 * 2^order pages, refs 1; NULL: no memory (after reclaim, if @gfp lets it wait; small GFP_KERNEL
 * requests invoke the OOM killer before they fail). Any context without __GFP_RECLAIM. High pages
 * only with __GFP_HIGHMEM.
 */
struct page *alloc_pages(gfp_t gfp, unsigned order);
static inline struct page *alloc_page(gfp_t gfp)
{
	return alloc_pages(gfp, 0);
}
/* drops the last reference that the caller holds */
void free_pages(struct page *page, unsigned order);
/*
 * 2^order single pages side by side, the first at a multiple of 2^order, each with one reference
 * and a life of its own. For user memory where there is plenty, high memory first: nothing is
 * reclaimed for it. NULL: not now. Any context; contents undefined.
 */
struct page *alloc_page_run(unsigned order);
/* Drop a reference of each of 2^order such pages: cheap if they are the last ones. */
void put_page_run(struct page *page, unsigned order);
/* A low page or block, by address. NULL. */
void *get_free_pages(gfp_t gfp, unsigned order);
static inline void *get_zeroed_page(gfp_t gfp)
{
	return get_free_pages(gfp | __GFP_ZERO, 0);
}
void put_free_pages(void *ptr, unsigned order);
/* Up to @n order-0 pages into @pages: how many. */
unsigned alloc_pages_bulk(gfp_t gfp, unsigned n, struct page **pages);

static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
}
/* For lookups without a lock: false when the page is being freed. */
static inline bool page_get_unless_zero(struct page *page)
{
	return atomic_inc_unless(&page->refs, 0);
}
void page_put_last(struct page *page); /* refs went to 0: off the LRU, to the allocator */
#ifdef CONFIG_DEBUG_VM
void page_put(struct page *page); /* checks for one put too many, and names the caller */
#else
static inline void page_put(struct page *page)
{
	if (__atomic_sub_fetch(&page->refs, 1, __ATOMIC_ACQ_REL) == 0)
		page_put_last(page);
}
#endif
static inline unsigned page_refs(const struct page *page)
{
	return READ_ONCE(page->refs);
}
static inline unsigned page_mapcount(const struct page *page)
{
	return (unsigned)(READ_ONCE(page->mapcount) + 1);
}

/* The page lock: PG_LOCKED with a hashed wait queue. Sleeps. */
void page_lock(struct page *page);
int page_lock_killable(struct page *page);
bool page_trylock(struct page *page);
void page_unlock(struct page *page);
void page_wait_unlocked(struct page *page);

/* Whole-page work through kmap_local; any page. */
void page_zero(struct page *page);
void page_copy(struct page *to, struct page *from);

/* The page that anonymous read faults map; never counted, never freed. */
extern struct page *zero_page;

/* ---- what the allocator asks from the parts above it; NULL: there is none yet ---- */

/*
 * Get at least 2^order pages back, from the zones that @gfp may use: how many pages were freed; 0:
 * no progress. May sleep. Called below the min watermark, with __GFP_RECLAIM, never from itself
 * (PF_MEMALLOC is set meanwhile).
 */
extern unsigned long (*mm_reclaim)(gfp_t gfp, unsigned order);
/* Reclaim found nothing: true if memory will come (a process was killed): try again. */
extern bool (*mm_out_of_memory)(gfp_t gfp, unsigned order);
/*
 * A zone fell below its low watermark: wake the background reclaim. Any context, often:
 * must be cheap.
 */
extern void (*mm_wake_reclaim)(void);
/*
 * The last reference of a page with PG_LRU or PG_UNEVICTABLE went: clears them, and
 * PG_ACTIVE. Any context.
 */
extern void (*mm_lru_remove)(struct page *page);

#ifdef CONFIG_DEBUG_VM
/* Tests: true makes this allocation fail (pages and slab objects alike). NULL: none does. */
extern bool (*mm_fail_alloc)(gfp_t gfp);
#endif

/* ---- what is kept back; /proc/sys/vm. Each takes effect with the call below it. ---- */
extern unsigned sysctl_lowmem_reserve_ratio[]; /* DMA, Normal, HighMem, Movable; 0: nothing */
extern unsigned sysctl_watermark_scale_factor; /* of 10,000 */
void zones_set_marks(void);
extern unsigned sysctl_min_free_kbytes;
void zones_min_free_changed(void);

/* Totals, in pages. */
unsigned long total_ram_pages(void);
unsigned long total_high_pages(void);
unsigned long nr_free_pages(void);
unsigned long nr_free_high_pages(void);
/*
 * What "MemAvailable" says: free plus what reclaim gets without swapping. mm_nr_reclaimable: pages
 * of the page cache, by reclaim.
 */
unsigned long nr_available_pages(void);
extern unsigned long (*mm_nr_reclaimable)(void);
/* Bytes of user page tables, for the report of a failure. */
extern unsigned long (*mm_table_bytes)(void);

#endif
