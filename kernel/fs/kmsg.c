/*
 * /dev/kmsg and /proc/kmsg: the kernel log as files.
 *
 * A message may be logged with any lock held, so the log wakes nobody: while somebody waits, a
 * timer looks ten times a second whether there is something new.
 */
#include "fs/internal.h"

#include <linux/capability.h>
#include <linux/poll.h>

#include "fs/kmsg.h"
#include "lib/div64.h"
#include "sched/timer.h"

#define LOOK_INTERVAL (100 * NSEC_PER_MSEC)
#define RECORD_MAX 1024

struct kmsg_reader {
	mutex_t lock;
	u64 seq;
	struct log_record rec;
	char text[RECORD_MAX];
	char out[RECORD_MAX * 4 + 64]; /* every byte may need escaping */
};

static DEFINE_WAIT_QUEUE(kmsg_wait);
static struct timer look_timer;
static u64 seen_seq;

static void look(struct timer *t)
{
	u64 next = log_next_seq();

	if (next != seen_seq) {
		seen_seq = next;
		wake_up_all(&kmsg_wait);
	}
	if (wait_queue_active(&kmsg_wait))
		timer_set(t, clock_ns() + LOOK_INTERVAL);
}

static void start_looking(void)
{
	timer_set(&look_timer, clock_ns() + LOOK_INTERVAL);
}

/* As Debian's Linux is configured: it tells of the machine, and of other people's programs. */
unsigned sysctl_dmesg_restrict = 1;

bool kmsg_may_read(void)
{
	return !sysctl_dmesg_restrict || fs_capable(CAP_SYSLOG) || fs_capable(CAP_SYS_ADMIN);
}

static int kmsg_open(struct inode *inode, struct file *file)
{
	struct kmsg_reader *r;

	(void)inode;
	if (!(file->mode & FMODE_READ))
		return 0;
	if (!kmsg_may_read())
		return -EPERM;
	r = kmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock, RANK_FILE_DATA);
	r->seq = log_first_seq();
	file->private = r;
	return 0;
}

static void kmsg_release(struct inode *inode, struct file *file)
{
	(void)inode;
	kfree(file->private);
}

static int wait_for_record(struct file *file, u64 seq)
{
	if (seq < log_next_seq())
		return 0;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	start_looking();
	return wait_event_interruptible(&kmsg_wait, seq < log_next_seq());
}

/* "6,42,1234567,-;text\n", unprintable bytes as \xNN. */
static size_t format_record(struct kmsg_reader *r, size_t len)
{
	size_t n = (size_t)scnprintf(r->out, sizeof(r->out), "%u,%llu,%llu,-;",
				     (unsigned)r->rec.facility * 8 + r->rec.level,
				     (unsigned long long)r->rec.seq,
				     (unsigned long long)div_u64(r->rec.ts_ns, 1000));

	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)r->text[i];

		if (c < ' ' || c >= 127 || c == '\\')
			n += (size_t)scnprintf(r->out + n, sizeof(r->out) - n, "\\x%02x", c);
		else
			r->out[n++] = (char)c;
	}
	r->out[n++] = '\n';
	return n;
}

static ssize_t kmsg_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct kmsg_reader *r = file->private;
	ssize_t result;
	size_t n;
	int got;

	(void)pos;
	mutex_lock(&r->lock);
	result = wait_for_record(file, r->seq);
	if (result)
		goto out;
	got = log_read(&r->seq, &r->rec, r->text, sizeof(r->text));
	if (got <= 0) {
		result = got ? got : -EAGAIN;
		goto out;
	}
	n = format_record(r, MIN((size_t)r->rec.len, sizeof(r->text) - 1));
	if (n > to->count)
		result = -EINVAL;
	else
		result = copy_to_iter(r->out, n, to) == n ? (ssize_t)n : -EFAULT;
out:
	mutex_unlock(&r->lock);
	return result;
}

/* "<N>text": facility and level, user level 4 by default. */
static ssize_t kmsg_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t len = from->count;
	unsigned prefix = 8 + 4;
	char *buf, *text, *end;

	(void)file;
	(void)pos;
	if (len > RECORD_MAX - 32)
		return -EINVAL;
	buf = kmalloc(len + 1, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (copy_from_iter(buf, len, from) != len) {
		kfree(buf);
		return -EFAULT;
	}
	buf[len] = '\0';
	text = buf;
	if (*buf == '<' && (end = strchr(buf, '>')) && end > buf + 1 && end - buf < 8) {
		unsigned value = 0;
		char *c = buf + 1;

		while (*c >= '0' && *c <= '9')
			value = value * 10 + (unsigned)(*c++ - '0');
		if (c == end) {
			prefix = value < 8 ? value | 8 : value;
			text = end + 1;
		}
	}
	log_append((prefix >> 3) & 0xff, prefix & 7, text, len - (size_t)(text - buf));
	kfree(buf);
	return (ssize_t)len;
}

static loff_t kmsg_llseek(struct file *file, loff_t off, int whence)
{
	struct kmsg_reader *r = file->private;

	if (!r)
		return -EBADF;
	if (off)
		return -ESPIPE;
	mutex_lock(&r->lock);
	if (whence == SEEK_SET || whence == SEEK_DATA)
		r->seq = log_first_seq();
	else if (whence == SEEK_END)
		r->seq = log_next_seq();
	mutex_unlock(&r->lock);
	return whence == SEEK_SET || whence == SEEK_DATA || whence == SEEK_END ? 0 : -EINVAL;
}

static unsigned kmsg_poll(struct file *file, struct poll_table *pt)
{
	struct kmsg_reader *r = file->private;

	if (!r)
		return POLLOUT | POLLWRNORM;
	poll_wait(file, &kmsg_wait, pt);
	start_looking();
	if (r->seq < log_first_seq())
		return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
	return r->seq < log_next_seq() ? POLLIN | POLLRDNORM : 0;
}

const struct file_operations kmsg_fops = {
	.open = kmsg_open,
	.release = kmsg_release,
	.read_iter = kmsg_read,
	.write_iter = kmsg_write,
	.llseek = kmsg_llseek,
	.poll = kmsg_poll,
};

/* ---- syslog(2) and /proc/kmsg: one reader for the whole system ---- */

static u64 syslog_seq;

int syslog_wait(bool nonblock)
{
	if (syslog_seq < log_next_seq())
		return 0;
	if (nonblock)
		return -EAGAIN;
	start_looking();
	return wait_event_interruptible(&kmsg_wait, syslog_seq < log_next_seq());
}

void syslog_poll_wait(struct file *file, struct poll_table *pt)
{
	poll_wait(file, &kmsg_wait, pt);
	start_looking();
}

size_t syslog_unread(void)
{
	return syslog_seq < log_next_seq();
}

int syslog_format(u64 *seq, char *buf, size_t size)
{
	struct log_record rec;
	char *text = kmalloc(RECORD_MAX, GFP_KERNEL);
	u32 usec;
	u64 sec;
	int got, len;

	if (!text)
		return -ENOMEM;
	do
		got = log_read(seq, &rec, text, RECORD_MAX);
	while (got == -EPIPE);
	if (got <= 0) {
		kfree(text);
		return got;
	}
	sec = div_u64_rem(div_u64(rec.ts_ns, 1000), 1000000, &usec);
	len = scnprintf(buf, size, "<%u>[%5llu.%06u] %.*s\n",
			(unsigned)rec.facility * 8 + rec.level, (unsigned long long)sec, usec,
			(int)MIN((size_t)rec.len, (size_t)RECORD_MAX - 1), text);
	kfree(text);
	return len;
}

int syslog_next(char *buf, size_t size)
{
	u64 seq = syslog_seq;
	int len = syslog_format(&seq, buf, size);

	if (len > 0)
		syslog_seq = seq;
	return len;
}

void __init kmsg_init(void)
{
	timer_init(&look_timer, look);
}
