/*
 * The end of a thread and of a process.
 *
 *   do_group_exit()  tells every thread of the process to die, then
 *   do_exit()        gives back what the thread holds, leaves the thread group (exit_notify),
 *                    and stops for ever
 *
 * A thread that is not the leader vanishes in exit_notify(). The leader stays as the zombie until
 * the last thread has gone, and then until the parent has waited (process_release in wait.c).
 * Whoever sets process->exit_state to PROCESS_REAPED, under tasklist_lock, is the one who releases.
 */
#include "proc/coredump.h"
#include "proc/ipc.h"
#include "proc/ptrace.h"
#include <linux/poll.h>
#include <linux/wait.h>

/* ---- what a thread gives back ---- */

/*
 * The program is done with the address space (exit, exec): wake the parent of a vfork and whoever
 * joins the thread.
 */
void mm_release(struct task *t)
{
	struct completion *done;

	if (t->clear_child_tid) {
		if (t->mm && READ_ONCE(t->mm->users) > 1 && !put_user_u32(0, t->clear_child_tid))
			futex_wake_address(t->clear_child_tid, 1);
		t->clear_child_tid = 0;
	}
	if (!t->vfork_done)
		return;
	spin_lock(&t->alloc_lock);
	done = t->vfork_done;
	t->vfork_done = NULL;
	if (done)
		complete(done);
	spin_unlock(&t->alloc_lock);
}

static void exit_mm(struct task *t)
{
	struct mm *mm = t->mm;
	struct process *p = t->process;
	irqflags_t irq;

	if (!mm)
		return;
	irq = spin_lock_irqsave(&p->siglock);
	p->self.maxrss = MAX(p->self.maxrss, MAX(mm->hiwater_rss, mm_rss(mm)));
	spin_unlock_irqrestore(&p->siglock, irq);
	mm_activate(NULL);
	mm_put(mm);
}

static void exit_files(struct task *t)
{
	struct files *files = t->files;
	struct fs_context *fs = t->fs;

	spin_lock(&t->alloc_lock);
	t->files = NULL;
	t->fs = NULL;
	spin_unlock(&t->alloc_lock);
	if (files)
		files_put(files);
	if (fs)
		fs_context_put(fs);
}

/* From here on the thread takes no signals. Was it the last one? */
static bool exit_signals(struct task *t, int code)
{
	struct process *p = t->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	bool last;

	t->flags |= PF_EXITING;
	t->exit_code = code;
	last = --p->nr_threads == 0;
	if (!last && !(p->flags & SIGNAL_GROUP_EXIT) && signal_pending(t))
		signal_retarget(t, ~0ULL);
	jobctl_task_gone(t);
	spin_unlock_irqrestore(&p->siglock, irq);
	return last;
}

/* ---- the family ---- */

/* The process that takes over @p's children: the nearest subreaper, or init. */
static struct process *find_reaper(struct process *p)
{
	struct process *q;

	if (p->has_subreaper) {
		for (q = p->parent; q != init_process && q != q->parent; q = q->parent)
			if (q->child_subreaper && q->nr_threads)
				return q;
	}
	return init_process;
}

/*
 * SIGHUP and SIGCONT for stopped jobs that nobody is left to continue (POSIX.1 3.264). =>
 * tasklist_lock held
 */
static void signal_orphaned_group(struct process *p, struct process *parent,
				  struct process *ignored)
{
	struct pid *pgrp = p->pids[PIDTYPE_PGID];

	if (parent->pids[PIDTYPE_PGID] == pgrp || parent->pids[PIDTYPE_SID] != p->pids[PIDTYPE_SID])
		return;
	if (!pgrp_will_be_orphaned(pgrp, ignored) || !pgrp_has_stopped_jobs(pgrp))
		return;
	signal_send_pgrp_locked(pgrp, SIGHUP, SEND_SIG_PRIV);
	signal_send_pgrp_locked(pgrp, SIGCONT, SEND_SIG_PRIV);
}

static void child_siginfo(struct process *p, int sig, siginfo_t *info)
{
	int code = process_exit_status(p);
	u64 utime, stime;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_pid = p->leader->pid;
	rcu_read_lock();
	info->si_uid = rcu_dereference(p->leader->cred)->uid;
	rcu_read_unlock();
	process_cpu_time(p, &utime, &stime);
	info->si_utime = (long)ns_to_ticks(utime);
	info->si_stime = (long)ns_to_ticks(stime);
	info->si_status = code & 0x7f;
	if (code & WAIT_DUMPED)
		info->si_code = CLD_DUMPED;
	else if (code & 0x7f)
		info->si_code = CLD_KILLED;
	else {
		info->si_code = CLD_EXITED;
		info->si_status = code >> 8;
	}
}

/*
 * Would SIGCHLD be heard? Mostly not: a parent that waits needs no signal, and nobody has to gather
 * what it would tell. *@unwanted: @parent will not wait for its children.
 */
static bool is_sigchld_heard(struct process *parent, bool *unwanted)
{
	irqflags_t irq = spin_lock_irqsave(&parent->siglock);
	struct k_sigaction action;
	bool heard;

	sighand_read(parent->sighand, SIGCHLD, &action);
	if (action.handler == (uaddr_t)SIG_IGN || (action.flags & SA_NOCLDWAIT))
		*unwanted = true;
	heard = action.handler != (uaddr_t)SIG_IGN && !signal_is_ignored(parent->leader, SIGCHLD);
	spin_unlock_irqrestore(&parent->siglock, irq);
	return heard;
}

/*
 * Tell the parent that @p is dead: true if it does not want to wait for it. => tasklist_lock held
 */
static bool notify_parent(struct process *p)
{
	struct process *parent = p->parent;
	int sig = p->leader->exit_signal;
	bool unwanted = parent == idle_tasks_boot.process;

	wake_up_poll(&p->pids[PIDTYPE_TGID]->wait_exit, POLLIN | POLLRDNORM);
	if (sig == SIGCHLD && !is_sigchld_heard(parent, &unwanted))
		sig = 0;
	if (sig > 0 && sig <= _NSIG) {
		siginfo_t info;

		child_siginfo(p, sig, &info);
		send_signal_process(parent, sig, &info);
	}
	wake_up_all(&parent->wait_child);
	return unwanted;
}

/* @p is dead to the world. True: and it is the caller's to release. => tasklist_lock held */
static bool become_zombie(struct process *p)
{
	p->exit_state = PROCESS_ZOMBIE;
	if (!notify_parent(p))
		return false;
	p->exit_state = PROCESS_REAPED;
	return true;
}

/*
 * @child gets a new parent: true if it was a zombie that the new one does not want. =>
 * tasklist_lock held
 */
static bool reparent(struct process *child, struct process *reaper)
{
	struct process *old = child->parent;
	bool release = false;

	rcu_assign_pointer(child->parent, reaper);
	list_move_tail(&child->sibling, &reaper->children);
	if (child->pdeath_signal)
		send_signal_process(child, child->pdeath_signal, SEND_SIG_NOINFO);
	child->leader->exit_signal = SIGCHLD;
	if (child->exit_state == PROCESS_ZOMBIE)
		release = become_zombie(child);
	signal_orphaned_group(child, old, old);
	return release;
}

/* Zombies to be released wait on a list of their own, by sibling. => tasklist_lock held */
static void reparent_children(struct process *p, struct list_head *dead)
{
	struct process *reaper, *child, *n;

	if (list_empty(&p->children))
		return;
	reaper = find_reaper(p);
	list_for_each_entry_safe(child, n, &p->children, sibling) {
		if (reparent(child, reaper))
			list_move_tail(&child->sibling, dead);
	}
}

/* ---- leaving the thread group ---- */

/* What @t used goes to the process's account. => siglock held */
static void account_thread(struct process *p, struct task *t)
{
	u64 utime, stime;

	task_cpu_time(t, &utime, &stime);
	p->self.utime_ns += utime;
	p->self.stime_ns += stime;
	p->self.min_flt += t->min_flt;
	p->self.maj_flt += t->maj_flt;
	p->self.nvcsw += t->nvcsw;
	p->self.nivcsw += t->nivcsw;
	task_io_add(&p->io, &t->io);
}

void task_unlink(struct task *t)
{
	struct process *p = t->process;
	struct pid *pid = pid_find(t->pid);
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	account_thread(p, t);
	list_del_rcu(&t->thread_node);
	p->nr_tasks--;
	signal_queue_flush(&t->pending);
	t->pending_set = 0;
	spin_unlock_irqrestore(&p->siglock, irq);
	/* now, not when it is freed: whoever has waited may fork again */
	atomic_dec(&t->cred->user->processes);
	if (pid->task == t)
		rcu_assign_pointer(pid->task, NULL);
	pid_put(pid);
}

/* An exec waits until it is alone. => siglock held */
static void wake_exec(struct process *p)
{
	if (p->group_exec_task)
		wake_up_state(p->group_exec_task, TASK_KILLABLE);
}

void process_release(struct process *p)
{
	struct task *leader = p->leader;
	struct pid *pid = p->pids[PIDTYPE_TGID];
	irqflags_t irq;

	if (proc_tty_hooks.release)
		proc_tty_hooks.release(p);
	spin_lock(&tasklist_lock);
	task_unlink(leader);
	irq = spin_lock_irqsave(&p->siglock);
	p->flags |= SIGNAL_RELEASED;
	signal_queue_flush(&p->shared_pending);
	p->shared_pending_set = 0;
	spin_unlock_irqrestore(&p->siglock, irq);
	rcu_assign_pointer(pid->process, NULL);
	list_del_init(&p->sibling);
	process_leave_groups(p);
	p->pids[PIDTYPE_PID] = NULL;
	spin_unlock(&tasklist_lock);
	pid_put(pid); /* PIDTYPE_PID */
	pid_put(pid); /* PIDTYPE_TGID; the pointer stays for RCU readers of the number */
	task_put(leader);
}

/* Returns what is to be released: the whole process, or nothing. => tasklist_lock held */
static bool leave_group(struct task *t, struct list_head *dead)
{
	struct process *p = t->process;
	struct task *leader = p->leader;
	irqflags_t irq;
	bool last;

	if (t != leader) {
		ptrace_task_gone(t);
		task_unlink(t);
	}
	irq = spin_lock_irqsave(&p->siglock);
	t->exit_state = EXIT_ZOMBIE;
	last = p->nr_tasks == 1 && leader->exit_state == EXIT_ZOMBIE;
	wake_exec(p);
	spin_unlock_irqrestore(&p->siglock, irq);
	if (!last)
		return false;
	ptrace_task_gone(leader);
	ptrace_tracer_gone(p);
	reparent_children(p, dead);
	signal_orphaned_group(p, p->parent, p);
	return become_zombie(p);
}

static void exit_notify(struct task *t)
{
	struct process *p = t->process, *child, *n;
	bool release, is_thread;
	LIST_HEAD(dead);

	spin_lock(&tasklist_lock);
	is_thread = t != p->leader;
	release = leave_group(t, &dead);
	spin_unlock(&tasklist_lock);
	list_for_each_entry_safe(child, n, &dead, sibling)
		process_release(child);
	if (is_thread)
		task_put(t);
	if (release)
		process_release(p);
}

void __noreturn do_exit(int code)
{
	struct task *t = current;
	struct process *p = t->process;
	bool last;

	if (in_interrupt() || !t->pid)
		panic("exit of the idle task or of an interrupt handler");
	if (READ_ONCE(p->nr_threads) > 1)
		coredump_thread_exits();
	ptrace_event(PTRACE_EVENT_EXIT, (unsigned long)code);
	futex_exit_robust(t);
	last = exit_signals(t, code);
	if (last && p == init_process)
		panic("Attempted to kill init! exitcode=0x%08x", (unsigned)process_exit_status(p));
	mm_release(t);
	if (last)
		itimers_exit(p);
	exit_mm(t);
	ipc_exit(t);
	exit_files(t);
	if (last && p->session_leader && proc_tty_hooks.session_leader_exit)
		proc_tty_hooks.session_leader_exit(p);
	exit_notify(t);
	sched_exit();
}

/* wait4's status of a dead or dying process. */
int process_exit_status(const struct process *p)
{
	return p->flags & SIGNAL_GROUP_EXIT ? p->group_exit_code : p->leader->exit_code;
}

void group_exit_begin(struct process *p, int code)
{
	p->flags = (p->flags & (SIGNAL_UNKILLABLE | SIGNAL_RELEASED)) | SIGNAL_GROUP_EXIT;
	p->group_exit_code = code;
	signal_kill_others(p);
}

void __noreturn do_group_exit(int code)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	if (p->flags & SIGNAL_GROUP_EXIT) {
		code = p->group_exit_code;
	} else if (p->group_exec_task) {
		code = 0; /* another thread execs: this one only goes away */
	} else {
		group_exit_begin(p, code);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	do_exit(code);
}
