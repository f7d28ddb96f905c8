/*
 * Page-table isolation (pti=): user mode runs on page tables that map user memory, the entry text,
 * the entry area with the LDT windows below it, and nothing else. So what a CPU with the Meltdown
 * defect may read ahead of the permission check holds nothing of the kernel.
 *
 *   PAE        the four pointers of user mode lie behind the kernel's in struct arch_mm. A gigabyte of
 *              user memory has one pmd page, in both views; a gigabyte of the kernel has one in the
 *              user view only if it has entry text or the entry area, the same for all processes;
 *              the gigabyte that a split divides has two, one a view (arch_mm.mirrored)
 *   two-level  the page directory has a second page, user mode's (arch_mm.mirrored)
 *
 * So the user view costs 32 bytes a process under PAE (a page where a split divides a gigabyte), a
 * page with two levels, and two or three pages once. Page tables are the same ones in both views:
 * only what changes a mirrored entry must do so twice (pmd_mirror).
 *
 * TLB: no entry of the kernel but those of entry text and entry area is global, and each load of
 * CR3 drops the rest, so that a flush needs to know nothing of views. Read next: entry_pti.S, pti.c
 */
#ifndef X86_PTI_H
#define X86_PTI_H

/* The bit of CR3 that makes user mode's page tables of the kernel's. */
#ifdef CONFIG_X86_PAE
#define CR3_USER_VIEW 0x20
#else
#define CR3_USER_VIEW 0x1000
#endif

#ifndef __ASSEMBLER__
#include "types.h"
#include <machine/pgtable.h>

/* Decided in the boot stub, never changed. */
extern bool pti_enabled;

/* By pti=, nopti, mitigations= and CPUID. => the boot stub, before page tables are built */
void pti_choose(void);
/* Direct the entry code to entry_pti.S. => interrupts off, one CPU, kernel text still writable */
void pti_patch(void);
/* The kernel's part of all user views. => memory is up, before the first address space */
void pti_init(void);

/* The page directory on which user mode runs. */
static inline pgd_t *pti_pgd(struct arch_mm *am)
{
	return pti_enabled ? am->pgd + PTRS_PER_PGD : am->pgd;
}

/* entry_pti.S */
void pti_int80(void);
void pti_sysenter(void);
extern const char pti_sysenter_on_stack[];
#endif

#endif
