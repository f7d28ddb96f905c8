/*
 * What the files of fs/ share among themselves and with nobody else.
 */
#ifndef FS_INTERNAL_H
#define FS_INTERNAL_H

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "fs/dentry.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/namei.h"
#include "fs/seq_file.h"
#include "fs/tmpfs.h"
#include "mm/slab.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/hash.h"
#include "lib/printf.h"
#include "lib/string.h"

#define MAX_LINKS 40

#define S_IRWXUGO 00777u
#define S_IALLUGO 07777u

/* ---- dcache.c ---- */
void dcache_init(void);
/* Drop all of a super block's dentries but those in use: true if only the root is left. */
void dentry_drop_tree(struct dentry *root);
/* Is anything below @root in use? */
bool dentry_tree_busy(struct dentry *root);

void dentry_set_mounted(struct dentry *d, bool mounted);

/* The hash of a name, byte by byte as path lookup scans it. */
#define NAME_HASH_INIT 0x811c9dc5u
static inline u32 name_hash_step(u32 hash, u8 c)
{
	return (hash ^ c) * 0x01000193u;
}
static inline u32 name_hash(const char *name, u32 len)
{
	u32 hash = NAME_HASH_INIT;

	while (len--)
		hash = name_hash_step(hash, (u8)*name++);
	return hash;
}

/*
 * The hash table of (parent, name). Bits and buckets change together; a reader that mixes two
 * tables misses, which is harmless.
 */
struct dentry_table {
	u32 bits, shift; /* shift 32 - bits */
	struct hlist_head buckets[];
};
extern struct dentry_table *dentry_table;

static inline struct hlist_head *dentry_bucket(struct dentry_table *t, const struct dentry *parent,
					       u32 hash)
{
	return &t->buckets[((hash ^ (u32)(uintptr_t)parent >> 5) * HASH_MULTIPLIER_32) >> t->shift];
}

static inline u32 load_u32(const char *p)
{
	u32 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline u16 load_u16(const char *p)
{
	u16 half;

	memcpy(&half, p, sizeof(half));
	return half;
}

/*
 * Names are short, and mostly equal where their hashes are. What is no multiple of four ends with a
 * word, or a byte, that overlaps what was compared before.
 */
static inline bool same_name(const char *a, const char *b, u32 len)
{
	if (len < 4) {
		if (len < 2)
			return !len || *a == *b;
		return load_u16(a) == load_u16(b) && a[len - 1] == b[len - 1];
	}
	for (len -= 4; len > 0; len = len > 4 ? len - 4 : 0) { /* the last word comes first */
		if (load_u32(a + len) != load_u32(b + len))
			return false;
	}
	return load_u32(a) == load_u32(b);
}

/* The child of @parent with this name, under RCU, without a reference; NULL. */
static inline struct dentry *dentry_find_rcu(const struct dentry *parent, const char *name, u32 len,
					     u32 hash)
{
	struct hlist_node *n =
		READ_ONCE(dentry_bucket(rcu_dereference(dentry_table), parent, hash)->first);

	for (; n; n = READ_ONCE(n->next)) {
		struct dentry *d = hlist_entry(n, struct dentry, hash);

		if (d->name_hash == hash && d->parent == parent && d->len == len &&
		    same_name(d->name, name, len))
			return d;
	}
	return NULL;
}

/* ---- mount_tree.c ---- */
extern mutex_t mount_mutex;
#define MOUNT_DEAD 0x80000000u /* in refs: unmounted when it was idle */
/* Under RCU: false when it is going. */
static inline bool mount_get_unless_dead(struct mount *mnt)
{
	u32 old = atomic_read(&mnt->refs);

	do {
		if (unlikely(old == 0 || old & MOUNT_DEAD))
			return false;
	} while (!atomic_try_cmpxchg(&mnt->refs, &old, old + 1));
	return true;
}
/* Does some mount cover it? */
static inline bool dentry_is_mountpoint(const struct dentry *dentry)
{
	return READ_ONCE(dentry->flags) & DENTRY_MOUNTED;
}
void mount_init_root(struct super_block *sb);
int mount_want_write(struct mount *mnt); /* counts a writer */
void mount_drop_write(struct mount *mnt);

/* ---- super.c ---- */
struct file_system_type *filesystem_find(const char *name);

/* ---- namei.c ---- */
enum last_type { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };
/* The parent directory of a path, and the last component. */
struct parent_lookup {
	struct path dir; /* referenced */
	/* LOOKUP_FOLLOW: what the name is, referenced; dentry NULL: nothing yet */
	struct path child;
	enum last_type type;
	bool trailing_slash;
	/* of LAST_NAME */
	u32 len, hash;
	const char *name; /* the end of the path that was looked up, or a copy */
	char copy[NAME_MAX + 1];
};
/* @flags LOOKUP_FOLLOW: the parent of what a final symbolic link points to. */
int path_parent(int dirfd, const char *name, unsigned flags, struct parent_lookup *out);
void path_parent_put(struct parent_lookup *pl);
void current_cwd(struct path *out);
/* pivot_root: whoever stands at @from stands at @to. */
void fs_context_replace_all(const struct path *from, const struct path *to);
/* Under the directory's lock: may the caller create or remove here? */
int may_create(struct inode *dir);
int may_delete(struct inode *dir, struct inode *victim, bool want_dir);

/* ---- inode.c ---- */
/* The second of the last current_time() on this CPU: old, but cheap. */
DECLARE_PER_CPU(u32, coarse_second);
static inline u32 coarse_seconds(void)
{
	return this_cpu_read(coarse_second);
}

/* ---- attr.c ---- */
/* RLIMIT_FSIZE (with its signal) and the file system's own limit: 0 or -EFBIG. */
int check_file_size_limit(struct inode *inode, loff_t size);
/* mm_file_may_peek: the caller owns @file or may write to it. */
bool file_may_peek(struct file *file);
/* mm_file_punch */
int file_punch_hole(struct file *file, loff_t start, loff_t len);

/* ---- file.c ---- */
void file_init(void);
struct file *file_alloc(void);
/* close(2) of a file that has just left @f: flush, locks, the reference. */
int file_close(struct file *file, struct files *f);
static inline bool files_shared(const struct files *f)
{
	return atomic_read(&f->users) > 1;
}
/* Free a file that was never opened. */
void file_free(struct file *file);
/* O_TRUNC of a file just opened. */
int file_truncate_open(struct file *file);
int inode_get_write_access(struct inode *inode); /* -ETXTBSY */
void inode_put_write_access(struct inode *inode);

/* ---- the rest ---- */
void inode_init(void);
void kmsg_init(void);
void devtmpfs_init(void);
void tmpfs_init(void);
void pipe_init(void);
void procfs_init(void);
void sysfs_init(void);
/*
 * A tmpfs in which only the kernel makes names (sysfs, debugfs); boot. And a name in it:
 * referenced, or ERR_PTR.
 */
struct super_block *ktree_create(struct file_system_type *type, const char *source,
				 const char *options, u32 magic);
struct dentry *ktree_add(struct super_block *sb, const char *path, mode_t mode, const char *target);
void debugfs_init(void);
void ptdump_init(void);
void sysfs_thp_init(void);
void random_init(void);
void poll_init(void);
void memfd_init(void);
void mem_devices_init(void);
void anon_inode_init(void);
void epoll_init(void);
void locks_init(void);
void inotify_init(void);

extern const struct file_operations kmsg_fops, pipe_fops, cdev_open_fops, no_device_fops;
/* A nameless file of @sb, a tmpfs: memfd, shared memory. ERR_PTR */
struct inode *tmpfs_file_inode(struct super_block *sb, mode_t mode);

/* locks.c: a file is closed. */
void locks_release_file(struct file *file);
void locks_flush(struct file *file, struct files *owner);
void locks_free_inode(struct inode *inode);
/* epoll.c: forget a file that goes. */
void epoll_release_file(struct file *file);
/* inotify.c */
void inotify_inode_gone(struct inode *inode);
enum notify_event {
	NOTIFY_ACCESS = 0x1,
	NOTIFY_MODIFY = 0x2,
	NOTIFY_ATTRIB = 0x4,
	NOTIFY_CLOSE_WRITE = 0x8,
	NOTIFY_CLOSE_NOWRITE = 0x10,
	NOTIFY_OPEN = 0x20,
	NOTIFY_MOVED_FROM = 0x40,
	NOTIFY_MOVED_TO = 0x80,
	NOTIFY_CREATE = 0x100,
	NOTIFY_DELETE = 0x200,
	NOTIFY_DELETE_SELF = 0x400,
	NOTIFY_MOVE_SELF = 0x800,
};
extern u32 inotify_watches; /* how many there are at all */
void inotify_file_event(struct file *file, unsigned event);
/* The same for the inode of @dentry and, with its name, for the directory. */
void inotify_dentry_event(struct dentry *dentry, unsigned event);
/* Something happened to @name in @dir; @cookie pairs the two halves of a rename. */
void inotify_name_event(struct inode *dir, const char *name, unsigned event, u32 cookie,
			bool is_dir);
void inotify_inode_event(struct inode *inode, unsigned event);
u32 inotify_cookie(void);
void inotify_unmount(struct super_block *sb);

/* seals.c: memfd's F_SEAL_*. */
int seals_begin_mmap(struct inode *inode, struct map_request *req);
int seals_check_write(struct inode *inode, loff_t pos, size_t len);
int seals_check_resize(struct inode *inode, loff_t size);

unsigned file_count(void);
extern unsigned sysctl_file_max;

#endif
