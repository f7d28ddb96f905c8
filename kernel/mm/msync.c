/*
 * msync and mincore: an area's pages against their object.
 *
 * msync(2), mincore(2).
 */
#include "virt.h"
#include <linux/mman.h>

/* ---- msync ---- */

/* Write back what @vma maps of [start, end); releases mmap_lock meanwhile, with the file held. */
static int sync_area(struct mm *mm, struct vma *vma, uaddr_t start, uaddr_t end)
{
	struct mapping *m = vma->mapping;
	struct file *file = vma->file;
	loff_t from = (loff_t)vma_index(vma, start) << PAGE_SHIFT,
	       to = (loff_t)vma_index(vma, end - 1) << PAGE_SHIFT;
	int err;

	mm_file_get(file);
	up_read(&mm->mmap_lock);
	err = mapping_sync(m, from, to + (loff_t)PAGE_SIZE - 1);
	mm_file_put(file);
	down_read(&mm->mmap_lock);
	return err;
}

static int sync_range(struct mm *mm, uaddr_t start, uaddr_t end, u32 flags)
{
	int hole = 0, err;

	while (start < end) {
		struct vma *vma = vma_find(mm, start);
		uaddr_t stop;

		if (!vma)
			return -ENOMEM;
		if (start < vma->start) {
			hole = -ENOMEM;
			start = vma->start;
			continue;
		}
		if ((flags & MS_INVALIDATE) && (vma->flags & VM_LOCKED))
			return -EBUSY;
		stop = MIN(vma->end, end);
		if ((flags & MS_SYNC) && vma->file && vma->mapping && (vma->flags & VM_SHARED)) {
			err = sync_area(mm, vma, start, stop);
			if (err)
				return err;
		}
		start = stop;
	}
	return hole;
}

int mm_sync(struct mm *mm, uaddr_t addr, u32 len, u32 flags)
{
	u32 length = ALIGN_UP(len, PAGE_SIZE);
	int err;

	if (flags & ~(u32)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & ~PAGE_MASK ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (addr + length < addr)
		return -ENOMEM;
	if (!length)
		return 0;
	down_read(&mm->mmap_lock);
	err = sync_range(mm, addr, addr + length, flags);
	up_read(&mm->mmap_lock);
	return err;
}

/* ---- mincore ---- */

bool (*mm_file_may_peek)(struct file *file);

static bool is_in_core(struct vma *vma, uaddr_t addr)
{
	pte_t *ptep = pte_peek(vma->mm, addr);
	struct page *page;
	bool yes;

	if (ptep && !pte_none(pte_read(ptep)))
		return true;
	if (!vma->mapping)
		return false;
	page = mapping_find(vma->mapping, vma_index(vma, addr));
	if (!page)
		return false;
	yes = page_test(page, PG_UPTODATE);
	page_put(page);
	return yes;
}

/*
 * What others keep in memory is told only to those who could change it: everything is, to others.
 */
static bool may_peek(const struct vma *vma)
{
	return !vma->file || !mm_file_may_peek || mm_file_may_peek(vma->file);
}

long mm_incore(struct mm *mm, uaddr_t addr, u32 pages, u8 *vec)
{
	struct vma *vma, *asked = NULL;
	bool hidden = false;
	u32 n = 0;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	for (; n < pages; n++, addr += PAGE_SIZE) {
		if (vma && addr >= vma->end)
			vma = vma_next(vma);
		if (!vma || addr < vma->start)
			break;
		if (vma != asked)
			hidden = !may_peek(vma);
		asked = vma;
		*vec++ = hidden || is_in_core(vma, addr);
	}
	up_read(&mm->mmap_lock);
	return n ? (long)n : -ENOMEM;
}
