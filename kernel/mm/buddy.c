/*
 * The buddy allocator: free blocks of 2^order pages, each at a multiple of its own size, on one
 * list per order.
 *
 * A block's buddy is the neighbour that together with it makes the block of the next order: its
 * number differs in one bit. A block is free exactly if its head has PG_BUDDY and that order; two
 * free buddies never exist, they are merged.
 *
 * A merge never crosses the border of a zone, which is checked, nor that of a section, which needs
 * no check: sections are larger than the largest block. So a buddy's struct page is always
 * initialised when it is looked at.
 *
 * Lock: zone->lock for everything here.
 * Next: pcplist.c, which takes most of the traffic; page_alloc.c, who may have what.
 */
#include "arch/log.h"
#include "zone.h"

_Static_assert(SECTION_PAGES >= 1ul << (MAX_ORDER - 1), "a block must not cross sections");

static void area_add(struct zone *zone, struct page *page, unsigned order)
{
	page->flags = 1u << PG_BUDDY;
	page->order = order;
	page_list_add(&zone->area[order], page);
}

static void area_del(struct zone *zone, struct page *page, unsigned order)
{
	page_list_del(&zone->area[order], page);
	page->flags = 0;
}

static bool buddy_is_free(const struct zone *zone, pfn_t pfn, unsigned order)
{
	const struct page *page = pfn_to_page(pfn);

	return pfn >= zone->start && pfn < zone->end && page_test(page, PG_BUDDY) &&
	       page->order == order;
}

void buddy_free(struct zone *zone, struct page *page, unsigned order)
{
	pfn_t pfn = page_to_pfn(page);

	assert_spin_held(&zone->lock);
	DEBUG_ASSERT(IS_ALIGNED(pfn, 1ul << order));
	WRITE_ONCE(zone->free, zone->free + (1ul << order));
	for (; order < MAX_ORDER - 1; order++) {
		pfn_t buddy = pfn ^ 1ul << order;

		if (!buddy_is_free(zone, buddy, order))
			break;
		area_del(zone, pfn_to_page(buddy), order);
		pfn &= buddy;
	}
	area_add(zone, pfn_to_page(pfn), order);
}

void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned order = MIN(bit_lowest(start), MIN(ilog2(end - start), MAX_ORDER - 1u));

		area_add(zone, pfn_to_page(start), order);
		start += 1ul << order;
	}
}

/* Cut a block of @order down to @wanted; the upper halves go back on the lists. */
static void split(struct zone *zone, struct page *page, unsigned order, unsigned wanted)
{
	while (order > wanted) {
		order--;
		area_add(zone, page + (1ul << order), order);
	}
}

/* Take the smallest block of at least @order. */
static struct page *take_smallest(struct zone *zone, unsigned order, unsigned *got)
{
	for (; order < MAX_ORDER; order++) {
		struct page *page = page_list_first(&zone->area[order]);

		if (page) {
			area_del(zone, page, order);
			*got = order;
			return page;
		}
	}
	return NULL;
}

static struct page *take_growing(struct zone *zone, unsigned order, unsigned *got)
{
	struct page *page;

	assert_spin_held(&zone->lock);
	do
		page = take_smallest(zone, order, got);
	while (unlikely(!page) && zone_grow(zone));
	return page;
}

struct page *buddy_take(struct zone *zone, unsigned order)
{
	unsigned got = 0;
	struct page *page = take_growing(zone, order, &got);

	if (page) {
		split(zone, page, got, order);
		WRITE_ONCE(zone->free, zone->free - (1ul << order));
	}
	return page;
}

struct page *buddy_take_up_to(struct zone *zone, unsigned max_order, unsigned *order)
{
	unsigned got = 0;
	struct page *page = take_growing(zone, 0, &got);

	if (page) {
		*order = MIN(got, max_order);
		split(zone, page, got, *order);
		WRITE_ONCE(zone->free, zone->free - (1ul << *order));
	}
	return page;
}
