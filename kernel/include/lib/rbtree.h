/*
 * Intrusive red-black trees. The caller walks down and compares, links the node with rb_link_node()
 * and then calls an insert function, so that no comparison goes through a pointer. O(log n) each.
 * No locks of their own.
 *
 * Augmented trees: each node keeps a value that is a function of itself and its two children (the
 * largest gap below it, the highest end). The tree calls @update where children changed. One tree
 * uses either the plain or the augmented functions, always the same.
 *
 * rb_root_cached also keeps the leftmost node: rb_first_cached() is O(1).
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "types.h"

struct rb_node {
	unsigned long parent_color; /* the parent's address; bit 0 set: black */
	struct rb_node *left, *right;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *node;
};
struct rb_root_cached {
	struct rb_root root;
	struct rb_node *leftmost;
};

#define RB_ROOT ((struct rb_root){NULL})
#define RB_ROOT_CACHED ((struct rb_root_cached){{NULL}, NULL})

#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) \
	({ \
		struct rb_node *ptr_ = (ptr); \
		ptr_ ? rb_entry(ptr_, type, member) : NULL; \
	})

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~1UL);
}

static inline bool rb_empty_root(const struct rb_root *root)
{
	return !READ_ONCE(root->node);
}

/* Mark a node as being in no tree, and ask. rb_erase() does not mark. */
static inline void rb_clear_node(struct rb_node *node)
{
	node->parent_color = (unsigned long)node;
}

static inline bool rb_empty_node(const struct rb_node *node)
{
	return node->parent_color == (unsigned long)node;
}

/* Hang @node into *@link, the empty place below @parent that the caller's walk found. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (unsigned long)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
}

/* After rb_link_node(): restore the balance. */
void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
/* Put @node in the place of @old, which has the same key. */
void rb_replace_node(struct rb_node *old, struct rb_node *node, struct rb_root *root);

/* In order; NULL at the end. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/*
 * Whoever keeps an augmented tree may take out a leaf that is red, and needs no balancing then, on
 * his own: ask, unlink, recompute from its parent upward.
 */
static inline bool rb_is_red_leaf(const struct rb_node *node)
{
	return !node->left && !node->right && !(node->parent_color & 1UL);
}
static inline void rb_unlink_leaf(const struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	*(parent->left == node ? &parent->left : &parent->right) = NULL;
}
/* After rb_link_node(): is the balance what it must be already? */
static inline bool rb_is_balanced(const struct rb_node *node)
{
	const struct rb_node *parent = rb_parent(node);

	return parent && (parent->parent_color & 1UL);
}

struct rb_augment {
	/* Recompute @node's value from itself and its children; true if it changed. */
	bool (*update)(struct rb_node *node);
};

/* After rb_link_node(), with the node's own value any: everything up to the root is recomputed. */
void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment *augment);
/* The same for who has recomputed it already. */
void rb_balance_augmented(struct rb_node *node, struct rb_root *root,
			  const struct rb_augment *augment);
/* @next: its successor, if what that one contributes itself has changed too; else NULL. */
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment *augment, struct rb_node *next);
/* After a change of @node's own contribution: recompute upward until nothing changes. */
void rb_augment_propagate(struct rb_node *node, const struct rb_augment *augment);

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	return root->leftmost;
}

/* @leftmost: the caller's walk went left at every node. */
static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->leftmost = node;
	rb_insert_color(node, &root->root);
}

/* A tree of one node needs no balancing: the shortcuts for trees that mostly have none or one. */
static inline void rb_insert_only(struct rb_node *node, struct rb_root_cached *root)
{
	node->parent_color = 1;
	node->left = NULL;
	node->right = NULL;
	root->root.node = node;
	root->leftmost = node;
}

static inline bool rb_is_only(const struct rb_node *node, const struct rb_root_cached *root)
{
	return root->root.node == node && !node->left && !node->right;
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	rb_erase(node, &root->root);
}

/* All entries in order; the body may not remove @pos. */
#define rb_for_each_entry(pos, root, member) \
	for (pos = rb_entry_safe(rb_first(root), typeof(*(pos)), member); pos; \
	     pos = rb_entry_safe(rb_next(&(pos)->member), typeof(*(pos)), member))

#endif
