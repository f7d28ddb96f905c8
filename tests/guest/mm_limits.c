/*
 * mm_limits - what bounds memory as a whole: overcommit_memory, overcommit_ratio and
 * overcommit_kbytes of proc(5), and max_map_count.
 */
#include "t.h"
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void put(const char *name, long value)
{
	char path[64], text[24];
	int fd, len = snprintf(text, sizeof(text), "%ld\n", value);

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	fd = open(path, O_WRONLY);
	t_must(fd >= 0 && write(fd, text, len) == len);
	close(fd);
}

static long meminfo(const char *key)
{
	return t_field("/proc/meminfo", key);
}

static long kept(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	return t_field(path, "");
}

static bool near(long a, long b)
{
	return labs(a - b) <= 2048;
}

#define SIZE (16ul << 20)

static void check_promises(void)
{
	long before = meminfo("Committed_AS");
	char *p = mmap(NULL, SIZE, RW, ANON, -1, 0), *q;

	t_must(p != MAP_FAILED);
	ok(near(meminfo("Committed_AS"), before + 16384), "private writable memory is promised");
	q = mmap(NULL, SIZE, PROT_READ, ANON, -1, 0);
	ok(near(meminfo("Committed_AS"), before + 16384), "read-only memory is not");
	works(mprotect(q, SIZE, RW), "when it becomes writable");
	ok(near(meminfo("Committed_AS"), before + 32768), "it is");
	works(mprotect(q, SIZE, PROT_READ), "and when it is read-only again");
	ok(near(meminfo("Committed_AS"), before + 32768), "it stays so");
	works(munmap(q, SIZE), "when it goes");
	works(munmap(p, SIZE), "all of it");
	ok(near(meminfo("Committed_AS"), before), "the promise goes too");
	p = mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok(near(meminfo("Committed_AS"), before + 16384), "shared memory is promised once");
	munmap(p, SIZE);
	p = mmap(NULL, SIZE, RW, ANON | MAP_NORESERVE, -1, 0);
	ok(near(meminfo("Committed_AS"), before), "MAP_NORESERVE promises nothing");
	munmap(p, SIZE);
}

static bool can_map(unsigned long kb)
{
	void *p = mmap(NULL, kb << 10, RW, ANON, -1, 0);

	if (p == MAP_FAILED)
		return false;
	t_must(munmap(p, kb << 10) == 0);
	return true;
}

static void check_never(void)
{
	long room, reserve = kept("user_reserve_kbytes"),
		   size = t_field("/proc/self/status", "VmSize") / 32;
	long used = meminfo("Committed_AS");
	char *p;

	put("overcommit_memory", 2);
	put("overcommit_kbytes", used + 32768);
	eq(kept("overcommit_ratio"), 0, "overcommit_kbytes replaces the ratio");
	eq(meminfo("CommitLimit"), (used + 32768) / 4 * 4, "and is the limit");
	room = 32768 - (size < reserve ? size : reserve);
	ok(can_map(room - 3072),
	   "with overcommit_memory 2 what is left of the limit can be promised");
	ok(!can_map(room + 3072), "and no more: ENOMEM");
	p = mmap(NULL, SIZE, RW, ANON | MAP_NORESERVE, -1, 0);
	ok(near(meminfo("Committed_AS"), used + 16384), "MAP_NORESERVE means nothing");
	munmap(p, SIZE);
	put("overcommit_ratio", 50);
	eq(kept("overcommit_kbytes"), 0, "a ratio replaces overcommit_kbytes");
	put("overcommit_memory", 1);
	ok(can_map(1 << 20), "with overcommit_memory 1 everything can");
	put("overcommit_memory", 0);
	ok(!can_map(meminfo("MemTotal") + (meminfo("MemTotal") > 2 << 20 ? 0 : 4096)) ||
		   meminfo("MemTotal") > 2 << 20,
	   "with 0 more than there is cannot");
}

static int count_areas(void)
{
	static char buf[262144];
	int n = 0;

	t_must(t_slurp("/proc/self/maps", buf, sizeof(buf)) >= 0);
	for (char *p = buf; *p; p++)
		n += *p == '\n';
	return n;
}

static char *borders; /* 8 pages without access, 8 that may be read */

/* No area comes where one gives pages to its neighbour. */
static void check_borders(void)
{
	works(mprotect(borders + 7 * T_PAGE, T_PAGE, PROT_READ),
	      "mprotect of an end, as the area behind");
	works(mprotect(borders + 7 * T_PAGE, T_PAGE, PROT_NONE),
	      "and of a beginning, as the area before");
	fails(mprotect(borders + 12 * T_PAGE, 4 * T_PAGE, RW), ENOMEM,
	      "of an end, as no neighbour: ENOMEM");
	fails(mprotect(borders + 4 * T_PAGE, T_PAGE, PROT_READ), ENOMEM, "of the middle: ENOMEM");
	fails(mlock(borders + 12 * T_PAGE, T_PAGE), ENOMEM, "mlock of the middle: ENOMEM");
	fails(madvise(borders + 12 * T_PAGE, T_PAGE, MADV_DONTDUMP), EAGAIN,
	      "madvise of the middle: EAGAIN");
}

/* 16 pages, of which userfaultfd(2) watches those in the middle. */
static char *watched;
static int uffd;

static int watch(unsigned first, unsigned pages)
{
	struct uffdio_register r = {
		.range = {(uintptr_t)(watched + first * T_PAGE), pages * T_PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING};

	return ioctl(uffd, UFFDIO_REGISTER, &r);
}

static int unwatch(unsigned first, unsigned pages)
{
	struct uffdio_range r = {(uintptr_t)(watched + first * T_PAGE), pages * T_PAGE};

	return ioctl(uffd, UFFDIO_UNREGISTER, &r);
}

static void begin_watching(void)
{
	struct uffdio_api api = {.api = UFFD_API};

	uffd = (int)syscall(__NR_userfaultfd, 0);
	t_must(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api));
	watched = mmap((void *)0x29000000, 16 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	t_must(watched != MAP_FAILED && !watch(4, 8));
}

static void check_watched_borders(void)
{
	works(watch(12, 1), "registering the page behind those that are registered moves a border");
	works(unwatch(4, 1), "and so does unregistering the first of them");
	fails(watch(15, 1), ENOMEM, "registering an end that has no such neighbour: ENOMEM");
	fails(watch(14, 1), ENOMEM, "or the middle: ENOMEM");
	fails(unwatch(8, 1), ENOMEM, "unregistering the middle: ENOMEM");
}

/* The same with a memory policy. */
static char *bound;

static long bind_to(unsigned first, unsigned pages, int mode)
{
	unsigned long node0 = 1;

	return syscall(__NR_mbind, bound + first * T_PAGE, pages * T_PAGE, mode,
		       mode == MPOL_DEFAULT ? NULL : &node0, mode == MPOL_DEFAULT ? 0 : 33, 0);
}

/* False: a kernel without CONFIG_NUMA. */
static bool begin_binding(void)
{
	bound = mmap((void *)0x2a000000, 16 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	t_must(bound != MAP_FAILED);
	return bind_to(0, 8, MPOL_BIND) == 0;
}

static void check_bound_borders(void)
{
	works(bind_to(8, 1, MPOL_BIND), "a policy for the pages behind moves a border");
	works(bind_to(7, 2, MPOL_DEFAULT), "and so does taking it from the last of them");
	fails(bind_to(15, 1, MPOL_BIND), ENOMEM, "for an end that has no such neighbour: ENOMEM");
	fails(bind_to(11, 1, MPOL_BIND), ENOMEM, "or the middle: ENOMEM");
	fails(bind_to(0, 1, MPOL_DEFAULT), ENOMEM, "taking it from the beginning: ENOMEM");
}

static void check_areas(void)
{
	char *p = mmap(NULL, 64 * T_PAGE, PROT_NONE, ANON, -1, 0);
	int limit, n = 0;
	bool has_policies = begin_binding();

	begin_watching();
	borders = mmap((void *)0x28000000, 16 * T_PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
	t_must(mprotect(borders + 8 * T_PAGE, 8 * T_PAGE, PROT_READ) == 0);
	limit = count_areas() + 21;

	put("max_map_count", limit);
	for (n = 1; n < 63 && mprotect(p + n * T_PAGE, T_PAGE, n & 1 ? PROT_READ : PROT_NONE) == 0;
	     n += 2)
		;
	ok(errno == ENOMEM, "mprotect cannot cut an area when that makes too many");
	ok(count_areas() <= limit && count_areas() >= limit - 1, "up to max_map_count areas");
	while (n < 200 && mmap((void *)(0x20000000 + n * 2 * T_PAGE), T_PAGE, RW, ANON | MAP_FIXED,
			       -1, 0) != MAP_FAILED)
		n++;
	ok(errno == ENOMEM, "mmap fails with ENOMEM");
	eq(count_areas(), limit + 1, "one above the limit");
	fails(munmap(p + 61 * T_PAGE, T_PAGE), ENOMEM,
	      "munmap of the middle of an area makes one more");
	works(munmap(p + 63 * T_PAGE, T_PAGE), "of its end it does not");
	check_borders();
	check_watched_borders();
	if (has_policies)
		check_bound_borders();
	else
		t_skip("borders of memory policies", "this kernel has none");
	works(munmap((void *)0x20000000, 400 * T_PAGE), "what is unmapped");
	ok(mmap((void *)0x20000000, T_PAGE, RW, ANON | MAP_FIXED, -1, 0) != MAP_FAILED,
	   "makes room");
	put("max_map_count", 65530);
}

int main(void)
{
	check_promises();
	check_never();
	check_areas();
	return t_done();
}
