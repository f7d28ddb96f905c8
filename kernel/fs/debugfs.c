/*
 * debugfs: one tree of names that the kernel makes (sysfs.c says how), mounted as often as one
 * likes. Its root is closed to all but root, so its files need not ask who reads them.
 */
#include "fs/debugfs.h"
#include "fs/internal.h"

#include <linux/magic.h>

static struct super_block *instance;

static struct super_block *debugfs_mount(const struct file_system_type *type, const char *source,
					 u32 flags, const char *options)
{
	(void)type;
	(void)source;
	(void)flags;
	(void)options;
	super_get(instance);
	return instance;
}

static struct file_system_type debugfs_type = {.name = "debugfs", .mount = debugfs_mount};
static const struct inode_operations file_iops = {.setattr = simple_setattr};

int debugfs_register(const char *path, mode_t mode, const struct file_operations *op, void *data)
{
	struct dentry *d = ktree_add(instance, path, S_IFREG | mode, NULL);
	struct inode *inode;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	inode = d->inode;
	inode->private = data;
	inode->op = &file_iops;
	inode->mapping = NULL;
	inode->fop = op;
	dentry_put(d);
	return 0;
}

void *debugfs_data(const struct inode *inode)
{
	return inode->private;
}

void __init debugfs_init(void)
{
	instance = ktree_create(&debugfs_type, "debugfs", "mode=0700,size=0,nr_inodes=0",
				DEBUGFS_MAGIC);
	register_filesystem(&debugfs_type);
	ptdump_init();
}
