/*
 * The real-time class, SCHED_FIFO and SCHED_RR: a list for each priority and a bitmap of those that
 * are not empty. The running task stays at the head of its list, so that a preempted one is still
 * the first; a round-robin task goes to the end when its slice is over. sched(7)
 */
#include "sched.h"

static unsigned list_number(const struct task *t)
{
	return RT_PRIORITIES - 1 - t->se.rt_priority;
}

void rt_init(struct run_queue *rq)
{
	bitmap_zero(rq->rt_map, RT_PRIORITIES);
	for (unsigned i = 0; i < RT_PRIORITIES; i++)
		list_init(&rq->rt[i]);
}

void rt_enqueue(struct run_queue *rq, struct task *t, bool front)
{
	unsigned n = list_number(t);

	if (front)
		list_add(&t->se.rt_node, &rq->rt[n]);
	else
		list_add_tail(&t->se.rt_node, &rq->rt[n]);
	__set_bit(n, rq->rt_map);
}

void rt_dequeue(struct run_queue *rq, struct task *t)
{
	unsigned n = list_number(t);

	list_del(&t->se.rt_node);
	if (list_empty(&rq->rt[n]))
		__clear_bit(n, rq->rt_map);
}

struct task *rt_first(struct run_queue *rq)
{
	unsigned long n = find_first_bit(rq->rt_map, RT_PRIORITIES);

	return n < RT_PRIORITIES ? list_first_entry(&rq->rt[n], struct task, se.rt_node) : NULL;
}

void rt_rotate(struct run_queue *rq, struct task *t)
{
	list_move_tail(&t->se.rt_node, &rq->rt[list_number(t)]);
}
