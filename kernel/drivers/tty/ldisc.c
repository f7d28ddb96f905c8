/*
 * The line discipline: what happens to input between a terminal and read(2). Canonical mode
 * collects lines that can be edited; raw mode hands bytes through, counted by VMIN and timed by
 * VTIME. Semantics: termios(3), POSIX.1 chapter 11.
 *
 * The read buffer is a ring of TTY_READ_SIZE bytes with free-running counters:
 *
 *      tail <= canon_head <= head <= tail + TTY_READ_SIZE
 *      [tail, canon_head)   complete lines (canonical), each end marked in line_ends
 *      [canon_head, head)   the line being edited; in raw mode everything in [tail, head) is readable
 *
 * An end of file (VEOF) is a marked byte of value 0: it ends a line and is not itself read. All of
 * it under tty->input_lock. Signals are sent with that lock held, which is why input never runs in
 * interrupt context.
 */
#include "drivers/tty.h"
#include "lib/bitmap.h"
#include "lib/ctype.h"
#include "lib/string.h"
#include "mm/slab.h"
#include <linux/fcntl.h>

#define EOF_BYTE 0
#define AT(counter) ((counter) & (TTY_READ_SIZE - 1))

#define L_FLAG(tty, f) ((tty)->termios.c_lflag & (f))
#define I_FLAG(tty, f) ((tty)->termios.c_iflag & (f))

static bool is_cc(const struct tty *tty, unsigned which, u8 c)
{
	u8 cc = tty->termios.c_cc[which];

	return cc != 0 && cc == c;
}

static unsigned room(const struct tty *tty)
{
	return TTY_READ_SIZE - (tty->head - tty->tail);
}

static void store(struct tty *tty, u8 c)
{
	tty->read_buf[AT(tty->head)] = c;
	clear_bit(AT(tty->head), tty->line_ends);
	tty->head++;
}

/* ---- echo ---- */

static void echo_byte(struct tty *tty, u8 c)
{
	tty_echo(tty, &c, 1);
}

/* Control characters show as ^X when ECHOCTL is on. */
static void echo_char(struct tty *tty, u8 c)
{
	if (L_FLAG(tty, ECHOCTL) && ((c < 32 && c != '\t' && c != '\n') || c == 127)) {
		u8 two[2] = {'^', c ^ 0x40};

		tty_echo(tty, two, 2);
		return;
	}
	echo_byte(tty, c);
}

static bool is_continuation(const struct tty *tty, u8 c)
{
	return I_FLAG(tty, IUTF8) && (c & 0xc0) == 0x80;
}

/* Columns that the character @c takes when it is echoed; tabs are for column_before(). */
static unsigned echo_width(const struct tty *tty, u8 c)
{
	if (c < 32 || c == 127)
		return L_FLAG(tty, ECHOCTL) ? 2 : 0;
	return is_continuation(tty, c) ? 0 : 1;
}

/* The column at which the byte before @end of the edited line stands, for erasing a tab. */
static unsigned column_before(const struct tty *tty, u32 end)
{
	unsigned col = tty->canon_column;

	for (u32 i = tty->canon_head; i != end; i++) {
		u8 c = tty->read_buf[AT(i)];

		col = c == '\t' ? (col | 7) + 1 : col + echo_width(tty, c);
	}
	return col;
}

/*
 * Back over a tab: as many columns as it took where it stands, wherever output has left
 * the cursor since.
 */
static void echo_erase_tab(struct tty *tty)
{
	for (unsigned width = 8 - (column_before(tty, tty->head) & 7); width > 0; width--)
		tty_echo(tty, (const u8 *)"\b", 1);
}

static void echo_erase(struct tty *tty, u8 c)
{
	unsigned width = echo_width(tty, c);

	if (c == '\t')
		return echo_erase_tab(tty);
	while (width-- > 0)
		tty_echo(tty, (const u8 *)"\b \b", 3);
}

/* ---- editing ---- */

/*
 * Take the last character (all bytes of a UTF-8 sequence) off the edited line; false: it is empty.
 */
static bool erase_char(struct tty *tty)
{
	u8 c;

	if (tty->head == tty->canon_head)
		return false;
	do {
		c = tty->read_buf[AT(--tty->head)];
	} while (is_continuation(tty, c) && tty->head != tty->canon_head);
	if (L_FLAG(tty, ECHO)) {
		if (L_FLAG(tty, ECHOE))
			echo_erase(tty, c);
		else
			echo_char(tty, tty->termios.c_cc[VERASE]);
	}
	return true;
}

static void erase_word(struct tty *tty)
{
	bool seen_word = false;

	while (tty->head != tty->canon_head) {
		u8 c = tty->read_buf[AT(tty->head - 1)];
		bool word = isalnum(c) || c == '_' || c >= 0x80;

		if (seen_word && !word)
			break;
		seen_word |= word;
		erase_char(tty);
	}
}

static void kill_line(struct tty *tty)
{
	if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOK) &&
	    !(L_FLAG(tty, ECHOKE) && L_FLAG(tty, ECHOE))) {
		tty->head = tty->canon_head;
		echo_char(tty, tty->termios.c_cc[VKILL]);
		echo_byte(tty, '\n');
		return;
	}
	while (erase_char(tty))
		;
}

static void reprint(struct tty *tty)
{
	echo_char(tty, tty->termios.c_cc[VREPRINT]);
	echo_byte(tty, '\n');
	for (u32 i = tty->canon_head; i != tty->head; i++)
		echo_char(tty, tty->read_buf[AT(i)]);
}

static void end_line(struct tty *tty, u8 c)
{
	store(tty, c);
	set_bit(AT(tty->head - 1), tty->line_ends);
	__atomic_store_n(&tty->canon_head, tty->head, __ATOMIC_RELEASE);
	wake_up_poll(&tty->read_wait, 0x41 /* POLLIN | POLLRDNORM */);
}

/* Editing and line ends; true: the character is dealt with. */
static bool canonical_special(struct tty *tty, u8 c)
{
	bool iexten = L_FLAG(tty, IEXTEN);

	if (is_cc(tty, VERASE, c)) {
		erase_char(tty);
	} else if (is_cc(tty, VKILL, c)) {
		kill_line(tty);
	} else if (iexten && is_cc(tty, VWERASE, c)) {
		erase_word(tty);
	} else if (iexten && is_cc(tty, VLNEXT, c)) {
		tty->literal_next = true;
		if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOCTL))
			tty_echo(tty, (const u8 *)"^\b", 2);
	} else if (iexten && L_FLAG(tty, ECHO) && is_cc(tty, VREPRINT, c)) {
		reprint(tty);
	} else if (c == '\n') {
		if (L_FLAG(tty, ECHO | ECHONL))
			echo_byte(tty, '\n');
		end_line(tty, c);
	} else if (is_cc(tty, VEOF, c)) {
		end_line(tty, EOF_BYTE);
	} else if (is_cc(tty, VEOL, c) || (iexten && is_cc(tty, VEOL2, c))) {
		if (L_FLAG(tty, ECHO))
			echo_char(tty, c);
		end_line(tty, c);
	} else {
		return false;
	}
	return true;
}

static void store_char(struct tty *tty, u8 c)
{
	/*
	 * One place stays free for the end of the line: a line that is too long can still be ended.
	 */
	if (tty_canonical(tty) && room(tty) <= 1) {
		if (I_FLAG(tty, IMAXBEL))
			echo_byte(tty, '\a');
		return;
	}
	if (L_FLAG(tty, ECHO)) {
		if (tty->head == tty->canon_head)
			tty->canon_column = tty->column;
		echo_char(tty, c);
	}
	/* With PARMRK a real 0xff is doubled, so that it is not taken for a mark. */
	if (c == 0xff && I_FLAG(tty, PARMRK) && room(tty) > 2)
		store(tty, c);
	store(tty, c);
}

/* ---- signals and flow control ---- */

static void signal_char(struct tty *tty, int sig, u8 c)
{
	if (!L_FLAG(tty, NOFLSH)) {
		tty->head = tty->canon_head = tty->tail;
		if (tty->ops->flush_output)
			tty->ops->flush_output(tty);
	}
	if (L_FLAG(tty, ECHO))
		echo_char(tty, c);
	tty_signal_pgrp(tty, sig);
}

void tty_set_stopped(struct tty *tty, bool stop)
{
	irqflags_t flags = spin_lock_irqsave(&tty->ctrl_lock);
	bool change = tty->stopped != stop;

	tty->stopped = stop;
	spin_unlock_irqrestore(&tty->ctrl_lock, flags);
	if (!change)
		return;
	if (stop && tty->ops->stop)
		tty->ops->stop(tty);
	if (!stop && tty->ops->start)
		tty->ops->start(tty);
	if (!stop)
		tty_wakeup(tty);
}

static bool signal_or_flow(struct tty *tty, u8 c)
{
	if (I_FLAG(tty, IXON)) {
		if (is_cc(tty, VSTART, c)) {
			tty_set_stopped(tty, false);
			return true;
		}
		if (is_cc(tty, VSTOP, c)) {
			tty_set_stopped(tty, true);
			return true;
		}
	}
	if (L_FLAG(tty, ISIG)) {
		if (is_cc(tty, VINTR, c)) {
			signal_char(tty, SIGINT, c);
			return true;
		}
		if (is_cc(tty, VQUIT, c)) {
			signal_char(tty, SIGQUIT, c);
			return true;
		}
		if (is_cc(tty, VSUSP, c)) {
			signal_char(tty, SIGTSTP, c);
			return true;
		}
	}
	if (tty->stopped && I_FLAG(tty, IXON) && I_FLAG(tty, IXANY))
		tty_set_stopped(tty, false);
	return false;
}

static void receive_char(struct tty *tty, u8 c)
{
	if (I_FLAG(tty, ISTRIP))
		c &= 0x7f;
	if (tty->literal_next) {
		tty->literal_next = false;
		store_char(tty, c);
		return;
	}
	if (I_FLAG(tty, IUCLC) && L_FLAG(tty, IEXTEN))
		c = (u8)tolower(c);
	if (signal_or_flow(tty, c))
		return;
	if (c == '\r') {
		if (I_FLAG(tty, IGNCR))
			return;
		if (I_FLAG(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_FLAG(tty, INLCR)) {
		c = '\r';
	}
	if (tty_canonical(tty) && canonical_special(tty, c))
		return;
	store_char(tty, c);
}

static void publish(struct tty *tty)
{
	if (tty_canonical(tty))
		return;
	/*
	 * A reader that waits for VMIN bytes has taken the first ones already: it counts, not we.
	 */
	__atomic_store_n(&tty->canon_head, tty->head, __ATOMIC_RELEASE);
	wake_up_poll(&tty->read_wait, 0x41);
}

unsigned tty_receive(struct tty *tty, const u8 *buf, unsigned n)
{
	unsigned i;

	if (tty->is_master)
		mutex_lock_nested(&tty->input_lock); /* the slave's echo holds the slave's */
	else
		mutex_lock(&tty->input_lock);
	for (i = 0; i < n; i++) {
		if (!tty_canonical(tty) && room(tty) < 2) {
			tty->throttled = true;
			break;
		}
		if (tty_canonical(tty) && room(tty) < 2 && tty->canon_head != tty->tail) {
			tty->throttled =
				true; /* whole lines wait to be read: keep the rest in the driver */
			break;
		}
		receive_char(tty, buf[i]);
	}
	publish(tty);
	mutex_unlock(&tty->input_lock);
	return i;
}

void tty_receive_break(struct tty *tty)
{
	mutex_lock(&tty->input_lock);
	if (!I_FLAG(tty, IGNBRK)) {
		if (I_FLAG(tty, BRKINT)) {
			tty->head = tty->canon_head = tty->tail;
			tty_signal_pgrp(tty, SIGINT);
		} else if (room(tty) > 4) {
			if (I_FLAG(tty, PARMRK)) {
				store(tty, 0xff);
				store(tty, 0);
			}
			store(tty, 0);
			publish(tty);
		}
	}
	mutex_unlock(&tty->input_lock);
}

void ldisc_flush_input(struct tty *tty)
{
	bool kick;

	mutex_lock(&tty->input_lock);
	tty->head = tty->canon_head = tty->tail;
	kick = tty->throttled;
	tty->throttled = false;
	mutex_unlock(&tty->input_lock);
	if (kick && tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

/*
 * Leaving canonical mode makes an unfinished line readable; entering it makes what is
 * buffered one line.
 */
void ldisc_termios_changed(struct tty *tty, const struct ktermios *old)
{
	mutex_lock(&tty->input_lock);
	if ((old->c_lflag ^ tty->termios.c_lflag) & ICANON) {
		if (tty_canonical(tty)) {
			bitmap_zero(tty->line_ends, TTY_READ_SIZE);
			if (tty->head != tty->tail)
				set_bit(AT(tty->head - 1), tty->line_ends);
		}
		tty->canon_head = tty->head;
		tty->literal_next = false;
		wake_up_all(&tty->read_wait);
	}
	mutex_unlock(&tty->input_lock);
	if (!I_FLAG(tty, IXON) && (old->c_iflag & IXON))
		tty_set_stopped(tty, false);
}

unsigned ldisc_readable(struct tty *tty)
{
	u32 head = __atomic_load_n(&tty->canon_head, __ATOMIC_ACQUIRE);

	return head - READ_ONCE(tty->tail);
}

/* ---- read(2) ---- */

/*
 * Copy one line, or what fits of it, to @line: bytes copied; *@eof when the line was an end of
 * file. => input_lock
 */
static unsigned take_line(struct tty *tty, u8 *line, unsigned n, bool *ended)
{
	unsigned copied = 0;

	*ended = false;
	while (tty->tail != tty->canon_head) {
		u32 at = AT(tty->tail);
		bool marked = test_bit(at, tty->line_ends);

		if (marked && tty->read_buf[at] == EOF_BYTE) {
			if (copied == n)
				return copied; /* the mark stays, unless nothing was read before it */
			tty->tail++;
			*ended = true;
			return copied;
		}
		if (copied == n)
			return copied;
		line[copied++] = tty->read_buf[at];
		tty->tail++;
		if (marked) {
			*ended = true;
			return copied;
		}
	}
	return copied;
}

static unsigned take_raw(struct tty *tty, u8 *buf, unsigned n)
{
	unsigned copied = 0;

	while (copied < n && tty->tail != tty->head)
		buf[copied++] = tty->read_buf[AT(tty->tail++)];
	return copied;
}

static void after_read(struct tty *tty)
{
	bool kick = false;

	mutex_lock(&tty->input_lock);
	if (tty->throttled && room(tty) >= TTY_READ_SIZE / 4) {
		tty->throttled = false;
		kick = true;
	}
	mutex_unlock(&tty->input_lock);
	if (kick && tty->ops->unthrottle)
		tty->ops->unthrottle(tty);
}

static ssize_t read_canonical(struct tty *tty, struct iov_iter *to)
{
	size_t want = MIN(to->count, (size_t)TTY_READ_SIZE);
	u8 *line = kmalloc(MAX(want, (size_t)1), GFP_KERNEL);
	unsigned n;
	bool ended;

	if (!line)
		return -ENOMEM;
	mutex_lock(&tty->input_lock);
	n = take_line(tty, line, (unsigned)want, &ended);
	mutex_unlock(&tty->input_lock);
	if (!n && !ended) {
		kfree(line);
		return -EAGAIN; /* another reader was faster */
	}
	if (copy_to_iter(line, n, to) != n) {
		kfree(line);
		return -EFAULT;
	}
	kfree(line);
	return n;
}

static ssize_t read_some_raw(struct tty *tty, struct iov_iter *to)
{
	u8 chunk[256];
	ssize_t total = 0;

	while (to->count) {
		unsigned n;

		mutex_lock(&tty->input_lock);
		n = take_raw(tty, chunk, (unsigned)MIN(to->count, sizeof(chunk)));
		mutex_unlock(&tty->input_lock);
		if (!n)
			break;
		if (copy_to_iter(chunk, n, to) != n)
			return total ? total : -EFAULT;
		total += n;
	}
	return total;
}

/* No more input will come: the file was hung up, or the other side of a pty is closed. */
static bool line_ended(struct tty *tty, struct file *file)
{
	return READ_ONCE(tty->other_closed) || tty_file_hung_up(file);
}

static ssize_t end_result(struct tty *tty, struct file *file)
{
	return tty_file_hung_up(file) || !tty->is_master ? 0 : -EIO;
}

/*
 * VMIN and VTIME (tenths of a second), termios(3) cases A to D:
 *   min > 0, time = 0   wait for min bytes            min > 0, time > 0   time runs between bytes, from the first
 *   min = 0, time > 0   wait at most time for one     min = 0, time = 0   do not wait
 */
static ssize_t read_raw(struct tty *tty, struct file *file, struct iov_iter *to)
{
	unsigned min = tty->termios.c_cc[VMIN], time = tty->termios.c_cc[VTIME];
	size_t want = MIN((size_t)(min ? min : 1), to->count);
	ssize_t total = 0;

	for (;;) {
		u64 deadline = ~0ULL;
		ssize_t n = read_some_raw(tty, to);
		int err;

		if (n < 0)
			return total ? total : n;
		total += n;
		if ((size_t)total >= want || !to->count || (!min && !time) || (!min && total))
			return total;
		if (line_ended(tty, file))
			return total ? total : end_result(tty, file);
		if (file->flags & O_NONBLOCK)
			return total ? total : -EAGAIN;
		if (time && (total || !min))
			deadline = clock_ns() + time * (NSEC_PER_SEC / 10);
		err = wait_event_interruptible_until(&tty->read_wait,
						     ldisc_readable(tty) || line_ended(tty, file) ||
							     tty_canonical(tty),
						     deadline);
		if (err == -ETIMEDOUT)
			return total;
		if (err)
			return total ? total : err;
	}
}

ssize_t ldisc_read(struct tty *tty, struct file *file, struct iov_iter *to)
{
	ssize_t n;

	for (;;) {
		int err = tty_check_read(tty);

		if (err)
			return err;
		if (!tty_canonical(tty)) {
			n = read_raw(tty, file, to);
			break;
		}
		if (ldisc_readable(tty)) {
			n = read_canonical(tty, to);
			if (n != -EAGAIN)
				break;
			continue;
		}
		if (line_ended(tty, file))
			return end_result(tty, file);
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(&tty->read_wait, ldisc_readable(tty) ||
									line_ended(tty, file) ||
									!tty_canonical(tty));
		if (err)
			return err;
	}
	if (tty->throttled)
		after_read(tty);
	return n;
}
