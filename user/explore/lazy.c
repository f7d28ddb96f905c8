/*
 * Memory is given when it is touched, not when it is asked for: 256 MB of addresses, then a few
 * of its pages read, then written. The columns are what the process is said to have (VmSize), what
 * it has (VmRSS), the page tables for it, and what is left of low and of high memory.
 */
#include "explore.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ASKED (256u << 20)
#define TOUCHED (1u << 20)

static void show(const char *step)
{
	static long before;
	long now = faults();

	printf("%-34s %9ld %9ld %8ld %9ld %9ld %8ld\n", step, status_kb("VmSize"),
	       status_kb("VmRSS"), status_kb("VmPTE"), meminfo_kb("LowFree"),
	       meminfo_kb("HighFree"), before ? now - before : 0);
	fflush(stdout);
	before = faults();
}

/* Read or write one byte of each page of [p, p+length), from its end downward. */
static void touch(volatile char *p, size_t length, bool write)
{
	size_t step = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = length; at; at -= step) {
		if (write)
			p[at - step] = 1;
		else
			(void)p[at - step];
	}
}

void tour_lazy(void)
{
	volatile char *p;

	setvbuf(stdout, NULL, _IOFBF, 4096);
	printf("%-34s %9s %9s %8s %9s %9s %8s\n", "all in kB, the last in faults", "VmSize",
	       "VmRSS", "VmPTE", "LowFree", "HighFree", "faults");
	show("(once, for what printing needs)");
	show("before");
	p = mmap(NULL, ASKED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	madvise((void *)p, ASKED, MADV_NOHUGEPAGE);
	show("mmap of 256 MB");
	touch(p, TOUCHED, false);
	show("the first 1 MB read");
	touch(p, TOUCHED, true);
	show("the same 1 MB written");
	touch(p, ASKED, true);
	show("all 256 MB written");
	madvise((void *)p, ASKED / 2, MADV_DONTNEED);
	show("madvise(DONTNEED) of half of it");
	munmap((void *)p, ASKED);
	show("munmap");
}
