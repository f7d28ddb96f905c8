/*
 * Attributes: stat, chmod, chown, utimes, truncate, access. The rules of who may change what are
 * those of the manual pages; the file system is asked at the end (setattr), with the inode locked.
 */
#include "fs/internal.h"
#include <linux/falloc.h>

#define UTIME_NOW ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)
#define RLIMIT_FSIZE 1

int vfs_getattr(const struct path *path, struct kstat *st)
{
	struct inode *inode = path->dentry->inode;
	int err = 0;

	inode_fill_stat(inode, st);
	st->mnt_id = (u64)path->mnt->id;
	if (unlikely(inode->op && inode->op->getattr))
		err = inode->op->getattr(inode, st);
	if (path->dentry == path->mnt->root)
		st->attributes |= STATX_ATTR_MOUNT_ROOT;
	st->attributes_mask |= STATX_ATTR_MOUNT_ROOT;
	return err;
}

int vfs_statfs(const struct path *path, struct kstatfs *out)
{
	struct super_block *sb = path->dentry->sb;
	u32 flags = path->mnt->flags | sb->flags;

	memset(out, 0, sizeof(*out));
	out->type = sb->magic;
	out->bsize = out->frsize = sb->block_size;
	out->namelen = NAME_MAX;
	out->fsid[0] = sb->dev;
	/*
	 * ST_VALID, and the flags whose values are those of mount(2) up to MS_NOEXEC; ST_NOATIME
	 * and so on by hand
	 */
	out->flags =
		0x20 | (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS));
	out->flags |= (flags & MS_NOATIME ? 0x400u : 0) | (flags & MS_NODIRATIME ? 0x800u : 0) |
		      (flags & (MS_NOATIME | MS_STRICTATIME) ? 0 : 0x1000u);
	return sb->op && sb->op->statfs ? sb->op->statfs(sb, out) : 0;
}

/* Ask the file system; => inode->lock held for write */
static int setattr_locked(struct inode *inode, struct iattr *attr)
{
	int (*setattr)(struct inode *, const struct iattr *) =
		inode->op && inode->op->setattr ? inode->op->setattr : simple_setattr;

	attr->valid |= ATTR_CTIME;
	attr->ctime = current_time();
	return setattr(inode, attr);
}

static int check_writable(const struct path *path)
{
	if (path->dentry->inode->flags & (INODE_IMMUTABLE | INODE_APPEND))
		return -EPERM;
	return mount_check_write(path->mnt);
}

static bool owner_or_capable(const struct inode *inode)
{
	return fs_current_fsuid() == inode->uid || fs_capable(CAP_FOWNER);
}

bool file_may_peek(struct file *file)
{
	return owner_or_capable(file->inode) || !inode_permission(file->inode, MAY_WRITE);
}

int file_punch_hole(struct file *file, loff_t start, loff_t len)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	return file->op->fallocate ? (int)file->op->fallocate(file, mode, start, len) : -EOPNOTSUPP;
}

static int finish(const struct path *path, int err)
{
	if (!err && unlikely(inotify_watches))
		inotify_dentry_event(path->dentry, NOTIFY_ATTRIB);
	return err;
}

int vfs_chmod(const struct path *path, mode_t mode)
{
	struct inode *inode = path->dentry->inode;
	struct iattr attr = {.valid = ATTR_MODE, .mode = mode & S_IALLUGO};
	int err = check_writable(path);

	if (err)
		return err;
	if (S_ISLNK(inode->mode))
		return -EOPNOTSUPP;
	down_write(&inode->lock);
	if (!owner_or_capable(inode)) {
		err = -EPERM;
	} else {
		if (!fs_in_group(inode->gid) && !fs_capable(CAP_FSETID))
			attr.mode &= ~(mode_t)S_ISGID;
		err = setattr_locked(inode, &attr);
	}
	up_write(&inode->lock);
	return finish(path, err);
}

static bool may_chown(const struct inode *inode, uid_t uid, gid_t gid)
{
	uid_t fsuid;

	if (fs_capable(CAP_CHOWN))
		return true;
	fsuid = fs_current_fsuid();
	if (fsuid != inode->uid)
		return uid == ~0u && gid == ~0u;
	if (uid != ~0u && uid != inode->uid)
		return false;
	return gid == ~0u || gid == inode->gid || fs_in_group(gid);
}

int vfs_chown(const struct path *path, uid_t uid, gid_t gid)
{
	struct inode *inode = path->dentry->inode;
	struct iattr attr = {.valid = 0, .uid = uid, .gid = gid};
	int err = check_writable(path);

	if (err)
		return err;
	if (uid != ~0u)
		attr.valid |= ATTR_UID;
	if (gid != ~0u)
		attr.valid |= ATTR_GID;
	down_write(&inode->lock);
	if (!may_chown(inode, uid, gid)) {
		err = -EPERM;
	} else {
		/* a changed owner loses set-user-ID programs */
		if (!S_ISDIR(inode->mode) && (inode->mode & (S_ISUID | S_ISGID))) {
			attr.mode = inode->mode & ~(mode_t)S_ISUID;
			if ((inode->mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
				attr.mode &= ~(mode_t)S_ISGID;
			attr.valid |= ATTR_MODE;
		}
		err = setattr_locked(inode, &attr);
	}
	up_write(&inode->lock);
	return finish(path, err);
}

static int check_time(const struct timespec64 *ts)
{
	return ts->nsec == UTIME_NOW || ts->nsec == UTIME_OMIT || ts->nsec < 1000000000u ? 0
											 : -EINVAL;
}

static void set_time(struct iattr *attr, unsigned which, struct timespec64 *field,
		     const struct timespec64 *ts, const struct timespec64 *now)
{
	if (ts->nsec == UTIME_OMIT)
		return;
	attr->valid |= which;
	*field = ts->nsec == UTIME_NOW ? *now : *ts;
}

int vfs_utimes(const struct path *path, const struct timespec64 times[2])
{
	struct inode *inode = path->dentry->inode;
	struct timespec64 now = current_time();
	struct iattr attr = {.valid = 0};
	bool only_now = !times || (times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW);
	int err;

	if (times) {
		if (check_time(&times[0]) || check_time(&times[1]))
			return -EINVAL;
		if (times[0].nsec == UTIME_OMIT && times[1].nsec == UTIME_OMIT)
			return 0;
	}
	err = mount_check_write(path->mnt);
	if (!err && (inode->flags & (only_now ? INODE_IMMUTABLE : INODE_IMMUTABLE | INODE_APPEND)))
		err = -EPERM;
	if (err)
		return err;
	if (only_now) {
		attr.valid = ATTR_ATIME | ATTR_MTIME;
		attr.atime = attr.mtime = now;
	} else {
		set_time(&attr, ATTR_ATIME, &attr.atime, &times[0], &now);
		set_time(&attr, ATTR_MTIME, &attr.mtime, &times[1], &now);
	}
	down_write(&inode->lock);
	if (!owner_or_capable(inode)) /* who may write may also say "now" */
		err = only_now ? inode_permission(inode, MAY_WRITE) : -EPERM;
	if (!err)
		err = setattr_locked(inode, &attr);
	up_write(&inode->lock);
	return finish(path, err);
}

/* ---- sizes ---- */

int check_file_size_limit(struct inode *inode, loff_t size)
{
	unsigned long limit = fs_rlimit(RLIMIT_FSIZE);

	if (limit != ~0UL && size > (loff_t)limit) {
		fs_send_sigxfsz();
		return -EFBIG;
	}
	return size > inode->sb->max_bytes ? -EFBIG : 0;
}

static int truncate_inode(struct inode *inode, loff_t size, bool growth_checked)
{
	struct iattr attr = {.valid = ATTR_SIZE | ATTR_MTIME, .size = size};
	int err = 0;

	down_write(&inode->lock);
	if (!growth_checked && size > inode_size(inode))
		err = check_file_size_limit(inode, size);
	if (!err)
		err = seals_check_resize(inode, size);
	if (!err) {
		attr.mtime = current_time();
		if ((inode->mode & S_ISUID) && !fs_capable(CAP_FSETID)) {
			attr.valid |= ATTR_MODE;
			attr.mode = inode->mode & ~(mode_t)S_ISUID;
		}
		err = setattr_locked(inode, &attr);
	}
	up_write(&inode->lock);
	return err;
}

int vfs_truncate(const struct path *path, loff_t size)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (size < 0)
		return -EINVAL;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = check_writable(path);
	if (!err)
		err = inode_get_write_access(inode);
	if (err)
		return err;
	err = truncate_inode(inode, size, false);
	inode_put_write_access(inode);
	if (!err && unlikely(inotify_watches))
		inotify_dentry_event(path->dentry, NOTIFY_MODIFY);
	return err;
}

int file_truncate(struct file *file, loff_t size)
{
	int err;

	if (size < 0 || !S_ISREG(file->inode->mode) || !(file->mode & FMODE_WRITE))
		return -EINVAL;
	if (file->inode->flags & INODE_APPEND)
		return -EPERM;
	err = truncate_inode(file->inode, size, false);
	if (!err && unlikely(inotify_watches))
		inotify_file_event(file, NOTIFY_MODIFY);
	return err;
}

int file_truncate_open(struct file *file)
{
	int err = 0;

	if (!(file->mode & FMODE_WRITER)) { /* O_RDONLY|O_TRUNC */
		err = mount_check_write(file->path.mnt);
		if (!err)
			err = inode_get_write_access(file->inode);
		if (err)
			return err;
	}
	err = truncate_inode(file->inode, 0, true);
	if (!(file->mode & FMODE_WRITER))
		inode_put_write_access(file->inode);
	if (!err && unlikely(inotify_watches))
		inotify_file_event(file, NOTIFY_MODIFY);
	return err;
}

int vfs_access(const struct path *path, int mode)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (!mode)
		return 0;
	if ((mode & MAY_EXEC) && S_ISREG(inode->mode) && (path->mnt->flags & MS_NOEXEC))
		return -EACCES;
	err = inode_permission(inode, mode);
	if (!err && (mode & MAY_WRITE) && !S_ISCHR(inode->mode) && !S_ISBLK(inode->mode) &&
	    !S_ISFIFO(inode->mode) && !S_ISSOCK(inode->mode))
		err = mount_check_write(path->mnt);
	return err;
}

ssize_t vfs_readlink(const struct path *path, char *buf, size_t size)
{
	struct inode *inode = path->dentry->inode;
	const char *target;
	size_t len;

	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	if (inode->op && inode->op->readlink)
		return inode->op->readlink(inode, buf, size);
	target = inode->link ? inode->link : inode->op->get_link(inode);
	if (IS_ERR(target))
		return PTR_ERR(target);
	len = MIN(strlen(target), size);
	memcpy(buf, target, len);
	return (ssize_t)len;
}
