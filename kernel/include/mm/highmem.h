/*
 * How the kernel reaches a page that may lie in high memory. docs/memory/kmap.md tells
 * which one when.
 *
 *   kmap_local_page   this thread, strict LIFO, at most 15 nested, any context; survives a context switch
 *   kmap_atomic       the same with page faults off (historic name)
 *   kmap              any thread, long-lived, may sleep until a window is free
 */
#ifndef MM_HIGHMEM_H
#define MM_HIGHMEM_H

#include "mm/page.h"

void *kmap_local_page(struct page *page);
void kunmap_local(const void *addr);
void *kmap_local_pfn(pfn_t pfn);
void *kmap_atomic(struct page *page);
void kunmap_atomic(void *addr);
void *kmap(struct page *page);
void kunmap(struct page *page);
/* The frame behind an address of the direct map, pkmap or a kmap_local slot. */
struct page *kmap_to_page(void *addr);

/*
 * Context switch: clear the slots of @prev on this CPU, install those of @next. => interrupts off
 */
struct task;
void kmap_local_sched_out(struct task *prev);
void kmap_local_sched_in(struct task *next);

void memcpy_from_page(void *to, struct page *page, size_t offset, size_t len);
void memcpy_to_page(struct page *page, size_t offset, const void *from, size_t len);
void memzero_page(struct page *page, size_t offset, size_t len);

#endif
