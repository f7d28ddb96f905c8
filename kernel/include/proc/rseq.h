/*
 * Restartable sequences, proc/rseq.c: rseq(2), and what a thread that registered one goes through
 * before it returns to user mode.
 */
#ifndef PROC_RSEQ_H
#define PROC_RSEQ_H

#include "sched/task.h"

/* rseq(2) for the current thread: 0, -EINVAL, -EBUSY, -EPERM (signature), -EFAULT. May sleep. */
int rseq_register(uaddr_t addr, u32 len, u32 flags, u32 signature);
/*
 * WORK_RSEQ is set: abort a section that was interrupted, tell the CPU. May raise
 * SIGSEGV, may sleep.
 */
void rseq_resume(struct regs *regs);
/* A signal handler is about to run: abort the section. false: it is not in order. May sleep. */
bool rseq_before_signal(struct regs *regs);
/* @child, whose fields are 0, is a new thread or process of the current one. */
void rseq_fork(struct task *child, bool shares_memory);

#endif
