/*
 * Page-table entries as text, both formats: what Linux shows in debugfs, in its words.
 * arch/ptdump.h
 */
#include "arch/ptdump.h"
#include "lib/string.h"
#include "paging.h"
#include "pti.h"

#define NO_SUCH_ADDRESS (~0ul)

static struct table_entry hole(enum table_level level, unsigned long addr, unsigned long size)
{
	return (struct table_entry){.level = level, .next = ALIGN_DOWN(addr, size) + size};
}

struct table_entry arch_table_entry(struct arch_mm *am, unsigned long addr, bool user)
{
	pgd_t *pgd = (user ? pti_pgd(am) : am->pgd) + (addr >> PGD_SHIFT);
	struct table_entry e;
	pmd_t *pmd;
	pte_t pte;

	if (pgd_none(*pgd))
		return hole(TABLE_PGD, addr, PGD_SIZE);
	pmd = pmd_entry(pgd, (uaddr_t)addr);
	pte = pte_read((const pte_t *)pmd);
	if (!pmd_large((pmd_t){pte.val}) && !pmd_is_table((pmd_t){pte.val}))
		return hole(PTRS_PER_PMD == 1 ? TABLE_PGD : TABLE_PMD, addr, PMD_SIZE);
	if (pmd_large((pmd_t){pte.val})) {
		e = hole(TABLE_PMD, addr, PMD_SIZE);
	} else {
		e = hole(TABLE_PTE, addr, PAGE_SIZE);
		pte = pte_read(pte_entry(&(pmd_t){pte.val}, (uaddr_t)addr));
	}
	e.prot = pte_pgprot(pte).val;
	return e;
}

struct arch_mm *arch_kernel_tables(void)
{
	return &kernel_mm;
}

static bool forbids_execution(u64 prot)
{
#ifdef CONFIG_X86_PAE
	return prot & pte_nx;
#else
	(void)prot;
	return false;
#endif
}

void arch_table_text(const struct table_entry *e, char text[TABLE_TEXT_MAX])
{
	static const char *const level_names[] = {
		[TABLE_PGD] = "pgd", [TABLE_PMD] = "pmd", [TABLE_PTE] = "pte"};
	bool small = e->level == TABLE_PTE, pse = e->prot & PAGE_PSE;
	const char *words[] = {
		e->prot & PAGE_USER ? "USR " : "    ",
		e->prot & PAGE_RW ? "RW " : "ro ",
		e->prot & PAGE_PWT ? "PWT " : "    ",
		e->prot & PAGE_PCD ? "PCD " : "    ",
		!small && pse ? "PSE " : "    ",
		small && pse ? "PAT " : "    ", /* in an entry of a small page the bit means that */
		e->prot & PAGE_GLOBAL ? "GLB " : "    ",
		forbids_execution(e->prot) ? "NX " : "x  ",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if (e->prot & PAGE_PRESENT)
			memcpy(text, words[i], len);
		else
			memset(text, ' ', len);
		text += len;
	}
	strscpy(text, level_names[e->level], sizeof("pgd"));
}

const struct table_marker *arch_table_markers(void)
{
	static struct table_marker markers[] = {
		{0, "User Space"},    {0, "Kernel Mapping"},         {0, "vmalloc() Area"},
		{0, "vmalloc() End"}, {0, "Persistent kmap() Area"}, {0, "CPU entry area"},
		{0, "Fixmap area"},   {NO_SUCH_ADDRESS, NULL},
	};

	/* Written anew each time with what is constant since boot. */
	markers[1].start = PAGE_OFFSET;
	markers[2].start = (unsigned long)windows.vmalloc_start;
	markers[3].start = (unsigned long)windows.vmalloc_end;
	markers[4].start = (unsigned long)windows.pkmap_base;
	markers[5].start = windows.entry_start;
	markers[6].start = windows.fixmap_start;
	return markers;
}
