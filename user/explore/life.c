/*
 * The life of one page: what its page-table entry and its frame are after each step. The three
 * states that "allocated" can mean (promised, the zero page, a frame of its own), then what fork
 * shares and who copies.
 */
#include "explore.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *step, const char *who, const void *address)
{
	struct page_view page = look_at_page(address);

	printf("%-34s %-7s ", step, who);
	if (!page.present)
		printf("no entry\n");
	else if (!page.frame)
		printf("an entry, frame hidden (be root)\n");
	else if (page.zero)
		printf("frame %05llx  %-8s the zero page, for everybody\n",
		       (unsigned long long)page.frame, page.zone);
	else
		printf("frame %05llx  %-8s mapped by %llu\n", (unsigned long long)page.frame,
		       page.zone, (unsigned long long)page.count);
	fflush(stdout);
}

/* The child's half; @from and @to take turns. */
static void child(volatile char *p, int from, int to)
{
	char turn;

	show("fork", "child", (const void *)p);
	p[0] = 2;
	show("the child writes: p[0] = 2", "child", (const void *)p);
	if (write(to, "x", 1) != 1 || read(from, &turn, 1) != 1)
		_exit(1);
	_exit(0);
}

void tour_life(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	int up[2], down[2];
	volatile char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char turn;

	if (p == MAP_FAILED)
		fail("mmap");
	if (pipe(up) || pipe(down))
		fail("pipe");
	printf("one page at %p\n\n%-34s %-7s %s\n", (const void *)p, "step", "in", "what is there");
	show("mmap: addresses are promised", "parent", (const void *)p);
	(void)p[0];
	show("the first read: p[0]", "parent", (const void *)p);
	p[0] = 1;
	show("the first write: p[0] = 1", "parent", (const void *)p);
	switch (fork()) {
	case -1: fail("fork");
	case 0: child(p, down[0], up[1]);
	}
	if (read(up[0], &turn, 1) != 1)
		fail("the child is gone");
	show("", "parent", (const void *)p);
	p[0] = 3;
	show("the parent writes: p[0] = 3", "parent", (const void *)p);
	if (write(down[1], "x", 1) != 1)
		fail("write");
	wait(NULL);
	munmap((void *)p, size);
	show("munmap", "parent", (const void *)p);
}
