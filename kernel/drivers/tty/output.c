/*
 * Output processing (OPOST): what happens to bytes between write(2) or echo and the driver, and the
 * cursor column that erasing needs. termios(3), c_oflag.
 *
 * Writers hold tty->output_lock one after the other; echo does not wait for it: it goes out at
 * once, between the writer's chunks, and is dropped when the driver is full, as a real terminal
 * would lose it.
 */
#include "drivers/tty.h"
#include "lib/ctype.h"
#include "lib/string.h"

/*
 * What @c becomes: its bytes in @out (at most 8), their number; the column that follows in
 * *@column.
 */
static unsigned process(const struct tty *tty, u8 c, u8 out[8], u32 *column)
{
	tcflag_t flags = tty->termios.c_oflag;
	u32 spaces;

	switch (c) {
	case '\n':
		if (flags & ONLRET)
			*column = 0;
		if (flags & ONLCR) {
			*column = 0;
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		break;
	case '\r':
		if ((flags & ONOCR) && *column == 0)
			return 0;
		if (flags & OCRNL) {
			c = '\n';
			if (flags & ONLRET)
				*column = 0;
			break;
		}
		*column = 0;
		break;
	case '\t':
		spaces = 8 - (*column & 7);
		*column += spaces;
		if ((flags & TABDLY) == XTABS) {
			memset(out, ' ', spaces);
			return spaces;
		}
		break;
	case '\b':
		if (*column > 0)
			(*column)--;
		break;
	default:
		if (flags & OLCUC)
			c = (u8)toupper(c);
		if (!iscntrl(c) && !((tty->termios.c_iflag & IUTF8) && (c & 0xc0) == 0x80))
			(*column)++;
	}
	out[0] = c;
	return 1;
}

/* Bytes of @buf that were taken: fewer than @n when the driver is full. */
unsigned tty_output(struct tty *tty, const u8 *buf, unsigned n)
{
	u8 chunk[256];
	unsigned taken = 0;

	if (!(tty->termios.c_oflag & OPOST))
		return tty->ops->write(tty, buf, n);
	while (taken < n) {
		unsigned free_room = tty->ops->write_room(tty);
		unsigned limit = MIN(free_room, (unsigned)sizeof(chunk));
		unsigned fill = 0, begin = taken;
		u32 column = tty->column;

		while (taken < n && fill + 8 <= limit)
			fill += process(tty, buf[taken++], chunk + fill, &column);
		if (taken == begin)
			break;
		tty->column = column;
		tty->ops->write(tty, chunk, fill);
	}
	return taken;
}

void tty_echo(struct tty *tty, const u8 *buf, unsigned n)
{
	tty_output(tty, buf, n);
}
