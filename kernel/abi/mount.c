/*
 * mount(2), umount(2), pivot_root(2).
 */
#include "abi/fs.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "mm/slab.h"
#include <linux/limits.h>

/* A string of the caller's, or NULL for a null pointer; ERR_PTR */
static char *optional_string(uaddr_t user)
{
	return user ? getname(user, LOOKUP_EMPTY) : NULL;
}

/*
 * Options: as much as can be read of a page. File systems here take text; its end is where the
 * memory, or the page, ends.
 */
static char *copy_options(uaddr_t user)
{
	char *buf;
	size_t left;

	if (!user)
		return NULL;
	buf = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	left = copy_from_user(buf, user, PAGE_SIZE - 1);
	if (left == PAGE_SIZE - 1) {
		kfree(buf);
		return ERR_PTR(-EFAULT);
	}
	return buf;
}

struct mount_arguments {
	char *source, *target, *type, *data;
};

static long first_error(const struct mount_arguments *a)
{
	const void *const all[] = {a->type, a->source, a->data, a->target};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (IS_ERR(all[i]))
			return PTR_ERR(all[i]);
	}
	return 0;
}

long sys_mount(uaddr_t source, uaddr_t target, uaddr_t type, u32 flags, uaddr_t data)
{
	struct mount_arguments a = {
		.source = optional_string(source),
		.target = getname(target, 0),
		.type = optional_string(type),
		.data = copy_options(data),
	};
	long err = first_error(&a);

	if (!err)
		err = vfs_do_mount(a.source, a.target, a.type, flags, a.data);
	putname(a.source);
	putname(a.target);
	putname(a.type);
	putname(a.data);
	return err;
}

long sys_umount2(uaddr_t target, u32 flags)
{
	char *name = getname(target, 0);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = vfs_umount(name, flags);
	putname(name);
	return err;
}

long sys_umount(uaddr_t target)
{
	return sys_umount2(target, 0);
}

long sys_pivot_root(uaddr_t new_root, uaddr_t put_old)
{
	char *new = getname(new_root, 0), *old = getname(put_old, 0);
	long err = IS_ERR(new)   ? PTR_ERR(new)
		   : IS_ERR(old) ? PTR_ERR(old)
				 : vfs_pivot_root(new, old);

	putname(new);
	putname(old);
	return err;
}
