/*
 * Files that live in the page cache: reading, writing and seeking, the same for all file systems
 * that have a struct mapping.
 *
 * Reads take no lock. Writes hold inode->lock: they see one size, and O_APPEND is atomic.
 */
#include "fs/internal.h"

#define DAY (24 * 60 * 60)

static inline bool is_after(const struct timespec64 *a, const struct timespec64 *b)
{
	s32 seconds = (s32)((u32)a->sec - (u32)b->sec);

	return seconds > 0 || (seconds == 0 && a->nsec > b->nsec);
}

/* The common case in 32 bits: read later than changed, and within a day. */
static inline bool atime_is_new(const struct inode *inode)
{
	return is_after(&inode->atime, &inode->mtime) && is_after(&inode->atime, &inode->ctime) &&
	       (s32)(coarse_seconds() - (u32)inode->atime.sec) < DAY;
}

static bool is_before(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->sec != b->sec ? a->sec < b->sec : a->nsec <= b->nsec;
}

/* relatime(8): only if the file changed since, or a day has passed. */
static bool atime_is_old(const struct inode *inode)
{
	return is_before(&inode->atime, &inode->mtime) || is_before(&inode->atime, &inode->ctime) ||
	       current_time().sec - inode->atime.sec >= DAY;
}

static noinline void touch_accessed(struct file *file)
{
	struct inode *inode = file->inode;
	u32 mnt_flags = file->path.mnt->flags;

	if ((file->flags & O_NOATIME) || (mnt_flags & (MS_NOATIME | MS_RDONLY)) ||
	    (inode->flags & INODE_NOATIME) || (inode->sb->flags & MS_RDONLY))
		return;
	if (S_ISDIR(inode->mode) && (mnt_flags & MS_NODIRATIME))
		return;
	if ((mnt_flags & MS_STRICTATIME) || atime_is_old(inode))
		inode_touch(inode, ATTR_ATIME);
}

void file_accessed(struct file *file)
{
	if (unlikely(!atime_is_new(file->inode)) ||
	    unlikely(file->path.mnt->flags & MS_STRICTATIME))
		touch_accessed(file);
}

ssize_t generic_read_iter(struct file *file, struct iov_iter *to, loff_t *pos)
{
	ssize_t n;

	if (!to->count)
		return 0;
	n = mapping_copy_out(file->mapping, *pos, to);
	if (n > 0)
		*pos += n;
	if (n >= 0)
		file_accessed(file);
	return n;
}

/* A write by somebody unprivileged takes set-user-ID away. => inode->lock held for write */
static void drop_privileges(struct inode *inode)
{
	mode_t mode = inode->mode & ~(mode_t)S_ISUID;

	if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		mode &= ~(mode_t)S_ISGID;
	if (mode != inode->mode && !fs_capable(CAP_FSETID)) {
		struct iattr attr = {.valid = ATTR_MODE, .mode = mode};

		if (inode->op && inode->op->setattr)
			inode->op->setattr(inode, &attr);
		else
			inode_set_attr(inode, &attr);
	}
}

/* How much of a write at @pos the limits let through: bytes in *count; 0 or -EFBIG, -EPERM. */
static int limit_write(struct inode *inode, loff_t pos, size_t *count)
{
	unsigned long rlimit = fs_rlimit(1 /* RLIMIT_FSIZE */);
	loff_t limit = inode->sb->max_bytes;

	if (rlimit != ~0UL && (loff_t)rlimit < limit) {
		limit = (loff_t)rlimit;
		if (pos >= limit) {
			fs_send_sigxfsz();
			return -EFBIG;
		}
	}
	if (pos >= limit)
		return -EFBIG;
	if ((loff_t)*count > limit - pos)
		*count = (size_t)(limit - pos);
	return seals_check_write(inode, pos, *count);
}

static ssize_t write_locked(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct inode *inode = file->inode;
	ssize_t n;
	int err;

	if (file->flags & O_APPEND)
		*pos = inode_size(inode);
	err = limit_write(inode, *pos, &from->count);
	if (err)
		return err;
	if (unlikely(inode->mode & (S_ISUID | S_ISGID)))
		drop_privileges(inode);
	n = mapping_copy_in(file->mapping, *pos, from);
	if (n <= 0)
		return n;
	*pos += n;
	if (*pos > inode_size(inode))
		__atomic_store_n(&file->mapping->size, *pos, __ATOMIC_RELAXED);
	inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	return n;
}

ssize_t generic_write_iter(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct inode *inode = file->inode;
	ssize_t n;
	int err;

	if (!from->count)
		return 0;
	down_write(&inode->lock);
	n = write_locked(file, from, pos);
	up_write(&inode->lock);
	if (n > 0 && unlikely(file->flags & O_DSYNC) && file->op->fsync) {
		err = file->op->fsync(file, *pos - n, *pos - 1, true);
		if (err)
			return err;
	}
	return n;
}

/* SEEK_DATA, SEEK_HOLE: what is in the page cache is data; only for files with no other storage. */
static loff_t seek_data(struct file *file, loff_t off, int whence)
{
	struct mapping *m = file->mapping;
	loff_t size = mapping_size(m);
	u32 index, next;

	if (off < 0 || off >= size)
		return -ENXIO;
	if (!m || m->ops->read_page)
		return whence == SEEK_DATA ? off : size;
	index = (u32)(off >> PAGE_SHIFT);
	next = mapping_next_page(m, index);
	if (whence == SEEK_DATA) {
		if (next == ~0u || ((loff_t)next << PAGE_SHIFT) >= size)
			return -ENXIO;
		return MAX(off, (loff_t)next << PAGE_SHIFT);
	}
	while (next == index && index != ~0u) {
		index++;
		next = mapping_next_page(m, index);
		cond_resched();
	}
	return MIN(size, MAX(off, (loff_t)index << PAGE_SHIFT));
}

loff_t generic_llseek(struct file *file, loff_t off, int whence)
{
	struct inode *inode = file->inode;
	loff_t pos;

	switch (whence) {
	case SEEK_SET: pos = off; break;
	case SEEK_CUR:
		if (!off)
			return file->pos;
		pos = file->pos + off;
		break;
	case SEEK_END: pos = inode_size(inode) + off; break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (!file->mapping)
			return -EINVAL;
		pos = seek_data(file, off, whence);
		if (pos < 0)
			return pos;
		break;
	default: return -EINVAL;
	}
	if (pos < 0 || (S_ISREG(inode->mode) && pos > inode->sb->max_bytes))
		return -EINVAL;
	file->pos = pos;
	return pos;
}

int vfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->inode;
	int err;

	if (!file->op->iterate)
		return -ENOTDIR;
	down_read(&dir->lock);
	err = dir->flags & INODE_DEAD ? -ENOENT : file->op->iterate(file, ctx);
	up_read(&dir->lock);
	if (!err)
		file_accessed(file);
	return err;
}

bool dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	struct dentry *d = file->path.dentry;

	if (ctx->pos == 0 && !ctx->emit(ctx, ".", 1, 1, d->inode->ino, 4))
		return false;
	if (ctx->pos == 1 && !ctx->emit(ctx, "..", 2, 2, d->parent->inode->ino, 4))
		return false;
	return true;
}
