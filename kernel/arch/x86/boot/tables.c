/*
 * The first page tables, which stay for good as the kernel's half of every address space:
 *
 *   [0, image end)          direct map in 4 KB pages, so that the image can be protected later
 *   up to lowmem_end        direct map in 2/4 MB pages, the last piece in 4 KB pages
 *   vmalloc_start .. 4 GB   empty page tables: no kernel mapping ever needs a new one
 *
 * All tables are one block of pages behind the image. Until boot_drop_identity(), the image is also
 * mapped at its physical address, for the instructions around the one that turns paging on.
 */
#include "boot.h"
#include "../cpu.h"
#include "../paging.h"
#include "../pti.h"
#include "lib/string.h"

struct arch_mm kernel_mm;
pte_t *fixmap_ptes;
pte_t *kernel_ptes;
unsigned long kernel_ptes_start;

pteval_t kernel_prot;
#ifdef CONFIG_X86_PAE
pteval_t pte_nx;
static pmd_t *kernel_pmds[PTRS_PER_PGD]; /* [0]: the identity map */
#endif

static u32 next_table;

static void *__init take_table(void)
{
	void *table = lowmem_ptr(next_table);

	next_table += PAGE_SIZE;
	return table;
}

static pmd_t *__init kernel_pmd(unsigned long va)
{
#ifdef CONFIG_X86_PAE
	return &kernel_pmds[va >> PGD_SHIFT][(va >> PMD_SHIFT) & (PTRS_PER_PMD - 1)];
#else
	return (pmd_t *)&kernel_mm.pgd[va >> PGD_SHIFT];
#endif
}

static void __init set_kernel_table(unsigned long va, void *table)
{
	kernel_pmd(va)->val = lowmem_paddr(table) | PAGE_PRESENT | PAGE_RW | PAGE_ACCESSED;
}

static void __init set_large(unsigned long va, paddr_t pa, pgprot_t prot)
{
	kernel_pmd(va)->val = pa | prot.val | PAGE_PSE;
}

static void __init map_small(paddr_t start, paddr_t end, pgprot_t prot)
{
	pte_t *table = NULL;

	for (paddr_t pa = start; pa < end; pa += PAGE_SIZE) {
		unsigned long index = ((unsigned long)lowmem_ptr(pa) >> PAGE_SHIFT) % PTRS_PER_PTE;

		if (!table || index == 0) {
			table = take_table();
			set_kernel_table((unsigned long)lowmem_ptr(pa), table);
		}
		table[index] = pfn_pte((pfn_t)(pa >> PAGE_SHIFT), prot);
	}
}

static void __init map_lowmem(paddr_t image_end, paddr_t large_end)
{
	map_small(0, image_end, PGPROT_KERNEL_EXEC_RW);
	for (paddr_t pa = image_end; pa < large_end; pa += PMD_SIZE)
		set_large((unsigned long)lowmem_ptr(pa), pa, PGPROT_KERNEL);
	map_small(MAX(large_end, image_end), boot_info.lowmem_end, PGPROT_KERNEL);
}

static void __init map_identity(paddr_t image_end)
{
	for (paddr_t pa = 0; pa < image_end; pa += PMD_SIZE)
		set_large((unsigned long)pa, pa, PGPROT_KERNEL_EXEC_RW);
}

static void __init add_window_tables(void)
{
	unsigned tables = -kernel_ptes_start >> PMD_SHIFT;

	kernel_ptes = lowmem_ptr(next_table);
	for (unsigned i = 0; i < tables; i++)
		set_kernel_table(kernel_ptes_start + i * PMD_SIZE, take_table());
	fixmap_ptes = kernel_ptes + ((FIXADDR_TOP - kernel_ptes_start) >> PAGE_SHIFT);
}

static void __init enable_nx(void)
{
#ifdef CONFIG_X86_PAE
	if (!(cpu.fext_edx & CPU_NX))
		return;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NX);
	pte_nx = 1ULL << 63;
#endif
}

/*
 * The directory itself: under PAE, also a pmd page for each GB from PAGE_OFFSET up and for
 * the identity map.
 */
static unsigned __init directory_tables(void)
{
#ifdef CONFIG_X86_PAE
	return 1 + PTRS_PER_PGD - (unsigned)(PAGE_OFFSET >> PGD_SHIFT);
#else
	return pti_enabled ? 3 : 1; /* two, the first of an even number */
#endif
}

static void __init build_directory(void)
{
#ifdef CONFIG_X86_PAE
	for (unsigned i = 0; i < PTRS_PER_PGD; i++) {
		if (i && i < PAGE_OFFSET >> PGD_SHIFT)
			continue;
		kernel_pmds[i] = take_table();
		kernel_mm.pgd[i].val = lowmem_paddr(kernel_pmds[i]) | PAGE_PRESENT;
	}
	kernel_mm.cr3 = (u32)lowmem_paddr(kernel_mm.pgd);
#else
	if (pti_enabled && (next_table & CR3_USER_VIEW))
		take_table();
	kernel_mm.pgd = take_table();
	if (pti_enabled)
		take_table();
	kernel_mm.cr3 = (u32)lowmem_paddr(kernel_mm.pgd);
#endif
}

static unsigned __init tables_for(paddr_t start, paddr_t end)
{
	return start < end ? (unsigned)((ALIGN_UP(end, PMD_SIZE) - start) >> PMD_SHIFT) : 0;
}

u32 __init boot_build_tables(void)
{
	paddr_t image_end = MIN(ALIGN_UP(boot_info.kernel_end, PMD_SIZE), boot_info.lowmem_end);
	paddr_t large_end = ALIGN_DOWN(boot_info.lowmem_end, PMD_SIZE);
	unsigned tables;

	enable_nx();
	kernel_prot = PAGE_PRESENT | PAGE_ACCESSED | PAGE_DIRTY | (pti_enabled ? 0 : PAGE_GLOBAL) |
		      pte_nx;
	kernel_ptes_start = ALIGN_DOWN((unsigned long)windows.vmalloc_start, PMD_SIZE);
	tables = directory_tables() + tables_for(0, image_end) +
		 tables_for(MAX(large_end, image_end), boot_info.lowmem_end) +
		 (unsigned)(-kernel_ptes_start >> PMD_SHIFT);
	next_table = boot_take_tables(tables * PAGE_SIZE);
	if (!next_table)
		boot_fail("not enough low memory for the page tables");
	build_directory();
	map_lowmem(image_end, large_end);
	map_identity(ALIGN_UP(boot_info.kernel_end, PMD_SIZE));
	add_window_tables();
	windows.pkmap_base = (void *)PKMAP_BASE;
	windows.pkmap_slots = LAST_PKMAP;
	windows.fixmap_start = FIXADDR_START;
	windows.fixmap_end = FIXADDR_TOP;
	windows.entry_start = ENTRY_AREA_BASE;
	windows.entry_end = ENTRY_AREA_BASE + ENTRY_AREA_SIZE;
	return kernel_mm.cr3;
}

static void kernel_identity(bool present, paddr_t end)
{
	for (paddr_t pa = 0; pa < end; pa += PMD_SIZE) {
#ifdef CONFIG_X86_PAE
		pmd_t *pmd = &kernel_pmds[0][pa >> PMD_SHIFT];
#else
		pmd_t *pmd = (pmd_t *)&kernel_mm.pgd[pa >> PGD_SHIFT];
#endif
		pmd->val = present ? (pteval_t)(pa | PAGE_PRESENT | PAGE_RW | PAGE_PSE) : 0;
	}
}

void boot_drop_identity(void)
{
	kernel_identity(false, ALIGN_UP(boot_info.kernel_end, PMD_SIZE));
	tlb_flush_all_local();
}

void boot_add_identity(void)
{
	kernel_identity(true, PMD_SIZE);
}
