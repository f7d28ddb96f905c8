/*
 * The system calls of POSIX message queues, with their arguments as C types: what
 * abi/syscall_table.h names. Each is the manual page of its name.
 */
#ifndef ABI_MQUEUE_H
#define ABI_MQUEUE_H

#include "types.h"

long sys_mq_open(uaddr_t name, int flags, u32 mode, uaddr_t attr);
long sys_mq_unlink(uaddr_t name);
long sys_mq_timedsend(int fd, uaddr_t text, u32 len, u32 prio, uaddr_t timeout);
long sys_mq_timedsend_time64(int fd, uaddr_t text, u32 len, u32 prio, uaddr_t timeout);
long sys_mq_timedreceive(int fd, uaddr_t text, u32 size, uaddr_t prio, uaddr_t timeout);
long sys_mq_timedreceive_time64(int fd, uaddr_t text, u32 size, uaddr_t prio, uaddr_t timeout);
long sys_mq_notify(int fd, uaddr_t event);
long sys_mq_getsetattr(int fd, uaddr_t new, uaddr_t old);

#endif
