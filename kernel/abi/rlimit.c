/* Limits and usage: getrlimit(2) in its three shapes, prlimit(2), getrusage(2). */
#include "abi/proc.h"
#include "abi/usage.h"
#include "lib/div64.h"
#include "lib/string.h"
#include <linux/capability.h>

/* struct rlimit of i386: unsigned long, all ones is unlimited */
struct user_rlimit {
	u32 cur, max;
};

static u32 narrow(u64 limit, u32 most)
{
	return limit > most ? most : (u32)limit;
}

static long get_narrow(u32 resource, uaddr_t out, u32 most)
{
	struct rlimit64 limit;
	struct user_rlimit r;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	process_set_rlimit(current->process, resource, NULL, &limit);
	r.cur = narrow(limit.rlim_cur, most);
	r.max = narrow(limit.rlim_max, most);
	return copy_to_user(out, &r, sizeof(r)) ? -EFAULT : 0;
}

/* The old call: a signed number. */
long sys_getrlimit(u32 resource, uaddr_t out)
{
	return get_narrow(resource, out, 0x7fffffff);
}

long sys_ugetrlimit(u32 resource, uaddr_t out)
{
	return get_narrow(resource, out, ~0u);
}

long sys_setrlimit(u32 resource, uaddr_t in)
{
	struct rlimit64 limit;
	struct user_rlimit r;

	if (copy_from_user(&r, in, sizeof(r)))
		return -EFAULT;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	limit.rlim_cur = r.cur == ~0u ? RLIM64_INFINITY : r.cur;
	limit.rlim_max = r.max == ~0u ? RLIM64_INFINITY : r.max;
	return process_set_rlimit(current->process, resource, &limit, NULL);
}

static bool may_change_limits(struct task *t)
{
	const struct cred *own = current->cred, *cred;
	bool same;

	if (t->process == current->process || capable(CAP_SYS_RESOURCE))
		return true;
	rcu_read_lock();
	cred = rcu_dereference(t->cred);
	same = own->uid == cred->euid && own->uid == cred->suid && own->uid == cred->uid &&
	       own->gid == cred->egid && own->gid == cred->sgid && own->gid == cred->gid;
	rcu_read_unlock();
	return same;
}

long sys_prlimit64(pid_t pid, u32 resource, uaddr_t in, uaddr_t out)
{
	struct rlimit64 limit, old;
	struct task *t;
	long err = -EPERM;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (in && copy_from_user(&limit, in, sizeof(limit)))
		return -EFAULT;
	t = pid ? task_find_get(pid) : current;
	if (!t)
		return -ESRCH;
	if (may_change_limits(t))
		err = process_set_rlimit(t->process, resource, in ? &limit : NULL, &old);
	if (pid)
		task_put(t);
	if (!err && out && copy_to_user(out, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

/* ---- usage ---- */

static struct __kernel_old_timeval to_timeval(u64 ns)
{
	u32 rem;
	u64 sec = div_u64_rem(ns, (u32)NSEC_PER_SEC, &rem);

	return (struct __kernel_old_timeval){.tv_sec = (long)sec,
					     .tv_usec = (long)(rem / NSEC_PER_USEC)};
}

int put_rusage(uaddr_t to, const struct usage *usage)
{
	struct rusage r;

	memset(&r, 0, sizeof(r));
	r.ru_utime = to_timeval(usage->utime_ns);
	r.ru_stime = to_timeval(usage->stime_ns);
	r.ru_maxrss = (long)(usage->maxrss * (PAGE_SIZE / 1024));
	r.ru_minflt = (long)usage->min_flt;
	r.ru_majflt = (long)usage->maj_flt;
	r.ru_nvcsw = (long)usage->nvcsw;
	r.ru_nivcsw = (long)usage->nivcsw;
	return copy_to_user(to, &r, sizeof(r)) ? -EFAULT : 0;
}

static void own_thread_usage(struct usage *usage)
{
	struct task *t = current;

	memset(usage, 0, sizeof(*usage));
	task_cpu_time(t, &usage->utime_ns, &usage->stime_ns);
	usage->min_flt = t->min_flt;
	usage->maj_flt = t->maj_flt;
	usage->nvcsw = t->nvcsw;
	usage->nivcsw = t->nivcsw;
}

long sys_getrusage(int who, uaddr_t out)
{
	struct process *p = current->process;
	struct mm *mm = current->mm;
	struct usage usage;

	switch (who) {
	case RUSAGE_SELF: process_get_usage(p, &usage); break;
	case RUSAGE_THREAD: own_thread_usage(&usage); break;
	case RUSAGE_CHILDREN: usage = p->children_usage; return put_rusage(out, &usage);
	default: return -EINVAL;
	}
	usage.maxrss = MAX(p->self.maxrss, MAX(mm->hiwater_rss, mm_rss(mm)));
	return put_rusage(out, &usage);
}
