/* Nameless files in memory: memfd_create(2). */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "fs/file.h"

/* @flags MFD_*. ERR_PTR(-EINVAL, -ENOMEM, -ENFILE) */
struct file *memfd_create(const char *name, unsigned flags);

#endif
