/*
 * membarrier: a memory barrier on every CPU that runs the program, so that its own fast paths need
 * none. The expedited kinds interrupt those CPUs; the plain one waits for a grace period of RCU.
 *
 * A CPU that is not in mm->cpus has loaded another page directory since, and will load this one
 * again: both are full barriers, and serialize the instruction stream. An interrupt's return does
 * the same for the CPUs that are in it, which is all that the SYNC_CORE kind asks for.
 *
 * mm->membarrier holds the register commands that the program has made; a fork inherits them, an
 * exec begins anew. membarrier(2). Read next: tlb.c.
 */
#include "virt.h"
#include <linux/membarrier.h>

#define REGISTERED(expedited) ((u32)(expedited) << 1) /* each register command is the next bit */

#define COMMANDS \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

static void barrier_ipi(void *arg)
{
	(void)arg;
	smp_mb();
}

static void interrupt_cpus(const cpumask_t *mask)
{
	smp_mb(); /* the caller's accesses before, for all */
	if (nr_cpus > 1)
		ipi_call(mask, barrier_ipi, NULL);
	smp_mb();
}

static long private_expedited(struct mm *mm, u32 command)
{
	cpumask_t mask;

	if (!(atomic_read(&mm->membarrier) & REGISTERED(command)))
		return -EPERM;
	smp_mb(); /* before the mask is read; pairs with mm_switch_to() */
	mask = mm->cpus;
	interrupt_cpus(&mask);
	return 0;
}

long mm_membarrier(struct mm *mm, int command, u32 flags)
{
	if (flags)
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY: return COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
		if (nr_cpus > 1)
			synchronize_rcu();
		return 0;
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED: interrupt_cpus(&cpu_online_mask); return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE: return private_expedited(mm, (u32)command);
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		atomic_or(&mm->membarrier, (u32)command);
		return 0;
	default: return -EINVAL;
	}
}
