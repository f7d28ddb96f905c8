/*
 * Looking at memory without touching it: what /proc, the trace and the tests read. Nothing here
 * sleeps or allocates; what changes meanwhile may be seen before or after, never half. Sizes in
 * pages unless they say bytes.
 */
#ifndef MM_INSPECT_H
#define MM_INSPECT_H

#include "mm/page.h"

/* ---- zones: /proc/zoneinfo, /proc/buddyinfo, /proc/pagetypeinfo ---- */
struct inspect_zone {
	const char *name; /* "DMA", "Normal", "HighMem": Linux's column is 8 wide, right-aligned */
	pfn_t start_pfn;
	unsigned long free, min, low, high, spanned, present, managed;
	unsigned long protection[3]; /* lowmem_reserve against requests for DMA, Normal, HighMem */
	unsigned pcp_high, pcp_batch;
	unsigned long blocks[MAX_ORDER]; /* free blocks of each order, those of sections not
					    initialised yet included */
	unsigned long ungrown;           /* pages of sections without struct pages yet (free) */
};
#define INSPECT_ZONES 3
/* Zone @n: false: there is none (n >= INSPECT_ZONES). A zone without memory has present 0. */
bool inspect_zone(unsigned n, struct inspect_zone *out);
/* Pages on the per-CPU list of @cpu. */
unsigned long inspect_zone_pcp(unsigned n, unsigned cpu);

/* One line on the log: who asked, the zones, and in words why there is none although ... (for
 * failed allocations and OOM). */
void mm_report_memory(gfp_t gfp, unsigned order, const char *what);
/* The words alone, without a newline; the length. "" when nothing is remarkable. */
int mm_explain(gfp_t gfp, char *buf, size_t size);

/* ---- frames: /proc/kpageflags, /proc/kpagecount ---- */
/* KPF_* bits of <linux/kernel-page-flags.h>; KPF_NOPAGE where there is no RAM. */
u64 inspect_kpageflags(pfn_t pfn);
u64 inspect_kpagecount(pfn_t pfn);

/* ---- the kernel's own memory: /proc/kcore ---- */
/*
 * One page at kernel address @va, a multiple of PAGE_SIZE, into @buf; zeros and false where there
 * is no memory. Never faults.
 */
bool inspect_kernel_page(unsigned long va, void *buf);

/* ---- totals: /proc/meminfo; the rest is in mm/page.h ---- */
unsigned long inspect_slab_pages(void);
unsigned long inspect_stack_pages(void); /* KernelStack */

/* ---- /proc/slabinfo, version 2.1 ---- */
struct inspect_slab {
	const char *name;
	unsigned long active_objects, objects;
	unsigned object_size, objects_per_slab, pages_per_slab; /* bytes */
	unsigned long active_slabs, slabs;
};
/* Cache number @n, from 0: false: no more. */
bool inspect_slab_cache(unsigned n, struct inspect_slab *out);

/* ---- /proc/vmallocinfo; VmallocTotal, VmallocUsed ---- */
enum {
	INSPECT_VMALLOC = 1,
	INSPECT_IOREMAP = 2,
	INSPECT_VMAP = 4,
	INSPECT_STACK = 8,
	INSPECT_UNPURGED = 16
};
struct inspect_vmalloc {
	unsigned long start, size; /* bytes, the guard page included */
	const void *caller;        /* print with %pS */
	unsigned long pages;
	paddr_t phys;  /* of ioremap */
	unsigned kind; /* INSPECT_* */
};
/* The first area at @from or above: false: no more. */
bool inspect_vmalloc(unsigned long from, struct inspect_vmalloc *out);
unsigned long inspect_vmalloc_total(void);
unsigned long inspect_vmalloc_used(void);

/* ---- the kmap window ---- */
struct inspect_pkmap {
	unsigned slots, free, unused; /* the rest is in use */
	unsigned long flushes;        /* on all CPUs */
	unsigned long waits;          /* for a slot, with all in use */
};
void inspect_pkmap(struct inspect_pkmap *out);
/* Slot @n: its frame and count (0 free, 1 unused, n: n-1 users): false: no such slot. */
bool inspect_pkmap_slot(unsigned n, pfn_t *pfn, unsigned *count);

/* ---- /proc/iomem: physical, nested by depth ---- */
struct inspect_iomem {
	paddr_t start, end; /* [start, end): Linux prints end - 1 */
	unsigned depth;     /* 0 or 1: two spaces each */
	const char *name;
};
/* Entry @n, from 0, ordered: false: no more. */
bool inspect_iomem(unsigned n, struct inspect_iomem *out);
/* A device's range, for /proc/iomem ("Local APIC"); @name is kept. 0 or -ENOMEM. */
int iomem_add(paddr_t start, paddr_t end, const char *name);

#endif
