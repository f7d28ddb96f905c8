/* explore TOUR: picks a tour. Each tour is a file and prints one table. */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *help;
	void (*run)(void);
} tours[] = {
	{"life", "one page: promised, read, written, shared by fork, copied, given back",
	 tour_life},
	{"lazy", "256 MB asked for, 1 MB touched: what is used, and by whom", tour_lazy},
	{"zones", "the zones of physical memory, and where this process's pages lie", tour_zones},
	{"tables", "this process's page tables, as the kernel has them and as user mode does",
	 tour_tables},
};

#define TOURS (sizeof(tours) / sizeof(tours[0]))

static int usage(FILE *out)
{
	fputs("usage: explore TOUR\n\n", out);
	for (size_t i = 0; i < TOURS; i++)
		fprintf(out, "  %-6s %s\n", tours[i].name, tours[i].help);
	return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
		return usage(stdout);
	for (size_t i = 0; i < TOURS; i++) {
		if (strcmp(name, tours[i].name))
			continue;
		tours[i].run();
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	return usage(stderr);
}
