/*
 * The page fault. The area says what the process may do, the page-table entry what is there:
 *
 *  no  entry         area               access  action                                new entry
 *   -  any           none, or forbids it        SIGSEGV (below a stack: it grows)
 *   1  none          anonymous          read    map the zero page                     special
 *   2  none          anonymous          write   a fresh zeroed page                   writable
 *   3  none          file               read    the cache's page and its neighbours   read-only
 *   4  none          file, private      write   copy the cache's page                 writable
 *   5  none          file, shared       write   the cache's page, announced           writable
 *   6  zero page     anonymous          write   as 2                                  writable
 *   7  private page  private            write   nobody else has it: use it            writable
 *   8  shared page   private            write   copy it                               writable
 *   9  file page     shared             write   announce the write (page_mkwrite)     writable
 *  10  allows it     any                any     nothing: another thread was first     as it was
 *  11  none          device, vDSO       any     the page that ops->fault names        as the area
 *  12  none          registered         any     wait for userfaultfd(2)               none
 *  13  no table      anonymous, whole   write   a block of fresh zeroed pages         one for all
 *
 * Beyond the end of the file, and when its device fails: SIGBUS.
 * Read next: docs/memory/fault.md, filemap.c (3-5), tlb.c (8), grow.c (stacks).
 *
 * Locks: mmap_lock for read, so that areas and tables stay; page_table_lock to change an entry.
 * Pages are allocated and read in before that, which sleeps: so the entry is looked at again under
 * the lock, and if another thread was faster its result stands and ours is thrown away.
 */
#include "oom_private.h"
#include "virt.h"
#include <asm/siginfo.h>
#include <asm/signal.h>

void (*mm_send_fault_signal)(int sig, int code, uaddr_t addr);

struct fault {
	struct mm *mm;
	struct vma *vma;
	uaddr_t addr; /* of the page */
	pte_t *ptep;
	pte_t pte; /* as it was when the fault was looked at */
};

static pte_t vma_pte(const struct vma *vma, struct page *page)
{
	return pte_mkyoung(pfn_pte(page_to_pfn(page), vma_pgprot(vma)));
}

/* A debugger may write where the process may not: its page is dirty, but not writable. */
static pte_t maybe_mkwrite(const struct vma *vma, pte_t pte)
{
	pte = pte_mkdirty(pte);
	return likely(vma->flags & VM_WRITE) ? pte_mkwrite(pte) : pte;
}

static pte_t vma_pte_writable(const struct vma *vma, struct page *page)
{
	return maybe_mkwrite(vma, vma_pte(vma, page));
}

/*
 * Take the page-table lock; false, without it: the entry is no longer what it was, or
 * is about to go.
 */
static bool lock_if_same(struct fault *f)
{
	spin_lock(&f->mm->page_table_lock);
	if (likely(pte_same(*f->ptep, f->pte) && !(f->mm->oom & OOM_UNSTABLE)))
		return true;
	spin_unlock(&f->mm->page_table_lock);
	return false;
}

static void unlock(struct fault *f)
{
	spin_unlock(&f->mm->page_table_lock);
}

/* => page_table_lock held, the entry is not present or the zero page; takes over the reference */
static void set_new_anon(struct fault *f, struct page *page)
{
	if (!f->vma->anon_id)
		vma_new_anon_id(f->vma);
	page_add_new_anon(page, f->vma, f->addr);
	if (unlikely(vma_locks_pages(f->vma)))
		page_mlock(page);
	set_pte(f->ptep, vma_pte_writable(f->vma, page));
	rss_add(&f->mm->rss_anon, 1);
}

/* ---- 1, 2, 6: anonymous ---- */

static int fault_anon_read(struct fault *f)
{
	if (lock_if_same(f)) {
		set_pte(f->ptep, pte_mkspecial(pte_wrprotect(vma_pte(f->vma, zero_page))));
		unlock(f);
	}
	return 0;
}

/* 2, the fault that programs make most: on its own, with everything in registers. */
static noinline int fault_anon_fresh(struct vma *vma, uaddr_t addr, pte_t *ptep)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);
	struct mm *mm = vma->mm;

	if (unlikely(!page))
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (unlikely(!pte_none(*ptep) || (mm->oom & OOM_UNSTABLE))) {
		spin_unlock(&mm->page_table_lock);
		page_put(page);
		return 0;
	}
	if (unlikely(!vma->anon_id))
		vma_new_anon_id(vma);
	page_add_new_anon(page, vma, addr);
	set_pte(ptep, vma_pte_writable(vma, page));
	spin_unlock(&mm->page_table_lock);
	rss_add(&mm->rss_anon, 1);
	return 0;
}

/* 2 in a locked area, and 6: the zero page may be in TLBs, read-only. */
static int fault_anon_write(struct fault *f)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);

	if (unlikely(!page))
		return -ENOMEM;
	if (unlikely(!lock_if_same(f))) {
		page_put(page);
		return 0;
	}
	if (pte_present(f->pte)) {
		set_pte(f->ptep, (pte_t){0});
		tlb_flush_page(f->mm, f->addr);
	}
	set_new_anon(f, page);
	unlock(f);
	return 0;
}

/* ---- 3, 4, 5: the first touch of a file page ---- */

static u32 mapping_pages(const struct mapping *m)
{
	return (u32)((u64)(mapping_size(m) + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/*
 * A page stays in its file as long as it is not truncated; who truncates takes the page out of the
 * cache and then walks all page tables under their locks. So under ours this test decides.
 */
static bool page_still_in(struct page *page, const struct mapping *m, u32 index)
{
	return READ_ONCE(page->mapping) == (uintptr_t)m && page->index == index;
}

static s32 *file_counter(struct fault *f)
{
	return f->vma->mapping->swap_backed ? &f->mm->rss_shmem : &f->mm->rss_file;
}

#define AROUND_PAGES 16u

/* The aligned 64 KB around the address, within the area and its page table. */
static void around_window(const struct fault *f, uaddr_t *start, uaddr_t *end)
{
	*start = MAX(ALIGN_DOWN(f->addr, AROUND_PAGES * PAGE_SIZE), f->vma->start);
	*end = MIN(ALIGN_DOWN(f->addr, AROUND_PAGES * PAGE_SIZE) +
			   AROUND_PAGES * (uaddr_t)PAGE_SIZE,
		   f->vma->end);
}

/*
 * 3: the page @index of the cache, if it is there, uptodate and not on its way out, into the empty
 * entry @ptep. => page_table_lock held, under rcu_read_lock()
 */
static inline bool map_cached(const struct mapping *m, struct page *page, u32 index, pte_t *ptep,
			      pgprot_t prot, bool locked)
{
	if (!page || !pte_none(*ptep) || !page_get_unless_zero(page))
		return false;
	if (unlikely(!page_still_in(page, m, index) || !page_test(page, PG_UPTODATE))) {
		page_put(page);
		return false;
	}
	page_add_file_rmap(page);
	if (unlikely(locked))
		page_mlock(page);
	set_pte(ptep, pte_mkyoung(pfn_pte(page_to_pfn(page), prot)));
	return true;
}

/* 3: map what the cache has around the address. True: the address itself too. */
static bool map_around(struct fault *f)
{
	struct mapping *m = f->vma->mapping;
	void *pages[AROUND_PAGES];
	uaddr_t start, end;
	u32 first, in_file = mapping_pages(m);
	pgprot_t prot = vma_pgprot(f->vma);
	bool locked = vma_locks_pages(f->vma);
	s32 mapped = 0;
	unsigned n;
	pte_t *ptep;
	bool done;

	around_window(f, &start, &end);
	first = vma_index(f->vma, start);
	n = MIN((end - start) >> PAGE_SHIFT, in_file - MIN(in_file, first));
	ptep = f->ptep - ((f->addr - start) >> PAGE_SHIFT);
	rcu_read_lock();
	xa_load_range(&m->pages, first, n, pages);
	spin_lock(&f->mm->page_table_lock);
	for (unsigned i = 0; i < n; i++)
		mapped += map_cached(m, pages[i], first + i, ptep + i, prot, locked);
	if (mapped)
		rss_add(file_counter(f), mapped);
	done = !pte_none(*f->ptep);
	spin_unlock(&f->mm->page_table_lock);
	rcu_read_unlock();
	return done;
}

/* 12: only a page that is there; what is missing is another's to bring in. */
static struct page *find_cache_page(struct fault *f, u32 index)
{
	struct page *page = mapping_find(f->vma->mapping, index);

	if (!page)
		return ERR_PTR(-ENOENT);
	if (likely(page_test(page, PG_UPTODATE)))
		return page;
	page_put(page); /* somebody is writing it, or has failed to */
	return mapping_read_page(f->vma->mapping, index);
}

/* The page of the cache for this fault: referenced, uptodate; or ERR_PTR. */
static struct page *fault_cache_page(struct fault *f)
{
	u32 index = vma_index(f->vma, f->addr);

	if (unlikely(index >= mapping_pages(f->vma->mapping)))
		return ERR_PTR(-EIO);
	if (unlikely(f->vma->flags & VM_UFFD_MISSING))
		return find_cache_page(f, index);
	return mapping_read_page(f->vma->mapping, index);
}

static int file_error(const struct page *page)
{
	if (PTR_ERR(page) == -ENOENT)
		return FAULT_USERFAULT;
	return PTR_ERR(page) == -ENOMEM ? -ENOMEM : -EIO;
}

/* Map a file page that @f's task has referenced; takes the reference over. */
static void set_file_pte(struct fault *f, struct page *page, pte_t pte)
{
	if (!lock_if_same(f)) {
		page_put(page);
		return;
	}
	if (unlikely(!page_still_in(page, f->vma->mapping, vma_index(f->vma, f->addr)))) {
		unlock(f);
		page_put(page);
		return;
	}
	page_add_file_rmap(page);
	if (unlikely(vma_locks_pages(f->vma)))
		page_mlock(page);
	set_pte(f->ptep, pte);
	rss_add(file_counter(f), 1);
	unlock(f);
}

static int fault_file_read(struct fault *f)
{
	struct page *page;

	if (map_around(f))
		return 0;
	page = fault_cache_page(f);
	if (IS_ERR(page))
		return file_error(page);
	set_file_pte(f, page, vma_pte(f->vma, page));
	return 0;
}

static int fault_file_cow(struct fault *f)
{
	struct page *new, *page;

	vma_prepare_anon(f->vma); /* even if the file is shorter */
	page = fault_cache_page(f);
	if (IS_ERR(page))
		return file_error(page);
	new = alloc_page(GFP_HIGHUSER_MOVABLE);
	if (!new) {
		page_put(page);
		return -ENOMEM;
	}
	page_copy(new, page);
	if (lock_if_same(f)) {
		if (likely(page_still_in(page, f->vma->mapping, vma_index(f->vma, f->addr)))) {
			set_new_anon(f, new);
			new = NULL;
		}
		unlock(f);
	}
	if (new)
		page_put(new);
	page_put(page);
	return 0;
}

/* 5, 9: tell the file system of the first write to @page; 0 with the page locked and dirty. */
static int announce_write(struct fault *f, struct page *page)
{
	struct mapping *m = f->vma->mapping;
	int err = 0;

	page_lock(page);
	if (unlikely(!page_still_in(page, m, vma_index(f->vma, f->addr))))
		err = -EAGAIN;
	else if (m->ops->page_mkwrite)
		err = m->ops->page_mkwrite(m, page);
	if (err) {
		page_unlock(page);
		return err == -EAGAIN ? 0 : err == -ENOMEM ? -ENOMEM : -EIO;
	}
	mapping_mark_dirty(m, page);
	return 1;
}

static int fault_file_shared_write(struct fault *f)
{
	struct page *page = fault_cache_page(f);
	int result = 1;

	if (IS_ERR(page))
		return file_error(page);
	if (vma_wants_notify(f->vma)) {
		result = announce_write(f, page);
		if (result <= 0) {
			page_put(page);
			return result;
		}
		page_get(page);
		set_file_pte(f, page, vma_pte_writable(f->vma, page));
		page_unlock(page);
		page_put(page);
	} else {
		set_file_pte(f, page, vma_pte_writable(f->vma, page));
	}
	return 0;
}

/* ---- 11: pages that an object without a mapping names ---- */

static int fault_device(struct fault *f, bool write)
{
	struct page *page = f->vma->ops->fault(f->vma, vma_index(f->vma, f->addr), write);
	bool counted;

	if (IS_ERR_OR_NULL(page))
		return page && PTR_ERR(page) == -ENOMEM ? -ENOMEM : -EIO;
	counted = !page_test(page, PG_RESERVED);
	if (!lock_if_same(f)) {
		if (counted)
			page_put(page);
		return 0;
	}
	if (counted) {
		page_add_file_rmap(page);
		if (unlikely(vma_locks_pages(f->vma)))
			page_mlock(page);
		set_pte(f->ptep, vma_pte(f->vma, page));
		rss_add(rss_counter(f->mm, page), 1);
	} else {
		set_pte(f->ptep, pte_mkspecial(vma_pte(f->vma, page)));
	}
	unlock(f);
	return 0;
}

/* ---- 7, 8, 9: a write to a page that is there, read-only ---- */

/* => page_table_lock held, the entry is @pte */
static inline void make_entry_writable(const struct vma *vma, uaddr_t addr, pte_t *ptep, pte_t pte)
{
	vm_event_add(VM_PGREUSE, 1);
	set_pte(ptep, maybe_mkwrite(vma, pte_mkyoung(pte)));
	tlb_flush_page_local(addr);
}

/* => page_table_lock held. A private page that no other page table, and nobody else, refers to. */
static bool is_sole_owner(const struct page *page)
{
	return page_is_anon(page) && page_refs(page) == 1;
}

/*
 * 8. => page_table_lock held, the entry is of @old; its reference goes to the caller, that of @new
 * to the entry
 */
static void replace_by_copy(struct vma *vma, uaddr_t addr, pte_t *ptep, struct page *old,
			    struct page *new)
{
	struct mm *mm = vma->mm;

	page_copy(new, old);
	if (mm_is_remote(mm)) { /* no CPU may read the old page when another writes the new one */
		set_pte(ptep, (pte_t){0});
		tlb_flush_page(mm, addr);
	}
	if (!page_is_anon(old)) {
		rss_add(rss_counter(mm, old), -1);
		rss_add(&mm->rss_anon, 1);
	}
	if (!vma->anon_id)
		vma_new_anon_id(vma);
	page_add_new_anon(new, vma, addr);
	set_pte(ptep, vma_pte_writable(vma, new));
	tlb_flush_page_local(addr);
	page_remove_rmap(old);
	if (unlikely(vma_locks_pages(vma))) {
		page_mlock(new);
		page_munlock(old);
	}
}

/*
 * 7, 8, which each fork leaves behind, on their own: @pte maps a page in a private area. The old
 * page cannot go while its entry stands, so it is copied under the lock.
 */
static noinline int fault_private_write(struct vma *vma, uaddr_t addr, pte_t *ptep, pte_t pte)
{
	struct page *page = pfn_to_page(pte_pfn(pte)), *new = NULL, *unused;
	struct mm *mm = vma->mm;

	if (!is_sole_owner(page)) {
		new = alloc_page(GFP_HIGHUSER_MOVABLE);
		if (unlikely(!new))
			return -ENOMEM;
	}
	unused = new;
	spin_lock(&mm->page_table_lock);
	if (likely(pte_same(*ptep, pte) && !(mm->oom & OOM_UNSTABLE))) {
		if (is_sole_owner(page)) {
			make_entry_writable(vma, addr, ptep, pte);
		} else if (likely(new)) {
			replace_by_copy(vma, addr, ptep, page, new);
			unused = page;
		}
	}
	spin_unlock(&mm->page_table_lock);
	if (unused)
		page_put(unused);
	return 0;
}

static int write_shared_page(struct fault *f, struct page *page)
{
	int result;

	/* The entry holds the page only as long as the lock is held. */
	if (!lock_if_same(f))
		return 0;
	page_get(page);
	unlock(f);
	result = announce_write(f, page);
	if (result > 0) {
		if (lock_if_same(f)) {
			make_entry_writable(f->vma, f->addr, f->ptep, f->pte);
			unlock(f);
		}
		page_unlock(page);
		result = 0;
	}
	page_put(page);
	return result;
}

/* A write to the zero page, or to a page of an area that others share. */
static int fault_write_protected(struct fault *f)
{
	if (pte_special(f->pte))
		return vma_is_anon(f->vma) ? fault_anon_write(f) : -EIO;
	if (vma_wants_notify(f->vma))
		return write_shared_page(f, pfn_to_page(pte_pfn(f->pte)));
	if (lock_if_same(f)) {
		make_entry_writable(f->vma, f->addr, f->ptep, f->pte);
		unlock(f);
	}
	return 0;
}

/* ---- the decision ---- */

static int fault_not_present(struct fault *f, bool write)
{
	struct vma *vma = f->vma;

	if (vma_is_plain_anon(vma))
		return write ? fault_anon_write(f) : fault_anon_read(f);
	if (vma_is_anon(vma)) {
		if (write)
			vma_prepare_anon(vma);
		return FAULT_USERFAULT;
	}
	if (!vma->mapping)
		return vma->ops->fault ? fault_device(f, write) : -EIO;
	if (!write)
		return fault_file_read(f);
	return vma->flags & VM_SHARED ? fault_file_shared_write(f) : fault_file_cow(f);
}

static noinline int handle_other_fault(struct vma *vma, uaddr_t addr, pte_t *ptep, bool write)
{
	struct fault f = {
		.mm = vma->mm, .vma = vma, .addr = addr, .ptep = ptep, .pte = pte_read(ptep)};

	if (pte_none(f.pte))
		return fault_not_present(&f, write);
	if (write && !pte_write(f.pte))
		return fault_write_protected(&f);
	/*
	 * 10: this CPU has a stale entry, or (PAE) not yet the top-level entry that another
	 * thread made.
	 */
	if (current->mm == f.mm)
		tlb_flush_user_local();
	return 0;
}

static inline int fault_entry(struct vma *vma, uaddr_t addr, pte_t *ptep, bool write)
{
	if (likely(write && vma_is_plain_anon(vma) && !(vma->flags & VM_LOCKED) && pte_none(*ptep)))
		return fault_anon_fresh(vma, addr & (uaddr_t)PAGE_MASK, ptep);
	if (write && !(vma->flags & VM_SHARED)) {
		pte_t pte = pte_read(ptep);

		if (pte_present(pte) && !pte_special(pte) && !pte_write(pte))
			return fault_private_write(vma, addr & (uaddr_t)PAGE_MASK, ptep, pte);
	}
	return handle_other_fault(vma, addr & (uaddr_t)PAGE_MASK, ptep, write);
}

/* 13, or a table is made, and the fault is one of a page after all. */
static noinline int fault_without_table(struct vma *vma, uaddr_t addr, bool write)
{
	pte_t *ptep;

	if (huge_fault(vma, addr & (uaddr_t)PAGE_MASK, write))
		return 0;
	ptep = pte_alloc_slow(vma->mm, addr);
	return ptep ? fault_entry(vma, addr, ptep, write) : -ENOMEM;
}

static inline int fault_page(struct vma *vma, uaddr_t addr, bool write)
{
	pmd_t pmd = pmd_peek(vma->mm, addr);

	return likely(pmd_is_table(pmd)) ? fault_entry(vma, addr, pte_in_table(pmd, addr), write)
					 : fault_without_table(vma, addr, write);
}

int handle_fault(struct vma *vma, uaddr_t addr, bool write)
{
	return fault_page(vma, addr, write);
}

/* ---- entry ---- */

static bool access_allowed(const struct vma *vma, unsigned error)
{
	if (error & FAULT_WRITE)
		return vma->flags & VM_WRITE;
	if (error & FAULT_INSTR)
		return vma->flags & VM_EXEC;
	return vma->flags & VM_ACCESS;
}

static __always_inline int fault_in(struct mm *mm, uaddr_t addr, unsigned error)
{
	struct vma *vma;
	int result;

	if (unlikely(atomic_read(&mm->oom) & OOM_UNSTABLE))
		return -EFAULT;
	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (unlikely(!vma || vma->start > addr))
		vma = find_extend_vma(mm, addr);
	if (unlikely(!vma))
		result = -EFAULT;
	else if (unlikely(!access_allowed(vma, error)))
		result = -EACCES;
	else
		result = fault_page(vma, addr, error & FAULT_WRITE);
	up_read(&mm->mmap_lock);
	return result;
}

int mm_fault(struct mm *mm, uaddr_t addr, unsigned error, struct regs *regs)
{
	(void)regs;
	return fault_in(mm, addr, error);
}

static void send_fault_signal(int result, uaddr_t addr)
{
	switch (result) {
	case -EFAULT: mm_send_fault_signal(SIGSEGV, SEGV_MAPERR, addr); break;
	case -EACCES: mm_send_fault_signal(SIGSEGV, SEGV_ACCERR, addr); break;
	case -ENOMEM:
		/* The allocator has already waited, reclaimed and looked for a victim. */
		if (!fatal_signal_pending(current))
			mm_send_fault_signal(SIGKILL, SI_KERNEL, addr);
		break;
	default: mm_send_fault_signal(SIGBUS, BUS_ADRERR, addr);
	}
}

static __always_inline bool fault_done(int result, unsigned long addr, unsigned error)
{
	if (likely(!result)) {
		current->min_flt++;
		vm_event_add(VM_PGFAULT, 1);
		return true;
	}
	if (result == FAULT_USERFAULT)
		result = userfaultfd_wait(current->mm, (uaddr_t)addr, error);
	if (!result)
		return true;
	if (!(error & FAULT_USER))
		return false;
	if (unlikely(console_loglevel > LOG_DEBUG))
		trace_bad_address(current->mm, (uaddr_t)addr, error, result);
	send_fault_signal(result, (uaddr_t)addr);
	return true;
}

bool mm_fault_done(int result, unsigned long addr, unsigned error)
{
	return fault_done(result, addr, error);
}

bool mm_page_fault(struct regs *regs, unsigned long addr, unsigned error)
{
	struct mm *mm = current->mm;
	int result;

	(void)regs;
	if (unlikely(addr >= TASK_SIZE || !mm))
		result = -EFAULT;
	else
		result = fault_in(mm, (uaddr_t)addr, error);
	return fault_done(result, addr, error);
}
