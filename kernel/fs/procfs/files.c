/*
 * The files of /proc about file systems: devices, locks, kmsg, /proc/sys/fs and
 * /proc/sys/kernel/random. proc(5), random(4).
 */
#include "procfs.h"
#include "fs/inotify.h"
#include "fs/internal.h"
#include "fs/locks.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "fs/random.h"
#include <linux/poll.h>

/* ---- devices ---- */

struct device_list {
	struct seq_file *m;
	unsigned last; /* major number of the last line */
};

static void show_device(const struct cdev *c, void *arg)
{
	struct device_list *l = arg;

	if (MAJOR(c->first) == l->last)
		return;
	l->last = MAJOR(c->first);
	seq_printf(l->m, "%3u %s\n", l->last, c->name);
}

static int show_devices(struct seq_file *m, void *v)
{
	struct device_list l = {m, 0};

	(void)v;
	seq_puts(m, "Character devices:\n");
	cdev_for_each(show_device, &l);
	seq_puts(m, "\nBlock devices:\n");
	return 0;
}

static int locks_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return seq_open(file, &locks_seq, NULL);
}

static const struct file_operations proc_locks_fops = {
	.open = locks_open,
	.read_iter = seq_read_iter,
	.llseek = seq_llseek,
	.release = seq_release,
};

/* ---- kmsg: the log, consumed as it is read (syslog(2)) ---- */

static int kmsg_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return fs_capable(CAP_SYSLOG) || fs_capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static ssize_t kmsg_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	char line[1200];
	ssize_t done = 0;
	int len, err;

	(void)pos;
	err = syslog_wait(file->flags & O_NONBLOCK);
	if (err)
		return err;
	while (to->count >= sizeof(line) || !done) {
		len = syslog_next(line, sizeof(line));
		if (len <= 0)
			break;
		len = (int)MIN((size_t)len, to->count);
		if (copy_to_iter(line, (size_t)len, to) != (size_t)len)
			return done ? done : -EFAULT;
		done += len;
	}
	return done;
}

static unsigned proc_kmsg_poll(struct file *file, struct poll_table *pt)
{
	syslog_poll_wait(file, pt);
	return syslog_unread() ? POLLIN | POLLRDNORM : 0;
}

static const struct file_operations proc_kmsg_fops = {
	.open = kmsg_open,
	.read_iter = kmsg_read,
	.poll = proc_kmsg_poll,
	.llseek = generic_llseek,
};

/* ---- sys/fs ---- */

static int show_file_nr(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%u\t0\t%u\n", file_count(), sysctl_file_max);
	return 0;
}

static int show_dentry_state(struct seq_file *m, void *v)
{
	struct dcache_stats s;

	(void)v;
	dcache_stats(&s);
	seq_printf(m, "%u\t%u\t45\t0\t0\t0\n", s.dentries, s.unused);
	return 0;
}

/* ---- sys/kernel/random ---- */

static void show_uuid_bytes(struct seq_file *m, const u8 id[16])
{
	for (unsigned i = 0; i < 16; i++)
		seq_printf(m, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
	seq_putc(m, '\n');
}

/* A random UUID of version 4 (RFC 4122). */
static void make_uuid(u8 id[16])
{
	random_bytes(id, 16);
	id[6] = (u8)((id[6] & 0x0f) | 0x40);
	id[8] = (u8)((id[8] & 0x3f) | 0x80);
}

static int show_uuid(struct seq_file *m, void *v)
{
	u8 id[16];

	(void)v;
	make_uuid(id);
	show_uuid_bytes(m, id);
	return 0;
}

static int show_boot_id(struct seq_file *m, void *v)
{
	static u8 id[16];
	static bool made;

	(void)v;
	if (!made) {
		make_uuid(id);
		made = true;
	}
	show_uuid_bytes(m, id);
	return 0;
}

static int show_constant(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", (const char *)v);
	return 0;
}

static const struct {
	const char *path;
	mode_t mode;
	int (*show)(struct seq_file *m, void *v);
	const char *data;
} files[] = {
	{"devices", 0444, show_devices, NULL},
	{"sys/fs/file-nr", 0444, show_file_nr, NULL},
	{"sys/fs/dentry-state", 0444, show_dentry_state, NULL},
	{"sys/kernel/random/boot_id", 0444, show_boot_id, NULL},
	{"sys/kernel/random/uuid", 0444, show_uuid, NULL},
	{"sys/kernel/random/entropy_avail", 0444, show_constant, "256"},
	{"sys/kernel/random/poolsize", 0444, show_constant, "256"},
};

static const struct {
	const char *path;
	unsigned *value;
	unsigned min, max;
} numbers[] = {
	{"sys/fs/file-max", &sysctl_file_max, 0, ~0u >> 1},
	{"sys/fs/mount-max", &sysctl_mount_max, 1, ~0u >> 1},
	{"sys/fs/nr_open", &sysctl_nr_open, 64, 1u << 20},
	{"sys/fs/pipe-max-size", &sysctl_pipe_max_size, 4096, ~0u >> 1},
	{"sys/fs/pipe-user-pages-soft", &sysctl_pipe_pages_soft, 0, ~0u >> 1},
	{"sys/fs/pipe-user-pages-hard", &sysctl_pipe_pages_hard, 0, ~0u >> 1},
	{"sys/fs/inotify/max_queued_events", &sysctl_inotify_max_queued, 0, ~0u >> 1},
	{"sys/fs/inotify/max_user_watches", &sysctl_inotify_max_watches, 0, ~0u >> 1},
};

void proc_register_files(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		proc_register(files[i].path, files[i].mode, files[i].show,
			      (void *)(uintptr_t)files[i].data);
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		proc_register_uint(numbers[i].path, 0644, numbers[i].value, numbers[i].min,
				   numbers[i].max);
	proc_register_ops("locks", 0444, &proc_locks_fops, NULL);
	proc_register_ops("kmsg", 0400, &proc_kmsg_fops, NULL);
}
