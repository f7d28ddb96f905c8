/*
 * The names of POSIX message queues: the file system "mqueue", a tmpfs with one directory, of which
 * there is one instance. mq_open(2) and mq_unlink(2) work in it whether it is mounted or not. Who
 * makes a queue pays for its largest size from his RLIMIT_MSGQUEUE until it is gone: its name, and
 * the last descriptor. mq_overview(7)
 */
#include "proc/ipc/mqueue.h"
#include "arch/log.h"
#include "fs/mount.h"
#include "fs/namei.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#define MQUEUE_MAGIC 0x19800202
#define FILE_SIZE 80 /* what stat(2) shows, as on Linux */
#define HARD_MAX_COUNT 65536u
#define HARD_MAX_LEN (16u << 20)

static unsigned queues_max = 256, msg_max = 10, msgsize_max = 8192, msg_default = 10,
		msgsize_default = 8192;
static u32 queues; /* (a) */
static struct mount *internal;
static struct super_operations super_ops; /* tmpfs's, but for evict */
static void (*tmpfs_evict)(struct inode *inode);
static struct inode_operations dir_ops;
static const struct inode_operations file_ops = {.setattr = simple_setattr};

/* ---- what a queue costs ---- */

/* Linux's struct msg_msg and struct posix_msg_tree_node on i386: RLIMIT_MSGQUEUE counts them. */
#define MSG_COST 24u
#define PRIO_COST 24u

static u64 cost_of(u32 count, u32 len)
{
	return (u64)count * (len + MSG_COST) + (u64)MIN(count, (u32)MQ_PRIO_MAX) * PRIO_COST;
}

/* From the caller's limit: 0 or -EMFILE. */
static int charge(struct mqueue *q)
{
	struct user *user = current_cred()->user;
	u64 cost = cost_of(q->max_count, q->max_len);
	u64 limit = process_rlimit(current->process, RLIMIT_MSGQUEUE);

	if (cost > ~0u >> 1)
		return -EMFILE;
	if (atomic_add_return(&user->mqueue_bytes, (u32)cost) > limit) {
		atomic_sub(&user->mqueue_bytes, (u32)cost);
		return -EMFILE;
	}
	user_hold(user);
	q->user = user;
	q->charged = (u32)cost;
	return 0;
}

static int check_attr(const struct mq_attr *attr)
{
	bool privileged = capable(CAP_SYS_RESOURCE);

	if (attr->mq_maxmsg <= 0 || attr->mq_msgsize <= 0)
		return -EINVAL;
	if ((u32)attr->mq_maxmsg > (privileged ? HARD_MAX_COUNT : msg_max) ||
	    (u32)attr->mq_msgsize > (privileged ? HARD_MAX_LEN : msgsize_max))
		return -EINVAL;
	if (cost_of((u32)attr->mq_maxmsg, (u32)attr->mq_msgsize) > ~0u)
		return -EOVERFLOW;
	return 0;
}

static struct mqueue *new_queue(const struct mq_attr *attr)
{
	const struct mq_attr standard = {
		.mq_maxmsg = (long)MIN(msg_max, msg_default),
		.mq_msgsize = (long)MIN(msgsize_max, msgsize_default),
	};
	struct mqueue *q;
	int err = attr ? check_attr(attr) : 0;

	if (err)
		return ERR_PTR(err);
	q = mqueue_alloc(attr ? attr : &standard);
	if (!q)
		return ERR_PTR(-ENOMEM);
	err = charge(q);
	if (err) {
		mqueue_free(q);
		return ERR_PTR(err);
	}
	return q;
}

static void end_queue(struct mqueue *q)
{
	atomic_sub(&q->user->mqueue_bytes, q->charged);
	user_put(q->user);
	mqueue_free(q);
	atomic_dec(&queues);
}

/* ---- the file system ---- */

static void mqueue_evict(struct inode *inode)
{
	if (inode->fop == &mqueue_fops)
		end_queue(mqueue_of(inode));
	tmpfs_evict(inode);
}

/* => @dir locked for write. 0, -EINVAL, -EMFILE, -ENOMEM, -ENOSPC, -EOVERFLOW */
static int add_queue(struct inode *dir, struct dentry *dentry, mode_t mode,
		     const struct mq_attr *attr)
{
	struct inode *inode;
	struct mqueue *q;

	if (atomic_add_return(&queues, 1) > queues_max && !capable(CAP_SYS_RESOURCE)) {
		atomic_dec(&queues);
		return -ENOSPC;
	}
	q = new_queue(attr);
	if (IS_ERR(q)) {
		atomic_dec(&queues);
		return (int)PTR_ERR(q);
	}
	inode = tmpfs_inode(dir->sb, dir, S_IFREG | mode, 0);
	if (IS_ERR(inode)) {
		end_queue(q);
		return (int)PTR_ERR(inode);
	}
	inode->op = &file_ops;
	inode->fop = &mqueue_fops;
	inode->data.size = FILE_SIZE;
	inode->private = q;
	return tmpfs_add(dir, dentry, inode);
}

static int mqueue_create(struct inode *dir, struct dentry *dentry, mode_t mode)
{
	return add_queue(dir, dentry, mode & ~(mode_t)S_IFMT, NULL);
}

static struct super_block *mqueue_mount(const struct file_system_type *type, const char *source,
					u32 flags, const char *options)
{
	(void)type, (void)source, (void)flags, (void)options;
	super_get(internal->sb);
	return internal->sb;
}

static struct file_system_type mqueue_type = {.name = "mqueue", .mount = mqueue_mount};

static const struct {
	const char *path;
	unsigned *value, min, max;
} limits[] = {
	{"sys/fs/mqueue/queues_max", &queues_max, 0, __INT_MAX__},
	{"sys/fs/mqueue/msg_max", &msg_max, 1, HARD_MAX_COUNT},
	{"sys/fs/mqueue/msgsize_max", &msgsize_max, 128, HARD_MAX_LEN},
	{"sys/fs/mqueue/msg_default", &msg_default, 1, HARD_MAX_COUNT},
	{"sys/fs/mqueue/msgsize_default", &msgsize_default, 128, HARD_MAX_LEN},
};

/* tmpfs's directory, in which there is nothing but queues. */
static void __init make_operations(struct super_block *sb)
{
	const struct inode_operations *names = tmpfs_directory_operations();

	dir_ops = (struct inode_operations){
		.lookup = names->lookup,
		.create = mqueue_create,
		.unlink = names->unlink,
		.setattr = names->setattr,
	};
	super_ops = *sb->op;
	tmpfs_evict = super_ops.evict;
	super_ops.evict = mqueue_evict;
	super_ops.show_options = NULL;
	sb->op = &super_ops;
	sb->magic = MQUEUE_MAGIC;
	sb->root->inode->op = &dir_ops;
}

void __init mqueue_init(void)
{
	struct super_block *sb =
		tmpfs_mount(&mqueue_type, "mqueue", 0, "size=0,nr_inodes=0,mode=1777");
	int err = 0;

	BUG_ON(IS_ERR(sb));
	make_operations(sb);
	internal = mount_internal(sb);
	BUG_ON(!internal);
	register_filesystem(&mqueue_type);
	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++)
		err |= proc_register_uint(limits[i].path, 0644, limits[i].value, limits[i].min,
					  limits[i].max);
	if (err)
		pr_err("the limits of POSIX message queues could not be registered: no memory\n");
}

/* ---- mq_open(2), mq_unlink(2) ---- */

/* One component that is a name: 0, -EACCES, -ENAMETOOLONG */
static int check_name(const char *name)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EACCES;
	return strlen(name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int may_create(struct inode *dir)
{
	int err = mount_check_write(internal);

	return err ? err : inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* The queue's dentry in *@out, referenced; *@made: by this call. 0 or -errno */
static int find_or_make(const char *name, int flags, mode_t mode, const struct mq_attr *attr,
			struct dentry **out, bool *made)
{
	struct dentry *root = internal->sb->root, *d;
	struct inode *dir = root->inode;
	int err = 0;

	*made = false;
	down_write(&dir->lock);
	d = dentry_lookup(root, name, (u32)strlen(name));
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
		d = NULL;
	} else if (d->inode) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			err = -EEXIST;
	} else if (!(flags & O_CREAT)) {
		err = -ENOENT;
	} else {
		err = may_create(dir);
		if (!err)
			err = add_queue(dir, d, mode & 07777u & ~current->fs->umask, attr);
		*made = !err;
	}
	up_write(&dir->lock);
	if (err)
		dentry_put(d);
	*out = d;
	return err;
}

int mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attr)
{
	int kept = flags & (O_ACCMODE | O_NONBLOCK), err = check_name(name);
	struct path path = {internal, NULL};
	struct file *file;
	bool made;

	if (!err)
		err = find_or_make(name, flags, mode, attr, &path.dentry, &made);
	if (err)
		return err;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		file = ERR_PTR(-EINVAL);
	else if (made)
		file = file_open_created(&path, kept);
	else
		file = file_open_path(&path, kept, NULL);
	dentry_put(path.dentry);
	return fd_open_file(file, O_CLOEXEC);
}

int mqueue_unlink(const char *name)
{
	struct path root = {internal, internal->sb->root};
	int err = check_name(name);

	return err ? err : vfs_unlink_in(&root, name);
}
