/*
 * The window above high_memory: many pages side by side, and device memory. Every area has an
 * unmapped guard page behind it.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include "mm/page.h"

/*
 * @size bytes (rounded up to pages) of zero-or-not memory, high pages preferred. May sleep. NULL.
 */
void *vmalloc(size_t size);
void *vzalloc(size_t size);
void vfree(const void *addr);
/* Map @n pages; the caller keeps its references. vunmap does not free pages. */
void *vmap(struct page **pages, unsigned n, pgprot_t prot);
void vunmap(const void *addr);
/* Device memory, uncached. The offset within the page is kept. NULL. */
void *ioremap(paddr_t pa, size_t size);
void iounmap(const void *addr);
bool is_vmalloc_addr(const void *addr);

/*
 * Kernel stacks: THREAD_STACK_SIZE bytes with the guard page BELOW; a per-CPU cache
 * makes fork cheap.
 */
void *stack_alloc(void);
void stack_free(void *stack);

#endif
