/*
 * Moving data from one open file to another inside the kernel: sendfile(2),
 * copy_file_range(2), splice(2).
 */
#ifndef FS_SPLICE_H
#define FS_SPLICE_H

#include "fs/file.h"

/*
 * Up to @len bytes from @in to @out. @in_pos, @out_pos: where (advanced); NULL: the file's
 * own position. Bytes moved, or -errno if none. @nonblock: no waiting for a pipe beyond the
 * files' own flags.
 */
ssize_t file_copy(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len);

#endif
