/*
 * Who runs where. A task that wakes goes to an idle CPU if there is one, its own first; a CPU that
 * runs out of work takes a waiting task from the busiest queue; at each tick a CPU with waiting
 * tasks wakes an idle one, which will do so; and now and then a busy CPU takes a task from one that
 * has at least two more.
 *
 * A pointer of kmap_local is an address of one CPU: a task that holds one stays there, whatever its
 * affinity says meanwhile.
 *
 * cpu_idle_mask is a hint: a waker claims an idle CPU by clearing its bit, so that two wakers do
 * not choose the same one; the CPU sets it again when it finds nothing to do.
 */
#include "fair.h"

cpumask_t cpu_online_mask;
cpumask_t cpu_idle_mask;
const cpumask_t cpu_all_mask = {{[0 ... ARRAY_SIZE(((cpumask_t *)0)->bits) - 1] = ~0UL}};

#define BALANCE_NS (32 * NSEC_PER_MSEC)
#define PULL_TRIES 8 /* waiting tasks to look at: most may run anywhere */

static bool claim(unsigned cpu)
{
	return cpumask_test(&cpu_idle_mask, cpu) && test_and_clear_bit(cpu, cpu_idle_mask.bits);
}

static unsigned claim_any(const cpumask_t *allowed)
{
	unsigned cpu;

	for_each_cpu(cpu, &cpu_idle_mask)
		if (cpumask_test(allowed, cpu) && claim(cpu))
			return cpu;
	return CONFIG_NR_CPUS;
}

static unsigned shortest_queue(const cpumask_t *allowed, unsigned best)
{
	unsigned cpu;

	if (!cpumask_test(allowed, best) || !cpumask_test(&cpu_online_mask, best))
		best = CONFIG_NR_CPUS;
	for_each_online_cpu(cpu)
	{
		if (!cpumask_test(allowed, cpu))
			continue;
		if (best == CONFIG_NR_CPUS ||
		    READ_ONCE(cpu_rq(cpu)->nr_running) < READ_ONCE(cpu_rq(best)->nr_running))
			best = cpu;
	}
	return best;
}

unsigned select_cpu(struct task *t, bool new)
{
	unsigned cpu = t->cpu, idle;

	if (t->kmap.idx)
		return cpu;
	if (cpumask_test(&t->cpus_allowed, cpu)) {
		if (claim(cpu))
			return cpu;
		idle = claim_any(&t->cpus_allowed);
		if (idle < CONFIG_NR_CPUS)
			return idle;
		if (!new)
			return cpu;
	}
	return shortest_queue(&t->cpus_allowed, cpu);
}

static struct run_queue *busiest_queue(const struct run_queue *except)
{
	struct run_queue *busiest = NULL;
	unsigned cpu, most = 1;

	for_each_online_cpu(cpu)
	{
		struct run_queue *rq = cpu_rq(cpu);

		if (rq != except && READ_ONCE(rq->nr_running) > most) {
			busiest = rq;
			most = READ_ONCE(rq->nr_running);
		}
	}
	return busiest;
}

static bool may_move(const struct task *t, unsigned cpu)
{
	return cpumask_test(&t->cpus_allowed, cpu) && !t->kmap.idx;
}

static struct task *waiting_fair(struct run_queue *from, unsigned cpu)
{
	struct rb_node *node = rb_last(&from->fair.root);

	for (unsigned i = 0; node && i < PULL_TRIES; i++, node = rb_prev(node)) {
		struct task *t = rb_entry(node, struct task, se.node);

		if (may_move(t, cpu))
			return t;
	}
	return NULL;
}

static struct task *waiting_rt(struct run_queue *from, unsigned cpu)
{
	unsigned n;

	for_each_set_bit(n, from->rt_map, RT_PRIORITIES)
	{
		struct task *t;

		list_for_each_entry(t, &from->rt[n], se.rt_node)
			if (t != from->curr && !t->on_cpu && may_move(t, cpu))
				return t;
	}
	return NULL;
}

/* => both locked */
static void move_task(struct task *t, struct run_queue *from, struct run_queue *to)
{
	rq_deactivate(from, t);
	__atomic_store_n(&t->cpu, to->cpu, __ATOMIC_RELEASE);
	note_move(t);
	fair_place(to, t, (s64)(t->se.vruntime - from->min_vruntime));
	rq_activate(to, t);
}

/* Take a waiting task if @from has at least @surplus more than we. => both locked */
static void pull_from(struct run_queue *from, struct run_queue *rq, unsigned surplus)
{
	struct task *t;

	if (from->nr_running < 2 || from->nr_running < rq->nr_running + surplus)
		return;
	t = waiting_rt(from, rq->cpu);
	if (!t)
		t = waiting_fair(from, rq->cpu);
	if (t)
		move_task(t, from, rq);
}

bool pull_task(struct run_queue *rq)
{
	struct run_queue *from = busiest_queue(rq);

	if (!from)
		return false;
	spin_unlock(&rq->lock);
	rq_lock_two(rq, from);
	if (!rq->nr_running)
		pull_from(from, rq, 1);
	spin_unlock(&from->lock);
	return rq->nr_running;
}

void balance_tick(struct run_queue *rq, u64 now)
{
	struct run_queue *from;

	if (nr_cpus < 2 || now - rq->balanced_at < BALANCE_NS)
		return;
	rq->balanced_at = now;
	from = busiest_queue(rq);
	if (!from || READ_ONCE(from->nr_running) < READ_ONCE(rq->nr_running) + 2)
		return;
	rq_lock_two(rq, from);
	pull_from(from, rq, 2);
	spin_unlock(&from->lock);
	spin_unlock(&rq->lock);
}

void kick_idle_cpu(struct run_queue *rq)
{
	unsigned cpu;

	if (nr_cpus < 2 || rq->nr_running < 2)
		return;
	cpu = cpumask_next(-1, &cpu_idle_mask);
	if (cpu >= CONFIG_NR_CPUS || !claim(cpu))
		return;
	/* Its idle task's work flag can be set without its queue's lock: curr is not looked at. */
	__atomic_fetch_or(&cpu_rq(cpu)->idle->thread.work, WORK_RESCHED, __ATOMIC_SEQ_CST);
	ipi_reschedule(cpu);
}
