/*
 * Memory that areas share and that has no file: an object whose page cache is the only copy of its
 * contents. MAP_SHARED | MAP_ANONYMOUS makes one for each mmap; a segment of System V shared memory
 * (proc/ipc) is one with a name.
 */
#ifndef MM_SHMEM_H
#define MM_SHMEM_H

#include "mm/mapping.h"

struct shmem {
	struct mapping mapping;
	u32 promised; /* (k) pages of vm_commit() */
};

/*
 * An object of @size bytes of zeros. @reserve: its pages are promised now (vm_commit()). 0 or
 * -ENOMEM
 */
int shmem_init(struct shmem *obj, u32 size, bool reserve);
/* Give back all pages. => no area maps it. May sleep. */
void shmem_destroy(struct shmem *obj);

#endif
