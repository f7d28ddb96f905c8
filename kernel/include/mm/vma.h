/*
 * Areas: an area is an interval of user addresses with one set of properties, and the areas of an
 * address space are an ordered tree of disjoint intervals. This is pure interval algebra: it knows
 * no pages, no page tables and no locks (the owner's lock guards the tree), allocates nothing, and
 * cannot fail. mm/mm.h has what is done with it.
 *
 * Addresses are in bytes and multiples of PAGE_SIZE; an interval is [start, end) and never empty.
 * (l) the owner's lock for write   (k) constant after insertion   (p) mm->page_table_lock
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "lib/rbtree.h"
#include "types.h"

/* vma->flags: the numbers that /proc/PID/smaps users and debuggers know */
#define VM_READ 0x00000001u
#define VM_WRITE 0x00000002u
#define VM_EXEC 0x00000004u
#define VM_SHARED 0x00000008u
#define VM_MAYREAD 0x00000010u
#define VM_MAYWRITE 0x00000020u
#define VM_MAYEXEC 0x00000040u
#define VM_MAYSHARE 0x00000080u
#define VM_GROWSDOWN 0x00000100u
#define VM_UFFD_MISSING 0x00000200u /* vma->userfaultfd hears of faults without a page */
#define VM_PFNMAP 0x00000400u
#define VM_LOCKED 0x00002000u
#define VM_IO 0x00004000u
#define VM_SEQ_READ 0x00008000u
#define VM_RAND_READ 0x00010000u
#define VM_DONTCOPY 0x00020000u
#define VM_DONTEXPAND 0x00040000u
#define VM_LOCKONFAULT 0x00080000u
#define VM_ACCOUNT 0x00100000u
#define VM_NORESERVE 0x00200000u
#define VM_HUGETLB 0x00400000u
#define VM_WIPEONFORK 0x02000000u
#define VM_DONTDUMP 0x04000000u
#define VM_POLICY 0x08000000u /* vma->policy is set; not a flag of Linux's */
#define VM_MIXEDMAP 0x10000000u
#define VM_HUGEPAGE 0x20000000u
#define VM_NOHUGEPAGE 0x40000000u
#define VM_STACK VM_GROWSDOWN
#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)
/* Never merged, and not for mremap to extend. */
#define VM_SPECIAL (VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP)

/* Free space below a stack that nothing else may be mapped into (mmap(2), MAP_GROWSDOWN). */
#define STACK_GUARD_GAP 0x00100000u

struct mm;
struct file;
struct mapping;
struct vma_ops;
struct userfaultfd;

/*
 * vma->anon_id tells which private pages may be one day found together: 0 as long as the area has
 * none. Areas with different ids do not merge, exactly as Linux's do not with different anon_vmas.
 */
#define ANON_ID_FORKED 0x80000000u /* came by fork: does not merge with an area that has none yet */

static inline bool anon_id_is_singular(u32 id)
{
	return id && !(id & ANON_ID_FORKED);
}
/* May pages of an area with @add_id live in an area that has @id? */
static inline bool anon_id_accepts(u32 id, u32 add_id)
{
	return id == add_id || (!add_id && anon_id_is_singular(id));
}

struct vma {
	uaddr_t start, end;      /* (l) */
	struct rb_node node;     /* (l) */
	struct vma *prev, *next; /* (l) in order of address */
	u32 gap;                 /* (l) free bytes below it, its own guard gap not among them */
	u32 max_gap;             /* (l) the largest gap of the subtree */
	u32 flags;               /* (l) VM_* */
	/* (l) of start, in pages: in the file; anonymous: start >> PAGE_SHIFT when it was made */
	u32 pgoff;
	u32 anon_id;               /* (p) */
	struct mm *mm;             /* (k) */
	struct mapping *mapping;   /* (k) file, shmem; NULL: anonymous */
	struct file *file;         /* (k) opaque to mm; counted with mm_file_get/put */
	const struct vma_ops *ops; /* (k) */
	bool no_merge;             /* (k) ops->close needs to see each area */
	u8 prot;                   /* (l) index of the page protection: mm/pgtable.c */
	u16 policy;                /* (l) memory policy, valid with VM_POLICY: mm/mempolicy.c */
	struct userfaultfd *userfaultfd; /* (l) valid with VM_UFFD_MISSING: mm/userfaultfd.c */
	/* From here on mapping->i_mmap_sem; see vma_copy() */
	u32 i_mmap_max; /* last index of the subtree */
	struct rb_node i_mmap_node;
};

struct vma_tree {
	struct rb_root root;
	struct vma *first, *last;
	struct vma *cached; /* the last found; readers may race to set it */
	unsigned count;
};

static inline u32 vma_pages(const struct vma *vma)
{
	return (vma->end - vma->start) >> PAGE_SHIFT;
}
/* Anonymous, and nobody wants to know of its faults: what most faults are for. */
static inline bool vma_is_plain_anon(const struct vma *vma)
{
	return !vma->mapping && !vma->ops;
}
/* A registered area has operations, so that it is not plain. */
static inline bool vma_is_anon(const struct vma *vma)
{
	return !vma->mapping && (!vma->ops || (vma->flags & VM_UFFD_MISSING));
}
/* Who resolves its faults, or NULL. */
static inline struct userfaultfd *vma_userfaultfd(const struct vma *vma)
{
	return vma->flags & VM_UFFD_MISSING ? vma->userfaultfd : NULL;
}
static inline bool vma_is_accessible(const struct vma *vma)
{
	return vma->flags & VM_ACCESS;
}
/* The index in the mapping of @addr, which lies in @vma. */
static inline u32 vma_index(const struct vma *vma, uaddr_t addr)
{
	return vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
}
/* Where the area begins for those who look for free space: a stack keeps its guard gap. */
static inline uaddr_t vma_start_gap(const struct vma *vma)
{
	if (likely(!(vma->flags & VM_GROWSDOWN)))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

/*
 * The first area with end > @addr, or NULL: the area of @addr, or the next above it. O(log n),
 * O(1) for the last found.
 */
struct vma *vma_tree_search(struct vma_tree *tree, uaddr_t addr);
static inline struct vma *vma_tree_find(struct vma_tree *tree, uaddr_t addr)
{
	struct vma *vma = READ_ONCE(tree->cached);

	if (likely(vma && addr < vma->end &&
		   (vma->start <= addr || !vma->prev || vma->prev->end <= addr)))
		return vma;
	return vma_tree_search(tree, addr);
}
/* The first area that meets [start, end), or NULL. */
static inline struct vma *vma_tree_find_intersection(struct vma_tree *tree, uaddr_t start,
						     uaddr_t end)
{
	struct vma *vma = vma_tree_find(tree, start);

	return vma && vma->start < end ? vma : NULL;
}
static inline struct vma *vma_tree_first(const struct vma_tree *tree)
{
	return tree->first;
}
static inline struct vma *vma_tree_last(const struct vma_tree *tree)
{
	return tree->last;
}
static inline struct vma *vma_next(const struct vma *vma)
{
	return vma->next;
}
static inline struct vma *vma_prev(const struct vma *vma)
{
	return vma->prev;
}

/* The order of the areas: put @vma between two that are neighbours, or at an end (NULL). */
static inline void vma_thread(struct vma_tree *tree, struct vma *vma, struct vma *prev,
			      struct vma *next)
{
	vma->prev = prev;
	vma->next = next;
	*(prev ? &prev->next : &tree->first) = vma;
	*(next ? &next->prev : &tree->last) = vma;
}
/* => [vma->start, vma->end) meets no area of the tree */
void vma_tree_insert(struct vma_tree *tree, struct vma *vma);
/* The same for who knows the area above it; NULL: there is none. O(1) but for the balance */
void vma_tree_insert_below(struct vma_tree *tree, struct vma *vma, struct vma *next);
void vma_tree_erase(struct vma_tree *tree, struct vma *vma);
/* Move the borders; pgoff follows start. => no neighbour is met */
void vma_resize(struct vma *vma, uaddr_t start, uaddr_t end);
/*
 * Cut @vma at @addr: @vma keeps [start, addr), @upper becomes [addr, end) with all properties of
 * @vma and the offset that belongs to it. The only place where an area is divided.
 * => start < addr < end, both multiples of PAGE_SIZE
 */
void vma_split(struct vma_tree *tree, struct vma *vma, uaddr_t addr, struct vma *upper);

/*
 * Would an area with the properties of @add (in the tree or not) be one with @vma right below or
 * above it?
 */
bool vma_can_append(const struct vma *vma, const struct vma *add);  /* vma->end == add->start */
bool vma_can_prepend(const struct vma *vma, const struct vma *add); /* add->end == vma->start */
/*
 * May fresh anonymous memory with @flags be added to @vma, above or below? The same rule, for an
 * area not made yet.
 */
static inline bool vma_can_grow_anon(const struct vma *vma, u32 flags)
{
	return vma->flags == flags && vma_is_anon(vma) && !vma->file && !(flags & VM_SPECIAL) &&
	       vma->pgoff == vma->start >> PAGE_SHIFT && !(vma->anon_id & ANON_ID_FORKED);
}
/* May @vma take over @near's anon_id at its first private page? (Linux: reusable anon_vma) */
bool vma_can_share_anon(const struct vma *vma, const struct vma *near);
/* The neighbours with which an area would be one; NULL: none on that side. */
struct vma_pair {
	struct vma *prev, *next;
};
/* Those that fit @vma, each for itself. */
static inline struct vma_pair vma_fitting(const struct vma *vma)
{
	struct vma *prev = vma_prev(vma), *next = vma_next(vma);

	if (prev && (prev->end != vma->start || !vma_can_append(prev, vma)))
		prev = NULL;
	if (next && (next->start != vma->end || !vma_can_prepend(next, vma)))
		next = NULL;
	return (struct vma_pair){prev, next};
}
/*
 * Those of @vma, whose properties have changed. If both fit, but not each other: the one below.
 */
static inline struct vma_pair vma_neighbours(const struct vma *vma)
{
	struct vma_pair with = vma_fitting(vma);

	if (with.prev && with.next && with.prev->anon_id && with.next->anon_id &&
	    with.prev->anon_id != with.next->anon_id)
		with.next = NULL;
	return with;
}
/*
 * Those of @vma, just mapped. If both fit, but the one below would not take the one above in: the
 * one above (Linux 6.1 has a rule of its own for mmap).
 */
static inline struct vma_pair vma_neighbours_of_new(const struct vma *vma)
{
	struct vma_pair with = vma_fitting(vma);

	if (with.prev && with.next && !anon_id_accepts(with.prev->anon_id, with.next->anon_id))
		with.prev = NULL;
	return with;
}
/*
 * Make @vma one with these: the one below if there is, else @vma, stays in the tree and is
 * returned. The others, @vma and @with.next or one of them, are out of it, for the caller to free.
 */
struct vma *vma_merge(struct vma_tree *tree, struct vma *vma, struct vma_pair with);

/* The highest or lowest address a with low <= a, a + len <= high, and [a, a+len) free, guard gaps
 * kept; 0 if there is none. => len > 0, low > 0. O(log n) */
uaddr_t vma_gap_top_down(struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len);
uaddr_t vma_gap_bottom_up(struct vma_tree *tree, uaddr_t low, uaddr_t high, u32 len);

#endif
