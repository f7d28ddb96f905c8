/*
 * The end of the machine: halt, power off, start again.
 */
#include "arch/port.h"
#include <machine/io.h>

#define DEBUG_EXIT_PORT 0xf4

void arch_halt(void)
{
	for (;;) {
		irq_disable();
		__asm__ volatile("hlt");
	}
}
