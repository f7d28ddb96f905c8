/*
 * Read-only views of an address space, for /proc and the tests. The formats are fs/proc's.
 *
 * proc(5); Documentation of pagemap: bit 63 present, 62 swap, 61 file or shared, 56 exclusively
 * mapped, 0-54 the frame. Bit 55, soft-dirty, is never set: Linux on i386 has no room for it in
 * its page-table entries either.
 */
#include "mm/inspect_virt.h"
#include "virt.h"

#define PAGEMAP_FILE (1ull << 61)
#define PAGEMAP_EXCLUSIVE (1ull << 56)
#define PAGEMAP_SWAP_SHIFT 5 /* the type below, the offset above */

/* ---- areas ---- */

const char *vma_name(struct vma *vma)
{
	const struct mm *mm = vma->mm;
	const char *name = vma->ops && vma->ops->name ? vma->ops->name(vma) : NULL;

	if (name)
		return name;
	if (vma->start <= mm->brk && vma->end >= mm->start_brk && mm->brk)
		return "[heap]";
	if (vma->start <= mm->start_stack && vma->end >= mm->start_stack)
		return "[stack]";
	return "";
}

void inspect_area(struct vma *vma, struct inspect_area *out)
{
	*out = (struct inspect_area){
		.start = vma->start,
		.end = vma->end,
		.flags = vma->flags,
		.pgoff = vma->pgoff,
		.file = vma->file,
		.name = vma->file ? "" : vma_name(vma),
		.ino = vma->ops && vma->ops->number ? vma->ops->number(vma) : 0,
	};
}

u64 inspect_area_offset(const struct inspect_area *area)
{
	return area->file || area->ino ? (u64)area->pgoff << PAGE_SHIFT : 0;
}

int inspect_vm_flags(u32 flags, char *buf, size_t size)
{
	static const struct {
		u32 flag;
		char letters[3];
	} names[] = {
		{VM_READ, "rd"},         {VM_WRITE, "wr"},      {VM_EXEC, "ex"},
		{VM_SHARED, "sh"},       {VM_MAYREAD, "mr"},    {VM_MAYWRITE, "mw"},
		{VM_MAYEXEC, "me"},      {VM_MAYSHARE, "ms"},   {VM_GROWSDOWN, "gd"},
		{VM_UFFD_MISSING, "um"}, {VM_PFNMAP, "pf"},     {VM_LOCKED, "lo"},
		{VM_IO, "io"},           {VM_SEQ_READ, "sr"},   {VM_RAND_READ, "rr"},
		{VM_DONTCOPY, "dc"},     {VM_DONTEXPAND, "de"}, {VM_LOCKONFAULT, "lf"},
		{VM_ACCOUNT, "ac"},      {VM_NORESERVE, "nr"},  {VM_HUGETLB, "ht"},
		{VM_WIPEONFORK, "wf"},   {VM_DONTDUMP, "dd"},   {VM_MIXEDMAP, "mm"},
		{VM_HUGEPAGE, "hg"},     {VM_NOHUGEPAGE, "nh"},
	};
	size_t len = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(flags & names[i].flag) || len + 4 > size)
			continue;
		buf[len++] = names[i].letters[0];
		buf[len++] = names[i].letters[1];
		buf[len++] = ' ';
	}
	if (size)
		buf[len] = '\0';
	return (int)len;
}

/* ---- pages ---- */

/*
 * Call @fn for each entry of [start, end) that is not none. Who waits for mmap_lock waits for us,
 * and for whoever runs in our place: so no more than a table's worth of work is interrupted.
 * => mmap_lock held
 */
static void for_each_entry(struct mm *mm, uaddr_t start, uaddr_t end,
			   void (*fn)(uaddr_t addr, pte_t pte, void *arg), void *arg)
{
	for (uaddr_t addr = start, next; addr < end; addr = next) {
		pte_t *ptep;

		next = MIN((uaddr_t)((addr & PMD_MASK) + PMD_SIZE), end);
		if (!next)
			next = end; /* the last table of the address space */
		ptep = pte_peek(mm, addr);
		if (!ptep)
			continue;
		spin_lock(&mm->page_table_lock);
		for (uaddr_t a = addr; a < next; a += PAGE_SIZE, ptep++)
			if (!pte_none(*ptep))
				fn(a, *ptep, arg);
		spin_unlock(&mm->page_table_lock);
		if (next < end)
			cond_resched();
	}
}

struct usage_walk {
	struct inspect_usage *usage;
	bool locked;
};

static void count_pss(const struct usage_walk *w, const struct page *page, unsigned mapped,
		      bool dirty)
{
	u64 share = ((u64)PAGE_SIZE << INSPECT_PSS_SHIFT) / mapped;
	struct inspect_usage *u = w->usage;

	u->pss += share;
	if (page_is_anon(page))
		u->pss_anon += share;
	else if (page_test(page, PG_SWAPBACKED))
		u->pss_shmem += share;
	else
		u->pss_file += share;
	if (w->locked)
		u->pss_locked += share;
	if (dirty)
		u->pss_dirty += share;
}

static void count_usage(uaddr_t addr, pte_t pte, void *arg)
{
	const struct usage_walk *w = arg;
	struct inspect_usage *u = w->usage;
	struct page *page;
	unsigned mapped;
	bool dirty;

	(void)addr;
	if (pte_swap(pte)) {
		u->swap += PAGE_SIZE;
		u->pss_swap += (u64)PAGE_SIZE << INSPECT_PSS_SHIFT;
		return;
	}
	if (!pte_present(pte) || pte_special(pte))
		return;
	page = pfn_to_page(pte_pfn(pte));
	mapped = MAX(page_mapcount(page), 1u);
	dirty = pte_dirty(pte) || page_test(page, PG_DIRTY);
	count_pss(w, page, mapped, dirty);
	u->rss += PAGE_SIZE;
	if (mapped > 1)
		*(dirty ? &u->shared_dirty : &u->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &u->private_dirty : &u->private_clean) += PAGE_SIZE;
	if (pte_young(pte) || page_test(page, PG_REFERENCED))
		u->referenced += PAGE_SIZE;
	if (!page_is_anon(page))
		return;
	u->anonymous += PAGE_SIZE;
	if (!page_test(page, PG_SWAPBACKED) && !dirty)
		u->lazy_free += PAGE_SIZE;
}

void inspect_usage(struct vma *vma, uaddr_t from, struct inspect_usage *out)
{
	struct usage_walk w = {.usage = out, .locked = vma->flags & VM_LOCKED};

	from = MAX(from, vma->start);
	for_each_entry(vma->mm, from, vma->end, count_usage, &w);
	out->anon_huge += (u64)vma_huge_pages(vma, from) << PAGE_SHIFT;
}

struct pagemap {
	uaddr_t start;
	u64 *out;
};

static u64 pagemap_word(pte_t pte)
{
	const struct page *page;
	u64 word;

	if (pte_swap(pte))
		return PAGEMAP_SWAP | swp_type(pte) | (u64)swp_offset(pte) << PAGEMAP_SWAP_SHIFT;
	if (!pte_present(pte))
		return 0;
	word = PAGEMAP_PRESENT | pte_pfn(pte);
	if (pte_special(pte))
		return word;
	page = pfn_to_page(pte_pfn(pte));
	if (!page_is_anon(page))
		word |= PAGEMAP_FILE;
	if (page_mapcount(page) == 1)
		word |= PAGEMAP_EXCLUSIVE;
	return word;
}

static void pagemap_entry(uaddr_t addr, pte_t pte, void *arg)
{
	struct pagemap *map = arg;

	map->out[(addr - map->start) >> PAGE_SHIFT] = pagemap_word(pte);
}

int inspect_pagemap(struct mm *mm, uaddr_t addr, unsigned n, u64 *out)
{
	struct pagemap map = {addr, out};

	memset(out, 0, n * sizeof(*out));
	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	for_each_entry(mm, addr, addr + ((uaddr_t)n << PAGE_SHIFT), pagemap_entry, &map);
	up_read(&mm->mmap_lock);
	return 0;
}

void inspect_walk(struct mm *mm, uaddr_t addr, struct inspect_walk *out)
{
	pgd_t *pgd = pgd_entry(&mm->arch, addr);
	pmd_t *pmd;
	pte_t pte;

	memset(out, 0, sizeof(*out));
	down_read(&mm->mmap_lock);
	out->pgd = pgd->val;
	if (pgd_none(pgd_read(pgd)))
		goto out;
	pmd = pmd_entry(pgd, addr);
	out->pmd = pmd->val;
	if (pmd_none(pmd_read(pmd)))
		goto out;
	pte = pte_read(pte_peek(mm, addr));
	out->pte = pte.val;
	out->present = pte_present(pte);
	out->pfn = out->present ? pte_pfn(pte) : 0;
out:
	up_read(&mm->mmap_lock);
}

/* ---- sizes ---- */

void inspect_sizes(struct mm *mm, struct inspect_sizes *out)
{
	unsigned long rss = mm_rss(mm);

	out->total = mm->total_vm;
	out->rss = rss;
	out->shared = (unsigned long)(mm->rss_file + mm->rss_shmem);
	out->text = (ALIGN_UP(mm->end_code, PAGE_SIZE) - ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >>
		    PAGE_SHIFT;
	out->data = mm->data_vm + mm->stack_vm;
	out->peak = MAX(mm->hiwater_vm, mm->total_vm);
	out->hiwater_rss = MAX(mm->hiwater_rss, rss);
	out->locked = mm->locked_vm;
	out->exec = mm->exec_vm;
	out->stack = mm->stack_vm;
	out->anon = (unsigned long)mm->rss_anon;
	out->file = (unsigned long)mm->rss_file;
	out->shmem = (unsigned long)mm->rss_shmem;
	out->swap = (unsigned long)mm->swap_ents;
	out->pt_bytes = mm->pt_bytes;
	out->areas = mm->areas.count;
}
