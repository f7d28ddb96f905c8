/*
 * What a program says about its signals: actions, masks, alternate stacks; and waiting for signals.
 * sigaction(2), sigprocmask(2), sigaltstack(2), sigsuspend(2), sigtimedwait(2).
 */
#include "proc/internal.h"

#define SA_KNOWN \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND | SA_RESTORER)

/* ---- actions ---- */

/* Signals that were pending when they became ignored are forgotten. => siglock held */
static void forget_pending(struct process *p, int sig)
{
	struct task *t;

	signal_flush_set(&p->shared_pending, &p->shared_pending_set, sigmask(sig));
	list_for_each_entry(t, &p->threads, thread_node)
		signal_flush_set(&t->pending, &t->pending_set, sigmask(sig));
}

static bool action_ignores(int sig, const struct k_sigaction *action)
{
	return action->handler == (uaddr_t)SIG_IGN ||
	       (action->handler == (uaddr_t)SIG_DFL && sig_is_one_of(sig, SIGNALS_DEFAULT_IGNORED));
}

/* => sighand->lock held */
static void set_action(struct sighand *s, int sig, const struct k_sigaction *act)
{
	struct k_sigaction *own = &s->action[sig - 1];

	*own = *act;
	own->flags &= SA_KNOWN;
	own->mask &= ~SIGNALS_UNBLOCKABLE;
	if (own->handler || own->flags || own->restorer || own->mask)
		atomic_or(&s->used[(sig - 1) / 32], 1u << (sig - 1) % 32);
	else
		sighand_reset(s, sig);
}

int signal_action(int sig, const struct k_sigaction *act, struct k_sigaction *old)
{
	struct process *p = current->process;
	irqflags_t irq;

	if (sig < 1 || sig > _NSIG || (act && sig_is_one_of(sig, SIGNALS_UNBLOCKABLE)))
		return -EINVAL;
	irq = spin_lock_irqsave(&p->siglock);
	spin_lock_nested(&p->sighand->lock);
	if (old)
		sighand_read(p->sighand, sig, old);
	if (act)
		set_action(p->sighand, sig, act);
	spin_unlock(&p->sighand->lock);
	if (act && action_ignores(sig, act))
		forget_pending(p, sig);
	spin_unlock_irqrestore(&p->siglock, irq);
	return 0;
}

static void forget_handler(struct sighand *s, int sig)
{
	if (sighand_handler(s, sig) == (uaddr_t)SIG_IGN)
		s->action[sig - 1] = (struct k_sigaction){.handler = (uaddr_t)SIG_IGN};
	else
		sighand_reset(s, sig);
}

/*
 * exec: handlers are gone with the program, what was ignored stays ignored. => @p's sighand is its
 * own
 */
void signal_flush_handlers(struct process *p)
{
	irqflags_t irq = spin_lock_irqsave(&p->siglock);

	for (int word = 0; word < 2; word++) {
		for (u32 left = p->sighand->used[word]; left; left &= left - 1)
			forget_handler(p->sighand, 32 * word + __builtin_ctz(left) + 1);
	}
	spin_unlock_irqrestore(&p->siglock, irq);
}

/* ---- masks ---- */

void signal_set_blocked(u64 mask)
{
	struct task *t = current;
	struct process *p = t->process;
	irqflags_t irq;

	mask &= ~SIGNALS_UNBLOCKABLE;
	irq = spin_lock_irqsave(&p->siglock);
	if (signal_pending(t) && p->nr_tasks > 1)
		signal_retarget(t, mask & ~t->blocked);
	t->blocked = mask;
	signal_recalc();
	spin_unlock_irqrestore(&p->siglock, irq);
}

int signal_set_temporary_mask(uaddr_t set, u32 sigsetsize)
{
	u64 mask;

	if (!set)
		return 0;
	if (sigsetsize != sizeof(mask))
		return -EINVAL;
	if (get_user_u64(&mask, set))
		return -EFAULT;
	current->saved_blocked = current->blocked;
	current->restore_blocked = true;
	signal_set_blocked(mask);
	return 0;
}

void signal_restore_temporary_mask(bool interrupted)
{
	/* interrupted: signal_deliver() does it, after the handler's frame has got the old mask */
	if (interrupted || !current->restore_blocked)
		return;
	current->restore_blocked = false;
	signal_set_blocked(current->saved_blocked);
}

/* ---- waiting ---- */

int signal_suspend(u64 mask)
{
	current->saved_blocked = current->blocked;
	signal_set_blocked(mask);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	current->restore_blocked = true;
	return -ERESTARTNOHAND;
}

static int take_any(struct process *p, u64 set, siginfo_t *info)
{
	int sig = signal_take(&current->pending_set, &current->pending, ~set, info);

	return sig ? sig : signal_take(&p->shared_pending_set, &p->shared_pending, ~set, info);
}

/*
 * The signals waited for are unblocked meanwhile, so that they wake; real_blocked keeps them from
 * being thrown away as ignored, and from ending the process.
 */
int signal_wait(u64 set, siginfo_t *info, u64 deadline)
{
	struct task *t = current;
	struct process *p = t->process;
	irqflags_t irq;
	int sig, err = 0;

	set &= ~SIGNALS_UNBLOCKABLE;
	irq = spin_lock_irqsave(&p->siglock);
	sig = take_any(p, set, info);
	if (!sig && deadline) {
		t->real_blocked = t->blocked;
		t->blocked &= ~set;
		signal_recalc();
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock_irqrestore(&p->siglock, irq);
		if (!signal_pending(t))
			err = schedule_until(deadline);
		set_current_state(TASK_RUNNING);
		irq = spin_lock_irqsave(&p->siglock);
		t->blocked = t->real_blocked;
		t->real_blocked = 0;
		sig = take_any(p, set, info);
	}
	signal_recalc();
	spin_unlock_irqrestore(&p->siglock, irq);
	siginfo_clear_rest(info);
	if (sig)
		return sig;
	return deadline && err != -ETIMEDOUT ? -EINTR : -EAGAIN;
}

/* ---- alternate stacks ---- */

static bool on_altstack(unsigned long sp)
{
	const struct task *t = current;

	if (t->altstack_flags & SS_AUTODISARM)
		return false; /* it is disarmed while it is in use */
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

u32 signal_altstack_flags(unsigned long user_sp)
{
	if (!current->altstack_size)
		return SS_DISABLE;
	return on_altstack(user_sp) ? SS_ONSTACK : 0;
}

int signal_altstack_set(uaddr_t sp, u32 size, u32 flags, unsigned long user_sp, u32 min_size)
{
	u32 mode = flags & ~(u32)SS_AUTODISARM;

	if (on_altstack(user_sp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		sp = 0;
		size = 0;
	} else if (size < min_size) {
		return -ENOMEM;
	}
	current->altstack_sp = sp;
	current->altstack_size = size;
	current->altstack_flags = flags;
	return 0;
}
