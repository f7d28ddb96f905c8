/*
 * The file systems that programs expect. A row whose file system the kernel does not have is named
 * in the log and left out. Device nodes of the initramfs stay in use when there is no devtmpfs.
 */
#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

struct mount_row {
	const char *type, *target, *options;
	unsigned long flags;
	mode_t mode;
};

static const struct mount_row rows[] = {
	{"proc", "/proc", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV, 0555},
	{"sysfs", "/sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV, 0555},
	{"debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV, 0700},
	{"devtmpfs", "/dev", "mode=0755", MS_NOSUID, 0755},
	{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755},
	{"tmpfs", "/dev/shm", "mode=1777,size=80%", MS_NOSUID | MS_NODEV, 01777},
	{"tmpfs", "/tmp", "mode=1777,size=80%", MS_NOSUID | MS_NODEV, 01777},
	{"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV, 0755},
};

/* Programs look for the kernel's configuration under its release. */
static void name_config(void)
{
	struct utsname name;
	char link[sizeof("/boot/config-") + sizeof(name.release)];

	if (access("/boot/config-isthmus", F_OK) < 0 || uname(&name) < 0)
		return;
	snprintf(link, sizeof(link), "/boot/config-%s", name.release);
	symlink("config-isthmus", link);
}

void mount_all(void)
{
	size_t i;

	umask(0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mount_row *row = &rows[i];

		mkdir(row->target, row->mode);
		if (mount(row->type, row->target, row->type, row->flags, row->options) < 0 &&
		    errno != EBUSY)
			complain("no %s on %s: %s", row->type, row->target, strerror(errno));
	}
	umask(022);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("fd/0", "/dev/stdin");
	symlink("fd/1", "/dev/stdout");
	symlink("fd/2", "/dev/stderr");
	name_config();
}
