/*
 * /proc/PID/{fd,fdinfo,cwd,root}: the files that a process has open and where it stands.
 */
#include "proc/procfs.h"
#include "fs/mount.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

/* ---- descriptors ---- */

int procfs_next_fd(struct task *t, int from)
{
	return files_next_fd(t, from);
}

static bool fd_exists(struct task *t, int fd)
{
	return files_next_fd(t, fd) == fd;
}

/* What the open file allows: the arrow of ls -l shows it. */
static mode_t fd_mode(struct task *t, int fd)
{
	u32 open_for = files_fd_mode(t, fd);
	mode_t mode = S_IFLNK;

	if (open_for & FMODE_READ)
		mode |= 0500;
	if (open_for & FMODE_WRITE)
		mode |= 0300;
	return mode;
}

static int fd_link(struct task *t, int fd, struct path *out)
{
	struct file *file = fget_task(t, fd);

	if (!file)
		return -ENOENT;
	*out = file->path;
	path_get(out);
	fput(file);
	return 0;
}

static int fdinfo_show(struct seq_file *m, struct task *t)
{
	int fd = proc_entry_number(m->file->inode);
	struct file *file = fget_task(t, fd);

	if (!file)
		return -ENOENT;
	seq_printf(m, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n", file->pos,
		   file->flags | (unsigned)files_fd_flags(t, fd), file->path.mnt->id,
		   file->inode->ino);
	if (file->op->show_fdinfo)
		file->op->show_fdinfo(file, m);
	fput(file);
	return 0;
}

const struct proc_pid_file procfs_fd_row = {
	.mode = S_IFLNK | 0777,
	.guarded = true,
	.link = fd_link,
	.exists = fd_exists,
	.number_mode = fd_mode,
};

const struct proc_pid_file procfs_fdinfo_row = {
	.mode = S_IFREG | 0444,
	.guarded = true,
	.show = fdinfo_show,
	.exists = fd_exists,
};

/* ---- places ---- */

static int place(struct task *t, bool root, struct path *out)
{
	int err = -ENOENT;

	spin_lock(&t->alloc_lock);
	if (t->fs) {
		spin_lock_nested(&t->fs->lock);
		*out = root ? t->fs->root : t->fs->cwd;
		path_get(out);
		spin_unlock(&t->fs->lock);
		err = 0;
	}
	spin_unlock(&t->alloc_lock);
	return err;
}

int procfs_cwd(struct task *t, int number, struct path *out)
{
	(void)number;
	return place(t, false, out);
}

int procfs_root(struct task *t, int number, struct path *out)
{
	(void)number;
	return place(t, true, out);
}
