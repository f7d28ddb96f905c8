/*
 * Switching tasks, and waking them.
 *
 * A sleeper sets its state, looks at its condition once more, and calls schedule(), which takes it
 * off the queue under the queue's lock. A waker makes the condition true, then looks at the state.
 * Both are full barriers, so one of them sees the other. The waker then finds the task in one of
 * three places:
 *
 *   on_rq            it has not got to sleep: set its state back, under its queue's lock
 *   !on_rq, on_cpu   it is being switched from: wait until its CPU has left its stack
 *   !on_rq, !on_cpu  asleep: choose a CPU, put it on that queue
 *
 * wake_lock keeps two wakers apart; only its holder changes the cpu of a task that is off
 * the queues. The run queue's lock is held across the switch: taken by prev, released by
 * next (finish_switch), so that whoever holds it never sees a task that is both waiting
 * and still on_cpu.
 */
#include "arch/log.h"
#include "lib/atomic.h"
#include "fair.h"

struct run_queue *run_queues[CONFIG_NR_CPUS];
DEFINE_PER_CPU(struct run_queue *, this_run_queue);
void (*sched_switch_mm)(struct task *prev, struct task *next);
bool (*task_fatal_signal_pending)(const struct task *t);
void (*task_free)(struct task *t);
void (*task_left_stack)(struct task *t);

/* ------------------------------------------------------------------------------------------- */
/* Queues                                                                                        */

struct run_queue *task_rq_lock(struct task *t)
{
	for (;;) {
		struct run_queue *rq = cpu_rq(READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == atomic_read_acquire(&t->cpu)))
			return rq;
		spin_unlock(&rq->lock);
	}
}

void rq_lock_two(struct run_queue *a, struct run_queue *b)
{
	spin_lock(a->cpu < b->cpu ? &a->lock : &b->lock);
	spin_lock_nested(a->cpu < b->cpu ? &b->lock : &a->lock);
}

/* => @curr is rq->curr */
static __always_inline void update_curr(struct run_queue *rq, struct task *curr, u64 now)
{
	u64 delta = now - curr->se.exec_start;

	rq->clock = now;
	rq->clock_cycles = (u32)cycles_now();
	if ((s64)delta <= 0)
		return;
	curr->se.exec_start = now;
	curr->se.sum_exec_ns += delta;
	if (curr->se.on_rq && !task_is_rt(curr))
		curr->se.vruntime += fair_virtual(delta, curr->se.weight);
}

void rq_update_curr(struct run_queue *rq, u64 now)
{
	update_curr(rq, rq->curr, now);
}

u64 rq_clock(struct run_queue *rq)
{
	if ((u32)cycles_now() - rq->clock_cycles > FRESH_CYCLES)
		rq_update_curr(rq, clock_ns());
	return rq->clock;
}

static __always_inline void activate(struct run_queue *rq, struct task *t)
{
	t->se.on_rq = true;
	WRITE_ONCE(rq->nr_running, rq->nr_running + 1); /* read by other CPUs without the lock */
	if (unlikely(task_is_rt(t))) {
		rq->rt_running++;
		rt_enqueue(rq, t, false);
	} else {
		rq->fair_running++;
		fair_enqueue(rq, t);
	}
}

void rq_activate(struct run_queue *rq, struct task *t)
{
	activate(rq, t);
}

static __always_inline void deactivate(struct run_queue *rq, struct task *t)
{
	t->se.on_rq = false;
	WRITE_ONCE(rq->nr_running, rq->nr_running - 1);
	if (unlikely(task_is_rt(t))) {
		rq->rt_running--;
		rt_dequeue(rq, t);
	} else {
		rq->fair_running--;
		if (t != rq->curr)
			fair_dequeue(rq, t);
	}
}

void rq_deactivate(struct run_queue *rq, struct task *t)
{
	deactivate(rq, t);
}

void rq_resched(struct run_queue *rq)
{
	u32 *work = &rq->curr->thread.work;

	if (atomic_read(work) & WORK_RESCHED)
		return;
	atomic_or(work, WORK_RESCHED);
	if (rq != this_rq())
		ipi_reschedule(rq->cpu);
}

void rq_tick_within(struct run_queue *rq, u64 now, u32 ns)
{
	if ((s64)(rq->tick_at - now) <= (s64)ns)
		return;
	rq->tick_at = now + ns;
	timer_program(rq->tick_at);
}

static inline u32 slice_of(const struct run_queue *rq)
{
	if (rq->nr_running < 2)
		return ALONE_TICK_NS;
	return unlikely(task_is_rt(rq->curr)) ? RR_SLICE_NS : fair_slice(rq);
}

static inline bool preempts(const struct run_queue *rq, const struct task *t)
{
	const struct task *curr = rq->curr;

	if (curr == rq->idle)
		return true;
	if (unlikely((unsigned)task_is_rt(t) | (unsigned)task_is_rt(curr)))
		return t->se.rt_priority > curr->se.rt_priority;
	return fair_preempts(t, curr);
}

static __always_inline void check_preempt(struct run_queue *rq, struct task *t, u64 now)
{
	if (preempts(rq, t))
		rq_resched(rq);
	else if (rq == this_rq())
		rq_tick_within(rq, now, slice_of(rq));
}

void rq_check_preempt(struct run_queue *rq, struct task *t, u64 now)
{
	check_preempt(rq, t, now);
}

/* ------------------------------------------------------------------------------------------- */
/* Waking                                                                                        */

void set_special_state(unsigned state)
{
	irqflags_t flags = spin_lock_irqsave(&current->wake_lock);

	WRITE_ONCE(current->state, state);
	spin_unlock_irqrestore(&current->wake_lock, flags);
}

/* True: it was still on a queue, and stays there. => wake_lock held */
static bool wake_queued(struct task *t)
{
	struct run_queue *rq = task_rq_lock(t);
	bool queued = t->se.on_rq;

	if (queued)
		WRITE_ONCE(t->state, TASK_RUNNING);
	spin_unlock(&rq->lock);
	return queued;
}

/*
 * From now on the vruntime of @t is its distance from the minimum of the queue that it slept on.
 * => wake_lock held, @t on no queue, none locked
 */
static noinline void leave_queue(struct task *t)
{
	struct run_queue *rq = cpu_rq(t->cpu);

	spin_lock(&rq->lock);
	t->se.vruntime -= rq->min_vruntime;
	spin_unlock(&rq->lock);
}

/*
 * On @rq again, or for the first time: then its vruntime is a distance from the queue's minimum.
 * => wake_lock held, @t on no queue and on no CPU
 */
static __always_inline void put_on(struct run_queue *rq, struct task *t, bool first)
{
	spin_lock(&rq->lock);
	rq_clock(rq);
	if (t->state & TASK_UNINTERRUPTIBLE)
		WRITE_ONCE(rq->nr_uninterruptible, rq->nr_uninterruptible - 1);
	if (unlikely(first)) {
		t->se.vruntime += rq->min_vruntime;
		atomic_set_release(&t->cpu, rq->cpu);
	}
	WRITE_ONCE(t->state, TASK_RUNNING);
	fair_limit(rq, t);
	activate(rq, t);
	check_preempt(rq, t, rq->clock);
	spin_unlock(&rq->lock);
}

/* => as put_on() */
static __always_inline void wake_asleep(struct task *t)
{
	struct run_queue *rq = cpu_rq(nr_cpus < 2 ? t->cpu : select_cpu(t, false));
	bool moves = rq->cpu != t->cpu;

	if (unlikely(moves)) {
		leave_queue(t);
		note_move(t);
	}
	put_on(rq, t, moves);
}

bool wake_up_state(struct task *t, unsigned mask)
{
	irqflags_t flags;
	bool woken = false;

	if (t == current) { /* between setting its state and schedule(), perhaps in an interrupt */
		if (!(READ_ONCE(t->state) & mask))
			return false;
		WRITE_ONCE(t->state, TASK_RUNNING);
		return true;
	}
	flags = spin_lock_irqsave(&t->wake_lock); /* the exchange in it is the waker's barrier */
	if (READ_ONCE(t->state) & mask) {
		woken = true;
		smp_rmb(); /* state before on_rq: schedule() writes them in the other order */
		if (!READ_ONCE(t->se.on_rq) || !wake_queued(t)) {
			while (atomic_read_acquire(&t->on_cpu))
				cpu_relax();
			wake_asleep(t);
		}
	}
	spin_unlock_irqrestore(&t->wake_lock, flags);
	return woken;
}

bool wake_up_task(struct task *t)
{
	return wake_up_state(t, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}

bool task_hold_asleep(struct task *t, irqflags_t *irq)
{
	*irq = spin_lock_irqsave(&t->wake_lock);
	if (t != current && READ_ONCE(t->state) != TASK_RUNNING) {
		smp_rmb(); /* as in wake_up_state() */
		if (!READ_ONCE(t->se.on_rq) && !atomic_read_acquire(&t->on_cpu))
			return true;
	}
	spin_unlock_irqrestore(&t->wake_lock, *irq);
	return false;
}

void task_let_go(struct task *t, irqflags_t irq)
{
	spin_unlock_irqrestore(&t->wake_lock, irq);
}

void sched_fork(struct task *child, struct task *parent)
{
	u64 now = clock_ns();

	child->state = TASK_RUNNING;
	child->cpu = smp_cpu_id();
	child->on_cpu = false;
	spin_lock_init(&child->wake_lock, RANK_TASK);
	child->cpus_allowed = parent->cpus_allowed;
	child->se = (struct sched_entity){
		.exec_start = now,
		.weight = parent->se.weight,
		.policy = parent->se.policy,
		.nice = parent->se.nice,
		.rt_priority = parent->se.rt_priority,
	};
	child->utime_ns = child->stime_ns = 0;
	child->nvcsw = child->nivcsw = 0;
	child->start_time_ns = now;
	child->time_mark = now;
#ifdef CONFIG_DEBUG_LOCKS
	child->held_count = 0;
#endif
}

void wake_up_new_task(struct task *t)
{
	irqflags_t flags = spin_lock_irqsave(&t->wake_lock);

	t->se.vruntime = SLICE_MIN_NS; /* behind those who wait already */
	put_on(cpu_rq(nr_cpus < 2 ? t->cpu : select_cpu(t, true)), t, true);
	spin_unlock_irqrestore(&t->wake_lock, flags);
}

/* ------------------------------------------------------------------------------------------- */
/* Switching                                                                                     */

bool need_resched(void)
{
	return atomic_read(&current->thread.work) & WORK_RESCHED;
}

/* It runs no longer, and may not wait here: put it where it may. */
static noinline void send_away(struct task *t)
{
	irqflags_t flags = spin_lock_irqsave(&t->wake_lock);

	wake_asleep(t);
	spin_unlock_irqrestore(&t->wake_lock, flags);
}

/* Its last switch is over. */
static noinline void bury(struct task *t)
{
	if (task_left_stack)
		task_left_stack(t);
	task_put(t);
}

/*
 * The first thing after a switch, in the context of the task that runs now. Interrupts
 * on at the end.
 */
static void finish_switch(struct task *prev)
{
	/* not the queue from before the switch: we may have moved */
	struct run_queue *rq = this_rq();
	struct task *leaving = rq->leaving;
	bool dead = prev->state == TASK_DEAD;

	rq->leaving = NULL;
	atomic_set_release(&prev->on_cpu, false);
	spin_unlock(&rq->lock);
	irq_enable();
	if (unlikely(leaving))
		send_away(leaving);
	if (unlikely(dead))
		bury(prev);
}

/*
 * Take prev off the queue if it wants to sleep. True: it is a fair task that goes on. => rq
 * locked
 */
static __always_inline bool put_prev(struct run_queue *rq, struct task *prev, bool may_sleep)
{
	unsigned state = may_sleep ? READ_ONCE(prev->state) : TASK_RUNNING;

	if (prev == rq->idle) {
		prev->state = TASK_RUNNING; /* the boot context polls instead of sleeping */
		return false;
	}
	if (state != TASK_RUNNING && signal_pending_state(state, prev)) {
		WRITE_ONCE(prev->state, TASK_RUNNING);
		state = TASK_RUNNING;
	}
	if (state != TASK_RUNNING) {
		if (state & TASK_UNINTERRUPTIBLE)
			WRITE_ONCE(rq->nr_uninterruptible, rq->nr_uninterruptible + 1);
		prev->nvcsw++;
		deactivate(rq, prev);
		return false;
	}
	if (unlikely(!cpumask_test(&prev->cpus_allowed, rq->cpu)) && !prev->kmap.idx) {
		rq_deactivate(rq, prev);
		rq->leaving = prev;
		return false;
	}
	return !task_is_rt(prev);
}

/*
 * Who runs next, off the fair queue. @waiting: prev, which goes on and is on no queue yet, or NULL;
 * the tree is mostly empty when it comes to it last. => rq locked, prev put
 */
static __always_inline struct task *pick_next(struct run_queue *rq, struct task *waiting)
{
	struct task *next;

	if (unlikely(!rq->nr_running) && (nr_cpus < 2 || !pull_task(rq)))
		return rq->idle;
	if (unlikely(rq->rt_running)) {
		if (waiting)
			fair_enqueue(rq, waiting);
		return rt_first(rq);
	}
	next = fair_first(rq);
	if (waiting && (!next || vruntime_before(waiting->se.vruntime, next->se.vruntime))) {
		fair_note_min(rq, waiting);
		return waiting;
	}
	fair_note_min(rq, next);
	fair_dequeue(rq, next);
	if (waiting)
		fair_enqueue(rq, waiting);
	return next;
}

static inline void set_tick(struct run_queue *rq, struct task *next, u64 now)
{
	if (next == rq->idle)
		rq->tick_at = TICK_NEVER;
	else
		rq_tick_within(rq, now, slice_of(rq));
}

static void mark_idle(const struct run_queue *rq, bool idle)
{
	if (nr_cpus < 2)
		return;
	if (idle)
		cpumask_set(&cpu_idle_mask, rq->cpu);
	else
		cpumask_unset(&cpu_idle_mask, rq->cpu);
}

static inline void switch_to(struct run_queue *rq, struct task *prev, struct task *next, u64 now)
{
	rq->curr = next;
	rq->times.switches++;
	next->se.exec_start = now;
	next->time_mark = now;
	WRITE_ONCE(next->on_cpu, true);
	if (prev == rq->idle || next == rq->idle)
		mark_idle(rq, next == rq->idle);
	if (sched_switch_mm &&
	    (prev->mm != next->mm || !next->mm || prev->kmap.idx || next->kmap.idx))
		sched_switch_mm(prev, next);
	finish_switch((struct task *)arch_switch_to(&prev->thread, &next->thread));
}

static __always_inline void schedule_common(bool may_sleep)
{
	struct task *prev = current, *next;
	struct run_queue *rq;
	u64 now;

	assert_may_sleep();
	irq_disable();
	rq = this_rq();
	spin_lock(&rq->lock);
	if (atomic_read(&prev->thread.work) & WORK_RESCHED)
		atomic_and(&prev->thread.work, ~WORK_RESCHED);
	rcu_note(rq);
	now = clock_ns();
	update_curr(rq, prev, now);
	next = pick_next(rq, put_prev(rq, prev, may_sleep) ? prev : NULL);
	set_tick(rq, next, now);
	if (likely(next != prev)) {
		if (prev->se.on_rq)
			prev->nivcsw++;
		if (prev->rseq && regs_syscall_nr(arch_thread_regs(&prev->thread)) == -1)
			atomic_or(&prev->thread.work, WORK_RSEQ);
		switch_to(rq, prev, next, now);
		return;
	}
	/* a waker may have claimed this CPU for a task that another one took */
	if (next == rq->idle)
		mark_idle(rq, true);
	spin_unlock(&rq->lock);
	irq_enable();
}

static void thread_started(struct arch_thread *prev)
{
	finish_switch((struct task *)prev);
}

void schedule(void)
{
	schedule_common(true);
}

/* Whatever state the task has set: it may be in the middle of looking at its condition. */
static noinline void give_way(void)
{
	schedule_common(false);
}

void cond_resched(void)
{
	if (unlikely(need_resched()))
		give_way();
}

void sched_exit(void)
{
	current->flags |= PF_EXITING;
	set_special_state(TASK_DEAD);
	schedule();
	BUG();
}

/* ------------------------------------------------------------------------------------------- */
/* Interrupts                                                                                    */

void sched_tick(bool user, u64 now)
{
	struct run_queue *rq = this_rq();
	struct task *curr = rq->curr;

	if (now < rq->tick_at)
		return;
	spin_lock(&rq->lock);
	account_tick(rq, user, now);
	rq_update_curr(rq, now);
	if (rb_empty_root(&rq->fair.root) && curr->se.on_rq && !task_is_rt(curr))
		fair_note_min(rq, curr);
	if (rq->nr_running > 1) {
		if (curr->se.policy == SCHED_RR)
			rt_rotate(rq, curr);
		if (curr->se.policy != SCHED_FIFO)
			rq_resched(rq);
		kick_idle_cpu(rq);
	}
	rq->tick_at = now + slice_of(rq);
	spin_unlock(&rq->lock);
	balance_tick(rq, now);
	loadavg_tick(now);
}

static void stop_this_cpu(void)
{
	irq_disable();
	arch_halt();
}

/* What the sender wants is in memory: WORK_RESCHED is set, or a grace period waits for this CPU. */
static void reschedule_interrupt(void)
{
	struct run_queue *rq = this_rq();

	if (unlikely(panic_in_progress))
		stop_this_cpu();
	if (rcu_behind(rq))
		atomic_or(&current->thread.work, WORK_RESCHED);
}

static void user_work(struct regs *regs)
{
	(void)regs;
	cond_resched();
}

void sched_set_hooks(void)
{
	arch_hooks.timer = timer_interrupt;
	arch_hooks.reschedule = reschedule_interrupt;
	arch_hooks.thread_started = thread_started;
	if (!arch_hooks.user_work)
		arch_hooks.user_work = user_work; /* until signals come */
}

/* ------------------------------------------------------------------------------------------- */
/* References                                                                                    */

void task_get(struct task *t)
{
	atomic_inc(&t->refs);
}

static void free_after_grace_period(struct rcu_head *head)
{
	task_free(container_of(head, struct task, rcu));
}

void task_put(struct task *t)
{
	if (atomic_dec_and_test(&t->refs))
		call_rcu(&t->rcu, free_after_grace_period);
}
