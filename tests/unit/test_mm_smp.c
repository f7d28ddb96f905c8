/*
 * Physical memory on four CPUs at once: nothing is given out twice, nothing is lost, and (under
 * TSan) nothing is touched without its lock. Every task writes its name into what it gets and finds
 * it there before it gives it back.
 */
#include "mm_test.h"

#define CPUS 4

static void boot(void)
{
	sim_boot(&(struct sim_config){.cpus = CPUS, .ram_mb = 96, .low_mb = 48, .pkmap_slots = 32});
}

static unsigned long all_free(void)
{
	unsigned long sum = nr_free_pages();

	for (unsigned n = 0; n < INSPECT_ZONES; n++)
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			sum += inspect_zone_pcp(n, cpu);
	return sum;
}

/* ---- pages ---- */

#define KEPT 200

static void sign(struct page *page, u32 name)
{
	u32 *p = kmap_local_page(page);

	p[0] = name;
	p[1023] = ~name;
	kunmap_local(p);
}

static void check_sign(struct page *page, u32 name)
{
	u32 *p = kmap_local_page(page);

	assert_int_equal(p[0], name);
	assert_int_equal(p[1023], ~name);
	kunmap_local(p);
}

static void page_traffic(void *arg, unsigned n)
{
	struct {
		struct page *page;
		unsigned order;
	} kept[KEPT] = {0};
	u32 seed = 77 * n + 1;

	(void)arg;
	for (unsigned i = 0; i < 6000; i++) {
		unsigned k = random_below(&seed, KEPT);

		if (kept[k].page) {
			check_sign(kept[k].page, n << 16 | k);
			free_pages(kept[k].page, kept[k].order);
			kept[k].page = NULL;
			continue;
		}
		kept[k].order = random_below(&seed, 4) ? 0 : random_below(&seed, 5);
		kept[k].page = alloc_pages((seed & 1 ? GFP_HIGHUSER : GFP_KERNEL) | __GFP_NOWARN,
					   kept[k].order);
		if (kept[k].page)
			sign(kept[k].page, n << 16 | k);
		if (i % 256 == 0)
			cond_resched();
	}
	for (unsigned k = 0; k < KEPT; k++)
		if (kept[k].page)
			free_pages(kept[k].page, kept[k].order);
}

static void pages_on_four_cpus(void **state)
{
	unsigned long before;

	(void)state;
	boot();
	before = all_free();
	sim_run_tasks(CPUS, page_traffic, NULL);
	assert_int_equal(all_free(), before);
}

static void memory_runs_out(void *arg, unsigned n)
{
	struct page *first = NULL, *page;

	(void)arg, (void)n;
	while ((page = alloc_page(GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN))) {
		page->owner = first;
		first = page;
	}
	while ((page = first)) {
		first = page->owner;
		page_put(page);
	}
}

static void four_cpus_run_out_and_drain_each_other(void **state)
{
	unsigned long before;

	(void)state;
	sim_boot(&(struct sim_config){.cpus = CPUS, .ram_mb = 24, .low_mb = 16});
	before = all_free();
	sim_run_tasks(CPUS, memory_runs_out, NULL);
	assert_int_equal(all_free(), before);
}

/* ---- slab: objects freed on another CPU than the one that got them ---- */

struct exchange {
	void *slot[64];
	u32 moved;
};

static void object_traffic(void *arg, unsigned n)
{
	struct exchange *x = arg;
	u32 seed = n + 5;

	for (unsigned i = 0; i < 8000; i++) {
		size_t size = 16 + random_below(&seed, 600);
		u32 *mine = kmalloc(size, GFP_KERNEL), *other;

		assert_non_null(mine);
		mine[0] = (u32)size;
		mine[size / 4 - 1] = (u32)size;
		other = __atomic_exchange_n(&x->slot[random_below(&seed, 64)], mine,
					    __ATOMIC_ACQ_REL);
		if (other) {
			assert_int_equal(other[other[0] / 4 - 1], other[0]);
			kfree(other);
			__atomic_fetch_add(&x->moved, 1, __ATOMIC_RELAXED);
		}
	}
}

static void objects_travel_between_cpus(void **state)
{
	static struct exchange x;

	(void)state;
	boot();
	sim_run_tasks(CPUS, object_traffic, &x);
	assert_true(x.moved > 10000);
	for (unsigned i = 0; i < 64; i++)
		kfree(x.slot[i]);
}

/* ---- the window ---- */

static void window_traffic(void *arg, unsigned n)
{
	u32 seed = n * 3 + 1;

	(void)arg;
	for (unsigned i = 0; i < 150; i++) {
		size_t size = 1 + random_below(&seed, 60000);
		u8 *p = vmalloc(size), *stack = stack_alloc();

		assert_non_null(p);
		assert_non_null(stack);
		p[0] = p[size - 1] = (u8)n;
		stack[0] = stack[THREAD_STACK_SIZE - 1] = (u8)n;
		cond_resched();
		assert_int_equal(p[size - 1], n);
		assert_int_equal(stack[0], n);
		stack_free(stack);
		vfree(p);
	}
}

static void window_on_four_cpus(void **state)
{
	(void)state;
	boot();
	sim_run_tasks(CPUS, window_traffic, NULL);
	assert_int_equal(inspect_stack_pages(), 0);
}

/* ---- page lock ---- */

struct locked {
	struct page *page[3];
	unsigned inside[3]; /* not atomic: the page lock guards it */
	unsigned sum;
};

static void lock_traffic(void *arg, unsigned n)
{
	struct locked *l = arg;
	u32 seed = n + 9;

	for (unsigned i = 0; i < 500; i++) {
		unsigned k = random_below(&seed, 3);

		if (i % 3)
			page_lock(l->page[k]);
		else
			assert_int_equal(page_lock_killable(l->page[k]), 0);
		assert_int_equal(l->inside[k]++, 0);
		if (i % 16 == 0)
			sched_yield_current();
		assert_int_equal(l->inside[k]--, 1);
		page_unlock(l->page[k]);
		page_wait_unlocked(l->page[(k + 1) % 3]);
		__atomic_fetch_add(&l->sum, 1, __ATOMIC_RELAXED);
	}
}

static void page_lock_has_one_owner(void **state)
{
	static struct locked l;

	(void)state;
	boot();
	for (unsigned k = 0; k < 3; k++)
		l.page[k] = high_page();
	sim_run_tasks(2 * CPUS, lock_traffic, &l);
	assert_int_equal(l.sum, 2 * CPUS * 500);
	assert_true(page_trylock(l.page[0]));
	assert_false(page_trylock(l.page[0]));
	page_unlock(l.page[0]);
}

/* ---- kmap_local across switches ---- */

static void switch_mm_of_test(struct task *prev, struct task *next)
{
	kmap_local_sched_out(prev);
	kmap_local_sched_in(next);
}

static void sleep_with_a_map(void *arg, unsigned n)
{
	struct page *page = high_page();

	(void)arg;
	sign(page, n);
	for (unsigned i = 0; i < 40; i++) {
		unsigned cpu = smp_cpu_id();

		kmap_local_page(page);
		sched_yield_current();
		/* simulated windows move when they are mapped again: the frame is what must be the
		 * same */
		assert_int_equal(current->kmap.idx, 1);
		assert_int_equal(current->kmap.pfn[0], page_to_pfn(page));
		assert_int_equal(smp_cpu_id(), cpu);
		arch_kmap_slot_unmap(0);
		current->kmap.idx = 0;
		check_sign(page, n);
	}
	page_put(page);
}

static void maps_follow_their_task(void **state)
{
	(void)state;
	boot();
	sched_switch_mm = switch_mm_of_test;
	sim_run_tasks(3 * CPUS, sleep_with_a_map, NULL);
	assert_int_equal(sim_windows_mapped(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_on_four_cpus),
		cmocka_unit_test(four_cpus_run_out_and_drain_each_other),
		cmocka_unit_test(objects_travel_between_cpus),
		cmocka_unit_test(window_on_four_cpus),
		cmocka_unit_test(page_lock_has_one_owner),
		cmocka_unit_test(maps_follow_their_task),
	};

	return sim_run_tests(tests);
}
