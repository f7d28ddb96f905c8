/*
 * The windows of kmap_local in place, for what is done to whole pages at each fault (page.c). All
 * others call the functions of mm/highmem.h, which check more.
 */
#ifndef MM_KMAP_LOCAL_H
#define MM_KMAP_LOCAL_H

#include "arch/log.h"
#include "sched/task.h"

/* The next slot of this thread, for the high page @pfn. */
static inline void *kmap_slot_push(pfn_t pfn)
{
	struct kmap_ctrl *kmap = &current->kmap;
	unsigned idx = kmap->idx;

	BUG_ON(idx >= KM_SLOTS);
	/* First the number: an interrupt between these takes the next one. */
	WRITE_ONCE(kmap->idx, idx + 1);
	barrier();
	kmap->pfn[idx] = pfn;
	return arch_kmap_slot_map(idx, pfn);
}

/* The last slot that was taken goes. => there is one */
static inline void kmap_slot_pop(void)
{
	struct kmap_ctrl *kmap = &current->kmap;
	unsigned idx = kmap->idx - 1;

	arch_kmap_slot_unmap(idx);
	barrier();
	WRITE_ONCE(kmap->idx, idx);
}

#endif
