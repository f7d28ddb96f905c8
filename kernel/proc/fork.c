/*
 * fork(2), clone(2): how a task comes to be. process_clone() builds the child piece by piece, with
 * nobody else able to see it; publish() then gives it its number, its place in the tree and, if it
 * is one, its place in the thread group, all under tasklist_lock: from there on signals reach it,
 * and nothing can fail.
 *
 * The child first runs in the machine's return path (arch_thread_fork), with result 0.
 */
#include "proc/ptrace.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include "proc/ipc.h"
#include "proc/pidfd.h"
#include "proc/rseq.h"
#include <asm/ldt.h>
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/sched.h>

#define CLONE_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

/* ---- what a request may ask for: clone(2), ERRORS ---- */

static int check_flags(const struct clone_request *req)
{
	u64 flags = req->flags;

	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER)))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && (current->process->flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if (flags &
	    CLONE_NAMESPACES) /* there is one namespace of each kind, and only root may know that */
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (req->set_tid && !capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	return 0;
}

static u32 tasks_max(void)
{
	return (u32)(max_low_pfn / (8 * THREAD_STACK_SIZE / PAGE_SIZE));
}

/* RLIMIT_NPROC, and the most tasks that low memory has room for. */
static int check_limits(void)
{
	const struct cred *cred = current->cred;
	u64 limit = process_rlimit(current->process, RLIMIT_NPROC);

	if (atomic_read(&cred->user->processes) >= limit && cred->user->uid != 0 &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	if (atomic_read(&nr_tasks_total) < tasks_max())
		return 0;
	synchronize_rcu(); /* dead ones may only wait for that */
	return atomic_read(&nr_tasks_total) < tasks_max() ? 0 : -EAGAIN;
}

/* ---- the pieces ---- */

static void copy_own_state(struct task *child, const struct clone_request *req)
{
	const struct task *t = current;
	bool shares_stack = (req->flags & CLONE_VM) && !(req->flags & CLONE_VFORK);

	child->flags = PF_FORKNOEXEC;
	memcpy(child->comm, t->comm, sizeof(child->comm));
	child->personality = t->personality;
	child->mempolicy = t->mempolicy;
	child->ioprio = READ_ONCE(t->ioprio);
	child->blocked = t->blocked;
	child->cred = cred_get(t->cred);
	atomic_inc(&child->cred->user->processes);
	if (!shares_stack) {
		child->altstack_sp = t->altstack_sp;
		child->altstack_size = t->altstack_size;
		child->altstack_flags = t->altstack_flags;
	} else {
		child->altstack_flags = SS_DISABLE;
	}
	child->set_child_tid = req->flags & CLONE_CHILD_SETTID ? req->child_tid : 0;
	child->clear_child_tid = req->flags & CLONE_CHILD_CLEARTID ? req->child_tid : 0;
	rseq_fork(child, req->flags & CLONE_VM);
}

/* SCHED_RESET_ON_FORK: privileges of scheduling are the parent's alone. */
static void reset_scheduling(struct task *child)
{
	if (!(current->jobctl & JOBCTL_RESET_ON_FORK))
		return;
	if (child->se.rt_priority)
		sched_set_policy(child, SCHED_NORMAL, 0);
	if (child->se.nice < 0)
		sched_set_nice(child, 0);
}

static int copy_files(struct task *child, u64 flags)
{
	int err = 0;

	if (flags & CLONE_FILES) {
		files_get(current->files);
		child->files = current->files;
	} else {
		child->files = files_copy(current->files, &err);
		if (!child->files)
			return err;
	}
	return 0;
}

static int copy_fs(struct task *child, u64 flags)
{
	if (flags & CLONE_FS) {
		fs_context_get(current->fs);
		child->fs = current->fs;
	} else {
		child->fs = fs_context_copy(current->fs);
	}
	return child->fs ? 0 : -ENOMEM;
}

static int copy_mm(struct task *child, u64 flags)
{
	struct mm *mm = current->mm;

	if (!mm)
		return 0;
	if (flags & CLONE_VM)
		mm_get(mm);
	else
		mm = mm_fork(mm);
	if (!mm)
		return -ENOMEM;
	child->mm = mm;
	return 0;
}

static int copy_sighand(struct process *p, u64 flags)
{
	struct sighand *old = current->process->sighand;

	if (flags & CLONE_SIGHAND) {
		atomic_inc(&old->refs);
		p->sighand = old;
		return 0;
	}
	p->sighand = sighand_alloc();
	if (!p->sighand)
		return -ENOMEM;
	sighand_copy(p->sighand, old);
	if (flags & CLONE_CLEAR_SIGHAND)
		signal_flush_handlers(p);
	return 0;
}

/* A new process as a copy of the caller's, or the caller's own for a thread. */
static int copy_process(struct task *child, u64 flags)
{
	struct process *old = current->process, *p;
	irqflags_t irq;
	int err;

	if (flags & CLONE_THREAD) {
		process_get(old);
		child->process = old;
		return 0;
	}
	p = process_alloc();
	if (!p)
		return -ENOMEM;
	err = copy_sighand(p, flags);
	if (err) {
		process_put(p);
		return err;
	}
	irq = spin_lock_irqsave(&old->siglock);
	memcpy(p->rlim, old->rlim, sizeof(p->rlim));
	p->oom_score_adj = old->oom_score_adj;
	p->oom_score_adj_min = old->oom_score_adj_min;
	spin_unlock_irqrestore(&old->siglock, irq);
	p->has_subreaper = old->has_subreaper || old->child_subreaper;
	child->process = p;
	return rlimit_cpu_inherit(p);
}

/* CLONE_SETTLS: on i386 the argument is a struct user_desc. */
static int copy_tls(struct task *child, const struct clone_request *req)
{
	struct user_desc desc;

	if (!(req->flags & CLONE_SETTLS))
		return 0;
	if (copy_from_user(&desc, req->tls, sizeof(desc)))
		return -EFAULT;
	return arch_set_thread_area(&child->thread, &desc, false);
}

/* ---- publication ---- */

static void link_process(struct process *p, struct pid *pid, u64 flags)
{
	struct process *own = current->process;

	p->parent = flags & CLONE_PARENT ? own->parent : own;
	list_add_tail(&p->sibling, &p->parent->children);
	process_join_group(p, PIDTYPE_PID, pid);
	process_join_group(p, PIDTYPE_TGID, pid);
	process_join_group(p, PIDTYPE_PGID, own->pids[PIDTYPE_PGID]);
	process_join_group(p, PIDTYPE_SID, own->pids[PIDTYPE_SID]);
	rcu_assign_pointer(pid->process, p);
	if (proc_tty_hooks.fork)
		proc_tty_hooks.fork(own, p);
}

/*
 * A signal that is pending now was sent to the parent alone (or to its group, before the child was
 * in it): the fork is done again after it was handled, so that no signal to a group misses the
 * child.
 */
static int publish(struct task *child, struct pid *pid, const struct clone_request *req,
		   struct tracee *tracee)
{
	struct process *p = child->process, *own = current->process;
	irqflags_t irq;

	spin_lock(&tasklist_lock);
	irq = spin_lock_irqsave(&own->siglock);
	signal_recalc();
	if (signal_pending(current)) {
		spin_unlock_irqrestore(&own->siglock, irq);
		spin_unlock(&tasklist_lock);
		return -ERESTARTNOINTR;
	}
	child->pid = pid->nr;
	if (p == own) {
		child->tgid = own->leader->tgid;
		child->exit_signal = -1;
		process_add_task(p, child);
		if (tracee)
			ptrace_fork_attach(child, tracee, pid);
	}
	spin_unlock_irqrestore(&own->siglock, irq);
	if (p != own) {
		child->tgid = pid->nr;
		child->exit_signal =
			req->flags & CLONE_PARENT ? own->leader->exit_signal : req->exit_signal;
		process_add_task(p, child);
		link_process(p, pid, req->flags);
		if (tracee)
			ptrace_fork_attach(child, tracee, pid);
	}
	pid_get(pid);
	rcu_assign_pointer(pid->task, child);
	total_forks++;
	spin_unlock(&tasklist_lock);
	return 0;
}

/* ---- undoing ---- */

static void drop_pieces(struct task *child)
{
	ipc_exit(child);
	if (child->mm)
		mm_put(child->mm);
	if (child->fs)
		fs_context_put(child->fs);
	if (child->files)
		files_put(child->files);
	if (child->process)
		process_put(child->process);
	atomic_dec(&child->cred->user->processes);
	cred_put(child->cred);
	task_discard(child);
}

static struct task *copy_task(struct regs *regs, const struct clone_request *req)
{
	struct task *child = task_alloc();
	int err;

	if (!child)
		return ERR_PTR(-ENOMEM);
	copy_own_state(child, req);
	sched_fork(child, current);
	reset_scheduling(child);
	err = copy_process(child, req->flags);
	if (!err)
		err = copy_files(child, req->flags);
	if (!err)
		err = copy_fs(child, req->flags);
	if (!err)
		err = ipc_fork(child, req->flags);
	if (!err)
		err = copy_mm(child, req->flags);
	if (!err)
		err = arch_thread_fork(&child->thread, child->stack, regs, req->stack);
	if (!err)
		err = copy_tls(child, req);
	if (err) {
		drop_pieces(child);
		return ERR_PTR(err);
	}
	if (child->set_child_tid) /* the child writes it itself, before it returns to user mode */
		child->thread.work |= WORK_NOTIFY;
	return child;
}

/* ---- vfork ---- */

/*
 * The completion is on the parent's stack. The child completes it under its own alloc_lock
 * (mm_release), so that once the parent has had that lock nobody touches the completion any more,
 * whether it was waited for or given up.
 */
static void wait_for_vfork(struct task *child, struct completion *done)
{
	int err = wait_for_completion_killable(done);

	spin_lock(&child->alloc_lock);
	if (err)
		child->vfork_done = NULL;
	spin_unlock(&child->alloc_lock);
}

static long start_child(struct task *child, const struct clone_request *req, int event)
{
	struct completion done;
	pid_t nr = child->pid;
	bool is_vfork = req->flags & CLONE_VFORK;

	if (req->flags & CLONE_PARENT_SETTID)
		(void)put_user_u32((u32)nr, req->parent_tid);
	if (is_vfork) {
		completion_init(&done);
		/* wait_for_vfork() stays until nobody has its address. */
		/* cppcheck-suppress autoVariables */
		child->vfork_done = &done;
		task_get(child);
	}
	wake_up_new_task(child);
	if (unlikely(event))
		ptrace_event(event, (unsigned long)nr);
	if (is_vfork) {
		wait_for_vfork(child, &done);
		task_put(child);
		ptrace_event(PTRACE_EVENT_VFORK_DONE, (unsigned long)nr);
	}
	return nr;
}

long process_clone(struct regs *regs, const struct clone_request *req)
{
	struct pidfd_reservation pidfd = {.fd = -1};
	struct tracee *tracee;
	struct task *child;
	struct pid *pid;
	int event;
	long err = check_flags(req);

	if (!err)
		err = check_limits();
	if (err)
		return err;
	tracee = ptrace_fork_prepare(req, &event);
	if (IS_ERR(tracee))
		return PTR_ERR(tracee);
	child = copy_task(regs, req);
	if (IS_ERR(child)) {
		ptrace_fork_cancel(tracee);
		return PTR_ERR(child);
	}
	pid = pid_alloc(req->set_tid);
	if (IS_ERR(pid)) {
		ptrace_fork_cancel(tracee);
		drop_pieces(child);
		return PTR_ERR(pid);
	}
	if (req->flags & CLONE_PIDFD)
		err = pidfd_reserve(&pidfd, pid, req->pidfd);
	if (!err)
		err = publish(child, pid, req, tracee);
	if (err) {
		ptrace_fork_cancel(tracee);
		pidfd_cancel(&pidfd);
		pid_put(pid);
		drop_pieces(child);
		return err;
	}
	rlimit_cpu_start(child->process);
	pidfd_install(&pidfd);
	err = start_child(child, req, event);
	pid_put(pid);
	return err;
}

/* ---- tasks of the kernel ---- */

static int make_process(struct task *t, struct sighand *sighand)
{
	struct process *p = process_alloc();

	if (!p)
		return -ENOMEM;
	p->sighand = sighand;
	t->process = p;
	t->cred = cred_get(&root_cred);
	atomic_inc(&root_cred.user->processes);
	memcpy(p->rlim, idle_tasks_boot.process->rlim, sizeof(p->rlim));
	p->flags = SIGNAL_UNKILLABLE;
	return 0;
}

static void publish_kernel_task(struct task *t, struct pid *pid)
{
	struct process *p = t->process, *idle = idle_tasks_boot.process;

	t->pid = t->tgid = pid->nr;
	spin_lock(&tasklist_lock);
	process_add_task(p, t);
	p->parent = idle;
	list_add_tail(&p->sibling, &idle->children);
	process_join_group(p, PIDTYPE_PID, pid);
	process_join_group(p, PIDTYPE_TGID, pid);
	process_join_group(p, PIDTYPE_PGID, idle->pids[PIDTYPE_PGID]);
	process_join_group(p, PIDTYPE_SID, idle->pids[PIDTYPE_SID]);
	rcu_assign_pointer(pid->process, p);
	rcu_assign_pointer(pid->task, t);
	spin_unlock(&tasklist_lock);
}

/*
 * A task with its process, called @name, numbered @nr (0: any). Takes over @sighand. NULL: no
 * memory.
 */
static struct task *alloc_with_process(const char *name, pid_t nr, struct sighand *sighand)
{
	struct task *t = task_alloc();
	struct pid *pid;

	if (!t || make_process(t, sighand))
		goto no_process;
	pid = pid_alloc(nr);
	if (IS_ERR(pid))
		goto no_pid;
	task_set_comm(t, name);
	t->altstack_flags = SS_DISABLE;
	publish_kernel_task(t, pid);
	return t;
no_pid:
	cred_put(t->cred);
	atomic_dec(&root_cred.user->processes);
	process_put(t->process);
	task_discard(t);
	return NULL;
no_process:
	sighand_put(sighand);
	if (t)
		task_discard(t);
	return NULL;
}

/* Kernel threads share the idle task's handlers (none), and block everything. */
static struct task *alloc_kernel_task(const char *name)
{
	struct sighand *sighand = idle_tasks_boot.process->sighand;
	struct task *t;

	atomic_inc(&sighand->refs);
	t = alloc_with_process(name, 0, sighand);
	if (!t)
		return NULL;
	t->flags = PF_KTHREAD;
	t->blocked = ~0ULL;
	if (current->fs) {
		fs_context_get(current->fs);
		t->fs = current->fs;
	}
	return t;
}

static void exit_kernel_task(int code)
{
	do_exit((code & 0xff) << 8);
}

struct process *init_process;

struct task *proc_create_init(void (*fn)(void *), void *arg)
{
	struct sighand *sighand = sighand_alloc();
	struct task *t;

	if (!sighand)
		return NULL;
	t = alloc_with_process("swapper/0", 1, sighand);
	if (!t)
		return NULL;
	sched_fork(t, current);
	t->exit_signal = SIGCHLD;
	t->files = files_new();
	t->fs = fs_context_copy(current->fs);
	if (!t->files || !t->fs || arch_thread_kernel(&t->thread, t->stack, fn, arg))
		return NULL; /* the boot cannot go on; nothing is undone */
	init_process = t->process;
	wake_up_new_task(t);
	return t;
}

void __init proc_init(void)
{
	pid_init();
	cred_init();
	task_init();
	task_alloc_kernel = alloc_kernel_task;
	task_exit_kernel = exit_kernel_task;
	signal_init();
	futex_init();
	ptrace_init();
	proc_hooks_init();
}
