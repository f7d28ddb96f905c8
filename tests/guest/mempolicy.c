/*
 * mempolicy - set_mempolicy(2), get_mempolicy(2), mbind(2), migrate_pages(2), move_pages(2) and
 * set_mempolicy_home_node(2) on a machine whose only node is 0. A kernel without CONFIG_NUMA
 * has none of them.
 */
#include "t.h"
#include <linux/mempolicy.h>

#define RW (PROT_READ | PROT_WRITE)

static const unsigned long node0 = 1, node1 = 2, none = 0;

static long set(int mode, const void *mask, unsigned long max)
{
	return syscall(__NR_set_mempolicy, mode, mask, max);
}

static long get(int *mode, void *mask, unsigned long max, void *addr, unsigned flags)
{
	return syscall(__NR_get_mempolicy, mode, mask, max, addr, flags);
}

static long bind_to(void *addr, unsigned long len, int mode, const void *mask, unsigned long max,
		    unsigned flags)
{
	return syscall(__NR_mbind, addr, len, mode, mask, max, flags);
}

static int policy_at(void *addr)
{
	int mode = -1;

	return get(&mode, NULL, 0, addr, MPOL_F_ADDR) == 0 ? mode : -errno;
}

static int own_policy(void)
{
	int mode = -1;

	return get(&mode, NULL, 0, NULL, 0) == 0 ? mode : -errno;
}

static void check_task(void)
{
	static const struct {
		int mode;
		const unsigned long *mask;
		int error, result; /* what get_mempolicy tells afterwards */
		const char *what;
	} cases[] = {
		{MPOL_BIND, &node0, 0, MPOL_BIND, "BIND to node 0"},
		{MPOL_INTERLEAVE, &node0, 0, MPOL_INTERLEAVE, "INTERLEAVE"},
		{MPOL_PREFERRED, &node0, 0, MPOL_PREFERRED, "PREFERRED"},
		{MPOL_PREFERRED_MANY, &node0, 0, MPOL_PREFERRED_MANY, "PREFERRED_MANY"},
		{MPOL_PREFERRED, &none, 0, MPOL_LOCAL, "PREFERRED of no node is LOCAL"},
		{MPOL_LOCAL, &none, 0, MPOL_LOCAL, "LOCAL"},
		{MPOL_BIND | MPOL_F_STATIC_NODES, &node0, 0, MPOL_BIND | MPOL_F_STATIC_NODES,
		 "a flag"},
		{MPOL_BIND | MPOL_F_NUMA_BALANCING, &node0, 0, MPOL_BIND | MPOL_F_NUMA_BALANCING,
		 "balancing"},
		{MPOL_DEFAULT, &none, 0, MPOL_DEFAULT, "DEFAULT"},
		{MPOL_DEFAULT, &node0, EINVAL, 0, "DEFAULT with a node"},
		{MPOL_LOCAL, &node0, EINVAL, 0, "LOCAL with a node"},
		{MPOL_BIND, &none, EINVAL, 0, "BIND without a node"},
		{MPOL_INTERLEAVE, &none, EINVAL, 0, "INTERLEAVE without a node"},
		{MPOL_BIND, &node1, EINVAL, 0, "a node that does not exist"},
		{MPOL_MAX, &node0, EINVAL, 0, "an unknown mode"},
		{MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, &node0, EINVAL, 0,
		 "both node flags"},
		{MPOL_PREFERRED | MPOL_F_STATIC_NODES, &none, EINVAL, 0,
		 "a node flag without nodes"},
		{MPOL_INTERLEAVE | MPOL_F_NUMA_BALANCING, &node0, EINVAL, 0,
		 "balancing without BIND"},
	};
	unsigned long mask[4] = {0, ~0ul, ~0ul};

	for (unsigned i = 0; i < T_COUNT(cases); i++) {
		if (cases[i].error) {
			fails(set(cases[i].mode, cases[i].mask, 33), cases[i].error, "%s",
			      cases[i].what);
			continue;
		}
		works(set(cases[i].mode, cases[i].mask, 33), "%s", cases[i].what);
		eq(own_policy(), cases[i].result, "is told as set");
	}
	fails(set(MPOL_BIND, (void *)16, 33), EFAULT, "an unmapped set");
	fails(set(MPOL_BIND, &node0, 1), EINVAL, "a set of no bits is empty");
	works(set(MPOL_BIND, &node0, 2), "a set of one bit suffices");
	works(get(NULL, mask, 65, NULL, 0), "the nodes are told");
	ok(mask[0] == 1 && mask[1] == 0 && mask[2] == ~0ul,
	   "with zeros up to the size that was asked for");
	works(get(NULL, mask, 33, NULL, MPOL_F_MEMS_ALLOWED), "the nodes that are allowed");
	eq(mask[0], 1, "are node 0");
	fails(get(NULL, mask, 33, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_ADDR), EINVAL,
	      "allowed nodes have no address");
	fails(get(NULL, mask, 0, NULL, 0), EINVAL, "room for no node");
	fails(get(NULL, mask, 33, mask, 0), EINVAL, "an address without MPOL_F_ADDR");
	fails(get(NULL, mask, 33, NULL, 8), EINVAL, "an unknown flag");
	fails(get(NULL, NULL, 0, NULL, MPOL_F_NODE), EINVAL,
	      "the next node of a policy that does not interleave");
	works(set(MPOL_INTERLEAVE, &node0, 33), "one that does");
	works(get((int *)&mask[1], NULL, 0, NULL, MPOL_F_NODE), "has a next node");
	eq(mask[1], 0, "which is 0");
}

static int child_has_policy(void *unused)
{
	need(own_policy() == MPOL_BIND);
	need(set(MPOL_DEFAULT, NULL, 0) == 0);
	return 0;
}

static void check_areas(void)
{
	char *p = t_pages(6);
	int node = -1;

	works(bind_to(p + 2 * T_PAGE, T_PAGE + 1, MPOL_BIND, &node0, 33, 0), "mbind of two pages");
	eq(policy_at(p), MPOL_DEFAULT, "those before keep theirs");
	eq(policy_at(p + 3 * T_PAGE), MPOL_BIND, "they have it");
	eq(policy_at(p + 4 * T_PAGE), MPOL_DEFAULT, "those behind keep theirs");
	eq(t_maps_in(p, 6 * T_PAGE, NULL, 0), 3, "different policies do not merge");
	works(mprotect(p, 6 * T_PAGE, PROT_READ), "mprotect");
	eq(policy_at(p + 2 * T_PAGE), MPOL_BIND, "keeps a policy");
	works(mprotect(p, 6 * T_PAGE, RW), "and back");
	works(bind_to(p, 6 * T_PAGE, MPOL_DEFAULT, NULL, 0, MPOL_MF_STRICT),
	      "the default policy again");
	eq(t_maps_in(p, 6 * T_PAGE, NULL, 0), 1, "makes them one");
	fails(bind_to(p + 1, T_PAGE, MPOL_BIND, &node0, 33, 0), EINVAL, "an odd address");
	fails(bind_to(p, T_PAGE, MPOL_BIND, &node0, 33, 0x10), EINVAL, "an unknown flag");
	works(bind_to(p, 0, MPOL_BIND, &node0, 33, MPOL_MF_MOVE | MPOL_MF_MOVE_ALL), "nothing");
	works(munmap(p + 4 * T_PAGE, T_PAGE), "a hole");
	fails(bind_to(p, 6 * T_PAGE, MPOL_BIND, &node0, 33, 0), EFAULT, "is refused");
	eq(policy_at(p), MPOL_DEFAULT, "and nothing was done");
	eq(policy_at(p + 4 * T_PAGE), -EFAULT, "a hole has no policy");
	*p = 1;
	works(get(&node, NULL, 0, p, MPOL_F_NODE | MPOL_F_ADDR), "the node of a page");
	eq(node, 0, "is 0");
	fails(get(&node, NULL, 0, p + 4 * T_PAGE, MPOL_F_NODE | MPOL_F_ADDR), EFAULT,
	      "not of a hole");

	fails(syscall(__NR_set_mempolicy_home_node, p, T_PAGE, 0, 0), ENOENT,
	      "no policy has no home node");
	works(bind_to(p, T_PAGE, MPOL_BIND, &node0, 33, 0), "a policy");
	works(syscall(__NR_set_mempolicy_home_node, p, T_PAGE, 0, 0), "has one");
	fails(syscall(__NR_set_mempolicy_home_node, p, T_PAGE, 1, 0), EINVAL, "that exists");
	fails(syscall(__NR_set_mempolicy_home_node, p, T_PAGE, 0, 1), EINVAL, "without flags");
	works(bind_to(p, T_PAGE, MPOL_INTERLEAVE, &node0, 33, 0), "but one that interleaves");
	fails(syscall(__NR_set_mempolicy_home_node, p, T_PAGE, 0, 0), EOPNOTSUPP, "has none");

	works(set(MPOL_BIND, &node0, 33), "a task's policy");
	passes(child_has_policy, "is its child's");
	eq(own_policy(), MPOL_BIND, "and its own still");
	works(set(MPOL_DEFAULT, NULL, 0), "none");
}

static void check_pages(void)
{
	char *p = t_pages(3);
	void *pages[4] = {p, p + T_PAGE, p + 2 * T_PAGE, (void *)T_KERNEL};
	int nodes[4] = {0, 0, 0, 0}, status[4] = {9, 9, 9, 9};

	*p = 1;
	(void)*(volatile char *)(p + T_PAGE);
	works(syscall(__NR_move_pages, 0, 4, pages, NULL, status, 0),
	      "move_pages tells where pages are");
	ok(status[0] == 0 && status[1] == -EFAULT && status[2] == -ENOENT && status[3] == -EFAULT,
	   "a page, the zero page, an absent one, none");
	works(syscall(__NR_move_pages, getpid(), 4, pages, nodes, status, MPOL_MF_MOVE),
	      "to their node");
	eq(status[0], 0, "where they are");
	nodes[1] = 1;
	fails(syscall(__NR_move_pages, 0, 4, pages, nodes, status, 0), ENODEV,
	      "a node that does not exist");
	fails(syscall(__NR_move_pages, 0, 4, pages, NULL, status, 1), EINVAL, "an unknown flag");
	fails(syscall(__NR_move_pages, 0, 4, 16, NULL, status, 0), EFAULT, "unmapped pages");
	fails(syscall(__NR_move_pages, 0, 4, pages, NULL, 16, 0), EFAULT, "unmapped status");
	fails(syscall(__NR_move_pages, 0x7fffffff, 0, NULL, NULL, NULL, 0), ESRCH,
	      "nobody's pages");
	works(syscall(__NR_migrate_pages, 0, 33, &node0, &node0), "migrate_pages within the node");
	fails(syscall(__NR_migrate_pages, 0, 33, &node0, &none), EINVAL, "to no node");
	fails(syscall(__NR_migrate_pages, 0, 33, &node0, &node1), EINVAL,
	      "to one that does not exist");
	fails(syscall(__NR_migrate_pages, 0x7fffffff, 33, &node0, &node0), ESRCH, "of nobody");
}

int main(void)
{
	if (own_policy() == -ENOSYS) {
		t_skip("memory policies", "the kernel has none");
		return t_done();
	}
	check_task();
	check_areas();
	check_pages();
	return t_done();
}
