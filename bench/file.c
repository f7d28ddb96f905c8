/* Files of tmpfs: names and bytes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static int fd, folder;
static char buf[65536];

static u64 run_create(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		close(open("/tmp/new", O_WRONLY | O_CREAT, 0600));
		unlink("/tmp/new");
	}
	return clock_since(begin);
}

static bool make_file(long size)
{
	fd = open("/tmp/data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	return fd >= 0 && write(fd, buf, (size_t)size) == size;
}

static void remove_file(long size)
{
	(void)size;
	close(fd);
	unlink("/tmp/data");
}

static u64 run_read(long n, long size)
{
	u64 begin = clock_now();

	while (n--)
		(void)!pread(fd, buf, (size_t)size, 0);
	return clock_since(begin);
}

#define PIECES 1024L /* of 64 KB */

static bool make_big_file(long arg)
{
	(void)arg;
	fd = open("/tmp/data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	need(fd >= 0, "/tmp/data");
	for (long i = 0; i < PIECES; i++)
		need(write(fd, buf, sizeof(buf)) == sizeof(buf), "64 MB of files");
	return true;
}

/* From the first byte to the last: the processor's caches do not hold it. */
static u64 run_read_all(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		lseek(fd, 0, SEEK_SET);
		for (long i = 0; i < PIECES; i++)
			(void)!read(fd, buf, sizeof(buf));
	}
	return clock_since(begin);
}

static u64 run_write(long n, long size)
{
	u64 begin = clock_now();

	while (n--)
		(void)!pwrite(fd, buf, (size_t)size, 0);
	return clock_since(begin);
}

static const char *name_of(long i)
{
	static char name[16];

	snprintf(name, sizeof(name), "n%05ld", i);
	return name;
}

static bool fill_folder(long entries)
{
	mkdir("/tmp/folder", 0700);
	folder = open("/tmp/folder", O_RDONLY | O_DIRECTORY);
	need(folder >= 0, "/tmp/folder");
	for (long i = 0; i < entries; i++)
		close(openat(folder, name_of(i), O_WRONLY | O_CREAT, 0600));
	return true;
}

static void empty_folder(long entries)
{
	for (long i = 0; i < entries; i++)
		unlinkat(folder, name_of(i), 0);
	close(folder);
	rmdir("/tmp/folder");
}

/* Eight names, far from each other. */
static u64 run_lookup(long n, long entries)
{
	char names[8][16];
	struct stat st;
	u64 begin;

	for (long i = 0; i < 8; i++)
		snprintf(names[i], sizeof(names[i]), "%s", name_of(i * (entries - 1) / 7));
	begin = clock_now();
	while (n--)
		fstatat(folder, names[n & 7], &st, 0);
	return clock_since(begin);
}

const struct row file_rows[] = {
	{.name = "create", .what = "create and unlink on tmpfs", .run = run_create},
	{.name = "read-4k",
	 .what = "pread of 4 KB, cached",
	 .setup = make_file,
	 .run = run_read,
	 .teardown = remove_file,
	 .arg = 4096},
	{.name = "read-64k",
	 .what = "pread of 64 KB, cached",
	 .setup = make_file,
	 .run = run_read,
	 .teardown = remove_file,
	 .arg = 65536},
	{.name = "read-64m",
	 .what = "read a 64 MB file, cached",
	 .setup = make_big_file,
	 .run = run_read_all,
	 .teardown = remove_file},
	{.name = "write-4k",
	 .what = "pwrite of 4 KB, cached",
	 .setup = make_file,
	 .run = run_write,
	 .teardown = remove_file,
	 .arg = 4096},
	{.name = "lookup-10",
	 .what = "fstatat in a folder of 10 entries",
	 .setup = fill_folder,
	 .run = run_lookup,
	 .teardown = empty_folder,
	 .arg = 10,
	 .curve = "fstatat in a folder",
	 .axis = "entries of a folder",
	 .sizes = SIZES(10, 100, 1000, 10000, 30000)},
	{.name = "lookup-10000",
	 .what = "fstatat in a folder of 10,000 entries",
	 .setup = fill_folder,
	 .run = run_lookup,
	 .teardown = empty_folder,
	 .arg = 10000},
	{},
};
