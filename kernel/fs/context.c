/*
 * Where a task stands in the file system: its root, its working directory and its umask (struct
 * fs_context, shared by CLONE_FS).
 *
 * All contexts are on one list, so that pivot_root(2) can move everybody who stood in the old root.
 */
#include "fs/internal.h"

static LIST_HEAD(contexts);
static DEFINE_SPINLOCK(contexts_lock, RANK_FILES);
static struct kmem_cache *context_cache;

void path_get(const struct path *path)
{
	mount_get(path->mnt);
	dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
	dentry_put(path->dentry);
	mount_put(path->mnt);
}

static struct fs_context *context_alloc(void)
{
	struct fs_context *c;

	if (unlikely(!context_cache))
		context_cache =
			kmem_cache_create("fs_cache", sizeof(struct fs_context), 0, SLAB_PANIC);
	c = kmem_cache_alloc(context_cache, GFP_KERNEL);
	if (!c)
		return NULL;
	c->users = 1;
	spin_lock_init(&c->lock, RANK_FILES);
	return c;
}

static void context_add(struct fs_context *c)
{
	spin_lock(&contexts_lock);
	list_add(&c->node, &contexts);
	spin_unlock(&contexts_lock);
}

struct fs_context *fs_context_new(void)
{
	struct fs_context *c = context_alloc();

	if (!c)
		return NULL;
	c->umask = 0022;
	c->root.mnt = mount_root;
	c->root.dentry = mount_root->root;
	c->cwd = c->root;
	path_get(&c->root);
	path_get(&c->cwd);
	context_add(c);
	return c;
}

struct fs_context *fs_context_copy(struct fs_context *old)
{
	struct fs_context *c = context_alloc();

	if (!c)
		return NULL;
	spin_lock(&old->lock);
	c->umask = old->umask;
	c->root = old->root;
	c->cwd = old->cwd;
	path_get(&c->root);
	path_get(&c->cwd);
	spin_unlock(&old->lock);
	context_add(c);
	return c;
}

void fs_context_get(struct fs_context *c)
{
	atomic_inc(&c->users);
}

void fs_context_put(struct fs_context *c)
{
	if (!c || !atomic_dec_and_test(&c->users))
		return;
	spin_lock(&contexts_lock);
	list_del(&c->node);
	spin_unlock(&contexts_lock);
	path_put(&c->root);
	path_put(&c->cwd);
	kmem_cache_free(context_cache, c);
}

void current_root(struct path *out)
{
	struct fs_context *c = current->fs;

	spin_lock(&c->lock);
	*out = c->root;
	path_get(out);
	spin_unlock(&c->lock);
}

void current_cwd(struct path *out)
{
	struct fs_context *c = current->fs;

	spin_lock(&c->lock);
	*out = c->cwd;
	path_get(out);
	spin_unlock(&c->lock);
}

/* Put @path into one of the caller's places. */
static void replace(struct path *place, const struct path *path)
{
	struct fs_context *c = current->fs;
	struct path old;

	path_get(path);
	spin_lock(&c->lock);
	old = *place;
	*place = *path;
	spin_unlock(&c->lock);
	path_put(&old);
}

int vfs_chdir(const struct path *path)
{
	int err;

	if (!dentry_is_dir(path->dentry))
		return -ENOTDIR;
	err = inode_permission(path->dentry->inode, MAY_EXEC);
	if (err)
		return err;
	replace(&current->fs->cwd, path);
	return 0;
}

int vfs_chroot(const struct path *path)
{
	int err;

	if (!dentry_is_dir(path->dentry))
		return -ENOTDIR;
	err = inode_permission(path->dentry->inode, MAY_EXEC);
	if (err)
		return err;
	if (!fs_capable(CAP_SYS_CHROOT))
		return -EPERM;
	replace(&current->fs->root, path);
	return 0;
}

static unsigned replace_if(struct path *place, const struct path *from, const struct path *to)
{
	if (place->mnt != from->mnt || place->dentry != from->dentry)
		return 0;
	*place = *to;
	path_get(to);
	return 1;
}

void fs_context_replace_all(const struct path *from, const struct path *to)
{
	struct fs_context *c;
	unsigned n = 0;

	spin_lock(&contexts_lock);
	list_for_each_entry(c, &contexts, node) {
		spin_lock_nested(&c->lock);
		n += replace_if(&c->root, from, to);
		n += replace_if(&c->cwd, from, to);
		spin_unlock(&c->lock);
	}
	spin_unlock(&contexts_lock);
	while (n--)
		path_put(from);
}
