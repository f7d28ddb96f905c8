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
	return arch_kmap_slot_map(arch_kmap_slot(idx), pfn);
}

/* The last slot that was taken goes. => there is one */
static inline void kmap_slot_pop(void)
{
	struct kmap_ctrl *kmap = &current->kmap;
	unsigned idx = kmap->idx - 1;

	arch_kmap_slot_unmap(arch_kmap_slot(idx));
	barrier();
	WRITE_ONCE(kmap->idx, idx);
}

/* The next two slots at once, for the high pages @pfn and @pfn2. */
struct kmap_pair {
	unsigned idx, slot;
	void *addr, *addr2;
};
static inline struct kmap_pair kmap_pair_push(pfn_t pfn, pfn_t pfn2)
{
	struct kmap_ctrl *kmap = &current->kmap;
	struct kmap_pair pair = {.idx = kmap->idx};

	BUG_ON(pair.idx >= KM_SLOTS - 1);
	WRITE_ONCE(kmap->idx, pair.idx + 2);
	barrier();
	kmap->pfn[pair.idx] = pfn;
	kmap->pfn[pair.idx + 1] = pfn2;
	pair.slot = arch_kmap_slot(pair.idx);
	pair.addr = arch_kmap_slot_map(pair.slot, pfn);
	pair.addr2 = arch_kmap_slot_map(pair.slot + 1, pfn2);
	return pair;
}

/* => they are the last two that were taken */
static inline void kmap_pair_pop(struct kmap_pair pair)
{
	arch_kmap_slot_unmap(pair.slot + 1);
	arch_kmap_slot_unmap(pair.slot);
	barrier();
	WRITE_ONCE(current->kmap.idx, pair.idx);
}

#endif
