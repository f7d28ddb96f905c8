/*
 * Signals: sending and what drivers and other parts need. Delivery is in proc/signal_deliver.c.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "sched/task.h"
#include <asm/siginfo.h>
#include <asm/signal.h>

struct pid;
struct process;

/* SI_KERNEL information with no sender. */
#define SEND_SIG_PRIV ((const siginfo_t *)1)
/* From the current process (kill). */
#define SEND_SIG_NOINFO ((const siginfo_t *)0)

/* To a process, one thread, a process group. 0, -ESRCH, -EPERM (only the _checked one checks), -EAGAIN (real-time queue full). Any context. */
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
void signal_set_blocked(u64 mask);         /* recalculates WORK_SIGNAL */
/* ppoll and friends: set the mask for the length of the call; restored on return to user mode if interrupted. */
int signal_set_temporary_mask(uaddr_t set, u32 sigsetsize);
void signal_restore_temporary_mask(bool interrupted);

#endif
