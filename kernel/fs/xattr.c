/*
 * Extended attributes (xattr(7)): permission by name space, then the file system. One without them
 * says -EOPNOTSUPP, and lists none.
 */
#include "fs/internal.h"

/* May the caller read or write attribute @name? */
static int check_name(struct inode *inode, const char *name, int mask)
{
	if (strstarts(name, "trusted."))
		return fs_capable(CAP_SYS_ADMIN) ? 0 : mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (strstarts(name, "security.") || strstarts(name, "system."))
		return 0; /* the file system decides */
	if (strstarts(name, "user.")) {
		if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
			return mask & MAY_WRITE ? -EPERM : -ENODATA;
		return inode_permission(inode, mask);
	}
	return -EOPNOTSUPP;
}

ssize_t vfs_getxattr(const struct path *path, const char *name, void *buf, size_t size)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (!inode->sb->xattr)
		return -EOPNOTSUPP;
	err = check_name(inode, name, MAY_READ);
	return err ? err : inode->sb->xattr->get(inode, name, buf, size);
}

int vfs_setxattr(const struct path *path, const char *name, const void *value, size_t size,
		 int flags)
{
	struct inode *inode = path->dentry->inode;
	int err = mount_check_write(path->mnt);

	if (err)
		return err;
	if (!inode->sb->xattr)
		return -EOPNOTSUPP;
	err = check_name(inode, name, MAY_WRITE);
	if (err)
		return err;
	down_write(&inode->lock);
	err = inode->sb->xattr->set(inode, name, value, size, flags);
	up_write(&inode->lock);
	if (!err && unlikely(inotify_watches))
		inotify_dentry_event(path->dentry, NOTIFY_ATTRIB);
	return err;
}

int vfs_removexattr(const struct path *path, const char *name)
{
	struct inode *inode = path->dentry->inode;
	int err = mount_check_write(path->mnt);

	if (err)
		return err;
	if (!inode->sb->xattr)
		return -EOPNOTSUPP;
	err = check_name(inode, name, MAY_WRITE);
	if (err)
		return err;
	down_write(&inode->lock);
	err = inode->sb->xattr->remove(inode, name);
	up_write(&inode->lock);
	return err;
}

ssize_t vfs_listxattr(const struct path *path, char *buf, size_t size)
{
	struct inode *inode = path->dentry->inode;

	return inode->sb->xattr ? inode->sb->xattr->list(inode, buf, size) : 0;
}
