/*
 * Tracing, between the files of proc/: who traces whom, and the stops in which a tracee waits.
 *
 * A traced task has a struct tracee, which is on its tracer's list. The tracer is a process: any of
 * its threads may make the requests. While a task is in a trace stop (JOBCTL_TRACED),
 * task->exit_code is what wait tells of the stop, 0 once it was told; when it goes on, exit_code is
 * the signal that the tracer wants it to take.
 */
#ifndef PROC_PTRACE_H
#define PROC_PTRACE_H

#include "proc/internal.h"
#include <linux/ptrace.h>

enum ptrace_mode { PTRACE_RUN, PTRACE_TO_SYSCALL, PTRACE_EMULATE, PTRACE_STEP };

/* (t) tasklist_lock   (s) siglock of the tracee's process   (ts) written under both */
struct tracee {
	struct task *task;      /* (ts) NULL: it has ended, and only its status is left */
	struct process *tracer; /* (ts) */
	struct list_head node;  /* (t) in tracer->tracees */
	struct pid *pid;        /* (t) its number, referenced */
	u32 options;            /* (s) PTRACE_O_* */
	bool seized;            /* (k) by PTRACE_SEIZE */
	enum ptrace_mode mode;  /* (s) until the next stop */
	unsigned long message;  /* (s) PTRACE_GETEVENTMSG */
	siginfo_t *info;        /* (s) of the stop, on the tracee's stack; NULL: a group stop */
	int status;             /* (t) of one that has ended */
	uid_t uid;              /* (t) */
};

/* ---- ptrace.c: beginning and end ---- */

/*
 * The tracee that a fork is to begin with, or NULL for none; *@event: the PTRACE_EVENT_* to stop
 * with, 0: none. -ENOMEM
 */
struct tracee *ptrace_fork_prepare(const struct clone_request *req, int *event);
/* => tasklist_lock held; siglock too if it is a thread */
void ptrace_fork_attach(struct task *child, struct tracee *tracee, struct pid *pid);
void ptrace_fork_cancel(struct tracee *tracee);
/*
 * @t is @p's old leader, and goes; the caller, which is traced or not, takes its number.
 * => tasklist_lock held
 */
void ptrace_take_number(struct task *old, struct task *new_leader);
/* @t has ended: its tracer is to know. => tasklist_lock held */
void ptrace_task_gone(struct task *t);
/* The tracer has ended: its tracees go on, or die. => tasklist_lock held */
void ptrace_tracer_gone(struct process *p);
/* Is the caller traced by one who may not see what a set-user-ID program does? */
bool ptrace_forbids_privileges(void);
/* wait4(2): 1 one found, 0 none yet, -ECHILD. => tasklist_lock held */
int ptrace_wait(struct wait_request *req);
/* Its tracer's number, 0 for none. */
pid_t ptrace_tracer_nr(struct task *t);
static inline bool ptrace_is_by(const struct task *t, const struct process *tracer)
{
	return t->tracee && t->tracee->tracer == tracer;
}

/* ---- ptrace_stop.c: the caller stops. => siglock held, and again at the return: *@irq its interrupt state ---- */

/* For a signal that was dequeued: which one to take in its place, 0: none. */
int ptrace_signal(int sig, siginfo_t *info, irqflags_t *irq);
/* As part of a group stop. False: not traced */
bool ptrace_group_stop(int sig, irqflags_t *irq);
/* PTRACE_INTERRUPT, PTRACE_SEIZE or the attachment to a stopped task ask for it. */
void ptrace_trap(irqflags_t *irq);

/* With no lock held: an event that the tracer may have asked for. */
void ptrace_event(int event, unsigned long message);
/* execve(2) has succeeded. */
void ptrace_exec(pid_t old_pid);
/* A handler begins: true if the tracee was to make one step, which this is then. */
bool ptrace_takes_step(void);
void ptrace_step_done(void);
void ptrace_init(void);

/* Let it go on. => siglock held */
void ptrace_wake(struct task *t, int sig);

#endif
