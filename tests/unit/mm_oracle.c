/*
 * The oracle of address spaces: counts everything anew, from the page tables and the area trees
 * alone, and compares it with what the kernel has counted on its way.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/sim/sim.h"
#include "mm/inspect.h"
#include "mm/reclaim.h"
#include "mm/virt.h"

#include "mm_oracle.h"

struct frame {
	u32 entries, cached, pins, locks;
};

struct census {
	const struct oracle_extra *extra;
	struct frame *frames;
	struct mapping *mappings[256];
	unsigned nr_mappings, areas_of[256], writable_of[256];
	unsigned long promised, anon, file, tables, areas, spaces; /* anon, file: mapped pages */
	unsigned long locked;                                      /* pages that locked areas map */
	unsigned long huge; /* entries of page tables behind huge mappings */
	/* of the space being counted */
	struct mm *mm;
	s32 rss_anon, rss_file, rss_shmem;
};

static unsigned long unknown_pages, other_areas, other_spaces;

/* ---- areas ---- */

static unsigned note_mapping(struct census *c, struct mapping *m)
{
	unsigned i = 0;

	while (i < c->nr_mappings && c->mappings[i] != m)
		i++;
	oracle_must(i < ARRAY_SIZE(c->mappings), "too many objects");
	c->mappings[i] = m;
	c->nr_mappings = MAX(c->nr_mappings, i + 1);
	return i;
}

struct sizes {
	unsigned long total, locked, data, exec, stack;
};

static void count_area(struct census *c, const struct vma *vma, struct sizes *sum)
{
	u32 pages = vma_pages(vma), flags = vma->flags;
	unsigned m;

	oracle_must(vma->start < vma->end && !((vma->start | vma->end) & ~PAGE_MASK), "area %x-%x",
		    vma->start, vma->end);
	oracle_must(vma->mm == c->mm, "area %x-%x", vma->start, vma->end);
	c->areas++;
	sum->total += pages;
	sum->locked += flags & VM_LOCKED ? pages : 0;
	if ((flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC)
		sum->exec += pages;
	else if (flags & VM_STACK)
		sum->stack += pages;
	else if ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		sum->data += pages;
	c->promised += flags & VM_ACCOUNT ? pages : 0;
	if (!vma->mapping)
		return;
	m = note_mapping(c, vma->mapping);
	c->areas_of[m]++;
	c->writable_of[m] += (flags & VM_SHARED) != 0;
}

static void check_areas(struct census *c, struct mm *mm)
{
	struct sizes sum = {0};
	uaddr_t end = 0;
	unsigned n = 0;

	for (struct vma *vma = vma_first(mm); vma; vma = vma_next(vma), n++) {
		oracle_must(vma->start >= end, "area %x-%x", vma->start, vma->end);
		end = vma->end;
		count_area(c, vma, &sum);
	}
	oracle_must(mm->areas.count == n, "%u %u", mm->areas.count, n);
	oracle_must(mm->total_vm == sum.total, "%lu %lu", mm->total_vm, sum.total);
	oracle_must(mm->locked_vm == sum.locked, "%lu %lu", mm->locked_vm, sum.locked);
	oracle_must(mm->data_vm == sum.data, "%lu %lu", mm->data_vm, sum.data);
	oracle_must(mm->exec_vm == sum.exec, "%lu %lu", mm->exec_vm, sum.exec);
	oracle_must(mm->stack_vm == sum.stack, "%lu %lu", mm->stack_vm, sum.stack);
}

/* ---- entries ---- */

static void check_special(const struct vma *vma, uaddr_t addr, pte_t pte)
{
	if (vma_is_anon(vma))
		oracle_must(pte_pfn(pte) == page_to_pfn(zero_page), "at %x", addr);
	oracle_must(!pte_write(pte) || !vma_is_anon(vma), "zero page at %x", addr);
}

static void check_anon_page(struct census *c, const struct vma *vma, uaddr_t addr,
			    const struct page *page)
{
	oracle_must(!(vma->flags & VM_SHARED), "private page at %x", addr);
	oracle_must(vma->anon_id, "private page at %x", addr);
	oracle_must(page->mapping == ((uintptr_t)vma->mm->family | PAGE_MAPPING_ANON), "at %x",
		    addr);
	c->rss_anon++;
}

static void check_file_page(struct census *c, const struct vma *vma, uaddr_t addr, pte_t pte,
			    const struct page *page)
{
	oracle_must(vma->mapping && page_mapping(page) == vma->mapping, "at %x", addr);
	oracle_must(page->index == vma_index(vma, addr), "%x at %x", page->index, addr);
	oracle_must(page_test(page, PG_UPTODATE), "at %x", addr);
	oracle_must((vma->flags & VM_SHARED) || !pte_write(pte), "at %x", addr);
	if (page_test(page, PG_SWAPBACKED))
		c->rss_shmem++;
	else
		c->rss_file++;
}

static void check_entry(struct census *c, uaddr_t addr, pte_t pte)
{
	const struct vma *vma = vma_tree_search(&c->mm->areas, addr);
	const struct page *page;

	oracle_must(vma && vma->start <= addr, "entry without area at %x", addr);
	oracle_must(!pte_write(pte) || (vma->flags & VM_WRITE), "at %x", addr);
	if (pte_special(pte)) {
		check_special(vma, addr, pte);
		return;
	}
	page = pfn_to_page(pte_pfn(pte));
	c->frames[pte_pfn(pte)].entries++;
	c->frames[pte_pfn(pte)].locks += vma_locks_pages(vma);
	if (page_is_anon(page))
		check_anon_page(c, vma, addr, page);
	else
		check_file_page(c, vma, addr, pte, page);
}

/* The table behind a huge mapping says what the mapping says. */
static void check_huge(struct census *c, pmd_t *pmd, uaddr_t base, const pte_t *table)
{
	pte_t pte = pmd_block(*pmd);

	oracle_must(pte_young(pte) && pte_dirty(pte), "huge mapping at %x", base);
	oracle_must(IS_ALIGNED(pte_pfn(pte), HUGE_PAGES), "huge mapping at %x", base);
	c->huge += HUGE_PAGES;
	for (unsigned i = 0; i < HUGE_PAGES; i++, pte.val += PAGE_SIZE)
		oracle_must(pte_same(table[i], pte), "table behind %x", base);
}

static void check_table(struct census *c, pmd_t *pmd, uaddr_t base)
{
	pte_t *ptep = pte_peek(c->mm, base);

	if (pmd_large(*pmd))
		check_huge(c, pmd, base, ptep);
	c->tables++;
	for (unsigned i = 0; i < PTRS_PER_PTE; i++)
		if (pte_present(ptep[i]))
			check_entry(c, base + (i << PAGE_SHIFT), ptep[i]);
}

static void check_tables(struct census *c, struct mm *mm)
{
	for (u64 addr = 0; addr < TASK_SIZE; addr += PMD_SIZE) {
		pgd_t *pgd = pgd_entry(&mm->arch, (uaddr_t)addr);
		pmd_t *pmd;

		if (pgd_none(*pgd)) {
			addr = ALIGN_DOWN(addr, (u64)PGD_SIZE) + PGD_SIZE - PMD_SIZE;
			continue;
		}
		if (PGD_SHIFT != PMD_SHIFT && !(addr & (PGD_SIZE - 1)) && !pgd_is_shared(*pgd))
			c->tables++;
		pmd = pmd_entry(pgd, (uaddr_t)addr);
		if (!pmd_none(*pmd))
			check_table(c, pmd, (uaddr_t)addr);
	}
}

/* On this host a directory of tables behind huge mappings is a page. */
static void note_huge_dirs(struct census *c, struct mm *mm)
{
	for (unsigned i = 0; i < HUGE_DIRS; i++)
		if (mm->huge[i] && !page_test(virt_to_page(mm->huge[i]), PG_SLAB))
			c->frames[page_to_pfn(virt_to_page(mm->huge[i]))].pins++;
}

static void check_space(struct arch_mm *am, void *arg)
{
	struct census *c = arg;
	struct mm *mm = container_of(am, struct mm, arch);
	unsigned long tables = c->tables;

	c->mm = mm;
	c->spaces++;
	c->rss_anon = c->rss_file = c->rss_shmem = 0;
	check_areas(c, mm);
	check_tables(c, mm);
	note_huge_dirs(c, mm);
	oracle_must(mm->rss_anon == c->rss_anon, "%d %d", mm->rss_anon, c->rss_anon);
	oracle_must(mm->rss_file == c->rss_file, "%d %d", mm->rss_file, c->rss_file);
	oracle_must(mm->rss_shmem == c->rss_shmem, "%d %d", mm->rss_shmem, c->rss_shmem);
	tables = c->tables - tables;
	oracle_must(mm->pt_bytes == tables * PAGE_SIZE, "%u %lu", mm->pt_bytes, tables);
}

/* ---- objects ---- */

static void check_mapping(struct census *c, unsigned n)
{
	struct mapping *m = c->mappings[n];
	unsigned long pages = 0;
	unsigned areas = 0;

	for (u32 index = mapping_next_page(m, 0); index != ~0u;
	     index = mapping_next_page(m, index + 1)) {
		const struct page *page = xa_load(&m->pages, index);

		oracle_must(page_mapping(page) == m && page->index == index, "page %x", index);
		oracle_must(!c->frames[page_to_pfn(page)].cached++, "page %x", index);
		pages++;
	}
	oracle_must(pages == m->nrpages, "%lu %lu", pages, m->nrpages);
	for (struct vma *vma = i_mmap_first(m, 0, ~0u); vma; vma = i_mmap_next(vma, 0, ~0u))
		areas++;
	oracle_must(areas == c->areas_of[n], "%u %u", areas, c->areas_of[n]);
	oracle_must(m->i_mmap_writable == c->writable_of[n], "%u %u", m->i_mmap_writable,
		    c->writable_of[n]);
}

/* ---- frames ---- */

/* Pages with an owner that no entry, object or pin explains. */
static unsigned long check_frames(struct census *c)
{
	unsigned long unknown = 0;

	for (pfn_t pfn = 1; pfn < max_pfn; pfn++) {
		const struct frame *f = &c->frames[pfn];
		u32 refs = f->entries + f->cached + f->pins;
		const struct page *page;

		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		if (page_test(page, PG_RESERVED) || page_test(page, PG_SLAB) ||
		    page_test(page, PG_TABLE)) {
			oracle_must(!refs, "frame %lx is the kernel's own", pfn);
			continue;
		}
		if (!refs) {
			unknown += page_refs(page) != 0;
			continue;
		}
		oracle_must(page_refs(page) == refs,
			    "frame %lx: %u refs, %u entries %u cached %u pins", pfn,
			    page_refs(page), f->entries, f->cached, f->pins);
		oracle_must(page_mapcount(page) == f->entries, "frame %lx: %u %u", pfn,
			    page_mapcount(page), f->entries);
		oracle_must(page_mlock_count(page) == f->locks, "frame %lx: locks %u %u", pfn,
			    page_mlock_count(page), f->locks);
		c->locked += f->locks != 0;
		if (f->entries && page_is_anon(page))
			c->anon++;
		else
			c->file += f->entries != 0;
	}
	return unknown;
}

static unsigned long objects_of(const char *name)
{
	struct inspect_slab slab;

	for (unsigned n = 0; inspect_slab_cache(n, &slab); n++)
		if (!strcmp(slab.name, name))
			return slab.active_objects;
	return 0;
}

/* ---- the whole ---- */

static void take_census(struct census *c, const struct oracle_extra *extra)
{
	memset(c, 0, sizeof(*c));
	c->extra = extra;
	c->frames = calloc(max_pfn, sizeof(*c->frames));
	for (unsigned i = 0; i < extra->nr_mappings; i++)
		note_mapping(c, extra->mappings[i]);
	for (unsigned i = 0; i < extra->nr_pins; i++)
		c->frames[extra->pins[i]].pins++;
	sim_for_each_space(check_space, c);
	for (unsigned i = 0; i < c->nr_mappings; i++)
		check_mapping(c, i);
}

void oracle_begin(void)
{
	static const struct oracle_extra none;
	struct census c;

	take_census(&c, &none);
	unknown_pages = check_frames(&c);
	other_areas = objects_of("vm_area_struct") - c.areas;
	other_spaces = objects_of("mm_struct") - c.spaces;
	free(c.frames);
}

void oracle_check(const struct oracle_extra *extra)
{
	struct mm_pinned pinned = {0};
	struct census c;
	unsigned long unknown;

	sim_check_tlbs();
	sim_check_views();
	sim_check_free_frames();
	take_census(&c, extra);
	unknown = check_frames(&c);
	/* A CPU takes one page for its lists of slab caches, at its first allocation. */
	oracle_must(unknown >= unknown_pages &&
			    unknown <= unknown_pages + (nr_cpus > 1 ? nr_cpus : 0),
		    "%lu pages nobody has, %lu before", unknown, unknown_pages);
	oracle_must(total_anon_pages() == c.anon, "%lu %lu", total_anon_pages(), c.anon);
	oracle_must(total_mapped_pages() == c.file, "%lu %lu", total_mapped_pages(), c.file);
	for (unsigned zone = 0; zone < INSPECT_ZONES; zone++)
		mm_pinned_counts(zone, &pinned);
	oracle_must(pinned.mlocked == c.locked, "%lu %lu", pinned.mlocked, c.locked);
	oracle_must(total_pt_bytes() == c.tables * PAGE_SIZE, "%lu %lu", total_pt_bytes(),
		    c.tables);
	oracle_must(total_anon_huge_pages() == c.huge, "%lu %lu", total_anon_huge_pages(), c.huge);
	oracle_must(vm_committed_pages() == c.promised + extra->promised, "%lu %lu %lu",
		    vm_committed_pages(), c.promised, extra->promised);
	oracle_must(objects_of("vm_area_struct") == c.areas + other_areas, "%lu %lu",
		    objects_of("vm_area_struct"), c.areas);
	oracle_must(objects_of("mm_struct") == c.spaces + other_spaces, "%lu %lu",
		    objects_of("mm_struct"), c.spaces);
	free(c.frames);
}
