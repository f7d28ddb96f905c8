/*
 * Path names from user memory: nearly all are short, and a buffer on the stack does for them. Read
 * next: namei.c.
 */
#include "fs/internal.h"

#define SHORT_NAME 128

char *getname(uaddr_t name, unsigned flags)
{
	char *buf = kmalloc(SHORT_NAME, GFP_KERNEL);
	ssize_t len;

	if (!buf)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(buf, name, SHORT_NAME);
	if (unlikely(len >= SHORT_NAME)) {
		kfree(buf);
		buf = kmalloc(PATH_MAX, GFP_KERNEL);
		if (!buf)
			return ERR_PTR(-ENOMEM);
		len = strncpy_from_user(buf, name, PATH_MAX);
	}
	if (len < 0 || len >= PATH_MAX || (len == 0 && !(flags & LOOKUP_EMPTY))) {
		kfree(buf);
		return ERR_PTR(len < 0 ? len : len == 0 ? -ENOENT : -ENAMETOOLONG);
	}
	return buf;
}

void putname(char *name)
{
	if (!IS_ERR_OR_NULL(name))
		kfree(name);
}

static noinline int lookup_long(int dirfd, uaddr_t name, unsigned flags, struct path *out)
{
	char *buf = getname(name, flags);
	int err;

	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	err = path_lookup(dirfd, buf, flags, out);
	putname(buf);
	return err;
}

int path_lookup_user(int dirfd, uaddr_t name, unsigned flags, struct path *out)
{
	char buf[SHORT_NAME];
	ssize_t len = strncpy_from_user(buf, name, SHORT_NAME);

	if (unlikely(len < 0))
		return (int)len;
	if (unlikely(len >= SHORT_NAME))
		return lookup_long(dirfd, name, flags, out);
	return path_lookup(dirfd, buf, flags, out);
}

static noinline int getattr_long(int dirfd, uaddr_t name, unsigned flags, struct kstat *out)
{
	char *buf = getname(name, flags);
	int err;

	if (IS_ERR(buf))
		return (int)PTR_ERR(buf);
	err = path_getattr(dirfd, buf, flags, out);
	putname(buf);
	return err;
}

int path_getattr_user(int dirfd, uaddr_t name, unsigned flags, struct kstat *out)
{
	char buf[SHORT_NAME];
	ssize_t len = strncpy_from_user(buf, name, SHORT_NAME);

	if (unlikely(len < 0))
		return (int)len;
	if (unlikely(len >= SHORT_NAME))
		return getattr_long(dirfd, name, flags, out);
	return path_getattr(dirfd, buf, flags, out);
}
