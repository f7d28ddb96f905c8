/*
 * eventfd(2): a 64-bit counter that one can wait for.
 */
#include "fs/poll.h"
#include "fs/internal.h"

/* eventfd(2); Linux's headers for user space do not have them. */
#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK
#define COUNT_MAX (~0ULL - 1)

struct eventfd {
	spinlock_t lock;
	u64 count;
	bool semaphore;
	struct wait_queue wait;
};

static ssize_t eventfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct eventfd *e = file->private;
	u64 value = 0;
	int err;

	(void)pos;
	if (to->count < sizeof(value))
		return -EINVAL;
	for (;;) {
		spin_lock(&e->lock);
		if (e->count) {
			value = e->semaphore ? 1 : e->count;
			e->count -= value;
		}
		spin_unlock(&e->lock);
		if (value)
			break;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, READ_ONCE(e->count) != 0);
		if (err)
			return err;
	}
	wake_up_poll(&e->wait, POLLOUT);
	return copy_to_iter(&value, sizeof(value), to) == sizeof(value) ? (ssize_t)sizeof(value)
									: -EFAULT;
}

static bool has_room(struct eventfd *e, u64 value)
{
	bool room;

	spin_lock(&e->lock);
	room = COUNT_MAX - e->count >= value;
	spin_unlock(&e->lock);
	return room;
}

static ssize_t eventfd_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct eventfd *e = file->private;
	bool added;
	u64 value;
	int err;

	(void)pos;
	if (from->count < sizeof(value))
		return -EINVAL;
	if (copy_from_iter(&value, sizeof(value), from) != sizeof(value))
		return -EFAULT;
	if (value == ~0ULL)
		return -EINVAL;
	for (;;) {
		spin_lock(&e->lock);
		added = COUNT_MAX - e->count >= value;
		if (added)
			e->count += value;
		spin_unlock(&e->lock);
		if (added)
			break;
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&e->wait, has_room(e, value));
		if (err)
			return err;
	}
	wake_up_poll(&e->wait, POLLIN);
	return sizeof(value);
}

static unsigned eventfd_poll(struct file *file, struct poll_table *pt)
{
	struct eventfd *e = file->private;
	unsigned mask = 0;

	poll_wait(file, &e->wait, pt);
	spin_lock(&e->lock);
	if (e->count)
		mask |= POLLIN;
	if (e->count == ~0ULL)
		mask |= POLLERR;
	if (e->count < COUNT_MAX)
		mask |= POLLOUT;
	spin_unlock(&e->lock);
	return mask;
}

static void eventfd_release(struct inode *inode, struct file *file)
{
	(void)inode;
	kfree(file->private);
}

static void eventfd_show_fdinfo(struct file *file, struct seq_file *m)
{
	struct eventfd *e = file->private;

	seq_printf(m, "eventfd-count: %16llx\n", (unsigned long long)e->count);
}

static const struct file_operations eventfd_fops = {
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = eventfd_show_fdinfo,
};

struct file *eventfd_create(u32 count, int flags)
{
	struct eventfd *e;
	struct file *file;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return ERR_PTR(-EINVAL);
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&e->lock, RANK_EPOLL);
	wait_queue_init(&e->wait);
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	file = file_anon("[eventfd]", &eventfd_fops, e, O_RDWR | (flags & EFD_NONBLOCK));
	if (IS_ERR(file))
		kfree(e);
	return file;
}
