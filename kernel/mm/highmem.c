/*
 * Work on pages that may lie in high memory, through short-lived windows; and the way back from an
 * address to its page.
 */
#include "mm/highmem.h"
#include "arch/log.h"
#include "lib/string.h"

struct page *kmap_to_page(void *addr)
{
	pfn_t pfn;
	pgprot_t prot;

	if ((unsigned long)addr >= PAGE_OFFSET && addr < windows.high_memory)
		return virt_to_page(addr);
	return arch_kernel_lookup(addr, &pfn, &prot) ? pfn_to_page(pfn) : NULL;
}

void memcpy_from_page(void *to, struct page *page, size_t offset, size_t len)
{
	const char *p = kmap_local_page(page);

	DEBUG_ASSERT(offset + len <= PAGE_SIZE);
	memcpy(to, p + offset, len);
	kunmap_local(p);
}

void memcpy_to_page(struct page *page, size_t offset, const void *from, size_t len)
{
	char *p = kmap_local_page(page);

	DEBUG_ASSERT(offset + len <= PAGE_SIZE);
	memcpy(p + offset, from, len);
	kunmap_local(p);
}

void memzero_page(struct page *page, size_t offset, size_t len)
{
	char *p = kmap_local_page(page);

	DEBUG_ASSERT(offset + len <= PAGE_SIZE);
	memset(p + offset, 0, len);
	kunmap_local(p);
}
