/*
 * The fixmap: pages at addresses that are known when the kernel is compiled, counted down from
 * FIXADDR_TOP. Slot 0 is never used, so that an address near 4 GB (an error pointer) faults.
 */
#ifndef MACHINE_FIXMAP_H
#define MACHINE_FIXMAP_H

#include "layout.h"
#include "types.h"

#define FIX_IO_APIC_MAX 8
#define FIX_EARLY_PAGES 4

enum fixmap_slot {
	FIX_HOLE,
	FIX_LOCAL_APIC,
	FIX_IO_APIC,
	FIX_EARLY_END = FIX_IO_APIC + FIX_IO_APIC_MAX,   /* firmware tables; highest address */
	FIX_EARLY = FIX_EARLY_END + FIX_EARLY_PAGES - 1, /* lowest address */
	FIX_KMAP_BEGIN,
	FIX_KMAP_END = FIX_KMAP_BEGIN + KM_SLOTS * CONFIG_NR_CPUS - 1,
};

#define FIXADDR_START (FIXADDR_TOP - ((unsigned long)FIX_KMAP_END << PAGE_SHIFT))

static inline unsigned long fix_to_virt(unsigned slot)
{
	return FIXADDR_TOP - ((unsigned long)slot << PAGE_SHIFT);
}

_Static_assert(FIXADDR_START >= ENTRY_AREA_BASE + ENTRY_AREA_SIZE, "fixmap and entry area overlap");

#endif
