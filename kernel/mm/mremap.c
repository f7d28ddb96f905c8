/*
 * mremap: an area grows, shrinks or moves with its pages. A move carries page-table entries, not
 * contents.
 *
 * Order of a move: the new area and all its page tables are made; the old part is cut out with
 * areas allocated before; only then are the entries carried over, which cannot fail.
 *
 * mremap(2). Read next: munmap.c.
 */
#include "virt.h"
#include <linux/mman.h>

struct move {
	struct mm *mm;
	uaddr_t old, new;
	u32 old_len, new_len, flags;
	bool populate;
};

/* ---- what is allowed ---- */

/* May @vma's part from r->old be @new_len bytes long, here or elsewhere? */
static int check_area(const struct move *r, const struct vma *vma)
{
	u32 more = r->new_len - r->old_len;

	if (!r->old_len && !(vma->flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && (vma->flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return -EINVAL;
	if (r->old_len > vma->end - r->old)
		return -EFAULT;
	if (r->new_len == r->old_len)
		return 0;
	if (vma_index(vma, r->old) + (r->new_len >> PAGE_SHIFT) < vma_index(vma, r->old))
		return -EINVAL;
	if (vma->flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EFAULT;
	if (may_lock_pages(r->mm, vma->flags, more >> PAGE_SHIFT))
		return -EAGAIN;
	return may_expand_vm(r->mm, vma->flags, more >> PAGE_SHIFT) ? 0 : -ENOMEM;
}

/* ---- carrying entries over ---- */

/* Page tables for the target, so that the move itself needs no memory. */
static int make_tables(struct mm *mm, uaddr_t start, u32 len)
{
	struct vma *next = vma_find(mm, start),
		   *prev = next ? vma_prev(next) : vma_tree_last(&mm->areas);
	struct tlb_gather tlb;
	uaddr_t addr;

	for (addr = start; addr < start + len;
	     addr = (addr & (uaddr_t)PMD_MASK) + (uaddr_t)PMD_SIZE)
		if (!pte_alloc(mm, addr))
			break;
	if (addr >= start + len)
		return 0;
	tlb_gather_begin(&tlb, mm);
	free_pgtables(&tlb, start, start + len, prev ? prev->end : 0,
		      next ? next->start : TASK_SIZE);
	tlb_gather_end(&tlb);
	return -ENOMEM;
}

/* Bytes up to the end of the page table that has @addr's entry. */
static u32 rest_of_table(uaddr_t addr)
{
	return (addr | (uaddr_t)~PMD_MASK) + 1 - addr;
}

/* The reverse map looks for a private page at its address (rmap.c). */
static inline void page_moved(struct page *page, u32 index)
{
	if (page_is_anon(page) && page_mapcount(page) == 1)
		page->index = index;
}

/* @len bytes, of one page table on either side. True: there was something to move. */
static noinline bool move_within_tables(struct mm *mm, uaddr_t old, uaddr_t new, u32 len)
{
	u32 index = new >> PAGE_SHIFT, end = index + len / PAGE_SIZE;
	pte_t *from, *dest;
	bool moved = false;

	spin_lock(&mm->page_table_lock);
	from = pte_find(mm, old);
	if (!from)
		goto out;
	for (dest = pte_find(mm, new); index < end; from++, dest++, index++) {
		pfn_t pfn;

		if (!pte_low(from) && pte_none(*from))
			continue;
		moved = true;
		pfn = ptep_move(from, dest);
		if (pfn)
			page_moved(pfn_to_page(pfn), index);
	}
out:
	spin_unlock(&mm->page_table_lock);
	return moved;
}

static void move_entries(struct mm *mm, uaddr_t old, uaddr_t new, u32 len)
{
	bool moved = false;

	for (u32 done = 0, n; done < len; done += n) {
		n = MIN(rest_of_table(old + done), rest_of_table(new + done));
		n = MIN(n, len - done);
		moved |= move_within_tables(mm, old + done, new + done, n);
	}
	if (moved)
		tlb_flush_range(mm, old, old + len);
}

/* ---- the new area ---- */

static struct vma *build_target(struct move *r, struct vma *old)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	vma_copy(vma, old);
	userfaultfd_forget(vma);
	vma->start = r->new;
	vma->end = r->new + r->new_len;
	vma->pgoff =
		vma_is_anon(old) && !old->anon_id ? r->new >> PAGE_SHIFT : vma_index(old, r->old);
	return vma;
}

/* The area is in place; the entries follow. No truncate may look at one and miss the other. */
static void link_and_move(struct move *r, struct vma *vma)
{
	struct mapping *m = vma->mapping;

	vma_get_objects(vma);
	if (m) {
		down_write(&m->i_mmap_sem);
		i_mmap_insert(vma);
	}
	vma_tree_insert(&r->mm->areas, vma);
	move_entries(r->mm, r->old, r->new, MIN(r->old_len, r->new_len));
	if (m)
		up_write(&m->i_mmap_sem);
	account_area(r->mm, vma->flags, (long)vma_pages(vma));
}

/*
 * Linux joins the target with its neighbours before the old part goes. If the old area is one of
 * them, and what lies on the other side has private pages, what remains of the old area counts
 * as one that has.
 */
static void share_with_remains(struct vma *vma, struct vma *old)
{
	struct vma_pair with = vma_neighbours(vma);

	if (with.prev == old && with.next)
		old->anon_id = with.next->anon_id;
	else if (with.next == old && with.prev)
		old->anon_id = with.prev->anon_id;
}

/* The old part goes without giving its promise back: the new area has taken it over. */
static void drop_old(struct move *r, struct vma *old, struct split_reserve *reserve,
		     struct vma_graveyard *dead)
{
	if (!r->old_len)
		return;
	old = vma_isolate(old, r->old, r->old + r->old_len, reserve);
	old->flags &= ~VM_ACCOUNT;
	unmap_whole(r->mm, r->old, r->old + r->old_len, dead);
}

/* MREMAP_DONTUNMAP: the old area stays, empty, and is as if never touched. */
static void keep_old(struct move *r, struct vma *old)
{
	if (old->flags & VM_LOCKED) {
		r->mm->locked_vm -= vma_pages(old);
		vma_set_locked(old, 0);
	}
	if (old->start == r->old && old->end == r->old + r->old_len)
		old->anon_id = 0;
}

static int promise_for(const struct move *r, const struct vma *vma)
{
	u32 more = r->flags & MREMAP_DONTUNMAP ? r->new_len : r->new_len - r->old_len;

	return vma->flags & VM_ACCOUNT ? vm_commit(more >> PAGE_SHIFT) : 0;
}

static void unpromise(const struct move *r, const struct vma *vma)
{
	u32 more = r->flags & MREMAP_DONTUNMAP ? r->new_len : r->new_len - r->old_len;

	if (vma->flags & VM_ACCOUNT)
		vm_uncommit(more >> PAGE_SHIFT);
}

/* Move [old, old+old_len) of @old to r->new, where there is room. */
static long move_area(struct move *r, struct vma *old, struct vma_graveyard *dead)
{
	struct split_reserve reserve = {NULL, NULL};
	struct vma *vma;
	int err;

	if (r->mm->areas.count + 3 >= sysctl_max_map_count)
		return -ENOMEM;
	err = r->old_len ? split_reserve(r->mm, r->old, r->old + r->old_len, &reserve) : 0;
	if (err)
		return err;
	err = promise_for(r, old);
	if (err)
		goto free_reserve;
	err = -ENOMEM;
	vma = build_target(r, old);
	if (!vma)
		goto unpromise;
	err = make_tables(r->mm, r->new, MIN(r->old_len, r->new_len));
	if (err)
		goto free_vma;
	link_and_move(r, vma);
	share_with_remains(vma, old);
	if (r->flags & MREMAP_DONTUNMAP)
		keep_old(r, old);
	else
		drop_old(r, old, &reserve, dead);
	split_reserve_free(&reserve);
	r->populate = vma->flags & VM_LOCKED;
	vma_merge_around(vma, dead);
	return (long)r->new;
free_vma:
	vma_free(vma);
unpromise:
	unpromise(r, old);
free_reserve:
	split_reserve_free(&reserve);
	return err;
}

/* ---- the three ways ---- */

/* As munmap(2). */
static int unmap_checked(struct move *r, uaddr_t addr, u32 len, struct vma_graveyard *dead)
{
	if (addr > TASK_SIZE || len > TASK_SIZE - addr)
		return -EINVAL;
	return mm_unmap_locked(r->mm, addr, addr + len, dead);
}

/*
 * MREMAP_FIXED, MREMAP_DONTUNMAP. As on Linux, the target's place is cleared and the tail of the
 * source goes before the source is looked at.
 */
static long remap_to(struct move *r, struct vma_graveyard *dead)
{
	bool fixed = r->flags & MREMAP_FIXED;
	struct vma *vma;
	long addr;
	int err;

	if (r->new & ~PAGE_MASK || r->new_len > TASK_SIZE || r->new > TASK_SIZE - r->new_len)
		return -EINVAL;
	if (r->old + r->old_len > r->new && r->new + r->new_len > r->old)
		return -EINVAL;
	if (r->mm->areas.count + 5 >= sysctl_max_map_count)
		return -ENOMEM;
	err = fixed ? mm_unmap_locked(r->mm, r->new, r->new + r->new_len, dead) : 0;
	if (!err && r->old_len > r->new_len) {
		err = unmap_checked(r, r->old + r->new_len, r->old_len - r->new_len, dead);
		r->old_len = r->new_len;
	}
	if (err)
		return err;
	vma = vma_find(r->mm, r->old);
	if (!vma || vma->start > r->old)
		return -EFAULT;
	err = check_area(r, vma);
	if (err)
		return err;
	if ((r->flags & MREMAP_DONTUNMAP) &&
	    !may_expand_vm(r->mm, vma->flags, r->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	addr = mm_unmapped_area(r->mm, r->new, r->new_len, fixed ? MAP_FIXED : 0);
	if (mm_is_error(addr))
		return addr;
	r->new = (uaddr_t)addr;
	return move_area(r, vma, dead);
}

static bool room_above(const struct move *r, struct vma *vma)
{
	struct vma *next = vma_next(vma);
	u32 more = r->new_len - r->old_len;

	return vma->end - r->old == r->old_len && more <= TASK_SIZE - vma->end &&
	       (!next || next->start >= vma->end + more);
}

static long grow_in_place(struct move *r, struct vma *vma, struct vma_graveyard *dead)
{
	u32 more = r->new_len - r->old_len;
	struct vma_pair with = {NULL, vma_next(vma)};
	struct mapping *m = vma->mapping;

	if ((vma->flags & VM_ACCOUNT) && vm_commit(more >> PAGE_SHIFT))
		return -ENOMEM;
	if (m) {
		down_write(&m->i_mmap_sem);
		i_mmap_remove(vma);
	}
	vma_resize(vma, vma->start, vma->end + more);
	if (m) {
		i_mmap_insert(vma);
		up_write(&m->i_mmap_sem);
	}
	account_area(r->mm, vma->flags, (long)(more >> PAGE_SHIFT));
	r->populate = vma->flags & VM_LOCKED;
	r->new = r->old;
	if (with.next && vma_can_prepend(with.next, vma)) /* Linux asks only this side */
		vma_merge_with(vma, with, dead);
	return (long)r->old;
}

static long remap_locked(struct move *r, struct vma_graveyard *dead)
{
	struct vma *vma = vma_find(r->mm, r->old);
	long addr;
	int err;

	if (!vma || vma->start > r->old)
		return -EFAULT;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(r, dead);
	if (r->old_len >= r->new_len) {
		err = r->old_len > r->new_len
			      ? unmap_checked(r, r->old + r->new_len, r->old_len - r->new_len, dead)
			      : 0;
		return err ? err : (long)r->old;
	}
	err = check_area(r, vma);
	if (err)
		return err;
	if (room_above(r, vma))
		return grow_in_place(r, vma, dead);
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	addr = mm_unmapped_area(r->mm, 0, r->new_len, 0);
	if (mm_is_error(addr))
		return addr;
	r->new = (uaddr_t)addr;
	return move_area(r, vma, dead);
}

long mm_remap(struct mm *mm, uaddr_t addr, u32 old_len, u32 new_len, u32 flags, uaddr_t new_addr)
{
	struct move r = {
		.mm = mm,
		.old = addr,
		.new = new_addr,
		.flags = flags,
		.old_len = ALIGN_UP(old_len, PAGE_SIZE),
		.new_len = ALIGN_UP(new_len, PAGE_SIZE),
	};
	struct vma_graveyard dead = {NULL};
	long result;

	if (flags & ~(u32)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	if (addr & ~PAGE_MASK || !r.new_len)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	result = remap_locked(&r, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	if (!mm_is_error(result) && r.populate && r.new_len > r.old_len)
		mm_populate(mm, r.new + r.old_len, r.new_len - r.old_len);
	return result;
}
