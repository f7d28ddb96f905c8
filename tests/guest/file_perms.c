/*
 * file_perms - who may do what with a file: chmod(2), chown(2), access(2), umask(2), unlink(2) in
 * sticky directories, set-uid programs (execve(2)), credentials(7), path_resolution(7).
 *
 * Each case is tried as a user in a child; root made the files.
 */
#include "t.h"
#include <grp.h>

#define USER 1000
#define GROUP 1000
#define OTHER 2000

static void become(int uid, int gid)
{
	need(setgroups(0, NULL) == 0);
	need(setresgid(gid, gid, gid) == 0);
	need(setresuid(uid, uid, uid) == 0);
}

static void make(const char *path, mode_t mode, int uid, int gid)
{
	close(t_file(path, "data", 4));
	t_must(chown(path, uid, gid) == 0);
	t_must(chmod(path, mode) == 0);
}

static void make_dir(const char *path, mode_t mode, int uid, int gid)
{
	t_must(mkdir(path, 0755) == 0);
	t_must(chown(path, uid, gid) == 0);
	t_must(chmod(path, mode) == 0);
}

/* -- the nine bits --------------------------------------------------------------------------- */

static const struct {
	mode_t mode;
	int uid, gid; /* who tries; the file is USER's and GROUP's */
	char read, write, exec;
} bits[] = {
	{0600, USER, GROUP, 1, 1, 0},  {0400, USER, GROUP, 1, 0, 0},  {0200, USER, GROUP, 0, 1, 0},
	{0100, USER, GROUP, 0, 0, 1},  {0077, USER, GROUP, 0, 0, 0},  {0060, OTHER, GROUP, 1, 1, 0},
	{0707, OTHER, GROUP, 0, 0, 0}, {0640, OTHER, GROUP, 1, 0, 0}, {0006, OTHER, OTHER, 1, 1, 0},
	{0770, OTHER, OTHER, 0, 0, 0}, {0755, OTHER, OTHER, 1, 0, 1}, {0000, 0, 0, 1, 1, 0},
	{0001, 0, 0, 1, 1, 1},
};

static int try_bits(void *arg)
{
	unsigned i = (unsigned long)arg;
	int fd;

	if (bits[i].uid)
		become(bits[i].uid, bits[i].gid);
	need((access("probe", R_OK) == 0) == bits[i].read);
	need((access("probe", W_OK) == 0) == bits[i].write);
	need((access("probe", X_OK) == 0) == bits[i].exec);
	need((access("probe", R_OK | W_OK) == 0) == (bits[i].read && bits[i].write));
	need(access("probe", F_OK) == 0);
	fd = open("probe", O_RDONLY);
	need(bits[i].read ? fd >= 0 : fd == -1 && errno == EACCES);
	fd = open("probe", O_WRONLY);
	need(bits[i].write ? fd >= 0 : fd == -1 && errno == EACCES);
	fd = open("probe", O_RDWR | O_TRUNC);
	need((fd >= 0) == (bits[i].read && bits[i].write));
	return 0;
}

static void check_bits(void)
{
	for (unsigned long i = 0; i < T_COUNT(bits); i++) {
		unlink("probe");
		make("probe", bits[i].mode, USER, GROUP);
		exits(try_bits, (void *)i, 0, "mode %04o of 1000:1000 for %d:%d: %s%s%s",
		      bits[i].mode, bits[i].uid, bits[i].gid, bits[i].read ? "r" : "-",
		      bits[i].write ? "w" : "-", bits[i].exec ? "x" : "-");
	}
}

static int by_supplement(void *arg)
{
	gid_t groups[] = {5, GROUP};

	need(setgroups(2, groups) == 0);
	need(setresgid(OTHER, OTHER, OTHER) == 0 && setresuid(OTHER, OTHER, OTHER) == 0);
	need(open("grouped", O_RDWR) >= 0);
	return 0;
}

/* -- directories ----------------------------------------------------------------------------- */

static int in_dirs(void *arg)
{
	become(USER, GROUP);
	need(open("d-noexec/file", O_RDONLY) == -1 && errno == EACCES);
	need(open("d-noexec", O_RDONLY) >= 0);
	need(open("d-noread/file", O_RDONLY) >= 0);
	need(open("d-noread", O_RDONLY) == -1 && errno == EACCES);
	need(open("d-nowrite/new", O_CREAT | O_RDWR, 0644) == -1 && errno == EACCES);
	need(open("d-nowrite/file", O_RDWR | O_CREAT, 0644) >= 0);
	need(unlink("d-nowrite/file") == -1 && errno == EACCES);
	need(rename("d-nowrite/file", "d-nowrite/x") == -1 && errno == EACCES);
	need(mkdir("d-nowrite/sub", 0755) == -1 && errno == EACCES);
	need(rmdir("d-nowrite/dir") == -1 && errno == EACCES);
	need(symlink("x", "d-nowrite/l") == -1 && errno == EACCES);
	need(link("d-nowrite/file", "d-nowrite/l") == -1 && errno == EACCES);
	need(chdir("d-noexec") == -1 && errno == EACCES);
	need(unlink("d-mine/roots") == 0); /* the directory decides, not the file */
	need(access("d-noexec/missing", F_OK) == -1 && errno == EACCES);
	return 0;
}

static int in_sticky(void *arg)
{
	become(USER, GROUP);
	need(unlink("sticky/roots") == -1 && errno == EPERM);
	need(rename("sticky/roots", "sticky/x") == -1 && errno == EPERM);
	need(rename("sticky/mine", "sticky/roots") == -1 && errno == EPERM);
	need(rmdir("sticky/rootsdir") == -1 && errno == EPERM);
	need(rename("sticky/mine", "sticky/mine2") == 0);
	need(unlink("sticky/mine2") == 0);
	need(open("sticky/new", O_CREAT | O_EXCL | O_RDWR, 0644) >= 0);
	need(unlink("sticky/new") == 0);
	return 0;
}

static void make_dirs(void)
{
	make_dir("d-noexec", 0755, USER, GROUP);
	make("d-noexec/file", 0666, USER, GROUP);
	chmod("d-noexec", 0666);
	make_dir("d-noread", 0755, USER, GROUP);
	make("d-noread/file", 0666, USER, GROUP);
	chmod("d-noread", 0311);
	make_dir("d-nowrite", 0755, USER, GROUP);
	make("d-nowrite/file", 0666, USER, GROUP);
	make_dir("d-nowrite/dir", 0777, USER, GROUP);
	chmod("d-nowrite", 0555);
	make_dir("d-mine", 0755, USER, GROUP);
	make("d-mine/roots", 0600, 0, 0);
	make_dir("sticky", 01777, 0, 0);
	make("sticky/roots", 0666, 0, 0);
	make("sticky/mine", 0666, USER, GROUP);
	make_dir("sticky/rootsdir", 0777, 0, 0);
}

/* -- chmod and chown ------------------------------------------------------------------------- */

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0xffff;
}

static int user_changes(void *arg)
{
	struct stat st;

	become(USER, GROUP);
	need(chmod("mine", 0640) == 0 && mode_of("mine") == 0640);
	need(chmod("roots", 0666) == -1 && errno == EPERM);
	need(chown("mine", OTHER, -1) == -1 && errno == EPERM);
	need(chown("mine", -1, OTHER) == -1 && errno == EPERM);
	need(chown("mine", -1, GROUP) == 0);
	need(chown("mine", USER, -1) == 0);
	need(chmod("mine", 06755) == 0 && mode_of("mine") == 06755);
	need(chmod("foreign-group", 02755) == 0 && mode_of("foreign-group") == 0755);
	need(truncate("roots", 0) == -1 && errno == EACCES);
	int fd = open("mine", O_WRONLY | O_APPEND);
	need(write(fd, "x", 1) == 1);
	need(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0755); /* writing takes the s-bits */
	return 0;
}

static void check_changes(void)
{
	struct stat st;
	int fd;

	make("mine", 0600, USER, GROUP);
	make("roots", 0644, 0, 0);
	make("foreign-group", 0755, USER, 0);
	passes(user_changes,
	       "a user changes the mode of his own files, gives none away, loses s-bits by writing");
	make("suid", 06755, USER, GROUP);
	eq(chown("suid", OTHER, OTHER), 0, "root gives a file away");
	stat("suid", &st);
	ok(st.st_uid == OTHER && st.st_gid == OTHER, "with owner and group");
	eq(st.st_mode & 07777, 0755, "which takes the set-uid and set-gid bits");
	eq(chown("suid", -1, 5), 0, "-1 leaves the owner");
	stat("suid", &st);
	ok(st.st_uid == OTHER && st.st_gid == 5, "indeed");
	symlink("suid", "ln");
	eq(lchown("ln", 7, 7), 0, "lchown changes the link");
	lstat("ln", &st);
	eq(st.st_uid, 7, "itself");
	stat("suid", &st);
	eq(st.st_uid, OTHER, "and not its target");
	eq(chmod("ln", 0600), 0, "chmod follows");
	eq(mode_of("suid"), 0600, "to the target");
	fd = open("suid", O_RDONLY);
	eq(fchmod(fd, 04711), 0, "fchmod");
	eq(mode_of("suid"), 04711, "sets all 12 bits");
	eq(fchown(fd, 1, 2), 0, "fchown");
	eq(fchownat(fd, "", 3, 4, AT_EMPTY_PATH), 0, "fchownat AT_EMPTY_PATH");
	fstat(fd, &st);
	ok(st.st_uid == 3 && st.st_gid == 4, "both work");
	fails(fchmod(999, 0), EBADF, "fchmod of a closed descriptor is EBADF");
	fails(chmod("no", 0), ENOENT, "chmod of nothing is ENOENT");
	fails(fchownat(AT_FDCWD, "suid", 0, 0, 0x1), EINVAL, "an unknown flag is EINVAL");
	close(fd);
}

/* -- new files ------------------------------------------------------------------------------- */

static int new_files(void *arg)
{
	struct stat st;

	become(USER, GROUP);
	umask(027);
	need(mkdir("open/d", 0777) == 0 && stat("open/d", &st) == 0);
	need((st.st_mode & 07777) == 0750 && st.st_uid == USER && st.st_gid == GROUP);
	need(mkdir("setgid/d", 0777) == 0 && stat("setgid/d", &st) == 0);
	need((st.st_mode & 07777) == 02750 && st.st_gid == 77);
	close(open("setgid/f", O_CREAT | O_RDWR, 0666));
	need(stat("setgid/f", &st) == 0 && st.st_gid == 77 && (st.st_mode & 07777) == 0640);
	umask(0);
	need(symlink("x", "open/l") == 0 && lstat("open/l", &st) == 0 && st.st_uid == USER);
	need(mkfifo("open/p", 0666) == 0 && mode_of("open/p") == 0666);
	need(mknod("open/n", S_IFCHR | 0666, 0x103) == -1 && errno == EPERM);
	return 0;
}

/* access(2) asks for the real ids, faccessat with AT_EACCESS for the effective ones. */
static int real_and_effective(void *arg)
{
	need(setgroups(0, NULL) == 0);
	need(setresuid(USER, 0, 0) == 0);
	need(access("private", R_OK) == -1 && errno == EACCES);
	need(faccessat(AT_FDCWD, "private", R_OK, AT_EACCESS) == 0);
	need(open("private", O_RDONLY) >= 0);
	return 0;
}

static int suid_child(void *arg)
{
	become(USER, GROUP);
	execl("./suid-self", "file_perms", arg, NULL);
	return 98;
}

static int dir_search(void *arg)
{
	become(USER, GROUP);
	need(open("private", O_RDONLY) == -1 && errno == EACCES);
	need(open("/proc/1/environ", O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

static int report_ids(void)
{
	return geteuid() == OTHER && getuid() == USER && getegid() == 55 && getgid() == GROUP ? 21
											      : 22;
}

int main(int argc, char **argv)
{
	static char self[8 << 20];
	int n;

	if (argc > 1)
		return report_ids();
	n = t_slurp("/proc/self/exe", self, sizeof(self));
	t_tmpdir_in("/");
	umask(022);
	check_bits();
	make("grouped", 0060, USER, GROUP);
	passes(by_supplement, "a supplementary group counts");
	make_dirs();
	passes(in_dirs, "a directory's x is needed to pass, w to change, r to list");
	passes(in_sticky, "in a sticky directory only owners delete and rename");
	check_changes();
	make_dir("open", 0777, 0, 0);
	make_dir("setgid", 02777, 0, 77);
	passes(new_files,
	       "new files get the creator's ids, the umask, a set-gid directory's group");
	make("private", 0600, 0, 0);
	passes(real_and_effective,
	       "access asks for the real ids, AT_EACCESS for the effective ones");
	passes(dir_search, "root's private files stay private");
	t_must(n > 0);
	close(t_file("suid-self", self, n));
	chown("suid-self", OTHER, 55);
	chmod("suid-self", 06755);
	exits(suid_child, "ids", 21, "a set-uid, set-gid program runs as its owner and group");
	return t_done();
}
