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

/*
 * The CPU's cache of the PDPTEs is behind memory: it was reloaded, and the fault may be tried
 * again.
 */
bool arch_pgd_refresh(void);
/* The address space in CR3 of this CPU. */
DECLARE_PER_CPU(struct arch_mm *, loaded_mm);

/* Map one fixmap page; returns its address. */
void *fixmap_set(unsigned slot, paddr_t pa, pgprot_t prot);
void fixmap_clear(unsigned slot);

/*
 * The entry that maps @va: of the direct map or of the windows. NULL: none. *size:
 * bytes that it maps.
 */
pte_t *kernel_lookup(unsigned long va, unsigned long *size);

#endif
