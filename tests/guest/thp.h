/*
 * thp.h - what the tests of transparent huge pages have in common: the size of a block, whether the
 * area of an address has huge pages, and pages that tell whether they kept their contents.
 */
#ifndef THP_H
#define THP_H

#include "t.h"

#define THP "/sys/kernel/mm/transparent_hugepage/"
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static unsigned long block; /* bytes */

/* The value of a line of smaps of the area that has @p. */
static long smaps(const void *p, const char *name)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool here = false;
	char line[256];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (unsigned long)p && (unsigned long)p < end;
		else if (here && !strncmp(line, name, strlen(name)))
			kb = strtol(line + strlen(name), NULL, 10);
	}
	if (f)
		fclose(f);
	return kb;
}

static void fill(char *p, unsigned long bytes)
{
	for (unsigned long at = 0; at < bytes; at += T_PAGE)
		*(unsigned *)(p + at) = (unsigned)at + 1;
}

/* The first page in [from, to) that has not kept what fill() wrote; @to: none. */
static unsigned long wrong(const char *p, unsigned long from, unsigned long to)
{
	while (from < to && *(const volatile unsigned *)(p + from) == from + 1)
		from += T_PAGE;
	return from;
}

#endif
