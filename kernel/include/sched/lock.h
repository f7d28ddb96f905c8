/*
 * Locks. Every lock has a rank; a debug build (CONFIG_DEBUG_LOCKS) stops a CPU that takes a lock whose rank is not higher
 * than the highest it holds (equal ranks only with spin_lock_nested()). docs/locking.md explains the order.
 *
 *   spinlock_t   short, never sleeps. The kernel is not preemptible, so spin_lock() need not touch
 *                interrupts; a lock that an interrupt handler also takes uses the _irqsave forms everywhere.
 *   mutex_t      may sleep; one owner.
 *   rwsem_t      may sleep; many readers or one writer; a waiting writer keeps new readers out.
 */
#ifndef SCHED_LOCK_H
#define SCHED_LOCK_H

#include "arch/port.h"
#include "lib/list.h"

/* The order of locks: a lower rank is taken first (outermost). Sleeping locks come before spinlocks. */
enum lock_rank {
	/* sleeping locks */
	RANK_PROC_EXEC = 10,   /* process->exec_lock: cred changes, ptrace against execve */
	RANK_TTY = 20,         /* tty->lock, ldisc */
	RANK_FS_MOUNT = 30,    /* namespace of mounts, superblock lists */
	RANK_FS_RENAME = 32,   /* one per super block: rename of directories */
	RANK_INODE = 34,       /* inode->lock (parents before children: nested) */
	RANK_FILE_POS = 36,    /* file->pos_lock */
	RANK_PIPE = 38,        /* pipe->lock */
	RANK_MMAP = 50,        /* mm->mmap_lock */
	RANK_MAPPING = 54,     /* mapping->i_mmap rwsem: the areas that map a file */
	RANK_PAGE_LOCK = 56,   /* a locked page */
	RANK_VMALLOC = 58,     /* vmalloc area tree */
	RANK_KMAP = 59,        /* sleeping part of kmap */
	/* spinlocks, interrupts on */
	RANK_TASKLIST = 80,    /* tree of processes, pids, sessions, groups */
	RANK_FILES = 84,       /* files->lock, fs_context->lock */
	RANK_DENTRY = 86,      /* dentry->lock, hash buckets (parent before child: nested) */
	RANK_INODE_SPIN = 88,  /* inode->i_lock and its lists */
	RANK_SIGNAL = 90,      /* process->siglock (irqsave: timers send signals) */
	RANK_FUTEX = 92,       /* futex hash bucket */
	RANK_EPOLL = 94,
	RANK_PAGETABLE = 100,  /* mm->page_table_lock or a page table's own */
	RANK_ANON_VMA = 102,
	RANK_XARRAY = 104,     /* mapping->tree lock */
	RANK_LRU = 106,
	RANK_PKMAP = 108,      /* kmap windows */
	RANK_SLAB = 110,
	RANK_ZONE = 112,       /* zone->lock: buddy lists (irqsave) */
	/* spinlocks taken with interrupts off */
	RANK_DEVICE = 120,
	RANK_TIMER = 124,      /* timer queue of a CPU */
	RANK_WAITQUEUE = 126,  /* wait_queue->lock */
	RANK_TASK = 128,       /* task->pi/wake lock */
	RANK_RUNQUEUE = 130,   /* run queue of a CPU (two: lower CPU number first) */
	RANK_LEAF = 140,       /* takes nothing else */
};

typedef struct spinlock {
	u32 value; /* 0 free, 1 held, 2 held with waiters spinning; internals in sched/spinlock.c */
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
	u16 owner_cpu_plus1;
	const char *name;
	void *caller;
#endif
} spinlock_t;

#ifdef CONFIG_DEBUG_LOCKS
#define SPINLOCK_INIT(rank_) { .rank = (rank_), .name = __FILE__ }
#else
#define SPINLOCK_INIT(rank_) { 0 }
#endif
#define DEFINE_SPINLOCK(name_, rank_) spinlock_t name_ = SPINLOCK_INIT(rank_)

void spin_lock_init(spinlock_t *lock, enum lock_rank rank);
void spin_lock(spinlock_t *lock);
void spin_lock_nested(spinlock_t *lock); /* same rank as one held: the caller knows the order (by address, parent first) */
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
irqflags_t spin_lock_irqsave(spinlock_t *lock);
void spin_unlock_irqrestore(spinlock_t *lock, irqflags_t flags);
bool spin_is_locked(const spinlock_t *lock);
/* Stop with a message unless this CPU holds it (debug builds). */
void assert_spin_held(const spinlock_t *lock);

struct task;
typedef struct mutex {
	u32 value;
	struct task *owner;
	spinlock_t wait_lock;
	struct list_head waiters;
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
#endif
} mutex_t;

void mutex_init(mutex_t *m, enum lock_rank rank);
void mutex_lock(mutex_t *m);
/* 0, or -EINTR when a signal is pending for the caller. */
int mutex_lock_interruptible(mutex_t *m);
void mutex_lock_nested(mutex_t *m);
bool mutex_trylock(mutex_t *m);
void mutex_unlock(mutex_t *m);
bool mutex_is_locked(const mutex_t *m);

typedef struct rwsem {
	s32 count;             /* >0 readers, -1 a writer, 0 free */
	struct task *writer;
	spinlock_t wait_lock;
	struct list_head waiters;
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
#endif
} rwsem_t;

void rwsem_init(rwsem_t *s, enum lock_rank rank);
void down_read(rwsem_t *s);
bool down_read_trylock(rwsem_t *s);
void up_read(rwsem_t *s);
void down_write(rwsem_t *s);
int down_write_killable(rwsem_t *s); /* 0 or -EINTR on a fatal signal */
bool down_write_trylock(rwsem_t *s);
void up_write(rwsem_t *s);
void downgrade_write(rwsem_t *s);
void down_write_nested(rwsem_t *s);
bool rwsem_is_write_locked(const rwsem_t *s);
bool rwsem_is_locked(const rwsem_t *s);

#endif
