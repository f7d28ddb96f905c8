/*
 * Private to proc/ipc: arrays of semaphores, who waits for them, and what is to be undone when a
 * process ends. sem.c explains the queues, sem_undo.c the adjustments.
 *
 * (l) array lock   (m) sem_ids.lock   (u) undo list's lock   (k) constant after creation
 */
#ifndef PROC_IPC_SEM_H
#define PROC_IPC_SEM_H

#include "proc/ipc/ipc.h"

struct semaphore {
	int value;               /* (l) 0..SEMVMX */
	pid_t pid;               /* (l) who changed it last */
	struct list_head takers; /* (l) waiters with one operation, which changes it */
	struct list_head zero;   /* (l) waiters with one operation, for it to be 0 */
};

struct sem_array {
	struct ipc_object ipc;
	u32 count;               /* (k) */
	time64_t otime, ctime;   /* (l) */
	struct list_head takers; /* (l) all waiters that change something, while `several` do so */
	struct list_head zero;   /* (l) waiters with several operations that change nothing */
	unsigned several;        /* (l) waiters with several operations that change something */
	struct list_head undos;  /* (l) adjustments of processes, by sem_undo.by_array */
	struct semaphore sems[];
};

/* The adjustments of one process (or of those that share its list) to one array. */
struct sem_undo {
	struct list_head by_array;  /* (l) */
	struct rb_node by_id;       /* (u) */
	struct sem_undo_list *list; /* (k) */
	int id;                     /* (k) of the array */
	s16 adjust[];               /* (l) one a semaphore: added when the process ends */
};

struct sem_undo_list {
	u32 refs;             /* (a) tasks */
	spinlock_t lock;      /* RANK_SEM_UNDO: inside array locks */
	struct rb_root undos; /* (u) by id */
};

/* A semop(2) that may have to wait, on its caller's stack. */
struct sem_waiter {
	struct list_head node; /* (l) */
	struct task *task;
	const struct sembuf *ops, *blocking; /* (l) the operation that could not be done */
	unsigned count;
	bool alters; /* some operation is not 0 */
	int status;  /* (l) SEM_WAITING, then written last: the result */
	pid_t pid;
	struct sem_undo *undo; /* with SEM_UNDO */
};
#define SEM_WAITING 1

extern struct ipc_ids sem_ids;
extern unsigned sem_total; /* (m) semaphores of all arrays */
/* /proc/sys/kernel/sem, in its order */
extern struct sem_limits {
	unsigned per_array, total, ops, arrays;
} sysctl_sem;

static inline struct sem_array *sem_of(struct ipc_object *obj)
{
	return container_of(obj, struct sem_array, ipc);
}
/* The array of @id, locked; ERR_PTR(-EINVAL) */
static inline struct sem_array *sem_lock_id(int id)
{
	struct ipc_object *obj = ipc_lock_id(&sem_ids, id);

	return IS_ERR(obj) ? ERR_PTR(PTR_ERR(obj)) : sem_of(obj);
}

/* ---- sem.c: => array locked ---- */

/* The semaphore @num has got another value from outside semop(2): let waiters go on. */
void sem_changed(struct sem_array *array, unsigned num);
/* The array goes: so do all who wait, with -EIDRM. */
void sem_wake_all(struct sem_array *array);
/* How many wait for semaphore @num to rise, or to be 0. */
int sem_count_waiters(struct sem_array *array, unsigned num, bool zero);

/* ---- sem_undo.c ---- */

/*
 * The caller's adjustments to @array, made if need be; *array is unlocked in between then, and
 * locked again: 0, -ENOMEM, -EIDRM; on an error it is not locked. => array locked
 */
int sem_undo_get(struct sem_array *array, struct sem_undo **undo);
/* Semaphore @num was set: nothing is left to undo. => array locked */
void sem_undo_clear(struct sem_array *array, unsigned num);
/* The array goes: its adjustments are moved to @dead, to be freed without locks. => array locked */
void sem_undo_detach(struct sem_array *array, struct list_head *dead);
void sem_undo_free(struct list_head *dead);
/* Adjust, if no other task shares the list. */
void sem_undo_exit(struct task *t);
/* 0 or -ENOMEM */
int sem_undo_share(struct task *child);

#endif
