/*
 * What the files of the virtual side of mm share among themselves: page-table walks, the batch of
 * pages to free after a TLB flush, reverse maps, accounting. Nobody outside kernel/mm includes it.
 */
#ifndef MM_VIRT_H
#define MM_VIRT_H

#include "arch/log.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vmstat.h"
#include "sched/cpumask.h"
#include "sched/task.h"
#include <linux/errno.h>

/* ---- page protections (pgtable.c) ---- */

/*
 * vma->prot: VM_READ|VM_WRITE|VM_EXEC, and whether a page may be writable from the start
 * (shared, and nobody wants to know of the first write).
 */
#define PROT_SHARED_WRITE 8u
extern pgprot_t protection_map[16];

static inline pgprot_t vma_pgprot(const struct vma *vma)
{
	return protection_map[vma->prot];
}
/* Set @vma->prot from its flags. */
void vma_update_prot(struct vma *vma);
/* Shared, writable, and its object has to hear of the first write to each page. */
bool vma_wants_notify(const struct vma *vma);

/* ---- page tables (pgtable.c) ---- */

void pgtable_init(void);
/* The pmd entry of @addr, or NULL. => mmap_lock held, or page_table_lock */
static inline pmd_t *pmd_find(struct mm *mm, uaddr_t addr)
{
	pgd_t *pgd = pgd_entry(&mm->arch, addr);

	return pgd_none(pgd_read(pgd)) ? NULL : pmd_entry(pgd, addr);
}
/* Its value, for those who hold no lock; none where there is no entry. */
static inline pmd_t pmd_peek(struct mm *mm, uaddr_t addr)
{
	pgd_t *pgd = pgd_entry(&mm->arch, addr);

	if (unlikely(pgd_none(pgd_read(pgd))))
		return (pmd_t){0};
	return pmd_read(pmd_entry(pgd, addr));
}
static inline pte_t *pte_in_table(pmd_t pmd, uaddr_t addr)
{
	return pte_entry(&pmd, addr);
}
/* The entry of @addr if there is a page table that the CPU uses; NULL: none, or a huge mapping. */
static inline pte_t *pte_find_table(struct mm *mm, uaddr_t addr)
{
	pmd_t pmd = pmd_peek(mm, addr);

	return likely(pmd_is_table(pmd)) ? pte_in_table(pmd, addr) : NULL;
}
/*
 * The entry of @addr for reading, or NULL where there is none. Of a huge mapping: its table's,
 * which says what holds. => mmap_lock held, or page_table_lock
 */
pte_t *pte_peek_slow(struct mm *mm, uaddr_t addr);
static inline pte_t *pte_peek(struct mm *mm, uaddr_t addr)
{
	pte_t *ptep = pte_find_table(mm, addr);

	return likely(ptep) ? ptep : pte_peek_slow(mm, addr);
}
/*
 * The entry of @addr, to be changed: breaks a huge mapping up. NULL: none. => page_table_lock held
 */
pte_t *pte_find_slow(struct mm *mm, uaddr_t addr);
static inline pte_t *pte_find(struct mm *mm, uaddr_t addr)
{
	pte_t *ptep = pte_find_table(mm, addr);

	return likely(ptep) ? ptep : pte_find_slow(mm, addr);
}
/* The same, making the tables; NULL: no memory. => mmap_lock held, page_table_lock not */
pte_t *pte_alloc_slow(struct mm *mm, uaddr_t addr);
static inline pte_t *pte_alloc(struct mm *mm, uaddr_t addr)
{
	pte_t *ptep = pte_find_table(mm, addr);

	return likely(ptep) ? ptep : pte_alloc_slow(mm, addr);
}
/* The pmd entry of @addr, making its table; NULL: no memory. => as pte_alloc() */
pmd_t *pmd_alloc(struct mm *mm, uaddr_t addr);
/* An empty page table of @mm, and one that is not used after all. => no spinlock held */
void *table_alloc(struct mm *mm);
void table_discard(struct mm *mm, void *table);
/*
 * With fewer entries to go, a loop of its own for private pages side by side costs more
 * than it saves.
 */
#define RUN_MIN 8u
/*
 * What is set in the lower halves of eight entries: one that is in use has a bit there, present,
 * PROT_NONE or swap.
 */
static __always_inline u32 ptes_low8(const pte_t *at)
{
	return pte_low(at) | pte_low(at + 1) | pte_low(at + 2) | pte_low(at + 3) | pte_low(at + 4) |
	       pte_low(at + 5) | pte_low(at + 6) | pte_low(at + 7);
}
/* How many of the @n entries from @ptep are empty, before the first that is not. */
static inline unsigned ptes_skip_empty(const pte_t *ptep, unsigned n)
{
	const pte_t *at = ptep, *end = ptep + n;

	/* A large sparse area is mostly empty: in large steps as long as there is much to go. */
	while (at + 128 <= end &&
	       !(ptes_low8(at) | ptes_low8(at + 8) | ptes_low8(at + 16) | ptes_low8(at + 24)))
		at += 32;
	while (at + 8 <= end && !ptes_low8(at))
		at += 8;
	while (at < end && !pte_low(at))
		at++;
	return (unsigned)(at - ptep);
}
/* A table went out of use; it is all zero. */
void table_free(void *table);

/*
 * Is there no table for [start, end) alone, given that nothing is mapped between @floor and
 * @ceiling: is the one that serves it a neighbour's too? False: perhaps there is.
 */
static inline bool shares_its_table(uaddr_t start, uaddr_t end, uaddr_t floor, uaddr_t ceiling)
{
	uaddr_t first = start & (uaddr_t)PMD_MASK, last = start | (uaddr_t)~PMD_MASK;

	return end - 1 <= last && (floor > first || ceiling <= last);
}
struct tlb_gather;
/*
 * Free the tables that serve [start, end) only, given that nothing is mapped between @floor and
 * @ceiling.
 */
void free_pgtables_slow(struct tlb_gather *tlb, uaddr_t start, uaddr_t end, uaddr_t floor,
			uaddr_t ceiling);
static inline void free_pgtables(struct tlb_gather *tlb, uaddr_t start, uaddr_t end, uaddr_t floor,
				 uaddr_t ceiling)
{
	if (!shares_its_table(start, end, floor, ceiling))
		free_pgtables_slow(tlb, start, end, floor, ceiling);
}
/*
 * Remove the page-table entries of @vma in [start, end). @mapping_only: only pages of the file,
 * no private copies.
 */
void zap_range(struct tlb_gather *tlb, struct vma *vma, uaddr_t start, uaddr_t end,
	       bool mapping_only);

/* ---- huge mappings (huge.c) ---- */

#define HUGE_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define HUGE_PAGES PTRS_PER_PTE

/* Is [addr, next) all of what one pmd entry maps? */
static inline bool is_whole_pmd(uaddr_t addr, uaddr_t next)
{
	return next - addr == PMD_SIZE;
}
/*
 * A fault at @addr, where the CPU finds no page table. True: served; false: go on with a page
 * table, which pte_alloc() makes. => mmap_lock held for read
 */
bool huge_fault(struct vma *vma, uaddr_t addr, bool write);
/* From here on: @pmd is a huge mapping of @mm, @addr in it. => page_table_lock held */
/* Its table takes its place. */
void huge_split(struct mm *mm, pmd_t *pmd, uaddr_t addr);
/*
 * All its pages go to the gather, which is not full; its table takes its place, empty.
 * How many pages.
 */
unsigned huge_zap(struct tlb_gather *tlb, pmd_t *pmd, uaddr_t addr);
/* It gets the protection of @vma. Did anything change? => mmap_lock held for write */
bool huge_protect(struct vma *vma, pmd_t *pmd, uaddr_t addr);
/*
 * fork: the same mapping for @to, write-protected on both sides; *flush: the parent's TLBs must be
 * flushed. 0, -ENOMEM, or -EAGAIN: it was broken up meanwhile. => mmap_lock held for write,
 * page_table_lock not
 */
int huge_copy(struct mm *to, struct vma *vma, uaddr_t addr, bool *flush);
/*
 * There will be room for the table behind a huge mapping of @addr. False: no memory.
 * => page_table_lock not held
 */
bool huge_make_slot(struct mm *mm, uaddr_t addr);
/*
 * A fresh page, not yet visible to anybody, becomes a private page of @vma with one entry, as
 * part of a block.
 */
static inline void huge_adopt_page(struct page *page, const struct vma *vma, uaddr_t addr)
{
	page->mapping = (uintptr_t)vma->mm->family | PAGE_MAPPING_ANON;
	page->index = addr >> PAGE_SHIFT;
	page->mapcount = 0;
	page->flags |= 1u << PG_UPTODATE | 1u << PG_SWAPBACKED;
}
/*
 * The empty entry @pmd of a writable area becomes a huge mapping of the block of such pages from
 * @first on, with @table, whatever is in it, behind it. => page_table_lock held, no CPU has
 * anything of it in its TLB
 */
void huge_enter(struct vma *vma, pmd_t *pmd, uaddr_t start, pte_t *table, struct page *first);
/* madvise(MADV_COLLAPSE) of whole pages: 0 or -errno. => mmap_lock not held (collapse.c) */
int mm_collapse(struct mm *mm, uaddr_t start, uaddr_t end);
/* Pages of @vma, from @addr on, in huge mappings. => mmap_lock held */
unsigned long vma_huge_pages(const struct vma *vma, uaddr_t addr);
/* The mm goes. */
void huge_free_dirs(struct mm *mm);

/* ---- TLB (tlb.c) ---- */

#define GATHER_INLINE 30u

/*
 * Pages and tables that may be freed once no CPU has them in its TLB. Never full but while
 * zap_range() fills it: it flushes then, as does tlb_gather_table().
 */
struct tlb_gather {
	struct mm *mm;
	uaddr_t start, end; /* where entries were removed */
	bool exiting;       /* no CPU has the mm loaded: nothing to flush */
	bool full;          /* a table went: the structure caches too */
	unsigned nr, max;
	uintptr_t *
		slots; /* struct page *, or a table with bit 0 set, or the first of HUGE_PAGES with bit 1 */
	uintptr_t *batch; /* one page more, when the inline ones do not suffice */
	uintptr_t slots_inline[GATHER_INLINE];
};

void tlb_gather_begin(struct tlb_gather *tlb, struct mm *mm);
/* Flush, then free. => page_table_lock not held */
void tlb_gather_flush(struct tlb_gather *tlb);
void tlb_gather_end(struct tlb_gather *tlb);
static inline bool tlb_gather_full(const struct tlb_gather *tlb)
{
	return tlb->nr == tlb->max;
}
static inline void tlb_gather_page(struct tlb_gather *tlb, struct page *page)
{
	tlb->slots[tlb->nr++] = (uintptr_t)page;
}
static inline void tlb_gather_run(struct tlb_gather *tlb, struct page *first)
{
	tlb->slots[tlb->nr++] = (uintptr_t)first | 2;
}
static inline void tlb_gather_touch(struct tlb_gather *tlb, uaddr_t start, uaddr_t end)
{
	tlb->start = MIN(tlb->start, start);
	tlb->end = MAX(tlb->end, end);
}
void tlb_gather_table(struct tlb_gather *tlb, void *table);

DECLARE_PER_CPU(struct mm *, cpu_mm);
/*
 * Remove [start, end) from the TLBs of all CPUs; returns when all have done it. Any lock of
 * RANK_PAGETABLE or below may be held.
 */
void tlb_flush_range(struct mm *mm, uaddr_t start, uaddr_t end);
void tlb_flush_mm(struct mm *mm);
static inline void tlb_flush_page(struct mm *mm, uaddr_t addr)
{
	tlb_flush_range(mm, addr, addr + PAGE_SIZE);
}
/* Does any CPU but this one use it? */
bool mm_is_remote(const struct mm *mm);
/* Make every CPU let go of @mm, which no task uses any more. */
void mm_unload(struct mm *mm);
void mm_switch_to(struct mm *mm); /* => interrupts off */

/* ---- reverse maps (rmap.c) ---- */

void rmap_init(void);
/* A new family with @mm in it, or @mm as a further member of @with's. 0 or -ENOMEM */
int anon_family_join(struct mm *mm, struct mm *with);
void anon_family_leave(struct mm *mm);
/* Give @vma an anon_id before its first private page. => page_table_lock held, mmap_lock held */
void vma_new_anon_id(struct vma *vma);
/*
 * The same where the page may not come after all: as on Linux, the attempt counts. => mmap_lock
 * held, page_table_lock not
 */
void vma_prepare_anon_slow(struct vma *vma);
static inline void vma_prepare_anon(struct vma *vma)
{
	if (unlikely(!READ_ONCE(vma->anon_id)))
		vma_prepare_anon_slow(vma);
}

DECLARE_PER_CPU(long, nr_anon_mapped);
DECLARE_PER_CPU(long, nr_file_mapped);
DECLARE_PER_CPU(long, nr_pt_pages);

/* A fresh page of @vma, not yet visible to anybody, gets its first page-table entry. */
static inline void page_add_new_anon(struct page *page, const struct vma *vma, uaddr_t addr)
{
	page->mapping = (uintptr_t)vma->mm->family | PAGE_MAPPING_ANON;
	page->index = addr >> PAGE_SHIFT;
	page->mapcount = 0;
	page->flags |= 1u << PG_UPTODATE | 1u << PG_SWAPBACKED;
	this_cpu_inc(nr_anon_mapped);
}
static inline bool page_is_anon(const struct page *page)
{
	return READ_ONCE(page->mapping) & PAGE_MAPPING_ANON;
}
static inline struct mapping *page_mapping(const struct page *page)
{
	uintptr_t m = READ_ONCE(page->mapping);

	return m & PAGE_MAPPING_ANON ? NULL : (struct mapping *)m;
}
/* One entry more or less that maps @page. => page_table_lock of the mm of the entry */
static inline void page_add_rmap(struct page *page)
{
	__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_SEQ_CST);
}
static inline void page_add_file_rmap(struct page *page)
{
	if (__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_SEQ_CST) == -1)
		this_cpu_inc(nr_file_mapped);
}
static inline void page_remove_file_rmap(struct page *page)
{
	if (__atomic_sub_fetch(&page->mapcount, 1, __ATOMIC_SEQ_CST) < 0)
		this_cpu_dec(nr_file_mapped);
}
static inline void page_remove_rmap(struct page *page)
{
	if (__atomic_sub_fetch(&page->mapcount, 1, __ATOMIC_SEQ_CST) >= 0)
		return;
	if (page_is_anon(page)) {
		page->mapping = 0;
		this_cpu_dec(nr_anon_mapped);
	} else {
		this_cpu_dec(nr_file_mapped);
	}
}
/*
 * The same for a private page that has another entry; false, and nothing done, if this is the last.
 */
static inline bool page_remove_shared_rmap(struct page *page)
{
	s32 count = READ_ONCE(page->mapcount);

	while (count > 0)
		if (__atomic_compare_exchange_n(&page->mapcount, &count, count - 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}
/* The counter of @mm that counts @page. */
static inline s32 *rss_counter(struct mm *mm, const struct page *page)
{
	if (page_is_anon(page))
		return &mm->rss_anon;
	return page_test(page, PG_SWAPBACKED) ? &mm->rss_shmem : &mm->rss_file;
}
static inline void rss_add(s32 *counter, s32 n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* Areas of a mapping. => i_mmap_sem held for write; for the walk: read */
void i_mmap_insert(struct vma *vma);
/* The same for a copy of @old, which is there: behind it, and what is above it stays as it is. */
void i_mmap_insert_copy(struct vma *vma, struct vma *old);
void i_mmap_remove(struct vma *vma);
/* The first area that maps an index of [first, last], and the next one after @vma. */
struct vma *i_mmap_first(struct mapping *m, u32 first, u32 last);
struct vma *i_mmap_next(struct vma *vma, u32 first, u32 last);
/* The part of @vma that maps [first, last]. */
void i_mmap_overlap(const struct vma *vma, u32 first, u32 last, uaddr_t *start, uaddr_t *end);
/* Insert and remove with the lock taken, for areas that have a mapping. */
void vma_link_file_slow(struct vma *vma);
void vma_unlink_file_slow(struct vma *vma);
static inline void vma_link_file(struct vma *vma)
{
	if (vma->mapping)
		vma_link_file_slow(vma);
}
static inline void vma_unlink_file(struct vma *vma)
{
	if (vma->mapping)
		vma_unlink_file_slow(vma);
}
/* Write-protect and clean every entry that maps the file page @page (write-back). => page locked */
bool page_mkclean(struct mapping *m, struct page *page);
/*
 * Remove every entry that maps the locked file page; false: could not (lock busy). => page
 * locked
 */
bool page_try_unmap(struct mapping *m, struct page *page);

/* ---- page cache (filemap.c, truncate.c, reclaim.c) ---- */

void filemap_init(void);
/* A page from the cache: locked, in @m, uptodate or not; NULL: none. Sleeps. */
struct page *mapping_lock_page(struct mapping *m, u32 index);
/*
 * Put the fresh @page, which nobody knows yet, into the cache: 0, with @page locked; -EEXIST,
 * -ENOMEM, -ENOSPC with nothing changed. The caller keeps its reference.
 */
int cache_insert(struct mapping *m, struct page *page, u32 index);
/*
 * The page leaves the cache; the cache's reference is dropped. => page locked, the caller has a
 * reference
 */
void cache_remove(struct mapping *m, struct page *page);
/* The same, if nobody but the cache and the caller refers to the page and it is clean. */
bool cache_remove_idle(struct mapping *m, struct page *page);
void reclaim_init(void);
void oom_init(void);
void kswapd_start(void);
/*
 * A new page of a file that may be dropped; one of an object whose pages stay; the page leaves its
 * object. (lru.c)
 */
void lru_add(struct page *page);
void lru_add_pinned(struct page *page);
void lru_remove(struct page *page);
/*
 * An entry of an area that vma_locks_pages() maps @page, or does so no longer; @page is no special
 * one. => page_table_lock of the area held, under which the entry came or went
 */
void page_mlock(struct page *page);
void page_munlock(struct page *page);
/* Do its pages stay in memory as long as it maps them? */
static inline bool vma_locks_pages(const struct vma *vma)
{
	return (READ_ONCE(vma->flags) & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED;
}

/* ---- areas (mm.c, munmap.c, mmap.c) ---- */

/*
 * An empty address space; @family: whose private pages it will share (fork), or NULL. The auxiliary
 * vector's contents are undefined.
 */
struct mm *mm_create(struct mm *family);
/* Contents undefined: the caller sets every field but the tree links. */
struct vma *vma_alloc(void);
void vma_free(struct vma *vma);
/*
 * Interval and properties of @from for @to, but not its place in the tree, nor in the file's, which
 * changes under i_mmap_sem alone.
 */
static inline void vma_copy(struct vma *to, const struct vma *from)
{
	to->start = from->start;
	to->end = from->end;
	memcpy(&to->gap, &from->gap, offsetof(struct vma, i_mmap_max) - offsetof(struct vma, gap));
}
/* A second reference to the objects of a divided or copied area. */
void vma_get_objects(struct vma *vma);
/*
 * Areas that are out of the tree, linked by vma->next, kept until mmap_lock is released: their files
 * may have to be closed, which sleeps and takes locks that come before it.
 */
struct vma_graveyard {
	struct vma *first;
};
void vma_bury(struct vma_graveyard *dead, struct vma *vma);
void vma_graveyard_release(struct vma_graveyard *dead); /* => mmap_lock not held */
static inline void vma_graveyard_empty(struct vma_graveyard *dead)
{
	if (dead->first)
		vma_graveyard_release(dead);
}
/* Cut @vma at @addr with the area @upper, which vma_alloc() gave. => mmap_lock held for write */
void vma_split_at(struct vma *vma, uaddr_t addr, struct vma *upper);
/*
 * Make @vma one with these neighbours, in the file's tree too; with those that fit
 * (vma_neighbours()).
 */
struct vma *vma_merge_pair(struct vma *vma, struct vma *prev, struct vma *next,
			   struct vma_graveyard *dead);
static inline struct vma *vma_merge_with(struct vma *vma, struct vma_pair with,
					 struct vma_graveyard *dead)
{
	return with.prev || with.next ? vma_merge_pair(vma, with.prev, with.next, dead) : vma;
}
struct vma *vma_merge_around(struct vma *vma, struct vma_graveyard *dead);
/*
 * Up to two areas that vma_split_at() will need to cut out [start, end): 0 or -ENOMEM, with
 * nothing changed.
 */
struct split_reserve {
	struct vma *lower, *upper;
};
int split_reserve(struct mm *mm, uaddr_t start, uaddr_t end, struct split_reserve *r);
static inline void split_reserve_free(struct split_reserve *r)
{
	if (unlikely(r->lower))
		vma_free(r->lower);
	if (unlikely(r->upper))
		vma_free(r->upper);
	r->lower = r->upper = NULL;
}
/*
 * Cut [start, end) out of the area @vma with what is in reserve; the area that is exactly it. =>
 * @vma meets all of it
 */
struct vma *vma_isolate(struct vma *vma, uaddr_t start, uaddr_t end, struct split_reserve *r);
/*
 * May [start, end) of @vma be cut out as far as max_map_count goes? @part: a copy of @vma with what
 * the part will be; it is written to. Where the part then goes to the neighbour there is no area
 * more, and the limit does not matter.
 */
bool vma_may_cut(const struct vma *vma, uaddr_t start, uaddr_t end, struct vma *part);
/*
 * Give the part [start, end) of *@vma other flags: cut it out, count it, join it with its
 * neighbours. *@vma is then the area that has the part. 0 or -ENOMEM (max_map_count) with
 * nothing changed. Page-table entries are not touched.
 */
int change_flags(struct vma **vma, uaddr_t start, uaddr_t end, u32 flags, struct split_reserve *r,
		 struct vma_graveyard *dead);
/*
 * Its first half: cut the part out and count it under @flags, which the caller then sets. As above.
 */
int cut_for_flags(struct vma **vma, uaddr_t start, uaddr_t end, u32 flags, struct split_reserve *r);
/*
 * The whole of @vma is locked by @lock_flags, or no more (0): its flags and its pages (mlock.c).
 * => mmap_lock for write
 */
void vma_set_locked(struct vma *vma, u32 lock_flags);
/* munmap of areas that begin and end at @start and @end: cannot fail. */
void unmap_whole(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead);
/* munmap of whole pages. => mmap_lock held for write; 0 or -errno with nothing changed */
int mm_unmap_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead);
/*
 * MAP_SHARED without a file: make the object that @req asks for; afterwards give it to the area,
 * or drop it (shmem.c).
 */
int shared_anon_prepare(struct map_request *req);
void shared_anon_finish(struct map_request *req, bool failed);
/* Memory of tmpfs, of a memfd, or shared without a file; not a System V segment. */
bool vma_is_shmem(const struct vma *vma);
long mm_map_locked(struct mm *mm, const struct map_request *req, struct vma_graveyard *dead,
		   bool *populate);

/* ---- debug builds: who holds what (selfcheck_mm.c) ---- */

#ifdef CONFIG_DEBUG_VM
void selfcheck_init(void);
#else
static inline void selfcheck_init(void)
{
}
#endif

/* ---- accounting (account.c) ---- */

void account_area(struct mm *mm, u32 flags, long pages);
/* RLIMIT_AS and RLIMIT_DATA. */
bool may_expand_vm(const struct mm *mm, u32 flags, unsigned long pages);
void account_init(void);
unsigned long rlimit_pages(unsigned resource);
/* Is this private and writable, so that it must be promised? */
static inline bool is_accountable(u32 flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_HUGETLB | VM_WRITE)) == VM_WRITE;
}
/* May the caller lock anything? */
bool may_lock_at_all(void);
/* -EAGAIN: more than RLIMIT_MEMLOCK. */
int may_lock_pages(const struct mm *mm, u32 flags, unsigned long pages);
static inline void update_hiwater(struct mm *mm)
{
	unsigned long rss = mm_rss(mm);

	if (rss > READ_ONCE(mm->hiwater_rss))
		WRITE_ONCE(mm->hiwater_rss, rss);
}

/* ---- faults (fault.c) ---- */

/*
 * Bring in @addr for @vma, whose flags allow the access: 0 (perhaps to be faulted again), -EIO,
 * -ENOMEM, FAULT_USERFAULT. => mmap_lock held for read
 */
#define FAULT_USERFAULT 1 /* release mmap_lock, userfaultfd_wait(), and look everything up again */
int handle_fault(struct vma *vma, uaddr_t addr, bool write);
/*
 * Fault in [start, end) of @vma, by a write where it is private and writable, as far as that goes.
 * Does not give up mmap_lock. => mmap_lock held
 */
void populate_now(struct vma *vma, uaddr_t start, uaddr_t end);
/*
 * The area of @addr, growing a stack to it if it lies below one; mmap_lock is released and taken
 * again then. NULL: none. => mmap_lock held for read, and afterwards
 */
struct vma *find_extend_vma(struct mm *mm, uaddr_t addr);
/* What follows a fault of the current task: the counts, or the signal. As arch_hooks.page_fault. */
bool mm_fault_done(int result, unsigned long addr, unsigned error);

/* ---- faults that the program resolves (userfaultfd.c) ---- */

/*
 * Wait until somebody has brought in @addr, if that is still missing: 0 (try again), -EIO (SIGBUS),
 * -EINTR (a fatal signal, and no FAULT_USER in @error). => mmap_lock not held
 */
int userfaultfd_wait(struct mm *mm, uaddr_t addr, unsigned error);
/*
 * @vma, a copy, is not registered; all areas of @mm, which fork made. => mmap_lock for write, or
 * nobody knows them
 */
void userfaultfd_forget(struct vma *vma);
void userfaultfd_forget_all(struct mm *mm);

/* ---- the trace (trace.c) ---- */

#define LOG_DEBUG 7 /* the level of KERN_DEBUG */

void trace_init(void);
/*
 * Say in the log, at debug level, which areas lie around @addr, whose access failed with @result.
 */
void trace_bad_address(struct mm *mm, uaddr_t addr, unsigned error, int result);
/* What maps shows for an area without a file: "[heap]"; "" for plain memory. => mmap_lock held */
const char *vma_name(struct vma *vma);

#endif
