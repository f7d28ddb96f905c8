/*
 * mprotect: the pages stay, what may be done with them changes.
 *
 * As on Linux, the call works area by area and stops at the first that does not allow it or is
 * missing: those before it are changed. But a lack of memory is found before anything is: the two
 * areas that cutting out the range may need are allocated first.
 *
 * mprotect(2). Read next: fault.c.
 */
#include "virt.h"
#include <linux/mman.h>

/* ---- page-table entries ---- */

/* May the entry of a private area be writable at once, with no fault to find it out? */
static inline bool writable_now(pte_t pte)
{
	const struct page *page = pfn_to_page(pte_pfn(pte));

	return !pte_special(pte) && page_is_anon(page) && page_refs(page) == 1;
}

/*
 * One CPU has the address space, no write is announced, and no-execute stays: the low words are all
 * there is to change. Compiled for areas that may be written and for others: this loop is what the
 * call costs. May something have changed? (The loop with more to do does not count.)
 */
static __always_inline bool change_low(pte_t *ptep, const pte_t *end, u32 prot, bool write)
{
	const u32 writable = (u32)pte_mkwrite((pte_t){0}).val;
	u32 present = 0;

	for (; ptep < end; ptep++) {
		u32 low = pte_low(ptep);

		if (!pte_present((pte_t){low}))
			continue;
		if (!write)
			present |= low;
		low = (low & ~PTE_PROT_LOW) | prot;
		if (write && writable_now(*ptep))
			low |= writable;
		pte_set_low(ptep, low);
	}
	return write || present;
}

static noinline bool change_low_to_write(pte_t *ptep, const pte_t *end, u32 prot)
{
	return change_low(ptep, end, prot, true);
}

/* @write: private, and may be written; @notify: the first write to each page is announced. */
static bool change_run(pte_t *ptep, unsigned n, pgprot_t prot, bool write, bool notify, bool atomic)
{
	bool changed = false;

	for (const pte_t *end = ptep + n; ptep < end; ptep++) {
		pte_t old = *ptep, pte;

		if (!pte_present(old))
			continue;
		pte = pte_modify(old, prot);
		if (write && writable_now(pte))
			pte = pte_mkwrite(pte);
		else if (notify && pte_write(old) && pte_dirty(old))
			pte = pte_mkwrite(pte); /* announced already */
		if (pte_same(old, pte))
			continue;
		if (atomic) { /* another CPU may set the dirty bit meanwhile */
			old = ptep_get_and_clear(ptep);
			if (pte_dirty(old))
				pte = pte_mkdirty(pte);
		}
		set_pte(ptep, pte);
		changed = true;
	}
	return changed;
}

static bool change_ptes(struct vma *vma, pgprot_t old, pte_t *ptep, unsigned n, bool atomic)
{
	pgprot_t prot = vma_pgprot(vma);
	bool write = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	bool notify = vma_wants_notify(vma);

	/*
	 * A dirty bit that a thread on another CPU sets from now on would be lost, where it counts.
	 */
	if (atomic || notify || !pgprot_same_high(old, prot))
		return change_run(ptep, n, prot, write, notify, atomic || notify);
	return write ? change_low_to_write(ptep, ptep + n, (u32)prot.val)
		     : change_low(ptep, ptep + n, (u32)prot.val, false);
}

/* Give the present pages of [start, end), which had @old, the protection of @vma, and flush. */
static void change_protection(struct vma *vma, pgprot_t old, uaddr_t start, uaddr_t end)
{
	struct mm *mm = vma->mm;
	bool atomic = mm_is_remote(mm), changed = false;

	for (uaddr_t addr = start, next; addr < end; addr = next) {
		pmd_t *pmd;
		pte_t *ptep = NULL;

		next = MIN((uaddr_t)((addr & PMD_MASK) + PMD_SIZE), end);
		spin_lock(&mm->page_table_lock);
		pmd = pmd_find(mm, addr);
		if (likely(pmd && pmd_is_table(*pmd)))
			ptep = pte_entry(pmd, addr);
		else if (pmd && pmd_large(*pmd) && is_whole_pmd(addr, next) &&
			 vma_is_accessible(vma))
			changed |= huge_protect(vma, pmd, addr);
		else
			ptep = pte_find_slow(mm, addr);
		if (likely(ptep))
			changed |= change_ptes(vma, old, ptep, (next - addr) >> PAGE_SHIFT, atomic);
		spin_unlock(&mm->page_table_lock);
	}
	if (changed)
		tlb_flush_range(mm, start, end);
}

/* ---- areas ---- */

/*
 * What the change of @vma's part [start, end) to @flags costs: promises it if it must be. 0 or
 * -ENOMEM
 */
static int charge(struct vma *vma, u32 *flags, u32 pages)
{
	struct mm *mm = vma->mm;

	if (!(*flags & VM_WRITE))
		return 0;
	if (!may_expand_vm(mm, *flags, pages) && may_expand_vm(mm, vma->flags, pages))
		return -ENOMEM;
	if (!(vma->flags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE))) {
		if (vm_commit(pages))
			return -ENOMEM;
		*flags |= VM_ACCOUNT;
	}
	return 0;
}

static int protect_area(struct vma **pvma, uaddr_t start, uaddr_t end, u32 flags,
			struct split_reserve *r, struct vma_graveyard *dead)
{
	u32 pages = (end - start) >> PAGE_SHIFT, old = (*pvma)->flags;
	pgprot_t old_prot = vma_pgprot(*pvma);
	int err;

	if (flags == old)
		return 0;
	err = charge(*pvma, &flags, pages);
	if (err)
		return err;
	err = change_flags(pvma, start, end, flags, r, dead);
	if (err) {
		if (flags & ~old & VM_ACCOUNT)
			vm_uncommit(pages);
		return err;
	}
	change_protection(*pvma, old_prot, start, end);
	if (unlikely((old & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && flags & VM_WRITE))
		populate_now(*pvma, start, end); /* a locked page's first write is no fault */
	return 0;
}

static int protect_locked(struct mm *mm, uaddr_t start, uaddr_t end, u32 access, struct vma *vma,
			  struct vma_graveyard *dead)
{
	struct split_reserve r;
	uaddr_t addr = start;
	int err = split_reserve(mm, start, end, &r);

	if (err)
		return err;
	for (;;) {
		u32 flags;

		if (!vma || vma->start > addr) {
			err = -ENOMEM;
			break;
		}
		flags = (vma->flags & ~VM_ACCESS) | access;
		if ((flags & ~(flags >> 4)) & VM_ACCESS) { /* VM_MAYx is VM_x << 4 */
			err = -EACCES;
			break;
		}
		err = protect_area(&vma, addr, MIN(vma->end, end), flags, &r, dead);
		addr = vma->end;
		if (err || addr >= end)
			break;
		vma = vma_next(vma);
	}
	split_reserve_free(&r);
	return err;
}

/*
 * PROT_GROWSDOWN, PROT_GROWSUP: from the beginning, to the end of the stack that the range
 * meets.
 */
static int grow_range(struct mm *mm, uaddr_t *start, uaddr_t end, u32 prot, struct vma **pvma)
{
	struct vma *vma = vma_find(mm, *start);

	*pvma = vma;
	if (!vma)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		if (vma->start >= end)
			return -ENOMEM;
		if (!(vma->flags & VM_GROWSDOWN))
			return -EINVAL;
		*start = vma->start;
		return 0;
	}
	if (vma->start > *start)
		return -ENOMEM;
	return prot & PROT_GROWSUP ? -EINVAL : 0; /* no area grows up here */
}

int mm_protect(struct mm *mm, uaddr_t addr, u32 len, u32 prot)
{
	u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	u32 access = (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
		     (prot & PROT_EXEC ? VM_EXEC : 0);
	struct vma_graveyard dead = {NULL};
	struct vma *vma;
	int err;

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot &
	    ~(u32)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	len += addr; /* the end, from here on */
	err = grow_range(mm, &addr, len, prot, &vma);
	if (!err)
		err = protect_locked(mm, addr, len, access, vma, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}
