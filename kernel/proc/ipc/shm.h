/* Private to proc/ipc: a segment of shared memory, for shm.c, shmctl.c and procfs.c. */
#ifndef PROC_IPC_SHM_H
#define PROC_IPC_SHM_H

#include "mm/shmem.h"
#include "proc/ipc/ipc.h"

/* ipc_object.mode: removed, and only waits for the last detach; SHM_LOCK. shmctl(2) */
#define SHM_DEST 01000
#define SHM_LOCKED 02000

/* (k) constant after creation   (l) ipc.lock   (m) shm_ids.lock */
struct shm_segment {
	struct ipc_object ipc;
	struct shmem memory;
	u32 size;                     /* (k) bytes */
	u32 attaches;                 /* (l) areas, and attaches under way */
	pid_t cpid, lpid;             /* (k) creator; (l) who attached or detached last */
	time64_t atime, dtime, ctime; /* (l) */
	struct user *locked_by;       /* (l) SHM_LOCK: whose RLIMIT_MEMLOCK it counts against */
	struct list_head created; /* (m) in the creator's task->shm_created; empty: it has ended */
	char name[24];            /* (k) what maps shows */
};

extern struct ipc_ids shm_ids;
extern unsigned long shm_total_pages; /* (m) */
extern unsigned long sysctl_shmmax, sysctl_shmall;
extern unsigned sysctl_shmmni, sysctl_shm_rmid_forced;

static inline struct shm_segment *shm_of(struct ipc_object *obj)
{
	return container_of(obj, struct shm_segment, ipc);
}
static inline u32 shm_pages(const struct shm_segment *seg)
{
	return seg->size / PAGE_SIZE + (seg->size % PAGE_SIZE != 0);
}

/* Destroy the segment of @id if nobody uses it and nobody will. => shm_ids.lock not held */
void shm_destroy_unused(int id);
/* The thread ends: it is nobody's creator any more. */
void shm_exit(struct task *t);
/* shm_rmid_forced was set: destroy what nobody uses and whose creator has ended. */
void shm_destroy_orphans(void);
/* The pages are no longer locked, or were not. => segment locked, or out of the table */
void shm_forget_lock(struct shm_segment *seg);

#endif
