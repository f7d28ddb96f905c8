/*
 * madvise(MADV_COLLAPSE): an aligned block of private memory that came page by page is gathered
 * into one huge mapping (huge.c). Of the pages that are there the contents move; what was never
 * touched comes zeroed. The setting in /sys does not matter: the program asks.
 *
 * With mmap_lock held for write no page comes or goes, and nobody can pin one. So:
 *
 *	write-protect every entry, flush       readers go on, writers fault, and wait for mmap_lock
 *	copy                                   without a spinlock
 *	take the table out, flush              no address in a TLB in two sizes
 *	the old pages go, the table is filled anew, and stands behind the huge entry
 *
 * All that can fail comes before the first step. The lock is given up between blocks.
 *
 * madvise(2). As on Linux 6.1 a block is refused that has no page table (nothing near it was ever
 * touched), no page that may be written at once, or a page missing of which userfaultfd(2) has to
 * hear: EINVAL; a page that somebody holds: EAGAIN. Read next: huge.c.
 */
#include "virt.h"

/* May the pages of the table move? 0 or what the program gets. => page_table_lock held */
static int check_pages(const struct vma *vma, const pte_t *table)
{
	bool any_writable = false;

	for (unsigned i = 0; i < HUGE_PAGES; i++) {
		const struct page *page;
		pte_t pte = table[i];

		if (pte_none(pte) || (pte_present(pte) && pte_special(pte))) {
			if (vma_userfaultfd(vma))
				return -EINVAL;
			continue;
		}
		if (!pte_present(pte))
			return -EINVAL;
		page = pfn_to_page(pte_pfn(pte));
		if (page_refs(page) != page_mapcount(page))
			return -EAGAIN;
		any_writable |= pte_write(pte);
	}
	return any_writable ? 0 : -EINVAL;
}

static void write_protect(struct mm *mm, pte_t *table, uaddr_t start)
{
	spin_lock(&mm->page_table_lock);
	for (unsigned i = 0; i < HUGE_PAGES; i++)
		if (pte_present(table[i]) && pte_write(table[i]))
			ptep_set_wrprotect(table + i);
	spin_unlock(&mm->page_table_lock);
	tlb_flush_range(mm, start, start + PMD_SIZE);
}

/*
 * The entry's page is another from now on; how many pages less. => page_table_lock
 * held, no TLB has it
 */
static unsigned drop_page(const struct vma *vma, pte_t pte)
{
	struct page *page;

	if (!pte_present(pte) || pte_special(pte))
		return 0;
	page = pfn_to_page(pte_pfn(pte));
	page_remove_rmap(page);
	if (unlikely(vma_locks_pages(vma)))
		page_munlock(page);
	page_put(page);
	return 1;
}

static void copy_pages(struct page *to, const struct vma *vma, uaddr_t start, const pte_t *table)
{
	for (unsigned i = 0; i < HUGE_PAGES; i++, to++, start += PAGE_SIZE) {
		pte_t pte = pte_read(table + i);

		if (pte_present(pte) && !pte_special(pte))
			page_copy(to, pfn_to_page(pte_pfn(pte)));
		else
			page_zero(to);
		huge_adopt_page(to, vma, start);
	}
}

static void replace_table(struct vma *vma, pmd_t *pmd, uaddr_t start, struct page *first)
{
	struct mm *mm = vma->mm;
	pte_t *table = pmd_table(*pmd);
	unsigned gone = 0;

	spin_lock(&mm->page_table_lock);
	pmd_clear(&mm->arch, pmd);
	tlb_flush_range(mm, start, start + PMD_SIZE);
	for (unsigned i = 0; i < HUGE_PAGES; i++)
		gone += drop_page(vma, table[i]);
	huge_enter(vma, pmd, start, table, first);
	spin_unlock(&mm->page_table_lock);
	rss_add(&mm->rss_anon, -(s32)gone);
}

static int collapse_block(struct vma *vma, uaddr_t start)
{
	struct mm *mm = vma->mm;
	pmd_t *pmd = pmd_find(mm, start);
	struct page *first;
	pte_t *table;
	int err;

	if (!pmd || pmd_none(*pmd))
		return -EINVAL;
	if (pmd_large(*pmd))
		return 0;
	table = pmd_table(*pmd);
	spin_lock(&mm->page_table_lock);
	err = check_pages(vma, table);
	spin_unlock(&mm->page_table_lock);
	if (err)
		return err;
	first = huge_make_slot(mm, start) ? alloc_page_run(HUGE_ORDER) : NULL;
	vm_event_add(first ? VM_THP_COLLAPSE_ALLOC : VM_THP_COLLAPSE_ALLOC_FAILED, 1);
	if (!first)
		return -ENOMEM;
	write_protect(mm, table, start);
	copy_pages(first, vma, start, table);
	replace_table(vma, pmd, start, first);
	return 0;
}

struct collapse {
	uaddr_t at, end;
	int failed; /* of a block of this area, after which the others still get their turn */
	bool hole;
};

/* Has the area a whole block, and private pages, or had it some? */
static bool may_collapse(const struct vma *vma)
{
	uaddr_t first = ALIGN_UP(vma->start, PMD_SIZE);

	return vma_is_anon(vma) && vma->anon_id && !(vma->mm->flags & MMF_DISABLE_THP) &&
	       !(vma->flags & (VM_NOHUGEPAGE | VM_HUGETLB | VM_SPECIAL)) && first < vma->end &&
	       vma->end - first >= PMD_SIZE;
}

/* One block, or one step to the next area. => mmap_lock held for write */
static int collapse_next(struct mm *mm, struct collapse *c)
{
	struct vma *vma = vma_find(mm, c->at);
	uaddr_t limit, first, last;
	int err = 0;

	if (!vma || vma->start > c->at)
		c->hole = true;
	if (!vma || vma->start >= c->end) {
		c->at = c->end;
		return 0;
	}
	c->at = MAX(c->at, vma->start);
	limit = MIN(vma->end, c->end);
	first = ALIGN_UP(c->at, PMD_SIZE);
	last = ALIGN_DOWN(limit, PMD_SIZE);
	if (!may_collapse(vma) || first > last)
		return -EINVAL;
	if (first < last) {
		err = collapse_block(vma, first);
		first += PMD_SIZE;
	}
	if (err == -ENOMEM)
		return err;
	if (err)
		c->failed = err;
	c->at = first < last ? first : limit;
	return first < last ? 0 : c->failed;
}

int mm_collapse(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct collapse c = {.at = start, .end = end};
	int err = 0;

	while (c.at < end && !err) {
		if (down_write_killable(&mm->mmap_lock))
			return -EINTR;
		err = collapse_next(mm, &c);
		up_write(&mm->mmap_lock);
		cond_resched();
	}
	return !err && c.hole ? -ENOMEM : err;
}
