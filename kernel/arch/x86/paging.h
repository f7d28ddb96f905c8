/*
 * The kernel's own page tables, for the files of arch/x86.
 */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#include "arch/port.h"

#define PGPROT_KERNEL_EXEC_RW ((pgprot_t){PGPROT_KERNEL_EXEC.val | PAGE_RW})

/* The address space with no user half; its kernel half is what all others share. */
extern struct arch_mm kernel_mm;

/* The entries of [kernel_ptes_start, 4 GB), one contiguous array. */
extern pte_t *kernel_ptes;
extern unsigned long kernel_ptes_start;

static inline pte_t *kernel_pte(const void *va)
{
	return kernel_ptes + (((unsigned long)va - kernel_ptes_start) >> PAGE_SHIFT);
}

/* The first bytes of physical memory at their own address, while a CPU turns paging on. */
void boot_drop_identity(void);
void boot_add_identity(void);

/* The address space in CR3 of this CPU. */
DECLARE_PER_CPU(struct arch_mm *, loaded_mm);

#ifdef CONFIG_X86_PAE
/* Which of the four PDPTEs the CPU has read as present. */
DECLARE_PER_CPU(u32, loaded_slots);
/* Load CR3 of @am again. => it is loaded, interrupts off */
void arch_pgd_reload(struct arch_mm *am);

/*
 * Is the CPU's cache of the PDPTEs behind memory? Then it was reloaded, and the fault may be tried
 * again. => interrupts off
 */
static inline bool arch_pgd_refresh(void)
{
	struct arch_mm *am = this_cpu_read(loaded_mm);

	if (likely(!(READ_ONCE(am->slots) & ~this_cpu_read(loaded_slots))))
		return false;
	arch_pgd_reload(am);
	return true;
}
#else
static inline bool arch_pgd_refresh(void)
{
	return false;
}
#endif

/* Map one fixmap page; returns its address. */
void *fixmap_set(unsigned slot, paddr_t pa, pgprot_t prot);
void fixmap_clear(unsigned slot);

/*
 * The entry that maps @va: of the direct map or of the windows. NULL: none. *size:
 * bytes that it maps.
 */
pte_t *kernel_lookup(unsigned long va, unsigned long *size);

#endif
