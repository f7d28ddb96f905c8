/* Memory before and below the zones: which physical ranges are RAM, and which of them are taken
 * since boot. */
#ifndef MM_BOOT_MEMORY_H
#define MM_BOOT_MEMORY_H

#include "mm/memblock.h"

/* Read boot_info: RAM, and what is taken before anybody asks (image, initrd, BIOS area, frame 0).
 */
void memblock_init(void);
/* memblock_alloc() without the zeroing, for what is too large to touch. Panics when there is none.
 */
void *memblock_alloc_raw(size_t size, size_t align);
/* As that, but 0 where there is no room: the physical address. */
paddr_t memblock_find(paddr_t size, paddr_t align);
/* From now on memory comes from the buddy allocator: memblock_alloc() and memblock_reserve() panic.
 */
void memblock_close(void);

/* The first whole free pages in [from, to): false if there are none. For the life of the kernel. */
bool memblock_next_free(pfn_t from, pfn_t to, pfn_t *start, pfn_t *end);
/* The first RAM, free or not, in [from, to). */
bool memblock_next_ram(pfn_t from, pfn_t to, pfn_t *start, pfn_t *end);
/* The end of RAM. */
pfn_t memblock_end_pfn(void);
/* Forget RAM from @pfn on. */
void memblock_cap(pfn_t pfn);

#endif
