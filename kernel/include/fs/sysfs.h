/*
 * /sys: what tools read of it. Text files that parts of the kernel register by path
 * ("devices/system/cpu/online").
 */
#ifndef FS_SYSFS_H
#define FS_SYSFS_H

#include "fs/seq_file.h"

/*
 * A read-only text file made by @show (which gets @data); directories as needed. May be called at
 * any time. -ENOMEM, -EEXIST
 */
int sysfs_register(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		   void *data);
/*
 * The same, and @store is called with @data and what was written, without the newline at its end; 0
 * or -errno. NULL: read-only.
 */
int sysfs_register_store(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
			 int (*store)(void *data, const char *text), void *data);
/* A directory; a symbolic link. */
int sysfs_register_dir(const char *path);
int sysfs_register_link(const char *path, const char *target);

#endif
