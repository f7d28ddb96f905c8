/*
 * Who used the CPU. Run time is exact (charged at each switch); how it divides into user and system
 * time is sampled at the tick, because a clock read at each system call would cost more than the
 * call. Time that no sample covers is divided like the time that samples do cover; folding it in
 * when it is read keeps both sums from ever going back.
 *
 * Load averages: every 5 seconds the number of tasks that run or wait for the disk enters three
 * exponential means of 1, 5 and 15 minutes. getloadavg(3), proc(5)
 */
#include "lib/div64.h"
#include "sched.h"

#define FIXED_SHIFT 11
#define FIXED_1 (1ul << FIXED_SHIFT)
#define LOAD_PERIOD_NS (5 * NSEC_PER_SEC)
#define LOAD_PERIODS_MAX 720 /* an hour idle: nothing is left of what was before */

/* 2048 * exp(-5s / 1min, 5min, 15min) */
static const unsigned long load_decay[3] = {1884, 2014, 2037};
static DEFINE_SPINLOCK(load_lock, RANK_LEAF);
static unsigned long load_average[3];
static u64 load_next = LOAD_PERIOD_NS;

/* @value's part of @total, taken from @rest. */
static u64 share(u64 rest, u64 value, u64 total)
{
	while (total >> 31) {
		total >>= 1;
		value >>= 1;
	}
	return total ? mul_u64_u32_shr(rest, (u32)div_u64(value << 31, (u32)total), 31) : 0;
}

void account_tick(struct run_queue *rq, bool user, u64 now)
{
	struct task *curr = rq->curr;
	u64 delta = now - curr->time_mark;

	if ((s64)delta <= 0 || curr == rq->idle)
		return;
	curr->time_mark = now;
	if (!user) {
		curr->stime_ns += delta;
		rq->times.system_ns += delta;
	} else {
		curr->utime_ns += delta;
		if (curr->se.nice > 0)
			rq->times.nice_ns += delta;
		else
			rq->times.user_ns += delta;
	}
}

/* => interrupts off; @t's queue is locked and its run time charged up to now */
static struct run_queue *lock_and_charge(struct task *t)
{
	struct run_queue *rq = task_rq_lock(t);

	if (rq->curr == t)
		rq_update_curr(rq, clock_ns());
	return rq;
}

u64 task_runtime_ns(struct task *t)
{
	irqflags_t flags = irq_save();
	struct run_queue *rq = lock_and_charge(t);
	u64 ns = t->se.sum_exec_ns;

	spin_unlock(&rq->lock);
	irq_restore(flags);
	return ns;
}

void task_cputime(struct task *t, u64 *user_ns, u64 *system_ns)
{
	irqflags_t flags = irq_save();
	struct run_queue *rq = lock_and_charge(t);
	u64 known = t->utime_ns + t->stime_ns, rest = t->se.sum_exec_ns - known, user;

	if ((s64)rest > 0) {
		user = known ? share(rest, t->utime_ns, known) : t->flags & PF_KTHREAD ? 0 : rest;
		t->utime_ns += user;
		t->stime_ns += rest - user;
		if (rq->curr == t)
			t->time_mark = t->se.exec_start; /* the next tick's sample begins here */
	}
	*user_ns = t->utime_ns;
	*system_ns = t->stime_ns;
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

static void fold_rest(struct run_queue *rq, u64 now)
{
	struct cpu_times *times = &rq->times;
	u64 known = times->user_ns + times->nice_ns + times->system_ns;
	u64 rest = now - rq->started_at - rq->idle->se.sum_exec_ns - known;
	u64 user, nice;

	if ((s64)rest <= 0)
		return;
	user = share(rest, times->user_ns, known);
	nice = share(rest, times->nice_ns, known);
	times->user_ns += user;
	times->nice_ns += nice;
	times->system_ns += rest - user - nice;
}

void sched_cpu_times(unsigned cpu, struct cpu_times *out)
{
	struct run_queue *rq = cpu < CONFIG_NR_CPUS ? cpu_rq(cpu) : NULL;
	irqflags_t flags;
	u64 now;

	*out = (struct cpu_times){0};
	if (!rq)
		return;
	flags = spin_lock_irqsave(&rq->lock);
	now = clock_ns();
	rq_update_curr(rq, now);
	fold_rest(rq, now);
	*out = rq->times;
	out->idle_ns = rq->idle->se.sum_exec_ns;
	spin_unlock_irqrestore(&rq->lock, flags);
}

unsigned sched_nr_running(void)
{
	unsigned cpu, n = 0;

	for_each_online_cpu(cpu) n += READ_ONCE(cpu_rq(cpu)->nr_running);
	return n;
}

static unsigned long nr_active(void)
{
	long n = 0;
	unsigned cpu;

	for_each_online_cpu(cpu) n += (long)READ_ONCE(cpu_rq(cpu)->nr_running) +
				      READ_ONCE(cpu_rq(cpu)->nr_uninterruptible);
	return n > 0 ? (unsigned long)n : 0;
}

static void load_sample(unsigned long active)
{
	for (unsigned i = 0; i < ARRAY_SIZE(load_average); i++)
		WRITE_ONCE(load_average[i],
			   (load_average[i] * load_decay[i] +
			    active * FIXED_1 * (FIXED_1 - load_decay[i]) + FIXED_1 / 2) >>
				   FIXED_SHIFT);
}

/* => load_lock held. Periods that nobody looked at were idle ones: else there had been a tick. */
static void load_catch_up(u64 now)
{
	unsigned missed = 0;

	while (load_next + LOAD_PERIOD_NS <= now && missed++ < LOAD_PERIODS_MAX) {
		load_sample(0);
		WRITE_ONCE(load_next, load_next + LOAD_PERIOD_NS);
	}
	if (load_next + LOAD_PERIOD_NS <= now)
		WRITE_ONCE(load_next, now);
	load_sample(nr_active());
	WRITE_ONCE(load_next, load_next + LOAD_PERIOD_NS);
}

void loadavg_tick(u64 now)
{
	if (likely((s64)(now - READ_ONCE(load_next)) < 0) || !spin_trylock(&load_lock))
		return;
	if ((s64)(now - load_next) >= 0)
		load_catch_up(now);
	spin_unlock(&load_lock);
}

void sched_loadavg(unsigned long avg[3])
{
	irqflags_t flags = irq_save();

	loadavg_tick(clock_ns());
	irq_restore(flags);
	for (unsigned i = 0; i < ARRAY_SIZE(load_average); i++)
		avg[i] = READ_ONCE(load_average[i]);
}
