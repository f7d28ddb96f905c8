/*
 * Memory policies on a machine of one node: mm/mempolicy.c. A policy is a u16 of the parts below; 0
 * stands for none, which is the default one.
 */
#ifndef MM_MEMPOLICY_H
#define MM_MEMPOLICY_H

#include "mm/mm.h"
#include <linux/mempolicy.h>

#define POLICY_MODE 0x0007u /* MPOL_* */
#define POLICY_NODE 0x0008u /* node 0 is named */
#define POLICY_HOME 0x0010u /* node 0 is the home */
#define POLICY_FLAGS (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING)

/* The policy of @vma itself. => mmap_lock held */
static inline u16 vma_policy(const struct vma *vma)
{
	return vma->flags & VM_POLICY ? vma->policy : 0;
}
/* set_mempolicy_home_node(2) is for policies that name several nodes. */
static inline bool policy_allows_home(u16 policy)
{
	unsigned mode = policy & POLICY_MODE;

	return mode == MPOL_BIND || mode == MPOL_PREFERRED_MANY;
}

/*
 * Give all of [start, end) @policy: 0, -EFAULT (a hole: nothing done), -ENOMEM, -EINTR. mbind(2).
 * Whole pages, start < end.
 */
int mm_bind(struct mm *mm, uaddr_t start, uaddr_t end, u16 policy);
/*
 * Node 0 becomes the home of those parts that have a policy: 0, -ENOENT (none has), -EOPNOTSUPP,
 * -ENOMEM, -EINTR
 */
int mm_set_home_node(struct mm *mm, uaddr_t start, uaddr_t end);
/* The policy of the area at @addr: 0 or -EFAULT */
int mm_policy_at(struct mm *mm, uaddr_t addr, u16 *policy);
/* The node of the page at @addr, faulted in: 0 or -errno */
int mm_node_at(struct mm *mm, uaddr_t addr);
/*
 * The same of a page that is there: 0, -ENOENT (absent), -EFAULT (no such address, or
 * the zero page)
 */
int mm_page_node(struct mm *mm, uaddr_t addr);

#endif
