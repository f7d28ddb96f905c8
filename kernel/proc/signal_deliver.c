/*
 * Delivery: what happens to pending signals when a thread returns to user mode.
 *
 *   signal_deliver()   dequeues until a signal has a handler; stops and deaths happen on the way
 *   restart_syscall()  what an interrupted system call returns, or that it is done again
 *   arch_sigframe_push() then directs the thread to the handler; sigreturn(2) undoes it
 *
 * Interrupted calls, by what they returned:          no handler      handler    handler with
 * SA_RESTART
 *   -ERESTARTNOINTR                                   again           again      again
 *   -ERESTARTSYS                                      again           EINTR      again
 *   -ERESTARTNOHAND                                   again           EINTR      EINTR
 *   -ERESTART_RESTARTBLOCK                            restart_syscall EINTR      EINTR
 */
#include "proc/coredump.h"
#include "proc/ptrace.h"
#include "proc/rseq.h"
#include <asm/unistd.h>

/* ---- interrupted system calls ---- */

static void restart_without_handler(struct regs *regs)
{
	switch (regs_result(regs)) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR: regs_restart_syscall(regs); break;
	case -ERESTART_RESTARTBLOCK:
		regs_restart_syscall(regs);
		regs_set_result(regs, __NR_restart_syscall);
		break;
	}
}

static void restart_with_handler(struct regs *regs, u32 sa_flags)
{
	switch (regs_result(regs)) {
	case -ERESTARTSYS:
		if (!(sa_flags & SA_RESTART))
			regs_set_result(regs, -EINTR);
		else
			regs_restart_syscall(regs);
		break;
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND: regs_set_result(regs, -EINTR); break;
	case -ERESTARTNOINTR: regs_restart_syscall(regs); break;
	}
}

/* ---- choosing the signal ---- */

/*
 * Tell the parent of a stop or continuation that happened while nobody could. Drops and retakes
 * siglock.
 */
static void tell_parent(struct process *p, irqflags_t *irq)
{
	int code = p->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;

	p->flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
	spin_unlock_irqrestore(&p->siglock, *irq);
	spin_lock(&tasklist_lock);
	jobctl_notify_parent(p, code);
	spin_unlock(&tasklist_lock);
	*irq = spin_lock_irqsave(&p->siglock);
}

static int dequeue(struct process *p, siginfo_t *info)
{
	struct task *t = current;
	int sig = 0;

	if (t->pending_set & ~t->blocked)
		sig = signal_take(&t->pending_set, &t->pending, t->blocked, info);
	if (!sig)
		sig = signal_take(&p->shared_pending_set, &p->shared_pending, t->blocked, info);
	if (sig_is_one_of(sig, SIGNALS_STOP))
		t->jobctl |= JOBCTL_STOP_DEQUEUED;
	return sig;
}

/*
 * The default action of a stop signal: true if the thread stopped (siglock dropped and taken
 * again).
 */
static bool default_stop(struct process *p, int sig, irqflags_t *irq)
{
	struct pid *pgrp;
	bool orphaned;

	if (sig != SIGSTOP) { /* the others do not stop a group that nobody could continue */
		spin_unlock_irqrestore(&p->siglock, *irq);
		pgrp = task_pgrp_get(current);
		orphaned = !pgrp || pgrp_is_orphaned(pgrp);
		if (pgrp)
			pid_put(pgrp);
		*irq = spin_lock_irqsave(&p->siglock);
		if (orphaned)
			return false;
	}
	if (!jobctl_stop(sig, irq))
		return false;
	*irq = spin_lock_irqsave(&p->siglock);
	return true;
}

static void read_action(struct sighand *sighand, int sig, struct k_sigaction *action)
{
	spin_lock_nested(&sighand->lock);
	sighand_read(sighand, sig, action);
	if ((action->flags & SA_ONESHOT) && action->handler != (uaddr_t)SIG_IGN)
		sighand->action[sig - 1].handler = (uaddr_t)SIG_DFL;
	spin_unlock(&sighand->lock);
}

/* One turn with siglock held: what to do with the next pending signal. */
enum verdict { NONE, AGAIN, HANDLE, DIE };

static enum verdict next_signal(struct process *p, siginfo_t *info, struct k_sigaction *action,
				irqflags_t *irq)
{
	int sig;

	if (p->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)) {
		tell_parent(p, irq);
		return AGAIN;
	}
	if ((p->flags & SIGNAL_GROUP_EXIT) ||
	    (p->group_exec_task && p->group_exec_task != current)) {
		info->si_signo = SIGKILL;
		return DIE;
	}
	if ((current->jobctl & JOBCTL_STOP_PENDING) && jobctl_stop(0, irq)) {
		*irq = spin_lock_irqsave(&p->siglock);
		return AGAIN;
	}
	if (unlikely(current->jobctl & JOBCTL_TRAP_STOP)) {
		ptrace_trap(irq);
		return AGAIN;
	}
	sig = dequeue(p, info);
	if (!sig)
		return NONE;
	if (unlikely(current->tracee) && sig != SIGKILL) {
		sig = ptrace_signal(sig, info, irq);
		if (!sig)
			return AGAIN;
	}
	read_action(p->sighand, sig, action);
	if (action->handler == (uaddr_t)SIG_IGN)
		return AGAIN;
	if (action->handler != (uaddr_t)SIG_DFL)
		return HANDLE;
	if (sig_is_one_of(sig, SIGNALS_DEFAULT_IGNORED) || (p->flags & SIGNAL_UNKILLABLE))
		return AGAIN;
	if (sig_is_one_of(sig, SIGNALS_STOP)) {
		default_stop(p, sig, irq);
		return AGAIN;
	}
	return DIE;
}

/*
 * The next signal that has a handler: its number, or 0. Does not return if the process is to die.
 */
static int get_signal(siginfo_t *info, struct k_sigaction *action)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	enum verdict verdict;

	do {
		verdict = next_signal(p, info, action, &irq);
	} while (verdict == AGAIN);
	if (verdict == NONE)
		signal_recalc();
	spin_unlock_irqrestore(&p->siglock, irq);
	if (verdict == DIE) {
		if (sig_is_one_of(info->si_signo, SIGNALS_COREDUMP))
			coredump(info);
		do_group_exit(info->si_signo);
	}
	return verdict == HANDLE ? info->si_signo : 0;
}

/* ---- handing it to the program ---- */

static bool push_frame(struct regs *regs, siginfo_t *info, const struct k_sigaction *action)
{
	struct task *t = current;
	struct arch_sigframe frame = {
		.sig = info->si_signo,
		.handler = action->handler,
		.restorer = action->restorer,
		.flags = action->flags,
		.info = info,
		.mask = t->restore_blocked ? t->saved_blocked : t->blocked,
		.altstack_sp = t->altstack_sp,
		.altstack_size = t->altstack_size,
		.altstack_flags = t->altstack_flags,
	};

	if (action->flags & SA_SIGINFO)
		siginfo_clear_rest(info);
	return arch_sigframe_push(regs, &frame) == 0;
}

static void handle(struct regs *regs, siginfo_t *info, const struct k_sigaction *action)
{
	struct task *t = current;
	u64 blocked = t->blocked | action->mask;
	bool step = ptrace_takes_step();

	if (regs_syscall_nr(regs) >= 0)
		restart_with_handler(regs, action->flags);
	if (!rseq_before_signal(regs) || !push_frame(regs, info, action)) {
		force_sigsegv(info->si_signo);
		return;
	}
	t->restore_blocked = false;
	if (t->altstack_flags & SS_AUTODISARM) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	}
	if (!(action->flags & SA_NODEFER))
		sigset_add(&blocked, info->si_signo);
	signal_set_blocked(blocked);
	if (step)
		ptrace_step_done();
}

void signal_deliver(struct regs *regs)
{
	struct k_sigaction action;
	siginfo_t info;

	if (get_signal(&info, &action)) {
		handle(regs, &info, &action);
		return;
	}
	if (regs_syscall_nr(regs) >= 0)
		restart_without_handler(regs);
	if (current->restore_blocked) {
		current->restore_blocked = false;
		signal_set_blocked(current->saved_blocked);
	}
}
