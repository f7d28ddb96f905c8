/* Private to mm/: address ranges of the vmalloc window, for vmalloc.c, ioremap.c and stack.c. */
#ifndef MM_VMALLOC_AREA_H
#define MM_VMALLOC_AREA_H

#include "lib/rbtree.h"
#include "mm/inspect.h"
#include "mm/vmalloc.h"

/* (v) vmalloc_lock   (k) constant */
struct vm_area {
	struct rb_node node;   /* (v) by address */
	unsigned long start;   /* (k) */
	unsigned long size;    /* (k) bytes, with the guard page */
	unsigned long gap;     /* (v) free bytes before it */
	unsigned long max_gap; /* (v) the largest of its subtree */
	const void *caller;    /* (k) */
	paddr_t phys;          /* (k) of ioremap */
	u32 pages;             /* (k) */
	u32 kind;              /* (v) INSPECT_* */
	struct vm_area *next;  /* (v) on the list of areas to purge */
};

/* Where the pages begin: a stack has its guard page below. */
static inline char *vm_area_base(const struct vm_area *area)
{
	return (char *)area->start + (area->kind & INSPECT_STACK ? PAGE_SIZE : 0);
}

void vmalloc_init(void);
/* An address range of @size bytes, guard included. NULL: no memory or no room. May sleep. */
struct vm_area *vm_area_alloc(unsigned long size, unsigned kind, const void *caller);
/* The area is unmapped: give its addresses back once no TLB can know them any more. May sleep. */
void vm_area_free(struct vm_area *area);
/* Free the memory, mapping and area of @kind whose first page is at @base. Any context: at once, or
 * soon. */
void vm_free_memory(void *base, unsigned kind, const void *caller);
/* The same without the memory. May sleep. */
void vm_unmap(const void *base, unsigned kind, const void *caller);
/* Allocate and map pages at @start: 0, or -ENOMEM and nothing is mapped. */
int vm_map_new_pages(char *start, unsigned n, gfp_t gfp);
/* Unmap, and free the pages if @free. */
void vm_unmap_pages(char *start, unsigned n, bool free);

#endif
