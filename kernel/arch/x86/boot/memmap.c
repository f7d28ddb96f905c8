/*
 * The memory map: from the loader's to one that is sorted, without overlaps, in which RAM is RAM
 * that the kernel may use.
 *
 * The loader's map is not trusted: ranges overlap, firmware areas are missing (v86), RAM ends in
 * the middle of a page. What is not RAM wins over what is; page 0 and 640 KB - 1 MB never are RAM.
 *
 * Next: limits.c.
 */
#include "boot.h"
#include "lib/string.h"

#define MAP_MAX 128

static struct mem_range map[MAP_MAX];
static unsigned count;

static void __init map_insert(unsigned at, paddr_t start, paddr_t end, enum mem_type type)
{
	if (count == MAP_MAX)
		boot_fail("the memory map has too many entries");
	memmove(&map[at + 1], &map[at], (count - at) * sizeof(map[0]));
	map[at] = (struct mem_range){start, end, type};
	count++;
}

static void __init map_remove(unsigned at)
{
	count--;
	memmove(&map[at], &map[at + 1], (count - at) * sizeof(map[0]));
}

/* Take [start, end) out of every RAM range. */
static void __init cut_ram(paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < count; i++) {
		struct mem_range *r = &map[i];

		if (r->type != MEM_RAM || r->end <= start || r->start >= end)
			continue;
		if (r->start < start && r->end > end) {
			map_insert(i + 1, end, r->end, MEM_RAM);
			map[i].end = start;
		} else if (r->start < start) {
			r->end = start;
		} else if (r->end > end) {
			r->start = end;
		} else {
			map_remove(i--);
		}
	}
}

static void __init add_sorted(paddr_t start, paddr_t end, enum mem_type type)
{
	unsigned at = 0;

	if (start >= end)
		return;
	while (at < count && map[at].start < start)
		at++;
	map_insert(at, start, end, type);
}

/* RAM loses its broken pages at both ends, and what is already in the map as RAM. */
static void __init add_ram(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end)
		return;
	cut_ram(start, end);
	add_sorted(start, end, MEM_RAM);
}

static void __init add_other(paddr_t start, paddr_t end, enum mem_type type)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	cut_ram(start, end);
	add_sorted(start, end, type);
}

void __init boot_cut_ram(paddr_t start, paddr_t end)
{
	cut_ram(start, end);
	boot_info.map_count = count;
}

static void __init merge_neighbours(void)
{
	for (unsigned i = 0; i + 1 < count;) {
		struct mem_range *a = &map[i], *b = &map[i + 1];

		if (b->start < a->end && a->type != MEM_RAM) {
			/* two kinds of reservation overlap: the first one keeps its place */
			b->start = MIN(a->end, b->end);
		}
		if (b->start == b->end) {
			map_remove(i + 1);
		} else if (a->end == b->start && a->type == b->type) {
			a->end = b->end;
			map_remove(i + 1);
		} else {
			i++;
		}
	}
}

/* Nothing that we could use lies up there, and rounding must not wrap around. */
#define MAP_END (1ULL << 52)

typedef void (*entry_fn)(paddr_t start, paddr_t end, u32 type);

static void __init take_ram(paddr_t start, paddr_t end, u32 type)
{
	if (type == MEM_RAM)
		add_ram(start, end);
}

static void __init take_other(paddr_t start, paddr_t end, u32 type)
{
	if (type != MEM_RAM)
		add_other(start, end, type <= MEM_BAD && type ? (enum mem_type)type : MEM_RESERVED);
}

static void __init for_each_entry(const struct multiboot_info *mbi, entry_fn fn)
{
	u32 at = mbi->mmap_addr, end = mbi->mmap_addr + mbi->mmap_length;

	while (at + sizeof(struct multiboot_mmap) <= end) {
		const struct multiboot_mmap *entry = lowmem_ptr(at);

		if (entry->addr < MAP_END && entry->len)
			fn(entry->addr, entry->addr + MIN(entry->len, MAP_END - entry->addr),
			   entry->type);
		at += entry->size + sizeof(entry->size);
	}
}

void __init boot_read_memory_map(const struct multiboot_info *mbi)
{
	if (mbi->flags & MULTIBOOT_MMAP) {
		for_each_entry(mbi, take_ram);
		for_each_entry(mbi, take_other);
	} else if (mbi->flags & MULTIBOOT_MEMORY) {
		add_ram(0, (paddr_t)mbi->mem_lower << 10);
		add_ram(0x100000, 0x100000 + ((paddr_t)mbi->mem_upper << 10));
	} else {
		boot_fail("the loader passes no memory map");
	}
	add_other(0, PAGE_SIZE, MEM_RESERVED);
	add_other(0xA0000, 0x100000, MEM_RESERVED);
	merge_neighbours();
	boot_info.map = map;
	boot_info.map_count = count;
}

/* First fit behind the image, around the initial RAM disk. */
u32 __init boot_take_tables(u32 size)
{
	paddr_t start = ALIGN_UP(boot_info.kernel_end, PAGE_SIZE);
	paddr_t initrd_start = ALIGN_DOWN(boot_info.initrd_start, PAGE_SIZE);
	paddr_t initrd_end = ALIGN_UP(boot_info.initrd_end, PAGE_SIZE);

	for (unsigned i = 0; i < count; i++) {
		paddr_t at = MAX(map[i].start, start), end = MIN(map[i].end, boot_info.lowmem_end);

		if (map[i].type != MEM_RAM)
			continue;
		if (at < initrd_end && at + size > initrd_start)
			at = initrd_end;
		if (at >= end || end - at < size)
			continue;
		boot_info.tables_start = at;
		boot_info.tables_end = at + size;
		memset(lowmem_ptr(at), 0, size);
		return (u32)at;
	}
	return 0;
}
