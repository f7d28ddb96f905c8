/*
 * The messages of POSIX message queues: sending, receiving, and the signal for who
 * wants to be told.
 *
 * Messages lie in a tree by priority, the oldest of a priority first, so that the next one is found
 * in O(log n). Who cannot go on waits in the queue, and what he waits for is brought to him: a
 * sender hands its message to the first receiver that waits, without its entering the queue, and a
 * receiver lets the first sender's message in for which it made room. Both write the result into
 * the waiter, which lies on its caller's stack, and wake him; he takes no lock then.
 *
 * Signals are sent after the queue is unlocked: siglock comes before it. mq_overview(7). Read
 * next: mqueue_fs.c.
 */
#include "proc/ipc/mqueue.h"
#include "fs/poll.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/fcntl.h>

/* A call that waits, on its caller's stack. */
struct mq_waiter {
	struct list_head node; /* (l) */
	struct task *task;
	struct mq_msg *msg; /* to be sent; or (l) received, written before done */
	bool done;          /* (l) written last */
};

struct mq_msg *mqueue_msg_alloc(struct file *file, u32 len)
{
	struct mq_msg *msg;

	if (file->op != &mqueue_fops || !(file->mode & FMODE_WRITE))
		return ERR_PTR(-EBADF);
	if (len > mqueue_of(file->inode)->max_len)
		return ERR_PTR(-EMSGSIZE);
	msg = kvmalloc(sizeof(*msg) + len, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->len = len;
	return msg;
}

void mqueue_msg_free(struct mq_msg *msg)
{
	kvfree(msg);
}

struct mqueue *mqueue_alloc(const struct mq_attr *attr)
{
	struct mqueue *q = kzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	spin_lock_init(&q->lock, RANK_IPC);
	q->messages = RB_ROOT;
	q->max_count = (u32)attr->mq_maxmsg;
	q->max_len = (u32)attr->mq_msgsize;
	list_init(&q->senders);
	list_init(&q->receivers);
	wait_queue_init(&q->wait);
	return q;
}

/* ---- in and out of the queue. => locked ---- */

static void enter(struct mqueue *q, struct mq_msg *msg)
{
	struct rb_node **link = &q->messages.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = msg->prio > rb_entry(parent, struct mq_msg, node)->prio ? &parent->left
									       : &parent->right;
	}
	rb_link_node(&msg->node, parent, link);
	rb_insert_color(&msg->node, &q->messages);
	q->count++;
	q->bytes += msg->len;
}

static struct mq_msg *leave_first(struct mqueue *q)
{
	struct mq_msg *msg = rb_entry(rb_first(&q->messages), struct mq_msg, node);

	rb_erase(&msg->node, &q->messages);
	q->count--;
	q->bytes -= msg->len;
	return msg;
}

void mqueue_free(struct mqueue *q)
{
	while (q->count)
		mqueue_msg_free(leave_first(q));
	if (q->owner)
		pid_put(q->owner);
	kfree(q);
}

/* ---- waiting ---- */

/* => locked. The waiter may be gone as soon as it is told that it is done. */
static void finish(struct mq_waiter *w)
{
	struct task *t = w->task;

	list_del(&w->node);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	wake_up_task(t); /* tasks are freed through RCU */
}

static struct mq_waiter *first_of(struct list_head *waiters)
{
	return list_first_entry_or_null(waiters, struct mq_waiter, node);
}

/* => locked; unlocks. 0: done. */
static int wait(struct mqueue *q, struct mq_waiter *w, struct list_head *queue, u64 deadline)
{
	bool late = false;
	int err = 0;

	list_add_tail(&w->node, queue);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock(&q->lock);
		if (!signal_pending(current))
			late = schedule_until(deadline) == -ETIMEDOUT;
		set_current_state(TASK_RUNNING);
		if (__atomic_load_n(&w->done, __ATOMIC_ACQUIRE))
			return 0;
		spin_lock(&q->lock);
		if (w->done)
			break;
		if (signal_pending(current) || late) {
			list_del(&w->node);
			err = late ? -ETIMEDOUT : -ERESTARTSYS;
			break;
		}
	}
	spin_unlock(&q->lock);
	return err;
}

/* ---- notification ---- */

/* Nobody is to be told any more; the reference is the caller's. => locked */
static struct pid *forget_owner(struct mqueue *q)
{
	struct pid *owner = q->owner;

	q->owner = NULL;
	return owner;
}

static void tell(struct pid *owner, const struct mqueue_event *event)
{
	siginfo_t info;
	struct process *p;

	memset(&info, 0, sizeof(info));
	info.si_signo = event->signo;
	info.si_code = SI_MESGQ;
	info.si_value.sival_int = (int)event->value;
	info.si_pid = current->tgid;
	info.si_uid = current_cred()->uid;
	rcu_read_lock();
	p = rcu_dereference(owner->process);
	if (p && event->notify == SIGEV_SIGNAL && event->signo)
		send_signal_process(p, event->signo, &info);
	rcu_read_unlock();
	pid_put(owner);
}

int mqueue_notify(struct file *file, const struct mqueue_event *event)
{
	struct mqueue *q = mqueue_of(file->inode);
	struct pid *self, *forgotten = NULL;
	int err = 0;

	if (file->op != &mqueue_fops)
		return -EBADF;
	self = pid_find_get(current->tgid);
	spin_lock(&q->lock);
	if (!event) {
		if (q->owner == self)
			forgotten = forget_owner(q);
	} else if (q->owner) {
		err = -EBUSY;
	} else {
		q->owner = self;
		q->event = *event;
		self = NULL;
	}
	spin_unlock(&q->lock);
	if (self)
		pid_put(self);
	if (forgotten)
		pid_put(forgotten);
	return err;
}

/* ---- sending and receiving ---- */

static bool is_nonblocking(struct file *file)
{
	return READ_ONCE(file->flags) & O_NONBLOCK;
}

static void used(struct file *file)
{
	inode_touch(file->inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
}

int mqueue_send(struct file *file, struct mq_msg *msg, u64 deadline)
{
	struct mqueue *q = mqueue_of(file->inode);
	struct mq_waiter self = {.task = current, .msg = msg}, *receiver;
	struct mqueue_event event;
	struct pid *owner = NULL;
	int err = 0;

	spin_lock(&q->lock);
	if (q->count == q->max_count) {
		if (is_nonblocking(file)) {
			spin_unlock(&q->lock);
			err = -EAGAIN;
		} else {
			err = wait(q, &self, &q->senders, deadline);
		}
		if (err)
			mqueue_msg_free(msg);
		else
			used(file);
		return err;
	}
	receiver = first_of(&q->receivers);
	if (receiver) {
		receiver->msg = msg;
		finish(receiver);
	} else {
		enter(q, msg);
		if (q->count == 1) { /* who wanted to know of this hears of it once */
			event = q->event;
			owner = forget_owner(q);
		}
	}
	spin_unlock(&q->lock);
	if (!receiver)
		wake_up_poll(&q->wait, POLLIN | POLLRDNORM);
	if (owner)
		tell(owner, &event);
	used(file);
	return 0;
}

/* => locked, with messages in it */
static struct mq_msg *take(struct mqueue *q)
{
	struct mq_msg *msg = leave_first(q);
	struct mq_waiter *sender = first_of(&q->senders);

	if (sender) {
		enter(q, sender->msg);
		finish(sender);
	}
	return msg;
}

struct mq_msg *mqueue_receive(struct file *file, u32 size, u64 deadline)
{
	struct mqueue *q = mqueue_of(file->inode);
	struct mq_waiter self = {.task = current};
	int err = 0;

	if (file->op != &mqueue_fops || !(file->mode & FMODE_READ))
		return ERR_PTR(-EBADF);
	if (size < q->max_len)
		return ERR_PTR(-EMSGSIZE);
	spin_lock(&q->lock);
	if (q->count) {
		self.msg = take(q);
		spin_unlock(&q->lock);
		wake_up_poll(&q->wait, POLLOUT | POLLWRNORM);
	} else if (is_nonblocking(file)) {
		spin_unlock(&q->lock);
		err = -EAGAIN;
	} else {
		err = wait(q, &self, &q->receivers, deadline);
	}
	if (err)
		return ERR_PTR(err);
	used(file);
	return self.msg;
}

int mqueue_attr(struct file *file, const struct mq_attr *new, struct mq_attr *old)
{
	struct mqueue *q = mqueue_of(file->inode);

	if (new &&new->mq_flags & ~O_NONBLOCK)
		return -EINVAL;
	if (file->op != &mqueue_fops)
		return -EBADF;
	spin_lock(&file->lock);
	if (old)
		*old = (struct mq_attr){
			.mq_flags = (long)(file->flags & O_NONBLOCK),
			.mq_maxmsg = (long)q->max_count,
			.mq_msgsize = (long)q->max_len,
			.mq_curmsgs = (long)READ_ONCE(q->count),
		};
	if (new)
		WRITE_ONCE(file->flags, (file->flags & ~(u32)O_NONBLOCK) | (u32) new->mq_flags);
	spin_unlock(&file->lock);
	return 0;
}

/* ---- files ---- */

static unsigned mqueue_poll(struct file *file, struct poll_table *pt)
{
	struct mqueue *q = mqueue_of(file->inode);
	u32 count;

	poll_wait(file, &q->wait, pt);
	count = READ_ONCE(q->count);
	return (count ? POLLIN | POLLRDNORM : 0u) |
	       (count < q->max_count ? POLLOUT | POLLWRNORM : 0u);
}

/* What read(2) gives: a line about the queue. */
static ssize_t mqueue_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct mqueue *q = mqueue_of(file->inode);
	struct mqueue_event event = {0};
	char line[80];
	pid_t owner = 0;
	u32 bytes;
	int len;

	spin_lock(&q->lock);
	bytes = q->bytes;
	if (q->owner) {
		owner = q->owner->nr;
		event = q->event;
	}
	spin_unlock(&q->lock);
	len = snprintf(line, sizeof(line), "QSIZE:%-10u NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
		       bytes, event.notify, event.notify == SIGEV_SIGNAL ? event.signo : 0, owner);
	if (*pos < 0 || *pos >= len)
		return 0;
	len = (int)copy_to_iter(line + *pos, MIN((size_t)(len - *pos), to->count), to);
	*pos += len;
	return len || !to->count ? len : -EFAULT;
}

/* A process that closes a queue, through any of its descriptors, is told of nothing any more. */
static int mqueue_flush(struct file *file)
{
	struct mqueue *q = mqueue_of(file->inode);
	struct pid *forgotten = NULL;

	spin_lock(&q->lock);
	if (q->owner && q->owner->nr == current->tgid)
		forgotten = forget_owner(q);
	spin_unlock(&q->lock);
	if (forgotten)
		pid_put(forgotten);
	return 0;
}

const struct file_operations mqueue_fops = {
	.read_iter = mqueue_read,
	.poll = mqueue_poll,
	.flush = mqueue_flush,
	.llseek = generic_llseek,
};
