/* inotify(7): instances and watches. Events come from the operations of the VFS (fs/internal.h). */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include "fs/file.h"

/* @flags IN_CLOEXEC, IN_NONBLOCK. ERR_PTR */
struct file *inotify_create(int flags);
/*
 * Watch @path for @mask (IN_*): the watch descriptor, or -EINVAL, -EEXIST, -ENOSPC, -ENOMEM,
 * -EACCES, -ENOTDIR.
 */
int inotify_add(struct file *file, const struct path *path, u32 mask);
int inotify_remove(struct file *file, int wd);
extern unsigned sysctl_inotify_max_queued, sysctl_inotify_max_watches, sysctl_inotify_max_instances;

#endif
