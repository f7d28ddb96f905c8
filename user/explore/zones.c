/*
 * Two things that are often taken for one: zones are parts of physical memory, areas are parts of
 * a process's addresses. Here are the zones, and then for each area of this process how many of its
 * pages lie in which zone: a user page may lie in any.
 */
#include "explore.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const zone_names[] = {"DMA", "Normal", "HighMem"};

#define ZONES (sizeof(zone_names) / sizeof(zone_names[0]))

static void show_zones(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long start, spanned = 0, present = 0, free_pages = 0;
	char line[128], zone[16] = "";

	if (!f)
		fail("/proc/zoneinfo");
	printf("%-8s %23s %10s %10s\n", "zone", "physical addresses", "MB", "MB free");
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Node 0, zone %15s", zone);
		sscanf(line, " pages free %lu", &free_pages);
		sscanf(line, " spanned %lu", &spanned);
		sscanf(line, " present %lu", &present);
		if (sscanf(line, " start_pfn: %lu", &start) == 1 && present)
			printf("%-8s %011llx-%011llx %10lu %10lu\n", zone,
			       (unsigned long long)start << 12,
			       (unsigned long long)(start + spanned) << 12, present >> 8,
			       free_pages >> 8);
	}
	fclose(f);
}

struct area {
	unsigned long start, end;
	char access[5], name[64];
	unsigned long in_zone[ZONES], zero, absent;
};

static void count_page(struct area *area, unsigned long address)
{
	struct page_view page = look_at_page((const void *)address);

	area->absent += !page.present;
	area->zero += page.zero;
	for (size_t i = 0; i < ZONES && !page.zero; i++)
		area->in_zone[i] += !strcmp(page.zone, zone_names[i]);
}

static void show_area(struct area *area)
{
	for (unsigned long at = area->start; at < area->end; at += 4096)
		count_page(area, at);
	printf("%08lx-%08lx %s %7lu %7lu %7lu %7lu  %s\n", area->start, area->end, area->access,
	       area->in_zone[0], area->in_zone[1], area->in_zone[2], area->absent + area->zero,
	       area->name);
}

static void show_areas(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[256];

	if (!f)
		fail("/proc/self/maps");
	printf("\n%-17s %4s %7s %7s %7s %7s  pages\n", "addresses", "", zone_names[0],
	       zone_names[1], zone_names[2], "none");
	while (fgets(line, sizeof(line), f)) {
		struct area area = {0};

		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %63[^\n]", &area.start, &area.end,
			   area.access, area.name) >= 3)
			show_area(&area);
	}
	fclose(f);
}

void tour_zones(void)
{
	show_zones();
	show_areas();
}
