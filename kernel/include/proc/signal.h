/*
 * Signals: sending, and what drivers and other parts need. docs/processes.md tells the way of a
 * signal; delivery is in proc/signal_deliver.c. signal(7), sigaction(2), <asm/signal.h>.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "sched/task.h"
#include <asm/siginfo.h>
#include <linux/signal.h>

struct pid;
struct process;
struct cred;

#define _NSIG 64
#define sigmask(sig) (1ULL << ((sig)-1))

/*
 * The set in memory, of which one word counts: to shift 64 bits by a variable takes fifteen
 * instructions.
 */
static inline bool sigset_has(const u64 *set, int sig)
{
	u32 bit = (u32)sig - 1;

	return ((const u32 *)set)[bit / 32] >> bit % 32 & 1;
}

static inline void sigset_add(u64 *set, int sig)
{
	u32 bit = (u32)sig - 1;

	((u32 *)set)[bit / 32] |= 1u << bit % 32;
}

static inline void sigset_remove(u64 *set, int sig)
{
	u32 bit = (u32)sig - 1;

	((u32 *)set)[bit / 32] &= ~(1u << bit % 32);
}

/* @set: a constant without real-time signals. */
static inline bool sig_is_one_of(int sig, u64 set)
{
	u32 bit = (u32)sig - 1;

	return bit < 32 && (u32)set >> bit & 1;
}

/* SI_KERNEL information with no sender. */
#define SEND_SIG_PRIV ((const siginfo_t *)1)
/* From the current process (kill). */
#define SEND_SIG_NOINFO ((const siginfo_t *)0)

/*
 * To a process, one thread, a process group. 0, -ESRCH, -EPERM (only the _checked one checks),
 * -EAGAIN (real-time queue full). Any context, but the group's: task context.
 */
int send_signal_process(struct process *p, int sig, const siginfo_t *info);
int send_signal_task(struct task *t, int sig, const siginfo_t *info);
int send_signal_pgrp(struct pid *pgrp, int sig);
/* A fault or another signal that the current instruction caused: not ignorable, not blockable. */
void force_signal(int sig, int code, uaddr_t addr);
void force_sigsegv(int sig);
/* Is @sig blocked or ignored by the caller? (tty job control) */
bool current_signal_blocked_or_ignored(int sig);
/* Dequeue for signalfd: 1 and *info, 0 none. */
int signal_dequeue(u64 mask, siginfo_t *info);
/*
 * Where signalfd waits: woken whenever a signal is queued for the caller's process; and what is
 * pending for the caller.
 */
struct wait_queue *signal_wait_queue(void);
u64 signal_pending_set(void);
void signal_set_blocked(u64 mask); /* recalculates WORK_SIGNAL */
/*
 * ppoll and friends: set the mask for the length of the call; restored on return to user mode if
 * interrupted. @set 0: nothing. 0, -EINVAL (size), -EFAULT
 */
int signal_set_temporary_mask(uaddr_t set, u32 sigsetsize);
void signal_restore_temporary_mask(bool interrupted);

/* ---- what the system calls of signals stand on (abi/signal.c) ---- */

struct k_sigaction {
	uaddr_t handler; /* SIG_DFL 0, SIG_IGN 1, or the function */
	u32 flags;       /* SA_* */
	uaddr_t restorer;
	u64 mask;
};
/* Either may be NULL. 0 or -EINVAL. */
int signal_action(int sig, const struct k_sigaction *act, struct k_sigaction *old);
/*
 * kill(2) with its pid rules; tkill (tgid 0) and tgkill. Checked. @info NULL: from the caller
 * (SI_USER, SI_TKILL)
 */
int signal_kill(pid_t pid, int sig);
int signal_tgkill(pid_t tgid, pid_t tid, int sig, const siginfo_t *info);
int signal_queueinfo(pid_t pid, int sig, const siginfo_t *info);
/* Check and send to one process: 0, -ESRCH, -EPERM. @sig 0: check only. */
int signal_send_checked(struct process *p, int sig, const siginfo_t *info);
bool signal_may_kill(const struct process *p, int sig);
/* Wait for one of @set until @deadline: the signal and *info, -EAGAIN, -EINTR. */
int signal_wait(u64 set, siginfo_t *info, u64 deadline);
/* sigsuspend(2), pause(2): returns -ERESTARTNOHAND. */
int signal_suspend(u64 mask);
/*
 * sigaltstack(2) for a thread whose stack pointer is @user_sp: 0, -EPERM, -EINVAL, -ENOMEM; and
 * its SS_ flags.
 */
int signal_altstack_set(uaddr_t sp, u32 size, u32 flags, unsigned long user_sp, u32 min_size);
u32 signal_altstack_flags(unsigned long user_sp);

#endif
