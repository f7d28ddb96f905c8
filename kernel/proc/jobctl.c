/*
 * Job control: stopping and continuing a whole process, and which process groups are orphaned.
 *
 * A stop begins with the thread that dequeues a stop signal (jobctl_stop): every thread is asked to
 * take part, group_stop_count of them have yet to, and the last to stop tells the parent. SIGCONT
 * undoes it at once when it is sent (jobctl_continue), and the first thread that runs again tells
 * the parent.
 *
 * (s) siglock guards all of it; TASK_STOPPED is set under it too, so that a SIGCONT is never
 * missed.
 */
#include "proc/ptrace.h"

/* ---- stop ---- */

static bool ask_to_stop(struct process *p, struct task *t)
{
	if (t->exit_state || (t->flags & PF_EXITING) || (t->pending_set & sigmask(SIGKILL)) ||
	    (t->jobctl & (JOBCTL_STOPPED | JOBCTL_STOP_PENDING)))
		return false;
	t->jobctl |= JOBCTL_STOP_PENDING;
	p->group_stop_count++;
	return true;
}

/* False: a SIGCONT or the end of the process came since the stop signal was dequeued. */
static bool start_stop(struct process *p, int sig)
{
	struct task *t;

	if (!(current->jobctl & JOBCTL_STOP_DEQUEUED) || (p->flags & SIGNAL_GROUP_EXIT) ||
	    p->group_exec_task)
		return false;
	if (!(p->flags & SIGNAL_STOP_STOPPED))
		p->group_exit_code = sig;
	p->group_stop_count = 0;
	ask_to_stop(p, current);
	list_for_each_entry(t, &p->threads, thread_node)
		if (t != current && ask_to_stop(p, t))
			signal_wake(t, 0);
	return true;
}

bool jobctl_take_part(struct task *t)
{
	struct process *p = t->process;

	if (!(t->jobctl & JOBCTL_STOP_PENDING))
		return false;
	t->jobctl &= ~JOBCTL_STOP_PENDING;
	if (p->group_stop_count == 0 || --p->group_stop_count)
		return false;
	if (p->flags & SIGNAL_STOP_STOPPED)
		return false;
	p->flags = (p->flags & SIGNAL_UNKILLABLE) | SIGNAL_STOP_STOPPED;
	return true;
}

/*
 * Stop the caller: it dequeued @sig, or (0) another thread did. Returns false, with siglock held as
 * before, if there is nothing to do; true after the stop has ended, siglock released. => siglock
 * held, *flags its interrupt state
 */
bool jobctl_stop(int sig, irqflags_t *flags)
{
	struct task *t = current;
	struct process *p = t->process;
	bool last;

	if (!(t->jobctl & JOBCTL_STOP_PENDING) && !start_stop(p, sig))
		return false;
	if (ptrace_group_stop(p->group_exit_code ? p->group_exit_code : SIGSTOP, flags)) {
		spin_unlock_irqrestore(&p->siglock, *flags);
		return true;
	}
	set_special_state(TASK_STOPPED);
	t->jobctl |= JOBCTL_STOPPED;
	last = jobctl_take_part(t);
	spin_unlock_irqrestore(&p->siglock, *flags);
	if (last) {
		spin_lock(&tasklist_lock);
		jobctl_notify_parent(p, CLD_STOPPED);
		spin_unlock(&tasklist_lock);
	}
	schedule();
	*flags = spin_lock_irqsave(&p->siglock);
	t->jobctl &= ~JOBCTL_STOPPED;
	spin_unlock_irqrestore(&p->siglock, *flags);
	return true;
}

/* A thread exits while the others wait for it to stop. => siglock held */
void jobctl_task_gone(struct task *t)
{
	struct process *p = t->process;

	if (jobctl_take_part(t)) {
		p->flags |= SIGNAL_CLD_STOPPED; /* a thread that still runs tells the parent */
		if (p->nr_threads)
			signal_wake(list_first_entry(&p->threads, struct task, thread_node),
				    TASK_STOPPED);
	}
}

/* ---- continue ---- */

/* SIGCONT is sent: pending stop signals are void, stopped threads run. => siglock held */
void jobctl_continue(struct process *p)
{
	struct task *t;
	unsigned why = 0;

	signal_flush_set(&p->shared_pending, &p->shared_pending_set, SIGNALS_STOP);
	list_for_each_entry(t, &p->threads, thread_node) {
		signal_flush_set(&t->pending, &t->pending_set, SIGNALS_STOP);
		t->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_DEQUEUED);
		if (t->jobctl & JOBCTL_STOPPED)
			wake_up_state(t, TASK_STOPPED);
		if (t->jobctl & JOBCTL_LISTENING) { /* its tracer is to hear of it */
			t->jobctl |= JOBCTL_TRAP_STOP;
			signal_wake(t, TASK_TRACED);
		}
	}
	if (p->flags & SIGNAL_STOP_STOPPED)
		why = SIGNAL_CLD_CONTINUED;
	else if (p->group_stop_count)
		why = SIGNAL_CLD_STOPPED; /* it did stop, for less than a moment */
	p->group_stop_count = 0;
	if (!why)
		return;
	p->flags = (p->flags & SIGNAL_UNKILLABLE) | why | SIGNAL_STOP_CONTINUED;
	p->group_exit_code = 0;
	list_for_each_entry(t, &p->threads, thread_node)
		atomic_or(&t->thread.work, WORK_SIGNAL);
}

/* ---- telling the parent ---- */

static void stop_siginfo(struct process *p, int code, siginfo_t *info)
{
	u64 utime, stime;

	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_code = code;
	info->si_pid = p->leader->pid;
	rcu_read_lock();
	info->si_uid = rcu_dereference(p->leader->cred)->uid;
	rcu_read_unlock();
	process_cpu_time(p, &utime, &stime);
	info->si_utime = (long)ns_to_ticks(utime);
	info->si_stime = (long)ns_to_ticks(stime);
	info->si_status = code == CLD_CONTINUED ? SIGCONT : p->group_exit_code & 0x7f;
}

void jobctl_notify_parent(struct process *p, int code)
{
	struct process *parent = p->parent;
	struct k_sigaction action;
	siginfo_t info;
	irqflags_t irq;

	stop_siginfo(p, code, &info);
	irq = spin_lock_irqsave(&parent->siglock);
	sighand_read(parent->sighand, SIGCHLD, &action);
	if (action.handler != (uaddr_t)SIG_IGN && !(action.flags & SA_NOCLDSTOP))
		signal_send_locked(parent, NULL, SIGCHLD, &info);
	spin_unlock_irqrestore(&parent->siglock, irq);
	wake_up_all(&parent->wait_child);
}

/* ---- orphaned process groups: POSIX.1 3.264 ---- */

/*
 * No member but @ignored has a parent in another group of the same session. => tasklist_lock held
 */
bool pgrp_will_be_orphaned(struct pid *pgrp, struct process *ignored)
{
	struct process *p, *parent;

	list_for_each_entry(p, &pgrp->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID]) {
		/* cppcheck-suppress nullPointerRedundantCheck; @ignored may be NULL, members are not */
		parent = p->parent;
		if (p == ignored || parent == init_process || p->exit_state != PROCESS_ALIVE)
			continue;
		if (parent->pids[PIDTYPE_PGID] != pgrp &&
		    parent->pids[PIDTYPE_SID] == p->pids[PIDTYPE_SID])
			return false;
	}
	return true;
}

bool pgrp_has_stopped_jobs(struct pid *pgrp)
{
	struct process *p;

	list_for_each_entry(p, &pgrp->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID])
		if (READ_ONCE(p->flags) & SIGNAL_STOP_STOPPED)
			return true;
	return false;
}

bool pgrp_is_orphaned(struct pid *pgrp)
{
	bool orphaned;

	spin_lock(&tasklist_lock);
	orphaned = pgrp_will_be_orphaned(pgrp, NULL);
	spin_unlock(&tasklist_lock);
	return orphaned;
}
