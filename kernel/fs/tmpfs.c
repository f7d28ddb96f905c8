/*
 * tmpfs: files in memory (tmpfs(5)). Data lies in the page cache, in high memory where there is
 * some; names are dentries that are pinned in the cache; a directory has a tree of them by
 * position, so that readdir goes on where it was whatever happens meanwhile.
 *
 * Limits: size= in pages, nr_inodes=; 0 means none. Counters are atomic. (i) the directory's
 * inode->lock guards its tree.
 */
#include "fs/internal.h"

#include <linux/falloc.h>
#include <linux/magic.h>

#include "lib/parse.h"
#include "lib/rbtree.h"

struct tmpfs {
	u32 max_pages, used_pages;   /* (a) */
	u32 max_inodes, used_inodes; /* (a) */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	u32 shown;     /* options given, for /proc/mounts */
	bool is_ramfs; /* (k) its pages are not shared memory, and stay */
};
#define SHOW_SIZE 1u
#define SHOW_INODES 2u
#define SHOW_MODE 4u
#define SHOW_UID 8u
#define SHOW_GID 16u

#define FIRST_POS 2u  /* after . and .. */
#define ENTRY_SIZE 20 /* what a name adds to the size that stat shows for a directory */

struct tmpfs_dir {
	struct rb_root entries; /* (i) dentries by position (fsdata); the newest is the last */
	u32 next_pos;           /* (i) */
};

static const struct inode_operations dir_iops, file_iops, link_iops;
static const struct file_operations dir_fops, file_fops;

static inline struct tmpfs *tmpfs_of(const struct super_block *sb)
{
	return sb->private;
}

/* ---- accounting ---- */

/* Add @n if the sum stays within @max (0: no limit). */
static bool take(u32 *used, u32 max, u32 n)
{
	if (atomic_add_return(used, n) <= max || !max)
		return true;
	atomic_sub(used, n);
	return false;
}

static int tmpfs_charge(struct mapping *m, long delta)
{
	struct tmpfs *t = tmpfs_of(((struct inode *)m->host)->sb);

	if (delta < 0) {
		atomic_sub(&t->used_pages, (u32)-delta);
		return 0;
	}
	return take(&t->used_pages, t->max_pages, (u32)delta) ? 0 : -ENOSPC;
}

static const struct mapping_ops tmpfs_mapping_ops = {.charge = tmpfs_charge};

/* ---- inodes ---- */

struct inode *tmpfs_inode(struct super_block *sb, const struct inode *dir, mode_t mode, kdev_t dev)
{
	struct tmpfs *t = tmpfs_of(sb);
	struct tmpfs_dir *d = NULL;
	struct inode *inode;

	if (!take(&t->used_inodes, t->max_inodes, 1))
		return ERR_PTR(-ENOSPC);
	if (S_ISDIR(mode)) {
		d = kmalloc(sizeof(*d), GFP_KERNEL);
		if (!d)
			goto no_memory;
		d->entries = RB_ROOT;
		d->next_pos = FIRST_POS;
	}
	inode = inode_alloc(sb);
	if (!inode)
		goto no_memory;
	inode_init_owner(inode, dir, mode);
	if (S_ISDIR(mode)) {
		inode->op = &dir_iops;
		inode->fop = &dir_fops;
		inode->private = d;
		inode->nlink = 2;
	} else if (S_ISREG(mode)) {
		inode->op = &file_iops;
		inode->fop = &file_fops;
		inode_init_mapping(inode, &tmpfs_mapping_ops, GFP_HIGHUSER_MOVABLE);
		inode->data.swap_backed = !t->is_ramfs;
		if (t->is_ramfs)
			mapping_set_unevictable(&inode->data, true);
		inode->data.seals = F_SEAL_SEAL;
	} else if (S_ISLNK(mode)) {
		inode->op = &link_iops;
	} else {
		inode->op = &file_iops;
		inode_init_special(inode, mode, dev);
	}
	return inode;
no_memory:
	kfree(d);
	atomic_dec(&t->used_inodes);
	return ERR_PTR(-ENOMEM);
}

static void tmpfs_evict(struct inode *inode)
{
	struct tmpfs *t = tmpfs_of(inode->sb);

	if (inode->mapping && inode->data.nrpages)
		mapping_truncate_range(&inode->data, 0, -1);
	if (S_ISDIR(inode->mode))
		kfree(inode->private);
	if (t)
		atomic_dec(&t->used_inodes);
}

/* ---- names. => the directories are locked for write ---- */

static void dir_changed(struct inode *dir, loff_t delta, const struct timespec64 *now)
{
	dir->data.size += delta;
	dir->mtime = dir->ctime = *now;
}

static void insert_at(struct tmpfs_dir *d, struct dentry *dentry, unsigned long pos)
{
	struct rb_node **link = &d->entries.node, *parent = NULL;

	dentry->fsdata = pos;
	while (*link) {
		parent = *link;
		link = pos < rb_entry(parent, struct dentry, dir_node)->fsdata ? &parent->left
									       : &parent->right;
	}
	rb_link_node(&dentry->dir_node, parent, link);
	rb_insert_color(&dentry->dir_node, &d->entries);
}

/* The entry at @pos, or the next one; NULL. */
static struct dentry *entry_from(const struct tmpfs_dir *d, unsigned long pos)
{
	struct rb_node *n = d->entries.node;
	struct dentry *found = NULL;

	while (n) {
		struct dentry *dentry = rb_entry(n, struct dentry, dir_node);

		if (dentry->fsdata < pos) {
			n = n->right;
		} else {
			found = dentry;
			n = n->left;
		}
	}
	return found;
}

/*
 * Positions only grow; a directory in which four thousand million names were made is full for good.
 */
static int dir_add(struct inode *dir, struct dentry *dentry, const struct timespec64 *now)
{
	struct tmpfs_dir *d = dir->private;

	if (d->next_pos == 0xffffffffu)
		return -ENOSPC;
	insert_at(d, dentry, d->next_pos++);
	dir_changed(dir, ENTRY_SIZE, now);
	return 0;
}

static void dir_del(struct inode *dir, struct dentry *dentry, const struct timespec64 *now)
{
	struct tmpfs_dir *d = dir->private;

	rb_erase(&dentry->dir_node, &d->entries);
	dir_changed(dir, -ENTRY_SIZE, now);
}

int tmpfs_add(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	int err = dir_add(dir, dentry, &inode->ctime); /* it was made just now */

	if (err) {
		inode_put(inode);
		return err;
	}
	if (S_ISDIR(inode->mode))
		dir->nlink++;
	dentry_set_inode(dentry, inode);
	dentry_pin(dentry);
	return 0;
}

static int add_inode(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	return IS_ERR(inode) ? (int)PTR_ERR(inode) : tmpfs_add(dir, dentry, inode);
}

/* Every name is in the cache: what is not, is not there. */
static int tmpfs_lookup(struct inode *dir, struct dentry *dentry)
{
	(void)dir;
	(void)dentry;
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, mode_t mode)
{
	return add_inode(dir, dentry, tmpfs_inode(dir->sb, dir, mode, 0));
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, mode_t mode, kdev_t dev)
{
	return add_inode(dir, dentry, tmpfs_inode(dir->sb, dir, mode, dev));
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	struct inode *inode = tmpfs_inode(dir->sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->link = kstrdup(target, GFP_KERNEL);
	if (!inode->link) {
		inode_put(inode);
		return -ENOMEM;
	}
	inode->data.size = (loff_t)strlen(target);
	return add_inode(dir, dentry, inode);
}

static int tmpfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct timespec64 now = current_time();
	struct inode *inode = old->inode;
	int err = dir_add(dir, dentry, &now);

	if (err)
		return err;
	inode->ctime = now;
	inode->nlink++;
	inode_get(inode);
	dentry_set_inode(dentry, inode);
	dentry_pin(dentry);
	return 0;
}

static void drop_name(struct inode *dir, struct dentry *dentry)
{
	struct timespec64 now = current_time();

	dir_del(dir, dentry, &now);
	dentry->inode->ctime = now;
	dentry_unpin(dentry);
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	dentry->inode->nlink--;
	drop_name(dir, dentry);
	return 0;
}

static bool dir_is_empty(const struct inode *inode)
{
	const struct tmpfs_dir *d = inode->private;

	return rb_empty_root(&d->entries);
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!dir_is_empty(dentry->inode))
		return -ENOTEMPTY;
	dentry->inode->nlink = 0;
	dir->nlink--;
	drop_name(dir, dentry);
	return 0;
}

/*
 * The dentries keep their places in the arrays; their names are exchanged by the caller afterwards.
 */
static int exchange(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		    struct dentry *new)
{
	struct tmpfs_dir *a = old_dir->private, *b = new_dir->private;
	bool old_is_dir = S_ISDIR(old->inode->mode), new_is_dir = S_ISDIR(new->inode->mode);
	unsigned long old_pos = old->fsdata, new_pos = new->fsdata;
	struct timespec64 now = current_time();

	rb_erase(&old->dir_node, &a->entries);
	rb_erase(&new->dir_node, &b->entries);
	insert_at(b, old, new_pos);
	insert_at(a, new, old_pos);
	if (old_dir != new_dir && old_is_dir != new_is_dir) {
		old_dir->nlink += old_is_dir ? (u32)-1 : 1u;
		new_dir->nlink += old_is_dir ? 1u : (u32)-1;
	}
	dir_changed(old_dir, 0, &now);
	dir_changed(new_dir, 0, &now);
	old->inode->ctime = new->inode->ctime = now;
	return 0;
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
			struct dentry *new, unsigned flags)
{
	bool is_dir = S_ISDIR(old->inode->mode);
	struct timespec64 now;
	int err;

	if (flags & RENAME_EXCHANGE)
		return exchange(old_dir, old, new_dir, new);
	if (new->inode && is_dir && !dir_is_empty(new->inode))
		return -ENOTEMPTY;
	if (((struct tmpfs_dir *)new_dir->private)->next_pos == 0xffffffffu)
		return -ENOSPC;
	now = current_time();
	dir_del(old_dir, old, &now);
	err = dir_add(new_dir, old, &now);
	if (err)
		return err;
	old->inode->ctime = now;
	if (new->inode) {
		if (is_dir)
			new_dir->nlink--;
		new->inode->nlink = is_dir ? 0 : new->inode->nlink - 1;
		drop_name(new_dir, new);
	}
	if (is_dir) {
		old_dir->nlink--;
		new_dir->nlink++;
	}
	return 0;
}

static int tmpfs_tmpfile(struct inode *dir, struct inode **out, mode_t mode)
{
	struct inode *inode = tmpfs_inode(dir->sb, dir, mode, 0);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->nlink = 0;
	inode->flags |= INODE_LINKABLE;
	*out = inode;
	return 0;
}

static unsigned dirent_type(const struct inode *inode)
{
	return (inode->mode & S_IFMT) >> 12;
}

static int tmpfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct rb_node *n;
	struct dentry *d;

	if (!dir_emit_dots(file, ctx))
		return 0;
	if (ctx->pos > 0xffffffffLL)
		return 0;
	d = entry_from(file->inode->private, (unsigned long)MAX(ctx->pos, (loff_t)FIRST_POS));
	while (d) {
		if (!ctx->emit(ctx, d->name, d->len, (loff_t)d->fsdata + 1, d->inode->ino,
			       dirent_type(d->inode)))
			break;
		n = rb_next(&d->dir_node);
		d = rb_entry_safe(n, struct dentry, dir_node);
	}
	return 0;
}

/* ---- files ---- */

static int tmpfs_getattr(struct inode *inode, struct kstat *st)
{
	st->blocks = (u64)inode->data.nrpages << (PAGE_SHIFT - 9);
	return 0;
}

/* Reserve pages, or punch a hole. */
static long tmpfs_fallocate(struct file *file, int mode, loff_t off, loff_t len)
{
	struct inode *inode = file->inode;
	loff_t end = off + len;
	long err = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	down_write(&inode->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = seals_check_write(inode, 0, 0);
		if (!err)
			mapping_truncate_range(&inode->data, off, end);
		goto out;
	}
	if (end > inode_size(inode) && !(mode & FALLOC_FL_KEEP_SIZE)) {
		err = check_file_size_limit(inode, end);
		if (!err)
			err = seals_check_resize(inode, end);
	}
	for (loff_t pos = off; !err && pos < end;
	     pos = (pos + (loff_t)PAGE_SIZE) & ~(loff_t)(PAGE_SIZE - 1)) {
		struct page *page = mapping_read_page(&inode->data, (u32)(pos >> PAGE_SHIFT));

		if (IS_ERR(page))
			err = PTR_ERR(page);
		else
			page_put(page);
		cond_resched();
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	}
	if (!err && end > inode_size(inode) && !(mode & FALLOC_FL_KEEP_SIZE))
		__atomic_store_n(&inode->data.size, end, __ATOMIC_RELAXED);
out:
	if (!err)
		inode_touch(inode, ATTR_MTIME | ATTR_CTIME);
	up_write(&inode->lock);
	return err;
}

static const struct inode_operations dir_iops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.mkdir = tmpfs_create,
	.mknod = tmpfs_mknod,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
};
static const struct inode_operations file_iops = {
	.setattr = simple_setattr, .getattr = tmpfs_getattr, .getattr_rcu = true};
static const struct inode_operations link_iops = {.setattr = simple_setattr};

static const struct file_operations dir_fops = {
	.iterate = tmpfs_iterate, .llseek = generic_llseek, .fsync = noop_fsync};
static const struct file_operations file_fops = {
	.read_iter = generic_read_iter,
	.write_iter = generic_write_iter,
	.llseek = generic_llseek,
	.mmap = generic_mmap,
	.fallocate = tmpfs_fallocate,
	.fsync = noop_fsync,
};

/* ---- the file system ---- */

static int tmpfs_statfs(struct super_block *sb, struct kstatfs *out)
{
	const struct tmpfs *t = tmpfs_of(sb);
	u32 max = t->max_pages ? t->max_pages : (u32)total_ram_pages(),
	    used = atomic_read(&t->used_pages);

	out->blocks = max;
	out->bfree = out->bavail = max > used ? max - used : 0;
	out->files = t->max_inodes ? t->max_inodes : max;
	used = atomic_read(&t->used_inodes);
	out->ffree = out->files > used ? out->files - used : 0;
	return 0;
}

static void tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->private);
	sb->private = NULL;
}

static int tmpfs_show_options(struct seq_file *m, struct super_block *sb)
{
	const struct tmpfs *t = tmpfs_of(sb);

	if ((t->shown & SHOW_SIZE) && t->max_pages)
		seq_printf(m, ",size=%luk", (unsigned long)t->max_pages * 4);
	if ((t->shown & SHOW_INODES) && t->max_inodes)
		seq_printf(m, ",nr_inodes=%u", t->max_inodes);
	if (t->shown & SHOW_MODE)
		seq_printf(m, ",mode=%03o", (unsigned)t->mode);
	if (t->shown & SHOW_UID)
		seq_printf(m, ",uid=%u", t->uid);
	if (t->shown & SHOW_GID)
		seq_printf(m, ",gid=%u", t->gid);
	return 0;
}

static const struct super_operations super_ops = {
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.put_super = tmpfs_put_super,
	.show_options = tmpfs_show_options,
};

/* A number of pages: bytes with a suffix, or a percentage of the memory. */
static int parse_size(const char *value, u32 *pages)
{
	const char *end;
	u64 n = memparse(value, &end);

	if (end == value)
		return -EINVAL;
	if (*end == '%') {
		n = n * total_ram_pages() / 100;
		end++;
	} else {
		n = (n + PAGE_SIZE - 1) >> PAGE_SHIFT;
	}
	if (*end || n > 0xffffffffu)
		return -EINVAL;
	*pages = (u32)n;
	return 0;
}

static int parse_option(struct tmpfs *t, const char *name, const char *value)
{
	const char *end;
	unsigned number;
	int err;

	if (!value)
		return strcmp(name, "noswap") && strcmp(name, "inode32") && strcmp(name, "inode64")
			       ? -EINVAL
			       : 0;
	if (!strcmp(name, "size")) {
		t->shown |= SHOW_SIZE;
		return parse_size(value, &t->max_pages);
	}
	if (!strcmp(name, "nr_blocks") || !strcmp(name, "nr_inodes")) {
		bool inodes = name[3] == 'i';
		u64 n = memparse(value, &end);

		if (end == value || *end || n > 0xffffffffu)
			return -EINVAL;
		*(inodes ? &t->max_inodes : &t->max_pages) = (u32)n;
		t->shown |= inodes ? SHOW_INODES : SHOW_SIZE;
		return 0;
	}
	if (!strcmp(name, "mpol") || !strcmp(name, "huge"))
		return 0; /* one node, small pages: nothing to choose */
	err = kstrtouint(value, strcmp(name, "mode") ? 10 : 8, &number);
	if (err)
		return -EINVAL;
	if (!strcmp(name, "mode")) {
		t->mode = number & S_IALLUGO;
		t->shown |= SHOW_MODE;
	} else if (!strcmp(name, "uid")) {
		t->uid = number;
		t->shown |= SHOW_UID;
	} else if (!strcmp(name, "gid")) {
		t->gid = number;
		t->shown |= SHOW_GID;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int parse_options(struct tmpfs *t, const char *options)
{
	char *copy, *rest, *word, *value;
	int err = 0;

	if (!options || !*options)
		return 0;
	copy = rest = kstrdup(options, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	while (!err && (word = strsep(&rest, ","))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		err = parse_option(t, word, value);
	}
	kfree(copy);
	return err;
}

struct super_block *tmpfs_mount(const struct file_system_type *type, const char *source, u32 flags,
				const char *options)
{
	struct tmpfs *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct super_block *sb = t ? super_alloc(type, flags) : NULL;
	struct inode *root;
	int err;

	(void)source;
	if (!sb) {
		kfree(t);
		return ERR_PTR(-ENOMEM);
	}
	t->mode = 01777;
	t->max_pages = (u32)total_ram_pages() / 2;
	t->max_inodes = (u32)(total_ram_pages() - total_high_pages()) / 2;
	sb->private = t;
	sb->op = &super_ops;
	sb->magic = TMPFS_MAGIC;
	err = parse_options(t, options);
	if (err)
		goto fail;
	root = tmpfs_inode(sb, NULL, S_IFDIR | t->mode, 0);
	if (IS_ERR(root)) {
		err = (int)PTR_ERR(root);
		goto fail;
	}
	root->uid = t->uid;
	root->gid = t->gid;
	err = super_set_root(sb, root);
	if (!err)
		return sb;
	inode_put(root);
fail:
	super_put(sb);
	return ERR_PTR(err);
}

/* The same without limits, whose pages stay in memory even where there is swap. */
static struct super_block *ramfs_mount(const struct file_system_type *type, const char *source,
				       u32 flags, const char *options)
{
	struct super_block *sb = tmpfs_mount(type, source, flags, options);
	struct tmpfs *t;

	if (IS_ERR(sb))
		return sb;
	t = tmpfs_of(sb);
	t->is_ramfs = true;
	t->max_pages = t->max_inodes = 0;
	t->shown &= SHOW_MODE;
	sb->magic = RAMFS_MAGIC;
	return sb;
}

const struct inode_operations *tmpfs_directory_operations(void)
{
	return &dir_iops;
}

struct inode *tmpfs_file_inode(struct super_block *sb, mode_t mode)
{
	struct inode *inode = tmpfs_inode(sb, NULL, S_IFREG | mode, 0);

	if (!IS_ERR(inode))
		inode->nlink = 0;
	return inode;
}

static struct file_system_type tmpfs_type = {.name = "tmpfs", .mount = tmpfs_mount};
static struct file_system_type ramfs_type = {.name = "ramfs", .mount = ramfs_mount};

void __init tmpfs_init(void)
{
	register_filesystem(&tmpfs_type);
	register_filesystem(&ramfs_type);
}
