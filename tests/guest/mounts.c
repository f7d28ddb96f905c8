/*
 * mounts - /proc/PID/{mounts,mountinfo}: read in pieces while mounts come and go, from inside a
 * chroot, and watched by poll(2). proc(5)
 */
#include "t.h"
#include <poll.h>
#include <sys/mount.h>

#define N 120

static const char *name_of(unsigned n)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s/m%03u.", t_dir, n);
	return name;
}

static void mount_all(void)
{
	for (unsigned n = 0; n < N; n++) {
		t_must(mkdir(name_of(n), 0755) == 0);
		t_must(mount("none", name_of(n), "tmpfs", 0, "size=64k") == 0);
	}
}

static void unmount_all(void)
{
	for (unsigned n = 0; n < N; n++) {
		umount2(name_of(n), MNT_DETACH);
		rmdir(name_of(n));
	}
}

/* The rest of @fd, 100 bytes at a time, behind what @text has. */
static void read_on(int fd, char *text, size_t size)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len < size - 101 && (n = read(fd, text + len, 100)) > 0)
		len += (size_t)n;
	text[len] = '\0';
}

static unsigned times(const char *text, const char *what)
{
	unsigned n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

/* Are the mounts [from, to) there, each once? */
static bool all_once(const char *text, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++)
		if (times(text, name_of(n)) != 1) {
			t_note("%s: %u times", name_of(n), times(text, name_of(n)));
			return false;
		}
	return true;
}

static void check_pieces(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);

	t_must(fd >= 0);
	text[0] = '\0';
	read_on(fd, text, sizeof(text));
	ok(all_once(text, 0, N), "%s has each mount once, read in small pieces", path);
	t_must(lseek(fd, 0, SEEK_SET) == 0);
	memset(text, 0, sizeof(text));
	t_must(read(fd, text, 100) == 100);
	t_must(umount2(name_of(0), MNT_DETACH) == 0);
	read_on(fd, text, sizeof(text));
	ok(all_once(text, 1, N), "and the others, if one goes between two reads");
	close(fd);
	t_must(mount("none", name_of(0), "tmpfs", 0, "size=64k") == 0);
}

static int read_inside(void *arg)
{
	static char text[65536];
	int fd = open("/proc/self/mounts", O_RDONLY), outside = fd;

	(void)arg;
	need(chroot(name_of(3)) == 0 && chdir("/") == 0);
	need(mkdir("proc", 0755) == 0 && mount("proc", "/proc", "proc", 0, NULL) == 0);
	read_on(outside, text, sizeof(text));
	need(times(text, name_of(5)) == 1); /* the root that there was at open */
	text[0] = '\0';
	fd = open("/proc/self/mounts", O_RDONLY);
	read_on(fd, text, sizeof(text));
	need(times(text, "none / tmpfs") == 1 && times(text, "proc /proc proc") == 1);
	need(times(text, "\n") == 2);
	umount2("/proc", MNT_DETACH);
	return 0;
}

static void check_poll(void)
{
	struct pollfd p = {.fd = open("/proc/self/mounts", O_RDONLY), .events = POLLPRI};

	t_must(p.fd >= 0);
	eq(poll(&p, 1, 0), 0, "poll tells nothing as long as nothing changes");
	t_must(umount2(name_of(1), MNT_DETACH) == 0);
	eq(poll(&p, 1, 1000), 1, "an unmount wakes it");
	ok((p.revents & (POLLERR | POLLPRI)) == (POLLERR | POLLPRI), "with POLLERR and POLLPRI");
	eq(poll(&p, 1, 0), 0, "once");
	close(p.fd);
}

int main(void)
{
	t_tmpdir();
	mount_all();
	check_pieces("/proc/self/mounts");
	check_pieces("/proc/self/mountinfo");
	exits(read_inside, NULL, 0, "who opened it in a chroot sees what lies inside");
	check_poll();
	unmount_all();
	return t_done();
}
