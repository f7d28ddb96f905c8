/*
 * The area algebra: at random on a space of up to 256 pages against the model of vma_model.h, and
 * its rules one by one. test_vma_all.c tries everything on a small space.
 *
 * SEED=n repeats a random run; the seed is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "vma_model.h"

#define holds(wrong) \
	do { \
		const char *what_ = (wrong); \
		if (what_) \
			fail_msg("%s", what_); \
	} while (0)

/* ---- random ---- */

static u64 rng;

static u32 random_below(u32 n)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((rng >> 33) % n);
}

static void random_operation(struct vma_space *s)
{
	unsigned from = random_below(s->pages), max = random_below(4) ? 8 : s->pages;
	unsigned to = MIN(s->pages, from + 1 + random_below(max));
	static const u32 access[] = {0, VM_READ, VM_READ | VM_WRITE, VM_READ | VM_EXEC};

	switch (random_below(10)) {
	case 0:
	case 1:
	case 2: vma_do_map(s, from, to, access[random_below(4)], 0, 0); break;
	case 3:
		vma_do_map(s, from, to, access[random_below(4)], (u8)(1 + random_below(2)),
			   from + 16 * random_below(2));
		break;
	case 4:
		if (!random_below(4))
			vma_do_map(s, from, MIN(to, from + 1), VM_READ | VM_WRITE | VM_GROWSDOWN, 0,
				   0);
		break;
	case 5: vma_do_flags(s, from, to, VM_ACCESS, access[random_below(4)]); break;
	case 6: vma_do_flags(s, from, to, VM_LOCKED, random_below(2) ? VM_LOCKED : 0); break;
	case 7: vma_do_touch(s, from); break;
	case 8:
		if (!random_below(16))
			vma_do_fork(s);
		break;
	default: vma_do_unmap(s, from, to);
	}
}

static void random_operations_agree_with_the_model(void **state)
{
	static struct vma_space s;
	const char *seed = getenv("SEED");

	(void)state;
	rng = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)rng);
	for (unsigned round = 0; round < 40; round++) {
		vma_space_reset(&s, 64 + 64 * (round % 4));
		for (unsigned i = 0; i < 5000; i++) {
			random_operation(&s);
			if (i % 4)
				continue;
			holds(vma_check(&s));
			holds(vma_check_gap(&s, random_below(s.pages / 2),
					    s.pages - random_below(s.pages / 2),
					    1 + random_below(12)));
			if (i % 64 == 0)
				holds(vma_check_find(&s));
		}
	}
}

/* ---- rules, one by one ---- */

static struct vma area(unsigned from, unsigned to, u32 anon_id)
{
	return (struct vma){
		.start = vma_addr_of(from),
		.end = vma_addr_of(to),
		.flags = VM_READ | VM_WRITE,
		.pgoff = vma_addr_of(from) >> PAGE_SHIFT,
		.anon_id = anon_id,
	};
}

static void areas_with_private_pages_merge_as_on_linux(void **state)
{
	static const struct {
		u32 low, add;
		bool merges;
		const char *rule;
	} cases[] = {
		{0, 0, true, "neither was touched"},
		{5, 0, true, "an untouched area continues a touched one"},
		{0, 5, false, "a touched area does not join an untouched one"},
		{5, 5, true, "both came from one"},
		{5, 6, false, "each was touched on its own"},
		{5 | ANON_ID_FORKED, 0, false, "an area that came by fork takes nothing new"},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vma low = area(0, 2, cases[i].low), add = area(2, 3, cases[i].add),
			   below = area(0, 1, cases[i].add);
		struct vma high = area(1, 3, cases[i].low);

		if (vma_can_append(&low, &add) != cases[i].merges ||
		    vma_can_prepend(&high, &below) != cases[i].merges)
			fail_msg("%s", cases[i].rule);
	}
}

/* Low, in the middle, high: which of the outer two is one with the middle one afterwards? */
static void areas_between_two_merge_as_on_linux(void **state)
{
	static const struct {
		u32 low, high;
		bool changed_low, changed_high, new_low, new_high;
		const char *rule;
	} cases[] = {
		{0, 0, true, true, true, true, "none was touched"},
		{5, 5, true, true, true, true, "both came from one"},
		{5, 0, true, true, true, true, "the lower was touched"},
		{0, 5, true, true, false, true, "the upper was touched"},
		{5, 6, true, false, false, true, "each was touched on its own"},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vma_tree tree = {0};
		struct vma low = area(0, 1, cases[i].low), middle = area(1, 2, 0),
			   high = area(2, 3, cases[i].high);
		struct vma_pair changed, new;

		vma_tree_insert(&tree, &low);
		vma_tree_insert(&tree, &middle);
		vma_tree_insert(&tree, &high);
		changed = vma_neighbours(&middle);
		new = vma_neighbours_of_new(&middle);
		if (changed.prev != (cases[i].changed_low ? &low : NULL) ||
		    changed.next != (cases[i].changed_high ? &high : NULL) ||
		    new.prev != (cases[i].new_low ? &low : NULL) ||
		    new.next != (cases[i].new_high ? &high : NULL))
			fail_msg("%s", cases[i].rule);
	}
}

static void different_properties_keep_areas_apart(void **state)
{
	struct vma low = area(0, 2, 0), high = area(2, 4, 0);

	(void)state;
	assert_true(vma_can_append(&low, &high));
	high.flags |= VM_EXEC;
	assert_false(vma_can_append(&low, &high));
	high = area(2, 4, 0);
	high.pgoff++;
	assert_false(vma_can_append(&low, &high));
	high = area(2, 4, 0);
	high.file = (struct file *)0x10;
	assert_false(vma_can_append(&low, &high));
	low = area(0, 2, 0), high = area(2, 4, 0);
	low.flags |= VM_PFNMAP, high.flags |= VM_PFNMAP;
	assert_false(vma_can_append(&low, &high));
	low = area(0, 2, 0), high = area(3, 4, 0);
	assert_false(vma_can_append(&low, &high));
	low.no_merge = high.no_merge = true;
	high = area(2, 4, 0);
	assert_false(vma_can_append(&low, &high));
}

static void a_split_keeps_the_offset_of_the_upper_part(void **state)
{
	static struct vma_space s;
	struct vma *vma;

	(void)state;
	vma_space_reset(&s, 8);
	vma_do_map(&s, 0, 8, VM_READ, 1, 40);
	vma_do_unmap(&s, 3, 5);
	vma = vma_tree_find(&s.tree, vma_addr_of(5));
	assert_int_equal(vma->pgoff, 45);
	holds(vma_check(&s));
}

static void no_gap_is_found_in_a_stack_guard(void **state)
{
	static struct vma_space s;
	unsigned guard = STACK_GUARD_GAP >> PAGE_SHIFT;

	(void)state;
	vma_space_reset(&s, VMA_MODEL_PAGES);
	vma_do_map(&s, 255, 256, VM_READ | VM_WRITE | VM_GROWSDOWN, 0, 0);
	assert_true(guard >= 255);
	assert_int_equal(vma_gap_top_down(&s.tree, vma_addr_of(0), vma_addr_of(256), PAGE_SIZE), 0);
	assert_int_equal(vma_gap_bottom_up(&s.tree, vma_addr_of(0), vma_addr_of(256), PAGE_SIZE),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_the_model),
		cmocka_unit_test(areas_with_private_pages_merge_as_on_linux),
		cmocka_unit_test(areas_between_two_merge_as_on_linux),
		cmocka_unit_test(different_properties_keep_areas_apart),
		cmocka_unit_test(a_split_keeps_the_offset_of_the_upper_part),
		cmocka_unit_test(no_gap_is_found_in_a_stack_guard),
	};

	return cmocka_run_group_tests_name("vma", tests, NULL, NULL);
}
