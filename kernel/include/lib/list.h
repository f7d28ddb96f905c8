/*
 * Intrusive lists. list_head: doubly linked, circular, the head is an ordinary node. hlist: a head
 * of one pointer, for hash tables. No locks of their own: the owner of the list brings one. The
 * _rcu forms publish and unlink so that readers under rcu_read_lock() may walk at the same time.
 *
 * An initialised node points to itself, so list_del_init() and list_empty() on a node tell whether
 * it is on a list; after list_del() or list_del_rcu() it must be added again before that.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) \
	{ \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_insert_between(struct list_head *node, struct list_head *prev,
				       struct list_head *next)
{
	next->prev = node;
	node->next = next;
	node->prev = prev;
	WRITE_ONCE(prev->next, node);
}

/* At the front; with a node in place of the head: behind it. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	list_insert_between(node, head, head->next);
}

/* At the end; with a node in place of the head: before it. */
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_insert_between(node, head->prev, head);
}

static inline void list_unlink(struct list_head *prev, struct list_head *next)
{
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

/* What a removed node points to: a use of it faults. */
#define LIST_POISON_NEXT ((void *)0x100)
#define LIST_POISON_PREV ((void *)0x122)

static inline void list_del(struct list_head *node)
{
	list_unlink(node->prev, node->next);
	node->next = (struct list_head *)LIST_POISON_NEXT;
	node->prev = (struct list_head *)LIST_POISON_PREV;
}

static inline void list_del_init(struct list_head *node)
{
	list_unlink(node->prev, node->next);
	list_init(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_unlink(node->prev, node->next);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_unlink(node->prev, node->next);
	list_add_tail(node, head);
}

/* Put @node in the place of @old, which is then on no list. */
static inline void list_replace_init(struct list_head *old, struct list_head *node)
{
	list_insert_between(node, old->prev, old->next);
	list_init(old);
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_first(const struct list_head *node, const struct list_head *head)
{
	return node->prev == head;
}

static inline bool list_is_last(const struct list_head *node, const struct list_head *head)
{
	return node->next == head;
}

static inline void list_splice_between(struct list_head *list, struct list_head *prev,
				       struct list_head *next)
{
	struct list_head *first = list->next, *last = list->prev;

	first->prev = prev;
	prev->next = first;
	last->next = next;
	next->prev = last;
}

/* Move all of @list to the front of @head; @list is empty afterwards. */
static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list_splice_between(list, head, head->next);
	list_init(list);
}

/* Move all of @list to the end of @head; @list is empty afterwards. */
static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list_splice_between(list, head->prev, head);
	list_init(list);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
/* => the list is not empty */
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	({ \
		struct list_head *head_ = (head), *first_ = READ_ONCE(head_->next); \
		first_ != head_ ? list_entry(first_, type, member) : NULL; \
	})
#define list_next_entry(pos, member) list_entry((pos)->member.next, typeof(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, typeof(*(pos)), member)
#define list_entry_is_head(pos, head, member) (&(pos)->member == (head))

#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, n, head) \
	for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)

#define list_for_each_entry(pos, head, member) \
	for (pos = list_first_entry(head, typeof(*pos), member); \
	     !list_entry_is_head(pos, head, member); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member) \
	for (pos = list_last_entry(head, typeof(*pos), member); \
	     !list_entry_is_head(pos, head, member); pos = list_prev_entry(pos, member))
/* @pos itself may be removed (and freed) in the body. */
#define list_for_each_entry_safe(pos, n, head, member) \
	for (pos = list_first_entry(head, typeof(*pos), member), n = list_next_entry(pos, member); \
	     !list_entry_is_head(pos, head, member); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member) \
	for (pos = list_last_entry(head, typeof(*pos), member), n = list_prev_entry(pos, member); \
	     !list_entry_is_head(pos, head, member); pos = n, n = list_prev_entry(n, member))
/* From the one after @pos to the end. */
#define list_for_each_entry_continue(pos, head, member) \
	for (pos = list_next_entry(pos, member); !list_entry_is_head(pos, head, member); \
	     pos = list_next_entry(pos, member))
/* From @pos to the end. */
#define list_for_each_entry_from(pos, head, member) \
	for (; !list_entry_is_head(pos, head, member); pos = list_next_entry(pos, member))

static inline void list_add_rcu(struct list_head *node, struct list_head *head)
{
	struct list_head *next = head->next;

	node->next = next;
	node->prev = head;
	__atomic_store_n(&head->next, node, __ATOMIC_RELEASE);
	next->prev = node;
}

static inline void list_add_tail_rcu(struct list_head *node, struct list_head *head)
{
	struct list_head *prev = head->prev;

	node->next = head;
	node->prev = prev;
	__atomic_store_n(&prev->next, node, __ATOMIC_RELEASE);
	head->prev = node;
}

/* Readers that stand on @node still find their way: its next stays. */
static inline void list_del_rcu(struct list_head *node)
{
	list_unlink(node->prev, node->next);
	node->prev = (struct list_head *)LIST_POISON_PREV;
}

#define list_entry_rcu(ptr, type, member) container_of(READ_ONCE(ptr), type, member)
#define list_for_each_entry_rcu(pos, head, member) \
	for (pos = list_entry_rcu((head)->next, typeof(*pos), member); \
	     !list_entry_is_head(pos, head, member); \
	     pos = list_entry_rcu(pos->member.next, typeof(*pos), member))

/* ------------------------------------------------------------------------------------------- */

struct hlist_head {
	struct hlist_node *first;
};
struct hlist_node {
	struct hlist_node *next,
		**pprev; /* pprev: the pointer that points here; NULL: on no list */
};

#define HLIST_HEAD_INIT \
	{ \
		NULL \
	}
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT

static inline void hlist_init(struct hlist_head *head)
{
	head->first = NULL;
}

static inline void hlist_node_init(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !READ_ONCE(node->pprev);
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	if (first)
		first->pprev = &node->next;
	WRITE_ONCE(head->first, node);
	node->pprev = &head->first;
}

static inline void hlist_add_behind(struct hlist_node *node, struct hlist_node *prev)
{
	node->next = prev->next;
	node->pprev = &prev->next;
	if (node->next)
		node->next->pprev = &node->next;
	WRITE_ONCE(prev->next, node);
}

static inline void hlist_unlink(struct hlist_node *node)
{
	struct hlist_node *next = node->next, **pprev = node->pprev;

	WRITE_ONCE(*pprev, next);
	if (next)
		next->pprev = pprev;
}

static inline void hlist_del(struct hlist_node *node)
{
	hlist_unlink(node);
	node->next = (struct hlist_node *)LIST_POISON_NEXT;
	node->pprev = (struct hlist_node **)LIST_POISON_PREV;
}

/* Does nothing to a node that is on no list. */
static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	hlist_unlink(node);
	hlist_node_init(node);
}

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	node->pprev = &head->first;
	__atomic_store_n(&head->first, node, __ATOMIC_RELEASE);
	if (first)
		first->pprev = &node->next;
}

/* Readers that stand on @node still find their way. */
static inline void hlist_del_rcu(struct hlist_node *node)
{
	hlist_unlink(node);
	node->pprev = (struct hlist_node **)LIST_POISON_PREV;
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	hlist_unlink(node);
	WRITE_ONCE(node->pprev, NULL);
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member) \
	({ \
		typeof(ptr) ptr_ = (ptr); \
		ptr_ ? hlist_entry(ptr_, type, member) : NULL; \
	})

#define hlist_for_each_entry(pos, head, member) \
	for (pos = hlist_entry_safe((head)->first, typeof(*(pos)), member); pos; \
	     pos = hlist_entry_safe((pos)->member.next, typeof(*(pos)), member))
/* @n is a struct hlist_node *; @pos itself may be removed in the body. */
#define hlist_for_each_entry_safe(pos, n, head, member) \
	for (pos = hlist_entry_safe((head)->first, typeof(*(pos)), member); \
	     pos && ({ \
		     n = (pos)->member.next; \
		     true; \
	     }); \
	     pos = hlist_entry_safe(n, typeof(*(pos)), member))
#define hlist_for_each_entry_rcu(pos, head, member) \
	for (pos = hlist_entry_safe(READ_ONCE((head)->first), typeof(*(pos)), member); pos; \
	     pos = hlist_entry_safe(READ_ONCE((pos)->member.next), typeof(*(pos)), member))

#endif
