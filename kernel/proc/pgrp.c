/*
 * Process groups and sessions: setpgid(2), setsid(2), credentials(7), and what ttys ask about them.
 */
#include "proc/internal.h"

struct proc_tty_hooks proc_tty_hooks;

/* ---- for ttys ---- */

static pid_t group_nr(struct task *t, enum pid_type type)
{
	struct pid *pid;
	pid_t nr = 0;

	rcu_read_lock();
	pid = rcu_dereference(t->process->pids[type]);
	if (pid)
		nr = pid->nr;
	rcu_read_unlock();
	return nr;
}

static struct pid *group_get(struct task *t, enum pid_type type)
{
	struct pid *pid;

	rcu_read_lock();
	pid = rcu_dereference(t->process->pids[type]);
	if (pid && !atomic_inc_unless(&pid->refs, 0))
		pid = NULL;
	rcu_read_unlock();
	return pid;
}

pid_t task_pgrp_nr(struct task *t)
{
	return group_nr(t, PIDTYPE_PGID);
}

pid_t task_session_nr(struct task *t)
{
	return group_nr(t, PIDTYPE_SID);
}

struct pid *task_pgrp_get(struct task *t)
{
	return group_get(t, PIDTYPE_PGID);
}

struct pid *task_session_get(struct task *t)
{
	return group_get(t, PIDTYPE_SID);
}

bool task_is_session_leader(struct task *t)
{
	return READ_ONCE(t->process->session_leader);
}

void session_for_each(struct pid *session, void (*fn)(struct process *p, void *arg), void *arg)
{
	struct process *p, *n;

	spin_lock(&tasklist_lock);
	list_for_each_entry_safe(p, n, &session->users[PIDTYPE_SID], pid_links[PIDTYPE_SID])
		fn(p, arg);
	spin_unlock(&tasklist_lock);
}

/* ---- setpgid ---- */

/* => tasklist_lock held; the old number goes last, for RCU readers */
static void change_group(struct process *p, enum pid_type type, struct pid *pid)
{
	struct pid *old = p->pids[type];

	list_del_init(&p->pid_links[type]);
	process_join_group(p, type, pid);
	if (old)
		pid_put(old);
}

/*
 * The process of setpgid's first argument: the caller or a child of it that has not exec'ed. =>
 * tasklist_lock held
 */
static int find_target(struct pid *pid, struct process **out)
{
	struct process *own = current->process, *p = pid->process;

	if (!p || p->exit_state == PROCESS_REAPED)
		return -ESRCH;
	if (p != own) {
		if (p->parent != own)
			return -ESRCH;
		if (p->pids[PIDTYPE_SID] != own->pids[PIDTYPE_SID])
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	}
	*out = p;
	return p->session_leader ? -EPERM : 0;
}

static bool group_is_in_session(struct pid *pgrp, struct pid *session)
{
	struct process *p = list_first_entry_or_null(&pgrp->users[PIDTYPE_PGID], struct process,
						     pid_links[PIDTYPE_PGID]);

	return p && p->pids[PIDTYPE_SID] == session;
}

static int set_group(struct pid *pid, struct pid *pgrp)
{
	struct process *p;
	int err = find_target(pid, &p);

	if (err)
		return err;
	if (pgrp != p->pids[PIDTYPE_TGID] && !group_is_in_session(pgrp, p->pids[PIDTYPE_SID]))
		return -EPERM;
	if (p->pids[PIDTYPE_PGID] != pgrp)
		change_group(p, PIDTYPE_PGID, pgrp);
	return 0;
}

int process_setpgid(pid_t nr, pid_t pgid)
{
	struct pid *pid, *pgrp;
	int err = -ESRCH;

	if (!nr)
		nr = current->tgid;
	if (!pgid)
		pgid = nr;
	if (pgid < 0)
		return -EINVAL;
	pid = pid_find_get(nr);
	if (!pid)
		return -ESRCH;
	pgrp = pid_find_get(pgid);
	spin_lock(&tasklist_lock);
	if (pgrp) {
		err = set_group(pid, pgrp);
	} else {
		struct process *p;

		err = find_target(pid, &p);
		if (!err)
			err = -EPERM;
	}
	spin_unlock(&tasklist_lock);
	if (pgrp)
		pid_put(pgrp);
	pid_put(pid);
	return err;
}

/* ---- setsid ---- */

int process_setsid(void)
{
	struct process *p = current->process;
	struct pid *own = p->pids[PIDTYPE_TGID];

	spin_lock(&tasklist_lock);
	if (p->session_leader || !list_empty(&own->users[PIDTYPE_PGID])) {
		spin_unlock(&tasklist_lock);
		return -EPERM;
	}
	p->session_leader = true;
	change_group(p, PIDTYPE_SID, own);
	change_group(p, PIDTYPE_PGID, own);
	spin_unlock(&tasklist_lock);
	if (proc_tty_hooks.release)
		proc_tty_hooks.release(p);
	return own->nr;
}
