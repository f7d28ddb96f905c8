/*
 * mmap_big - a process can hold more memory than the kernel can map directly.
 *
 * mmap(2) of 1.5 GB of anonymous memory, every page touched, and all of it found again. Needs 2 GB
 * of RAM, of which a 3G split maps 896 MB: the rest is high memory.
 */
// needs: mem=2G
#include "t.h"

#define MB (1ul << 20)
#define SIZE (1536 * MB)

static long long available_kb(void)
{
	return t_field("/proc/meminfo", "MemAvailable");
}

static unsigned long mark(unsigned long i)
{
	return (i ^ 0x5a5a5a5a) * 2654435761u;
}

int main(void)
{
	long long free_before = t_field("/proc/meminfo", "MemFree"), rss, free_full;
	unsigned long i, bad = 0;
	char *p;

	if (available_kb() < 1600 * 1024) {
		t_skip("1.5 GB can be mapped and touched", "the machine has too little memory");
		return t_done();
	}
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (!ok(p != MAP_FAILED, "1.5 GB can be mapped"))
		return t_done();
	ok(t_field("/proc/self/status", "VmRSS") < 64 * 1024, "mapping alone takes no memory");
	ok(t_field("/proc/self/status", "VmSize") >= 1536 * 1024, "VmSize counts it");
	for (i = 0; i < SIZE; i += T_PAGE)
		*(unsigned long *)(p + i) = mark(i);
	ok(true, "every page can be touched");
	for (i = 0; i < SIZE; i += T_PAGE)
		bad += *(unsigned long *)(p + i) != mark(i);
	eq(bad, 0, "every page still holds its own mark");
	rss = t_field("/proc/self/status", "VmRSS");
	ok(rss >= 1535 * 1024 && rss < 1600 * 1024, "VmRSS is 1.5 GB");
	free_full = t_field("/proc/meminfo", "MemFree");
	ok(free_before - free_full > 1400 * 1024, "MemFree fell by it");
	ok(t_field("/proc/meminfo", "LowFree") > 64 * 1024,
	   "and low memory is still there for the kernel");
	eq(munmap(p, SIZE), 0, "it can be unmapped");
	ok(t_until(t_field("/proc/meminfo", "MemFree") > free_before - 64 * 1024),
	   "and all comes back to MemFree");
	return t_done();
}
