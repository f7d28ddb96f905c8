/*
 * userfaultfd(2), the descriptor: ioctls that register memory and fill it, messages of faults to
 * read. What they do is mm/userfaultfd.c; here arguments are checked, in Linux's order, and results
 * go back to the program.
 *
 * ioctl_userfaultfd(2).
 */
#include "fs/internal.h"
#include "fs/poll.h"
#include "mm/userfaultfd.h"

#include <linux/capability.h>

#define API_IOCTLS (1ull << _UFFDIO_REGISTER | 1ull << _UFFDIO_UNREGISTER | 1ull << _UFFDIO_API)
#define RANGE_IOCTLS (1ull << _UFFDIO_WAKE | 1ull << _UFFDIO_COPY | 1ull << _UFFDIO_ZEROPAGE)

unsigned sysctl_unprivileged_userfaultfd;

static bool is_ready(const struct userfaultfd *u)
{
	return READ_ONCE(u->features) & USERFAULTFD_READY;
}

static bool has_pending(struct userfaultfd *u)
{
	bool pending;

	spin_lock(&u->lock);
	pending = !list_empty(&u->pending);
	spin_unlock(&u->lock);
	return pending;
}

/* ---- messages ---- */

static int next_message(struct userfaultfd *u, struct uffd_msg *msg, bool wait)
{
	while (!userfaultfd_take(u, msg)) {
		int err = wait ? wait_event_interruptible(&u->readers, has_pending(u)) : -EAGAIN;

		if (err)
			return err;
	}
	return 0;
}

/* As many as there are and fit; waits for the first only. */
static ssize_t userfaultfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct userfaultfd *u = file->private;
	bool wait = !(file->flags & O_NONBLOCK);
	struct uffd_msg msg;
	ssize_t done = 0;
	int err = 0;

	(void)pos;
	if (!is_ready(u))
		return -EINVAL;
	while (!err) {
		err = to->count < sizeof(msg) ? -EINVAL : next_message(u, &msg, wait && !done);
		if (!err && copy_to_iter(&msg, sizeof(msg), to) != sizeof(msg))
			err = -EFAULT;
		if (!err)
			done += (ssize_t)sizeof(msg);
	}
	return done ? done : err;
}

/*
 * A message may be gone before it is read, so poll(2) is only for those whose read does not wait.
 */
static unsigned userfaultfd_poll(struct file *file, struct poll_table *pt)
{
	struct userfaultfd *u = file->private;

	poll_wait(file, &u->readers, pt);
	if (!is_ready(u) || !(file->flags & O_NONBLOCK))
		return POLLERR;
	return has_pending(u) ? POLLIN : 0;
}

/* ---- ioctls ---- */

static int check_range(u64 start, u64 len)
{
	if ((start | len) & (PAGE_SIZE - 1) || !len || start < sysctl_mmap_min_addr ||
	    start >= TASK_SIZE || len > TASK_SIZE - start)
		return -EINVAL;
	return 0;
}

static int answer_api(uaddr_t arg, const struct uffdio_api *api)
{
	return copy_to_user(arg, api, sizeof(*api)) ? -EFAULT : 0;
}

static long do_api(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_api api;
	u32 unset = 0, features;

	if (copy_from_user(&api, arg, sizeof(api)))
		return -EFAULT;
	features = (u32)api.features | USERFAULTFD_READY;
	if (api.api != UFFD_API || (api.features & ~(u64)USERFAULTFD_FEATURES))
		goto refuse;
	api.features = USERFAULTFD_FEATURES;
	api.ioctls = API_IOCTLS;
	if (answer_api(arg, &api))
		return -EFAULT;
	if (atomic_try_cmpxchg(&u->features, &unset, features))
		return 0;
refuse:
	memset(&api, 0, sizeof(api));
	return answer_api(arg, &api) ? -EFAULT : -EINVAL;
}

static long do_register(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_register reg;
	int err;

	if (copy_from_user(&reg, arg, offsetof(struct uffdio_register, ioctls)))
		return -EFAULT;
	if (reg.mode != UFFDIO_REGISTER_MODE_MISSING)
		return -EINVAL;
	err = check_range(reg.range.start, reg.range.len);
	if (!err)
		err = userfaultfd_register(u, (uaddr_t)reg.range.start, (u32)reg.range.len);
	if (!err && put_user_u64(RANGE_IOCTLS, arg + offsetof(struct uffdio_register, ioctls)))
		err = -EFAULT;
	return err;
}

static int get_range(uaddr_t arg, struct uffdio_range *range)
{
	if (copy_from_user(range, arg, sizeof(*range)))
		return -EFAULT;
	return check_range(range->start, range->len);
}

static long do_unregister(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_range range;
	int err = get_range(arg, &range);

	return err ? err : userfaultfd_unregister(u, (uaddr_t)range.start, (u32)range.len);
}

static long do_wake(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_range range;
	int err = get_range(arg, &range);

	if (!err)
		userfaultfd_wake(u, (uaddr_t)range.start, (u32)range.len);
	return err;
}

/*
 * @done of @len bytes are filled, or it is why none: told at @result, and those who wait
 * for them woken.
 */
static long filled(struct userfaultfd *u, uaddr_t dst, u32 len, s32 done, uaddr_t result, bool wake)
{
	if (put_user_u64((u64)(s64)done, result))
		return -EFAULT;
	if (done < 0)
		return done;
	if (wake)
		userfaultfd_wake(u, dst, (u32)done);
	return (u32)done == len ? 0 : -EAGAIN;
}

static long do_copy(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_copy c;
	s32 done;
	int err;

	if (copy_from_user(&c, arg, offsetof(struct uffdio_copy, copy)))
		return -EFAULT;
	err = check_range(c.dst, c.len);
	if (err)
		return err;
	/* UFFDIO_COPY_MODE_WP is for areas of a mode that there is not. */
	if (c.src + c.len <= c.src || (c.mode & ~UFFDIO_COPY_MODE_DONTWAKE))
		return -EINVAL;
	done = c.src + c.len > TASK_SIZE
		       ? -EFAULT
		       : userfaultfd_copy(u, (uaddr_t)c.dst, (uaddr_t)c.src, (u32)c.len);
	return filled(u, (uaddr_t)c.dst, (u32)c.len, done, arg + offsetof(struct uffdio_copy, copy),
		      !(c.mode & UFFDIO_COPY_MODE_DONTWAKE));
}

static long do_zeropage(struct userfaultfd *u, uaddr_t arg)
{
	struct uffdio_zeropage z;
	uaddr_t start;
	u32 len;
	int err;

	if (copy_from_user(&z, arg, offsetof(struct uffdio_zeropage, zeropage)))
		return -EFAULT;
	err = check_range(z.range.start, z.range.len);
	if (err)
		return err;
	if (z.mode & ~UFFDIO_ZEROPAGE_MODE_DONTWAKE)
		return -EINVAL;
	start = (uaddr_t)z.range.start;
	len = (u32)z.range.len;
	return filled(u, start, len, userfaultfd_zero(u, start, len),
		      arg + offsetof(struct uffdio_zeropage, zeropage),
		      !(z.mode & UFFDIO_ZEROPAGE_MODE_DONTWAKE));
}

static long userfaultfd_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct userfaultfd *u = file->private;

	if (cmd == UFFDIO_API)
		return do_api(u, (uaddr_t)arg);
	if (!is_ready(u))
		return -EINVAL;
	switch (cmd) {
	case UFFDIO_REGISTER: return do_register(u, (uaddr_t)arg);
	case UFFDIO_UNREGISTER: return do_unregister(u, (uaddr_t)arg);
	case UFFDIO_WAKE: return do_wake(u, (uaddr_t)arg);
	case UFFDIO_COPY: return do_copy(u, (uaddr_t)arg);
	case UFFDIO_ZEROPAGE: return do_zeropage(u, (uaddr_t)arg);
	default: return -EINVAL;
	}
}

/* ---- the file ---- */

static void userfaultfd_close(struct inode *inode, struct file *file)
{
	(void)inode;
	userfaultfd_release(file->private);
}

static void userfaultfd_show_fdinfo(struct file *file, struct seq_file *m)
{
	struct userfaultfd *u = file->private;
	unsigned pending, total;

	userfaultfd_count(u, &pending, &total);
	seq_printf(m, "pending:\t%u\ntotal:\t%u\nAPI:\t%llx:%x:%llx\n", pending, total,
		   (unsigned long long)UFFD_API, u->features,
		   (unsigned long long)(API_IOCTLS | RANGE_IOCTLS));
}

static const struct file_operations userfaultfd_fops = {
	.read_iter = userfaultfd_read,
	.poll = userfaultfd_poll,
	.ioctl = userfaultfd_ioctl,
	.release = userfaultfd_close,
	.llseek = noop_llseek,
	.show_fdinfo = userfaultfd_show_fdinfo,
};

struct file *userfaultfd_create(int flags)
{
	struct userfaultfd *u;
	struct file *file;

	if (!(flags & UFFD_USER_MODE_ONLY) && !sysctl_unprivileged_userfaultfd &&
	    !fs_capable(CAP_SYS_PTRACE))
		return ERR_PTR(-EPERM);
	if (flags & ~(O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY))
		return ERR_PTR(-EINVAL);
	u = userfaultfd_alloc(flags & UFFD_USER_MODE_ONLY);
	if (!u)
		return ERR_PTR(-ENOMEM);
	file = file_anon("[userfaultfd]", &userfaultfd_fops, u, O_RDONLY | (flags & O_NONBLOCK));
	if (IS_ERR(file))
		userfaultfd_release(u);
	return file;
}
