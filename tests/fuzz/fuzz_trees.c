/*
 * The sparse array, with failing allocations, and the red-black tree: operations against an array.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/rbtree.h"
#include "lib/xarray.h"
#include <linux/errno.h>

#define KEYS 96u

/* ---- the sparse array: indices far apart and near ---- */

static unsigned nodes, fail_in;

static struct xa_node *node_alloc(void)
{
	if (fail_in && !--fail_in)
		return NULL;
	nodes++;
	return malloc(sizeof(struct xa_node));
}

static void node_free(struct xa_node *node)
{
	nodes--;
	free(node);
}

static const struct xa_ops ops = {.alloc = node_alloc, .free = node_free};

static unsigned long index_of(unsigned key)
{
	return key < 64 ? key : key < 80 ? (key - 63) * 4096ul : ~0ul - (key - 80) * 70ul;
}

struct model {
	void *entry[KEYS];
	bool mark[KEYS];
};

static void array_step(struct xarray *xa, struct model *m, struct fuzz_bytes *b)
{
	unsigned what = fuzz_below(b, 6), key = fuzz_below(b, KEYS);
	unsigned long index = index_of(key), found = index;
	void *entry = xa_value(1 + key);
	int err;

	fail_in = what < 2 ? fuzz_below(b, 5) : 0;
	switch (what) {
	case 0:
		err = xa_store(xa, index, entry);
		FUZZ_MUST(!err || (err == -ENOMEM && !m->entry[key]));
		m->entry[key] = err ? NULL : entry;
		break;
	case 1:
		err = xa_insert(xa, index, entry);
		FUZZ_MUST((err == -EEXIST) == (m->entry[key] != NULL));
		m->entry[key] = err == -ENOMEM ? NULL : entry;
		break;
	case 2:
		FUZZ_MUST(xa_erase(xa, index) == m->entry[key]);
		m->entry[key] = NULL;
		m->mark[key] = false;
		break;
	case 3:
		xa_set_mark(xa, index, XA_MARK_0);
		m->mark[key] = m->entry[key];
		break;
	case 4:
		xa_clear_mark(xa, index, XA_MARK_0);
		m->mark[key] = false;
		break;
	default:
		entry = xa_find(xa, &found, ~0ul);
		FUZZ_MUST(!m->entry[key] || (entry == m->entry[key] && found == index));
	}
	fail_in = 0;
}

static void array_check(struct xarray *xa, const struct model *m)
{
	unsigned count = 0, marked = 0, want = 0, want_marked = 0;
	unsigned long index;
	void *entry;

	for (unsigned key = 0; key < KEYS; key++) {
		FUZZ_MUST(xa_load(xa, index_of(key)) == m->entry[key]);
		FUZZ_MUST(xa_get_mark(xa, index_of(key), XA_MARK_0) == m->mark[key]);
		want += m->entry[key] != NULL;
		want_marked += m->mark[key];
	}
	xa_for_each(xa, index, entry)
	{
		FUZZ_MUST(index == index_of((unsigned)xa_to_value(entry) - 1));
		if (++count > KEYS || index == ~0ul)
			break;
	}
	FUZZ_MUST(count == want);
	xa_for_each_marked(xa, index, entry, XA_MARK_0) if (++marked > KEYS || index == ~0ul) break;
	FUZZ_MUST(marked == want_marked);
	FUZZ_MUST(xa_marked(xa, XA_MARK_0) == (want_marked != 0));
}

static void fuzz_array(struct fuzz_bytes *b)
{
	struct xarray xa;
	struct model m = {0};

	xa_init(&xa, &ops);
	while (b->left) {
		array_step(&xa, &m, b);
		array_check(&xa, &m);
	}
	xa_destroy(&xa);
	FUZZ_MUST(!nodes);
}

/* ---- the tree ---- */

static struct rb_node tree_node[KEYS];

static unsigned key_of(const struct rb_node *node)
{
	return (unsigned)(node - tree_node);
}

/* The black height, the same on every way down; no red node has a red child. */
static unsigned black_height(const struct rb_node *node, const struct rb_node *parent)
{
	unsigned left, right;
	bool black;

	if (!node)
		return 1;
	black = node->parent_color & 1;
	FUZZ_MUST(rb_parent(node) == parent);
	FUZZ_MUST(black || (parent && (parent->parent_color & 1)));
	left = black_height(node->left, node);
	right = black_height(node->right, node);
	FUZZ_MUST(left == right);
	return left + black;
}

static void tree_insert(struct rb_root *root, unsigned key)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = key < key_of(parent) ? &parent->left : &parent->right;
	}
	rb_link_node(&tree_node[key], parent, link);
	rb_insert_color(&tree_node[key], root);
}

static void fuzz_tree(struct fuzz_bytes *b)
{
	struct rb_root root = RB_ROOT;
	bool in[KEYS] = {false};

	while (b->left) {
		unsigned key = fuzz_below(b, KEYS), next = 0;
		struct rb_node *node;

		if (in[key])
			rb_erase(&tree_node[key], &root);
		else
			tree_insert(&root, key);
		in[key] = !in[key];
		black_height(root.node, NULL);
		for (node = rb_first(&root); node; node = rb_next(node), next++) {
			while (!in[next])
				next++;
			FUZZ_MUST(key_of(node) == next);
		}
		for (; next < KEYS; next++)
			FUZZ_MUST(!in[next]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = {data, MIN(size, (size_t)400)};

	if (fuzz_byte(&b) & 1)
		fuzz_tree(&b);
	else
		fuzz_array(&b);
	return 0;
}
