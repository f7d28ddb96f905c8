/*
 * The boot stub's memory map and borders (kernel/arch/x86/boot/memmap.c, limits.c), on the host:
 * tables of maps and of options, and then every combination of options on many machines, against
 * the rules that all of them keep.
 *
 * The stub's files are included, so that test_boot_limits_2l.c can have them with
 * two-level page tables.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "../../kernel/arch/x86/boot/limits.c"
#include "../../kernel/arch/x86/boot/memmap.c"

#define KB (1ull << 10)
#define MB (1ull << 20)
#define GB (1ull << 30)

struct boot_info boot_info;
struct kernel_windows windows;
unsigned long sim_page_offset; /* 0: a physical address is the host's */
u32 sim_task_size;
char boot_cmdline[2048];
static char said[4096];

static const u32 splits[] = {PAGE_OFFSET_3G, PAGE_OFFSET_3G_OPT, PAGE_OFFSET_2G, PAGE_OFFSET_2G_OPT,
			     PAGE_OFFSET_1G};

void boot_fail(const char *why)
{
	fail_msg("boot_fail: %s", why);
	abort();
}

void boot_note(const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - len - 1, format, args);
	va_end(args);
	strcat(said, "\n");
}

/* ---- a machine ---- */

struct part {
	u64 start, end;
	u32 type;
};

static void boot_from(const struct part *part, unsigned n)
{
	static struct multiboot_mmap *entries;
	struct multiboot_info mbi = {.flags = MULTIBOOT_MMAP};

	if (!entries)
		entries = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	for (unsigned i = 0; i < n; i++)
		entries[i] = (struct multiboot_mmap){sizeof(*entries) - 4, part[i].start,
						     part[i].end - part[i].start, part[i].type};
	mbi.mmap_addr = (u32)(unsigned long)entries;
	mbi.mmap_length = n * (u32)sizeof(*entries);
	count = 0;
	said[0] = '\0';
	boot_info = (struct boot_info){.kernel_start = 1 * MB, .kernel_end = 1 * MB + 900 * KB};
	boot_read_memory_map(&mbi);
}

/*
 * A PC as QEMU makes it: what does not fit below 3 GB begins at 4 GB; 128 KB at the end of the low
 * part are the firmware's.
 */
static void boot_pc(u64 ram, const char *options, u32 split)
{
	u64 low = MIN(ram, 3 * GB);
	struct part parts[] = {
		{0, 0x9fc00, MEM_RAM},
		{0x9fc00, 0xa0000, MEM_RESERVED},
		{0xf0000, 0x100000, MEM_RESERVED},
		{0x100000, low - 128 * KB, MEM_RAM},
		{low - 128 * KB, low, MEM_RESERVED},
		{4 * GB, 4 * GB + ram - low, MEM_RAM},
	};

	sim_task_size = split;
	boot_from(parts, ram > low ? 6 : 5);
	boot_info.initrd_start = 2 * MB;
	boot_info.initrd_end = 2 * MB + 2256 * KB;
	snprintf(boot_cmdline, sizeof(boot_cmdline), "%s", options);
}

static u64 window_size(void)
{
	return (unsigned long)windows.vmalloc_end - (unsigned long)windows.vmalloc_start;
}

static u64 high_bytes(void)
{
	return ram_between(boot_info.lowmem_end, ALL);
}

static void boot_with(u64 ram, const char *options, u32 split)
{
	boot_pc(ram, options, split);
	boot_apply_limits();
}

/* ---- the map ---- */

static void assert_map(const struct part *want, unsigned n)
{
	assert_int_equal(boot_info.map_count, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(boot_info.map[i].start, want[i].start);
		assert_int_equal(boot_info.map[i].end, want[i].end);
		assert_int_equal(boot_info.map[i].type, want[i].type);
	}
}

#define MAP(...) \
	((struct part[]){__VA_ARGS__}), sizeof((struct part[]){__VA_ARGS__}) / sizeof(struct part)

static void the_map_is_sorted_and_without_overlaps(void **state)
{
	(void)state;
	boot_from(MAP({16 * MB, 32 * MB, MEM_RAM}, {0, 640 * KB, MEM_RAM},
		      {1 * MB, 16 * MB, MEM_RAM}));
	assert_map(MAP({0, 4096, MEM_RESERVED}, {4096, 640 * KB, MEM_RAM},
		       {640 * KB, 1 * MB, MEM_RESERVED}, {1 * MB, 32 * MB, MEM_RAM}));
	/* twice the same RAM is there once */
	boot_from(MAP({1 * MB, 24 * MB, MEM_RAM}, {16 * MB, 32 * MB, MEM_RAM}));
	assert_map(MAP({0, 4096, MEM_RESERVED}, {640 * KB, 1 * MB, MEM_RESERVED},
		       {1 * MB, 32 * MB, MEM_RAM}));
}

static void what_is_not_ram_wins(void **state)
{
	(void)state;
	boot_from(MAP({1 * MB, 32 * MB, MEM_RAM}, {8 * MB, 9 * MB, MEM_ACPI},
		      {31 * MB, 33 * MB, 77}));
	assert_map(MAP({0, 4096, MEM_RESERVED}, {640 * KB, 1 * MB, MEM_RESERVED},
		       {1 * MB, 8 * MB, MEM_RAM}, {8 * MB, 9 * MB, MEM_ACPI},
		       {9 * MB, 31 * MB, MEM_RAM}, {31 * MB, 33 * MB, MEM_RESERVED}));
	/* the areas of a PC are never RAM, whatever the map says */
	boot_from(MAP({0, 8 * MB, MEM_RAM}));
	assert_map(MAP({0, 4096, MEM_RESERVED}, {4096, 640 * KB, MEM_RAM},
		       {640 * KB, 1 * MB, MEM_RESERVED}, {1 * MB, 8 * MB, MEM_RAM}));
}

static void broken_pages_are_not_ram(void **state)
{
	(void)state;
	boot_from(MAP({1 * MB + 1, 2 * MB - 1, MEM_RAM}, {3 * MB + 5, 3 * MB + 50, MEM_RESERVED},
		      {~0ull - 10, ~0ull, MEM_RAM}));
	assert_map(MAP({0, 4096, MEM_RESERVED}, {640 * KB, 1 * MB, MEM_RESERVED},
		       {1 * MB + 4096, 2 * MB - 4096, MEM_RAM},
		       {3 * MB, 3 * MB + 4096, MEM_RESERVED}));
}

/* ---- borders without options ---- */

static void every_split_has_its_border(void **state)
{
	static const u64 low[] = {896 * MB, 1152 * MB, 1920 * MB, 2048 * MB, 2944 * MB};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(splits); i++) {
		boot_with(3 * GB, "", splits[i]);
		assert_int_equal(boot_info.lowmem_end, low[i]);
		assert_int_equal((unsigned long)windows.vmalloc_start,
				 HIGH_MEMORY_MAX + VMALLOC_OFFSET);
		assert_string_equal(said, "");
	}
}

static void less_ram_means_a_larger_window(void **state)
{
	(void)state;
	boot_with(512 * MB, "", PAGE_OFFSET_3G);
	assert_int_equal(boot_info.lowmem_end, 512 * MB - 128 * KB);
	assert_int_equal((unsigned long)windows.vmalloc_start,
			 0xC0000000 + 512 * MB - 128 * KB + 8 * MB);
	/* but its page tables take 1/64 of RAM at most */
	for (unsigned i = 0; i < ARRAY_SIZE(splits); i++) {
		boot_with(8 * MB, "", splits[i]);
		assert_true((0x100000000 - (unsigned long)windows.vmalloc_start) >> PMD_SHIFT <=
			    8 * MB / 64 >> PAGE_SHIFT);
		assert_true(window_size() >= 16 * MB);
	}
}

static void more_ram_than_the_format_reaches_is_not_used(void **state)
{
	(void)state;
	boot_with(64 * GB, "", PAGE_OFFSET_3G);
	assert_int_equal(boot_info.map[boot_info.map_count - 1].end,
			 RAM_LIMIT == 64 * GB ? 64 * GB : 3 * GB);
	assert_string_equal(said, RAM_LIMIT_NOTE "\n");
}

/* ---- options ---- */

struct option_case {
	u64 ram;
	u32 split;
	const char *options;
	u64 lowmem_end, high, window; /* 0: not held */
	const char *says;
};

static const struct option_case option_cases[] = {
	{1 * GB, PAGE_OFFSET_3G, "mem=64M", 64 * MB, 0, 0, ""},
	{1 * GB, PAGE_OFFSET_3G, "mem=1023M", 896 * MB, 127 * MB, 0, ""},
	{1 * GB, PAGE_OFFSET_3G, "mem=2G", 896 * MB, 0, 0, ""},
	{1 * GB, PAGE_OFFSET_3G, "mem=1M", 896 * MB, 0, 0, "mem= leaves no room"},
	{1 * GB, PAGE_OFFSET_3G, "mem=4M", 896 * MB, 0, 0,
	 "mem= leaves no room"}, /* within the RAM disk */
	{1 * GB, PAGE_OFFSET_3G, "mem=", 896 * MB, 0, 0, "mem= is no size"},
	{1 * GB, PAGE_OFFSET_3G, "mem", 896 * MB, 0, 0, "mem= is no size"},
	{1 * GB, PAGE_OFFSET_3G, "mem=64Q", 896 * MB, 0, 0, "mem=64Q is no size"},
	{1 * GB, PAGE_OFFSET_3G, "mem=-1", 896 * MB, 0, 0, "is no size"},
	{1 * GB, PAGE_OFFSET_3G, "mem=99999999999999999999999", 896 * MB, 0, 0, ""},
	{1 * GB, PAGE_OFFSET_3G, "mem=64M mem=128M", 128 * MB, 0, 0, ""},

	{2 * GB, PAGE_OFFSET_3G, "vmalloc=256M", 0xFEFFE000 - 256 * MB - 8 * MB - 0xC0000000, 0,
	 256 * MB, ""},
	{2 * GB, PAGE_OFFSET_3G, "vmalloc=0x4000000", 0xFEFFE000 - 64 * MB - 8 * MB - 0xC0000000, 0,
	 64 * MB, ""},
	{64 * MB, PAGE_OFFSET_3G, "vmalloc=64m", 64 * MB - 128 * KB, 0, 64 * MB, ""},
	{2 * GB, PAGE_OFFSET_3G, "vmalloc=983M", 0, 0, 983 * MB, ""},
	{2 * GB, PAGE_OFFSET_3G, "vmalloc=984M", 896 * MB, 0, 0, "8 MB to 983 MB"},
	{2 * GB, PAGE_OFFSET_3G, "vmalloc=7M", 896 * MB, 0, 0, "8 MB to 983 MB"},
	{2 * GB, PAGE_OFFSET_3G, "vmalloc=0", 896 * MB, 0, 0, "8 MB to 983 MB"},
	{3 * GB, PAGE_OFFSET_1G, "vmalloc=3000M", 0, 0, 3000 * MB, ""},
	{3 * GB, PAGE_OFFSET_1G, "vmalloc=3032M", 2944 * MB, 0, 0, "vmalloc= must be"},
	{6 * MB, PAGE_OFFSET_1G, "vmalloc=2800M", 0, 0, 0, "too little memory"},

	{64 * MB, PAGE_OFFSET_3G, "highmem=32M", 32 * MB - 128 * KB, 32 * MB, 0, ""},
	{64 * MB, PAGE_OFFSET_1G, "highmem=32M", 32 * MB - 128 * KB, 32 * MB, 0, ""},
	{64 * MB, PAGE_OFFSET_3G, "highmem=48M", 64 * MB - 128 * KB, 0, 0, "16 MB of low memory"},
	{64 * MB, PAGE_OFFSET_3G, "highmem=1T", 64 * MB - 128 * KB, 0, 0, "16 MB of low memory"},
	{64 * MB, PAGE_OFFSET_3G, "highmem=0", 64 * MB - 128 * KB, 0, 0, ""},
	{2 * GB, PAGE_OFFSET_3G, "highmem=0", 896 * MB, 0, 0, ""},
	{2 * GB, PAGE_OFFSET_3G, "highmem=100M", 896 * MB, 100 * MB, 0, ""},
	/* more than there is by itself: low memory ends earlier */
	{2 * GB, PAGE_OFFSET_3G, "highmem=1536M", 512 * MB - 128 * KB, 1536 * MB, 0, ""},
	{1 * GB, PAGE_OFFSET_1G, "highmem=512M", 512 * MB - 128 * KB, 512 * MB, 0, ""},

	{64 * MB, PAGE_OFFSET_2G_OPT, "highmem=32M vmalloc=900M", 32 * MB - 128 * KB, 32 * MB,
	 900 * MB, ""},
	{2 * GB, PAGE_OFFSET_3G, "mem=96M highmem=64M vmalloc=32M", 32 * MB, 64 * MB, 32 * MB, ""},
	{2 * GB, PAGE_OFFSET_3G, "mem=1G vmalloc=512M highmem=900M", 124 * MB, 900 * MB, 512 * MB,
	 ""},
};

static void options_move_the_borders(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(option_cases); i++) {
		const struct option_case *c = &option_cases[i];
		u64 low = c->lowmem_end;

		boot_with(c->ram, c->options, c->split);
		print_message("%s: low to %llu K, high %llu K, window %llu K, \"%s\"\n", c->options,
			      boot_info.lowmem_end / KB, high_bytes() / KB, window_size() / KB,
			      said);
		if (low)
			assert_true(boot_info.lowmem_end >= low - 144 * KB &&
				    boot_info.lowmem_end <= low + 656 * KB);
		if (c->high)
			assert_int_equal(high_bytes(), c->high);
		if (c->window)
			assert_int_equal(window_size(), c->window);
		assert_int_equal(!*c->says, !*said);
		assert_non_null(strstr(said, c->says));
	}
}

static void memory_above_4_gb_is_high(void **state)
{
	(void)state;
	if (RAM_LIMIT < 64 * GB)
		return;
	boot_with(8 * GB, "", PAGE_OFFSET_3G);
	assert_int_equal(high_bytes(), 8 * GB - 896 * MB - 128 * KB);
	/* the hole below 4 GB does not count */
	boot_with(8 * GB, "highmem=4G", PAGE_OFFSET_3G);
	assert_int_equal(high_bytes(), 4 * GB);
	boot_with(8 * GB, "highmem=7680M", PAGE_OFFSET_3G);
	assert_int_equal(high_bytes(), 7680 * MB);
	assert_true(boot_info.lowmem_end > 511 * MB && boot_info.lowmem_end < 513 * MB);
}

static void a_ram_disk_in_high_memory_is_not_used(void **state)
{
	(void)state;
	boot_pc(2 * GB, "", PAGE_OFFSET_3G);
	boot_info.initrd_start = 1 * GB;
	boot_info.initrd_end = 1 * GB + MB;
	boot_apply_limits();
	assert_int_equal(boot_info.initrd_end, 0);
	assert_non_null(strstr(said, "initial RAM disk"));
	/* and no option may put it there */
	boot_pc(2 * GB, "highmem=1536M", PAGE_OFFSET_3G);
	boot_info.initrd_start = 600 * MB;
	boot_info.initrd_end = 601 * MB;
	boot_apply_limits();
	assert_int_equal(boot_info.initrd_end, 601 * MB);
	assert_int_equal(boot_info.lowmem_end, 896 * MB);
	assert_non_null(strstr(said, "highmem="));
}

/* ---- all of them ---- */

/* What holds for every machine, split and set of options. */
static void assert_sound(void)
{
	u64 vmalloc_start = (unsigned long)windows.vmalloc_start;
	u64 high_memory = (u64)sim_task_size + boot_info.lowmem_end;

	assert_true((unsigned long)windows.high_memory == boot_info.lowmem_end);
	assert_true(boot_info.lowmem_end % PAGE_SIZE == 0 && vmalloc_start % PAGE_SIZE == 0);
	assert_true(high_memory + VMALLOC_OFFSET <= vmalloc_start);
	assert_true(vmalloc_start + 8 * MB <= VMALLOC_END);
	assert_true((unsigned long)windows.vmalloc_end == VMALLOC_END);
	assert_true(boot_info.lowmem_end >= boot_info.initrd_end);
	assert_true(ram_between(0, boot_info.lowmem_end) >=
		    900 * KB + 2256 * KB +
			    (((0x100000000 - vmalloc_start) >> PMD_SHIFT) << PAGE_SHIFT));
	for (unsigned i = 0; i + 1 < boot_info.map_count; i++)
		assert_true(boot_info.map[i].start < boot_info.map[i].end &&
			    boot_info.map[i].end <= boot_info.map[i + 1].start);
}

static void every_combination_boots(void **state)
{
	static const u64 rams[] = {5 * MB, 6 * MB, 8 * MB, 16 * MB, 20 * MB, 64 * MB, 896 * MB,
				   1 * GB, 2 * GB, 3 * GB, 4 * GB,  16 * GB, 64 * GB};
	static const char *const mems[] = {"",       "mem=3M", "mem=6M", "mem=24M",
					   "mem=1G", "mem=5G", "mem=1T"};
	static const char *const windows_[] = {"",
					       "vmalloc=8M",
					       "vmalloc=128M",
					       "vmalloc=900M",
					       "vmalloc=1800M",
					       "vmalloc=2900M",
					       "vmalloc=4G"};
	static const char *const highs[] = {"",           "highmem=0",   "highmem=4k",
					    "highmem=4M", "highmem=32M", "highmem=512M",
					    "highmem=3G", "highmem=60G"};
	unsigned cases = 0;

	(void)state;
	for (unsigned s = 0; s < ARRAY_SIZE(splits); s++)
		for (unsigned r = 0; r < ARRAY_SIZE(rams); r++)
			for (unsigned m = 0; m < ARRAY_SIZE(mems); m++)
				for (unsigned v = 0; v < ARRAY_SIZE(windows_); v++)
					for (unsigned h = 0; h < ARRAY_SIZE(highs); h++, cases++) {
						char options[100];

						snprintf(options, sizeof(options), "%s %s %s",
							 mems[m], windows_[v], highs[h]);
						boot_with(rams[r], options, splits[s]);
						assert_sound();
					}
	print_message("%u combinations\n", cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_map_is_sorted_and_without_overlaps),
		cmocka_unit_test(what_is_not_ram_wins),
		cmocka_unit_test(broken_pages_are_not_ram),
		cmocka_unit_test(every_split_has_its_border),
		cmocka_unit_test(less_ram_means_a_larger_window),
		cmocka_unit_test(more_ram_than_the_format_reaches_is_not_used),
		cmocka_unit_test(options_move_the_borders),
		cmocka_unit_test(memory_above_4_gb_is_high),
		cmocka_unit_test(a_ram_disk_in_high_memory_is_not_used),
		cmocka_unit_test(every_combination_boots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
