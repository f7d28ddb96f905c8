/*
 * User page tables: found, made, emptied, given back.
 *
 * Tables are pages of low memory. They are made with mmap_lock held for read or write, and go only
 * with it held for write, under page_table_lock: so a pte pointer stays good as long as mmap_lock
 * is held, and whoever walks without it (reverse maps) walks under page_table_lock.
 *
 * A table that goes is all zero; a few of them wait per CPU to be handed out again, which saves
 * clearing a page at each fork and exit.
 * Read next: tlb.c, fault.c.
 */
#include "virt.h"
#include "selfcheck_walkers.h"

#define CACHED_TABLES 8u

struct table_cache {
	unsigned count;
	void *tables[CACHED_TABLES];
};

static DEFINE_PER_CPU(struct table_cache, table_cache);
DEFINE_PER_CPU(long, nr_pt_pages);

pgprot_t protection_map[16];

void pgtable_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(protection_map); i++) {
		bool write = (i & VM_WRITE) && (i & PROT_SHARED_WRITE);

		protection_map[i] = user_pgprot(i & (VM_READ | VM_WRITE), write, i & VM_EXEC);
	}
}

bool vma_wants_notify(const struct vma *vma)
{
	const struct mapping *m = vma->mapping;

	return (vma->flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE) && m &&
	       (m->ops->page_mkwrite || m->ops->write_page);
}

void vma_update_prot(struct vma *vma)
{
	vma->prot = (u8)(vma->flags & VM_ACCESS);
	if ((vma->flags & VM_SHARED) && !vma_wants_notify(vma))
		vma->prot |= PROT_SHARED_WRITE;
}

/* ---- tables ---- */

void *table_alloc(struct mm *mm)
{
	struct table_cache *cache = this_cpu_ptr(table_cache);
	void *table;

	if (cache->count) {
		table = cache->tables[--cache->count];
	} else {
		table = get_zeroed_page(GFP_KERNEL);
		if (!table)
			return NULL;
		page_set(virt_to_page(table), PG_TABLE);
	}
	rss_add((s32 *)&mm->pt_bytes, PAGE_SIZE);
	this_cpu_inc(nr_pt_pages);
	return table;
}

void table_free(void *table)
{
	struct table_cache *cache = this_cpu_ptr(table_cache);

	this_cpu_dec(nr_pt_pages);
	if (cache->count < CACHED_TABLES) {
		cache->tables[cache->count++] = table;
		return;
	}
	page_clear(virt_to_page(table), PG_TABLE);
	put_free_pages(table, 0);
}

void table_discard(struct mm *mm, void *table)
{
	rss_add((s32 *)&mm->pt_bytes, -(s32)PAGE_SIZE);
	table_free(table);
}

pmd_t *pmd_alloc(struct mm *mm, uaddr_t addr)
{
	pgd_t *pgd = pgd_entry(&mm->arch, addr);
	void *table;

	if (pgd_none(pgd_read(pgd))) {
		table = table_alloc(mm);
		if (!table)
			return NULL;
		spin_lock(&mm->page_table_lock);
		if (pgd_none(pgd_read(pgd))) {
			pgd_populate(&mm->arch, pgd, table);
			table = NULL;
		}
		spin_unlock(&mm->page_table_lock);
		if (table)
			table_discard(mm, table);
	}
	return pmd_entry(pgd, addr);
}

pte_t *pte_alloc_slow(struct mm *mm, uaddr_t addr)
{
	pmd_t *pmd = pmd_alloc(mm, addr);
	void *table = NULL;

	if (!pmd)
		return NULL;
	if (pmd_none(pmd_read(pmd))) {
		table = table_alloc(mm);
		if (!table)
			return NULL;
	}
	spin_lock(&mm->page_table_lock);
	if (table && pmd_none(*pmd)) {
		pmd_populate(&mm->arch, pmd, table);
		table = NULL;
	} else if (pmd_large(*pmd)) {
		huge_split(mm, pmd, addr);
	}
	spin_unlock(&mm->page_table_lock);
	if (table)
		table_discard(mm, table);
	return pte_entry(pmd, addr);
}

pte_t *pte_find_slow(struct mm *mm, uaddr_t addr)
{
	pmd_t *pmd = pmd_find(mm, addr);

	assert_spin_held(&mm->page_table_lock);
	if (!pmd || pmd_none(*pmd))
		return NULL;
	huge_split(mm, pmd, addr);
	return pte_entry(pmd, addr);
}

static void gather_table(struct tlb_gather *tlb, void *table)
{
	rss_add((s32 *)&tlb->mm->pt_bytes, -(s32)PAGE_SIZE);
	tlb_gather_table(tlb, table);
}

static void free_pte_tables(struct tlb_gather *tlb, uaddr_t start, uaddr_t end)
{
	struct mm *mm = tlb->mm;

	while (start < end) {
		pgd_t *pgd = pgd_entry(&mm->arch, start);
		pmd_t *pmd;
		void *table = NULL;

		if (pgd_none(pgd_read(pgd))) {
			start = (start & PGD_MASK) + PGD_SIZE;
			if (!start)
				return;
			continue;
		}
		pmd = pmd_entry(pgd, start);
		if (!pmd_none(*pmd)) {
			spin_lock(&mm->page_table_lock);
			table = pmd_table(*pmd);
			pmd_clear(&mm->arch, pmd);
			spin_unlock(&mm->page_table_lock);
			gather_table(tlb, table);
		}
		start += PMD_SIZE;
	}
}

static void free_pmd_tables(struct tlb_gather *tlb, uaddr_t start, uaddr_t end)
{
	struct mm *mm = tlb->mm;

	for (; start < end; start += PGD_SIZE) {
		pgd_t *pgd = pgd_entry(&mm->arch, start);
		void *table;

		if (pgd_none(pgd_read(pgd)) || pgd_is_shared(*pgd))
			continue;
		spin_lock(&mm->page_table_lock);
		table = pmd_entry(pgd, start & PGD_MASK);
		pgd_clear(&mm->arch, pgd);
		spin_unlock(&mm->page_table_lock);
		gather_table(tlb, table);
	}
}

/*
 * The part of [start, end), widened to multiples of @size, that lies between @floor and
 * @ceiling.
 */
static void widen(uaddr_t *start, uaddr_t *end, uaddr_t floor, uaddr_t ceiling, unsigned long size)
{
	*start = ALIGN_DOWN(*start, size);
	if (*start < floor)
		*start += size;
	if (*end > ALIGN_DOWN(ceiling, size))
		*end = ALIGN_DOWN(ceiling, size);
	else
		*end = ALIGN_UP(*end, size);
	if (*end > ceiling)
		*end -= size;
}

void free_pgtables_slow(struct tlb_gather *tlb, uaddr_t start, uaddr_t end, uaddr_t floor,
			uaddr_t ceiling)
{
	uaddr_t s = start, e = end;

	widen(&s, &e, floor, ceiling, PMD_SIZE);
	if (s < e)
		free_pte_tables(tlb, s, e);
	if (PGD_SHIFT == PMD_SHIFT)
		return;
	s = start;
	e = end;
	widen(&s, &e, floor, ceiling, PGD_SIZE);
	if (s < e)
		free_pmd_tables(tlb, s, e);
}

/* ---- removing entries ---- */

struct zap {
	struct tlb_gather *tlb;
	struct vma *vma;
	bool mapping_only;
	bool removed;
	s32 anon, file, shmem;
};

/* The page leaves the page table. Its reference goes to the gather. */
static void zap_page(struct zap *z, pte_t pte, struct page *page)
{
	if (page_is_anon(page)) {
		z->anon++;
	} else {
		struct mapping *m = z->vma->mapping;

		if (page_test(page, PG_SWAPBACKED))
			z->shmem++;
		else
			z->file++;
		if (pte_dirty(pte) && m && m->ops->write_page)
			mapping_mark_dirty(m, page);
		if (pte_young(pte) && !page_test(page, PG_REFERENCED))
			page_set(page, PG_REFERENCED);
	}
	page_remove_rmap(page);
	tlb_gather_page(z->tlb, page);
}

/*
 * The end of a process that shares private pages with another: no TLB has the entries any
 * more, so a page that others still map goes at once. From @ptep on, as long as there are
 * such. How many of @n.
 */
static noinline unsigned zap_shared_run(struct zap *z, pte_t *ptep, unsigned n)
{
	const pte_t *first = ptep, *end = ptep + n;

	for (; ptep < end; ptep++) {
		u32 low = pte_low(ptep);
		struct page *page;

		if (!pte_present((pte_t){low}) || pte_special((pte_t){low}))
			break;
		page = pfn_to_page(pte_pfn(*ptep));
		if (!page_is_anon(page) || !page_remove_shared_rmap(page))
			break;
		set_pte(ptep, (pte_t){0});
		page_put(page);
	}
	z->anon += ptep - first;
	return (unsigned)(ptep - first);
}

/* The same for pages of a file, which the cache has besides. How many of @n. */
static noinline unsigned zap_file_run(struct zap *z, pte_t *ptep, unsigned n)
{
	const pte_t *first = ptep, *end = ptep + n;
	struct mapping *m = z->vma->mapping;
	bool written_back = m->ops->write_page;

	for (; ptep < end; ptep++) {
		pte_t low = {pte_low(ptep)};
		struct page *page;
		unsigned flags;

		if (!pte_present(low) || pte_special(low))
			break;
		page = pfn_to_page(pte_pfn(*ptep));
		if (page_is_anon(page))
			break;
		flags = READ_ONCE(page->flags);
		if (unlikely(written_back) && pte_dirty(low))
			mapping_mark_dirty(m, page);
		if (unlikely(!(flags & 1u << PG_REFERENCED)) && pte_young(low))
			page_set(page, PG_REFERENCED);
		set_pte(ptep, (pte_t){0});
		page_remove_file_rmap(page);
		page_put(page);
	}
	*(m->swap_backed ? &z->shmem : &z->file) += ptep - first;
	return (unsigned)(ptep - first);
}

/* At the end of a process: pages side by side that need no place in the gather. How many of @n. */
static unsigned zap_run(struct zap *z, pte_t *ptep, const struct page *page, unsigned n)
{
	if (!page_is_anon(page))
		return z->vma->mapping ? zap_file_run(z, ptep, n) : 0;
	return page_mapcount(page) > 1 ? zap_shared_run(z, ptep, n) : 0;
}

/* One page table: from @start to @end or until the gather is full. Where it stopped. */
static uaddr_t zap_ptes(struct zap *z, pte_t *ptep, uaddr_t start, uaddr_t end)
{
	struct tlb_gather *tlb = z->tlb;
	bool in_runs = tlb->exiting &&
		       !vma_locks_pages(z->vma); /* locked pages are counted in the gather */
	uaddr_t addr = start;

	for (; addr < end && !tlb_gather_full(tlb); addr += PAGE_SIZE, ptep++) {
		pte_t pte = *ptep;
		struct page *page = NULL;

		if (pte_none(pte)) {
			unsigned skip = ptes_skip_empty(ptep + 1, ((end - addr) >> PAGE_SHIFT) - 1);

			ptep += skip;
			addr += skip << PAGE_SHIFT;
			continue;
		}
		if (pte_present(pte) && !pte_special(pte))
			page = pfn_to_page(pte_pfn(pte));
		if (in_runs && page) {
			unsigned run = zap_run(z, ptep, page, (end - addr) >> PAGE_SHIFT);

			if (run) {
				ptep += run - 1;
				addr += (run - 1) << PAGE_SHIFT;
				continue;
			}
		}
		if (z->mapping_only && (!page || page_is_anon(page)))
			continue;
		if (tlb->exiting)
			set_pte(ptep, (pte_t){0});
		else
			pte = ptep_get_and_clear(ptep);
		z->removed = true;
		if (page)
			zap_page(z, pte, page);
	}
	return addr;
}

/* What one pmd entry maps of [addr, next). Where it stopped. */
static uaddr_t zap_pmd(struct zap *z, pmd_t *pmd, uaddr_t addr, uaddr_t next)
{
	if (unlikely(pmd_large(*pmd))) {
		if (is_whole_pmd(addr, next)) {
			z->anon += (s32)huge_zap(z->tlb, pmd, addr);
			return next;
		}
		huge_split(z->tlb->mm, pmd, addr);
	}
	return zap_ptes(z, pte_entry(pmd, addr), addr, next);
}

/* The pages that came to the gather since it had @nr left a locked area. */
static noinline __cold void munlock_gathered(const struct tlb_gather *tlb, unsigned nr)
{
	for (; nr < tlb->nr; nr++) {
		uintptr_t slot = tlb->slots[nr];
		struct page *page = (struct page *)(slot & ~(uintptr_t)2);
		unsigned n = slot & 2 ? HUGE_PAGES : 1;

		while (n--)
			page_munlock(page++);
	}
}

static void zap_account(struct zap *z)
{
	struct mm *mm = z->tlb->mm;

	if (z->anon)
		rss_add(&mm->rss_anon, -z->anon);
	if (z->file)
		rss_add(&mm->rss_file, -z->file);
	if (z->shmem)
		rss_add(&mm->rss_shmem, -z->shmem);
	z->anon = z->file = z->shmem = 0;
}

void zap_range(struct tlb_gather *tlb, struct vma *vma, uaddr_t start, uaddr_t end,
	       bool mapping_only)
{
	struct zap z = {.tlb = tlb, .vma = vma, .mapping_only = mapping_only};
	struct mm *mm = tlb->mm;
	uaddr_t addr = start;

	while (addr < end) {
		pgd_t *pgd = pgd_entry(&mm->arch, addr);
		uaddr_t next = (addr & PMD_MASK) + PMD_SIZE, from = addr;
		unsigned gathered = tlb->nr;
		pmd_t *pmd;

		if (pgd_none(pgd_read(pgd))) {
			addr = (addr & PGD_MASK) + PGD_SIZE;
			if (!addr)
				break;
			continue;
		}
		if (next > end || !next)
			next = end;
		pmd = pmd_entry(pgd, addr);
		if (pmd_none(pmd_read(pmd))) {
			addr = next;
			continue;
		}
		spin_lock(&mm->page_table_lock);
		/* A reverse-map walker holds no mmap_lock: the table may have gone meanwhile. */
		if (likely(!pgd_none(pgd_read(pgd)) && !pmd_none(*pmd)))
			addr = zap_pmd(&z, pmd, addr, next);
		else
			addr = next;
		if (unlikely(vma_locks_pages(vma)))
			munlock_gathered(tlb, gathered);
		zap_account(&z);
		spin_unlock(&mm->page_table_lock);
		if (z.removed)
			tlb_gather_touch(tlb, from, addr);
		z.removed = false;
		if (tlb_gather_full(tlb))
			tlb_gather_flush(tlb);
	}
}

#ifdef CONFIG_DEBUG_VM
void pgtable_selfcheck(struct selfcheck *sc)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		const struct table_cache *cache = per_cpu_ptr(table_cache, cpu);

		for (unsigned i = 0; i < cache->count; i++)
			selfcheck_hold(sc, virt_to_page(cache->tables[i]), 1);
	}
}
#endif
