/* Figures of the boot: taken as PID 1, else of no meaning. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

static u64 time_to_init(void)
{
	return tsc_at_init;
}

static u64 meminfo(const char *field)
{
	char line[128];
	unsigned long value = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	need(f != NULL, "/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)) && sscanf(line, "%*s %lu", &value) == 1)
			break;
	fclose(f);
	return value;
}

static u64 memory_free(void)
{
	return meminfo("MemFree:");
}

/* What the split gives, at init; ./isthmus splits makes a table of it. */
static u64 low_free(void)
{
	return meminfo("LowFree:");
}

static u64 high_total(void)
{
	return meminfo("HighTotal:");
}

static u64 vmalloc_total(void)
{
	return meminfo("VmallocTotal:");
}

static u64 direct_map(void)
{
	return meminfo("DirectMap4k:") + meminfo("DirectMap2M:") + meminfo("DirectMap4M:");
}

/* Where no page can be mapped any more. */
static u64 user_space(void)
{
	unsigned long low = 0x10000000, high = 0xFFFFF000;

	while (high - low > PAGE) {
		unsigned long middle = (low + (high - low) / 2) & -(unsigned long)PAGE;
		void *p = mmap((void *)middle, PAGE, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p != MAP_FAILED)
			munmap(p, PAGE);
		if (p != MAP_FAILED || errno == EEXIST)
			low = middle;
		else
			high = middle;
	}
	return high / 1024;
}

const struct row boot_rows[] = {
	{.name = "boot-tsc", .what = "reset to init, with firmware", .value = time_to_init},
	{.name = "boot-free", .what = "MemFree at init", .unit = "kB", .value = memory_free},
	{.name = "user-space", .what = "addresses of a process", .unit = "kB", .value = user_space},
	{.name = "direct-map", .what = "low memory", .unit = "kB", .value = direct_map},
	{.name = "high-total", .what = "HighTotal", .unit = "kB", .value = high_total},
	{.name = "vmalloc-total", .what = "VmallocTotal", .unit = "kB", .value = vmalloc_total},
	{.name = "low-free", .what = "LowFree at init", .unit = "kB", .value = low_free},
	{},
};
