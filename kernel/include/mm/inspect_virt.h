/*
 * Looking at an address space: what /proc/PID/maps, smaps, pagemap and the lab read, area by area.
 * What works on areas is called with mmap_lock held for read; the rest takes it by itself and
 * copies what it found. All may sleep.
 */
#ifndef MM_INSPECT_VIRT_H
#define MM_INSPECT_VIRT_H

#include "mm/mm.h"

struct inspect_area {
	uaddr_t start, end;
	u32 flags; /* VM_* */
	u32 pgoff; /* pages; what maps shows as offset is inspect_area_offset() */
	/* the area's own reference: good as long as mmap_lock is held; NULL: none */
	struct file *file;
	/* without a file: "[heap]", "[vdso]", "/dev/zero (deleted)"...; "" none */
	const char *name;
	u32 ino; /* without a file, but with an object: its number on device 00:01; 0: none */
};
/* => mmap_lock held */
void inspect_area(struct vma *vma, struct inspect_area *out);
/* The third column of maps, in bytes: 0 for anonymous memory. */
u64 inspect_area_offset(const struct inspect_area *area);
/* The two letters of each flag for smaps' VmFlags line, each followed by a space: the length. */
int inspect_vm_flags(u32 flags, char *buf, size_t size);

/*
 * The lines of smaps, in bytes; those of pss in bytes << INSPECT_PSS_SHIFT, so that shares add up.
 */
#define INSPECT_PSS_SHIFT 12
struct inspect_usage {
	u64 rss, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous,
		lazy_free, swap, anon_huge;
	u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked, pss_swap;
};
/* What the area has in memory now, at @from and above; adds to @out. => mmap_lock held */
void inspect_usage(struct vma *vma, uaddr_t from, struct inspect_usage *out);

/*
 * /proc/PID/pagemap: one word a page for @n pages from @addr, PFNs included. 0, or -EINTR by a
 * fatal signal. => [addr, addr + n pages) is user space
 */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAP (1ull << 62)
int inspect_pagemap(struct mm *mm, uaddr_t addr, unsigned n, u64 *out);

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
