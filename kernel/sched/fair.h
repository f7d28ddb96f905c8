/*
 * The parts of the fair class that each switch and each wake-up goes through, inline. Private to
 * sched/; fair.c explains. => rq locked
 */
#ifndef SCHED_FAIR_H
#define SCHED_FAIR_H

#include "sched.h"

u64 fair_weigh(u64 ns, u32 weight);
void fair_insert(struct run_queue *rq, struct task *t);

static inline bool vruntime_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static inline struct task *fair_task(struct rb_node *node)
{
	return rb_entry(node, struct task, se.node);
}

static inline struct task *fair_first(struct run_queue *rq)
{
	struct rb_node *node = rb_first_cached(&rq->fair);

	return node ? fair_task(node) : NULL;
}

static inline u64 fair_virtual(u64 ns, u32 weight)
{
	return likely(weight == NICE_0_WEIGHT) ? ns : fair_weigh(ns, weight);
}

/* To wait. Mostly nobody else does. */
static inline void fair_enqueue(struct run_queue *rq, struct task *t)
{
	if (rb_empty_root(&rq->fair.root))
		rb_insert_only(&t->se.node, &rq->fair);
	else
		fair_insert(rq, t);
}

/* From waiting. */
static inline void fair_dequeue(struct run_queue *rq, struct task *t)
{
	if (rb_is_only(&t->se.node, &rq->fair))
		rq->fair = RB_ROOT_CACHED;
	else
		rb_erase_cached(&t->se.node, &rq->fair);
}

/* min_vruntime follows the smallest of those who want to run: @t, which does now. */
static inline void fair_note_min(struct run_queue *rq, const struct task *t)
{
	if (vruntime_before(rq->min_vruntime, t->se.vruntime))
		rq->min_vruntime = t->se.vruntime;
}

#endif
