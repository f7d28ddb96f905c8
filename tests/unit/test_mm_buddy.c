/*
 * The buddy allocator against a model: the set of frames that are out. Blocks are never merged too
 * late or too early, so the free lists are always the one way to cut the free frames into largest
 * aligned blocks.
 */
#include "mm_test.h"
#include "mm/pcplist.h"

#define OPERATIONS 100000
#define MOST 600

struct block {
	struct page *page;
	unsigned order;
};

static u8 *out; /* of each frame: 1 if it is allocated */

static bool free_block(const struct zone *zone, pfn_t pfn, unsigned order)
{
	if (pfn < zone->start || pfn + (1ul << order) > zone->end)
		return false;
	for (unsigned long i = 0; i < 1ul << order; i++)
		if (!pfn_valid(pfn + i) || out[pfn + i] ||
		    page_test(pfn_to_page(pfn + i), PG_RESERVED))
			return false;
	return true;
}

/* The order of the free block that must begin at @pfn. */
static unsigned expected_order(const struct zone *zone, pfn_t pfn)
{
	unsigned order = 0;

	while (order + 1 < MAX_ORDER && IS_ALIGNED(pfn, 2ul << order) &&
	       free_block(zone, pfn, order + 1))
		order++;
	return order;
}

static void check_zone(const struct zone *zone)
{
	unsigned long want[MAX_ORDER] = {0}, free = 0;
	pfn_t pfn = zone->start;

	while (pfn < zone->end) {
		unsigned order;

		if (!free_block(zone, pfn, 0)) {
			pfn++;
			continue;
		}
		order = expected_order(zone, pfn);
		assert_true(page_test(pfn_to_page(pfn), PG_BUDDY));
		assert_int_equal(pfn_to_page(pfn)->order, order);
		want[order]++;
		free += 1ul << order;
		pfn += 1ul << order;
	}
	assert_int_equal(zone->free, free + zone->ungrown);
	for (unsigned order = 0; order < MAX_ORDER; order++)
		assert_int_equal(zone->area[order].count, want[order]);
}

static void check_all(void)
{
	struct zone *zone;

	pcp_drain_all();
	for_each_zone(zone)
		check_zone(zone);
}

static void take(struct block *b, u32 *seed)
{
	static const gfp_t kinds[] = {GFP_KERNEL, GFP_HIGHUSER, GFP_ATOMIC, GFP_KERNEL | __GFP_DMA};
	gfp_t gfp = kinds[random_below(seed, ARRAY_SIZE(kinds))] | __GFP_NORETRY | __GFP_NOWARN;

	b->order = random_below(seed, 3) ? 0 : random_below(seed, 7);
	b->page = alloc_pages(gfp, b->order);
	if (!b->page)
		return;
	assert_true(IS_ALIGNED(page_to_pfn(b->page), 1ul << b->order));
	assert_int_equal(page_refs(b->page), 1);
	if (gfp & __GFP_DMA)
		assert_true(page_to_pfn(b->page) < 4096);
	if (!(gfp & __GFP_HIGHMEM))
		assert_false(page_is_high(b->page));
	for (unsigned i = 0; i < 1u << b->order; i++) {
		assert_false(out[page_to_pfn(b->page) + i]);
		out[page_to_pfn(b->page) + i] = 1;
	}
}

static void give(struct block *b)
{
	for (unsigned i = 0; i < 1u << b->order; i++)
		out[page_to_pfn(b->page) + i] = 0;
	free_pages(b->page, b->order);
	b->page = NULL;
}

static void mark_boot_allocations(void)
{
	for (pfn_t pfn = 1; pfn < max_pfn; pfn++)
		if (pfn_valid(pfn) && page_refs(pfn_to_page(pfn)))
			out[pfn] = 1;
}

static void lists_are_as_the_model_says(void **state)
{
	static struct block blocks[MOST];
	u32 seed = 4711;

	(void)state;
	sim_boot(&(struct sim_config){
		.ram_mb = 48, .low_mb = 25, .hole_mb = 20, .no_scheduler = true});
	out = calloc(max_pfn, 1);
	mark_boot_allocations();
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct block *b = &blocks[random_below(&seed, MOST)];

		if (b->page)
			give(b);
		else
			take(b, &seed);
		if (i % 10000 == 0)
			check_all();
	}
	for (unsigned i = 0; i < MOST; i++)
		if (blocks[i].page)
			give(&blocks[i]);
	check_all();
	free(out);
}

static void split_and_merged_again(void **state)
{
	struct inspect_zone before, after;
	struct page *pages[64];

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	page_put(high_page());
	pcp_drain_all();
	inspect_zone(ZONE_HIGHMEM, &before);
	for (unsigned i = 0; i < 64; i++)
		pages[i] = alloc_pages(GFP_HIGHUSER, 1);
	inspect_zone(ZONE_HIGHMEM, &after);
	assert_int_equal(after.free, before.free - 128);
	for (unsigned i = 0; i < 64; i++)
		free_pages(pages[(i * 37) % 64], 1);
	inspect_zone(ZONE_HIGHMEM, &after);
	assert_memory_equal(before.blocks, after.blocks, sizeof(before.blocks));
}

static void cpu_lists_hold_two_batches_at_most(void **state)
{
	static struct page *pages[2000];
	struct inspect_zone zone;

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = high_page();
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
		page_put(pages[i]);
		inspect_zone(ZONE_HIGHMEM, &zone);
		assert_true(inspect_zone_pcp(ZONE_HIGHMEM, 0) <= zone.pcp_high);
	}
	pcp_drain_all();
	assert_int_equal(inspect_zone_pcp(ZONE_HIGHMEM, 0), 0);
	inspect_zone(ZONE_HIGHMEM, &zone);
	assert_int_equal(zone.free, zone.managed);
}

static void bulk_gives_what_there_is(void **state)
{
	static struct page *pages[20000];
	unsigned n;

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	assert_int_equal(alloc_pages_bulk(GFP_HIGHUSER, 100, pages), 100);
	for (unsigned i = 0; i < 100; i++)
		page_put(pages[i]);
	n = alloc_pages_bulk(GFP_HIGHUSER | __GFP_NOWARN, ARRAY_SIZE(pages), pages);
	assert_true(n > 8000 && n < 16384);
	for (unsigned i = 0; i < n; i++)
		page_put(pages[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_as_the_model_says),
		cmocka_unit_test(split_and_merged_again),
		cmocka_unit_test(cpu_lists_hold_two_batches_at_most),
		cmocka_unit_test(bulk_gives_what_there_is),
	};

	return sim_run_tests(tests);
}
