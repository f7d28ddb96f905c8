/*
 * Port and memory-mapped input and output, for drivers of this machine.
 */
#ifndef MACHINE_IO_H
#define MACHINE_IO_H

#include "types.h"

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port) : "memory");
}

/* Device registers behind ioremap(): one access of exactly this width each. */
static inline u8 readb(const volatile void *reg)
{
	return *(const volatile u8 *)reg;
}

static inline u16 readw(const volatile void *reg)
{
	return *(const volatile u16 *)reg;
}

static inline u32 readl(const volatile void *reg)
{
	return *(const volatile u32 *)reg;
}

static inline void writeb(volatile void *reg, u8 v)
{
	*(volatile u8 *)reg = v;
}

static inline void writew(volatile void *reg, u16 v)
{
	*(volatile u16 *)reg = v;
}

static inline void writel(volatile void *reg, u32 v)
{
	*(volatile u32 *)reg = v;
}

#endif
