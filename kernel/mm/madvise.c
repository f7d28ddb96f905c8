/*
 * madvise: what a process says of its future use. Some advice is an order (DONTNEED, REMOVE,
 * DONTFORK, WIPEONFORK, POPULATE), the rest is noted in the area or lets go of pages early.
 *
 * MADV_FREE frees at once: the manual leaves the moment to the kernel.
 *
 * madvise(2). Read next: pgtable.c (zap_range), gup.c (populate), collapse.c.
 */
#include "virt.h"
#include <linux/capability.h>
#include <linux/mman.h>

/*
 * ---- orders on pages. => mmap_lock held for read; [start, end) in @vma, which may be gone afterwards:
 * advise_remove() gives the lock up meanwhile ----
 */

static int drop_pages(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct tlb_gather tlb;

	update_hiwater(vma->mm);
	tlb_gather_begin(&tlb, vma->mm);
	zap_range(&tlb, vma, start, end, false);
	tlb_gather_end(&tlb);
	return 0;
}

static int advise_dontneed(struct vma *vma, uaddr_t start, uaddr_t end)
{
	return vma->flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB) ? -EINVAL
								 : drop_pages(vma, start, end);
}

static int advise_dontneed_locked(struct vma *vma, uaddr_t start, uaddr_t end)
{
	return vma->flags & (VM_PFNMAP | VM_HUGETLB) ? -EINVAL : drop_pages(vma, start, end);
}

static int advise_free(struct vma *vma, uaddr_t start, uaddr_t end)
{
	return vma_is_anon(vma) ? advise_dontneed(vma, start, end) : -EINVAL;
}

/* Bring the file's pages into the cache; errors show at the access. */
static int advise_willneed(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mapping *m = vma->mapping;

	if (!m || !m->ops->read_page)
		return 0;
	for (uaddr_t addr = start; addr < end && !fatal_signal_pending(current);
	     addr += PAGE_SIZE) {
		u32 index = vma_index(vma, addr);
		struct page *page;

		if ((loff_t)index << PAGE_SHIFT >= mapping_size(m))
			break;
		page = mapping_read_page(m, index);
		if (IS_ERR(page))
			break;
		page_put(page);
	}
	return 0;
}

/* COLD, PAGEOUT: pages that can be read again are the next to go. */
static int advise_cold(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mapping *m = vma->mapping;

	if (vma->flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB))
		return -EINVAL;
	for (uaddr_t addr = start; m && addr < end; addr += PAGE_SIZE) {
		struct page *page = mapping_find(m, vma_index(vma, addr));

		if (!page)
			continue;
		page_clear(page, PG_REFERENCED);
		page_put(page);
	}
	return 0;
}

int (*mm_file_punch)(struct file *file, loff_t start, loff_t len);

/* The file's lock comes before mmap_lock; and seals, times are the file system's affair. */
static int punch_file(struct mm *mm, struct file *file, loff_t start, loff_t len)
{
	int err;

	mm_file_get(file);
	up_read(&mm->mmap_lock);
	err = mm_file_punch(file, start, len);
	mm_file_put(file);
	down_read(&mm->mmap_lock);
	return err;
}

/*
 * Punch the hole into the object: only memory objects can; a file system's own way is
 * fallocate(2).
 */
static int advise_remove(struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mapping *m = vma->mapping;
	loff_t from = (loff_t)vma_index(vma, start) << PAGE_SHIFT, len = (loff_t)(end - start);

	if ((vma->flags & VM_LOCKED) || !m)
		return -EINVAL;
	if ((vma->flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	if (!m->swap_backed)
		return -EOPNOTSUPP;
	if (vma->file && mm_file_punch)
		return punch_file(vma->mm, vma->file, from, len);
	mapping_truncate_range(m, from, from + len);
	return 0;
}

/* ---- notes in the area: the new flags, or -EINVAL. => mmap_lock held for write ---- */

static int advised_flags(const struct vma *vma, int advice, u32 *out)
{
	u32 flags = vma->flags;

	switch (advice) {
	case MADV_NORMAL: flags &= ~(VM_RAND_READ | VM_SEQ_READ); break;
	case MADV_SEQUENTIAL: flags = (flags & ~VM_RAND_READ) | VM_SEQ_READ; break;
	case MADV_RANDOM: flags = (flags & ~VM_SEQ_READ) | VM_RAND_READ; break;
	case MADV_DONTFORK: flags |= VM_DONTCOPY; break;
	case MADV_DOFORK:
		if (flags & VM_IO)
			return -EINVAL;
		flags &= ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		if (!vma_is_anon(vma) || (flags & VM_SHARED))
			return -EINVAL;
		flags |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK: flags &= ~VM_WIPEONFORK; break;
	case MADV_DONTDUMP: flags |= VM_DONTDUMP; break;
	case MADV_DODUMP:
		if (flags & VM_SPECIAL)
			return -EINVAL;
		flags &= ~VM_DONTDUMP;
		break;
	case MADV_HUGEPAGE:
		if (flags & VM_SPECIAL)
			return -EINVAL;
		flags = (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		break;
	case MADV_NOHUGEPAGE: flags = (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE; break;
	default: return -EINVAL;
	}
	*out = flags;
	return 0;
}

/* ---- the walk ---- */

typedef int (*page_advice_fn)(struct vma *vma, uaddr_t start, uaddr_t end);

static page_advice_fn page_advice(int advice)
{
	switch (advice) {
	case MADV_DONTNEED: return advise_dontneed;
	case MADV_DONTNEED_LOCKED: return advise_dontneed_locked;
	case MADV_FREE: return advise_free;
	case MADV_WILLNEED: return advise_willneed;
	case MADV_COLD:
	case MADV_PAGEOUT: return advise_cold;
	case MADV_REMOVE: return advise_remove;
	default: return NULL;
	}
}

/* Holes are an error, but only after everything else has been done. */
static int walk_pages(struct mm *mm, uaddr_t start, uaddr_t end, page_advice_fn fn)
{
	int err = 0, hole = 0;

	down_read(&mm->mmap_lock);
	while (start < end && !err) {
		struct vma *vma = vma_find(mm, start);
		uaddr_t stop;

		if (!vma || vma->start > start)
			hole = -ENOMEM;
		if (!vma || vma->start >= end)
			break;
		start = MAX(start, vma->start);
		stop = MIN(vma->end, end);
		err = fn(vma, start, stop);
		start = stop;
	}
	up_read(&mm->mmap_lock);
	return err ? err : hole;
}

static int walk_flags_locked(struct mm *mm, uaddr_t start, uaddr_t end, int advice,
			     struct vma_graveyard *dead)
{
	struct split_reserve r;
	int err = split_reserve(mm, start, end, &r), hole = 0;
	u32 flags = 0;

	if (err)
		return err == -EINVAL ? err : -EAGAIN;
	for (struct vma *vma = vma_find(mm, start); start < end && !err; vma = vma_next(vma)) {
		if (!vma || vma->start > start)
			hole = -ENOMEM;
		if (!vma || vma->start >= end)
			break;
		start = MAX(start, vma->start);
		err = advised_flags(vma, advice, &flags);
		if (!err)
			err = change_flags(&vma, start, MIN(vma->end, end), flags, &r, dead);
		start = vma->end;
	}
	split_reserve_free(&r);
	if (err == -ENOMEM)
		err = -EAGAIN; /* a kernel resource, for madvise(2) */
	return err ? err : hole;
}

static int walk_flags(struct mm *mm, uaddr_t start, uaddr_t end, int advice)
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = walk_flags_locked(mm, start, end, advice, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}

/*
 * POPULATE_READ, POPULATE_WRITE of one area's part, with the lock given up now and then. => [addr,
 * end) in an area when the caller last looked
 */
static int populate_part(struct mm *mm, uaddr_t addr, uaddr_t end, u32 access)
{
	struct page *page;
	long got = 0;

	for (; addr < end; addr += PAGE_SIZE) {
		got = get_user_pages(mm, addr, 1, access == VM_WRITE, false, &page);
		if (got != 1)
			return (int)got;
		page_put(page);
		cond_resched();
	}
	return 0;
}

/* Holes are passed over, and are the error only if nothing worse is found. */
static int populate(struct mm *mm, uaddr_t start, uaddr_t end, u32 access)
{
	int err = 0, hole = 0;

	while (start < end && !err) {
		struct vma *vma;
		uaddr_t from, to;

		down_read(&mm->mmap_lock);
		vma = vma_find(mm, start);
		from = vma ? MAX(vma->start, start) : end;
		to = vma ? MIN(vma->end, end) : end;
		if (vma && from < end &&
		    ((vma->flags & (VM_IO | VM_PFNMAP)) || !(vma->flags & access)))
			err = -EINVAL;
		up_read(&mm->mmap_lock);
		if (from > start)
			hole = -ENOMEM;
		if (!err && from < end)
			err = populate_part(mm, from, to, access);
		start = MAX(from, to);
	}
	return err ? err : hole;
}

static bool is_known(int advice)
{
	switch (advice) {
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_COLLAPSE:
	case MADV_NORMAL:
	case MADV_SEQUENTIAL:
	case MADV_RANDOM:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE: return true;
	default: return page_advice(advice) != NULL;
	}
}

/* Simulated memory errors. */
static bool is_poison(int advice)
{
	return advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE;
}

int mm_advise(struct mm *mm, uaddr_t addr, u32 len_in, int advice)
{
	u32 len = ALIGN_UP(len_in, PAGE_SIZE);
	uaddr_t end = addr + len;

	if ((!is_known(advice) && !is_poison(advice)) || addr & ~PAGE_MASK || (len_in && !len) ||
	    end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (is_poison(advice)) /* not built in; who may not ask hears that first */
		return mm_capable && mm_capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return populate(mm, addr, end, advice == MADV_POPULATE_WRITE ? VM_WRITE : VM_READ);
	if (advice == MADV_COLLAPSE)
		return mm_collapse(mm, addr, end);
	if (page_advice(advice))
		return walk_pages(mm, addr, end, page_advice(advice));
	return walk_flags(mm, addr, end, advice);
}
