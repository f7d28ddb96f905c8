/*
 * Page-table isolation: whether, and the kernel's part of the user view. pti.h explains it.
 *
 * kernel_mm's own user view is never loaded: it is the pattern from which arch_mm_init() copies.
 */
#include "pti.h"
#include "boot/boot.h"
#include "cpu.h"
#include "desc.h"
#include "paging.h"
#include "arch/log.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define JMP_REL32 0xe9

extern const char __entry_text_start[], __entry_text_end[];

struct pti_site {
	u32 at, target;
};
extern const struct pti_site __pti_sites_start[], __pti_sites_end[];

bool pti_enabled;

/* ---- whether ---- */

/* What pti= overrules. */
static bool __init is_unwanted(void)
{
	char value[8];

	return cmdline_has(boot_cmdline, "nopti") ||
	       (cmdline_get(boot_cmdline, "mitigations", value, sizeof(value)) &&
		!strcmp(value, "off"));
}

void __init pti_choose(void)
{
	char value[8];
	bool has_mode = cmdline_get(boot_cmdline, "pti", value, sizeof(value));

	pti_enabled = cpu.meltdown;
	if (has_mode && !strcmp(value, "on"))
		pti_enabled = true;
	else if (has_mode && !strcmp(value, "off"))
		pti_enabled = false;
	else if (has_mode && strcmp(value, "auto"))
		boot_note("pti= knows on, off and auto: ignored");
	else if (!has_mode && is_unwanted())
		pti_enabled = false;
}

const char *arch_meltdown_state(void)
{
	if (!cpu.meltdown)
		return "Not affected";
	return pti_enabled ? "Mitigation: PTI" : "Vulnerable";
}

/* ---- the entry code ---- */

void __init pti_patch(void)
{
	if (!pti_enabled)
		return;
	for (const struct pti_site *site = __pti_sites_start; site < __pti_sites_end; site++) {
		u8 *at = (u8 *)site->at;
		u32 distance = site->target - (site->at + 5);

		at[0] = JMP_REL32;
		memcpy(at + 1, &distance, sizeof(distance));
	}
	idt_set_pti();
}

/* ---- the pattern of all user views ---- */

static void *__init take_page(void)
{
	void *page = arch_hooks.table_alloc(0);

	if (!page)
		panic("no memory for page-table isolation");
	return page;
}

#ifdef CONFIG_X86_PAE
static pmd_t *__init view_pmd(unsigned long va)
{
	pgd_t *pgd = &kernel_mm.user_pgd[va >> PGD_SHIFT];

	if (!pgd->val)
		pgd->val = lowmem_paddr(take_page()) | PAGE_PRESENT;
	return pmd_entry(pgd, (uaddr_t)va);
}
#else
static pmd_t *__init view_pmd(unsigned long va)
{
	return (pmd_t *)&kernel_mm.pgd[PTRS_PER_PGD + (va >> PGD_SHIFT)];
}
#endif

/* And the windows below it, in which the CPU finds the LDT of the process that it runs. */
static void __init add_entry_area(void)
{
	uaddr_t end = ENTRY_AREA_BASE + ENTRY_AREA_SIZE;

	for (uaddr_t va = LDT_AREA_BASE; va < end; va += PMD_SIZE)
		*view_pmd(va) = *pmd_entry(pgd_entry(&kernel_mm, va), va);
}

static void __init add_entry_text(void)
{
	unsigned long start = (unsigned long)__entry_text_start;
	pmd_t *pmd = view_pmd(start);
	pteval_t prot = PGPROT_KERNEL_EXEC.val | PAGE_GLOBAL;

	pmd->val = lowmem_paddr(take_page()) | PAGE_PRESENT | PAGE_ACCESSED;
	for (unsigned long va = start; va < (unsigned long)__entry_text_end; va += PAGE_SIZE)
		set_pte(pte_entry(pmd, (uaddr_t)va),
			pfn_pte((pfn_t)(lowmem_paddr((void *)va) >> PAGE_SHIFT), (pgprot_t){prot}));
}

void __init pti_init(void)
{
	pr_info("Kernel/User page tables isolation: %s\n", pti_enabled ? "enabled" : "disabled");
	if (!pti_enabled)
		return;
	add_entry_area();
	add_entry_text();
}
