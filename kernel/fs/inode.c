/*
 * Inodes: allocation, reference counts, times and attributes.
 *
 * The last reference calls the file system's evict operation, which drops the data; the memory goes
 * after a grace period, because a path walk reads the inode of a dentry without a reference.
 */
#include "fs/internal.h"

#include "lib/div64.h"
#include "sched/timer.h"

static struct kmem_cache *inode_cache;
static u64 next_ino = 1;

u64 inode_new_number(void)
{
	return __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
}

/*
 * When this CPU last asked for the time of day: from there on the cycle counter tells it, for the
 * rest of that second.
 */
struct moment {
	struct clock_mark mark;
	s64 sec;
	u32 nsec, left; /* nanoseconds of the second: at the mark, and left then */
};
static DEFINE_PER_CPU(struct moment, last_moment);
DEFINE_PER_CPU(u32, coarse_second);

static noinline void ask_anew(struct moment *m)
{
	m->sec = (s64)div_u64_rem(realtime_ns_mark(&m->mark), NSEC_PER_SEC, &m->nsec);
	m->left = (u32)NSEC_PER_SEC - m->nsec;
	this_cpu_write(coarse_second, (u32)m->sec);
}

static __always_inline void tell_time(struct timespec64 *now)
{
	struct moment *m = this_cpu_ptr(last_moment);
	u32 since = clock_ns_since(&m->mark);

	if (unlikely(since >= m->left)) {
		ask_anew(m);
		since = 0;
	}
	now->sec = m->sec;
	now->nsec = m->nsec + since;
}

struct timespec64 current_time(void)
{
	struct timespec64 now;

	tell_time(&now);
	return now;
}

struct inode *inode_alloc(struct super_block *sb)
{
	struct inode *inode = kmem_cache_alloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return NULL;
	memset(&inode->mode, 0, sizeof(*inode) - offsetof(struct inode, mode)); /* and the rest */
	inode->sb = sb;
	inode->refs = 1;
	inode->nlink = 1;
	inode->ino = __atomic_add_fetch(&sb->next_ino, 1, __ATOMIC_RELAXED);
	inode->blkbits = PAGE_SHIFT;
	tell_time(&inode->atime);
	inode->mtime = inode->ctime = inode->btime = inode->atime;
	rwsem_init(&inode->lock, RANK_INODE);
	spin_lock_init(&inode->i_lock, RANK_INODE_SPIN);
	return inode;
}

void inode_init_mapping(struct inode *inode, const struct mapping_ops *ops, gfp_t gfp)
{
	mapping_init_zeroed(&inode->data, inode, ops, gfp);
	inode->mapping = &inode->data;
}

void inode_get(struct inode *inode)
{
	atomic_inc(&inode->refs);
}

bool inode_get_unless_zero(struct inode *inode)
{
	return atomic_inc_unless(&inode->refs, 0);
}

/*
 * Inodes that wait for a grace period, which a walk may still look at. They wait together: one call
 * of RCU for a batch, so that removing a file does not start a grace period of its own.
 */
#define FREE_BATCH 32
struct free_list {
	struct inode *first;
	unsigned count;
};
static DEFINE_PER_CPU(struct free_list, free_list);

static void free_rcu(struct rcu_head *head)
{
	struct inode *inode = container_of(head, struct inode, rcu), *next;

	for (; inode; inode = next) {
		next = inode->free_next;
		kfree(inode->link);
		kmem_cache_free(inode_cache, inode);
	}
}

static void free_later(struct inode *inode)
{
	struct free_list *list = this_cpu_ptr(free_list);

	inode->free_next = list->first;
	list->first = inode;
	if (++list->count < FREE_BATCH)
		return;
	list->first = NULL;
	list->count = 0;
	call_rcu(&inode->rcu, free_rcu);
}

void inode_put(struct inode *inode)
{
	if (!atomic_dec_and_test(&inode->refs))
		return;
	if (inode->marks)
		inotify_inode_gone(inode);
	if (inode->locks)
		locks_free_inode(inode);
	if (inode->sb->op && inode->sb->op->evict)
		inode->sb->op->evict(inode);
	if (inode->mapping == &inode->data)
		mapping_destroy(&inode->data);
	free_later(inode);
}

void inode_touch(struct inode *inode, unsigned which)
{
	struct timespec64 now = current_time();

	spin_lock(&inode->i_lock);
	if (which & ATTR_ATIME)
		inode->atime = now;
	if (which & ATTR_MTIME)
		inode->mtime = now;
	if (which & ATTR_CTIME)
		inode->ctime = now;
	spin_unlock(&inode->i_lock);
}

void inode_init_owner(struct inode *inode, const struct inode *dir, mode_t mode)
{
	inode->uid = fs_current_fsuid();
	if (likely(!dir || !(dir->mode & S_ISGID))) {
		inode->gid = fs_current_fsgid();
	} else {
		inode->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
		else if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010) && !fs_in_group(dir->gid) &&
			 !fs_capable(CAP_FSETID))
			mode &= ~(mode_t)S_ISGID;
	}
	inode->mode = mode;
}

void inode_init_special(struct inode *inode, mode_t mode, kdev_t rdev)
{
	if (S_ISCHR(mode)) {
		inode->fop = &cdev_open_fops;
		inode->rdev = rdev;
	} else if (S_ISBLK(mode)) {
		inode->fop = &no_device_fops;
		inode->rdev = rdev;
	} else if (S_ISFIFO(mode)) {
		inode->fop = &pipe_fops;
	} else {
		inode->fop = &no_device_fops;
	}
}

void inode_set_attr(struct inode *inode, const struct iattr *attr)
{
	spin_lock(&inode->i_lock);
	if (attr->valid & ATTR_UID)
		inode->uid = attr->uid;
	if (attr->valid & ATTR_GID)
		inode->gid = attr->gid;
	if (attr->valid & ATTR_ATIME)
		inode->atime = attr->atime;
	if (attr->valid & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (attr->valid & ATTR_CTIME)
		inode->ctime = attr->ctime;
	if (attr->valid & ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (attr->mode & S_IALLUGO);
	spin_unlock(&inode->i_lock);
}

int simple_setattr(struct inode *inode, const struct iattr *attr)
{
	if (attr->valid & ATTR_SIZE) {
		loff_t old = inode->data.size;

		__atomic_store_n(&inode->data.size, attr->size, __ATOMIC_RELAXED);
		if (attr->size < old)
			mapping_truncate_range(&inode->data, attr->size, -1);
	}
	inode_set_attr(inode, attr);
	return 0;
}

void inode_fill_stat(const struct inode *inode, struct kstat *st)
{
	st->ino = inode->ino;
	st->dev = inode->sb->dev;
	st->rdev = inode->rdev;
	st->mode = inode->mode;
	st->nlink = inode->nlink;
	st->uid = inode->uid;
	st->gid = inode->gid;
	st->size = inode->data.size;
	st->blocks = inode->blocks;
	st->blksize = 1u << inode->blkbits;
	st->atime = inode->atime;
	st->mtime = inode->mtime;
	st->ctime = inode->ctime;
	st->btime = inode->btime;
	st->attributes = 0;
	st->attributes_mask = 0;
	st->result_mask = STATX_BASIC_STATS | STATX_BTIME;
}

int inode_get_write_access(struct inode *inode)
{
	s32 old = READ_ONCE(inode->write_count);

	do {
		if (old < 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&inode->write_count, &old, old + 1, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return 0;
}

void inode_put_write_access(struct inode *inode)
{
	(void)__atomic_fetch_sub(&inode->write_count, 1, __ATOMIC_SEQ_CST);
}

void __init inode_init(void)
{
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0, SLAB_PANIC);
}
