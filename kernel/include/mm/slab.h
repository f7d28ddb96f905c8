/*
 * Kernel objects: slab caches and kmalloc. Low memory only; never page-cache or user pages.
 * Per-CPU free lists in front, so that the common alloc/free is a few instructions with no lock.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "mm/page.h"

struct kmem_cache;

#define SLAB_HWCACHE_ALIGN 1u
#define SLAB_PANIC 2u /* boot-time caches: no memory is a panic */
#define SLAB_ZERO 4u  /* every object is handed out zeroed */

/*
 * A cache of objects of @size bytes; @align 0: natural. NULL: no memory. @name is kept, not copied.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, unsigned flags);
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) __must_check;
void kmem_cache_free(struct kmem_cache *cache, void *obj);

/*
 * Any size up to 4 MB, aligned to at least 8 bytes (sizes of a power of two: to themselves,
 * up to a page).
 */
void *kmalloc(size_t size, gfp_t gfp) __must_check;
static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}
void *kcalloc(size_t n, size_t size, gfp_t gfp) __must_check; /* overflow-checked, zeroed */
void *krealloc(void *ptr, size_t size, gfp_t gfp) __must_check;
void kfree(const void *ptr); /* NULL allowed */
size_t ksize(const void *ptr);
char *kstrdup(const char *s, gfp_t gfp) __must_check;
char *kstrndup(const char *s, size_t n, gfp_t gfp) __must_check;
void *kmemdup(const void *p, size_t n, gfp_t gfp) __must_check;
char *kasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);
/* kmalloc, or vmalloc when it is large; kvfree takes both. */
void *kvmalloc(size_t size, gfp_t gfp) __must_check;
void kvfree(const void *ptr);

#endif
