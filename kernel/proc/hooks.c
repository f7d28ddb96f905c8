/*
 * What proc/ does for the parts below it: the hooks of arch/ (work before user mode, exceptions),
 * mm/ and fs/ (limits, credentials, signals) are answered here.
 */
#include "proc/internal.h"
#include "proc/rseq.h"
#include <linux/capability.h>

/* ---- arch: before a thread returns to user mode ---- */

/* What other parts, and fork, have left for the thread to do itself. */
static void run_notify_work(void)
{
	struct task *t = current;
	struct task_work *work;

	atomic_and(&t->thread.work, ~WORK_NOTIFY);
	if (t->set_child_tid) {
		(void)put_user_u32((u32)t->pid, t->set_child_tid);
		t->set_child_tid = 0;
	}
	while ((work = list_first_entry_or_null(&t->notify, struct task_work, node))) {
		list_del_init(&work->node);
		work->fn(work);
	}
}

static void user_work(struct regs *regs)
{
	u32 work = atomic_read(&current->thread.work);

	if (work & WORK_RESCHED)
		schedule();
	if (work & WORK_NOTIFY)
		run_notify_work();
	if (work & WORK_RSEQ)
		rseq_resume(regs);
	if (work & WORK_SIGNAL)
		signal_deliver(regs);
}

static void describe_current(void)
{
	printk(KERN_EMERG "CPU: %u PID: %d Comm: %.15s\n", smp_cpu_id(), current->pid,
	       current->comm);
}

/* ---- mm ---- */

/* The tables of mm and fs hold unsigned long; what does not fit is as good as unlimited. */
static unsigned long own_rlimit(unsigned resource)
{
	const struct process *p = current->process;
	u64 limit = p ? process_rlimit(p, resource) : ~0ULL;

	return limit > ~0UL ? ~0UL : (unsigned long)limit;
}

/* ---- fs ---- */

static uid_t own_fsuid(void)
{
	return current->cred->fsuid;
}

static gid_t own_fsgid(void)
{
	return current->cred->fsgid;
}

static const struct cred *own_cred_get(void)
{
	return cred_get(current->cred);
}

static void send_sigpipe(void)
{
	send_signal_task(current, SIGPIPE, SEND_SIG_NOINFO);
}

static void send_sigxfsz(void)
{
	send_signal_task(current, SIGXFSZ, SEND_SIG_NOINFO);
}

/* fcntl(2), F_SETOWN: the owner's ids at that time decide whether the signal may be sent. */
static bool sigio_is_allowed(const struct file *file, const struct process *p)
{
	const struct cred *target = rcu_dereference(p->leader->cred);
	uid_t uid = file->owner.uid, euid = file->owner.euid;

	return euid == 0 || euid == target->suid || euid == target->uid || uid == target->suid ||
	       uid == target->uid;
}

static void sigio_to_process(struct file *file, struct process *p, struct task *thread,
			     const siginfo_t *info)
{
	if (!sigio_is_allowed(file, p))
		return;
	if (thread)
		send_signal_task(thread, info->si_signo, info);
	else
		send_signal_process(p, info->si_signo, info);
}

#define OWNER_TID 0
#define OWNER_PGRP 2

static void sigio_to_owner(struct file *file, struct pid *pid, const siginfo_t *info)
{
	struct process *p;
	struct task *t;

	if (file->owner.type == OWNER_PGRP) {
		spin_lock(&tasklist_lock);
		list_for_each_entry(p, &pid->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID])
			sigio_to_process(file, p, NULL, info);
		spin_unlock(&tasklist_lock);
		return;
	}
	rcu_read_lock();
	t = rcu_dereference(pid->task);
	if (t)
		sigio_to_process(file, t->process, file->owner.type == OWNER_TID ? t : NULL, info);
	rcu_read_unlock();
}

static void send_sigio(struct file *file, int fd, int band)
{
	struct pid *pid = pid_find_get(file->owner.pid);
	siginfo_t info;

	if (!pid)
		return;
	memset(&info, 0, sizeof(info));
	info.si_signo = file->owner.sig ? file->owner.sig : SIGIO;
	info.si_code = file->owner.sig ? POLL_IN : SI_KERNEL;
	if (file->owner.sig) {
		info.si_band = band;
		info.si_fd = fd;
	}
	sigio_to_owner(file, pid, &info);
	pid_put(pid);
}

static u32 *pipe_pages(const struct cred *cred)
{
	return &cred->user->pipe_pages;
}

void __init proc_hooks_init(void)
{
	proc_oom_init();
	arch_hooks.user_work = user_work;
	arch_hooks.user_exception = user_exception;
	arch_hooks.describe_current = describe_current;
	mm_rlimit = own_rlimit;
	mm_capable = capable;
	mm_send_fault_signal = force_signal;
	fs_current_fsuid = own_fsuid;
	fs_current_fsgid = own_fsgid;
	fs_in_group = in_group;
	fs_capable = capable;
	fs_rlimit = own_rlimit;
	fs_send_sigpipe = send_sigpipe;
	fs_send_sigxfsz = send_sigxfsz;
	fs_cred_get = own_cred_get;
	fs_cred_put = cred_put;
	fs_pipe_pages = pipe_pages;
	fs_send_sigio = send_sigio;
}
