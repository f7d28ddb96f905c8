/*
 * What lives leave behind outside their folders, for the supervisor to take away: mounts,
 * files, IPC objects.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- mounts: over a symbolic link a life that is root makes and removes some where it should not ---- */

#define MOUNTS_MAX 64

static const struct {
	const char *folder, *type, *data;
} needed[] = {
	{"/proc", "proc", NULL},        {"/sys", "sysfs", NULL},
	{"/dev", "devtmpfs", NULL},     {"/dev/pts", "devpts", "mode=0620,ptmxmode=0666"},
	{"/tmp", "tmpfs", "mode=1777"},
};
static int first_mounts[MOUNTS_MAX], first_mounts_count;

/* Calls fn for each mount. */
static void each_mount(void (*fn)(int id, const char *point))
{
	int fd = openat(proc_fd, "self/mountinfo", O_RDONLY), id;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	static char line[8192], point[4097];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %*d %*s %*s %4096s", &id, point) == 2)
			fn(id, point);
	if (f)
		fclose(f);
}

static void remember_mount(int id, const char *point)
{
	(void)point;
	if (first_mounts_count < MOUNTS_MAX)
		first_mounts[first_mounts_count++] = id;
}

static void remove_mount(int id, const char *point)
{
	for (int i = 0; i < first_mounts_count; i++)
		if (first_mounts[i] == id)
			return;
	if (strncmp(point, "/tmp/fuzz", 9))
		umount2(point, MNT_DETACH);
}

void mend_mounts(void)
{
	each_mount(remove_mount);
	for (unsigned i = 0; i < COUNT(needed); i++) {
		struct stat there, above;
		char up[40];

		snprintf(up, sizeof(up), "%s/..", needed[i].folder);
		if (!stat(needed[i].folder, &there) && !stat(up, &above) &&
		    there.st_dev == above.st_dev &&
		    !mount(needed[i].type, needed[i].folder, needed[i].type, 0, needed[i].data))
			each_mount(remember_mount);
	}
}

void remember_mounts(void)
{
	each_mount(remember_mount);
}

/* ---- the supervisor's output: a life with the privilege takes a descriptor of it by pidfd_getfd(2) ---- */

void mend_output(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	fcntl(STDOUT_FILENO, F_SETFL, flags & ~O_NONBLOCK);
	printf("\n"); /* behind what lives have written */
}

/* ---- files ---- */

static int remove_stray(const char *path, const struct stat *st, int flag, struct FTW *place)
{
	(void)st, (void)flag, (void)place;
	remove(path);
	return 0;
}

void remove_strays(const char *folder)
{
	char path[64];

	for (unsigned i = 0; i < own_names_count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, own_names[i]);
		nftw(path, remove_stray, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
}

void remove_all_strays(void)
{
	static const char *const folders[] = {"", "/tmp", "/dev", "/dev/shm"};

	for (unsigned i = 0; i < COUNT(folders); i++)
		remove_strays(folders[i]);
}

/* ---- System V IPC, POSIX message queues ---- */

static void remove_segment(int id)
{
	shmctl(id, IPC_RMID, NULL);
}

static void remove_array(int id)
{
	semctl(id, 0, IPC_RMID);
}

static void remove_queue(int id)
{
	msgctl(id, IPC_RMID, NULL);
}

static void remove_ids(const char *path, void (*remove)(int id))
{
	char line[256];
	FILE *f = fopen(path, "r");
	int key, id;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%d %d", &key, &id) == 2)
			remove(id);
	}
	if (f)
		fclose(f);
}

void remove_ipc(void)
{
	remove_ids("/proc/sysvipc/shm", remove_segment);
	remove_ids("/proc/sysvipc/sem", remove_array);
	remove_ids("/proc/sysvipc/msg", remove_queue);
	for (unsigned i = 0; i < own_names_count; i++)
		syscall(SYS_mq_unlink, own_names[i]);
}
