/*
 * Scheduling: policies, nice, affinity. sched(7), sched_setscheduler(2), setpriority(2),
 * sched_setaffinity(2).
 */
#include "abi/proc.h"
#include "abi/timespec.h"
#include "lib/string.h"
#include "proc/process.h"
#include "sched/cpumask.h"
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#define RR_INTERVAL_NS (100 * NSEC_PER_MSEC)
#define FAIR_INTERVAL_NS (4 * NSEC_PER_MSEC)

/* The thread that @pid means, referenced; 0 is the caller. */
static struct task *find(pid_t pid)
{
	if (pid)
		return task_find_get(pid);
	task_get(current);
	return current;
}

static bool owns(const struct task *t)
{
	const struct cred *own = current->cred, *cred;
	bool same;

	rcu_read_lock();
	cred = rcu_dereference(t->cred);
	same = own->euid == cred->euid || own->euid == cred->uid;
	rcu_read_unlock();
	return same;
}

long sys_sched_yield(void)
{
	sched_yield_current();
	return 0;
}

/* ---- policies ---- */

static bool is_rt_policy(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_is_known(int policy)
{
	return is_rt_policy(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

static int check_change(struct task *t, int policy, int priority)
{
	u64 limit = process_rlimit(t->process, RLIMIT_RTPRIO);

	if (capable(CAP_SYS_NICE))
		return 0;
	if (is_rt_policy(policy)) {
		if (policy != t->se.policy && !limit)
			return -EPERM;
		if (priority > t->se.rt_priority && (u64)priority > limit)
			return -EPERM;
	}
	if (t->se.policy == SCHED_IDLE && policy != SCHED_IDLE &&
	    (u64)(20 - t->se.nice) > process_rlimit(t->process, RLIMIT_NICE))
		return -EPERM;
	return owns(t) ? 0 : -EPERM;
}

/* @policy < 0: the present one; @reset: SCHED_RESET_ON_FORK on, off, or < 0 as it is. */
static long set_policy(pid_t pid, int policy, int priority, int reset)
{
	struct task *t;
	long err;

	if (pid < 0)
		return -EINVAL;
	t = find(pid);
	if (!t)
		return -ESRCH;
	if (policy < 0)
		policy = t->se.policy;
	err = -EINVAL;
	if (policy_is_known(policy) &&
	    (is_rt_policy(policy) ? priority >= 1 && priority <= 99 : priority == 0))
		err = check_change(t, policy, priority);
	if (!err && reset == 0 && (t->jobctl & JOBCTL_RESET_ON_FORK) && !capable(CAP_SYS_NICE))
		err = -EPERM;
	if (!err)
		err = sched_set_policy(t, policy, priority);
	if (!err && reset >= 0)
		task_set_reset_on_fork(t, reset);
	task_put(t);
	return err;
}

long sys_sched_setscheduler(pid_t pid, int policy, uaddr_t param)
{
	u32 priority;

	if (policy < 0 || !param)
		return -EINVAL;
	if (get_user_u32(&priority, param))
		return -EFAULT;
	return set_policy(pid, policy & ~SCHED_RESET_ON_FORK, (int)priority,
			  !!(policy & SCHED_RESET_ON_FORK));
}

long sys_sched_setparam(pid_t pid, uaddr_t param)
{
	u32 priority;

	if (!param)
		return -EINVAL;
	if (get_user_u32(&priority, param))
		return -EFAULT;
	return set_policy(pid, -1, (int)priority, -1);
}

long sys_sched_getscheduler(pid_t pid)
{
	struct task *t;
	long policy;

	if (pid < 0)
		return -EINVAL;
	t = find(pid);
	if (!t)
		return -ESRCH;
	policy = t->se.policy;
	if (t->jobctl & JOBCTL_RESET_ON_FORK)
		policy |= SCHED_RESET_ON_FORK;
	task_put(t);
	return policy;
}

long sys_sched_getparam(pid_t pid, uaddr_t param)
{
	struct task *t;
	u32 priority;

	if (pid < 0 || !param)
		return -EINVAL;
	t = find(pid);
	if (!t)
		return -ESRCH;
	priority = is_rt_policy(t->se.policy) ? t->se.rt_priority : 0;
	task_put(t);
	return put_user_u32(priority, param);
}

/* ---- nice ---- */

static bool may_set_nice(const struct task *t, int nice)
{
	return nice >= t->se.nice || capable(CAP_SYS_NICE) ||
	       (u64)(20 - nice) <= process_rlimit(t->process, RLIMIT_NICE);
}

static int clamp_nice(int nice)
{
	return nice < -20 ? -20 : nice > 19 ? 19 : nice;
}

long sys_nice(int increment)
{
	int nice;

	increment = increment < -40 ? -40 : increment > 40 ? 40 : increment;
	nice = clamp_nice(current->se.nice + increment);
	if (increment < 0 && !may_set_nice(current, nice))
		return -EPERM;
	sched_set_nice(current, nice);
	return 0;
}

/*
 * What setpriority or ioprio_set does to one thread after the other, and their gets
 * learn from them.
 */
struct priority_walk {
	void (*visit)(struct task *t, struct priority_walk *w);
	int value;
	long result; /* -ESRCH: none yet */
};

static void visit_nice(struct task *t, struct priority_walk *w)
{
	w->result = MAX(w->result, 20L - t->se.nice);
}

static void visit_set_nice(struct task *t, struct priority_walk *w)
{
	const struct cred *own = current->cred, *cred = rcu_dereference(t->cred);

	if (own->euid != cred->uid && own->euid != cred->euid && !capable(CAP_SYS_NICE)) {
		w->result = -EPERM;
	} else if (!may_set_nice(t, w->value)) {
		w->result = -EACCES;
	} else {
		if (w->result == -ESRCH)
			w->result = 0;
		sched_set_nice(t, w->value);
	}
}

static void visit_process(struct process *p, struct priority_walk *w)
{
	struct task *t;

	list_for_each_entry(t, &p->threads, thread_node)
		w->visit(t, w);
}

static void visit_group(int who, struct priority_walk *w)
{
	struct pid *pgrp = who ? pid_find_get(who) : task_pgrp_get(current);
	struct process *p;

	if (!pgrp)
		return;
	spin_lock(&tasklist_lock);
	list_for_each_entry(p, &pgrp->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID])
		visit_process(p, w);
	spin_unlock(&tasklist_lock);
	pid_put(pgrp);
}

static void visit_user(uid_t uid, struct priority_walk *w)
{
	struct task *t;
	pid_t nr = 1;

	while ((t = process_next_leader(nr))) {
		nr = t->tgid + 1;
		spin_lock(&tasklist_lock);
		if (rcu_dereference(t->cred)->uid == uid)
			visit_process(t->process, w);
		spin_unlock(&tasklist_lock);
		task_put(t);
	}
}

static long walk_priorities(int which, int who, struct priority_walk *w)
{
	struct task *t;

	switch (which) {
	case 0: /* PRIO_PROCESS */
		t = who < 0 ? NULL : find(who);
		if (!t)
			break;
		rcu_read_lock();
		w->visit(t, w);
		rcu_read_unlock();
		task_put(t);
		break;
	case 1: /* PRIO_PGRP */ visit_group(who, w); break;
	case 2: /* PRIO_USER */ visit_user(who ? (uid_t)who : current->cred->uid, w); break;
	default: return -EINVAL;
	}
	return w->result;
}

/* 20 - nice, so that it is never negative. */
long sys_getpriority(int which, int who)
{
	struct priority_walk w = {.visit = visit_nice, .result = -ESRCH};

	return walk_priorities(which, who, &w);
}

long sys_setpriority(int which, int who, int nice)
{
	struct priority_walk w = {
		.visit = visit_set_nice, .value = clamp_nice(nice), .result = -ESRCH};

	return walk_priorities(which, who, &w);
}

/* ---- sched_attr ---- */

long sys_sched_setattr(pid_t pid, uaddr_t user, u32 flags)
{
	struct sched_attr attr;
	struct task *t;
	u32 size;
	long err;

	if (!user || pid < 0 || flags)
		return -EINVAL;
	if (get_user_u32(&size, user))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -E2BIG;
	memset(&attr, 0, sizeof(attr));
	if (copy_from_user(&attr, user, MIN(size, (u32)sizeof(attr))))
		return -EFAULT;
	if ((attr.sched_flags & ~(u64)SCHED_FLAG_RESET_ON_FORK) ||
	    attr.sched_policy == SCHED_DEADLINE)
		return -EINVAL;
	err = set_policy(pid, (int)attr.sched_policy, (int)attr.sched_priority,
			 !!(attr.sched_flags & SCHED_FLAG_RESET_ON_FORK));
	if (err || is_rt_policy((int)attr.sched_policy))
		return err;
	t = find(pid);
	if (!t)
		return -ESRCH;
	if (may_set_nice(t, clamp_nice(attr.sched_nice)))
		sched_set_nice(t, clamp_nice(attr.sched_nice));
	else
		err = -EPERM;
	task_put(t);
	return err;
}

long sys_sched_getattr(pid_t pid, uaddr_t user, u32 size, u32 flags)
{
	struct sched_attr attr;
	struct task *t;

	if (!user || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
		return -EINVAL;
	t = find(pid);
	if (!t)
		return -ESRCH;
	memset(&attr, 0, sizeof(attr));
	attr.size = MIN(size, (u32)sizeof(attr));
	attr.sched_policy = t->se.policy;
	if (t->jobctl & JOBCTL_RESET_ON_FORK)
		attr.sched_flags = SCHED_FLAG_RESET_ON_FORK;
	if (is_rt_policy(t->se.policy))
		attr.sched_priority = t->se.rt_priority;
	else
		attr.sched_nice = t->se.nice;
	task_put(t);
	return copy_to_user(user, &attr, attr.size) ? -EFAULT : 0;
}

/* ---- constants of the policies ---- */

long sys_sched_get_priority_max(int policy)
{
	return is_rt_policy(policy)                                  ? 99
	       : policy_is_known(policy) || policy == SCHED_DEADLINE ? 0
								     : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	return is_rt_policy(policy)                                  ? 1
	       : policy_is_known(policy) || policy == SCHED_DEADLINE ? 0
								     : -EINVAL;
}

/* 0: a FIFO thread runs until it lets others. */
static long rr_interval(pid_t pid, u64 *ns)
{
	struct task *t;

	if (pid < 0)
		return -EINVAL;
	t = find(pid);
	if (!t)
		return -ESRCH;
	*ns = t->se.policy == SCHED_RR     ? RR_INTERVAL_NS
	      : t->se.policy == SCHED_FIFO ? 0
					   : FAIR_INTERVAL_NS;
	task_put(t);
	return 0;
}

long sys_sched_rr_get_interval(pid_t pid, uaddr_t ts)
{
	u64 ns;
	long err = rr_interval(pid, &ns);

	return err ? err : put_timespec32(ns, ts);
}

long sys_sched_rr_get_interval_time64(pid_t pid, uaddr_t ts)
{
	u64 ns;
	long err = rr_interval(pid, &ns);

	return err ? err : put_timespec64(ns, ts);
}

/* ---- affinity ---- */

long sys_sched_setaffinity(pid_t pid, u32 len, uaddr_t user)
{
	cpumask_t mask;
	struct task *t;
	long err = -EPERM;

	cpumask_clear(&mask);
	if (copy_from_user(&mask, user, MIN(len, (u32)sizeof(mask))))
		return -EFAULT;
	t = pid < 0 ? NULL : find(pid);
	if (!t)
		return -ESRCH;
	if (owns(t) || capable(CAP_SYS_NICE))
		err = sched_set_affinity(t, &mask);
	task_put(t);
	return err;
}

/* Returns how many bytes of the set the kernel has. */
long sys_sched_getaffinity(pid_t pid, u32 len, uaddr_t user)
{
	cpumask_t mask;
	struct task *t;
	u32 n = MIN(len, (u32)sizeof(mask));

	if (len * 8 < nr_cpus || (len & (sizeof(long) - 1)))
		return -EINVAL;
	t = pid < 0 ? NULL : find(pid);
	if (!t)
		return -ESRCH;
	cpumask_and(&mask, &t->cpus_allowed, &cpu_online_mask);
	task_put(t);
	return copy_to_user(user, &mask, n) ? -EFAULT : (long)n;
}

long sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t unused)
{
	int err = 0;

	(void)unused;
	if (cpu)
		err = put_user_u32(smp_cpu_id(), cpu);
	if (!err && node)
		err = put_user_u32(0, node);
	return err;
}

/* ---- I/O priorities: kept, and shown; there is no queue that would look at them ---- */

static void visit_ioprio(struct task *t, struct priority_walk *w)
{
	w->result = READ_ONCE(t->ioprio);
}

/* What the kernel goes by where none was set: from the nice value. */
static int effective_ioprio(const struct task *t)
{
	int ioprio = READ_ONCE(t->ioprio);

	return ioprio ? ioprio
		      : (int)IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, (unsigned)(t->se.nice + 20) / 5);
}

/* The best of several is the lowest number. */
static void visit_best_ioprio(struct task *t, struct priority_walk *w)
{
	long ioprio = effective_ioprio(t);

	w->result = w->result == -ESRCH ? ioprio : MIN(w->result, ioprio);
}

static void visit_set_ioprio(struct task *t, struct priority_walk *w)
{
	if (w->result != -ESRCH && w->result)
		return;
	w->result = owns(t) || capable(CAP_SYS_NICE) ? 0 : -EPERM;
	if (!w->result)
		WRITE_ONCE(t->ioprio, (u16)w->value);
}

long sys_ioprio_get(int which, int who)
{
	struct priority_walk w = {.visit = which == IOPRIO_WHO_PROCESS ? visit_ioprio
								       : visit_best_ioprio,
				  .result = -ESRCH};

	return walk_priorities(which - IOPRIO_WHO_PROCESS, who, &w);
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	struct priority_walk w = {.visit = visit_set_ioprio, .value = ioprio, .result = -ESRCH};
	int class = IOPRIO_PRIO_CLASS(ioprio);

	if (class > IOPRIO_CLASS_IDLE || class < 0 ||
	    (class == IOPRIO_CLASS_NONE && IOPRIO_PRIO_DATA(ioprio)))
		return -EINVAL;
	if (class == IOPRIO_CLASS_RT && !capable(CAP_SYS_NICE) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return walk_priorities(which - IOPRIO_WHO_PROCESS, who, &w);
}
