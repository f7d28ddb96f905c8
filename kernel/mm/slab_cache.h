/*
 * What a slab cache is made of, for slab.c, slab_debug.c and kmalloc.c.
 *
 * (l) cache->lock   (c) its own CPU, interrupts off   (k) constant after creation
 */
#ifndef MM_SLAB_CACHE_H
#define MM_SLAB_CACHE_H

#include "lib/list.h"
#include "lib/string.h"
#include "mm/page_list.h"
#include "mm/slab.h"
#include "sched/lock.h"

/* Free objects of one CPU, linked through their own words. */
struct cache_cpu {
	void *free;            /* (c) */
	unsigned avail, limit; /* (c) how many; more than limit: half go back */
};

struct kmem_cache {
	struct cache_cpu *cpu[CONFIG_NR_CPUS]; /* (c) never NULL: a shared empty one at first */
	gfp_t zero;                            /* (k) __GFP_ZERO: SLAB_ZERO was asked for */
	u32 object_size;                       /* (k) what the user asked for */
	u32 stride;                            /* (k) from one object to the next */
	u32 link;    /* (k) where in a free object the link lies: 0, or behind it in debug builds */
	u16 objects; /* (k) in a slab */
	u8 order;    /* (k) of a slab, in pages */
	u16 limit;   /* (k) for cache_cpu */
	spinlock_t lock;          /* RANK_SLAB, irqsave */
	struct page_list partial; /* (l) slabs with free objects; the wholly free ones last */
	unsigned long slabs;      /* (l) */
	unsigned long free;       /* (l) objects on slabs, not those of CPUs */
	unsigned empty;           /* (l) slabs that are wholly free */
	const char *name;         /* (k) */
	struct list_head node;    /* caches_lock */
};

/* A cache whose structure the caller has; 0 or -EINVAL. */
int cache_init(struct kmem_cache *cache, const char *name, size_t size, size_t align,
	       unsigned flags);
void slab_init(void);
/*
 * Give back what all caches keep for the next burst: the lists of the CPUs, wholly free
 * slabs. May sleep.
 */
void slab_shrink_all(void);
void kmalloc_init(void);

static inline void **object_link(const struct kmem_cache *cache, void *object)
{
#ifdef CONFIG_DEBUG_SLAB
	return (void **)((char *)object + cache->link);
#else
	(void)cache;
	return object;
#endif
}

#ifdef CONFIG_DEBUG_SLAB
/* slab_debug.c: bytes behind an object of @size, and the places in them. */
u32 slab_debug_layout(struct kmem_cache *cache, u32 size);
void slab_debug_fresh(const struct kmem_cache *cache, void *object);
void slab_debug_alloc(const struct kmem_cache *cache, void *object, void *caller);
void slab_debug_free(const struct kmem_cache *cache, void *object, void *caller);
#else
static inline void slab_debug_fresh(const struct kmem_cache *cache, void *object)
{
	(void)cache, (void)object;
}
static inline void slab_debug_alloc(const struct kmem_cache *cache, void *object, void *caller)
{
	(void)cache, (void)object, (void)caller;
}
static inline void slab_debug_free(const struct kmem_cache *cache, void *object, void *caller)
{
	(void)cache, (void)object, (void)caller;
}
#endif

/* slab.c, => interrupts off before and after: */
void *cache_alloc_slow(struct kmem_cache *cache, gfp_t gfp, irqflags_t flags);
void cache_free_slow(struct kmem_cache *cache, void *object);

/* kmem_cache_alloc() and kmem_cache_free() on behalf of @caller. */
static __always_inline void *cache_alloc(struct kmem_cache *cache, gfp_t gfp, void *caller)
{
	irqflags_t flags;
	struct cache_cpu *c;
	void *object;

#ifdef CONFIG_DEBUG_VM
	if (mm_fail_alloc && mm_fail_alloc(gfp))
		return NULL;
#endif
	flags = irq_save();
	c = cache->cpu[smp_cpu_id()];
	object = c->free;
	if (likely(object)) {
		c->free = *object_link(cache, object);
		c->avail--;
	} else {
		object = cache_alloc_slow(cache, gfp, flags);
	}
	irq_restore(flags);
	if (unlikely(!object))
		return NULL;
	slab_debug_alloc(cache, object, caller);
	if ((gfp | cache->zero) & __GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

static __always_inline void cache_free(struct kmem_cache *cache, void *object, void *caller)
{
	irqflags_t flags;
	struct cache_cpu *c;

	slab_debug_free(cache, object, caller);
	flags = irq_save();
	c = cache->cpu[smp_cpu_id()];
	if (likely(c->avail < c->limit)) {
		*object_link(cache, object) = c->free;
		c->free = object;
		c->avail++;
	} else {
		cache_free_slow(cache, object);
	}
	irq_restore(flags);
}

#endif
