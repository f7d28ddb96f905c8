/*
 * Opening files: open(2), openat2(2), and the kernel's own opens.
 */
#include "fs/internal.h"

#define MAX_NON_LFS 0x7fffffffLL
#define KEPT_FLAGS (~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

/*
 * What the access mode asks of the inode. 3 is neither mode, but asks for both permissions
 * (ioctl-only opens of devices).
 */
static int access_mask(int flags)
{
	static const u8 masks[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
				    MAY_READ | MAY_WRITE};

	return masks[flags & O_ACCMODE];
}

static int may_open(const struct path *path, struct inode *inode, int flags)
{
	int mask = access_mask(flags), err;

	switch (inode->mode & S_IFMT) {
	case S_IFLNK: return -ELOOP;
	case S_IFDIR:
		if ((mask & MAY_WRITE) || (flags & (O_TRUNC | O_CREAT)))
			return -EISDIR;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (path->mnt->flags & MS_NODEV)
			return -EACCES;
		break;
	case S_IFSOCK: return -ENXIO;
	}
	if (flags & O_TRUNC)
		mask |= MAY_WRITE;
	err = inode_permission(inode, mask);
	if (err)
		return err;
	if (unlikely(inode->flags & INODE_APPEND) && (mask & MAY_WRITE) &&
	    (!(flags & O_APPEND) || (flags & O_TRUNC)))
		return -EPERM;
	if (unlikely(flags & O_NOATIME) && fs_current_fsuid() != inode->uid &&
	    !fs_capable(CAP_FOWNER))
		return -EPERM;
	return 0;
}

static int truncate_at_open(struct file *file)
{
	if (!S_ISREG(file->inode->mode))
		return 0;
	return file_truncate_open(file);
}

/*
 * A file that will be written counts as a writer of the inode (no execve) and of the
 * mount (no remount).
 */
static int become_writer(struct file *file)
{
	int err = inode_get_write_access(file->inode);

	if (err)
		return err;
	err = mount_want_write(file->path.mnt);
	if (err) {
		inode_put_write_access(file->inode);
		return err;
	}
	file->mode |= FMODE_WRITER;
	return 0;
}

/* O_PATH: a place, nothing more. */
static struct file *open_place(const struct path *path, int flags)
{
	struct file *file = file_alloc();

	if (IS_ERR(file))
		return file;
	file->mode = FMODE_PATH;
	file->flags = (u32)flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
	file->path = *path;
	file->inode = path->dentry->inode;
	file->op = &no_device_fops;
	return file;
}

/* A file that is not open yet, for what may be opened so; ERR_PTR. */
static struct file *prepare_file(const struct path *path, int flags, bool created)
{
	struct inode *inode = path->dentry->inode;
	int err = 0;

	if (!created)
		err = may_open(path, inode, flags);
	if (!err && unlikely(!(flags & O_LARGEFILE)) && S_ISREG(inode->mode) &&
	    inode_size(inode) > MAX_NON_LFS)
		err = -EOVERFLOW;
	return err ? ERR_PTR(err) : file_alloc();
}

/*
 * @created: just made by this open: neither permissions nor truncation. Takes over the references
 * of @path, also when it fails.
 */
static struct file *open_path(const struct path *path, int flags, bool created,
			      const struct cred *cred)
{
	struct inode *inode = path->dentry->inode;
	struct file *file;
	int err;

	if (unlikely(flags & O_PATH)) {
		file = open_place(path, flags);
		if (IS_ERR(file))
			path_put(path);
		return file;
	}
	file = prepare_file(path, flags, created);
	if (IS_ERR(file)) {
		path_put(path);
		return file;
	}
	file->flags = (u32)flags & (KEPT_FLAGS | O_NOCTTY); /* a terminal's open wants to know */
	if ((flags & O_ACCMODE) != 3)
		file->mode = (u32)((flags + 1) & O_ACCMODE);
	file->mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->path = *path;
	file->inode = inode;
	file->mapping = inode->mapping;
	file->op = inode->fop ? inode->fop : &no_device_fops;
	file->cred = cred ? cred : fs_cred_get();
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode)) {
		file->mode |= FMODE_ATOMIC_POS;
		if (file->mode & FMODE_WRITE) {
			err = become_writer(file);
			if (err)
				goto fail;
		}
	}
	if (file->op->open) {
		err = file->op->open(inode, file);
		if (err)
			goto fail;
	}
	file->flags &= KEPT_FLAGS;
	if (file->op->llseek == no_llseek)
		file->mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	if ((flags & O_TRUNC) && !created) {
		err = truncate_at_open(file);
		if (err) {
			fput(file);
			return ERR_PTR(err);
		}
	}
	if (unlikely(inotify_watches))
		inotify_file_event(file, NOTIFY_OPEN);
	return file;
fail:
	if (file->mode & FMODE_WRITER) {
		inode_put_write_access(inode);
		mount_drop_write(path->mnt);
	}
	if (file->cred)
		fs_cred_put(file->cred);
	path_put(&file->path);
	file_free(file);
	return ERR_PTR(err);
}

struct file *file_open_path(const struct path *path, int flags, const struct cred *cred)
{
	path_get(path);
	return open_path(path, flags, false, cred);
}

struct file *file_open_created(const struct path *path, int flags)
{
	path_get(path);
	return open_path(path, flags, true, NULL);
}

/* ---- O_CREAT ---- */

/* => the directory locked for write. Create the file that @dentry names. */
static int create_locked(const struct path *dir, struct dentry *dentry, mode_t mode)
{
	struct inode *d = dir->dentry->inode;
	int err;

	err = mount_check_write(dir->mnt);
	if (err)
		return err;
	err = may_create(d);
	if (err)
		return err;
	if (!d->op->create)
		return -EACCES;
	return d->op->create(d, dentry, S_IFREG | (mode & S_IALLUGO & ~current->fs->umask));
}

/* -EAGAIN: a symbolic link turned up: look again. */
static struct file *open_last(struct parent_lookup *pl, int flags, mode_t mode)
{
	struct inode *dir = pl->dir.dentry->inode;
	struct path path = {pl->dir.mnt, NULL};
	bool created = false;
	int err = 0;

	down_write(&dir->lock);
	path.dentry = dentry_lookup_hashed(pl->dir.dentry, pl->name, pl->len, pl->hash);
	if (IS_ERR(path.dentry)) {
		up_write(&dir->lock);
		return ERR_PTR(PTR_ERR(path.dentry));
	}
	if (!path.dentry->inode) {
		err = create_locked(&pl->dir, path.dentry, mode);
		created = !err;
	} else if (flags & O_EXCL) {
		err = -EEXIST;
	} else if (S_ISLNK(path.dentry->inode->mode)) {
		err = flags & O_NOFOLLOW ? -ELOOP : -EAGAIN;
	} else if (dentry_is_mountpoint(path.dentry)) {
		err = -EAGAIN;
	}
	up_write(&dir->lock);
	if (created && unlikely(inotify_watches))
		inotify_name_event(dir, path.dentry->name, NOTIFY_CREATE, 0, false);
	if (err) {
		dentry_put(path.dentry);
		return ERR_PTR(err);
	}
	mount_get(path.mnt);
	return open_path(&path, flags, created, NULL);
}

static struct file *open_create(int dirfd, const char *name, int flags, mode_t mode,
				unsigned lookup)
{
	bool follow = !(flags & (O_EXCL | O_NOFOLLOW));
	struct parent_lookup pl;
	struct file *file;
	struct path path;
	int err;

	do {
		err = path_parent(dirfd, name, lookup | (follow ? LOOKUP_FOLLOW : 0), &pl);
		if (err)
			return ERR_PTR(err);
		if (pl.type != LAST_NAME || pl.trailing_slash) {
			file = ERR_PTR(flags & O_EXCL && pl.type != LAST_NAME ? -EEXIST : -EISDIR);
		} else if (!pl.child.dentry) {
			file = open_last(&pl, flags, mode);
		} else if (S_ISLNK(pl.child.dentry->inode->mode)) { /* a magic link */
			err = path_lookup(dirfd, name, lookup | LOOKUP_FOLLOW, &path);
			file = err ? ERR_PTR(err) : open_path(&path, flags, false, NULL);
		} else {
			file = open_path(&pl.child, flags, false, NULL);
			pl.child.dentry = NULL;
		}
		path_parent_put(&pl);
	} while (PTR_ERR(file) == -EAGAIN && follow);
	if (PTR_ERR(file) == -EAGAIN) /* a mount covers the name */
		return file_open_lookup(dirfd, name, flags & ~O_CREAT, mode, lookup);
	return file;
}

/* O_TMPFILE: a file without a name in the directory. */
static struct file *open_tmpfile(int dirfd, const char *name, int flags, mode_t mode,
				 unsigned lookup)
{
	struct inode *inode = NULL;
	struct path path, made;
	struct file *file;
	int err;

	if (!(flags & O_ACCMODE))
		return ERR_PTR(-EINVAL);
	err = path_lookup(dirfd, name, lookup | LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (err)
		return ERR_PTR(err);
	made.mnt = path.mnt;
	made.dentry = NULL;
	err = mount_check_write(path.mnt);
	if (!err)
		err = may_create(path.dentry->inode);
	if (!err && !path.dentry->inode->op->tmpfile)
		err = -EOPNOTSUPP;
	if (!err)
		err = path.dentry->inode->op->tmpfile(
			path.dentry->inode, &inode,
			S_IFREG | (mode & S_IALLUGO & ~current->fs->umask));
	if (!err) {
		char text[24];

		snprintf(text, sizeof(text), "#%llu", (unsigned long long)inode->ino);
		made.dentry = dentry_alloc(path.dentry, text, (u32)strlen(text));
		if (made.dentry)
			dentry_set_inode(made.dentry, inode);
		else
			inode_put(inode);
		err = made.dentry ? 0 : -ENOMEM;
	}
	if (err) {
		file = ERR_PTR(err);
	} else {
		mount_get(made.mnt);
		file = open_path(&made, flags & ~(O_DIRECTORY), true, NULL);
	}
	path_put(&path);
	return file;
}

struct file *file_open_lookup(int dirfd, const char *name, int flags, mode_t mode, unsigned lookup)
{
	struct path path;
	int err;

	if (unlikely(flags & O_PATH))
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	else if (unlikely((flags & __O_TMPFILE)))
		return (flags & O_TMPFILE) == O_TMPFILE && !(flags & O_CREAT)
			       ? open_tmpfile(dirfd, name, flags, mode, lookup)
			       : ERR_PTR(-EINVAL);
	if (flags & O_CREAT) {
		if (flags & O_DIRECTORY)
			return ERR_PTR(-EINVAL);
		return open_create(dirfd, name, flags, mode, lookup);
	}
	if (!(flags & O_NOFOLLOW))
		lookup |= LOOKUP_FOLLOW;
	if (flags & O_DIRECTORY)
		lookup |= LOOKUP_DIRECTORY;
	err = path_lookup(dirfd, name, lookup, &path);
	if (unlikely(err))
		return ERR_PTR(err);
	return open_path(&path, flags, false, NULL);
}

struct file *file_open(int dirfd, const char *name, int flags, mode_t mode)
{
	return file_open_lookup(dirfd, name, flags | O_LARGEFILE, mode, 0);
}

/* Until file_allow_write() or the end of the file, nobody opens it for writing (ETXTBSY). */
static int deny_write(struct inode *inode)
{
	s32 old = READ_ONCE(inode->write_count);

	do {
		if (old > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->write_count, &old, old - 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return 0;
}

struct file *file_open_exec(int dirfd, const char *name, int flags)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct inode *inode;
	struct file *file;
	struct path path;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = path_lookup(dirfd, name, lookup, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->inode;
	if (S_ISLNK(inode->mode))
		err = -ELOOP;
	else if (!S_ISREG(inode->mode) || (path.mnt->flags & MS_NOEXEC))
		err = -EACCES;
	else
		err = inode_permission(inode, MAY_EXEC);
	if (!err)
		err = deny_write(inode);
	if (err) {
		path_put(&path);
		return ERR_PTR(err);
	}
	/* execute permission is enough: the kernel reads on the caller's behalf */
	inode_get(inode);
	file = open_path(&path, O_RDONLY | O_LARGEFILE, true, NULL);
	if (IS_ERR(file))
		(void)__atomic_fetch_add(&inode->write_count, 1, __ATOMIC_SEQ_CST);
	else
		file->mode |= FMODE_NOWRITERS | FMODE_EXEC;
	inode_put(inode);
	return file;
}
