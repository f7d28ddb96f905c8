/*
 * System calls of open files: open, close, read, write and their kin. open(2), read(2),
 * readv(2), lseek(2)...
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/mount.h"
#include "fs/namei.h"
#include "fs/random.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uio.h"
#include <asm/ioctls.h>
#include <linux/close_range.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/random.h>
#include <linux/stat.h>

static inline loff_t join(u32 lo, u32 hi)
{
	return (loff_t)((u64)hi << 32 | lo);
}

/* ---- open ---- */

static long open_kernel_name(int dirfd, const char *path, u32 flags, mode_t mode, unsigned lookup)
{
	struct file *file;
	int fd = fd_reserve(0, flags);

	if (unlikely(fd < 0))
		return fd;
	file = file_open_lookup(dirfd, path, (int)flags, mode, lookup);
	if (unlikely(IS_ERR(file))) {
		fd_unreserve(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

#define SHORT_PATH 96

/* Most names are short enough for the stack. */
static long open_user(int dirfd, uaddr_t name, u32 flags, mode_t mode, unsigned lookup)
{
	char buf[SHORT_PATH], *path;
	ssize_t len = strncpy_from_user(buf, name, SHORT_PATH);
	long fd;

	if (unlikely(len <= 0))
		return len ? len : -ENOENT;
	if (likely(len < SHORT_PATH))
		return open_kernel_name(dirfd, buf, flags, mode, lookup);
	path = getname(name, 0);
	if (IS_ERR(path))
		return PTR_ERR(path);
	fd = open_kernel_name(dirfd, path, flags, mode, lookup);
	putname(path);
	return fd;
}

long sys_openat(int dirfd, uaddr_t name, u32 flags, u32 mode)
{
	return open_user(dirfd, name, flags, mode & 07777, 0);
}

long sys_open(uaddr_t name, u32 flags, u32 mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

long sys_creat(uaddr_t name, u32 mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

#define VALID_OPEN_FLAGS \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | \
	 FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
	 O_PATH | __O_TMPFILE)

static unsigned resolve_to_lookup(u64 resolve)
{
	return (resolve & RESOLVE_NO_XDEV ? LOOKUP_NO_XDEV : 0) |
	       (resolve & RESOLVE_NO_MAGICLINKS ? LOOKUP_NO_MAGICLINKS : 0) |
	       (resolve & RESOLVE_NO_SYMLINKS ? LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGICLINKS : 0) |
	       (resolve & RESOLVE_BENEATH ? LOOKUP_BENEATH : 0) |
	       (resolve & RESOLVE_IN_ROOT ? LOOKUP_IN_ROOT : 0);
}

/* A later kernel's larger struct is fine as long as what we do not know is zero. */
static int copy_how(struct open_how *how, uaddr_t user, u32 size)
{
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	for (u32 i = sizeof(*how); i < size; i++) {
		u8 byte;

		if (get_user_u8(&byte, user + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return copy_from_user(how, user, sizeof(*how)) ? -EFAULT : 0;
}

long sys_openat2(int dirfd, uaddr_t name, uaddr_t user_how, u32 size)
{
	struct open_how how;
	int err = copy_how(&how, user_how, size);

	if (err)
		return err;
	if (how.flags & ~(u64)VALID_OPEN_FLAGS || how.mode & ~07777ull ||
	    (how.resolve & ~(u64)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
				  RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)) ||
	    (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
		    (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how.mode && !(how.flags & (O_CREAT | __O_TMPFILE)))
		return -EINVAL;
	if ((how.flags & O_PATH) &&
	    (how.flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if (how.resolve & RESOLVE_CACHED)
		return -EAGAIN; /* allowed to say so at any time: openat2(2) */
	return open_user(dirfd, name, (u32)how.flags, (mode_t)how.mode,
			 resolve_to_lookup(how.resolve));
}

long sys_close(int fd)
{
	int err = fd_close(fd);

	/* the descriptor is gone: the call must not be restarted */
	if (err == -ERESTARTSYS || err == -ERESTARTNOINTR || err == -ERESTARTNOHAND)
		err = -EINTR;
	return err;
}

long sys_close_range(u32 first, u32 last, u32 flags)
{
	int err;

	if ((flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		err = files_unshare();
		if (err)
			return err;
	}
	return fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

/* ---- read and write ---- */

static noinline long read_shared(int fd, uaddr_t buf, u32 count)
{
	struct fd_ref f = fdget_pos(fd);
	long n;

	if (unlikely(!f.file))
		return -EBADF;
	n = vfs_read_user(f.file, buf, count);
	fdput_pos(f);
	return n;
}

long sys_read(int fd, uaddr_t buf, u32 count)
{
	struct file *file = fdget_pos_alone(fd);

	return likely(file) ? vfs_read_user(file, buf, count) : read_shared(fd, buf, count);
}

static noinline long write_shared(int fd, uaddr_t buf, u32 count)
{
	struct fd_ref f = fdget_pos(fd);
	long n;

	if (unlikely(!f.file))
		return -EBADF;
	n = vfs_write_user(f.file, buf, count);
	fdput_pos(f);
	return n;
}

long sys_write(int fd, uaddr_t buf, u32 count)
{
	struct file *file = fdget_pos_alone(fd);

	return likely(file) ? vfs_write_user(file, buf, count) : write_shared(fd, buf, count);
}

static __always_inline long pread_common(int fd, uaddr_t buf, u32 count, loff_t pos, bool write)
{
	struct fd_ref f;
	struct iov_iter it;
	long n = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	count = MIN(count, MAX_RW_COUNT);
	if (!user_range_ok(buf, count)) {
		n = -EFAULT;
	} else if (f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD)) {
		iov_iter_ubuf(&it, buf, count);
		n = write ? vfs_write(f.file, &it, &pos) : vfs_read(f.file, &it, &pos);
	}
	fdput(f);
	return n;
}

long sys_pread64(int fd, uaddr_t buf, u32 count, u32 lo, u32 hi)
{
	return pread_common(fd, buf, count, join(lo, hi), false);
}

long sys_pwrite64(int fd, uaddr_t buf, u32 count, u32 lo, u32 hi)
{
	return pread_common(fd, buf, count, join(lo, hi), true);
}

/* @pos NULL: the file's own. */
static long vector_io(struct file *file, uaddr_t iov, u32 n, loff_t *pos, bool write)
{
	struct user_vector v;
	struct iov_iter it;
	long result = user_vector_get(&v, iov, n);

	if (result)
		return result;
	iov_iter_user(&it, v.iov, n, v.total);
	result = write ? vfs_write(file, &it, pos ? pos : &file->pos)
		       : vfs_read(file, &it, pos ? pos : &file->pos);
	user_vector_put(&v);
	return result;
}

static long vector_at_position(int fd, uaddr_t iov, u32 n, bool write)
{
	struct fd_ref f = fdget_pos(fd);
	long result;

	if (!f.file)
		return -EBADF;
	result = vector_io(f.file, iov, n, NULL, write);
	fdput_pos(f);
	return result;
}

long sys_readv(int fd, uaddr_t iov, u32 n)
{
	return vector_at_position(fd, iov, n, false);
}

long sys_writev(int fd, uaddr_t iov, u32 n)
{
	return vector_at_position(fd, iov, n, true);
}

static long vector_at(int fd, uaddr_t iov, u32 n, loff_t pos, bool write)
{
	struct fd_ref f;
	long result = -ESPIPE;

	if (pos < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (f.file->mode & (write ? FMODE_PWRITE : FMODE_PREAD))
		result = vector_io(f.file, iov, n, &pos, write);
	fdput(f);
	return result;
}

long sys_preadv(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi)
{
	return vector_at(fd, iov, n, join(lo, hi), false);
}

long sys_pwritev(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi)
{
	return vector_at(fd, iov, n, join(lo, hi), true);
}

/* RWF_HIPRI is a hint; the others would change what the call means, and are not there. */
static long vector2(int fd, uaddr_t iov, u32 n, loff_t pos, u32 flags, bool write)
{
	if (flags & ~(u32)RWF_HIPRI)
		return -EOPNOTSUPP;
	return pos == -1 ? vector_at_position(fd, iov, n, write)
			 : vector_at(fd, iov, n, pos, write);
}

long sys_preadv2(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi, u32 flags)
{
	return vector2(fd, iov, n, join(lo, hi), flags, false);
}

long sys_pwritev2(int fd, uaddr_t iov, u32 n, u32 lo, u32 hi, u32 flags)
{
	return vector2(fd, iov, n, join(lo, hi), flags, true);
}

/* ---- the position ---- */

static loff_t seek(int fd, loff_t offset, u32 whence)
{
	struct fd_ref f = fdget_pos(fd);
	loff_t pos;

	if (!f.file)
		return -EBADF;
	pos = whence <= SEEK_HOLE ? vfs_llseek(f.file, offset, (int)whence) : -EINVAL;
	fdput_pos(f);
	return pos;
}

long sys_lseek(int fd, s32 offset, u32 whence)
{
	loff_t pos = seek(fd, offset, whence);

	return pos > 0x7fffffff ? -EOVERFLOW : (long)pos;
}

long sys_llseek(int fd, u32 hi, u32 lo, uaddr_t result, u32 whence)
{
	loff_t pos = seek(fd, join(lo, hi), whence);

	if (pos < 0)
		return (long)pos;
	return put_user_u64((u64)pos, result);
}

/* ---- sizes ---- */

static long truncate_name(uaddr_t name, loff_t size)
{
	struct path path;
	int err;

	if (size < 0)
		return -EINVAL;
	err = path_lookup_user(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = vfs_truncate(&path, size);
	path_put(&path);
	return err;
}

static long truncate_fd(int fd, loff_t size, bool small)
{
	struct fd_ref f;
	int err;

	if (size < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (small && !(f.file->flags & O_LARGEFILE) && size > 0x7fffffff)
		err = -EINVAL;
	else
		err = file_truncate(f.file, size);
	fdput(f);
	return err;
}

long sys_truncate(uaddr_t name, s32 size)
{
	return truncate_name(name, size);
}

long sys_ftruncate(int fd, s32 size)
{
	return truncate_fd(fd, size, true);
}

long sys_truncate64(uaddr_t name, u32 lo, u32 hi)
{
	return truncate_name(name, join(lo, hi));
}

long sys_ftruncate64(int fd, u32 lo, u32 hi)
{
	return truncate_fd(fd, join(lo, hi), false);
}

static long allocate(struct file *file, u32 mode, loff_t off, loff_t len)
{
	struct inode *inode = file->inode;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (!(file->mode & FMODE_WRITE))
		return -EBADF;
	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
			  FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (S_ISFIFO(inode->mode))
		return -ESPIPE;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -ENODEV;
	if (off + len < 0 || off + len > inode->sb->max_bytes)
		return -EFBIG;
	return file->op->fallocate ? file->op->fallocate(file, (int)mode, off, len) : -EOPNOTSUPP;
}

long sys_fallocate(int fd, u32 mode, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = allocate(f.file, mode, join(off_lo, off_hi), join(len_lo, len_hi));
	fdput(f);
	return err;
}

/* ---- advice and syncing ---- */

long sys_fadvise64_64(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 advice)
{
	struct fd_ref f = fdget(fd);
	long err = 0;

	(void)off_lo;
	(void)off_hi;
	if (!f.file)
		return -EBADF;
	if (S_ISFIFO(f.file->inode->mode))
		err = -ESPIPE;
	else if (join(len_lo, len_hi) < 0 || advice > POSIX_FADV_NOREUSE)
		err = -EINVAL;
	fdput(f);
	return err; /* advice: nothing need happen */
}

long sys_fadvise64(int fd, u32 off_lo, u32 off_hi, u32 len, u32 advice)
{
	return sys_fadvise64_64(fd, off_lo, off_hi, len, 0, advice);
}

/* Bring pages into the cache. */
static long read_ahead(struct file *file, loff_t off, u32 count)
{
	loff_t end = MIN(off + count, mapping_size(file->mapping));

	for (loff_t pos = off & ~(loff_t)(PAGE_SIZE - 1); pos < end; pos += PAGE_SIZE) {
		struct page *page = mapping_read_page(file->mapping, (u32)(pos >> PAGE_SHIFT));

		if (IS_ERR(page) || signal_pending(current)) {
			if (!IS_ERR(page))
				page_put(page);
			break;
		}
		page_put(page);
		cond_resched();
	}
	return 0;
}

long sys_readahead(int fd, u32 off_lo, u32 off_hi, u32 count)
{
	struct fd_ref f = fdget(fd);
	loff_t off = join(off_lo, off_hi);
	long err = -EINVAL;

	if (!f.file || !(f.file->mode & FMODE_READ))
		err = -EBADF;
	else if (f.file->mapping && S_ISREG(f.file->inode->mode) && off >= 0)
		err = f.file->mapping->ops->read_page ? read_ahead(f.file, off, count) : 0;
	if (f.file)
		fdput(f);
	return err;
}

long sys_sync_file_range(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, u32 flags)
{
	loff_t off = join(off_lo, off_hi), len = join(len_lo, len_hi);
	struct fd_ref f;
	long err;

	if ((flags & ~7u) || off < 0 || len < 0 || off + len < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->inode->mode) && !S_ISDIR(f.file->inode->mode) &&
	    !S_ISLNK(f.file->inode->mode))
		err = -ESPIPE;
	else
		err = f.file->mapping
			      ? mapping_sync(f.file->mapping, off, len ? off + len - 1 : INT64_MAX)
			      : 0;
	fdput(f);
	return err;
}

static long sync_fd(int fd, bool data_only)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_fsync(f.file, 0, INT64_MAX, data_only);
	fdput(f);
	return err;
}

long sys_fsync(int fd)
{
	return sync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
	return sync_fd(fd, true);
}

static int sync_mount(struct mount *mnt, const char *path, void *arg)
{
	(void)path;
	(void)arg;
	if (mnt->sb->op && mnt->sb->op->sync)
		mnt->sb->op->sync(mnt->sb, true);
	return 0;
}

long sys_sync(void)
{
	mount_for_each(sync_mount, NULL);
	return 0;
}

long sys_syncfs(int fd)
{
	struct fd_ref f = fdget(fd);
	struct super_block *sb;
	long err = 0;

	if (!f.file)
		return -EBADF;
	sb = f.file->inode->sb;
	if (sb->op && sb->op->sync)
		err = sb->op->sync(sb, true);
	fdput(f);
	return err;
}

/* ---- ioctl: what concerns every file ---- */

static void set_file_flag(struct file *file, u32 flag, bool on)
{
	spin_lock(&file->lock);
	file->flags = on ? file->flags | flag : file->flags & ~flag;
	spin_unlock(&file->lock);
}

static long set_flag_from(struct file *file, u32 flag, uaddr_t arg)
{
	u32 on;

	if (get_user_u32(&on, arg))
		return -EFAULT;
	set_file_flag(file, flag, on);
	return 0;
}

static long ioctl_regular(struct file *file, u32 cmd, uaddr_t arg)
{
	if (cmd == FIONREAD && S_ISREG(file->inode->mode))
		return put_user_u32((u32)(inode_size(file->inode) - file->pos), arg);
	if (cmd == FIGETBSZ)
		return put_user_u32(file->inode->sb->block_size, arg);
	return vfs_ioctl(file, cmd, arg);
}

long sys_ioctl(int fd, u32 cmd, u32 arg)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX: err = fd_set_cloexec(fd, true); break;
	case FIONCLEX: err = fd_set_cloexec(fd, false); break;
	case FIONBIO: err = set_flag_from(f.file, O_NONBLOCK, arg); break;
	case FIOASYNC: err = set_flag_from(f.file, FASYNC, arg); break;
	case FIOQSIZE:
		if (S_ISREG(f.file->inode->mode) || S_ISDIR(f.file->inode->mode) ||
		    S_ISLNK(f.file->inode->mode))
			err = put_user_u64((u64)inode_size(f.file->inode), arg);
		else
			err = -ENOTTY;
		break;
	default:
		if (S_ISREG(f.file->inode->mode) || cmd == FIGETBSZ)
			err = ioctl_regular(f.file, cmd, arg);
		else
			err = vfs_ioctl(f.file, cmd, arg);
		break;
	}
	fdput(f);
	return err;
}

/* ---- files without a name ---- */

long sys_getrandom(uaddr_t buf, u32 count, u32 flags)
{
	struct iov_iter it;

	if ((flags & ~(u32)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	count = MIN(count, 0x7fffffffu);
	if (!user_range_ok(buf, count))
		return -EFAULT;
	iov_iter_ubuf(&it, buf, count);
	return random_read_iter(&it);
}

long sys_memfd_create(uaddr_t user_name, u32 flags)
{
	char name[250];
	ssize_t len;

	if (flags & ~(u32)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL; /* no huge pages */
	len = strncpy_from_user(name, user_name, sizeof(name));
	if (len < 0)
		return len;
	if ((size_t)len >= sizeof(name))
		return -EINVAL;
	return fd_open_file(memfd_create(name, flags), flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
