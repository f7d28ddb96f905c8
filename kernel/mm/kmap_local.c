/*
 * kmap_local: short-lived windows on any page, strictly last in first out.
 *
 * Each CPU has its own slots in the fixmap, so that a map needs no lock, and an unmap flushes one
 * page of the local TLB. A slot belongs to the running thread, by its number in current->kmap: an
 * interrupt takes the next number and gives it back before it returns, and at a context switch the
 * leaving thread's slots are cleared and the entering one's set. A slot's address depends on the
 * CPU: a thread that holds maps must not change CPU (sched keeps it where it is while
 * current->kmap.idx is not 0).
 *
 * A low page has its address always: no slot, no flush.
 * Next: pkmap.c, for maps that others may use and that live long.
 */
#include "kmap_local.h"
#include "mm/highmem.h"

void *kmap_local_pfn(pfn_t pfn)
{
	if (likely(pfn < max_low_pfn))
		return lowmem_ptr((paddr_t)pfn << PAGE_SHIFT);
	return kmap_slot_push(pfn);
}

void *kmap_local_page(struct page *page)
{
	return kmap_local_pfn(page_to_pfn(page));
}

static bool is_low(const void *addr)
{
	return (unsigned long)addr >= PAGE_OFFSET && addr < (const void *)windows.high_memory;
}

#ifdef CONFIG_DEBUG_KMAP
static void check_order(const void *addr, pfn_t expected, void *caller)
{
	pfn_t pfn = 0;
	pgprot_t prot;

	if ((unsigned long)addr < windows.fixmap_start || (unsigned long)addr >= windows.fixmap_end)
		panic("kunmap_local(%p): not an address of kmap_local, called by %pS", addr,
		      caller);
	if (!arch_kernel_lookup(addr, &pfn, &prot))
		panic("kunmap_local(%p): not mapped (unmapped twice?), called by %pS", addr,
		      caller);
	if (pfn != expected)
		panic("kunmap_local(%p): frame %lx, but %lx was mapped last: out of order, called by %pS",
		      addr, pfn, expected, caller);
}
#else
static inline void check_order(const void *addr, pfn_t expected, void *caller)
{
	(void)addr, (void)expected, (void)caller;
}
#endif

static void unmap_local(const void *addr, void *caller)
{
	const struct kmap_ctrl *kmap;

	if (likely(is_low(addr)))
		return;
	kmap = &current->kmap;
	if (unlikely(!kmap->idx))
		panic("kunmap_local(%p): nothing is mapped, called by %pS", addr, caller);
	check_order(addr, kmap->pfn[kmap->idx - 1], caller);
	kmap_slot_pop();
}

void kunmap_local(const void *addr)
{
	unmap_local(addr, __builtin_return_address(0));
}

void *kmap_atomic(struct page *page)
{
	pagefault_disable();
	return kmap_local_page(page);
}

void kunmap_atomic(void *addr)
{
	unmap_local(addr, __builtin_return_address(0));
	pagefault_enable();
}

void kmap_local_sched_out(struct task *prev)
{
	for (unsigned idx = 0; idx < prev->kmap.idx; idx++)
		arch_kmap_slot_unmap(arch_kmap_slot(idx));
}

void kmap_local_sched_in(struct task *next)
{
	for (unsigned idx = 0; idx < next->kmap.idx; idx++)
		arch_kmap_slot_map(arch_kmap_slot(idx), next->kmap.pfn[idx]);
}
