/*
 * Memory policies: which node's memory a task or an area would have. This machine has one node, so
 * a policy moves no page; but it is state that programs set, inherit and read back, and areas with
 * different policies do not merge.
 *
 * A policy is 16 bits: the mode, its flags, whether node 0 was named, whether a home node was. 0:
 * none. An area's is in vma->policy, with VM_POLICY in its flags; a task's in task->mempolicy, kept
 * by fork and exec. mbind(2), set_mempolicy(2). Read next: abi/mempolicy.c.
 */
#include "mm/mempolicy.h"
#include "virt.h"

/* ---- areas ---- */

static void set_policy(struct vma *vma, u16 policy)
{
	vma->policy = policy;
	vma->flags = policy ? vma->flags | VM_POLICY : vma->flags & ~VM_POLICY;
}

static int set_part(struct vma **pvma, uaddr_t start, uaddr_t end, u16 policy,
		    struct split_reserve *r, struct vma_graveyard *dead)
{
	struct vma *vma = *pvma, part;

	if (vma_policy(vma) == policy)
		return 0;
	vma_copy(&part, vma);
	set_policy(&part, policy);
	if (!vma_may_cut(vma, start, end, &part))
		return -ENOMEM;
	vma = vma_isolate(vma, start, end, r);
	set_policy(vma, policy);
	*pvma = vma_merge_around(vma, dead);
	return 0;
}

static bool is_covered(struct mm *mm, uaddr_t start, uaddr_t end)
{
	for (struct vma *vma = vma_find(mm, start); start < end; vma = vma_next(vma)) {
		if (!vma || vma->start > start)
			return false;
		start = vma->end;
	}
	return true;
}

static int bind_locked(struct mm *mm, uaddr_t start, uaddr_t end, u16 policy,
		       struct vma_graveyard *dead)
{
	struct split_reserve r;
	int err;

	if (!is_covered(mm, start, end))
		return -EFAULT;
	err = split_reserve(mm, start, end, &r);
	if (err)
		return err;
	for (struct vma *vma = vma_find(mm, start); start < end && !err; vma = vma_next(vma)) {
		err = set_part(&vma, start, MIN(vma->end, end), policy, &r, dead);
		start = vma->end;
	}
	split_reserve_free(&r);
	return err;
}

int mm_bind(struct mm *mm, uaddr_t start, uaddr_t end, u16 policy)
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = bind_locked(mm, start, end, policy, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}

static int home_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead)
{
	struct split_reserve r;
	int err = split_reserve(mm, start, end, &r), result = -ENOENT;

	if (err)
		return err;
	for (struct vma *vma = vma_find(mm, start); vma && vma->start < end; vma = vma_next(vma)) {
		u16 policy = vma_policy(vma);
		uaddr_t stop = vma->end;

		if (!policy)
			continue;
		result = policy_allows_home(policy)
				 ? set_part(&vma, MAX(vma->start, start), MIN(stop, end),
					    policy | POLICY_HOME, &r, dead)
				 : -EOPNOTSUPP;
		if (result)
			break;
	}
	split_reserve_free(&r);
	return result;
}

int mm_set_home_node(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct vma_graveyard dead = {NULL};
	int err;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = home_locked(mm, start, end, &dead);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	return err;
}

int mm_policy_at(struct mm *mm, uaddr_t addr, u16 *policy)
{
	struct vma *vma;
	int err = -EFAULT;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (vma && vma->start <= addr) {
		*policy = vma_policy(vma);
		err = 0;
	}
	up_read(&mm->mmap_lock);
	return err;
}

/* ---- pages ---- */

int mm_node_at(struct mm *mm, uaddr_t addr)
{
	struct page *page;
	long got = get_user_pages(mm, addr, 1, false, false, &page);

	if (got != 1)
		return (int)got;
	page_put(page);
	return 0;
}

int mm_page_node(struct mm *mm, uaddr_t addr)
{
	struct vma *vma;
	int node = -EFAULT;

	down_read(&mm->mmap_lock);
	vma = vma_find(mm, addr);
	if (vma && vma->start <= addr && !(vma->flags & (VM_IO | VM_PFNMAP))) {
		pte_t *ptep = pte_peek(mm, addr), pte = ptep ? pte_read(ptep) : (pte_t){0};

		/* The zero page is on no node of the process's choice. */
		node = !pte_present(pte) ? -ENOENT : pte_special(pte) ? -EFAULT : 0;
	}
	up_read(&mm->mmap_lock);
	return node;
}
