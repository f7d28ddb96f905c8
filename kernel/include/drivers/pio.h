/* Port input and output, for drivers of PC hardware. */
#ifndef DRIVERS_PIO_H
#define DRIVERS_PIO_H

#include "types.h"

static inline u8 pio_in8(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void pio_out8(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

#endif
