/*
 * file_names - link(2), unlink(2), rename(2), renameat2(2), symlink(2), readlink(2), mkdir(2),
 * rmdir(2), mknod(2), getcwd(2), chdir(2), chroot(2): names come and go as the man pages say, and
 * every failing call leaves things as they were.
 */
#include "t.h"
#include <sys/sysmacros.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static ino_t inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static nlink_t links(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_nlink : 0;
}

static void touch(const char *path)
{
	close(t_file(path, path, strlen(path)));
}

static void make_tree(void)
{
	t_tmpdir();
	touch("file");
	mkdir("dir", 0755);
	mkdir("empty", 0755);
	touch("dir/inner");
	symlink("file", "link");
	symlink("dir", "dirlink");
	symlink("nowhere", "dangling");
	symlink("loop", "loop");
}

/* -- errors: a call of two names ------------------------------------------------------------- */

enum call { LINK, UNLINK, RMDIR, MKDIR, SYMLINK, RENAME, READLINK, CHDIR, MKNOD };

static const char *const call_names[] = {
	"link", "unlink", "rmdir", "mkdir", "symlink", "rename", "readlink", "chdir", "mknod",
};

static char long_name[300];

static const struct {
	enum call call;
	const char *a, *b;
	int err;
} errors[] = {
	{LINK, "missing", "new", ENOENT},
	{LINK, "file", "dir", EEXIST},
	{LINK, "file", "link", EEXIST},
	{LINK, "dir", "new", EPERM},
	{LINK, "file", "missing/new", ENOENT},
	{LINK, "file", "file/new", ENOTDIR},
	{LINK, "file", "/dev/t-new", EXDEV},
	{LINK, "file/", "new", ENOTDIR},
	{LINK, "file", "new/", ENOENT},
	{LINK, "", "new", ENOENT},
	{UNLINK, "missing", NULL, ENOENT},
	{UNLINK, "dir", NULL, EISDIR},
	{UNLINK, "file/", NULL, ENOTDIR},
	{UNLINK, "", NULL, ENOENT},
	{UNLINK, "dirlink/", NULL, ENOTDIR},
	{UNLINK, "loop/x", NULL, ELOOP},
	{UNLINK, ".", NULL, EISDIR},
	{UNLINK, long_name, NULL, ENAMETOOLONG},
	{RMDIR, "missing", NULL, ENOENT},
	{RMDIR, "file", NULL, ENOTDIR},
	{RMDIR, "dir", NULL, ENOTEMPTY},
	{RMDIR, ".", NULL, EINVAL},
	{RMDIR, "..", NULL, ENOTEMPTY},
	{RMDIR, "dirlink", NULL, ENOTDIR},
	{RMDIR, "/", NULL, EBUSY},
	{RMDIR, "empty/.", NULL, EINVAL},
	{RMDIR, "empty/..", NULL, ENOTEMPTY},
	{RMDIR, "/proc", NULL, EBUSY},
	{MKDIR, "dir", NULL, EEXIST},
	{MKDIR, "file", NULL, EEXIST},
	{MKDIR, "dangling", NULL, EEXIST},
	{MKDIR, "missing/new", NULL, ENOENT},
	{MKDIR, "file/new", NULL, ENOTDIR},
	{MKDIR, "/", NULL, EEXIST},
	{MKDIR, ".", NULL, EEXIST},
	{MKDIR, "", NULL, ENOENT},
	{MKDIR, long_name, NULL, ENAMETOOLONG},
	{SYMLINK, "x", "file", EEXIST},
	{SYMLINK, "x", "dangling", EEXIST},
	{SYMLINK, "x", "missing/new", ENOENT},
	{SYMLINK, "", "new", ENOENT},
	{SYMLINK, "x", "new/", ENOENT},
	{SYMLINK, "x", "", ENOENT},
	{RENAME, "missing", "new", ENOENT},
	{RENAME, "file", "dir", EISDIR},
	{RENAME, "dir", "file", ENOTDIR},
	{RENAME, "empty", "dir", ENOTEMPTY},
	{RENAME, "dir", "dir/sub", EINVAL},
	{RENAME, "dir/inner", "dir", ENOTEMPTY},
	{RENAME, ".", "new", EBUSY},
	{RENAME, "dir", ".", EBUSY},
	{RENAME, "dir/..", "new", EBUSY},
	{RENAME, "file", "missing/new", ENOENT},
	{RENAME, "file", "/proc/new", EXDEV},
	{RENAME, "file", "new/", ENOTDIR},
	{RENAME, "file/", "new", ENOTDIR},
	{RENAME, "", "new", ENOENT},
	{RENAME, "file", "", ENOENT},
	{RENAME, "file", long_name, ENAMETOOLONG},
	{READLINK, "file", NULL, EINVAL},
	{READLINK, "dir", NULL, EINVAL},
	{READLINK, "missing", NULL, ENOENT},
	{READLINK, "dirlink/", NULL, EINVAL},
	{READLINK, "link/", NULL, ENOTDIR},
	{CHDIR, "missing", NULL, ENOENT},
	{CHDIR, "file", NULL, ENOTDIR},
	{CHDIR, "loop", NULL, ELOOP},
	{CHDIR, "dangling", NULL, ENOENT},
	{CHDIR, "", NULL, ENOENT},
	{MKNOD, "file", NULL, EEXIST},
	{MKNOD, "missing/new", NULL, ENOENT},
	{MKNOD, "dangling", NULL, EEXIST},
};

static long make_call(enum call call, const char *a, const char *b)
{
	char buf[64];

	switch (call) {
	case LINK: return link(a, b);
	case UNLINK: return unlink(a);
	case RMDIR: return rmdir(a);
	case MKDIR: return mkdir(a, 0755);
	case SYMLINK: return symlink(a, b);
	case RENAME: return rename(a, b);
	case READLINK: return readlink(a, buf, sizeof(buf));
	case CHDIR: return chdir(a);
	case MKNOD: return mknod(a, S_IFREG | 0644, 0);
	}
	return 0;
}

static const char *shown(const char *s)
{
	return s == long_name ? "<299 bytes>" : s;
}

static void check_errors(void)
{
	ino_t file = inode("file"), dir = inode("dir");

	memset(long_name, 'n', sizeof(long_name) - 1);
	for (unsigned i = 0; i < T_COUNT(errors); i++) {
		const char *a = errors[i].a, *b = errors[i].b;

		fails(make_call(errors[i].call, a, b), errors[i].err, "%s('%s'%s%s%s) is %s",
		      call_names[errors[i].call], shown(a), b ? ", '" : "", b ? shown(b) : "",
		      b ? "'" : "", strerror(errors[i].err));
	}
	ok(inode("file") == file && inode("dir") == dir && links("file") == 1 &&
		   inode("dir/inner") && inode("empty"),
	   "after all that everything is where it was");
	eq(inode("new"), 0, "and nothing new is there");
}

/* -- links ----------------------------------------------------------------------------------- */

static void check_links(void)
{
	char buf[300], longest[4096];
	struct stat st;

	eq(link("file", "hard"), 0, "link makes a second name");
	ok(inode("file") == inode("hard") && links("file") == 2, "for the same inode, of 2 links");
	eq(unlink("file"), 0, "the first name goes");
	ok(links("hard") == 1 && t_slurp("hard", buf, 64) == 4, "the file stays");
	link("hard", "file");
	unlink("hard");
	eq(link("dangling", "hardlink"), 0, "link does not follow: a link to a link");
	ok(lstat("hardlink", &st) == 0 && S_ISLNK(st.st_mode) && st.st_nlink == 2,
	   "is a link of 2 links");
	unlink("hardlink");
	eq(linkat(AT_FDCWD, "link", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0,
	   "AT_SYMLINK_FOLLOW follows");
	eq(inode("followed"), inode("file"), "to the file");
	unlink("followed");
	eq(readlink("link", buf, sizeof(buf)), 4, "readlink gives the length");
	ok(memcmp(buf, "file", 4) == 0, "and the target without NUL");
	memset(buf, '-', 8);
	eq(readlink("link", buf, 2), 2, "a short buffer gets the beginning");
	ok(memcmp(buf, "fi--", 4) == 0, "and no more");
	fails(syscall(SYS_readlink, "link", buf, 0), EINVAL, "a buffer of 0 is EINVAL");
	lstat("link", &st);
	eq(st.st_size, 4, "a link's size is its target's length");
	eq(st.st_mode, S_IFLNK | 0777, "its mode is 0777");
	memset(longest, 'x', sizeof(longest));
	longest[4095] = 0;
	eq(symlink(longest, "longest"), 0, "a target of 4095 bytes is taken");
	eq(readlink("longest", longest, 4096), 4095, "and given back");
	unlink("longest");
}

/* -- rename ---------------------------------------------------------------------------------- */

static long rename2(const char *a, const char *b, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static void check_rename(void)
{
	ino_t a, b;
	int fd, n;
	char buf[16];

	touch("r1");
	touch("r2");
	a = inode("r1");
	fd = open("r2", O_RDONLY);
	eq(rename("r1", "r2"), 0, "rename replaces a file");
	ok(inode("r2") == a && inode("r1") == 0, "which has the old name's inode now");
	eq(read(fd, buf, 16), 2, "whoever has the replaced file open keeps it");
	close(fd);
	link("r2", "r3");
	eq(rename("r2", "r3"), 0, "rename of two names of one file does nothing");
	ok(inode("r2") && inode("r3"), "and leaves both");
	unlink("r3");
	eq(rename("r2", "r2"), 0, "rename to itself is 0");
	mkdir("d1", 0755);
	touch("d1/x");
	mkdir("d2", 0755);
	eq(rename("d1", "d2"), 0, "a directory replaces an empty one");
	ok(inode("d2/x") && !inode("d1"), "with its content");
	n = links(".");
	mkdir("d3", 0755);
	eq(links("."), n + 1, "a subdirectory is a link to its parent");
	eq(rename("d2", "d3/moved"), 0, "a directory moves into another");
	eq(links("."), n, "the parent has a link less");
	eq(links("d3"), 3, "and the new parent one more");
	eq(inode("d3/moved/.."), inode("d3"), "its dot-dot is the new parent");
	fails(rename("d3", "d3/moved/sub"), EINVAL, "not into its own subtree");
	eq(rename("link", "link2"), 0, "a link is renamed, not its target");
	ok(readlink("link2", buf, 16) == 4, "and stays a link");
	rename("link2", "link");
	touch("x1");
	touch("x2");
	a = inode("x1");
	b = inode("x2");
	fails(rename2("x1", "x2", RENAME_NOREPLACE), EEXIST,
	      "RENAME_NOREPLACE of an existing name is EEXIST");
	eq(rename2("x1", "x3", RENAME_NOREPLACE), 0, "of a free one it works");
	eq(rename2("x3", "x2", RENAME_EXCHANGE), 0, "RENAME_EXCHANGE");
	ok(inode("x2") == a && inode("x3") == b, "swaps two files");
	eq(rename2("x2", "d3", RENAME_EXCHANGE), 0, "also a file with a directory");
	ok(inode("x2/moved/x") && inode("d3") == a, "both ways");
	fails(rename2("x2", "missing", RENAME_EXCHANGE), ENOENT, "with nothing it is ENOENT");
	fails(rename2("x2", "x3", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL,
	      "both flags are EINVAL");
	fails(rename2("x2", "x3", 0x80), EINVAL, "an unknown flag is EINVAL");
}

/* -- directories ----------------------------------------------------------------------------- */

static int directories(void *top)
{
	char buf[512], want[300];
	int fd, old;

	need(mkdir("w", 0755) == 0 && mkdir("w/x", 0755) == 0);
	need(chdir("w/x") == 0);
	snprintf(want, sizeof(want), "%s/w/x", (char *)top);
	need(getcwd(buf, sizeof(buf)) && strcmp(buf, want) == 0);
	need(syscall(SYS_getcwd, buf, sizeof(buf)) == (long)strlen(want) + 1);
	need(syscall(SYS_getcwd, buf, 5) == -1 && errno == ERANGE);
	need(chdir("../..") == 0);
	need(getcwd(buf, sizeof(buf)) && strcmp(buf, top) == 0);
	fd = open("w/x", O_RDONLY);
	need(fchdir(fd) == 0 && getcwd(buf, sizeof(buf)) && strcmp(buf, want) == 0);
	need(rename("../x", "../y") == 0);
	snprintf(want, sizeof(want), "%s/w/y", (char *)top);
	need(getcwd(buf, sizeof(buf)) && strcmp(buf, want) == 0);
	need(readlink("/proc/self/cwd", buf, sizeof(buf)) == (long)strlen(want));
	need(rmdir("../y") == 0);
	need(syscall(SYS_getcwd, buf, sizeof(buf)) == -1 && errno == ENOENT);
	need(open("new", O_CREAT | O_RDWR, 0644) == -1 && errno == ENOENT);
	need(mkdir("new", 0755) == -1 && errno == ENOENT);
	need(open(".", O_RDONLY) >= 0);
	need(chdir("..") == 0);
	old = open("/", O_RDONLY);
	need(fchdir(fd) == 0);
	need(fchdir(open("/dev/null", O_RDONLY)) == -1 && errno == ENOTDIR);
	need(fchdir(999) == -1 && errno == EBADF);
	need(old >= 0);
	return 0;
}

static int root_changed(void *top)
{
	char buf[64];

	need(chdir(top) == 0 && mkdir("root", 0755) == 0 && mkdir("root/in", 0755) == 0);
	need(symlink("/in", "root/abs") == 0);
	need(chroot("file") == -1 && errno == ENOTDIR);
	need(chroot("root") == 0 && chdir("/") == 0);
	need(getcwd(buf, sizeof(buf)) && strcmp(buf, "/") == 0);
	need(access("/in", F_OK) == 0 && access("/abs/.", F_OK) == 0);
	need(access("/../../in", F_OK) == 0);
	need(access("/tmp", F_OK) == -1 && errno == ENOENT);
	need(chdir("/in/../../..") == 0 && access("in", F_OK) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	need(chroot("/") == -1 && errno == EPERM);
	return 0;
}

static void check_nodes(void)
{
	struct stat st;

	eq(mknod("null", S_IFCHR | 0666, makedev(1, 3)), 0, "mknod makes a device");
	stat("null", &st);
	ok(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3), "with its number");
	eq(mknod("fifo", S_IFIFO | 0644, 0), 0, "and a FIFO");
	eq(mknod("plain", 0644, 0), 0, "type 0 is a plain file");
	stat("plain", &st);
	ok(S_ISREG(st.st_mode), "indeed");
	fails(mknod("d", S_IFDIR | 0755, 0), EPERM, "a directory is EPERM");
	fails(mknod("odd", 0030000 | 0644, 0), EINVAL, "an unknown type is EINVAL");
	mkdir("m", 01777);
	stat("m", &st);
	eq(st.st_mode, S_IFDIR | 01755, "mkdir takes the sticky bit and the umask");
	eq(st.st_nlink, 2, "an empty directory has 2 links");
	eq(unlinkat(AT_FDCWD, "m", AT_REMOVEDIR), 0, "unlinkat AT_REMOVEDIR removes it");
	fails(unlinkat(AT_FDCWD, "null", AT_REMOVEDIR), ENOTDIR, "but no device");
	fails(unlinkat(AT_FDCWD, "null", 0x40), EINVAL, "an unknown flag is EINVAL");
}

/* 1000 names in one directory come, are found, and go. */
static void check_many(void)
{
	char name[32];
	int wrong = 0;

	mkdir("many", 0755);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "many/name-%d", i);
		wrong += mknod(name, S_IFREG | 0644, 0) != 0;
	}
	for (int i = 999; i >= 0; i--) {
		snprintf(name, sizeof(name), "many/name-%d", i);
		wrong += access(name, F_OK) != 0 || unlink(name) != 0;
	}
	eq(wrong, 0, "1000 names come, are found, and go");
	eq(rmdir("many"), 0, "after which the directory is empty");
}

int main(void)
{
	char *top;

	make_tree();
	top = getcwd(NULL, 0);
	umask(022);
	check_errors();
	check_links();
	check_rename();
	exits(directories, top, 0,
	      "getcwd follows chdir, fchdir, rename and rmdir of where we are");
	exits(root_changed, top, 0, "chroot shuts the rest out");
	check_nodes();
	check_many();
	return t_done();
}
