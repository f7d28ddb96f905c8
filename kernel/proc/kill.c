/*
 * kill(2) and its relatives: whom a number means, and who may send what to whom.
 */
#include "proc/internal.h"
#include <linux/capability.h>

/*
 * kill(2): "the real or effective user id of the sender equals the real or saved one of the
 * target". => rcu
 */
static bool may_kill(const struct process *p, int sig)
{
	const struct cred *own = current->cred, *target = rcu_dereference(p->leader->cred);

	if (p == current->process)
		return true;
	if (own->euid == target->suid || own->euid == target->uid || own->uid == target->suid ||
	    own->uid == target->uid)
		return true;
	if (capable(CAP_KILL))
		return true;
	return sig == SIGCONT &&
	       READ_ONCE(p->pids[PIDTYPE_SID]) == READ_ONCE(current->process->pids[PIDTYPE_SID]);
}

bool signal_may_kill(const struct process *p, int sig)
{
	bool may;

	rcu_read_lock();
	may = may_kill(p, sig);
	rcu_read_unlock();
	return may;
}

int signal_send_checked(struct process *p, int sig, const siginfo_t *info)
{
	if (!signal_may_kill(p, sig))
		return -EPERM;
	return sig ? send_signal_process(p, sig, info) : 0;
}

/* Success if one of them got it. */
static int kill_pgrp(struct pid *pgrp, int sig)
{
	struct process *p;
	int err = -ESRCH, result = -ESRCH;

	spin_lock(&tasklist_lock);
	list_for_each_entry(p, &pgrp->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID]) {
		err = signal_send_checked(p, sig, SEND_SIG_NOINFO);
		if (result)
			result = err;
	}
	spin_unlock(&tasklist_lock);
	return result;
}

/* Everybody but init and the sender. */
static int kill_all(int sig)
{
	struct process *p;
	pid_t nr = 2;
	int err = 0, result = 0;
	bool any = false;

	spin_lock(&tasklist_lock);
	for (p = process_next(&nr); p; nr++, p = process_next(&nr)) {
		if (p == current->process || p == init_process || (p->leader->flags & PF_KTHREAD))
			continue;
		err = signal_send_checked(p, sig, SEND_SIG_NOINFO);
		any = true;
		if (err != -EPERM)
			result = err;
	}
	spin_unlock(&tasklist_lock);
	return any ? result : -ESRCH;
}

/*
 * The structures live through a grace period, and a process that is gone refuses: no reference is
 * needed.
 */
static int kill_one(pid_t nr, int sig, const siginfo_t *info)
{
	struct process *p = NULL;
	struct pid *pid;
	struct task *t;
	int err = -ESRCH;

	if (nr == current->tgid) /* whom it may always send to */
		return sig ? send_signal_process(current->process, sig, info) : 0;
	rcu_read_lock();
	pid = pid_find(nr);
	if (pid) {
		p = rcu_dereference(pid->process);
		t = rcu_dereference(pid->task);
		if (!p && t) /* a thread's number means its process */
			p = t->process;
	}
	if (p)
		err = signal_send_checked(p, sig, info);
	rcu_read_unlock();
	return err;
}

int signal_kill(pid_t nr, int sig)
{
	struct pid *pgrp;
	int err;

	if (sig < 0 || sig > _NSIG)
		return -EINVAL;
	if (nr > 0)
		return kill_one(nr, sig, SEND_SIG_NOINFO);
	if (nr == -1)
		return kill_all(sig);
	if (nr == -__INT_MAX__ - 1)
		return -ESRCH;
	pgrp = nr ? pid_find_get(-nr) : task_pgrp_get(current);
	if (!pgrp)
		return -ESRCH;
	err = kill_pgrp(pgrp, sig);
	pid_put(pgrp);
	return err;
}

static void own_siginfo(siginfo_t *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = current->tgid;
	info->si_uid = current->cred->uid;
}

/* @tgid 0: whatever process the thread is in. */
int signal_tgkill(pid_t tgid, pid_t tid, int sig, const siginfo_t *info)
{
	struct pid *pid;
	struct task *t;
	siginfo_t own;
	int err = -ESRCH;

	if (sig < 0 || sig > _NSIG)
		return -EINVAL;
	if (!info) {
		own_siginfo(&own, sig, SI_TKILL);
		info = &own;
	}
	rcu_read_lock();
	pid = pid_find(tid);
	t = pid ? rcu_dereference(pid->task) : NULL;
	if (t && (!tgid || t->tgid == tgid)) {
		err = -EPERM;
		if (signal_may_kill(t->process, sig))
			err = sig ? send_signal_task(t, sig, info) : 0;
		if (err == -ESRCH && sig) /* it exits just now: as if it had died a moment later */
			err = 0;
	}
	rcu_read_unlock();
	return err;
}

int signal_queueinfo(pid_t nr, int sig, const siginfo_t *info)
{
	if (sig < 0 || sig > _NSIG)
		return -EINVAL;
	/* only the kernel's own may look as if the kernel or kill(2) had sent them */
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && nr != current->tgid &&
	    nr != current->pid)
		return -EPERM;
	return kill_one(nr, sig, info);
}
