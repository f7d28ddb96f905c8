/*
 * Private to abi/: the structures of System V IPC between user space and the kernel. IPC_64 has
 * those that the kernel works with; without it, as programs of before Linux 2.4 call ipc(2), they
 * have 16-bit ids and times of 32 bits. Each returns 0 or -EFAULT.
 */
#ifndef ABI_IPC_LAYOUT_H
#define ABI_IPC_LAYOUT_H

#include "proc/ipc.h"

int put_shmid(uaddr_t to, const struct shmid64_ds *from, bool old);
int get_shmid(struct shmid64_ds *to, uaddr_t from, bool old);
int put_shminfo(uaddr_t to, const struct shminfo64 *from, bool old);
int put_semid(uaddr_t to, const struct semid64_ds *from, bool old);
int get_semid(struct semid64_ds *to, uaddr_t from, bool old);
int put_msqid(uaddr_t to, const struct msqid64_ds *from, bool old);
int get_msqid(struct msqid64_ds *to, uaddr_t from, bool old);

#endif
