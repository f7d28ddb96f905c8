/*
 * Calls that promise, move and give back addresses, and what they cost for each page that is there.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define BIG (64L << 20)

static char *region;

static u64 run_mmap(long n, long size)
{
	u64 begin = clock_now();

	while (n--) {
		char *p = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(p, (size_t)size);
	}
	return clock_since(begin);
}

static u64 run_populate(long n, long pages)
{
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		u64 begin = clock_now();
		char *p = mmap(NULL, (size_t)(pages * PAGE), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		sum += clock_since(begin);
		need(p != MAP_FAILED, "mmap");
		munmap(p, (size_t)(pages * PAGE));
	}
	return sum;
}

static u64 run_munmap(long n, long pages)
{
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		char *p = map_small((size_t)(pages * PAGE));
		u64 begin;

		touch(p, pages);
		begin = clock_now();
		munmap(p, (size_t)(pages * PAGE));
		sum += clock_since(begin);
	}
	return sum;
}

static bool map_region(long pages)
{
	region = map_small((size_t)(pages * PAGE));
	touch(region, pages);
	return true;
}

static u64 run_dontneed(long n, long pages)
{
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		u64 begin;

		touch(region, pages);
		begin = clock_now();
		madvise(region, (size_t)(pages * PAGE), MADV_DONTNEED);
		sum += clock_since(begin);
	}
	return sum;
}

static u64 run_mprotect(long n, long pages)
{
	static const int prot[] = {PROT_READ | PROT_WRITE, PROT_READ};
	u64 begin = clock_now();

	while (n--)
		mprotect(region, (size_t)(pages * PAGE), prot[n & 1]);
	return clock_since(begin);
}

/* Room for 1,024 pages above the first, which mremap takes and gives back. */
static bool setup_grow(long pages)
{
	region = map_small((size_t)(pages * PAGE));
	munmap(region + PAGE, (size_t)((pages - 1) * PAGE));
	region[0] = 1;
	return true;
}

static u64 run_grow(long n, long pages)
{
	u64 begin = clock_now();

	while (n--) {
		need(mremap(region, PAGE, (size_t)(pages * PAGE), 0) == region, "mremap");
		mremap(region, (size_t)(pages * PAGE), PAGE, 0);
	}
	return clock_since(begin);
}

static char *other_place;

static bool setup_move(long pages)
{
	map_region(pages);
	other_place = map_small((size_t)(pages * PAGE));
	munmap(other_place, (size_t)(pages * PAGE));
	return true;
}

static u64 run_move(long n, long pages)
{
	size_t size = (size_t)(pages * PAGE);
	u64 begin = clock_now();

	while (n--) {
		char *from = region;

		region = mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, other_place);
		need(region == other_place, "mremap");
		other_place = from;
	}
	return clock_since(begin);
}

static u64 run_brk(long n, long pages)
{
	u64 begin = clock_now();

	while (n--) {
		sbrk(pages * PAGE);
		sbrk(-pages * PAGE);
	}
	return clock_since(begin);
}

const struct row memory_rows[] = {
	{.name = "mmap-1",
	 .what = "mmap and munmap of 1 page, untouched",
	 .run = run_mmap,
	 .arg = PAGE},
	{.name = "mmap-64m",
	 .what = "mmap and munmap of 64 MB, untouched",
	 .run = run_mmap,
	 .arg = BIG,
	 .curve = "mmap and munmap, untouched",
	 .axis = "bytes",
	 .sizes = SIZES(PAGE, 1 << 20, 64 << 20, 1 << 30)},
	{.name = "populate",
	 .what = "mmap with MAP_POPULATE, a page",
	 .run = run_populate,
	 .arg = 256,
	 .step = 256},
	{.name = "munmap-page",
	 .what = "munmap, a resident page",
	 .run = run_munmap,
	 .arg = 1024,
	 .step = 1024,
	 .curve = "munmap, for a resident page",
	 .axis = "pages",
	 .sizes = SIZES(1, 16, 256, 4096, 65536)},
	{.name = "dontneed",
	 .what = "MADV_DONTNEED, a resident page",
	 .setup = map_region,
	 .run = run_dontneed,
	 .arg = 1024,
	 .step = 1024,
	 .curve = "MADV_DONTNEED, for a resident page",
	 .axis = "pages",
	 .sizes = SIZES(1, 16, 256, 4096, 65536)},
	{.name = "mprotect-1",
	 .what = "mprotect of 1 page, to read-only and back in turn",
	 .setup = map_region,
	 .run = run_mprotect,
	 .arg = 1,
	 .step = 2},
	{.name = "mprotect-1024",
	 .what = "mprotect of 1,024 resident pages, the same",
	 .setup = map_region,
	 .run = run_mprotect,
	 .arg = 1024,
	 .step = 2,
	 .curve = "mprotect of resident pages, a call",
	 .axis = "pages",
	 .sizes = SIZES(1, 16, 256, 4096, 65536)},
	{.name = "mremap-grow",
	 .what = "mremap from 1 to 1,024 pages and back",
	 .setup = setup_grow,
	 .run = run_grow,
	 .arg = 1024},
	{.name = "mremap-move",
	 .what = "mremap of 1,024 resident pages to another place",
	 .setup = setup_move,
	 .run = run_move,
	 .arg = 1024},
	{.name = "brk",
	 .what = "brk up by 16 pages and down, untouched",
	 .run = run_brk,
	 .arg = 16},
	{},
};
