/* Red-black trees: order and balance after every operation, against a plain bitmap of keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/rbtree.h"

#define KEYS 512

struct item {
	struct rb_node node;
	int key;
	int weight;      /* the key, and more after an erasure beside it */
	int subtree_sum; /* augmented: the weights at and below this node */
	bool in;
};

static struct item items[KEYS];
static struct rb_root_cached root;

static struct item *item_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct item, node) : NULL;
}

static int sum_of(struct rb_node *n)
{
	return n ? item_of(n)->subtree_sum : 0;
}

static bool update_sum(struct rb_node *n)
{
	int sum = item_of(n)->weight + sum_of(n->left) + sum_of(n->right);
	bool changed = sum != item_of(n)->subtree_sum;

	item_of(n)->subtree_sum = sum;
	return changed;
}

static const struct rb_augment augment = {update_sum};

/* The black height; fails on two red nodes in a row, wrong parents, order or sums. */
static int check(struct rb_node *n, struct rb_node *parent, int low, int high, bool sums)
{
	int left, right;
	bool black;

	if (!n)
		return 1;
	black = n->parent_color & 1;
	assert_ptr_equal(rb_parent(n), parent);
	assert_true(black || (parent && (parent->parent_color & 1)));
	assert_in_range(item_of(n)->key, low, high);
	left = check(n->left, n, low, item_of(n)->key, sums);
	right = check(n->right, n, item_of(n)->key, high, sums);
	assert_int_equal(left, right);
	if (sums)
		assert_int_equal(item_of(n)->subtree_sum,
				 item_of(n)->weight + sum_of(n->left) + sum_of(n->right));
	return left + black;
}

static void insert(struct item *item, bool augmented)
{
	struct rb_node **link = &root.root.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (item->key < item_of(parent)->key) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	item->weight = item->key;
	rb_link_node(&item->node, parent, link);
	if (augmented)
		rb_insert_augmented(&item->node, &root.root, &augment);
	else
		rb_insert_color_cached(&item->node, &root, leftmost);
	item->in = true;
}

static void erase(struct item *item, bool augmented)
{
	struct rb_node *next = rb_next(&item->node);

	if (!augmented) {
		rb_erase_cached(&item->node, &root);
	} else if (next && rand() % 2) { /* the next one gets what it had, as a gap does */
		item_of(next)->weight += item->weight;
		rb_erase_augmented(&item->node, &root.root, &augment, next);
	} else {
		rb_erase_augmented(&item->node, &root.root, &augment, NULL);
	}
	item->in = false;
}

static void check_iteration(void)
{
	struct rb_node *n = rb_first(&root.root);

	for (int i = 0; i < KEYS; i++) {
		if (!items[i].in)
			continue;
		assert_ptr_equal(n, &items[i].node);
		n = rb_next(n);
	}
	assert_null(n);
	n = rb_last(&root.root);
	for (int i = KEYS - 1; i >= 0; i--) {
		if (!items[i].in)
			continue;
		assert_ptr_equal(n, &items[i].node);
		n = rb_prev(n);
	}
	assert_null(n);
}

static void run_random(bool augmented, int keys, int rounds)
{
	root = RB_ROOT_CACHED;
	for (int i = 0; i < KEYS; i++)
		items[i] = (struct item){.key = i};
	for (int round = 0; round < rounds; round++) {
		struct item *item = &items[rand() % keys];

		if (item->in)
			erase(item, augmented);
		else
			insert(item, augmented);
		check(root.root.node, NULL, 0, KEYS, augmented);
		if (!augmented)
			assert_ptr_equal(rb_first_cached(&root), rb_first(&root.root));
		if (round % 64 == 0)
			check_iteration();
	}
}

static void test_random_operations_keep_order_and_balance(void **state)
{
	(void)state;
	srand(1);
	run_random(false, 8, 2000);
	run_random(false, KEYS, 20000);
}

static void test_augmented_values_are_exact_after_each_operation(void **state)
{
	(void)state;
	srand(2);
	run_random(true, 8, 2000);
	run_random(true, KEYS, 20000);
}

static void test_propagate_after_a_change_in_place(void **state)
{
	(void)state;
	root = RB_ROOT_CACHED;
	for (int i = 0; i < 100; i++) {
		items[i] = (struct item){.key = i};
		insert(&items[i], true);
	}
	assert_int_equal(sum_of(root.root.node), 4950);
	items[99].weight = 199;
	rb_augment_propagate(&items[99].node, &augment);
	assert_int_equal(sum_of(root.root.node), 5050);
}

static void test_replace_takes_over_links(void **state)
{
	struct item other = {.key = 50};

	(void)state;
	srand(3);
	run_random(false, KEYS, 3000);
	if (!items[50].in)
		insert(&items[50], false);
	rb_replace_node(&items[50].node, &other.node, &root.root);
	assert_ptr_equal(rb_next(rb_prev(&other.node)), &other.node);
	check(root.root.node, NULL, 0, KEYS, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations_keep_order_and_balance),
		cmocka_unit_test(test_augmented_values_are_exact_after_each_operation),
		cmocka_unit_test(test_propagate_after_a_change_in_place),
		cmocka_unit_test(test_replace_takes_over_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
