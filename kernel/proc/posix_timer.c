/*
 * POSIX timers: timer_create(2). Each has one signal_queue entry from its birth, so that firing
 * never allocates. A periodic timer is set again only when its signal has been taken; the periods
 * that went by meanwhile are the overrun count. So a timer of 1 ns costs the program, not the
 * kernel.
 *
 * All state under the process's siglock; the timers on CPU clocks are looked at by itimer.c.
 */
#include "proc/clock.h"
#include "proc/internal.h"
#include "lib/div64.h"
#include "mm/slab.h"

#define TIMER_ID_MAX 0x7fffffffu
#define IGNORED_PERIOD_MIN \
	(NSEC_PER_SEC / CONFIG_HZ) /* nobody takes the signal: do not fire more often */

struct posix_timer {
	int id, clock;
	struct process *process;
	struct task *thread;            /* SIGEV_THREAD_ID: referenced */
	struct task *clocked;           /* CLOCK_THREAD_CPUTIME_ID: whose time it is; referenced */
	struct signal_queue *signal;    /* NULL: SIGEV_NONE */
	struct timer timer;             /* of wall clocks */
	struct list_head node;          /* it->timers */
	struct list_head cpu_node;      /* it->cpu_timers while armed */
	struct list_head realtime_node; /* realtime_timers while armed for a time of day */
	u64 expires, interval;          /* in the clock's time; 0: not armed */
	u32 overrun;                    /* of the signal taken last */
};

/* Timers to be looked at when the time of day is set. Inside siglock. */
static DEFINE_SPINLOCK(realtime_lock, RANK_DEVICE);
static LIST_HEAD(realtime_timers);

static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

/* ---- arming ---- */

static void disarm(struct posix_timer *t)
{
	list_del_init(&t->cpu_node);
	spin_lock(&realtime_lock);
	list_del_init(&t->realtime_node);
	spin_unlock(&realtime_lock);
	timer_cancel(&t->timer);
}

/* => siglock held */
static void arm(struct posix_timer *t, bool time_of_day)
{
	if (!t->signal)
		return;
	if (is_cpu_clock(t->clock)) {
		list_del_init(&t->cpu_node);
		list_add_tail(&t->cpu_node, &t->process->itimers->cpu_timers);
	} else if (time_of_day) {
		spin_lock(&realtime_lock);
		list_del_init(&t->realtime_node);
		list_add_tail(&t->realtime_node, &realtime_timers);
		timer_set(&t->timer, realtime_to_clock(t->expires));
		spin_unlock(&realtime_lock);
	} else {
		timer_set(&t->timer, t->expires);
	}
}

static bool is_time_of_day(const struct posix_timer *t)
{
	return !list_empty(&t->realtime_node);
}

static u64 now_of(const struct posix_timer *t)
{
	struct usage usage;

	if (t->clock == CLOCK_THREAD_CPUTIME_ID)
		return task_runtime_ns(t->clocked);
	if (is_cpu_clock(t->clock)) {
		process_get_usage_locked(t->process, &usage);
		return usage.utime_ns + usage.stime_ns;
	}
	return is_time_of_day(t) ? realtime_ns() : clock_ns();
}

/* Past @now by whole periods: how many were skipped. */
static u32 forward(struct posix_timer *t, u64 now)
{
	u64 missed = now > t->expires ? (now - t->expires) / t->interval : 0;

	t->expires += (missed + 1) * t->interval;
	return (u32)MIN(missed, (u64)0x7fffffff);
}

/* ---- firing ---- */

/* => siglock held */
static void fire(struct posix_timer *t)
{
	bool taken = signal_send_timer_locked(t->process, t->thread, t->signal);

	if (taken || !t->interval) {
		if (!t->interval)
			t->expires = 0;
		return; /* posix_timer_dequeued() goes on */
	}
	forward(t, now_of(t) + IGNORED_PERIOD_MIN);
	arm(t, is_time_of_day(t));
}

static void wall_fired(struct timer *timer)
{
	struct posix_timer *t = container_of(timer, struct posix_timer, timer);
	struct process *p = t->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	if (t->expires && now_of(t) >= t->expires)
		fire(t);
	else if (t->expires)
		arm(t, is_time_of_day(t)); /* the time of day went back */
	spin_unlock_irqrestore(&p->siglock, irq);
}

/* A program takes the signal: *@info gets the overrun, a periodic timer goes on. => siglock held */
void posix_timer_dequeued(struct signal_queue *q, siginfo_t *info)
{
	struct posix_timer *t = q->timer;

	if (t->interval && t->expires) {
		t->overrun = forward(t, now_of(t));
		arm(t, is_time_of_day(t));
		if (is_cpu_clock(t->clock))
			itimers_kick(t->process->itimers);
	} else {
		t->overrun = 0;
	}
	info->si_overrun = (int)t->overrun;
}

void posix_timers_check_cpu(struct itimers *it, u64 process_now, u64 *next)
{
	struct posix_timer *t, *n;

	list_for_each_entry_safe(t, n, &it->cpu_timers, cpu_node) {
		u64 now = t->clock == CLOCK_THREAD_CPUTIME_ID ? now_of(t) : process_now;

		if (now < t->expires) {
			*next = MIN(*next, t->expires - now);
			continue;
		}
		list_del_init(&t->cpu_node);
		fire(t);
	}
}

void posix_timers_clock_was_set(void)
{
	irqflags_t irq = spin_lock_irqsave(&realtime_lock);
	struct posix_timer *t;

	list_for_each_entry(t, &realtime_timers, realtime_node)
		timer_set(&t->timer, realtime_to_clock(t->expires));
	spin_unlock_irqrestore(&realtime_lock, irq);
}

/* ---- creation and end ---- */

static int resolve_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID: return clock;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE: return -EOPNOTSUPP;
	}
	if (clock >= 0 || (clock & 3) == 3)
		return -EINVAL;
	if (clock & 4) /* the thread's own, by number */
		return ~(clock >> 3) == 0 || ~(clock >> 3) == current->pid ? CLOCK_THREAD_CPUTIME_ID
									   : -EINVAL;
	return ~(clock >> 3) == 0 || ~(clock >> 3) == current->tgid ? CLOCK_PROCESS_CPUTIME_ID
								    : -EINVAL;
}

static int prepare_signal(struct posix_timer *t, const struct timer_event *event)
{
	struct signal_queue *q;

	if (event->notify == SIGEV_NONE)
		return 0;
	if (event->signo < 1 || event->signo > _NSIG)
		return -EINVAL;
	q = signal_queue_alloc(current, current->cred, false);
	if (!q)
		return -EAGAIN;
	memset(&q->info, 0, SIGINFO_USED);
	q->info.si_signo = event->signo;
	q->info.si_code = SI_TIMER;
	q->info.si_tid = t->id;
	q->info.si_value.sival_int = (int)event->value;
	q->timer = t;
	t->signal = q;
	return 0;
}

static int check_event(struct posix_timer *t, const struct timer_event *event)
{
	switch (event->notify) {
	case SIGEV_NONE:
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: return 0;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		t->thread = task_find_get(event->thread);
		if (t->thread && t->thread->process == current->process)
			return 0;
	}
	return -EINVAL;
}

static void free_timer(struct posix_timer *t)
{
	struct process *p = t->process;
	irqflags_t irq;

	timer_cancel_sync(&t->timer);
	irq = spin_lock_irqsave(&p->siglock);
	if (t->signal) {
		t->signal->timer = NULL; /* a queued one stays, and is freed when it is taken */
		if (!t->signal->queued)
			signal_queue_release(t->signal);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	if (t->thread)
		task_put(t->thread);
	if (t->clocked)
		task_put(t->clocked);
	kfree(t);
}

static int publish_timer(struct itimers *it, struct posix_timer *t)
{
	irqflags_t irq = spin_lock_irqsave(&it->process->siglock);
	u32 id;
	int err = xa_alloc_cyclic(&it->by_id, &id, t, 0, TIMER_ID_MAX, &it->next_id);

	if (!err) {
		t->id = (int)id;
		if (t->signal)
			t->signal->info.si_tid = t->id;
		list_add_tail(&t->node, &it->timers);
	}
	spin_unlock_irqrestore(&it->process->siglock, irq);
	if (err)
		return -EAGAIN;
	return t->id;
}

int posix_timer_create(int clock, const struct timer_event *event)
{
	struct timer_event alarm = {.notify = SIGEV_SIGNAL, .signo = SIGALRM};
	struct itimers *it = itimers_get(current->process);
	struct posix_timer *t;
	int err;

	clock = resolve_clock(clock);
	if (clock < 0)
		return clock;
	t = it ? kzalloc(sizeof(*t), GFP_KERNEL) : NULL;
	if (!t)
		return -EAGAIN;
	t->clock = clock;
	t->process = current->process;
	timer_init(&t->timer, wall_fired);
	list_init(&t->cpu_node);
	list_init(&t->realtime_node);
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		task_get(current);
		t->clocked = current;
	}
	err = check_event(t, event ? event : &alarm);
	if (!err)
		err = prepare_signal(t, event ? event : &alarm);
	if (!err)
		err = publish_timer(it, t);
	if (err < 0)
		free_timer(t);
	return err;
}

/* NULL: no such timer. => siglock held */
static struct posix_timer *find_timer(int id)
{
	struct itimers *it = current->process->itimers;

	return it && id >= 0 ? xa_load(&it->by_id, (unsigned long)id) : NULL;
}

static void unlink_timer(struct itimers *it, struct posix_timer *t)
{
	xa_erase(&it->by_id, (unsigned long)t->id);
	list_del_init(&t->node);
	t->expires = 0;
	t->interval = 0;
	disarm(t);
}

int posix_timer_delete(int id)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct posix_timer *t = find_timer(id);

	if (t)
		unlink_timer(p->itimers, t);
	spin_unlock_irqrestore(&p->siglock, irq);
	if (!t)
		return -EINVAL;
	free_timer(t);
	return 0;
}

void posix_timers_exit(struct itimers *it)
{
	struct process *p = it->process;
	struct posix_timer *t;
	irqflags_t irq;

	for (;;) {
		irq = spin_lock_irqsave(&p->siglock);
		t = list_first_entry_or_null(&it->timers, struct posix_timer, node);
		if (t)
			unlink_timer(it, t);
		spin_unlock_irqrestore(&p->siglock, irq);
		if (!t)
			return;
		free_timer(t);
	}
}

void posix_timers_exec(struct process *p)
{
	if (p->itimers)
		posix_timers_exit(p->itimers);
}

/* ---- timer_settime, timer_gettime ---- */

static void read_value(struct posix_timer *t, struct itimer_value *out)
{
	u64 now = now_of(t), expires = t->expires;

	*out = (struct itimer_value){t->interval, 0};
	if (!expires)
		return;
	if (t->interval && now >= expires) /* its signal waits to be taken */
		expires += ((now - expires) / t->interval + 1) * t->interval;
	out->value = expires > now ? expires - now : t->signal ? 1 : 0;
}

static void start(struct posix_timer *t, bool absolute, const struct itimer_value *value)
{
	bool time_of_day = absolute && (t->clock == CLOCK_REALTIME || t->clock == CLOCK_TAI);

	disarm(t);
	t->overrun = 0;
	t->interval = value->value ? value->interval : 0;
	t->expires = value->value;
	if (!value->value)
		return;
	if (!absolute)
		t->expires += now_of(t);
	arm(t, time_of_day);
	if (is_cpu_clock(t->clock))
		itimers_kick(t->process->itimers);
}

int posix_timer_set(int id, bool absolute, const struct itimer_value *value,
		    struct itimer_value *old)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct posix_timer *t = find_timer(id);

	if (t) {
		if (old)
			read_value(t, old);
		start(t, absolute, value);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	return t ? 0 : -EINVAL;
}

int posix_timer_get(int id, struct itimer_value *out)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct posix_timer *t = find_timer(id);

	if (t)
		read_value(t, out);
	spin_unlock_irqrestore(&p->siglock, irq);
	return t ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct posix_timer *t = find_timer(id);
	int overrun = t ? (int)t->overrun : -EINVAL;

	spin_unlock_irqrestore(&p->siglock, irq);
	return overrun;
}
