/*
 * devpts: the directory of pseudo-terminals, /dev/pts. It stores nothing: its entries are the pairs
 * that exist (pty.c), plus "ptmx". A cached name is asked each time whether its pair is still the
 * one it was made for.
 */
#include "pty.h"
#include "fs/dentry.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/magic.h>
#include <linux/stat.h>

#define PTMX_INO 2
#define FIRST_INO 3

struct options {
	uid_t uid;
	gid_t gid;
	mode_t mode, ptmxmode;
	bool set_uid, set_gid;
};

/* Under RCU: only the number and the serial are compared, through inode->private. */
static bool still_there(struct dentry *dentry)
{
	struct inode *inode = READ_ONCE(dentry->inode);
	struct tty *slave = inode ? READ_ONCE(inode->private) : NULL;

	return inode && (inode->rdev == MKDEV(5, 2) || (slave && !READ_ONCE(slave->other_closed)));
}

static const struct dentry_operations devpts_dentry_ops = {.revalidate = still_there};

static struct inode *make_node(struct super_block *sb, u64 ino, mode_t mode, kdev_t dev)
{
	struct inode *inode = inode_alloc(sb);

	if (!inode)
		return NULL;
	inode->ino = ino;
	inode->mode = S_IFCHR | mode;
	inode_init_special(inode, inode->mode, dev);
	return inode;
}

static struct inode *pts_inode(struct super_block *sb, struct pty *pty)
{
	const struct options *opt = sb->private;
	struct inode *inode =
		make_node(sb, FIRST_INO + pty->index, opt->mode, MKDEV(136, pty->index));

	if (!inode)
		return NULL;
	inode->uid = opt->set_uid ? opt->uid : pty->uid;
	inode->gid = opt->set_gid ? opt->gid : 0;
	inode->private = pty->slave; /* keeps the reference of pty_find() */
	return inode;
}

static int devpts_lookup(struct inode *dir, struct dentry *dentry)
{
	const struct options *opt = dir->sb->private;
	struct inode *inode;
	struct pty *pty;
	unsigned index = 0;

	dentry->op = &devpts_dentry_ops;
	if (!strcmp(dentry->name, "ptmx")) {
		inode = make_node(dir->sb, PTMX_INO, opt->ptmxmode, MKDEV(5, 2));
	} else {
		for (const char *s = dentry->name; *s; s++) {
			if (*s < '0' || *s > '9' || (s == dentry->name && *s == '0' && s[1]) ||
			    index > 99999)
				return 0;
			index = index * 10 + (unsigned)(*s - '0');
		}
		pty = pty_find(index);
		if (!pty)
			return 0;
		inode = pts_inode(dir->sb, pty);
		if (!inode)
			tty_put(pty->slave);
	}
	if (!inode)
		return -ENOMEM;
	dentry_set_inode(dentry, inode);
	return 0;
}

static int devpts_iterate(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file->inode;
	char name[16];
	int index;

	if (ctx->pos == 0 && !ctx->emit(ctx, ".", 1, 1, dir->ino, 4))
		return 0;
	if (ctx->pos <= 1 && !ctx->emit(ctx, "..", 2, 2, dir->ino, 4))
		return 0;
	if (ctx->pos <= 2 && !ctx->emit(ctx, "ptmx", 4, 3, PTMX_INO, 2))
		return 0;
	ctx->pos = MAX(ctx->pos, (loff_t)3);
	while ((index = pty_next((unsigned)(ctx->pos - 3))) >= 0) {
		int len = snprintf(name, sizeof(name), "%d", index);

		if (!ctx->emit(ctx, name, (unsigned)len, index + 4, FIRST_INO + (u64)index, 2))
			return 0;
		ctx->pos = index + 4;
	}
	return 0;
}

static void devpts_evict(struct inode *inode)
{
	struct tty *slave = inode->private;

	inode->private = NULL;
	if (slave)
		tty_put(slave);
}

static int devpts_statfs(struct super_block *sb, struct kstatfs *out)
{
	*out = (struct kstatfs){
		.type = sb->magic, .bsize = PAGE_SIZE, .frsize = PAGE_SIZE, .namelen = 255};
	return 0;
}

static void devpts_put_super(struct super_block *sb)
{
	kfree(sb->private);
}

static const struct inode_operations dir_ops = {.lookup = devpts_lookup};
static const struct file_operations dir_fops = {
	.iterate = devpts_iterate, .llseek = generic_llseek, .fsync = noop_fsync};
static const struct super_operations super_ops = {
	.evict = devpts_evict,
	.statfs = devpts_statfs,
	.put_super = devpts_put_super,
};

/* "gid=5,mode=620,ptmxmode=666,newinstance": unknown words are refused. 0 or -EINVAL */
static int parse_options(struct options *opt, const char *text)
{
	while (text && *text) {
		const char *eq = strchr(text, '='), *end = strchr(text, ',');
		size_t len = end ? (size_t)(end - text) : strlen(text);
		size_t name = eq && eq < text + len ? (size_t)(eq - text) : len;
		unsigned value = 0, base = 10;

		if (name >= 4 && !strncmp(text + name - 4, "mode", 4))
			base = 8;
		for (size_t i = name + 1; i < len; i++) {
			if (text[i] < '0' || text[i] >= (char)('0' + base))
				return -EINVAL;
			value = value * base + (unsigned)(text[i] - '0');
		}
		if (name == 3 && !strncmp(text, "uid", 3)) {
			opt->uid = value;
			opt->set_uid = true;
		} else if (name == 3 && !strncmp(text, "gid", 3)) {
			opt->gid = value;
			opt->set_gid = true;
		} else if (name == 4 && !strncmp(text, "mode", 4)) {
			opt->mode = value & 0777;
		} else if (name == 8 && !strncmp(text, "ptmxmode", 8)) {
			opt->ptmxmode = value & 0777;
		} else if (!(name == 11 && !strncmp(text, "newinstance", 11)) &&
			   !(name == 3 && !strncmp(text, "max", 3))) {
			return -EINVAL;
		}
		text = end ? end + 1 : NULL;
	}
	return 0;
}

static struct super_block *devpts_mount(const struct file_system_type *type, const char *source,
					u32 flags, const char *data)
{
	struct options *opt = kzalloc(sizeof(*opt), GFP_KERNEL);
	struct super_block *sb = opt ? super_alloc(type, flags) : NULL;
	struct inode *root;
	int err = -ENOMEM;

	(void)source;
	if (!sb) {
		kfree(opt);
		return ERR_PTR(-ENOMEM);
	}
	opt->mode = 0600;
	sb->private = opt;
	sb->op = &super_ops;
	sb->magic = DEVPTS_SUPER_MAGIC;
	sb->block_size = PAGE_SIZE;
	root = inode_alloc(sb);
	if (root) {
		root->ino = 1;
		root->mode = S_IFDIR | 0755;
		root->nlink = 2;
		root->op = &dir_ops;
		root->fop = &dir_fops;
		err = super_set_root(sb, root);
	}
	if (!err)
		err = parse_options(opt, data);
	if (err) {
		super_put(sb);
		return ERR_PTR(err);
	}
	return sb;
}

static struct file_system_type devpts_type = {.name = "devpts", .mount = devpts_mount};

void devpts_init(void)
{
	register_filesystem(&devpts_type);
}
