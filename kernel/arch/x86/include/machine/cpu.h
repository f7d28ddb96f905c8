/*
 * The CPU's own state, in one or two instructions each: the interrupt flag, the cycle counter,
 * waiting. What these names mean for the rest of the kernel stands in arch/port.h.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "types.h"
#include <asm/processor-flags.h>

typedef unsigned long irqflags_t;

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline irqflags_t irq_flags_read(void)
{
	irqflags_t flags;

	__asm__ volatile("pushf; pop %0" : "=rm"(flags)::"memory");
	return flags;
}

static inline irqflags_t irq_save(void)
{
	irqflags_t flags = irq_flags_read();

	irq_disable();
	return flags;
}

static inline void irq_restore(irqflags_t flags)
{
	if (flags & X86_EFLAGS_IF)
		irq_enable();
}

static inline bool irqs_disabled(void)
{
	return !(irq_flags_read() & X86_EFLAGS_IF);
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* sti takes effect after the next instruction: no interrupt is lost between the two. */
static inline void cpu_idle_wait(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline u64 cycles_now(void)
{
	u64 tsc;

	__asm__ volatile("rdtsc" : "=A"(tsc));
	return tsc;
}

#endif
