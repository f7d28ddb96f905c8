/*
 * RCU. A grace period is a number: rcu_seq is raised, and is over when every CPU has noted the new
 * number (or a later one) in its run queue, which it does where it can hold no reader's reference:
 * in schedule() and when the timer interrupts user code. A CPU that is behind gets an interrupt
 * that makes it schedule; an idle one wakes up for it. (Idle is no quiescent state by itself,
 * because interrupt handlers are readers.)
 *
 * Callbacks wait on one list for a kernel thread, which takes them all at once, so that many share
 * a grace period and a context switch. With one CPU a task that may sleep is the proof itself.
 */
#include "lib/atomic.h"
#include "sched.h"

#define GATHER_NS (2 * NSEC_PER_MSEC) /* let callbacks gather for so long */
#define POLL_NS (200 * NSEC_PER_USEC)

u32 rcu_seq = 1;

static DEFINE_SPINLOCK(callbacks_lock, RANK_LEAF);
static struct rcu_head *callbacks, **callbacks_tail = &callbacks;
static struct task *rcu_thread;
static bool thread_asleep;

void rcu_quiescent(void)
{
	irqflags_t flags = irq_save();

	rcu_note(this_rq());
	irq_restore(flags);
}

/* True when all CPUs have passed @seq; those that have not are told, if @tell. */
static bool all_passed(u32 seq, bool tell)
{
	bool passed = true;
	unsigned cpu;

	for_each_online_cpu(cpu)
	{
		if ((s32)(__atomic_load_n(&cpu_rq(cpu)->rcu_seq, __ATOMIC_ACQUIRE) - seq) >= 0)
			continue;
		passed = false;
		if (tell)
			ipi_reschedule(cpu);
	}
	return passed;
}

void synchronize_rcu(void)
{
	bool tell = true;
	u32 seq;

	assert_may_sleep();
	if (nr_cpus < 2)
		return;
	seq = atomic_inc_return(&rcu_seq);
	rcu_quiescent();
	while (!all_passed(seq, tell)) {
		tell = false;
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_ns() + POLL_NS);
	}
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	irqflags_t flags;
	struct task *wake = NULL;

	head->fn = fn;
	head->next = NULL;
	flags = spin_lock_irqsave(&callbacks_lock);
	*callbacks_tail = head;
	callbacks_tail = &head->next;
	if (thread_asleep) {
		thread_asleep = false;
		wake = rcu_thread;
	}
	spin_unlock_irqrestore(&callbacks_lock, flags);
	if (wake)
		wake_up_task(wake);
}

static struct rcu_head *take_callbacks(void)
{
	irqflags_t flags = spin_lock_irqsave(&callbacks_lock);
	struct rcu_head *list = callbacks;

	callbacks = NULL;
	callbacks_tail = &callbacks;
	if (!list) {
		thread_asleep = true;
		set_current_state(TASK_INTERRUPTIBLE); /* before somebody may see thread_asleep */
	}
	spin_unlock_irqrestore(&callbacks_lock, flags);
	return list;
}

static void run_callbacks(struct rcu_head *list)
{
	while (list) {
		struct rcu_head *head = list;

		list = head->next; /* the function may free it */
		head->fn(head);
		cond_resched();
	}
}

static int rcu_main(void *unused)
{
	(void)unused;
	for (;;) {
		struct rcu_head *list = take_callbacks();

		if (list) {
			synchronize_rcu();
			run_callbacks(list);
			continue;
		}
		schedule();
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_ns() + GATHER_NS);
	}
	return 0;
}

void rcu_start(void)
{
	rcu_thread = kthread_create(rcu_main, NULL, "rcu");
	/* what waits to be freed must not pile up behind hundreds of busy tasks */
	if (rcu_thread)
		sched_set_policy(rcu_thread, SCHED_FIFO, 1);
}
