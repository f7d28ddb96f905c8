/*
 * inotify(7).
 *
 * A watch joins an instance (a file with a queue of events) and an inode, which it holds.
 * inotify_lock guards the lists of watches and the queues: events are made where names and files
 * change, which never is an interrupt. While there is no watch at all, an operation pays one look
 * at inotify_watches.
 */
#include "fs/inotify.h"
#include "fs/internal.h"

#include <linux/inotify.h>
#include <linux/poll.h>
#include <asm/ioctls.h>

#include "lib/xarray.h"

struct event {
	struct list_head node;
	int wd;
	u32 mask, cookie;
	u32 len; /* of the name with its NUL, padded; 0: none */
	char name[];
};

struct inotify {
	struct list_head events;  /* inotify_lock */
	u32 count;                /* inotify_lock */
	struct list_head watches; /* inotify_lock */
	mutex_t mutex;            /* the table of numbers */
	struct xarray by_wd;      /* mutex; entries are watches */
	u32 next_wd;
	struct wait_queue wait;
};

struct watch {
	struct list_head inode_node, instance_node, all_node; /* inotify_lock */
	struct inotify *instance; /* NULL: removed (IN_IGNORED is queued), still in the table */
	struct inode *inode;
	u32 wd, mask;
};

struct inotify_marks {
	struct list_head watches; /* inotify_lock */
};

unsigned sysctl_inotify_max_queued = 16384, sysctl_inotify_max_watches = 65536,
	 sysctl_inotify_max_instances = 128;
u32 inotify_watches;
static LIST_HEAD(all_watches);
static DEFINE_SPINLOCK(inotify_lock, RANK_EPOLL);
static struct kmem_cache *node_cache;
static const struct file_operations inotify_fops;

static struct xa_node *node_alloc(void)
{
	return kmem_cache_alloc(node_cache, GFP_KERNEL);
}

static void node_free(struct xa_node *node)
{
	kmem_cache_free(node_cache, node);
}

static const struct xa_ops table_ops = {.alloc = node_alloc, .free = node_free};

/* ---- queues. => inotify_lock held ---- */

static bool same_event(const struct event *e, int wd, u32 mask, u32 cookie, const char *name)
{
	return e->wd == wd && e->mask == mask && e->cookie == cookie &&
	       (name ? e->len && !strcmp(e->name, name) : !e->len);
}

static void queue_event(struct inotify *in, int wd, u32 mask, u32 cookie, const char *name)
{
	u32 len = name ? ALIGN_UP((u32)strlen(name) + 1, (u32)sizeof(struct inotify_event)) : 0;
	struct event *e;

	if (!list_empty(&in->events) &&
	    same_event(list_last_entry(&in->events, struct event, node), wd, mask, cookie, name))
		return; /* equal neighbours are one */
	if (in->count >= sysctl_inotify_max_queued) {
		if (list_last_entry(&in->events, struct event, node)->mask & IN_Q_OVERFLOW)
			return;
		wd = -1;
		mask = IN_Q_OVERFLOW;
		cookie = len = 0;
		name = NULL;
	}
	e = kmalloc(sizeof(*e) + len, GFP_ATOMIC | __GFP_ZERO);
	if (!e)
		return;
	e->wd = wd;
	e->mask = mask;
	e->cookie = cookie;
	e->len = len;
	if (name)
		strscpy(e->name, name, len);
	list_add_tail(&e->node, &in->events);
	in->count++;
	wake_up_poll(&in->wait, POLLIN | POLLRDNORM);
}

/*
 * Off all lists; the caller drops the inode. The table entry stays until somebody with the
 * mutex clears it.
 */
static void watch_detach(struct watch *w)
{
	queue_event(w->instance, (int)w->wd, IN_IGNORED, 0, NULL);
	list_del(&w->inode_node);
	list_del(&w->all_node);
	list_del_init(&w->instance_node);
	w->instance = NULL;
	inotify_watches--;
}

/*
 * Tell the watches of @inode. Those that end with it are put on @gone, to be finished
 * without the lock.
 */
static void tell(struct inode *inode, u32 event, u32 cookie, const char *name,
		 struct list_head *gone)
{
	struct watch *w, *next;

	if (!inode->marks)
		return;
	list_for_each_entry_safe(w, next, &inode->marks->watches, inode_node) {
		u32 mask = w->mask & event & IN_ALL_EVENTS;

		if (!mask && !(event & IN_UNMOUNT))
			continue;
		queue_event(w->instance, (int)w->wd, event, cookie, name);
		if ((w->mask & IN_ONESHOT) && gone) {
			watch_detach(w);
			list_add(&w->instance_node, gone);
		}
	}
}

/* Watches that were detached: the table entry and the inode go. => nothing held */
static void finish_gone(struct list_head *gone)
{
	struct watch *w, *next;

	list_for_each_entry_safe(w, next, gone, instance_node) {
		struct inode *inode = w->inode;

		list_del_init(&w->instance_node);
		w->inode = NULL; /* freed when the instance meets it in its table */
		inode_put(inode);
	}
}

static void send(struct inode *inode, u32 event, u32 cookie, const char *name)
{
	LIST_HEAD(gone);

	if (!READ_ONCE(inode->marks))
		return;
	spin_lock(&inotify_lock);
	tell(inode, event, cookie, name, &gone);
	spin_unlock(&inotify_lock);
	finish_gone(&gone);
}

/* ---- where the events come from ---- */

u32 inotify_cookie(void)
{
	static u32 cookie;

	return atomic_inc_return(&cookie);
}

/* The inode is deleted: its watches end. */
static void remove_watches(struct inode *inode, u32 last_event)
{
	struct watch *w, *next;
	LIST_HEAD(gone);

	if (!READ_ONCE(inode->marks))
		return;
	spin_lock(&inotify_lock);
	tell(inode, last_event, 0, NULL, NULL);
	list_for_each_entry_safe(w, next, &inode->marks->watches, inode_node) {
		watch_detach(w);
		list_add(&w->instance_node, &gone);
	}
	spin_unlock(&inotify_lock);
	finish_gone(&gone);
}

void inotify_inode_event(struct inode *inode, unsigned event)
{
	if (event & NOTIFY_DELETE_SELF)
		remove_watches(inode, IN_DELETE_SELF);
	else
		send(inode, event, 0, NULL);
}

void inotify_name_event(struct inode *dir, const char *name, unsigned event, u32 cookie,
			bool is_dir)
{
	send(dir, event | (is_dir ? IN_ISDIR : 0), cookie, name);
}

void inotify_dentry_event(struct dentry *dentry, unsigned event)
{
	struct dentry *parent = dentry->parent;
	u32 is_dir = S_ISDIR(dentry->inode->mode) ? IN_ISDIR : 0;

	if (parent != dentry && parent->inode && READ_ONCE(parent->inode->marks) &&
	    dentry_is_hashed(dentry))
		send(parent->inode, event | is_dir, 0, dentry->name);
	send(dentry->inode, event | is_dir, 0, NULL);
}

void inotify_file_event(struct file *file, unsigned event)
{
	if (!(file->mode & (FMODE_PATH | FMODE_NONOTIFY)))
		inotify_dentry_event(file->path.dentry, event);
}

void inotify_inode_gone(struct inode *inode)
{
	kfree(inode->marks); /* no watch is left: each holds the inode */
	inode->marks = NULL;
}

/* ---- the instance ---- */

static size_t event_size(const struct event *e)
{
	return sizeof(struct inotify_event) + e->len;
}

static int copy_event(const struct event *e, struct iov_iter *to)
{
	struct inotify_event head = {
		.wd = e->wd, .mask = e->mask, .cookie = e->cookie, .len = e->len};

	if (copy_to_iter(&head, sizeof(head), to) != sizeof(head))
		return -EFAULT;
	if (e->len && copy_to_iter(e->name, e->len, to) != e->len)
		return -EFAULT;
	return 0;
}

static ssize_t inotify_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct inotify *in = file->private;
	ssize_t done = 0;

	(void)pos;
	for (;;) {
		struct event *e;
		int err = 0;

		spin_lock(&inotify_lock);
		e = list_first_entry_or_null(&in->events, struct event, node);
		if (e && event_size(e) > to->count) {
			err = -EINVAL;
		} else if (e) {
			list_del(&e->node);
			in->count--;
		}
		spin_unlock(&inotify_lock);
		if (err)
			return done ? done : err;
		if (e) {
			err = copy_event(e, to);
			if (!err)
				done += (ssize_t)event_size(e);
			kfree(e);
			if (err)
				return done ? done : err;
			continue;
		}
		if (done)
			return done;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&in->wait, !list_empty(&in->events));
		if (err)
			return err;
	}
}

static unsigned inotify_poll(struct file *file, struct poll_table *pt)
{
	struct inotify *in = file->private;

	poll_wait(file, &in->wait, pt);
	return list_empty(&in->events) ? 0 : POLLIN | POLLRDNORM;
}

static long inotify_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct inotify *in = file->private;
	struct event *e;
	size_t bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock(&inotify_lock);
	list_for_each_entry(e, &in->events, node)
		bytes += event_size(e);
	spin_unlock(&inotify_lock);
	return put_user_u32((u32)bytes, (uaddr_t)arg);
}

static void inotify_release(struct inode *inode, struct file *file)
{
	struct inotify *in = file->private;
	struct event *e, *next_event;
	unsigned long wd;
	struct watch *w;
	LIST_HEAD(gone);

	(void)inode;
	spin_lock(&inotify_lock);
	while ((w = list_first_entry_or_null(&in->watches, struct watch, instance_node))) {
		watch_detach(w);
		list_add(&w->instance_node, &gone);
	}
	spin_unlock(&inotify_lock);
	finish_gone(&gone);
	xa_for_each(&in->by_wd, wd, w)
	{
		while (READ_ONCE(w->inode)) /* an event on another CPU is just ending it */
			sched_yield_current();
		kfree(w);
	}
	xa_destroy(&in->by_wd);
	list_for_each_entry_safe(e, next_event, &in->events, node)
		kfree(e);
	kfree(in);
}

static const struct file_operations inotify_fops = {
	.read_iter = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.llseek = noop_llseek,
};

struct file *inotify_create(int flags)
{
	struct inotify *in;
	struct file *file;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return ERR_PTR(-EINVAL);
	in = kzalloc(sizeof(*in), GFP_KERNEL);
	if (!in)
		return ERR_PTR(-ENOMEM);
	list_init(&in->events);
	list_init(&in->watches);
	mutex_init(&in->mutex, RANK_FILE_DATA);
	xa_init(&in->by_wd, &table_ops);
	in->next_wd = 1;
	wait_queue_init(&in->wait);
	file = file_anon("inotify", &inotify_fops, in, O_RDONLY | (flags & IN_NONBLOCK));
	if (IS_ERR(file))
		kfree(in);
	return file;
}

/* ---- watches ---- */

static struct watch *find_watch(struct inotify *in, const struct inode *inode)
{
	struct watch *w;

	if (!inode->marks)
		return NULL;
	list_for_each_entry(w, &inode->marks->watches, inode_node) {
		if (w->instance == in)
			return w;
	}
	return NULL;
}

/* => in->mutex held. A watch there already is changed: its number, or 0: there is none. */
static int change_watch(struct inotify *in, struct inode *inode, u32 mask)
{
	struct watch *w;
	int result = 0;

	spin_lock(&inotify_lock);
	w = find_watch(in, inode);
	if (w && (mask & IN_MASK_CREATE)) {
		result = -EEXIST;
	} else if (w) {
		w->mask = (mask & IN_MASK_ADD) ? w->mask | mask : mask;
		result = (int)w->wd;
	}
	spin_unlock(&inotify_lock);
	return result;
}

/* Entries of watches that ended by themselves. */
static void sweep_table(struct inotify *in)
{
	unsigned long wd;
	struct watch *w;

	xa_for_each(&in->by_wd, wd, w)
	{
		if (!READ_ONCE(w->instance) && !READ_ONCE(w->inode)) {
			xa_erase(&in->by_wd, wd);
			kfree(w);
		}
	}
}

static int marks_make(struct inode *inode)
{
	struct inotify_marks *marks, *expect = NULL;

	if (READ_ONCE(inode->marks))
		return 0;
	marks = kmalloc(sizeof(*marks), GFP_KERNEL);
	if (!marks)
		return -ENOMEM;
	list_init(&marks->watches);
	if (!__atomic_compare_exchange_n(&inode->marks, &expect, marks, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		kfree(marks);
	return 0;
}

static int new_watch(struct inotify *in, struct inode *inode, u32 mask)
{
	struct watch *w;
	int err;

	if (inotify_watches >= sysctl_inotify_max_watches)
		return -ENOSPC;
	err = marks_make(inode);
	if (err)
		return err;
	sweep_table(in);
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	err = xa_alloc_cyclic(&in->by_wd, &w->wd, w, 1, 0x7fffffff, &in->next_wd);
	if (err) {
		kfree(w);
		return err;
	}
	inode_get(inode);
	w->inode = inode;
	w->mask = mask;
	spin_lock(&inotify_lock);
	w->instance = in;
	list_add(&w->inode_node, &inode->marks->watches);
	list_add(&w->instance_node, &in->watches);
	list_add(&w->all_node, &all_watches);
	inotify_watches++;
	spin_unlock(&inotify_lock);
	return (int)w->wd;
}

int inotify_add(struct file *file, const struct path *path, u32 mask)
{
	struct inotify *in = file->private;
	struct inode *inode = path->dentry->inode;
	int result;

	if (file->op != &inotify_fops || !(mask & IN_ALL_EVENTS) ||
	    ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		return -EINVAL;
	if ((mask & IN_ONLYDIR) && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	result = inode_permission(inode, MAY_READ);
	if (result)
		return result;
	mutex_lock(&in->mutex);
	result = change_watch(in, inode, mask);
	if (!result)
		result = new_watch(in, inode, mask);
	mutex_unlock(&in->mutex);
	return result;
}

int inotify_remove(struct file *file, int wd)
{
	struct inotify *in = file->private;
	struct inode *inode = NULL;
	struct watch *w;

	if (file->op != &inotify_fops)
		return -EINVAL;
	mutex_lock(&in->mutex);
	w = wd > 0 ? xa_load(&in->by_wd, (unsigned long)wd) : NULL;
	if (w) {
		spin_lock(&inotify_lock);
		if (w->instance) {
			inode = w->inode;
			watch_detach(w);
		}
		spin_unlock(&inotify_lock);
		if (inode) {
			xa_erase(&in->by_wd, (unsigned long)wd);
			kfree(w);
		}
	}
	mutex_unlock(&in->mutex);
	if (!inode)
		return -EINVAL;
	inode_put(inode);
	return 0;
}

/* A super block goes: its watches must not hold inodes any longer. */
void inotify_unmount(struct super_block *sb)
{
	struct inode *inode;
	struct watch *w;

	while (inotify_watches) {
		inode = NULL;
		spin_lock(&inotify_lock);
		list_for_each_entry(w, &all_watches, all_node) {
			if (w->inode->sb == sb) {
				inode = w->inode;
				inode_get(inode);
				break;
			}
		}
		spin_unlock(&inotify_lock);
		if (!inode)
			break;
		remove_watches(inode, IN_UNMOUNT);
		inode_put(inode);
	}
}

void __init inotify_init(void)
{
	node_cache = kmem_cache_create("inotify_node", sizeof(struct xa_node), 0, SLAB_PANIC);
}
