/*
 * The sparse array: a radix tree of nodes with 64 slots. Slots of a node with shift 0 hold entries,
 * others hold nodes. Invariants, under the owner's lock: no node is empty (but xa->kept); bit i of
 * full is set when no index below slot i is free; bit i of marks[m] is set when an entry below slot
 * i has mark m.
 *
 * A store first counts and allocates the nodes it will need, so that it either happens or leaves
 * the tree as it was. Readers without the lock see slots change one pointer at a time, each to
 * something complete; a node that is taken out keeps its slots until it is freed.
 */
#include "lib/xarray.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include <linux/errno.h>

#define SLOT_MASK (XA_SLOTS - 1)
#define NODE_TAG 2UL
#define NO_FILTER (-1) /* find: any entry; else one with this mark */

static inline bool is_node(const void *head)
{
	return ((unsigned long)head & 3) == NODE_TAG;
}

static inline struct xa_node *to_node(const void *head)
{
	return (struct xa_node *)((unsigned long)head - NODE_TAG);
}

static inline void *tag(struct xa_node *node)
{
	return (void *)((unsigned long)node | NODE_TAG);
}

/* Readers may be looking: what @to points to must be complete before it is seen. */
#define publish(to, value) __atomic_store_n(&(to), value, __ATOMIC_RELEASE)
#define look(from) __atomic_load_n(&(from), __ATOMIC_ACQUIRE)

static inline unsigned slot_of(unsigned long index, unsigned shift)
{
	return (index >> shift) & SLOT_MASK;
}

/* Is @index beyond what a tree with a root of this @shift can hold? */
static inline bool beyond(unsigned long index, unsigned shift)
{
	return index >> shift >= XA_SLOTS;
}

/* A node's bitmaps are a word or two: all of their bits count. */
static inline bool map_full(const unsigned long *map)
{
	unsigned long all = map[0];

	for (unsigned i = 1; i < XA_BITMAP_WORDS; i++)
		all &= map[i];
	return all == ~0UL;
}

static inline bool map_empty(const unsigned long *map)
{
	unsigned long any = map[0];

	for (unsigned i = 1; i < XA_BITMAP_WORDS; i++)
		any |= map[i];
	return !any;
}

/* The first slot at @slot or above whose bit in @map is clear; XA_SLOTS: none. */
static inline unsigned next_clear(const unsigned long *map, unsigned slot)
{
	unsigned long word = ~map[BIT_WORD(slot)] >> slot % BITS_PER_LONG;

	if (word)
		return slot + (unsigned)bit_lowest(word);
	return (unsigned)find_next_zero_bit(map, XA_SLOTS, ALIGN_UP(slot + 1, BITS_PER_LONG));
}

void xa_init(struct xarray *xa, const struct xa_ops *ops)
{
	*xa = (struct xarray)XARRAY_INIT(ops);
}

void *xa_load(const struct xarray *xa, unsigned long index)
{
	const void *head = look(xa->head);
	const struct xa_node *node;

	if (!is_node(head))
		return index ? NULL : (void *)head;
	node = to_node(head);
	if (beyond(index, node->shift))
		return NULL;
	for (;;) {
		void *slot = look(node->slots[slot_of(index, node->shift)]);

		if (!slot || !node->shift)
			return slot;
		node = slot;
	}
}

/* The leaf that holds @index, or NULL, for readers. => the head is @root */
static const struct xa_node *look_for_leaf(const struct xa_node *root, unsigned long index)
{
	const struct xa_node *node = root;

	if (beyond(index, node->shift))
		return NULL;
	while (node && node->shift)
		node = look(node->slots[slot_of(index, node->shift)]);
	return node;
}

static inline void load_slots(void *const *slots, unsigned n, void **entries)
{
	for (unsigned i = 0; i < n; i++)
		entries[i] = look(slots[i]);
}

void xa_load_range(const struct xarray *xa, unsigned long first, unsigned n, void **entries)
{
	const void *head = look(xa->head);

	if (!is_node(head)) {
		for (unsigned i = 0; i < n; i++)
			entries[i] = first + i ? NULL : (void *)head;
		return;
	}
	while (n) {
		const struct xa_node *leaf = look_for_leaf(to_node(head), first);
		unsigned slot = first & SLOT_MASK, here = MIN(n, XA_SLOTS - slot);

		if (leaf)
			load_slots(leaf->slots + slot, here, entries);
		else
			memset(entries, 0, here * sizeof(*entries));
		entries += here;
		first += here;
		n -= here;
	}
}

/* The leaf that holds @index, or NULL. => locked */
static struct xa_node *find_leaf(const struct xarray *xa, unsigned long index)
{
	struct xa_node *node;

	if (!is_node(xa->head))
		return NULL;
	node = to_node(xa->head);
	if (beyond(index, node->shift))
		return NULL;
	while (node && node->shift)
		node = node->slots[slot_of(index, node->shift)];
	return node;
}

/* ------------------------------------------------------------------------------------------- */
/* Upward: what a change in a node means to those above it                                       */

static void set_full_up(struct xa_node *node, unsigned slot)
{
	for (; node; slot = node->offset, node = node->parent) {
		__set_bit(slot, node->full);
		if (!map_full(node->full))
			return;
	}
}

static void clear_full_up(struct xa_node *node, unsigned slot)
{
	for (; node && test_bit(slot, node->full); slot = node->offset, node = node->parent)
		__clear_bit(slot, node->full);
}

static void set_mark_up(struct xa_node *node, unsigned slot, enum xa_mark mark)
{
	for (; node && !test_bit(slot, node->marks[mark]); slot = node->offset, node = node->parent)
		__set_bit(slot, node->marks[mark]);
}

static inline void clear_mark_up(struct xa_node *node, unsigned slot, enum xa_mark mark)
{
	for (; node && test_bit(slot, node->marks[mark]);
	     slot = node->offset, node = node->parent) {
		__clear_bit(slot, node->marks[mark]);
		if (!map_empty(node->marks[mark]))
			return;
	}
}

/* ------------------------------------------------------------------------------------------- */
/* Store                                                                                         */

/* Levels of nodes that a tree needs for @index. */
static unsigned levels_for(unsigned long index)
{
	unsigned levels = 1;

	while (index >>= XA_SHIFT)
		levels++;
	return levels;
}

/* => there is no entry at @index yet, and it is not index 0 of an empty tree */
static unsigned nodes_needed(const struct xarray *xa, unsigned long index)
{
	unsigned wanted = levels_for(index), height;
	const struct xa_node *node;

	if (!xa->head)
		return wanted;
	if (!is_node(xa->head)) /* the lone entry's branch and ours meet in the root only */
		return 2 * wanted - 1;
	node = to_node(xa->head);
	height = node->shift / XA_SHIFT + 1;
	if (wanted > height)
		return wanted - height + wanted - 1;
	while (node->shift) {
		const struct xa_node *child = node->slots[slot_of(index, node->shift)];

		if (!child)
			return node->shift / XA_SHIFT;
		node = child;
	}
	return 0;
}

/* Nodes that are not in the tree yet, linked by parent. */
struct stock {
	struct xa_node *first;
};

static int stock_up(const struct xarray *xa, struct stock *stock, unsigned count)
{
	stock->first = NULL;
	while (count--) {
		struct xa_node *node = xa->ops->alloc();

		if (!node) {
			while ((node = stock->first)) {
				stock->first = node->parent;
				xa->ops->free(node);
			}
			return -ENOMEM;
		}
		node->parent = stock->first;
		stock->first = node;
	}
	return 0;
}

static struct xa_node *take_node(struct stock *stock, unsigned shift, struct xa_node *parent,
				 unsigned offset)
{
	struct xa_node *node = stock->first;

	stock->first = node->parent;
	memset(node, 0, sizeof(*node));
	node->shift = (u8)shift;
	node->parent = parent;
	node->offset = (u8)offset;
	return node;
}

/* A root above the head, which becomes its slot 0. */
static void add_root(struct xarray *xa, struct stock *stock)
{
	void *head = xa->head;
	struct xa_node *child = is_node(head) ? to_node(head) : NULL;
	struct xa_node *root = take_node(stock, child ? child->shift + XA_SHIFT : 0, NULL, 0);

	if (head) {
		root->slots[0] = child ? (void *)child : head;
		root->count = 1;
		if (!child || map_full(child->full))
			__set_bit(0, root->full);
	}
	for (int mark = 0; mark < XA_MARKS; mark++)
		if (child ? !map_empty(child->marks[mark]) : head && (xa->head_marks >> mark & 1))
			__set_bit(0, root->marks[mark]);
	xa->head_marks = 0;
	if (child)
		child->parent = root;
	publish(xa->head, tag(root));
}

/* An empty tree gets a root of the right height at once. */
static void add_first_root(struct xarray *xa, struct stock *stock, unsigned long index)
{
	publish(xa->head, tag(take_node(stock, (levels_for(index) - 1) * XA_SHIFT, NULL, 0)));
}

/* The leaf for @index, with all nodes above it. */
static struct xa_node *build_leaf(struct xarray *xa, struct stock *stock, unsigned long index)
{
	struct xa_node *node;

	if (!xa->head)
		add_first_root(xa, stock, index);
	while (!is_node(xa->head) || beyond(index, to_node(xa->head)->shift))
		add_root(xa, stock);
	for (node = to_node(xa->head); node->shift;) {
		unsigned slot = slot_of(index, node->shift);
		struct xa_node *child = node->slots[slot];

		if (!child) {
			child = take_node(stock, node->shift - XA_SHIFT, node, slot);
			node->count++;
			publish(node->slots[slot], child);
		}
		node = child;
	}
	return node;
}

static int store_new(struct xarray *xa, unsigned long index, void *entry)
{
	struct xa_node *leaf = find_leaf(xa, index);

	if (!leaf && !xa->head && !index) {
		xa->head_marks = 0;
		publish(xa->head, entry);
		return 0;
	}
	if (!leaf) {
		struct stock stock;
		int error = stock_up(xa, &stock, nodes_needed(xa, index));

		if (error)
			return error;
		leaf = build_leaf(xa, &stock, index);
	}
	leaf->count++;
	publish(leaf->slots[index & SLOT_MASK], entry);
	set_full_up(leaf, index & SLOT_MASK);
	return 0;
}

/* Where the pointer to @index's entry is, if there is one. */
static void **entry_place(struct xarray *xa, unsigned long index)
{
	struct xa_node *leaf;

	if (!is_node(xa->head))
		return xa->head && !index ? &xa->head : NULL;
	leaf = find_leaf(xa, index);
	return leaf && leaf->slots[index & SLOT_MASK] ? &leaf->slots[index & SLOT_MASK] : NULL;
}

int xa_store(struct xarray *xa, unsigned long index, void *entry)
{
	void **place = entry_place(xa, index);

	if (!place)
		return store_new(xa, index, entry);
	publish(*place, entry);
	return 0;
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry)
{
	return entry_place(xa, index) ? -EEXIST : store_new(xa, index, entry);
}

/* ------------------------------------------------------------------------------------------- */
/* Erase                                                                                         */

/* Take @node, which is empty, and those above it that become empty, out of the tree. */
static void prune(struct xarray *xa, struct xa_node *node)
{
	while (node && !node->count) {
		struct xa_node *parent = node->parent;

		if (parent) {
			publish(parent->slots[node->offset], NULL);
			parent->count--;
		} else {
			publish(xa->head, NULL);
		}
		xa->ops->free(node);
		node = parent;
	}
}

/* @leaf has lost an entry: the leaf that is not needed any more, if it is empty. */
static struct xa_node *leaf_to_prune(struct xarray *xa, struct xa_node *leaf)
{
	struct xa_node *before = xa->kept;

	if (!xa->ops->keeps_leaf || leaf->count)
		return leaf;
	xa->kept = leaf;
	return before != leaf ? before : NULL;
}

/* A root with nothing but its slot 0 is not needed. */
static void lower_root(struct xarray *xa)
{
	while (is_node(xa->head)) {
		struct xa_node *root = to_node(xa->head), *child = root->slots[0];

		if (root->count != 1 || !child || !root->shift)
			return;
		child->parent = NULL;
		publish(xa->head, tag(child));
		xa->ops->free(root);
	}
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	unsigned slot = index & SLOT_MASK;
	struct xa_node *leaf;
	void *entry;

	if (!is_node(xa->head)) {
		entry = index ? NULL : xa->head;
		if (!index)
			publish(xa->head, NULL);
		return entry;
	}
	leaf = find_leaf(xa, index);
	entry = leaf ? leaf->slots[slot] : NULL;
	if (!entry)
		return NULL;
	for (int mark = 0; mark < XA_MARKS; mark++)
		clear_mark_up(leaf, slot, mark);
	clear_full_up(leaf, slot);
	publish(leaf->slots[slot], NULL);
	leaf->count--;
	prune(xa, leaf_to_prune(xa, leaf));
	lower_root(xa);
	return entry;
}

void xa_destroy(struct xarray *xa)
{
	struct xa_node *node = is_node(xa->head) ? to_node(xa->head) : NULL;

	publish(xa->head, NULL);
	xa->kept = NULL;
	while (node) { /* down into the next child, or free the node and go up */
		struct xa_node *parent = node->parent;

		if (node->shift && node->count) {
			unsigned slot = 0;

			while (!node->slots[slot])
				slot++;
			parent = node;
			node = node->slots[slot];
			parent->slots[slot] = NULL;
			parent->count--;
			continue;
		}
		xa->ops->free(node);
		node = parent;
	}
}

/* ------------------------------------------------------------------------------------------- */
/* Find                                                                                          */

/* The next slot at @slot or above with something that the filter wants; XA_SLOTS: none. */
static unsigned next_slot(const struct xa_node *node, unsigned slot, int filter)
{
	if (filter != NO_FILTER)
		return (unsigned)find_next_bit(node->marks[filter], XA_SLOTS, slot);
	if (!node->shift)
		return (unsigned)find_next_bit(node->full, XA_SLOTS, slot);
	while (slot < XA_SLOTS && !READ_ONCE(node->slots[slot]))
		slot++;
	return slot;
}

/* The last index that @node holds, which also holds @index. */
static inline unsigned long last_index(const struct xa_node *node, unsigned long index)
{
	return index | ((1UL << node->shift << (XA_SHIFT - 1) << 1) - 1);
}

static inline unsigned long with_slot(unsigned long index, unsigned shift, unsigned slot)
{
	return ((index >> shift & ~(unsigned long)SLOT_MASK) | slot) << shift;
}

/*
 * Walk down from @node towards *@index, moving it forward to what the filter wants. The entry; or
 * NULL, and *@index is then where to begin again from the root, 0: there is no more.
 */
static void *descend(const struct xa_node *node, unsigned long *index, int filter)
{
	const struct xa_node *root = node;

	for (;;) {
		unsigned slot = slot_of(*index, node->shift), next = next_slot(node, slot, filter);
		void *child;

		if (next == XA_SLOTS) {
			*index = node == root ? 0 : last_index(node, *index) + 1;
			return NULL;
		}
		if (next != slot)
			*index = with_slot(*index, node->shift, next);
		child = look(node->slots[next]);
		if (child && !node->shift)
			return child;
		if (!child) { /* it went away while we looked */
			*index += 1UL << node->shift;
			return NULL;
		}
		node = child;
	}
}

static void *find(const struct xarray *xa, unsigned long *index, unsigned long max, int filter)
{
	unsigned long i = *index;

	do {
		const void *head = look(xa->head);
		void *entry;

		if (!is_node(head)) {
			if (i || !head || (filter != NO_FILTER && !(xa->head_marks >> filter & 1)))
				return NULL;
			*index = 0;
			return (void *)head;
		}
		if (beyond(i, to_node(head)->shift))
			return NULL;
		entry = descend(to_node(head), &i, filter);
		if (entry) {
			if (i > max)
				return NULL;
			*index = i;
			return entry;
		}
	} while (i && i <= max);
	return NULL;
}

void *xa_find(const struct xarray *xa, unsigned long *index, unsigned long max)
{
	return *index > max ? NULL : find(xa, index, max, NO_FILTER);
}

void *xa_find_marked(const struct xarray *xa, unsigned long *index, unsigned long max,
		     enum xa_mark mark)
{
	return *index > max ? NULL : find(xa, index, max, (int)mark);
}

static void *find_after(const struct xarray *xa, unsigned long *index, unsigned long max,
			int filter)
{
	unsigned long i = *index + 1;
	void *entry = *index >= max ? NULL : find(xa, &i, max, filter);

	if (entry)
		*index = i;
	return entry;
}

void *xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long max)
{
	return find_after(xa, index, max, NO_FILTER);
}

void *xa_find_marked_after(const struct xarray *xa, unsigned long *index, unsigned long max,
			   enum xa_mark mark)
{
	return find_after(xa, index, max, (int)mark);
}

/* ------------------------------------------------------------------------------------------- */
/* Marks                                                                                         */

void xa_set_mark(struct xarray *xa, unsigned long index, enum xa_mark mark)
{
	struct xa_node *leaf = find_leaf(xa, index);

	if (leaf && leaf->slots[index & SLOT_MASK])
		set_mark_up(leaf, index & SLOT_MASK, mark);
	else if (!leaf && !index && xa->head && !is_node(xa->head))
		xa->head_marks |= (u8)(1u << mark);
}

void xa_clear_mark(struct xarray *xa, unsigned long index, enum xa_mark mark)
{
	struct xa_node *leaf = find_leaf(xa, index);

	if (leaf)
		clear_mark_up(leaf, index & SLOT_MASK, mark);
	else if (!index && !is_node(xa->head))
		xa->head_marks &= (u8) ~(1u << mark);
}

bool xa_get_mark(const struct xarray *xa, unsigned long index, enum xa_mark mark)
{
	const struct xa_node *leaf = find_leaf(xa, index);

	if (leaf)
		return test_bit(index & SLOT_MASK, leaf->marks[mark]);
	return !index && xa->head && !is_node(xa->head) && (xa->head_marks >> mark & 1);
}

bool xa_marked(const struct xarray *xa, enum xa_mark mark)
{
	if (is_node(xa->head))
		return !map_empty(to_node(xa->head)->marks[mark]);
	return xa->head && (xa->head_marks >> mark & 1);
}

/* ------------------------------------------------------------------------------------------- */
/* Free indices                                                                                  */

/*
 * As descend(): true when *@index is free; false: begin again from the root there, 0: all is full.
 */
static bool descend_free(const struct xa_node *node, unsigned long *index)
{
	const struct xa_node *root = node;

	for (;;) {
		unsigned slot = slot_of(*index, node->shift);
		unsigned next = next_clear(node->full, slot);

		if (next == XA_SLOTS) {
			*index = last_index(node, *index) + 1;
			return node == root && *index; /* above the whole tree */
		}
		if (next != slot)
			*index = with_slot(*index, node->shift, next);
		if (!node->shift || !node->slots[next])
			return true;
		node = node->slots[next];
	}
}

int xa_find_free(const struct xarray *xa, unsigned long *index, unsigned long min,
		 unsigned long max)
{
	unsigned long i = min;

	while (i <= max) {
		const struct xa_node *root;

		if (!is_node(xa->head)) {
			if (xa->head && !i)
				i = 1;
			break;
		}
		root = to_node(xa->head);
		if (beyond(i, root->shift) || descend_free(root, &i))
			break;
		if (!i)
			return -ENOSPC;
	}
	if (i > max)
		return -ENOSPC;
	*index = i;
	return 0;
}

int xa_alloc(struct xarray *xa, u32 *id, void *entry, u32 min, u32 max)
{
	unsigned long index;
	int error = xa_find_free(xa, &index, min, max);

	if (!error)
		error = store_new(xa, index, entry);
	if (!error)
		*id = (u32)index;
	return error;
}

int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, u32 min, u32 max, u32 *next)
{
	u32 start = MIN(MAX(*next, min), max);
	int error = xa_alloc(xa, id, entry, start, max);

	if (error == -ENOSPC && start > min)
		error = xa_alloc(xa, id, entry, min, start - 1);
	if (!error)
		*next = *id == max ? min : *id + 1;
	return error;
}
