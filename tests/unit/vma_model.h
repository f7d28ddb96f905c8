/*
 * The algebra of areas and its model: an array with a cell for each page and a border between any
 * two, worked on by the letter of the rules. For test_vma.c, test_vma_all.c and tests/fuzz.
 */
#ifndef VMA_MODEL_H
#define VMA_MODEL_H

#include "mm/vma.h"

#define VMA_MODEL_PAGES 256u
#define VMA_MODEL_BASE 0x100000u /* a stack's guard gap does not reach page 0 */

struct vma_cell {
	bool mapped, border; /* border: an area begins here */
	u8 object;           /* 0: anonymous */
	u32 flags, pgoff, anon_id;
};

struct vma_space {
	unsigned pages;
	u32 last_anon_id;
	struct vma_tree tree;
	struct vma_cell model[VMA_MODEL_PAGES];
	/* the areas' memory: no allocator, so that a state can be made by the million */
	struct vma *unused;
	struct vma pool[VMA_MODEL_PAGES + 4];
};

static inline uaddr_t vma_addr_of(unsigned page)
{
	return VMA_MODEL_BASE + (page << PAGE_SHIFT);
}
static inline unsigned vma_page_of(uaddr_t addr)
{
	return (addr - VMA_MODEL_BASE) >> PAGE_SHIFT;
}

/* Empty, of @pages pages. */
void vma_space_reset(struct vma_space *s, unsigned pages);
struct vma *vma_space_alloc(struct vma_space *s);

/* ---- the operations on pages [from, to), on both, as mmap.c and its kin put them together ---- */
void vma_do_map(struct vma_space *s, unsigned from, unsigned to, u32 flags, u8 object, u32 pgoff);
void vma_do_unmap(struct vma_space *s, unsigned from, unsigned to);
/* Areas of the range, up to the first hole, get (flags & ~mask) | value. */
void vma_do_flags(struct vma_space *s, unsigned from, unsigned to, u32 mask, u32 value);
/* The first private page of the area there, if there is one. */
void vma_do_touch(struct vma_space *s, unsigned page);
/* Every area is as if it came by fork. */
void vma_do_fork(struct vma_space *s);

/* ---- what must hold: NULL, or what does not ---- */
/* The areas are the model's runs, in order, and the tree knows of each subtree what it has. */
const char *vma_check(struct vma_space *s);
/* Every page is looked up. */
const char *vma_check_find(struct vma_space *s);
/* The search for @n free pages in [low, high) finds what a scan finds. */
const char *vma_check_gap(struct vma_space *s, unsigned low, unsigned high, unsigned n);

#endif
