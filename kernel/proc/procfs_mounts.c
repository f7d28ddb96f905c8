/*
 * /proc/PID/{mounts,mountinfo}: where which file system is mounted, a line a mount. proc(5)
 *
 * An open file keeps the root that the process had: what lies outside is not shown, and paths begin
 * there. A bufferful is made under the lock of the mount tree; the position is the sequence number
 * of a mount, so mounts may come and go between two reads: each other one is shown once. poll(2)
 * tells of changes by POLLERR and POLLPRI.
 *
 * Locks: the seq_file's own, then the mount tree's.
 */
#include "proc/procfs.h"
#include "fs/mount.h"
#include "fs/poll.h"
#include "mm/slab.h"
#include "sched/rcu.h"
#include <linux/mount.h>

struct mounts_file {
	struct path root;
	u32 events; /* the changes that the reader knows of */
};

/* ---- the iterator ---- */

static void *mounts_start(struct seq_file *m, loff_t *pos)
{
	(void)m;
	mount_list_lock();
	return mount_list_from((u32)*pos);
}

static void *mounts_next(struct seq_file *m, void *v, loff_t *pos)
{
	const struct mount *mnt = v;

	(void)m;
	*pos = (loff_t)mnt->sequence + 1;
	return mount_list_next(mnt);
}

static void mounts_stop(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
	mount_list_unlock();
}

/* ---- lines ---- */

#define MOUNT_ESCAPED " \t\n\\#"

static void show_flags(struct seq_file *m, u32 flags)
{
	static const struct {
		u32 flag;
		const char *text;
	} words[] = {
		{MS_NOSUID, ",nosuid"},         {MS_NODEV, ",nodev"},
		{MS_NOEXEC, ",noexec"},         {MS_NOATIME, ",noatime"},
		{MS_NODIRATIME, ",nodiratime"}, {MS_RELATIME, ",relatime"},
	};

	seq_puts(m, flags & MS_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (flags & words[i].flag)
			seq_puts(m, words[i].text);
}

static void show_super_options(struct seq_file *m, struct super_block *sb)
{
	if (sb->op->show_options)
		sb->op->show_options(m, sb);
}

static void show_source(struct seq_file *m, const struct mount *mnt)
{
	seq_escape(m, mnt->source && mnt->source[0] ? mnt->source : "none", MOUNT_ESCAPED);
}

/*
 * => the mount tree is locked, so that what is mounted stays; directories on the way may be renamed
 */
static bool is_below(struct path at, const struct path *root)
{
	const struct dentry *d, *parent;
	bool below;

	for (; at.mnt != root->mnt; at.mnt = at.mnt->parent) {
		if (at.mnt->parent == at.mnt || !at.mnt->mountpoint)
			return false;
		at.dentry = at.mnt->mountpoint;
	}
	rcu_read_lock();
	for (d = at.dentry; d != root->dentry; d = parent) {
		parent = READ_ONCE(d->parent);
		if (parent == d)
			break;
	}
	below = d == root->dentry;
	rcu_read_unlock();
	return below;
}

/* Where it is mounted; false: out of the reader's sight. */
static bool show_place(struct seq_file *m, struct mount *mnt)
{
	const struct mounts_file *f = m->private;
	struct path path = {mnt, mnt->root};

	return is_below(path, &f->root) && !seq_path(m, &path, &f->root, MOUNT_ESCAPED);
}

static int mounts_show(struct seq_file *m, void *v)
{
	struct mount *mnt = v;

	show_source(m, mnt);
	seq_putc(m, ' ');
	if (!show_place(m, mnt))
		return 1; /* skipped */
	seq_printf(m, " %s ", mnt->sb->type->name);
	show_flags(m, mnt->flags | (mnt->sb->flags & MS_RDONLY));
	show_super_options(m, mnt->sb);
	seq_puts(m, " 0 0\n");
	return 0;
}

static int mountinfo_show(struct seq_file *m, void *v)
{
	struct mount *mnt = v;

	seq_printf(m, "%d %d %u:%u / ", mnt->id, mnt->parent == mnt ? 0 : mnt->parent->id,
		   (unsigned)MAJOR(mnt->sb->dev), (unsigned)MINOR(mnt->sb->dev));
	if (!show_place(m, mnt))
		return 1; /* skipped */
	seq_putc(m, ' ');
	show_flags(m, mnt->flags);
	seq_printf(m, " - %s ", mnt->sb->type->name);
	show_source(m, mnt);
	seq_puts(m, mnt->sb->flags & MS_RDONLY ? " ro" : " rw");
	show_super_options(m, mnt->sb);
	seq_putc(m, '\n');
	return 0;
}

/* ---- files ---- */

static int open_with(struct inode *inode, struct file *file, const struct seq_operations *seq)
{
	struct mounts_file *f = kzalloc(sizeof(*f), GFP_KERNEL);
	struct task *t = f ? proc_task_get(inode) : NULL;
	int err = f ? -EINVAL : -ENOMEM;

	if (!t)
		goto free;
	err = procfs_root(t, 0, &f->root);
	task_put(t);
	if (err)
		goto free;
	f->events = READ_ONCE(mount_events);
	err = seq_open(file, seq, f);
	if (!err)
		return 0;
	path_put(&f->root);
free:
	kfree(f);
	return err;
}

static const struct seq_operations mounts_seq = {
	.start = mounts_start, .next = mounts_next, .stop = mounts_stop, .show = mounts_show};
static const struct seq_operations mountinfo_seq = {
	.start = mounts_start, .next = mounts_next, .stop = mounts_stop, .show = mountinfo_show};

static int mounts_open(struct inode *inode, struct file *file)
{
	return open_with(inode, file, &mounts_seq);
}

static int mountinfo_open(struct inode *inode, struct file *file)
{
	return open_with(inode, file, &mountinfo_seq);
}

static void mounts_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private;
	struct mounts_file *f = m->private;

	path_put(&f->root);
	kfree(f);
	seq_release(inode, file);
}

static unsigned mounts_poll(struct file *file, struct poll_table *pt)
{
	struct seq_file *m = file->private;
	struct mounts_file *f = m->private;
	u32 events;

	poll_wait(file, &mount_wait, pt);
	events = READ_ONCE(mount_events);
	if (__atomic_exchange_n(&f->events, events, __ATOMIC_RELAXED) == events)
		return POLLIN | POLLRDNORM;
	return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
}

#define MOUNTS_FOPS(open_) \
	{ \
		.open = open_, .read_iter = seq_read_iter, .llseek = seq_llseek, \
		.poll = mounts_poll, .release = mounts_release, \
	}

const struct file_operations procfs_mounts_fops = MOUNTS_FOPS(mounts_open);
const struct file_operations procfs_mountinfo_fops = MOUNTS_FOPS(mountinfo_open);
