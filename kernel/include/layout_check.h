/*
 * Every border of layout.h, asserted when the kernel and the host tests are built. Include it once;
 * it declares nothing.
 */
#ifndef LAYOUT_CHECK_H
#define LAYOUT_CHECK_H

#include "layout.h"

#define LAYOUT_PAGE 0x1000u
#define LAYOUT_PAGE_TABLE_SPAN (LAST_PKMAP * LAYOUT_PAGE) /* what one page table maps */

/*
 * Each split leaves room for low memory below the border, and is aligned for a large page of
 * either format.
 */
#define LAYOUT_CHECK_SPLIT(offset) \
	_Static_assert((offset) % 0x400000u == 0 && (offset) < HIGH_MEMORY_MAX, "PAGE_OFFSET")
LAYOUT_CHECK_SPLIT(PAGE_OFFSET_3G);
LAYOUT_CHECK_SPLIT(PAGE_OFFSET_3G_OPT);
LAYOUT_CHECK_SPLIT(PAGE_OFFSET_2G);
LAYOUT_CHECK_SPLIT(PAGE_OFFSET_2G_OPT);
LAYOUT_CHECK_SPLIT(PAGE_OFFSET_1G);

_Static_assert(0u - HIGH_MEMORY_MAX == VMALLOC_RESERVE_DEFAULT,
	       "the window is what low memory leaves");
_Static_assert(HIGH_MEMORY_MAX + VMALLOC_OFFSET < VMALLOC_END, "low memory, guard, vmalloc");
_Static_assert(VMALLOC_END + 2 * LAYOUT_PAGE == PKMAP_BASE,
	       "vmalloc, two guard pages, kmap windows");
_Static_assert(PKMAP_BASE % LAYOUT_PAGE_TABLE_SPAN == 0,
	       "the kmap windows are exactly one page table");
_Static_assert(PKMAP_BASE + LAYOUT_PAGE_TABLE_SPAN <= LDT_AREA_BASE, "kmap windows, LDT windows");
_Static_assert(LDT_AREA_BASE + LDT_WINDOW_SIZE * CONFIG_NR_CPUS <= ENTRY_AREA_BASE,
	       "LDT windows, entry area");
_Static_assert(
	ENTRY_AREA_BASE % LAYOUT_PAGE_TABLE_SPAN == 0 &&
		ENTRY_AREA_SIZE % LAYOUT_PAGE_TABLE_SPAN == 0,
	"page-table isolation shares the entry area by its page tables, and nothing else with them");
_Static_assert(ENTRY_AREA_BASE + ENTRY_AREA_SIZE < FIXADDR_TOP, "entry area, fixmap");
_Static_assert(FIXADDR_TOP == 0u - LAYOUT_PAGE,
	       "the last page is never mapped: error pointers fault");
_Static_assert(KERNEL_PHYS_BASE >= 0x100000 && KERNEL_PHYS_BASE < ZONE_DMA_LIMIT,
	       "the image is above the BIOS area");
_Static_assert(MMAP_MIN_ADDR_DEFAULT % LAYOUT_PAGE == 0 && ELF_ET_DYN_BASE > MMAP_MIN_ADDR_DEFAULT,
	       "user space");

#endif
