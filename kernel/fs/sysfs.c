/*
 * sysfs: a tmpfs whose files are made by functions. One instance, mounted as often as one likes;
 * names are never removed.
 */
#include "fs/sysfs.h"
#include "fs/internal.h"

#include <linux/magic.h>

#include "sched/cpumask.h"

struct sysfs_file {
	int (*show)(struct seq_file *m, void *v);
	int (*store)(void *data, const char *text);
	void *data;
};

#define STORE_MAX 64 /* bytes of text */

static mutex_t sysfs_mutex;
static struct super_block *instance;

static int text_open(struct inode *inode, struct file *file)
{
	const struct sysfs_file *f = inode->private;

	return single_open(file, f->show, f->data);
}

static ssize_t text_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	const struct sysfs_file *f = file->inode->private;
	char text[STORE_MAX + 1];
	size_t len = from->count;
	int err;

	(void)pos;
	if (!f->store)
		return -EIO;
	if (len > STORE_MAX)
		return -EINVAL;
	if (copy_from_iter(text, len, from) != len)
		return -EFAULT;
	text[len] = 0;
	if (len && text[len - 1] == '\n')
		text[len - 1] = 0;
	err = f->store(f->data, text);
	return err ? err : (ssize_t)len;
}

static const struct file_operations text_fops = {
	.open = text_open,
	.release = seq_release,
	.read_iter = seq_read_iter,
	.write_iter = text_write,
	.llseek = seq_llseek,
};
static const struct inode_operations text_iops = {.setattr = simple_setattr};

/* Nobody but us makes or removes names: the operations of tmpfs, with only these. */
static struct inode_operations dir_iops;

/* Make @name below @dir, referenced; an existing directory will do for a directory. ERR_PTR */
static struct dentry *make(struct dentry *dir, const char *name, u32 len, mode_t mode,
			   const char *target)
{
	const struct inode_operations *tmpfs_ops = tmpfs_directory_operations();
	struct inode *inode = dir->inode;
	struct dentry *d;
	int err = 0;

	down_write(&inode->lock);
	d = dentry_lookup(dir, name, len);
	if (!IS_ERR(d)) {
		if (d->inode)
			err = S_ISDIR(mode) && dentry_is_dir(d) ? 0 : -EEXIST;
		else
			err = target ? tmpfs_ops->symlink(inode, d, target)
				     : tmpfs_ops->create(inode, d, mode);
		if (!err && S_ISDIR(mode))
			d->inode->op = &dir_iops;
		if (err) {
			dentry_put(d);
			d = ERR_PTR(err);
		}
	}
	up_write(&inode->lock);
	return d;
}

/* The entry of @path with the directories before it. */
static struct dentry *make_path(struct super_block *sb, const char *path, mode_t mode,
				const char *target)
{
	struct dentry *dir = sb->root, *d;
	const char *slash;

	dentry_get(dir);
	while ((slash = strchr(path, '/'))) {
		d = make(dir, path, (u32)(slash - path), S_IFDIR | 0755, NULL);
		dentry_put(dir);
		if (IS_ERR(d))
			return d;
		dir = d;
		path = slash + 1;
	}
	d = make(dir, path, (u32)strlen(path), mode, target);
	dentry_put(dir);
	return d;
}

struct dentry *ktree_add(struct super_block *sb, const char *path, mode_t mode, const char *target)
{
	struct dentry *d;

	mutex_lock(&sysfs_mutex);
	d = make_path(sb, path, mode, target);
	mutex_unlock(&sysfs_mutex);
	return d;
}

static int register_path(const char *path, mode_t mode, const char *target,
			 const struct sysfs_file *file)
{
	struct dentry *d = ktree_add(instance, path, mode, target);
	int err = 0;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (file) {
		struct inode *inode = d->inode;

		inode->private = kmemdup(file, sizeof(*file), GFP_KERNEL);
		inode->op = &text_iops;
		inode->mapping = NULL;
		inode->data.size = PAGE_SIZE;
		if (inode->private)
			inode->fop = &text_fops;
		else
			err = -ENOMEM;
	}
	dentry_put(d);
	return err;
}

int sysfs_register(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
		   void *data)
{
	return sysfs_register_store(path, mode, show, NULL, data);
}

int sysfs_register_store(const char *path, mode_t mode, int (*show)(struct seq_file *m, void *v),
			 int (*store)(void *data, const char *text), void *data)
{
	struct sysfs_file f = {show, store, data};

	return register_path(path, S_IFREG | mode, NULL, &f);
}

int sysfs_register_dir(const char *path)
{
	return register_path(path, S_IFDIR | 0755, NULL, NULL);
}

int sysfs_register_link(const char *path, const char *target)
{
	return register_path(path, S_IFLNK | 0777, target, NULL);
}

static struct super_block *sysfs_mount(const struct file_system_type *type, const char *source,
				       u32 flags, const char *options)
{
	(void)type;
	(void)source;
	(void)flags;
	(void)options;
	super_get(instance);
	return instance;
}

/* Nothing is stored here, and nothing goes. */
static const struct super_operations super_ops = {0};

struct super_block *__init ktree_create(struct file_system_type *type, const char *source,
					const char *options, u32 magic)
{
	struct super_block *sb = tmpfs_mount(type, source, 0, options);

	BUG_ON(IS_ERR(sb));
	sb->magic = magic;
	sb->op = &super_ops;
	sb->root->inode->op = &dir_iops;
	return sb;
}

static struct file_system_type sysfs_type = {.name = "sysfs", .mount = sysfs_mount};

/* ---- the CPUs ---- */

static int show_cpu_range(struct seq_file *m, void *v)
{
	unsigned last = nr_cpus - 1;

	(void)v;
	if (last)
		seq_printf(m, "0-%u\n", last);
	else
		seq_puts(m, "0\n");
	return 0;
}

static int show_kernel_max(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%u\n", CONFIG_NR_CPUS - 1);
	return 0;
}

static int show_meltdown(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%s\n", arch_meltdown_state());
	return 0;
}

static int show_text(struct seq_file *m, void *v)
{
	seq_puts(m, v);
	return 0;
}

static const struct {
	const char *path;
	int (*show)(struct seq_file *m, void *v);
	void *data;
} files[] = {
	{"devices/system/cpu/online", show_cpu_range, NULL},
	{"devices/system/cpu/possible", show_cpu_range, NULL},
	{"devices/system/cpu/present", show_cpu_range, NULL},
	{"devices/system/cpu/kernel_max", show_kernel_max, NULL},
	{"devices/system/cpu/vulnerabilities/meltdown", show_meltdown, NULL},
	{"devices/system/cpu/offline", show_text, "\n"},
	{"devices/system/node/online", show_text, "0\n"},
	{"devices/system/node/possible", show_text, "0\n"},
};

static const char *const directories[] = {
	"block",    "bus", "class",  "dev/block", "dev/char",     "devices",
	"firmware", "fs",  "module", "power",     "kernel/debug",
};

void __init sysfs_init(void)
{
	char name[40];

	mutex_init(&sysfs_mutex, RANK_FS_MOUNT);
	dir_iops.lookup = tmpfs_directory_operations()->lookup;
	dir_iops.setattr = simple_setattr;
	instance = ktree_create(&sysfs_type, "sysfs", "mode=0755,size=0,nr_inodes=0", SYSFS_MAGIC);
	for (unsigned i = 0; i < ARRAY_SIZE(directories); i++)
		sysfs_register_dir(directories[i]);
	sysfs_thp_init();
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		sysfs_register(files[i].path, 0444, files[i].show, files[i].data);
	for (unsigned cpu = 0; cpu < arch_possible_cpus(); cpu++) {
		snprintf(name, sizeof(name), "devices/system/cpu/cpu%u", cpu);
		sysfs_register_dir(name);
	}
	register_filesystem(&sysfs_type);
}
