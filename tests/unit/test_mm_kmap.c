/*
 * The ways to a high page: what a pointer is good for and for how long, the order of kunmap_local,
 * and the life of the windows of kmap, from the first to the flush when they wrap.
 */
#include "mm_test.h"
#include "mm/pkmap.h"

#define SLOTS 16

/* ---- kmap_local ---- */

static void low_page_has_its_address(void **state)
{
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){0});
	page = alloc_page(GFP_KERNEL);
	assert_ptr_equal(kmap_local_page(page), page_address(page));
	assert_ptr_equal(kmap(page), page_address(page));
	assert_int_equal(sim_windows_mapped(), 0);
	kunmap_local(page_address(page));
	kunmap(page);
	page_put(page);
}

static void high_page_is_seen_through_every_window(void **state)
{
	struct page *page;
	char *a, *b, *c;

	(void)state;
	sim_boot(&(struct sim_config){0});
	page = high_page();
	a = kmap_local_page(page);
	b = kmap_local_page(page);
	c = kmap(page);
	assert_true(a != b && b != c);
	a[123] = 'x';
	assert_int_equal(b[123], 'x');
	assert_int_equal(c[123], 'x');
	assert_int_equal(((char *)sim_frame(page_to_pfn(page)))[123], 'x');
	assert_ptr_equal(kmap_to_page(a), page);
	assert_ptr_equal(kmap_to_page(c + 5), page);
	kunmap(page);
	kunmap_local(b);
	kunmap_local(a);
	assert_int_equal(sim_windows_mapped(), 0);
	page_put(page);
	sim_check_free_frames();
}

static void use_after_kunmap_local(void *arg)
{
	struct page *page = arg;
	volatile char *p = kmap_local_page(page);

	kunmap_local((void *)p);
	*p = 1;
}

static void unmap_in_wrong_order(void *arg)
{
	struct page **pages = arg;
	void *a = kmap_local_page(pages[0]), *b = kmap_local_page(pages[1]);

	kunmap_local(a);
	kunmap_local(b);
}

static void unmap_twice(void *arg)
{
	struct page **pages = arg;
	void *a = kmap_local_page(pages[0]), *b = kmap_local_page(pages[1]);

	kunmap_local(b);
	kunmap_local(b);
	kunmap_local(a);
}

static void unmap_what_is_not_mapped(void *arg)
{
	(void)arg;
	kunmap_local((void *)windows.fixmap_start);
}

static void nest_too_deep(void *arg)
{
	for (unsigned i = 0; i <= KM_SLOTS; i++)
		kmap_local_page(arg);
}

static void wrong_use_of_kmap_local_is_caught(void **state)
{
	struct page *pages[2];

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	pages[0] = high_page();
	pages[1] = high_page();
	sim_expect_panic(use_after_kunmap_local, pages[0], "stale kmap_local pointer");
	sim_expect_panic(unmap_in_wrong_order, pages, "out of order");
	sim_expect_panic(unmap_twice, pages, "unmapped twice?");
	sim_expect_panic(unmap_what_is_not_mapped, NULL, "nothing is mapped");
	sim_expect_panic(nest_too_deep, pages[0], "KM_SLOTS");
}

static void fifteen_maps_nest(void **state)
{
	struct page *page;
	void *p[KM_SLOTS];

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	page = high_page();
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmap_local_page(page);
	for (unsigned i = ARRAY_SIZE(p); i--;)
		kunmap_local(p[i]);
	assert_int_equal(sim_windows_mapped(), 0);
}

static void slots_leave_and_return_with_their_task(void **state)
{
	struct page *pages[2];

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	for (unsigned i = 0; i < 2; i++) {
		pages[i] = high_page();
		memcpy_to_page(pages[i], 0, &i, sizeof(i));
		kmap_local_page(pages[i]);
	}
	kmap_local_sched_out(current);
	assert_int_equal(sim_windows_mapped(), 0);
	kmap_local_sched_in(current);
	assert_int_equal(sim_windows_mapped(), 2);
	assert_int_equal(current->kmap.idx, 2);
	assert_int_equal(current->kmap.pfn[1], page_to_pfn(pages[1]));
}

static void kmap_atomic_turns_page_faults_off(void **state)
{
	struct page *page;
	void *p;

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	page = high_page();
	p = kmap_atomic(page);
	assert_true(pagefault_disabled());
	kunmap_atomic(p);
	assert_false(pagefault_disabled());
}

static void pages_are_copied_and_cleared(void **state)
{
	struct page *a, *b;
	char buf[100];

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	a = high_page();
	b = high_page();
	memcpy_to_page(a, 4000, "abcdef", 6);
	page_copy(b, a);
	memcpy_from_page(buf, b, 4000, 6);
	assert_memory_equal(buf, "abcdef", 6);
	memzero_page(b, 4002, 2);
	memcpy_from_page(buf, b, 4000, 6);
	assert_memory_equal(buf, "ab\0\0ef", 6);
	page_zero(b);
	memcpy_from_page(buf, b, 4000, 6);
	assert_memory_equal(buf, "\0\0\0\0\0\0", 6);
}

/* ---- kmap ---- */

static void boot_lazy(unsigned cpus)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .pkmap_slots = SLOTS});
	pkmap_unmap_at_once = false;
}

static void use_after_kunmap(void *arg)
{
	struct page *page = arg;
	volatile char *p = kmap(page);

	kunmap(page);
	*p = 1;
}

static void kunmap_twice(void *arg)
{
	kmap(arg);
	kunmap(arg);
	kunmap(arg);
}

static void wrong_use_of_kmap_is_caught(void **state)
{
	struct page *page;

	(void)state;
	sim_boot(&(struct sim_config){.no_scheduler = true});
	page = high_page();
	sim_expect_panic(use_after_kunmap, page, "stale kmap pointer");
	sim_expect_panic(kunmap_twice, page, "is not mapped, called by");
	pkmap_unmap_at_once = false;
	sim_expect_panic(kunmap_twice, page, "is not mapped, called by");
}

static void second_kmap_shares_the_window(void **state)
{
	struct page *page;
	struct inspect_pkmap look;
	void *p;

	(void)state;
	boot_lazy(1);
	page = high_page();
	p = kmap(page);
	assert_ptr_equal(kmap(page), p);
	kunmap(page);
	*(volatile char *)p = 1;
	kunmap(page);
	inspect_pkmap(&look);
	assert_int_equal(look.unused, 1);
	/* unused but not flushed: taken back, at the same address */
	assert_ptr_equal(kmap(page), p);
	inspect_pkmap(&look);
	assert_int_equal(look.unused, 0);
	kunmap(page);
}

static void window_wraps_with_one_flush(void **state)
{
	struct page *pages[SLOTS + 1];
	struct inspect_pkmap look;

	(void)state;
	boot_lazy(1);
	for (unsigned i = 0; i <= SLOTS; i++)
		pages[i] = high_page();
	for (unsigned i = 0; i < SLOTS; i++) {
		kmap(pages[i]);
		kunmap(pages[i]);
	}
	inspect_pkmap(&look);
	assert_int_equal(look.free, 0);
	assert_int_equal(look.unused, SLOTS);
	assert_int_equal(look.flushes, 0);
	kmap(pages[SLOTS]);
	inspect_pkmap(&look);
	assert_int_equal(look.flushes, 1);
	assert_int_equal(look.unused, 0);
	assert_int_equal(look.free, SLOTS - 1);
	kunmap(pages[SLOTS]);
}

static void flush_spares_windows_in_use(void **state)
{
	struct page *pages[SLOTS + 1];
	char *kept;

	(void)state;
	boot_lazy(1);
	for (unsigned i = 0; i <= SLOTS; i++)
		pages[i] = high_page();
	kept = kmap(pages[3]);
	kept[0] = 'k';
	for (unsigned i = 0; i <= SLOTS; i++) {
		if (i == 3)
			continue;
		kmap(pages[i]);
		kunmap(pages[i]);
	}
	assert_int_equal(kept[0], 'k');
	assert_ptr_equal(kmap(pages[3]), kept);
	kunmap(pages[3]);
	kunmap(pages[3]);
}

struct waiting {
	struct page *page[SLOTS + 1];
	bool done[2];
	void *got[2];
};

static void map_last(void *arg)
{
	struct waiting *w = arg;

	w->got[0] = kmap(w->page[SLOTS]);
}

static void map_last_too(void *arg)
{
	struct waiting *w = arg;

	w->got[1] = kmap(w->page[SLOTS]);
}

static bool is_true(void *arg)
{
	return __atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE);
}

static bool is_past(void *arg)
{
	return clock_ns() >= *(u64 *)arg;
}

static void full_window_makes_callers_wait(void **state)
{
	static struct waiting w;
	u64 later;

	(void)state;
	boot_lazy(2);
	for (unsigned i = 0; i <= SLOTS; i++)
		w.page[i] = high_page();
	for (unsigned i = 0; i < SLOTS; i++)
		kmap(w.page[i]);
	sim_spawn(map_last, &w, &w.done[0]);
	sim_spawn(map_last_too, &w, &w.done[1]);
	later = clock_ns() + 30000000;
	sim_run_until(is_past, &later);
	assert_false(is_true(&w.done[0]) || is_true(&w.done[1]));
	kunmap(w.page[7]);
	sim_run_until(is_true, &w.done[0]);
	sim_run_until(is_true, &w.done[1]);
	/* both waited for the same page: the second found it mapped */
	assert_ptr_equal(w.got[0], w.got[1]);
}

static void kmap_on_all_cpus(void *arg, unsigned n)
{
	struct page **pages = arg;
	u32 seed = n + 1;

	for (unsigned i = 0; i < 300; i++) {
		struct page *page = pages[random_below(&seed, 24)];
		u32 *p = kmap(page);

		assert_int_equal(p[1], page_to_pfn(page));
		__atomic_fetch_add(p, 1, __ATOMIC_RELAXED);
		kunmap(page);
	}
}

static void windows_are_right_on_four_cpus(void **state)
{
	struct page *pages[24];
	u32 sum = 0, value;

	(void)state;
	boot_lazy(4);
	for (unsigned i = 0; i < 24; i++) {
		u32 head[2];

		pages[i] = high_page();
		head[0] = 0;
		head[1] = (u32)page_to_pfn(pages[i]);
		memcpy_to_page(pages[i], 0, head, sizeof(head));
	}
	sim_run_tasks(4, kmap_on_all_cpus, pages);
	for (unsigned i = 0; i < 24; i++) {
		memcpy_from_page(&value, pages[i], 0, sizeof(value));
		sum += value;
	}
	assert_int_equal(sum, 4 * 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_page_has_its_address),
		cmocka_unit_test(high_page_is_seen_through_every_window),
		cmocka_unit_test(wrong_use_of_kmap_local_is_caught),
		cmocka_unit_test(fifteen_maps_nest),
		cmocka_unit_test(slots_leave_and_return_with_their_task),
		cmocka_unit_test(kmap_atomic_turns_page_faults_off),
		cmocka_unit_test(pages_are_copied_and_cleared),
		cmocka_unit_test(wrong_use_of_kmap_is_caught),
		cmocka_unit_test(second_kmap_shares_the_window),
		cmocka_unit_test(window_wraps_with_one_flush),
		cmocka_unit_test(flush_spares_windows_in_use),
		cmocka_unit_test(full_window_makes_callers_wait),
		cmocka_unit_test(windows_are_right_on_four_cpus),
	};

	return sim_run_tests(tests);
}
