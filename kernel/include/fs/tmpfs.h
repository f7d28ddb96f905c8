/*
 * What tmpfs does for file systems that keep their names in one: devtmpfs, mqueue, and those that
 * only the kernel fills.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/inode.h"

/*
 * A file_system_type's mount operation; @options as for mount -t tmpfs. Sleeps.
 * ERR_PTR(-ENOMEM, -EINVAL)
 */
struct super_block *tmpfs_mount(const struct file_system_type *type, const char *source, u32 flags,
				const char *options);
/* The operations of its directories, for a copy with other ones in it. */
const struct inode_operations *tmpfs_directory_operations(void);
/*
 * A new inode in @dir (NULL: a nameless one), which gives it its owner. Sleeps.
 * ERR_PTR(-ENOSPC, -ENOMEM)
 */
struct inode *tmpfs_inode(struct super_block *sb, const struct inode *dir, mode_t mode, kdev_t dev);
/*
 * Give @inode (takes the reference over) the name of @dentry in @dir: 0 or -ENOSPC. => dir->lock
 * held for write
 */
int tmpfs_add(struct inode *dir, struct dentry *dentry, struct inode *inode);

#endif
