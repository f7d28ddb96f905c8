/*
 * The scheduler's own structures. Private to sched/.
 *
 * Each CPU has a run queue. Its lock guards the queue and the (r) fields of every task on it; a
 * task's cpu says which queue that is. core.c has the two halves of the protocol (schedule and
 * wake-up), fair.c and rt.c the two classes, balance.c who runs where.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/atomic.h"
#include "lib/bitmap.h"
#include "sched/cpumask.h"
#include "sched/task.h"
#include <linux/sched.h>

#define SCHED_LATENCY_NS 12000000u          /* everybody's turn should come within this ... */
#define SLICE_MIN_NS 2000000u               /* ... unless that makes slices shorter than this */
#define WAKEUP_BONUS_NS (3 * NSEC_PER_MSEC) /* how far ahead of the queue a sleeper may come back */
#define WAKEUP_MARGIN_NS NSEC_PER_MSEC      /* it preempts only if it is ahead by more than this */
#define RR_SLICE_NS 100000000u
#define ALONE_TICK_NS 10000000u /* a task alone on its CPU is sampled so often */

#define FRESH_CYCLES 100000u /* some 50 us */

#define NICE_0_WEIGHT 1024
#define RT_PRIORITIES 100

#define TICK_NEVER (1ULL << 62)

/* Armed timers of a CPU; timer.c. */
struct timer_queue {
	spinlock_t lock;              /* RANK_TIMER, interrupts off: guards all but programmed */
	struct rb_root_cached timers; /* by expires */
	struct timer *running;        /* whose function is being called */
	u64 programmed; /* this CPU only: when the machine's timer fires; 0: it is being served */
};

struct run_queue {
	spinlock_t lock; /* RANK_RUNQUEUE, interrupts off; handed over across the switch */
	unsigned cpu;
	unsigned nr_running; /* runnable tasks, the running one too, the idle task never */
	struct task *curr, *idle;
	struct task *leaving; /* just switched from, and not allowed on this CPU any more */

	struct rb_root_cached fair; /* waiting tasks by vruntime; the running one is not in it */
	u64 min_vruntime;           /* never goes back */
	unsigned fair_running;      /* fair tasks, the running one too */

	unsigned rt_running;
	DECLARE_BITMAP(rt_map,
		       RT_PRIORITIES); /* lists that are not empty; bit 0: the highest priority */
	struct list_head rt[RT_PRIORITIES]; /* the running one stays on its list */

	u64 tick_at;     /* this CPU only: when curr is looked at again, TICK_NEVER when idle */
	u64 balanced_at; /* this CPU only: when it last looked for a longer queue */
	u32 rcu_seq;     /* the grace period that this CPU has last let pass */
	long nr_uninterruptible; /* meaningful as a sum over all CPUs */
	/* sampled; what is neither in them nor idle is not yet known to be which */
	struct cpu_times times;
	u64 clock;        /* clock_ns() when curr was last charged ... */
	u32 clock_cycles; /* ... and the cycle counter */
	u64 started_at;   /* clock_ns() when this CPU began to schedule */
	struct timer_queue timers;
};

/* NULL: no such CPU. */
extern struct run_queue *run_queues[CONFIG_NR_CPUS];
DECLARE_PER_CPU(struct run_queue *, this_run_queue);
/* CPUs that run their idle task and are not meant for a task yet. */
extern cpumask_t cpu_idle_mask;

static inline struct run_queue *this_rq(void)
{
	return this_cpu_read(this_run_queue);
}

static inline struct run_queue *cpu_rq(unsigned cpu)
{
	return run_queues[cpu];
}

/* @t will run on another CPU: rseq(2) has to say so. */
static inline void note_move(struct task *t)
{
	if (t->rseq)
		atomic_or(&t->thread.work, WORK_RSEQ);
}

static inline bool task_is_rt(const struct task *t)
{
	return t->se.rt_priority;
}

/* The queue of @t, locked; it cannot change while the task is on it and the lock is held.
 * => interrupts off */
struct run_queue *task_rq_lock(struct task *t);
/* Two queues, in order of their CPU numbers. => interrupts off, neither held */
void rq_lock_two(struct run_queue *a, struct run_queue *b);
/* Charge curr for the time since it was last charged. => rq locked */
void rq_update_curr(struct run_queue *rq, u64 now);
/*
 * The time, at most FRESH_CYCLES old; curr is charged up to it. Reading the clock costs ten times
 * as much as reading the cycle counter. => rq locked
 */
u64 rq_clock(struct run_queue *rq);
/* Put @t on @rq, take it off. => rq locked, @t not running (activate), any (deactivate) */
void rq_activate(struct run_queue *rq, struct task *t);
void rq_deactivate(struct run_queue *rq, struct task *t);
/* Let curr give way soon if @t, just activated, deserves the CPU more. => rq locked */
void rq_check_preempt(struct run_queue *rq, struct task *t, u64 now);
/* => rq locked */
void rq_resched(struct run_queue *rq);
/* Let this CPU's tick come within @ns. => this CPU's queue locked */
void rq_tick_within(struct run_queue *rq, u64 now, u32 ns);

/* fair.c; => rq locked */
extern const u32 nice_weights[40];
u32 fair_weight(int policy, int nice);
void fair_yield(struct run_queue *rq, struct task *curr);

/* rt.c; => rq locked */
void rt_init(struct run_queue *rq);
void rt_enqueue(struct run_queue *rq, struct task *t, bool front);
void rt_dequeue(struct run_queue *rq, struct task *t);
struct task *rt_first(struct run_queue *rq);
void rt_rotate(struct run_queue *rq, struct task *t);

/* balance.c */
/* Where @t, which wakes up or is new, should run; claims an idle CPU. => t->wake_lock held */
unsigned select_cpu(struct task *t, bool new);
/* This CPU has nothing to do: take a waiting task from the busiest one. => rq locked; it may be
 * unlocked for a while. True: there is something to run now. */
bool pull_task(struct run_queue *rq);
/*
 * At a tick, now and then: take a task from a CPU that has two more than we. => rq not locked,
 * interrupts off
 */
void balance_tick(struct run_queue *rq, u64 now);
/* At a tick: an idle CPU may take one of our waiting tasks. => rq locked */
void kick_idle_cpu(struct run_queue *rq);

/* account.c */
void account_tick(struct run_queue *rq, bool user, u64 now);
void loadavg_tick(u64 now);

/* timer.c */
void timer_queue_init(struct timer_queue *q);
/* The machine timer of this CPU must fire at @when at the latest. => interrupts off */
void timer_program(u64 when);

/* core.c: what the timer interrupt means to the running task. Interrupts off. */
void sched_tick(bool user, u64 now);
void sched_set_hooks(void);

/* rcu.c */
extern u32 rcu_seq; /* counts grace periods asked for */

/* This CPU holds no reference that an RCU reader may hold. */
static inline void rcu_note(struct run_queue *rq)
{
	__atomic_store_n(&rq->rcu_seq, __atomic_load_n(&rcu_seq, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

static inline bool rcu_behind(const struct run_queue *rq)
{
	return READ_ONCE(rq->rcu_seq) != READ_ONCE(rcu_seq);
}

/* Start the thread that runs the callbacks. */
void rcu_start(void);

#endif
