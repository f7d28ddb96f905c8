/*
 * file_open - open(2), openat(2), creat(2), close(2): every flag does what it says, every error is
 * the one of the man page; path_resolution(7).
 */
#include "t.h"
#include <sys/resource.h>

static void make_tree(void)
{
	t_tmpdir();
	close(t_file("file", "content", 7));
	close(t_file("empty", "", 0));
	mkdir("dir", 0755);
	close(t_file("dir/inner", "in", 2));
	mkdir("dir/sub", 0755);
	symlink("file", "link");
	symlink("dir", "dirlink");
	symlink("loop", "loop");
	symlink("nowhere", "dangling");
	symlink("dir/../link", "chain");
	mkfifo("fifo", 0644);
}

static char long_name[300], long_path[5000];

static const struct {
	const char *name, *path;
	int flags;
	int err; /* 0: it opens */
} cases[] = {
	{"a file, reading", "file", O_RDONLY, 0},
	{"a file, writing", "file", O_WRONLY, 0},
	{"a file that is missing", "missing", O_RDONLY, ENOENT},
	{"an empty path", "", O_RDONLY, ENOENT},
	{"a missing directory's file", "missing/file", O_RDONLY | O_CREAT, ENOENT},
	{"a file's file", "file/x", O_RDONLY, ENOTDIR},
	{"a file with a slash behind", "file/", O_RDONLY, ENOTDIR},
	{"a directory, reading", "dir", O_RDONLY, 0},
	{"a directory with a slash behind", "dir/", O_RDONLY, 0},
	{"a directory, writing", "dir", O_WRONLY, EISDIR},
	{"a directory, both", "dir", O_RDWR, EISDIR},
	{"a directory with O_CREAT", "dir", O_RDONLY | O_CREAT, EISDIR},
	{"a new name with a slash and O_CREAT", "new/", O_RDWR | O_CREAT, EISDIR},
	{"the root", "/", O_RDONLY, 0},
	{"dots", "dir/.././dir/sub/../inner", O_RDONLY, 0},
	{"doubled slashes", ".//dir///inner", O_RDONLY, 0},
	{"dot-dot above the root", "/../../tmp", O_RDONLY, 0},
	{"a link", "link", O_RDONLY, 0},
	{"a chain of links", "chain", O_RDONLY, 0},
	{"a file below a linked directory", "dirlink/inner", O_RDONLY, 0},
	{"a link to nothing", "dangling", O_RDONLY, ENOENT},
	{"a link to itself", "loop", O_RDONLY, ELOOP},
	{"below a link to itself", "loop/x", O_RDONLY, ELOOP},
	{"a link with O_NOFOLLOW", "link", O_RDONLY | O_NOFOLLOW, ELOOP},
	{"a linked directory with O_NOFOLLOW", "dirlink", O_RDONLY | O_NOFOLLOW, ELOOP},
	{"a linked directory, a slash and O_NOFOLLOW", "dirlink/", O_RDONLY | O_NOFOLLOW, 0},
	{"below a linked directory with O_NOFOLLOW", "dirlink/inner", O_RDONLY | O_NOFOLLOW, 0},
	{"a link with O_NOFOLLOW and O_PATH", "link", O_PATH | O_NOFOLLOW, 0},
	{"a link with O_EXCL", "link", O_RDWR | O_CREAT | O_EXCL, EEXIST},
	{"a dangling link with O_EXCL", "dangling", O_RDWR | O_CREAT | O_EXCL, EEXIST},
	{"a file with O_EXCL", "file", O_RDWR | O_CREAT | O_EXCL, EEXIST},
	{"a directory with O_EXCL", "dir", O_RDONLY | O_CREAT | O_EXCL, EEXIST},
	{"a file with O_DIRECTORY", "file", O_RDONLY | O_DIRECTORY, ENOTDIR},
	{"a directory with O_DIRECTORY", "dir", O_RDONLY | O_DIRECTORY, 0},
	{"a linked directory with O_DIRECTORY", "dirlink", O_RDONLY | O_DIRECTORY, 0},
	{"a name of 299 bytes", long_name, O_RDONLY, ENAMETOOLONG},
	{"a path of 4999 bytes", long_path, O_RDONLY, ENAMETOOLONG},
	{"a FIFO, writing, non-blocking, no reader", "fifo", O_WRONLY | O_NONBLOCK, ENXIO},
	{"a FIFO, reading, non-blocking", "fifo", O_RDONLY | O_NONBLOCK, 0},
	{"a file with O_PATH", "file", O_PATH, 0},
	{"a missing file with O_TRUNC", "missing", O_WRONLY | O_TRUNC, ENOENT},
	{"O_TMPFILE without writing", ".", O_TMPFILE | O_RDONLY, EINVAL},
};

static void check_cases(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	for (unsigned i = 0; i < sizeof(long_path) - 1; i++)
		long_path[i] = i % 100 ? 'p' : '/';
	for (unsigned i = 0; i < T_COUNT(cases); i++) {
		int fd = -1;

		if (cases[i].err)
			fails(fd = open(cases[i].path, cases[i].flags, 0644), cases[i].err,
			      "opening %s is %s", cases[i].name, strerror(cases[i].err));
		else
			works(fd = open(cases[i].path, cases[i].flags, 0644), "opening %s works",
			      cases[i].name);
		if (fd >= 0)
			close(fd);
	}
	fails(access("new", F_OK), ENOENT, "the failed ones created nothing");
	fails(access("missing", F_OK), ENOENT, "nor there");
	long_name[255] = 0;
	int fd = open(long_name, O_CREAT | O_RDWR, 0644);
	ok(fd >= 0, "a name of 255 bytes is taken");
	close(fd);
	unlink(long_name);
}

static int content(const char *path, char *buf)
{
	return t_slurp(path, buf, 64);
}

static void check_create(void)
{
	struct stat st;
	char buf[64];
	int fd, other;

	umask(022);
	fd = open("new", O_RDWR | O_CREAT, 0666);
	ok(fd >= 0, "O_CREAT makes a file");
	fstat(fd, &st);
	eq(st.st_mode, S_IFREG | 0644, "of mode 0666 without the umask");
	ok(st.st_size == 0 && st.st_nlink == 1 && st.st_uid == 0, "empty, one link, root's");
	close(fd);
	fd = open("readonly", O_RDWR | O_CREAT | O_EXCL, 0000);
	ok(fd >= 0 && write(fd, "x", 1) == 1,
	   "a new file of mode 0 is open for writing all the same");
	close(fd);
	fd = open("suid", O_RDWR | O_CREAT, 06755);
	fstat(fd, &st);
	eq(st.st_mode & 07777, 06755, "O_CREAT takes set-uid and set-gid bits");
	close(fd);
	fd = open("dangling", O_RDWR | O_CREAT, 0644);
	ok(fd >= 0 && access("nowhere", F_OK) == 0,
	   "O_CREAT through a dangling link makes its target");
	close(fd);
	fd = open("file", O_RDWR | O_CREAT, 0600);
	fstat(fd, &st);
	eq(st.st_size, 7, "O_CREAT of an existing file leaves its content");
	eq(st.st_mode & 0777, 0644, "and its mode");
	other = open("file", O_WRONLY | O_TRUNC);
	fstat(fd, &st);
	eq(st.st_size, 0, "O_TRUNC empties it");
	write(other, "abc", 3);
	close(other);
	eq(content("file", buf), 3, "and writing begins at 0");
	other = open("file", O_WRONLY | O_APPEND);
	lseek(other, 0, SEEK_SET);
	write(other, "def", 3);
	eq(lseek(other, 0, SEEK_CUR), 6, "O_APPEND writes at the end and leaves the offset there");
	pwrite(fd, "XYZ", 3, 10);
	write(other, "!", 1);
	eq(content("file", buf), 14, "also when the file has grown");
	ok(memcmp(buf, "abcdef\0\0\0\0XYZ!", 14) == 0, "with a hole of zeros between");
	close(other);
	close(fd);
	fd = creat("file", 0644);
	fstat(fd, &st);
	eq(st.st_size, 0, "creat truncates");
	fails(read(fd, buf, 1), EBADF, "and opens for writing only");
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0,
	   "O_TMPFILE makes a file without a name");
	close(fd);
}

static void check_modes(void)
{
	char c;
	int fd = open("file", O_RDONLY);

	fails(write(fd, "x", 1), EBADF, "writing a descriptor open for reading is EBADF");
	fails(ftruncate(fd, 0), EINVAL, "truncating it is EINVAL");
	close(fd);
	fails(read(fd, &c, 1), EBADF, "a closed descriptor is EBADF");
	fails(close(fd), EBADF, "also for close");
	fails(close(-1), EBADF, "descriptor -1 is EBADF");
	fails(read(1 << 20, &c, 1), EBADF, "descriptor 2^20 is EBADF");
	fd = open("file", O_PATH);
	fails(read(fd, &c, 1), EBADF, "reading an O_PATH descriptor is EBADF");
	struct stat st;
	eq(fstat(fd, &st), 0, "fstat of it works");
	fails(syscall(SYS_fchmod, fd, 0600), EBADF, "fchmod of it is EBADF");
	close(fd);
	fd = open("dir", O_RDONLY);
	fails(read(fd, &c, 1), EISDIR, "reading a directory is EISDIR");
	close(fd);
	fd = open("file", O_RDONLY | O_CLOEXEC);
	eq(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC sets the flag");
	eq(fcntl(fd, F_GETFL) & ~0100000, O_RDONLY, "and F_GETFL does not show it");
	close(fd);
	fd = open("file", O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK);
	eq(fcntl(fd, F_GETFL) & ~0100000, O_RDWR | O_APPEND | O_NONBLOCK,
	   "F_GETFL shows access mode, "
	   "O_APPEND, O_NONBLOCK, and not O_CREAT");
	close(fd);
}

static void check_openat(void)
{
	int dir = open("dir", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY), fd;
	int path = open("dir", O_PATH);

	fd = openat(dir, "inner", O_RDONLY);
	ok(fd >= 0, "openat begins at the directory");
	close(fd);
	fd = openat(path, "inner", O_RDONLY);
	ok(fd >= 0, "which may be an O_PATH descriptor");
	close(fd);
	fd = openat(dir, "../file", O_RDONLY);
	ok(fd >= 0, "dot-dot leaves it");
	close(fd);
	fd = openat(-5, "/tmp", O_RDONLY);
	ok(fd >= 0, "an absolute path does not need it");
	close(fd);
	fails(openat(-5, "file", O_RDONLY), EBADF, "a relative one with a bad descriptor is EBADF");
	fails(openat(file, "x", O_RDONLY), ENOTDIR, "with a file's it is ENOTDIR");
	fails(openat(dir, "", O_RDONLY), ENOENT, "an empty path is ENOENT");
	close(dir);
	close(file);
	close(path);
}

/* The lowest free descriptor is taken. */
static int lowest(void *arg)
{
	int a = open("file", O_RDONLY), b = open("file", O_RDONLY), c = open("file", O_RDONLY);

	need(b == a + 1 && c == b + 1);
	close(a);
	close(b);
	need(open("file", O_RDONLY) == a);
	need(open("file", O_RDONLY) == b);
	close(0);
	need(open("file", O_RDONLY) == 0);
	return 0;
}

static int limit(void *arg)
{
	struct rlimit l = {20, 20};
	int fd = -1, last = -1;

	need(setrlimit(RLIMIT_NOFILE, &l) == 0);
	while ((fd = open("file", O_RDONLY)) >= 0)
		last = fd;
	need(errno == EMFILE && last == 19);
	need(dup(0) == -1 && errno == EMFILE);
	need(pipe((int[2]){0}) == -1 && errno == EMFILE);
	close(7);
	need(open("file", O_RDONLY) == 7);
	return 0;
}

static int deep_links(void *arg)
{
	char name[16], target[16];

	need(symlink("file", "l0") == 0);
	for (int i = 1; i <= 41; i++) {
		snprintf(target, sizeof(target), "l%d", i - 1);
		snprintf(name, sizeof(name), "l%d", i);
		need(symlink(target, name) == 0);
	}
	need(open("l39", O_RDONLY) >= 0);
	need(open("l40", O_RDONLY) == -1 && errno == ELOOP);
	return 0;
}

/* A file that is unlinked while open lives until the last close. */
static void check_unlinked(void)
{
	int fd = t_file("doomed", "alive", 5);
	struct stat st;
	char buf[8];

	unlink("doomed");
	fails(open("doomed", O_RDONLY), ENOENT, "an unlinked file cannot be opened");
	eq(pread(fd, buf, 8, 0), 5, "but read through a descriptor");
	eq(write(fd, "more", 4), 4, "and written");
	fstat(fd, &st);
	ok(st.st_nlink == 0 && st.st_size == 9, "with 0 links");
	int again = open("/proc/self/fd/0", O_RDONLY);
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (again >= 0)
		close(again);
	again = open(path, O_RDONLY);
	ok(again >= 0 && read(again, buf, 5) == 5 && memcmp(buf, "alive", 5) == 0,
	   "/proc/self/fd opens it again, with an offset of its own");
	close(again);
	close(fd);
}

int main(void)
{
	make_tree();
	check_cases();
	check_create();
	check_modes();
	check_openat();
	passes(lowest, "open takes the lowest free descriptor");
	passes(limit, "beyond RLIMIT_NOFILE it is EMFILE");
	passes(deep_links, "40 links are followed, 41 are ELOOP");
	check_unlinked();
	return t_done();
}
