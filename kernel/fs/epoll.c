/*
 * epoll(7): a set of watched files in a tree by (file, fd), and the list of those that may be
 * ready.
 *
 * Each item stands on its file's wait queues with an entry whose function puts it on the ready list
 * and wakes whoever waits. That function runs with a wait queue locked, perhaps in an interrupt;
 * ep->lock therefore ranks just above the wait queues. A wait takes items off the ready list one by
 * one and asks the file what is true now; level-triggered ones that are ready go back on it. So the
 * cost is that of what is ready, whatever is watched.
 *
 * epoll_mutex > ep->mutex > file->lock, ep->lock. An item holds no reference of its file: the
 * file's last fput() takes it away.
 */
#include "fs/poll.h"
#include "fs/internal.h"

#include "lib/rbtree.h"

#define RANK_EPOLL_GLOBAL ((enum lock_rank)14)
#define RANK_EPOLL_MUTEX ((enum lock_rank)15)
#define RANK_EPOLL_READY ((enum lock_rank)(RANK_WAITQUEUE + 1))
#define MAX_NESTING 4
#define PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define ALWAYS (EPOLLERR | EPOLLHUP)

struct epoll {
	mutex_t mutex; /* items */
	struct rb_root items;
	spinlock_t lock; /* ready, and each item's ready_node; interrupts off */
	struct list_head ready;
	struct wait_queue wait;      /* epoll_wait */
	struct wait_queue poll_wait; /* who watches this epoll file itself */
	struct file *file;
};

struct epoll_item;
struct epoll_entry { /* on one wait queue of the watched file */
	struct wait_entry wait;
	struct wait_queue *wq; /* NULL: the queue is gone */
	struct epoll_item *item;
	struct epoll_entry *next;
};

struct epoll_item {
	struct rb_node node;         /* mutex */
	struct list_head ready_node; /* lock */
	struct list_head file_node;  /* file->lock */
	struct epoll *ep;
	struct file *file;
	int fd;
	struct epoll_event event; /* mutex; the wake function reads events */
	struct epoll_entry *entries;
};

struct epoll_links {            /* of a watched file */
	struct list_head items; /* file->lock */
};

struct item_table {
	struct poll_table table;
	struct epoll_item *item;
	bool failed;
};

static mutex_t epoll_mutex; /* ends of files, and nesting */
static struct kmem_cache *item_cache, *entry_cache;
static const struct file_operations epoll_fops;

bool file_is_epoll(const struct file *file)
{
	return file->op == &epoll_fops;
}

/* ---- waking ---- */

/*
 * As wake_up_poll(), inside the wake function of another queue: interrupts are off. True:
 * somebody was woken.
 */
static bool wake_nested(struct wait_queue *wq, unsigned key)
{
	struct wait_entry *e, *next;
	bool woken = false;

	spin_lock_nested(&wq->lock);
	list_for_each_entry_safe(e, next, &wq->entries, node) {
		bool exclusive = e->exclusive;

		if (e->wake(e, key)) {
			woken = true;
			if (exclusive)
				break;
		}
	}
	spin_unlock(&wq->lock);
	return woken;
}

static bool epoll_wake(struct wait_entry *wait, unsigned key)
{
	struct epoll_entry *e = container_of(wait, struct epoll_entry, wait);
	struct epoll_item *item = e->item;
	struct epoll *ep = item->ep;
	u32 events = READ_ONCE(item->event.events);
	bool woken = false;

	if (unlikely(key & POLLFREE)) {
		list_del_init(&wait->node);
		__atomic_store_n(&e->wq, NULL, __ATOMIC_RELEASE);
		return false;
	}
	if (!(events & ~PRIVATE_BITS) || (key && !(key & (events | ALWAYS))))
		return false;
	spin_lock(&ep->lock);
	if (list_empty(&item->ready_node))
		list_add_tail(&item->ready_node, &ep->ready);
	spin_unlock(&ep->lock);
	if (wait_queue_active(&ep->wait))
		woken = wake_nested(&ep->wait, 0);
	if (wait_queue_active(&ep->poll_wait))
		woken |= wake_nested(&ep->poll_wait, POLLIN | POLLRDNORM);
	return woken || !(events & EPOLLEXCLUSIVE);
}

static void queue_entry(struct poll_table *pt, struct file *file, struct wait_queue *wq)
{
	struct item_table *t = container_of(pt, struct item_table, table);
	struct epoll_entry *e = kmem_cache_alloc(entry_cache, GFP_KERNEL);

	(void)file;
	if (!e) {
		t->failed = true;
		return;
	}
	e->wait = (struct wait_entry){.wake = epoll_wake,
				      .exclusive = t->item->event.events & EPOLLEXCLUSIVE};
	list_init(&e->wait.node);
	e->wq = wq;
	e->item = t->item;
	e->next = t->item->entries;
	t->item->entries = e;
	wait_queue_add(wq, &e->wait);
}

/* ---- items. => ep->mutex held ---- */

static int item_compare(const struct epoll_item *item, const struct file *file, int fd)
{
	if (item->file != file)
		return file < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

static struct epoll_item *item_find(struct epoll *ep, const struct file *file, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct epoll_item *item = rb_entry(n, struct epoll_item, node);
		int order = item_compare(item, file, fd);

		if (!order)
			return item;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

static void item_insert(struct epoll *ep, struct epoll_item *item)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item_compare(rb_entry(parent, struct epoll_item, node), item->file,
				    item->fd) < 0
			       ? &parent->left
			       : &parent->right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &ep->items);
}

/* Make the file know that somebody watches it: 0 or -ENOMEM */
static int file_link(struct epoll_item *item)
{
	struct file *file = item->file;
	struct epoll_links *new = NULL;

	if (!READ_ONCE(file->epoll)) {
		new = kmalloc(sizeof(*new), GFP_KERNEL);
		if (!new)
			return -ENOMEM;
		list_init(&new->items);
	}
	spin_lock(&file->lock);
	if (!file->epoll) {
		file->epoll = new;
		new = NULL;
	}
	list_add_tail(&item->file_node, &file->epoll->items);
	spin_unlock(&file->lock);
	kfree(new);
	return 0;
}

/* A queue that goes away says POLLFREE first, and is there for a grace period more. */
static void leave_queue(struct epoll_entry *e)
{
	struct wait_queue *wq;

	rcu_read_lock();
	wq = __atomic_load_n(&e->wq, __ATOMIC_ACQUIRE);
	if (wq)
		wait_queue_remove(wq, &e->wait);
	rcu_read_unlock();
}

static void drop_entries(struct epoll_item *item)
{
	struct epoll_entry *e;

	while ((e = item->entries)) {
		item->entries = e->next;
		leave_queue(e);
		kmem_cache_free(entry_cache, e);
	}
}

static void item_remove(struct epoll *ep, struct epoll_item *item)
{
	irqflags_t flags;

	drop_entries(item);
	spin_lock(&item->file->lock);
	list_del(&item->file_node);
	spin_unlock(&item->file->lock);
	rb_erase(&item->node, &ep->items);
	flags = spin_lock_irqsave(&ep->lock);
	list_del_init(&item->ready_node);
	spin_unlock_irqrestore(&ep->lock, flags);
	kmem_cache_free(item_cache, item);
}

static unsigned item_poll(struct epoll_item *item, struct poll_table *pt)
{
	return vfs_poll(item->file, pt) & item->event.events;
}

static void item_mark_ready(struct epoll_item *item)
{
	struct epoll *ep = item->ep;
	irqflags_t flags = spin_lock_irqsave(&ep->lock);

	if (list_empty(&item->ready_node))
		list_add_tail(&item->ready_node, &ep->ready);
	spin_unlock_irqrestore(&ep->lock, flags);
	wake_up(&ep->wait);
	wake_up_poll(&ep->poll_wait, POLLIN | POLLRDNORM);
}

/* Does @file, an epoll, watch @target through any number of others? How deep is it? -ELOOP */
static int check_nesting(struct file *file, const struct file *target, unsigned depth)
{
	struct epoll *ep = file->private;
	struct epoll_item *item;
	int err = 0;

	if (file == target || depth > MAX_NESTING)
		return -ELOOP;
	mutex_lock_nested(&ep->mutex);
	rb_for_each_entry(item, &ep->items, node)
	{
		if (!err && file_is_epoll(item->file))
			err = check_nesting(item->file, target, depth + 1);
	}
	mutex_unlock(&ep->mutex);
	return err;
}

static int item_add(struct epoll *ep, struct file *target, int fd, const struct epoll_event *event)
{
	struct epoll_item *item = kmem_cache_alloc(item_cache, GFP_KERNEL);
	struct item_table t = {.table = {.queue = queue_entry}, .item = item};
	int err;

	if (!item)
		return -ENOMEM;
	list_init(&item->ready_node);
	item->ep = ep;
	item->file = target;
	item->fd = fd;
	item->event = *event;
	item->entries = NULL;
	err = file_link(item);
	if (err) {
		kmem_cache_free(item_cache, item);
		return err;
	}
	item_insert(ep, item);
	if (item_poll(item, &t.table))
		item_mark_ready(item);
	if (t.failed) {
		item_remove(ep, item);
		return -ENOMEM;
	}
	return 0;
}

static int item_modify(struct epoll_item *item, const struct epoll_event *event)
{
	if (item->event.events & EPOLLEXCLUSIVE)
		return -EINVAL;
	item->event.data = event->data;
	WRITE_ONCE(item->event.events, event->events);
	smp_mb(); /* the wake function sees the new events, or we see the file ready */
	if (item_poll(item, NULL))
		item_mark_ready(item);
	return 0;
}

static int control_locked(struct epoll *ep, int op, struct file *target, int fd,
			  struct epoll_event *event)
{
	struct epoll_item *item = item_find(ep, target, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		event->events |= ALWAYS;
		return item ? -EEXIST : item_add(ep, target, fd, event);
	case EPOLL_CTL_MOD:
		event->events |= ALWAYS;
		return item ? item_modify(item, event) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_remove(ep, item);
		return 0;
	default: return -EINVAL;
	}
}

int epoll_control(struct file *file, int op, struct file *target, int fd,
		  const struct epoll_event *asked)
{
	struct epoll *ep = file->private;
	struct epoll_event event = {0};
	bool nested;
	int err = 0;

	if (!target->op->poll)
		return -EPERM;
	if (!file_is_epoll(file) || file == target)
		return -EINVAL;
	if (asked)
		event = *asked;
	nested = op == EPOLL_CTL_ADD && file_is_epoll(target);
	if (op != EPOLL_CTL_DEL && (event.events & EPOLLEXCLUSIVE) &&
	    (op == EPOLL_CTL_MOD || file_is_epoll(target) ||
	     (event.events &
	      ~(EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))))
		return -EINVAL;
	if (nested) {
		mutex_lock(&epoll_mutex);
		err = check_nesting(target, file, 0);
	}
	if (!err) {
		mutex_lock(&ep->mutex);
		err = control_locked(ep, op, target, fd, &event);
		mutex_unlock(&ep->mutex);
	}
	if (nested)
		mutex_unlock(&epoll_mutex);
	return err;
}

/* ---- waiting ---- */

static struct epoll_item *take_first(struct epoll *ep, struct list_head *list)
{
	irqflags_t flags = spin_lock_irqsave(&ep->lock);
	struct epoll_item *item = list_first_entry_or_null(list, struct epoll_item, ready_node);

	if (item)
		list_del_init(&item->ready_node);
	spin_unlock_irqrestore(&ep->lock, flags);
	return item;
}

static void put_back(struct epoll *ep, struct epoll_item *item, struct list_head *list)
{
	irqflags_t flags = spin_lock_irqsave(&ep->lock);

	if (list_empty(&item->ready_node))
		list_add_tail(&item->ready_node, list);
	spin_unlock_irqrestore(&ep->lock, flags);
}

static void list_to_ready(struct epoll *ep, struct list_head *list, bool front)
{
	irqflags_t flags = spin_lock_irqsave(&ep->lock);

	if (front)
		list_splice_init(list, &ep->ready);
	else
		list_splice_tail_init(list, &ep->ready);
	spin_unlock_irqrestore(&ep->lock, flags);
}

/*
 * Hand out up to @max events of what is on the ready list: how many, or -EFAULT when the first
 * could not be written.
 */
static int send_events(struct epoll *ep, uaddr_t user, int max)
{
	LIST_HEAD(scan);
	LIST_HEAD(again);
	struct epoll_item *item;
	irqflags_t flags;
	int n = 0;

	mutex_lock(&ep->mutex);
	flags = spin_lock_irqsave(&ep->lock);
	list_splice_init(&ep->ready, &scan);
	spin_unlock_irqrestore(&ep->lock, flags);
	while (n < max && (item = take_first(ep, &scan))) {
		unsigned events = item_poll(item, NULL);
		struct epoll_event out;

		if (!events)
			continue;
		out.events = events;
		out.data = item->event.data;
		if (copy_to_user(user + (u32)n * sizeof(out), &out, sizeof(out))) {
			put_back(ep, item, &again);
			if (!n)
				n = -EFAULT;
			break;
		}
		n++;
		if (item->event.events & EPOLLONESHOT)
			WRITE_ONCE(item->event.events, item->event.events & PRIVATE_BITS);
		else if (!(item->event.events & EPOLLET))
			put_back(ep, item, &again);
	}
	list_to_ready(ep, &scan, true);
	list_to_ready(ep, &again, false);
	mutex_unlock(&ep->mutex);
	if (!list_empty(&ep->ready) && wait_queue_active(&ep->wait))
		wake_up(&ep->wait);
	return n;
}

int epoll_wait(struct file *file, uaddr_t events, int max, u64 deadline)
{
	struct epoll *ep = file->private;
	int n;

	if (!file_is_epoll(file))
		return -EINVAL;
	for (;;) {
		if (!list_empty(&ep->ready)) {
			n = send_events(ep, events, max);
			if (n)
				return n;
		}
		if (!deadline)
			return 0;
		n = wait_event_(&ep->wait, !list_empty(&ep->ready), TASK_INTERRUPTIBLE, deadline,
				true);
		if (n)
			return n == -ETIMEDOUT ? 0 : -EINTR;
	}
}

/* ---- the epoll file ---- */

/* Is anything watched really ready? Items that are not leave the list. */
static unsigned epoll_poll(struct file *file, struct poll_table *pt)
{
	struct epoll *ep = file->private;
	struct epoll_item *item;
	unsigned mask = 0;
	LIST_HEAD(scan);
	irqflags_t flags;

	poll_wait(file, &ep->poll_wait, pt);
	if (list_empty(&ep->ready))
		return 0;
	mutex_lock_nested(&ep->mutex);
	flags = spin_lock_irqsave(&ep->lock);
	list_splice_init(&ep->ready, &scan);
	spin_unlock_irqrestore(&ep->lock, flags);
	while (!mask && (item = take_first(ep, &scan))) {
		if (item_poll(item, NULL)) {
			put_back(ep, item, &scan);
			mask = POLLIN | POLLRDNORM;
		}
	}
	list_to_ready(ep, &scan, true);
	mutex_unlock(&ep->mutex);
	return mask;
}

static void epoll_release(struct inode *inode, struct file *file)
{
	struct epoll *ep = file->private;
	struct rb_node *n;

	(void)inode;
	mutex_lock(&epoll_mutex);
	mutex_lock(&ep->mutex);
	while ((n = rb_first(&ep->items)))
		item_remove(ep, rb_entry(n, struct epoll_item, node));
	mutex_unlock(&ep->mutex);
	mutex_unlock(&epoll_mutex);
	kfree(ep);
}

/* A watched file goes: before its wait queues do. */
void epoll_release_file(struct file *file)
{
	mutex_lock(&epoll_mutex);
	while (!list_empty(&file->epoll->items)) {
		struct epoll_item *item =
			list_first_entry(&file->epoll->items, struct epoll_item, file_node);
		struct epoll *ep = item->ep;

		mutex_lock(&ep->mutex);
		item_remove(ep, item);
		mutex_unlock(&ep->mutex);
	}
	mutex_unlock(&epoll_mutex);
	kfree(file->epoll);
	file->epoll = NULL;
}

static void epoll_show_fdinfo(struct file *file, struct seq_file *m)
{
	struct epoll *ep = file->private;
	struct epoll_item *item;

	mutex_lock(&ep->mutex);
	rb_for_each_entry(item, &ep->items, node)
		seq_printf(m, "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%llx sdev:%x\n",
			   item->fd, item->event.events, (unsigned long long)item->event.data,
			   (long long)item->file->pos, (unsigned long long)item->file->inode->ino,
			   item->file->inode->sb->dev);
	mutex_unlock(&ep->mutex);
}

static const struct file_operations epoll_fops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.llseek = noop_llseek,
	.show_fdinfo = epoll_show_fdinfo,
};

struct file *epoll_create(int flags)
{
	struct epoll *ep;
	struct file *file;

	if (flags & ~EPOLL_CLOEXEC)
		return ERR_PTR(-EINVAL);
	ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return ERR_PTR(-ENOMEM);
	mutex_init(&ep->mutex, RANK_EPOLL_MUTEX);
	spin_lock_init(&ep->lock, RANK_EPOLL_READY);
	list_init(&ep->ready);
	wait_queue_init(&ep->wait);
	wait_queue_init(&ep->poll_wait);
	file = file_anon("[eventpoll]", &epoll_fops, ep, O_RDWR);
	if (IS_ERR(file))
		kfree(ep);
	else
		ep->file = file;
	return file;
}

void __init epoll_init(void)
{
	mutex_init(&epoll_mutex, RANK_EPOLL_GLOBAL);
	item_cache = kmem_cache_create("eventpoll_epi", sizeof(struct epoll_item), 0, SLAB_PANIC);
	entry_cache = kmem_cache_create("eventpoll_pwq", sizeof(struct epoll_entry), 0, SLAB_PANIC);
}
