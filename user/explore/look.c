/*
 * What /proc tells of a page: pagemap gives the frame behind an address, kpagecount and kpageflags
 * tell of the frame, zoneinfo in which zone it lies. proc(5).
 */
#include "explore.h"
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FILE (1ull << 61)
#define PAGEMAP_FRAME ((1ull << 55) - 1)

void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* Word number @index of a /proc file that has one for each page; 0 where it has none. */
static uint64_t word_of(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t word = 0;

	if (fd < 0)
		fail(path);
	if (pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) != sizeof(word))
		word = 0;
	close(fd);
	return word;
}

/* The zone whose span has @frame: the last that begins at or below it. */
static void find_zone(uint64_t frame, char *name, size_t size)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long start = 0, present = 0;
	char line[128], zone[16] = "";

	if (!f)
		fail("/proc/zoneinfo");
	name[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node 0, zone %15s", zone) == 1)
			present = 0;
		sscanf(line, " present %lu", &present);
		if (sscanf(line, " start_pfn: %lu", &start) == 1 && present && start <= frame)
			snprintf(name, size, "%s", zone);
	}
	fclose(f);
}

struct page_view look_at_page(const void *address)
{
	uint64_t index = (uintptr_t)address / (uintptr_t)sysconf(_SC_PAGESIZE);
	uint64_t word = word_of("/proc/self/pagemap", index);
	struct page_view page = {.present = word & PAGEMAP_PRESENT, .file = word & PAGEMAP_FILE};

	if (!page.present)
		return page;
	page.frame = word & PAGEMAP_FRAME;
	if (!page.frame)
		return page;
	page.zero = word_of("/proc/kpageflags", page.frame) >> KPF_ZERO_PAGE & 1;
	page.count = word_of("/proc/kpagecount", page.frame);
	find_zone(page.frame, page.zone, sizeof(page.zone));
	return page;
}

static long line_kb(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	size_t length = strlen(name);
	char line[128];
	long kb = -1;

	if (!f)
		fail(path);
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, length) && line[length] == ':')
			kb = atol(line + length + 1);
	fclose(f);
	return kb;
}

long status_kb(const char *name)
{
	return line_kb("/proc/self/status", name);
}

long meminfo_kb(const char *name)
{
	return line_kb("/proc/meminfo", name);
}

long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}
