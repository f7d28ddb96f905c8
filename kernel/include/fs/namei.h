/*
 * What system calls do to names and attributes, on names in kernel memory. Each returns 0 or -errno
 * as its manual page (section 2) says; each may sleep. dirfd: AT_FDCWD or a descriptor.
 */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "fs/file.h"

int vfs_mkdirat(int dirfd, const char *name, mode_t mode);
int vfs_mknodat(int dirfd, const char *name, mode_t mode, kdev_t dev);
int vfs_unlinkat(int dirfd, const char *name);
/* The same of @name, one component, in the directory @dir. */
int vfs_unlink_in(const struct path *dir, const char *name);
int vfs_rmdirat(int dirfd, const char *name);
int vfs_symlinkat(const char *target, int dirfd, const char *name);
int vfs_linkat(int old_dirfd, const char *old, int new_dirfd, const char *new, unsigned flags);
int vfs_renameat(int old_dirfd, const char *old, int new_dirfd, const char *new, unsigned flags);
/* A node for a bound AF_UNIX socket, or any special file: as mknod, handing out its path. */
int vfs_mknod_path(int dirfd, const char *name, mode_t mode, kdev_t dev, struct path *out);

int vfs_getattr(const struct path *path, struct kstat *out);
int vfs_statfs(const struct path *path, struct kstatfs *out);
int vfs_chmod(const struct path *path, mode_t mode);
int vfs_chown(const struct path *path, uid_t uid, gid_t gid); /* ~0: leave it */
/* @times NULL: now. tv_nsec may be UTIME_NOW or UTIME_OMIT. */
int vfs_utimes(const struct path *path, const struct timespec64 times[2]);
int vfs_truncate(const struct path *path, loff_t size);
int file_truncate(struct file *file, loff_t size);
/* access(2): @mode R_OK|W_OK|X_OK. */
int vfs_access(const struct path *path, int mode);
/* readlink(2): bytes in @buf (not terminated). */
ssize_t vfs_readlink(const struct path *path, char *buf, size_t size);
int vfs_chdir(const struct path *path);
int vfs_chroot(const struct path *path);

ssize_t vfs_getxattr(const struct path *path, const char *name, void *buf, size_t size);
int vfs_setxattr(const struct path *path, const char *name, const void *value, size_t size,
		 int flags);
int vfs_removexattr(const struct path *path, const char *name);
ssize_t vfs_listxattr(const struct path *path, char *buf, size_t size);

#endif
