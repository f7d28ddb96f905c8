/*
 * The fair class: each task has a virtual run time that grows as it runs, the slower the larger its
 * weight; the one that is furthest behind runs next. Nice levels are weights, 1.25 apart.
 *
 * min_vruntime follows the smallest vruntime of the queue and never goes back. Virtual times of two
 * CPUs have nothing in common: a task that moves keeps its distance from the minimum. One that
 * slept may come back somewhat ahead of the queue, but not with all that it did not use.
 * Virtual times wrap round: they are compared by their difference only.
 */
#include "lib/div64.h"
#include "fair.h"

/* round(1024 / 1.25^nice), nice -20 .. 19 */
const u32 nice_weights[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537,  7629,  6104,  4883,  3906,  3125,  2500,  2000,  1600,  1280,
	1024,  819,   655,   524,   419,   336,   268,   215,   172,   137,
	110,   88,    70,    56,    45,    36,    29,    23,    18,    15,
};
#define IDLE_POLICY_WEIGHT 3
#define WEIGHT_SHIFT 21 /* NICE_0_WEIGHT << WEIGHT_SHIFT fits in 32 bits */

u32 fair_weight(int policy, int nice)
{
	return policy == SCHED_IDLE ? IDLE_POLICY_WEIGHT : nice_weights[nice + 20];
}

u64 fair_weigh(u64 ns, u32 weight)
{
	return mul_u64_u32_shr(ns, ((u32)NICE_0_WEIGHT << WEIGHT_SHIFT) / weight, WEIGHT_SHIFT);
}

void fair_insert(struct run_queue *rq, struct task *t)
{
	struct rb_node **link = &rq->fair.root.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (vruntime_before(t->se.vruntime, fair_task(parent)->se.vruntime)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->se.node, parent, link);
	rb_insert_color_cached(&t->se.node, &rq->fair, leftmost);
}

void fair_place(struct run_queue *rq, struct task *t, s64 distance)
{
	distance = MAX(distance, -(s64)WAKEUP_BONUS_NS);
	t->se.vruntime = rq->min_vruntime + (u64)MIN(distance, (s64)SCHED_LATENCY_NS);
}

/* Behind everybody who waits now. */
void fair_yield(struct run_queue *rq, struct task *curr)
{
	struct rb_node *last = rb_last(&rq->fair.root);

	if (last && vruntime_before(curr->se.vruntime, fair_task(last)->se.vruntime))
		curr->se.vruntime = fair_task(last)->se.vruntime + 1;
}
