/*
 * System V IPC: shared memory, semaphores and message queues, as sysvipc(7) and the manual pages of
 * their calls describe them. Structures are those of Linux's IPC_64; abi/ipc.c turns them into the
 * old ones. There is one namespace. docs/ipc.md tells how it works.
 */
#ifndef PROC_IPC_H
#define PROC_IPC_H

#include "lib/list.h"
#include "lib/rbtree.h"
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
/* fork: what @child shares with the caller (CLONE_SYSVSEM in @flags). 0 or -ENOMEM */
int ipc_fork(struct task *child, u64 flags);
/*
 * The end of the current thread, after it has given back its memory; or of a child that never ran.
 */
void ipc_exit(struct task *t);
/* unshare(2), CLONE_SYSVSEM */
void ipc_unshare(void);

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

/* ---- semaphores ---- */

/* semget(2) */
int sem_get(__kernel_key_t key, u32 count, int flags);
/*
 * semtimedop(2), until clock_ns() is @deadline (~0: for ever). 0, -EFBIG, -EACCES, -EIDRM, -EINVAL,
 * -ENOMEM, -ERANGE; -EAGAIN: IPC_NOWAIT, or too late; -EINTR
 */
int sem_operate(int id, const struct sembuf *ops, unsigned count, u64 deadline);
/* The most operations that a call may have. */
unsigned sem_max_operations(void);
/* semctl(2). As shm_stat() and its neighbours. */
int sem_stat(int id, int cmd, struct semid64_ds *out);
int sem_set(int id, const struct semid64_ds *in);
int sem_remove(int id);
/* IPC_INFO, SEM_INFO: the highest index in use. */
int sem_info(int cmd, struct seminfo *out);
/* GETVAL, GETPID, GETNCNT, GETZCNT: the value. */
int sem_get_value(int id, int num, int cmd);
int sem_set_value(int id, int num, int value);
/*
 * GETALL, SETALL: how many there are, if the caller may read (or change) them; then all of them, in
 * an array of that many.
 */
int sem_count(int id, bool change);
int sem_get_all(int id, u16 *values);
int sem_set_all(int id, const u16 *values);

/* ---- messages ---- */

struct msg {
	struct list_head node; /* these two are the queue's */
	struct rb_node by_type;
	s32 type;
	u32 len;
	u8 text[];
};
/*
 * A message for msg_send(), its text undefined: ERR_PTR(-EINVAL): longer than msgmax, or
 * no type; -ENOMEM
 */
struct msg *msg_alloc(s32 type, u32 len);
void msg_free(struct msg *msg);
/* msgget(2) */
int msg_get(__kernel_key_t key, int flags);
/* msgsnd(2): 0 or -errno. Takes @msg over in any case. -ERESTARTNOHAND by a signal */
int msg_send(int id, struct msg *msg, int flags);
/*
 * msgrcv(2): the caller's message, which may be longer than @size with MSG_NOERROR; or ERR_PTR.
 * MSG_COPY: -ENOSYS
 */
struct msg *msg_receive(int id, u32 size, s32 type, int flags);
/* msgctl(2). As shm_stat() and its neighbours. */
int msg_stat(int id, int cmd, struct msqid64_ds *out);
int msg_set(int id, const struct msqid64_ds *in);
int msg_remove(int id);
/* IPC_INFO, MSG_INFO: the highest index in use. */
int msg_info(int cmd, struct msginfo *out);

#endif
