/*
 * /proc/PID. Who the processes are and what their files say, proc/ tells through struct
 * proc_pid_provider; here are the directories, the inodes and the lookups.
 *
 * An inode remembers its task by number and start time, and holds no reference: a task that is gone
 * frees its memory at once, and its files give -ESRCH. A cached name is asked at each lookup
 * whether its task (and its descriptor, for a numbered entry) is still there.
 */
#include "procfs.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/limits.h>
#include <linux/stat.h>

#define DT_DIR 4
#define DT_REG 8
#define DT_LNK 10

static const struct proc_pid_provider *provider;

/* Who may look into a process changes with its ids and its program: asked at each lookup. */
static void set_owner(struct inode *inode, struct task *t)
{
	uid_t uid = 0;
	gid_t gid = 0;

	provider->owner(t, inode->mode, &uid, &gid);
	WRITE_ONCE(inode->uid, uid);
	WRITE_ONCE(inode->gid, gid);
}

int proc_parse_number(const char *name, u32 len)
{
	unsigned n = 0;

	if (!len || len > 9 || (name[0] == '0' && len > 1))
		return -1;
	for (u32 i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = n * 10 + (unsigned)(name[i] - '0');
	}
	return (int)n;
}

/* ---- the task of an inode ---- */

struct task *proc_task_get(const struct inode *inode)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	struct task *t = pi ? provider->find(pi->pid) : NULL;

	if (t && t->start_time_ns != pi->start_time) {
		task_put(t);
		return NULL;
	}
	return t;
}

int proc_entry_number(const struct inode *inode)
{
	return proc_inode_of(inode)->number;
}

/* Under RCU. */
static bool revalidate(struct dentry *dentry)
{
	struct inode *inode = READ_ONCE(dentry->inode);
	const struct proc_inode *pi = inode ? READ_ONCE(inode->private) : NULL;
	struct task *t;
	bool good;

	if (!pi)
		return false;
	t = proc_task_get(inode);
	if (!t)
		return false;
	good = pi->number < 0 || !pi->row || !pi->row->exists || pi->row->exists(t, pi->number);
	if (good)
		set_owner(inode, t);
	task_put(t);
	return good;
}

static const struct dentry_operations pid_dentry_ops = {.revalidate = revalidate};

/*
 * A file that is open shows who it belongs to now, and the link of a descriptor what
 * that is open for.
 */
static int pid_getattr(struct inode *inode, struct kstat *st)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	struct task *t = proc_task_get(inode);

	if (t) {
		if (pi->row && pi->row->number_mode)
			inode->mode = pi->row->number_mode(t, pi->number);
		set_owner(inode, t);
		task_put(t);
	}
	inode_fill_stat(inode, st);
	return 0;
}

static int pid_permission(struct inode *inode, int mask)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	int err = generic_permission(inode, mask);
	struct task *t = err && pi->row && pi->row->own ? proc_task_get(inode) : NULL;

	if (t) {
		if (provider->is_own(t))
			err = 0;
		task_put(t);
	}
	return err;
}

static const struct inode_operations pid_file_ops = {
	.setattr = proc_setattr,
	.getattr = pid_getattr,
	.permission = pid_permission,
};

/* ---- files ---- */

/* Rows that show a process's inside ask whether the caller may see it. */
static int check_access(const struct proc_pid_file *row, struct task *t)
{
	return row->guarded && !provider->may_access(t) ? -EACCES : 0;
}

/*
 * Asked again: since the file was opened, the process may have become another program's,
 * with more rights.
 */
static int show_row(struct seq_file *m, void *v)
{
	const struct proc_pid_file *row = proc_inode_of(m->file->inode)->row;
	struct task *t = proc_task_get(m->file->inode);
	int err;

	(void)v;
	if (!t)
		return -ESRCH;
	err = check_access(row, t);
	if (!err)
		err = row->show ? row->show(m, t) : -EINVAL;
	task_put(t);
	return err;
}

static int file_open_row(struct inode *inode, struct file *file)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	struct task *t = proc_task_get(inode);
	int err;

	if (!t)
		return -ESRCH;
	err = check_access(pi->row, t);
	task_put(t);
	if (err)
		return err;
	return single_open(file, show_row, NULL);
}

static ssize_t file_write_row(struct file *file, struct iov_iter *from, loff_t *pos)
{
	const struct proc_inode *pi = proc_inode_of(file->inode);
	char text[128];
	size_t len = MIN(from->count, sizeof(text) - 1);
	struct task *t;
	int err;

	if (!pi->row->write)
		return -EINVAL;
	if (copy_from_iter(text, len, from) != len)
		return -EFAULT;
	text[len] = 0;
	t = proc_task_get(file->inode);
	if (!t)
		return -ESRCH;
	err = pi->row->write(t, text);
	task_put(t);
	if (err)
		return err;
	*pos += (loff_t)len;
	return (ssize_t)len;
}

static const struct file_operations row_fops = {
	.open = file_open_row,
	.read_iter = seq_read_iter,
	.write_iter = file_write_row,
	.llseek = seq_llseek,
	.release = seq_release,
};

/* ---- links ---- */

static int follow_row(struct inode *inode, struct path *out)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	struct task *t = proc_task_get(inode);
	int err;

	if (!t)
		return -ESRCH;
	err = check_access(pi->row, t);
	if (!err)
		err = pi->row->link(t, pi->number, out);
	task_put(t);
	return err;
}

static ssize_t readlink_row(struct inode *inode, char *buf, size_t size)
{
	char *text = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	struct path path;
	ssize_t len = text ? follow_row(inode, &path) : -ENOMEM;

	if (!len) {
		name = path_name(&path, text, PATH_MAX);
		path_put(&path);
		len = IS_ERR(name) ? PTR_ERR(name) : (ssize_t)MIN(strlen(name), size);
		if (len > 0)
			memcpy(buf, name, (size_t)len);
	}
	kfree(text);
	return len;
}

static const struct inode_operations magic_link_ops = {
	.follow_link = follow_row,
	.readlink = readlink_row,
	.setattr = proc_setattr,
	.getattr = pid_getattr,
};

/* ---- self ---- */

static bool still_self(struct dentry *dentry)
{
	struct inode *inode = READ_ONCE(dentry->inode);
	const struct proc_inode *pi = inode ? READ_ONCE(inode->private) : NULL;

	return pi && pi->pid == (pi->number < 0 ? provider->self() : provider->thread_self());
}

static const struct dentry_operations self_dentry_ops = {.revalidate = still_self};

static const char *self_get_link(struct inode *inode)
{
	return proc_inode_of(inode)->target;
}

static const struct inode_operations self_link_ops = {.get_link = self_get_link};

int proc_self_lookup(struct super_block *sb, struct dentry *dentry, bool thread)
{
	const size_t size = sizeof("2147483647/task/2147483647");
	struct inode *inode;
	struct proc_inode *pi;

	dentry->op = &self_dentry_ops;
	if (!provider)
		return 0;
	inode = proc_inode_new(sb, S_IFLNK | 0777, size);
	if (!inode)
		return -ENOMEM;
	pi = proc_inode_of(inode);
	pi->pid = thread ? provider->thread_self() : provider->self();
	pi->number = thread ? 1 : -1;
	if (thread)
		snprintf(pi->target, size, "%d/task/%d", provider->self(), pi->pid);
	else
		snprintf(pi->target, size, "%d", pi->pid);
	inode->op = &self_link_ops;
	dentry_set_inode(dentry, inode);
	return 0;
}

/* ---- directories ---- */

static const struct inode_operations pid_dir_ops;
static const struct file_operations pid_dir_fops;

static u64 row_ino(pid_t pid, const struct proc_pid_file *row, int number)
{
	return ((u64)(u32)pid << 16) + 1 + (row ? ((uintptr_t)row >> 3 & 0x7ff) : 0) +
	       (number >= 0 ? (u64)number << 3 : 0);
}

static struct inode *pid_inode(struct super_block *sb, struct task *t,
			       const struct proc_pid_file *row, int number)
{
	mode_t mode = row ? row->mode : S_IFDIR | 0555;
	struct inode *inode;
	struct proc_inode *pi;

	if (row && row->number_mode)
		mode = row->number_mode(t, number);
	inode = proc_inode_new(sb, mode, 0);
	if (!inode)
		return NULL;
	pi = proc_inode_of(inode);
	pi->row = row;
	pi->pid = t->pid;
	pi->start_time = t->start_time_ns;
	pi->number = number;
	inode->ino = row_ino(t->pid, row, number);
	set_owner(inode, t);
	if (S_ISDIR(mode)) {
		inode->op = &pid_dir_ops;
		inode->fop = &pid_dir_fops;
		inode->nlink = 2;
	} else if (S_ISLNK(mode)) {
		inode->op = &magic_link_ops;
	} else {
		inode->op = &pid_file_ops;
		inode->fop = row->op ? row->op : &row_fops;
	}
	return inode;
}

static int attach(struct super_block *sb, struct dentry *dentry, struct task *t,
		  const struct proc_pid_file *row, int number)
{
	struct inode *inode = pid_inode(sb, t, row, number);

	if (!inode)
		return -ENOMEM;
	dentry->op = &pid_dentry_ops;
	dentry_set_inode(dentry, inode);
	return 0;
}

int proc_pid_lookup(struct super_block *sb, struct dentry *dentry)
{
	int pid = provider ? proc_parse_number(dentry->name, dentry->len) : -1;
	struct task *t = pid > 0 ? provider->find(pid) : NULL;
	int err;

	dentry->op = &pid_dentry_ops; /* a name that is absent now may appear: it is not kept */
	if (!t)
		return 0;
	err = attach(sb, dentry, t, NULL, -1);
	task_put(t);
	return err;
}

/*
 * The rows below a directory: of the process itself, or of a fixed subdirectory. NULL:
 * a numbered one.
 */
static const struct proc_pid_file *rows_of(const struct proc_inode *pi)
{
	if (!pi->row || pi->row->task_dir)
		return provider->rows;
	return pi->row->dir;
}

static bool row_applies(const struct proc_inode *pi, const struct proc_pid_file *row)
{
	bool in_task = pi->row && pi->row->task_dir; /* /proc/PID/task/TID */

	return !(in_task ? row->process_only : row->thread_only);
}

static int dir_lookup(struct inode *dir, struct dentry *dentry)
{
	const struct proc_inode *pi = proc_inode_of(dir);
	const struct proc_pid_file *rows = rows_of(pi);
	struct task *t = proc_task_get(dir), *thread;
	int err = 0, number;

	dentry->op = &pid_dentry_ops;
	if (!t)
		return -ENOENT;
	for (; rows && rows->name; rows++) {
		if (strlen(rows->name) == dentry->len &&
		    !memcmp(rows->name, dentry->name, dentry->len) && row_applies(pi, rows)) {
			err = attach(dir->sb, dentry, t, rows, -1);
			break;
		}
	}
	if (pi->row && pi->row->each) {
		number = proc_parse_number(dentry->name, dentry->len);
		if (number >= 0 && pi->row->next(t, number) == number) {
			thread = pi->row->each->task_dir ? provider->find(number) : NULL;
			if (!pi->row->each->task_dir)
				err = attach(dir->sb, dentry, t, pi->row->each, number);
			else if (thread)
				err = attach(dir->sb, dentry, thread, pi->row->each, -1);
			if (thread)
				task_put(thread);
		}
	}
	task_put(t);
	return err;
}

static unsigned mode_type(mode_t mode)
{
	return S_ISDIR(mode) ? DT_DIR : S_ISLNK(mode) ? DT_LNK : DT_REG;
}

static void iterate_numbers(const struct proc_inode *pi, struct task *t, struct dir_context *ctx)
{
	char name[12];
	int n;

	while ((n = pi->row->next(t, (int)(ctx->pos - 2))) >= 0) {
		int len = snprintf(name, sizeof(name), "%d", n);

		if (!ctx->emit(ctx, name, (unsigned)len, (loff_t)n + 3,
			       row_ino(t->pid, pi->row->each, n), mode_type(pi->row->each->mode)))
			return;
		ctx->pos = (loff_t)n + 3;
	}
}

static void iterate_rows(const struct proc_inode *pi, struct task *t, struct dir_context *ctx)
{
	const struct proc_pid_file *rows = rows_of(pi);

	for (loff_t pos = 2; rows && rows->name; rows++, pos++) {
		if (pos < ctx->pos || !row_applies(pi, rows))
			continue;
		if (!ctx->emit(ctx, rows->name, (unsigned)strlen(rows->name), pos + 1,
			       row_ino(t->pid, rows, -1), mode_type(rows->mode)))
			return;
		ctx->pos = pos + 1;
	}
}

static int dir_iterate(struct file *file, struct dir_context *ctx)
{
	const struct proc_inode *pi = proc_inode_of(file->inode);
	struct task *t = proc_task_get(file->inode);

	if (!t)
		return -ENOENT;
	if (ctx->pos == 0 && ctx->emit(ctx, ".", 1, 1, file->inode->ino, DT_DIR))
		ctx->pos = 1;
	if (ctx->pos == 1 && ctx->emit(ctx, "..", 2, 2, file->inode->ino, DT_DIR))
		ctx->pos = 2;
	if (ctx->pos >= 2) {
		if (pi->row && pi->row->each)
			iterate_numbers(pi, t, ctx);
		else
			iterate_rows(pi, t, ctx);
	}
	task_put(t);
	return 0;
}

static int dir_open(struct inode *inode, struct file *file)
{
	const struct proc_inode *pi = proc_inode_of(inode);
	struct task *t = proc_task_get(inode);
	int err;

	(void)file;
	if (!t)
		return -ESRCH;
	err = pi->row ? check_access(pi->row, t) : 0;
	task_put(t);
	return err;
}

static const struct inode_operations pid_dir_ops = {
	.lookup = dir_lookup,
	.setattr = proc_setattr,
	.getattr = pid_getattr,
	.permission = pid_permission,
};
static const struct file_operations pid_dir_fops = {
	.open = dir_open,
	.iterate = dir_iterate,
	.llseek = generic_llseek,
};

bool proc_is_process(const struct file *file)
{
	return file->op == &pid_dir_fops && !proc_inode_of(file->inode)->row;
}

void proc_pid_iterate(struct dir_context *ctx, loff_t base)
{
	char name[12];
	pid_t pid;

	if (!provider)
		return;
	while ((pid = provider->next((pid_t)(ctx->pos - base))) > 0) {
		int len = snprintf(name, sizeof(name), "%d", pid);

		if (!ctx->emit(ctx, name, (unsigned)len, base + pid + 1, row_ino(pid, NULL, -1),
			       DT_DIR))
			return;
		ctx->pos = base + pid + 1;
	}
}

void proc_register_pids(const struct proc_pid_provider *p)
{
	provider = p;
}
