/*
 * kmalloc: memory by size. Up to 2 kB from slab caches of fixed sizes (powers of two, and 96 and
 * 192, which save a third of what many structures would waste); more comes as whole blocks from the
 * page allocator, which remember their order.
 *
 * kfree() tells the two apart by the page: PG_SLAB or not.
 */
#include <stdarg.h>

#include "arch/log.h"
#include "lib/bitmap.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/vmalloc.h"
#include "slab_cache.h"

static const struct {
	const char *name;
	u16 size;
} classes[] = {
	{"kmalloc-8", 8},     {"kmalloc-16", 16},   {"kmalloc-32", 32},   {"kmalloc-64", 64},
	{"kmalloc-96", 96},   {"kmalloc-128", 128}, {"kmalloc-192", 192}, {"kmalloc-256", 256},
	{"kmalloc-512", 512}, {"kmalloc-1k", 1024}, {"kmalloc-2k", 2048},
};
static struct kmem_cache caches[ARRAY_SIZE(classes)];

#define SMALL_MAX 192
#define SLAB_MAX 2048
/* The class of 256, the first that is found by its power of two. */
#define CLASS_256 7

/* Class of each size up to SMALL_MAX, by (size - 1) / 8. */
static u8 small_class[SMALL_MAX / 8];

/* => 0 < size <= SLAB_MAX */
static struct kmem_cache *size_cache(size_t size)
{
	if (size <= SMALL_MAX)
		return &caches[small_class[(size - 1) / 8]];
	return &caches[CLASS_256 + (bit_highest(size - 1) - 7)];
}

void kmalloc_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		unsigned size = classes[i].size;
		unsigned align = is_power_of_2(size) ? size : 32;

		if (cache_init(&caches[i], classes[i].name, size, align, 0))
			panic("No slab cache %s", classes[i].name);
	}
	for (unsigned i = 0, n = 0; i < ARRAY_SIZE(small_class); i++) {
		if ((i + 1) * 8 > classes[n].size)
			n++;
		small_class[i] = (u8)n;
	}
}

static unsigned size_order(size_t size)
{
	size_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return pages > 1 ? bit_highest(pages - 1) + 1 : 0;
}

static void *alloc_large(size_t size, gfp_t gfp)
{
	if (size > PAGE_SIZE << (MAX_ORDER - 1))
		return NULL;
	return get_free_pages(gfp | __GFP_COMP, size_order(size));
}

static __always_inline void *alloc_any(size_t size, gfp_t gfp, void *caller)
{
	if (unlikely(size > SLAB_MAX))
		return alloc_large(size, gfp);
	return cache_alloc(size_cache(size ?: 1), gfp, caller);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return alloc_any(size, gfp, __builtin_return_address(0));
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return alloc_any(bytes, gfp | __GFP_ZERO, __builtin_return_address(0));
}

static size_t page_block_size(const struct page *page)
{
	return PAGE_SIZE << (page_test(page, PG_HEAD) ? page->order : 0);
}

size_t ksize(const void *ptr)
{
	struct page *page;

	if (!ptr)
		return 0;
	page = virt_to_page(ptr);
	if (page_test(page, PG_SLAB))
		return ((const struct kmem_cache *)page->owner)->object_size;
	return page_block_size(page);
}

void kfree(const void *ptr)
{
	struct page *page;

	if (!ptr)
		return;
	page = virt_to_page(ptr);
	if (likely(page_test(page, PG_SLAB)))
		cache_free(page->owner, (void *)ptr, __builtin_return_address(0));
	else
		page_put(page);
}

void *krealloc(void *ptr, size_t size, gfp_t gfp)
{
	void *new;

	if (ptr && size && size <= ksize(ptr))
		return ptr;
	if (ptr && !size) {
		kfree(ptr);
		return NULL;
	}
	new = alloc_any(size, gfp, __builtin_return_address(0));
	if (new &&ptr) {
		memcpy(new, ptr, MIN(ksize(ptr), size));
		kfree(ptr);
	}
	return new;
}

void *kmemdup(const void *p, size_t n, gfp_t gfp)
{
	void *copy = alloc_any(n, gfp, __builtin_return_address(0));

	if (copy)
		memcpy(copy, p, n);
	return copy;
}

char *kstrndup(const char *s, size_t n, gfp_t gfp)
{
	size_t len = strnlen(s, n);
	char *copy = alloc_any(len + 1, gfp, __builtin_return_address(0));

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return kmemdup(s, strlen(s) + 1, gfp);
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args, again;
	char *text;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	text = kmalloc((size_t)len + 1, gfp);
	if (text)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

/* From here on a block is hard to find in fragmented memory. */
#define KVMALLOC_TRY_MAX (8 * PAGE_SIZE)

void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (size <= KVMALLOC_TRY_MAX)
		p = kmalloc(size, size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp);
	if (!p && size > PAGE_SIZE)
		p = gfp & __GFP_ZERO ? vzalloc(size) : vmalloc(size);
	return p;
}

void kvfree(const void *ptr)
{
	if (is_vmalloc_addr(ptr))
		vfree(ptr);
	else
		kfree(ptr);
}
