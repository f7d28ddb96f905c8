/*
 * mount_tree - copies of the tree of mounts and its end: mount(2) with MS_BIND | MS_REC, umount2(2) with MNT_DETACH, and how many
 * mounts there may be (/proc/sys/fs/mount-max).
 */
#include "t.h"
#include <sys/mount.h>

#define DEEP 400

static const char *in(const char *name)
{
	static char path[2][200];
	static unsigned n;

	n ^= 1;
	snprintf(path[n], sizeof(path[n]), "%s/%s", t_dir, name);
	return path[n];
}

static void folder(const char *name)
{
	t_must(mkdir(in(name), 0755) == 0);
}

static int tmpfs_on(const char *path)
{
	return mount("none", path, "tmpfs", 0, "size=64k");
}

/* All mounts that there are, or those below @path. */
static unsigned mounts_below(const char *path)
{
	static char text[1 << 18];
	unsigned n = 0;

	t_must(t_slurp("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (char *at = text; at && *at; at = strchr(at, '\n'), at += at != NULL) {
		char point[400];

		n += sscanf(at, "%*d %*d %*s %*s %399s", point) == 1 &&
		     !strncmp(point, path, strlen(path));
	}
	return n;
}

static bool set_max(unsigned n)
{
	char text[20];
	int fd = open("/proc/sys/fs/mount-max", O_WRONLY), len = snprintf(text, 20, "%u\n", n);
	bool good = fd >= 0 && write(fd, text, (size_t)len) == len;

	close(fd);
	return good;
}

/* -- a tree into itself ---------------------------------------------------------------------- */

static void check_into_itself(void)
{
	folder("a");
	t_must(tmpfs_on(in("a")) == 0);
	folder("a/b");
	t_must(tmpfs_on(in("a/b")) == 0);
	folder("a/b/c");
	works(mount(in("a"), in("a/b/c"), NULL, MS_BIND | MS_REC, NULL),
	      "a tree of mounts can be bound to a place inside itself");
	eq(mounts_below(in("a")), 4, "what is there is what was there before, twice");
	eq(access(in("a/b/c/b/c"), F_OK), 0, "the copy shows the place");
	fails(access(in("a/b/c/b/c/b"), F_OK), ENOENT, "but nothing on it");
	for (unsigned n = 0; n < 4; n++)
		t_must(mount(in("a"), in("a/b/c"), NULL, MS_BIND | MS_REC, NULL) == 0);
	eq(mounts_below(in("a")), 64, "each time it doubles");
	works(mount(in("a"), in("a/b/c"), NULL, MS_BIND, NULL), "without MS_REC");
	eq(mounts_below(in("a")), 65, "it is one more");
	works(umount2(in("a"), MNT_DETACH), "MNT_DETACH takes them all");
	eq(mounts_below(in("a")), 0, "none is left");
}

/* -- a deep tree ----------------------------------------------------------------------------- */

static void check_deep(void)
{
	unsigned good = 0;

	folder("x");
	folder("y");
	t_must(tmpfs_on(in("x")) == 0);
	folder("x/s");
	for (unsigned n = 0; n < DEEP; n++)
		good += tmpfs_on(in("x/s")) == 0;
	eq(good, DEEP, "mounts lie on each other as deep as one likes");
	works(mount(in("x"), in("y"), NULL, MS_BIND | MS_REC, NULL), "all of them are copied");
	eq(mounts_below(in("y")), DEEP + 1, "each once");
	works(umount2(in("y"), MNT_DETACH), "and taken away");
	for (unsigned n = 0; n < DEEP / 2; n++)
		good -= umount(in("x/s")) == 0;
	eq(good, DEEP / 2, "or one by one");
	works(umount2(in("x"), MNT_DETACH), "with the rest");
	eq(mounts_below(t_dir), 0, "none is left");
}

/* -- too many -------------------------------------------------------------------------------- */

static void check_limit(void)
{
	char old[20] = "";
	unsigned now;

	t_must(t_slurp("/proc/sys/fs/mount-max", old, sizeof(old)) > 0);
	eq(atoi(old), 100000, "a hundred thousand mounts are allowed");
	folder("l");
	folder("m");
	t_must(tmpfs_on(in("l")) == 0);
	for (unsigned n = 0; n < 4; n++) {
		mkdir(in("l/s"), 0755);
		t_must(tmpfs_on(in("l/s")) == 0);
	}
	now = mounts_below("");
	t_must(set_max(now + 2));
	fails(mount(in("l"), in("m"), NULL, MS_BIND | MS_REC, NULL), ENOSPC,
	      "a tree of more than are allowed is not copied");
	eq(mounts_below(""), now, "not even partly");
	works(mount(in("l"), in("m"), NULL, MS_BIND, NULL), "what still fits is");
	works(tmpfs_on(in("m")), "up to the last");
	fails(tmpfs_on(in("m")), ENOSPC, "then a new file system is not mounted");
	fails(mount(in("l"), in("m"), NULL, MS_BIND, NULL), ENOSPC, "nor bound");
	works(umount(in("m")), "one that goes");
	works(tmpfs_on(in("m")), "makes room");
	t_must(set_max((unsigned)atoi(old)));
	umount2(in("m"), MNT_DETACH);
	umount2(in("m"), MNT_DETACH);
	umount2(in("l"), MNT_DETACH);
}

/* -- what is not in the tree ----------------------------------------------------------------- */

static int in_what_is_gone(void *arg)
{
	(void)arg;
	need(tmpfs_on(in("g")) == 0 && mkdir(in("g/s"), 0755) == 0 && chdir(in("g")) == 0);
	need(umount2(in("g"), MNT_DETACH) == 0);
	need(access("s", F_OK) == 0);
	need(tmpfs_on("s") < 0 && errno == EINVAL);
	need(mount(in("h"), "s", NULL, MS_BIND, NULL) < 0 && errno == EINVAL);
	need(mount(".", in("h"), NULL, MS_BIND, NULL) < 0 && errno == EINVAL);
	return 0;
}

static void check_gone(void)
{
	char path[40];
	int pipe_ends[2];

	folder("g");
	folder("h");
	exits(in_what_is_gone, NULL, 0, "nothing is mounted in, or bound from, what was unmounted");
	t_must(pipe(pipe_ends) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe_ends[0]);
	close(open(in("file"), O_CREAT | O_WRONLY, 0600));
	fails(mount(path, in("file"), NULL, MS_BIND, NULL), EINVAL, "nor is a pipe bound");
	t_must(mount("sysfs", in("h"), "sysfs", 0, NULL) == 0);
	fails(mount("sysfs", in("h"), "sysfs", 0, NULL), EBUSY,
	      "the same file system is not mounted on itself");
	works(mount(in("h"), in("h"), NULL, MS_BIND, NULL), "but bound");
	works(umount(in("h")), "and unmounted");
	works(umount(in("h")), "twice");
	eq(mounts_below(t_dir), 0, "none is left");
}

int main(void)
{
	t_tmpdir();
	check_into_itself();
	check_deep();
	check_limit();
	check_gone();
	return t_done();
}
