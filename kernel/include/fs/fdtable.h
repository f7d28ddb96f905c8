/*
 * The layout of a descriptor table, for the inline lookups of fs/file.h; everything else goes
 * through the functions there.
 * (l) files->lock   (r) read without lock under RCU   (a) atomic
 */
#ifndef FS_FDTABLE_H
#define FS_FDTABLE_H

#include "sched/lock.h"
#include "sched/rcu.h"

#define FD_INLINE 32u

struct file;

struct fdtable {
	unsigned max;                         /* (r) a multiple of 32 */
	struct file **fd;                     /* (l) (r) */
	unsigned long *open, *cloexec, *full; /* (l) */
	struct rcu_head rcu;
};

struct files {
	u32 users;             /* (a) */
	struct fdtable *table; /* (l) (r) */
	spinlock_t lock;       /* RANK_FILES */
	unsigned next_fd;      /* (l) no free number below it */
	struct fdtable inline_table;
	struct file *inline_fd[FD_INLINE];
	unsigned long inline_bits[3];
};

static inline struct file *files_lookup(const struct files *f, unsigned fd)
{
	const struct fdtable *t = rcu_dereference(f->table);

	return likely(fd < t->max) ? READ_ONCE(t->fd[fd]) : NULL;
}

#endif
