/*
 * The system calls of files, as C functions: arguments as user space gives them, addresses as
 * uaddr_t, 64-bit numbers as their two halves, low first. Each returns what its manual page
 * (section 2) says, errors negative.
 */
#ifndef ABI_FS_H
#define ABI_FS_H

#include "types.h"

/* file.c: descriptors, reading and writing */
long sys_open(uaddr_t name, u32 flags, u32 mode);
long sys_openat(int dirfd, uaddr_t name, u32 flags, u32 mode);
long sys_openat2(int dirfd, uaddr_t name, uaddr_t how, u32 size);
long sys_creat(uaddr_t name, u32 mode);
long sys_close(int fd);
long sys_close_range(u32 first, u32 last, u32 flags);
long sys_read(int fd, uaddr_t buf, u32 count);
long sys_write(int fd, uaddr_t buf, u32 count);
long sys_pread64(int fd, uaddr_t buf, u32 count, u32 lo, u32 hi);
long sys_pwrite64(int fd, uaddr_t buf, u32 count, u32 lo, u32 hi);
long sys_readv(int fd, uaddr_t iov, u32 n);
long sys_writev(int fd, uaddr_t iov, u32 n);
long sys_preadv(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi);
long sys_pwritev(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi);
long sys_preadv2(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi, u32 flags);
long sys_pwritev2(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi, u32 flags);
long sys_lseek(int fd, s32 offset, u32 whence);
long sys_llseek(int fd, u32 hi, u32 lo, uaddr_t result, u32 whence);
long sys_truncate(uaddr_t name, s32 size);
long sys_ftruncate(int fd, s32 size);
long sys_truncate64(uaddr_t name, u32 lo, u32 hi);
long sys_ftruncate64(int fd, u32 lo, u32 hi);
long sys_fallocate(int fd, u32 mode, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi);
long sys_fadvise64(int fd, u32 off_lo, u32 off_hi, u32 len, u32 advice);
long sys_fadvise64_64(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 advice);
long sys_readahead(int fd, u32 off_lo, u32 off_hi, u32 count);
long sys_sync_file_range(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 flags);
long sys_fsync(int fd);
long sys_fdatasync(int fd);
long sys_sync(void);
long sys_syncfs(int fd);
long sys_ioctl(int fd, u32 cmd, u32 arg);
long sys_getrandom(uaddr_t buf, u32 count, u32 flags);
long sys_memfd_create(uaddr_t name, u32 flags);

/* pipe.c: pipes, and moving data between files */
long sys_pipe(uaddr_t fds);
long sys_pipe2(uaddr_t fds, u32 flags);
long sys_sendfile(int out, int in, uaddr_t offset, u32 count);
long sys_sendfile64(int out, int in, uaddr_t offset, u32 count);
long sys_copy_file_range(int in, uaddr_t in_off, int out, uaddr_t out_off, u32 len, u32 flags);
long sys_splice(int in, uaddr_t in_off, int out, uaddr_t out_off, u32 len, u32 flags);
long sys_tee(int in, int out, u32 len, u32 flags);
long sys_vmsplice(int fd, uaddr_t iov, u32 n, u32 flags);

/* dir.c: names and directories */
long sys_mkdir(uaddr_t name, u32 mode);
long sys_mkdirat(int dirfd, uaddr_t name, u32 mode);
long sys_rmdir(uaddr_t name);
long sys_mknod(uaddr_t name, u32 mode, u32 dev);
long sys_mknodat(int dirfd, uaddr_t name, u32 mode, u32 dev);
long sys_link(uaddr_t old, uaddr_t new);
long sys_linkat(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new, u32 flags);
long sys_symlink(uaddr_t target, uaddr_t name);
long sys_symlinkat(uaddr_t target, int dirfd, uaddr_t name);
long sys_unlink(uaddr_t name);
long sys_unlinkat(int dirfd, uaddr_t name, u32 flags);
long sys_rename(uaddr_t old, uaddr_t new);
long sys_renameat(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new);
long sys_renameat2(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new, u32 flags);
long sys_readlink(uaddr_t name, uaddr_t buf, int size);
long sys_readlinkat(int dirfd, uaddr_t name, uaddr_t buf, int size);
long sys_getdents(int fd, uaddr_t buf, u32 size);
long sys_getdents64(int fd, uaddr_t buf, u32 size);
long sys_old_readdir(int fd, uaddr_t buf, u32 count);
long sys_getcwd(uaddr_t buf, u32 size);
long sys_chdir(uaddr_t name);
long sys_fchdir(int fd);
long sys_chroot(uaddr_t name);
long sys_umask(u32 mask);
long sys_name_to_handle_at(int dirfd, uaddr_t name, uaddr_t handle, uaddr_t mount_id, u32 flags);
long sys_open_by_handle_at(int mount_fd, uaddr_t handle, u32 flags);
long sys_inotify_init(void);
long sys_inotify_init1(u32 flags);
long sys_inotify_add_watch(int fd, uaddr_t name, u32 mask);
long sys_inotify_rm_watch(int fd, int wd);

/* stat.c: attributes */
long sys_oldstat(uaddr_t name, uaddr_t buf);
long sys_oldlstat(uaddr_t name, uaddr_t buf);
long sys_oldfstat(int fd, uaddr_t buf);
long sys_stat(uaddr_t name, uaddr_t buf);
long sys_lstat(uaddr_t name, uaddr_t buf);
long sys_fstat(int fd, uaddr_t buf);
long sys_stat64(uaddr_t name, uaddr_t buf);
long sys_lstat64(uaddr_t name, uaddr_t buf);
long sys_fstat64(int fd, uaddr_t buf);
long sys_fstatat64(int dirfd, uaddr_t name, uaddr_t buf, u32 flags);
long sys_statx(int dirfd, uaddr_t name, u32 flags, u32 mask, uaddr_t buf);
long sys_statfs(uaddr_t name, uaddr_t buf);
long sys_fstatfs(int fd, uaddr_t buf);
long sys_statfs64(uaddr_t name, u32 size, uaddr_t buf);
long sys_fstatfs64(int fd, u32 size, uaddr_t buf);
long sys_access(uaddr_t name, u32 mode);
long sys_faccessat(int dirfd, uaddr_t name, u32 mode);
long sys_faccessat2(int dirfd, uaddr_t name, u32 mode, u32 flags);
long sys_chmod(uaddr_t name, u32 mode);
long sys_fchmod(int fd, u32 mode);
long sys_fchmodat(int dirfd, uaddr_t name, u32 mode);
long sys_chown(uaddr_t name, u32 uid, u32 gid);
long sys_lchown(uaddr_t name, u32 uid, u32 gid);
long sys_fchown(int fd, u32 uid, u32 gid);
long sys_chown16(uaddr_t name, u32 uid, u32 gid);
long sys_lchown16(uaddr_t name, u32 uid, u32 gid);
long sys_fchown16(int fd, u32 uid, u32 gid);
long sys_fchownat(int dirfd, uaddr_t name, u32 uid, u32 gid, u32 flags);
long sys_utime(uaddr_t name, uaddr_t times);
long sys_utimes(uaddr_t name, uaddr_t times);
long sys_futimesat(int dirfd, uaddr_t name, uaddr_t times);
long sys_utimensat(int dirfd, uaddr_t name, uaddr_t times, u32 flags);
long sys_utimensat_time64(int dirfd, uaddr_t name, uaddr_t times, u32 flags);

/* fcntl.c */
long sys_dup(int fd);
long sys_dup2(int fd, int new_fd);
long sys_dup3(int fd, int new_fd, u32 flags);
long sys_fcntl(int fd, u32 cmd, u32 arg);
long sys_fcntl64(int fd, u32 cmd, u32 arg);
long sys_flock(int fd, u32 op);

/* poll.c: waiting */
long sys_poll(uaddr_t fds, u32 n, int timeout_ms);
long sys_ppoll(uaddr_t fds, u32 n, uaddr_t timeout, uaddr_t sigmask, u32 sigsetsize);
long sys_ppoll_time64(uaddr_t fds, u32 n, uaddr_t timeout, uaddr_t sigmask, u32 sigsetsize);
long sys_select(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout);
long sys_old_select(uaddr_t args);
long sys_pselect6(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t sig);
long sys_pselect6_time64(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t sig);
long sys_epoll_create(int size);
long sys_epoll_create1(u32 flags);
long sys_epoll_ctl(int epfd, u32 op, int fd, uaddr_t event);
long sys_epoll_wait(int epfd, uaddr_t events, int max, int timeout_ms);
long sys_epoll_pwait(int epfd, uaddr_t events, int max, int timeout_ms, uaddr_t sigmask,
		     u32 sigsetsize);
long sys_epoll_pwait2(int epfd, uaddr_t events, int max, uaddr_t timeout, uaddr_t sigmask,
		      u32 sigsetsize);
long sys_eventfd(u32 count);
long sys_eventfd2(u32 count, u32 flags);
long sys_userfaultfd(int flags);
long sys_timerfd_create(int clock, u32 flags);
long sys_timerfd_settime(int fd, u32 flags, uaddr_t new, uaddr_t old);
long sys_timerfd_gettime(int fd, uaddr_t cur);
long sys_timerfd_settime64(int fd, u32 flags, uaddr_t new, uaddr_t old);
long sys_timerfd_gettime64(int fd, uaddr_t cur);
long sys_signalfd(int fd, uaddr_t mask, u32 size);
long sys_signalfd4(int fd, uaddr_t mask, u32 size, u32 flags);

/* mount.c */
long sys_mount(uaddr_t source, uaddr_t target, uaddr_t type, u32 flags, uaddr_t data);
long sys_umount(uaddr_t target);
long sys_umount2(uaddr_t target, u32 flags);
long sys_pivot_root(uaddr_t new_root, uaddr_t put_old);

/* xattr.c */
long sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size, u32 flags);
long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size, u32 flags);
long sys_fsetxattr(int fd, uaddr_t name, uaddr_t value, u32 size, u32 flags);
long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size);
long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size);
long sys_fgetxattr(int fd, uaddr_t name, uaddr_t value, u32 size);
long sys_listxattr(uaddr_t path, uaddr_t list, u32 size);
long sys_llistxattr(uaddr_t path, uaddr_t list, u32 size);
long sys_flistxattr(int fd, uaddr_t list, u32 size);
long sys_removexattr(uaddr_t path, uaddr_t name);
long sys_lremovexattr(uaddr_t path, uaddr_t name);
long sys_fremovexattr(int fd, uaddr_t name);

#endif
