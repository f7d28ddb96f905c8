/*
 * What a thread has of System V IPC: the segments that it made.
 */
#include "proc/ipc/ipc.h"
#include "proc/ipc/shm.h"

void ipc_exit(struct task *t)
{
	shm_exit(t);
}
