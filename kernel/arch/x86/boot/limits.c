/*
 * Where the borders of memory lie: mem=, vmalloc= and highmem= (docs/boot.md).
 *
 *   0 .. lowmem_end            low memory: always mapped, from PAGE_OFFSET up
 *   lowmem_end .. end of RAM   high memory
 *   vmalloc_start .. VMALLOC_END   the window; the guard lies between high_memory and it
 *
 * Each option is tried against what those before it left. One that leaves the kernel too little is
 * not half obeyed: it is ignored, and the log says so. So every combination of options boots that
 * boots without them.
 *
 * 32-bit addresses are u32 here: tests/unit/test_boot_limits.c runs this file on the host, for
 * every split. Next: tables.c.
 */
#include "boot.h"
#include "lib/cmdline.h"
#include "lib/parse.h"

#ifdef CONFIG_X86_PAE
#define RAM_LIMIT (64ULL << 30)
#define RAM_LIMIT_NOTE "only memory below 64 GB is used"
#else
#define RAM_LIMIT (4ULL << 30)
#define RAM_LIMIT_NOTE "only memory below 4 GB is used; more needs CONFIG_X86_PAE=y"
#endif

#define ALL (~(paddr_t)0)
/* What vmalloc= and highmem= leave of low memory, at least. */
#define LOWMEM_MIN ((paddr_t)16 << 20)
/* Low memory that is free when the tables are made: less does not reach init. */
#define SPARE ((paddr_t)512 << 10)
#define VMALLOC_MIN ((paddr_t)8 << 20)
/* Of RAM, for the page tables of a window that nobody gave a size. */
#define WINDOW_SHARE 64
#define WINDOW_MIN (16u << 20)
/* Page tables beside the window's: the directories, the image, the last piece of low memory. */
#define OTHER_TABLES 16

/* ---- RAM ---- */

static paddr_t __init ram_between(paddr_t from, paddr_t to)
{
	paddr_t sum = 0;

	for (unsigned i = 0; i < boot_info.map_count; i++) {
		const struct mem_range *r = &boot_info.map[i];
		paddr_t start = MAX(r->start, from), end = MIN(r->end, to);

		if (r->type == MEM_RAM && start < end)
			sum += end - start;
	}
	return sum;
}

/* The address that has @size bytes of RAM between @from and itself; => there are so many. */
static paddr_t __init ram_skip(paddr_t from, paddr_t size)
{
	paddr_t at = from;

	for (unsigned i = 0; i < boot_info.map_count && size; i++) {
		const struct mem_range *r = &boot_info.map[i];
		paddr_t start = MAX(r->start, from), n;

		if (r->type != MEM_RAM || start >= r->end)
			continue;
		n = MIN(size, r->end - start);
		at = start + n;
		size -= n;
	}
	return at;
}

/* The end of the RAM that begins below @border, at most @border. */
static paddr_t __init ram_end_below(paddr_t border)
{
	paddr_t end = 0;

	for (unsigned i = 0; i < boot_info.map_count; i++)
		if (boot_info.map[i].type == MEM_RAM && boot_info.map[i].start < border)
			end = MIN(boot_info.map[i].end, border);
	return end;
}

/* ---- what an option must leave ---- */

static paddr_t __init tables_size(u32 window_start)
{
	return (((0x100000000ULL - window_start) >> PMD_SHIFT) + OTHER_TABLES) << PAGE_SHIFT;
}

/* Does the kernel come up with low memory up to @border and this window? */
static bool __init fits(paddr_t border, u32 window_start)
{
	paddr_t image = boot_info.kernel_end - boot_info.kernel_start;
	paddr_t initrd = boot_info.initrd_end - boot_info.initrd_start;

	return border >= MAX(boot_info.kernel_end, boot_info.initrd_end) &&
	       ram_between(0, border) >= image + initrd + tables_size(window_start) + SPARE;
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
	boot_note("%s=%s is no size, such as 64M: ignored", name, value);
	return false;
}

/* ---- the window ---- */

static paddr_t __init border_below(u32 window_start)
{
	return window_start - VMALLOC_OFFSET - (u32)TASK_SIZE;
}

/*
 * Without vmalloc= the window ends what low memory leaves, and reaches down to the guard behind it
 * on a machine with less; but its page tables take a small share of RAM only.
 */
static u32 __init default_window(paddr_t lowmem_end)
{
	u32 lowest = (u32)TASK_SIZE + (u32)lowmem_end + VMALLOC_OFFSET;
	u64 reach = (ram_between(0, ALL) / WINDOW_SHARE >> PAGE_SHIFT) << PMD_SHIFT;
	u64 least = 0x100000000ULL - VMALLOC_END + WINDOW_MIN;

	reach = MAX(reach, least);
	return reach < 0x100000000ULL - lowest ? (u32)(0x100000000ULL - reach) : lowest;
}

/* The window's start if vmalloc= gives one: it is exactly that large then. Else 0. */
static u32 __init chosen_window(void)
{
	paddr_t size, most = VMALLOC_END - (u32)TASK_SIZE - VMALLOC_OFFSET - LOWMEM_MIN;
	u32 start;

	if (!size_option("vmalloc", &size))
		return 0;
	if (size < VMALLOC_MIN || size > most) {
		boot_note("vmalloc= must be 8 MB to %u MB with this split: ignored",
			  (unsigned)(most >> 20));
		return 0;
	}
	start = VMALLOC_END - (u32)size;
	if (fits(border_below(start), start))
		return start;
	boot_note("vmalloc= needs page tables for which there is too little memory: ignored");
	return 0;
}

/* ---- the options ---- */

static void __init apply_mem(void)
{
	paddr_t size;

	if (!size_option("mem", &size))
		return;
	if (fits(size, VMALLOC_END - WINDOW_MIN))
		boot_cut_ram(size, ALL);
	else
		boot_note("mem= leaves no room for the kernel and its initial RAM disk: ignored");
}

/*
 * The high zone has exactly highmem= bytes, of RAM: what is more is not used, or low
 * memory ends earlier.
 */
static paddr_t __init apply_highmem(paddr_t border, u32 window_start)
{
	paddr_t size, all = ram_between(0, ALL), lower;

	if (!size_option("highmem", &size))
		return border;
	if (size <= ram_between(border, ALL)) {
		boot_cut_ram(ram_skip(border, size), ALL);
		return border;
	}
	lower = size < all ? ram_skip(0, all - size) : 0;
	if (lower >= LOWMEM_MIN && fits(lower, window_start))
		return lower;
	boot_note("highmem= must leave 16 MB of low memory, and room for the kernel: ignored");
	return border;
}

static void __init drop_high_initrd(paddr_t border)
{
	if (boot_info.initrd_end <= border)
		return;
	boot_note("the initial RAM disk does not lie in low memory: ignored");
	boot_info.initrd_start = boot_info.initrd_end = 0;
}

void __init boot_apply_limits(void)
{
	u32 window;
	paddr_t border = HIGH_MEMORY_MAX - (u32)TASK_SIZE;

	if (ram_between(RAM_LIMIT, ALL))
		boot_note(RAM_LIMIT_NOTE);
	boot_cut_ram(RAM_LIMIT, ALL);
	drop_high_initrd(ram_end_below(border));
	apply_mem();
	window = chosen_window();
	if (window)
		border = border_below(window);
	border = apply_highmem(border, window ? window : VMALLOC_END - WINDOW_MIN);
	boot_info.lowmem_end = ram_end_below(border);
	if (boot_info.lowmem_end <= boot_info.kernel_end)
		boot_fail("no memory behind the kernel image");
	if (!window)
		window = default_window(boot_info.lowmem_end);
	windows.high_memory = lowmem_ptr(boot_info.lowmem_end);
	windows.vmalloc_start = (void *)(unsigned long)window;
	windows.vmalloc_end = (void *)VMALLOC_END;
}
