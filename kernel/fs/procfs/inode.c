/*
 * The file system of /proc: its super block, the inodes of fixed entries, and their directories.
 * Names below the root that are numbers are processes: pid.c.
 */
#include "procfs.h"
#include "fs/internal.h"
#include "lib/string.h"
#include "lib/printf.h"
#include "mm/slab.h"
#include <linux/magic.h>
#include <linux/stat.h>

#define DT_DIR 4
#define DT_REG 8
#define DT_LNK 10
/* Positions of a directory: 0 ".", 1 "..", then fixed entries, then processes. */
#define POS_ENTRIES 2
#define POS_PROCESSES 0x10000

struct inode *proc_inode_new(struct super_block *sb, mode_t mode, size_t target_size)
{
	struct proc_inode *pi = kzalloc(sizeof(*pi) + target_size, GFP_KERNEL);
	struct inode *inode = pi ? inode_alloc(sb) : NULL;

	if (!inode) {
		kfree(pi);
		return NULL;
	}
	pi->number = -1;
	inode->private = pi;
	inode->mode = mode;
	return inode;
}

void *proc_data(const struct inode *inode)
{
	return proc_inode_of(inode)->entry->data;
}

/* ---- fixed entries ---- */

static const struct inode_operations dir_ops;
static const struct file_operations dir_fops;

static const char *fixed_get_link(struct inode *inode)
{
	return proc_inode_of(inode)->entry->target;
}

static const struct inode_operations fixed_link_ops = {.get_link = fixed_get_link};

/* /proc files keep the mode and owner that the kernel gave them. */
int proc_setattr(struct inode *inode, const struct iattr *attr)
{
	if (attr->valid & ATTR_MODE)
		return -EPERM;
	inode_set_attr(inode, attr);
	return 0;
}

static const struct inode_operations file_ops = {.setattr = proc_setattr};

static struct inode *entry_inode(struct super_block *sb, struct proc_entry *entry)
{
	struct inode *inode = proc_inode_new(sb, entry->mode, 0);

	if (!inode)
		return NULL;
	proc_inode_of(inode)->entry = entry;
	inode->ino = entry->ino;
	if (S_ISDIR(entry->mode)) {
		inode->op = &dir_ops;
		inode->fop = &dir_fops;
		inode->nlink = 2 + entry->subdirs;
	} else if (S_ISLNK(entry->mode)) {
		inode->op = &fixed_link_ops;
	} else {
		inode->op = &file_ops;
		inode->fop = entry->op ? entry->op : &proc_entry_fops;
	}
	return inode;
}

static int dir_lookup(struct inode *dir, struct dentry *dentry)
{
	struct proc_entry *parent = proc_inode_of(dir)->entry;
	struct proc_entry *entry = proc_entry_find(parent, dentry->name, dentry->len);
	struct inode *inode;

	if (!entry)
		return parent == &proc_root ? proc_pid_lookup(dir->sb, dentry) : 0;
	if (S_ISLNK(entry->mode) && !entry->target)
		return proc_self_lookup(dir->sb, dentry, entry->data != NULL);
	inode = entry_inode(dir->sb, entry);
	if (!inode)
		return -ENOMEM;
	dentry_set_inode(dentry, inode);
	return 0;
}

static unsigned entry_type(const struct proc_entry *entry)
{
	return S_ISDIR(entry->mode) ? DT_DIR : S_ISLNK(entry->mode) ? DT_LNK : DT_REG;
}

static int dir_iterate(struct file *file, struct dir_context *ctx)
{
	struct proc_entry *dir = proc_inode_of(file->inode)->entry, *entry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, dir->ino, DT_DIR))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, dir->parent ? dir->parent->ino : dir->ino, DT_DIR))
			return 0;
		ctx->pos = POS_ENTRIES;
	}
	while (ctx->pos < POS_PROCESSES &&
	       (entry = proc_entry_nth(dir, (unsigned)ctx->pos - POS_ENTRIES))) {
		if (!ctx->emit(ctx, entry->name, (unsigned)strlen(entry->name), ctx->pos + 1,
			       entry->ino, entry_type(entry)))
			return 0;
	}
	if (dir == &proc_root) {
		ctx->pos = MAX(ctx->pos, (loff_t)POS_PROCESSES);
		proc_pid_iterate(ctx, POS_PROCESSES);
	}
	return 0;
}

static const struct inode_operations dir_ops = {.lookup = dir_lookup};
static const struct file_operations dir_fops = {.iterate = dir_iterate, .llseek = generic_llseek};

/* ---- super block ---- */

static void proc_evict(struct inode *inode)
{
	inode->link =
		inode->private; /* a walk may still ask: freed with the inode, after a grace period */
}

static int proc_statfs(struct super_block *sb, struct kstatfs *out)
{
	*out = (struct kstatfs){
		.type = sb->magic, .bsize = PAGE_SIZE, .frsize = PAGE_SIZE, .namelen = 255};
	return 0;
}

static const struct super_operations super_ops = {.evict = proc_evict, .statfs = proc_statfs};

static struct super_block *proc_mount(const struct file_system_type *type, const char *source,
				      u32 flags, const char *options)
{
	struct super_block *sb = super_alloc(type, flags);
	struct inode *root;
	int err = -ENOMEM;

	(void)source, (void)options;
	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->op = &super_ops;
	sb->magic = PROC_SUPER_MAGIC;
	sb->block_size = 1024;
	root = entry_inode(sb, &proc_root);
	if (root)
		err = super_set_root(sb, root);
	if (err) {
		super_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

static struct file_system_type proc_type = {.name = "proc", .mount = proc_mount};

void procfs_init(void)
{
	proc_register_link("self", NULL);
	proc_register_link("thread-self", NULL);
	proc_entry_find(&proc_root, "thread-self", 11)->data = &proc_root;
	proc_register_link("mounts", "self/mounts");
	proc_register_kernel();
	proc_register_memory();
	proc_register_kcore();
	proc_register_sysctls();
	proc_register_selfcheck();
	proc_register_failalloc();
	proc_register_lock_stat();
	proc_register_files();
	proc_register_kmap_bench();
	register_filesystem(&proc_type);
}
