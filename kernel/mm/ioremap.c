/*
 * Device memory: frames that are no RAM, mapped uncached into the vmalloc window.
 */
#include "vmalloc_area.h"

void *ioremap(paddr_t pa, size_t size)
{
	unsigned offset = (unsigned)(pa & (PAGE_SIZE - 1));
	unsigned long n = (unsigned long)(((u64)offset + size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	pfn_t pfn = (pfn_t)(pa >> PAGE_SHIFT);
	struct vm_area *area;

	if (!size || n >= inspect_vmalloc_total())
		return NULL;
	area = vm_area_alloc((n + 1) * PAGE_SIZE, INSPECT_IOREMAP, __builtin_return_address(0));
	if (!area)
		return NULL;
	area->pages = (u32)n;
	area->phys = pa - offset;
	for (unsigned long i = 0; i < n; i++)
		arch_kernel_map((char *)area->start + i * PAGE_SIZE, pfn + i,
				PGPROT_KERNEL_NOCACHE);
	return (char *)area->start + offset;
}

void iounmap(const void *addr)
{
	if (addr)
		vm_unmap((void *)((unsigned long)addr & PAGE_MASK), INSPECT_IOREMAP,
			 __builtin_return_address(0));
}
