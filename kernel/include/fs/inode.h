/*
 * The objects of the file system: super block, inode, dentry, mount, and the operations that a file
 * system implements.
 *
 * An inode is a file; a dentry is a name in a directory, cached, present or known to be
 * absent (negative). Path lookup walks dentries under RCU without taking locks or references
 * until its end.
 *
 * (i) inode->lock (rwsem, RANK_INODE)   (s) inode->i_lock spin   (d) dentry->lock   (k) constant   (a) atomic
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "lib/list.h"
#include "mm/mapping.h"
#include "sched/rcu.h"
#include "sched/wait.h"
#include "sched/task.h"

struct inode;
struct dentry;
struct super_block;
struct mount;
struct file;
struct kstatfs;
struct kstat;
struct iattr;
struct iov_iter;
struct map_request;
struct seq_file;

struct qstr {
	const char *name;
	u32 len;
	u32 hash;
};
struct timespec64 {
	s64 sec;
	u32 nsec;
};
struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct inode_operations {
	/*
	 * Find @dentry's name in @dir: dentry_set_inode(dentry, inode) or leave it negative. 0 or
	 * -errno. => dir locked for read
	 */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	/*
	 * Each makes @dentry positive. => dir locked for write; permission already
	 * checked by the VFS
	 */
	int (*create)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, mode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, mode_t mode, kdev_t dev);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct dentry *old, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *old_dir, struct dentry *old, struct inode *new_dir,
		      struct dentry *new, unsigned flags);
	int (*tmpfile)(struct inode *dir, struct inode **out, mode_t mode);
	/* The target, valid until the returned inode reference goes; ERR_PTR. */
	const char *(*get_link)(struct inode *inode);
	/*
	 * Magic links (/proc/PID/exe, fd/N, cwd): the path itself, referenced. NULL for ordinary
	 * links. 0 or -errno
	 */
	int (*follow_link)(struct inode *inode, struct path *out);
	/*
	 * readlink(2) where the text is made on the spot: bytes in @buf, not terminated. NULL: what
	 * get_link gives.
	 */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	int (*setattr)(struct inode *inode, const struct iattr *attr);
	int (*getattr)(struct inode *inode, struct kstat *out); /* NULL: from the inode */
	bool getattr_rcu; /* getattr does not sleep and needs no reference of the inode */
	int (*permission)(struct inode *inode, int mask); /* NULL: mode bits. Must not sleep. */
};

struct poll_table;
struct dir_context;
struct file_operations {
	/* Data goes through @to/@from; @pos is advanced. Bytes or -errno. */
	ssize_t (*read_iter)(struct file *file, struct iov_iter *to, loff_t *pos);
	ssize_t (*write_iter)(struct file *file, struct iov_iter *from, loff_t *pos);
	/* NULL: by i_size; no_llseek for pipes */
	loff_t (*llseek)(struct file *file, loff_t off, int whence);
	int (*iterate)(struct file *file, struct dir_context *ctx); /* readdir */
	/* NULL: always readable and writable */
	unsigned (*poll)(struct file *file, struct poll_table *pt);
	long (*ioctl)(struct file *file, unsigned cmd, unsigned long arg); /* NULL: -ENOTTY */
	int (*mmap)(struct file *file, struct map_request *req);           /* NULL: -ENODEV */
	int (*open)(struct inode *inode, struct file *file);
	int (*flush)(struct file *file);                         /* each close(2) */
	void (*release)(struct inode *inode, struct file *file); /* the last reference */
	int (*fsync)(struct file *file, loff_t start, loff_t end, bool data_only);
	long (*fallocate)(struct file *file, int mode, loff_t off, loff_t len);
	void (*show_fdinfo)(struct file *file, struct seq_file *m);
};

struct inode {
	struct super_block *sb;                       /* (k) */
	u32 refs;                                     /* (a) */
	u32 nlink;                                    /* (i) */
	u32 blkbits;                                  /* (k) */
	u64 ino;                                      /* (k) */
	struct timespec64 atime, mtime, ctime, btime; /* (s) */
	rwsem_t lock;
	spinlock_t i_lock;
	struct rcu_head rcu;
	/* inode_alloc() sets what is above, but for rcu, and clears all from here on */
	mode_t mode; /* (i) */
	uid_t uid;
	gid_t gid;                         /* (i) */
	kdev_t rdev;                       /* (k) */
	u32 flags;                         /* (s) */
	u64 blocks;                        /* (s) of 512 bytes */
	const struct inode_operations *op; /* (k) */
	const struct file_operations *fop; /* (k) */
	struct mapping *mapping;           /* (k) NULL: no pages; usually &data */
	struct mapping data;               /* its size is i_size */
	void *private;                     /* of the file system */
	const char *
		link; /* (k) target of a symbolic link kept in memory (kmalloc); freed with the inode, after a grace period */
	union {
		struct pipe *pipe;
		const struct cdev *cdev;
	}; /* FIFO (lock); character device */
	union {
		struct file_lock_context *locks; /* (s) POSIX locks, flock; NULL mostly */
		struct inode *free_next;         /* while it waits to be freed */
	};
	struct inotify_marks *marks; /* (s) */
	s32 write_count;             /* (a) writers; negative: execve denies writing (ETXTBSY) */
};

/* inode->flags */
#define INODE_DEAD 1u   /* a directory that was removed: nothing can be created in it */
#define INODE_APPEND 2u /* append only */
#define INODE_IMMUTABLE 4u
#define INODE_NOATIME 8u
#define INODE_PRIVATE 16u  /* of the kernel: pipes, anonymous inodes */
#define INODE_LINKABLE 32u /* O_TMPFILE without O_EXCL: may be given its first name */

struct super_operations {
	/*
	 * The last reference went: with nlink 0 the file goes with its data; otherwise it
	 * may stay cached.
	 */
	void (*evict)(struct inode *inode);
	int (*statfs)(struct super_block *sb, struct kstatfs *out);
	int (*sync)(struct super_block *sb, bool wait);
	void (*put_super)(struct super_block *sb);
	int (*show_options)(struct seq_file *m, struct super_block *sb);
};

struct super_block {
	const struct file_system_type *type;
	const struct super_operations *op;
	struct dentry *root;
	kdev_t dev;
	u32 magic, flags;
	u32 block_size;
	loff_t max_bytes;
	mutex_t rename_lock;
	void *private;
	struct list_head inodes;
	spinlock_t inodes_lock;
	u32 refs;                             /* (a) mounts, and the file system itself */
	const struct xattr_operations *xattr; /* (k) NULL: -EOPNOTSUPP */
	u32 next_ino;                         /* (a) last number that inode_alloc() gave out */
	struct rcu_head rcu;                  /* a walk looks at it without a reference */
};

/*
 * Extended attributes, by full name ("user.x"). Sizes in bytes; @size 0 asks for the length.
 * -ENODATA, -ERANGE, -EOPNOTSUPP...
 */
struct xattr_operations {
	ssize_t (*get)(struct inode *inode, const char *name, void *buf, size_t size);
	int (*set)(struct inode *inode, const char *name, const void *value, size_t size,
		   int flags);
	int (*remove)(struct inode *inode, const char *name);
	ssize_t (*list)(struct inode *inode, char *buf, size_t size);
};

struct file_system_type {
	const char *name;
	bool needs_device;
	/* A super block with its root, or ERR_PTR. */
	struct super_block *(*mount)(const struct file_system_type *type, const char *source,
				     u32 flags, const char *options);
	struct list_head node;
};
int register_filesystem(struct file_system_type *type);

/*
 * A super block without a device (st_dev gets a number of its own), or NULL. The caller sets
 * op, magic, root.
 */
struct super_block *super_alloc(const struct file_system_type *type, u32 flags);
/* Make @inode (takes the reference over) the root directory: 0 or -ENOMEM. */
int super_set_root(struct super_block *sb, struct inode *inode);
void super_get(struct super_block *sb);
/* The last reference drops the dentries, calls put_super and frees. */
void super_put(struct super_block *sb);

/* What statfs(2) says. */
struct kstatfs {
	u32 type, bsize, namelen, frsize, flags;
	u64 blocks, bfree, bavail, files, ffree;
	u32 fsid[2];
};

/*
 * What stat(2) says. The fields lie where struct statx has them (abi/stat.c asserts it), which so is
 * made of this in place; the padding is not set.
 */
struct kstat {
	u32 result_mask;
	u32 blksize;
	u64 attributes;
	u32 nlink;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	u64 ino;
	loff_t size;
	u64 blocks;
	u64 attributes_mask;
	struct timespec64 atime;
	u32 atime_pad;
	struct timespec64 btime;
	u32 btime_pad;
	struct timespec64 ctime;
	u32 ctime_pad;
	struct timespec64 mtime;
	u32 mtime_pad;
	kdev_t dev, rdev; /* four numbers of struct statx */
	u32 unused[2];
	u64 mnt_id;
};

#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u
struct iattr {
	unsigned valid;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	loff_t size;
	struct timespec64 atime, mtime, ctime;
};

/* refs 1, nlink 1, number new, times now, owner root; NULL */
struct inode *inode_alloc(struct super_block *sb);
void inode_get(struct inode *inode);
bool inode_get_unless_zero(struct inode *inode); /* under rcu_read_lock() */
void inode_put(struct inode *inode);             /* may sleep */
u64 inode_new_number(void);
struct timespec64 current_time(void);
void inode_touch(struct inode *inode, unsigned attr_times); /* ATTR_MTIME|ATTR_CTIME... */
/*
 * Owner and mode of a new file in @dir (NULL: none) for the caller: fsuid, fsgid or the
 * set-group-ID directory's.
 */
void inode_init_owner(struct inode *inode, const struct inode *dir, mode_t mode);
/*
 * Apply @attr to the fields of the inode: what a setattr operation does at its end. => inode->lock
 * held for write
 */
void inode_set_attr(struct inode *inode, const struct iattr *attr);
/* Give @inode its pages: inode->mapping = &inode->data. */
void inode_init_mapping(struct inode *inode, const struct mapping_ops *ops, gfp_t gfp);
void inode_fill_stat(const struct inode *inode, struct kstat *out);
/* The file operations of devices, FIFOs and sockets, by mode; sets rdev. */
void inode_init_special(struct inode *inode, mode_t mode, kdev_t rdev);
static inline loff_t inode_size(const struct inode *inode)
{
	return mapping_size(&inode->data);
}
/* Files that live in the page cache, memory being the only copy or behind mapping_ops. */
ssize_t generic_read_iter(struct file *file, struct iov_iter *to, loff_t *pos);
ssize_t generic_write_iter(struct file *file, struct iov_iter *from, loff_t *pos);
int generic_mmap(struct file *file, struct map_request *req);
/* with SEEK_DATA and SEEK_HOLE over the page cache */
loff_t generic_llseek(struct file *file, loff_t off, int whence);
loff_t no_llseek(struct file *file, loff_t off, int whence);   /* -ESPIPE */
loff_t noop_llseek(struct file *file, loff_t off, int whence); /* the position does not matter: 0 */
/* nothing to write: 0 */
int noop_fsync(struct file *file, loff_t start, loff_t end, bool data_only);
/* inode_set_attr and truncation of the page cache */
int simple_setattr(struct inode *inode, const struct iattr *attr);

/* A character device by number: open() finds its operations. -EBUSY if taken. */
struct cdev {
	kdev_t first;
	unsigned count;
	const struct file_operations *fop;
	const char *name;
	struct rb_node node;
};
int cdev_register(struct cdev *cdev);
/* All of them, in the order of their numbers; under a spinlock. */
void cdev_for_each(void (*fn)(const struct cdev *c, void *arg), void *arg);
#define MKDEV(major, minor) ((kdev_t)(((minor)&0xff) | ((major) << 8) | (((minor) & ~0xffu) << 12)))
#define MAJOR(dev) (((dev)&0xfff00) >> 8)
#define MINOR(dev) (((dev)&0xff) | (((dev) >> 12) & 0xfff00))
/*
 * Make /dev/@name in devtmpfs (created when devtmpfs is first mounted, kept after). May be called
 * before the VFS root exists.
 */
int devtmpfs_create(const char *name, mode_t mode, kdev_t dev);
int devtmpfs_remove(const char *name);

#endif
