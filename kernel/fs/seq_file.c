/*
 * Text files made by the kernel, record by record, into one buffer that grows until a record fits.
 *
 * A file of one record (single_open) is made whole. A file of many (seq_open) is made a bufferful
 * at a time: start() finds the record at a position, next() goes on from there, stop() lets go; so
 * the file may be as long as it likes, and no lock is held while the reader copies. The position is
 * the iterator's own number, an address or an index: what changes between two bufferfuls is seen
 * before or after.
 *
 * A read(2) makes one bufferful, as on Linux: it may return less than was asked for, and ends with
 * the end of a record if the caller's buffer is no smaller than ours. There are programs that take
 * a short read for the last one, and would read on and on.
 *
 * Reading on continues with the next record; reading at another position makes the records from the
 * start and skips. A record is made anew each time, so the text is as old as the read.
 */
#include "fs/seq_file.h"
#include "fs/internal.h"
#include "lib/div64.h"

#include <linux/poll.h>

static struct seq_file *seq_alloc(struct file *file)
{
	struct seq_file *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return NULL;
	mutex_init(&m->lock, RANK_FILE_DATA);
	m->file = file;
	file->private = m;
	return m;
}

int seq_open(struct file *file, const struct seq_operations *op, void *data)
{
	struct seq_file *m = seq_alloc(file);

	if (!m)
		return -ENOMEM;
	m->op = op;
	m->private = data;
	return 0;
}

int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
{
	struct seq_file *m = seq_alloc(file);

	if (!m)
		return -ENOMEM;
	m->show_single = show;
	m->private = data;
	return 0;
}

void seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private;

	(void)inode;
	kvfree(m->buf);
	kfree(m);
}

/* The text so far did not fit. */
static inline bool overflowed(const struct seq_file *m)
{
	return m->count >= m->size;
}

static int grow(struct seq_file *m)
{
	size_t size = m->size ? m->size * 2 : PAGE_SIZE;

	kvfree(m->buf);
	m->buf = kvmalloc(size, GFP_KERNEL);
	m->size = m->buf ? size : 0;
	m->count = 0;
	return m->buf ? 0 : -ENOMEM;
}

/* The one record of a single file. 1: there is text, 0: the end, or -errno. */
static int fill_single(struct seq_file *m)
{
	int err;

	if (m->index)
		return 0;
	for (;;) {
		m->count = 0;
		err = m->show_single(m, m->private);
		if (err < 0)
			return err;
		if (!overflowed(m))
			break;
		err = grow(m);
		if (err)
			return err;
	}
	m->index = 1;
	return m->count != 0;
}

/*
 * Records from m->index on, as many as fit (one at least), or until there are @wanted bytes. What
 * goes wrong behind them goes wrong again when the next read begins there.
 */
static int fill_records(struct seq_file *m, size_t wanted)
{
	size_t before;
	void *v;
	int err;

retry:
	m->count = 0;
	v = m->op->start(m, &m->index);
	while (v && !IS_ERR(v)) {
		before = m->count;
		err = m->op->show(m, v);
		if (err < 0 || overflowed(m)) {
			m->count = before;
			if (before)
				break;
			m->op->stop(m, v);
			if (err >= 0)
				err = grow(m);
			if (err)
				return err;
			goto retry;
		}
		if (err > 0)
			m->count = before; /* skipped */
		v = m->op->next(m, v, &m->index);
		if (m->count >= wanted)
			break;
	}
	m->op->stop(m, v);
	if (IS_ERR(v) && !m->count)
		return (int)PTR_ERR(v);
	return m->count != 0;
}

static int fill(struct seq_file *m, size_t wanted)
{
	int err = m->buf ? 0 : grow(m);

	if (err)
		return err;
	m->from = 0;
	return m->show_single ? fill_single(m) : fill_records(m, wanted);
}

static void rewind_to_start(struct seq_file *m)
{
	m->index = 0;
	m->count = 0;
	m->from = 0;
	m->read_pos = 0;
}

/* Make text from the start until @pos. */
static int seek_to(struct seq_file *m, loff_t pos)
{
	rewind_to_start(m);
	while (m->read_pos < pos) {
		int got = m->count ? 1 : fill(m, (size_t)-1);
		size_t n;

		if (got <= 0)
			return got;
		n = (size_t)MIN((loff_t)m->count, pos - m->read_pos);
		m->from += n;
		m->count -= n;
		m->read_pos += (loff_t)n;
	}
	return 0;
}

ssize_t seq_read_iter(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct seq_file *m = file->private;
	bool filled = false;
	ssize_t copied = 0;
	int err = 0;

	mutex_lock(&m->lock);
	if (*pos == 0)
		rewind_to_start(m);
	else if (*pos != m->read_pos)
		err = seek_to(m, *pos);
	while (err >= 0 && to->count) {
		size_t n;

		if (!m->count) {
			if (filled)
				break;
			err = fill(m, to->count);
			if (err <= 0)
				break;
			filled = true;
		}
		n = copy_to_iter(m->buf + m->from, MIN(m->count, to->count), to);
		if (!n) {
			err = -EFAULT;
			break;
		}
		m->from += n;
		m->count -= n;
		m->read_pos += (loff_t)n;
		copied += (ssize_t)n;
	}
	if (copied)
		*pos = m->read_pos;
	mutex_unlock(&m->lock);
	return copied ? copied : err;
}

loff_t seq_llseek(struct file *file, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += file->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	file->pos = off;
	return off;
}

/* ---- writing into the record ---- */

void seq_write(struct seq_file *m, const void *data, size_t len)
{
	if (m->count + len < m->size) {
		memcpy(m->buf + m->count, data, len);
		m->count += len;
	} else {
		m->count = m->size;
	}
}

int seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;
	int len;

	if (m->count < m->size) {
		va_start(args, fmt);
		len = vsnprintf(m->buf + m->count, m->size - m->count, fmt, args);
		va_end(args);
		if (m->count + (size_t)len < m->size)
			m->count += (size_t)len;
		else
			m->count = m->size;
	}
	return overflowed(m) ? -1 : 0;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

/* The digits [start, end), padded to @width; there is room for 24 before @end. */
static void put_digits(struct seq_file *m, char *start, char *end, unsigned width, char pad)
{
	while (end - start < (long)width)
		*--start = pad;
	seq_write(m, start, (size_t)(end - start));
}

void seq_put_hex(struct seq_file *m, u64 v, unsigned width)
{
	char text[24], *end = text + sizeof(text), *at = end;

	do
		*--at = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	put_digits(m, at, end, width, '0');
}

void seq_put_dec(struct seq_file *m, u64 v, unsigned width)
{
	char text[24], *end = text + sizeof(text), *at = end;
	u32 low;

	while (v >> 32) {
		v = div_u64_rem(v, 10, &low);
		*--at = (char)('0' + low);
	}
	low = (u32)v;
	do
		*--at = (char)('0' + low % 10);
	while (low /= 10);
	put_digits(m, at, end, width, ' ');
}

void seq_pad(struct seq_file *m, unsigned width)
{
	size_t start = m->count;

	while (start > m->from && m->buf[start - 1] != '\n')
		start--;
	while (!overflowed(m) && m->count - start < width)
		seq_putc(m, ' ');
}

static void seq_octal(struct seq_file *m, u8 c)
{
	char digits[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
			  (char)('0' + (c & 7))};

	seq_write(m, digits, sizeof(digits));
}

void seq_escape(struct seq_file *m, const char *s, const char *esc)
{
	for (; *s; s++) {
		u8 c = (u8)*s;

		if (strchr(esc, c))
			seq_octal(m, c);
		else
			seq_putc(m, (char)c);
	}
}

int seq_path(struct seq_file *m, const struct path *path, const struct path *root, const char *esc)
{
	char *room = m->buf + m->count, *name;
	size_t size = m->size - m->count;

	if (overflowed(m))
		return 0;
	/* The name is made at the end of the room, and moved to its beginning byte by byte. */
	name = root ? path_name_below(path, root, room, size) : path_name(path, room, size);
	if (PTR_ERR(name) == -ENAMETOOLONG)
		m->count = m->size; /* again, with more room */
	else if (IS_ERR(name))
		return (int)PTR_ERR(name);
	for (; !overflowed(m) && *name; name++) {
		bool escaped = strchr(esc, *name);

		if (m->buf + m->count + (escaped ? 4 : 1) > name + 1)
			m->count = m->size;
		else if (escaped)
			seq_octal(m, (u8)*name);
		else
			m->buf[m->count++] = *name;
	}
	return 0;
}
