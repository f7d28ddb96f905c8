/* Figures of the boot: taken as PID 1, else of no meaning. */
#include <stdio.h>
#include <string.h>

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

const struct row boot_rows[] = {
	{.name = "boot-tsc", .what = "reset to init, with firmware", .value = time_to_init},
	{.name = "boot-free", .what = "MemFree at init", .unit = "kB", .value = memory_free},
	{},
};
