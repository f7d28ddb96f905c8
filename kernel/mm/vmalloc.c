/*
 * The window above high_memory: ranges of kernel addresses with page-table entries of their own.
 *
 * The areas are a tree by address. Each knows the gap in front of it and the largest gap of its
 * subtree, so that the lowest gap that fits is found in O(log n); a sentinel at the end of the
 * window carries the last gap. The guard page behind an area is part of it and never mapped.
 *
 * Freeing is lazy: the entries are cleared at once, but the addresses may still be in TLBs, so the
 * area stays in the tree until enough have come together (or addresses are short); then one flush
 * on all CPUs serves them all.
 *
 * Which pages an area has is not written down: its page-table entries say it.
 *
 * Lock: vmalloc_lock, never taken by interrupts. vfree() from an interrupt puts the memory on a
 * list for later.
 * Next: ioremap.c, stack.c.
 */
#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include "mm/slab.h"
#include "sched/lock.h"
#include "sched/task.h"
#include "vmalloc_area.h"

static DEFINE_SPINLOCK(vmalloc_lock, RANK_VMALLOC);
static struct rb_root areas;
static struct vm_area sentinel;
static struct kmem_cache *area_cache;
static struct vm_area *lazy; /* (vmalloc_lock) freed, not purged */
static unsigned long lazy_bytes, lazy_most, used_bytes;

static struct vm_area *area_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct vm_area, node);
}

/* ---- gaps: => vmalloc_lock ---- */

static unsigned long subtree_gap(struct rb_node *node)
{
	return node ? area_of(node)->max_gap : 0;
}

static bool update_gap(struct rb_node *node)
{
	struct vm_area *area = area_of(node);
	unsigned long below = MAX(subtree_gap(node->left), subtree_gap(node->right));
	unsigned long max = MAX(area->gap, below);
	bool changed = max != area->max_gap;

	area->max_gap = max;
	return changed;
}

static const struct rb_augment gap_augment = {update_gap};

static void set_gap(struct vm_area *area, unsigned long gap)
{
	area->gap = gap;
	rb_augment_propagate(&area->node, &gap_augment);
}

/* The area behind the lowest gap of at least @size bytes. */
static struct vm_area *find_gap(unsigned long size)
{
	struct rb_node *node = areas.node;

	if (subtree_gap(node) < size)
		return NULL;
	for (;;) {
		struct vm_area *area = area_of(node);

		if (subtree_gap(node->left) >= size)
			node = node->left;
		else if (area->gap >= size)
			return area;
		else
			node = node->right;
	}
}

static void insert(struct vm_area *area)
{
	struct rb_node **link = &areas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = area->start < area_of(parent)->start ? &parent->left : &parent->right;
	}
	rb_link_node(&area->node, parent, link);
	rb_insert_augmented(&area->node, &areas, &gap_augment);
}

/* Give @area the beginning of the gap in front of @next. */
static void place(struct vm_area *area, struct vm_area *next)
{
	area->start = next->start - next->gap;
	area->gap = 0;
	set_gap(next, next->gap - area->size);
	insert(area);
	used_bytes += area->size;
}

static void remove(struct vm_area *area)
{
	struct vm_area *next = area_of(rb_next(&area->node));

	rb_erase_augmented(&area->node, &areas, &gap_augment, NULL);
	set_gap(next, next->gap + area->gap + area->size);
	used_bytes -= area->size;
}

/* ---- areas ---- */

/* The area whose first page is at @base, if it is of @kind and in use. */
static struct vm_area *find_area(const void *base, unsigned kind)
{
	struct rb_node *node;
	struct vm_area *area = NULL;

	spin_lock(&vmalloc_lock);
	for (node = areas.node; node;) {
		area = area_of(node);
		if (vm_area_base(area) == base)
			break;
		node = (unsigned long)base < area->start ? node->left : node->right;
	}
	if (!node || !(area->kind & kind) || (area->kind & INSPECT_UNPURGED))
		area = NULL;
	spin_unlock(&vmalloc_lock);
	return area;
}

/* Make freed addresses usable again: flush the TLBs once, for all of them. */
static void purge(void)
{
	struct vm_area *list, *area;
	unsigned long start = ~0ul, end = 0;

	spin_lock(&vmalloc_lock);
	list = lazy;
	lazy = NULL;
	lazy_bytes = 0;
	spin_unlock(&vmalloc_lock);
	if (!list)
		return;
	for (area = list; area; area = area->next) {
		start = MIN(start, area->start);
		end = MAX(end, area->start + area->size);
	}
	tlb_flush_kernel_range((void *)start, (void *)end);
	while ((area = list)) {
		list = area->next;
		spin_lock(&vmalloc_lock);
		remove(area);
		spin_unlock(&vmalloc_lock);
		kmem_cache_free(area_cache, area);
	}
}

static bool try_place(struct vm_area *area)
{
	struct vm_area *next;

	spin_lock(&vmalloc_lock);
	next = find_gap(area->size);
	if (next)
		place(area, next);
	spin_unlock(&vmalloc_lock);
	return next;
}

static void free_deferred(void);

/*
 * Once a second (of 2^30 ns): a program that starts threads without end gets here again and again.
 */
static void complain(unsigned long size, const void *caller)
{
	static u32 last;
	u32 now = (u32)(clock_ns() >> 30) + 1;

	if (atomic_xchg(&last, now) != now)
		pr_warn("vmalloc: no room for %lu bytes in the window of %lu kB, asked by %pS; "
			"vmalloc= makes it larger\n",
			size, inspect_vmalloc_total() << (PAGE_SHIFT - 10), caller);
}

struct vm_area *vm_area_alloc(unsigned long size, unsigned kind, const void *caller)
{
	struct vm_area *area = kmem_cache_alloc(area_cache, GFP_KERNEL);

	if (!area)
		return NULL;
	free_deferred();
	*area = (struct vm_area){.size = size, .kind = kind, .caller = caller};
	if (try_place(area))
		return area;
	purge();
	if (try_place(area))
		return area;
	complain(size, caller);
	kmem_cache_free(area_cache, area);
	return NULL;
}

void vm_area_free(struct vm_area *area)
{
	bool many;

	spin_lock(&vmalloc_lock);
	area->kind |= INSPECT_UNPURGED;
	area->next = lazy;
	lazy = area;
	lazy_bytes += area->size;
	many = lazy_bytes > lazy_most;
	spin_unlock(&vmalloc_lock);
	if (many)
		purge();
}

/* ---- pages ---- */

void vm_unmap_pages(char *start, unsigned n, bool free)
{
	for (char *va = start; n--; va += PAGE_SIZE) {
		pfn_t pfn;
		pgprot_t prot;

		if (!arch_kernel_lookup(va, &pfn, &prot))
			continue;
		arch_kernel_unmap(va);
		if (free)
			page_put(pfn_to_page(pfn));
	}
}

#define BATCH 32

int vm_map_new_pages(char *start, unsigned n, gfp_t gfp)
{
	struct page *pages[BATCH];
	unsigned done = 0;

	while (done < n) {
		unsigned want = MIN(n - done, (unsigned)BATCH);
		unsigned got = alloc_pages_bulk(gfp, want, pages);

		for (unsigned i = 0; i < got; i++, done++)
			arch_kernel_map(start + done * PAGE_SIZE, page_to_pfn(pages[i]),
					PGPROT_KERNEL);
		if (got < want) {
			vm_unmap_pages(start, done, true);
			return -ENOMEM;
		}
		cond_resched();
	}
	return 0;
}

static void *vmalloc_as(size_t size, gfp_t gfp, const void *caller)
{
	unsigned long bytes = ALIGN_UP(size, PAGE_SIZE);
	struct vm_area *area;

	if (!size || bytes < size || bytes >> PAGE_SHIFT >= inspect_vmalloc_total())
		return NULL;
	area = vm_area_alloc(bytes + PAGE_SIZE, INSPECT_VMALLOC, caller);
	if (!area)
		return NULL;
	area->pages = (u32)(bytes >> PAGE_SHIFT);
	if (vm_map_new_pages((char *)area->start, area->pages, gfp)) {
		vm_area_free(area);
		return NULL;
	}
	return (void *)area->start;
}

void *vmalloc(size_t size)
{
	return vmalloc_as(size, GFP_KERNEL | __GFP_HIGHMEM, __builtin_return_address(0));
}

void *vzalloc(size_t size)
{
	return vmalloc_as(size, GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO,
			  __builtin_return_address(0));
}

void *vmap(struct page **pages, unsigned n, pgprot_t prot)
{
	struct vm_area *area;

	if (!n || n >= inspect_vmalloc_total())
		return NULL;
	area = vm_area_alloc((n + 1) * PAGE_SIZE, INSPECT_VMAP, __builtin_return_address(0));
	if (!area)
		return NULL;
	area->pages = n;
	for (unsigned i = 0; i < n; i++)
		arch_kernel_map((char *)area->start + i * PAGE_SIZE, page_to_pfn(pages[i]), prot);
	return (void *)area->start;
}

static void unmap_area(const void *base, unsigned kind, bool free, const void *caller)
{
	struct vm_area *area = find_area(base, kind);

	if (!area) {
		printk(KERN_ERR "BUG: no vmalloc area begins at %p, freed by %pS\n", base, caller);
		return;
	}
	vm_unmap_pages(vm_area_base(area), area->pages, free);
	vm_area_free(area);
}

void vm_unmap(const void *base, unsigned kind, const void *caller)
{
	unmap_area(base, kind, false, caller);
}

void vunmap(const void *addr)
{
	if (addr)
		vm_unmap(addr, INSPECT_VMAP, __builtin_return_address(0));
}

/* Memory that was freed where nobody may wait for other CPUs, linked through its first word. */
static void *deferred;

static void defer(void *addr)
{
	void *old = __atomic_load_n(&deferred, __ATOMIC_RELAXED);

	do
		*(void **)addr = old;
	while (!__atomic_compare_exchange_n(&deferred, &old, addr, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
}

static void free_deferred(void)
{
	void *list, *next;

	if (likely(!__atomic_load_n(&deferred, __ATOMIC_RELAXED)))
		return;
	for (list = __atomic_exchange_n(&deferred, NULL, __ATOMIC_ACQUIRE); list; list = next) {
		next = *(void **)list;
		unmap_area(list, INSPECT_VMALLOC | INSPECT_STACK, true, NULL);
	}
}

void vm_free_memory(void *base, unsigned kind, const void *caller)
{
	if (in_interrupt() || irqs_disabled())
		defer(base);
	else
		unmap_area(base, kind, true, caller);
}

void vfree(const void *addr)
{
	if (addr)
		vm_free_memory((void *)addr, INSPECT_VMALLOC, __builtin_return_address(0));
}

bool is_vmalloc_addr(const void *addr)
{
	return addr >= (const void *)windows.vmalloc_start &&
	       addr < (const void *)windows.vmalloc_end;
}

void vmalloc_init(void)
{
	areas = RB_ROOT;
	lazy = NULL;
	lazy_bytes = used_bytes = 0;
	deferred = NULL;
	sentinel = (struct vm_area){.start = (unsigned long)windows.vmalloc_end};
	sentinel.gap = sentinel.start - (unsigned long)windows.vmalloc_start;
	insert(&sentinel);
#ifdef CONFIG_DEBUG_VM
	lazy_most = 0; /* a use after vfree faults at once */
#else
	lazy_most = sentinel.gap / 8;
#endif
	area_cache = kmem_cache_create("vmap_area", sizeof(struct vm_area), 0, SLAB_PANIC);
}

/* ---- inspection ---- */

static void describe(const struct vm_area *area, struct inspect_vmalloc *out)
{
	*out = (struct inspect_vmalloc){
		.start = area->start,
		.size = area->size,
		.caller = area->caller,
		.pages = area->pages,
		.phys = area->phys,
		.kind = area->kind,
	};
}

bool inspect_vmalloc(unsigned long from, struct inspect_vmalloc *out)
{
	struct vm_area *found = NULL;

	spin_lock(&vmalloc_lock);
	for (struct rb_node *node = areas.node; node;) {
		struct vm_area *area = area_of(node);

		if (area->start >= from) {
			found = area;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	if (found && found != &sentinel)
		describe(found, out);
	spin_unlock(&vmalloc_lock);
	return found && found != &sentinel;
}

unsigned long inspect_vmalloc_total(void)
{
	return (unsigned long)((char *)windows.vmalloc_end - (char *)windows.vmalloc_start) >>
	       PAGE_SHIFT;
}

unsigned long inspect_vmalloc_used(void)
{
	return READ_ONCE(used_bytes) >> PAGE_SHIFT;
}
