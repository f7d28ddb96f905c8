/*
 * Zones of physical memory, and the buddy allocator's view of them. Private to mm/.
 *
 * (l) zone->lock   (b) set at boot, then constant
 * (k) constant after boot, but for what mm_free_range() adds
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include "lib/bitmap.h"
#include "mm/page_list.h"
#include "sched/lock.h"

enum zone_id { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, NR_ZONES };
enum zone_mark { MARK_MIN, MARK_LOW, MARK_HIGH, NR_MARKS };

/* Struct pages are initialised in sections of 16 MB: the DMA zone is the first of them. */
#define SECTION_SHIFT 24
#define SECTION_PAGES (1ul << (SECTION_SHIFT - PAGE_SHIFT))

struct zone {
	spinlock_t lock;       /* RANK_ZONE, irqsave */
	const char *name;      /* (b) as Linux spells it in /proc */
	pfn_t start, end;      /* (b) [start, end): with holes; empty: start == end */
	unsigned long present; /* (b) pages of RAM */
	unsigned long managed; /* (k) those that were ever in the allocator's hands */
	unsigned long free;    /* (l) in area[], or in sections not grown; read without the lock */
	unsigned long ungrown; /* (l) the latter alone */
	struct page_list area[MAX_ORDER]; /* (l) free blocks: heads with PG_BUDDY and their order */
	unsigned long *grown;             /* (l) bitmap of sections with struct pages */
	unsigned sections;                /* (b) in the bitmap; number 0 is the one of @start */
	unsigned next_section;            /* (l) all before it are grown */
	unsigned pcp_batch;           /* (b) pages that move at once between a CPU and the lists */
	unsigned long mark[NR_MARKS]; /* (k) watermarks, in pages */
	unsigned long
		reserve[NR_ZONES]; /* (k) lowmem_reserve against requests that could use zone n */
	unsigned long limit[NR_MARKS][NR_ZONES]; /* (k) mark + reserve: free must stay above it */
} __aligned(64);

extern struct zone zones[NR_ZONES];
/*
 * (b) Of the zones that a request of class n may use, the first that has pages at all: many
 * machines have no high memory.
 */
extern u8 zone_first[NR_ZONES];
#define for_each_zone(zone) for ((zone) = zones; (zone) < zones + NR_ZONES; (zone)++)

static inline enum zone_id pfn_zone_id(pfn_t pfn)
{
	if (pfn >= max_low_pfn)
		return ZONE_HIGHMEM;
	return pfn < ZONE_DMA_LIMIT >> PAGE_SHIFT ? ZONE_DMA : ZONE_NORMAL;
}

static inline struct zone *page_zone(const struct page *page)
{
	return &zones[pfn_zone_id(page_to_pfn(page))];
}

static inline bool zone_is_empty(const struct zone *zone)
{
	return !zone->present;
}

/* The highest zone that a request may use. */
static inline enum zone_id gfp_zone(gfp_t gfp)
{
	if (gfp & __GFP_HIGHMEM)
		return ZONE_HIGHMEM;
	return gfp & __GFP_DMA ? ZONE_DMA : ZONE_NORMAL;
}

/* zone.c */
void zones_init(void);
/* Watermarks and reserves from the managed pages. */
/* Initialise one more section: false if all are. => zone->lock */
bool zone_grow(struct zone *zone);
/* Make sure of the struct page of @pfn. => zone->lock, @pfn in @zone */
void zone_grow_at(struct zone *zone, pfn_t pfn);

/* buddy.c: all => zone->lock held */
/* A block of 2^order pages; NULL: none, even after growing the zone. */
struct page *buddy_take(struct zone *zone, unsigned order);
/* The smallest block there is, cut to 2^max_order if it is larger: *order says what came. NULL:
 * none. */
struct page *buddy_take_up_to(struct zone *zone, unsigned max_order, unsigned *order);
void buddy_free(struct zone *zone, struct page *page, unsigned order);
/* Put fresh pages [start, end), that have no free neighbour, on the lists; zone->free is the
 * caller's business. */
void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end);

/* pcplist.c; its fast paths are in pcplist.h */
/* Give the pages of all CPUs back to the buddy allocator. => as ipi_call() */
void pcp_drain_all(void);
void pcp_drain_local(void);
unsigned long pcp_count(const struct zone *zone, unsigned cpu);

/* Debug builds: who took each page last, and whether as memory of the kernel (get_free_pages). */
#ifdef CONFIG_DEBUG_VM
struct page_origin {
	const void *caller;
	u8 order;
	bool kernel;
};
extern struct page_origin *page_origins; /* [max_pfn], written when a page is handed out */
static inline void page_set_origin(const struct page *page, const void *caller, unsigned order,
				   bool kernel)
{
	page_origins[page_to_pfn(page)] = (struct page_origin){caller, (u8)order, kernel};
}
#else
static inline void page_set_origin(const struct page *page, const void *caller, unsigned order,
				   bool kernel)
{
	(void)page, (void)caller, (void)order, (void)kernel;
}
#endif

/* page.c: what a page goes through on its way out */
void page_prepare_block(struct page *page, unsigned order, gfp_t gfp);
void page_found_in_use(struct page *page);
void page_prepare_run(struct page *page, unsigned order);
#ifdef CONFIG_DEBUG_PAGE_POISON
void page_check_poison(struct page *page, unsigned order);
#else
static inline void page_check_poison(struct page *page, unsigned order)
{
	(void)page, (void)order;
}
#endif

static inline void page_prepare(struct page *page, unsigned order, gfp_t gfp)
{
	arch_frames_taken(page_to_pfn(page), 1ul << order);
	page_check_poison(page, order);
	if (unlikely(page->refs || page->mapcount != -1))
		page_found_in_use(page);
	if (likely(!order)) {
		if (gfp & __GFP_ZERO)
			page_zero(page);
	} else if (gfp & (__GFP_ZERO | __GFP_COMP)) {
		page_prepare_block(page, order, gfp);
	}
	/* A lookup without a lock may have a stale pointer to this page: it must find all of the
	 * above. */
	__atomic_store_n(&page->refs, 1, __ATOMIC_RELEASE);
}

#endif
