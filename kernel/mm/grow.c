/*
 * Stacks grow: a fault below an area that is marked so, and not too far into what others own,
 * extends it down to the address.
 *
 * A fault holds mmap_lock for read; an area's border needs it for write. So the lock is given up
 * and taken again, and everything is looked up anew, because anybody may have been there in
 * between.
 *
 * mmap(2) MAP_GROWSDOWN; getrlimit(2) RLIMIT_STACK.
 */
#include "virt.h"
#include <linux/resource.h>

/* May the area @vma begin at @start? 0 or -errno. => mmap_lock held for write */
static int stack_may_grow(struct vma *vma, uaddr_t start)
{
	struct mm *mm = vma->mm;
	struct vma *prev = vma_prev(vma);
	u32 pages = (vma->start - start) >> PAGE_SHIFT;

	if (start < sysctl_mmap_min_addr)
		return -EPERM;
	if (prev && !(prev->flags & VM_GROWSDOWN) && vma_is_accessible(prev) &&
	    start - prev->end < STACK_GUARD_GAP)
		return -ENOMEM;
	/*
	 * From here on the area counts as one with private pages, as on Linux: see
	 * vma_can_append().
	 */
	vma_prepare_anon(vma);
	if (pages > vma->pgoff || (vma->end - start) >> PAGE_SHIFT > rlimit_pages(RLIMIT_STACK))
		return -ENOMEM;
	if (!may_expand_vm(mm, vma->flags, pages) || may_lock_pages(mm, vma->flags, pages))
		return -ENOMEM;
	return vma->flags & VM_ACCOUNT ? vm_commit(pages) : 0;
}

static int grow_stack(struct vma *vma, uaddr_t start)
{
	u32 pages = (vma->start - start) >> PAGE_SHIFT;
	int err = stack_may_grow(vma, start);

	if (err)
		return err;
	account_area(vma->mm, vma->flags, (long)pages);
	vma_resize(vma, start, vma->end);
	return 0;
}

/* The area at or above @addr is a stack: make it reach @addr, with the lock for write meanwhile. */
static struct vma *extend_stack(struct mm *mm, uaddr_t addr)
{
	struct vma *vma;

	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	vma = vma_find(mm, addr); /* others may have changed everything */
	if (vma && vma->start > addr &&
	    (!(vma->flags & VM_GROWSDOWN) || grow_stack(vma, addr & (uaddr_t)PAGE_MASK)))
		vma = NULL;
	downgrade_write(&mm->mmap_lock);
	return vma;
}

struct vma *find_extend_vma(struct mm *mm, uaddr_t addr)
{
	struct vma *vma = vma_find(mm, addr);

	if (likely(vma && vma->start <= addr))
		return vma;
	if (!vma || !(vma->flags & VM_GROWSDOWN))
		return NULL;
	return extend_stack(mm, addr);
}
