/*
 * Making and removing names: mkdir, mknod, symlink, link, unlink, rmdir, rename.
 *
 * All follow one pattern: find the parent directory, lock it, look the last component up, check,
 * ask the file system. Two directories (rename) are locked ancestor first, under the rename lock of
 * the super block, which alone changes who is whose ancestor.
 */
#include "fs/internal.h"

#include <linux/fs.h>

static struct inode *dir_of(const struct parent_lookup *pl)
{
	return pl->dir.dentry->inode;
}

/*
 * The negative dentry for a new name, with the directory locked and checked; ERR_PTR:
 * nothing is locked.
 */
static struct dentry *begin_create(struct parent_lookup *pl, bool is_dir)
{
	struct inode *dir = dir_of(pl);
	struct dentry *d;
	int err;

	if (pl->type != LAST_NAME)
		return ERR_PTR(-EEXIST);
	down_write(&dir->lock);
	d = dentry_lookup_hashed(pl->dir.dentry, pl->name, pl->len, pl->hash);
	if (IS_ERR(d))
		goto out;
	if (d->inode)
		err = -EEXIST;
	else if (pl->trailing_slash && !is_dir)
		err = -ENOENT;
	else if ((err = mount_check_write(pl->dir.mnt)) == 0)
		err = may_create(dir);
	if (!err)
		return d;
	dentry_put(d);
	d = ERR_PTR(err);
out:
	up_write(&dir->lock);
	return d;
}

static void end_create(struct parent_lookup *pl, struct dentry *d, int err)
{
	struct inode *dir = dir_of(pl);

	up_write(&dir->lock);
	if (!err && unlikely(inotify_watches))
		inotify_name_event(dir, d->name, NOTIFY_CREATE, 0, dentry_is_dir(d));
	dentry_put(d);
	path_parent_put(pl);
}

int vfs_mkdirat(int dirfd, const char *name, mode_t mode)
{
	struct parent_lookup pl;
	struct dentry *d;
	struct inode *dir;
	int err = path_parent(dirfd, name, 0, &pl);

	if (err)
		return err;
	d = begin_create(&pl, true);
	if (IS_ERR(d)) {
		path_parent_put(&pl);
		return (int)PTR_ERR(d);
	}
	dir = dir_of(&pl);
	mode &= (S_IRWXUGO | S_ISVTX) & ~current->fs->umask;
	err = dir->op->mkdir ? dir->op->mkdir(dir, d, S_IFDIR | mode) : -EPERM;
	end_create(&pl, d, err);
	return err;
}

static int make_node(struct inode *dir, struct dentry *d, mode_t mode, kdev_t dev)
{
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !fs_capable(CAP_MKNOD))
		return -EPERM;
	if (S_ISREG(mode))
		return dir->op->create ? dir->op->create(dir, d, mode) : -EACCES;
	return dir->op->mknod ? dir->op->mknod(dir, d, mode, dev) : -EPERM;
}

int vfs_mknod_path(int dirfd, const char *name, mode_t mode, kdev_t dev, struct path *out)
{
	struct parent_lookup pl;
	struct dentry *d;
	int err;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (S_ISDIR(mode))
		return -EPERM;
	if (!S_ISREG(mode) && !S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode) &&
	    !S_ISSOCK(mode))
		return -EINVAL;
	err = path_parent(dirfd, name, 0, &pl);
	if (err)
		return err;
	d = begin_create(&pl, false);
	if (IS_ERR(d)) {
		path_parent_put(&pl);
		return (int)PTR_ERR(d);
	}
	mode = (mode & S_IFMT) | (mode & S_IALLUGO & ~current->fs->umask);
	err = make_node(dir_of(&pl), d, mode, dev);
	if (!err && out) {
		out->mnt = pl.dir.mnt;
		out->dentry = d;
		path_get(out);
	}
	end_create(&pl, d, err);
	return err;
}

int vfs_mknodat(int dirfd, const char *name, mode_t mode, kdev_t dev)
{
	return vfs_mknod_path(dirfd, name, mode, dev, NULL);
}

int vfs_symlinkat(const char *target, int dirfd, const char *name)
{
	struct parent_lookup pl;
	struct dentry *d;
	struct inode *dir;
	int err = path_parent(dirfd, name, 0, &pl);

	if (err)
		return err;
	d = begin_create(&pl, false);
	if (IS_ERR(d)) {
		path_parent_put(&pl);
		return (int)PTR_ERR(d);
	}
	dir = dir_of(&pl);
	err = dir->op->symlink ? dir->op->symlink(dir, d, target) : -EPERM;
	end_create(&pl, d, err);
	return err;
}

static int link_locked(const struct path *old, struct parent_lookup *pl, struct dentry *d)
{
	struct inode *inode = old->dentry->inode, *dir = dir_of(pl);
	int err;

	if (old->mnt != pl->dir.mnt)
		return -EXDEV;
	if (S_ISDIR(inode->mode) || (inode->flags & (INODE_APPEND | INODE_IMMUTABLE)) ||
	    !dir->op->link)
		return -EPERM;
	down_write_nested(&inode->lock);
	/* a file whose last name is gone does not come back, but one of O_TMPFILE gets its first */
	if (!inode->nlink && !(inode->flags & INODE_LINKABLE))
		err = -ENOENT;
	else
		err = dir->op->link(old->dentry, dir, d);
	if (!err)
		inode->flags &= ~INODE_LINKABLE;
	up_write(&inode->lock);
	return err;
}

int vfs_linkat(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name,
	       unsigned flags)
{
	unsigned lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	struct parent_lookup pl;
	struct path old;
	struct dentry *d;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!*old_name && !fs_capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		lookup |= LOOKUP_EMPTY;
	}
	err = path_lookup(old_dirfd, old_name, lookup, &old);
	if (err)
		return err;
	err = path_parent(new_dirfd, new_name, 0, &pl);
	if (err)
		goto out;
	d = begin_create(&pl, false);
	if (IS_ERR(d)) {
		path_parent_put(&pl);
		err = (int)PTR_ERR(d);
		goto out;
	}
	err = link_locked(&old, &pl, d);
	if (!err && unlikely(inotify_watches))
		inotify_inode_event(old.dentry->inode, NOTIFY_ATTRIB);
	end_create(&pl, d, err);
out:
	path_put(&old);
	return err;
}

/* ---- removing ---- */

static int unlink_locked(struct inode *dir, struct dentry *d, bool is_dir)
{
	struct inode *inode = d->inode;
	int err = may_delete(dir, inode, is_dir);

	if (err)
		return err;
	if (is_dir ? !dir->op->rmdir : !dir->op->unlink)
		return -EPERM;
	if (dentry_is_mountpoint(d))
		return -EBUSY;
	down_write_nested(&inode->lock);
	if (is_dir) {
		err = dir->op->rmdir(dir, d);
		if (!err)
			inode->flags |= INODE_DEAD;
	} else {
		err = dir->op->unlink(dir, d);
	}
	up_write(&inode->lock); /* d holds the inode */
	if (!err)
		dentry_removed(d);
	return err;
}

static void notify_removed(struct inode *dir, const char *name, struct inode *inode, bool is_dir)
{
	inotify_name_event(dir, name, NOTIFY_DELETE, 0, is_dir);
	if (!is_dir)
		inotify_inode_event(inode, NOTIFY_ATTRIB);
	if (!inode->nlink)
		inotify_inode_event(inode, NOTIFY_DELETE_SELF);
}

static int remove_name(struct parent_lookup *pl, bool is_dir)
{
	struct inode *dir = dir_of(pl), *watched = NULL;
	struct dentry *d;
	int err;

	if (pl->type != LAST_NAME) {
		if (!is_dir)
			return -EISDIR;
		return pl->type == LAST_DOT      ? -EINVAL
		       : pl->type == LAST_DOTDOT ? -ENOTEMPTY
						 : -EBUSY;
	}
	down_write(&dir->lock);
	d = dentry_lookup_hashed(pl->dir.dentry, pl->name, pl->len, pl->hash);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
		d = NULL;
	} else if (!d->inode) {
		err = -ENOENT;
	} else if (!is_dir && pl->trailing_slash) {
		err = S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
	} else {
		if (unlikely(inotify_watches)) {
			watched = d->inode;
			inode_get(watched);
		}
		err = mount_check_write(pl->dir.mnt);
		if (!err)
			err = unlink_locked(dir, d, is_dir);
	}
	up_write(&dir->lock);
	if (!err && is_dir)
		dentry_shrink_children(d);
	if (watched) {
		if (!err)
			notify_removed(dir, pl->name, watched, is_dir);
		inode_put(watched);
	}
	dentry_put(d);
	return err;
}

static int remove_at(int dirfd, const char *name, bool is_dir)
{
	struct parent_lookup pl;
	int err = path_parent(dirfd, name, 0, &pl);

	if (err)
		return err;
	err = remove_name(&pl, is_dir);
	path_parent_put(&pl);
	return err;
}

int vfs_unlink_in(const struct path *dir, const char *name)
{
	struct parent_lookup pl = {
		.dir = *dir, .type = LAST_NAME, .name = name, .len = (u32)strlen(name)};

	if (pl.len > NAME_MAX)
		return -ENAMETOOLONG;
	pl.hash = name_hash(name, pl.len);
	return remove_name(&pl, false);
}

int vfs_unlinkat(int dirfd, const char *name)
{
	return remove_at(dirfd, name, false);
}

int vfs_rmdirat(int dirfd, const char *name)
{
	return remove_at(dirfd, name, true);
}

/* ---- rename ---- */

struct rename {
	struct parent_lookup from, to;
	struct dentry *old, *new;
	unsigned flags;
};

/* Lock both directories. => rename_lock held if they differ */
static void lock_dirs(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		down_write(&a->inode->lock);
	} else if (dentry_is_ancestor(a, b) || (!dentry_is_ancestor(b, a) && a < b)) {
		down_write(&a->inode->lock);
		down_write_nested(&b->inode->lock);
	} else {
		down_write(&b->inode->lock);
		down_write_nested(&a->inode->lock);
	}
}

static void unlock_dirs(struct dentry *a, struct dentry *b)
{
	up_write(&a->inode->lock);
	if (a != b)
		up_write(&b->inode->lock);
}

static int check_rename(const struct rename *r)
{
	struct inode *old_dir = dir_of(&r->from), *new_dir = dir_of(&r->to), *inode = r->old->inode;
	bool is_dir;
	int err;

	if (!inode)
		return -ENOENT;
	is_dir = S_ISDIR(inode->mode);
	if (r->new->inode && (r->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!r->new->inode && (r->flags & RENAME_EXCHANGE))
		return -ENOENT;
	if (!is_dir &&
	    (r->from.trailing_slash || (r->to.trailing_slash && !(r->flags & RENAME_EXCHANGE))))
		return -ENOTDIR;
	if (dentry_is_ancestor(r->old, r->to.dir.dentry))
		return -EINVAL; /* into itself */
	if (dentry_is_ancestor(r->new, r->from.dir.dentry))
		return r->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	err = mount_check_write(r->from.dir.mnt);
	if (!err)
		err = may_delete(old_dir, inode, is_dir);
	if (!err) {
		if (!r->new->inode)
			err = may_create(new_dir);
		else
			err = may_delete(new_dir, r->new->inode,
					 r->flags & RENAME_EXCHANGE ? S_ISDIR(r->new->inode->mode)
								    : is_dir);
	}
	/* a directory that changes its parent must be writable: its .. changes */
	if (!err && is_dir && old_dir != new_dir)
		err = inode_permission(inode, MAY_WRITE);
	if (!err && (dentry_is_mountpoint(r->old) || dentry_is_mountpoint(r->new)))
		err = -EBUSY;
	if (!err && !old_dir->op->rename)
		err = -EPERM;
	return err;
}

static int rename_locked(struct rename *r)
{
	struct inode *old_dir = dir_of(&r->from), *new_dir = dir_of(&r->to),
		     *target = r->new->inode;
	int err = check_rename(r);

	if (err)
		return err;
	if (r->old->inode == target)
		return 0; /* two names of one file: nothing happens */
	if (target)
		down_write_nested(&target->lock);
	err = old_dir->op->rename(old_dir, r->old, new_dir, r->new, r->flags);
	if (!err && target && !(r->flags & RENAME_EXCHANGE) && S_ISDIR(target->mode))
		target->flags |= INODE_DEAD;
	if (target)
		up_write(&target->lock);
	if (!err)
		dentry_move(r->old, r->new, r->flags & RENAME_EXCHANGE);
	return err;
}

static void notify_rename(struct rename *r, struct inode *inode, struct inode *target)
{
	u32 cookie = inotify_cookie();
	bool is_dir = S_ISDIR(inode->mode);

	inotify_name_event(dir_of(&r->from), r->from.name, NOTIFY_MOVED_FROM, cookie, is_dir);
	inotify_name_event(dir_of(&r->to), r->to.name, NOTIFY_MOVED_TO, cookie, is_dir);
	inotify_inode_event(inode, NOTIFY_MOVE_SELF);
	if (target)
		inotify_inode_event(target, target->nlink ? NOTIFY_ATTRIB : NOTIFY_DELETE_SELF);
}

/* Both parents are found; lock, look up, rename. */
static int rename_found(struct rename *r)
{
	struct dentry *from = r->from.dir.dentry, *to = r->to.dir.dentry;
	struct super_block *sb = from->sb;
	struct inode *inode = NULL, *target = NULL;
	int err = 0;

	mutex_lock(&sb->rename_lock);
	lock_dirs(from, to);
	r->new = NULL;
	r->old = dentry_lookup_hashed(from, r->from.name, r->from.len, r->from.hash);
	if (IS_ERR(r->old)) {
		err = (int)PTR_ERR(r->old);
		r->old = NULL;
	} else {
		r->new = dentry_lookup_hashed(to, r->to.name, r->to.len, r->to.hash);
		if (IS_ERR(r->new)) {
			err = (int)PTR_ERR(r->new);
			r->new = NULL;
		}
	}
	if (!err) {
		inode = r->old->inode;
		target = r->new->inode;
		err = rename_locked(r);
	}
	unlock_dirs(from, to);
	mutex_unlock(&sb->rename_lock);
	if (!err && unlikely(inotify_watches) && inode != target)
		notify_rename(r, inode, r->flags & RENAME_EXCHANGE ? NULL : target);
	dentry_put(r->old);
	dentry_put(r->new);
	return err;
}

int vfs_renameat(int old_dirfd, const char *old, int new_dirfd, const char *new, unsigned flags)
{
	struct rename *r;
	int err;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    (flags & (RENAME_NOREPLACE | RENAME_EXCHANGE)) == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	r = kmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->flags = flags;
	err = path_parent(old_dirfd, old, 0, &r->from);
	if (err)
		goto out;
	err = path_parent(new_dirfd, new, 0, &r->to);
	if (err)
		goto out_from;
	if (r->from.dir.mnt != r->to.dir.mnt)
		err = -EXDEV;
	else if (r->from.type != LAST_NAME)
		err = -EBUSY;
	else if (r->to.type != LAST_NAME)
		err = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	else
		err = rename_found(r);
	path_parent_put(&r->to);
out_from:
	path_parent_put(&r->from);
out:
	kfree(r);
	return err;
}
