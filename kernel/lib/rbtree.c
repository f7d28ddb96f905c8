/*
 * Red-black trees. Invariants: a red node has no red child; every path from a node down to a
 * missing child passes the same number of black nodes. A missing child counts as black.
 *
 * Each operation exists once, inlined with and without augmentation. Rotations recompute
 * the two nodes that they turn; what stands above them keeps its value, because the set
 * below it is the same.
 */
#include "lib/rbtree.h"

#define RB_BLACK 1UL

static inline bool is_black(const struct rb_node *node)
{
	return !node || (node->parent_color & RB_BLACK);
}

static inline bool is_red(const struct rb_node *node)
{
	return !is_black(node);
}

static inline void set_black(struct rb_node *node)
{
	node->parent_color |= RB_BLACK;
}

static inline void set_red(struct rb_node *node)
{
	node->parent_color &= ~RB_BLACK;
}

static inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->parent_color = (unsigned long)parent | (node->parent_color & RB_BLACK);
}

static inline void set_color_of(struct rb_node *node, const struct rb_node *model)
{
	node->parent_color = (node->parent_color & ~RB_BLACK) | (model->parent_color & RB_BLACK);
}

/* Let @parent (NULL: the root) point to @node where it pointed to @old. */
static inline void replace_child(struct rb_node *old, struct rb_node *node, struct rb_node *parent,
				 struct rb_root *root)
{
	if (!parent)
		root->node = node;
	else if (parent->left == old)
		parent->left = node;
	else
		parent->right = node;
}

static __always_inline void rotate_left(struct rb_node *node, struct rb_root *root,
					const struct rb_augment *augment)
{
	struct rb_node *up = node->right, *parent = rb_parent(node);

	node->right = up->left;
	if (up->left)
		set_parent(up->left, node);
	up->left = node;
	replace_child(node, up, parent, root);
	set_parent(up, parent);
	set_parent(node, up);
	if (augment) {
		augment->update(node);
		augment->update(up);
	}
}

static __always_inline void rotate_right(struct rb_node *node, struct rb_root *root,
					 const struct rb_augment *augment)
{
	struct rb_node *up = node->left, *parent = rb_parent(node);

	node->left = up->right;
	if (up->right)
		set_parent(up->right, node);
	up->right = node;
	replace_child(node, up, parent, root);
	set_parent(up, parent);
	set_parent(node, up);
	if (augment) {
		augment->update(node);
		augment->update(up);
	}
}

/* @node is red; only its parent may be red too. */
static __always_inline void insert_fix(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment *augment)
{
	struct rb_node *parent, *grand, *uncle;

	while ((parent = rb_parent(node)) && is_red(parent)) {
		grand = rb_parent(parent); /* exists: the root is black */
		uncle = grand->left == parent ? grand->right : grand->left;
		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (grand->left == parent) {
			if (parent->right == node) {
				rotate_left(parent, root, augment);
				parent = node;
			}
			rotate_right(grand, root, augment);
		} else {
			if (parent->left == node) {
				rotate_right(parent, root, augment);
				parent = node;
			}
			rotate_left(grand, root, augment);
		}
		set_black(parent);
		set_red(grand);
		break;
	}
	set_black(root->node);
}

/*
 * The side of @parent with @node (NULL or black, and not the whole tree's root at first) has one
 * black node fewer than the other side: find one for it.
 */
static __always_inline void erase_fix(struct rb_node *node, struct rb_node *parent,
				      struct rb_root *root, const struct rb_augment *augment)
{
	while (parent && is_black(node)) {
		bool left = parent->left == node;
		struct rb_node *sibling = left ? parent->right : parent->left;

		if (is_red(sibling)) {
			set_black(sibling);
			set_red(parent);
			if (left)
				rotate_left(parent, root, augment);
			else
				rotate_right(parent, root, augment);
			sibling = left ? parent->right : parent->left;
		}
		if (is_black(sibling->left) && is_black(sibling->right)) {
			set_red(sibling);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (left) {
			if (is_black(sibling->right)) {
				set_black(sibling->left);
				set_red(sibling);
				rotate_right(sibling, root, augment);
				sibling = parent->right;
			}
			set_color_of(sibling, parent);
			set_black(parent);
			set_black(sibling->right);
			rotate_left(parent, root, augment);
		} else {
			if (is_black(sibling->left)) {
				set_black(sibling->right);
				set_red(sibling);
				rotate_left(sibling, root, augment);
				sibling = parent->left;
			}
			set_color_of(sibling, parent);
			set_black(parent);
			set_black(sibling->left);
			rotate_right(parent, root, augment);
		}
		return;
	}
	if (node)
		set_black(node);
}

/* Put the successor of @node, which has two children, in its place. */
static inline struct rb_node *replace_by_successor(struct rb_node *node, struct rb_node *next,
						   struct rb_root *root, struct rb_node **child,
						   bool *black)
{
	struct rb_node *parent;

	*child = next->right;
	*black = is_black(next);
	parent = rb_parent(next);
	if (parent == node) {
		parent = next;
	} else {
		parent->left = *child;
		if (*child)
			set_parent(*child, parent);
		next->right = node->right;
		set_parent(node->right, next);
	}
	next->left = node->left;
	set_parent(node->left, next);
	replace_child(node, next, rb_parent(node), root);
	next->parent_color = node->parent_color;
	return parent;
}

static inline struct rb_node *successor(const struct rb_node *node)
{
	struct rb_node *next = node->right;

	while (next->left)
		next = next->left;
	return next;
}

/*
 * Recompute from @node upward until nothing changes, but at least as far as @last (NULL: no such).
 */
static __always_inline void update_up(struct rb_node *node, const struct rb_node *last,
				      const struct rb_augment *augment)
{
	for (; node; node = rb_parent(node)) {
		bool changed = augment->update(node);

		if (node == last)
			last = NULL;
		if (!changed && !last)
			return;
	}
}

static __always_inline void erase(struct rb_node *node, struct rb_root *root,
				  const struct rb_augment *augment, struct rb_node *next)
{
	struct rb_node *child, *parent, *first, *last = next;
	bool black;

	if (node->left && node->right) {
		struct rb_node *moved = successor(node);

		parent = replace_by_successor(node, moved, root, &child, &black);
		/*
		 * It has to see what is below its new place, and who is above it to see it. It is
		 * @next, if that was given.
		 */
		last = rb_parent(moved) ? rb_parent(moved) : moved;
		first = parent;
	} else {
		child = node->left ? node->left : node->right;
		parent = rb_parent(node);
		black = is_black(node);
		replace_child(node, child, parent, root);
		if (child)
			set_parent(child, parent);
		/* @next is the only child, with none of its own, or above @node. */
		first = child && child == next ? child : parent;
		last = first == parent ? next : parent;
	}
	if (augment)
		update_up(first, last, augment);
	if (black)
		erase_fix(child, parent, root, augment);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	insert_fix(node, root, NULL);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	erase(node, root, NULL, NULL);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment *augment)
{
	update_up(node, rb_parent(node), augment);
	insert_fix(node, root, augment);
}

void rb_balance_augmented(struct rb_node *node, struct rb_root *root,
			  const struct rb_augment *augment)
{
	insert_fix(node, root, augment);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment *augment, struct rb_node *next)
{
	erase(node, root, augment, next);
}

void rb_augment_propagate(struct rb_node *node, const struct rb_augment *augment)
{
	update_up(node, NULL, augment);
}

void rb_replace_node(struct rb_node *old, struct rb_node *node, struct rb_root *root)
{
	*node = *old;
	if (old->left)
		set_parent(old->left, node);
	if (old->right)
		set_parent(old->right, node);
	replace_child(old, node, rb_parent(old), root);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *next = node->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	while ((next = rb_parent(node)) && next->right == node)
		node = next;
	return next;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *prev = node->left;

	if (prev) {
		while (prev->right)
			prev = prev->right;
		return prev;
	}
	while ((prev = rb_parent(node)) && prev->left == node)
		node = prev;
	return prev;
}
