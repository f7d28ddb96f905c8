/*
 * Extended attributes: setxattr(2), getxattr(2), listxattr(2), removexattr(2), each by path, by
 * link and by descriptor.
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

/* A path to work on, by name or by descriptor. */
struct target {
	struct path path;
	struct fd_ref fd;
};

static long target_by_name(struct target *t, uaddr_t name, unsigned lookup)
{
	t->fd.file = NULL;
	return path_lookup_user(AT_FDCWD, name, lookup, &t->path);
}

static long target_by_fd(struct target *t, int fd)
{
	t->fd = fdget(fd);
	if (!t->fd.file)
		return -EBADF;
	t->path = t->fd.file->path;
	return 0;
}

static void target_put(struct target *t)
{
	if (t->fd.file)
		fdput(t->fd);
	else
		path_put(&t->path);
}

static long get_attribute_name(char name[XATTR_NAME_MAX + 1], uaddr_t user)
{
	ssize_t len = strncpy_from_user(name, user, XATTR_NAME_MAX + 1);

	if (len < 0)
		return len;
	return len == 0 || len > XATTR_NAME_MAX ? -ERANGE : 0;
}

static long set_on(const struct path *path, uaddr_t user_name, uaddr_t user, u32 size, u32 flags)
{
	char name[XATTR_NAME_MAX + 1];
	void *value = NULL;
	long err;

	if (flags & ~(u32)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = get_attribute_name(name, user_name);
	if (err)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size) {
		value = kvmalloc(size, GFP_KERNEL);
		if (!value)
			return -ENOMEM;
		if (copy_from_user(value, user, size))
			err = -EFAULT;
	}
	if (!err)
		err = vfs_setxattr(path, name, value, size, (int)flags);
	kvfree(value);
	return err;
}

/* Fetch with @get into a buffer and copy out. */
static long fetch(const struct path *path, const char *name, uaddr_t user, u32 size, u32 max)
{
	void *buf = NULL;
	ssize_t n;

	size = MIN(size, max);
	if (size) {
		buf = kvmalloc(size, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	n = name ? vfs_getxattr(path, name, buf, size) : vfs_listxattr(path, buf, size);
	if (n > 0 && size && copy_to_user(user, buf, (size_t)n))
		n = -EFAULT;
	kvfree(buf);
	return n;
}

static long get_on(const struct path *path, uaddr_t user_name, uaddr_t user, u32 size)
{
	char name[XATTR_NAME_MAX + 1];
	long err = get_attribute_name(name, user_name);

	return err ? err : fetch(path, name, user, size, XATTR_SIZE_MAX);
}

static long list_on(const struct path *path, uaddr_t user, u32 size)
{
	return fetch(path, NULL, user, size, XATTR_LIST_MAX);
}

static long remove_on(const struct path *path, uaddr_t user_name)
{
	char name[XATTR_NAME_MAX + 1];
	long err = get_attribute_name(name, user_name);

	return err ? err : vfs_removexattr(path, name);
}

#define ON(target_expression, call) \
	struct target t; \
	long err = target_expression; \
	if (err) \
		return err; \
	err = call; \
	target_put(&t); \
	return err

long sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size, u32 flags)
{
	ON(target_by_name(&t, path, LOOKUP_FOLLOW), set_on(&t.path, name, value, size, flags));
}

long sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size, u32 flags)
{
	ON(target_by_name(&t, path, 0), set_on(&t.path, name, value, size, flags));
}

long sys_fsetxattr(int fd, uaddr_t name, uaddr_t value, u32 size, u32 flags)
{
	ON(target_by_fd(&t, fd), set_on(&t.path, name, value, size, flags));
}

long sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size)
{
	ON(target_by_name(&t, path, LOOKUP_FOLLOW), get_on(&t.path, name, value, size));
}

long sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t value, u32 size)
{
	ON(target_by_name(&t, path, 0), get_on(&t.path, name, value, size));
}

long sys_fgetxattr(int fd, uaddr_t name, uaddr_t value, u32 size)
{
	ON(target_by_fd(&t, fd), get_on(&t.path, name, value, size));
}

long sys_listxattr(uaddr_t path, uaddr_t list, u32 size)
{
	ON(target_by_name(&t, path, LOOKUP_FOLLOW), list_on(&t.path, list, size));
}

long sys_llistxattr(uaddr_t path, uaddr_t list, u32 size)
{
	ON(target_by_name(&t, path, 0), list_on(&t.path, list, size));
}

long sys_flistxattr(int fd, uaddr_t list, u32 size)
{
	ON(target_by_fd(&t, fd), list_on(&t.path, list, size));
}

long sys_removexattr(uaddr_t path, uaddr_t name)
{
	ON(target_by_name(&t, path, LOOKUP_FOLLOW), remove_on(&t.path, name));
}

long sys_lremovexattr(uaddr_t path, uaddr_t name)
{
	ON(target_by_name(&t, path, 0), remove_on(&t.path, name));
}

long sys_fremovexattr(int fd, uaddr_t name)
{
	ON(target_by_fd(&t, fd), remove_on(&t.path, name));
}
