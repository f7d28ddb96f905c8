/*
 * What a user may choose for a task: nice level, policy, CPUs. A task that waits is taken off its
 * queue for the change and put back; a running one changes in place and is looked at again.
 * sched(7), setpriority(2), sched_setscheduler(2), sched_setaffinity(2)
 */
#include "lib/atomic.h"
#include "fair.h"

struct change {
	int policy, rt_priority, nice;
};

/* => rq locked, @t on it. The counts of both classes and the lists stay right. */
static void apply_queued(struct run_queue *rq, struct task *t, const struct change *c)
{
	bool running = rq->curr == t, was_rt = task_is_rt(t);
	u64 now = clock_ns();

	rq_update_curr(rq, now);
	if (running && !task_is_rt(t))
		fair_enqueue(rq, t); /* so that it can be taken off like any other */
	rq->curr = running ? rq->idle : rq->curr;
	rq_deactivate(rq, t);
	t->se.policy = (u8)c->policy;
	t->se.rt_priority = (u8)c->rt_priority;
	t->se.nice = (s8)c->nice;
	t->se.weight = fair_weight(c->policy, c->nice);
	if (was_rt)
		fair_place(rq, t, 0);
	rq_activate(rq, t);
	if (running) {
		rq->curr = t;
		if (!task_is_rt(t))
			fair_dequeue(rq, t);
		rq_resched(rq);
	} else {
		rq_check_preempt(rq, t, now);
	}
}

static void apply(struct task *t, const struct change *c)
{
	irqflags_t flags = spin_lock_irqsave(&t->wake_lock);
	struct run_queue *rq = task_rq_lock(t);

	if (t->se.on_rq) {
		apply_queued(rq, t, c);
	} else {
		t->se.policy = (u8)c->policy;
		t->se.rt_priority = (u8)c->rt_priority;
		t->se.nice = (s8)c->nice;
		t->se.weight = fair_weight(c->policy, c->nice);
	}
	spin_unlock(&rq->lock);
	spin_unlock_irqrestore(&t->wake_lock, flags);
}

int sched_set_policy(struct task *t, int policy, int rt_priority)
{
	bool rt = policy == SCHED_FIFO || policy == SCHED_RR;
	struct change c = {policy, rt_priority, t->se.nice};

	if (!rt && policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (rt ? rt_priority < 1 || rt_priority >= RT_PRIORITIES : rt_priority != 0)
		return -EINVAL;
	apply(t, &c);
	return 0;
}

void sched_set_nice(struct task *t, int nice)
{
	struct change c = {t->se.policy, t->se.rt_priority, MIN(MAX(nice, -20), 19)};

	apply(t, &c);
}

/* A waiting task that may not stay: to the first CPU that it may use. => wake_lock held */
static void move_waiting(struct task *t, struct run_queue *from)
{
	s64 distance = (s64)(t->se.vruntime - from->min_vruntime);
	struct run_queue *to;

	rq_deactivate(from, t);
	spin_unlock(&from->lock); /* off the queues, wake_lock held: nobody else touches it */
	to = cpu_rq(select_cpu(t, true));
	spin_lock(&to->lock);
	__atomic_store_n(&t->cpu, to->cpu, __ATOMIC_RELEASE);
	note_move(t);
	fair_place(to, t, distance);
	rq_activate(to, t);
	rq_check_preempt(to, t, clock_ns());
	spin_unlock(&to->lock);
}

int sched_set_affinity(struct task *t, const cpumask_t *mask)
{
	struct run_queue *rq;
	irqflags_t flags;
	cpumask_t usable;

	cpumask_and(&usable, mask, &cpu_online_mask);
	if (cpumask_empty(&usable))
		return -EINVAL;
	flags = spin_lock_irqsave(&t->wake_lock);
	rq = task_rq_lock(t);
	t->cpus_allowed = *mask;
	if (!t->se.on_rq || cpumask_test(mask, rq->cpu)) {
		spin_unlock(&rq->lock);
	} else if (rq->curr == t) {
		rq_resched(rq); /* schedule() sends it away */
		spin_unlock(&rq->lock);
	} else if (t->kmap.idx) {       /* its own while it runs, steady while it waits */
		spin_unlock(&rq->lock); /* bound to its CPU until it unmaps: schedule(), later */
	} else {
		move_waiting(t, rq);
	}
	spin_unlock_irqrestore(&t->wake_lock, flags);
	if (t == current)
		cond_resched();
	return 0;
}

void sched_yield_current(void)
{
	irqflags_t flags = irq_save();
	struct run_queue *rq = this_rq();

	spin_lock(&rq->lock);
	if (task_is_rt(current))
		rt_rotate(rq, current);
	else if (current != rq->idle)
		fair_yield(rq, current);
	spin_unlock(&rq->lock);
	irq_restore(flags);
	schedule();
}
