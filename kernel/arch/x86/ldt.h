/*
 * A process's own descriptor table, between the files of arch/x86. The calls on it are
 * in arch/port.h.
 */
#ifndef X86_LDT_H
#define X86_LDT_H

#include "arch/port.h"

/* The table whose pages are in this CPU's window: that of the loaded address space. */
DECLARE_PER_CPU(struct ldt *, loaded_ldt);

/* Put @ldt, or NULL, in place of this CPU's. => interrupts off */
void ldt_load(struct ldt *ldt);
/* => no CPU has it loaded */
void ldt_free(struct ldt *ldt);

#endif
