/*
 * devtmpfs: a tmpfs that the drivers fill. One instance, mounted as often as one likes. Devices
 * that appear before it exists wait on a list.
 */
#include "fs/internal.h"

#include <linux/magic.h>

struct device_node {
	struct list_head node;
	kdev_t dev;
	mode_t mode;
	char name[];
};

static LIST_HEAD(nodes);
static mutex_t nodes_lock; /* the list and the instance */
static struct super_block *instance;

/* The directory @name[0..len) below @dir, made if need be; takes over @dir's reference. ERR_PTR */
static struct dentry *enter_directory(struct dentry *dir, const char *name, u32 len, bool create)
{
	struct inode *inode = dir->inode;
	struct dentry *d;
	int err = 0;

	down_write(&inode->lock);
	d = dentry_lookup(dir, name, len);
	if (!IS_ERR(d)) {
		if (!d->inode)
			err = create ? inode->op->mkdir(inode, d, S_IFDIR | 0755) : -ENOENT;
		else if (!dentry_is_dir(d))
			err = -ENOTDIR;
		if (err) {
			dentry_put(d);
			d = ERR_PTR(err);
		}
	}
	up_write(&inode->lock);
	dentry_put(dir);
	return d;
}

/* The directory of @name, referenced, and its last component in *@last. */
static struct dentry *parent_of(const char *name, const char **last, bool create)
{
	struct dentry *dir = instance->root;
	const char *slash;

	dentry_get(dir);
	while (!IS_ERR(dir) && (slash = strchr(name, '/'))) {
		dir = enter_directory(dir, name, (u32)(slash - name), create);
		name = slash + 1;
	}
	*last = name;
	return dir;
}

static int make_node(const char *name, mode_t mode, kdev_t dev)
{
	const char *last;
	struct dentry *dir = parent_of(name, &last, true), *d;
	int err = 0;

	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	down_write(&dir->inode->lock);
	d = dentry_lookup(dir, last, (u32)strlen(last));
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
	} else {
		if (d->inode)
			err = -EEXIST;
		else
			err = dir->inode->op->mknod(dir->inode, d,
						    (mode & S_IFMT) ? mode : S_IFCHR | mode, dev);
		if (!err)
			d->inode->uid = d->inode->gid = 0;
		dentry_put(d);
	}
	up_write(&dir->inode->lock);
	dentry_put(dir);
	return err;
}

int devtmpfs_create(const char *name, mode_t mode, kdev_t dev)
{
	size_t size = strlen(name) + 1;
	struct device_node *n = kmalloc(sizeof(*n) + size, GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	n->dev = dev;
	n->mode = mode;
	memcpy(n->name, name, size);
	mutex_lock(&nodes_lock);
	list_add_tail(&n->node, &nodes);
	if (instance)
		make_node(name, mode, dev);
	mutex_unlock(&nodes_lock);
	return 0;
}

static void unmake_node(const char *name)
{
	const char *last;
	struct dentry *dir = parent_of(name, &last, false), *d;

	if (IS_ERR(dir))
		return;
	down_write(&dir->inode->lock);
	d = dentry_lookup(dir, last, (u32)strlen(last));
	if (!IS_ERR(d)) {
		if (d->inode && !dentry_is_dir(d) && !dir->inode->op->unlink(dir->inode, d))
			dentry_removed(d);
		dentry_put(d);
	}
	up_write(&dir->inode->lock);
	dentry_put(dir);
}

int devtmpfs_remove(const char *name)
{
	struct device_node *n, *found = NULL;

	mutex_lock(&nodes_lock);
	list_for_each_entry(n, &nodes, node) {
		if (!strcmp(n->name, name))
			found = n;
	}
	if (found) {
		list_del(&found->node);
		if (instance)
			unmake_node(name);
		kfree(found);
	}
	mutex_unlock(&nodes_lock);
	return found ? 0 : -ENOENT;
}

static struct super_block *devtmpfs_mount(const struct file_system_type *type, const char *source,
					  u32 flags, const char *options)
{
	struct super_block *sb;
	struct device_node *n;

	(void)options;
	mutex_lock(&nodes_lock);
	if (!instance) {
		sb = tmpfs_mount(type, source, flags, "mode=0755");
		if (IS_ERR(sb)) {
			mutex_unlock(&nodes_lock);
			return sb;
		}
		instance = sb;
		list_for_each_entry(n, &nodes, node)
			make_node(n->name, n->mode, n->dev);
	}
	super_get(instance);
	mutex_unlock(&nodes_lock);
	return instance;
}

static struct file_system_type devtmpfs_type = {.name = "devtmpfs", .mount = devtmpfs_mount};

void __init devtmpfs_init(void)
{
	mutex_init(&nodes_lock, RANK_FS_MOUNT);
	register_filesystem(&devtmpfs_type);
}
