/*
 * What processes use and how much they may: getrusage(2), getrlimit(2), times(2).
 */
#include "proc/internal.h"
#include "lib/div64.h"
#include <linux/capability.h>

u64 ns_to_ticks(u64 ns)
{
	return div_u64(ns, (u32)(NSEC_PER_SEC / USER_HZ));
}

/* ---- usage ---- */

void task_cpu_time(struct task *t, u64 *utime_ns, u64 *stime_ns)
{
	task_cputime(t, utime_ns, stime_ns);
}

/* => siglock held */
void process_get_usage_locked(struct process *p, struct usage *out)
{
	struct task *t;
	u64 utime, stime;

	*out = p->self;
	list_for_each_entry(t, &p->threads, thread_node) {
		task_cputime(t, &utime, &stime);
		out->utime_ns += utime;
		out->stime_ns += stime;
		out->min_flt += t->min_flt;
		out->maj_flt += t->maj_flt;
		out->nvcsw += t->nvcsw;
		out->nivcsw += t->nivcsw;
	}
}

void process_get_usage(struct process *p, struct usage *out)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	process_get_usage_locked(p, out);
	spin_unlock_irqrestore(&p->siglock, irq);
}

void process_get_io(struct process *p, struct task_io *out)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct task *t;

	*out = p->io;
	list_for_each_entry(t, &p->threads, thread_node)
		task_io_add(out, &t->io);
	spin_unlock_irqrestore(&p->siglock, irq);
}

void process_cpu_time(struct process *p, u64 *utime_ns, u64 *stime_ns)
{
	struct usage usage;

	process_get_usage(p, &usage);
	*utime_ns = usage.utime_ns;
	*stime_ns = usage.stime_ns;
}

/* ---- limits ---- */

/*
 * As on Linux for i386, where limits are unsigned long: what is more than fits is no limit. So
 * seconds of CPU time, as nanoseconds, never overflow.
 */
static u64 as_kept(u64 limit)
{
	return limit >= ~(u32)0 ? RLIM64_INFINITY : limit;
}

int process_set_rlimit(struct process *p, unsigned resource, const struct rlimit64 *wanted,
		       struct rlimit64 *old)
{
	struct rlimit64 *own = &p->rlim[resource], limit, *new_limit = NULL;
	irqflags_t irq;
	int err = 0;

	if (wanted) {
		limit = (struct rlimit64){as_kept(wanted->rlim_cur), as_kept(wanted->rlim_max)};
		new_limit = &limit;
	}
	if (new_limit && new_limit->rlim_cur > new_limit->rlim_max)
		return -EINVAL;
	if (new_limit && resource == RLIMIT_NOFILE && new_limit->rlim_max > sysctl_nr_open)
		return -EPERM;
	irq = spin_lock_irqsave(&p->siglock);
	if (old)
		*old = *own;
	if (new_limit && new_limit->rlim_max > own->rlim_max && !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	if (new_limit && !err)
		*own = *new_limit;
	spin_unlock_irqrestore(&p->siglock, irq);
	if (!err && new_limit && resource == RLIMIT_CPU)
		rlimit_cpu_changed(p);
	return err;
}
