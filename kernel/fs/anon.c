/*
 * Files without a name in any directory: pipes, sockets, memfds, and the many that share one inode
 * (epoll, eventfd, pidfd...).
 */
#include "fs/internal.h"

#include <linux/magic.h>

static struct mount *anon_mount;
static struct inode *anon_inode;

static char *anon_name(struct dentry *dentry, char *buf, size_t size)
{
	int len = snprintf(buf, size, "anon_inode:%s", dentry->name);

	return (size_t)len < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

static const struct dentry_operations anon_dentry_ops = {.name = anon_name};

struct file *file_pseudo(struct mount *mnt, struct inode *inode, const char *name,
			 const struct dentry_operations *dop, const struct file_operations *op,
			 int flags)
{
	struct dentry *dentry = dentry_alloc_root(mnt->sb, name);
	struct file *file;

	if (!dentry)
		return ERR_PTR(-ENOMEM);
	file = file_alloc();
	if (IS_ERR(file)) {
		dentry_put(dentry);
		return file;
	}
	dentry->op = dop;
	inode_get(inode);
	dentry_set_inode(dentry, inode);
	mount_get(mnt);
	file->path.mnt = mnt;
	file->path.dentry = dentry;
	file->inode = inode;
	file->mapping = inode->mapping;
	file->op = op;
	file->flags = (u32)flags & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_DIRECT | O_LARGEFILE);
	file->mode = (u32)((flags + 1) & O_ACCMODE) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	if (op->llseek == no_llseek)
		file->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	file->cred = fs_cred_get();
	return file;
}

struct file *file_anon(const char *name, const struct file_operations *op, void *private, int flags)
{
	struct file *file = file_pseudo(anon_mount, anon_inode, name, &anon_dentry_ops, op, flags);

	if (!IS_ERR(file))
		file->private = private;
	return file;
}

struct mount *pseudo_mount(const struct file_system_type *type, const struct super_operations *op,
			   u32 magic)
{
	struct super_block *sb = super_alloc(type, 0);
	struct inode *root = sb ? inode_alloc(sb) : NULL;
	struct mount *mnt;

	if (!root)
		return NULL;
	sb->op = op;
	sb->magic = magic;
	root->mode = S_IFDIR | 0600;
	if (super_set_root(sb, root))
		return NULL;
	mnt = mount_internal(sb);
	super_put(sb);
	return mnt;
}

void __init anon_inode_init(void)
{
	static const struct file_system_type type = {.name = "anon_inodefs"};

	anon_mount = pseudo_mount(&type, NULL, ANON_INODE_FS_MAGIC);
	BUG_ON(!anon_mount);
	anon_inode = inode_alloc(anon_mount->sb);
	BUG_ON(!anon_inode);
	anon_inode->mode = 0600;
	anon_inode->flags |= INODE_PRIVATE;
}
