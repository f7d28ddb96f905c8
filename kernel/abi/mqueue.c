/*
 * POSIX message queues: the calls. What they do stands in proc/ipc/mqueue.c and mqueue_fs.c.
 *
 * mq_notify(2) with SIGEV_THREAD sends through a netlink socket, which the C library makes first
 * and can't here.
 */
#include "abi/mqueue.h"
#include "abi/sigevent.h"
#include "abi/timespec.h"
#include "arch/port.h"
#include "proc/clock.h"
#include "proc/mqueue.h"
#include "proc/signal.h"
#include <linux/stat.h>

typedef int get_time_fn(u64 *ns, uaddr_t from);

static int get_deadline(u64 *deadline, uaddr_t timeout, get_time_fn *get)
{
	u64 ns;
	int err;

	*deadline = ~0ULL;
	if (!timeout)
		return 0;
	err = get(&ns, timeout);
	if (!err)
		*deadline = realtime_to_clock(ns);
	return err;
}

long sys_mq_open(uaddr_t name, int flags, u32 mode, uaddr_t user_attr)
{
	struct mq_attr attr;
	char *kernel_name;
	long fd;

	if (user_attr && copy_from_user(&attr, user_attr, sizeof(attr)))
		return -EFAULT;
	kernel_name = getname(name, 0);
	if (IS_ERR(kernel_name))
		return PTR_ERR(kernel_name);
	fd = mqueue_open(kernel_name, flags, (mode_t)mode, user_attr ? &attr : NULL);
	putname(kernel_name);
	return fd;
}

long sys_mq_unlink(uaddr_t name)
{
	char *kernel_name = getname(name, 0);
	long err;

	if (IS_ERR(kernel_name))
		return PTR_ERR(kernel_name);
	err = mqueue_unlink(kernel_name);
	putname(kernel_name);
	return err;
}

static long send(struct file *file, uaddr_t text, u32 len, u32 prio, u64 deadline)
{
	struct mq_msg *msg = mqueue_msg_alloc(file, len);

	if (IS_ERR(msg))
		return PTR_ERR(msg);
	msg->prio = prio;
	if (copy_from_user(msg->text, text, len)) {
		mqueue_msg_free(msg);
		return -EFAULT;
	}
	return mqueue_send(file, msg, deadline);
}

static long timed_send(int fd, uaddr_t text, u32 len, u32 prio, uaddr_t timeout, get_time_fn *get)
{
	u64 deadline;
	long err = get_deadline(&deadline, timeout, get);
	struct fd_ref f;

	if (err)
		return err;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = send(f.file, text, len, prio, deadline);
	fdput(f);
	return err;
}

long sys_mq_timedsend(int fd, uaddr_t text, u32 len, u32 prio, uaddr_t timeout)
{
	return timed_send(fd, text, len, prio, timeout, get_timespec32);
}

long sys_mq_timedsend_time64(int fd, uaddr_t text, u32 len, u32 prio, uaddr_t timeout)
{
	return timed_send(fd, text, len, prio, timeout, get_timespec64);
}

/* Takes @msg over: it is gone even if it can't be written. */
static long deliver(struct mq_msg *msg, uaddr_t text, uaddr_t prio)
{
	long ret = (long)msg->len;

	if ((prio && put_user_u32(msg->prio, prio)) || copy_to_user(text, msg->text, msg->len))
		ret = -EFAULT;
	mqueue_msg_free(msg);
	return ret;
}

static long timed_receive(int fd, uaddr_t text, u32 size, uaddr_t prio, uaddr_t timeout,
			  get_time_fn *get)
{
	u64 deadline;
	long err = get_deadline(&deadline, timeout, get);
	struct mq_msg *msg;
	struct fd_ref f;

	if (err)
		return err;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	msg = mqueue_receive(f.file, size, deadline);
	fdput(f);
	return IS_ERR(msg) ? PTR_ERR(msg) : deliver(msg, text, prio);
}

long sys_mq_timedreceive(int fd, uaddr_t text, u32 size, uaddr_t prio, uaddr_t timeout)
{
	return timed_receive(fd, text, size, prio, timeout, get_timespec32);
}

long sys_mq_timedreceive_time64(int fd, uaddr_t text, u32 size, uaddr_t prio, uaddr_t timeout)
{
	return timed_receive(fd, text, size, prio, timeout, get_timespec64);
}

/*
 * SIGEV_THREAD names a netlink socket, of which there are none, and what to send there: what is
 * wrong with them.
 */
static int no_netlink_socket(int fd, uaddr_t user_cookie)
{
	u8 cookie[NOTIFY_COOKIE_LEN];
	struct fd_ref f;
	int err;

	if (copy_from_user(cookie, user_cookie, sizeof(cookie)))
		return -EFAULT;
	f = fdget(fd);
	err = !f.file ? -EBADF : S_ISSOCK(f.file->inode->mode) ? -EINVAL : -ENOTSOCK;

	fdput(f);
	return err;
}

static int check_event(const struct user_sigevent *e)
{
	switch (e->notify) {
	case SIGEV_NONE: return 0;
	case SIGEV_SIGNAL: return (u32)e->signo > _NSIG ? -EINVAL : 0;
	case SIGEV_THREAD: return no_netlink_socket(e->signo, e->value);
	}
	return -EINVAL;
}

long sys_mq_notify(int fd, uaddr_t user_event)
{
	struct user_sigevent se;
	struct mqueue_event event;
	struct fd_ref f;
	long err = 0;

	if (user_event && copy_from_user(&se, user_event, sizeof(se)))
		return -EFAULT;
	if (user_event)
		err = check_event(&se);
	if (err)
		return err;
	if (user_event)
		event = (struct mqueue_event){se.notify, se.signo, se.value};
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = mqueue_notify(f.file, user_event ? &event : NULL);
	fdput(f);
	return err;
}

long sys_mq_getsetattr(int fd, uaddr_t user_new, uaddr_t user_old)
{
	struct mq_attr new, old;
	struct fd_ref f;
	long err;

	if (user_new && copy_from_user(&new, user_new, sizeof(new)))
		return -EFAULT;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = mqueue_attr(f.file, user_new ? &new : NULL, user_old ? &old : NULL);
	fdput(f);
	if (!err && user_old && copy_to_user(user_old, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}
