/* Page faults: the first touch of a page, of each kind. All figures are for one page. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define FILE_PAGES 1024L

/* ---- anonymous memory ---- */

static u64 touch_new(long n, long pages, bool small)
{
	size_t size = (size_t)(pages * PAGE);
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		u64 begin;

		need(p != MAP_FAILED, "mmap");
		if (small)
			madvise(p, size, MADV_NOHUGEPAGE);
		begin = clock_now();
		touch(p, pages);
		sum += clock_since(begin);
		munmap(p, size);
	}
	return sum;
}

static u64 run_touch(long n, long pages)
{
	return touch_new(n, pages, false);
}

static u64 run_touch_small(long n, long pages)
{
	return touch_new(n, pages, true);
}

static void look(const char *p, long pages)
{
	for (const volatile char *at = p; pages--; at += PAGE)
		(void)*at;
}

static u64 run_read_zero(long n, long pages)
{
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		char *p = map_small((size_t)(pages * PAGE));
		u64 begin = clock_now();

		look(p, pages);
		sum += clock_since(begin);
		munmap(p, (size_t)(pages * PAGE));
	}
	return sum;
}

/* ---- files: of tmpfs, all pages in the page cache ---- */

static int fd;

static bool make_file(long pages)
{
	static const char page[PAGE] = {1};

	fd = open("/tmp/fault", O_RDWR | O_CREAT | O_TRUNC, 0600);
	need(fd >= 0, "/tmp/fault");
	for (long i = 0; i < pages; i++)
		need(write(fd, page, PAGE) == PAGE, "write");
	return true;
}

static void remove_file(long pages)
{
	(void)pages;
	close(fd);
	unlink("/tmp/fault");
}

static u64 touch_file(long n, long pages, int flags, bool write)
{
	size_t size = (size_t)(pages * PAGE);
	u64 sum = 0;

	for (; n > 0; n -= pages) {
		char *p = mmap(NULL, size, PROT_READ | (write ? PROT_WRITE : 0), flags, fd, 0);
		u64 begin;

		need(p != MAP_FAILED, "mmap");
		begin = clock_now();
		if (write)
			touch(p, pages);
		else
			look(p, pages);
		sum += clock_since(begin);
		munmap(p, size);
	}
	return sum;
}

static u64 run_file_read(long n, long pages)
{
	return touch_file(n, pages, MAP_PRIVATE, false);
}

static u64 run_file_private(long n, long pages)
{
	return touch_file(n, pages, MAP_PRIVATE, true);
}

static u64 run_file_shared(long n, long pages)
{
	return touch_file(n, pages, MAP_SHARED, true);
}

/* ---- after fork ---- */

/* Writes all pages while a child shares them (alive), or after it is gone. */
static u64 write_after_fork(long n, long pages, bool alive)
{
	char *p = map_small((size_t)(pages * PAGE));
	u64 sum = 0, begin;

	touch(p, pages);
	for (; n > 0; n -= pages) {
		int ends[2];
		char byte;
		pid_t pid;

		need(!pipe(ends), "pipe");
		pid = fork();
		need(pid >= 0, "fork");
		if (!pid) {
			close(ends[1]);
			(void)!read(ends[0], &byte, 1);
			_exit(0);
		}
		close(ends[0]);
		if (!alive) {
			close(ends[1]);
			waitpid(pid, NULL, 0);
		}
		begin = clock_now();
		touch(p, pages);
		sum += clock_since(begin);
		if (alive) {
			close(ends[1]);
			waitpid(pid, NULL, 0);
		}
	}
	munmap(p, (size_t)(pages * PAGE));
	return sum;
}

static u64 run_cow(long n, long pages)
{
	return write_after_fork(n, pages, true);
}

static u64 run_sole_owner(long n, long pages)
{
	return write_after_fork(n, pages, false);
}

const struct row fault_rows[] = {
	{.name = "touch-1",
	 .what = "anonymous write fault, 1 page at a time",
	 .run = run_touch,
	 .arg = 1},
	{.name = "touch-256",
	 .what = "anonymous write fault, of 256 pages",
	 .run = run_touch,
	 .arg = 256,
	 .step = 256},
	{.name = "touch-16384",
	 .what = "the same, of 16,384 pages",
	 .run = run_touch,
	 .arg = 16384,
	 .step = 16384,
	 .most = 16384},
	{.name = "touch-131072",
	 .what = "the same, of 131,072 pages (512 MB)",
	 .run = run_touch,
	 .arg = 131072,
	 .step = 131072,
	 .most = 131072},
	{.name = "touch-4k",
	 .what = "the same, of 16,384 pages, no huge pages",
	 .run = run_touch_small,
	 .arg = 16384,
	 .step = 16384,
	 .most = 16384,
	 .curve = "anonymous write fault, no huge pages",
	 .axis = "pages",
	 .sizes = SIZES(1, 16, 256, 4096, 65536)},
	{.name = "zero-read",
	 .what = "anonymous read fault (the zero page)",
	 .run = run_read_zero,
	 .arg = 256,
	 .step = 256},
	{.name = "file-read",
	 .what = "file read fault (fault-around)",
	 .setup = make_file,
	 .run = run_file_read,
	 .teardown = remove_file,
	 .arg = FILE_PAGES,
	 .step = FILE_PAGES},
	{.name = "file-private",
	 .what = "private file write fault",
	 .setup = make_file,
	 .run = run_file_private,
	 .teardown = remove_file,
	 .arg = FILE_PAGES,
	 .step = FILE_PAGES},
	{.name = "file-shared",
	 .what = "shared file write fault",
	 .setup = make_file,
	 .run = run_file_shared,
	 .teardown = remove_file,
	 .arg = FILE_PAGES,
	 .step = FILE_PAGES},
	{.name = "cow", .what = "copy-on-write fault", .run = run_cow, .arg = 1024, .step = 1024},
	{.name = "sole-owner",
	 .what = "write fault of the last owner",
	 .run = run_sole_owner,
	 .arg = 1024,
	 .step = 1024},
	{},
};
