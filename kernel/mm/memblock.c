/*
 * Memory before the buddy allocator: two sorted arrays of page ranges, RAM and reserved. Free is
 * what is RAM and not reserved.
 *
 * The arrays stay after boot, unchanged: the zones initialise their struct pages section by
 * section, much later, and must know then what was free when they were set up (zone_grow in
 * mm/zone.c). What boot returns afterwards (initrd, .init) does not go through here but straight to
 * the buddy allocator.
 *
 * Allocation goes down from the end of low memory, so that the first megabytes, the only ones that
 * old devices reach, stay free. Boot is single-threaded: no locks.
 *
 * Next: mm/init.c (the order of things at boot), mm/zone.c.
 */
#include "boot_memory.h"
#include "arch/log.h"
#include "lib/string.h"

struct pfn_range {
	pfn_t start, end;
};
struct pfn_ranges {
	struct pfn_range *range;
	unsigned count, capacity;
};

#define FIRST_RANGES 32
/* The adapter area of a PC: never RAM for us, whatever the loader's map says. */
#define ADAPTER_START 0xA0000
#define ADAPTER_END 0x100000

static struct pfn_range first_ram[FIRST_RANGES], first_reserved[FIRST_RANGES];
static struct pfn_ranges ram, reserved;
static bool closed;

static void ranges_remove(struct pfn_ranges *r, unsigned i, unsigned n)
{
	memmove(&r->range[i], &r->range[i + n], (r->count - i - n) * sizeof(*r->range));
	r->count -= n;
}

/* Double the array; its new home is reserved like any other allocation, which the spare entries
 * allow for. */
static void ranges_make_room(struct pfn_ranges *r)
{
	struct pfn_range *old = r->range;
	unsigned capacity = 2 * r->capacity;

	if (r->count + 2 < r->capacity)
		return;
	r->capacity = capacity;
	r->range = memblock_alloc_raw(capacity * sizeof(*old), sizeof(long));
	memcpy(r->range, old, r->count * sizeof(*old));
}

/* Add [start, end), merged with what it meets or touches. */
static void ranges_add(struct pfn_ranges *r, pfn_t start, pfn_t end)
{
	unsigned i, n = 0;

	if (start >= end)
		return;
	for (i = 0; i < r->count && r->range[i].end < start; i++)
		;
	while (i + n < r->count && r->range[i + n].start <= end)
		n++;
	if (n) {
		start = MIN(start, r->range[i].start);
		end = MAX(end, r->range[i + n - 1].end);
		ranges_remove(r, i, n - 1);
	} else {
		memmove(&r->range[i + 1], &r->range[i], (r->count - i) * sizeof(*r->range));
		r->count++;
	}
	r->range[i] = (struct pfn_range){start, end};
}

/* The first range that ends above @pfn; its number, or r->count. */
static unsigned ranges_find(const struct pfn_ranges *r, pfn_t pfn)
{
	unsigned low = 0, high = r->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (r->range[middle].end > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool memblock_next_ram(pfn_t from, pfn_t to, pfn_t *start, pfn_t *end)
{
	unsigned i = ranges_find(&ram, from);

	if (from >= to || i == ram.count || ram.range[i].start >= to)
		return false;
	*start = MAX(from, ram.range[i].start);
	*end = MIN(to, ram.range[i].end);
	return true;
}

bool memblock_next_free(pfn_t from, pfn_t to, pfn_t *start, pfn_t *end)
{
	while (memblock_next_ram(from, to, start, end)) {
		unsigned i = ranges_find(&reserved, *start);

		if (i == reserved.count || reserved.range[i].start >= *end)
			return true;
		if (reserved.range[i].start > *start) {
			*end = reserved.range[i].start;
			return true;
		}
		from = reserved.range[i].end;
	}
	return false;
}

pfn_t memblock_end_pfn(void)
{
	return ram.count ? ram.range[ram.count - 1].end : 0;
}

void memblock_cap(pfn_t pfn)
{
	while (ram.count && ram.range[ram.count - 1].start >= pfn)
		ram.count--;
	if (ram.count)
		ram.range[ram.count - 1].end = MIN(ram.range[ram.count - 1].end, pfn);
}

void memblock_reserve(paddr_t start, paddr_t end)
{
	BUG_ON(closed);
	ranges_make_room(&reserved);
	ranges_add(&reserved, (pfn_t)(start >> PAGE_SHIFT),
		   (pfn_t)((end + PAGE_SIZE - 1) >> PAGE_SHIFT));
}

/* The highest place for @size bytes in the free pages [start, end) of low memory. */
static paddr_t fit_high(pfn_t start, pfn_t end, paddr_t size, paddr_t align)
{
	paddr_t low = (paddr_t)start << PAGE_SHIFT, high = (paddr_t)end << PAGE_SHIFT;

	if (high - low < size || ALIGN_DOWN(high - size, align) < low)
		return 0;
	return ALIGN_DOWN(high - size, align);
}

paddr_t memblock_find(paddr_t size, paddr_t align)
{
	pfn_t start, end, limit = (pfn_t)(boot_info.lowmem_end >> PAGE_SHIFT);
	paddr_t found = 0;

	for (pfn_t at = 0; memblock_next_free(at, limit, &start, &end); at = end) {
		paddr_t here = fit_high(start, end, size, align);

		if (here)
			found = here;
	}
	return found;
}

/*
 * Small allocations share a page: what is left of the last page stays the allocator's, so that
 * per-CPU areas and tables of a few hundred bytes do not cost a page each.
 */
static paddr_t partial_start, partial_end;

static paddr_t take(size_t size, size_t align)
{
	paddr_t whole = ALIGN_UP((paddr_t)size, PAGE_SIZE);
	paddr_t pa = (partial_end - size) & ~((paddr_t)align - 1);

	if (partial_end - partial_start >= size && pa >= partial_start) {
		partial_end = pa;
		return pa;
	}
	pa = memblock_find(whole, MAX((paddr_t)align, (paddr_t)PAGE_SIZE));
	if (!pa)
		return 0;
	memblock_reserve(pa, pa + whole);
	if (whole - size > partial_end - partial_start) {
		partial_start = pa + size;
		partial_end = pa + whole;
	}
	return pa;
}

void *memblock_alloc_raw(size_t size, size_t align)
{
	paddr_t pa = take(size, align);

	if (!pa)
		panic("No low memory for %zu bytes at boot", size);
	return lowmem_ptr(pa);
}

void *memblock_alloc(size_t size, size_t align)
{
	return memset(memblock_alloc_raw(size, align), 0, size);
}

void memblock_close(void)
{
	closed = true;
}

static void add_ram(paddr_t start, paddr_t end)
{
	paddr_t limit = (paddr_t)PFN_LIMIT << PAGE_SHIFT;

	start = ALIGN_UP(start, PAGE_SIZE);
	end = MIN(ALIGN_DOWN(end, PAGE_SIZE), limit);
	if (start < end) {
		ranges_make_room(&ram);
		ranges_add(&ram, (pfn_t)(start >> PAGE_SHIFT), (pfn_t)(end >> PAGE_SHIFT));
	}
}

/* Not RAM after all, although a RAM range of a careless map covers it. */
static void reserve_holes(void)
{
	for (unsigned i = 0; i < boot_info.map_count; i++)
		if (boot_info.map[i].type != MEM_RAM &&
		    boot_info.map[i].start >> PAGE_SHIFT < PFN_LIMIT)
			memblock_reserve(boot_info.map[i].start, boot_info.map[i].end);
}

void memblock_init(void)
{
	ram = (struct pfn_ranges){first_ram, 0, FIRST_RANGES};
	reserved = (struct pfn_ranges){first_reserved, 0, FIRST_RANGES};
	partial_start = partial_end = 0;
	closed = false;
	/* Reserved first: should the list of RAM outgrow its array, the new one must not lie on the
	 * kernel. */
	memblock_reserve(0, PAGE_SIZE);
	memblock_reserve(ADAPTER_START, ADAPTER_END);
	memblock_reserve(boot_info.kernel_start, boot_info.kernel_end);
	memblock_reserve(boot_info.tables_start, boot_info.tables_end);
	if (boot_info.initrd_end > boot_info.initrd_start)
		memblock_reserve(boot_info.initrd_start, boot_info.initrd_end);
	reserve_holes();
	for (unsigned i = 0; i < boot_info.map_count; i++)
		if (boot_info.map[i].type == MEM_RAM)
			add_ram(boot_info.map[i].start, boot_info.map[i].end);
}
