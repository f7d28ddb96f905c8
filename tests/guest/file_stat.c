/*
 * file_stat - stat(2), statx(2), utimensat(2), getdents64(2), statfs(2): what is known about a
 * file, when its times change, and how a directory is read.
 */
#include "t.h"
#include <dirent.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <utime.h>
#ifndef STATX_BASIC_STATS
#include <linux/stat.h> /* musl has no statx yet */
#endif

#ifndef AT_STATX_SYNC_TYPE
#define AT_STATX_SYNC_TYPE 0x6000
#define AT_STATX_DONT_SYNC 0x4000
#endif

static struct stat now_of(const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	lstat(path, &st);
	return st;
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static bool same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static void check_stat(void)
{
	int fd = t_file("file", "0123456789", 10);
	struct stat a, b, c;

	eq(stat("file", &a), 0, "stat works");
	eq(fstat(fd, &b), 0, "fstat works");
	eq(fstatat(AT_FDCWD, "file", &c, 0), 0, "fstatat works");
	ok(a.st_ino == b.st_ino && b.st_ino == c.st_ino && a.st_dev == b.st_dev,
	   "all give one inode");
	eq(a.st_mode, S_IFREG | 0644, "the mode has the type");
	eq(a.st_size, 10, "the size");
	eq(a.st_nlink, 1, "one link");
	ok(a.st_blocks >= 8 && a.st_blocks <= 16, "blocks of 512 bytes: a page or two");
	eq(a.st_blksize, T_PAGE, "the best block size is a page");
	ok(a.st_ino != 0 && a.st_dev != 0, "inode and device are not 0");
	eq(fstatat(fd, "", &b, AT_EMPTY_PATH), 0, "AT_EMPTY_PATH stats the descriptor");
	eq(b.st_ino, a.st_ino, "itself");
	symlink("file", "link");
	eq(fstatat(AT_FDCWD, "link", &b, AT_SYMLINK_NOFOLLOW), 0, "AT_SYMLINK_NOFOLLOW");
	ok(S_ISLNK(b.st_mode), "stats the link");
	fails(fstatat(AT_FDCWD, "", &b, 0), ENOENT, "an empty path is ENOENT");
	fails(stat("file/x", &b), ENOTDIR, "a file's file is ENOTDIR");
	fails(fstat(999, &b), EBADF, "a closed descriptor is EBADF");
	stat("/dev/null", &b);
	ok(S_ISCHR(b.st_mode) && b.st_rdev == makedev(1, 3), "/dev/null is the device 1:3");
	stat("/proc/self", &b);
	ok(S_ISDIR(b.st_mode) && b.st_dev != a.st_dev, "/proc is another device");
	int p[2];
	pipe(p);
	fstat(p[0], &b);
	ok(S_ISFIFO(b.st_mode), "a pipe is a FIFO");
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void check_statx(void)
{
	struct statx x;
	struct stat st = now_of("file");

	memset(&x, 0x55, sizeof(x));
	eq(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &x), 0, "statx works");
	ok((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, "its mask has what was asked");
	ok(x.stx_ino == st.st_ino && x.stx_size == 10 && x.stx_mode == st.st_mode &&
		   x.stx_nlink == 1 && x.stx_uid == 0,
	   "its fields are stat's");
	ok(makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev, "its device too");
	ok(x.stx_mtime.tv_sec == st.st_mtim.tv_sec && x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec,
	   "its times too");
	eq(syscall(SYS_statx, AT_FDCWD, "file", AT_STATX_DONT_SYNC, 0, &x), 0,
	   "a mask of 0 is allowed");
	fails(syscall(SYS_statx, AT_FDCWD, "file", 0x40000000, 0, &x), EINVAL,
	      "an unknown flag is EINVAL");
	fails(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000, &x), EINVAL,
	      "the reserved mask bit is EINVAL");
	fails(syscall(SYS_statx, AT_FDCWD, "file", AT_STATX_SYNC_TYPE, 0, &x), EINVAL,
	      "both sync flags are EINVAL");
}

/* Waits until a fresh file's time stamp is later than the one given. */
static void tick(struct timespec t)
{
	t_until((close(t_file("clock", "", 0)), later(now_of("clock").st_mtim, t)));
}

static void check_times(void)
{
	struct stat before, after;
	struct timespec set[2] = {{1000, 1}, {2000000000, 999999999}};
	int fd = t_file("t", "abc", 3);
	char c;

	before = now_of("t");
	tick(before.st_ctim);
	pwrite(fd, "x", 1, 0);
	after = now_of("t");
	ok(later(after.st_mtim, before.st_mtim) && later(after.st_ctim, before.st_ctim),
	   "write moves mtime and ctime");
	tick(after.st_ctim);
	before = after;
	chmod("t", 0600);
	after = now_of("t");
	ok(same(after.st_mtim, before.st_mtim) && later(after.st_ctim, before.st_ctim),
	   "chmod moves ctime");
	tick(after.st_ctim);
	before = after;
	link("t", "t2");
	after = now_of("t");
	ok(later(after.st_ctim, before.st_ctim), "link moves ctime");
	tick(after.st_ctim);
	before = after;
	ftruncate(fd, 1);
	after = now_of("t");
	ok(later(after.st_mtim, before.st_mtim), "ftruncate moves mtime");
	mkdir("d", 0755);
	before = now_of("d");
	tick(before.st_ctim);
	close(t_file("d/new", "", 0));
	after = now_of("d");
	ok(later(after.st_mtim, before.st_mtim), "a new name moves its directory's mtime");
	tick(after.st_mtim);
	before = after;
	unlink("d/new");
	after = now_of("d");
	ok(later(after.st_mtim, before.st_mtim), "so does a name that goes");
	tick(now_of("t").st_ctim);
	before = now_of("t");
	pread(fd, &c, 1, 0);
	ok(same(now_of("t").st_mtim, before.st_mtim), "reading moves no mtime");

	eq(utimensat(AT_FDCWD, "t", set, 0), 0, "utimensat sets times");
	after = now_of("t");
	ok(same(after.st_atim, set[0]) && same(after.st_mtim, set[1]), "to the nanosecond");
	ok(later(after.st_ctim, before.st_ctim), "and moves ctime");
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = UTIME_NOW;
	eq(futimens(fd, set), 0, "UTIME_OMIT and UTIME_NOW");
	after = now_of("t");
	ok(after.st_atim.tv_sec == 1000 && after.st_mtim.tv_sec != 2000000000,
	   "leave one and set the other");
	set[0].tv_nsec = 1000000000;
	fails(futimens(fd, set), EINVAL, "10^9 ns is EINVAL");
	fails(utimensat(AT_FDCWD, "no", NULL, 0), ENOENT, "a missing file is ENOENT");
	eq(utime("t", &(struct utimbuf){5, 6}), 0, "the old utime works");
	ok(now_of("t").st_atim.tv_sec == 5 && now_of("t").st_mtim.tv_sec == 6, "in seconds");
	close(fd);
}

static int user_times(void *arg)
{
	struct timespec set[2] = {{1, 0}, {1, 0}};

	need(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	need(utimensat(AT_FDCWD, "writable", set, 0) == -1 && errno == EPERM);
	need(utimensat(AT_FDCWD, "writable", NULL, 0) == 0);
	need(utimensat(AT_FDCWD, "file", NULL, 0) == -1 && errno == EACCES);
	return 0;
}

/* -- directories ----------------------------------------------------------------------------- */

struct dirent64_raw {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Reads all with a buffer of this size; marks which of n0..n299 were seen; returns the count. */
static int list(int fd, size_t size, int seen[300], int *odd)
{
	static char buf[32768];
	int n, count = 0;

	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0)
		for (char *p = buf; p < buf + n; p += ((struct dirent64_raw *)p)->reclen) {
			struct dirent64_raw *e = (struct dirent64_raw *)p;

			if (e->name[0] == 'n')
				seen[atoi(e->name + 1)]++;
			*odd += e->reclen % 8 != 0 || e->reclen < 20 + strlen(e->name) ||
				e->ino == 0;
			count++;
		}
	return n < 0 ? -1 : count;
}

static void check_getdents(void)
{
	int fd, seen[300] = {0}, odd = 0, wrong = 0;
	char name[32];

	mkdir("many", 0755);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "many/n%d", i);
		close(t_file(name, "", 0));
	}
	fd = open("many", O_RDONLY);
	eq(list(fd, 32768, seen, &odd), 302, "300 names, dot and dot-dot are read");
	for (int i = 0; i < 300; i++)
		wrong += seen[i] != 1;
	eq(wrong, 0, "each once");
	eq(odd, 0, "each entry is a multiple of 8 long, and has an inode");
	eq(list(fd, 32768, seen, &odd), 0, "at the end it is 0");
	lseek(fd, 0, SEEK_SET);
	memset(seen, 0, sizeof(seen));
	eq(list(fd, 64, seen, &odd), 302, "rewound, with a buffer of 64 bytes, again");
	lseek(fd, 0, SEEK_SET);
	fails(syscall(SYS_getdents64, fd, name, 8), EINVAL,
	      "a buffer too small for one entry is EINVAL");
	close(fd);
	fd = open("file", O_RDONLY);
	fails(syscall(SYS_getdents64, fd, name, 32), ENOTDIR, "a file is ENOTDIR");
	close(fd);
	eq(rmdir("many/../d"), 0, "an empty directory is removed");
}

static void check_types(void)
{
	static const struct {
		const char *name;
		int type;
	} want[] = {
		{"file", DT_REG}, {"link", DT_LNK}, {"many", DT_DIR}, {"fifo", DT_FIFO},
		{"node", DT_CHR}, {".", DT_DIR},    {"..", DT_DIR},
	};
	DIR *dir;
	struct dirent *e;
	unsigned found = 0;
	struct stat st;

	mkfifo("fifo", 0644);
	mknod("node", S_IFCHR | 0644, makedev(1, 5));
	dir = opendir(".");
	while ((e = readdir(dir)))
		for (unsigned i = 0; i < T_COUNT(want); i++)
			if (strcmp(e->d_name, want[i].name) == 0) {
				found += e->d_type == want[i].type;
				if (strcmp(e->d_name, "file") == 0 && stat("file", &st) == 0)
					eq(e->d_ino, st.st_ino, "d_ino is stat's inode");
			}
	eq(found, T_COUNT(want), "d_type tells files, links, directories, FIFOs, devices");
	closedir(dir);
}

/* Removing while reading, and telldir/seekdir. */
static void check_seekdir(void)
{
	char name[32], at_second[256], again[256];
	struct dirent *e;
	int removed = 0;
	DIR *dir = opendir("many");
	long pos;

	readdir(dir);
	pos = telldir(dir);
	e = readdir(dir);
	snprintf(at_second, sizeof(at_second), "%s", e->d_name);
	readdir(dir);
	readdir(dir);
	seekdir(dir, pos);
	e = readdir(dir);
	snprintf(again, sizeof(again), "%s", e ? e->d_name : "");
	ok(strcmp(at_second, again) == 0, "seekdir goes back to where telldir was");
	rewinddir(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] == 'n') {
			snprintf(name, sizeof(name), "many/%.16s", e->d_name);
			removed += unlink(name) == 0;
		}
	eq(removed, 300, "names removed while reading: each is met");
	closedir(dir);
	eq(rmdir("many"), 0, "and the directory is empty");
}

static void check_removed(void)
{
	char buf[256];
	int fd;

	mkdir("gone", 0755);
	fd = open("gone", O_RDONLY);
	rmdir("gone");
	fails(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT,
	      "a removed directory is ENOENT");
	struct stat st;
	fstat(fd, &st);
	eq(st.st_nlink, 0, "with 0 links");
	close(fd);
}

static void check_statfs(void)
{
	struct statfs fs;

	eq(statfs("/tmp", &fs), 0, "statfs works");
	ok(fs.f_bsize == (long)T_PAGE && fs.f_namelen == 255, "block size and longest name");
	ok(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree,
	   "free blocks are not more than all");
	statfs("/proc", &fs);
	eq(fs.f_type, 0x9fa0, "/proc has proc's magic");
	fails(statfs("/no", &fs), ENOENT, "a missing path is ENOENT");
	fails(syscall(SYS_statfs64, "/tmp", 80, &fs), EINVAL,
	      "statfs64 with a wrong size is EINVAL");
}

int main(void)
{
	t_tmpdir();
	umask(022);
	check_stat();
	check_statx();
	check_times();
	close(t_file("writable", "", 0));
	chmod("writable", 0666);
	passes(user_times, "a writer may touch a file, only its owner set its times");
	check_getdents();
	check_types();
	check_seekdir();
	check_removed();
	check_statfs();
	return t_done();
}
