/*
 * The sparse array against a plain array of the same indices; every allocation made to fail in
 * turn.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/bitmap.h"
#include "lib/xarray.h"
#include <linux/errno.h>

static int live_nodes, fail_after = -1;

static struct xa_node *node_alloc(void)
{
	struct xa_node *node;

	if (fail_after == 0)
		return NULL;
	if (fail_after > 0)
		fail_after--;
	node = malloc(sizeof(*node));
	assert_non_null(node);
	memset(node, 0xa5, sizeof(*node));
	live_nodes++;
	return node;
}

static void node_free(struct xa_node *node)
{
	live_nodes--;
	free(node);
}

static const struct xa_ops ops = {.alloc = node_alloc, .free = node_free};
static const struct xa_ops keeping_ops = {
	.alloc = node_alloc, .free = node_free, .keeps_leaf = true};

#define MODEL 600
static const unsigned long scales[] = {1, 7, 64, 4097, 1ul << 20};

struct model {
	struct xarray xa;
	unsigned long scale;
	void *entries[MODEL];
	bool marks[MODEL][XA_MARKS];
};

static unsigned long index_of(const struct model *m, int i)
{
	return (unsigned long)i * m->scale;
}

static const struct xa_node *kept_leaf; /* may be empty */

/* Bits of a node that the invariants demand, found again from its slots. */
static void check_node(const struct xa_node *node, bool *full, bool marks[XA_MARKS])
{
	int count = 0;

	*full = true;
	memset(marks, 0, XA_MARKS * sizeof(bool));
	for (unsigned i = 0; i < XA_SLOTS; i++) {
		bool slot_full = node->slots[i] && !node->shift, slot_marks[XA_MARKS] = {false};

		count += node->slots[i] != NULL;
		if (node->slots[i] && node->shift) {
			const struct xa_node *child = node->slots[i];

			assert_ptr_equal(child->parent, node);
			assert_int_equal(child->offset, i);
			assert_int_equal(child->shift + XA_SHIFT, node->shift);
			check_node(child, &slot_full, slot_marks);
		}
		assert_int_equal(test_bit(i, node->full), slot_full);
		*full &= slot_full;
		for (int mark = 0; mark < XA_MARKS; mark++) {
			if (node->shift || !node->slots[i])
				assert_int_equal(test_bit(i, node->marks[mark]), slot_marks[mark]);
			marks[mark] |= test_bit(i, node->marks[mark]);
		}
	}
	assert_int_equal(node->count, count);
	assert_true(count > 0 || node == kept_leaf);
}

static void check_tree(const struct xarray *xa)
{
	bool full, marks[XA_MARKS];

	kept_leaf = xa->kept;
	if (((unsigned long)xa->head & 3) == 2)
		check_node((struct xa_node *)((unsigned long)xa->head - 2), &full, marks);
}

static void check_finds(struct model *m)
{
	int from = rand() % MODEL, to = rand() % MODEL;

	for (int mark = -1; mark < XA_MARKS; mark++) {
		unsigned long index = index_of(m, from), max = index_of(m, to);
		void *got, *want = NULL;
		int i;

		for (i = from; i <= to && !want; i++)
			if (m->entries[i] && (mark < 0 || m->marks[i][mark]))
				want = m->entries[i];
		got = mark < 0 ? xa_find(&m->xa, &index, max)
			       : xa_find_marked(&m->xa, &index, max, (enum xa_mark)mark);
		assert_ptr_equal(got, want);
		assert_int_equal(index, want ? index_of(m, i - 1) : index_of(m, from));
	}
}

/* A range is what its indices are one by one, over the borders of nodes and beyond the last. */
static void check_range(struct model *m, unsigned long first)
{
	void *entries[2 * XA_SLOTS + 1];
	unsigned n = (unsigned)rand() % (ARRAY_SIZE(entries) + 1);

	xa_load_range(&m->xa, first, n, entries);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(entries[i], xa_load(&m->xa, first + i));
}

static void check_model(struct model *m)
{
	unsigned long index;
	void *entry;
	int i = 0;

	check_tree(&m->xa);
	xa_for_each(&m->xa, index, entry)
	{
		while (!m->entries[i])
			i++;
		assert_int_equal(index, index_of(m, i));
		assert_ptr_equal(entry, m->entries[i]);
		i++;
	}
	while (i < MODEL)
		assert_null(m->entries[i++]);
	for (int mark = 0; mark < XA_MARKS; mark++) {
		bool any = false;

		for (i = 0; i < MODEL; i++) {
			assert_int_equal(xa_get_mark(&m->xa, index_of(m, i), (enum xa_mark)mark),
					 m->marks[i][mark]);
			any |= m->marks[i][mark];
		}
		assert_int_equal(xa_marked(&m->xa, (enum xa_mark)mark), any);
	}
}

static void step(struct model *m)
{
	int i = rand() % MODEL, mark = rand() % XA_MARKS;
	unsigned long index = index_of(m, i);
	void *entry = rand() % 8 ? &m->entries[rand() % MODEL] : xa_value((unsigned long)rand());

	switch (rand() % 8) {
	case 0:
	case 1:
		assert_int_equal(xa_store(&m->xa, index, entry), 0);
		m->entries[i] = entry;
		break;
	case 2:
		assert_int_equal(xa_insert(&m->xa, index, entry), m->entries[i] ? -EEXIST : 0);
		if (!m->entries[i])
			m->entries[i] = entry;
		break;
	case 3:
	case 4:
		assert_ptr_equal(xa_erase(&m->xa, index), m->entries[i]);
		m->entries[i] = NULL;
		memset(m->marks[i], 0, sizeof(m->marks[i]));
		break;
	case 5:
		xa_set_mark(&m->xa, index, (enum xa_mark)mark);
		m->marks[i][mark] = m->entries[i];
		break;
	case 6:
		xa_clear_mark(&m->xa, index, (enum xa_mark)mark);
		m->marks[i][mark] = false;
		break;
	default:
		assert_ptr_equal(xa_load(&m->xa, index), m->entries[i]);
		check_range(m, index);
		check_finds(m);
	}
}

static void match_a_plain_array(const struct xa_ops *with)
{
	srand(1);
	for (unsigned s = 0; s < ARRAY_SIZE(scales); s++) {
		static struct model m;

		memset(&m, 0, sizeof(m));
		m.scale = scales[s];
		xa_init(&m.xa, with);
		for (int round = 0; round < 20000; round++) {
			step(&m);
			if (round % 100 == 0)
				check_model(&m);
		}
		for (int i = 0; i < MODEL; i++)
			assert_ptr_equal(xa_erase(&m.xa, index_of(&m, i)), m.entries[i]);
		assert_true(with->keeps_leaf || xa_empty(&m.xa));
		xa_destroy(&m.xa);
		assert_int_equal(live_nodes, 0);
	}
}

static void test_random_operations_match_a_plain_array(void **state)
{
	(void)state;
	match_a_plain_array(&ops);
	match_a_plain_array(&keeping_ops);
}

static void test_ids_in_a_circle_keep_their_leaf(void **state)
{
	struct xarray xa = XARRAY_INIT(&keeping_ops);
	u32 id, next = 2;
	int entry;

	(void)state;
	assert_int_equal(xa_store(&xa, 1, &entry), 0);
	for (int i = 0; i < 3000; i++) {
		int before = live_nodes;

		assert_int_equal(xa_alloc_cyclic(&xa, &id, &entry, 2, 1000, &next), 0);
		assert_true(live_nodes == before || id % XA_SLOTS == 0 || id == 2);
		assert_ptr_equal(xa_erase(&xa, id), &entry);
		assert_null(xa_load(&xa, id));
		assert_in_range(live_nodes, 0, 3);
	}
	assert_ptr_equal(xa_erase(&xa, 1), &entry);
	xa_destroy(&xa);
	assert_int_equal(live_nodes, 0);
}

static void test_destroy_frees_all_nodes(void **state)
{
	struct xarray xa = XARRAY_INIT(&ops);
	int dummy[4];

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(xa_store(&xa, (unsigned long)rand() * 977, &dummy[i % 4]), 0);
	xa_destroy(&xa);
	assert_true(xa_empty(&xa));
	assert_int_equal(live_nodes, 0);
}

static void test_extreme_indices(void **state)
{
	struct xarray xa = XARRAY_INIT(&ops);
	unsigned long index = 0;
	int a, b;

	(void)state;
	assert_int_equal(xa_store(&xa, ~0UL, &a), 0);
	assert_ptr_equal(xa_find(&xa, &index, ~0UL), &a);
	assert_int_equal(index, ~0UL);
	assert_null(xa_find_after(&xa, &index, ~0UL));
	assert_int_equal(xa_store(&xa, 0, &b), 0);
	xa_set_mark(&xa, ~0UL, XA_MARK_0);
	index = 1;
	assert_ptr_equal(xa_find_marked(&xa, &index, ~0UL, XA_MARK_0), &a);
	assert_ptr_equal(xa_erase(&xa, ~0UL), &a);
	assert_ptr_equal(xa_load(&xa, 0), &b);
	assert_ptr_equal(xa_erase(&xa, 0), &b);
	assert_int_equal(live_nodes, 0);
}

/* However the allocations fail, a store happens or changes nothing. */
static void test_each_allocation_fails_in_turn(void **state)
{
	static const unsigned long before[] = {0, 5, 70, 5000, 1ul << 30};
	static const unsigned long stored[] = {1, 64, 4096, 5001, 1ul << 24, ~0UL};
	int a, b;

	(void)state;
	for (unsigned p = 0; p <= ARRAY_SIZE(before); p++) {
		for (unsigned i = 0; i < ARRAY_SIZE(stored); i++) {
			for (int allowed = 0;; allowed++) {
				struct xarray xa = XARRAY_INIT(&ops);
				int error, nodes;

				fail_after = -1;
				for (unsigned k = 0; k < p; k++)
					assert_int_equal(xa_store(&xa, before[k], &a), 0);
				if (p)
					xa_set_mark(&xa, 0, XA_MARK_1);
				nodes = live_nodes;
				fail_after = allowed;
				error = xa_store(&xa, stored[i], &b);
				assert_true(error == 0 || error == -ENOMEM);
				assert_ptr_equal(xa_load(&xa, stored[i]), error ? NULL : &b);
				if (error)
					assert_int_equal(live_nodes, nodes);
				for (unsigned k = 0; k < p; k++)
					assert_ptr_equal(xa_load(&xa, before[k]), &a);
				assert_int_equal(xa_marked(&xa, XA_MARK_1), p > 0);
				check_tree(&xa);
				fail_after = -1;
				xa_destroy(&xa);
				assert_int_equal(live_nodes, 0);
				if (!error)
					break;
			}
		}
	}
}

static void test_alloc_gives_the_lowest_free_id(void **state)
{
	struct xarray xa = XARRAY_INIT(&ops);
	bool used[300] = {false};
	int dummy;

	(void)state;
	srand(4);
	for (int round = 0; round < 20000; round++) {
		u32 id, min = (u32)rand() % 300, max = min + (u32)rand() % (300 - min);

		if (rand() % 3) {
			u32 want = min;
			int error;

			while (want <= max && used[want])
				want++;
			error = xa_alloc(&xa, &id, &dummy, min, max);
			assert_int_equal(error, want <= max ? 0 : -ENOSPC);
			if (!error) {
				assert_int_equal(id, want);
				used[id] = true;
			}
		} else {
			assert_int_equal(xa_erase(&xa, min) != NULL, used[min]);
			used[min] = false;
		}
		if (round % 100 == 0)
			check_tree(&xa);
	}
	xa_destroy(&xa);
}

static void test_cyclic_alloc_wraps_round(void **state)
{
	struct xarray xa = XARRAY_INIT(&ops);
	u32 next = 0, id;
	int dummy;

	(void)state;
	for (u32 i = 10; i <= 20; i++) {
		assert_int_equal(xa_alloc_cyclic(&xa, &id, &dummy, 10, 20, &next), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(xa_alloc_cyclic(&xa, &id, &dummy, 10, 20, &next), -ENOSPC);
	xa_erase(&xa, 15);
	xa_erase(&xa, 12);
	next = 14;
	assert_int_equal(xa_alloc_cyclic(&xa, &id, &dummy, 10, 20, &next), 0);
	assert_int_equal(id, 15);
	assert_int_equal(xa_alloc_cyclic(&xa, &id, &dummy, 10, 20, &next), 0);
	assert_int_equal(id, 12);
	xa_destroy(&xa);
	assert_int_equal(xa_alloc(&xa, &id, &dummy, 0xffffffff, 0xffffffff), 0);
	assert_int_equal(id, 0xffffffff);
	xa_destroy(&xa);
	assert_int_equal(live_nodes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations_match_a_plain_array),
		cmocka_unit_test(test_ids_in_a_circle_keep_their_leaf),
		cmocka_unit_test(test_destroy_frees_all_nodes),
		cmocka_unit_test(test_extreme_indices),
		cmocka_unit_test(test_each_allocation_fails_in_turn),
		cmocka_unit_test(test_alloc_gives_the_lowest_free_id),
		cmocka_unit_test(test_cyclic_alloc_wraps_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
