/*
 * Looking at an address space: what /proc/PID/maps, smaps, pagemap and the lab read, area by area.
 * Each call takes mmap_lock for read by itself and copies what it found, so that the reader may
 * sleep between two calls; areas that change meanwhile are seen before or after.
 */
#ifndef MM_INSPECT_VIRT_H
#define MM_INSPECT_VIRT_H

#include "mm/mm.h"

struct inspect_area {
	uaddr_t start, end;
	u32 flags;         /* VM_* */
	u32 pgoff;         /* pages; what maps shows as offset is inspect_area_offset() */
	struct file *file; /* referenced: give it back with mm_file_put(); NULL: none */
	const char
		*name; /* without a file: "[heap]", "[vdso]", "/dev/zero (deleted)"...; "" none */
	u32 ino;       /* without a file, but with an object: its number on device 00:01; 0: none */
};
/* The first area that ends above @addr: false: there is none. */
bool inspect_area(struct mm *mm, uaddr_t addr, struct inspect_area *out);
/* The third column of maps, in bytes: 0 for anonymous memory. */
u64 inspect_area_offset(const struct inspect_area *area);
/* The two letters of each flag for smaps' VmFlags line, each followed by a space: the length. */
int inspect_vm_flags(u32 flags, char *buf, size_t size);

/* The lines of smaps, in bytes. */
struct inspect_usage {
	u64 rss, pss, pss_dirty, shared_clean, shared_dirty, private_clean, private_dirty,
		referenced, anonymous;
	u64 swap, locked;
};
/* What the area [start, end) has in memory now; adds to @out. */
void inspect_usage(struct mm *mm, uaddr_t start, uaddr_t end, struct inspect_usage *out);

/* /proc/PID/pagemap: one word a page for @n pages from @addr, PFNs included. */
void inspect_pagemap(struct mm *mm, uaddr_t addr, unsigned n, u64 *out);

/*
 * What an address is mapped to, level by level, for page-table dumps: the raw entry, 0 where
 * there is none.
 */
struct inspect_walk {
	u64 pgd, pmd, pte;
	bool present;
	pfn_t pfn;
};
void inspect_walk(struct mm *mm, uaddr_t addr, struct inspect_walk *out);

/* Sizes for /proc/PID/statm and status, in pages. */
struct inspect_sizes {
	unsigned long total, rss, shared, text, data;                                  /* statm */
	unsigned long peak, hiwater_rss, locked, exec, stack, anon, file, shmem, swap; /* status */
	unsigned long pt_bytes;
	unsigned areas;
};
void inspect_sizes(struct mm *mm, struct inspect_sizes *out);

#endif
