/*
 * Making per-CPU areas.
 */
#ifndef X86_PERCPU_INIT_H
#define X86_PERCPU_INIT_H

#include "arch/port.h"

/* CPU 0's area, from the template; called once by the boot stub. */
void percpu_init_boot(void);
/* An area for @cpu_id from hooks.table_alloc: 0 or -ENOMEM. */
int percpu_init_cpu(unsigned cpu_id);

#endif
