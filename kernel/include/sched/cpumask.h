/* Sets of CPUs: cpumask_t of arch/port.h, one bit a CPU number. */
#ifndef SCHED_CPUMASK_H
#define SCHED_CPUMASK_H

#include "arch/port.h"
#include "lib/bitmap.h"

/* All CPUs that the configuration allows; most of them may not exist. */
extern const cpumask_t cpu_all_mask;
/* The CPUs that schedule tasks. */
extern cpumask_t cpu_online_mask;

static inline void cpumask_clear(cpumask_t *m)
{
	bitmap_zero(m->bits, CONFIG_NR_CPUS);
}
static inline bool cpumask_test(const cpumask_t *m, unsigned cpu)
{
	return test_bit(cpu, m->bits);
}
/* Atomic. */
static inline void cpumask_set(cpumask_t *m, unsigned cpu)
{
	set_bit(cpu, m->bits);
}
static inline void cpumask_unset(cpumask_t *m, unsigned cpu)
{
	clear_bit(cpu, m->bits);
}
static inline bool cpumask_empty(const cpumask_t *m)
{
	return bitmap_empty(m->bits, CONFIG_NR_CPUS);
}
static inline unsigned cpumask_weight(const cpumask_t *m)
{
	return (unsigned)bitmap_weight(m->bits, CONFIG_NR_CPUS);
}
static inline void cpumask_and(cpumask_t *to, const cpumask_t *a, const cpumask_t *b)
{
	bitmap_and(to->bits, a->bits, b->bits, CONFIG_NR_CPUS);
}
/* The first CPU of the set above @cpu (-1: from the start); CONFIG_NR_CPUS or more: none. */
static inline unsigned cpumask_next(int cpu, const cpumask_t *m)
{
	return (unsigned)find_next_bit(m->bits, CONFIG_NR_CPUS, (unsigned long)(cpu + 1));
}
static inline cpumask_t cpumask_of(unsigned cpu)
{
	cpumask_t m = {{0}};

	m.bits[BIT_WORD(cpu)] = BIT_MASK(cpu);
	return m;
}

#define for_each_cpu(cpu, mask) \
	for ((cpu) = cpumask_next(-1, mask); (cpu) < CONFIG_NR_CPUS; \
	     (cpu) = cpumask_next((int)(cpu), mask))
#define for_each_online_cpu(cpu) for_each_cpu(cpu, &cpu_online_mask)

#endif
