/*
 * Debug builds of slab caches: behind each object lie a red zone, the link of the free list (so
 * that the object itself can be filled), and who allocated and who freed it last.
 *
 *   | object ............ | red zone | link | allocated by | freed by | alignment |
 *
 * A free object is filled with a pattern. An object that was written after it was freed, or written
 * beyond its end, or freed twice, stops the kernel with the names of both sides.
 */
#include "arch/log.h"
#include "lib/string.h"
#include "slab_cache.h"

#ifdef CONFIG_DEBUG_SLAB

#define FILL_FREE 0x6b
#define FILL_FRESH 0x5a
#define RED_IN_USE 0xcc
#define RED_FREE 0xbb
#define RED_SIZE 8u

static u8 *red_zone(const struct kmem_cache *cache, void *object)
{
	return (u8 *)object + cache->object_size;
}

static u32 red_size(const struct kmem_cache *cache)
{
	return cache->link - cache->object_size;
}

/* [0] allocated by, [1] freed by */
static void **callers(const struct kmem_cache *cache, void *object)
{
	return object_link(cache, object) + 1;
}

u32 slab_debug_layout(struct kmem_cache *cache, u32 size)
{
	cache->link = ALIGN_UP(size + RED_SIZE, (u32)sizeof(void *));
	return cache->link + 3 * (u32)sizeof(void *);
}

static void __noreturn complain(const struct kmem_cache *cache, void *object, const char *what,
				void *caller)
{
	panic("slab %s: object %p %s; allocated by %pS, freed by %pS, found by %pS", cache->name,
	      object, what, callers(cache, object)[0], callers(cache, object)[1], caller);
}

void slab_debug_fresh(const struct kmem_cache *cache, void *object)
{
	memset(object, FILL_FREE, cache->object_size);
	memset(red_zone(cache, object), RED_FREE, red_size(cache));
	callers(cache, object)[0] = NULL;
	callers(cache, object)[1] = NULL;
}

void slab_debug_alloc(const struct kmem_cache *cache, void *object, void *caller)
{
	if (memchr_inv(red_zone(cache, object), RED_FREE, red_size(cache)))
		complain(cache, object, "was overrun while free", caller);
	if (memchr_inv(object, FILL_FREE, cache->object_size))
		complain(cache, object, "was written after it was freed", caller);
	memset(object, FILL_FRESH, cache->object_size);
	memset(red_zone(cache, object), RED_IN_USE, red_size(cache));
	callers(cache, object)[0] = caller;
}

void slab_debug_free(const struct kmem_cache *cache, void *object, void *caller)
{
	struct page *page = virt_to_page(object);

	if (!page_test(page, PG_SLAB) || page->owner != cache)
		panic("slab %s: %p is not an object of it, freed by %pS", cache->name, object,
		      caller);
	if (!memchr_inv(red_zone(cache, object), RED_FREE, red_size(cache)))
		complain(cache, object, "freed twice", caller);
	if (memchr_inv(red_zone(cache, object), RED_IN_USE, red_size(cache)))
		complain(cache, object, "was written beyond its end", caller);
	memset(object, FILL_FREE, cache->object_size);
	memset(red_zone(cache, object), RED_FREE, red_size(cache));
	callers(cache, object)[1] = caller;
}

#endif
