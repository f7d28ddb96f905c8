/*
 * The pages of a process for others: pinned one by one, with the fault that would bring them in
 * where they are absent. For /proc/PID/mem, ptrace, process_vm_readv, futex keys; and populating
 * areas ahead of use.
 */
#include "virt.h"

/*
 * The page that serves the access now, referenced; NULL: a fault is needed. Where a debugger has
 * written to a read-only private area, the page is dirty, the process's alone, and not writable
 * (fault.c, maybe_mkwrite).
 */
static struct page *page_now(struct vma *vma, uaddr_t addr, bool write)
{
	struct mm *mm = vma->mm;
	struct page *page = NULL;
	pte_t *ptep, pte;

	spin_lock(&mm->page_table_lock);
	ptep = pte_peek(mm, addr);
	pte = ptep ? *ptep : (pte_t){0};
	if (pte_present(pte) && (!write || pte_write(pte) || pte_dirty(pte))) {
		page = pfn_to_page(pte_pfn(pte));
		if (write && !pte_write(pte) && !(page_is_anon(page) && page_refs(page) == 1))
			page = NULL;
		else
			page_get(page);
	}
	spin_unlock(&mm->page_table_lock);
	return page;
}

static bool may_access(const struct vma *vma, bool write, bool force)
{
	if (vma->flags & VM_IO)
		return false;
	if (write)
		return (vma->flags & VM_WRITE) ||
		       (force && (vma->flags & VM_MAYWRITE) && !(vma->flags & VM_SHARED));
	return (vma->flags & VM_READ) || (force && (vma->flags & VM_MAYREAD));
}

static struct page *get_one(struct mm *mm, uaddr_t addr, bool write, bool force)
{
	struct vma *vma = vma_find(mm, addr);
	struct page *page;
	int err;

	if (!vma || vma->start > addr || !may_access(vma, write, force))
		return ERR_PTR(-EFAULT);
	while (!(page = page_now(vma, addr, write))) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		err = handle_fault(vma, addr, write);
		if (err == FAULT_USERFAULT)
			return ERR_PTR(-EAGAIN);
		if (err)
			return ERR_PTR(err == -ENOMEM ? -ENOMEM : -EFAULT);
	}
	return page;
}

/* The same, waiting for userfaultfd(2), but not for a debugger: mmap_lock is given up meanwhile. */
static struct page *get_or_wait(struct mm *mm, uaddr_t addr, bool write, bool force)
{
	struct page *page = get_one(mm, addr, write, force);

	while (unlikely(IS_ERR(page) && PTR_ERR(page) == -EAGAIN)) {
		int err = -EIO;

		if (!force) {
			up_read(&mm->mmap_lock);
			err = userfaultfd_wait(mm, addr, write ? FAULT_WRITE : 0);
			down_read(&mm->mmap_lock);
		}
		if (err)
			return ERR_PTR(err == -EINTR ? -EINTR : -EFAULT);
		page = get_one(mm, addr, write, force);
	}
	return page;
}

long get_user_pages(struct mm *mm, uaddr_t addr, unsigned n, bool write, bool force,
		    struct page **pages)
{
	long got = 0;
	struct page *page = NULL;

	down_read(&mm->mmap_lock);
	for (; got < (long)n && addr < TASK_SIZE; addr += PAGE_SIZE) {
		page = get_or_wait(mm, addr & (uaddr_t)PAGE_MASK, write, force);
		if (IS_ERR(page))
			break;
		pages[got++] = page;
	}
	up_read(&mm->mmap_lock);
	if (got || !n)
		return got;
	return IS_ERR(page) ? PTR_ERR(page) : -EFAULT;
}

void mm_grow_stack(struct mm *mm, uaddr_t addr)
{
	down_read(&mm->mmap_lock);
	find_extend_vma(mm, addr);
	up_read(&mm->mmap_lock);
}

size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t len, bool write)
{
	size_t done = 0;

	mm_grow_stack(mm, addr);
	while (done < len) {
		unsigned offset = addr & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - offset);
		struct page *page;

		if (get_user_pages(mm, addr, 1, write, true, &page) != 1)
			break;
		if (write) {
			memcpy_to_page(page, offset, (char *)buf + done, n);
			if (!page_test(page, PG_DIRTY) && page_mapping(page))
				mapping_mark_dirty(page_mapping(page), page);
		} else {
			memcpy_from_page((char *)buf + done, page, offset, n);
		}
		page_put(page);
		done += n;
		addr += (uaddr_t)n;
	}
	return done;
}

/*
 * As a write where that is what will come: the first touch of a private writable page is then the
 * last fault.
 */
static bool populates_by_write(const struct vma *vma)
{
	return (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
}

/*
 * Fault in one area's part; what failed is at *reached. Pages of areas that cannot be
 * accessed are an error; of PROT_NONE too. mlock2(MLOCK_ONFAULT) wants its pages at the first
 * touch, whoever asks.
 */
static int populate_area(struct vma *vma, uaddr_t start, uaddr_t end, uaddr_t *reached)
{
	bool write = populates_by_write(vma);
	int err = 0;

	if (vma->flags & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT))
		return 0;
	if (!vma_is_accessible(vma))
		return -EFAULT;
	for (uaddr_t addr = start; addr < end && !err; addr += PAGE_SIZE) {
		pte_t *ptep = pte_peek(vma->mm, addr), pte = ptep ? pte_read(ptep) : (pte_t){0};

		*reached = addr;
		if (pte_none(pte) || (write && !pte_write(pte)))
			err = handle_fault(vma, addr, write);
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
	return err;
}

void populate_now(struct vma *vma, uaddr_t start, uaddr_t end)
{
	uaddr_t reached;

	populate_area(vma, start, end, &reached);
}

int mm_populate(struct mm *mm, uaddr_t addr, u32 len)
{
	uaddr_t end = addr + len;
	int err = 0;

	while (addr < end && !err) {
		struct vma *vma;
		bool write = false;
		uaddr_t stop = MIN(end, ALIGN_DOWN(addr, PMD_SIZE) + (uaddr_t)PMD_SIZE);

		down_read(&mm->mmap_lock);
		vma = vma_find(mm, addr);
		if (!vma || vma->start > addr) {
			err = -ENOMEM;
		} else {
			stop = MIN(stop, vma->end);
			write = populates_by_write(vma);
			err = populate_area(vma, addr, stop, &addr);
		}
		up_read(&mm->mmap_lock);
		if (unlikely(err == FAULT_USERFAULT)) {
			err = userfaultfd_wait(mm, addr, write ? FAULT_WRITE : 0);
			continue;
		}
		addr = stop;
		cond_resched();
	}
	return err;
}
