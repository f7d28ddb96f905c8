/*
 * System calls on names and directories: mkdir(2), unlink(2), rename(2), getdents(2), chdir(2)...
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/inotify.h"
#include "fs/namei.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/stat.h>

/* ---- one name ---- */

#define SHORT_PATH 96

/* Most names are short enough for the stack. */
static long with_name(uaddr_t name, int dirfd, int (*fn)(int dirfd, const char *name))
{
	char buf[SHORT_PATH], *path;
	ssize_t len = strncpy_from_user(buf, name, SHORT_PATH);
	long err;

	if (unlikely(len <= 0))
		return len ? len : -ENOENT;
	if (likely(len < SHORT_PATH))
		return fn(dirfd, buf);
	path = getname(name, 0);
	if (IS_ERR(path))
		return PTR_ERR(path);
	err = fn(dirfd, path);
	putname(path);
	return err;
}

long sys_mkdirat(int dirfd, uaddr_t name, u32 mode)
{
	char *path = getname(name, 0);
	long err;

	if (IS_ERR(path))
		return PTR_ERR(path);
	err = vfs_mkdirat(dirfd, path, mode);
	putname(path);
	return err;
}

long sys_mkdir(uaddr_t name, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_rmdir(uaddr_t name)
{
	return with_name(name, AT_FDCWD, vfs_rmdirat);
}

long sys_mknodat(int dirfd, uaddr_t name, u32 mode, u32 dev)
{
	char *path = getname(name, 0);
	long err;

	if (IS_ERR(path))
		return PTR_ERR(path);
	err = vfs_mknodat(dirfd, path, mode, dev);
	putname(path);
	return err;
}

long sys_mknod(uaddr_t name, u32 mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, name, mode, dev);
}

long sys_unlinkat(int dirfd, uaddr_t name, u32 flags)
{
	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	return with_name(name, dirfd, flags & AT_REMOVEDIR ? vfs_rmdirat : vfs_unlinkat);
}

long sys_unlink(uaddr_t name)
{
	return with_name(name, AT_FDCWD, vfs_unlinkat);
}

/* ---- two names ---- */

struct two_names {
	char *old, *new;
};

static long two_names_get(struct two_names *n, uaddr_t old, uaddr_t new, unsigned old_flags)
{
	n->old = getname(old, old_flags);
	if (IS_ERR(n->old))
		return PTR_ERR(n->old);
	n->new = getname(new, 0);
	if (IS_ERR(n->new)) {
		putname(n->old);
		return PTR_ERR(n->new);
	}
	return 0;
}

static void two_names_put(struct two_names *n)
{
	putname(n->old);
	putname(n->new);
}

long sys_linkat(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new, u32 flags)
{
	struct two_names n;
	long err = two_names_get(&n, old, new, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);

	if (err)
		return err;
	err = vfs_linkat(old_dirfd, n.old, new_dirfd, n.new, flags);
	two_names_put(&n);
	return err;
}

long sys_link(uaddr_t old, uaddr_t new)
{
	return sys_linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

long sys_symlinkat(uaddr_t target, int dirfd, uaddr_t name)
{
	struct two_names n;
	long err = two_names_get(&n, target, name, 0);

	if (err)
		return err;
	err = vfs_symlinkat(n.old, dirfd, n.new);
	two_names_put(&n);
	return err;
}

long sys_symlink(uaddr_t target, uaddr_t name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

long sys_renameat2(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new, u32 flags)
{
	struct two_names n;
	long err = two_names_get(&n, old, new, 0);

	if (err)
		return err;
	err = vfs_renameat(old_dirfd, n.old, new_dirfd, n.new, flags);
	two_names_put(&n);
	return err;
}

long sys_renameat(int old_dirfd, uaddr_t old, int new_dirfd, uaddr_t new)
{
	return sys_renameat2(old_dirfd, old, new_dirfd, new, 0);
}

long sys_rename(uaddr_t old, uaddr_t new)
{
	return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

long sys_readlinkat(int dirfd, uaddr_t name, uaddr_t user, int size)
{
	struct path path;
	char *buf;
	long n;

	if (size <= 0)
		return -EINVAL;
	n = path_lookup_user(dirfd, name, LOOKUP_EMPTY, &path);
	if (n)
		return n;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	n = buf ? vfs_readlink(&path, buf, MIN((size_t)size, (size_t)PATH_MAX)) : -ENOMEM;
	path_put(&path);
	if (n > 0 && copy_to_user(user, buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n;
}

long sys_readlink(uaddr_t name, uaddr_t buf, int size)
{
	u8 first;

	/* unlike readlinkat(2) there is nothing that "" could mean */
	if (get_user_u8(&first, name))
		return -EFAULT;
	return first ? sys_readlinkat(AT_FDCWD, name, buf, size) : -ENOENT;
}

/* ---- reading directories ---- */

struct linux_dirent64 { /* getdents64(2) */
	u64 ino;
	s64 off;
	u16 reclen;
	u8 type;
	char name[];
} __packed;

struct linux_dirent { /* getdents(2); the type is in the last byte */
	u32 ino, off;
	u16 reclen;
	char name[];
} __packed;

struct dirent_buffer {
	struct dir_context ctx;
	uaddr_t user;
	u32 left, used;
	int error; /* why the first entry did not go in */
};

static bool put_name(uaddr_t to, const char *name, unsigned len)
{
	return !copy_to_user(to, name, len) && !put_user_u8(0, to + len);
}

static bool emit64(struct dir_context *ctx, const char *name, unsigned len, loff_t off, u64 ino,
		   unsigned type)
{
	struct dirent_buffer *b = container_of(ctx, struct dirent_buffer, ctx);
	u32 size = ALIGN_UP((u32)sizeof(struct linux_dirent64) + len + 1, 8);
	struct linux_dirent64 head = {
		.ino = ino, .off = off, .reclen = (u16)size, .type = (u8)type};

	b->error = -EINVAL;
	if (size > b->left)
		return false;
	b->error = -EFAULT;
	if (copy_to_user(b->user, &head, sizeof(head)) ||
	    !put_name(b->user + sizeof(head), name, len))
		return false;
	b->user += size;
	b->left -= size;
	b->used += size;
	ctx->pos = off;
	return true;
}

static bool emit32(struct dir_context *ctx, const char *name, unsigned len, loff_t off, u64 ino,
		   unsigned type)
{
	struct dirent_buffer *b = container_of(ctx, struct dirent_buffer, ctx);
	u32 size = ALIGN_UP((u32)sizeof(struct linux_dirent) + len + 2, 4);
	struct linux_dirent head = {.ino = (u32)ino, .off = (u32)off, .reclen = (u16)size};

	b->error = -EINVAL;
	if (size > b->left)
		return false;
	b->error = -EOVERFLOW;
	if (head.ino != ino)
		return false;
	b->error = -EFAULT;
	if (copy_to_user(b->user, &head, sizeof(head)) ||
	    !put_name(b->user + sizeof(head), name, len) ||
	    put_user_u8((u8)type, b->user + size - 1))
		return false;
	b->user += size;
	b->left -= size;
	b->used += size;
	ctx->pos = off;
	return true;
}

static long read_directory(int fd, uaddr_t user, u32 size,
			   bool (*emit)(struct dir_context *, const char *, unsigned, loff_t, u64,
					unsigned))
{
	struct dirent_buffer b = {
		.ctx = {.emit = emit}, .user = user, .left = MIN(size, 0x7fffffffu)};
	struct fd_ref f = fdget_pos(fd);
	long err;

	if (!f.file)
		return -EBADF;
	b.ctx.pos = f.file->pos;
	err = vfs_iterate(f.file, &b.ctx);
	f.file->pos = b.ctx.pos;
	fdput_pos(f);
	if (b.used)
		return (long)b.used;
	return err ? err : b.error;
}

long sys_getdents64(int fd, uaddr_t buf, u32 size)
{
	return read_directory(fd, buf, size, emit64);
}

long sys_getdents(int fd, uaddr_t buf, u32 size)
{
	return read_directory(fd, buf, size, emit32);
}

/*
 * readdir(2), of the first Linux: one entry; 1, 0 at the end. The record's length field
 * holds the name's.
 */
static bool emit_one(struct dir_context *ctx, const char *name, unsigned len, loff_t off, u64 ino,
		     unsigned type)
{
	struct dirent_buffer *b = container_of(ctx, struct dirent_buffer, ctx);
	struct linux_dirent head = {.ino = (u32)ino, .off = (u32)ctx->pos, .reclen = (u16)len};

	(void)type;
	if (b->used)
		return false;
	b->error = -EFAULT;
	if (copy_to_user(b->user, &head, sizeof(head)) ||
	    !put_name(b->user + sizeof(head), name, len))
		return false;
	b->used = 1;
	ctx->pos = off;
	return true;
}

long sys_old_readdir(int fd, uaddr_t buf, u32 count)
{
	(void)count;
	return read_directory(fd, buf, 0, emit_one);
}

/* ---- where the caller stands ---- */

long sys_getcwd(uaddr_t user, u32 size)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	char *name;
	long len;

	if (!buf)
		return -ENOMEM;
	name = cwd_name(buf, PATH_MAX);
	if (IS_ERR(name)) {
		len = PTR_ERR(name);
	} else {
		len = (long)strlen(name) + 1;
		if ((u32)len > size)
			len = -ERANGE;
		else if (copy_to_user(user, name, (size_t)len))
			len = -EFAULT;
	}
	kfree(buf);
	return len;
}

long sys_chdir(uaddr_t name)
{
	struct path path;
	long err = path_lookup_user(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = vfs_chdir(&path);
	path_put(&path);
	return err;
}

long sys_fchdir(int fd)
{
	struct fd_ref f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = vfs_chdir(&f.file->path);
	fdput(f);
	return err;
}

long sys_chroot(uaddr_t name)
{
	struct path path;
	long err = path_lookup_user(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = vfs_chroot(&path);
	path_put(&path);
	return err;
}

long sys_umask(u32 mask)
{
	return (long)__atomic_exchange_n(&current->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}

/* No file system here can find a file by a handle. */
long sys_name_to_handle_at(int dirfd, uaddr_t name, uaddr_t handle, uaddr_t mount_id, u32 flags)
{
	struct path path;
	long err;

	(void)handle;
	(void)mount_id;
	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = path_lookup_user(dirfd, name,
			       (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
				       (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			       &path);
	if (err)
		return err;
	path_put(&path);
	return -EOPNOTSUPP;
}

long sys_open_by_handle_at(int mount_fd, uaddr_t handle, u32 flags)
{
	(void)mount_fd;
	(void)handle;
	(void)flags;
	return fs_capable(CAP_DAC_READ_SEARCH) ? -ESTALE : -EPERM;
}

/* ---- inotify ---- */

long sys_inotify_init1(u32 flags)
{
	return fd_open_file(inotify_create((int)flags), flags & O_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

long sys_inotify_add_watch(int fd, uaddr_t name, u32 mask)
{
	struct fd_ref f = fdget(fd);
	struct path path;
	long wd;

	if (!f.file)
		return -EBADF;
	wd = path_lookup_user(AT_FDCWD, name,
			      (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) |
				      (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0),
			      &path);
	if (!wd) {
		wd = inotify_add(f.file, &path, mask);
		path_put(&path);
	}
	fdput(f);
	return wd;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = inotify_remove(f.file, wd);
	fdput(f);
	return err;
}
