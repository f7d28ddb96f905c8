/*
 * pipe(2), and the calls that move data between files: sendfile(2), splice(2), tee(2), vmsplice(2),
 * copy_file_range(2).
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "fs/splice.h"
#include "uio.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define SPLICE_F_MOVE 1u /* splice(2) */
#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_MORE 4u
#define SPLICE_F_GIFT 8u
#define SPLICE_F_ALL 15u

long sys_pipe2(uaddr_t user, u32 flags)
{
	struct file *ends[2];
	int fds[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(ends, (int)flags);
	if (err)
		return err;
	fds[0] = fd_reserve(0, flags);
	fds[1] = fds[0] < 0 ? fds[0] : fd_reserve(0, flags);
	err = fds[1] < 0 ? fds[1] : 0;
	if (!err && copy_to_user(user, fds, sizeof(fds)))
		err = -EFAULT;
	if (err) {
		if (fds[0] >= 0)
			fd_unreserve(fds[0]);
		if (fds[1] >= 0)
			fd_unreserve(fds[1]);
		fput(ends[0]);
		fput(ends[1]);
		return err;
	}
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;
}

long sys_pipe(uaddr_t fds)
{
	return sys_pipe2(fds, 0);
}

/* ---- two descriptors ---- */

struct two_files {
	struct fd_ref in, out;
};

static long two_files_get(struct two_files *f, int in, int out)
{
	f->in = fdget(in);
	if (!f->in.file)
		return -EBADF;
	f->out = fdget(out);
	if (!f->out.file || !(f->in.file->mode & FMODE_READ) ||
	    !(f->out.file->mode & FMODE_WRITE)) {
		if (f->out.file)
			fdput(f->out);
		fdput(f->in);
		return -EBADF;
	}
	return 0;
}

static void two_files_put(struct two_files *f)
{
	fdput(f->out);
	fdput(f->in);
}

/* ---- sendfile ---- */

static long send_file(int out, int in, loff_t *pos, u32 count)
{
	struct two_files f;
	long n = two_files_get(&f, in, out);

	if (n)
		return n;
	if (!(f.in.file->mode & FMODE_LSEEK) || !f.in.file->op->read_iter ||
	    (f.out.file->flags & O_APPEND))
		n = -EINVAL;
	else if (pos && !(f.in.file->mode & FMODE_PREAD))
		n = -ESPIPE;
	else if (pos && *pos < 0)
		n = -EINVAL;
	else
		n = file_copy(f.in.file, pos, f.out.file, NULL, MIN(count, MAX_RW_COUNT));
	two_files_put(&f);
	return n;
}

long sys_sendfile(int out, int in, uaddr_t offset, u32 count)
{
	loff_t pos;
	s32 small;
	long n;

	if (!offset)
		return send_file(out, in, NULL, count);
	if (get_user_u32((u32 *)&small, offset))
		return -EFAULT;
	pos = small;
	n = send_file(out, in, &pos, count);
	if (pos > 0x7fffffff)
		return -EOVERFLOW;
	return put_user_u32((u32)pos, offset) ? -EFAULT : n;
}

long sys_sendfile64(int out, int in, uaddr_t offset, u32 count)
{
	loff_t pos;
	long n;

	if (!offset)
		return send_file(out, in, NULL, count);
	if (get_user_u64((u64 *)&pos, offset))
		return -EFAULT;
	n = send_file(out, in, &pos, count);
	return put_user_u64((u64)pos, offset) ? -EFAULT : n;
}

/* ---- offsets that the caller may give ---- */

struct user_offset {
	loff_t value, *pos; /* NULL: the file's own position */
	uaddr_t user;
};

static long user_offset_get(struct user_offset *o, uaddr_t user)
{
	o->user = user;
	o->pos = NULL;
	if (!user)
		return 0;
	if (get_user_u64((u64 *)&o->value, user))
		return -EFAULT;
	o->pos = &o->value;
	return o->value < 0 ? -EINVAL : 0;
}

static long user_offset_put(const struct user_offset *o, long result)
{
	if (o->user && result > 0 && put_user_u64((u64)o->value, o->user))
		return -EFAULT;
	return result;
}

static long check_ranges(struct two_files *f, loff_t in_pos, loff_t out_pos, u32 len)
{
	struct inode *in = f->in.file->inode, *out = f->out.file->inode;

	if (S_ISDIR(in->mode) || S_ISDIR(out->mode))
		return -EISDIR;
	if (!S_ISREG(in->mode) || !S_ISREG(out->mode))
		return -EINVAL;
	if (f->out.file->flags & O_APPEND)
		return -EBADF;
	if (in->sb != out->sb)
		return -EXDEV; /* as Linux since 5.19: the caller copies by other means */
	if (in == out && in_pos < out_pos + len && out_pos < in_pos + len)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(int in, uaddr_t in_off, int out, uaddr_t out_off, u32 len, u32 flags)
{
	struct user_offset a, b;
	struct two_files f;
	long n;

	if (flags)
		return -EINVAL;
	n = two_files_get(&f, in, out);
	if (n)
		return n;
	n = user_offset_get(&a, in_off);
	if (!n)
		n = user_offset_get(&b, out_off);
	len = MIN(len, MAX_RW_COUNT);
	if (!n)
		n = check_ranges(&f, a.pos ? *a.pos : f.in.file->pos,
				 b.pos ? *b.pos : f.out.file->pos, len);
	if (!n) {
		n = file_copy(f.in.file, a.pos, f.out.file, b.pos, len);
		n = user_offset_put(&b, user_offset_put(&a, n));
	}
	two_files_put(&f);
	return n;
}

/* ---- splice and its kin ---- */

static long splice_files(struct two_files *f, struct user_offset *in, struct user_offset *out,
			 u32 len)
{
	bool from_pipe = file_is_pipe(f->in.file), to_pipe = file_is_pipe(f->out.file);

	if (!from_pipe && !to_pipe)
		return -EINVAL;
	if ((from_pipe && in->pos) || (to_pipe && out->pos))
		return -ESPIPE;
	if ((in->pos && !(f->in.file->mode & FMODE_PREAD)) ||
	    (out->pos && !(f->out.file->mode & FMODE_PWRITE)))
		return -EINVAL;
	if (!f->in.file->op->read_iter || !f->out.file->op->write_iter ||
	    (f->out.file->flags & O_APPEND))
		return -EINVAL;
	return file_copy(f->in.file, in->pos, f->out.file, out->pos, len);
}

long sys_splice(int in, uaddr_t in_off, int out, uaddr_t out_off, u32 len, u32 flags)
{
	struct user_offset a, b;
	struct two_files f;
	long n;

	if (!len)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	n = two_files_get(&f, in, out);
	if (n)
		return n;
	n = user_offset_get(&a, in_off);
	if (!n)
		n = user_offset_get(&b, out_off);
	if (!n) {
		n = splice_files(&f, &a, &b, MIN(len, MAX_RW_COUNT));
		n = user_offset_put(&b, user_offset_put(&a, n));
	}
	two_files_put(&f);
	return n;
}

long sys_tee(int in, int out, u32 len, u32 flags)
{
	struct two_files f;
	long n;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	n = two_files_get(&f, in, out);
	if (n)
		return n;
	n = pipe_tee(f.in.file, f.out.file, MIN(len, MAX_RW_COUNT),
		     (flags & SPLICE_F_NONBLOCK) || (f.out.file->flags & O_NONBLOCK));
	two_files_put(&f);
	return n;
}

/* Memory into a pipe, or a pipe into memory: a copy does it. */
long sys_vmsplice(int fd, uaddr_t iov, u32 n, u32 flags)
{
	struct fd_ref f;
	long result;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!file_is_pipe(f.file))
		result = -EBADF;
	else
		result =
			f.file->mode & FMODE_WRITE ? sys_writev(fd, iov, n) : sys_readv(fd, iov, n);
	fdput(f);
	return result;
}
