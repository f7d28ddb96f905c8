/*
 * The area algebra against a model: an array with one cell a page. Exhaustively on small spaces,
 * and at random on a larger one. After every operation the tree must say what the array says, be
 * merged as far as it can be, know its gaps, and find every gap that a scan of the array finds.
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

#include "mm/vma.h"

#define MAX_PAGES 256u
#define BASE 0x100000u /* the space begins here; the guard gap of a stack does not reach page 0 */

struct cell {
	bool mapped;
	u32 flags, pgoff;
	uintptr_t object;
};

struct space {
	unsigned pages;
	struct vma_tree tree;
	struct cell model[MAX_PAGES];
};

static uaddr_t addr_of(unsigned page)
{
	return BASE + (page << PAGE_SHIFT);
}

static unsigned page_of(uaddr_t addr)
{
	return (addr - BASE) >> PAGE_SHIFT;
}

static void space_reset(struct space *s, unsigned pages)
{
	struct vma *vma, *next;

	for (vma = vma_tree_first(&s->tree); vma; vma = next) {
		next = vma_next(vma);
		vma_tree_erase(&s->tree, vma);
		free(vma);
	}
	assert_int_equal(s->tree.count, 0);
	assert_null(s->tree.cached);
	s->pages = pages;
	memset(s->model, 0, sizeof(s->model));
}

/* ---- the operations, as mmap.c and munmap.c put them together ---- */

static void cut(struct space *s, uaddr_t addr)
{
	struct vma *vma = vma_tree_find(&s->tree, addr);

	if (vma && vma->start < addr)
		vma_split(&s->tree, vma, addr, malloc(sizeof(*vma)));
}

static void merge(struct space *s, struct vma *vma)
{
	struct vma *gone[2];

	vma_merge(&s->tree, vma, gone);
	free(gone[0]);
	free(gone[1]);
}

static void do_unmap(struct space *s, unsigned from, unsigned to)
{
	struct vma *vma, *next;

	cut(s, addr_of(from));
	cut(s, addr_of(to));
	for (vma = vma_tree_find(&s->tree, addr_of(from)); vma && vma->start < addr_of(to);
	     vma = next) {
		next = vma_next(vma);
		vma_tree_erase(&s->tree, vma);
		free(vma);
	}
	memset(&s->model[from], 0, (to - from) * sizeof(struct cell));
}

static void do_map(struct space *s, unsigned from, unsigned to, u32 flags, uintptr_t object,
		   u32 pgoff)
{
	struct vma *vma = calloc(1, sizeof(*vma));

	do_unmap(s, from, to);
	vma->start = addr_of(from);
	vma->end = addr_of(to);
	vma->flags = flags;
	vma->mapping = (struct mapping *)object;
	vma->pgoff = object ? pgoff : vma->start >> PAGE_SHIFT;
	for (unsigned i = from; i < to; i++)
		s->model[i] = (struct cell){true, flags, vma->pgoff + i - from, object};
	vma_tree_insert(&s->tree, vma);
	merge(s, vma);
}

static void do_protect(struct space *s, unsigned from, unsigned to, u32 access)
{
	struct vma *vma;

	cut(s, addr_of(from));
	cut(s, addr_of(to));
	for (unsigned page = from; page < to;) {
		vma = vma_tree_find(&s->tree, addr_of(page));
		if (!vma || vma->start >= addr_of(to))
			break;
		page = page_of(vma->end);
		vma->flags = (vma->flags & ~VM_ACCESS) | access;
		merge(s, vma);
	}
	/* The neighbours of the range may fit now although nothing in it changed last. */
	for (unsigned i = from; i < to; i++)
		if (s->model[i].mapped)
			s->model[i].flags = (s->model[i].flags & ~VM_ACCESS) | access;
}

/* ---- what must hold ---- */

static bool cells_join(const struct cell *low, const struct cell *high)
{
	return low->mapped && high->mapped && low->flags == high->flags &&
	       low->object == high->object && low->pgoff + 1 == high->pgoff;
}

static void check_augmentation(struct rb_node *node, uaddr_t *start, uaddr_t *end, u32 *gap)
{
	struct vma *vma = rb_entry(node, struct vma, node);
	uaddr_t s, e;
	u32 g;

	*start = vma_start_gap(vma);
	*end = vma->end;
	*gap = 0;
	if (node->left) {
		check_augmentation(node->left, &s, &e, &g);
		*gap = g;
		if (*start > e && *start - e > *gap)
			*gap = *start - e;
		*start = s;
	}
	if (node->right) {
		check_augmentation(node->right, &s, &e, &g);
		if (g > *gap)
			*gap = g;
		if (s > vma->end && s - vma->end > *gap)
			*gap = s - vma->end;
		*end = e;
	}
	assert_int_equal(vma->sub_start, *start);
	assert_int_equal(vma->sub_end, *end);
	assert_int_equal(vma->max_gap, *gap);
}

static void check_areas(struct space *s)
{
	unsigned page = 0, count = 0;
	struct vma *prev = NULL;

	for (struct vma *vma = vma_tree_first(&s->tree); vma; prev = vma, vma = vma_next(vma)) {
		count++;
		assert_true(vma->start < vma->end);
		assert_ptr_equal(vma_prev(vma), prev);
		for (; page < page_of(vma->start); page++)
			assert_false(s->model[page].mapped);
		for (; page < page_of(vma->end); page++) {
			const struct cell *c = &s->model[page];

			assert_true(c->mapped);
			assert_int_equal(c->flags, vma->flags);
			assert_int_equal(c->object, (uintptr_t)vma->mapping);
			assert_int_equal(c->pgoff, vma_index(vma, addr_of(page)));
		}
		if (prev && prev->end == vma->start)
			assert_false(cells_join(&s->model[page_of(vma->start) - 1],
						&s->model[page_of(vma->start)]));
	}
	for (; page < s->pages; page++)
		assert_false(s->model[page].mapped);
	assert_int_equal(count, s->tree.count);
}

static void check_find(struct space *s)
{
	for (unsigned page = 0; page < s->pages; page++) {
		struct vma *vma = vma_tree_find(&s->tree, addr_of(page) + 7);
		unsigned first = page;

		while (first < s->pages && !s->model[first].mapped)
			first++;
		if (first == s->pages) {
			assert_null(vma);
			continue;
		}
		assert_non_null(vma);
		assert_true(vma->start <= addr_of(first) && addr_of(first) < vma->end);
		assert_true(first == page || vma->start == addr_of(first));
	}
}

/* Is [page, page+n) free, guard gaps kept? */
static bool model_is_free(const struct space *s, unsigned page, unsigned n)
{
	for (unsigned i = page; i < page + n; i++)
		if (s->model[i].mapped)
			return false;
	for (unsigned i = page + n; i < s->pages; i++) {
		if (!s->model[i].mapped)
			continue;
		/* Only the next area's guard gap counts. */
		return !(s->model[i].flags & VM_GROWSDOWN) ||
		       addr_of(i) - addr_of(page + n) >= STACK_GUARD_GAP;
	}
	return true;
}

static void check_gap(struct space *s, unsigned low, unsigned high, unsigned n)
{
	uaddr_t up = 0, down = 0;

	for (unsigned page = low; page + n <= high; page++) {
		if (!model_is_free(s, page, n))
			continue;
		if (!up)
			up = addr_of(page);
		down = addr_of(page);
	}
	assert_int_equal(vma_gap_bottom_up(&s->tree, addr_of(low), addr_of(high), n << PAGE_SHIFT),
			 up);
	assert_int_equal(vma_gap_top_down(&s->tree, addr_of(low), addr_of(high), n << PAGE_SHIFT),
			 down);
}

static void check(struct space *s)
{
	uaddr_t start, end;
	u32 gap;

	check_areas(s);
	if (s->tree.root.node)
		check_augmentation(s->tree.root.node, &start, &end, &gap);
}

/* ---- exhaustive ---- */

/* Operation number @n on [from, to): two kinds of map, unmap, protect. */
static void apply(struct space *s, unsigned n, unsigned from, unsigned to)
{
	switch (n) {
	case 0: do_map(s, from, to, VM_READ | VM_WRITE, 0, 0); break;
	case 1: do_map(s, from, to, VM_READ, 0x1000, 100 + from); break;
	case 2: do_unmap(s, from, to); break;
	default: do_protect(s, from, to, VM_READ);
	}
}

struct interval {
	unsigned from, to;
};

static unsigned intervals(unsigned pages, struct interval *out)
{
	unsigned n = 0;

	for (unsigned from = 0; from < pages; from++)
		for (unsigned to = from + 1; to <= pages; to++)
			out[n++] = (struct interval){from, to};
	return n;
}

static void run_all_sequences(unsigned pages, unsigned depth)
{
	static struct space s;
	struct interval in[64];
	unsigned n = intervals(pages, in) * 4, total = 1;

	for (unsigned i = 0; i < depth; i++)
		total *= n;
	for (unsigned sequence = 0; sequence < total; sequence++) {
		space_reset(&s, pages);
		for (unsigned i = 0, rest = sequence; i < depth; i++, rest /= n)
			apply(&s, rest % 4, in[rest % n / 4].from, in[rest % n / 4].to);
		check(&s);
		if (sequence % 16 == 0) {
			check_find(&s);
			for (unsigned len = 1; len <= pages; len++)
				check_gap(&s, 0, pages, len);
		}
	}
	space_reset(&s, pages);
}

static void every_sequence_on_a_small_space_agrees_with_the_model(void **state)
{
	(void)state;
	run_all_sequences(8, 2);
	run_all_sequences(5, 3);
	run_all_sequences(3, 4);
}

/* ---- random ---- */

static u64 rng;

static u32 random_below(u32 n)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((rng >> 33) % n);
}

static void random_operation(struct space *s)
{
	unsigned from = random_below(s->pages), max = random_below(4) ? 8 : s->pages;
	unsigned to = MIN(s->pages, from + 1 + random_below(max));
	static const u32 access[] = {0, VM_READ, VM_READ | VM_WRITE, VM_READ | VM_EXEC};

	switch (random_below(8)) {
	case 0:
	case 1:
	case 2: do_map(s, from, to, access[random_below(4)], 0, 0); break;
	case 3:
		do_map(s, from, to, access[random_below(4)], 0x1000 * (1 + random_below(2)),
		       from + 16 * random_below(2));
		break;
	case 4:
		if (!random_below(4))
			do_map(s, from, MIN(to, from + 1), VM_READ | VM_WRITE | VM_GROWSDOWN, 0, 0);
		break;
	case 5: do_protect(s, from, to, access[random_below(4)]); break;
	default: do_unmap(s, from, to);
	}
}

static void random_operations_agree_with_the_model(void **state)
{
	static struct space s;
	const char *seed = getenv("SEED");

	(void)state;
	rng = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)rng);
	for (unsigned round = 0; round < 40; round++) {
		space_reset(&s, 64 + 64 * (round % 4));
		for (unsigned i = 0; i < 5000; i++) {
			random_operation(&s);
			if (i % 4)
				continue;
			check(&s);
			check_gap(&s, random_below(s.pages / 2),
				  s.pages - random_below(s.pages / 2), 1 + random_below(12));
			if (i % 64 == 0)
				check_find(&s);
		}
	}
	space_reset(&s, 64);
}

/* ---- rules, one by one ---- */

static struct vma area(unsigned from, unsigned to, u32 anon_id)
{
	return (struct vma){
		.start = addr_of(from),
		.end = addr_of(to),
		.flags = VM_READ | VM_WRITE,
		.pgoff = addr_of(from) >> PAGE_SHIFT,
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
	static struct space s;
	struct vma *vma;

	(void)state;
	space_reset(&s, 8);
	do_map(&s, 0, 8, VM_READ, 0x1000, 40);
	do_unmap(&s, 3, 5);
	vma = vma_tree_find(&s.tree, addr_of(5));
	assert_int_equal(vma->pgoff, 45);
	check(&s);
	space_reset(&s, 8);
}

static void no_gap_is_found_in_a_stack_guard(void **state)
{
	static struct space s;
	unsigned guard = STACK_GUARD_GAP >> PAGE_SHIFT;

	(void)state;
	space_reset(&s, MAX_PAGES);
	do_map(&s, 255, 256, VM_READ | VM_WRITE | VM_GROWSDOWN, 0, 0);
	assert_true(guard >= 255);
	assert_int_equal(vma_gap_top_down(&s.tree, addr_of(0), addr_of(256), PAGE_SIZE), 0);
	assert_int_equal(vma_gap_bottom_up(&s.tree, addr_of(0), addr_of(256), PAGE_SIZE), 0);
	space_reset(&s, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sequence_on_a_small_space_agrees_with_the_model),
		cmocka_unit_test(random_operations_agree_with_the_model),
		cmocka_unit_test(areas_with_private_pages_merge_as_on_linux),
		cmocka_unit_test(different_properties_keep_areas_apart),
		cmocka_unit_test(a_split_keeps_the_offset_of_the_upper_part),
		cmocka_unit_test(no_gap_is_found_in_a_stack_guard),
	};

	return cmocka_run_group_tests_name("vma", tests, NULL, NULL);
}
