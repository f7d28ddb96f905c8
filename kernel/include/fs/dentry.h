/*
 * Dentries: the cache of names. A dentry is a name in a directory; with an inode it is positive,
 * without one negative (the name is known to be absent). The cache holds every name that path
 * lookup met; file systems whose only storage of names is this cache
 * (tmpfs) pin theirs with a reference.
 *
 * A dentry with references is alive; with none it stays cached on the LRU list until memory is
 * needed, unless it is unhashed (removed), then it goes at once. Memory is freed after a grace
 * period, so that a path walk needs no reference.
 *
 * (h) dcache_lock; read under RCU together with the namespace sequence   (k) constant   (a) atomic
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/inode.h"

#define DENTRY_INLINE_NAME 36
#define DENTRY_DEAD 0x80000000u /* refs of a dentry that is going */

/* dentry->flags */
#define DENTRY_HASHED 1u
#define DENTRY_LRU 2u
#define DENTRY_REFERENCED 4u
#define DENTRY_MOUNTED 8u     /* some mount covers it */
#define DENTRY_REVALIDATE 16u /* op->revalidate is asked at each lookup */
#define DENTRY_PINNED 32u     /* the file system holds a reference (tmpfs) */
#define DENTRY_TRANSIENT 64u  /* not kept when nobody uses it; the file system's lookup sets it */

struct dentry_operations {
	/*
	 * Is the name still right? Called under RCU: must not sleep. false: it is dropped and
	 * looked up again.
	 */
	bool (*revalidate)(struct dentry *dentry);
	/* The name that /proc/PID/fd shows ("pipe:[123]"), in @buf; NULL: the path. */
	char *(*name)(struct dentry *dentry, char *buf, size_t size);
};

struct dentry {
	struct hlist_node hash;             /* (h) */
	struct dentry *parent;              /* (h) itself: a root */
	u32 name_hash;                      /* (h) */
	u32 len;                            /* (h) */
	const char *name;                   /* (h) NUL-terminated */
	struct inode *inode;                /* (h) NULL: negative */
	u32 refs;                           /* (a) */
	u32 flags;                          /* (h) DENTRY_* */
	const struct dentry_operations *op; /* (k) */
	struct super_block *sb;             /* (k) */
	struct list_head child;             /* (h) in parent->children */
	struct list_head children;          /* (h) */
	struct list_head lru;               /* (h) */
	unsigned long fsdata;               /* of the file system */
	struct rb_node dir_node;            /* of the file system: its place in its directory */
	struct rcu_head rcu;
	char inline_name[DENTRY_INLINE_NAME];
};

/* A new negative, unhashed dentry below @parent, refs 1; holds @parent. NULL: no memory. */
struct dentry *dentry_alloc(struct dentry *parent, const char *name, u32 len);
/* The same without a parent, for roots and anonymous files. */
struct dentry *dentry_alloc_root(struct super_block *sb, const char *name);
/* Make @dentry positive; takes the inode's reference over. */
void dentry_set_inode(struct dentry *dentry, struct inode *inode);
/* Enter it in the cache, so that lookups find it. => the parent's inode locked for write */
void dentry_hash(struct dentry *dentry);
/* Take it out: lookups miss it. */
void dentry_unhash(struct dentry *dentry);
/*
 * A file system without another storage of names keeps each of its dentries with a reference; and
 * gives it back.
 */
void dentry_pin(struct dentry *dentry);
void dentry_unpin(struct dentry *dentry);
/*
 * The name was removed: a negative entry stays in its place, or it is unhashed while others use it.
 * => the caller's reference; the inode may go
 */
void dentry_removed(struct dentry *dentry);
/*
 * Give @dentry the name and parent of @target, which is unhashed; @exchange: and the
 * other way round.
 */
void dentry_move(struct dentry *dentry, struct dentry *target, bool exchange);
static inline void dentry_get(struct dentry *dentry)
{
	atomic_inc(&dentry->refs);
}
void dentry_put(struct dentry *dentry); /* may sleep; NULL allowed */
/* Under RCU: false when it is going. */
static inline bool dentry_get_unless_dead(struct dentry *dentry)
{
	u32 old = atomic_read(&dentry->refs);

	do {
		if (unlikely(old & DENTRY_DEAD))
			return false;
	} while (!atomic_try_cmpxchg(&dentry->refs, &old, old + 1));
	return true;
}
static inline bool dentry_is_hashed(const struct dentry *dentry)
{
	return READ_ONCE(dentry->flags) & DENTRY_HASHED;
}
static inline bool dentry_is_dir(const struct dentry *dentry)
{
	return dentry->inode && (dentry->inode->mode & 0170000) == 0040000;
}

/*
 * The dentry of a name, from the cache or else from the file system: referenced, perhaps negative;
 * ERR_PTR. => the directory's inode locked for write
 */
struct dentry *dentry_lookup(struct dentry *parent, const char *name, u32 len);
/* The same, with the name's hash known from a path walk. */
struct dentry *dentry_lookup_hashed(struct dentry *parent, const char *name, u32 len, u32 hash);
/* Drop cached names below @dentry that nobody uses. */
void dentry_shrink_children(struct dentry *dentry);
/* Free up to @n unused dentries, oldest first: how many. Memory pressure calls it. */
unsigned dcache_shrink(unsigned n);
/* How willingly names go when memory is short, in percent: /proc/sys/vm/vfs_cache_pressure. */
extern unsigned sysctl_vfs_cache_pressure;
struct dcache_stats {
	unsigned dentries, unused;
};
void dcache_stats(struct dcache_stats *out);

/*
 * Is @ancestor @dentry itself or above it? => rename_lock of the super block held, or a hint only
 */
bool dentry_is_ancestor(const struct dentry *ancestor, const struct dentry *dentry);

#endif
