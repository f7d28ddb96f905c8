/*
 * The kernel's own memory as a debugger sees it: what lies at a kernel address now, without ever
 * faulting. For /proc/kcore.
 *
 * Low memory is read where it is. A page of the vmalloc window is found through the page table and
 * read through a window of ours: it may be unmapped meanwhile, and then is what it last was. Device
 * memory is not touched: reading it may do something.
 */
#include "boot_memory.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include "mm/inspect.h"

static bool is_ram(pfn_t pfn)
{
	pfn_t start, end;

	return memblock_next_ram(pfn, pfn + 1, &start, &end);
}

bool inspect_kernel_page(unsigned long va, void *buf)
{
	pfn_t pfn;
	pgprot_t prot;
	void *from;

	if (!arch_kernel_lookup((void *)va, &pfn, &prot) || !is_ram(pfn)) {
		memset(buf, 0, PAGE_SIZE);
		return false;
	}
	from = kmap_local_pfn(pfn);
	memcpy(buf, from, PAGE_SIZE);
	kunmap_local(from);
	return true;
}
