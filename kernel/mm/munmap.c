/*
 * munmap, and the two ways in which areas are divided and joined in a live address space.
 *
 * Everything that can fail comes first: the areas that a cut in the middle needs are allocated, the
 * limits are checked; from then on an operation cannot fail. Removed areas go to a graveyard and
 * are released when mmap_lock is free again, because closing a file may sleep and takes locks that
 * come before it.
 *
 * Order of a removal: out of the tree, out of mapping->i_mmap (no reverse map finds it), the
 * page-table entries, the page tables, one TLB flush, the pages. Read next: tlb.c.
 *
 * munmap(2).
 */
#include "virt.h"

/* ---- divide and join ---- */

void vma_split_at(struct vma *vma, uaddr_t addr, struct vma *upper)
{
	struct mapping *m = vma->mapping;

	if (m) {
		down_write(&m->i_mmap_sem);
		i_mmap_remove(vma);
	}
	vma_split(&vma->mm->areas, vma, addr, upper);
	if (m) {
		i_mmap_insert(vma);
		i_mmap_insert(upper);
		up_write(&m->i_mmap_sem);
	}
	vma_get_objects(upper);
}

/* The borders are the keys of the file's interval tree: out, change, in. */
static struct vma *merge_file_areas(struct vma *vma, struct vma_pair with)
{
	struct mapping *m = vma->mapping;

	down_write(&m->i_mmap_sem);
	i_mmap_remove(vma);
	if (with.prev)
		i_mmap_remove(with.prev);
	if (with.next)
		i_mmap_remove(with.next);
	vma = vma_merge(&vma->mm->areas, vma, with);
	i_mmap_insert(vma);
	up_write(&m->i_mmap_sem);
	return vma;
}

struct vma *vma_merge_pair(struct vma *vma, struct vma *prev, struct vma *next,
			   struct vma_graveyard *dead)
{
	struct vma_pair with = {prev, next};
	struct vma *all;

	all = vma->mapping ? merge_file_areas(vma, with) : vma_merge(&vma->mm->areas, vma, with);
	if (all != vma)
		vma_bury(dead, vma);
	if (next)
		vma_bury(dead, next);
	return all;
}

struct vma *vma_merge_around(struct vma *vma, struct vma_graveyard *dead)
{
	return vma_merge_with(vma, vma_neighbours(vma), dead);
}

int split_reserve(struct mm *mm, uaddr_t start, uaddr_t end, struct split_reserve *r)
{
	struct vma *first = vma_find(mm, start), *last = vma_find(mm, end - 1);
	bool lower = first && first->start < start,
	     upper = last && last->start < end && last->end > end;
	int err;

	r->lower = r->upper = NULL;
	if (likely(!lower && !upper))
		return 0;
	if (lower && first->ops && first->ops->may_split) {
		err = first->ops->may_split(first, start);
		if (err)
			return err;
	}
	if (upper && last->ops && last->ops->may_split) {
		err = last->ops->may_split(last, end);
		if (err)
			return err;
	}
	if (lower) {
		r->lower = vma_alloc();
		if (!r->lower)
			return -ENOMEM;
	}
	if (upper) {
		r->upper = vma_alloc();
		if (!r->upper) {
			split_reserve_free(r);
			return -ENOMEM;
		}
	}
	return 0;
}

struct vma *vma_isolate(struct vma *vma, uaddr_t start, uaddr_t end, struct split_reserve *r)
{
	if (vma->start < start) {
		struct vma *upper = r->lower;

		r->lower = NULL;
		vma_split_at(vma, start, upper);
		vma = upper;
	}
	if (vma->end > end) {
		vma_split_at(vma, end, r->upper);
		r->upper = NULL;
	}
	return vma;
}

static unsigned cuts_for(const struct vma *vma, uaddr_t start, uaddr_t end)
{
	return (vma->start < start) + (vma->end > end);
}

/* The lower or upper part [start, end) of @vma goes to the neighbour there: a border moves. */
static noinline __cold bool part_joins(const struct vma *vma, uaddr_t start, uaddr_t end,
				       struct vma *part)
{
	struct vma *near = start == vma->start ? vma_prev(vma) : vma_next(vma);

	if (!near)
		return false;
	part->pgoff = vma_index(vma, start);
	part->start = start;
	part->end = end;
	return near->end == start ? vma_can_append(near, part) : vma_can_prepend(near, part);
}

bool vma_may_cut(const struct vma *vma, uaddr_t start, uaddr_t end, struct vma *part)
{
	unsigned cuts = cuts_for(vma, start, end);

	return !cuts || likely(vma->mm->areas.count + cuts <= sysctl_max_map_count) ||
	       (cuts == 1 && part_joins(vma, start, end, part));
}

static noinline __cold bool may_cut_for_flags(const struct vma *vma, uaddr_t start, uaddr_t end,
					      u32 flags)
{
	struct vma part;

	vma_copy(&part, vma);
	part.flags = flags;
	return vma_may_cut(vma, start, end, &part);
}

int cut_for_flags(struct vma **pvma, uaddr_t start, uaddr_t end, u32 flags, struct split_reserve *r)
{
	struct vma *vma = *pvma;
	unsigned cuts = cuts_for(vma, start, end);
	long pages = (long)((end - start) >> PAGE_SHIFT);

	if (cuts && unlikely(vma->mm->areas.count + cuts > sysctl_max_map_count) &&
	    !may_cut_for_flags(vma, start, end, flags))
		return -ENOMEM;
	vma = vma_isolate(vma, start, end, r);
	account_area(vma->mm, vma->flags, -pages);
	account_area(vma->mm, flags, pages);
	*pvma = vma;
	return 0;
}

int change_flags(struct vma **vma, uaddr_t start, uaddr_t end, u32 flags, struct split_reserve *r,
		 struct vma_graveyard *dead)
{
	int err;

	if ((*vma)->flags == flags)
		return 0;
	err = cut_for_flags(vma, start, end, flags, r);
	if (err)
		return err;
	(*vma)->flags = flags;
	vma_update_prot(*vma);
	*vma = vma_merge_around(*vma, dead);
	return 0;
}

/* ---- unmap ---- */

/* Between two neighbours, of which there may be none, all is free. */
static inline uaddr_t end_below(const struct vma *before)
{
	return before ? before->end : 0;
}

static inline uaddr_t start_above(const struct vma *after)
{
	return after ? after->start : TASK_SIZE;
}

/*
 * Take [start, end) out of the tree: the first of its areas, which stay linked to each other and to
 * *@after, the area above. => nothing straddles the borders
 */
static struct vma *detach_areas(struct mm *mm, uaddr_t start, uaddr_t end, struct vma **before,
				struct vma **after)
{
	struct vma *first = vma_find(mm, start), *vma;

	*before = first ? vma_prev(first) : vma_tree_last(&mm->areas);
	for (vma = first; vma && vma->start < end; vma = vma_next(vma))
		vma_tree_erase(&mm->areas, vma);
	*after = vma;
	return first;
}

/* An area that is out of the tree and maps nothing any more. */
static void retire_area(struct mm *mm, struct vma *vma, struct vma_graveyard *dead)
{
	u32 pages = vma_pages(vma);

	account_area(mm, vma->flags, -(long)pages);
	if (vma->flags & VM_ACCOUNT)
		vm_uncommit(pages);
	vma_bury(dead, vma);
}

/*
 * What detach_areas() took out: those from @first on, before @after. Between @before and @after
 * nothing is mapped any more.
 */
static noinline void unmap_chain(struct mm *mm, struct vma *first, uaddr_t start, uaddr_t end,
				 const struct vma *before, const struct vma *after,
				 struct vma_graveyard *dead)
{
	struct tlb_gather tlb;
	struct vma *vma, *next;

	update_hiwater(mm);
	tlb_gather_begin(&tlb, mm);
	for (vma = first; vma != after; vma = next) {
		next = vma_next(vma);
		vma_unlink_file(vma);
		zap_range(&tlb, vma, vma->start, vma->end, false);
		retire_area(mm, vma, dead);
	}
	free_pgtables(&tlb, start, end, end_below(before), start_above(after));
	tlb_gather_end(&tlb);
}

/*
 * Is there nothing to be done for the page tables of [start, end), when no area is mapped between
 * @floor and @ceiling any more: no entry in the one table, which a neighbour needs too? False:
 * perhaps there is. Who sets an entry holds mmap_lock. => mmap_lock held for write
 */
static bool tables_stay(struct mm *mm, uaddr_t start, uaddr_t end, uaddr_t floor, uaddr_t ceiling)
{
	unsigned pages = (end - start) >> PAGE_SHIFT;
	pmd_t pmd;

	if (!shares_its_table(start, end, floor, ceiling))
		return false;
	pmd = pmd_peek(mm, start);
	return pmd_none(pmd) ||
	       (pmd_is_table(pmd) && ptes_skip_empty(pte_in_table(pmd, start), pages) == pages);
}

/* One area and no part of another: what munmap is for most often. */
static void unmap_area(struct vma *vma, struct vma_graveyard *dead)
{
	struct vma *before = vma_prev(vma), *after = vma_next(vma);
	struct mm *mm = vma->mm;

	vma_tree_erase(&mm->areas, vma);
	if (tables_stay(mm, vma->start, vma->end, end_below(before), start_above(after))) {
		vma_unlink_file(vma);
		retire_area(mm, vma, dead);
		return;
	}
	unmap_chain(mm, vma, vma->start, vma->end, before, after, dead);
}

void unmap_whole(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead)
{
	struct vma *before, *after, *first = detach_areas(mm, start, end, &before, &after);

	unmap_chain(mm, first, start, end, before, after, dead);
}

/*
 * [start, end) is the lower or the upper part of @vma: the area shrinks, and nothing is
 * allocated.
 */
static noinline int unmap_edge(struct vma *vma, uaddr_t start, uaddr_t end)
{
	bool lower = start == vma->start;
	struct vma *near = lower ? vma_prev(vma) : vma_next(vma);
	struct mapping *m = vma->mapping;
	struct mm *mm = vma->mm;
	u32 pages = (end - start) >> PAGE_SHIFT;
	struct tlb_gather tlb;
	int err;

	if (vma->ops && vma->ops->may_split) {
		err = vma->ops->may_split(vma, lower ? end : start);
		if (err)
			return err;
	}
	update_hiwater(mm);
	if (m) {
		down_write(&m->i_mmap_sem);
		i_mmap_remove(vma);
	}
	vma_resize(vma, lower ? end : vma->start, lower ? vma->end : start);
	if (m) {
		i_mmap_insert(vma);
		up_write(&m->i_mmap_sem);
	}
	account_area(mm, vma->flags, -(long)pages);
	if (vma->flags & VM_ACCOUNT)
		vm_uncommit(pages);
	tlb_gather_begin(&tlb, mm);
	zap_range(&tlb, vma, start, end, false);
	if (lower)
		free_pgtables(&tlb, start, end, end_below(near), end);
	else
		free_pgtables(&tlb, start, end, start, start_above(near));
	tlb_gather_end(&tlb);
	return 0;
}

/* Areas and parts of areas; @vma: the first. 0 or -errno with nothing changed */
static noinline int unmap_parts(struct mm *mm, struct vma *vma, uaddr_t start, uaddr_t end,
				struct vma_graveyard *dead)
{
	struct split_reserve r;
	int err;

	if (vma->start < start && vma->end > end && mm->areas.count >= sysctl_max_map_count)
		return -ENOMEM;
	err = split_reserve(mm, start, end, &r);
	if (err)
		return err;
	if (r.lower)
		vma_split_at(vma, start, r.lower);
	if (r.upper)
		vma_split_at(vma_find(mm, end - 1), end, r.upper);
	unmap_whole(mm, start, end, dead);
	return 0;
}

int mm_unmap_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead)
{
	struct vma *vma = vma_tree_find_intersection(&mm->areas, start, end);

	if (!vma)
		return 0;
	if (vma->start == start && vma->end == end) {
		unmap_area(vma, dead);
		return 0;
	}
	if (vma->start <= start && vma->end >= end && (vma->start == start || vma->end == end))
		return unmap_edge(vma, start, end);
	return unmap_parts(mm, vma, start, end, dead);
}

int mm_release_dying(struct mm *mm)
{
	struct vma_graveyard dead = {NULL};
	struct vma *vma, *next;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	for (vma = vma_first(mm); vma; vma = next) {
		next = vma_next(vma);
		if (!(vma->flags & (VM_SHARED | VM_PFNMAP | VM_HUGETLB)))
			unmap_whole(mm, vma->start, vma->end, &dead);
		cond_resched();
	}
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return 0;
}

int mm_unmap(struct mm *mm, uaddr_t addr, u32 len)
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (addr & ~PAGE_MASK || addr > TASK_SIZE || len > TASK_SIZE - addr)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = mm_unmap_locked(mm, addr, addr + len, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}

/* ---- the areas of one mapping of an object ---- */

/* Does @vma lie where a mapping of its whole object at @addr would put it? */
static bool lies_at(const struct vma *vma, uaddr_t addr)
{
	return (vma->start - addr) >> PAGE_SHIFT == vma->pgoff;
}

/* The first area at @addr or above that belongs to a mapping at @addr. */
static struct vma *first_of_object(struct mm *mm, uaddr_t addr, void (*close)(struct vma *vma))
{
	struct vma *vma = vma_find(mm, addr);

	while (vma &&
	       !(vma->ops && vma->ops->close == close && vma->start >= addr && lies_at(vma, addr)))
		vma = vma_next(vma);
	return vma;
}

static int unmap_object_locked(struct mm *mm, uaddr_t addr, void (*close)(struct vma *vma),
			       struct vma_graveyard *dead)
{
	struct vma *first = first_of_object(mm, addr, close), *vma, *next;
	const struct vma_ops *ops;
	u64 end;

	if (!first)
		return -EINVAL;
	ops = first->ops;
	end = addr + ALIGN_UP((u64)mapping_size(first->mapping), PAGE_SIZE);
	vma = vma_next(first);
	unmap_whole(mm, first->start, first->end, dead);
	for (; vma && vma->end <= end; vma = next) {
		next = vma_next(vma);
		if (vma->ops == ops && lies_at(vma, addr))
			unmap_whole(mm, vma->start, vma->end, dead);
	}
	return 0;
}

int mm_unmap_object(struct mm *mm, uaddr_t addr, void (*close)(struct vma *vma))
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = unmap_object_locked(mm, addr, close, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}
