/*
 * A sparse array of pointers, indexed by an unsigned long: a radix tree with 64 slots a node. For
 * page caches (with marks), tables of ids (xa_alloc), descriptors. O(log64 n).
 *
 * Writers hold the owner's lock. xa_load() and the find functions also run without it, under
 * rcu_read_lock(), if ops->free frees the node after a grace period (xa_node.rcu has the room for a
 * struct rcu_head); they see each entry as it was before or after a concurrent change.
 *
 * An entry is a pointer that is a multiple of 4, or an integer from xa_value().
 */
#ifndef LIB_XARRAY_H
#define LIB_XARRAY_H

#include "types.h"

#define XA_SHIFT 6
#define XA_SLOTS (1u << XA_SHIFT)
#define XA_MARKS 2
#define XA_BITMAP_WORDS (XA_SLOTS / (8 * sizeof(long)))

enum xa_mark { XA_MARK_0 = 0, XA_MARK_1 = 1 };
/* What the page cache calls them. */
#define XA_MARK_DIRTY XA_MARK_0
#define XA_MARK_WRITEBACK XA_MARK_1

struct xa_node {
	u8 shift;  /* a slot covers 1 << shift indices; readers use this and slots only */
	u8 offset; /* its place in the parent */
	u8 count;  /* slots in use; never 0 in a tree, but for a kept leaf */
	union {
		struct xa_node *parent;
		void *rcu[2]; /* ops->free may use this: the node is out of the tree */
	};
	unsigned long full[XA_BITMAP_WORDS];            /* slots with no free index below them */
	unsigned long marks[XA_MARKS][XA_BITMAP_WORDS]; /* slots with a marked entry below them */
	void *slots[XA_SLOTS];
};

struct xa_ops {
	/*
	 * A node, contents any; NULL: the operation fails with -ENOMEM. Called with the
	 * writer's lock held.
	 */
	struct xa_node *(*alloc)(void);
	void (*free)(struct xa_node *node);
	/*
	 * The leaf that became empty last stays in the tree: for numbers that are given out in a
	 * circle, each returned before the next is taken, which would make and free a node every
	 * time.
	 */
	bool keeps_leaf;
};

struct xarray {
	void *head; /* NULL, the entry of index 0 if it is the only one, or a tagged node */
	const struct xa_ops *ops;
	struct xa_node *kept; /* the last leaf that became empty, if ops->keeps_leaf */
	u8 head_marks;        /* marks of a lone entry */
};

#define XARRAY_INIT(ops_) \
	{ \
		.head = NULL, .ops = (ops_), .head_marks = 0 \
	}

void xa_init(struct xarray *xa, const struct xa_ops *ops);

static inline bool xa_empty(const struct xarray *xa)
{
	return !READ_ONCE(xa->head);
}

/* Integers as entries: up to LONG_MAX. */
static inline void *xa_value(unsigned long v)
{
	return (void *)(v << 1 | 1);
}
static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}
static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

/* The entry at @index or NULL. Lock-free under rcu_read_lock(). */
void *xa_load(const struct xarray *xa, unsigned long index);
/* The same for @n indices from @first: each entry or NULL. One walk for each 64 of them. */
void xa_load_range(const struct xarray *xa, unsigned long first, unsigned n, void **entries);
/* Set the entry at @index (not NULL), whatever was there: 0 or -ENOMEM. Over an existing entry it
 * cannot fail and keeps the marks. */
int __must_check xa_store(struct xarray *xa, unsigned long index, void *entry);
/* The same, but -EEXIST if there is an entry. */
int __must_check xa_insert(struct xarray *xa, unsigned long index, void *entry);
/* Remove; the entry that was there, or NULL. Frees the nodes that are no longer needed. */
void *xa_erase(struct xarray *xa, unsigned long index);
/* Remove all: the nodes are freed, what the entries point to is the caller's. */
void xa_destroy(struct xarray *xa);

/* The first entry at *@index or above, up to @max: sets *@index. NULL: none, *@index unchanged. */
void *xa_find(const struct xarray *xa, unsigned long *index, unsigned long max);
/* The first entry above *@index. */
void *xa_find_after(const struct xarray *xa, unsigned long *index, unsigned long max);
void *xa_find_marked(const struct xarray *xa, unsigned long *index, unsigned long max,
		     enum xa_mark mark);
void *xa_find_marked_after(const struct xarray *xa, unsigned long *index, unsigned long max,
			   enum xa_mark mark);

/* On an index without an entry: nothing happens, false. */
void xa_set_mark(struct xarray *xa, unsigned long index, enum xa_mark mark);
void xa_clear_mark(struct xarray *xa, unsigned long index, enum xa_mark mark);
bool xa_get_mark(const struct xarray *xa, unsigned long index, enum xa_mark mark);
/* Any entry with this mark? O(1). */
bool xa_marked(const struct xarray *xa, enum xa_mark mark);

/* The lowest index without an entry in min..max: 0 and *@index, or -ENOSPC. */
int xa_find_free(const struct xarray *xa, unsigned long *index, unsigned long min,
		 unsigned long max);
/* Store @entry there: 0, -ENOSPC, -ENOMEM. */
int __must_check xa_alloc(struct xarray *xa, u32 *id, void *entry, u32 min, u32 max);
/*
 * The same, beginning the search at *@next and wrapping round to @min; *@next = id + 1 afterwards.
 */
int __must_check xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, u32 min, u32 max,
				 u32 *next);

/* All entries, ascending. The body may erase any entry (with the lock held throughout). */
#define xa_for_each(xa, index, entry) \
	for (index = 0, entry = xa_find(xa, &(index), ~0UL); entry; \
	     entry = xa_find_after(xa, &(index), ~0UL))
#define xa_for_each_range(xa, index, entry, first, last) \
	for (index = (first), entry = xa_find(xa, &(index), last); entry; \
	     entry = xa_find_after(xa, &(index), last))
#define xa_for_each_marked(xa, index, entry, mark) \
	for (index = 0, entry = xa_find_marked(xa, &(index), ~0UL, mark); entry; \
	     entry = xa_find_marked_after(xa, &(index), ~0UL, mark))

#endif
