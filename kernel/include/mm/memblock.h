/*
 * Memory before the buddy allocator is up: the boot map, what is reserved in it, and a bump
 * allocator from low memory. Boot only.
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include "mm/page.h"

/* Low memory, zeroed, aligned to @align; panics when there is none (boot cannot go on). */
void *memblock_alloc(size_t size, size_t align);
void memblock_reserve(paddr_t start, paddr_t end);
/* Boot: boot_info -> zones, mem_map (not touched), buddy, slab, vmalloc, highmem. */
void mm_init(void);
/*
 * The whole pages of [start, end), taken at boot, to the buddy allocator: how many it
 * did not have yet.
 */
unsigned long mm_free_range(paddr_t start, paddr_t end);

/* Boot is over: the free pages that the CPUs hold for themselves go back to their zones. */
void mm_boot_done(void);

#endif
