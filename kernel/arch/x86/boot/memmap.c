/*
 * The memory map: from the loader's to one that is sorted, without overlaps, in which RAM is RAM
 * that the kernel may use. Then the borders: mem=, highmem= and vmalloc= (docs/boot.md).
 *
 * The loader's map is not trusted: ranges overlap, firmware areas are missing (v86), RAM ends in
 * the middle of a page. What is not RAM wins over what is; page 0 and 640 KB - 1 MB never are RAM.
 */
#include "boot.h"
#include "lib/cmdline.h"
#include "lib/parse.h"
#include "lib/string.h"

#define MAP_MAX 128
#define LOWMEM_MIN (16ULL << 20)
#ifdef CONFIG_X86_PAE
#define RAM_LIMIT (64ULL << 30)
#define RAM_LIMIT_NOTE "only 64 GB of memory are used"
#else
#define RAM_LIMIT (4ULL << 30)
#define RAM_LIMIT_NOTE "only 4 GB of memory are used; more needs CONFIG_X86_PAE=y"
#endif
#define VMALLOC_MIN (8UL << 20)

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

void __init boot_reserve(paddr_t start, paddr_t end)
{
	add_other(start, end, MEM_RESERVED);
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

		if (entry->len && entry->addr + entry->len > entry->addr)
			fn(entry->addr, entry->addr + entry->len, entry->type);
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

static paddr_t __init ram_end(void)
{
	for (unsigned i = count; i > 0; i--)
		if (map[i - 1].type == MEM_RAM)
			return map[i - 1].end;
	return 0;
}

/* The end of the RAM that begins below @border, at most @border. */
static paddr_t __init ram_end_below(paddr_t border)
{
	paddr_t end = 0;

	for (unsigned i = 0; i < count; i++)
		if (map[i].type == MEM_RAM && map[i].start < border)
			end = MIN(map[i].end, border);
	return end;
}

static bool __init size_option(const char *name, paddr_t *size)
{
	char value[24];
	const char *end;

	if (!cmdline_get(boot_cmdline, name, value, sizeof(value)))
		return false;
	*size = ALIGN_DOWN(memparse(value, &end), PAGE_SIZE);
	if (end != value && *end == '\0')
		return true;
	boot_note("mem=, highmem= and vmalloc= take a size, such as 64M: ignored");
	return false;
}

/* Where vmalloc begins at the latest: its size is vmalloc=, exactly. */
static unsigned long __init vmalloc_start_max(void)
{
	unsigned long start = HIGH_MEMORY_MAX + VMALLOC_OFFSET;
	paddr_t size;

	if (!size_option("vmalloc", &size))
		return start;
	if (size < VMALLOC_MIN || size > VMALLOC_END - PAGE_OFFSET - VMALLOC_OFFSET - LOWMEM_MIN) {
		boot_note("vmalloc= must be at least 8 MB and leave 16 MB of low memory: ignored");
		return start;
	}
	return VMALLOC_END - (unsigned long)size;
}

static paddr_t __init apply_highmem(paddr_t border, paddr_t high)
{
	paddr_t end = ram_end();

	if (end > border) {
		if (high > end - border)
			boot_note("highmem= is more than there is above low memory: ignored");
		else
			cut_ram(border + high, ~0ULL);
		return border;
	}
	if (high + LOWMEM_MIN > end) {
		boot_note("highmem= must leave 16 MB of low memory: ignored");
		return border;
	}
	return end - high;
}

/*
 * The window grows downward to the guard behind low memory, as far as its page tables cost no more
 * than 1/64 of RAM.
 */
static unsigned long __init lowest_vmalloc_start(unsigned long latest)
{
	paddr_t ram = 0, reach;
	unsigned long guard_end =
		PAGE_OFFSET + (unsigned long)boot_info.lowmem_end + VMALLOC_OFFSET;

	for (unsigned i = 0; i < count; i++)
		if (map[i].type == MEM_RAM)
			ram += map[i].end - map[i].start;
	reach = (ram / 64 >> PAGE_SHIFT) << PMD_SHIFT;
	if (reach < 0x100000000ULL - guard_end)
		guard_end = (unsigned long)(0x100000000ULL - reach);
	return MIN(guard_end, latest);
}

void __init boot_apply_limits(void)
{
	unsigned long vmalloc_start = vmalloc_start_max();
	paddr_t border = vmalloc_start - VMALLOC_OFFSET - PAGE_OFFSET;
	paddr_t size;

	if (ram_end() > RAM_LIMIT)
		boot_note(RAM_LIMIT_NOTE);
	cut_ram(RAM_LIMIT, ~0ULL);
	if (size_option("mem", &size)) {
		if (size >= boot_info.kernel_end + (1 << 20))
			cut_ram(size, ~0ULL);
		else
			boot_note("mem= leaves no room for the kernel: ignored");
	}
	if (size_option("highmem", &size))
		border = apply_highmem(border, size);
	boot_info.lowmem_end = ram_end_below(border);
	boot_info.map_count = count;
	if (boot_info.lowmem_end <= boot_info.kernel_end)
		boot_fail("no memory behind the kernel image");
	if (boot_info.initrd_end > boot_info.lowmem_end) {
		boot_note("the initial RAM disk does not lie in low memory: ignored");
		boot_info.initrd_start = boot_info.initrd_end = 0;
	}
	windows.high_memory = lowmem_ptr(boot_info.lowmem_end);
	windows.vmalloc_start = (void *)lowest_vmalloc_start(vmalloc_start);
	windows.vmalloc_end = (void *)VMALLOC_END;
}

/* First fit behind the image, around the initial RAM disk. */
u32 __init boot_alloc(u32 size)
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
		if (at == boot_info.kernel_end)
			boot_info.kernel_end += size;
		else
			boot_reserve(at, at + size);
		memset(lowmem_ptr(at), 0, size);
		return (u32)at;
	}
	return 0;
}
