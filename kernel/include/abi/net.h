/*
 * The system calls of sockets, with their arguments as C types: what abi/syscall_table.h names.
 * Each is the manual page of its name (section 2); socketcall(2) reaches the same ones.
 */
#ifndef ABI_NET_H
#define ABI_NET_H

#include "types.h"

/* socket.c */
long sys_socketcall(int call, uaddr_t args);
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, uaddr_t fds);
long sys_bind(int fd, uaddr_t address, int len);
long sys_connect(int fd, uaddr_t address, int len);
long sys_listen(int fd, int backlog);
long sys_accept4(int fd, uaddr_t address, uaddr_t len, u32 flags);
long sys_getsockname(int fd, uaddr_t address, uaddr_t len);
long sys_getpeername(int fd, uaddr_t address, uaddr_t len);
long sys_setsockopt(int fd, int level, int name, uaddr_t value, int len);
long sys_getsockopt(int fd, int level, int name, uaddr_t value, uaddr_t len);
long sys_shutdown(int fd, int how);

/* socket_msg.c */
long sys_sendto(int fd, uaddr_t buf, u32 len, u32 flags, uaddr_t address, int address_len);
long sys_recvfrom(int fd, uaddr_t buf, u32 len, u32 flags, uaddr_t address, uaddr_t address_len);
long sys_sendmsg(int fd, uaddr_t msg, u32 flags);
long sys_recvmsg(int fd, uaddr_t msg, u32 flags);
long sys_sendmmsg(int fd, uaddr_t msgs, u32 n, u32 flags);
long sys_recvmmsg(int fd, uaddr_t msgs, u32 n, u32 flags, uaddr_t timeout);
long sys_recvmmsg_time64(int fd, uaddr_t msgs, u32 n, u32 flags, uaddr_t timeout);

#endif
