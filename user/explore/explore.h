/*
 * explore: shows in a live machine what becomes of a page. An ordinary Linux program that reads
 * what the kernel tells in /proc, so the same tours run under Linux. As root: frames are hidden
 * from others.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what the kernel says of a page and of a process (look.c) ---- */

struct page_view {
	bool present;
	bool zero;      /* the one page of zeroes that all untouched memory reads */
	bool file;      /* of a file, or shared memory */
	uint64_t frame; /* frame number; 0: hidden or none */
	uint64_t count; /* page-table entries that map the frame */
	char zone[16];  /* "DMA", "Normal", "HighMem"; "" none */
};

/* The page at @address of this process, from /proc/self/pagemap and /proc/kpage*. */
struct page_view look_at_page(const void *address);
/* A line of /proc/self/status or /proc/meminfo ("VmRSS", "HighFree"), in kB; -1: no such line. */
long status_kb(const char *name);
long meminfo_kb(const char *name);
/* Page faults that this process has had so far. */
long faults(void);
/* Say why @what failed, and end. */
void fail(const char *what) __attribute__((noreturn));

/* ---- the tours: what `explore NAME` runs ---- */

void tour_life(void); /* life.c: one page from the promise to the frame, through fork, to the end */
void tour_lazy(void); /* lazy.c: much memory asked for, little touched */
void tour_zones(void); /* zones.c: the zones, and where the pages of this process lie */
/* tables.c: the page tables of this process, of kernel mode and of user mode */
void tour_tables(void);

#endif
