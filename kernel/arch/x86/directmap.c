/* How the direct map is made up of small and large pages, and what per-CPU data takes: for /proc/meminfo. */
#include "arch/port.h"
#include "paging.h"

void arch_direct_map_kb(unsigned long *small_kb, unsigned long *large_kb)
{
	unsigned long end = (unsigned long)windows.high_memory, size;

	*small_kb = *large_kb = 0;
	for (unsigned long va = PAGE_OFFSET; va < end; va += size) {
		if (!kernel_lookup(va, &size))
			size = PAGE_SIZE;
		else if (size > PAGE_SIZE)
			*large_kb += size >> 10;
		else
			*small_kb += size >> 10;
	}
}

unsigned long arch_percpu_bytes(void)
{
	extern char __percpu_start[], __percpu_end[];

	return (unsigned long)(__percpu_end - __percpu_start) * nr_cpus;
}
