/* Nameless files in memory: memfd_create(2), System V shared memory. */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "fs/file.h"

/* @flags MFD_*. ERR_PTR(-EINVAL, -ENOMEM, -ENFILE) */
struct file *memfd_create(const char *name, unsigned flags);
/* A file of @size bytes of zeros that cannot be sealed. ERR_PTR */
struct file *shmem_file(const char *name, loff_t size);

#endif
