/*
 * Who traces whom: how tracing begins (PTRACE_TRACEME, ATTACH, SEIZE, a traced fork), how it ends,
 * and what the tracer's wait finds.
 *
 * A tracee that ends leaves its struct tracee on the tracer's list, with its status, until the
 * tracer has waited for it; but a process whose parent is its tracer is waited for as a child.
 * Stops are in ptrace_stop.c, requests in ptrace_request.c.
 *
 * (t) tasklist_lock guards the lists, and with siglock task->tracee: whoever has one of
 *     them sees it stay.
 */
#include "proc/ptrace.h"
#include "mm/slab.h"
#include "proc/ptrace_request.h"
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/wait.h>

static uid_t uid_of(struct task *t)
{
	uid_t uid;

	rcu_read_lock();
	uid = rcu_dereference(t->cred)->uid;
	rcu_read_unlock();
	return uid;
}

static struct tracee *tracee_alloc(bool seized, u32 options)
{
	struct tracee *tracee = kzalloc(sizeof(*tracee), GFP_KERNEL);

	if (tracee) {
		tracee->seized = seized;
		tracee->options = options;
	}
	return tracee;
}

/* => tasklist_lock and siglock held */
static void link(struct tracee *tracee, struct task *t, struct process *tracer, struct pid *pid)
{
	tracee->task = t;
	tracee->tracer = tracer;
	tracee->pid = pid;
	pid_get(pid);
	list_add_tail(&tracee->node, &tracer->tracees);
	t->tracee = tracee;
}

/* => tasklist_lock held */
static void forget(struct tracee *tracee)
{
	list_del(&tracee->node);
	pid_put(tracee->pid);
	kfree(tracee);
}

/* => tasklist_lock and siglock held */
static void unlink(struct task *t)
{
	struct tracee *tracee = t->tracee;

	t->tracee = NULL;
	forget(tracee);
}

/* ---- begin ---- */

int ptrace_traceme(void)
{
	struct task *t = current;
	struct process *p = t->process;
	struct tracee *tracee = tracee_alloc(false, 0);
	irqflags_t irq;
	int err = -EPERM;

	if (!tracee)
		return -ENOMEM;
	spin_lock(&tasklist_lock);
	irq = spin_lock_irqsave(&p->siglock);
	if (!t->tracee) {
		link(tracee, t, p->parent, pid_find(t->pid));
		tracee = NULL;
		err = 0;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	spin_unlock(&tasklist_lock);
	kfree(tracee);
	return err;
}

/*
 * A task that has stopped already stops again, for the tracer; another stops by SIGSTOP,
 * unless it is seized.
 */
static void first_stop(struct task *t, bool seized)
{
	if (!seized)
		signal_send_locked(t->process, t, SIGSTOP, SEND_SIG_PRIV);
	if (t->jobctl & JOBCTL_STOPPED) {
		t->jobctl |= JOBCTL_TRAP_STOP;
		signal_wake(t, TASK_STOPPED);
	}
}

static int attach_locked(struct task *t, struct tracee *tracee)
{
	struct process *p = t->process;
	irqflags_t irq;
	int err = -EPERM;

	spin_lock(&tasklist_lock);
	irq = spin_lock_irqsave(&p->siglock);
	if (!t->tracee && !t->exit_state && !(t->flags & PF_EXITING)) {
		link(tracee, t, current->process, pid_find(t->pid));
		first_stop(t, tracee->seized);
		err = 0;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	spin_unlock(&tasklist_lock);
	return err;
}

int ptrace_attach(struct task *t, bool seize, u32 options)
{
	struct process *p = t->process;
	struct tracee *tracee;
	int err;

	if ((t->flags & PF_KTHREAD) || p == current->process)
		return -EPERM;
	tracee = tracee_alloc(seize, options);
	if (!tracee)
		return -ENOMEM;
	err = mutex_lock_interruptible(&p->exec_lock) ? -ERESTARTNOINTR : 0;
	if (!err) { /* not while an execve changes what it may do */
		err = task_may_attach(t) ? attach_locked(t, tracee) : -EPERM;
		mutex_unlock(&p->exec_lock);
	}
	if (err)
		kfree(tracee);
	return err;
}

/* ---- fork ---- */

static int fork_event(const struct clone_request *req)
{
	if (req->flags & CLONE_VFORK)
		return PTRACE_EVENT_VFORK;
	return req->exit_signal != SIGCHLD || (req->flags & CLONE_THREAD) ? PTRACE_EVENT_CLONE
									  : PTRACE_EVENT_FORK;
}

struct tracee *ptrace_fork_prepare(const struct clone_request *req, int *event)
{
	struct process *p = current->process;
	struct tracee *tracee;
	u32 options = 0;
	bool seized = false, traced;
	irqflags_t irq;

	*event = 0;
	if (likely(!READ_ONCE(current->tracee)) || (req->flags & CLONE_UNTRACED))
		return NULL;
	irq = spin_lock_irqsave(&p->siglock);
	traced = current->tracee;
	if (traced) {
		options = current->tracee->options;
		seized = current->tracee->seized;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	if (options & 1u << fork_event(req))
		*event = fork_event(req);
	if (!traced || (!*event && !(req->flags & CLONE_PTRACE)))
		return NULL;
	tracee = tracee_alloc(seized, options);
	return tracee ? tracee : ERR_PTR(-ENOMEM);
}

void ptrace_fork_attach(struct task *child, struct tracee *tracee, struct pid *pid)
{
	struct tracee *own = current->tracee;

	if (!own) { /* the tracer has just gone */
		kfree(tracee);
		return;
	}
	link(tracee, child, own->tracer, pid);
	if (tracee->seized)
		child->jobctl |= JOBCTL_TRAP_STOP;
	else
		child->pending_set |= sigmask(SIGSTOP);
	atomic_or(&child->thread.work, WORK_SIGNAL);
}

void ptrace_fork_cancel(struct tracee *tracee)
{
	kfree(tracee);
}

/* ---- exec ---- */

void ptrace_take_number(struct task *old, struct task *new_leader)
{
	struct process *p = old->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	struct tracee *tracee = new_leader->tracee;

	if (old->tracee)
		unlink(old);
	if (tracee) {
		pid_put(tracee->pid);
		tracee->pid = p->pids[PIDTYPE_TGID];
		pid_get(tracee->pid);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
}

bool ptrace_forbids_privileges(void)
{
	struct tracee *tracee;
	bool forbids = false;

	if (likely(!READ_ONCE(current->tracee)))
		return false;
	spin_lock(&tasklist_lock);
	tracee = current->tracee;
	if (tracee) {
		rcu_read_lock();
		forbids = !(rcu_dereference(tracee->tracer->leader->cred)->cap_effective &
			    1ULL << CAP_SYS_PTRACE);
		rcu_read_unlock();
	}
	spin_unlock(&tasklist_lock);
	return forbids;
}

/* ---- end ---- */

/* The task goes on as if nobody had traced it: into the group stop, if its process is in one. */
static void release(struct task *t, int sig)
{
	struct process *p = t->process;
	bool traced = t->jobctl & JOBCTL_TRACED;

	if (t->tracee->mode == PTRACE_STEP && traced)
		arch_single_step(&t->thread, false);
	t->jobctl &= ~(JOBCTL_TRAP_STOP | JOBCTL_LISTENING);
	unlink(t);
	if ((p->flags & SIGNAL_STOP_STOPPED) && !(t->flags & PF_EXITING)) {
		t->jobctl |= JOBCTL_STOP_PENDING;
		p->group_stop_count++;
	}
	if (traced)
		ptrace_wake(t, sig);
	signal_wake(t, 0);
}

int ptrace_detach(struct task *t, int sig)
{
	struct process *p = t->process;
	irqflags_t irq;
	int err = -ESRCH;

	spin_lock(&tasklist_lock);
	irq = spin_lock_irqsave(&p->siglock);
	if (ptrace_is_by(t, current->process) && (t->jobctl & JOBCTL_TRACED)) {
		release(t, sig);
		err = 0;
	}
	spin_unlock_irqrestore(&p->siglock, irq);
	spin_unlock(&tasklist_lock);
	return err;
}

static void free_tracee(struct tracee *tracee)
{
	struct task *t = tracee->task;
	struct process *p;
	irqflags_t irq;

	if (!t) {
		forget(tracee);
		return;
	}
	p = t->process;
	irq = spin_lock_irqsave(&p->siglock);
	if (tracee->options & PTRACE_O_EXITKILL)
		signal_send_locked(p, NULL, SIGKILL, SEND_SIG_PRIV);
	release(t, 0);
	spin_unlock_irqrestore(&p->siglock, irq);
}

void ptrace_tracer_gone(struct process *p)
{
	struct tracee *tracee, *next;

	list_for_each_entry_safe(tracee, next, &p->tracees, node)
		free_tracee(tracee);
}

static void notify_end(struct tracee *tracee)
{
	struct process *tracer = tracee->tracer;
	struct k_sigaction action;
	siginfo_t info;
	irqflags_t irq;
	bool unwanted;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGCHLD;
	info.si_code = tracee->status & 0x7f ? CLD_KILLED : CLD_EXITED;
	info.si_pid = tracee->pid->nr;
	info.si_uid = tracee->uid;
	info.si_status = tracee->status & 0x7f ? tracee->status & 0x7f : tracee->status >> 8;
	irq = spin_lock_irqsave(&tracer->siglock);
	sighand_read(tracer->sighand, SIGCHLD, &action);
	unwanted = action.handler == (uaddr_t)SIG_IGN || (action.flags & SA_NOCLDWAIT);
	if (action.handler != (uaddr_t)SIG_IGN)
		signal_send_locked(tracer, NULL, SIGCHLD, &info);
	spin_unlock_irqrestore(&tracer->siglock, irq);
	if (unwanted)
		forget(tracee);
	wake_up_all(&tracer->wait_child);
}

void ptrace_task_gone(struct task *t)
{
	struct process *p = t->process;
	struct tracee *tracee;
	irqflags_t irq;

	if (likely(!t->tracee))
		return;
	irq = spin_lock_irqsave(&p->siglock);
	tracee = t->tracee;
	tracee->task = NULL;
	tracee->status = p->flags & SIGNAL_GROUP_EXIT ? p->group_exit_code : t->exit_code;
	tracee->uid = uid_of(t);
	t->tracee = NULL;
	spin_unlock_irqrestore(&p->siglock, irq);
	if (t == p->leader && tracee->tracer == p->parent)
		forget(tracee);
	else
		notify_end(tracee);
}

pid_t ptrace_tracer_nr(struct task *t)
{
	pid_t nr;

	if (likely(!READ_ONCE(t->tracee)))
		return 0;
	spin_lock(&tasklist_lock);
	nr = t->tracee ? t->tracee->tracer->leader->tgid : 0;
	spin_unlock(&tasklist_lock);
	return nr;
}

/* ---- the tracer waits ---- */

static bool is_wanted(const struct wait_request *req, const struct tracee *tracee)
{
	if (req->type == P_PID)
		return req->pid == tracee->pid;
	if (req->type == P_PGID)
		return tracee->task && tracee->task->process->pids[PIDTYPE_PGID] == req->pid;
	return true;
}

static bool claim_stop(struct wait_request *req, struct tracee *tracee)
{
	struct task *t = tracee->task;
	struct process *p = t->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	bool listening = t->jobctl & JOBCTL_LISTENING;
	int code = (t->jobctl & JOBCTL_TRACED) && !listening ? t->exit_code : 0;

	if (code && !(req->options & WNOWAIT))
		t->exit_code = 0;
	spin_unlock_irqrestore(&p->siglock, irq);
	if (!code)
		return false;
	req->child = t->pid;
	req->uid = uid_of(t);
	req->code = CLD_TRAPPED;
	req->status = code;
	req->wait_status = code << 8 | 0x7f;
	process_get_usage(p, &req->usage);
	return true;
}

static bool claim_end(struct wait_request *req, struct tracee *tracee)
{
	int status = tracee->status;

	if (!(req->options & WEXITED))
		return false;
	req->child = tracee->pid->nr;
	req->uid = tracee->uid;
	req->wait_status = status;
	req->code = status & 0x7f ? CLD_KILLED : CLD_EXITED;
	req->status = status & 0x7f ? status & 0x7f : status >> 8;
	memset(&req->usage, 0, sizeof(req->usage)); /* it is in its process's */
	if (!(req->options & WNOWAIT))
		forget(tracee);
	return true;
}

int ptrace_wait(struct wait_request *req)
{
	struct tracee *tracee;
	int result = -ECHILD;

	list_for_each_entry(tracee, &current->process->tracees, node) {
		if (!is_wanted(req, tracee))
			continue;
		if (tracee->task ? claim_stop(req, tracee) : claim_end(req, tracee))
			return 1;
		result = 0;
	}
	return result;
}
