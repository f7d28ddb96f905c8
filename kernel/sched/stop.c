/*
 * Stopping the world. The kernel is not preemptible: when a thread of ours runs on a CPU, whatever
 * ran there before has come to a point where it sleeps, gives the CPU away, or was in user mode. So
 * when one such thread runs on every CPU at once, nobody is in the middle of anything that does not
 * sleep.
 *
 * The threads meet twice: first with interrupts on, because a CPU that is not there yet may wait
 * for an answer from one that is; then with interrupts off. The last to go lets the caller return.
 *
 * Read next: mm/selfcheck.c, the user.
 */
#include "sched/stop.h"
#include "lib/atomic.h"
#include "sched.h"
#include <linux/errno.h>
#include <linux/sched.h>

struct stop {
	void (*fn)(void *arg);
	void *arg;
	struct wait_queue gate;
	bool open;             /* all threads exist, or the whole thing is called off */
	bool off;              /* called off */
	u32 threads;           /* how many */
	u32 arrived, disabled; /* (a) */
	u32 done;              /* (a) */
	struct completion left;
};

struct stopper {
	struct stop *stop;
	unsigned cpu;
};

static DEFINE_MUTEX(stop_lock, RANK_STOP);

static void meet(u32 *count, u32 all)
{
	atomic_inc(count);
	while (atomic_read(count) < all)
		cpu_relax();
}

static void go_to(unsigned cpu)
{
	cpumask_t mask = cpumask_of(cpu);

	while (smp_cpu_id() != cpu) {
		sched_set_affinity(current, &mask);
		schedule();
	}
	sched_set_affinity(current, &mask);
	sched_set_policy(current, SCHED_FIFO, 99);
}

static void stand_still(struct stop *s, bool leader)
{
	irqflags_t flags;

	meet(&s->arrived, s->threads);
	flags = irq_save();
	meet(&s->disabled, s->threads);
	if (leader) {
		s->fn(s->arg);
		atomic_set_release(&s->done, 1);
	}
	while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE))
		cpu_relax();
	irq_restore(flags);
}

static int stopper_main(void *arg)
{
	struct stopper me = *(struct stopper *)arg;
	struct stop *s = me.stop;

	wait_event(&s->gate, READ_ONCE(s->open));
	if (!s->off) {
		go_to(me.cpu);
		stand_still(s, me.cpu == cpumask_next(-1, &cpu_online_mask));
	}
	complete(&s->left);
	return 0;
}

int stop_machine(void (*fn)(void *arg), void *arg)
{
	struct stopper stoppers[CONFIG_NR_CPUS];
	struct stop s = {.fn = fn, .arg = arg};
	unsigned cpu;

	mutex_lock(&stop_lock);
	wait_queue_init(&s.gate);
	completion_init(&s.left);
	for_each_online_cpu(cpu)
	{
		stoppers[cpu] = (struct stopper){&s, cpu};
		if (!kthread_create(stopper_main, &stoppers[cpu], "stopper/%u", cpu)) {
			s.off = true;
			break;
		}
		s.threads++;
	}
	WRITE_ONCE(s.open, true);
	wake_up_all(&s.gate);
	for (u32 i = 0; i < s.threads; i++)
		wait_for_completion(&s.left);
	mutex_unlock(&stop_lock);
	return s.off ? -ENOMEM : 0;
}
