/*
 * W^X for the kernel image: text read-only, everything else not executable (where the CPU has NX).
 * What only the boot needs loses its right to run here too: it is about to become free memory.
 */
#include "boot/boot.h"
#include "paging.h"
#include "protect.h"

static void protect(unsigned long start, unsigned long end, pgprot_t prot)
{
	unsigned long size;

	for (unsigned long va = start & PAGE_MASK; va < end; va += PAGE_SIZE) {
		pte_t *pte = kernel_lookup(va, &size);

		if (pte && size == PAGE_SIZE)
			set_pte(pte, pfn_pte(pte_pfn(*pte), prot));
	}
}

void protect_kernel_image(void)
{
	unsigned long text = (unsigned long)_stext,
		      end = (unsigned long)lowmem_ptr(boot_info.kernel_end);

	protect(PAGE_OFFSET, text, PGPROT_KERNEL);
	protect(text, (unsigned long)_etext, PGPROT_KERNEL_EXEC);
	protect((unsigned long)_srodata, (unsigned long)_erodata, PGPROT_KERNEL_RO);
	protect((unsigned long)_sdata, ALIGN_UP(end, PMD_SIZE), PGPROT_KERNEL);
	tlb_flush_all_local();
}
