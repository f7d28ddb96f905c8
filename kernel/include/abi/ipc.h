/*
 * The system calls of System V IPC, with their arguments as C types: what abi/syscall_table.h
 * names. Each is the manual page of its name.
 */
#ifndef ABI_IPC_H
#define ABI_IPC_H

#include "types.h"

/* ipc(2): all of them behind one number. */
long sys_ipc(u32 call, int first, u32 second, u32 third, uaddr_t ptr, u32 fifth);

long sys_shmget(int key, u32 size, int flags);
long sys_shmat(int id, uaddr_t addr, int flags);
long sys_shmdt(uaddr_t addr);
long sys_shmctl(int id, int cmd, uaddr_t buf);

long sys_semget(int key, u32 count, int flags);
long sys_semctl(int id, int num, int cmd, u32 arg);
long sys_semtimedop_time64(int id, uaddr_t ops, u32 count, uaddr_t timeout);

long sys_msgget(int key, int flags);
long sys_msgsnd(int id, uaddr_t buf, u32 size, int flags);
long sys_msgrcv(int id, uaddr_t buf, u32 size, int type, int flags);
long sys_msgctl(int id, int cmd, uaddr_t buf);

#endif
