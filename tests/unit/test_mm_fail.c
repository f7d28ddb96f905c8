/*
 * Every allocation of an operation made to fail in turn: the operation fails cleanly, or does
 * without; nothing leaks, and after the failures it works.
 */
#include "mm_test.h"
#include <linux/errno.h>

static long fail_at, seen;

static bool fail_one(gfp_t gfp)
{
	(void)gfp;
	return seen++ == fail_at;
}

static unsigned long all_free(void)
{
	unsigned long sum = nr_free_pages();

	for (unsigned n = 0; n < INSPECT_ZONES; n++)
		sum += inspect_zone_pcp(n, 0);
	return sum;
}

/* Memory that caches keep is not lost: count what slab caches hold in objects. */
static unsigned long live_objects(void)
{
	struct inspect_slab cache;
	unsigned long sum = 0;

	for (unsigned n = 0; inspect_slab_cache(n, &cache); n++)
		sum += cache.active_objects;
	return sum;
}

/* @op does its work and undoes it; true: it succeeded. */
static void fail_each(bool (*op)(void))
{
	unsigned long objects, pages;
	bool ok = false;
	long failures = 0;
	unsigned windows_kept;

	mm_fail_alloc = NULL;
	assert_true(op());
	for (unsigned i = 0; i < 3; i++)
		op();
	objects = live_objects();
	windows_kept = sim_windows_mapped();
	pages = all_free() + inspect_slab_pages();
	mm_fail_alloc = fail_one;
	for (fail_at = 0; !ok || seen > fail_at; fail_at++) {
		seen = 0;
		ok = op();
		failures += !ok;
		assert_int_equal(live_objects(), objects);
		assert_int_equal(all_free() + inspect_slab_pages(), pages);
		assert_int_equal(sim_windows_mapped(), windows_kept);
		if (seen <= fail_at)
			break;
	}
	mm_fail_alloc = NULL;
	assert_true(failures > 0);
	assert_true(op());
}

static bool vmalloc_and_free(void)
{
	char *p = vmalloc(70 * PAGE_SIZE);

	if (p)
		p[69 * PAGE_SIZE] = 1;
	vfree(p);
	return p;
}

static bool map_and_unmap(void)
{
	struct page *pages[3] = {0};
	void *p = NULL;
	bool ok;

	ok = alloc_pages_bulk(GFP_HIGHUSER, 3, pages) == 3;
	if (ok)
		p = vmap(pages, 3, PGPROT_KERNEL);
	vunmap(p);
	for (unsigned i = 0; i < 3; i++)
		if (pages[i])
			page_put(pages[i]);
	return p;
}

static bool device_and_back(void)
{
	void *p = ioremap(0xfed00000, 8192);

	iounmap(p);
	return p;
}

static bool many_stacks(void)
{
	void *stacks[12];
	bool ok = true;

	for (unsigned i = 0; i < 12; i++)
		ok &= !!(stacks[i] = stack_alloc());
	for (unsigned i = 0; i < 12; i++)
		stack_free(stacks[i]);
	return ok;
}

static bool make_a_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("fails", 100, 0, 0);
	void *objects[100] = {0};
	bool ok = cache;

	for (unsigned i = 0; ok && i < 100; i++)
		ok = (objects[i] = kmem_cache_alloc(cache, GFP_KERNEL));
	for (unsigned i = 0; i < 100; i++)
		if (objects[i])
			kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	return ok;
}

static bool kmalloc_family(void)
{
	char *a = kmalloc(100, GFP_KERNEL), *b = kstrdup("abc", GFP_KERNEL),
	     *c = kasprintf(GFP_KERNEL, "%d", 5);
	char *d = kcalloc(3, 5000, GFP_KERNEL), *e = kvmalloc(20000, GFP_KERNEL),
	     *f = krealloc(a, 5000, GFP_KERNEL);
	bool ok = a && b && c && d && e && f;

	if (f)
		a = f;
	kfree(a);
	kfree(b);
	kfree(c);
	kfree(d);
	kvfree(e);
	return ok;
}

static void boot(void)
{
	sim_boot(&(struct sim_config){.no_scheduler = true});
}

#define FAIL_EACH(op) \
	static void op##_fails_cleanly(void **state) \
	{ \
		(void)state; \
		boot(); \
		fail_each(op); \
	}
FAIL_EACH(vmalloc_and_free)
FAIL_EACH(map_and_unmap)
FAIL_EACH(device_and_back)
FAIL_EACH(many_stacks)
FAIL_EACH(make_a_cache)
FAIL_EACH(kmalloc_family)

static void iomem_entry_needs_memory(void **state)
{
	struct inspect_iomem entry;
	bool found = false;

	(void)state;
	boot();
	mm_fail_alloc = fail_one;
	fail_at = seen = 0;
	assert_int_equal(iomem_add(0xfee00000, 0xfee01000, "Local APIC"), -ENOMEM);
	mm_fail_alloc = NULL;
	assert_int_equal(iomem_add(0xfee00000, 0xfee01000, "Local APIC"), 0);
	assert_int_equal(iomem_add(0xa0000, 0xc0000, "Video RAM area"), 0);
	for (unsigned n = 0; inspect_iomem(n, &entry); n++)
		found |= !strcmp(entry.name, "Local APIC") && entry.depth == 0 &&
			 entry.end == 0xfee01000;
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmalloc_and_free_fails_cleanly),
		cmocka_unit_test(map_and_unmap_fails_cleanly),
		cmocka_unit_test(device_and_back_fails_cleanly),
		cmocka_unit_test(many_stacks_fails_cleanly),
		cmocka_unit_test(make_a_cache_fails_cleanly),
		cmocka_unit_test(kmalloc_family_fails_cleanly),
		cmocka_unit_test(iomem_entry_needs_memory),
	};

	return sim_run_tests(tests);
}
