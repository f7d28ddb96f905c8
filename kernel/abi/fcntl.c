/*
 * dup(2), fcntl(2), flock(2).
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/locks.h"
#include "fs/pipe.h"
#include "proc/cred.h"
#include "proc/process.h"
#include <linux/fcntl.h>

long sys_dup(int fd)
{
	struct file *file = fget_raw(fd);

	return file ? fd_open_file(file, 0) : -EBADF;
}

long sys_dup3(int fd, int new_fd, u32 flags)
{
	struct file *file;

	if ((flags & ~(u32)O_CLOEXEC) || fd == new_fd)
		return -EINVAL;
	if (new_fd < 0)
		return -EBADF;
	file = fget_raw(fd);
	return file ? fd_replace(new_fd, file, flags) : -EBADF;
}

long sys_dup2(int fd, int new_fd)
{
	if (fd == new_fd) {
		int err = fd_get_cloexec(fd);

		return err < 0 ? err : fd;
	}
	return sys_dup3(fd, new_fd, 0);
}

static long dup_from(struct file *file, u32 min, u32 flags)
{
	int fd;

	if (min >= process_rlimit(current->process, RLIMIT_NOFILE))
		return -EINVAL;
	fd = fd_reserve((int)min, flags);
	if (fd >= 0) {
		file_get(file);
		fd_install(fd, file);
	}
	return fd;
}

#define SETFL_MASK (O_APPEND | O_NONBLOCK | FASYNC | O_DIRECT | O_NOATIME)

static long set_flags(struct file *file, u32 flags)
{
	struct inode *inode = file->inode;

	if (((flags ^ file->flags) & O_APPEND) && (inode->flags & INODE_APPEND))
		return -EPERM;
	if ((flags & O_NOATIME) && !(file->flags & O_NOATIME) &&
	    current_cred()->fsuid != inode->uid && !fs_capable(3 /* CAP_FOWNER */))
		return -EPERM;
	spin_lock(&file->lock);
	file->flags = (flags & SETFL_MASK) | (file->flags & ~(u32)SETFL_MASK);
	spin_unlock(&file->lock);
	return 0;
}

/* ---- locks ---- */

/* The range that l_whence, l_start and l_len mean: 0, -EINVAL, -EOVERFLOW. */
static int lock_range(struct file *file, int whence, loff_t start, loff_t len,
		      struct lock_request *req)
{
	switch (whence) {
	case 0: break;
	case 1: start += file->pos; break;
	case 2: start += inode_size(file->inode); break;
	default: return -EINVAL;
	}
	if (start < 0)
		return -EINVAL;
	if (len > 0) {
		if (len - 1 > INT64_MAX - start)
			return -EOVERFLOW;
		req->end = start + len - 1;
	} else if (len < 0) {
		if (start + len < 0)
			return -EINVAL;
		req->end = start - 1;
		start += len;
	} else {
		req->end = INT64_MAX;
	}
	req->start = start;
	return 0;
}

/* The same of both sizes of struct flock. */
struct any_flock {
	short type, whence;
	loff_t start, len;
	pid_t pid;
};

static int copy_flock_in(struct any_flock *l, uaddr_t user, bool wide)
{
	struct flock64 l64;
	struct flock l32;

	if (wide) {
		if (copy_from_user(&l64, user, sizeof(l64)))
			return -EFAULT;
		*l = (struct any_flock){l64.l_type, l64.l_whence, l64.l_start, l64.l_len,
					l64.l_pid};
	} else {
		if (copy_from_user(&l32, user, sizeof(l32)))
			return -EFAULT;
		*l = (struct any_flock){l32.l_type, l32.l_whence, l32.l_start, l32.l_len,
					l32.l_pid};
	}
	return 0;
}

static int copy_flock_out(const struct any_flock *l, uaddr_t user, bool wide)
{
	struct flock64 l64 = {l->type, l->whence, l->start, l->len, l->pid};
	struct flock l32 = {l->type, l->whence, (long)l->start, (long)l->len, l->pid};

	if (wide)
		return copy_to_user(user, &l64, sizeof(l64)) ? -EFAULT : 0;
	if (l->start > 0x7fffffff || l->len > 0x7fffffff)
		return -EOVERFLOW;
	return copy_to_user(user, &l32, sizeof(l32)) ? -EFAULT : 0;
}

static long get_lock(struct file *file, uaddr_t user, bool wide, bool ofd)
{
	struct lock_request req;
	struct any_flock l;
	int err = copy_flock_in(&l, user, wide);

	if (err)
		return err;
	if ((l.type != F_RDLCK && l.type != F_WRLCK) || (ofd && l.pid))
		return -EINVAL;
	err = lock_range(file, l.whence, l.start, l.len, &req);
	if (err)
		return err;
	req.type = l.type;
	file_getlk(file, &req, ofd);
	l.type = (short)req.type;
	if (req.type != F_UNLCK) {
		l.whence = 0;
		l.start = req.start;
		l.len = req.end == INT64_MAX ? 0 : req.end - req.start + 1;
		l.pid = req.pid;
	}
	return copy_flock_out(&l, user, wide);
}

static long set_lock(struct file *file, uaddr_t user, bool wide, bool ofd, bool wait)
{
	struct lock_request req;
	struct any_flock l;
	int err = copy_flock_in(&l, user, wide);

	if (err)
		return err;
	if ((l.type != F_RDLCK && l.type != F_WRLCK && l.type != F_UNLCK) || (ofd && l.pid))
		return -EINVAL;
	err = lock_range(file, l.whence, l.start, l.len, &req);
	if (err)
		return err;
	if ((l.type == F_RDLCK && !(file->mode & FMODE_READ)) ||
	    (l.type == F_WRLCK && !(file->mode & FMODE_WRITE)))
		return -EBADF;
	req.type = l.type;
	req.pid = ofd ? -1 : current->tgid;
	return file_setlk(file, &req, ofd, wait);
}

/* ---- SIGIO ---- */

static long set_owner(struct file *file, int type, pid_t id)
{
	const struct cred *cred = current_cred();

	spin_lock(&file->lock);
	file->owner.type = type;
	file->owner.pid = id;
	file->owner.uid = cred->uid;
	file->owner.euid = cred->euid;
	spin_unlock(&file->lock);
	return 0;
}

/* A negative number is a process group. */
static long set_owner_number(struct file *file, s32 who)
{
	if (who == INT32_MIN)
		return -EINVAL;
	return set_owner(file, who < 0 ? F_OWNER_PGRP : F_OWNER_PID, who < 0 ? -who : who);
}

static long get_owner_number(struct file *file)
{
	return file->owner.type == F_OWNER_PGRP ? -file->owner.pid : file->owner.pid;
}

static long set_owner_ex(struct file *file, uaddr_t user)
{
	struct f_owner_ex o;

	if (copy_from_user(&o, user, sizeof(o)))
		return -EFAULT;
	if (o.type != F_OWNER_TID && o.type != F_OWNER_PID && o.type != F_OWNER_PGRP)
		return -EINVAL;
	return set_owner(file, o.type, o.pid);
}

static long get_owner_ex(struct file *file, uaddr_t user)
{
	struct f_owner_ex o = {.type = file->owner.type, .pid = file->owner.pid};

	return copy_to_user(user, &o, sizeof(o)) ? -EFAULT : 0;
}

static long set_signal(struct file *file, u32 sig)
{
	if (sig > _NSIG)
		return -EINVAL;
	file->owner.sig = (int)sig;
	return 0;
}

/* ---- fcntl ---- */

static long file_fcntl(int fd, struct file *file, u32 cmd, u32 arg)
{
	switch (cmd) {
	case F_DUPFD: return dup_from(file, arg, 0);
	case F_DUPFD_CLOEXEC: return dup_from(file, arg, O_CLOEXEC);
	case F_GETFD: return fd_get_cloexec(fd);
	case F_SETFD: return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL: return (long)file->flags;
	}
	if (file->mode & FMODE_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL: return set_flags(file, arg);
	case F_GETLK: return get_lock(file, arg, false, false);
	case F_SETLK:
	case F_SETLKW: return set_lock(file, arg, false, false, cmd == F_SETLKW);
	case F_GETLK64: return get_lock(file, arg, true, false);
	case F_SETLK64:
	case F_SETLKW64: return set_lock(file, arg, true, false, cmd == F_SETLKW64);
	case F_OFD_GETLK: return get_lock(file, arg, true, true);
	case F_OFD_SETLK:
	case F_OFD_SETLKW: return set_lock(file, arg, true, true, cmd == F_OFD_SETLKW);
	case F_SETOWN: return set_owner_number(file, (s32)arg);
	case F_GETOWN: return get_owner_number(file);
	case F_SETOWN_EX: return set_owner_ex(file, arg);
	case F_GETOWN_EX: return get_owner_ex(file, arg);
	case F_SETSIG: return set_signal(file, arg);
	case F_GETSIG: return file->owner.sig;
	case F_SETPIPE_SZ: return pipe_set_size(file, arg);
	case F_GETPIPE_SZ: return pipe_get_size(file);
	case F_ADD_SEALS: return file_add_seals(file, arg);
	case F_GET_SEALS: return file_get_seals(file);
	default: return -EINVAL;
	}
}

long sys_fcntl64(int fd, u32 cmd, u32 arg)
{
	struct fd_ref f = fdget_raw(fd);
	long result;

	if (!f.file)
		return -EBADF;
	result = file_fcntl(fd, f.file, cmd, arg);
	fdput(f);
	return result;
}

/* The first call: without the 64-bit locks. */
long sys_fcntl(int fd, u32 cmd, u32 arg)
{
	switch (cmd) {
	case F_GETLK64:
	case F_SETLK64:
	case F_SETLKW64:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW: return -EINVAL;
	}
	return sys_fcntl64(fd, cmd, arg);
}

long sys_flock(int fd, u32 op)
{
	static const int types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};
	u32 what = op & ~(u32)LOCK_NB;
	struct fd_ref f;
	long err;

	if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = file_flock(f.file, types[what], op & LOCK_NB);
	fdput(f);
	return err;
}
