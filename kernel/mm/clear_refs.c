/*
 * What /proc/PID/clear_refs does: forget which pages were used, so that smaps' Referenced tells
 * what a process uses from now on. The accessed bits of its page-table entries go, and
 * PG_REFERENCED of the pages behind them.
 *
 * Locks: mmap_lock for read, page_table_lock. proc(5)
 */
#include "virt.h"

/* Clear the accessed bit while other CPUs may set bits: true if it was set. */
static bool clear_young(pte_t *ptep)
{
	pte_t pte;

	do {
		pte = pte_read(ptep);
		if (!pte_present(pte) || !pte_young(pte))
			return false;
	} while (!ptep_cmpxchg(ptep, pte, pte_mkold(pte)));
	return true;
}

/* One page table's part of an area: true if an accessed bit went. */
static bool clear_entries(pte_t *ptep, unsigned n)
{
	bool cleared = false;

	for (; n--; ptep++) {
		pte_t pte = *ptep;

		if (!pte_present(pte) || pte_special(pte))
			continue;
		cleared |= clear_young(ptep);
		page_clear(pfn_to_page(pte_pfn(pte)), PG_REFERENCED);
	}
	return cleared;
}

static void clear_area(struct vma *vma)
{
	struct mm *mm = vma->mm;

	for (uaddr_t addr = vma->start, next; addr < vma->end; addr = next) {
		bool cleared;
		pte_t *ptep;

		next = (addr & PMD_MASK) + PMD_SIZE;
		if (next > vma->end || !next)
			next = vma->end;
		spin_lock(&mm->page_table_lock);
		ptep = pte_find(mm, addr);
		cleared = ptep && clear_entries(ptep, (next - addr) >> PAGE_SHIFT);
		if (cleared)
			tlb_flush_range(mm, addr, next);
		spin_unlock(&mm->page_table_lock);
		cond_resched();
	}
}

int mm_clear_refs(struct mm *mm, bool anon, bool files)
{
	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma))
		if (!(vma->flags & VM_PFNMAP) && (vma->file ? files : anon))
			clear_area(vma);
	up_read(&mm->mmap_lock);
	return 0;
}

int mm_reset_peak(struct mm *mm)
{
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	WRITE_ONCE(mm->hiwater_rss, mm_rss(mm));
	up_write(&mm->mmap_lock);
	return 0;
}
