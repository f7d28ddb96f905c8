/*
 * kmap against kmap_local: starts Isthmus's own experiment (/proc/isthmus/kmap_bench) and passes
 * on what it says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define EXPERIMENT "/proc/isthmus/kmap_bench"
#define MAPS 200000
#define ROUNDS 3

/* A window that holds all pages of all threads, and one that wraps. */
static const struct {
	const char *which;
	int pages;
} cases[] = {{"local", 64}, {"kmap", 64}, {"kmap", 1024}};

static void run_once(const char *which, int cpus, int pages)
{
	int fd = open(EXPERIMENT, O_RDWR);
	char line[160];
	ssize_t n;

	need(fd >= 0, EXPERIMENT);
	snprintf(line, sizeof(line), "%s %d %d %d", which, cpus, pages, MAPS);
	need(write(fd, line, strlen(line)) > 0, line);
	need(lseek(fd, 0, SEEK_SET) == 0, "lseek");
	n = read(fd, line, sizeof(line) - 1);
	need(n > 0, EXPERIMENT);
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	say("BENCH\tkmap\t%s\n", line);
	close(fd);
}

void run_kmap(int cpus)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int round = 0; round < ROUNDS; round++)
			run_once(cases[i].which, cpus, cases[i].pages);
}
