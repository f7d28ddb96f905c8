/*
 * What the compiler calls for atomic loads and stores of 64 bits: i686 without the FPU has
 * cmpxchg8b only. 32-bit machine builds only; a 64-bit host does these in one instruction.
 */
#include "types.h"

#ifdef ISTHMUS_KERNEL

u64 atomic_load_8(const volatile void *ptr, int order) __asm__("__atomic_load_8");
void atomic_store_8(volatile void *ptr, u64 value, int order) __asm__("__atomic_store_8");

/* Exchanging a value with itself reads it; the word must be writable. */
u64 atomic_load_8(const volatile void *ptr, int order)
{
	u64 value = 0;

	(void)order;
	__asm__ volatile("movl %%ebx, %%eax\n\tmovl %%ecx, %%edx\n\tlock cmpxchg8b %1"
			 : "=&A"(value)
			 : "m"(*(volatile u64 *)(uintptr_t)ptr)
			 : "cc", "memory");
	return value;
}

void atomic_store_8(volatile void *ptr, u64 value, int order)
{
	(void)order;
	__asm__ volatile("movl (%0), %%eax\n\tmovl 4(%0), %%edx\n"
			 "1:\tlock cmpxchg8b (%0)\n\tjnz 1b"
			 :
			 : "r"(ptr), "b"((u32)value), "c"((u32)(value >> 32))
			 : "eax", "edx", "cc", "memory");
}

#endif
