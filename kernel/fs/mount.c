/*
 * The tree of mounts: mount(2), umount(2), pivot_root(2), and the hash by which path lookup crosses from a covered dentry to the root
 * of what covers it.
 *
 * mount_mutex guards the tree; each change lies between namespace_seq_begin() and _end(), so that walks without references notice.
 * A mount holds its super block, its root dentry, its parent and the dentry that it covers; the tree holds one reference of the
 * mount, and everybody who stands in it (open files, working directories, children) one more: a count of one means idle.
 */
#include "fs/internal.h"

#include "lib/hash.h"

#define MOUNT_DEAD 0x80000000u
#define MOUNT_HASH_BITS 7

/* Flags of the mount, and of the super block, among mount(2)'s. */
#define MNT_FLAGS \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
	 MS_STRICTATIME)
#define SB_FLAGS \
	(MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT | MS_POSIXACL | \
	 MS_LAZYTIME)
#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define MNT_EXPIRE 4u
#define UMOUNT_NOFOLLOW 8u

mutex_t mount_mutex;
struct mount *mount_root;
DEFINE_WAIT_QUEUE(mount_wait);
u32 mount_events;
static struct hlist_head mount_table[1u << MOUNT_HASH_BITS];
static LIST_HEAD(mount_list);
static u32 next_mount_id;
static u32 last_sequence; /* (m); the root's is 0 */

u32 namespace_seq;
static DEFINE_SPINLOCK(namespace_lock, RANK_INODE_SPIN);

void namespace_seq_begin(void)
{
	spin_lock(&namespace_lock);
	__atomic_store_n(&namespace_seq, namespace_seq + 1, __ATOMIC_RELAXED);
	smp_wmb();
}

void namespace_seq_end(void)
{
	__atomic_store_n(&namespace_seq, namespace_seq + 1, __ATOMIC_RELEASE);
	spin_unlock(&namespace_lock);
}

/* ---- the objects ---- */

static inline struct hlist_head *mount_bucket(const struct mount *parent,
					      const struct dentry *dentry)
{
	return &mount_table[hash_32((u32)(uintptr_t)parent ^ ((u32)(uintptr_t)dentry >> 4),
				    MOUNT_HASH_BITS)];
}

struct mount *mount_find_child(const struct mount *parent, const struct dentry *dentry)
{
	struct mount *m;

	hlist_for_each_entry_rcu(m, mount_bucket(parent, dentry), hash)
	{
		if (m->parent == parent && m->mountpoint == dentry)
			return m;
	}
	return NULL;
}

/* Takes over the reference of @sb. */
static struct mount *mount_alloc(struct super_block *sb, struct dentry *root, const char *source,
				 u32 flags)
{
	struct mount *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return NULL;
	m->source = kstrdup(source ? source : "none", GFP_KERNEL);
	if (!m->source) {
		kfree(m);
		return NULL;
	}
	hlist_node_init(&m->hash);
	list_init(&m->node);
	list_init(&m->child);
	list_init(&m->children);
	dentry_get(root);
	m->root = root;
	m->sb = sb;
	m->flags = flags & MNT_FLAGS;
	m->refs = 1;
	m->parent = m;
	m->id = (int)atomic_inc_return(&next_mount_id);
	return m;
}

static void mount_free_rcu(struct rcu_head *head)
{
	struct mount *m = container_of(head, struct mount, rcu);

	kfree(m->source);
	kfree(m);
}

static void mount_free(struct mount *m)
{
	dentry_put(m->root);
	super_put(m->sb);
	call_rcu(&m->rcu, mount_free_rcu);
}

void mount_get(struct mount *mnt)
{
	atomic_inc(&mnt->refs);
}

bool mount_get_unless_dead(struct mount *mnt)
{
	u32 old = atomic_read(&mnt->refs);

	do {
		if (unlikely(old == 0 || old & MOUNT_DEAD))
			return false;
	} while (!atomic_try_cmpxchg(&mnt->refs, &old, old + 1));
	return true;
}

void mount_put(struct mount *mnt)
{
	if (mnt && atomic_dec_and_test(&mnt->refs))
		mount_free(mnt);
}

struct mount *mount_internal(struct super_block *sb)
{
	super_get(sb);
	return mount_alloc(sb, sb->root, sb->type->name, 0);
}

int mount_check_write(const struct mount *mnt)
{
	return ((mnt->flags | mnt->sb->flags) & MS_RDONLY) ? -EROFS : 0;
}

int mount_want_write(struct mount *mnt)
{
	int err;

	(void)__atomic_fetch_add(&mnt->writers, 1, __ATOMIC_SEQ_CST);
	err = mount_check_write(mnt);
	if (err)
		mount_drop_write(mnt);
	return err;
}

void mount_drop_write(struct mount *mnt)
{
	(void)__atomic_fetch_sub(&mnt->writers, 1, __ATOMIC_SEQ_CST);
}

bool dentry_is_mountpoint(const struct dentry *dentry)
{
	return READ_ONCE(dentry->flags) & DENTRY_MOUNTED;
}

/* ---- the tree. => mount_mutex held ---- */

static void tree_changed(void)
{
	mount_events++;
	wake_up_all(&mount_wait);
}

/* Holds @where for as long as it is attached. */
static void attach(struct mount *m, const struct path *where)
{
	path_get(where);
	dentry_set_mounted(where->dentry, true);
	namespace_seq_begin();
	m->parent = where->mnt;
	m->mountpoint = where->dentry;
	hlist_add_head_rcu(&m->hash, mount_bucket(m->parent, m->mountpoint));
	m->attached = true;
	namespace_seq_end();
	list_add_tail(&m->child, &m->parent->children);
	if (list_empty(&m->node)) {
		m->sequence = ++last_sequence;
		list_add_tail(&m->node, &mount_list);
	}
	tree_changed();
}

/* Is another mount still on @dentry, seen from any parent? */
static bool still_covered(const struct dentry *dentry)
{
	struct mount *m;

	list_for_each_entry(m, &mount_list, node) {
		if (m->attached && m->mountpoint == dentry)
			return true;
	}
	return false;
}

/* Out of the tree; @where gets what it covered, with the references. */
static void detach(struct mount *m, struct path *where)
{
	namespace_seq_begin();
	hlist_del_init_rcu(&m->hash);
	m->attached = false;
	where->mnt = m->parent;
	where->dentry = m->mountpoint;
	m->parent = m;
	m->mountpoint = NULL;
	namespace_seq_end();
	if (!still_covered(where->dentry))
		dentry_set_mounted(where->dentry, false);
	list_del_init(&m->child);
	tree_changed();
}

static int lookup_mountpoint(const char *target, struct path *path)
{
	return path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, path);
}

/* A directory covers a directory, a file a file; a removed one cannot be covered. */
static int check_attach(const struct dentry *root, const struct path *where)
{
	if (dentry_is_dir(root) != dentry_is_dir(where->dentry))
		return -ENOTDIR;
	if (where->dentry->parent != where->dentry && !dentry_is_hashed(where->dentry))
		return -ENOENT;
	return 0;
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
	if (!err)
		attach(m, where);
	mutex_unlock(&mount_mutex);
	if (err)
		mount_put(m);
	return err;
}

static struct mount *bind_one(struct mount *old, struct dentry *root)
{
	struct mount *m;

	super_get(old->sb);
	m = mount_alloc(old->sb, root, old->source, old->flags);
	if (!m)
		super_put(old->sb);
	return m;
}

/* Repeat the mounts below @from (those inside @top) below @to. What fails to be copied leaves the rest as it is. */
static int bind_children(struct mount *from, struct mount *to, struct dentry *top)
{
	struct mount *child,
		*last = list_empty(&from->children)
				? NULL
				: list_last_entry(&from->children, struct mount, child);

	if (!last)
		return 0;
	list_for_each_entry(child, &from->children, child) {
		struct path where = {to, child->mountpoint};
		struct mount *copy;
		int err;

		if (child != to && dentry_is_ancestor(top, child->mountpoint)) {
			copy = bind_one(child, child->root);
			if (!copy)
				return -ENOMEM;
			attach(copy, &where);
			err = bind_children(child, copy, child->root);
			if (err)
				return err;
		}
		if (child == last)
			break;
	}
	return 0;
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
	m = bind_one(from.mnt, from.dentry);
	if (!m) {
		err = -ENOMEM;
		goto out;
	}
	mutex_lock(&mount_mutex);
	err = check_attach(m->root, where);
	if (!err) {
		attach(m, where);
		if (flags & MS_REC)
			err = bind_children(from.mnt, m, from.dentry);
	} else {
		mount_put(m);
	}
	mutex_unlock(&mount_mutex);
out:
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
	detach(from.mnt, &covered);
	attach(from.mnt, &target);
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
		tree_changed();
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

/* Lazily: out of the tree now, freed when the last user leaves. Children go with it. */
static void umount_lazy(struct mount *m)
{
	struct path covered;

	while (!list_empty(&m->children))
		umount_lazy(list_first_entry(&m->children, struct mount, child));
	list_del_init(&m->node);
	detach(m, &covered);
	path_put(&covered);
	mount_put(m);
}

static int umount_idle(struct mount *m)
{
	struct path covered;
	u32 one = 2; /* the tree's and our own lookup's */

	if (!list_empty(&m->children) || !atomic_try_cmpxchg(&m->refs, &one, MOUNT_DEAD))
		return -EBUSY;
	list_del_init(&m->node);
	detach(m, &covered);
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
		umount_lazy(m);
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
	/* both must be roots of mounts; the root file system has no parent and cannot be moved; put_old lies below new_root */
	if (root.dentry != root_mnt->root || root_mnt->parent == root_mnt ||
	    new.dentry != new.mnt->root || new.mnt->parent == new.mnt)
		goto out;
	if (old.mnt == new.mnt ? !dentry_is_ancestor(new.dentry, old.dentry)
			       : old.mnt->parent != new.mnt)
		goto out;
	err = -EBUSY;
	if (new.mnt == root_mnt || old.mnt == root_mnt)
		goto out;
	detach(new.mnt, &covered);
	detach(root_mnt, &covered_root);
	attach(root_mnt, &old);
	attach(new.mnt, &covered_root);
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

void mount_list_lock(void)
{
	mutex_lock(&mount_mutex);
}

void mount_list_unlock(void)
{
	mutex_unlock(&mount_mutex);
}

struct mount *mount_list_from(u32 sequence)
{
	struct mount *m;

	list_for_each_entry(m, &mount_list, node) {
		if (m->sequence >= sequence)
			return m;
	}
	return NULL;
}

struct mount *mount_list_next(const struct mount *mnt)
{
	if (list_is_last(&mnt->node, &mount_list))
		return NULL;
	return list_entry(mnt->node.next, struct mount, node);
}

int mount_for_each(int (*fn)(struct mount *mnt, const char *path, void *arg), void *arg)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	struct mount *m;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	mutex_lock(&mount_mutex);
	list_for_each_entry(m, &mount_list, node) {
		struct path path = {m, m->root};
		char *name = path_name(&path, buf, PATH_MAX);

		if (IS_ERR(name) || *name != '/')
			continue; /* out of the caller's sight */
		err = fn(m, name, arg);
		if (err)
			break;
	}
	mutex_unlock(&mount_mutex);
	kfree(buf);
	return err;
}

/* The first mount, which has no parent. */
void __init mount_init_root(struct super_block *sb)
{
	mutex_init(&mount_mutex, RANK_FS_MOUNT);
	mount_root = mount_alloc(sb, sb->root, "rootfs", 0);
	BUG_ON(!mount_root);
	list_add_tail(&mount_root->node, &mount_list);
}
