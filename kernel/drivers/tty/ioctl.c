/*
 * Terminal ioctls: attributes, window size, flow control, queues. ioctl_tty(2), termios(3). Job
 * control's are in jobctl.c.
 */
#include "drivers/tty.h"
#include "lib/string.h"
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <asm/termbits.h>
#include <linux/fcntl.h>
#include <linux/tty.h>

#ifndef N_TTY
#define N_TTY 0
#endif

static const u32 speeds[] = {
	0,       50,      75,      110,     134,     150,     200,     300,
	600,     1200,    1800,    2400,    4800,    9600,    19200,   38400,
	57600,   115200,  230400,  460800,  500000,  576000,  921600,  1000000,
	1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

/* The bits of CBAUD as a number of baud; @other is c_ospeed for BOTHER. */
static u32 cbaud_speed(tcflag_t cbaud, u32 other)
{
	unsigned index;

	cbaud &= CBAUD;
	if (cbaud == BOTHER)
		return other;
	index = cbaud & CBAUDEX ? (cbaud & ~CBAUDEX) + 15 : cbaud;
	return index < ARRAY_SIZE(speeds) ? speeds[index] : 38400;
}

/* ---- attributes ---- */

static int wait_sent(struct tty *tty)
{
	if (!tty->ops->chars_in_buffer)
		return 0;
	return wait_event_interruptible(&tty->write_wait, tty->ops->chars_in_buffer(tty) == 0);
}

enum when { NOW, DRAIN, FLUSH };

static int set_termios(struct tty *tty, struct ktermios *new, enum when when)
{
	struct ktermios old;
	int err;

	err = tty_check_change(tty);
	if (!err && when != NOW)
		err = wait_sent(tty);
	if (err)
		return err;
	if (when == FLUSH)
		ldisc_flush_input(tty);
	new->c_ospeed = cbaud_speed(new->c_cflag, new->c_ospeed);
	new->c_ispeed = (new->c_cflag &CIBAUD) ? cbaud_speed(new->c_cflag >> IBSHIFT, new->c_ispeed)
					       : new->c_ospeed;
	mutex_lock(&tty->lock);
	old = tty->termios;
	new->c_line = old.c_line;
	tty->termios = *new;
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty, &old);
	mutex_unlock(&tty->lock);
	ldisc_termios_changed(tty, &old);
	return 0;
}

/* TCSETS (struct termios), TCSETS2 (struct termios2): struct ktermios begins as both do. */
static int set_from_user(struct tty *tty, uaddr_t arg, size_t size, enum when when)
{
	struct ktermios new = tty->termios;

	if (copy_from_user(&new, arg, size))
		return -EFAULT;
	return set_termios(tty, &new, when);
}

static int get_to_user(struct tty *tty, uaddr_t arg, size_t size)
{
	struct ktermios t = tty->termios;

	return copy_to_user(arg, &t, size) ? -EFAULT : 0;
}

static int set_termio(struct tty *tty, uaddr_t arg, enum when when)
{
	struct ktermios new = tty->termios;
	struct termio t;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	new.c_iflag = (new.c_iflag & 0xffff0000) | t.c_iflag;
	new.c_oflag = (new.c_oflag & 0xffff0000) | t.c_oflag;
	new.c_cflag = (new.c_cflag & 0xffff0000) | t.c_cflag;
	new.c_lflag = (new.c_lflag & 0xffff0000) | t.c_lflag;
	memcpy(new.c_cc, t.c_cc, NCC);
	return set_termios(tty, &new, when);
}

static int get_termio(struct tty *tty, uaddr_t arg)
{
	struct ktermios k = tty->termios;
	struct termio t = {0};

	t.c_iflag = (unsigned short)k.c_iflag;
	t.c_oflag = (unsigned short)k.c_oflag;
	t.c_cflag = (unsigned short)k.c_cflag;
	t.c_lflag = (unsigned short)k.c_lflag;
	t.c_line = k.c_line;
	memcpy(t.c_cc, k.c_cc, NCC);
	return copy_to_user(arg, &t, sizeof(t)) ? -EFAULT : 0;
}

static long attribute_ioctl(struct tty *tty, unsigned cmd, uaddr_t arg)
{
	switch (cmd) {
	case TCGETS: return get_to_user(tty, arg, sizeof(struct termios));
	case TCSETS: return set_from_user(tty, arg, sizeof(struct termios), NOW);
	case TCSETSW: return set_from_user(tty, arg, sizeof(struct termios), DRAIN);
	case TCSETSF: return set_from_user(tty, arg, sizeof(struct termios), FLUSH);
	case TCGETS2: return get_to_user(tty, arg, sizeof(struct termios2));
	case TCSETS2: return set_from_user(tty, arg, sizeof(struct termios2), NOW);
	case TCSETSW2: return set_from_user(tty, arg, sizeof(struct termios2), DRAIN);
	case TCSETSF2: return set_from_user(tty, arg, sizeof(struct termios2), FLUSH);
	case TCGETA: return get_termio(tty, arg);
	case TCSETA: return set_termio(tty, arg, NOW);
	case TCSETAW: return set_termio(tty, arg, DRAIN);
	case TCSETAF: return set_termio(tty, arg, FLUSH);
	}
	return -ENOIOCTLCMD;
}

/* ---- window size, flow, queues ---- */

static long set_winsize(struct tty *tty, uaddr_t arg)
{
	struct winsize ws;
	irqflags_t flags;
	bool changed;

	if (copy_from_user(&ws, arg, sizeof(ws)))
		return -EFAULT;
	flags = spin_lock_irqsave(&tty->ctrl_lock);
	changed = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	if (changed)
		tty_signal_pgrp(tty, SIGWINCH);
	return 0;
}

static long flow_ioctl(struct tty *tty, unsigned long arg)
{
	int err = tty_check_change(tty);
	u8 c;

	if (err)
		return err;
	switch (arg) {
	case TCOOFF: tty_set_stopped(tty, true); return 0;
	case TCOON: tty_set_stopped(tty, false); return 0;
	case TCIOFF:
	case TCION:
		c = tty->termios.c_cc[arg == TCIOFF ? VSTOP : VSTART];
		if (c)
			tty->ops->write(tty, &c, 1);
		return 0;
	}
	return -EINVAL;
}

static long flush_ioctl(struct tty *tty, unsigned long arg)
{
	int err = tty_check_change(tty);

	if (err)
		return err;
	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	if (arg != TCOFLUSH)
		ldisc_flush_input(tty);
	if (arg != TCIFLUSH && tty->ops->flush_output)
		tty->ops->flush_output(tty);
	return 0;
}

/* TIOCSTI: a byte as if it had been typed. */
static long simulate_input(struct tty *tty, uaddr_t arg)
{
	u8 c;

	if (READ_ONCE(current->process->tty) != tty && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user_u8(&c, arg))
		return -EFAULT;
	tty_receive(tty, &c, 1);
	return 0;
}

static long misc_ioctl(struct tty *tty, unsigned cmd, unsigned long arg)
{
	uaddr_t ptr = (uaddr_t)arg;
	int err;

	switch (cmd) {
	case TIOCGWINSZ:
		return copy_to_user(ptr, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ: return set_winsize(tty, ptr);
	case TCXONC: return flow_ioctl(tty, arg);
	case TCFLSH: return flush_ioctl(tty, arg);
	case TIOCINQ: return put_user_u32(ldisc_readable(tty), ptr);
	case TIOCOUTQ:
		return put_user_u32(tty->ops->chars_in_buffer ? tty->ops->chars_in_buffer(tty) : 0,
				    ptr);
	case TIOCSTI: return simulate_input(tty, ptr);
	case TCSBRK:
	case TCSBRKP: err = tty_check_change(tty); return err ? err : wait_sent(tty);
	case TIOCEXCL:
	case TIOCNXCL: tty->exclusive = cmd == TIOCEXCL; return 0;
	case TIOCGEXCL: return put_user_u32(tty->exclusive, ptr);
	case TIOCGETD: return put_user_u32(N_TTY, ptr);
	case TIOCSETD: {
		u32 ldisc;

		if (get_user_u32(&ldisc, ptr))
			return -EFAULT;
		return ldisc == N_TTY ? 0 : -EINVAL;
	}
	case TIOCGDEV: return put_user_u32(tty->dev, ptr);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	}
	return -ENOIOCTLCMD;
}

long tty_side_ioctl(struct tty *slave, unsigned cmd, unsigned long arg)
{
	struct pid *pid;
	irqflags_t flags;
	u32 nr;
	long ret;

	if (cmd == TIOCSPGRP)
		return tty_job_ioctl(slave, cmd, arg);
	if (cmd != TIOCGPGRP && cmd != TIOCGSID) {
		ret = attribute_ioctl(slave, cmd, (uaddr_t)arg);
		return ret == -ENOIOCTLCMD ? misc_ioctl(slave, cmd, arg) : ret;
	}
	flags = spin_lock_irqsave(&slave->ctrl_lock);
	pid = cmd == TIOCGPGRP ? slave->pgrp : slave->session;
	nr = pid ? (u32)pid->nr : 0;
	spin_unlock_irqrestore(&slave->ctrl_lock, flags);
	if (!pid && cmd == TIOCGSID)
		return -ENOTTY;
	return put_user_u32(nr, (uaddr_t)arg);
}

long tty_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct tty *tty = file_tty(file);
	long ret;

	if (tty_file_hung_up(file))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	ret = tty->ops->ioctl ? tty->ops->ioctl(tty, file, cmd, arg) : -ENOIOCTLCMD;
	if (ret == -ENOIOCTLCMD)
		ret = tty_job_ioctl(tty, cmd, arg);
	if (ret == -ENOIOCTLCMD)
		ret = attribute_ioctl(tty, cmd, (uaddr_t)arg);
	if (ret == -ENOIOCTLCMD)
		ret = misc_ioctl(tty, cmd, arg);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}
