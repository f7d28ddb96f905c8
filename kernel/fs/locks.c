/*
 * Advisory locks on files.
 *
 * An inode with locks has a context with two lists: flock locks (whole files, owned by the open
 * file) and record locks (ranges, owned by a descriptor table, or by the open file), sorted by
 * start within one owner. inode->i_lock guards the lists. Whoever must wait sleeps on the context's
 * queue and looks again after each change. Deadlocks among waiting record-lock owners are found by
 * following who waits for whom.
 */
#include "fs/locks.h"
#include "fs/internal.h"
#include "fs/seq_file.h"

struct file_lock {
	struct list_head node; /* i_lock */
	struct list_head all;  /* all_lock: /proc/locks */
	void *owner;           /* struct files or struct file */
	struct inode *inode;
	loff_t start, end;
	int type;
	pid_t pid;
	bool flock, ofd;
};

struct file_lock_context {
	struct list_head flock, posix; /* i_lock */
	struct wait_queue wait;
};

/* Who waits for whom, to find deadlocks. */
struct waiting {
	struct list_head node;
	void *owner, *blocker;
};

static LIST_HEAD(all_locks);
static LIST_HEAD(all_waiting);
static DEFINE_SPINLOCK(all_lock, RANK_EPOLL);
static struct kmem_cache *lock_cache;

static struct file_lock_context *context_get(struct inode *inode)
{
	struct file_lock_context *c = READ_ONCE(inode->locks), *expect = NULL;

	if (c)
		return c;
	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	list_init(&c->flock);
	list_init(&c->posix);
	wait_queue_init(&c->wait);
	if (!__atomic_compare_exchange_n(&inode->locks, &expect, c, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		kfree(c);
		return expect;
	}
	return c;
}

void locks_free_inode(struct inode *inode)
{
	kfree(inode->locks);
	inode->locks = NULL;
}

static struct file_lock *lock_alloc(void)
{
	struct file_lock *l = kmem_cache_alloc(lock_cache, GFP_KERNEL);

	if (l) {
		list_init(&l->node);
		list_init(&l->all);
	}
	return l;
}

static void lock_link(struct file_lock *l)
{
	spin_lock(&all_lock);
	list_add_tail(&l->all, &all_locks);
	spin_unlock(&all_lock);
}

/* => i_lock held. Off its lists, to @dead: freed when no lock is held. */
static void lock_bury(struct file_lock *l, struct list_head *dead)
{
	list_move(&l->node, dead);
	spin_lock(&all_lock);
	list_del_init(&l->all);
	spin_unlock(&all_lock);
}

static void free_all(struct list_head *dead)
{
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, dead, node)
		kmem_cache_free(lock_cache, l);
}

/* ---- flock ---- */

static struct file_lock *flock_conflict(struct file_lock_context *c, const struct file *file,
					int type)
{
	struct file_lock *l;

	list_for_each_entry(l, &c->flock, node) {
		if (l->owner != file && (type == F_WRLCK || l->type == F_WRLCK))
			return l;
	}
	return NULL;
}

/* => i_lock held: what @file had goes; the new lock comes if nothing is in the way. 0, 1: wait */
static int flock_try(struct inode *inode, struct file *file, int type, struct file_lock *new,
		     struct list_head *dead)
{
	struct file_lock_context *c = inode->locks;
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, &c->flock, node) {
		if (l->owner != file)
			continue;
		if (l->type == type)
			return 0;
		lock_bury(l, dead); /* a conversion is not atomic: flock(2) */
	}
	if (type == F_UNLCK)
		return 0;
	if (flock_conflict(c, file, type))
		return 1;
	new->owner = file;
	new->inode = inode;
	new->start = 0;
	new->end = INT64_MAX;
	new->type = type;
	new->pid = current->tgid;
	new->flock = true;
	new->ofd = false;
	list_add_tail(&new->node, &c->flock);
	lock_link(new);
	return 0;
}

static bool flock_conflict_now(struct inode *inode, const struct file *file, int type)
{
	bool conflict;

	spin_lock(&inode->i_lock);
	conflict = flock_conflict(inode->locks, file, type);
	spin_unlock(&inode->i_lock);
	return conflict;
}

int file_flock(struct file *file, int type, bool nonblock)
{
	struct inode *inode = file->inode;
	struct file_lock_context *c = context_get(inode);
	struct file_lock *new = type == F_UNLCK ? NULL : lock_alloc();
	int err;

	if (!c || (type != F_UNLCK && !new)) {
		if (new)
			kmem_cache_free(lock_cache, new);
		return -ENOMEM;
	}
	for (;;) {
		LIST_HEAD(dead);

		spin_lock(&inode->i_lock);
		err = flock_try(inode, file, type, new, &dead);
		spin_unlock(&inode->i_lock);
		if (!list_empty(&dead))
			wake_up_all(&c->wait);
		free_all(&dead);
		if (err != 1)
			break;
		err = nonblock ? -EWOULDBLOCK
			       : wait_event_interruptible(&c->wait,
							  !flock_conflict_now(inode, file, type));
		if (err)
			break;
	}
	if (new &&list_empty(&new->node))
		kmem_cache_free(lock_cache, new);
	return err;
}

/* ---- records ---- */

static struct file_lock *record_conflict(struct file_lock_context *c, const void *owner,
					 const struct lock_request *req)
{
	struct file_lock *l;

	list_for_each_entry(l, &c->posix, node) {
		if (l->owner != owner && l->start <= req->end && l->end >= req->start &&
		    (l->type == F_WRLCK || req->type == F_WRLCK))
			return l;
	}
	return NULL;
}

static void record_add(struct file_lock_context *c, struct inode *inode, struct file_lock *l,
		       void *owner, bool ofd, const struct lock_request *req)
{
	struct file_lock *at;

	l->owner = owner;
	l->inode = inode;
	l->start = req->start;
	l->end = req->end;
	l->type = req->type;
	l->pid = req->pid;
	l->flock = false;
	l->ofd = ofd;
	list_for_each_entry(at, &c->posix, node) {
		if (at->start > l->start)
			break;
	}
	list_add_tail(&l->node, &at->node);
	lock_link(l);
}

/*
 * Set the range of @owner to what @req says: neighbours of the same type join, others are cut.
 * @spare: two locks that may be used up.
 * => i_lock held, no conflict
 */
static void record_apply(struct inode *inode, void *owner, bool ofd,
			 const struct lock_request *asked, struct file_lock *spare[2],
			 struct list_head *dead)
{
	struct file_lock_context *c = inode->locks;
	struct lock_request req = *asked, rest;
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, &c->posix, node) {
		bool same = l->type == req.type;

		if (l->owner != owner)
			continue;
		/* same type: touching is enough */
		if (same ? (l->end != INT64_MAX && l->end + 1 < req.start) ||
				    (req.end != INT64_MAX && req.end + 1 < l->start)
			 : l->end < req.start || l->start > req.end)
			continue;
		if (same) {
			req.start = MIN(req.start, l->start);
			req.end = MAX(req.end, l->end);
			lock_bury(l, dead);
			continue;
		}
		if (l->end > req.end) { /* what is behind stays */
			rest = (struct lock_request){l->type, req.end + 1, l->end, l->pid};
			if (l->start >= req.start) {
				lock_bury(l, dead);
				record_add(c, inode, spare[1], owner, ofd, &rest);
				spare[1] = NULL;
				continue;
			}
			record_add(c, inode, spare[1], owner, ofd, &rest);
			spare[1] = NULL;
		}
		if (l->start < req.start)
			l->end = req.start - 1;
		else
			lock_bury(l, dead);
	}
	if (req.type != F_UNLCK) {
		record_add(c, inode, spare[0], owner, ofd, &req);
		spare[0] = NULL;
	}
}

/* Would waiting for @blocker close a circle? Then -EDEADLK; else it is noted. */
static int start_waiting(struct waiting *w, void *owner, void *blocker)
{
	struct waiting *other;
	void *follow = blocker;
	unsigned steps = 0;
	int err = 0;

	w->owner = owner;
	w->blocker = blocker;
	spin_lock(&all_lock);
again:
	list_for_each_entry(other, &all_waiting, node) {
		if (other->owner == follow) {
			follow = other->blocker;
			if (follow == owner) {
				err = -EDEADLK;
				break;
			}
			if (++steps <
			    64) /* blockers may be out of date: no chain is followed for ever */
				goto again;
		}
	}
	if (!err)
		list_add(&w->node, &all_waiting);
	spin_unlock(&all_lock);
	return err;
}

static void stop_waiting(struct waiting *w)
{
	spin_lock(&all_lock);
	list_del(&w->node);
	spin_unlock(&all_lock);
}

static bool record_conflict_now(struct inode *inode, const void *owner,
				const struct lock_request *req)
{
	bool conflict;

	spin_lock(&inode->i_lock);
	conflict = record_conflict(inode->locks, owner, req);
	spin_unlock(&inode->i_lock);
	return conflict;
}

/* Wait until the way was free for a moment. */
static int record_wait(struct inode *inode, void *owner, void *blocker, bool ofd,
		       const struct lock_request *req)
{
	struct waiting w;
	int err = 0;

	if (!ofd) { /* open files do not deadlock: anybody may hold them */
		err = start_waiting(&w, owner, blocker);
		if (err)
			return err;
	}
	err = wait_event_interruptible(&inode->locks->wait,
				       !record_conflict_now(inode, owner, req));
	if (!ofd)
		stop_waiting(&w);
	return err;
}

int file_setlk(struct file *file, const struct lock_request *req, bool ofd, bool wait)
{
	struct inode *inode = file->inode;
	struct file_lock_context *c;
	void *owner = ofd ? (void *)file : (void *)current->files;
	struct file_lock *spare[2] = {NULL, NULL}, *conflict;
	void *blocker = NULL;
	LIST_HEAD(dead);
	int err = 0;

	if (!READ_ONCE(inode->locks) && req->type == F_UNLCK)
		return 0;
	c = context_get(inode);
	spare[0] = lock_alloc();
	spare[1] = lock_alloc();
	if (!c || !spare[0] || !spare[1]) {
		err = -ENOMEM;
		goto out;
	}
	for (;;) {
		spin_lock(&inode->i_lock);
		conflict = req->type == F_UNLCK ? NULL : record_conflict(c, owner, req);
		if (!conflict)
			record_apply(inode, owner, ofd, req, spare, &dead);
		else
			blocker = conflict->owner;
		spin_unlock(&inode->i_lock);
		if (!conflict)
			break;
		err = wait ? record_wait(inode, owner, blocker, ofd, req) : -EAGAIN;
		if (err)
			break;
	}
	if (!err)
		wake_up_all(&c->wait);
out:
	for (unsigned i = 0; i < 2; i++) {
		if (spare[i])
			kmem_cache_free(lock_cache, spare[i]);
	}
	free_all(&dead);
	return err;
}

void file_getlk(struct file *file, struct lock_request *req, bool ofd)
{
	struct inode *inode = file->inode;
	struct file_lock *l = NULL;

	if (READ_ONCE(inode->locks)) {
		spin_lock(&inode->i_lock);
		l = record_conflict(inode->locks, ofd ? (void *)file : (void *)current->files, req);
		if (l) {
			req->type = l->type;
			req->start = l->start;
			req->end = l->end;
			req->pid = l->ofd ? -1 : l->pid;
		}
		spin_unlock(&inode->i_lock);
	}
	if (!l)
		req->type = F_UNLCK;
}

/* ---- the end of a file ---- */

static void drop_owned(struct inode *inode, const void *owner)
{
	struct file_lock_context *c = inode->locks;
	struct file_lock *l, *next;
	LIST_HEAD(dead);

	spin_lock(&inode->i_lock);
	list_for_each_entry_safe(l, next, &c->flock, node) {
		if (l->owner == owner)
			lock_bury(l, &dead);
	}
	list_for_each_entry_safe(l, next, &c->posix, node) {
		if (l->owner == owner)
			lock_bury(l, &dead);
	}
	spin_unlock(&inode->i_lock);
	if (list_empty(&dead))
		return;
	free_all(&dead);
	wake_up_all(&c->wait);
}

void locks_release_file(struct file *file)
{
	drop_owned(file->inode, file);
}

/* Any close(2) of the file drops the record locks of the process (fcntl_locking(2)). */
void locks_flush(struct file *file, struct files *owner)
{
	drop_owned(file->inode, owner);
}

/* The position is the number of locks before; all_lock is held for a bufferful. */
static void *locks_start(struct seq_file *m, loff_t *pos)
{
	struct list_head *at;

	(void)m;
	spin_lock(&all_lock);
	at = all_locks.next;
	for (loff_t n = *pos; n && at != &all_locks; n--)
		at = at->next;
	return at == &all_locks ? NULL : at;
}

static void *locks_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct list_head *at = v;

	(void)m;
	++*pos;
	return at->next == &all_locks ? NULL : at->next;
}

static void locks_stop(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
	spin_unlock(&all_lock);
}

static int locks_show(struct seq_file *m, void *v)
{
	const struct file_lock *l = list_entry((struct list_head *)v, struct file_lock, all);

	seq_printf(m, "%lld: %s ADVISORY  %s %d %02x:%02x:%llu %lld ", m->index + 1,
		   l->flock ? "FLOCK "
		   : l->ofd ? "OFDLCK"
			    : "POSIX ",
		   l->type == F_WRLCK ? "WRITE" : "READ ", (int)l->pid,
		   (unsigned)MAJOR(l->inode->sb->dev), (unsigned)MINOR(l->inode->sb->dev),
		   (unsigned long long)l->inode->ino, (long long)l->start);
	if (l->end == INT64_MAX)
		seq_puts(m, "EOF\n");
	else
		seq_printf(m, "%lld\n", (long long)l->end);
	return 0;
}

const struct seq_operations locks_seq = {
	.start = locks_start, .next = locks_next, .stop = locks_stop, .show = locks_show};

void __init locks_init(void)
{
	lock_cache = kmem_cache_create("file_lock", sizeof(struct file_lock), 0, SLAB_PANIC);
}
