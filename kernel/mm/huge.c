/*
 * Huge mappings: one entry of a page directory for a whole aligned block of ordinary pages,
 * 512 under PAE, 1,024 with two-level tables. One fault instead of 512, one TLB entry, one
 * piece to free.
 *
 * The pages are single ones (alloc_page_run): each has its own reference and map count, as if it
 * had been faulted in alone. And behind each huge entry stands its page table, filled in, which the
 * CPU does not see (mm->huge):
 *
 *      page directory          table behind it            pages
 *      [ block, rw ]           [ frame n,     rw ]   -->  n
 *        .                     [ frame n + 1, rw ]   -->  n + 1 ...
 *        . . huge_split: becomes [ table ]
 *
 * So whoever reads page tables reads that table and need not know of huge mappings (pte_peek), and
 * who wants to change one page's entry breaks the mapping up first (pte_find, pte_alloc): the table
 * takes the block's place, which needs no memory and cannot fail.
 *
 * Invariants, under page_table_lock: the table says what the huge entry says; both are accessed and
 * dirty from the start, so that no bit which the CPU sets is lost. One address is never in a TLB in
 * two sizes: the entry is cleared, flushed everywhere, and only then set again. A huge mapping may
 * reach over the border of two areas with the same rights; walkers that do not have all of it in
 * their range break it up.
 *
 * When: the first touch is a write, to an aligned block that lies wholly in a private anonymous
 * area and has no page table yet. With "always" only at the block's first page: who begins there
 * goes on, while one touch in the middle (a thread's stack, a sparse table) costs 4 KB as before.
 * With MADV_HUGEPAGE at any page. Nothing is reclaimed or moved for it: no block, no huge mapping.
 * Pages that are there already are gathered when the program asks for it: collapse.c.
 *
 * Read next: docs/memory/huge.md, collapse.c, pgtable.c (zap), fork.c, mprotect.c.
 */
#include "virt.h"

enum thp_enabled thp_enabled = THP_ALWAYS;
static DEFINE_PER_CPU(long, nr_anon_huge);

/* ---- the tables behind ---- */

#define DIR_SHIFT 30
#define DIR_SLOTS (1u << (DIR_SHIFT - PMD_SHIFT))

static pte_t **slot_of(struct mm *mm, uaddr_t addr)
{
	return &mm->huge[addr >> DIR_SHIFT][(addr >> PMD_SHIFT) & (DIR_SLOTS - 1)];
}

bool huge_make_slot(struct mm *mm, uaddr_t addr)
{
	pte_t ***dir = &mm->huge[addr >> DIR_SHIFT], **fresh;

	if (READ_ONCE(*dir))
		return true;
	fresh = kzalloc(DIR_SLOTS * sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return false;
	spin_lock(&mm->page_table_lock);
	if (!*dir) {
		WRITE_ONCE(*dir, fresh);
		fresh = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	kfree(fresh);
	return true;
}

void huge_free_dirs(struct mm *mm)
{
	for (unsigned i = 0; i < HUGE_DIRS; i++)
		kfree(mm->huge[i]);
}

pte_t *pte_peek_slow(struct mm *mm, uaddr_t addr)
{
	pmd_t pmd = pmd_peek(mm, addr);

	if (pmd_none(pmd))
		return NULL;
	if (pmd_is_table(pmd)) /* since a moment ago */
		return pte_in_table(pmd, addr);
	/* A block, or one that is being broken up right now. */
	return *slot_of(mm, addr) + ((addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1));
}

static void fill_table(pte_t *table, pte_t pte)
{
	for (unsigned i = 0; i < HUGE_PAGES; i++) {
		set_pte(table + i, pte);
		pte.val += PAGE_SIZE;
	}
}

static pte_t block_pte(const struct vma *vma, const struct page *first)
{
	return pte_mkdirty(pte_mkyoung(pfn_pte(page_to_pfn(first), vma_pgprot(vma))));
}

static struct page *first_page(pmd_t pmd)
{
	return pfn_to_page(pte_pfn(pmd_block(pmd)));
}

static void count(s32 pages)
{
	this_cpu_add(nr_anon_huge, pages);
}

unsigned long total_anon_huge_pages(void)
{
	long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sum += *per_cpu_ptr(nr_anon_huge, cpu);
	return sum > 0 ? (unsigned long)sum : 0;
}

unsigned long vma_huge_pages(const struct vma *vma, uaddr_t addr)
{
	unsigned long pages = 0;

	if (!vma_is_anon(vma))
		return 0;
	for (uaddr_t next; addr < vma->end; addr = next) {
		next = MIN((uaddr_t)((addr & PMD_MASK) + PMD_SIZE), vma->end);
		if (pmd_large(pmd_peek(vma->mm, addr)))
			pages += (next - addr) >> PAGE_SHIFT;
	}
	return pages;
}

/* ---- one comes into being ---- */

static bool may_have_huge(const struct vma *vma)
{
	return vma_is_plain_anon(vma) &&
	       !(vma->flags & (VM_NOHUGEPAGE | VM_GROWSDOWN | VM_HUGETLB | VM_SPECIAL)) &&
	       !(vma->mm->flags & MMF_DISABLE_THP) &&
	       (thp_enabled == THP_ALWAYS ||
		(thp_enabled == THP_MADVISE && (vma->flags & VM_HUGEPAGE)));
}

bool vma_is_thp_eligible(const struct vma *vma)
{
	uaddr_t first = ALIGN_UP(vma->start, PMD_SIZE);

	return may_have_huge(vma) && first >= vma->start && first < vma->end &&
	       vma->end - first >= PMD_SIZE;
}

static bool wants_huge(const struct vma *vma, uaddr_t addr)
{
	uaddr_t start = addr & (uaddr_t)PMD_MASK;

	if (addr != start && !(vma->flags & VM_HUGEPAGE))
		return false;
	return start >= vma->start && vma->end - start >= PMD_SIZE && may_have_huge(vma);
}

/* Fresh pages, not yet visible to anybody, become private pages of @vma from @addr on. */
static void adopt_pages(struct page *page, const struct vma *vma, uaddr_t addr)
{
	for (unsigned i = 0; i < HUGE_PAGES; i++, page++, addr += PAGE_SIZE) {
		page_zero(page);
		huge_adopt_page(page, vma, addr);
	}
}

/* The same backwards; how many pages are mapped nowhere now. => page_table_lock, or not visible */
static unsigned unmap_pages(struct page *page)
{
	unsigned last = 0;

	for (unsigned i = 0; i < HUGE_PAGES; i++, page++) {
		/*
		 * The only entry there is cannot become two: fork would need our lock. Who removed
		 * another has done with the page: acquire.
		 */
		if (likely(atomic_read_acquire(&page->mapcount) == 0)) {
			page->mapping = 0;
			WRITE_ONCE(page->mapcount, -1);
			last++;
		} else {
			page_remove_rmap(page);
		}
	}
	return last;
}

/* Enter the block, whose table is filled. => page_table_lock held */
static void enter_filled(struct vma *vma, pmd_t *pmd, uaddr_t start, pte_t *table,
			 struct page *first)
{
	struct mm *mm = vma->mm;

	*slot_of(mm, start) = table;
	pmd_set_block(&mm->arch, pmd, *table);
	if (unlikely(vma_locks_pages(vma)))
		for (unsigned i = 0; i < HUGE_PAGES; i++)
			page_mlock(first + i);
	this_cpu_add(nr_anon_mapped, HUGE_PAGES);
	count(HUGE_PAGES);
	rss_add(&mm->rss_anon, HUGE_PAGES);
}

void huge_enter(struct vma *vma, pmd_t *pmd, uaddr_t start, pte_t *table, struct page *first)
{
	fill_table(table, pte_mkwrite(block_pte(vma, first)));
	enter_filled(vma, pmd, start, table, first);
}

/* Enter the block, if nobody was faster. Takes over the table and the pages then. */
static bool enter_block(struct vma *vma, pmd_t *pmd, uaddr_t start, pte_t *table,
			struct page *first)
{
	struct mm *mm = vma->mm;
	bool free;

	fill_table(table, pte_mkwrite(block_pte(vma, first)));
	spin_lock(&mm->page_table_lock);
	free = pmd_none(*pmd);
	if (free) {
		if (!vma->anon_id)
			vma_new_anon_id(vma);
		enter_filled(vma, pmd, start, table, first);
	}
	spin_unlock(&mm->page_table_lock);
	return free;
}

static bool map_block(struct vma *vma, uaddr_t start)
{
	struct mm *mm = vma->mm;
	pmd_t *pmd = huge_make_slot(mm, start) ? pmd_alloc(mm, start) : NULL;
	pte_t *table = pmd ? table_alloc(mm) : NULL;
	struct page *first = table ? alloc_page_run(HUGE_ORDER) : NULL;

	if (!first) {
		vm_event_add(VM_THP_FAULT_FALLBACK, 1);
		goto no_block;
	}
	adopt_pages(first, vma, start);
	if (!enter_block(vma, pmd, start, table, first))
		goto too_late;
	vm_event_add(VM_THP_FAULT_ALLOC, 1);
	return true;
too_late:
	unmap_pages(first);
	put_page_run(first, HUGE_ORDER);
	memset(table, 0, PAGE_SIZE);
no_block:
	if (table)
		table_discard(mm, table);
	return false;
}

/* ---- a fault at one that is there ---- */

/* => page_table_lock held. Does nobody else refer to any of the pages? */
static bool is_sole_owner(const struct page *page)
{
	for (unsigned i = 0; i < HUGE_PAGES; i++)
		if (page_refs(page + i) != 1)
			return false;
	return true;
}

static void set_block(struct mm *mm, pmd_t *pmd, uaddr_t addr, pte_t pte)
{
	fill_table(*slot_of(mm, addr), pte);
	pmd_set_block(&mm->arch, pmd, pte);
}

/* True: the entry allows the access now. */
static bool fault_in_block(struct vma *vma, pmd_t *pmd, uaddr_t addr, bool write)
{
	pte_t pte = pmd_block(*pmd);

	if (write && !pte_write(pte)) {
		if (!(vma->flags & VM_WRITE) || !is_sole_owner(first_page(*pmd)))
			return false;
		vm_event_add(VM_PGREUSE, 1);
		set_block(vma->mm, pmd, addr, pte_mkwrite(pte));
		tlb_flush_page_local(addr);
	} else if (current->mm == vma->mm) {
		tlb_flush_user_local(); /* case 10 of fault.c */
	}
	return true;
}

bool huge_fault(struct vma *vma, uaddr_t addr, bool write)
{
	struct mm *mm = vma->mm;
	bool done = false;
	pmd_t *pmd;

	if (pmd_none(pmd_peek(mm, addr)))
		return write && wants_huge(vma, addr) && map_block(vma, addr & (uaddr_t)PMD_MASK);
	spin_lock(&mm->page_table_lock);
	pmd = pmd_find(mm, addr);
	if (pmd_large(*pmd))
		done = fault_in_block(vma, pmd, addr, write);
	spin_unlock(&mm->page_table_lock);
	return done;
}

/* ---- broken up, removed, changed, shared. => page_table_lock held ---- */

void huge_split(struct mm *mm, pmd_t *pmd, uaddr_t addr)
{
	pmd_clear_block(&mm->arch, pmd);
	tlb_flush_page(mm, addr & (uaddr_t)PAGE_MASK);
	pmd_populate(&mm->arch, pmd, *slot_of(mm, addr));
	count(-(s32)HUGE_PAGES);
	vm_event_add(VM_THP_SPLIT_PMD, 1);
}

unsigned huge_zap(struct tlb_gather *tlb, pmd_t *pmd, uaddr_t addr)
{
	struct page *first = first_page(*pmd);
	pte_t *table = *slot_of(tlb->mm, addr);
	unsigned last = unmap_pages(first);

	pmd_clear_block(&tlb->mm->arch, pmd);
	if (!tlb->exiting)
		tlb_flush_page(tlb->mm, addr);
	memset(table, 0, PAGE_SIZE);
	pmd_populate(&tlb->mm->arch, pmd, table);
	this_cpu_add(nr_anon_mapped, -(long)last);
	count(-(s32)HUGE_PAGES);
	tlb_gather_run(tlb, first);
	return HUGE_PAGES;
}

bool huge_protect(struct vma *vma, pmd_t *pmd, uaddr_t addr)
{
	struct page *first = first_page(*pmd);
	pte_t old = pmd_block(*pmd), pte = block_pte(vma, first);

	if ((vma->flags & VM_WRITE) && is_sole_owner(first))
		pte = pte_mkwrite(pte);
	if (pte_same(old, pte))
		return false;
	set_block(vma->mm, pmd, addr, pte);
	return true;
}

/* One more entry for each page. */
static void share_pages(struct page *page)
{
	for (struct page *end = page + HUGE_PAGES; page < end; page++) {
		page_get(page);
		page_add_rmap(page);
	}
}

int huge_copy(struct mm *to, struct vma *vma, uaddr_t addr, bool *flush)
{
	struct mm *from = vma->mm;
	pmd_t *pmd = pmd_find(from, addr),
	      *dest = huge_make_slot(to, addr) ? pmd_alloc(to, addr) : NULL;
	pte_t *table = dest ? table_alloc(to) : NULL, pte;

	if (!table)
		return -ENOMEM;
	spin_lock(&from->page_table_lock);
	if (unlikely(!pmd_large(*pmd))) {
		spin_unlock(&from->page_table_lock);
		table_discard(to, table);
		return -EAGAIN;
	}
	pte = pte_wrprotect(pmd_block(*pmd));
	if (pte_write(pmd_block(*pmd))) {
		set_block(from, pmd, addr, pte);
		*flush = true;
	}
	share_pages(first_page(*pmd));
	spin_unlock(&from->page_table_lock);
	fill_table(table, pte);
	spin_lock(&to->page_table_lock);
	*slot_of(to, addr) = table;
	pmd_set_block(&to->arch, dest, pte);
	spin_unlock(&to->page_table_lock);
	count(HUGE_PAGES);
	rss_add(&to->rss_anon, HUGE_PAGES);
	return 0;
}
