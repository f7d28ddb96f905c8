/*
 * What a thread has of System V IPC: adjustments of semaphores, for when it ends, and the segments
 * that it made.
 */
#include "proc/ipc/sem.h"
#include "proc/ipc/shm.h"
#include <linux/sched.h>

int ipc_fork(struct task *child, u64 flags)
{
	return flags & CLONE_SYSVSEM ? sem_undo_share(child) : 0;
}

void ipc_exit(struct task *t)
{
	sem_undo_exit(t);
	shm_exit(t);
}

void ipc_unshare(void)
{
	sem_undo_exit(current);
}
