/*
 * Sending signals and the queues in which they wait.
 *
 * Each thread has a queue of its own and shares its process's; a set of bits beside each queue says
 * which signals are pending. A standard signal is pending at most once, real-time signals queue up
 * to RLIMIT_SIGPENDING; when there is no memory or room the bit alone stands for the signal. All
 * under process->siglock.
 *
 * thread.work & WORK_SIGNAL says that a thread has something to look at. Others only set it; the
 * thread itself clears it (signal_recalc), so that a system call that was interrupted always comes
 * to signal_deliver(), which also restarts it.
 */
#include "proc/internal.h"
#include "mm/slab.h"

static struct kmem_cache *queue_cache;

/* ---- the queue ---- */

/*
 * Charged to the real user of @t: NULL when he has too many pending and @force does not insist. =>
 * rcu or own cred
 */
struct signal_queue *signal_queue_alloc(struct task *t, const struct cred *cred, bool force)
{
	struct user *user = cred->user;
	u32 count = atomic_inc_return(&user->pending_signals);
	struct signal_queue *q = NULL;

	if (force || count <= READ_ONCE(t->process->rlim[RLIMIT_SIGPENDING].rlim_cur))
		q = kmem_cache_alloc(queue_cache, GFP_ATOMIC);
	if (!q) {
		atomic_dec(&user->pending_signals);
		return NULL;
	}
	q->next = q;
	q->timer = NULL;
	q->queued = false;
	q->user = user;
	user_hold(user);
	return q;
}

void signal_queue_release(struct signal_queue *q)
{
	if (q->timer) { /* the timer keeps it */
		q->queued = false;
		return;
	}
	atomic_dec(&q->user->pending_signals);
	user_put(q->user);
	kmem_cache_free(queue_cache, q);
}

static void queue_append(struct signal_queue **last, struct signal_queue *q)
{
	if (*last) {
		q->next = (*last)->next;
		(*last)->next = q;
	} else {
		q->next = q;
	}
	*last = q;
}

/* Remove the one after @prev. */
static void queue_unlink(struct signal_queue **last, struct signal_queue *prev)
{
	struct signal_queue *q = prev->next;

	if (q == prev) {
		*last = NULL;
		return;
	}
	prev->next = q->next;
	if (*last == q)
		*last = prev;
}

/* The first entry of @sig, unlinked, or NULL; *@more: there is another. */
static struct signal_queue *queue_take(struct signal_queue **last, int sig, bool *more)
{
	struct signal_queue *prev = *last, *before = NULL, *end = *last, *q;

	*more = false;
	if (!prev)
		return NULL;
	if (prev->next == prev) { /* the only one */
		if (prev->info.si_signo != sig)
			return NULL;
		*last = NULL;
		return prev;
	}
	do {
		q = prev->next;
		if (q->info.si_signo == sig) {
			if (before) {
				*more = true;
				break;
			}
			before = prev;
		}
		prev = q;
	} while (q != end);
	if (!before)
		return NULL;
	q = before->next;
	queue_unlink(last, before);
	return q;
}

void signal_queue_flush(struct signal_queue **last)
{
	struct signal_queue *q;

	while ((q = *last)) {
		q = q->next;
		queue_unlink(last, *last);
		signal_queue_release(q);
	}
}

/* Forget the signals of @set that are pending. */
void signal_flush_set(struct signal_queue **last, u64 *pending, u64 set)
{
	struct signal_queue *q;
	bool more;

	set &= *pending;
	*pending &= ~set;
	for (; set; set &= set - 1) {
		int sig = __builtin_ctzll(set) + 1;

		while ((q = queue_take(last, sig, &more)))
			signal_queue_release(q);
	}
}

static int pick_signal(u64 set)
{
	u32 low = (u32)set;

	if (low & SIGNALS_SYNCHRONOUS)
		low &= (u32)SIGNALS_SYNCHRONOUS;
	return low ? __builtin_ctz(low) + 1 : __builtin_ctz((u32)(set >> 32)) + 33;
}

/*
 * Dequeue the most urgent signal that is not in @mask: its number and the first SIGINFO_USED bytes
 * of *@info, or 0.
 */
int signal_take(u64 *pending, struct signal_queue **last, u64 mask, siginfo_t *info)
{
	u64 set = *pending & ~mask;
	struct signal_queue *q;
	bool more;
	int sig;

	if (!set)
		return 0;
	sig = pick_signal(set);
	q = queue_take(last, sig, &more);
	if (!more)
		sigset_remove(pending, sig);
	if (!q) {
		memset(info, 0, SIGINFO_USED);
		info->si_signo = sig;
		return sig;
	}
	memcpy(info, &q->info, SIGINFO_USED);
	if (q->timer)
		posix_timer_dequeued(q, info);
	signal_queue_release(q);
	return sig;
}

/* ---- who looks ---- */

static bool has_work(const struct task *t)
{
	const struct process *p = t->process;

	return ((t->pending_set | p->shared_pending_set) & ~t->blocked) ||
	       (t->jobctl & (JOBCTL_STOP_PENDING | JOBCTL_TRAP_STOP)) ||
	       (p->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED));
}

/* Of the current thread. => siglock held */
void signal_recalc(void)
{
	if (has_work(current))
		atomic_or(&current->thread.work, WORK_SIGNAL);
	else if (signal_pending(current))
		atomic_and(&current->thread.work, ~WORK_SIGNAL);
}

/*
 * Make @t look at its signals, waking it from an interruptible sleep and from @extra_states. =>
 * siglock held
 */
void signal_wake(struct task *t, unsigned extra_states)
{
	atomic_or(&t->thread.work, WORK_SIGNAL);
	if (t == current || wake_up_state(t, TASK_INTERRUPTIBLE | extra_states))
		return;
	if (READ_ONCE(t->on_cpu) && READ_ONCE(t->cpu) != smp_cpu_id())
		ipi_reschedule(t->cpu);
}

#define WAKE_FATAL (TASK_WAKEKILL | TASK_STOPPED | TASK_TRACED)

/* SIGKILL for every thread but the caller. => siglock held */
void signal_kill_others(struct process *p)
{
	struct task *t;

	p->group_stop_count = 0;
	list_for_each_entry(t, &p->threads, thread_node) {
		if (t == current || t->exit_state)
			continue;
		t->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_DEQUEUED);
		t->pending_set |= sigmask(SIGKILL);
		signal_wake(t, WAKE_FATAL);
	}
}

/*
 * @t no longer takes the signals of @set that were sent to its process: some other thread must. =>
 * siglock held
 */
void signal_retarget(struct task *t, u64 set)
{
	struct process *p = t->process;
	struct task *other;

	set &= p->shared_pending_set;
	if (!set)
		return;
	list_for_each_entry(other, &p->threads, thread_node) {
		if (other == t || (other->flags & PF_EXITING) || !(set & ~other->blocked))
			continue;
		set &= other->blocked;
		signal_wake(other, 0);
	}
}

/* ---- what becomes of a signal ---- */

static uaddr_t handler_of(const struct process *p, int sig)
{
	return sighand_handler(p->sighand, sig);
}

/* Would @t ignore @sig even if it were delivered? => siglock held */
static bool is_ignored(const struct task *t, int sig, bool force)
{
	const struct process *p = t->process;
	uaddr_t handler = handler_of(p, sig);

	if (t->tracee && sig != SIGKILL)
		return false; /* its tracer may want to see it */
	if ((p->flags & SIGNAL_UNKILLABLE) && handler == (uaddr_t)SIG_DFL &&
	    !(force && sig_is_one_of(sig, SIGNALS_UNBLOCKABLE)))
		return true;
	if (handler == (uaddr_t)SIG_IGN)
		return sig != SIGKILL && sig != SIGSTOP;
	return handler == (uaddr_t)SIG_DFL && sig_is_one_of(sig, SIGNALS_DEFAULT_IGNORED);
}

/* Now, or when sigtimedwait() is over. */
static inline bool is_blocked(const struct task *t, int sig)
{
	return sigset_has(&t->blocked, sig) || sigset_has(&t->real_blocked, sig);
}

/* Not worth queueing: ignored, and not blocked (a blocked one may find a handler later). */
bool signal_is_ignored(struct task *t, int sig)
{
	return !is_blocked(t, sig) && is_ignored(t, sig, false);
}

/*
 * The effects that a signal has when it is sent, before anybody takes it. False: it is not to be
 * queued. => siglock held
 */
static bool prepare(struct process *p, struct task *t, int sig, bool force)
{
	struct task *each;

	if (p->flags & (SIGNAL_GROUP_EXIT | SIGNAL_RELEASED))
		return sig == SIGKILL && !(p->flags & SIGNAL_RELEASED);
	if (sig_is_one_of(sig, SIGNALS_STOP)) {
		signal_flush_set(&p->shared_pending, &p->shared_pending_set, sigmask(SIGCONT));
		list_for_each_entry(each, &p->threads, thread_node)
			signal_flush_set(&each->pending, &each->pending_set, sigmask(SIGCONT));
	} else if (sig == SIGCONT) {
		jobctl_continue(p);
	}
	if (is_blocked(t, sig))
		return true;
	return !is_ignored(t, sig, force);
}

static bool wants(const struct task *t, int sig)
{
	if (sigset_has(&t->blocked, sig) || (t->flags & PF_EXITING) || t->exit_state)
		return false;
	if (sig == SIGKILL)
		return true;
	if (t->jobctl & (JOBCTL_STOPPED | JOBCTL_TRACED))
		return false;
	return READ_ONCE(t->on_cpu) || !signal_pending(t);
}

/* The thread that shall handle a signal of the process; NULL: whoever unblocks it first. */
static struct task *choose_thread(struct process *p, struct task *preferred, int sig)
{
	struct task *t;

	if (wants(preferred, sig))
		return preferred;
	list_for_each_entry(t, &p->threads, thread_node)
		if (wants(t, sig))
			return t;
	return NULL;
}

/*
 * Does it end the process at once, whatever else happens? Not if there may be a core file: of the
 * thread that takes the signal, before the others go. A thread that waits for it in sigtimedwait(2) gets
 * it as a result instead. => siglock held; @t, which takes it, does not block it
 */
static bool is_fatal(const struct process *p, const struct task *t, int sig)
{
	if (p->flags & SIGNAL_GROUP_EXIT)
		return false;
	if (sig == SIGKILL)
		return true;
	return !t->tracee && !sigset_has(&t->real_blocked, sig) &&
	       handler_of(p, sig) == (uaddr_t)SIG_DFL &&
	       !sig_is_one_of(sig, SIGNALS_DEFAULT_IGNORED | SIGNALS_STOP | SIGNALS_COREDUMP);
}

static void start_group_exit(struct process *p, int sig)
{
	struct task *t;

	p->flags = (p->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
	p->group_exit_code = sig;
	p->group_stop_count = 0;
	list_for_each_entry(t, &p->threads, thread_node) {
		t->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_DEQUEUED);
		t->pending_set |= sigmask(SIGKILL);
		signal_wake(t, WAKE_FATAL);
	}
}

static void complete_signal(struct process *p, struct task *thread, int sig)
{
	struct task *t;

	if (thread)
		t = wants(thread, sig) ? thread : NULL;
	else
		t = choose_thread(p, p->leader, sig);
	if (!t)
		return;
	if (is_fatal(p, t, sig))
		start_group_exit(p, sig);
	else
		signal_wake(t, 0);
}

/* ---- sending ---- */

static void fill_info(siginfo_t *to, int sig, const siginfo_t *info)
{
	if (info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV) {
		memcpy(to, info, SIGINFO_USED);
		to->si_signo = sig;
		return;
	}
	memset(to, 0, SIGINFO_USED);
	to->si_signo = sig;
	if (info == SEND_SIG_PRIV) {
		to->si_code = SI_KERNEL;
		return;
	}
	to->si_code = SI_USER;
	to->si_pid = current->tgid;
	to->si_uid = current->cred->uid;
}

/* Signals that come with information from a user, and of which each counts. */
static bool must_queue(int sig, const siginfo_t *info)
{
	return sig >= 32 && info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV &&
	       info->si_code != SI_USER;
}

static void wake_signalfd(struct process *p)
{
	smp_mb(); /* the pending bit before the look at the queue: a poller does the opposite */
	if (wait_queue_active(&p->wait_signal))
		wake_up_all(&p->wait_signal);
}

/*
 * To @thread, or with NULL to the process. 0, -EAGAIN (a real-time signal that cannot be queued),
 * -ESRCH (it is gone). => siglock held; @p->threads is not empty
 */
int signal_send_locked(struct process *p, struct task *thread, int sig, const siginfo_t *info)
{
	struct task *t = thread ? thread : p->leader;
	u64 *pending = thread ? &t->pending_set : &p->shared_pending_set;
	struct signal_queue **queue = thread ? &t->pending : &p->shared_pending, *q;
	bool forced = info == SEND_SIG_PRIV;

	if (p->flags & SIGNAL_RELEASED)
		return -ESRCH;
	if (!prepare(p, t, sig, forced))
		return 0;
	if (sig < 32 && sigset_has(pending, sig))
		return 0;
	rcu_read_lock();
	q = signal_queue_alloc(t, rcu_dereference(t->cred), sig < 32);
	rcu_read_unlock();
	if (q) {
		fill_info(&q->info, sig, info);
		queue_append(queue, q);
	} else if (must_queue(sig, info)) {
		return -EAGAIN;
	}
	sigset_add(pending, sig);
	wake_signalfd(p);
	complete_signal(p, thread, sig);
	return 0;
}

int send_signal_process(struct process *p, int sig, const siginfo_t *info)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	int err = signal_send_locked(p, NULL, sig, info);

	spin_unlock_irqrestore(&p->siglock, irq);
	return err;
}

int send_signal_task(struct task *t, int sig, const siginfo_t *info)
{
	struct process *p = t->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	int err = -ESRCH;

	if (!t->exit_state)
		err = signal_send_locked(p, t, sig, info);
	spin_unlock_irqrestore(&p->siglock, irq);
	return err;
}

/*
 * A POSIX timer's own entry, which is never allocated here. False: nobody will take it (ignored).
 * Any context. => siglock held
 */
bool signal_send_timer_locked(struct process *p, struct task *thread, struct signal_queue *q)
{
	struct task *t = thread ? thread : p->leader;
	int sig = q->info.si_signo;

	if (q->queued)
		return true;
	if ((p->flags & SIGNAL_RELEASED) || (thread && thread->exit_state) ||
	    !prepare(p, t, sig, false))
		return false;
	q->queued = true;
	queue_append(thread ? &t->pending : &p->shared_pending, q);
	sigset_add(thread ? &t->pending_set : &p->shared_pending_set, sig);
	wake_signalfd(p);
	complete_signal(p, thread, sig);
	return true;
}

int signal_send_pgrp_locked(struct pid *pgrp, int sig, const siginfo_t *info)
{
	struct process *p;
	int err = -ESRCH;

	list_for_each_entry(p, &pgrp->users[PIDTYPE_PGID], pid_links[PIDTYPE_PGID])
		err = send_signal_process(p, sig, info);
	return err;
}

int send_signal_pgrp(struct pid *pgrp, int sig)
{
	int err;

	spin_lock(&tasklist_lock);
	err = signal_send_pgrp_locked(pgrp, sig, SEND_SIG_PRIV);
	spin_unlock(&tasklist_lock);
	return err;
}

/* ---- signals that the current instruction caused ---- */

/*
 * If the program cannot take it, it dies of it: blocked or ignored, the action becomes the
 * default.
 */
static void force_info(siginfo_t *info)
{
	struct task *t = current;
	struct process *p = t->process;
	int sig = info->si_signo;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	bool blocked = sigset_has(&t->blocked, sig);

	if (blocked || handler_of(p, sig) == (uaddr_t)SIG_IGN) {
		sighand_reset(p->sighand, sig);
		sigset_remove(&t->blocked, sig);
	}
	if (handler_of(p, sig) == (uaddr_t)SIG_DFL)
		p->flags &= ~SIGNAL_UNKILLABLE;
	signal_send_locked(p, t, sig, info);
	signal_recalc();
	spin_unlock_irqrestore(&p->siglock, irq);
}

void force_signal(int sig, int code, uaddr_t addr)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_addr = (void *)(unsigned long)addr;
	force_info(&info);
}

/*
 * A signal frame could not be written, or a program not be started: SIGSEGV, and for SIGSEGV
 * itself the default action.
 */
void force_sigsegv(int sig)
{
	struct process *p = current->process;
	irqflags_t irq;

	if (sig == SIGSEGV) {
		irq = spin_lock_irqsave(&p->siglock);
		sighand_reset(p->sighand, SIGSEGV);
		spin_unlock_irqrestore(&p->siglock, irq);
	}
	force_signal(SIGSEGV, SI_KERNEL, 0);
}

/* ---- what others ask ---- */

static bool has_fatal_signal(const struct task *t)
{
	return t->pending_set & sigmask(SIGKILL);
}

bool current_signal_blocked_or_ignored(int sig)
{
	return sigset_has(&current->blocked, sig) ||
	       handler_of(current->process, sig) == (uaddr_t)SIG_IGN;
}

struct wait_queue *signal_wait_queue(void)
{
	return &current->process->wait_signal;
}

u64 signal_pending_set(void)
{
	return current->pending_set | current->process->shared_pending_set;
}

int signal_dequeue(u64 mask, siginfo_t *info)
{
	struct process *p = current->process;
	irqflags_t irq = spin_lock_irqsave(&p->siglock);
	int sig;

	mask &= ~SIGNALS_UNBLOCKABLE;
	sig = signal_take(&current->pending_set, &current->pending, ~mask, info);
	if (!sig)
		sig = signal_take(&p->shared_pending_set, &p->shared_pending, ~mask, info);
	if (sig)
		signal_recalc();
	spin_unlock_irqrestore(&p->siglock, irq);
	siginfo_clear_rest(info);
	return sig != 0;
}

void __init signal_init(void)
{
	queue_cache = kmem_cache_create(
		"sigqueue", offsetof(struct signal_queue, info) + SIGINFO_USED, 0, SLAB_PANIC);
	task_fatal_signal_pending = has_fatal_signal;
}
