/*
 * ptrace.c's part of the requests.
 */
#ifndef PROC_PTRACE_REQUEST_H
#define PROC_PTRACE_REQUEST_H

#include "proc/internal.h"

/* 0, -EPERM, -ENOMEM, -ERESTARTNOINTR */
int ptrace_traceme(void);
int ptrace_attach(struct task *t, bool seize, u32 options);
/* 0, or -ESRCH: it is not ours, or not stopped */
int ptrace_detach(struct task *t, int sig);

#endif
