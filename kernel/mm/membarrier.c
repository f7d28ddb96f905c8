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
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)

static void barrier_ipi(void *arg)
{
	(void)arg;
	smp_mb();
}

/* The RSEQ kind: and whoever is in a critical section begins it anew (proc/rseq.c). */
static void restart_ipi(void *mm)
{
	if (current->mm == mm && current->rseq)
		atomic_or(&current->thread.work, WORK_RSEQ);
}

static void interrupt_cpus(const cpumask_t *mask, void (*fn)(void *arg), void *arg)
{
	smp_mb(); /* the caller's accesses before, for all */
	if (nr_cpus > 1)
		ipi_call(mask, fn, arg);
	smp_mb();
}

static long private_expedited(struct mm *mm, u32 command, const cpumask_t *which)
{
	bool restart = command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
	cpumask_t mask;

	if (!(atomic_read(&mm->membarrier) & REGISTERED(command)))
		return -EPERM;
	smp_mb(); /* before the mask is read; pairs with mm_switch_to() */
	mask = mm->cpus;
	cpumask_and(&mask, &mask, which);
	interrupt_cpus(&mask, restart ? restart_ipi : barrier_ipi, mm);
	return 0;
}

/* On one CPU, or on all (-1). One that does not exist is none. */
static long restart_sections(struct mm *mm, int cpu)
{
	cpumask_t which = {{0}};

	if (cpu < 0)
		return private_expedited(mm, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
					 &cpu_online_mask);
	if ((unsigned)cpu < nr_cpus)
		cpumask_set(&which, (unsigned)cpu);
	return private_expedited(mm, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, &which);
}

long mm_membarrier(struct mm *mm, int command, u32 flags, int cpu)
{
	if (flags &&
	    (command != MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ || flags != MEMBARRIER_CMD_FLAG_CPU))
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY: return COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
		if (nr_cpus > 1)
			synchronize_rcu();
		return 0;
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		interrupt_cpus(&cpu_online_mask, barrier_ipi, NULL);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return private_expedited(mm, (u32)command, &cpu_online_mask);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ: return restart_sections(mm, flags ? cpu : -1);
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		atomic_or(&mm->membarrier, (u32)command);
		return 0;
	default: return -EINVAL;
	}
}
