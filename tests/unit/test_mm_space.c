/*
 * Address spaces on the simulated machine: random mmap, munmap, mprotect, writes, reads and forks
 * against a model that knows each page's contents; after every operation the oracles look at TLBs,
 * free frames and map counts.
 */
#include "mm_test.h"
#include "mm/mm.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define BASE 0x10000000u
#define PAGES 96
#define SPACES 4

struct model_page {
	bool mapped, readable, writable;
	u32 value;
};

struct space {
	struct mm *mm;
	struct model_page page[PAGES];
};

static struct space spaces[SPACES];
static unsigned here; /* the one that is loaded */

static void boot(unsigned cpus)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 64, .low_mb = 32});
	mm_virt_init();
}

/* ---- the oracle of references ---- */

static void count_entry(struct arch_mm *am, uaddr_t addr, pte_t pte, void *arg)
{
	u32 *counts = arg;

	(void)am, (void)addr;
	if (!pte_special(pte))
		counts[pte_pfn(pte)]++;
}

static void check_references(void)
{
	u32 *counts = calloc(max_pfn, sizeof(*counts));

	sim_for_each_pte(count_entry, counts);
	for (pfn_t pfn = 1; pfn < max_pfn; pfn++) {
		const struct page *page;

		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		if (!page_refs(page) || page_test(page, PG_RESERVED))
			continue;
		if (!page_test(page, PG_SLAB))
			assert_int_equal(page_mapcount(page), counts[pfn]);
		assert_true(page_refs(page) >= counts[pfn]);
	}
	free(counts);
}

static void check_all(void)
{
	sim_check_tlbs();
	sim_check_free_frames();
	check_references();
}

/* ---- operations, each on the model and on the machine ---- */

static uaddr_t address(unsigned n)
{
	return BASE + n * (u32)PAGE_SIZE;
}

static void enter(unsigned n)
{
	here = n;
	mm_activate(spaces[n].mm);
}

static u32 protection(unsigned kind)
{
	static const u32 kinds[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE};

	return kinds[kind];
}

static void do_map(u32 *seed)
{
	unsigned first = random_below(seed, PAGES),
		 n = 1 + random_below(seed, MIN(20u, PAGES - first));
	u32 prot = protection(random_below(seed, 4));
	struct map_request req = {.addr = address(first),
				  .len = n * (u32)PAGE_SIZE,
				  .prot = prot,
				  .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED};

	assert_int_equal(mm_map(spaces[here].mm, &req), address(first));
	for (unsigned i = first; i < first + n; i++)
		spaces[here].page[i] =
			(struct model_page){true, prot & PROT_READ, prot & PROT_WRITE, 0};
}

static void do_unmap(u32 *seed)
{
	unsigned first = random_below(seed, PAGES),
		 n = 1 + random_below(seed, MIN(12u, PAGES - first));

	assert_int_equal(mm_unmap(spaces[here].mm, address(first), n * (u32)PAGE_SIZE), 0);
	memset(&spaces[here].page[first], 0, n * sizeof(struct model_page));
}

static void do_protect(u32 *seed)
{
	unsigned first = random_below(seed, PAGES),
		 n = 1 + random_below(seed, MIN(12u, PAGES - first)), end;
	u32 prot = protection(random_below(seed, 4));
	int want = 0;

	for (end = first; end < first + n && spaces[here].page[end].mapped; end++) {
		spaces[here].page[end].readable = prot & PROT_READ;
		spaces[here].page[end].writable = prot & PROT_WRITE;
	}
	if (end < first + n)
		want = -ENOMEM;
	assert_int_equal(mm_protect(spaces[here].mm, address(first), n * (u32)PAGE_SIZE, prot),
			 want);
}

static void do_write(u32 *seed)
{
	unsigned n = random_below(seed, PAGES);
	struct model_page *page = &spaces[here].page[n];
	u32 value = random_next(seed);
	int result = put_user_u32(value, address(n) + 8);

	assert_int_equal(result, page->writable ? 0 : -EFAULT);
	if (!result)
		page->value = value;
}

static void do_read(u32 *seed)
{
	unsigned n = random_below(seed, PAGES);
	struct model_page *page = &spaces[here].page[n];
	u32 value = 0;

	assert_int_equal(get_user_u32(&value, address(n) + 8), page->readable ? 0 : -EFAULT);
	if (page->readable)
		assert_int_equal(value, page->value);
}

static void do_fork(u32 *seed)
{
	unsigned to = random_below(seed, SPACES);

	if (to == here)
		return;
	if (spaces[to].mm)
		mm_put(spaces[to].mm);
	spaces[to].mm = mm_fork(spaces[here].mm);
	assert_non_null(spaces[to].mm);
	memcpy(spaces[to].page, spaces[here].page, sizeof(spaces[to].page));
}

static void do_switch(u32 *seed)
{
	unsigned to = random_below(seed, SPACES);

	if (spaces[to].mm)
		enter(to);
}

static void do_exit(u32 *seed)
{
	unsigned n = random_below(seed, SPACES);

	if (n == here || !spaces[n].mm)
		return;
	mm_put(spaces[n].mm);
	spaces[n].mm = NULL;
}

static void spaces_are_as_the_model_says(void **state)
{
	static void (*const ops[])(u32 *) = {do_map,   do_unmap,  do_protect, do_write, do_write,
					     do_write, do_write,  do_read,    do_read,  do_read,
					     do_fork,  do_switch, do_switch,  do_exit};
	unsigned long before;
	u32 seed = 20;

	(void)state;
	boot(1);
	spaces[0].mm = mm_alloc();
	enter(0);
	before = nr_free_pages();
	for (unsigned i = 0; i < 12000; i++) {
		ops[random_below(&seed, ARRAY_SIZE(ops))](&seed);
		if (i % 16 == 0)
			check_all();
	}
	mm_activate(NULL);
	for (unsigned n = 0; n < SPACES; n++)
		if (spaces[n].mm)
			mm_put(spaces[n].mm);
	check_all();
	/* what is missing waits in per-CPU lists and caches */
	assert_true(nr_free_pages() + 500 > before);
}

/* ---- several CPUs in one address space ---- */

#define SHARED_PAGES 32

static struct mm *shared;

static void pound(void *arg, unsigned n)
{
	u32 seed = n + 3, value;

	(void)arg;
	mm_get(shared);
	mm_activate(shared);
	for (unsigned i = 0; i < 1200; i++) {
		unsigned k = random_below(&seed, SHARED_PAGES);
		uaddr_t addr = BASE + k * (u32)PAGE_SIZE + 4 * n;
		struct map_request req = {.addr = BASE + k * (u32)PAGE_SIZE,
					  .len = PAGE_SIZE,
					  .prot = PROT_READ | PROT_WRITE,
					  .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED};

		switch (random_below(&seed, 8)) {
		case 0: mm_unmap(shared, BASE + k * (u32)PAGE_SIZE, PAGE_SIZE); break;
		case 1: assert_int_equal(mm_map(shared, &req), req.addr); break;
		case 2: mm_protect(shared, BASE + k * (u32)PAGE_SIZE, PAGE_SIZE, PROT_READ); break;
		case 3:
			mm_protect(shared, BASE + k * (u32)PAGE_SIZE, PAGE_SIZE,
				   PROT_READ | PROT_WRITE);
			break;
		case 4: {
			struct mm *child = i % 4 ? NULL : mm_fork(shared);

			if (child)
				mm_put(child);
			break;
		}
		case 5: get_user_u32(&value, addr); break;
		default: put_user_u32(n << 16 | i, addr);
		}
		cond_resched();
	}
	mm_activate(NULL);
	mm_put(shared);
}

static void threads_share_a_space_on_four_cpus(void **state)
{
	(void)state;
	boot(4);
	shared = mm_alloc();
	sim_run_tasks(4, pound, NULL);
	check_all();
	mm_put(shared);
	check_all();
}

/* ---- no memory ---- */

static long fail_at, seen;

static bool fail_one(gfp_t gfp)
{
	(void)gfp;
	return seen++ == fail_at;
}

static bool fork_and_touch(void)
{
	struct mm *child = mm_fork(spaces[0].mm);
	bool ok;

	if (!child)
		return false;
	mm_activate(child);
	ok = !put_user_u32(1, BASE) && !put_user_u32(2, BASE + 0x400000);
	mm_activate(spaces[0].mm);
	mm_put(child);
	return ok;
}

static void fork_fails_cleanly_at_each_allocation(void **state)
{
	struct map_request req = {.addr = BASE,
				  .len = 0x800000,
				  .prot = PROT_READ | PROT_WRITE,
				  .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED};
	u32 value;

	(void)state;
	boot(1);
	spaces[0].mm = mm_alloc();
	enter(0);
	assert_int_equal(mm_map(spaces[0].mm, &req), BASE);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(put_user_u32(100 + i, BASE + i * 0x100000), 0);
	mm_fail_alloc = fail_one;
	for (fail_at = 0;; fail_at++) {
		seen = 0;
		fork_and_touch();
		mm_fail_alloc = NULL;
		check_all();
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(get_user_u32(&value, BASE + i * 0x100000), 0);
			assert_int_equal(value, 100 + i);
		}
		mm_fail_alloc = fail_one;
		if (seen <= fail_at)
			break;
	}
	mm_fail_alloc = NULL;
	assert_true(fail_at >= 4);
	assert_true(fork_and_touch());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spaces_are_as_the_model_says),
		cmocka_unit_test(threads_share_a_space_on_four_cpus),
		cmocka_unit_test(fork_fails_cleanly_at_each_allocation),
	};

	return sim_run_tests(tests);
}
