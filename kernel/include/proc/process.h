/*
 * The process: what the tasks (threads) of one thread group share; process groups and sessions;
 * fork, exit and wait. docs/processes.md tells their life with function names.
 *
 * (t) tasklist_lock   (s) siglock   (ts) written under both, read under either   (k) constant   (a)
 * atomic
 *
 * tasklist_lock is taken in task context only and never with interrupts off; siglock is taken by
 * timers too and nests inside it.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "fs/file.h"
#include "proc/cred.h"
#include "proc/signal.h"
#include "sched/task.h"
#include <linux/resource.h>

struct tty; /* drivers/ owns it */

/* A number and who bears it; found in O(log n) by number; freed (RCU) when nothing uses it. */
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
struct pid {
	u32 refs;                /* (a) */
	pid_t nr;                /* (k) */
	struct task *task;       /* (t) the thread with this number; read under RCU */
	struct process *process; /* (t) the process with this number; read under RCU */
	/* (t) processes, by pid_links: PIDTYPE_PGID and PIDTYPE_SID */
	struct list_head users[PIDTYPE_MAX];
	struct wait_queue wait_exit; /* pidfd pollers */
	struct rcu_head rcu;
};
struct pid *pid_find_get(pid_t nr); /* referenced, or NULL */
struct pid *pid_find(pid_t nr);     /* => rcu_read_lock */
void pid_get(struct pid *pid);
void pid_put(struct pid *pid);
/* The thread or process of this number, referenced, or NULL. */
struct task *task_find_get(pid_t nr);
struct process *process_find_get(pid_t tgid);
/* The next number >= @from that is a process, referenced task of its leader; NULL at the end. */
struct task *process_next_leader(pid_t from);
/* A reference if the task still has one. */
bool task_get_live(struct task *t);

/* process->flags */
#define SIGNAL_STOP_STOPPED 1u   /* every thread has stopped */
#define SIGNAL_STOP_CONTINUED 2u /* SIGCONT came since (WCONTINUED) */
#define SIGNAL_GROUP_EXIT 4u     /* dying with group_exit_code */
#define SIGNAL_CLD_STOPPED 16u   /* the parent is to be told */
#define SIGNAL_CLD_CONTINUED 32u
#define SIGNAL_UNKILLABLE 64u /* init: default actions do not happen */
#define SIGNAL_RELEASED 128u  /* reaped: takes no more signals */

/* process->exit_state (t) */
#define PROCESS_ALIVE 0
#define PROCESS_ZOMBIE 1 /* dead, to be waited for */
#define PROCESS_REAPED 2 /* somebody has claimed it */

/* What ended threads and waited-for children used. */
struct usage {
	u64 utime_ns, stime_ns;
	unsigned long min_flt, maj_flt, nvcsw, nivcsw;
	unsigned long maxrss; /* pages; a maximum, not a sum */
};

struct sighand {
	u32 refs;        /* (a) processes: more than one with CLONE_SIGHAND */
	spinlock_t lock; /* actions against another process that shares them; inside siglock */
	/* a bit for each action that is not the default: the others' memory means nothing */
	u32 used[2];
	struct k_sigaction action[_NSIG];
};

struct process {
	u32 refs;      /* (a) one for each task, and others; the structure is freed through RCU */
	u8 exit_state; /* (t) PROCESS_* */
	struct task *leader;                /* (ts) */
	struct list_head threads;           /* (ts) not yet released, an exited leader among them */
	unsigned nr_threads;                /* (s) not exited */
	unsigned nr_tasks;                  /* (ts) on the list */
	struct process *parent;             /* (t) read under RCU */
	struct list_head children, sibling; /* (t) */
	struct pid *pids[PIDTYPE_MAX];      /* (t) read under RCU; PID and TGID are the same */
	struct list_head pid_links[PIDTYPE_MAX]; /* (t) */
	struct list_head tracees;                /* (t) struct tracee: those that it traces */
	struct wait_queue wait_child;            /* parents sleep here in wait4() */

	/* signals */
	spinlock_t siglock;                  /* RANK_SIGNAL, irqsave */
	struct sighand *sighand;             /* (s) handlers: shared by CLONE_SIGHAND */
	struct signal_queue *shared_pending; /* (s) */
	u64 shared_pending_set;              /* (s) */
	unsigned flags;                      /* (s) SIGNAL_* */
	int group_exit_code;       /* (s) wait status of the exit, or the signal of a stop */
	unsigned group_stop_count; /* (s) threads that have yet to stop */
	/* (s) the thread in execve() that waits for the others to go */
	struct task *group_exec_task;
	struct core_dump *core;        /* (s) while a core file is being written */
	struct wait_queue wait_signal; /* signalfd pollers */
	int pdeath_signal;             /* (c) PR_SET_PDEATHSIG */

	/* terminal: drivers/tty keeps these */
	struct tty *tty;     /* (s) controlling terminal */
	bool session_leader; /* (t) */

	mutex_t exec_lock; /* RANK_PROC_EXEC */

	struct usage self, children_usage; /* (s) */
	/* (s) of threads that have ended, and of children that were waited for */
	struct task_io io;
	struct itimers *itimers; /* (s) setitimer, alarm, POSIX timers; NULL mostly */
	bool did_exec;           /* (t) */
	bool child_subreaper;    /* (t) PR_SET_CHILD_SUBREAPER */
	bool has_subreaper;      /* (t) an ancestor is one */
	u32 dumpable_flags;
	s32 oom_score_adj, oom_score_adj_min;
	struct rcu_head rcu;
	struct rlimit64 rlim[RLIM_NLIMITS]; /* (s) last: every other field begins as zero */
};
void process_get(struct process *p);
void process_put(struct process *p);

extern spinlock_t tasklist_lock; /* RANK_TASKLIST */
extern struct process *init_process;
/* The number given last, for /proc/loadavg. */
pid_t pid_last(void);
/* Boot: /proc/stat, loadavg, version and sys/kernel. */
void system_files_init(void);
extern unsigned nr_tasks_total;   /* (a) threads that exist, kernel threads included */
extern unsigned long total_forks; /* (a) since boot, for /proc/stat */

/* task->exit_state (ts) */
#define EXIT_ALIVE 0
#define EXIT_ZOMBIE 1 /* exited; a leader that is not reaped, or a thread on its way out */

/* task->jobctl (s) */
#define JOBCTL_STOP_PENDING 1u  /* is to take part in the group stop */
#define JOBCTL_STOP_DEQUEUED 2u /* has dequeued a stop signal that SIGCONT may still cancel */
#define JOBCTL_STOPPED 4u       /* sleeps in the group stop */
#define JOBCTL_TRAP_STOP 16u    /* is to stop for its tracer */
#define JOBCTL_TRACED 32u       /* sleeps in a trace stop */
#define JOBCTL_LISTENING 64u    /* PTRACE_LISTEN: a trace stop that SIGCONT ends */
#define JOBCTL_RESET_ON_FORK 8u /* SCHED_RESET_ON_FORK: children do not inherit its scheduling */

/* Boot: task 0 becomes a full process (kernel threads' parent); registers hooks of lower layers. */
void proc_init(void);
/*
 * PID 1: a task that runs @fn in the kernel and then, by exec, in user mode. It runs at once.
 * NULL: no memory.
 */
struct task *proc_create_init(void (*fn)(void *), void *arg);
/*
 * Replace the current program: @argv, @envp NULL-terminated kernel strings. 0 or -errno (the old
 * program is still there), or does not return it: after success the caller returns to user mode.
 */
int kernel_execve(const char *path, const char *const *argv, const char *const *envp);
void __noreturn do_exit(int wait_status);       /* this thread */
void __noreturn do_group_exit(int wait_status); /* the process */

/* ---- what the system calls stand on ---- */

struct clone_request {
	u64 flags; /* CLONE_*, without the signal */
	int exit_signal;
	uaddr_t stack; /* the new stack pointer; 0: the parent's */
	uaddr_t parent_tid, child_tid, pidfd, tls;
	pid_t set_tid; /* clone3: the number that the child is to have; 0: any */
};
/* The child's pid, or -EINVAL, -EAGAIN, -ENOMEM, -EPERM, -EFAULT, -EEXIST. */
long process_clone(struct regs *regs, const struct clone_request *req);

struct wait_request {
	int type;        /* P_ALL, P_PID, P_PGID, P_PIDFD made P_PID */
	struct pid *pid; /* whom; referenced by the caller */
	int options;     /* WEXITED, WSTOPPED, ... */
	/* result */
	pid_t child;
	int code, status; /* CLD_*, and its argument */
	int wait_status;  /* as wait4 gives it */
	uid_t uid;
	struct usage usage;
};
/* 1: one found, 0: none yet (WNOHANG), -ECHILD, -ERESTARTSYS */
int process_wait(struct wait_request *req);

/* execve(2): @argv, @envp are arrays in user memory. @dirfd, @flags as execveat(2). */
int process_execve(int dirfd, char *filename, uaddr_t argv, uaddr_t envp, int flags);

/* ptrace(2): @data is a pointer or a value. */
long process_ptrace(long request, pid_t pid, u32 addr, uaddr_t data);

void process_get_usage(struct process *p, struct usage *out); /* threads that ended and that live */
void task_cpu_time(struct task *t, u64 *utime_ns, u64 *stime_ns);
void process_cpu_time(struct process *p, u64 *utime_ns, u64 *stime_ns);
/* The caller's soft limit; RLIM64_INFINITY. */
static inline u64 process_rlimit(const struct process *p, unsigned resource)
{
	return READ_ONCE(p->rlim[resource].rlim_cur);
}
int process_set_rlimit(struct process *p, unsigned resource, const struct rlimit64 *new_limit,
		       struct rlimit64 *old);
/* May the caller look into @t (ptrace(2), "PTRACE_MODE_READ")? */
bool task_may_access(struct task *t);
/* The same with real instead of file-system ids: PTRACE_MODE_ATTACH_REALCREDS. */
bool task_may_attach(struct task *t);
/*
 * process_mrelease(2): free the memory of @p, which is dying. 0, -ESRCH (it has none left), -EINVAL
 * (it or another user of that memory lives on), -EINTR
 */
int process_release_memory(struct process *p);
void task_set_comm(struct task *t, const char *name);
void task_get_comm(struct task *t, char comm[16]);

/* setpgid(2), setsid(2) with their errors. */
int process_setpgid(pid_t pid, pid_t pgid);
int process_setsid(void);

/* ---- for ttys: job control. All take what locks they need. ---- */
pid_t task_pgrp_nr(struct task *t);
pid_t task_session_nr(struct task *t);
bool pgrp_is_orphaned(struct pid *pgrp);
struct pid *task_pgrp_get(struct task *t); /* referenced */
struct pid *task_session_get(struct task *t);
bool task_is_session_leader(struct task *t);
/* Every process of a session: fn under tasklist_lock. */
void session_for_each(struct pid *session, void (*fn)(struct process *p, void *arg), void *arg);

/* drivers/tty fills these in. */
struct proc_tty_hooks {
	void (*fork)(struct process *parent,
		     struct process *child);            /* the child inherits the terminal */
	void (*release)(struct process *p);             /* setsid, or the end of the process */
	void (*session_leader_exit)(struct process *p); /* the caller is one and exits; may sleep */
	void (*info)(struct process *p, kdev_t *dev, pid_t *tpgid); /* /proc/PID/stat */
};
extern struct proc_tty_hooks proc_tty_hooks;

/* Work for a task to do before it returns to user mode: append under (a) and set WORK_NOTIFY. */
struct task_work {
	struct list_head node;
	void (*fn)(struct task_work *work);
};
/* To the current task. */
void task_work_add(struct task_work *work);

/* uname(2), sethostname(2). */
#define UTS_FIELD 65
extern char uts_hostname[UTS_FIELD], uts_domainname[UTS_FIELD];
extern const char uts_release[], uts_version[];
void uts_read(const char *name, char out[UTS_FIELD]);
void uts_write(char *name, const char value[UTS_FIELD]);
extern unsigned pid_max, randomize_va_space;

/* PR_SET_TIMERSLACK; PR_SET_CHILD_SUBREAPER. 0 or -ENOMEM */
void task_set_reset_on_fork(struct task *t, bool on);
unsigned long task_timer_slack(void);
int task_set_timer_slack(unsigned long ns);
void process_set_subreaper(bool on);

#endif
