/*
 * setitimer(2), alarm(2) and RLIMIT_CPU.
 *
 * ITIMER_REAL is a kernel timer. What counts CPU time has none: it->cpu fires when the process,
 * with all its threads running, may have used what is left, looks, and is set again (never sooner
 * than CPU_CHECK_MIN_NS). So nothing is done at each tick, and processes without such timers pay
 * nothing. All under siglock.
 */
#include "proc/clock.h"
#include "proc/internal.h"
#include "mm/slab.h"

/* ---- the wall clock ---- */

static void real_fired(struct timer *timer)
{
	struct itimers *it = container_of(timer, struct itimers, real);
	struct process *p = it->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	u64 now = clock_ns();

	signal_send_locked(p, NULL, SIGALRM, SEND_SIG_PRIV);
	if (it->real_interval && !timer->queued)
		timer_set(timer,
			  MAX(timer->expires + it->real_interval, now + CPU_CHECK_MIN_NS / 10));
	spin_unlock_irqrestore(&p->siglock, irq);
}

/* ---- CPU time ---- */

static void note_next(u64 now, u64 expires, u64 *next)
{
	if (expires)
		*next = MIN(*next, expires > now ? expires - now : 0);
}

static void check_one(struct process *p, int sig, u64 now, u64 *expires, u64 interval)
{
	if (!*expires || now < *expires)
		return;
	signal_send_locked(p, NULL, sig, SEND_SIG_PRIV);
	*expires = interval ? MAX(*expires + interval, now) : 0;
}

/* SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one: setrlimit(2). */
static void check_limit(struct itimers *it, u64 now)
{
	struct process *p = it->process;
	u64 hard = p->rlim[RLIMIT_CPU].rlim_max;

	if (!it->limit_next || now < it->limit_next)
		return;
	if (hard != RLIM64_INFINITY && now >= hard * NSEC_PER_SEC) {
		signal_send_locked(p, NULL, SIGKILL, SEND_SIG_PRIV);
		it->limit_next = 0;
		return;
	}
	signal_send_locked(p, NULL, SIGXCPU, SEND_SIG_PRIV);
	it->limit_next += NSEC_PER_SEC;
}

/* Look at everything; how much CPU time is left until the next: ~0 none. => siglock held */
static u64 check_cpu(struct itimers *it)
{
	struct usage usage;
	u64 prof, next = ~0ULL;

	process_get_usage_locked(it->process, &usage);
	prof = usage.utime_ns + usage.stime_ns;
	check_one(it->process, SIGVTALRM, usage.utime_ns, &it->virt_expires, it->virt_interval);
	check_one(it->process, SIGPROF, prof, &it->prof_expires, it->prof_interval);
	check_limit(it, prof);
	note_next(usage.utime_ns, it->virt_expires, &next);
	note_next(prof, it->prof_expires, &next);
	note_next(prof, it->limit_next, &next);
	posix_timers_check_cpu(it, prof, &next);
	return next;
}

static void look_again(struct itimers *it)
{
	u64 left = check_cpu(it);

	if (left == ~0ULL)
		return;
	left /= MAX(it->process->nr_threads, 1u);
	timer_set(&it->cpu, clock_ns() + MAX(left, CPU_CHECK_MIN_NS));
}

static void cpu_fired(struct timer *timer)
{
	struct itimers *it = container_of(timer, struct itimers, cpu);
	struct process *p = it->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	if (p->nr_threads)
		look_again(it);
	spin_unlock_irqrestore(&p->siglock, irq);
}

void itimers_kick(struct itimers *it)
{
	look_again(it);
}

/* ---- the object ---- */

static struct itimers *itimers_alloc(struct process *p)
{
	struct itimers *it = kzalloc(sizeof(*it), GFP_KERNEL);

	if (!it)
		return NULL;
	it->process = p;
	timer_init(&it->real, real_fired);
	timer_init(&it->cpu, cpu_fired);
	list_init(&it->timers);
	list_init(&it->cpu_timers);
	xa_init(&it->by_id, &proc_xa_ops);
	return it;
}

struct itimers *itimers_get(struct process *p)
{
	struct itimers *it = READ_ONCE(p->itimers), *fresh;
	irqflags_t irq;

	if (it)
		return it;
	fresh = itimers_alloc(p);
	if (!fresh)
		return NULL;
	irq = spin_lock_irqsave(&p->siglock);
	if (!p->itimers && p->nr_threads) {
		p->itimers = fresh;
		fresh = NULL;
	}
	it = p->itimers;
	spin_unlock_irqrestore(&p->siglock, irq);
	kfree(fresh);
	return it;
}

/* The last thread exits. */
void itimers_exit(struct process *p)
{
	struct itimers *it;
	irqflags_t irq;

	irq = spin_lock_irqsave(&p->siglock);
	it = p->itimers;
	p->itimers = NULL;
	if (it)
		it->real_interval = 0;
	spin_unlock_irqrestore(&p->siglock, irq);
	if (!it)
		return;
	timer_cancel_sync(&it->real);
	timer_cancel_sync(&it->cpu);
	posix_timers_exit(it);
	kfree(it);
}

/* ---- RLIMIT_CPU ---- */

/* => siglock held */
static void watch_limit(struct process *p)
{
	u64 limit = process_rlimit(p, RLIMIT_CPU);
	struct itimers *it = p->itimers;

	if (!it)
		return;
	it->limit_next = limit == RLIM64_INFINITY ? 0 : MAX(limit, (u64)1) * NSEC_PER_SEC;
	look_again(it);
}

void rlimit_cpu_changed(struct process *p)
{
	irqflags_t irq;

	(void)itimers_get(p);
	irq = spin_lock_irqsave(&p->siglock);
	watch_limit(p);
	spin_unlock_irqrestore(&p->siglock, irq);
}

int rlimit_cpu_inherit(struct process *p)
{
	if (process_rlimit(p, RLIMIT_CPU) == RLIM64_INFINITY)
		return 0;
	p->itimers = itimers_alloc(p);
	return p->itimers ? 0 : -ENOMEM;
}

void rlimit_cpu_start(struct process *p)
{
	irqflags_t irq;

	if (!READ_ONCE(p->itimers))
		return;
	irq = spin_lock_irqsave(&p->siglock);
	watch_limit(p);
	spin_unlock_irqrestore(&p->siglock, irq);
}

/* ---- setitimer ---- */

static u64 left_of(u64 expires, u64 now)
{
	if (!expires)
		return 0;
	return expires > now ? expires - now : 1000; /* due, and about to be seen */
}

/* => siglock held */
static void read_timer(struct itimers *it, int which, struct itimer_value *out)
{
	struct usage usage;

	process_get_usage_locked(it->process, &usage);
	switch (which) {
	case ITIMER_REAL:
		out->interval = it->real_interval;
		out->value = it->real.queued ? left_of(it->real.expires, clock_ns()) : 0;
		break;
	case ITIMER_VIRTUAL:
		out->interval = it->virt_interval;
		out->value = left_of(it->virt_expires, usage.utime_ns);
		break;
	default:
		out->interval = it->prof_interval;
		out->value = left_of(it->prof_expires, usage.utime_ns + usage.stime_ns);
	}
}

static void arm_timer(struct itimers *it, int which, const struct itimer_value *v)
{
	struct usage usage;

	process_get_usage_locked(it->process, &usage);
	switch (which) {
	case ITIMER_REAL:
		it->real_interval = v->interval;
		if (v->value)
			timer_set(&it->real, clock_ns() + v->value);
		else
			timer_cancel(&it->real);
		return;
	case ITIMER_VIRTUAL:
		it->virt_interval = v->interval;
		it->virt_expires = v->value ? usage.utime_ns + v->value : 0;
		break;
	default:
		it->prof_interval = v->interval;
		it->prof_expires = v->value ? usage.utime_ns + usage.stime_ns + v->value : 0;
	}
	look_again(it);
}

int itimer_get(int which, struct itimer_value *out)
{
	struct process *p = current->process;
	irqflags_t irq;

	*out = (struct itimer_value){0, 0};
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	irq = spin_lock_irqsave(&p->siglock);
	if (p->itimers)
		read_timer(p->itimers, which, out);
	spin_unlock_irqrestore(&p->siglock, irq);
	return 0;
}

int itimer_set(int which, const struct itimer_value *value, struct itimer_value *old)
{
	struct process *p = current->process;
	struct itimers *it;
	irqflags_t irq;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	it = itimers_get(p);
	if (!it)
		return -ENOMEM;
	irq = spin_lock_irqsave(&p->siglock);
	if (old)
		read_timer(it, which, old);
	arm_timer(it, which, value);
	spin_unlock_irqrestore(&p->siglock, irq);
	return 0;
}
