/*
 * The memory devices (mem(4), null(4), random(4)) that need no hardware: null, zero, full, random,
 * urandom, kmsg.
 */
#include "fs/internal.h"
#include "fs/random.h"

#include <linux/mman.h>
#include <linux/poll.h>

#define MEM_MAJOR 1

static ssize_t null_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	(void)file;
	(void)to;
	(void)pos;
	return 0;
}

static ssize_t null_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	ssize_t n = (ssize_t)from->count;

	(void)file;
	(void)pos;
	iov_iter_advance(from, (size_t)n);
	return n;
}

#define ZERO_STEP 65536u

/* In steps, between which others may run, and a signal ends it. */
static noinline ssize_t zero_in_steps(struct iov_iter *to)
{
	ssize_t done = 0;

	while (to->count) {
		size_t chunk = MIN(to->count, ZERO_STEP), n = zero_iter(chunk, to);

		done += (ssize_t)n;
		if (n < chunk)
			return done ? done : -EFAULT;
		if (unlikely(to->count)) {
			cond_resched();
			if (signal_pending(current))
				break;
		}
	}
	return done;
}

static ssize_t zero_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	size_t count = to->count, done;

	(void)file;
	(void)pos;
	if (unlikely(count > ZERO_STEP))
		return zero_in_steps(to);
	done = zero_iter(count, to);
	return likely(done || !count) ? (ssize_t)done : -EFAULT;
}

static ssize_t full_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	(void)file;
	(void)from;
	(void)pos;
	return -ENOSPC;
}

/* Mapping /dev/zero is asking for anonymous memory. */
static int zero_mmap(struct file *file, struct map_request *req)
{
	(void)file;
	req->file = NULL;
	req->may_flags = 0;
	if ((req->flags & MAP_TYPE) == MAP_SHARED_VALIDATE)
		req->flags = (req->flags & ~(u32)MAP_TYPE) | MAP_SHARED;
	return 0;
}

static ssize_t random_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	(void)file;
	(void)pos;
	return random_read_iter(to);
}

static ssize_t random_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	u8 buf[64];
	ssize_t done = 0;

	(void)file;
	(void)pos;
	while (from->count) {
		size_t n = copy_from_iter(buf, MIN(from->count, sizeof(buf)), from);

		if (!n)
			return done ? done : -EFAULT;
		random_mix(buf, n);
		done += (ssize_t)n;
		cond_resched();
	}
	return done;
}

static const struct file_operations null_fops = {
	.read_iter = null_read,
	.write_iter = null_write,
	.llseek = noop_llseek,
};
static const struct file_operations zero_fops = {
	.read_iter = zero_read,
	.write_iter = null_write,
	.llseek = noop_llseek,
	.mmap = zero_mmap,
};
static const struct file_operations full_fops = {
	.read_iter = zero_read,
	.write_iter = full_write,
	.llseek = noop_llseek,
};
static const struct file_operations random_fops = {
	.read_iter = random_read,
	.write_iter = random_write,
	.llseek = noop_llseek,
	.ioctl = random_ioctl,
};

static const struct mem_device {
	const char *name;
	unsigned minor;
	mode_t mode;
	const struct file_operations *fop;
} devices[] = {
	{"null", 3, 0666, &null_fops},      {"zero", 5, 0666, &zero_fops},
	{"full", 7, 0666, &full_fops},      {"random", 8, 0666, &random_fops},
	{"urandom", 9, 0666, &random_fops}, {"kmsg", 11, 0644, &kmsg_fops},
};
static struct cdev cdevs[ARRAY_SIZE(devices)];

void __init mem_devices_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
		cdevs[i].first = MKDEV(MEM_MAJOR, devices[i].minor);
		cdevs[i].count = 1;
		cdevs[i].fop = devices[i].fop;
		cdevs[i].name = "mem";
		cdev_register(&cdevs[i]);
		devtmpfs_create(devices[i].name, S_IFCHR | devices[i].mode, cdevs[i].first);
	}
}
