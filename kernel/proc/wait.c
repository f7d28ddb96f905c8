/*
 * wait4(2), waitid(2): a parent learns what became of its children, and a zombie ends.
 *
 * Children announce themselves on parent->wait_child after they have changed their state, under
 * tasklist_lock; the waiter is on that queue before it looks. claim_*() decide under tasklist_lock,
 * so that each event is seen by one waiter only.
 */
#include "proc/ptrace.h"
#include <linux/wait.h>

void usage_add(struct usage *to, const struct usage *from)
{
	to->utime_ns += from->utime_ns;
	to->stime_ns += from->stime_ns;
	to->min_flt += from->min_flt;
	to->maj_flt += from->maj_flt;
	to->nvcsw += from->nvcsw;
	to->nivcsw += from->nivcsw;
	to->maxrss = MAX(to->maxrss, from->maxrss);
}

void task_io_add(struct task_io *to, const struct task_io *from)
{
	to->rchar += from->rchar;
	to->wchar += from->wchar;
	to->syscr += from->syscr;
	to->syscw += from->syscw;
}

static bool is_wanted(const struct wait_request *req, const struct process *child)
{
	bool is_clone = child->leader->exit_signal != SIGCHLD;

	if (req->type == P_PID && child->pids[PIDTYPE_TGID] != req->pid)
		return false;
	if (req->type == P_PGID && child->pids[PIDTYPE_PGID] != req->pid)
		return false;
	return (req->options & __WALL) || is_clone == !!(req->options & __WCLONE);
}

static void describe(struct wait_request *req, const struct process *child)
{
	req->child = child->leader->pid;
	rcu_read_lock();
	req->uid = rcu_dereference(child->leader->cred)->uid;
	rcu_read_unlock();
}

static void describe_exit(struct wait_request *req, struct process *child)
{
	int code = process_exit_status(child);

	describe(req, child);
	req->wait_status = code;
	if (code & 0x7f) {
		req->code = code & WAIT_DUMPED ? CLD_DUMPED : CLD_KILLED;
		req->status = code & 0x7f;
	} else {
		req->code = CLD_EXITED;
		req->status = code >> 8;
	}
}

/*
 * The dead child's times become the parent's children's, what it read and wrote the parent's own.
 */
static void inherit_usage(struct process *child, const struct usage *usage,
			  const struct task_io *io)
{
	struct process *own = current->process;
	irqflags_t irq = spin_lock_irqsave(&own->siglock);

	usage_add(&own->children_usage, usage);
	usage_add(&own->children_usage, &child->children_usage);
	task_io_add(&own->io, io);
	spin_unlock_irqrestore(&own->siglock, irq);
}

static bool claim_zombie(struct wait_request *req, struct process *child, struct process **reaped)
{
	if (!(req->options & WEXITED) || child->exit_state != PROCESS_ZOMBIE)
		return false;
	describe_exit(req, child);
	process_get_usage(child, &req->usage);
	if (!(req->options & WNOWAIT)) {
		struct task_io io;

		process_get_io(child, &io);
		child->exit_state = PROCESS_REAPED;
		inherit_usage(child, &req->usage, &io);
		*reaped = child;
	}
	usage_add(&req->usage, &child->children_usage);
	return true;
}

static bool claim_stop(struct wait_request *req, struct process *child)
{
	irqflags_t irq;
	int sig = 0;

	if (!(req->options & WSTOPPED) || !(READ_ONCE(child->flags) & SIGNAL_STOP_STOPPED))
		return false;
	irq = spin_lock_irqsave(&child->siglock);
	if (child->flags & SIGNAL_STOP_STOPPED) {
		sig = child->group_exit_code;
		if (!(req->options & WNOWAIT))
			child->group_exit_code = 0;
	}
	spin_unlock_irqrestore(&child->siglock, irq);
	if (!sig)
		return false;
	describe(req, child);
	req->code = CLD_STOPPED;
	req->status = sig;
	req->wait_status = sig << 8 | 0x7f;
	process_get_usage(child, &req->usage);
	return true;
}

static bool claim_continue(struct wait_request *req, struct process *child)
{
	irqflags_t irq;
	bool continued;

	if (!(req->options & WCONTINUED) || !(READ_ONCE(child->flags) & SIGNAL_STOP_CONTINUED))
		return false;
	irq = spin_lock_irqsave(&child->siglock);
	continued = child->flags & SIGNAL_STOP_CONTINUED;
	if (!(req->options & WNOWAIT))
		child->flags &= ~SIGNAL_STOP_CONTINUED;
	spin_unlock_irqrestore(&child->siglock, irq);
	if (!continued)
		return false;
	describe(req, child);
	req->code = CLD_CONTINUED;
	req->status = SIGCONT;
	req->wait_status = 0xffff;
	process_get_usage(child, &req->usage);
	return true;
}

static bool claim(struct wait_request *req, struct process *child, struct process **reaped)
{
	if (child->exit_state == PROCESS_ALIVE) /* the stops of a tracee are its tracer's */
		return (!ptrace_is_by(child->leader, current->process) && claim_stop(req, child)) ||
		       claim_continue(req, child);
	return claim_zombie(req, child, reaped);
}

/* 1: found, 0: children but none ready, -ECHILD. => tasklist_lock held */
static int scan_children(struct wait_request *req, struct process **reaped)
{
	struct process *own = current->process, *child;
	int result = -ECHILD;

	if (req->type == P_PID) { /* no need to look through all */
		child = req->pid->process;
		if (!child || child->parent != own || child->exit_state == PROCESS_REAPED ||
		    !is_wanted(req, child))
			return -ECHILD;
		return claim(req, child, reaped);
	}
	list_for_each_entry(child, &own->children, sibling) {
		if (child->exit_state == PROCESS_REAPED || !is_wanted(req, child))
			continue;
		if (claim(req, child, reaped))
			return 1;
		result = 0;
	}
	return result;
}

/* Tracees first; the same result. => tasklist_lock held */
static int scan(struct wait_request *req, struct process **reaped)
{
	int traced = -ECHILD, found;

	if (unlikely(!list_empty(&current->process->tracees)))
		traced = ptrace_wait(req);
	if (traced == 1)
		return 1;
	found = scan_children(req, reaped);
	return found == -ECHILD ? traced : found;
}

int process_wait(struct wait_request *req)
{
	struct process *reaped = NULL;
	struct wait_entry entry;
	int found;

	wait_entry_init(&entry);
	for (;;) {
		prepare_to_wait(&current->process->wait_child, &entry, TASK_INTERRUPTIBLE, false);
		spin_lock(&tasklist_lock);
		found = scan(req, &reaped);
		spin_unlock(&tasklist_lock);
		if (found || (req->options & WNOHANG))
			break;
		if (signal_pending(current)) {
			found = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(&current->process->wait_child, &entry);
	if (reaped)
		process_release(reaped);
	return found;
}
