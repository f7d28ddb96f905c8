/*
 * Who holds each page, counted anew: /proc/isthmus/selfcheck of a debug build (CONFIG_DEBUG_VM).
 *
 * Every part that holds pages registers an owner with a walker. With the world stopped each walker
 * tells which references it holds; what was told must equal what struct page, the address spaces
 * and the totals say. In other builds all of this is nothing: no list, no walker, no code.
 */
#ifndef MM_SELFCHECK_H
#define MM_SELFCHECK_H

#include "lib/list.h"
#include "mm/page.h"
#include "sched/lock.h"

struct selfcheck;

struct selfcheck_owner {
	const char *name;
	/*
	 * Tell everything that is held. Called with all other CPUs stopped and interrupts off: what
	 * spinlocks guard may be read without them. Must not sleep or allocate.
	 */
	void (*walk)(struct selfcheck *sc);
	struct selfcheck_owner *next; /* mm's */
	unsigned long pages;          /* mm's: that it was the first to claim */
};

/* A list of objects that hold pages and are on no other list: debug builds alone keep it. */
#ifdef CONFIG_DEBUG_VM
struct selfcheck_node {
	struct list_head node;
};
struct selfcheck_list {
	spinlock_t lock; /* RANK_LEAF */
	struct list_head head;
};
#define DEFINE_SELFCHECK_LIST(name_) \
	struct selfcheck_list name_ = {SPINLOCK_INIT(RANK_LEAF), LIST_HEAD_INIT((name_).head)}
/* => not in an interrupt */
void selfcheck_link(struct selfcheck_list *list, struct selfcheck_node *n);
void selfcheck_unlink(struct selfcheck_list *list, struct selfcheck_node *n);
#define selfcheck_for_each(pos, list, member) list_for_each_entry(pos, &(list)->head, member.node)

/* Task context, once for each owner. */
void selfcheck_register(struct selfcheck_owner *owner);

/* ---- for walkers ---- */

/* @n references to @page. */
void selfcheck_hold(struct selfcheck *sc, const struct page *page, unsigned n);
/* One page-table entry of a process: a reference, and a count in mapcount. */
void selfcheck_map(struct selfcheck *sc, const struct page *page);
/* It does so in an area that locks its pages. */
void selfcheck_lock(struct selfcheck *sc, const struct page *page);
/* A block of 2^order pages with one reference, which its first page has. */
void selfcheck_block(struct selfcheck *sc, const struct page *page, unsigned order);
/* A free block: no references, and nobody else may have it. */
void selfcheck_free(struct selfcheck *sc, const struct page *page, unsigned order);
/* Has somebody claimed it already? */
bool selfcheck_is_claimed(struct selfcheck *sc, const struct page *page);
/* A number that somebody keeps, against the same counted anew; @what and @id name it. */
void selfcheck_equal(struct selfcheck *sc, const char *what, long id, long kept, long counted);
/* Pages that vm_commit() promised. */
void selfcheck_promise(struct selfcheck *sc, unsigned long pages);

/*
 * Run all walkers: the report as text into @buf, with its first line what is right or wrong. 0 or
 * -ENOMEM. Sleeps.
 */
int selfcheck_run(char *buf, size_t size);
#else
struct selfcheck_node {
};
struct selfcheck_list {
};
#define DEFINE_SELFCHECK_LIST(name_) struct selfcheck_list name_ __attribute__((unused))
#define selfcheck_for_each(pos, list, member) while (((pos) = NULL))
static inline void selfcheck_link(struct selfcheck_list *list, struct selfcheck_node *n)
{
	(void)list, (void)n;
}
static inline void selfcheck_unlink(struct selfcheck_list *list, struct selfcheck_node *n)
{
	(void)list, (void)n;
}
static inline void selfcheck_register(struct selfcheck_owner *owner)
{
	(void)owner;
}
static inline void selfcheck_hold(struct selfcheck *sc, const struct page *page, unsigned n)
{
	(void)sc, (void)page, (void)n;
}
static inline void selfcheck_equal(struct selfcheck *sc, const char *what, long id, long kept,
				   long counted)
{
	(void)sc, (void)what, (void)id, (void)kept, (void)counted;
}
static inline void selfcheck_promise(struct selfcheck *sc, unsigned long pages)
{
	(void)sc, (void)pages;
}
#endif

#endif
