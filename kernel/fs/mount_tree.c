/*
 * The tree of mounts itself: the objects, the hash by which path lookup crosses from a
 * covered dentry to the root of what covers it, copies of parts of the tree. The calls on it
 * are in mount.c.
 *
 * mount_mutex guards the tree; each change lies between namespace_seq_begin() and _end(), so that
 * walks without references notice. A mount holds its super block, its root dentry, its parent and
 * the dentry that it covers; the tree holds one reference of the mount, and everybody who stands in
 * it (open files, working directories, children) one more: a count of one means idle.
 *
 * A tree may be as deep as there are mounts: it is walked, never recursed into.
 */
#include "mount_tree.h"

#include "lib/hash.h"

#define MOUNT_HASH_BITS 10
#define MOUNT_HASH_SIZE (1u << MOUNT_HASH_BITS)

mutex_t mount_mutex;
struct mount *mount_root;
DEFINE_WAIT_QUEUE(mount_wait);
u32 mount_events;
unsigned sysctl_mount_max = 100000;
static unsigned mount_count;                             /* (m) of those listed */
static struct hlist_head mount_table[MOUNT_HASH_SIZE];   /* by parent and covered dentry */
static struct hlist_head covered_table[MOUNT_HASH_SIZE]; /* (m) by covered dentry alone */
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

struct mount *mount_alloc(struct super_block *sb, struct dentry *root, const char *source,
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
	hlist_node_init(&m->covered);
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

void mount_free(struct mount *m)
{
	dentry_put(m->root);
	super_put(m->sb);
	call_rcu(&m->rcu, mount_free_rcu);
}

struct mount *mount_internal(struct super_block *sb)
{
	super_get(sb);
	return mount_alloc(sb, sb->root, sb->type->name, 0);
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

/* ---- the tree. => mount_mutex held ---- */

bool mount_is_in_tree(const struct mount *m)
{
	return m->attached || m == mount_root;
}

bool mount_room_for(unsigned n)
{
	return n <= sysctl_mount_max && mount_count <= sysctl_mount_max - n;
}

void mount_tree_changed(void)
{
	mount_events++;
	wake_up_all(&mount_wait);
}

static struct hlist_head *covered_bucket(const struct dentry *dentry)
{
	return &covered_table[hash_32((u32)(uintptr_t)dentry, MOUNT_HASH_BITS)];
}

/* Holds @where for as long as it is attached. */
static void link_mount(struct mount *m, const struct path *where)
{
	path_get(where);
	dentry_set_mounted(where->dentry, true);
	namespace_seq_begin();
	m->parent = where->mnt;
	m->mountpoint = where->dentry;
	hlist_add_head_rcu(&m->hash, mount_bucket(m->parent, m->mountpoint));
	m->attached = true;
	namespace_seq_end();
	hlist_add_head(&m->covered, covered_bucket(m->mountpoint));
	list_add_tail(&m->child, &m->parent->children);
}

/* Is another mount still on @dentry, seen from any parent? */
static bool still_covered(const struct dentry *dentry)
{
	struct mount *m;

	hlist_for_each_entry(m, covered_bucket(dentry), covered)
	{
		if (m->mountpoint == dentry)
			return true;
	}
	return false;
}

void mount_detach(struct mount *m, struct path *where)
{
	namespace_seq_begin();
	hlist_del_init_rcu(&m->hash);
	m->attached = false;
	where->mnt = m->parent;
	where->dentry = m->mountpoint;
	m->parent = m;
	m->mountpoint = NULL;
	namespace_seq_end();
	hlist_del_init(&m->covered);
	if (!still_covered(where->dentry))
		dentry_set_mounted(where->dentry, false);
	list_del_init(&m->child);
	mount_tree_changed();
}

static struct mount *first_child(const struct mount *m)
{
	return list_first_entry(&m->children, struct mount, child);
}

/* The mount behind @m, parents before children, in the tree below @top; NULL: that was all. */
static struct mount *next_below(const struct mount *top, struct mount *m)
{
	if (!list_empty(&m->children))
		return first_child(m);
	while (m != top && list_is_last(&m->child, &m->parent->children))
		m = m->parent;
	return m == top ? NULL : list_next_entry(m, child);
}

void mount_attach(struct mount *top, const struct path *where)
{
	link_mount(top, where);
	for (struct mount *m = top; m && list_empty(&m->node); m = next_below(top, m)) {
		m->sequence = ++last_sequence;
		list_add_tail(&m->node, &mount_list);
		mount_count++;
	}
	mount_tree_changed();
}

void mount_unlist(struct mount *m)
{
	if (list_empty(&m->node))
		return;
	list_del_init(&m->node);
	mount_count--;
}

static void drop_leaf(struct mount *m)
{
	struct path covered;

	mount_unlist(m);
	if (m->attached) {
		mount_detach(m, &covered);
		path_put(&covered);
	}
	mount_put(m);
}

void mount_drop_tree(struct mount *top)
{
	struct mount *m = top, *leaf;

	do {
		while (!list_empty(&m->children))
			m = first_child(m);
		leaf = m;
		m = leaf->parent;
		drop_leaf(leaf);
		cond_resched();
	} while (leaf != top);
}

/* ---- copies of it ---- */

static struct mount *copy_one(struct mount *old, struct dentry *root)
{
	struct mount *m;

	super_get(old->sb);
	m = mount_alloc(old->sb, root, old->source, old->flags);
	if (!m)
		super_put(old->sb);
	return m;
}

/*
 * The mounts below @from that lie inside the root of its copy @to, below that: 0, -ENOMEM, -ENOSPC.
 */
static int copy_below(struct mount *from, struct mount *to)
{
	struct mount *m = from, *copy = to; /* where we are, there and here */
	unsigned made = 1;

	for (;;) {
		if (copy && !list_empty(&m->children)) {
			m = first_child(m);
			to = copy;
		} else {
			while (m != from && list_is_last(&m->child, &m->parent->children)) {
				m = m->parent;
				to = to->parent;
			}
			if (m == from)
				return 0;
			m = list_next_entry(m, child);
		}
		copy = NULL;
		if (m->parent == from && !dentry_is_ancestor(to->root, m->mountpoint))
			continue;
		if (!mount_room_for(++made))
			return -ENOSPC;
		copy = copy_one(m, m->root);
		if (!copy)
			return -ENOMEM;
		link_mount(copy, &(struct path){to, m->mountpoint});
		cond_resched();
	}
}

struct mount *mount_copy(struct mount *from, struct dentry *root, bool whole)
{
	struct mount *top;
	int err;

	if (!mount_room_for(1))
		return ERR_PTR(-ENOSPC);
	top = copy_one(from, root);
	if (!top)
		return ERR_PTR(-ENOMEM);
	err = whole ? copy_below(from, top) : 0;
	if (!err)
		return top;
	mount_drop_tree(top);
	return ERR_PTR(err);
}

/* ---- the list of all ---- */

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
	mount_count = 1;
}
