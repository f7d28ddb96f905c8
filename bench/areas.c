/* Address spaces with many areas: what one more costs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PICKS 64L

static char *space;

/* @areas areas of one page, side by side: every second one may be written. */
static bool make_areas(long areas)
{
	size_t size = (size_t)(areas * PAGE);

	space = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(space != MAP_FAILED, "mmap");
	madvise(space, size, MADV_NOHUGEPAGE);
	for (long i = 0; i < areas; i += 2)
		need(!mprotect(space + i * PAGE, PAGE, PROT_READ | PROT_WRITE), "mprotect");
	return true;
}

static u64 run_unmap_areas(long n, long areas)
{
	u64 sum = 0, begin;

	for (; n > 0; n -= areas) {
		make_areas(areas);
		begin = clock_now();
		munmap(space, (size_t)(areas * PAGE));
		sum += clock_since(begin);
	}
	return sum;
}

/* The pages that are touched, spread over all areas. */
static volatile char *pick(long i, long areas)
{
	long picks = areas / 2 < PICKS ? areas / 2 : PICKS;

	return space + (i * 29 % picks) * (areas / 2 / picks) * 2 * PAGE;
}

static bool setup_fault(long areas)
{
	make_areas(areas);
	for (long i = 0; i < PICKS; i++)
		*pick(i, areas) = 1;
	return true;
}

static u64 run_fault(long n, long areas)
{
	u64 sum = 0;

	for (long i = 0; i < n; i++) {
		volatile char *p = pick(i, areas);
		u64 begin;

		madvise((char *)p, PAGE, MADV_DONTNEED);
		begin = clock_now();
		*p = 1;
		sum += clock_since(begin);
	}
	return sum;
}

static u64 run_maps(long n, long areas)
{
	static char buf[65536];
	u64 begin = clock_now();

	for (; n > 0; n -= areas) {
		int fd = open("/proc/self/maps", O_RDONLY);

		need(fd >= 0, "/proc/self/maps");
		while (read(fd, buf, sizeof(buf)) > 0)
			continue;
		close(fd);
	}
	return clock_since(begin);
}

const struct row area_rows[] = {
	{.name = "munmap-area",
	 .what = "munmap of 1,000 areas at once, an area",
	 .run = run_unmap_areas,
	 .arg = 1000,
	 .step = 1000,
	 .curve = "munmap of all areas at once, for an area",
	 .axis = "areas",
	 .sizes = SIZES(10, 100, 1000, 10000, 30000)},
	{.name = "fault-10",
	 .what = "write fault in one of 10 areas",
	 .setup = setup_fault,
	 .run = run_fault,
	 .arg = 10,
	 .curve = "write fault in one of the areas",
	 .axis = "areas",
	 .sizes = SIZES(10, 100, 1000, 10000, 30000)},
	{.name = "fault-1000",
	 .what = "write fault in one of 1,000 areas",
	 .setup = setup_fault,
	 .run = run_fault,
	 .arg = 1000},
	{.name = "fault-30000",
	 .what = "write fault in one of 30,000 areas",
	 .setup = setup_fault,
	 .run = run_fault,
	 .arg = 30000},
	{.name = "maps-area",
	 .what = "/proc/self/maps of 1,000 areas, an area",
	 .setup = make_areas,
	 .run = run_maps,
	 .arg = 1000,
	 .step = 1000,
	 .curve = "/proc/self/maps, for an area",
	 .axis = "areas",
	 .sizes = SIZES(10, 100, 1000, 10000, 30000)},
	{},
};
