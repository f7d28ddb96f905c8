/*
 * Mounts: which super block is seen where. A mount covers a dentry of its parent mount; path lookup
 * crosses it by a hash of (parent mount, dentry). The tree changes under mount_mutex; lookups run
 * under RCU and check the namespace sequence.
 *
 * (m) mount_mutex (RANK_FS_MOUNT)   (k) constant   (a) atomic
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/dentry.h"
#include "fs/file.h"
#include "lib/atomic.h"
#include <linux/errno.h>
#include <linux/mount.h>

struct mount {
	struct hlist_node hash;    /* (m) by (parent, mountpoint) */
	struct hlist_node covered; /* (m) by mountpoint */
	struct mount *parent;      /* (m) itself: the root of the tree */
	struct dentry *mountpoint; /* (m) in the parent */
	struct dentry *root;       /* (k) what is seen there: a dentry of sb */
	struct super_block *sb;    /* (k) */
	u32 flags;             /* (m) MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME... */
	u32 refs;              /* (a) the tree holds one; 0: going */
	s32 writers;           /* (a) files open for writing */
	int id;                /* (k) */
	u32 sequence;          /* (m) rises along the list of all mounts */
	bool attached;         /* (m) in the tree */
	struct list_head node; /* (m) all mounts, in order of mounting */
	struct list_head child, children; /* (m) */
	char *source;                     /* (k) what /proc/mounts shows first */
	struct rcu_head rcu;
};

/*
 * The sequence of the name space: odd while a rename or a change of the mount tree happens. A walk
 * without references is right if it has not changed from its start to its end.
 */
extern u32 namespace_seq;
void namespace_seq_begin(void);
void namespace_seq_end(void);

static inline void mount_get(struct mount *mnt)
{
	atomic_inc(&mnt->refs);
}
/* One that nobody refers to any more; sleeps. */
void mount_free(struct mount *mnt);
/* NULL allowed; the last reference sleeps. */
static inline void mount_put(struct mount *mnt)
{
	if (mnt && unlikely(atomic_dec_and_test(&mnt->refs)))
		mount_free(mnt);
}
/* The mount that covers @dentry in @parent, or NULL. Under RCU, no reference. */
struct mount *mount_find_child(const struct mount *parent, const struct dentry *dentry);
/* A mount of @sb that is in no tree (anonymous files). NULL */
struct mount *mount_internal(struct super_block *sb);
/* The same with a super block and root directory of its own, at boot: pipes, sockets. NULL */
struct mount *pseudo_mount(const struct file_system_type *type, const struct super_operations *op,
			   u32 magic);

/* mount(2): @flags MS_* of linux/mount.h, @data kernel memory. 0 or -errno. */
int vfs_do_mount(const char *source, const char *target, const char *type, u32 flags,
		 const char *data);
int vfs_umount(const char *target, unsigned flags);
int vfs_pivot_root(const char *new_root, const char *put_old);
/* 0, or -EROFS if nothing may be written through it. */
static inline int mount_check_write(const struct mount *mnt)
{
	return unlikely((mnt->flags | mnt->sb->flags) & MS_RDONLY) ? -EROFS : 0;
}
/*
 * The mounts in their order, for /proc/mounts and mountinfo: the first whose sequence number is
 * @sequence or more, or NULL. => locked. Locking sleeps.
 */
void mount_list_lock(void);
void mount_list_unlock(void);
struct mount *mount_list_from(u32 sequence);
struct mount *mount_list_next(const struct mount *mnt);
/* Walk the mounts that the caller's root sees. => no lock; sleeps */
int mount_for_each(int (*fn)(struct mount *mnt, const char *path, void *arg), void *arg);
/* How many mounts there may be: /proc/sys/fs/mount-max. */
extern unsigned sysctl_mount_max;
/* The root mount of the tree. */
extern struct mount *mount_root;
/* Changes of the mount tree so far, and where pollers of /proc/mounts wait. */
extern struct wait_queue mount_wait;
extern u32 mount_events;
/* The file systems, for /proc/filesystems. */
void filesystem_for_each(void (*fn)(const struct file_system_type *type, void *arg), void *arg);

#endif
