/*
 * Slab caches and kmalloc: sizes and alignment, random traffic that never overlaps, what slabinfo
 * counts, and every misuse that a debug build must name.
 */
#include "mm_test.h"

static void boot(void)
{
	sim_boot(&(struct sim_config){.no_scheduler = true});
}

static unsigned long all_free(void)
{
	unsigned long pcp = 0;

	for (unsigned n = 0; n < INSPECT_ZONES; n++)
		for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
			pcp += inspect_zone_pcp(n, cpu);
	return nr_free_pages() + pcp;
}

static bool find_cache(const char *name, struct inspect_slab *out)
{
	for (unsigned n = 0; inspect_slab_cache(n, out); n++)
		if (!strcmp(out->name, name))
			return true;
	return false;
}

static void sizes_are_rounded_up_and_aligned(void **state)
{
	(void)state;
	boot();
	for (size_t size = 1; size <= 70000; size += size < 300 ? 1 : 531) {
		char *p = kmalloc(size, GFP_KERNEL);
		size_t power = 8;

		assert_non_null(p);
		assert_true(ksize(p) >= size);
		assert_true(IS_ALIGNED((uintptr_t)p, 8));
		while (power < size)
			power *= 2;
		if (power == size && size <= PAGE_SIZE)
			assert_true(IS_ALIGNED((uintptr_t)p, size));
		memset(p, 1, ksize(p));
		kfree(p);
	}
	kfree(NULL);
	assert_int_equal(ksize(NULL), 0);
}

static void extreme_sizes(void **state)
{
	void *p;

	(void)state;
	boot();
	p = kmalloc(0, GFP_KERNEL);
	assert_non_null(p);
	kfree(p);
	assert_null(kmalloc((4ul << 20) + 1, GFP_KERNEL));
	assert_null(kmalloc(SIZE_MAX, GFP_KERNEL));
	assert_null(kmalloc(SIZE_MAX - 100, GFP_KERNEL));
	assert_null(kcalloc(SIZE_MAX / 2, 3, GFP_KERNEL));
	p = kmalloc(4ul << 20, GFP_KERNEL);
	assert_non_null(p);
	kfree(p);
}

static void zeroed_means_zeroed(void **state)
{
	(void)state;
	boot();
	for (size_t size = 1; size < 10000; size = size * 3 / 2 + 1) {
		char *p = kmalloc(size, GFP_KERNEL);

		memset(p, 0x55, size);
		kfree(p);
		p = kzalloc(size, GFP_KERNEL);
		assert_null(memchr_inv(p, 0, size));
		kfree(p);
		p = kcalloc(size, 2, GFP_KERNEL);
		assert_null(memchr_inv(p, 0, 2 * size));
		kfree(p);
	}
}

static void krealloc_keeps_the_contents(void **state)
{
	char *p = NULL;

	(void)state;
	boot();
	for (size_t size = 1; size < 20000; size = size * 2 + 1) {
		p = krealloc(p, size, GFP_KERNEL);
		for (size_t i = 0; i < size / 2; i++)
			assert_int_equal((u8)p[i], (u8)(i * 7));
		for (size_t i = 0; i < size; i++)
			p[i] = (char)(i * 7);
	}
	assert_null(krealloc(p, 0, GFP_KERNEL));
}

static void strings_are_copied(void **state)
{
	char *p;

	(void)state;
	boot();
	p = kstrdup("isthmus", GFP_KERNEL);
	assert_string_equal(p, "isthmus");
	kfree(p);
	p = kstrndup("isthmus", 3, GFP_KERNEL);
	assert_string_equal(p, "ist");
	kfree(p);
	p = kasprintf(GFP_KERNEL, "%s-%u", "cpu", 12u);
	assert_string_equal(p, "cpu-12");
	kfree(p);
	p = kmemdup("ab\0c", 4, GFP_KERNEL);
	assert_memory_equal(p, "ab\0c", 4);
	kfree(p);
}

struct piece {
	u8 *p;
	u32 size;
	u8 fill;
};

static void random_traffic_never_overlaps(void **state)
{
	static struct piece pieces[500];
	unsigned long before;
	u32 seed = 99;

	(void)state;
	boot();
	kfree(kmalloc(100, GFP_KERNEL));
	before = all_free();
	for (unsigned i = 0; i < 100000; i++) {
		struct piece *x = &pieces[random_below(&seed, ARRAY_SIZE(pieces))];

		if (x->p) {
			assert_null(memchr_inv(x->p, x->fill, x->size));
			kfree(x->p);
			x->p = NULL;
			continue;
		}
		x->size = 1 + random_below(&seed, random_below(&seed, 20) ? 300 : 9000);
		x->fill = (u8)random_next(&seed);
		x->p = kmalloc(x->size, GFP_KERNEL);
		assert_non_null(x->p);
		memset(x->p, x->fill, x->size);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
		kfree(pieces[i].p);
		pieces[i].p = NULL;
	}
	/* what stays is what CPU lists and the spare slab of each size hold */
	assert_true(all_free() + 200 > before);
}

static void caches_count_their_objects(void **state)
{
	struct kmem_cache *cache;
	struct inspect_slab look;
	static void *objects[1000];

	(void)state;
	boot();
	cache = kmem_cache_create("things", 200, 0, 0);
	for (unsigned i = 0; i < 1000; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_true(find_cache("things", &look));
	assert_int_equal(look.active_objects, 1000);
	assert_true(look.objects >= 1000);
	assert_int_equal(look.objects, look.slabs * look.objects_per_slab);
	for (unsigned i = 0; i < 1000; i += 2)
		kmem_cache_free(cache, objects[i]);
	assert_true(find_cache("things", &look));
	assert_int_equal(look.active_objects, 500);
	for (unsigned i = 1; i < 1000; i += 2)
		kmem_cache_free(cache, objects[i]);
	assert_true(find_cache("things", &look));
	assert_int_equal(look.active_objects, 0);
	kmem_cache_destroy(cache);
	assert_false(find_cache("things", &look));
}

static void destroying_a_cache_gives_its_pages_back(void **state)
{
	static void *objects[3000];
	unsigned long before, pages;

	(void)state;
	boot();
	kmem_cache_destroy(kmem_cache_create("warm", 64, 0, 0));
	before = all_free();
	pages = inspect_slab_pages();
	for (unsigned size = 8; size <= 3000; size = size * 3 / 2) {
		struct kmem_cache *cache = kmem_cache_create("some", size, 0, 0);

		for (unsigned i = 0; i < 3000; i++)
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		for (unsigned i = 0; i < 3000; i++)
			kmem_cache_free(cache, objects[(i * 7) % 3000]);
		kmem_cache_destroy(cache);
	}
	assert_int_equal(inspect_slab_pages(), pages);
	assert_int_equal(all_free(), before);
}

static void busy_cache_is_not_destroyed(void **state)
{
	struct kmem_cache *cache;
	char *object;

	(void)state;
	boot();
	cache = kmem_cache_create("busy", 64, 0, 0);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_destroy(cache);
	assert_non_null(strstr(sim_console(), "slab cache busy destroyed with objects in use"));
	object[0] = 1;
}

static void alignment_is_kept(void **state)
{
	(void)state;
	boot();
	for (size_t align = 8; align <= 2048; align *= 2) {
		struct kmem_cache *cache = kmem_cache_create("aligned", 24, align, 0);
		void *objects[50];

		for (unsigned i = 0; i < 50; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_true(IS_ALIGNED((uintptr_t)objects[i], align));
		}
		for (unsigned i = 0; i < 50; i++)
			kmem_cache_free(cache, objects[i]);
		kmem_cache_destroy(cache);
	}
	assert_null(kmem_cache_create("odd", 24, 24, 0));
	assert_null(kmem_cache_create("large", 40000, 0, 0));
	assert_null(kmem_cache_create("none", 0, 0, 0));
}

static void zero_cache_hands_out_zeroes(void **state)
{
	struct kmem_cache *cache;

	(void)state;
	boot();
	cache = kmem_cache_create("zero", 100, 0, SLAB_ZERO);
	for (unsigned i = 0; i < 200; i++) {
		char *p = kmem_cache_alloc(cache, GFP_KERNEL);

		assert_null(memchr_inv(p, 0, 100));
		memset(p, 1, 100);
		kmem_cache_free(cache, p);
	}
}

static void no_memory_for_a_slab_is_null(void **state)
{
	unsigned n = 0;

	(void)state;
	sim_boot(&(struct sim_config){.ram_mb = 16, .low_mb = 16, .no_scheduler = true});
	while (kmalloc(1024, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN))
		n++;
	assert_true(n > 3000);
}

static void large_comes_from_the_window_when_it_must(void **state)
{
	void *small, *large;

	(void)state;
	boot();
	small = kvmalloc(1000, GFP_KERNEL);
	large = kvmalloc(5 << 20, GFP_KERNEL);
	assert_false(is_vmalloc_addr(small));
	assert_true(is_vmalloc_addr(large));
	kvfree(small);
	kvfree(large);
	kvfree(NULL);
	large = kvmalloc(100000, GFP_KERNEL | __GFP_ZERO);
	assert_null(memchr_inv(large, 0, 100000));
	kvfree(large);
}

/* ---- misuse ---- */

static void write_beyond_the_end(void *arg)
{
	(void)arg;
	char *p = kmalloc(64, GFP_KERNEL);

	p[64] = 1;
	kfree(p);
}

static void object_freed_twice(void *arg)
{
	(void)arg;
	void *p = kmalloc(64, GFP_KERNEL);

	kfree(p);
	kfree(p);
}

static void write_after_free(void *arg)
{
	(void)arg;
	char *p = kmalloc(64, GFP_KERNEL), *q = kmalloc(64, GFP_KERNEL);

	kfree(q);
	kfree(p);
	p[20] = 1;
	p = kmalloc(64, GFP_KERNEL);
}

static void free_to_another_cache(void *arg)
{
	struct kmem_cache *cache = kmem_cache_create("mine", 64, 0, 0);

	(void)arg;
	kmem_cache_free(cache, kmalloc(64, GFP_KERNEL));
}

static void misuse_is_caught(void **state)
{
	(void)state;
	boot();
	sim_expect_panic(write_beyond_the_end, NULL, "slab kmalloc-64: object");
	sim_expect_panic(write_beyond_the_end, NULL, "was written beyond its end");
	sim_expect_panic(object_freed_twice, NULL, "freed twice");
	sim_expect_panic(write_after_free, NULL, "was written after it was freed");
	sim_expect_panic(free_to_another_cache, NULL, "is not an object of it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_rounded_up_and_aligned),
		cmocka_unit_test(extreme_sizes),
		cmocka_unit_test(zeroed_means_zeroed),
		cmocka_unit_test(krealloc_keeps_the_contents),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(random_traffic_never_overlaps),
		cmocka_unit_test(caches_count_their_objects),
		cmocka_unit_test(destroying_a_cache_gives_its_pages_back),
		cmocka_unit_test(busy_cache_is_not_destroyed),
		cmocka_unit_test(alignment_is_kept),
		cmocka_unit_test(zero_cache_hands_out_zeroes),
		cmocka_unit_test(no_memory_for_a_slab_is_null),
		cmocka_unit_test(large_comes_from_the_window_when_it_must),
		cmocka_unit_test(misuse_is_caught),
	};

	return sim_run_tests(tests);
}
