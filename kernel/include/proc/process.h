/*
 * The process: what the tasks (threads) of one thread group share. Credentials, identifiers, limits.
 *
 * (t) tasklist_lock   (s) siglock   (k) constant   (a) atomic
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "fs/file.h"
#include "proc/signal.h"
#include "sched/task.h"
#include <linux/resource.h>

struct tty; /* drivers/ owns it */

/* A number and who bears it; found in O(log n) by number; freed when nothing uses it. */
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
struct pid {
	u32 refs;                     /* (a) */
	pid_t nr;                     /* (k) */
	struct list_head users[PIDTYPE_MAX]; /* (t) tasks (PID) or processes (others) */
	struct rcu_head rcu;
};
struct pid *pid_find_get(pid_t nr);   /* referenced, or NULL */
void pid_get(struct pid *pid);
void pid_put(struct pid *pid);

struct process {
	u32 refs;                     /* (a) one for each task, and others */
	struct task *leader;          /* (t) */
	struct list_head threads;     /* (t) */
	unsigned nr_threads;          /* (t) alive */
	struct process *parent;       /* (t) */
	struct list_head children, sibling; /* (t) */
	struct pid *pids[PIDTYPE_MAX];/* (t) */
	struct list_head pid_links[PIDTYPE_MAX]; /* (t) */
	struct wait_queue wait_child; /* parents sleep here in wait4() */

	/* signals */
	spinlock_t siglock;           /* RANK_SIGNAL, irqsave */
	struct sighand *sighand;      /* (s) handlers: shared by CLONE_SIGHAND */
	struct signal_queue *shared_pending; /* (s) */
	u64 shared_pending_set;       /* (s) */
	unsigned flags;               /* (s) SIGNAL_* : group exit, stopped, continued */
	int group_exit_code;          /* (s) */
	unsigned group_stop_count;    /* (s) */
	int stop_signal;              /* (s) */

	/* terminal: drivers/tty keeps these */
	struct tty *tty;              /* (s) controlling terminal */
	bool session_leader;          /* (t) */

	struct rlimit64 rlim[RLIM_NLIMITS]; /* (s) */
	mutex_t exec_lock;            /* RANK_PROC_EXEC */

	/* accumulated from threads and children that ended (s) */
	u64 utime_ns, stime_ns, cutime_ns, cstime_ns;
	unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw, cnvcsw, cnivcsw, maxrss, cmaxrss;
	struct itimers *itimers;      /* (s) setitimer, alarm, POSIX timers; NULL mostly */
	bool did_exec;                /* (t) */
	bool child_subreaper;
	u32 dumpable_flags;
	s32 oom_score_adj;
};

extern spinlock_t tasklist_lock;      /* RANK_TASKLIST */
extern struct process *init_process;

struct cred {
	u32 refs;                     /* (a) the rest is constant once published */
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bset, cap_ambient;
	u32 securebits;
	bool no_new_privs;
	unsigned ngroups;
	gid_t *groups;                /* sorted */
	struct user *user;            /* per real uid: process count for RLIMIT_NPROC, pending signals */
	struct rcu_head rcu;
};
static inline const struct cred *current_cred(void) { return current->cred; }
bool capable(int cap);

/* Boot: task 0 becomes a full process (kernel threads' parent); registers hooks of lower layers. */
void proc_init(void);
/* PID 1: a task that runs @fn in the kernel and then, by exec, in user mode. */
struct task *proc_create_init(void (*fn)(void *), void *arg);
/* Replace the current program: @argv, @envp NULL-terminated kernel strings. 0 or -errno (the old program is still there), or does not return it:
 * after success the caller returns to user mode. */
int kernel_execve(const char *path, const char *const *argv, const char *const *envp);
void __noreturn do_exit(int wait_status);         /* this thread */
void __noreturn do_group_exit(int wait_status);   /* the process */

/* What drivers/tty registers; proc/ calls it at the events named. process->tty is only a pointer for proc/; NULL members: no ttys. */
struct proc_tty_hooks {
	void (*fork)(struct process *parent, struct process *child);  /* the child inherits the terminal */
	void (*release)(struct process *p);       /* the process goes or leaves the session (setsid): drop process->tty */
	void (*session_leader_exit)(struct process *p); /* hang up, SIGHUP and SIGCONT to the foreground group */
	void (*info)(struct process *p, kdev_t *dev, pid_t *tpgid); /* for /proc/PID/stat: tty_nr, tpgid */
};
extern struct proc_tty_hooks proc_tty_hooks;

/* For ttys: job control. All take what locks they need. */
pid_t task_pgrp_nr(struct task *t);
pid_t task_session_nr(struct task *t);
bool pgrp_is_orphaned(struct pid *pgrp);
struct pid *task_pgrp_get(struct task *t);        /* referenced */
struct pid *task_session_get(struct task *t);
bool task_is_session_leader(struct task *t);
/* Every process of a session: fn under tasklist_lock. */
void session_for_each(struct pid *session, void (*fn)(struct process *p, void *arg), void *arg);

#endif
