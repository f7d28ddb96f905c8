/*
 * The task: one thread of execution. This header has the whole structure, because every part keeps
 * something in it; which part and under which lock stands at each field:
 *   (c) only the task itself   (r) its run queue's lock   (t) tasklist_lock   (s) process->siglock
 *   (k) constant after creation   (a) atomic
 */
#ifndef SCHED_TASK_H
#define SCHED_TASK_H

#include "arch/port.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "sched/lock.h"
#include "sched/rcu.h"
#include "sched/wait.h"
#include "sched/timer.h"
#include <linux/errno.h>

struct mm;
struct process;
struct files;
struct fs_context;
struct cred;
struct wait_entry;
struct sighand_pending;
struct sem_undo_list;

/* task->state */
#define TASK_RUNNING 0u
#define TASK_INTERRUPTIBLE 1u
#define TASK_UNINTERRUPTIBLE 2u
#define TASK_STOPPED 4u
#define TASK_TRACED 8u
#define TASK_DEAD 16u
#define TASK_WAKEKILL 32u
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)

/* task->flags (c) */
#define PF_KTHREAD 1u
#define PF_EXITING 2u
#define PF_IDLE 4u
#define PF_FORKNOEXEC 8u
#define PF_MEMALLOC 16u     /* reclaim: may use the reserves */
#define PF_POSTCOREDUMP 32u /* exits, and is not in a core dump that begins now */
#define PF_DUMPCORE 64u     /* writes a core file */

/* The system-call layer restarts or turns these into EINTR; user space never sees them. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

struct sched_entity {
	struct rb_node node;      /* (r) in the run queue, ordered by vruntime */
	u64 vruntime;             /* (r) weighted ns */
	u64 exec_start;           /* (r) clock_ns() when it was last charged */
	u64 sum_exec_ns;          /* (r) CPU time in all */
	u32 weight;               /* (r) from nice */
	bool on_rq;               /* (r) */
	u8 policy;                /* (r) SCHED_NORMAL, BATCH, IDLE, FIFO, RR */
	s8 nice;                  /* (r) */
	u8 rt_priority;           /* (r) 1..99 for FIFO and RR */
	struct list_head rt_node; /* (r) */
	u64 slice_end;            /* (r) */
};

/* Live kmap_local maps, so that they follow the task to another CPU. (c) */
struct kmap_ctrl {
	unsigned idx; /* maps in use */
	pfn_t pfn[KM_MAX_IDX];
};

/* What read(2), write(2) and their kin did: /proc/PID/io. */
struct task_io {
	u64 rchar, wchar;           /* bytes, from and to anything */
	unsigned long syscr, syscw; /* calls */
};

struct restart_block { /* (c) nanosleep, poll, futex: what restart_syscall(2) continues */
	long (*fn)(struct restart_block *rb);
	u64 deadline;
	unsigned long args[6];
};

#ifdef CONFIG_DEBUG_LOCKS
/* A sleeping lock that a task holds. */
struct held_sleeplock {
	u16 rank;
	bool read; /* with other readers */
	void *caller;
	u64 since; /* taken then; 0: not counted */
};
#endif

struct task {
	struct arch_thread thread; /* first: current_thread() and current are the same address */

	unsigned state; /* (a) TASK_*; wake-up protocol in sched/core.c */
	unsigned flags; /* (c) PF_* */
	u32 refs;       /* (a) task_get/task_put */
	void *stack;    /* (k) THREAD_STACK_SIZE bytes, guard page below */

	/* sched */
	spinlock_t wake_lock; /* RANK_TASK, serialises wake-ups */
	unsigned cpu;         /* (r) whose run queue */
	bool on_cpu;          /* (a) running, or still being switched from */
	struct sched_entity se;
	cpumask_t cpus_allowed; /* (r) */
	u64 utime_ns,
		stime_ns; /* (r) CPU time known to be user or system: read with task_cputime() */
	u64 time_mark;    /* (r) clock at the last sample or switch */
	unsigned long nvcsw, nivcsw; /* (c) */
	u64 start_time_ns;           /* (k) */
#ifdef CONFIG_DEBUG_LOCKS
	/* (c) the first held_count are sleeping locks that it holds */
	struct held_sleeplock held[16];
	unsigned held_count; /* (c) */
#endif

	/* mm */
	struct mm *
		mm; /* (c) NULL for kernel threads; changed under alloc_lock, read by others with it */
	struct mm *active_mm; /* (r) the address space loaded while it runs */
	/* (c) while idx is not 0 the task stays on its CPU: addresses are per CPU */
	struct kmap_ctrl kmap;
	unsigned pagefault_off;         /* (c) pagefault_disable() nesting */
	unsigned long min_flt, maj_flt; /* (c) */

	/* fs */
	struct task_io io;     /* (c) */
	spinlock_t alloc_lock; /* RANK_FILES: mm, files, fs against readers from other tasks */
	struct files *files;
	struct fs_context *fs;

	/* proc */
	struct process *process;      /* (k) the thread group */
	struct list_head thread_node; /* (t) in process->threads */
	pid_t pid, tgid;              /* (k) */
	char comm[16];                /* alloc_lock */
	const struct cred *cred;      /* (c) others: under rcu_read_lock */
	u64 blocked, saved_blocked; /* (s) signal masks; saved: to restore after sigsuspend/ppoll */
	bool restore_blocked;       /* (c) */
	struct signal_queue *pending; /* (s) this thread's queue (proc/signal.c owns the type) */
	u64 pending_set;              /* (s) */
	uaddr_t altstack_sp;          /* (c) */
	u32 altstack_size, altstack_flags;
	uaddr_t set_child_tid, clear_child_tid; /* (c) */
	uaddr_t robust_list;                    /* (c) */
	u32 robust_list_len;
	u32 rseq_signature;            /* (c) in front of each abort handler */
	uaddr_t rseq;                  /* (c) struct rseq that rseq(2) registered; 0: none */
	int exit_code;                 /* (t) wait status */
	int exit_signal;               /* (t) sent to the parent; -1: a thread */
	struct completion *vfork_done; /* (c) */
	struct restart_block restart;
	struct sem_undo_list *sem_undos; /* (c) SEM_UNDO; shared by CLONE_SYSVSEM */
	/* shm_ids.lock: segments that it made; next NULL: never one */
	struct list_head shm_created;
	struct task_ext *ext;    /* proc's rarely used state, NULL mostly */
	struct tracee *tracee;   /* (ts) who traces it (proc/ptrace.h), NULL mostly */
	u32 personality;         /* (c) */
	u16 mempolicy;           /* (c) set_mempolicy(2): mm/mempolicy.h */
	u16 ioprio;              /* (a) ioprio_set(2) */
	struct list_head notify; /* (a) work to run before returning to user mode */
	u32 jobctl;              /* (s) JOBCTL_* of proc/process.h */
	u64 real_blocked;        /* (s) what sigtimedwait() has unblocked for its own length */
	u8 exit_state;           /* (ts) EXIT_* of proc/process.h */
	struct rcu_head rcu; /* proc frees the structure a grace period after the last reference */
};

#define current ((struct task *)current_thread())

/* References; the scheduler's own goes at the end of the last switch. Any context. */
void task_get(struct task *t);
void task_put(struct task *t);
/*
 * proc/ registers how a task is freed, stack and structure: called in a kernel thread, with no
 * locks held, a grace period after the last reference went (t->rcu is free for use by then).
 */
extern void (*task_free)(struct task *t);
/*
 * proc/ may register this: @t has left its stack for ever. Called in the context of the task that
 * runs next, inside schedule(): must not sleep.
 */
extern void (*task_left_stack)(struct task *t);

/* Make a new task known to the scheduler (does not run it): weight, vruntime from @parent, CPU. */
void sched_fork(struct task *child, struct task *parent);
/* Run it for the first time. */
void wake_up_new_task(struct task *t);
/*
 * The end of a task: never returns; drops the scheduler's reference after the switch. => state set
 * up by proc/exit.c
 */
void __noreturn sched_exit(void);

/*
 * Give up the CPU. With state RUNNING: yield to whoever deserves it more; else: sleep
 * until a wake-up.
 */
void schedule(void);
/* The same, at most until @deadline (clock_ns): 0 or -ETIMEDOUT. => state set by the caller */
int schedule_until_time(u64 deadline);
/* ~0: for ever */
static inline __attribute__((always_inline)) int schedule_until(u64 deadline)
{
	if (deadline != ~0ULL)
		return schedule_until_time(deadline);
	schedule();
	return 0;
}
/* With the barrier that the wake-up protocol needs. */
static inline void set_current_state(unsigned state)
{
	if (state == TASK_RUNNING)
		WRITE_ONCE(current->state, TASK_RUNNING);
	else
		(void)__atomic_exchange_n(&current->state, state, __ATOMIC_SEQ_CST);
}
/*
 * The same for STOPPED, TRACED and DEAD: states that a late wake-up from an earlier sleep
 * must not undo.
 */
void set_special_state(unsigned state);
/* Make @t runnable if its state is in @mask: true if it did. Any context. */
bool wake_up_state(struct task *t, unsigned mask);
bool wake_up_task(struct task *t); /* INTERRUPTIBLE and UNINTERRUPTIBLE */
/*
 * Keep @t asleep, so that its kernel stack stands still: true until task_let_go(), with
 * interrupts off; false: it runs, or is about to. What is dead (TASK_DEAD) sleeps for ever, and
 * has no stack. Any context.
 */
bool task_hold_asleep(struct task *t, irqflags_t *irq);
void task_let_go(struct task *t, irqflags_t irq);
void sched_yield_current(void);
/* In long loops of the kernel. */
void cond_resched(void);
bool need_resched(void);

/* nice, policy, affinity: 0 or -EINVAL */
int sched_set_policy(struct task *t, int policy, int rt_priority);
void sched_set_nice(struct task *t, int nice);
int sched_set_affinity(struct task *t, const cpumask_t *mask);
u64 task_runtime_ns(struct task *t); /* exact even while it runs */
/*
 * The same, divided into user and system time by samples: the sum is exact, neither ever goes back.
 */
void task_cputime(struct task *t, u64 *user_ns, u64 *system_ns);
/* Load averages (fixed point, 11 bits) and totals for /proc/loadavg, /proc/stat. */
void sched_loadavg(unsigned long avg[3]);
unsigned sched_nr_running(void);
struct cpu_times {
	u64 user_ns, nice_ns, system_ns, idle_ns, irq_ns;
	u64 switches;
};
void sched_cpu_times(unsigned cpu, struct cpu_times *out);

/* A kernel thread, started at once: it ends when @fn returns. NULL: no memory. May sleep. */
struct task *kthread_create(int (*fn)(void *), void *arg, const char *name, ...) __printf(3, 4);
/*
 * proc/ registers these: a task with a stack, one reference for the scheduler, a pid and a
 * name, but not yet known to the scheduler; and the end of one (NULL: sched_exit()), which
 * does not return.
 */
extern struct task *(*task_alloc_kernel)(const char *name);
extern void (*task_exit_kernel)(int code);

/* Boot: turn the boot context into the idle task of CPU 0; later each CPU its own. */
void sched_init(void);
/*
 * Boot, when kernel threads can be created: starts those of the scheduler (RCU
 * callbacks run in one).
 */
void sched_start(void);
void __noreturn sched_idle_loop(void);
extern struct task idle_tasks_boot; /* CPU 0's, static */

/* Signals as the scheduler sees them: WORK_SIGNAL is set for a pending, unblocked signal. */
static inline bool signal_pending(const struct task *t)
{
	return READ_ONCE(t->thread.work) & WORK_SIGNAL;
}
/*
 * proc/ sets it: whether a fatal signal is pending. Called with the run queue locked: it
 * takes no locks.
 */
extern bool (*task_fatal_signal_pending)(const struct task *t);
static inline bool fatal_signal_pending(const struct task *t)
{
	return signal_pending(t) && task_fatal_signal_pending && task_fatal_signal_pending(t);
}
static inline bool signal_pending_state(unsigned state, const struct task *t)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(t))
		return false;
	return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(t);
}

/*
 * mm and fpu state at a context switch: mm/ registers this; called with the run queue locked,
 * interrupts off.
 */
extern void (*sched_switch_mm)(struct task *prev, struct task *next);

#endif
