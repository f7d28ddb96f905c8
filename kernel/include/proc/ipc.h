/*
 * System V IPC: shared memory, semaphores and message queues, as sysvipc(7) and the manual pages of
 * their calls describe them. Structures are those of Linux's IPC_64; abi/ipc.c turns them into the
 * old ones. There is one namespace. docs/ipc.md tells how it works.
 */
#ifndef PROC_IPC_H
#define PROC_IPC_H

#include "types.h"
/* <linux/shm.h> includes the C library's <unistd.h>, for a macro that is not used here. */
#define _UNISTD_H 1
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>
#undef _UNISTD_H

struct task;

/* Boot: limits, /proc/sysvipc, /proc/sys/kernel. */
void ipc_init(void);
/* The end of the current thread, after it has given back its memory. */
void ipc_exit(struct task *t);

/* ---- shared memory ---- */

/* shmget(2): the id or -errno. */
int shm_get(__kernel_key_t key, u32 size, int flags);
/* shmat(2): the address or -errno (mm_is_error()). */
long shm_attach(int id, uaddr_t addr, int flags);
/* shmdt(2) */
int shm_detach(uaddr_t addr);
/* shmctl(2). @cmd IPC_STAT, SHM_STAT, SHM_STAT_ANY: 0, for the latter two the id; or -errno */
int shm_stat(int id, int cmd, struct shmid64_ds *out);
int shm_set(int id, const struct shmid64_ds *in);
int shm_remove(int id);
/* SHM_LOCK, SHM_UNLOCK */
int shm_lock(int id, bool locked);
/* IPC_INFO and SHM_INFO: the highest index in use. */
int shm_limits(struct shminfo64 *out);
int shm_totals(struct shm_info *out);

#endif
