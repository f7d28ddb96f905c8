/*
 * The page tables of a process in both modes: this one maps a little of everything, then shows what
 * it was promised (its maps) and what the tables hold, as the kernel sees them and as user mode
 * does. `./isthmus picture` draws what this prints.
 */
#include "explore.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLES "/sys/kernel/debug/page_tables/"
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define BLOCK (4u << 20) /* what one large page maps; 2 MB with PAE */

static char *map(size_t length, int prot, int flags, int fd)
{
	char *p = mmap(NULL, length, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

static void touch(volatile char *p, size_t length)
{
	for (size_t at = 0; at < length; at += PAGE)
		p[at] = 1;
}

/*
 * Private memory of which some pages have been written, the rest promised; a guard at
 * its lower end.
 */
static void map_private(void)
{
	char *p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	mprotect(p, PAGE, PROT_NONE);
	touch(p + 4 * PAGE, 4 * PAGE);
}

/*
 * Memory in large pages: a whole block, one entry of the page directory. Where a block begins is
 * the machine's choice.
 */
static void map_block(void)
{
	char *p = map(2 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *start = (char *)(((uintptr_t)p + BLOCK - 1) & ~(uintptr_t)(BLOCK - 1));

	madvise(p, 2 * BLOCK, MADV_HUGEPAGE);
	touch(start, PAGE);
}

/* Shared memory, and a file that is only read. */
static void map_shared_and_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *shared = map(8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);

	touch(shared, 3 * PAGE);
	if (fd < 0)
		fail("/proc/self/exe");
	(void)*(volatile char *)map(4 * PAGE, PROT_READ, MAP_SHARED, fd);
	close(fd);
}

/* The whole of a file of the kernel's, under a line with its name. */
static void show(const char *path)
{
	char buffer[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	printf("== %s\n", path);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
	close(fd);
	fflush(stdout);
	if (n < 0)
		fail(path);
}

void tour_tables(void)
{
	char *heap = malloc(3 * PAGE);

	if (!heap)
		fail("malloc");
	touch(heap, 3 * PAGE);
	map_private();
	map_block();
	map_shared_and_file();
	show("/proc/self/maps");
	show(TABLES "current_kernel");
	show(TABLES "current_user");
	free(heap);
}
