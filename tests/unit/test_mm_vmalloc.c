/*
 * The vmalloc window: gaps and guards, laziness that never lets an address be seen twice, stacks,
 * device memory.
 */
#include "mm_test.h"

static void boot(unsigned vmalloc_mb)
{
	sim_boot(&(struct sim_config){.no_scheduler = true, .vmalloc_mb = vmalloc_mb});
}

#define ANY 0
#define STACK (INSPECT_VMALLOC | INSPECT_STACK)

static unsigned areas(unsigned kind)
{
	struct inspect_vmalloc area;
	unsigned n = 0;

	for (unsigned long from = 0; inspect_vmalloc(from, &area); from = area.start + 1)
		n += kind == ANY ? !(area.kind & INSPECT_UNPURGED) : area.kind == kind;
	return n;
}

static void memory_is_side_by_side_and_high(void **state)
{
	char *p;
	unsigned long high;

	(void)state;
	boot(0);
	high = nr_free_high_pages();
	p = vzalloc(300000);
	assert_null(memchr_inv(p, 0, 300000));
	memset(p, 3, 300000);
	assert_true(nr_free_high_pages() <= high - 74);
	assert_true(page_is_high(kmap_to_page(p)));
	assert_true(is_vmalloc_addr(p) && is_vmalloc_addr(p + 299999));
	assert_false(is_vmalloc_addr(kmalloc(10, GFP_KERNEL)));
	vfree(p);
	assert_int_equal(areas(INSPECT_VMALLOC), 0);
	assert_int_equal(sim_windows_mapped(), 0);
}

static void run_over_the_end(void *arg)
{
	volatile char *p = vmalloc((size_t)(uintptr_t)arg);

	vmalloc(PAGE_SIZE);
	p[ALIGN_UP((uintptr_t)arg, PAGE_SIZE)] = 1;
}

static void use_after_vfree(void *arg)
{
	volatile char *p = vmalloc(PAGE_SIZE);

	(void)arg;
	vfree((void *)p);
	*p = 1;
}

static void stack_overflow(void *arg)
{
	volatile char *stack;

	(void)arg;
	vmalloc(PAGE_SIZE);
	stack = stack_alloc();
	stack[0] = stack[THREAD_STACK_SIZE - 1] = 1;
	stack[-1] = 1;
}

static void every_area_has_its_guard(void **state)
{
	(void)state;
	boot(0);
	sim_expect_panic(run_over_the_end, (void *)PAGE_SIZE,
			 "vmalloc address that was never mapped");
	sim_expect_panic(run_over_the_end, (void *)5000, "vmalloc address that was never mapped");
	sim_expect_panic(stack_overflow, NULL, "vmalloc address that was never mapped");
	sim_expect_panic(use_after_vfree, NULL, "stale vmalloc pointer");
}

static void sizes_that_cannot_be(void **state)
{
	(void)state;
	boot(2);
	assert_null(vmalloc(0));
	assert_null(vmalloc(2 << 20));
	assert_null(vmalloc(1 << 30));
	assert_null(vmalloc(SIZE_MAX));
	assert_null(vmalloc(SIZE_MAX - PAGE_SIZE / 2));
	assert_int_equal(inspect_vmalloc_used(), 0);
}

/* The lowest gap that fits is taken: the model is an array of pages. */
static void lowest_gap_is_taken(void **state)
{
	static struct {
		char *p;
		unsigned pages;
	} live[60];
	static u8 used[512];
	u32 seed = 5;

	(void)state;
	boot(2);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned n = random_below(&seed, ARRAY_SIZE(live)), pages, at, run;

		if (live[n].p) {
			at = (unsigned)((live[n].p - (char *)windows.vmalloc_start) / PAGE_SIZE);
			memset(used + at, 0, live[n].pages);
			vfree(live[n].p);
			live[n].p = NULL;
			continue;
		}
		pages = 2 + random_below(&seed, 20);
		for (at = 0, run = 0; at < 512 && run < pages; at++)
			run = used[at] ? 0 : run + 1;
		live[n].p = vmalloc((pages - 1) * PAGE_SIZE);
		if (run < pages) {
			assert_null(live[n].p);
			continue;
		}
		at -= pages;
		assert_ptr_equal(live[n].p, (char *)windows.vmalloc_start + at * PAGE_SIZE);
		live[n].pages = pages;
		memset(used + at, 1, pages);
	}
}

static void nothing_leaks_when_pages_run_out(void **state)
{
	unsigned long free;
	void *p[64];
	unsigned n = 0;

	(void)state;
	sim_boot(&(struct sim_config){
		.ram_mb = 24, .low_mb = 16, .vmalloc_mb = 64, .no_scheduler = true});
	vfree(vmalloc(PAGE_SIZE));
	free = nr_free_pages();
	while ((p[n] = vmalloc(1 << 20)))
		n++;
	assert_true(n > 15 && n < 24);
	while (n--)
		vfree(p[n]);
	assert_true(nr_free_pages() + 64 >= free);
	assert_int_equal(sim_windows_mapped(), 0);
	assert_int_equal(areas(ANY), 0);
}

static void pages_of_the_caller_stay_his(void **state)
{
	struct page *pages[3];
	char *p;

	(void)state;
	boot(0);
	pages[0] = high_page();
	pages[1] = alloc_page(GFP_KERNEL);
	pages[2] = high_page();
	p = vmap(pages, 3, PGPROT_KERNEL);
	p[0] = 'a';
	p[PAGE_SIZE] = 'b';
	p[2 * PAGE_SIZE] = 'c';
	assert_int_equal(*(char *)page_address(pages[1]), 'b');
	assert_int_equal(*(char *)sim_frame(page_to_pfn(pages[2])), 'c');
	assert_int_equal(page_refs(pages[0]), 1);
	assert_int_equal(areas(INSPECT_VMAP), 1);
	vunmap(p);
	vunmap(NULL);
	assert_int_equal(page_refs(pages[0]), 1);
	assert_int_equal(areas(INSPECT_VMAP), 0);
	assert_null(vmap(pages, 0, PGPROT_KERNEL));
}

static void device_memory_keeps_its_offset(void **state)
{
	struct inspect_vmalloc area;
	char *p;

	(void)state;
	boot(0);
	p = ioremap(0xfee00020ull, 0x1000);
	assert_int_equal((uintptr_t)p % PAGE_SIZE, 0x20);
	p[0xfff] = 1;
	assert_true(inspect_vmalloc(0, &area));
	assert_int_equal(area.kind, INSPECT_IOREMAP);
	assert_int_equal(area.phys, 0xfee00000);
	assert_int_equal(area.size, 3 * PAGE_SIZE);
	iounmap(p);
	assert_int_equal(areas(ANY), 0);
	assert_null(ioremap(0xfee00000, 0));
}

static void wrong_addresses_are_reported(void **state)
{
	char *p;

	(void)state;
	boot(0);
	p = vmalloc(3 * PAGE_SIZE);
	vfree(p + PAGE_SIZE);
	assert_non_null(strstr(sim_console(), "no vmalloc area begins at"));
	sim_console_clear();
	vunmap(p);
	assert_non_null(strstr(sim_console(), "no vmalloc area begins at"));
	sim_console_clear();
	vfree(p);
	assert_string_equal(sim_console(), "");
	vfree(p);
	assert_non_null(strstr(sim_console(), "no vmalloc area begins at"));
	vfree(NULL);
}

static void full_window_says_how_to_enlarge_it(void **state)
{
	(void)state;
	boot(1);
	while (vmalloc(100000))
		;
	assert_non_null(strstr(sim_console(), "vmalloc= makes it larger"));
}

static void stacks_are_kept_for_the_next(void **state)
{
	void *a, *b, *stacks[40];

	(void)state;
	boot(0);
	a = stack_alloc();
	assert_int_equal(inspect_stack_pages(), THREAD_STACK_SIZE / PAGE_SIZE);
	stack_free(a);
	b = stack_alloc();
	assert_ptr_equal(a, b);
	stack_free(b);
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++)
		memset(stacks[i] = stack_alloc(), (int)i, THREAD_STACK_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		assert_null(memchr_inv(stacks[i], (int)i, THREAD_STACK_SIZE));
		stack_free(stacks[i]);
	}
	assert_int_equal(inspect_stack_pages(), 0);
	assert_true(areas(STACK) <= 8);
	stack_free(NULL);
}

static void freed_with_interrupts_off_goes_later(void **state)
{
	void *stacks[20], *p;
	irqflags_t flags;

	(void)state;
	boot(0);
	p = vmalloc(PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++)
		stacks[i] = stack_alloc();
	flags = irq_save();
	vfree(p);
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++)
		stack_free(stacks[i]);
	irq_restore(flags);
	assert_int_equal(areas(INSPECT_VMALLOC), 1);
	vfree(vmalloc(PAGE_SIZE));
	assert_int_equal(areas(INSPECT_VMALLOC), 0);
	assert_true(areas(STACK) <= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_side_by_side_and_high),
		cmocka_unit_test(every_area_has_its_guard),
		cmocka_unit_test(sizes_that_cannot_be),
		cmocka_unit_test(lowest_gap_is_taken),
		cmocka_unit_test(nothing_leaks_when_pages_run_out),
		cmocka_unit_test(pages_of_the_caller_stay_his),
		cmocka_unit_test(device_memory_keeps_its_offset),
		cmocka_unit_test(wrong_addresses_are_reported),
		cmocka_unit_test(full_window_says_how_to_enlarge_it),
		cmocka_unit_test(stacks_are_kept_for_the_next),
		cmocka_unit_test(freed_with_interrupts_off_goes_later),
	};

	return sim_run_tests(tests);
}
