/*
 * The system calls of signals: the shapes that i386 has for them (32-bit sets from 1991, 64-bit
 * ones since), on proc/signal.h.
 */
#include "abi/proc.h"
#include "abi/timespec.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/signal.h"

/* ---- sending ---- */

long sys_kill(pid_t pid, int sig)
{
	return signal_kill(pid, sig);
}

long sys_tkill(pid_t tid, int sig)
{
	return tid <= 0 ? -EINVAL : signal_tgkill(0, tid, sig, NULL);
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
	return tid <= 0 || tgid <= 0 ? -EINVAL : signal_tgkill(tgid, tid, sig, NULL);
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, uaddr_t user)
{
	siginfo_t info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	return signal_queueinfo(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, uaddr_t user)
{
	siginfo_t info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	if ((info.si_code >= 0 || info.si_code == SI_TKILL) && tgid != current->tgid)
		return -EPERM;
	return signal_tgkill(tgid, tid, sig, &info);
}

/* ---- actions ---- */

struct old_sigaction {
	u32 handler, mask, flags, restorer;
};

struct rt_sigaction {
	u32 handler, flags, restorer;
	u64 mask;
} __packed;

long sys_sigaction(int sig, uaddr_t act, uaddr_t old)
{
	struct k_sigaction new_action, old_action;
	struct old_sigaction user;
	int err;

	if (act) {
		if (copy_from_user(&user, act, sizeof(user)))
			return -EFAULT;
		new_action =
			(struct k_sigaction){user.handler, user.flags, user.restorer, user.mask};
	}
	err = signal_action(sig, act ? &new_action : NULL, &old_action);
	if (err || !old)
		return err;
	user = (struct old_sigaction){old_action.handler, (u32)old_action.mask, old_action.flags,
				      old_action.restorer};
	return copy_to_user(old, &user, sizeof(user)) ? -EFAULT : 0;
}

long sys_rt_sigaction(int sig, uaddr_t act, uaddr_t old, u32 size)
{
	struct k_sigaction new_action, old_action;
	struct rt_sigaction user;
	int err;

	if (size != sizeof(u64))
		return -EINVAL;
	if (act) {
		if (copy_from_user(&user, act, sizeof(user)))
			return -EFAULT;
		new_action =
			(struct k_sigaction){user.handler, user.flags, user.restorer, user.mask};
	}
	err = signal_action(sig, act ? &new_action : NULL, &old_action);
	if (err || !old)
		return err;
	user = (struct rt_sigaction){old_action.handler, old_action.flags, old_action.restorer,
				     old_action.mask};
	return copy_to_user(old, &user, sizeof(user)) ? -EFAULT : 0;
}

/* Unix's own: one shot, and not blocked while it is handled. */
long sys_signal(int sig, uaddr_t handler)
{
	struct k_sigaction action = {.handler = handler, .flags = SA_ONESHOT | SA_NODEFER}, old;
	int err = signal_action(sig, &action, &old);

	return err ? err : (long)old.handler;
}

/* ---- masks ---- */

static int change_mask(int how, u64 set)
{
	u64 blocked = current->blocked;

	switch (how) {
	case SIG_BLOCK: blocked |= set; break;
	case SIG_UNBLOCK: blocked &= ~set; break;
	case SIG_SETMASK: blocked = set; break;
	default: return -EINVAL;
	}
	signal_set_blocked(blocked);
	return 0;
}

long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t old, u32 size)
{
	u64 before = current->blocked, mask;
	int err;

	if (size != sizeof(u64))
		return -EINVAL;
	if (set) {
		if (get_user_u64(&mask, set))
			return -EFAULT;
		err = change_mask(how, mask);
		if (err)
			return err;
	}
	return old ? put_user_u64(before, old) : 0;
}

/* Only the first 32 signals: the others keep their state. */
long sys_sigprocmask(int how, uaddr_t set, uaddr_t old)
{
	u64 before = current->blocked, mask;
	u32 low;
	int err;

	if (set) {
		if (get_user_u32(&low, set))
			return -EFAULT;
		mask = how == SIG_SETMASK ? (before & ~0xffffffffULL) | low : low;
		err = change_mask(how, mask);
		if (err)
			return err;
	}
	return old ? put_user_u32((u32)before, old) : 0;
}

long sys_sgetmask(void)
{
	return (long)(u32)current->blocked;
}

long sys_ssetmask(u32 mask)
{
	u32 old = (u32)current->blocked;

	signal_set_blocked(mask);
	return (long)old;
}

static u64 pending_and_blocked(void)
{
	return signal_pending_set() & current->blocked;
}

long sys_sigpending(uaddr_t set)
{
	return put_user_u32((u32)pending_and_blocked(), set);
}

long sys_rt_sigpending(uaddr_t set, u32 size)
{
	u64 pending = pending_and_blocked();

	if (size > sizeof(pending))
		return -EINVAL;
	return copy_to_user(set, &pending, size) ? -EFAULT : 0;
}

/* ---- waiting ---- */

long sys_sigsuspend(int unused, int unused2, u32 mask)
{
	(void)unused;
	(void)unused2;
	return signal_suspend(mask);
}

long sys_rt_sigsuspend(uaddr_t set, u32 size)
{
	u64 mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user_u64(&mask, set))
		return -EFAULT;
	return signal_suspend(mask);
}

long sys_pause(void)
{
	while (!signal_pending(current)) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	return -ERESTARTNOHAND;
}

static long timed_wait(uaddr_t set, uaddr_t user_info, u64 deadline, u32 size)
{
	siginfo_t info;
	u64 mask;
	int sig;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user_u64(&mask, set))
		return -EFAULT;
	sig = signal_wait(mask, &info, deadline);
	if (sig > 0 && user_info && copy_to_user(user_info, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

/* A time of 0 does not wait. */
static u64 deadline_after(u64 ns)
{
	return ns ? deadline_from_now(ns) : 0;
}

long sys_rt_sigtimedwait(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size)
{
	u64 ns;
	int err;

	if (!timeout)
		return timed_wait(set, info, ~0ULL, size);
	err = get_timespec32(&ns, timeout);
	return err ? err : timed_wait(set, info, deadline_after(ns), size);
}

long sys_rt_sigtimedwait_time64(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size)
{
	u64 ns;
	int err;

	if (!timeout)
		return timed_wait(set, info, ~0ULL, size);
	err = get_timespec64(&ns, timeout);
	return err ? err : timed_wait(set, info, deadline_after(ns), size);
}

/* ---- stacks and returns ---- */

struct user_stack {
	u32 sp, flags, size;
};

long sys_sigaltstack(uaddr_t stack, uaddr_t old)
{
	unsigned long sp = regs_sp(arch_thread_regs(&current->thread));
	struct user_stack new_stack, old_stack;
	int err = 0;

	if (stack && copy_from_user(&new_stack, stack, sizeof(new_stack)))
		return -EFAULT;
	old_stack = (struct user_stack){current->altstack_sp, 0, current->altstack_size};
	old_stack.flags =
		signal_altstack_flags(sp) | (current->altstack_flags & (u32)SS_AUTODISARM);
	if (stack)
		err = signal_altstack_set(new_stack.sp, new_stack.size, new_stack.flags, sp,
					  MINSIGSTKSZ);
	if (!err && old && copy_to_user(old, &old_stack, sizeof(old_stack)))
		err = -EFAULT;
	return err;
}

static long return_from_handler(struct regs *regs, bool rt)
{
	struct arch_sigframe frame;

	current->restart.fn = NULL;
	if (arch_sigframe_pop(regs, rt, &frame)) {
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	signal_set_blocked(frame.mask);
	if (rt) /* a stack that the handler changed wins over one that cannot be set */
		(void)signal_altstack_set(frame.altstack_sp, frame.altstack_size,
					  frame.altstack_flags, regs_sp(regs), 0);
	return regs_result(regs);
}

long sys_sigreturn(struct regs *regs)
{
	return return_from_handler(regs, false);
}

long sys_rt_sigreturn(struct regs *regs)
{
	return return_from_handler(regs, true);
}

long sys_restart_syscall(void)
{
	struct restart_block *restart = &current->restart;

	return restart->fn ? restart->fn(restart) : -EINTR;
}
