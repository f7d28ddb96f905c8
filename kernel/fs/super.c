/*
 * File-system types and super blocks.
 */
#include "fs/internal.h"

static LIST_HEAD(types);
static DEFINE_SPINLOCK(types_lock, RANK_INODE_SPIN);

int register_filesystem(struct file_system_type *type)
{
	struct file_system_type *t;
	int err = 0;

	spin_lock(&types_lock);
	list_for_each_entry(t, &types, node) {
		if (!strcmp(t->name, type->name))
			err = -EBUSY;
	}
	if (!err)
		list_add_tail_rcu(&type->node, &types);
	spin_unlock(&types_lock);
	return err;
}

void filesystem_for_each(void (*fn)(const struct file_system_type *type, void *arg), void *arg)
{
	struct file_system_type *t;

	list_for_each_entry_rcu(t, &types, node) /* types are never removed */
		fn(t, arg);
}

struct file_system_type *filesystem_find(const char *name)
{
	struct file_system_type *t;

	list_for_each_entry_rcu(t, &types, node)
	{
		if (!strcmp(t->name, name))
			return t;
	}
	return NULL;
}

struct super_block *super_alloc(const struct file_system_type *type, u32 flags)
{
	static u32 anonymous_minor;
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

	if (!sb)
		return NULL;
	sb->type = type;
	sb->flags = flags;
	sb->refs = 1;
	sb->dev = MKDEV(0, atomic_inc_return(&anonymous_minor));
	sb->block_size = PAGE_SIZE;
	sb->max_bytes =
		((loff_t)1 << (32 + PAGE_SHIFT)) - 1 - PAGE_SIZE; /* page indices have 32 bits */
	mutex_init(&sb->rename_lock, RANK_FS_RENAME);
	list_init(&sb->inodes);
	spin_lock_init(&sb->inodes_lock, RANK_INODE_SPIN);
	return sb;
}

int super_set_root(struct super_block *sb, struct inode *inode)
{
	sb->root = dentry_alloc_root(sb, "/");
	if (!sb->root)
		return -ENOMEM;
	dentry_set_inode(sb->root, inode);
	return 0;
}

void super_get(struct super_block *sb)
{
	atomic_inc(&sb->refs);
}

static void free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct super_block, rcu));
}

void super_put(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->refs))
		return;
	inotify_unmount(sb);
	if (sb->op && sb->op->sync && !(sb->flags & MS_RDONLY))
		sb->op->sync(sb, true);
	if (sb->root) {
		dentry_drop_tree(sb->root);
		dentry_put(sb->root);
	}
	if (sb->op && sb->op->put_super)
		sb->op->put_super(sb);
	call_rcu(&sb->rcu, free_rcu);
}
