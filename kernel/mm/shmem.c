/*
 * MAP_SHARED | MAP_ANONYMOUS: memory that has no name and that fork shares, touched before or
 * after. Each such mmap makes an object with a page cache of its own; memory is the only copy of
 * its pages. It lives as long as an area maps it.
 *
 * Read next: filemap.c.
 */
#include "virt.h"
#include "selfcheck_walkers.h"
#include <linux/mman.h>

struct shared_anon {
	struct mapping mapping;
	u32 areas;    /* (a) */
	u32 promised; /* pages of vm_commit() */
	u32 number;   /* shown as its inode */
};

static const struct mapping_ops shared_anon_mapping_ops = {0};

static u32 last_number; /* (a) */

static struct shared_anon *object_of(const struct vma *vma)
{
	return container_of(vma->mapping, struct shared_anon, mapping);
}

static void object_put(struct shared_anon *obj)
{
	if (!atomic_dec_and_test(&obj->areas))
		return;
	mapping_truncate_range(&obj->mapping, 0, -1);
	mapping_destroy(&obj->mapping);
	vm_uncommit(obj->promised);
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

static const struct vma_ops shared_anon_ops = {
	.open = shared_anon_open,
	.close = shared_anon_close,
	.name = shared_anon_name,
	.may_merge = true,
};

u32 shared_anon_number(const struct vma *vma)
{
	return vma->ops == &shared_anon_ops ? object_of(vma)->number : 0;
}

int shared_anon_prepare(struct map_request *req)
{
	u32 len = ALIGN_UP(req->len, PAGE_SIZE);
	struct shared_anon *obj;

	if (!len)
		return req->len ? -ENOMEM : -EINVAL;
	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return -ENOMEM;
	if (!(req->flags & MAP_NORESERVE) || sysctl_overcommit_memory == 2)
		obj->promised = len >> PAGE_SHIFT;
	if (vm_commit(obj->promised)) {
		kfree(obj);
		return -ENOMEM;
	}
	mapping_init(&obj->mapping, obj, &shared_anon_mapping_ops, GFP_HIGHUSER_MOVABLE);
	obj->mapping.size = len;
	obj->mapping.swap_backed = true;
	obj->areas = 1;
	obj->number = atomic_inc_return(&last_number);
	req->mapping = &obj->mapping;
	req->ops = &shared_anon_ops;
	req->pgoff = 0;
	req->may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	return 0;
}

void shared_anon_finish(struct map_request *req, bool failed)
{
	if (failed)
		object_put(container_of(req->mapping, struct shared_anon, mapping));
}

#ifdef CONFIG_DEBUG_VM
bool shared_anon_selfcheck(struct selfcheck *sc, const struct mapping *m)
{
	if (m->ops != &shared_anon_mapping_ops)
		return false;
	selfcheck_promise(sc, ((const struct shared_anon *)m->host)->promised);
	return true;
}
#endif
