/*
 * The tty core: terminals found by device number, opened, read, written, polled, hung up and freed.
 *
 * A file of a tty keeps a struct tty_file: the tty and the generation at which it was opened. A
 * hang-up raises the tty's generation, and every older file is dead from then on: reads give end of
 * file, writes -EIO. Next: ldisc.c for input, output.c, jobctl.c, ioctl.c.
 */
#include "drivers/tty.h"
#include "lib/string.h"
#include "lib/printf.h"
#include "lib/bitmap.h"
#include "mm/slab.h"
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <asm/poll.h>
#include <linux/fcntl.h>

struct tty_file {
	struct tty *tty;
	unsigned generation;
};

const struct ktermios tty_default_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_line = 0,
	.c_cc = {[VINTR] = 3,
		 [VQUIT] = 28,
		 [VERASE] = 127,
		 [VKILL] = 21,
		 [VEOF] = 4,
		 [VTIME] = 0,
		 [VMIN] = 1,
		 [VSTART] = 17,
		 [VSTOP] = 19,
		 [VSUSP] = 26,
		 [VREPRINT] = 18,
		 [VDISCARD] = 15,
		 [VWERASE] = 23,
		 [VLNEXT] = 22},
	.c_ispeed = 38400,
	.c_ospeed = 38400,
};

/* ---- life ---- */

void tty_free(struct tty *tty)
{
	if (!tty)
		return;
	kfree(tty->read_buf);
	kfree(tty->line_ends);
	kfree(tty);
}

struct tty *tty_alloc(const char *name, kdev_t dev, const struct tty_ops *ops, void *driver)
{
	struct tty *tty = kzalloc(sizeof(*tty), GFP_KERNEL);

	if (!tty)
		return NULL;
	tty->read_buf = kmalloc(TTY_READ_SIZE, GFP_KERNEL);
	tty->line_ends = kzalloc(TTY_READ_SIZE / 8, GFP_KERNEL);
	if (!tty->read_buf || !tty->line_ends) {
		tty_free(tty);
		return NULL;
	}
	tty->refs = 1;
	snprintf(tty->name, sizeof(tty->name), "%s", name);
	tty->dev = dev;
	tty->ops = ops;
	tty->driver = driver;
	tty->termios = tty_default_termios;
	mutex_init(&tty->lock, RANK_TTY);
	mutex_init(&tty->input_lock, RANK_TTY_INPUT);
	mutex_init(&tty->output_lock, RANK_TTY_OUTPUT);
	spin_lock_init(&tty->ctrl_lock, RANK_DEVICE);
	wait_queue_init(&tty->read_wait);
	wait_queue_init(&tty->write_wait);
	return tty;
}

void tty_get(struct tty *tty)
{
	__atomic_fetch_add(&tty->refs, 1, __ATOMIC_RELAXED);
}

/* A path walk may still look at it (devpts). */
static void free_after_grace_period(struct rcu_head *head)
{
	tty_free(container_of(head, struct tty, rcu));
}

void tty_put(struct tty *tty)
{
	if (__atomic_sub_fetch(&tty->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (tty->ops->destroy)
		tty->ops->destroy(tty);
	call_rcu(&tty->rcu, free_after_grace_period);
}

/* ---- drivers ---- */

static LIST_HEAD(drivers);

int tty_driver_register(struct tty_driver *driver, kdev_t first, unsigned count, const char *name)
{
	driver->cdev.first = first;
	driver->cdev.count = count;
	driver->cdev.fop = &tty_fops;
	driver->cdev.name = name;
	list_add_tail(&driver->node, &drivers); /* at boot, one CPU */
	return cdev_register(&driver->cdev);
}

struct tty *tty_find(kdev_t dev)
{
	struct tty_driver *d;

	list_for_each_entry(d, &drivers, node) {
		unsigned first = MINOR(d->cdev.first);

		if (MAJOR(d->cdev.first) == MAJOR(dev) && MINOR(dev) >= first &&
		    MINOR(dev) - first < d->cdev.count)
			return d->find(MINOR(dev));
	}
	return ERR_PTR(-ENXIO);
}

/* ---- open and close ---- */

struct tty *file_tty(struct file *file)
{
	struct tty_file *tf = file->private;

	return file->op == &tty_fops && tf ? tf->tty : NULL;
}

bool tty_file_hung_up(struct file *file)
{
	struct tty_file *tf = file->private;

	return READ_ONCE(tf->tty->generation) != tf->generation;
}

int tty_open_file(struct tty *tty, struct file *file)
{
	struct tty_file *tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	int err = 0;

	if (!tf)
		return -ENOMEM;
	mutex_lock(&tty->lock);
	if (tty->exclusive && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	if (!err) {
		tty->count++;
		if (tty->ops->open)
			err = tty->ops->open(tty, file);
		if (err)
			tty->count--;
	}
	if (err) {
		mutex_unlock(&tty->lock);
		kfree(tf);
		return err;
	}
	tty_get(tty);
	tf->tty = tty;
	tf->generation = tty->generation;
	file->private = tf;
	mutex_unlock(&tty->lock);
	return 0;
}

/* A session leader without a terminal that opens one gets it, unless it asked not to. */
static void maybe_take_control(struct tty *tty, struct file *file, kdev_t opened_as)
{
	int err;

	if ((file->flags & O_NOCTTY) || opened_as == MKDEV(5, 1) || tty->is_master ||
	    !(file->mode & FMODE_READ))
		return;
	if (!task_is_session_leader(current) || READ_ONCE(current->process->tty) ||
	    READ_ONCE(tty->session))
		return;
	tty_set_controlling(tty, false, &err);
}

static int tty_open(struct inode *inode, struct file *file)
{
	struct tty *tty = tty_find(inode->rdev);
	int err;

	if (IS_ERR(tty))
		return (int)PTR_ERR(tty);
	err = tty_open_file(tty, file);
	if (!err)
		maybe_take_control(tty, file, inode->rdev);
	tty_put(tty);
	return err;
}

static void tty_release(struct inode *inode, struct file *file)
{
	struct tty_file *tf = file->private;
	struct tty *tty = tf->tty;

	(void)inode;
	mutex_lock(&tty->lock);
	tty->count--;
	if (tty->ops->close)
		tty->ops->close(tty, file);
	if (!tty->count)
		tty->exclusive = false;
	mutex_unlock(&tty->lock);
	file->private = NULL;
	kfree(tf);
	tty_put(tty);
}

void tty_hangup(struct tty *tty)
{
	mutex_lock_nested(&tty->lock); /* a master that closes holds its own */
	tty->generation++;
	mutex_unlock(&tty->lock);
	tty_drop_session(tty, true);
	ldisc_flush_input(tty);
	wake_up_all(&tty->read_wait);
	wake_up_all(&tty->write_wait);
}

void tty_wakeup(struct tty *tty)
{
	if (wait_queue_active(&tty->write_wait))
		wake_up_poll(&tty->write_wait, POLLOUT | POLLWRNORM);
}

/* ---- data ---- */

static ssize_t tty_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct tty *tty = file_tty(file);
	ssize_t n;

	(void)pos;
	if (tty_file_hung_up(file))
		return 0;
	n = ldisc_read(tty, file, to);
	if (n > 0)
		inode_touch(file->inode, ATTR_ATIME);
	return n;
}

/* Send all of @buf, waiting for room: bytes sent or -errno when none. => output_lock */
static ssize_t write_chunk(struct tty *tty, struct file *file, const u8 *buf, unsigned n)
{
	unsigned done = 0;

	for (;;) {
		int err;

		if (tty_file_hung_up(file) || (tty->other_closed && !tty->is_master))
			return done ? (ssize_t)done : -EIO;
		if (!tty->stopped)
			done += tty_output(tty, buf + done, n - done);
		if (done == n)
			return done;
		if (file->flags & O_NONBLOCK)
			return done ? (ssize_t)done : -EAGAIN;
		err = wait_event_interruptible(&tty->write_wait,
					       (!tty->stopped && tty->ops->write_room(tty) >= 16) ||
						       tty_file_hung_up(file) || tty->other_closed);
		if (err)
			return done ? (ssize_t)done : err;
	}
}

static ssize_t tty_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct tty *tty = file_tty(file);
	ssize_t total = 0;
	u8 *chunk;
	int err;

	(void)pos;
	if (tty_file_hung_up(file))
		return -EIO;
	if (tty->termios.c_lflag & TOSTOP) {
		err = tty_check_change(tty);
		if (err)
			return err;
	}
	chunk = kmalloc(1024, GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	if (file->flags & O_NONBLOCK)
		err = mutex_trylock(&tty->output_lock) ? 0 : -EAGAIN;
	else
		err = mutex_lock_interruptible(&tty->output_lock) ? -ERESTARTSYS : 0;
	if (err) {
		kfree(chunk);
		return err;
	}
	while (from->count) {
		size_t want = MIN(from->count, (size_t)1024);
		size_t got = copy_from_iter(chunk, want, from);
		ssize_t sent;

		if (!got) {
			total = total ? total : -EFAULT;
			break;
		}
		sent = write_chunk(tty, file, chunk, (unsigned)got);
		if (sent < 0) {
			total = total ? total : sent;
			break;
		}
		total += sent;
		if ((size_t)sent < got)
			break;
		if (signal_pending(current) && from->count)
			break;
		cond_resched();
	}
	mutex_unlock(&tty->output_lock);
	kfree(chunk);
	return total;
}

static unsigned tty_poll(struct file *file, struct poll_table *pt)
{
	struct tty *tty = file_tty(file);
	unsigned mask = 0, readable;

	poll_wait(file, &tty->read_wait, pt);
	poll_wait(file, &tty->write_wait, pt);
	if (tty_file_hung_up(file))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	readable = ldisc_readable(tty);
	if (readable &&
	    (tty_canonical(tty) || tty->termios.c_cc[VTIME] || readable >= tty->termios.c_cc[VMIN]))
		mask |= POLLIN | POLLRDNORM;
	if (tty->other_closed)
		mask |= POLLHUP;
	if (!tty->stopped && tty->ops->write_room(tty) >= 16)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

const struct file_operations tty_fops = {
	.open = tty_open,
	.release = tty_release,
	.read_iter = tty_read,
	.write_iter = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.llseek = no_llseek,
};

/* ---- /dev/tty ---- */

static struct tty *find_current(unsigned minor)
{
	struct tty *tty = current_tty_get();

	(void)minor;
	return tty ? tty : ERR_PTR(-ENXIO);
}

static struct tty_driver current_driver = {.find = find_current};

void tty_init(void)
{
	tty_jobctl_init();
	if (tty_driver_register(&current_driver, MKDEV(5, 0), 1, "tty") == 0)
		devtmpfs_create("tty", 0666, MKDEV(5, 0));
}
