/*
 * Counts of what happened in memory since boot, for /proc/vmstat. One addition to a per-CPU word
 * each.
 */
#ifndef MM_VMSTAT_H
#define MM_VMSTAT_H

#include "arch/port.h"

enum vm_event {
	VM_PGFAULT,     /* page faults served */
	VM_PGMAJFAULT,  /* of them, with a read from a device */
	VM_PGREUSE,     /* write faults where the only owner kept its page */
	VM_PGSCAN,      /* pages that reclaim looked at */
	VM_PGSTEAL,     /* and dropped */
	VM_PGACTIVATE,  /* and kept because they were used */
	VM_PGALLOC_DMA, /* pages given out, by zone in the order of enum zone_id */
	VM_PGALLOC_NORMAL,
	VM_PGALLOC_HIGH,
	VM_PGFREE,         /* pages taken back */
	VM_DROP_PAGECACHE, /* orders by /proc/sys/vm/drop_caches: pages, objects */
	VM_DROP_SLAB,
	VM_OOM_KILL,
	VM_TLB_REMOTE_FLUSH,          /* TLB flushes that interrupted other CPUs */
	VM_THP_FAULT_ALLOC,           /* huge mappings made at a first touch (mm/huge.c) */
	VM_THP_FAULT_FALLBACK,        /* and not made, for want of a block */
	VM_THP_COLLAPSE_ALLOC,        /* blocks for pages that are gathered (mm/collapse.c) */
	VM_THP_COLLAPSE_ALLOC_FAILED, /* and there was none */
	VM_THP_SPLIT_PMD,             /* huge mappings broken up into their pages */
	VM_UNEVICTABLE_CULLED,        /* pages that must stay from now (mm/lru.c) */
	VM_UNEVICTABLE_RESCUED,       /* and that need no longer */
	VM_UNEVICTABLE_MLOCKED,       /* pages that an area locks */
	VM_UNEVICTABLE_MUNLOCKED,     /* and that none locks any more */
	NR_VM_EVENTS,
};

/* pgfault, pgmajfault, ...: the words of /proc/vmstat. */
extern const char *const vm_event_names[NR_VM_EVENTS];
unsigned long vm_event_total(enum vm_event event);

DECLARE_PER_CPU(u32[NR_VM_EVENTS], vm_events);

/* Any context. */
static inline void vm_event_add(enum vm_event event, u32 n)
{
	this_cpu_add_at(vm_events, event, n);
}

#endif
