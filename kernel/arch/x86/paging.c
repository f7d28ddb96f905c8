/*
 * Page tables after boot: address spaces, the kernel's windows, the TLB.
 *
 * Every page table of the kernel half exists since boot (boot/tables.c) and all address spaces name
 * the same ones, so that nothing is ever propagated. Under PAE the kernel half is shared by naming
 * the same pmd pages; in a split that is no multiple of 1 GB, the one pmd page that holds user and
 * kernel entries is copied per address space (its kernel entries never change after boot).
 *
 * The four PDPTEs are a cache inside the CPU. loaded_slots remembers which were present when CR3
 * was last written; a fault on a CPU whose cache is behind reloads it (arch_pgd_refresh).
 */
#include "paging.h"
#include "asm.h"
#include "cpu.h"
#include "ldt.h"
#include "pti.h"
#include "arch/log.h"
#include "layout_check.h"
#include "lib/string.h"
#include <linux/errno.h>

struct arch_hooks arch_hooks;

DEFINE_PER_CPU(struct arch_mm *, loaded_mm) = &kernel_mm;

_Static_assert(offsetof(struct arch_mm, vdso_landing) == ARCH_MM_VDSO_LANDING, "known to entry.S");

#ifdef CONFIG_X86_PAE
#define KERNEL_SLOT ((unsigned)(PAGE_OFFSET >> PGD_SHIFT))
#define SLOT_IS_SHARED (PAGE_OFFSET & ~PGD_MASK)

DEFINE_PER_CPU(u32, loaded_slots);

static u32 present_slots(const struct arch_mm *am)
{
	u32 slots = 0;

	for (unsigned i = 0; i < PTRS_PER_PGD; i++)
		slots |= ((u32)am->pgd[i].val & PAGE_PRESENT) << i;
	return slots;
}

static pmd_t *slot_table(pgd_t slot)
{
	return lowmem_ptr((u32)slot.val & PAGE_MASK);
}

static void load_mm(struct arch_mm *am)
{
	this_cpu_write(loaded_mm, am);
	this_cpu_write(loaded_slots, am->slots);
	write_cr3(am->cr3);
	if (unlikely(this_cpu_read(loaded_ldt) != am->ldt))
		ldt_load(am->ldt);
}

void arch_pgd_changed(struct arch_mm *am)
{
	irqflags_t flags = irq_save();

	WRITE_ONCE(am->slots, present_slots(am));
	if (this_cpu_read(loaded_mm) == am)
		load_mm(am);
	irq_restore(flags);
}

void arch_pgd_reload(struct arch_mm *am)
{
	load_mm(am);
}

int arch_mm_init(struct arch_mm *am)
{
	unsigned first = KERNEL_SLOT;

	BUG_ON((unsigned long)am->pgd & (2 * sizeof(am->pgd) - 1));
	memset(am, 0, sizeof(*am));
	if (SLOT_IS_SHARED) {
		unsigned index = (PAGE_OFFSET >> PMD_SHIFT) & (PTRS_PER_PMD - 1);
		size_t size = (PTRS_PER_PMD - index) * sizeof(pmd_t);
		pmd_t *table = arch_hooks.table_alloc(pti_enabled);

		if (!table)
			return -ENOMEM;
		memcpy(table + index, slot_table(kernel_mm.pgd[first]) + index, size);
		am->pgd[first].val = lowmem_paddr(table) | PAGE_PRESENT | PAGE_SHARED_SLOT;
		if (pti_enabled) {
			am->mirrored = (unsigned long)table;
			table += PTRS_PER_PMD;
			memcpy(table + index, slot_table(kernel_mm.user_pgd[first]) + index, size);
			am->user_pgd[first].val = lowmem_paddr(table) | PAGE_PRESENT;
		}
		first++;
	}
	for (unsigned i = first; i < PTRS_PER_PGD; i++) {
		am->pgd[i] = kernel_mm.pgd[i];
		am->user_pgd[i] = kernel_mm.user_pgd[i];
	}
	am->slots = present_slots(am);
	am->cr3 = (u32)lowmem_paddr(am->pgd);
	return 0;
}

void arch_mm_destroy(struct arch_mm *am)
{
	ldt_free(am->ldt);
	if (SLOT_IS_SHARED)
		arch_hooks.table_free(slot_table(am->pgd[KERNEL_SLOT]), pti_enabled);
}
#else
static void load_mm(struct arch_mm *am)
{
	this_cpu_write(loaded_mm, am);
	write_cr3(am->cr3);
	if (unlikely(this_cpu_read(loaded_ldt) != am->ldt))
		ldt_load(am->ldt);
}

int arch_mm_init(struct arch_mm *am)
{
	unsigned first = PAGE_OFFSET >> PGD_SHIFT;
	size_t size = (PTRS_PER_PGD - first) * sizeof(pgd_t);

	memset(am, 0, sizeof(*am));
	am->pgd = arch_hooks.table_alloc(pti_enabled);
	if (!am->pgd)
		return -ENOMEM;
	memcpy(am->pgd + first, kernel_mm.pgd + first, size);
	if (pti_enabled) {
		am->mirrored = (unsigned long)am->pgd;
		memcpy(am->pgd + PTRS_PER_PGD + first, kernel_mm.pgd + PTRS_PER_PGD + first, size);
	}
	am->cr3 = (u32)lowmem_paddr(am->pgd);
	return 0;
}

void arch_mm_destroy(struct arch_mm *am)
{
	ldt_free(am->ldt);
	arch_hooks.table_free(am->pgd, pti_enabled);
}
#endif

void arch_mm_load(struct arch_mm *am)
{
	load_mm(am ? am : &kernel_mm);
}

void arch_kernel_map(void *va, pfn_t pfn, pgprot_t prot)
{
	set_pte(kernel_pte(va), pfn_pte(pfn, prot));
}

void arch_kernel_unmap(void *va)
{
	set_pte(kernel_pte(va), (pte_t){0});
}

void *arch_pkmap_map(unsigned slot, pfn_t pfn)
{
	char *va = (char *)PKMAP_BASE + slot * PAGE_SIZE;

	arch_kernel_map(va, pfn, PGPROT_KERNEL);
	return va;
}

void arch_pkmap_unmap(unsigned slot)
{
	arch_kernel_unmap((char *)PKMAP_BASE + slot * PAGE_SIZE);
}

void *fixmap_set(unsigned slot, paddr_t pa, pgprot_t prot)
{
	void *va = (void *)fix_to_virt(slot);

	arch_kernel_map(va, (pfn_t)(pa >> PAGE_SHIFT), prot);
	tlb_flush_page_local((unsigned long)va);
	return va;
}

void fixmap_clear(unsigned slot)
{
	arch_kernel_unmap((void *)fix_to_virt(slot));
	tlb_flush_page_local(fix_to_virt(slot));
}

pte_t *kernel_lookup(unsigned long va, unsigned long *size)
{
#ifdef CONFIG_X86_PAE
	pmd_t *pmd =
		&slot_table(kernel_mm.pgd[va >> PGD_SHIFT])[(va >> PMD_SHIFT) & (PTRS_PER_PMD - 1)];
#else
	pmd_t *pmd = (pmd_t *)&kernel_mm.pgd[va >> PGD_SHIFT];
#endif

	if (!pmd_present(*pmd))
		return NULL;
	if (pmd_large(*pmd)) {
		*size = PMD_SIZE;
		return (pte_t *)pmd;
	}
	*size = PAGE_SIZE;
	return pte_entry(pmd, va);
}

/* The first and the last piece of the direct map are in small pages (boot/tables.c). */
void arch_direct_map_kb(unsigned long *small_kb, unsigned long *large_kb)
{
	*small_kb = *large_kb = 0;
	for (unsigned long va = PAGE_OFFSET, size; va < (unsigned long)windows.high_memory;
	     va += size) {
		if (!kernel_lookup(va, &size))
			break;
		*(size == PAGE_SIZE ? small_kb : large_kb) += size / 1024;
	}
}

bool arch_kernel_lookup(const void *va, pfn_t *pfn, pgprot_t *prot)
{
	unsigned long address = (unsigned long)va, size;
	pte_t *entry = address < PAGE_OFFSET ? NULL : kernel_lookup(address, &size);

	if (!entry || !pte_present(*entry))
		return false;
	*pfn = pte_pfn(*entry) + ((address & (size - 1)) >> PAGE_SHIFT);
	*prot = pte_pgprot(*entry);
	return true;
}

void tlb_flush_all_local(void)
{
	irqflags_t flags = irq_save();
	unsigned long cr4 = read_cr4();

	if (cr4 & X86_CR4_PGE) {
		write_cr4(cr4 & ~X86_CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
	irq_restore(flags);
}
