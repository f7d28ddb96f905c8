/*
 * A simulated CPU's interrupt flag and waiting. An interrupt is taken where interrupts are turned
 * on, in a spin loop and when the CPU idles: safe points, so that a test is repeatable and the
 * sanitizers see ordinary calls.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "types.h"

typedef unsigned long irqflags_t;

irqflags_t irq_save(void);
void irq_restore(irqflags_t flags);
void irq_enable(void);
void irq_disable(void);
bool irqs_disabled(void);
void cpu_relax(void);
void cpu_idle_wait(void);
u64 cycles_now(void);

#endif
