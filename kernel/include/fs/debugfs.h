/*
 * debugfs: files for who looks into the kernel, on /sys/kernel/debug. For root alone.
 */
#ifndef FS_DEBUGFS_H
#define FS_DEBUGFS_H

#include "fs/file.h"

/*
 * A file at @path, directories as needed; @data is found again by debugfs_data(). -ENOMEM, -EEXIST
 */
int debugfs_register(const char *path, mode_t mode, const struct file_operations *op, void *data);
void *debugfs_data(const struct inode *inode);

#endif
