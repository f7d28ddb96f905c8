/*
 * Trace stops: the tracee's side of ptrace(2). Every stop goes through stop_here(): the task
 * says what the stop is, tells the tracer, and sleeps in TASK_TRACED until the tracer, or
 * SIGKILL, wakes it.
 *
 *   signal-delivery-stop   ptrace_signal()        exit_code: the signal
 *   group-stop             ptrace_group_stop()    the stop signal
 *   syscall-stop           trace_syscall()        SIGTRAP, with 0x80 if PTRACE_O_TRACESYSGOOD
 *   event-stop             ptrace_event()         SIGTRAP | PTRACE_EVENT_* << 8
 *   interrupt              ptrace_trap()          for a seized task SIGTRAP | PTRACE_EVENT_STOP << 8
 *
 * (s) siglock guards it all. Requests are in ptrace_request.c.
 */
#include "proc/ptrace.h"

#define SYSGOOD 0x80

static void stop_info(siginfo_t *info, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = SIGTRAP;
	info->si_code = code;
	info->si_pid = current->tgid;
	info->si_uid = current->cred->uid;
}

/* SIGCHLD for the tracer, unless it wants none. => tasklist_lock held */
static void notify_tracer(struct task *t, int why, int status)
{
	struct process *tracer;
	struct k_sigaction action;
	siginfo_t info;
	irqflags_t irq;

	if (!t->tracee) /* it went away in the meantime */
		return;
	tracer = t->tracee->tracer;
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGCHLD;
	info.si_code = why;
	info.si_pid = t->pid;
	info.si_uid = t->cred->uid;
	info.si_status = status & 0x7f;
	irq = spin_lock_irqsave(&tracer->siglock);
	sighand_read(tracer->sighand, SIGCHLD, &action);
	if (action.handler != (uaddr_t)SIG_IGN && !(action.flags & SA_NOCLDSTOP))
		signal_send_locked(tracer, NULL, SIGCHLD, &info);
	spin_unlock_irqrestore(&tracer->siglock, irq);
	wake_up_all(&tracer->wait_child);
}

static void end_step(struct task *t)
{
	if (t->tracee->mode == PTRACE_STEP)
		arch_single_step(&t->thread, false);
	t->tracee->mode = PTRACE_RUN;
	atomic_and(&t->thread.work, ~WORK_SYSCALL_TRACE);
}

/*
 * Stop with @code; @info is NULL in a group stop. Returns the signal that the tracer sends along.
 * Not stopped when SIGKILL is pending, or when there is no tracer any more.
 */
static int stop_here(int code, int why, siginfo_t *info, irqflags_t *irq)
{
	struct task *t = current;
	struct process *p = t->process;
	bool group_stopped;
	int sig;

	if (!t->tracee || (t->pending_set & sigmask(SIGKILL)))
		return 0;
	end_step(t);
	t->tracee->info = info;
	t->exit_code = code;
	t->jobctl = (t->jobctl & ~JOBCTL_TRAP_STOP) | JOBCTL_TRACED;
	set_special_state(TASK_TRACED);
	group_stopped = why == CLD_STOPPED && jobctl_take_part(t);
	spin_unlock_irqrestore(&p->siglock, *irq);
	spin_lock(&tasklist_lock);
	notify_tracer(t, why, code);
	if (group_stopped && !ptrace_is_by(t, p->parent))
		jobctl_notify_parent(p, CLD_STOPPED);
	spin_unlock(&tasklist_lock);
	schedule();
	*irq = spin_lock_irqsave(&p->siglock);
	t->jobctl &= ~(JOBCTL_TRACED | JOBCTL_LISTENING);
	if (t->tracee)
		t->tracee->info = NULL;
	sig = t->exit_code;
	t->exit_code = 0;
	return t->pending_set & sigmask(SIGKILL) ? 0 : sig;
}

/* => siglock held */
void ptrace_wake(struct task *t, int sig)
{
	t->exit_code = sig;
	t->jobctl &=
		~(JOBCTL_TRACED | JOBCTL_LISTENING); /* what exit_code says now is not for wait */
	wake_up_state(t, TASK_TRACED);
}

/* ---- signals ---- */

int ptrace_signal(int sig, siginfo_t *info, irqflags_t *irq)
{
	struct task *t = current;
	int chosen;

	chosen = stop_here(sig, CLD_TRAPPED, info, irq);
	if (!chosen || t->pending_set & sigmask(SIGKILL))
		return 0;
	if (chosen != info->si_signo) {
		stop_info(info, SI_USER);
		info->si_signo = chosen;
	}
	if (sigset_has(&t->blocked, chosen)) { /* it is not the tracer's to unblock it */
		signal_send_locked(t->process, t, chosen, info);
		return 0;
	}
	return chosen;
}

/* In the two ways of PTRACE_ATTACH, without siginfo, and of PTRACE_SEIZE. */
static void stop_for_group(int sig, irqflags_t *irq)
{
	siginfo_t info;
	int code = sig | PTRACE_EVENT_STOP << 8;

	if (!current->tracee->seized) {
		stop_here(sig, CLD_STOPPED, NULL, irq);
		return;
	}
	stop_info(&info, code);
	stop_here(code, CLD_STOPPED, &info, irq);
}

bool ptrace_group_stop(int sig, irqflags_t *irq)
{
	if (!current->tracee)
		return false;
	stop_for_group(sig, irq);
	return true;
}

/* The signal of the group stop that the process is in, 0: it is in none. => siglock held */
static int group_stop_signal(const struct process *p)
{
	if (!(p->flags & SIGNAL_STOP_STOPPED) && !p->group_stop_count)
		return 0;
	return p->group_exit_code ? p->group_exit_code : SIGSTOP;
}

void ptrace_trap(irqflags_t *irq)
{
	struct task *t = current;
	int sig = group_stop_signal(t->process);

	t->jobctl &= ~JOBCTL_TRAP_STOP;
	if (!t->tracee)
		return;
	if (!sig)
		sig = t->tracee->seized ? SIGTRAP : SIGSTOP;
	stop_for_group(sig, irq);
}

/* ---- events ---- */

/* Returns the signal that the tracer sends along. */
static int stop_with(int code, unsigned long message)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	siginfo_t info;
	int sig = 0;

	if (current->tracee) {
		current->tracee->message = message;
		stop_info(&info, code);
		sig = stop_here(code, CLD_TRAPPED, &info, &irq);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	return sig;
}

static bool wants_event(int event)
{
	struct process *p = current->process;
	irqflags_t irq;
	bool wants;

	if (likely(!READ_ONCE(current->tracee)))
		return false;
	irq = spin_lock_irqsave(&p->siglock);
	wants = current->tracee && (current->tracee->options & 1u << event);
	spin_unlock_irqrestore(&p->siglock, irq);
	return wants;
}

void ptrace_event(int event, unsigned long message)
{
	if (wants_event(event))
		stop_with(SIGTRAP | event << 8, message);
}

void ptrace_exec(pid_t old_pid)
{
	bool seized;
	irqflags_t irq;

	if (likely(!READ_ONCE(current->tracee)))
		return;
	if (wants_event(PTRACE_EVENT_EXEC)) {
		stop_with(SIGTRAP | PTRACE_EVENT_EXEC << 8, (unsigned long)old_pid);
		return;
	}
	irq = spin_lock_irqsave(&current->process->siglock);
	seized = !current->tracee || current->tracee->seized;
	spin_unlock_irqrestore(&current->process->siglock, irq);
	if (!seized) /* as it was before there were events */
		send_signal_task(current, SIGTRAP, SEND_SIG_NOINFO);
}

/* ---- system calls ---- */

static enum ptrace_mode current_mode(bool *good)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	enum ptrace_mode mode = PTRACE_RUN;

	*good = false;
	if (current->tracee) {
		mode = current->tracee->mode;
		*good = current->tracee->options & PTRACE_O_TRACESYSGOOD;
	}
	if (mode == PTRACE_RUN)
		atomic_and(&current->thread.work, ~WORK_SYSCALL_TRACE);
	spin_unlock_irqrestore(&p->siglock, irq);
	return mode;
}

static void syscall_stop(bool good, unsigned long message)
{
	int sig = stop_with(SIGTRAP | (good ? SYSGOOD : 0), message);

	if (sig)
		send_signal_task(current, sig, SEND_SIG_PRIV);
}

static long trace_entry(const struct regs *regs)
{
	bool good;
	enum ptrace_mode mode = current_mode(&good);

	if (mode == PTRACE_TO_SYSCALL || mode == PTRACE_EMULATE)
		syscall_stop(good, PTRACE_EVENTMSG_SYSCALL_ENTRY);
	if (mode == PTRACE_EMULATE || fatal_signal_pending(current))
		return -1;
	return regs_syscall_nr(regs);
}

/* A step over the gate ends behind it, and not behind the instruction that follows. */
static void trace_exit(struct regs *regs)
{
	bool good;
	enum ptrace_mode mode = current_mode(&good);

	if (mode == PTRACE_TO_SYSCALL)
		syscall_stop(good, PTRACE_EVENTMSG_SYSCALL_EXIT);
	else if (mode == PTRACE_STEP)
		force_signal(SIGTRAP, TRAP_BRKPT, (uaddr_t)regs_ip(regs));
}

static long trace_syscall(struct regs *regs, bool enter)
{
	if (enter)
		return trace_entry(regs);
	trace_exit(regs);
	return 0;
}

/* ---- steps into a handler ---- */

bool ptrace_takes_step(void)
{
	struct process *p = current->process;
	bool stepping;
	irqflags_t irq;

	if (likely(!READ_ONCE(current->tracee)))
		return false;
	irq = spin_lock_irqsave(&p->siglock);
	stepping = current->tracee && current->tracee->mode == PTRACE_STEP;
	if (stepping)
		end_step(current);
	spin_unlock_irqrestore(&p->siglock, irq);
	return stepping;
}

void ptrace_step_done(void)
{
	int sig = stop_with(SIGTRAP, 0);

	if (sig)
		send_signal_task(current, sig, SEND_SIG_PRIV);
}

void __init ptrace_init(void)
{
	arch_hooks.syscall_trace = trace_syscall;
}
