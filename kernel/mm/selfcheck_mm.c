/*
 * What address spaces and page caches hold: page tables and what they map, the pages of files, and
 * the counters that say the same. Walkers of mm/selfcheck.h; debug builds only.
 *
 * All address spaces and all caches are on lists that only a debug build keeps, so that one that no
 * process has any more is found as well.
 */
#include "virt.h"

#ifdef CONFIG_DEBUG_VM

#include "reclaim.h"
#include "selfcheck_walkers.h"

/* ---- page tables ---- */

struct table_walk {
	struct selfcheck *sc;
	struct mm *mm;
	unsigned long tables;
	s32 anon, file, shmem;
};

static void walk_pte(struct table_walk *w, pte_t pte)
{
	struct page *page;

	if (!pte_present(pte) || pte_special(pte))
		return;
	page = pfn_to_page(pte_pfn(pte));
	selfcheck_map(w->sc, page);
	if (page_is_anon(page))
		w->anon++;
	else if (page_test(page, PG_SWAPBACKED))
		w->shmem++;
	else
		w->file++;
}

static void walk_table(struct table_walk *w, pmd_t *pmd, uaddr_t addr)
{
	/* Of a huge mapping: the table behind it, which says the same. */
	const pte_t *ptep = pmd_large(*pmd) ? pte_peek(w->mm, addr) : pte_entry(pmd, addr);

	selfcheck_hold(w->sc, virt_to_page(ptep), 1);
	w->tables++;
	for (unsigned i = 0; i < PTRS_PER_PTE; i++)
		walk_pte(w, ptep[i]);
}

/*
 * The tables of one top-level entry; that of the slot shared with the kernel is not counted as
 * the process's.
 */
static void walk_slot(struct table_walk *w, pgd_t *pgd, uaddr_t addr)
{
	uaddr_t end = MIN((uaddr_t)(addr + PGD_SIZE - 1), (uaddr_t)(TASK_SIZE - 1));

	if (PGD_SHIFT != PMD_SHIFT) {
		selfcheck_hold(w->sc, virt_to_page(pmd_entry(pgd, addr)), 1);
		w->tables += !pgd_is_shared(*pgd);
	}
	for (; addr <= end; addr += PMD_SIZE) {
		pmd_t *pmd = pmd_entry(pgd, addr);

		if (!pmd_none(*pmd))
			walk_table(w, pmd, addr);
		if (addr + PMD_SIZE < addr)
			break;
	}
}

static void walk_tables(struct table_walk *w)
{
	uaddr_t addr = 0;

	if (PGD_SHIFT == PMD_SHIFT) /* the directory is a page of its own */
		selfcheck_hold(w->sc, virt_to_page(pgd_entry(&w->mm->arch, 0)), 1);
	do {
		pgd_t *pgd = pgd_entry(&w->mm->arch, addr);

		if (!pgd_none(*pgd))
			walk_slot(w, pgd, addr);
		addr += PGD_SIZE;
	} while (addr && addr < TASK_SIZE);
}

/* ---- areas ---- */

static void walk_locked(struct selfcheck *sc, struct vma *vma)
{
	for (uaddr_t addr = vma->start; addr < vma->end; addr += PAGE_SIZE) {
		const pte_t *ptep = pte_peek(vma->mm, addr);

		if (ptep && pte_present(*ptep) && !pte_special(*ptep))
			selfcheck_lock(sc, pfn_to_page(pte_pfn(*ptep)));
	}
}

static void walk_areas(struct selfcheck *sc, struct mm *mm)
{
	struct mm count = {0};
	unsigned n = 0;

	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma), n++) {
		account_area(&count, vma->flags, (long)vma_pages(vma));
		if (vma->flags & VM_ACCOUNT)
			selfcheck_promise(sc, vma_pages(vma));
		if (vma_locks_pages(vma))
			walk_locked(sc, vma);
	}
	if (!READ_ONCE(mm->users) || rwsem_is_locked(&mm->mmap_lock))
		return; /* on its way out, or a task sleeps in the middle of a change */
	selfcheck_equal(sc, "areas", (long)mm, (long)mm->areas.count, (long)n);
	selfcheck_equal(sc, "total_vm", (long)mm, (long)mm->total_vm, (long)count.total_vm);
	selfcheck_equal(sc, "data_vm", (long)mm, (long)mm->data_vm, (long)count.data_vm);
	selfcheck_equal(sc, "exec_vm", (long)mm, (long)mm->exec_vm, (long)count.exec_vm);
	selfcheck_equal(sc, "stack_vm", (long)mm, (long)mm->stack_vm, (long)count.stack_vm);
	selfcheck_equal(sc, "locked_vm", (long)mm, (long)mm->locked_vm, (long)count.locked_vm);
}

static void walk_mms(struct selfcheck *sc)
{
	unsigned long tables = 0;
	struct mm *mm;

	selfcheck_for_each(mm, &all_mms, all)
	{
		struct table_walk w = {.sc = sc, .mm = mm};

		walk_tables(&w);
		walk_areas(sc, mm);
		selfcheck_equal(sc, "rss_anon", (long)mm, mm->rss_anon, w.anon);
		selfcheck_equal(sc, "rss_file", (long)mm, mm->rss_file, w.file);
		selfcheck_equal(sc, "rss_shmem", (long)mm, mm->rss_shmem, w.shmem);
		selfcheck_equal(sc, "pt_bytes", (long)mm, (long)mm->pt_bytes,
				(long)(w.tables << PAGE_SHIFT));
		tables += w.tables;
	}
	pgtable_selfcheck(sc);
	selfcheck_equal(sc, "page tables", 0, (long)(total_pt_bytes() >> PAGE_SHIFT), (long)tables);
}

/* ---- page caches ---- */

static unsigned long walk_mapping(struct selfcheck *sc, struct mapping *m)
{
	unsigned long index, n = 0;
	struct page *page;

	xa_for_each(&m->pages, index, page)
	{
		if (xa_is_value(page))
			continue;
		selfcheck_hold(sc, page, 1);
		selfcheck_equal(sc, "place of a page", (long)page_to_pfn(page), (long)page->index,
				(long)index);
		selfcheck_equal(sc, "mapping of a page", (long)page_to_pfn(page),
				(long)page->mapping, (long)m);
		n++;
	}
	selfcheck_equal(sc, "nrpages", (long)m, (long)m->nrpages, (long)n);
	shmem_selfcheck(sc, m);
	return n;
}

static void walk_caches(struct selfcheck *sc)
{
	unsigned long pages = 0, shmem = 0;
	struct mapping *m;

	selfcheck_for_each(m, &all_mappings, all)
	{
		unsigned long n = walk_mapping(sc, m);

		pages += n;
		shmem += m->swap_backed ? n : 0;
	}
	selfcheck_equal(sc, "Cached", 0, (long)total_cache_pages(), (long)pages);
	selfcheck_equal(sc, "Shmem", 0, (long)total_shmem_pages(), (long)shmem);
}

/* ---- totals of pages by what maps them, and the lists of reclaim ---- */

static void walk_totals(struct selfcheck *sc)
{
	unsigned long anon = 0, file = 0, lru[NR_ZONES] = {0};
	unsigned long pinned[NR_ZONES] = {0}, locked[NR_ZONES] = {0};

	for (pfn_t pfn = 1; pfn < max_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!pfn_valid(pfn) || page_test(page, PG_RESERVED))
			continue;
		lru[pfn_zone_id(pfn)] += page_test(page, PG_LRU);
		pinned[pfn_zone_id(pfn)] += page_test(page, PG_UNEVICTABLE);
		locked[pfn_zone_id(pfn)] += page_mlock_count(page) != 0;
		if (READ_ONCE(page->mapcount) < 0)
			continue;
		anon += page_is_anon(page);
		file += !page_is_anon(page);
	}
	selfcheck_equal(sc, "AnonPages", 0, (long)total_anon_pages(), (long)anon);
	selfcheck_equal(sc, "Mapped", 0, (long)total_mapped_pages(), (long)file);
	for (unsigned zone = 0; zone < NR_ZONES; zone++) {
		unsigned long inactive, active;
		struct mm_pinned counts = {0};

		mm_pinned_counts(zone, &counts);
		selfcheck_equal(sc, "Unevictable", zone, (long)mm_pinned_all(&counts),
				(long)pinned[zone]);
		selfcheck_equal(sc, "Mlocked", zone, (long)counts.mlocked, (long)locked[zone]);
		mm_lru_counts(zone, &inactive, &active);
		selfcheck_equal(sc, "pages for reclaim", zone, (long)(inactive + active),
				(long)lru[zone]);
	}
}

static struct selfcheck_owner mm_owners[] = {
	{.name = "process", .walk = walk_mms},
	{.name = "cache", .walk = walk_caches},
	{.name = "totals", .walk = walk_totals},
};

void selfcheck_init(void)
{
	selfcheck_phys_init();
	for (unsigned i = 0; i < ARRAY_SIZE(mm_owners); i++)
		selfcheck_register(&mm_owners[i]);
}

#endif
