/*
 * The parts of the fair class that each switch and each wake-up goes through, inline. Private to
 * sched/; fair.c explains. => rq locked
 */
#ifndef SCHED_FAIR_H
#define SCHED_FAIR_H

#include "sched.h"

u64 fair_weigh(u64 ns, u32 weight);
void fair_insert(struct run_queue *rq, struct task *t);
/* Before it is enqueued: @distance from the queue's minimum, within limits. */
void fair_place(struct run_queue *rq, struct task *t, s64 distance);

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

/*
 * Before it is enqueued: one that comes back after long is not too far ahead of the queue, one from
 * elsewhere not too far behind. Mostly neither is so.
 */
static inline void fair_limit(struct run_queue *rq, struct task *t)
{
	u64 ahead = t->se.vruntime - rq->min_vruntime + WAKEUP_BONUS_NS;

	if (unlikely(ahead > WAKEUP_BONUS_NS + SCHED_LATENCY_NS))
		fair_place(rq, t, (s64)(ahead - WAKEUP_BONUS_NS));
}

/* Does @t, just woken, deserve the CPU more than @curr? */
static inline bool fair_preempts(const struct task *t, const struct task *curr)
{
	if (unlikely(curr->se.policy == SCHED_IDLE) && t->se.policy != SCHED_IDLE)
		return true;
	if (unlikely(t->se.policy != SCHED_NORMAL))
		return false;
	return (s64)(curr->se.vruntime - t->se.vruntime) >
	       (s64)fair_virtual(WAKEUP_MARGIN_NS, t->se.weight);
}

/* How long one of the fair tasks may run before the next. */
static inline u32 fair_slice(const struct run_queue *rq)
{
	static const u32 slices[] = {SCHED_LATENCY_NS,     SCHED_LATENCY_NS,
				     SCHED_LATENCY_NS / 2, SCHED_LATENCY_NS / 3,
				     SCHED_LATENCY_NS / 4, SCHED_LATENCY_NS / 5};

	return rq->fair_running < ARRAY_SIZE(slices) ? slices[rq->fair_running] : SLICE_MIN_NS;
}

#endif
