/*
 * mount(2), umount(2), pivot_root(2). The tree that they change is in mount_tree.c.
 */
#include "mount_tree.h"

/* Flags of the super block among mount(2)'s. */
#define SB_FLAGS \
	(MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_POSIXACL | \
	 MS_LAZYTIME)
#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define MNT_EXPIRE 4u
#define UMOUNT_NOFOLLOW 8u

static int lookup_mountpoint(const char *target, struct path *path)
{
	return path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, path);
}

/*
 * A directory covers a directory, a file a file; a removed one, or one of a mount that is gone,
 * cannot be covered. => mount_mutex
 */
static int check_attach(const struct dentry *root, const struct path *where)
{
	if (where->dentry->parent != where->dentry && !dentry_is_hashed(where->dentry))
		return -ENOENT;
	if (!mount_is_in_tree(where->mnt))
		return -EINVAL;
	return dentry_is_dir(root) == dentry_is_dir(where->dentry) ? 0 : -ENOTDIR;
}

static int mount_new(const char *source, const struct path *where, const char *type_name, u32 flags,
		     const char *data)
{
	struct file_system_type *type = type_name ? filesystem_find(type_name) : NULL;
	struct super_block *sb;
	struct mount *m;
	int err;

	if (!type_name)
		return -EINVAL;
	if (!type)
		return -ENODEV;
	sb = type->mount(type, source, flags & SB_FLAGS, data);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
		flags |= MS_RELATIME;
	m = mount_alloc(sb, sb->root, source, flags);
	if (!m) {
		super_put(sb);
		return -ENOMEM;
	}
	mutex_lock(&mount_mutex);
	err = check_attach(m->root, where);
	if (!err && where->dentry == where->mnt->root && where->mnt->sb == sb)
		err = -EBUSY; /* the same once more */
	if (!err && !mount_room_for(1))
		err = -ENOSPC;
	if (!err)
		mount_attach(m, where);
	mutex_unlock(&mount_mutex);
	if (err)
		mount_put(m);
	return err;
}

static int mount_bind(const char *source, const struct path *where, u32 flags)
{
	struct path from;
	struct mount *m;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = lookup_mountpoint(source, &from);
	if (err)
		return err;
	mutex_lock(&mount_mutex);
	err = check_attach(from.dentry, where);
	if (!err && !mount_is_in_tree(from.mnt))
		err = -EINVAL;
	if (!err) {
		m = mount_copy(from.mnt, from.dentry, flags & MS_REC);
		if (IS_ERR(m))
			err = (int)PTR_ERR(m);
		else
			mount_attach(m, where);
	}
	mutex_unlock(&mount_mutex);
	path_put(&from);
	return err;
}

static int mount_move(const char *source, const struct path *where)
{
	struct path from, covered, target;
	struct mount *p;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = lookup_mountpoint(source, &from);
	if (err)
		return err;
	mutex_lock(&mount_mutex);
	err = -EINVAL;
	if (from.dentry != from.mnt->root || !from.mnt->attached || from.mnt == mount_root)
		goto out;
	err = check_attach(from.mnt->root, where);
	if (err)
		goto out;
	for (p = where->mnt; p->parent != p; p = p->parent) {
		if (p == from.mnt) {
			err = -ELOOP;
			goto out;
		}
	}
	target = *where;
	mount_detach(from.mnt, &covered);
	mount_attach(from.mnt, &target);
	mutex_unlock(&mount_mutex);
	path_put(&covered);
	path_put(&from);
	return 0;
out:
	mutex_unlock(&mount_mutex);
	path_put(&from);
	return err;
}

/* MS_REMOUNT: the flags of the mount (with MS_BIND), or of the super block too. */
static int mount_remount(const struct path *path, u32 flags)
{
	struct mount *m = path->mnt;
	int err = 0;

	if (path->dentry != m->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	if ((flags & MS_RDONLY) && !(m->flags & MS_RDONLY) && READ_ONCE(m->writers) > 0) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(m->flags, flags & MNT_FLAGS);
		if (!(flags & MS_BIND)) {
			if ((flags & MS_RDONLY) && m->sb->op && m->sb->op->sync)
				err = m->sb->op->sync(m->sb, true);
			m->sb->flags = (m->sb->flags & ~(u32)SB_FLAGS) | (flags & SB_FLAGS);
		}
		mount_tree_changed();
	}
	mutex_unlock(&mount_mutex);
	return err;
}

int vfs_do_mount(const char *source, const char *target, const char *type, u32 flags,
		 const char *data)
{
	struct path where;
	int err;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u32)MS_MGC_MSK;
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = lookup_mountpoint(target, &where);
	if (err)
		return err;
	if (flags & MS_REMOUNT)
		err = mount_remount(&where, flags);
	else if (flags & MS_BIND)
		err = mount_bind(source, &where, flags);
	else if (flags & (MS_SHARED | MS_UNBINDABLE))
		err = -EINVAL; /* mounts are always private here */
	else if (flags & (MS_PRIVATE | MS_SLAVE))
		err = where.dentry == where.mnt->root ? 0 : -EINVAL;
	else if (flags & MS_MOVE)
		err = mount_move(source, &where);
	else
		err = mount_new(source, &where, type, flags, data);
	path_put(&where);
	return err;
}

int vfs_mount(const char *source, const char *target, const char *type, u32 flags,
	      const char *options)
{
	return vfs_do_mount(source, target, type, flags, options);
}

static int umount_idle(struct mount *m)
{
	struct path covered;
	u32 one = 2; /* the tree's and our own lookup's */

	if (!list_empty(&m->children) || !atomic_try_cmpxchg(&m->refs, &one, MOUNT_DEAD))
		return -EBUSY;
	mount_unlist(m);
	mount_detach(m, &covered);
	path_put(&covered);
	return 0;
}

int vfs_umount(const char *target, unsigned flags)
{
	struct path path;
	struct mount *m;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	m = path.mnt;
	if (path.dentry != m->root || m == mount_root || (flags & MNT_EXPIRE)) {
		path_put(&path);
		return -EINVAL;
	}
	dentry_put(path.dentry);
	mutex_lock(&mount_mutex);
	if (!m->attached)
		err = -EINVAL;
	else if (flags & MNT_DETACH)
		mount_drop_tree(m); /* lazily: freed when the last user leaves */
	else
		err = umount_idle(m);
	mutex_unlock(&mount_mutex);
	if (!err && !(flags & MNT_DETACH))
		mount_free(m);
	else
		mount_put(m);
	return err;
}

int vfs_pivot_root(const char *new_root, const char *put_old)
{
	struct path new, old, root, covered, covered_root;
	struct mount *root_mnt;
	int err;

	if (!fs_capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup(AT_FDCWD, new_root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = path_lookup(AT_FDCWD, put_old, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (err)
		goto out_new;
	current_root(&root);
	mutex_lock(&mount_mutex);
	root_mnt = root.mnt;
	err = -EINVAL;
	/*
	 * both must be roots of mounts; the root file system has no parent and cannot be moved;
	 * put_old lies below new_root
	 */
	if (root.dentry != root_mnt->root || root_mnt->parent == root_mnt ||
	    new.dentry != new.mnt->root || new.mnt->parent == new.mnt)
		goto out;
	if (old.mnt == new.mnt ? !dentry_is_ancestor(new.dentry, old.dentry)
			       : old.mnt->parent != new.mnt)
		goto out;
	err = -EBUSY;
	if (new.mnt == root_mnt || old.mnt == root_mnt)
		goto out;
	mount_detach(new.mnt, &covered);
	mount_detach(root_mnt, &covered_root);
	mount_attach(root_mnt, &old);
	mount_attach(new.mnt, &covered_root);
	err = 0;
out:
	mutex_unlock(&mount_mutex);
	if (!err) {
		fs_context_replace_all(&root, &new);
		path_put(&covered);
		path_put(&covered_root);
	}
	path_put(&root);
	path_put(&old);
out_new:
	path_put(&new);
	return err;
}
