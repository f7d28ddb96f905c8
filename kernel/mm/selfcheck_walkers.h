/* Private to mm/: the walkers of mm/selfcheck.h, debug builds only. */
#ifndef MM_SELFCHECK_WALKERS_H
#define MM_SELFCHECK_WALKERS_H

#include "mm/mapping.h"
#include "mm/selfcheck.h"

extern struct selfcheck_list all_mms, all_mappings;

void selfcheck_phys_init(void);
/* The tables that wait on each CPU for reuse (pgtable.c). */
void pgtable_selfcheck(struct selfcheck *sc);
/* True: @m is shared anonymous memory, and what it promised was told (shmem.c). */
bool shmem_selfcheck(struct selfcheck *sc, const struct mapping *m);

#endif
