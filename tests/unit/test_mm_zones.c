/*
 * Zones: their borders, how they grow, who may take the last pages of which, and what is said when
 * there are none.
 */
#include "mm_test.h"
#include "mm/zone.h"

#define MB_PAGES 256ul

static struct inspect_zone look(unsigned n)
{
	struct inspect_zone zone;

	assert_true(inspect_zone(n, &zone));
	return zone;
}

static unsigned long in_blocks(const struct inspect_zone *zone)
{
	unsigned long sum = 0;

	for (unsigned order = 0; order < MAX_ORDER; order++)
		sum += zone->blocks[order] << order;
	return sum;
}

/* ---- borders ---- */

struct borders {
	struct sim_config config;
	unsigned long start[NR_ZONES], end[NR_ZONES]; /* in MB; DMA really starts at frame 1 */
};

static void check_borders(const struct borders *want)
{
	sim_boot(&want->config);
	for (unsigned n = 0; n < NR_ZONES; n++) {
		struct inspect_zone zone = look(n);

		assert_int_equal(zone.start_pfn, n ? want->start[n] * MB_PAGES : 1);
		assert_int_equal(zone.start_pfn + zone.spanned, want->end[n] * MB_PAGES);
		assert_int_equal(in_blocks(&zone), zone.free);
		assert_true(zone.managed <= zone.present && zone.present <= zone.spanned);
	}
	assert_false(inspect_zone(NR_ZONES, &(struct inspect_zone){0}));
}

static void all_three_zones(void **state)
{
	const struct borders want = {{.ram_mb = 64, .low_mb = 32}, {0, 16, 32}, {16, 32, 64}};

	(void)state;
	check_borders(&want);
}

static void all_low_memory_is_dma(void **state)
{
	const struct borders want = {{.ram_mb = 48, .low_mb = 8}, {0, 8, 8}, {8, 8, 48}};

	(void)state;
	check_borders(&want);
}

static void no_high_memory(void **state)
{
	const struct borders want = {{.ram_mb = 40, .low_mb = 40}, {0, 16, 40}, {16, 40, 40}};

	(void)state;
	check_borders(&want);
	assert_int_equal(total_high_pages(), 0);
	assert_false(page_is_high(alloc_page(GFP_HIGHUSER)));
}

static void borders_inside_a_section(void **state)
{
	const struct borders want = {{.ram_mb = 70, .low_mb = 35}, {0, 16, 35}, {16, 35, 70}};

	(void)state;
	check_borders(&want);
}

static void hole_belongs_to_nobody(void **state)
{
	struct inspect_zone high;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 64, .low_mb = 32, .hole_mb = 40});
	high = look(ZONE_HIGHMEM);
	assert_int_equal(high.present, 31 * MB_PAGES);
	assert_int_equal(high.spanned, 32 * MB_PAGES);
	assert_int_equal(inspect_kpageflags(40 * MB_PAGES), 1ull << 20 /* KPF_NOPAGE */);
	for (struct page *page; (page = alloc_page(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN));)
		assert_true(page_to_pfn(page) < 40 * MB_PAGES ||
			    page_to_pfn(page) >= 41 * MB_PAGES);
}

static void frame_zero_and_the_adapter_area_are_never_given_out(void **state)
{
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 16, .low_mb = 16});
	while ((page = alloc_page(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NORETRY | __GFP_NOWARN))) {
		pfn_t pfn = page_to_pfn(page);

		assert_true(pfn && (pfn < 0x9f || pfn >= 0x180));
	}
}

/* ---- growing ---- */

static void sections_grow_on_demand(void **state)
{
	struct inspect_zone high;
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 512, .low_mb = 64});
	high = look(ZONE_HIGHMEM);
	assert_int_equal(high.ungrown, high.managed);
	assert_int_equal(high.free, high.managed);
	assert_false(pfn_valid(high.start_pfn));
	page = high_page();
	assert_true(pfn_valid(page_to_pfn(page)));
	high = look(ZONE_HIGHMEM);
	assert_int_equal(high.ungrown, high.managed - SECTION_PAGES);
	assert_false(pfn_valid(high.start_pfn + SECTION_PAGES));
	for (unsigned i = 0; i < SECTION_PAGES; i++)
		high_page();
	high = look(ZONE_HIGHMEM);
	assert_int_equal(high.ungrown, high.managed - 2 * SECTION_PAGES);
	assert_int_equal(in_blocks(&high), high.free);
}

static void large_blocks_grow_the_zone_too(void **state)
{
	unsigned n = 0;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 128, .low_mb = 32});
	while (alloc_pages(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN, MAX_ORDER - 1))
		n++;
	/* 96 MB of high memory, all but what the watermark keeps, and a few in the zones below */
	assert_true(n >= 23 && n < 32);
	assert_int_equal(look(ZONE_HIGHMEM).ungrown, 0);
}

static void boot_memory_comes_back(void **state)
{
	paddr_t start = 40u << 20, end = (41u << 20) + 5 * PAGE_SIZE;
	unsigned long managed, free;

	(void)state;
	sim_boot(&(struct sim_config){
		.ram_mb = 64, .low_mb = 48, .initrd_start = start, .initrd_end = end});
	managed = total_ram_pages();
	free = nr_free_pages();
	assert_false(pfn_valid((pfn_t)(start >> PAGE_SHIFT)));
	assert_int_equal(mm_free_range(start, end), MB_PAGES + 5);
	assert_int_equal(total_ram_pages(), managed + MB_PAGES + 5);
	assert_int_equal(nr_free_pages(), free + MB_PAGES + 5);
	/* a second time is not believed */
	assert_int_equal(mm_free_range(start, end), 0);
	assert_int_equal(nr_free_pages(), free + MB_PAGES + 5);
}

/* ---- watermarks and reserves ---- */

static unsigned long root(unsigned long v)
{
	unsigned long r = 0;

	while ((r + 1) * (r + 1) <= v)
		r++;
	return r;
}

static void watermarks_are_those_of_linux(void **state)
{
	struct inspect_zone zone[NR_ZONES];
	unsigned long low, min_free;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 1024, .low_mb = 400});
	for (unsigned n = 0; n < NR_ZONES; n++)
		zone[n] = look(n);
	low = zone[ZONE_DMA].managed + zone[ZONE_NORMAL].managed;
	min_free = root(low * 4 * 16) / 4;
	assert_int_equal(zone[ZONE_NORMAL].min, min_free * zone[ZONE_NORMAL].managed / low);
	assert_int_equal(zone[ZONE_DMA].min, min_free * zone[ZONE_DMA].managed / low);
	assert_int_equal(zone[ZONE_HIGHMEM].min, 128);
	for (unsigned n = 0; n < NR_ZONES; n++) {
		unsigned long share = min_free * zone[n].managed / low;
		unsigned long distance =
			share / 4 > zone[n].managed / 1000 ? share / 4 : zone[n].managed / 1000;

		assert_int_equal(zone[n].low, zone[n].min + distance);
		assert_int_equal(zone[n].high, zone[n].min + 2 * distance);
	}
}

static void reserves_are_shares_of_the_zones_above(void **state)
{
	unsigned long normal, high;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 512, .low_mb = 128});
	normal = look(ZONE_NORMAL).managed;
	high = look(ZONE_HIGHMEM).managed;
	assert_int_equal(look(ZONE_NORMAL).protection[ZONE_HIGHMEM], high / 32);
	assert_int_equal(look(ZONE_NORMAL).protection[ZONE_NORMAL], 0);
	assert_int_equal(look(ZONE_DMA).protection[ZONE_NORMAL], normal / 256);
	assert_int_equal(look(ZONE_DMA).protection[ZONE_HIGHMEM], (normal + high) / 256);
	assert_int_equal(look(ZONE_HIGHMEM).protection[ZONE_HIGHMEM], 0);
}

static unsigned long eat(gfp_t gfp)
{
	unsigned long n = 0;

	while (alloc_page(gfp | __GFP_NORETRY | __GFP_NOWARN))
		n++;
	return n;
}

static void assert_about(unsigned long value, unsigned long want, unsigned long slack)
{
	if (value > want || value + slack < want)
		fail_msg("%lu is not within %lu below %lu", value, slack, want);
}

static void user_memory_spills_down_but_leaves_the_reserves(void **state)
{
	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 256, .low_mb = 96});
	eat(GFP_HIGHUSER);
	for (unsigned n = 0; n < NR_ZONES; n++) {
		struct inspect_zone zone = look(n);

		assert_about(zone.free, zone.min + zone.protection[ZONE_HIGHMEM], 64);
	}
	/* the kernel still gets what user memory had to leave */
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_true(eat(GFP_KERNEL) > look(ZONE_NORMAL).protection[ZONE_HIGHMEM] / 2);
	for (unsigned n = 0; n <= ZONE_NORMAL; n++) {
		struct inspect_zone zone = look(n);

		assert_about(zone.free, zone.min + zone.protection[ZONE_NORMAL], 64);
	}
	/* and who cannot wait gets part of the watermark, reclaim itself the last page */
	assert_true(eat(GFP_ATOMIC) > 0);
	assert_about(look(ZONE_NORMAL).free, look(ZONE_NORMAL).min * 3 / 8 + 1, 64);
	assert_true(eat(GFP_KERNEL | __GFP_MEMALLOC) > 0);
	assert_int_equal(look(ZONE_NORMAL).free, 0);
	assert_int_equal(look(ZONE_DMA).free, 0);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY));
}

static void each_class_comes_from_its_zone(void **state)
{
	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 64, .low_mb = 32});
	assert_ptr_equal(page_zone(alloc_page(GFP_HIGHUSER_MOVABLE)), &zones[ZONE_HIGHMEM]);
	assert_ptr_equal(page_zone(alloc_page(GFP_USER)), &zones[ZONE_NORMAL]);
	assert_ptr_equal(page_zone(alloc_page(GFP_KERNEL)), &zones[ZONE_NORMAL]);
	assert_ptr_equal(page_zone(alloc_page(GFP_KERNEL | GFP_DMA)), &zones[ZONE_DMA]);
	assert_ptr_equal(page_zone(alloc_pages(GFP_KERNEL | GFP_DMA, 3)), &zones[ZONE_DMA]);
	assert_ptr_equal(page_zone(alloc_pages(GFP_HIGHUSER, 5)), &zones[ZONE_HIGHMEM]);
	assert_true(get_free_pages(GFP_HIGHUSER, 0) < windows.high_memory);
}

static void zeroed_means_zeroed(void **state)
{
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){0});
	for (unsigned i = 0; i < 20; i++) {
		page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 1);
		for (unsigned n = 0; n < 2; n++) {
			assert_null(memchr_inv(sim_frame(page_to_pfn(page) + n), 0, PAGE_SIZE));
			memset(sim_frame(page_to_pfn(page) + n), 0x55, PAGE_SIZE);
		}
		free_pages(page, 1);
	}
}

/* ---- hooks ---- */

static unsigned reclaims, kills, wakes;
static struct page *hoard[4096];
static unsigned hoarded;
static bool reclaim_has;

static unsigned long reclaim(gfp_t gfp, unsigned order)
{
	(void)gfp, (void)order;
	assert_true(current->flags & PF_MEMALLOC);
	reclaims++;
	if (!reclaim_has || !hoarded)
		return 0;
	for (unsigned i = 0; i < 8 && hoarded; i++)
		page_put(hoard[--hoarded]);
	return 8;
}

static bool kill_something(gfp_t gfp, unsigned order)
{
	(void)gfp, (void)order;
	kills++;
	reclaim_has = true;
	return kills < 3;
}

static void wake(void)
{
	wakes++;
}

static void hooks_are_asked_in_order(void **state)
{
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 24, .low_mb = 24});
	while (hoarded < ARRAY_SIZE(hoard) &&
	       (page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)))
		hoard[hoarded++] = page;
	eat(GFP_KERNEL);
	mm_reclaim = reclaim;
	mm_out_of_memory = kill_something;
	mm_wake_reclaim = wake;
	/* who may not sleep wakes the background and goes without */
	while (alloc_page(GFP_ATOMIC | __GFP_NOWARN))
		;
	assert_true(wakes > 0);
	assert_int_equal(reclaims, 0);
	/* reclaim has nothing, the killer helps, reclaim has something */
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_true(reclaims >= 2);
	assert_int_equal(kills, 1);
	assert_false(current->flags & PF_MEMALLOC);
	/* a request that does not insist is not worth killing for */
	reclaim_has = false;
	eat(GFP_ATOMIC);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	assert_int_equal(kills, 1);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 5));
	assert_int_equal(kills, 1);
}

static void failure_is_explained(void **state)
{
	char text[256];

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 256, .low_mb = 24});
	eat(GFP_KERNEL);
	sim_console_clear();
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY));
	assert_non_null(strstr(sim_console(), "page allocation failed: order 0"));
	assert_non_null(
		strstr(sim_console(), "low memory is used up while 232MB of high memory are free"));
	assert_non_null(strstr(sim_console(), "Normal free"));
	/* not every time */
	sim_console_clear();
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY));
	assert_string_equal(sim_console(), "");
	assert_int_equal(mm_explain(GFP_HIGHUSER, text, sizeof(text)), 0);
}

static void orders_too_large_fail(void **state)
{
	(void)state;
	sim_boot(&(struct sim_config){0});
	assert_null(alloc_pages(GFP_KERNEL, MAX_ORDER));
	assert_null(alloc_pages(GFP_KERNEL, 31));
}

/* ---- misuse ---- */

static void free_twice(void *arg)
{
	free_pages(arg, 0);
	free_pages(arg, 0);
}

static void put_once_too_often(void *arg)
{
	page_put(arg);
	page_put(arg);
}

static void free_while_mapped(void *arg)
{
	struct page *page = arg;

	page->mapcount = 0;
	page_put(page);
}

static void free_while_locked(void *arg)
{
	page_set(arg, PG_LOCKED);
	page_put(arg);
}

static void touch_a_free_frame(void *arg)
{
	volatile char *p = page_address(arg);

	page_put(arg);
	*p = 1;
}

static void corrupt_a_free_frame(void *arg)
{
	pfn_t pfn = page_to_pfn(arg);

	page_put(arg);
	((char *)sim_frame(pfn))[77] = 1;
	alloc_page(GFP_KERNEL);
}

static void misuse_is_caught(void **state)
{
	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	sim_expect_panic(free_twice, alloc_page(GFP_KERNEL), "freed twice");
	sim_expect_panic(put_once_too_often, alloc_page(GFP_KERNEL), "one reference too many");
	sim_expect_panic(free_while_mapped, alloc_page(GFP_KERNEL), "Bad page state: in use");
	sim_expect_panic(free_while_locked, alloc_page(GFP_KERNEL), "Bad page state: in use");
#ifdef __SANITIZE_ADDRESS__
	sim_expect_panic(touch_a_free_frame, alloc_page(GFP_KERNEL), "use-after-poison");
#else
	(void)touch_a_free_frame;
#endif
	sim_expect_panic(corrupt_a_free_frame, alloc_page(GFP_KERNEL),
			 "was written: byte 0x01 at offset 0x4d");
}

static void compound_pages_go_as_a_whole(void **state)
{
	struct page *page;
	unsigned long before;

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	before = nr_free_pages();
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);
	assert_int_equal(nr_free_pages(), before - 16);
	page_get(page);
	page_put(page);
	assert_int_equal(nr_free_pages(), before - 16);
	page_put(page);
	assert_int_equal(nr_free_pages(), before);
	assert_false(page_get_unless_zero(page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_three_zones),
		cmocka_unit_test(all_low_memory_is_dma),
		cmocka_unit_test(no_high_memory),
		cmocka_unit_test(borders_inside_a_section),
		cmocka_unit_test(hole_belongs_to_nobody),
		cmocka_unit_test(frame_zero_and_the_adapter_area_are_never_given_out),
		cmocka_unit_test(sections_grow_on_demand),
		cmocka_unit_test(large_blocks_grow_the_zone_too),
		cmocka_unit_test(boot_memory_comes_back),
		cmocka_unit_test(watermarks_are_those_of_linux),
		cmocka_unit_test(reserves_are_shares_of_the_zones_above),
		cmocka_unit_test(user_memory_spills_down_but_leaves_the_reserves),
		cmocka_unit_test(each_class_comes_from_its_zone),
		cmocka_unit_test(zeroed_means_zeroed),
		cmocka_unit_test(hooks_are_asked_in_order),
		cmocka_unit_test(failure_is_explained),
		cmocka_unit_test(orders_too_large_fail),
		cmocka_unit_test(misuse_is_caught),
		cmocka_unit_test(compound_pages_go_as_a_whole),
	};

	return sim_run_tests(tests);
}
