/*
 * Page tables for people: what lies at an address, level by level, in the words of Linux's ptdump.
 * The machine knows entries and names; who may walk whose tables is the caller's to see to.
 */
#ifndef ARCH_PTDUMP_H
#define ARCH_PTDUMP_H

#include "arch/port.h"

/* The levels by Linux's numbers; what a format does not have is not there. */
enum table_level { TABLE_PGD = 0, TABLE_PMD = 3, TABLE_PTE = 4 };

/* The entry that decides about an address: of a page, a large page, or the one that is missing. */
struct table_entry {
	unsigned long next; /* the first address that it does not decide about; 0: the end of all */
	enum table_level level;
	u64 prot; /* its bits without the frame; 0: nothing there */
};
/*
 * In the tables for user mode (@user) or for the kernel: the same ones, if the machine makes
 * no difference.
 * => the tables of @am stay: mmap_lock for a process's half, nothing for the kernel's
 */
struct table_entry arch_table_entry(struct arch_mm *am, unsigned long addr, bool user);
/* The kernel's own tables, without any process. */
struct arch_mm *arch_kernel_tables(void);

/* "USR RW ... NX pte": the columns of Linux, with the level's name. */
#define TABLE_TEXT_MAX 40
void arch_table_text(const struct table_entry *e, char text[TABLE_TEXT_MAX]);

/*
 * Where the parts of the address space begin, ascending; the last begins nowhere (~0)
 * and has no name.
 */
struct table_marker {
	unsigned long start;
	const char *name;
};
const struct table_marker *arch_table_markers(void);

#endif
