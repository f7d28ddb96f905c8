/*
 * What the files of proc/ share among themselves. Other parts see include/proc/ only.
 */
#ifndef PROC_INTERNAL_H
#define PROC_INTERNAL_H

#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "lib/xarray.h"
#include "proc/process.h"

/* One queued signal. The queue is a ring: its owner points to the last, whose next is the first. */
struct signal_queue {
	struct signal_queue *next;
	struct user *user;         /* charged for it; NULL: nobody */
	struct posix_timer *timer; /* its own timer's, not freed when it is dequeued */
	bool queued;               /* (s) a timer's: on a queue now */
	siginfo_t info;            /* only its first SIGINFO_USED bytes exist */
};

/*
 * As much of a siginfo_t as any kind of signal fills; the rest of the 128 bytes is zero whenever
 * user space sees it.
 */
#define SIGINFO_USED 48u
static inline void siginfo_clear_rest(siginfo_t *info)
{
	memset((char *)info + SIGINFO_USED, 0, sizeof(*info) - SIGINFO_USED);
}

/* ---- actions: => siglock held, of a process that has @s ---- */

static inline bool sighand_is_used(const struct sighand *s, int sig)
{
	u32 bit = (u32)sig - 1;

	return READ_ONCE(s->used[bit / 32]) >> bit % 32 & 1;
}

static inline uaddr_t sighand_handler(const struct sighand *s, int sig)
{
	return sighand_is_used(s, sig) ? READ_ONCE(s->action[sig - 1].handler) : (uaddr_t)SIG_DFL;
}

static inline void sighand_reset(struct sighand *s, int sig)
{
	atomic_and(&s->used[(sig - 1) / 32], ~(1u << (sig - 1) % 32));
}

static inline void sighand_read(const struct sighand *s, int sig, struct k_sigaction *out)
{
	if (sighand_is_used(s, sig))
		*out = s->action[sig - 1];
	else
		*out = (struct k_sigaction){.handler = (uaddr_t)SIG_DFL};
}

/* proc's part of a task that most tasks do not need. */
struct task_ext {
	unsigned long timer_slack_ns;
};

/* pid.c, cred.c */
extern const struct xa_ops proc_xa_ops;
struct pid *pid_alloc(pid_t wanted);
struct process *process_next(pid_t *nr);
void pid_init(void);
void cred_init(void);
extern unsigned suid_dumpable;
extern unsigned sysctl_mmap_rnd_bits, sysctl_legacy_va_layout;

/* task.c */
struct task *task_alloc(void);
void task_discard(struct task *t);
struct process *process_alloc(void);
struct sighand *sighand_alloc(void);
void sighand_copy(struct sighand *to, struct sighand *from);
void sighand_put(struct sighand *sighand);
void task_init(void);
/* Link a new task, process, and their numbers. => tasklist_lock and siglock held */
void process_add_task(struct process *p, struct task *t);
void process_join_group(struct process *p, enum pid_type type, struct pid *pid);
void process_leave_groups(struct process *p);

/* exit.c */
void mm_release(struct task *t);
void process_release(struct process *p);
/* Out of the thread group and its number. => tasklist_lock held */
void task_unlink(struct task *t);
int process_exit_status(const struct process *p);

/* wait.c */
void usage_add(struct usage *to, const struct usage *from);
void task_io_add(struct task_io *to, const struct task_io *from);

/* signal.c */
bool signal_is_ignored(struct task *t, int sig);
void signal_recalc(void);
void signal_wake(struct task *t, unsigned extra_states);
void signal_retarget(struct task *t, u64 set);
void signal_queue_flush(struct signal_queue **queue);
void signal_flush_set(struct signal_queue **queue, u64 *pending, u64 set);
int signal_take(u64 *pending, struct signal_queue **queue, u64 mask, siginfo_t *info);
struct signal_queue *signal_queue_alloc(struct task *t, const struct cred *cred, bool force);
void signal_queue_release(struct signal_queue *q);
int signal_send_locked(struct process *p, struct task *thread, int sig, const siginfo_t *info);
bool signal_send_timer_locked(struct process *p, struct task *thread, struct signal_queue *q);
void signal_kill_others(struct process *p);
/* => tasklist_lock held */
int signal_send_pgrp_locked(struct pid *pgrp, int sig, const siginfo_t *info);
void signal_init(void);
/* Under siglock: the default and ignoring rules. */
#define SIGNALS_STOP (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define SIGNALS_DEFAULT_IGNORED \
	(sigmask(SIGCHLD) | sigmask(SIGCONT) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define SIGNALS_COREDUMP \
	(sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGABRT) | \
	 sigmask(SIGFPE) | sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGSYS) | \
	 sigmask(SIGXCPU) | sigmask(SIGXFSZ))
#define SIGNALS_SYNCHRONOUS \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | \
	 sigmask(SIGFPE) | sigmask(SIGSYS))
#define SIGNALS_UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))

/* signal_action.c */
void signal_flush_handlers(struct process *p);

/* jobctl.c: => siglock held */
void jobctl_continue(struct process *p);
bool jobctl_stop(int sig, irqflags_t *flags);
void jobctl_task_gone(struct task *t);
/* @t has stopped, or never will: true if it was the last to. */
bool jobctl_take_part(struct task *t);
/* Tell the parent that the process stopped or continued. => tasklist_lock held, siglock not */
void jobctl_notify_parent(struct process *p, int code);
bool pgrp_will_be_orphaned(struct pid *pgrp, struct process *ignored);
bool pgrp_has_stopped_jobs(struct pid *pgrp);

/* exit.c: the process dies with this wait status: all others are told. => siglock held */
#define WAIT_DUMPED 0x80 /* in a wait status: there is a core file */
void group_exit_begin(struct process *p, int code);

/* signal_deliver.c */
void signal_deliver(struct regs *regs);
void user_exception(struct regs *regs, unsigned vector, unsigned error);

/* resource.c */
void process_get_usage_locked(struct process *p, struct usage *out);
/* What the process has read and written, with its dead threads and children. */
void process_get_io(struct process *p, struct task_io *out);

/* itimer.c, posix_timer.c */
struct posix_timers;
struct itimers {
	struct process *process;
	struct timer real, cpu; /* cpu looks at everything that counts CPU time */
	u64 real_interval;      /* (s) all below too; ns */
	u64 virt_expires, virt_interval, prof_expires,
		prof_interval;       /* of CPU time; expires 0: not armed */
	u64 limit_next;              /* CPU time of the next SIGXCPU; 0: RLIMIT_CPU is unlimited */
	struct list_head cpu_timers; /* POSIX timers on CPU clocks that are armed */
	struct list_head timers;     /* all POSIX timers */
	struct xarray by_id;
	u32 next_id;
};
/*
 * Of @p, made at the first use. NULL: no memory, or @p is at its end. Stay as long as siglock is
 * held, or @p is the caller's.
 */
struct itimers *itimers_get(struct process *p);
/*
 * fork: the child's CPU time counts against the limit that it has inherited. 0 or -ENOMEM; start
 * when it has threads
 */
int rlimit_cpu_inherit(struct process *p);
void rlimit_cpu_start(struct process *p);
/* Look soon whether a CPU-time timer is due. => siglock held */
void itimers_kick(struct itimers *it);
/* What CPU time a CPU clock has counted. => siglock held */
void posix_timers_check_cpu(struct itimers *it, u64 now, u64 *next);
void posix_timers_clock_was_set(void);
#define CPU_CHECK_MIN_NS NSEC_PER_MSEC

void itimers_exit(struct process *p);
void posix_timers_exec(struct process *p);
void posix_timer_dequeued(struct signal_queue *q, siginfo_t *info);
void posix_timers_exit(struct itimers *it);
void rlimit_cpu_changed(struct process *p);

/* futex.c */
void futex_init(void);
void futex_exit_robust(struct task *t);
/* Wake up to @n waiters of a word of the current task's memory, shared key. */
void futex_wake_address(uaddr_t addr, unsigned n);

/* exec_args.c: the size of @mm->saved_auxv, its AT_NULL included */
struct mm;
size_t auxv_bytes(const struct mm *mm);

/* hooks.c */
void proc_hooks_init(void);
/* oom.c */
void proc_oom_init(void);

/* The ticks of USER_HZ in which times(2) and /proc count. */
u64 ns_to_ticks(u64 ns);

#endif
