/* The counts of mm/vmstat.h: one word a CPU each, summed up when somebody reads them. */
#include "mm/vmstat.h"

DEFINE_PER_CPU(u32[NR_VM_EVENTS], vm_events);

const char *const vm_event_names[NR_VM_EVENTS] = {
	[VM_PGFAULT] = "pgfault",
	[VM_PGMAJFAULT] = "pgmajfault",
	[VM_PGREUSE] = "pgreuse",
	[VM_PGSCAN] = "pgscan_direct",
	[VM_PGSTEAL] = "pgsteal_direct",
	[VM_PGACTIVATE] = "pgactivate",
	[VM_PGALLOC_DMA] = "pgalloc_dma",
	[VM_PGALLOC_NORMAL] = "pgalloc_normal",
	[VM_PGALLOC_HIGH] = "pgalloc_high",
	[VM_PGFREE] = "pgfree",
	[VM_DROP_PAGECACHE] = "drop_pagecache",
	[VM_DROP_SLAB] = "drop_slab",
	[VM_OOM_KILL] = "oom_kill",
	[VM_TLB_REMOTE_FLUSH] = "nr_tlb_remote_flush",
	[VM_THP_FAULT_ALLOC] = "thp_fault_alloc",
	[VM_THP_FAULT_FALLBACK] = "thp_fault_fallback",
	[VM_THP_COLLAPSE_ALLOC] = "thp_collapse_alloc",
	[VM_THP_COLLAPSE_ALLOC_FAILED] = "thp_collapse_alloc_failed",
	[VM_THP_SPLIT_PMD] = "thp_split_pmd",
	[VM_UNEVICTABLE_CULLED] = "unevictable_pgs_culled",
	[VM_UNEVICTABLE_RESCUED] = "unevictable_pgs_rescued",
	[VM_UNEVICTABLE_MLOCKED] = "unevictable_pgs_mlocked",
	[VM_UNEVICTABLE_MUNLOCKED] = "unevictable_pgs_munlocked",
};

unsigned long vm_event_total(enum vm_event event)
{
	unsigned long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sum += (*per_cpu_ptr(vm_events, cpu))[event];
	return sum;
}
