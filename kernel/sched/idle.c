/*
 * CPUs: their run queues and idle tasks. CPU 0's are static, because it schedules before there is
 * an allocator; another CPU's share pages that are allocated when it starts.
 */
#include "arch/log.h"
#include "lib/string.h"
#include "sched.h"

struct sched_cpu {
	struct run_queue rq;
	struct task idle;
};

struct task idle_tasks_boot;
static struct run_queue boot_run_queue;

static void init_idle_task(struct task *t, unsigned cpu, void *stack)
{
	t->flags = PF_KTHREAD | PF_IDLE;
	t->refs = 1;
	t->stack = stack;
	t->cpus_allowed = cpu_all_mask;
	t->se.policy = SCHED_NORMAL; /* what kernel threads and init inherit */
	t->se.weight = fair_weight(SCHED_NORMAL, 0);
	sched_fork(t, t);
	spin_lock_init(&t->alloc_lock, RANK_FILES);
	list_init(&t->thread_node);
	list_init(&t->notify);
	t->cpu = cpu;
	t->on_cpu = true;
	memcpy(t->comm, "swapper", sizeof("swapper"));
}

static void init_run_queue(struct run_queue *rq, unsigned cpu, struct task *idle)
{
	spin_lock_init(&rq->lock, RANK_RUNQUEUE);
	rq->cpu = cpu;
	rq->curr = rq->idle = idle;
	rq->fair = RB_ROOT_CACHED;
	rq->tick_at = TICK_NEVER;
	rq->started_at = clock_ns();
	rq->rcu_seq = READ_ONCE(rcu_seq);
	rt_init(rq);
	timer_queue_init(&rq->timers);
	run_queues[cpu] = rq;
}

static int prepare_cpu(unsigned cpu)
{
	unsigned order = 0;
	struct sched_cpu *sc;

	while ((PAGE_SIZE << order) < sizeof(*sc))
		order++;
	sc = arch_hooks.table_alloc(order);
	if (!sc)
		return -ENOMEM;
	init_idle_task(&sc->idle, cpu, NULL);
	init_run_queue(&sc->rq, cpu, &sc->idle);
	return 0;
}

/* On the new CPU, on its idle stack, interrupts off. */
static void cpu_started(unsigned cpu)
{
	struct run_queue *rq;

	if (prepare_cpu(cpu)) {
		pr_err("CPU %u: no memory for its run queue\n", cpu);
		arch_halt();
	}
	rq = cpu_rq(cpu);
	this_cpu_write(this_run_queue, rq);
	set_current_thread(&rq->idle->thread);
	rq->idle->se.exec_start = rq->started_at = clock_ns();
	rcu_note(rq);
	cpumask_set(&cpu_online_mask, cpu);
	cpumask_set(&cpu_idle_mask, cpu);
	sched_idle_loop();
}

void sched_init(void)
{
	init_idle_task(&idle_tasks_boot, 0, idle_tasks_boot.stack);
	init_run_queue(&boot_run_queue, 0, &idle_tasks_boot);
	this_cpu_write(this_run_queue, &boot_run_queue);
	set_current_thread(&idle_tasks_boot.thread);
	cpumask_set(&cpu_online_mask, 0);
	sched_set_hooks();
	arch_hooks.cpu_started = cpu_started;
}

void sched_idle_loop(void)
{
	for (;;) {
		irq_disable();
		if (need_resched()) {
			irq_enable();
			schedule();
		} else {
			cpu_idle_wait();
		}
	}
}
