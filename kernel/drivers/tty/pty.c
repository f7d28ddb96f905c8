/*
 * Pseudo-terminals, pty(7): opening /dev/ptmx makes a pair. What is written to the master is the
 * slave's input, through the slave's line discipline; what the slave's programs write arrives at
 * the master. Each side is a struct tty; the master's line discipline is raw, so that one mechanism
 * serves both directions. It stays raw: a call that sets the master's attributes sets the slave's,
 * and so the two sides can't echo to each other for ever.
 *
 * The table of pairs is guarded by table_lock. The pair lives until both ttys are gone; the
 * master's last close hangs the slave up.
 */
#include "pty.h"
#include "fs/file.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/xarray.h"
#include "mm/slab.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>

#define PTY_MAX 4096u /* as Linux's default of kernel.pty.max */

static struct xa_node *node_alloc(void)
{
	return kmalloc(sizeof(struct xa_node), GFP_KERNEL);
}

static void node_free(struct xa_node *node)
{
	kfree(node);
}

static const struct xa_ops table_ops = {.alloc = node_alloc, .free = node_free};
static struct xarray table = XARRAY_INIT(&table_ops);
static mutex_t table_lock; /* RANK_PTY_TABLE */
static u64 next_serial;

static struct tty *peer(struct tty *tty)
{
	struct pty *pty = tty->driver;

	return tty->is_master ? pty->slave : READ_ONCE(pty->master);
}

/* ---- data ---- */

static unsigned pty_write_room(struct tty *tty)
{
	struct tty *to = peer(tty);
	u32 used;

	if (!to)
		return TTY_READ_SIZE; /* nobody listens: output is thrown away */
	used = to->head - to->tail;
	if (tty_canonical(to) && to->canon_head == to->tail)
		return TTY_READ_SIZE; /* an unfinished line always takes more: it is edited, or it overflows with a bell */
	if (TTY_READ_SIZE - used < 256)
		WRITE_ONCE(to->throttled, true); /* so that a reader tells us */
	return TTY_READ_SIZE - (to->head - READ_ONCE(to->tail));
}

static unsigned pty_write(struct tty *tty, const u8 *buf, unsigned n)
{
	struct tty *to = peer(tty);

	return to ? tty_receive(to, buf, n) : n;
}

/* The reader of @tty made room: the other side may write. */
static void pty_unthrottle(struct tty *tty)
{
	struct tty *from = peer(tty);

	if (from)
		tty_wakeup(from);
}

static void pty_flush_output(struct tty *tty)
{
	struct tty *to = peer(tty);

	if (to && to->is_master) {
		mutex_lock_nested(&to->input_lock);
		to->head = to->canon_head = to->tail;
		mutex_unlock(&to->input_lock);
		tty_wakeup(tty);
	}
}

/* ---- life ---- */

static void pty_free(struct pty *pty)
{
	if (__atomic_sub_fetch(&pty->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(pty);
}

static void pty_destroy(struct tty *tty)
{
	struct pty *pty = tty->driver;

	if (tty->is_master) {
		mutex_lock(&table_lock);
		if (pty->master)
			xa_erase(&table, pty->index);
		pty->master = NULL;
		mutex_unlock(&table_lock);
		tty_put(pty->slave);
	}
	pty_free(pty);
}

static int slave_open(struct tty *tty, struct file *file)
{
	struct pty *pty = tty->driver;
	struct tty *master = READ_ONCE(pty->master);

	(void)file;
	if (!master || pty->locked)
		return -EIO;
	WRITE_ONCE(master->other_closed, false);
	return 0;
}

static void slave_close(struct tty *tty, struct file *file)
{
	struct tty *master = peer(tty);

	(void)file;
	if (tty->count || !master)
		return;
	WRITE_ONCE(master->other_closed, true);
	wake_up_all(&master->read_wait);
	wake_up_all(&master->write_wait);
}

static void master_close(struct tty *tty, struct file *file)
{
	struct pty *pty = tty->driver;

	(void)file;
	if (tty->count)
		return;
	mutex_lock(&table_lock);
	xa_erase(&table, pty->index);
	WRITE_ONCE(pty->master, NULL);
	mutex_unlock(&table_lock);
	WRITE_ONCE(pty->slave->other_closed, true);
	tty_hangup(pty->slave);
}

static long master_ioctl(struct tty *tty, struct file *file, unsigned cmd, unsigned long arg);

static const struct tty_ops master_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.unthrottle = pty_unthrottle,
	.close = master_close,
	.ioctl = master_ioctl,
	.destroy = pty_destroy,
};

static const struct tty_ops slave_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.unthrottle = pty_unthrottle,
	.flush_output = pty_flush_output,
	.open = slave_open,
	.close = slave_close,
	.destroy = pty_destroy,
};

static int pty_number(struct pty *pty)
{
	u32 id;
	int err;

	mutex_lock(&table_lock);
	err = xa_alloc(&table, &id, pty, 0, PTY_MAX - 1);
	if (!err) {
		pty->index = id;
		pty->serial = ++next_serial;
	}
	mutex_unlock(&table_lock);
	return err;
}

/* A new pair; the master, referenced. */
static struct tty *pty_create(void)
{
	struct pty *pty = kzalloc(sizeof(*pty), GFP_KERNEL);
	char name[16];
	int err;

	if (!pty)
		return ERR_PTR(-ENOMEM);
	pty->refs = 2;
	pty->locked = true;
	pty->uid = fs_current_fsuid();
	pty->slave = tty_alloc("pts", 0, &slave_ops, pty);
	pty->master = tty_alloc("ptmx", MKDEV(5, 2), &master_ops, pty);
	err = pty->slave && pty->master ? pty_number(pty) : -ENOMEM;
	if (err) {
		tty_free(pty->slave);
		tty_free(pty->master);
		kfree(pty);
		return ERR_PTR(err);
	}
	pty->master->is_master = true;
	pty->master->termios =
		(struct ktermios){.c_cflag = B38400 | CS8 | CREAD, .c_cc = {[VMIN] = 1}};
	snprintf(name, sizeof(name), "pts/%u", pty->index);
	memcpy(pty->slave->name, name, sizeof(name));
	pty->slave->dev = MKDEV(136, pty->index);
	return pty->master;
}

static struct tty *ptmx_find(unsigned minor)
{
	(void)minor;
	return pty_create();
}

struct pty *pty_find(unsigned index)
{
	struct pty *pty;

	mutex_lock(&table_lock);
	pty = xa_load(&table, index);
	if (pty)
		tty_get(pty->slave);
	mutex_unlock(&table_lock);
	return pty;
}

int pty_next(unsigned from)
{
	unsigned long index = from;
	void *found;

	mutex_lock(&table_lock);
	found = xa_find(&table, &index, PTY_MAX);
	mutex_unlock(&table_lock);
	return found ? (int)index : -1;
}

static struct tty *slave_find(unsigned minor)
{
	struct pty *pty = pty_find(minor);

	return pty ? pty->slave : ERR_PTR(-EIO);
}

/* ---- ioctls of the master ---- */

static int open_peer(struct pty *pty, unsigned flags)
{
	char name[24];
	struct file *file;
	int fd = fd_reserve(0, flags & O_CLOEXEC);

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "/dev/pts/%u", pty->index);
	file = file_open(AT_FDCWD, name,
			 (int)(flags & (O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)), 0);
	if (IS_ERR(file)) {
		fd_unreserve(fd);
		return (int)PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long master_ioctl(struct tty *tty, struct file *file, unsigned cmd, unsigned long arg)
{
	struct pty *pty = tty->driver;
	u32 value;

	(void)file;
	switch (cmd) {
	case TIOCGPTN: return put_user_u32(pty->index, (uaddr_t)arg);
	case TIOCSPTLCK:
		if (get_user_u32(&value, (uaddr_t)arg))
			return -EFAULT;
		pty->locked = value != 0;
		return 0;
	case TIOCGPTLCK: return put_user_u32(pty->locked, (uaddr_t)arg);
	case TIOCGPTPEER: return open_peer(pty, (unsigned)arg);
	case TIOCSIG:
		if (arg < 1 || arg > 64)
			return -EINVAL;
		tty_signal_pgrp(pty->slave, (int)arg);
		return 0;
	/* Attributes, window size and groups are those of the terminal that the master drives. */
	case TIOCSWINSZ:
	case TIOCGWINSZ:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TCGETA:
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
	case TCGETS:
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCGETS2:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2: return tty_side_ioctl(pty->slave, cmd, arg);
	}
	return -ENOIOCTLCMD;
}

static struct tty_driver ptmx_driver = {.find = ptmx_find};
static struct tty_driver slave_driver = {.find = slave_find};

void pty_init(void)
{
	mutex_init(&table_lock, RANK_PTY_TABLE);
	if (tty_driver_register(&ptmx_driver, MKDEV(5, 2), 1, "ptmx") ||
	    tty_driver_register(&slave_driver, MKDEV(136, 0), PTY_MAX, "pts"))
		return;
	devtmpfs_create("ptmx", 0666, MKDEV(5, 2));
	devpts_init();
}
