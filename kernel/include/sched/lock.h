/*
 * Locks. Every lock has a rank; a debug build (CONFIG_DEBUG_LOCKS) stops a CPU that takes a lock
 * whose rank is not higher than the highest it holds (equal ranks only with spin_lock_nested()).
 * docs/locking.md explains the order.
 *
 *   spinlock_t   short, never sleeps. The kernel is not preemptible, so spin_lock() need not touch
 *                interrupts; a lock that an interrupt handler also takes uses the _irqsave
 *                forms everywhere.
 *   mutex_t      may sleep; one owner.
 *   rwsem_t      may sleep; many readers or one writer; a waiting writer keeps new readers out.
 */
#ifndef SCHED_LOCK_H
#define SCHED_LOCK_H

#include "arch/port.h"
#include "lib/list.h"

/*
 * The order of locks: a lower rank is taken first (outermost). Sleeping locks come
 * before spinlocks.
 */
enum lock_rank {
	/* sleeping locks */
	RANK_FILE_POS = 4, /* file->pos_lock: around the whole of a read or write */
	RANK_FILE_DATA =
		6, /* what one open file keeps (seq_file, inotify, kmsg): around the functions that make the text */
	RANK_KMAP_BENCH =
		7, /* one experiment at a time: around starting its threads and waiting for them */
	RANK_STOP = 8,        /* one stop of the world at a time */
	RANK_PROC_EXEC = 10,  /* process->exec_lock: cred changes, ptrace against execve */
	RANK_TTY = 20,        /* tty->lock: open, close, hang-up, termios */
	RANK_TTY_OUTPUT = 22, /* tty->output_lock: one writer at a time */
	RANK_TTY_INPUT =
		24, /* tty->input_lock: the read buffer (pty: slave before master, nested) */
	RANK_SOCKET_BIND = 28, /* a socket gets its name, perhaps in a file system */
	RANK_FS_MOUNT = 30,    /* namespace of mounts, superblock lists */
	RANK_FS_RENAME = 32,   /* one per super block: rename of directories */
	RANK_INODE = 34,       /* inode->lock (parents before children: nested) */
	RANK_PIPE = 38,        /* pipe->lock */
	RANK_SOCKET_READ = 40, /* one reader of a socket at a time */
	RANK_PTY_TABLE = 44,   /* the table of pseudo-terminals (found under a directory's lock) */
	RANK_IPC_TABLE = 46,   /* a kind of System V objects: which there are */
	RANK_MMAP = 50,        /* mm->mmap_lock */
	RANK_MAPPING = 54,     /* mapping->i_mmap rwsem: the areas that map a file */
	RANK_PAGE_LOCK = 56,   /* a locked page */
	RANK_VMALLOC = 58,     /* vmalloc area tree */
	RANK_KMAP = 59,        /* sleeping part of kmap */
	/* spinlocks, interrupts on */
	RANK_TASKLIST = 80,     /* tree of processes, pids, sessions, groups */
	RANK_FILES = 84,        /* files->lock, fs_context->lock */
	RANK_DENTRY = 86,       /* dentry->lock, hash buckets (parent before child: nested) */
	RANK_INODE_SPIN = 88,   /* inode->i_lock and its lists */
	RANK_SOCKET_NAMES = 89, /* who has which name; all sockets of a family */
	RANK_SIGNAL = 90,       /* process->siglock (irqsave: timers send signals) */
	RANK_SOCKET_GC = 91,    /* files in flight */
	RANK_FUTEX = 92,        /* futex hash bucket */
	RANK_SOCKET = 93,       /* state and queue of a socket (two: by address) */
	RANK_EPOLL = 94,
	RANK_IPC = 95,        /* a System V object */
	RANK_SEM_UNDO = 96,   /* a list of semaphore adjustments */
	RANK_PAGETABLE = 100, /* mm->page_table_lock or a page table's own */
	RANK_ANON_VMA = 102,
	RANK_XARRAY = 104, /* mapping->tree lock */
	RANK_LRU = 106,
	RANK_PKMAP = 108, /* kmap windows */
	RANK_SLAB = 110,
	RANK_ZONE = 112, /* zone->lock: buddy lists (irqsave) */
	/* spinlocks taken with interrupts off */
	RANK_DEVICE = 120,
	RANK_TIMER = 124,     /* timer queue of a CPU */
	RANK_WAITQUEUE = 126, /* wait_queue->lock */
	RANK_TASK = 128,      /* task->pi/wake lock */
	RANK_RUNQUEUE = 130,  /* run queue of a CPU (two: lower CPU number first) */
	RANK_LEAF = 140,      /* takes nothing else */
};

typedef struct spinlock {
	u32 value; /* 0 free, 1 held */
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
	u16 owner_cpu_plus1;
	u8 last_cpu; /* who had it last */
	u8 seen; /* taken in an interrupt, taken with interrupts on: both is a deadlock to come */
	const char *name;
	void *caller; /* who took it last */
#endif
} spinlock_t;

#ifdef CONFIG_DEBUG_LOCKS
#define SPINLOCK_INIT(rank_) \
	{ \
		.rank = (rank_), .name = __FILE__ \
	}
#else
#define SPINLOCK_INIT(rank_) \
	{ \
		0 \
	}
#endif
#define DEFINE_SPINLOCK(name_, rank_) spinlock_t name_ = SPINLOCK_INIT(rank_)

/* Wait for a lock that is taken. The fast paths below call it. */
void spin_lock_slow(spinlock_t *lock);

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->value);
}

#ifdef CONFIG_DEBUG_LOCKS
void spin_lock_init(spinlock_t *lock, enum lock_rank rank);
void spin_lock(spinlock_t *lock);
/* same rank as one held: the caller knows the order (by address, parent first) */
void spin_lock_nested(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
/* Stop with a message unless this CPU holds it (debug builds). */
void assert_spin_held(const spinlock_t *lock);
/* Stop with a message if this CPU holds any spinlock: the caller may sleep. */
void assert_may_sleep(void);
#else
static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	(void)rank;
	lock->value = 0;
}
static inline bool spin_trylock(spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->value, 1, __ATOMIC_ACQUIRE);
}
static inline void spin_lock(spinlock_t *lock)
{
	if (unlikely(!spin_trylock(lock)))
		spin_lock_slow(lock);
}
static inline void spin_lock_nested(spinlock_t *lock)
{
	spin_lock(lock);
}
static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->value, 0, __ATOMIC_RELEASE);
}
static inline void assert_spin_held(const spinlock_t *lock)
{
	(void)lock;
}
static inline void assert_may_sleep(void)
{
}
#endif

static inline irqflags_t spin_lock_irqsave(spinlock_t *lock)
{
	irqflags_t flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, irqflags_t flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/*
 * A mutex may be freed by its next owner only if nobody can still be inside mutex_unlock(): it is
 * not for objects that are freed under their own lock (use a spinlock or a reference for those).
 */
struct task;
typedef struct mutex {
	u32 value; /* 0 free, 1 held, 2 held and somebody may wait */
	struct task *owner;
	spinlock_t wait_lock; /* guards waiters; RANK_WAITQUEUE */
	struct list_head waiters;
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
	u16 last_cpu; /* who had it last */
	void *caller; /* likewise */
#endif
} mutex_t;

/* Static definition: DEFINE_MUTEX(name, rank). */
#ifdef CONFIG_DEBUG_LOCKS
#define MUTEX_INIT(name, rank_) \
	{ \
		0, NULL, SPINLOCK_INIT(RANK_WAITQUEUE), LIST_HEAD_INIT((name).waiters), (rank_), \
			0, NULL \
	}
#define RWSEM_INIT MUTEX_INIT
#else
#define MUTEX_INIT(name, rank_) \
	{ \
		0, NULL, SPINLOCK_INIT(RANK_WAITQUEUE), LIST_HEAD_INIT((name).waiters) \
	}
#define RWSEM_INIT MUTEX_INIT
#endif
#define DEFINE_MUTEX(name, rank_) mutex_t name = MUTEX_INIT(name, rank_)
#define DEFINE_RWSEM(name, rank_) rwsem_t name = RWSEM_INIT(name, rank_)

static inline void mutex_init(mutex_t *m, enum lock_rank rank)
{
	m->value = 0;
	m->owner = NULL;
	spin_lock_init(&m->wait_lock, RANK_WAITQUEUE);
	list_init(&m->waiters);
#ifdef CONFIG_DEBUG_LOCKS
	m->rank = (u16)rank;
	m->last_cpu = (u16)smp_cpu_id();
	m->caller = NULL;
#else
	(void)rank;
#endif
}
void mutex_lock(mutex_t *m);
/* 0, or -EINTR when a signal is pending for the caller. */
int __must_check mutex_lock_interruptible(mutex_t *m);
/* 0, or -EINTR when a fatal signal is pending for the caller. */
int __must_check mutex_lock_killable(mutex_t *m);
void mutex_lock_nested(mutex_t *m); /* same rank as one held */
bool mutex_trylock(mutex_t *m);
void mutex_unlock(mutex_t *m);
static inline bool mutex_is_locked(const mutex_t *m)
{
	return READ_ONCE(m->value);
}

typedef struct rwsem {
	u32 value; /* RWSEM_* below */
	struct task *writer;
	spinlock_t wait_lock; /* guards waiters; RANK_WAITQUEUE */
	struct list_head waiters;
#ifdef CONFIG_DEBUG_LOCKS
	u16 rank;
	u16 last_cpu; /* who had it last, to read or to write */
	void *caller; /* likewise */
#endif
} rwsem_t;

#define RWSEM_WRITER 1u  /* a writer holds it */
#define RWSEM_WAITERS 2u /* somebody waits: new ones queue up behind */
#define RWSEM_READER 4u  /* each reader adds one */

static inline void rwsem_init(rwsem_t *s, enum lock_rank rank)
{
	s->value = 0;
	s->writer = NULL;
	spin_lock_init(&s->wait_lock, RANK_WAITQUEUE);
	list_init(&s->waiters);
#ifdef CONFIG_DEBUG_LOCKS
	s->rank = (u16)rank;
	s->last_cpu = (u16)smp_cpu_id();
	s->caller = NULL;
#else
	(void)rank;
#endif
}
void down_read(rwsem_t *s);
int __must_check down_read_killable(rwsem_t *s); /* 0 or -EINTR on a fatal signal */
bool down_read_trylock(rwsem_t *s);
void up_read(rwsem_t *s);
void down_write(rwsem_t *s);
int __must_check down_write_killable(rwsem_t *s); /* 0 or -EINTR on a fatal signal */
bool down_write_trylock(rwsem_t *s);
void up_write(rwsem_t *s);
/* From writer to reader without letting another writer in between. */
void downgrade_write(rwsem_t *s);
void down_write_nested(rwsem_t *s); /* same rank as one held */
static inline bool rwsem_is_write_locked(const rwsem_t *s)
{
	return READ_ONCE(s->value) & RWSEM_WRITER;
}
/* Does somebody wait for it? A reader with a long way to go lets him pass. */
static inline bool rwsem_is_contended(const rwsem_t *s)
{
	return READ_ONCE(s->value) & RWSEM_WAITERS;
}
static inline bool rwsem_is_locked(const rwsem_t *s)
{
	return READ_ONCE(s->value) & ~RWSEM_WAITERS;
}

#endif
