/*
 * Huge mappings: when they come, and that whatever is then done to a part of one, each page keeps
 * what was written to it; with every allocation made to fail in turn.
 *
 * After each case the oracle counts everything anew, and holds the table behind each huge mapping
 * against it; the machine watches that no address is ever in a TLB in two sizes.
 */
#include "mm_oracle.h"
#include "mm_spaces.h"
#include <linux/errno.h>

#define RW (PROT_READ | PROT_WRITE)
#define P ((u32)PAGE_SIZE)
#define BLOCK ((u32)PMD_SIZE)
#define N HUGE_PAGES
#define BASE 0x30000000u /* of two blocks */
#define AWAY 0x38000000u
#define PAGES (2 * N)
#define GONE (-1L)

static const struct oracle_extra nothing_else = {0};

static void no_signal(int sig, int code, uaddr_t addr)
{
	(void)sig, (void)code, (void)addr;
	abort();
}

static void boot(void)
{
	sim_boot(&(struct sim_config){.ram_mb = 96, .low_mb = 32});
	mm_virt_init();
	mm_send_fault_signal = no_signal;
}

static bool poke(uaddr_t addr, u32 word)
{
	return copy_to_user(addr, &word, 4) == 0;
}

static long peek(uaddr_t addr)
{
	u32 word;

	return copy_from_user(&word, addr, 4) ? GONE : (long)word;
}

static unsigned huge(void)
{
	return (unsigned)(total_anon_huge_pages() / N);
}

static bool counting;

static void begin_counting(void *arg, unsigned n)
{
	(void)arg, (void)n;
	counting = true;
	oracle_begin();
}

static void count(void *arg, unsigned n)
{
	(void)arg, (void)n;
	oracle_check(&nothing_else);
}

static void run(void (*fn)(void *arg, unsigned n), void *arg)
{
	boot();
	oracle_begin();
	sim_run_tasks(1, fn, arg);
	oracle_check(&nothing_else);
	assert_int_equal(total_anon_huge_pages(), 0);
	assert_int_equal(total_anon_pages(), 0);
}

/* ---- when ---- */

/* How many huge mappings a write to page @page of a fresh area makes. */
static unsigned huge_after_write(struct mm *mm, u32 page, u32 len, u32 flags, int advice)
{
	unsigned result;

	assert_true(map_at(mm, BASE, len, flags));
	if (advice >= 0)
		assert_int_equal(mm_advise(mm, BASE, len, advice), 0);
	assert_true(poke(BASE + page * P, 1));
	result = huge();
	assert_int_equal(mm->rss_anon, result ? N : 1);
	assert_int_equal(mm_unmap(mm, BASE, len), 0);
	return result;
}

static void when(void *arg, unsigned n)
{
	struct mm *mm = space_begin();

	(void)arg, (void)n;
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, -1), 1);
	assert_int_equal(huge_after_write(mm, 0, BLOCK - P, 0, -1), 0);
	assert_int_equal(huge_after_write(mm, 7, BLOCK, 0, -1), 0);
	assert_int_equal(huge_after_write(mm, N, 2 * BLOCK, 0, -1), 1);
	assert_int_equal(huge_after_write(mm, 7, BLOCK, 0, MADV_HUGEPAGE), 1);
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, MADV_NOHUGEPAGE), 0);
	assert_int_equal(huge_after_write(mm, 0, BLOCK, MAP_GROWSDOWN, -1), 0);
	mm->flags |= MMF_DISABLE_THP;
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, MADV_HUGEPAGE), 0);
	mm->flags = 0;
	thp_enabled = THP_MADVISE;
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, -1), 0);
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, MADV_HUGEPAGE), 1);
	thp_enabled = THP_NEVER;
	assert_int_equal(huge_after_write(mm, 0, BLOCK, 0, MADV_HUGEPAGE), 0);
	thp_enabled = THP_ALWAYS;
	assert_true(map_at(mm, BASE, BLOCK, 0));
	assert_int_equal(peek(BASE + P), 0); /* the zero page: a table is there */
	assert_true(poke(BASE, 1));
	assert_int_equal(huge(), 0);
	space_end(mm);
}

static void a_block_comes_with_a_first_write_where_all_of_it_fits(void **state)
{
	(void)state;
	run(when, NULL);
}

static void lack(void *arg, unsigned n)
{
	struct mm *mm = space_begin();
	unsigned long before = vm_event_total(VM_THP_FAULT_FALLBACK);
	uaddr_t addr = BASE;

	(void)arg, (void)n;
	assert_true(map_at(mm, BASE, 40 * BLOCK, MAP_NORESERVE));
	for (; addr < BASE + 40 * BLOCK; addr += BLOCK) {
		unsigned had = huge();

		assert_true(poke(addr, 1));
		if (huge() == had)
			break;
	}
	assert_true(addr < BASE + 40 * BLOCK);
	assert_true(nr_free_pages() > total_ram_pages() / 16);
	assert_int_equal(vm_event_total(VM_THP_FAULT_FALLBACK), before + 1);
	assert_int_equal(peek(addr), 1);
	space_end(mm);
}

static void without_plenty_of_memory_it_is_a_page(void **state)
{
	(void)state;
	run(lack, NULL);
}

/* ---- what is done to it ---- */

struct world {
	struct mm *mm, *child;
	long expect[PAGES];
};

static void expect(struct world *w, u32 first, u32 count, long value)
{
	for (u32 i = first; i < first + count; i++)
		w->expect[i] = value;
}

static void munmap_part(struct world *w, u32 first, u32 count)
{
	if (!mm_unmap(w->mm, BASE + first * P, count * P))
		expect(w, first, count, GONE);
}

static void unmap_first(struct world *w)
{
	munmap_part(w, 0, 1);
}

static void unmap_last(struct world *w)
{
	munmap_part(w, N - 1, 1);
}

static void unmap_middle(struct world *w)
{
	munmap_part(w, 100, 50);
}

static void unmap_across(struct world *w)
{
	munmap_part(w, N - 3, 6);
}

static void unmap_one(struct world *w)
{
	munmap_part(w, 0, N);
}

static void unmap_one_and_a_part(struct world *w)
{
	munmap_part(w, 0, N + 5);
}

static void drop_part(struct world *w)
{
	if (!mm_advise(w->mm, BASE + 5 * P, 10 * P, MADV_DONTNEED))
		expect(w, 5, 10, 0);
}

static void drop_one(struct world *w)
{
	if (!mm_advise(w->mm, BASE, BLOCK, MADV_DONTNEED))
		expect(w, 0, N, 0);
	assert_true(huge() <= 1);
}

static void protect_part(struct world *w)
{
	if (mm_protect(w->mm, BASE + 9 * P, 2 * P, PROT_READ))
		return;
	assert_false(poke(BASE + 9 * P, 1));
	if (poke(BASE + 8 * P, 8888))
		w->expect[8] = 8888;
}

static void protect_one(struct world *w)
{
	if (mm_protect(w->mm, BASE, BLOCK, PROT_READ))
		return;
	assert_int_equal(huge(), 2); /* it stays one */
	assert_false(poke(BASE + 9 * P, 1));
	if (mm_protect(w->mm, BASE, BLOCK, RW))
		return;
	if (poke(BASE + 9 * P, 9999))
		w->expect[9] = 9999;
	assert_int_equal(huge(), 2);
}

static void forbid_one(struct world *w)
{
	if (mm_protect(w->mm, BASE, BLOCK, PROT_NONE))
		return;
	assert_int_equal(peek(BASE + P), GONE);
	while (mm_protect(w->mm, BASE, BLOCK, PROT_READ))
		;
}

static void move_part(struct world *w)
{
	long to = mm_remap(w->mm, BASE + 3 * P, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);

	if (to != (long)AWAY)
		return;
	assert_int_equal(peek(AWAY), 3 + 1);
	assert_int_equal(peek(AWAY + P), 4 + 1);
	expect(w, 3, 2, GONE);
}

static void move_all(struct world *w)
{
	long to = mm_remap(w->mm, BASE, 2 * BLOCK, 2 * BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);

	if (to != (long)AWAY)
		return;
	for (u32 i = 0; i < PAGES; i++)
		assert_int_equal(peek(AWAY + i * P), i + 1);
	expect(w, 0, PAGES, GONE);
}

static void lock_part(struct world *w)
{
	mm_lock_range(w->mm, BASE + 7 * P, P, VM_LOCKED);
	assert_int_equal(huge(), 2);
}

static void debugger_writes(struct world *w)
{
	u32 word = 77;

	if (mm_protect(w->mm, BASE, 2 * BLOCK, PROT_READ))
		return;
	if (mm_access(w->mm, BASE + 11 * P, &word, 4, true) == 4)
		w->expect[11] = 77;
}

static void fork_and_write(struct world *w)
{
	u32 word = 4242;

	w->child = mm_fork(w->mm);
	if (!w->child)
		return;
	assert_int_equal(huge(), 4);
	if (poke(BASE + 2 * P, 22)) /* breaks ours */
		w->expect[2] = 22;
	if (mm_access(w->child, BASE + 3 * P, &word, 4, true) == 4) /* and the child's */
		assert_int_equal(peek(BASE + 3 * P), 4);
	if (mm_access(w->child, BASE + 2 * P, &word, 4, false) == 4)
		assert_int_equal(word, 3);
	assert_int_equal(huge(), 2);
}

static void fork_and_unmap(struct world *w)
{
	u32 word = 0;

	w->child = mm_fork(w->mm);
	if (!w->child)
		return;
	munmap_part(w, 0, PAGES);
	assert_int_equal(huge(), 2);
	assert_int_equal(mm_access(w->child, BASE + 3 * P, &word, 4, false), 4);
	assert_int_equal(word, 4);
}

static void fork_of_a_part(struct world *w)
{
	if (mm_advise(w->mm, BASE, 4 * P, MADV_DONTFORK))
		return;
	w->child = mm_fork(w->mm);
	if (w->child)
		assert_int_equal(huge(), 2); /* of the second block, in both */
}

/* The child has gone: the whole block is writable again, at the first write. */
static void fork_and_exit(struct world *w)
{
	unsigned long reused = vm_event_total(VM_PGREUSE);
	struct mm *child = mm_fork(w->mm);

	if (!child)
		return;
	mm_put(child);
	if (poke(BASE + 2 * P, 22))
		w->expect[2] = 22;
	if (poke(BASE + 3 * P, 33))
		w->expect[3] = 33;
	assert_int_equal(vm_event_total(VM_PGREUSE), reused + 1);
	assert_int_equal(huge(), 2);
}

/* Somebody holds a page when the mapping goes: he keeps it, and what is in it. */
static void pinned(struct world *w)
{
	struct page *page;
	u32 word = 0;

	if (get_user_pages(w->mm, BASE + 6 * P, 1, true, false, &page) != 1)
		return;
	assert_int_equal(huge(), 2);
	munmap_part(w, 0, N);
	memcpy_from_page(&word, page, 0, 4);
	assert_int_equal(word, 7);
	page_put(page);
}

/* Both are broken up; some pages go. */
static bool break_up(struct world *w, u32 first, u32 count)
{
	if (mm_advise(w->mm, BASE + first * P, count * P, MADV_DONTNEED))
		return false;
	expect(w, first, count, 0);
	return true;
}

static int gather(struct world *w)
{
	return mm_advise(w->mm, BASE, 2 * BLOCK, MADV_COLLAPSE);
}

static void gather_with_holes(struct world *w)
{
	unsigned long made = vm_event_total(VM_THP_COLLAPSE_ALLOC);

	if (!break_up(w, 0, 3) || !break_up(w, N - 1, 2))
		return;
	assert_int_equal(huge(), 0);
	assert_int_equal(peek(BASE + P), 0); /* the zero page */
	if (gather(w))
		return;
	assert_int_equal(huge(), 2);
	assert_int_equal(w->mm->rss_anon, 2 * N);
	assert_int_equal(vm_event_total(VM_THP_COLLAPSE_ALLOC), made + 2);
	assert_int_equal(gather(w), 0); /* they are */
	assert_int_equal(vm_event_total(VM_THP_COLLAPSE_ALLOC), made + 2);
	if (poke(BASE + 2 * P, 22))
		w->expect[2] = 22;
	assert_int_equal(huge(), 2);
}

static void gather_locked(struct world *w)
{
	if (!break_up(w, 5, 1) || mm_lock_range(w->mm, BASE, BLOCK, VM_LOCKED))
		return;
	if (!gather(w))
		assert_int_equal(huge(), 2);
}

static void gather_shared(struct world *w)
{
	u32 word = 0;

	if (!break_up(w, 7, 1))
		return;
	w->child = mm_fork(w->mm);
	if (!w->child)
		return;
	assert_int_equal(gather(w), -EINVAL); /* nothing may be written at once */
	if (!poke(BASE + 8 * P, 88))
		return;
	w->expect[8] = 88;
	if (mm_advise(w->mm, BASE, BLOCK, MADV_COLLAPSE))
		return;
	if (poke(BASE + 9 * P, 99))
		w->expect[9] = 99;
	assert_int_equal(mm_access(w->child, BASE + 9 * P, &word, 4, false), 4);
	assert_int_equal(word, 10);
}

static void gather_pinned(struct world *w)
{
	struct page *page;

	if (!break_up(w, 7, 1) || get_user_pages(w->mm, BASE + 6 * P, 1, true, false, &page) != 1)
		return;
	assert_int_equal(mm_advise(w->mm, BASE, BLOCK, MADV_COLLAPSE), -EAGAIN);
	page_put(page);
	(void)gather(w);
}

/* Only what lies wholly in an area that may have blocks. */
static void gather_refused(struct world *w)
{
	if (!break_up(w, 0, N))
		return;
	assert_int_equal(gather(w), -EINVAL); /* all of the first is empty */
	munmap_part(w, 10, 1);
	if (mm_advise(w->mm, BASE, BLOCK, MADV_COLLAPSE) == 0)
		assert_true(w->expect[10] != GONE);
	munmap_part(w, 2 * N - 1, 1);
	(void)gather(w);
	assert_int_equal(mm_advise(w->mm, BASE + 20 * P, 2 * P, MADV_COLLAPSE), -EINVAL);
	if (!mm_advise(w->mm, BASE, 10 * P, MADV_NOHUGEPAGE))
		assert_int_equal(mm_advise(w->mm, BASE, BLOCK, MADV_COLLAPSE), -EINVAL);
}

static const struct {
	const char *name;
	void (*fn)(struct world *w);
} operations[] = {
	{"MADV_COLLAPSE with pages missing", gather_with_holes},
	{"MADV_COLLAPSE of locked pages", gather_locked},
	{"MADV_COLLAPSE after fork", gather_shared},
	{"MADV_COLLAPSE with a page pinned", gather_pinned},
	{"MADV_COLLAPSE of parts", gather_refused},
	{"munmap of the first page", unmap_first},
	{"munmap of the last page", unmap_last},
	{"munmap of the middle", unmap_middle},
	{"munmap over the border of two", unmap_across},
	{"munmap of one", unmap_one},
	{"munmap of one and a part", unmap_one_and_a_part},
	{"madvise(DONTNEED) of a part", drop_part},
	{"madvise(DONTNEED) of one", drop_one},
	{"mprotect of a part", protect_part},
	{"mprotect of one", protect_one},
	{"mprotect(PROT_NONE) of one", forbid_one},
	{"mremap of a part", move_part},
	{"mremap of all", move_all},
	{"mlock of a part", lock_part},
	{"a debugger's write", debugger_writes},
	{"fork, and both write", fork_and_write},
	{"fork, and the parent unmaps", fork_and_unmap},
	{"fork of a part", fork_of_a_part},
	{"fork, and the child exits", fork_and_exit},
	{"a pinned page", pinned},
};

/*
 * @n areas of a page and a page table each, then a block, which finds the batch to free as full as
 * they leave it.
 */
static void end_with(unsigned n)
{
	struct mm *mm = space_begin();

	for (u32 i = 1; i <= n; i++) {
		assert_true(map_at(mm, BASE - 2 * i * BLOCK, P, 0));
		assert_true(poke(BASE - 2 * i * BLOCK, i));
	}
	assert_true(map_at(mm, BASE, BLOCK, 0));
	assert_true(poke(BASE, 1));
	assert_int_equal(huge(), 1);
	space_end(mm);
}

static void end_with_each_number(void *arg, unsigned n)
{
	(void)arg, (void)n;
	for (unsigned areas = 1; areas < 2 * GATHER_INLINE; areas++)
		end_with(areas);
}

static void the_end_of_a_process_frees_a_block_after_any_number_of_tables(void **state)
{
	(void)state;
	run(end_with_each_number, NULL);
}

/* Allocation number @fail_at fails; 0: none. */
static unsigned fail_at, allocations;

static bool fail_one(gfp_t gfp)
{
	(void)gfp;
	return ++allocations == fail_at;
}

static void one_case(void *arg, unsigned n)
{
	unsigned op = (unsigned)(uintptr_t)arg;
	struct world *w = calloc(1, sizeof(*w));

	(void)n;
	w->mm = space_begin();
	assert_true(map_at(w->mm, BASE, 2 * BLOCK, 0));
	for (u32 i = 0; i < PAGES; i++) {
		assert_true(poke(BASE + i * P, i + 1));
		w->expect[i] = i + 1;
	}
	assert_int_equal(huge(), 2);
	allocations = 0;
	mm_fail_alloc = fail_at ? fail_one : NULL;
	operations[op].fn(w);
	mm_fail_alloc = NULL;
	sim_check_tlbs();
	for (u32 i = 0; i < PAGES; i++)
		if (peek(BASE + i * P) != w->expect[i])
			sim_die("%s: page %u has %ld, not %ld", operations[op].name, i,
				peek(BASE + i * P), w->expect[i]);
	if (counting)
		oracle_check(&nothing_else);
	if (w->child)
		mm_put(w->child);
	space_end(w->mm);
	free(w);
}

/* The slab caches of the CPU, its spare page tables: what is there after a while, and stays. */
static void warm_up(void)
{
	for (uintptr_t op = ARRAY_SIZE(operations) - 5; op < ARRAY_SIZE(operations); op++)
		sim_run_tasks(1, one_case, (void *)op);
}

static void whatever_is_done_to_a_part_the_pages_keep_their_contents(void **state)
{
	(void)state;
	boot();
	warm_up();
	sim_run_tasks(1, begin_counting, NULL);
	for (uintptr_t op = 0; op < ARRAY_SIZE(operations); op++) {
		sim_run_tasks(1, one_case, (void *)op);
		sim_run_tasks(1, count, NULL);
	}
}

static void and_with_each_allocation_made_to_fail(void **state)
{
	(void)state;
	boot();
	warm_up();
	sim_run_tasks(1, begin_counting, NULL);
	for (uintptr_t op = 0; op < ARRAY_SIZE(operations); op++) {
		for (fail_at = 1;; fail_at++) {
			sim_run_tasks(1, one_case, (void *)op);
			sim_run_tasks(1, count, NULL);
			if (allocations < fail_at)
				break;
		}
	}
}

/* The fault itself: what it cannot get it does without. */
static void failing_fault(void *arg, unsigned n)
{
	struct mm *mm = space_begin();

	(void)arg, (void)n;
	assert_true(map_at(mm, BASE, BLOCK, 0));
	allocations = 0;
	mm_fail_alloc = fail_one;
	(void)poke(BASE, 5);
	mm_fail_alloc = NULL;
	assert_true(poke(BASE + P, 6));
	space_end(mm);
}

static void a_fault_that_gets_no_block_gets_a_page(void **state)
{
	(void)state;
	boot();
	mm_send_fault_signal = NULL; /* a user copy fails instead */
	sim_run_tasks(1, begin_counting, NULL);
	for (fail_at = 1;; fail_at++) {
		sim_run_tasks(1, failing_fault, NULL);
		sim_run_tasks(1, count, NULL);
		if (allocations < fail_at)
			break;
	}
	assert_true(fail_at > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_comes_with_a_first_write_where_all_of_it_fits),
		cmocka_unit_test(without_plenty_of_memory_it_is_a_page),
		cmocka_unit_test(the_end_of_a_process_frees_a_block_after_any_number_of_tables),
		cmocka_unit_test(whatever_is_done_to_a_part_the_pages_keep_their_contents),
		cmocka_unit_test(and_with_each_allocation_made_to_fail),
		cmocka_unit_test(a_fault_that_gets_no_block_gets_a_page),
	};

	return sim_run_tests(tests);
}
