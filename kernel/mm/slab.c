/*
 * Slab caches: objects of one size, cut from blocks of low memory (slabs).
 *
 *   CPU list   free objects of one CPU, whatever slab they are of: interrupts off, no lock
 *   partial    slabs that have free objects, under the cache's lock: CPU lists are refilled
 *              from there and drained to it
 *   full       slabs without free objects are on no list: their pages know the cache
 *
 * A slab's state is in its head page: private holds the number of objects that are out (at users or
 * on CPU lists) and the place of the first free one; link is the partial list. owner is the cache,
 * in every page of the slab, so that kfree() finds it from any address.
 *
 * Locks: cache->lock (irqsave), caches_lock for the list of caches. No lock is held while pages are
 * allocated.
 * Next: kmalloc.c; slab_debug.c.
 */
#include "arch/log.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/inspect.h"
#include "slab_cache.h"
#include <linux/errno.h>

#define SLAB_MAX_ORDER 3
#define CACHE_LINE 64
/* Wholly free slabs that a cache keeps for the next burst. */
#define KEEP_EMPTY 1

static LIST_HEAD(caches);
static DEFINE_SPINLOCK(caches_lock, RANK_SLAB);
static struct kmem_cache cache_of_caches;
/* The CPU list of caches that a CPU has not used yet. Never written: it is always empty and always
 * full. */
static struct cache_cpu no_list;

/* ---- a slab's state, packed in its head page's private word; @base: its first byte ---- */

/* The first free object, by its offset in units of 8 bytes + 1; 0: none. */
static inline void *slab_first(const struct page *slab, char *base)
{
	u32 place = slab->private >> 16;

	return place ? base + (place - 1) * 8ul : NULL;
}

static unsigned slab_used(const struct page *slab)
{
	return slab->private & 0xffff;
}

static inline void slab_set(struct page *slab, const char *base, void *first, unsigned used)
{
	u32 place = first ? (u32)((char *)first - base) / 8 + 1 : 0;

	slab->private = place << 16 | used;
}

/* Slabs are naturally aligned, as buddy blocks are. */
static inline pfn_t object_slab(const struct kmem_cache *cache, void *object)
{
	return (pfn_t)(lowmem_paddr(object) >> PAGE_SHIFT) & ~((1ul << cache->order) - 1);
}

/* ---- slabs ---- */

static void mark_pages(struct kmem_cache *cache, struct page *slab, bool on)
{
	for (unsigned i = 0; i < 1u << cache->order; i++) {
		slab[i].owner = on ? cache : NULL;
		WRITE_ONCE(slab[i].flags, on ? 1u << PG_SLAB : 0);
	}
}

/* Link all objects of a new slab, in the order of their addresses. */
static void carve(struct kmem_cache *cache, struct page *slab)
{
	char *base = page_address(slab);
	void *next = NULL;

	for (unsigned i = cache->objects; i--;) {
		char *object = base + i * cache->stride;

		slab_debug_fresh(cache, object);
		*object_link(cache, object) = next;
		next = object;
	}
	slab_set(slab, base, next, 0);
}

/* Add a slab to the cache: false if there is no memory. May sleep, if @gfp does. */
static bool grow(struct kmem_cache *cache, gfp_t gfp)
{
	gfp_t pages = gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_ZERO | __GFP_COMP);
	struct page *slab = alloc_pages(pages, cache->order);
	irqflags_t flags;

	if (!slab)
		return false;
	mark_pages(cache, slab, true);
	carve(cache, slab);
	flags = spin_lock_irqsave(&cache->lock);
	page_list_add_tail(&cache->partial, slab);
	cache->slabs++;
	cache->empty++;
	cache->free += cache->objects;
	spin_unlock_irqrestore(&cache->lock, flags);
	return true;
}

/* => cache->lock held, @slab wholly free and on the partial list */
static void drop_slab(struct kmem_cache *cache, struct page *slab)
{
	page_list_del(&cache->partial, slab);
	cache->slabs--;
	cache->empty--;
	cache->free -= cache->objects;
	mark_pages(cache, slab, false);
	free_pages(slab, cache->order);
}

/* Take up to @n objects of partial slabs, linked: how many. => cache->lock */
static unsigned take_objects(struct kmem_cache *cache, unsigned n, void **list)
{
	unsigned got = 0;

	*list = NULL;
	while (got < n && !page_list_empty(&cache->partial)) {
		struct page *slab = page_list_first(&cache->partial);
		unsigned used = slab_used(slab);
		char *base = page_address(slab);
		void *object = slab_first(slab, base);

		cache->empty -= !used;
		for (; object && got < n; got++, used++) {
			void *next = *object_link(cache, object);

			*object_link(cache, object) = *list;
			*list = object;
			object = next;
		}
		slab_set(slab, base, object, used);
		if (!object)
			page_list_del(&cache->partial, slab);
	}
	cache->free -= got;
	return got;
}

/* => cache->lock */
static void give_object(struct kmem_cache *cache, void *object)
{
	pfn_t pfn = object_slab(cache, object);
	struct page *slab = pfn_to_page(pfn);
	char *base = lowmem_ptr((paddr_t)pfn << PAGE_SHIFT);
	unsigned used = slab_used(slab) - 1;
	void *first = slab_first(slab, base);

	*object_link(cache, object) = first;
	slab_set(slab, base, object, used);
	cache->free++;
	if (!first)
		page_list_add(&cache->partial, slab);
	if (used)
		return;
	cache->empty++;
	if (cache->empty > KEEP_EMPTY) {
		drop_slab(cache, slab);
	} else {
		page_list_del(&cache->partial, slab);
		page_list_add_tail(&cache->partial, slab);
	}
}

/* ---- CPU lists ---- */

/* Where a CPU's struct cache_cpu come from: the rest of a page of its own. */
struct list_store {
	struct cache_cpu *next;
	unsigned left;
};
static DEFINE_PER_CPU(struct list_store, list_store);

/* This CPU's list; made at first use. &no_list: no memory for it now. => interrupts off */
static struct cache_cpu *cpu_list(struct kmem_cache *cache)
{
	struct cache_cpu **place = &cache->cpu[smp_cpu_id()];
	struct list_store *store = this_cpu_ptr(list_store);

	if (*place != &no_list)
		return *place;
	if (!store->left) {
		store->next = get_zeroed_page(GFP_NOWAIT | __GFP_NOWARN);
		if (!store->next)
			return &no_list;
		store->left = PAGE_SIZE / sizeof(struct cache_cpu);
	}
	store->left--;
	store->next->limit = cache->limit;
	*place = store->next++;
	return *place;
}

/* One object, the CPU list filled on the way. NULL: the cache has none. => interrupts off */
static void *refill(struct kmem_cache *cache)
{
	struct cache_cpu *c = cpu_list(cache);
	void *object, *rest;
	unsigned got;

	spin_lock(&cache->lock);
	got = take_objects(cache, MAX(c->limit / 2, 1u), &object);
	spin_unlock(&cache->lock);
	if (!got)
		return NULL;
	rest = *object_link(cache, object);
	if (got > 1) {
		c->free = rest;
		c->avail = got - 1;
	}
	return object;
}

/* Interrupts are on while pages are allocated, if @flags say so. */
void *cache_alloc_slow(struct kmem_cache *cache, gfp_t gfp, irqflags_t flags)
{
	for (;;) {
		struct cache_cpu *c = cache->cpu[smp_cpu_id()];
		void *object = c->free;
		bool grown;

		if (object) {
			c->free = *object_link(cache, object);
			c->avail--;
			return object;
		}
		object = refill(cache);
		if (object)
			return object;
		irq_restore(flags);
		grown = grow(cache, gfp);
		irq_disable();
		if (!grown)
			return NULL;
	}
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc(cache, gfp, __builtin_return_address(0));
}

/* Give @n objects of the list to their slabs. => interrupts off, cache->lock */
static void give_list(struct kmem_cache *cache, struct cache_cpu *c, unsigned n)
{
	while (n-- && c->free) {
		void *object = c->free;

		c->free = *object_link(cache, object);
		c->avail--;
		give_object(cache, object);
	}
}

/* => interrupts off */
static void drain(struct kmem_cache *cache, struct cache_cpu *c, unsigned n)
{
	spin_lock(&cache->lock);
	give_list(cache, c, n);
	spin_unlock(&cache->lock);
}

/* The list is full, or there is none. */
void cache_free_slow(struct kmem_cache *cache, void *object)
{
	struct cache_cpu *c = cpu_list(cache);

	if (c == &no_list) {
		spin_lock(&cache->lock);
		give_object(cache, object);
		spin_unlock(&cache->lock);
		return;
	}
	if (c->avail >= c->limit)
		drain(cache, c, c->limit / 2);
	*object_link(cache, object) = c->free;
	c->free = object;
	c->avail++;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	cache_free(cache, obj, __builtin_return_address(0));
}

/* ---- caches ---- */

/* The smallest order that wastes at most an eighth of the slab, or the one that wastes least. */
static u8 best_order(u32 stride)
{
	unsigned best = 0;
	unsigned long least = ~0ul;

	for (unsigned order = 0; order <= SLAB_MAX_ORDER; order++) {
		unsigned long size = PAGE_SIZE << order, waste;

		if (size < stride)
			continue;
		waste = (size % stride) << (SLAB_MAX_ORDER - order);
		if (waste < least) {
			least = waste;
			best = order;
		}
		if ((size % stride) * 8 <= size)
			return (u8)order;
	}
	return (u8)best;
}

static u16 list_limit(u32 stride)
{
	if (stride <= 64)
		return 64;
	if (stride <= 256)
		return 32;
	return stride <= 1024 ? 16 : 8;
}

int cache_init(struct kmem_cache *cache, const char *name, size_t size, size_t align,
	       unsigned flags)
{
	size_t stride = MAX(size, sizeof(void *));
	irqflags_t irq;

	align = MAX(align, (size_t)8);
	if (flags & SLAB_HWCACHE_ALIGN)
		align = MAX(align,
			    (size_t)MIN(roundup_pow_of_two(size), (unsigned long)CACHE_LINE));
	if (!size || !is_power_of_2(align) || align > PAGE_SIZE)
		return -EINVAL;
	*cache = (struct kmem_cache){.name = name, .object_size = (u32)size};
#ifdef CONFIG_DEBUG_SLAB
	stride = slab_debug_layout(cache, (u32)size);
#endif
	stride = ALIGN_UP(stride, align);
	if (stride > PAGE_SIZE << SLAB_MAX_ORDER)
		return -EINVAL;
	cache->stride = (u32)stride;
	cache->order = best_order(cache->stride);
	cache->objects = (u16)((PAGE_SIZE << cache->order) / stride);
	cache->limit = list_limit(cache->stride);
	cache->zero = flags & SLAB_ZERO ? __GFP_ZERO : 0;
	spin_lock_init(&cache->lock, RANK_SLAB);
	for (unsigned i = 0; i < CONFIG_NR_CPUS; i++)
		cache->cpu[i] = &no_list;
	irq = spin_lock_irqsave(&caches_lock);
	list_add_tail(&cache->node, &caches);
	spin_unlock_irqrestore(&caches_lock, irq);
	return 0;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, unsigned flags)
{
	struct kmem_cache *cache = kmem_cache_alloc(&cache_of_caches, GFP_KERNEL);

	if (cache && cache_init(cache, name, size, align, flags)) {
		kmem_cache_free(&cache_of_caches, cache);
		cache = NULL;
	}
	if (!cache && (flags & SLAB_PANIC))
		panic("No slab cache %s of %zu bytes", name, size);
	return cache;
}

static void drain_all_of_cache(void *arg)
{
	struct kmem_cache *cache = arg;
	irqflags_t flags = irq_save();
	struct cache_cpu *c = cache->cpu[smp_cpu_id()];

	if (c != &no_list)
		drain(cache, c, c->avail);
	irq_restore(flags);
}

static void drain_everywhere(struct kmem_cache *cache)
{
	cpumask_t mask = {{0}};

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		__set_bit(cpu, mask.bits);
	ipi_call(&mask, drain_all_of_cache, cache);
	drain_all_of_cache(cache);
}

/* Only wholly free slabs go: they are the last ones. => cache->lock */
static void drop_empty_locked(struct kmem_cache *cache)
{
	struct page *slab = page_list_last(&cache->partial), *prev;

	for (; slab && cache->empty; slab = prev) {
		prev = page_list_prev(slab);
		if (!slab_used(slab))
			drop_slab(cache, slab);
	}
}

static void drop_empty_slabs(struct kmem_cache *cache)
{
	irqflags_t flags = spin_lock_irqsave(&cache->lock);

	drop_empty_locked(cache);
	spin_unlock_irqrestore(&cache->lock, flags);
}

/* All caches' lists of this CPU. The list of caches only loses one when its owner destroys it. */
static void drain_all_caches(void *unused)
{
	irqflags_t flags = spin_lock_irqsave(&caches_lock);
	struct kmem_cache *cache;

	(void)unused;
	list_for_each_entry(cache, &caches, node) {
		struct cache_cpu *c = cache->cpu[smp_cpu_id()];

		if (c != &no_list && c->avail) {
			spin_lock_nested(&cache->lock);
			give_list(cache, c, c->avail);
			spin_unlock(&cache->lock);
		}
	}
	spin_unlock_irqrestore(&caches_lock, flags);
}

void slab_shrink_all(void)
{
	cpumask_t mask = {{0}};
	irqflags_t flags;
	struct kmem_cache *cache;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		__set_bit(cpu, mask.bits);
	ipi_call(&mask, drain_all_caches, NULL);
	drain_all_caches(NULL);
	flags = spin_lock_irqsave(&caches_lock);
	list_for_each_entry(cache, &caches, node) {
		spin_lock_nested(&cache->lock);
		drop_empty_locked(cache);
		spin_unlock(&cache->lock);
	}
	spin_unlock_irqrestore(&caches_lock, flags);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	irqflags_t flags;

	if (!cache)
		return;
	drain_everywhere(cache);
	drop_empty_slabs(cache);
	if (cache->slabs) {
		printk(KERN_ERR "BUG: slab cache %s destroyed with objects in use, by %pS\n",
		       cache->name, __builtin_return_address(0));
		return;
	}
	flags = spin_lock_irqsave(&caches_lock);
	list_del(&cache->node);
	spin_unlock_irqrestore(&caches_lock, flags);
	/* The CPUs' struct cache_cpu stay: a few bytes for each CPU and a cache that rarely goes.
	 */
	kmem_cache_free(&cache_of_caches, cache);
}

void slab_init(void)
{
	list_init(&caches);
	if (cache_init(&cache_of_caches, "kmem_cache", sizeof(struct kmem_cache), 0,
		       SLAB_HWCACHE_ALIGN))
		panic("No slab caches");
	kmalloc_init();
}

/* ---- inspection ---- */

unsigned long inspect_slab_pages(void)
{
	irqflags_t flags = spin_lock_irqsave(&caches_lock);
	struct kmem_cache *cache;
	unsigned long pages = 0;

	list_for_each_entry(cache, &caches, node)
		pages += READ_ONCE(cache->slabs) << cache->order;
	spin_unlock_irqrestore(&caches_lock, flags);
	return pages;
}

static unsigned long objects_on_lists(const struct kmem_cache *cache)
{
	unsigned long n = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		n += READ_ONCE(cache->cpu[cpu]->avail);
	return n;
}

static void describe(const struct kmem_cache *cache, struct inspect_slab *out)
{
	unsigned long slabs = READ_ONCE(cache->slabs), objects = slabs * cache->objects;
	unsigned long free = READ_ONCE(cache->free) + objects_on_lists(cache);

	*out = (struct inspect_slab){
		.name = cache->name,
		.active_objects = objects > free ? objects - free : 0,
		.objects = objects,
		.object_size = cache->stride,
		.objects_per_slab = cache->objects,
		.pages_per_slab = 1u << cache->order,
		.active_slabs = slabs - READ_ONCE(cache->empty),
		.slabs = slabs,
	};
}

bool inspect_slab_cache(unsigned n, struct inspect_slab *out)
{
	irqflags_t flags = spin_lock_irqsave(&caches_lock);
	struct kmem_cache *cache;
	bool found = false;

	list_for_each_entry(cache, &caches, node) {
		if (n--)
			continue;
		describe(cache, out);
		found = true;
		break;
	}
	spin_unlock_irqrestore(&caches_lock, flags);
	return found;
}
