/*
 * Shared memory without a file: objects with a page cache of their own, where memory is the only
 * copy of the pages. And their first user, MAP_SHARED | MAP_ANONYMOUS: memory that has no name and
 * that fork shares, touched before or after. Each such mmap makes an object, which lives as long as
 * an area maps it. The other user is System V shared memory, proc/ipc/shm.c.
 *
 * Read next: filemap.c.
 */
#include "mm/shmem.h"
#include "virt.h"
#include "selfcheck_walkers.h"
#include <linux/mman.h>

/* ---- objects ---- */

static const struct mapping_ops shmem_mapping_ops = {0};

int shmem_init(struct shmem *obj, u32 size, bool reserve)
{
	u32 pages = size / PAGE_SIZE + (size % PAGE_SIZE != 0);

	obj->promised = reserve ? pages : 0;
	if (vm_commit(obj->promised))
		return -ENOMEM;
	mapping_init(&obj->mapping, obj, &shmem_mapping_ops, GFP_HIGHUSER_MOVABLE);
	obj->mapping.size = size;
	obj->mapping.swap_backed = true;
	return 0;
}

void shmem_destroy(struct shmem *obj)
{
	mapping_truncate_range(&obj->mapping, 0, -1);
	mapping_destroy(&obj->mapping);
	vm_uncommit(obj->promised);
}

/* ---- MAP_SHARED | MAP_ANONYMOUS ---- */

struct shared_anon {
	struct shmem memory;
	u32 areas;  /* (a) */
	u32 number; /* (k) shown as its inode */
};

static u32 last_number; /* (a) */

static struct shared_anon *object_of(const struct vma *vma)
{
	return container_of(vma->mapping, struct shared_anon, memory.mapping);
}

static void object_put(struct shared_anon *obj)
{
	if (!atomic_dec_and_test(&obj->areas))
		return;
	shmem_destroy(&obj->memory);
	kfree(obj);
}

static void shared_anon_open(struct vma *vma)
{
	atomic_inc(&object_of(vma)->areas);
}

static void shared_anon_close(struct vma *vma)
{
	object_put(object_of(vma));
}

static const char *shared_anon_name(struct vma *vma)
{
	(void)vma;
	return "/dev/zero (deleted)";
}

static u32 shared_anon_number(const struct vma *vma)
{
	return object_of(vma)->number;
}

static const struct vma_ops shared_anon_ops = {
	.open = shared_anon_open,
	.close = shared_anon_close,
	.name = shared_anon_name,
	.number = shared_anon_number,
	.may_merge = true,
};

bool vma_is_shmem(const struct vma *vma)
{
	return vma->mapping && vma->mapping->swap_backed &&
	       (!vma->ops || vma->ops == &shared_anon_ops);
}

int shared_anon_prepare(struct map_request *req)
{
	u32 len = ALIGN_UP(req->len, PAGE_SIZE);
	struct shared_anon *obj;

	if (!len)
		return req->len ? -ENOMEM : -EINVAL;
	if (req->pgoff + (len >> PAGE_SHIFT) < req->pgoff)
		return -EOVERFLOW;
	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return -ENOMEM;
	if (shmem_init(&obj->memory, len,
		       !(req->flags & MAP_NORESERVE) || sysctl_overcommit_memory == 2)) {
		kfree(obj);
		return -ENOMEM;
	}
	obj->areas = 1;
	obj->number = atomic_inc_return(&last_number);
	req->mapping = &obj->memory.mapping;
	req->ops = &shared_anon_ops;
	req->pgoff = 0;
	req->may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	return 0;
}

void shared_anon_finish(struct map_request *req, bool failed)
{
	if (failed)
		object_put(container_of(req->mapping, struct shared_anon, memory.mapping));
}

#ifdef CONFIG_DEBUG_VM
bool shmem_selfcheck(struct selfcheck *sc, const struct mapping *m)
{
	if (m->ops != &shmem_mapping_ops)
		return false;
	selfcheck_promise(sc, ((const struct shmem *)m->host)->promised);
	return true;
}
#endif
