/*
 * mlock: pages that stay. The area has VM_LOCKED, and each page that it maps counts it (lru.c): the
 * pages that are there when the flag changes here, the others where their entries come and go
 * (fault.c, huge.c, userfaultfd.c, pgtable.c). RLIMIT_MEMLOCK bounds what one may ask for.
 *
 * mlock(2). Read next: lru.c, gup.c (populate).
 */
#include "virt.h"
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/resource.h>

static bool over_limit(unsigned long pages)
{
	return pages > rlimit_pages(RLIMIT_MEMLOCK) && !(mm_capable && mm_capable(CAP_IPC_LOCK));
}

/* Pages of [start, end) that are locked already. */
static unsigned long locked_pages(struct mm *mm, uaddr_t start, uaddr_t end)
{
	unsigned long pages = 0;

	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end; vma = vma_next(vma))
		if (vma->flags & VM_LOCKED)
			pages += (MIN(vma->end, end) - MAX(vma->start, start)) >> PAGE_SHIFT;
	return pages;
}

/* ---- the pages that are there ---- */

/* Entries of one page table: of @n from @ptep. => page_table_lock held */
static void count_entries(const pte_t *ptep, unsigned n, void (*count)(struct page *page))
{
	for (; n; n--, ptep++)
		if (pte_present(*ptep) && !pte_special(*ptep))
			count(pfn_to_page(pte_pfn(*ptep)));
}

static void count_pages(struct vma *vma, void (*count)(struct page *page))
{
	struct mm *mm = vma->mm;

	for (uaddr_t addr = vma->start, next; addr < vma->end; addr = next) {
		pte_t *ptep;

		next = MIN((uaddr_t)((addr & PMD_MASK) + PMD_SIZE), vma->end);
		spin_lock(&mm->page_table_lock);
		ptep = pte_peek(mm, addr);
		if (ptep)
			count_entries(ptep, (next - addr) >> PAGE_SHIFT, count);
		spin_unlock(&mm->page_table_lock);
		cond_resched();
	}
}

/* No truncate may find the flag and the pages at odds: it removes entries without mmap_lock. */
void vma_set_locked(struct vma *vma, u32 lock_flags)
{
	bool was = vma_locks_pages(vma);

	if (vma->mapping)
		down_write(&vma->mapping->i_mmap_sem);
	vma->flags = (vma->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock_flags;
	if (was != vma_locks_pages(vma))
		count_pages(vma, was ? page_munlock : page_mlock);
	if (vma->mapping)
		up_write(&vma->mapping->i_mmap_sem);
}

/* ---- areas ---- */

static int lock_area(struct vma **vma, uaddr_t start, uaddr_t end, u32 lock_flags,
		     struct split_reserve *r, struct vma_graveyard *dead)
{
	u32 flags = ((*vma)->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock_flags;

	int err;

	if (((*vma)->flags & VM_SPECIAL) || (*vma)->flags == flags)
		return 0;
	err = cut_for_flags(vma, start, end, flags, r);
	if (err)
		return err;
	vma_set_locked(*vma, lock_flags);
	*vma = vma_merge_around(*vma, dead);
	return 0;
}

static int lock_range(struct mm *mm, uaddr_t start, uaddr_t end, u32 lock_flags,
		      struct vma_graveyard *dead)
{
	struct vma *vma = vma_find(mm, start);
	struct split_reserve r;
	int err = split_reserve(mm, start, end, &r);

	if (err)
		return err;
	for (; start < end && !err; vma = vma_next(vma)) {
		if (!vma || vma->start > start) {
			err = -ENOMEM;
			break;
		}
		err = lock_area(&vma, start, MIN(vma->end, end), lock_flags, &r, dead);
		start = vma->end;
	}
	split_reserve_free(&r);
	return err;
}

/* mlock, mlock2 (VM_LOCKED, perhaps VM_LOCKONFAULT), munlock (0) */
int mm_lock_range(struct mm *mm, uaddr_t addr, u32 len, u32 lock_flags)
{
	struct vma_graveyard dead = {NULL};
	unsigned long pages;
	int err;

	if (lock_flags && !may_lock_at_all())
		return -EPERM;
	len = ALIGN_UP(len + (addr & (uaddr_t)~PAGE_MASK), PAGE_SIZE);
	addr &= (uaddr_t)PAGE_MASK;
	pages = len >> PAGE_SHIFT;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = -ENOMEM;
	if (!lock_flags || !over_limit(pages + mm->locked_vm) ||
	    !over_limit(pages + mm->locked_vm - locked_pages(mm, addr, addr + len)))
		err = addr + len < addr ? -EINVAL
		      : len             ? lock_range(mm, addr, addr + len, lock_flags, &dead)
					: 0;
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	if (err || !(lock_flags & VM_LOCKED) || (lock_flags & VM_LOCKONFAULT) || !len)
		return err;
	err = mm_populate(mm, addr, len);
	return err == -EFAULT || err == -EIO ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

static void lock_everything(struct mm *mm, u32 lock_flags)
{
	struct vma_graveyard dead = {NULL};
	struct split_reserve none = {NULL, NULL};

	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma))
		lock_area(&vma, vma->start, vma->end, lock_flags, &none, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
}

/* Fault in the locked areas, as far as they can be. */
static void populate_everything(struct mm *mm)
{
	for (uaddr_t addr = 0, start, end;; addr = end) {
		struct vma *vma;
		bool locked;

		down_read(&mm->mmap_lock);
		vma = vma_find(mm, addr);
		start = vma ? vma->start : 0;
		end = vma ? vma->end : 0;
		locked = vma && (vma->flags & VM_LOCKED);
		up_read(&mm->mmap_lock);
		if (!vma || fatal_signal_pending(current))
			return;
		if (locked)
			mm_populate(mm, start, end - start);
	}
}

/* mlockall(2); 0: munlockall(2) */
int mm_lock_all(struct mm *mm, u32 mcl)
{
	u32 lock_flags = VM_LOCKED | (mcl & MCL_ONFAULT ? VM_LOCKONFAULT : 0);

	if (mcl & ~(u32)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || mcl == MCL_ONFAULT)
		return -EINVAL;
	if (mcl && !may_lock_at_all())
		return -EPERM;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if ((mcl & MCL_CURRENT) && over_limit(mm->total_vm)) {
		up_write(&mm->mmap_lock);
		return -ENOMEM;
	}
	mm->def_flags = (mm->def_flags & ~(VM_LOCKED | VM_LOCKONFAULT)) |
			(mcl & MCL_FUTURE ? lock_flags : 0);
	if (mcl && !(mcl & MCL_CURRENT)) {
		up_write(&mm->mmap_lock);
		return 0;
	}
	lock_everything(mm, mcl ? lock_flags : 0);
	if ((mcl & MCL_CURRENT) && !(mcl & MCL_ONFAULT))
		populate_everything(mm);
	return 0;
}
