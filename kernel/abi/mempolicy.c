/*
 * The system calls on memory policies, for a machine whose only node is 0: sets of nodes are
 * checked bit by bit as Linux does, and what names another node is refused.
 *
 * get_mempolicy(2), set_mempolicy(2), mbind(2), migrate_pages(2), move_pages(2).
 */
#include "mm/mempolicy.h"
#include "abi/memory.h"
#include "proc/cred.h"
#include "proc/process.h"
#include <linux/capability.h>

#define WORD_BITS 32u
#define MAX_NODE_BITS (PAGE_SIZE * 8)

/* ---- sets of nodes ---- */

/*
 * Does the user's set of @maxnode - 1 bits name node 0? It, or -EFAULT, -EINVAL: it names others.
 */
static int get_nodes(uaddr_t mask, u32 maxnode)
{
	int named = 0;

	maxnode--;
	if (!maxnode || !mask)
		return 0;
	if (maxnode > MAX_NODE_BITS)
		return -EINVAL;
	for (u32 at = 0; at < maxnode; at += WORD_BITS) {
		u32 word;

		if (copy_from_user(&word, mask + at / 8, sizeof(word)))
			return -EFAULT;
		if (maxnode - at < WORD_BITS)
			word &= (1u << (maxnode - at)) - 1;
		if (at ? word : word & ~1u)
			return -EINVAL;
		named |= (int)(word & 1);
	}
	return named;
}

static int put_nodes(uaddr_t mask, u32 maxnode, u32 nodes)
{
	u32 bytes = ALIGN_UP(maxnode - 1, 64u) / 8;

	if (bytes > PAGE_SIZE)
		return -EINVAL;
	if (bytes > sizeof(nodes) && clear_user(mask + sizeof(nodes), bytes - sizeof(nodes)))
		return -EFAULT;
	return copy_to_user(mask, &nodes, MIN(bytes, (u32)sizeof(nodes))) ? -EFAULT : 0;
}

/* ---- policies ---- */

/* The policy of @mode (with flags) and a set: it, or -EINVAL. */
static int make_policy(int mode_and_flags, bool node)
{
	unsigned flags = (unsigned)mode_and_flags & MPOL_MODE_FLAGS;
	unsigned mode = (unsigned)mode_and_flags & ~(unsigned)MPOL_MODE_FLAGS;
	bool placed = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	if (mode == MPOL_PREFERRED && !node && !placed)
		mode = MPOL_LOCAL;
	switch (mode) {
	case MPOL_DEFAULT: return node ? -EINVAL : 0;
	case MPOL_LOCAL: return node || placed ? -EINVAL : (int)(mode | flags);
	default: return node ? (int)(mode | flags | POLICY_NODE) : -EINVAL;
	}
}

static int check_mode(int mode_and_flags)
{
	unsigned flags = (unsigned)mode_and_flags & MPOL_MODE_FLAGS;
	unsigned mode = (unsigned)mode_and_flags & ~(unsigned)MPOL_MODE_FLAGS;

	if (mode >= MPOL_MAX)
		return -EINVAL;
	if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	return (flags & MPOL_F_NUMA_BALANCING) && mode != MPOL_BIND ? -EINVAL : 0;
}

/* The nodes of a policy whose mode is in order: get_nodes(), or -EINVAL. */
static int checked_nodes(int mode, uaddr_t mask, u32 maxnode)
{
	int err = check_mode(mode);

	return err ? err : get_nodes(mask, maxnode);
}

long sys_set_mempolicy(int mode, uaddr_t mask, u32 maxnode)
{
	int node = checked_nodes(mode, mask, maxnode), policy;

	if (node < 0)
		return node;
	policy = make_policy(mode, node);
	if (policy < 0)
		return policy;
	current->mempolicy = (u16)policy;
	return 0;
}

long sys_mbind(uaddr_t start, u32 len, int mode, uaddr_t mask, u32 maxnode, u32 flags)
{
	uaddr_t end = start + ALIGN_UP(len, (u32)PAGE_SIZE);
	int node = checked_nodes(mode, mask, maxnode), policy;

	if (node < 0)
		return node;
	if (flags & ~(u32)MPOL_MF_VALID)
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if ((start & ~PAGE_MASK) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	policy = make_policy(mode, node);
	return policy < 0 ? policy : mm_bind(current->mm, start, end, (u16)policy);
}

long sys_set_mempolicy_home_node(uaddr_t start, u32 len, u32 node, u32 flags)
{
	uaddr_t end = start + ALIGN_UP(len, (u32)PAGE_SIZE);

	if ((start & ~PAGE_MASK) || flags || node || end < start)
		return -EINVAL;
	return end == start ? 0 : mm_set_home_node(current->mm, start, end);
}

/* What get_mempolicy(2) tells of @policy: its mode, or, with MPOL_F_NODE, a node; or -errno. */
static int told_policy(u16 policy, uaddr_t addr, u32 flags)
{
	if (!(flags & MPOL_F_NODE))
		return policy & (POLICY_MODE | POLICY_FLAGS);
	if (flags & MPOL_F_ADDR)
		return mm_node_at(current->mm, addr);
	return (policy & POLICY_MODE) == MPOL_INTERLEAVE ? 0 : -EINVAL;
}

long sys_get_mempolicy(uaddr_t result, uaddr_t mask, u32 maxnode, uaddr_t addr, u32 flags)
{
	u16 policy = current->mempolicy;
	u32 told = 0, nodes = 1;
	int err = 0;

	if ((mask && maxnode < 1) ||
	    flags & ~(u32)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if ((flags & MPOL_F_MEMS_ALLOWED) ? flags & (MPOL_F_NODE | MPOL_F_ADDR)
					  : addr && !(flags & MPOL_F_ADDR))
		return -EINVAL;
	if (!(flags & MPOL_F_MEMS_ALLOWED)) {
		if (flags & MPOL_F_ADDR)
			err = mm_policy_at(current->mm, addr, &policy);
		if (!err)
			err = told_policy(policy, addr, flags);
		if (err < 0)
			return err;
		told = (u32)err;
		nodes = policy & POLICY_NODE ? 1 : 0;
	}
	if (result && copy_to_user(result, &told, sizeof(told)))
		return -EFAULT;
	return mask ? put_nodes(mask, maxnode, nodes) : 0;
}

/* ---- moving pages, which are where they can be ---- */

/* The address space of @pid (0: the caller's), referenced, or ERR_PTR(-ESRCH, -EPERM, -EINVAL). */
static struct mm *find_mm(pid_t pid)
{
	struct task *t = pid ? task_find_get(pid) : current;
	struct mm *mm;

	if (!t)
		return ERR_PTR(-ESRCH);
	mm = task_may_attach(t) ? task_mm_get(t) : ERR_PTR(-EPERM);
	if (pid)
		task_put(t);
	return mm ? mm : ERR_PTR(-EINVAL);
}

long sys_migrate_pages(pid_t pid, u32 maxnode, uaddr_t from, uaddr_t to)
{
	int old = get_nodes(from, maxnode), new = old < 0 ? old : get_nodes(to, maxnode);
	struct mm *mm;

	if (new < 0)
		return new;
	mm = find_mm(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mm_put(mm);
	return new ? 0 : -EINVAL;
}

/* Where page number @i is, or why it cannot go to the node that is asked for. */
static int move_page(struct mm *mm, u32 i, uaddr_t pages, uaddr_t nodes, int *status)
{
	u32 addr, node = 0;

	if (copy_from_user(&addr, pages + i * 4, 4) ||
	    (nodes && copy_from_user(&node, nodes + i * 4, 4)))
		return -EFAULT;
	if (node)
		return -ENODEV;
	*status = mm_page_node(mm, addr);
	return 0;
}

long sys_move_pages(pid_t pid, u32 n, uaddr_t pages, uaddr_t nodes, uaddr_t status, u32 flags)
{
	struct mm *mm;
	int err = 0;

	if (flags & ~(u32)(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	mm = find_mm(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	for (u32 i = 0; i < n && !err; i++) {
		int at;

		err = move_page(mm, i, pages, nodes, &at);
		if (!err && copy_to_user(status + i * 4, &at, sizeof(at)))
			err = -EFAULT;
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	mm_put(mm);
	return err;
}
