/*
 * The system calls on the caller's address space, with their arguments as C types: what
 * abi/syscall_table names. Each is the manual page of its name; the result is a value or -errno
 * (see mm_is_error() for those that return addresses).
 */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "types.h"

long sys_brk(uaddr_t brk);
long sys_mmap(uaddr_t args); /* the old call: struct mmap_arg_struct in user memory */
long sys_mmap2(uaddr_t addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff);
long sys_munmap(uaddr_t addr, u32 len);
long sys_mprotect(uaddr_t addr, u32 len, u32 prot);
long sys_mremap(uaddr_t addr, u32 old_len, u32 new_len, u32 flags, uaddr_t new_addr);
long sys_madvise(uaddr_t addr, u32 len, int advice);
long sys_mincore(uaddr_t addr, u32 len, uaddr_t vec);
long sys_msync(uaddr_t addr, u32 len, int flags);
long sys_mlock(uaddr_t addr, u32 len);
long sys_mlock2(uaddr_t addr, u32 len, int flags);
long sys_munlock(uaddr_t addr, u32 len);
long sys_mlockall(int flags);
long sys_munlockall(void);
long sys_remap_file_pages(uaddr_t addr, u32 len, u32 prot, u32 pgoff, u32 flags);
long sys_membarrier(int command, u32 flags, int cpu);
long sys_process_vm_readv(pid_t pid, uaddr_t lvec, u32 ln, uaddr_t rvec, u32 rn, u32 flags);
long sys_process_vm_writev(pid_t pid, uaddr_t lvec, u32 ln, uaddr_t rvec, u32 rn, u32 flags);
long sys_process_madvise(int pidfd, uaddr_t vec, u32 n, int advice, u32 flags);
long sys_process_mrelease(int pidfd, u32 flags);
long sys_get_mempolicy(uaddr_t result, uaddr_t mask, u32 maxnode, uaddr_t addr, u32 flags);
long sys_set_mempolicy(int mode, uaddr_t mask, u32 maxnode);
long sys_mbind(uaddr_t start, u32 len, int mode, uaddr_t mask, u32 maxnode, u32 flags);
long sys_set_mempolicy_home_node(uaddr_t start, u32 len, u32 node, u32 flags);
long sys_migrate_pages(pid_t pid, u32 maxnode, uaddr_t from, uaddr_t to);
long sys_move_pages(pid_t pid, u32 n, uaddr_t pages, uaddr_t nodes, uaddr_t status, u32 flags);

#endif
