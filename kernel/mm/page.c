/*
 * The life of a page: handed out with one reference, given back when the last goes.
 *
 * A free page has refs 0, mapcount -1, no mapping and no flags (PG_BUDDY on the head of a free
 * block). That is checked on the way in; a page that fails the check is reported with the caller's
 * name and lost, because giving it out again would hand one page to two owners. Debug builds also
 * fill free pages with a pattern and check it on the way out.
 *
 * Next: page_alloc.c.
 */
#include "kmap_local.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include "mm/vmstat.h"
#include "pcplist.h"

struct page *zero_page;
void (*mm_lru_remove)(struct page *page);

#define NEVER_AT_FREE \
	(1u << PG_LOCKED | 1u << PG_LRU | 1u << PG_SLAB | 1u << PG_WRITEBACK | 1u << PG_BUDDY | \
	 1u << PG_UNEVICTABLE | 1u << PG_RESERVED)

static noinline __cold void report_bad_page(const struct page *page, const char *what, void *caller)
{
	printk(KERN_ALERT
	       "BUG: Bad page state: %s: pfn %05lx refs %d mapcount %d mapping %p flags %04x, freed by %pS\n",
	       what, page_to_pfn(page), (int)page->refs, page->mapcount, page->owner, page->flags,
	       caller);
#ifdef CONFIG_DEBUG_VM
	panic("Bad page state");
#endif
}

/* ---- poison ---- */

#ifdef CONFIG_DEBUG_PAGE_POISON
#define POISON_BYTE 0xAA
/* The mapcount of a free page that is filled: a page of a fresh section is not. */
#define POISONED (-0x5AFE)

static void poison(struct page *page)
{
	void *p = kmap_local_page(page);

	memset(p, POISON_BYTE, PAGE_SIZE);
	kunmap_local(p);
	page->mapcount = POISONED;
}

static void check_poison(struct page *page)
{
	const u8 *p = kmap_local_page(page), *bad = memchr_inv(p, POISON_BYTE, PAGE_SIZE);

	if (bad)
		panic("Free page %05lx was written: byte 0x%02x at offset 0x%x", page_to_pfn(page),
		      *bad, (unsigned)(bad - p));
	kunmap_local(p);
	page->mapcount = -1;
}

void page_check_poison(struct page *page, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++)
		if (page[i].mapcount == POISONED)
			check_poison(page + i);
}
#else
static inline void poison(struct page *page)
{
	(void)page;
}
#endif

/* ---- out ---- */

void page_found_in_use(struct page *page)
{
	report_bad_page(page, "in use while free", __builtin_return_address(0));
}

void page_prepare_block(struct page *page, unsigned order, gfp_t gfp)
{
	if (gfp & __GFP_COMP) {
		WRITE_ONCE(page->flags, 1u << PG_HEAD);
		page->order = order;
	}
	if (gfp & __GFP_ZERO)
		for (unsigned i = 0; i < 1u << order; i++)
			page_zero(page + i);
}

void page_prepare_run(struct page *page, unsigned order)
{
	arch_frames_taken(page_to_pfn(page), 1ul << order);
	page_check_poison(page, order);
	for (struct page *end = page + (1u << order); page < end; page++) {
		if (unlikely(page->refs || page->mapcount != -1))
			page_found_in_use(page);
		__atomic_store_n(&page->refs, 1, __ATOMIC_RELEASE);
	}
}

/* ---- in ---- */

/* False: the page is in no state to be freed (said so, with @caller): it is lost rather than given
 * out twice. */
static bool retire(struct page *page, unsigned order, void *caller)
{
	if (unlikely((READ_ONCE(page->flags) & NEVER_AT_FREE) || READ_ONCE(page->mapcount) != -1)) {
		report_bad_page(page, page->flags & 1u << PG_BUDDY ? "freed twice" : "in use",
				caller);
		return false;
	}
	WRITE_ONCE(page->flags, 0); /* a neighbour that merges looks at it */
	page->mapping = 0;
	for (unsigned i = 0; i < 1u << order; i++)
		poison(page + i);
	arch_frames_freed(page_to_pfn(page), 1ul << order);
	return true;
}

static void release(struct page *page, unsigned order, void *caller)
{
	if (!retire(page, order, caller))
		return;
	vm_event_add(VM_PGFREE, 1u << order);
	if (likely(!order)) {
		pcp_free(page, pfn_zone_id(page_to_pfn(page)));
	} else {
		struct zone *zone = page_zone(page);
		irqflags_t flags = spin_lock_irqsave(&zone->lock);

		buddy_free(zone, page, order);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

static void put_last(struct page *page, void *caller)
{
	unsigned order = 0;

	if (unlikely(page->flags & (1u << PG_LRU | 1u << PG_UNEVICTABLE | 1u << PG_HEAD))) {
		if (!page_test(page, PG_HEAD) && mm_lru_remove)
			mm_lru_remove(page);
		if (page_test(page, PG_HEAD))
			order = page->order;
	}
	release(page, order, caller);
}

void page_put_last(struct page *page)
{
	put_last(page, __builtin_return_address(0));
}

#ifdef CONFIG_DEBUG_VM
void page_put(struct page *page)
{
	u32 refs = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);

	if (refs == 0)
		report_bad_page(page, "one reference too many dropped",
				__builtin_return_address(0));
	else if (refs == 1)
		put_last(page, __builtin_return_address(0));
}
#endif

/* Drop the last reference, if it is that and the page may go without further ado. */
static bool drop_if_last(struct page *page)
{
	u32 one = 1;

	if (unlikely((READ_ONCE(page->flags) & NEVER_AT_FREE) || READ_ONCE(page->mapcount) != -1))
		return false;
	return __atomic_compare_exchange_n(&page->refs, &one, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* All pages of the run have lost their last reference. */
static void release_run(struct page *page, unsigned order)
{
	struct zone *zone = page_zone(page);
	irqflags_t flags;

	for (unsigned i = 0; i < 1u << order; i++) {
		WRITE_ONCE(page[i].flags, 0);
		page[i].mapping = 0;
		poison(page + i);
	}
	arch_frames_freed(page_to_pfn(page), 1ul << order);
	vm_event_add(VM_PGFREE, 1u << order);
	flags = spin_lock_irqsave(&zone->lock);
	buddy_free(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

void put_page_run(struct page *page, unsigned order)
{
	unsigned n = 1u << order, dropped = 0;

	while (dropped < n && drop_if_last(page + dropped))
		dropped++;
	if (likely(dropped == n)) {
		release_run(page, order);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i < dropped)
			release(page + i, 0, __builtin_return_address(0));
		else
			page_put(page + i);
	}
}

static void drop_block(struct page *page, unsigned order, void *caller)
{
	u32 refs = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);

	if (likely(refs == 1)) {
		release(page, order, caller);
	} else if (unlikely(refs == 0)) {
		atomic_inc(&page->refs);
		report_bad_page(page, "freed twice", caller);
	}
}

void free_pages(struct page *page, unsigned order)
{
	drop_block(page, order, __builtin_return_address(0));
}

void put_free_pages(void *ptr, unsigned order)
{
	if (ptr)
		drop_block(virt_to_page(ptr), order, __builtin_return_address(0));
}

/* ---- contents ---- */

/* A page as one object, so that the compiler knows how it is aligned. */
struct contents {
	u32 word[PAGE_SIZE / sizeof(u32)];
} __aligned(PAGE_SIZE);

/*
 * kmap_local_page() and kunmap_local(), in place: half of what a fault costs besides the contents.
 */
static inline void *map_contents(pfn_t pfn)
{
	if (pfn < max_low_pfn)
		return lowmem_ptr((paddr_t)pfn << PAGE_SHIFT);
	return kmap_slot_push(pfn);
}

static inline void unmap_contents(pfn_t pfn)
{
	if (pfn >= max_low_pfn)
		kmap_slot_pop();
}

void page_zero(struct page *page)
{
	pfn_t pfn = page_to_pfn(page);

	arch_page_zero(map_contents(pfn));
	unmap_contents(pfn);
}

static inline void copy_high(pfn_t to, pfn_t from)
{
	struct kmap_pair pair = kmap_pair_push(to, from);

	*(struct contents *)pair.addr = *(const struct contents *)pair.addr2;
	kmap_pair_pop(pair);
}

void page_copy(struct page *to, struct page *from)
{
	pfn_t to_pfn = page_to_pfn(to), from_pfn = page_to_pfn(from);
	struct contents *d, *s;

	if (to_pfn >= max_low_pfn && from_pfn >= max_low_pfn) { /* as most pages of programs are */
		copy_high(to_pfn, from_pfn);
		return;
	}
	d = map_contents(to_pfn);
	s = map_contents(from_pfn);
	*d = *s;
	unmap_contents(from_pfn);
	unmap_contents(to_pfn);
}
