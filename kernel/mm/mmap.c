/*
 * mmap: addresses are promised here, pages come with the first touch.
 *
 * All that can fail is checked and allocated before the address space is changed, so that a
 * MAP_FIXED over existing areas either replaces them or leaves them. A new area merges with its
 * neighbours by the rules of vma.c.
 *
 * mmap(2). Read next: layout.c (which address), munmap.c, fault.c.
 */
#include "virt.h"
#include <linux/mman.h>
#include <linux/resource.h>

/* ---- flags ---- */

static u32 prot_to_vm(u32 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

#define MAP_LEGACY_MASK \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
	 MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | \
	 MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

int map_request_type(const struct map_request *req)
{
	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		return req->flags & ~(u32)(MAP_LEGACY_MASK | MAP_SHARED_VALIDATE) ? -EOPNOTSUPP : 0;
	case MAP_SHARED:
	case MAP_PRIVATE: return 0;
	default: return -EINVAL;
	}
}

/* The flags of an area of a file: 0, or why it cannot be. */
static int file_flags(const struct map_request *req, u32 *vm_flags)
{
	u32 may = req->may_flags & (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC);

	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
	case MAP_SHARED:
		if ((req->prot & PROT_WRITE) && !(may & VM_MAYWRITE))
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(may & VM_MAYWRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		/* fallthrough */
	case MAP_PRIVATE:
		if (!(may & VM_MAYREAD))
			return -EACCES;
		if (!(may & VM_MAYEXEC)) {
			if (*vm_flags & VM_EXEC)
				return -EPERM;
			*vm_flags &= ~VM_MAYEXEC;
		}
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		return 0;
	default: return -EINVAL;
	}
}

static int anon_flags(const struct map_request *req, u32 *vm_flags)
{
	if (req->flags & MAP_HUGETLB)
		return -ENOMEM; /* there is no pool of huge pages */
	switch (req->flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE: return 0;
	default: return -EINVAL;
	}
}

/* RLIMIT_MEMLOCK; mmap(2) calls the lack of any permission EPERM only if it was asked to lock. */
static int check_lock(const struct mm *mm, const struct map_request *req, u32 vm_flags)
{
	if ((req->flags & MAP_LOCKED) && !may_lock_at_all())
		return -EPERM;
	return may_lock_pages(mm, vm_flags, ALIGN_UP(req->len, PAGE_SIZE) >> PAGE_SHIFT);
}

static int request_flags(struct mm *mm, const struct map_request *req, u32 *out)
{
	u32 vm_flags = prot_to_vm(req->prot) | mm->def_flags | VM_MAYREAD | VM_MAYWRITE |
		       VM_MAYEXEC | req->extra_vm_flags;
	int err;

	if (req->flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (req->flags & MAP_LOCKED)
		vm_flags |= VM_LOCKED;
	err = unlikely(vm_flags & VM_LOCKED) ? check_lock(mm, req, vm_flags) : 0;
	if (!err)
		err = req->error;
	if (!err)
		err = req->file || req->mapping || req->ops ? file_flags(req, &vm_flags)
							    : anon_flags(req, &vm_flags);
	if (err)
		return err;
	if ((req->flags & MAP_NORESERVE) && sysctl_overcommit_memory != 2)
		vm_flags |= VM_NORESERVE;
	*out = vm_flags;
	return 0;
}

/* ---- the new area ---- */

/* Pages of [start, end) that belong to areas now. */
static unsigned long mapped_pages(struct mm *mm, uaddr_t start, uaddr_t end)
{
	unsigned long pages = 0;

	for (struct vma *vma = vma_tree_find_intersection(&mm->areas, start, end);
	     vma && vma->start < end; vma = vma_next(vma))
		pages += (MIN(vma->end, end) - MAX(vma->start, start)) >> PAGE_SHIFT;
	return pages;
}

/*
 * Anonymous memory that continues a neighbour needs no area of its own: the neighbour grows. @next
 * is the area above. False: it does not, or it joins two.
 */
static bool grow_neighbour(struct mm *mm, uaddr_t addr, u32 len, u32 vm_flags, struct vma *next)
{
	struct vma *prev = next ? vma_prev(next) : vma_tree_last(&mm->areas);
	bool below = prev && prev->end == addr && vma_can_grow_anon(prev, vm_flags);
	bool above = next && next->start == addr + len && vma_can_grow_anon(next, vm_flags);

	if (below == above)
		return false;
	if (below)
		vma_resize(prev, prev->start, addr + len);
	else
		vma_resize(next, addr, next->end);
	mm->areas.cached = below ? prev : next;
	return true;
}

static struct vma *build_vma(struct mm *mm, const struct map_request *req, uaddr_t addr, u32 len,
			     u32 vm_flags)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	vma->mm = mm;
	vma->anon_id = 0;
	vma->start = addr;
	vma->end = addr + len;
	vma->flags = vm_flags;
	vma->mapping = req->mapping;
	vma->file = req->file;
	vma->ops = req->ops;
	vma->pgoff = req->mapping || req->ops ? req->pgoff : addr >> PAGE_SHIFT;
	vma->no_merge = req->ops && req->ops->close && !req->ops->may_merge;
	vma_update_prot(vma);
	return vma;
}

/*
 * An area of its own, after what is in its place has gone. @next: the area in its place or above. 0
 * or -errno with nothing changed.
 */
static int new_area(struct mm *mm, const struct map_request *req, uaddr_t addr, u32 len,
		    u32 vm_flags, struct vma *next, struct vma_graveyard *dead)
{
	struct vma *vma = build_vma(mm, req, addr, len, vm_flags);

	if (!vma)
		return -ENOMEM;
	if (next && next->start < addr + len) {
		int err = mm_unmap_locked(mm, addr, addr + len, dead);

		if (err) {
			vma_free(vma);
			return err;
		}
		next = vma_find(mm, addr);
	}
	if (vma->file && mm_file_get)
		mm_file_get(vma->file);
	vma_tree_insert_below(&mm->areas, vma, next);
	vma_link_file(vma);
	vma_merge_with(vma, vma_neighbours_of_new(vma), dead);
	return 0;
}

/* Replace what is in [addr, addr+len) by a new area. => everything is checked but memory */
static long map_region(struct mm *mm, const struct map_request *req, uaddr_t addr, u32 len,
		       u32 vm_flags, struct vma_graveyard *dead)
{
	struct vma *next = vma_find(mm, addr);
	unsigned long pages = len >> PAGE_SHIFT;
	bool overlaps = next && next->start < addr + len;

	if (unlikely(!may_expand_vm(mm, vm_flags,
				    pages - (overlaps ? mapped_pages(mm, addr, addr + len) : 0))))
		return -ENOMEM;
	if (is_accountable(vm_flags)) {
		if (vm_commit(pages))
			return -ENOMEM;
		vm_flags |= VM_ACCOUNT;
	}
	if (overlaps || req->mapping || req->ops ||
	    !grow_neighbour(mm, addr, len, vm_flags, next)) {
		int err = new_area(mm, req, addr, len, vm_flags, next, dead);

		if (err) {
			if (vm_flags & VM_ACCOUNT)
				vm_uncommit(pages);
			return err;
		}
	}
	account_area(mm, vm_flags, (long)pages);
	return (long)addr;
}

long mm_map_locked(struct mm *mm, const struct map_request *req, struct vma_graveyard *dead,
		   bool *populate)
{
	u32 len = ALIGN_UP(req->len, PAGE_SIZE), vm_flags;
	uaddr_t hint = req->addr;
	long addr;
	int err;

	if (!req->len)
		return -EINVAL;
	if (!(req->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && ALIGN_DOWN(hint, PAGE_SIZE) &&
	    hint < sysctl_mmap_min_addr)
		hint = ALIGN_UP((uaddr_t)sysctl_mmap_min_addr, PAGE_SIZE);
	if (!len)
		return -ENOMEM;
	if (req->pgoff + (len >> PAGE_SHIFT) < req->pgoff)
		return -EOVERFLOW;
	if (mm->areas.count > sysctl_max_map_count)
		return -ENOMEM;
	addr = mm_unmapped_area(mm, hint, len, req->flags);
	if (mm_is_error(addr))
		return addr;
	if ((req->flags & MAP_FIXED_NOREPLACE) && vma_intersects(mm, (uaddr_t)addr, len))
		return -EEXIST;
	err = request_flags(mm, req, &vm_flags);
	if (err)
		return err;
	*populate = (vm_flags & (VM_LOCKED | VM_LOCKONFAULT)) == VM_LOCKED ||
		    (req->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
	return map_region(mm, req, (uaddr_t)addr, len, vm_flags, dead);
}

/* MAP_SHARED of no file: an object of its own (shmem.c). */
static bool is_shared_anon(const struct map_request *req)
{
	return !req->file && !req->mapping && !req->ops && (req->flags & MAP_TYPE) == MAP_SHARED;
}

static long map_and_populate(struct mm *mm, const struct map_request *req)
{
	struct vma_graveyard dead = {NULL};
	bool populate = false;
	long addr;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	addr = mm_map_locked(mm, req, &dead, &populate);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	if (populate && !mm_is_error(addr))
		mm_populate(mm, (uaddr_t)addr, ALIGN_UP(req->len, PAGE_SIZE));
	return addr;
}

static noinline long map_shared_anon(struct mm *mm, struct map_request req)
{
	long addr = shared_anon_prepare(&req);

	if (addr)
		return addr;
	addr = map_and_populate(mm, &req);
	shared_anon_finish(&req, mm_is_error(addr));
	return addr;
}

long mm_map(struct mm *mm, const struct map_request *req)
{
	return is_shared_anon(req) ? map_shared_anon(mm, *req) : map_and_populate(mm, req);
}

/* ---- areas that the kernel makes ---- */

int mm_map_special(struct mm *mm, uaddr_t addr, u32 len, u32 vm_flags, const struct vma_ops *ops)
{
	struct map_request req = {.addr = addr, .len = len, .ops = ops};
	struct vma_graveyard dead = {NULL};
	long result;

	if (!len || (addr | len) & ~PAGE_MASK || addr > TASK_SIZE || len > TASK_SIZE - addr)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	if (vma_intersects(mm, addr, len))
		result = -EEXIST;
	else
		result = map_region(mm, &req, addr, len, vm_flags, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return mm_is_error(result) ? (int)result : 0;
}

int mm_setup_stack(struct mm *mm, uaddr_t top, bool exec)
{
	unsigned long room = MIN(rlimit_pages(RLIMIT_STACK) << PAGE_SHIFT, 32 * PAGE_SIZE);
	u32 len = PAGE_SIZE + (u32)room;
	u32 flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_STACK |
		    (exec ? VM_EXEC : 0);

	mm->start_stack = top;
	return mm_map_special(mm, top - len, len, flags | mm->def_flags, NULL);
}

/* ---- remap_file_pages(2) ---- */

/*
 * The request that maps [addr, addr+len) of a shared area again, from another offset of its
 * object.
 */
static int remap_request(struct mm *mm, uaddr_t addr, u32 len, u32 pgoff, u32 flags,
			 struct map_request *req)
{
	struct vma *vma = vma_find(mm, addr), *v;

	if (!vma || !(vma->flags & VM_SHARED) || vma->start > addr || !vma->mapping)
		return -EINVAL;
	for (v = vma; v->end < addr + len; v = vma_next(v)) {
		struct vma *next = vma_next(v);

		if (!next || next->start != v->end || next->file != vma->file ||
		    next->mapping != vma->mapping || next->flags != vma->flags)
			return -EINVAL;
	}
	*req = (struct map_request){
		.addr = addr,
		.len = len,
		.pgoff = pgoff,
		.file = vma->file,
		.mapping = vma->mapping,
		.ops = vma->ops,
		.prot = (vma->flags & VM_READ ? PROT_READ : 0) |
			(vma->flags & VM_WRITE ? PROT_WRITE : 0) |
			(vma->flags & VM_EXEC ? PROT_EXEC : 0),
		.flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE | (flags & MAP_NONBLOCK) |
			 (vma->flags & VM_LOCKED ? MAP_LOCKED : 0),
		.may_flags = vma->flags & (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC),
	};
	return 0;
}

/* An object that counts its areas has one more. */
static long map_again(struct mm *mm, const struct map_request *req, struct vma_graveyard *dead,
		      bool *populate)
{
	struct vma *vma = vma_find(mm, req->addr);
	long result;

	if (req->ops && req->ops->open)
		req->ops->open(vma);
	result = mm_map_locked(mm, req, dead, populate);
	if (mm_is_error(result) && req->ops && req->ops->close)
		req->ops->close(vma);
	return result;
}

int mm_remap_file_pages(struct mm *mm, uaddr_t addr, u32 len, u32 pgoff, u32 flags)
{
	struct vma_graveyard dead = {NULL};
	struct map_request req;
	bool populate = false;
	long result;

	addr &= (uaddr_t)PAGE_MASK;
	len &= (u32)PAGE_MASK;
	if (addr + len <= addr || pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	result = remap_request(mm, addr, len, pgoff, flags, &req);
	if (!result)
		result = map_again(mm, &req, &dead, &populate);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	if (populate && !mm_is_error(result))
		mm_populate(mm, addr, len);
	return mm_is_error(result) ? (int)result : 0;
}
