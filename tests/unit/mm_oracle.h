/*
 * The oracle of address spaces: whatever the operations before were, these things hold whenever
 * all CPUs are idle. Each that does not ends the test with a message (sim_die).
 */
#ifndef MM_ORACLE_H
#define MM_ORACLE_H

#include "mm/mm.h"

/* What only the test knows. */
struct oracle_extra {
	struct mapping **mappings; /* objects that exist, mapped or not */
	unsigned nr_mappings;
	unsigned long promised; /* pages promised to objects (Committed_AS) */
	const pfn_t *pins;      /* frames of which the test holds a reference, one each */
	unsigned nr_pins;
};

/* Remember how much is allocated now, before the first address space: the oracle asks for leaks. */
void oracle_begin(void);
/*
 * No TLB exceeds the page tables, no free frame is mapped; every area, entry, table, page and
 * count of every address space agrees with the others; nothing is allocated that nobody has.
 */
void oracle_check(const struct oracle_extra *extra);

#define oracle_must(condition, ...) \
	do { \
		if (!(condition)) \
			sim_die("oracle: " #condition ": " __VA_ARGS__); \
	} while (0)

#endif
