/*
 * Shared memory: segments, attached and detached. A segment is an object of mm (mm/shmem.c): its
 * page cache is the memory, and areas map it as they map a file. What is added here is the id, who
 * may attach it, and the count of attaches.
 *
 * Each shmat(2) makes a struct shm_attach. It bears the operations of the areas, so that areas of
 * one attach know each other however they are cut and moved; each area counts one attach of the
 * segment, as on Linux. A segment goes with its last attach, once it is marked for it (IPC_RMID) or
 * if shm_rmid_forced says so; never before.
 *
 * Locks: shm_ids.lock, mmap_lock, segment lock. An area is opened with mmap_lock held, so opening
 * takes the segment's lock only. Closing may destroy, which takes shm_ids.lock: mm closes areas
 * when mmap_lock is free again.
 *
 * shmget(2), shmop(2). Read next: shmctl.c; mm/shmem.c; mm_unmap_object() in mm/munmap.c.
 */
#include "proc/ipc/shm.h"
#include "lib/printf.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include <limits.h>
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/resource.h>

struct ipc_ids shm_ids = IPC_IDS_INIT(shm_ids);
unsigned long shm_total_pages;
unsigned long sysctl_shmmax = SHMMAX, sysctl_shmall = SHMALL;
unsigned sysctl_shmmni = SHMMNI, sysctl_shm_rmid_forced;

/* One shmat(2). */
struct shm_attach {
	struct vma_ops ops; /* (k) */
	struct shm_segment *segment;
	u32 areas; /* segment lock */
};

/* ---- the end of a segment ---- */

static bool may_destroy(const struct shm_segment *seg)
{
	return !seg->attaches && ((seg->ipc.mode & SHM_DEST) || READ_ONCE(sysctl_shm_rmid_forced));
}

/* Out of the table: nobody finds it any more. => both locks held */
static void unlink_segment(struct shm_segment *seg)
{
	ipc_remove(&shm_ids, &seg->ipc);
	list_del_init(&seg->created);
	shm_total_pages -= shm_pages(seg);
}

static void free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct shm_segment, ipc.rcu));
}

/* => out of the table, no locks held */
static void free_segment(struct shm_segment *seg)
{
	shmem_destroy(&seg->memory);
	shm_forget_lock(seg);
	call_rcu(&seg->ipc.rcu, free_rcu);
}

void shm_destroy_unused(int id)
{
	struct shm_segment *dead = NULL;
	struct ipc_object *obj;

	mutex_lock(&shm_ids.lock);
	obj = ipc_lock_id(&shm_ids, id);
	if (!IS_ERR(obj)) {
		if (may_destroy(shm_of(obj))) {
			dead = shm_of(obj);
			unlink_segment(dead);
		}
		ipc_unlock(obj);
	}
	mutex_unlock(&shm_ids.lock);
	if (dead)
		free_segment(dead);
}

/* @n attaches less; the last one may have been what kept the segment. => segment locked; unlocks */
static void drop_attaches(struct shm_segment *seg, u32 n)
{
	int id = seg->ipc.id;
	bool destroy;

	seg->attaches -= n;
	destroy = may_destroy(seg);
	ipc_unlock(&seg->ipc);
	if (destroy)
		shm_destroy_unused(id);
}

/* ---- areas ---- */

static struct shm_attach *attach_of(const struct vma *vma)
{
	return container_of((struct vma_ops *)vma->ops, struct shm_attach, ops);
}

static void area_open(struct vma *vma)
{
	struct shm_attach *attach = attach_of(vma);
	struct shm_segment *seg = attach->segment;

	spin_lock(&seg->ipc.lock);
	attach->areas++;
	seg->attaches++;
	seg->atime = ipc_now();
	seg->lpid = current->tgid;
	spin_unlock(&seg->ipc.lock);
}

static void area_close(struct vma *vma)
{
	struct shm_attach *attach = attach_of(vma);
	struct shm_segment *seg = attach->segment;
	bool last;

	spin_lock(&seg->ipc.lock);
	last = !--attach->areas;
	seg->dtime = ipc_now();
	seg->lpid = current->tgid;
	drop_attaches(seg, 1);
	if (last)
		kfree(attach);
}

static const char *area_name(struct vma *vma)
{
	return attach_of(vma)->segment->name;
}

static u32 area_number(const struct vma *vma)
{
	return (u32)attach_of(vma)->segment->ipc.id;
}

/* ---- shmget(2) ---- */

/* There is no pool of huge pages: why it cannot be. */
static int huge_error(u32 size, int flags)
{
	unsigned shift = (unsigned)flags >> SHM_HUGE_SHIFT & SHM_HUGE_MASK;
	u64 limit = process_rlimit(current->process, RLIMIT_MEMLOCK);

	if (shift && 1ull << shift != PMD_SIZE)
		return -EINVAL;
	/* those of vm.hugetlb_shm_group, which is 0, may too */
	if (!capable(CAP_IPC_LOCK) && !in_group(0) && size > limit)
		return -EPERM;
	return -ENOMEM;
}

static int check_size(u32 size, u32 pages)
{
	if (size < SHMMIN || size > sysctl_shmmax)
		return -EINVAL;
	if ((u64)pages << PAGE_SHIFT > 0xffffffffull)
		return -ENOSPC;
	if (shm_total_pages + pages < shm_total_pages || shm_total_pages + pages > sysctl_shmall)
		return -ENOSPC;
	return 0;
}

static struct shm_segment *make_segment(__kernel_key_t key, u32 size, bool reserve)
{
	struct shm_segment *seg = kzalloc(sizeof(*seg), GFP_KERNEL);

	if (!seg)
		return NULL;
	if (shmem_init(&seg->memory, size, reserve)) {
		kfree(seg);
		return NULL;
	}
	seg->size = size;
	seg->cpid = current->tgid;
	seg->ctime = ipc_now();
	snprintf(seg->name, sizeof(seg->name), "/SYSV%08x (deleted)", (unsigned)key);
	return seg;
}

/* => shm_ids.lock held */
static void remember_creator(struct shm_segment *seg)
{
	struct list_head *created = &current->shm_created;

	if (!created->next)
		list_init(created);
	list_add(&seg->created, created);
}

static int create_segment(__kernel_key_t key, int flags, u32 size)
{
	u32 pages = size / PAGE_SIZE + (size % PAGE_SIZE != 0);
	bool reserve = !(flags & SHM_NORESERVE) || sysctl_overcommit_memory == 2;
	int result = check_size(size, pages);
	struct shm_segment *seg;

	if (result)
		return result;
	if (flags & SHM_HUGETLB)
		return huge_error(size, flags);
	seg = make_segment(key, size, reserve);
	if (!seg)
		return -ENOMEM;
	/* before it can be found and removed */
	remember_creator(seg);
	shm_total_pages += pages;
	result = ipc_add(&shm_ids, &seg->ipc, key, flags, sysctl_shmmni);
	if (result < 0) {
		shm_total_pages -= pages;
		list_del(&seg->created);
		shmem_destroy(&seg->memory);
		kfree(seg);
	}
	return result;
}

static int check_segment(const struct ipc_object *obj, u32 size)
{
	return container_of(obj, const struct shm_segment, ipc)->size < size ? -EINVAL : 0;
}

int shm_get(__kernel_key_t key, u32 size, int flags)
{
	static const struct ipc_kind kind = {&shm_ids, create_segment, check_segment};

	return ipc_get(&kind, key, flags, size);
}

/* ---- shmat(2), shmdt(2) ---- */

/* Where to attach: 0 or -EINVAL. */
static int request_place(struct map_request *req, uaddr_t addr, int flags)
{
	req->flags = MAP_SHARED;
	if (!addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (addr & ~PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr &= PAGE_MASK;
		if (!addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	req->addr = addr;
	req->flags |= addr && !(flags & SHM_REMAP) ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	return 0;
}

/* With which access: what the permissions must allow. */
static int request_access(struct map_request *req, int flags)
{
	int mode = IPC_READ;

	req->prot = PROT_READ;
	req->may_flags = VM_MAYREAD | VM_MAYEXEC;
	if (!(flags & SHM_RDONLY)) {
		req->prot |= PROT_WRITE;
		req->may_flags |= VM_MAYWRITE;
		mode |= IPC_WRITE;
	}
	if (flags & SHM_EXEC)
		mode |= IPC_EXEC;
	if ((flags & SHM_EXEC) || (current->personality & READ_IMPLIES_EXEC))
		req->prot |= PROT_EXEC;
	return mode;
}

/*
 * The segment of @id with two more attaches: that of the area to be, and one that keeps the segment
 * meanwhile.
 */
static struct shm_segment *begin_attach(int id, int mode)
{
	struct ipc_object *obj = ipc_lock_id(&shm_ids, id);
	struct shm_segment *seg;

	if (IS_ERR(obj))
		return ERR_PTR(PTR_ERR(obj));
	if (ipc_permits(obj, mode)) {
		seg = shm_of(obj);
		seg->attaches += 2;
	} else {
		seg = ERR_PTR(-EACCES);
	}
	ipc_unlock(obj);
	return seg;
}

static void end_attach(struct shm_segment *seg, struct shm_attach *attach, bool failed)
{
	spin_lock(&seg->ipc.lock);
	if (!failed) {
		seg->atime = ipc_now();
		seg->lpid = current->tgid;
	}
	drop_attaches(seg, failed ? 2 : 1);
	if (failed)
		kfree(attach);
}

static long map_segment(struct shm_segment *seg, struct shm_attach *attach, struct map_request *req)
{
	long result;

	attach->ops = (struct vma_ops){
		.open = area_open,
		.close = area_close,
		.name = area_name,
		.number = area_number,
	};
	attach->segment = seg;
	attach->areas = 1;
	req->len = seg->size;
	req->mapping = &seg->memory.mapping;
	req->ops = &attach->ops;
	if ((req->flags & MAP_FIXED_NOREPLACE) && req->addr + req->len < req->addr)
		return -EINVAL;
	result = mm_map(current->mm, req);
	return result == -EEXIST ? -EINVAL : result;
}

long shm_attach(int id, uaddr_t addr, int flags)
{
	struct map_request req = {0};
	struct shm_attach *attach;
	struct shm_segment *seg;
	long result = id < 0 ? -EINVAL : request_place(&req, addr, flags);
	int mode = request_access(&req, flags);

	if (result)
		return result;
	attach = kmalloc(sizeof(*attach), GFP_KERNEL);
	if (!attach)
		return -ENOMEM;
	seg = begin_attach(id, mode);
	if (IS_ERR(seg)) {
		kfree(attach);
		return PTR_ERR(seg);
	}
	result = map_segment(seg, attach, &req);
	end_attach(seg, attach, mm_is_error(result));
	return result;
}

int shm_detach(uaddr_t addr)
{
	return addr & ~PAGE_MASK ? -EINVAL : mm_unmap_object(current->mm, addr, area_close);
}

/* ---- creators that end: /proc/sys/kernel/shm_rmid_forced ---- */

/* The next segment of @t that has to go, out of the table; the others forget their creator. */
static struct shm_segment *next_created(struct task *t)
{
	struct shm_segment *seg, *n;

	list_for_each_entry_safe(seg, n, &t->shm_created, created) {
		bool destroy;

		spin_lock(&seg->ipc.lock);
		destroy = may_destroy(seg);
		if (destroy)
			unlink_segment(seg);
		else
			list_del_init(&seg->created);
		spin_unlock(&seg->ipc.lock);
		if (destroy)
			return seg;
	}
	return NULL;
}

void shm_exit(struct task *t)
{
	struct shm_segment *seg;

	if (!t->shm_created.next)
		return;
	do {
		mutex_lock(&shm_ids.lock);
		seg = next_created(t);
		mutex_unlock(&shm_ids.lock);
		if (seg)
			free_segment(seg);
	} while (seg);
}

static struct shm_segment *next_orphan(unsigned long *index)
{
	struct ipc_object *obj;

	for (; (obj = ipc_next(&shm_ids, index)); ++*index) {
		struct shm_segment *seg = shm_of(obj);
		bool destroy;

		spin_lock(&obj->lock);
		destroy = list_empty(&seg->created) && may_destroy(seg);
		if (destroy)
			unlink_segment(seg);
		spin_unlock(&obj->lock);
		if (destroy)
			return seg;
	}
	return NULL;
}

void shm_destroy_orphans(void)
{
	struct shm_segment *seg;
	unsigned long index = 0;

	do {
		mutex_lock(&shm_ids.lock);
		seg = next_orphan(&index);
		mutex_unlock(&shm_ids.lock);
		if (seg)
			free_segment(seg);
	} while (seg);
}
