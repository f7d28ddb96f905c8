/*
 * System calls on attributes: the stat family, access, chmod, chown, utime, statfs.
 *
 * struct kstat has everything; each of the five struct stats of i386 gets what it can hold,
 * -EOVERFLOW when it cannot.
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "lib/string.h"
#include "proc/cred.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time.h>

/* ---- stat ---- */

static long stat_fd(int fd, struct kstat *st)
{
	struct fd_ref f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_getattr(&f.file->path, st);
	fdput(f);
	return err;
}

static long put_stat64(uaddr_t user, const struct kstat *st)
{
	struct stat64 s;

	memset(s.__pad0, 0, sizeof(s.__pad0));
	memset(s.__pad3, 0, sizeof(s.__pad3));
	s.st_dev = st->dev;
	s.__st_ino = (unsigned long)st->ino;
	s.st_mode = st->mode;
	s.st_nlink = st->nlink;
	s.st_uid = st->uid;
	s.st_gid = st->gid;
	s.st_rdev = st->rdev;
	s.st_size = st->size;
	s.st_blksize = st->blksize;
	s.st_blocks = st->blocks;
	s.st_atime = (unsigned long)st->atime.sec;
	s.st_atime_nsec = st->atime.nsec;
	s.st_mtime = (unsigned long)st->mtime.sec;
	s.st_mtime_nsec = st->mtime.nsec;
	s.st_ctime = (unsigned long)st->ctime.sec;
	s.st_ctime_nsec = st->ctime.nsec;
	s.st_ino = st->ino;
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_stat(uaddr_t user, const struct kstat *st)
{
	struct stat s;

	if (st->size > 0x7fffffff || (u32)st->ino != st->ino)
		return -EOVERFLOW;
	memset(&s, 0, sizeof(s));
	s.st_dev = st->dev;
	s.st_ino = (unsigned long)st->ino;
	s.st_mode = (unsigned short)st->mode;
	s.st_nlink = (unsigned short)st->nlink;
	if (s.st_nlink != st->nlink)
		return -EOVERFLOW;
	s.st_uid = st->uid > 0xffff ? 65534 : (unsigned short)st->uid;
	s.st_gid = st->gid > 0xffff ? 65534 : (unsigned short)st->gid;
	s.st_rdev = st->rdev;
	s.st_size = (unsigned long)st->size;
	s.st_blksize = st->blksize;
	s.st_blocks = (unsigned long)st->blocks;
	s.st_atime = (unsigned long)st->atime.sec;
	s.st_atime_nsec = st->atime.nsec;
	s.st_mtime = (unsigned long)st->mtime.sec;
	s.st_mtime_nsec = st->mtime.nsec;
	s.st_ctime = (unsigned long)st->ctime.sec;
	s.st_ctime_nsec = st->ctime.nsec;
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

/* Device numbers of 16 bits. */
static unsigned short old_dev(kdev_t dev)
{
	return (unsigned short)((MAJOR(dev) << 8) | (MINOR(dev) & 0xff));
}

static long put_oldstat(uaddr_t user, const struct kstat *st)
{
	struct __old_kernel_stat s;

	memset(&s, 0, sizeof(s));
	s.st_dev = old_dev(st->dev);
	s.st_ino = (unsigned short)st->ino;
	s.st_mode = (unsigned short)st->mode;
	s.st_nlink = (unsigned short)st->nlink;
	if (s.st_ino != st->ino || s.st_nlink != st->nlink || st->size > 0x7fffffff)
		return -EOVERFLOW;
	s.st_uid = st->uid > 0xffff ? 65534 : (unsigned short)st->uid;
	s.st_gid = st->gid > 0xffff ? 65534 : (unsigned short)st->gid;
	s.st_rdev = old_dev(st->rdev);
	s.st_size = (unsigned long)st->size;
	s.st_atime = (unsigned long)st->atime.sec;
	s.st_mtime = (unsigned long)st->mtime.sec;
	s.st_ctime = (unsigned long)st->ctime.sec;
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

#define STAT_BY(fill, put) \
	struct kstat st; \
	long err = fill; \
	return err ? err : put(buf, &st)

long sys_stat64(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, LOOKUP_FOLLOW, &st), put_stat64);
}
long sys_lstat64(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, 0, &st), put_stat64);
}
long sys_fstat64(int fd, uaddr_t buf)
{
	STAT_BY(stat_fd(fd, &st), put_stat64);
}
long sys_stat(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, LOOKUP_FOLLOW, &st), put_stat);
}
long sys_lstat(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, 0, &st), put_stat);
}
long sys_fstat(int fd, uaddr_t buf)
{
	STAT_BY(stat_fd(fd, &st), put_stat);
}
long sys_oldstat(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, LOOKUP_FOLLOW, &st), put_oldstat);
}
long sys_oldlstat(uaddr_t name, uaddr_t buf)
{
	STAT_BY(path_getattr_user(AT_FDCWD, name, 0, &st), put_oldstat);
}
long sys_oldfstat(int fd, uaddr_t buf)
{
	STAT_BY(stat_fd(fd, &st), put_oldstat);
}

static unsigned at_lookup(u32 flags)
{
	return (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
	       (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

long sys_fstatat64(int dirfd, uaddr_t name, uaddr_t buf, u32 flags)
{
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	STAT_BY(path_getattr_user(dirfd, name, at_lookup(flags), &st), put_stat64);
}

/* Filled as the one, and then made the other. */
union statx_buf {
	struct kstat st;
	struct statx x;
};

#define SAME_PLACE(field, name) \
	_Static_assert(offsetof(struct kstat, field) == offsetof(struct statx, name) && \
			       sizeof(((struct kstat *)0)->field) <= \
				       sizeof(((struct statx *)0)->name), \
		       #field)
SAME_PLACE(result_mask, stx_mask);
SAME_PLACE(blksize, stx_blksize);
SAME_PLACE(attributes, stx_attributes);
SAME_PLACE(nlink, stx_nlink);
SAME_PLACE(uid, stx_uid);
SAME_PLACE(gid, stx_gid);
SAME_PLACE(ino, stx_ino);
SAME_PLACE(size, stx_size);
SAME_PLACE(blocks, stx_blocks);
SAME_PLACE(attributes_mask, stx_attributes_mask);
SAME_PLACE(atime, stx_atime);
SAME_PLACE(btime, stx_btime);
SAME_PLACE(ctime, stx_ctime);
SAME_PLACE(mtime, stx_mtime);
SAME_PLACE(mnt_id, stx_mnt_id);
/* the upper half of mode, which is zero, is __spare0 */
_Static_assert(offsetof(struct kstat, mode) == offsetof(struct statx, stx_mode), "mode");
_Static_assert(offsetof(struct kstat, dev) == offsetof(struct statx, stx_rdev_major), "dev");
_Static_assert(sizeof(struct kstat) == offsetof(struct statx, stx_dio_mem_align) &&
		       sizeof(struct statx) == 256,
	       "what is not filled");

static long put_statx(uaddr_t user, union statx_buf *buf)
{
	kdev_t dev = buf->st.dev, rdev = buf->st.rdev;
	struct statx *x = &buf->x;

	x->stx_mask |= STATX_MNT_ID;
	x->stx_rdev_major = MAJOR(rdev);
	x->stx_rdev_minor = MINOR(rdev);
	x->stx_dev_major = MAJOR(dev);
	x->stx_dev_minor = MINOR(dev);
	x->stx_atime.__reserved = x->stx_btime.__reserved = 0;
	x->stx_ctime.__reserved = x->stx_mtime.__reserved = 0;
	memset(&x->stx_dio_mem_align, 0, sizeof(*x) - offsetof(struct statx, stx_dio_mem_align));
	return copy_to_user(user, x, sizeof(*x)) ? -EFAULT : 0;
}

long sys_statx(int dirfd, uaddr_t name, u32 flags, u32 mask, uaddr_t user)
{
	union statx_buf buf;
	long err;

	if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (flags &
	     ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	err = path_getattr_user(dirfd, name, at_lookup(flags), &buf.st);
	return err ? err : put_statx(user, &buf);
}

/* ---- statfs ---- */

static long statfs_name(uaddr_t name, struct kstatfs *out)
{
	struct path path;
	long err = path_lookup_user(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = vfs_statfs(&path, out);
	path_put(&path);
	return err;
}

static long statfs_fd(int fd, struct kstatfs *out)
{
	struct fd_ref f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_statfs(&f.file->path, out);
	fdput(f);
	return err;
}

#define FILL_STATFS(s, k) \
	do { \
		memset(&(s), 0, sizeof(s)); \
		(s).f_type = (k)->type; \
		(s).f_bsize = (k)->bsize; \
		(s).f_blocks = (k)->blocks; \
		(s).f_bfree = (k)->bfree; \
		(s).f_bavail = (k)->bavail; \
		(s).f_files = (k)->files; \
		(s).f_ffree = (k)->ffree; \
		(s).f_fsid.val[0] = (int)(k)->fsid[0]; \
		(s).f_fsid.val[1] = (int)(k)->fsid[1]; \
		(s).f_namelen = (k)->namelen; \
		(s).f_frsize = (k)->frsize; \
		(s).f_flags = (k)->flags; \
	} while (0)

static long put_statfs(uaddr_t user, const struct kstatfs *k)
{
	struct statfs s;

	if ((k->blocks | k->files) >> 32)
		return -EOVERFLOW;
	FILL_STATFS(s, k);
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_statfs64(uaddr_t user, const struct kstatfs *k)
{
	struct statfs64 s;

	FILL_STATFS(s, k);
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

long sys_statfs(uaddr_t name, uaddr_t buf)
{
	struct kstatfs k;
	long err = statfs_name(name, &k);

	return err ? err : put_statfs(buf, &k);
}

long sys_fstatfs(int fd, uaddr_t buf)
{
	struct kstatfs k;
	long err = statfs_fd(fd, &k);

	return err ? err : put_statfs(buf, &k);
}

long sys_statfs64(uaddr_t name, u32 size, uaddr_t buf)
{
	struct kstatfs k;
	long err = size == sizeof(struct statfs64) ? statfs_name(name, &k) : -EINVAL;

	return err ? err : put_statfs64(buf, &k);
}

long sys_fstatfs64(int fd, u32 size, uaddr_t buf)
{
	struct kstatfs k;
	long err = size == sizeof(struct statfs64) ? statfs_fd(fd, &k) : -EINVAL;

	return err ? err : put_statfs64(buf, &k);
}

/* ---- access ---- */

/* Does the caller act on files just as its real ids would? The common case. */
static bool acts_as_real(const struct cred *c)
{
	if (c->fsuid != c->uid || c->fsgid != c->gid)
		return false;
	return c->uid ? !c->cap_effective : c->cap_effective == c->cap_permitted;
}

/* The caller's credentials with the real ids in place of the effective ones; NULL: no memory. */
static struct cred *real_cred(void)
{
	struct cred *c = cred_prepare();

	if (c) {
		c->fsuid = c->uid;
		c->fsgid = c->gid;
		c->cap_effective = c->uid ? 0 : c->cap_permitted;
	}
	return c;
}

static long access_as_caller(int dirfd, uaddr_t name, u32 mode, u32 flags)
{
	struct path path;
	long err = path_lookup_user(dirfd, name, at_lookup(flags), &path);

	if (err)
		return err;
	err = vfs_access(&path, (int)mode);
	path_put(&path);
	return err;
}

long sys_faccessat2(int dirfd, uaddr_t name, u32 mode, u32 flags)
{
	const struct cred *old = current->cred;
	struct cred *real;
	long err;

	if ((mode & ~7u) || (flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if ((flags & AT_EACCESS) || acts_as_real(old))
		return access_as_caller(dirfd, name, mode, flags);
	real = real_cred();
	if (!real)
		return -ENOMEM;
	rcu_assign_pointer(current->cred, real);
	err = access_as_caller(dirfd, name, mode, flags);
	rcu_assign_pointer(current->cred, old);
	cred_put(real);
	return err;
}

long sys_faccessat(int dirfd, uaddr_t name, u32 mode)
{
	return sys_faccessat2(dirfd, name, mode, 0);
}

long sys_access(uaddr_t name, u32 mode)
{
	return sys_faccessat2(AT_FDCWD, name, mode, 0);
}

/* ---- chmod, chown ---- */

long sys_fchmodat(int dirfd, uaddr_t name, u32 mode)
{
	struct path path;
	long err = path_lookup_user(dirfd, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = vfs_chmod(&path, mode);
	path_put(&path);
	return err;
}

long sys_chmod(uaddr_t name, u32 mode)
{
	return sys_fchmodat(AT_FDCWD, name, mode);
}

long sys_fchmod(int fd, u32 mode)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_chmod(&f.file->path, mode);
	fdput(f);
	return err;
}

static long chown_name(int dirfd, uaddr_t name, unsigned lookup, uid_t uid, gid_t gid)
{
	struct path path;
	long err = path_lookup_user(dirfd, name, lookup, &path);

	if (err)
		return err;
	err = vfs_chown(&path, uid, gid);
	path_put(&path);
	return err;
}

long sys_fchownat(int dirfd, uaddr_t name, u32 uid, u32 gid, u32 flags)
{
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_name(dirfd, name, at_lookup(flags), uid, gid);
}

long sys_chown(uaddr_t name, u32 uid, u32 gid)
{
	return chown_name(AT_FDCWD, name, LOOKUP_FOLLOW, uid, gid);
}

long sys_lchown(uaddr_t name, u32 uid, u32 gid)
{
	return chown_name(AT_FDCWD, name, 0, uid, gid);
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_chown(&f.file->path, uid, gid);
	fdput(f);
	return err;
}

/* Ids of 16 bits: 0xffff means "leave it". */
static u32 widen(u32 id)
{
	return (u16)id == 0xffff ? ~0u : (u16)id;
}

long sys_chown16(uaddr_t name, u32 uid, u32 gid)
{
	return sys_chown(name, widen(uid), widen(gid));
}
long sys_lchown16(uaddr_t name, u32 uid, u32 gid)
{
	return sys_lchown(name, widen(uid), widen(gid));
}
long sys_fchown16(int fd, u32 uid, u32 gid)
{
	return sys_fchown(fd, widen(uid), widen(gid));
}

/* ---- times ---- */

/* @times NULL: now. A null name with a descriptor: the open file (futimens). */
static long set_times(int dirfd, uaddr_t name, const struct timespec64 *times, u32 flags)
{
	struct path path;
	struct fd_ref f;
	long err;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && dirfd != AT_FDCWD) {
		if (flags)
			return -EINVAL;
		f = fdget(dirfd);
		if (!f.file)
			return -EBADF;
		err = vfs_utimes(&f.file->path, times);
		fdput(f);
		return err;
	}
	err = path_lookup_user(dirfd, name, at_lookup(flags), &path);
	if (err)
		return err;
	err = vfs_utimes(&path, times);
	path_put(&path);
	return err;
}

long sys_utimensat(int dirfd, uaddr_t name, uaddr_t user, u32 flags)
{
	struct timespec64 times[2];
	s32 raw[4];

	if (!user)
		return set_times(dirfd, name, NULL, flags);
	if (copy_from_user(raw, user, sizeof(raw)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		times[i].sec = raw[2 * i];
		times[i].nsec = (u32)raw[2 * i + 1];
	}
	return set_times(dirfd, name, times, flags);
}

long sys_utimensat_time64(int dirfd, uaddr_t name, uaddr_t user, u32 flags)
{
	struct timespec64 times[2];
	s64 raw[4];

	if (!user)
		return set_times(dirfd, name, NULL, flags);
	if (copy_from_user(raw, user, sizeof(raw)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) { /* a 32-bit caller's upper half of tv_nsec is padding */
		times[i].sec = raw[2 * i];
		times[i].nsec = (u32)raw[2 * i + 1];
	}
	return set_times(dirfd, name, times, flags);
}

long sys_utime(uaddr_t name, uaddr_t user)
{
	struct timespec64 times[2] = {{0, 0}, {0, 0}};
	s32 raw[2];

	if (!user)
		return set_times(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(raw, user, sizeof(raw)))
		return -EFAULT;
	times[0].sec = raw[0];
	times[1].sec = raw[1];
	return set_times(AT_FDCWD, name, times, 0);
}

long sys_futimesat(int dirfd, uaddr_t name, uaddr_t user)
{
	struct timespec64 times[2];
	s32 raw[4];

	if (!user)
		return set_times(dirfd, name, NULL, 0);
	if (copy_from_user(raw, user, sizeof(raw)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (raw[2 * i + 1] < 0 || raw[2 * i + 1] >= 1000000)
			return -EINVAL;
		times[i].sec = raw[2 * i];
		times[i].nsec = (u32)raw[2 * i + 1] * 1000;
	}
	return set_times(dirfd, name, times, 0);
}

long sys_utimes(uaddr_t name, uaddr_t times)
{
	return sys_futimesat(AT_FDCWD, name, times);
}
