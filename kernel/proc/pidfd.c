/*
 * pidfds. The file holds a struct pid; it is readable once the process has exited. pidfd_open(2).
 */
#include "proc/pidfd.h"
#include "fs/procfs.h"
#include "proc/internal.h"
#include "fs/seq_file.h"
#include <linux/fcntl.h>
#include <linux/poll.h>

static unsigned pidfd_poll(struct file *file, struct poll_table *pt)
{
	struct pid *pid = file->private;
	struct process *p;
	unsigned events = POLLIN | POLLRDNORM;

	poll_wait(file, &pid->wait_exit, pt);
	rcu_read_lock();
	p = rcu_dereference(pid->process);
	if (p && READ_ONCE(p->exit_state) == PROCESS_ALIVE)
		events = 0;
	rcu_read_unlock();
	return events;
}

static void pidfd_release(struct inode *inode, struct file *file)
{
	(void)inode;
	pid_put(file->private);
}

static void pidfd_show_fdinfo(struct file *file, struct seq_file *m)
{
	const struct pid *pid = file->private;
	pid_t nr = READ_ONCE(pid->process) ? pid->nr : -1;

	seq_printf(m, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

static const struct file_operations pidfd_fops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_show_fdinfo,
};

static struct file *pidfd_file(struct pid *pid, int flags)
{
	struct file *file = file_anon("[pidfd]", &pidfd_fops, pid, O_RDWR | flags);

	if (!IS_ERR(file))
		pid_get(pid);
	return file;
}

int pidfd_reserve(struct pidfd_reservation *r, struct pid *pid, uaddr_t user)
{
	int err;

	r->fd = fd_reserve(0, O_CLOEXEC);
	if (r->fd < 0) {
		err = r->fd;
		r->fd = -1;
		return err;
	}
	r->file = pidfd_file(pid, 0);
	if (IS_ERR(r->file)) {
		fd_unreserve(r->fd);
		r->fd = -1;
		return (int)PTR_ERR(r->file);
	}
	err = put_user_u32((u32)r->fd, user);
	if (err)
		pidfd_cancel(r);
	return err;
}

void pidfd_install(struct pidfd_reservation *r)
{
	if (r->fd >= 0)
		fd_install(r->fd, r->file);
}

void pidfd_cancel(struct pidfd_reservation *r)
{
	if (r->fd < 0)
		return;
	fd_unreserve(r->fd);
	fput(r->file);
	r->fd = -1;
}

int pidfd_open(pid_t nr, unsigned flags)
{
	struct pid *pid;
	struct file *file;
	int fd;

	if ((flags & ~(unsigned)O_NONBLOCK) || nr <= 0)
		return -EINVAL;
	pid = pid_find_get(nr);
	if (!pid)
		return -ESRCH;
	fd = -EINVAL; /* a thread that leads no group has no process of that number */
	if (!READ_ONCE(pid->process)) {
		if (!READ_ONCE(pid->task))
			fd = -ESRCH;
		goto out;
	}
	fd = fd_reserve(0, O_CLOEXEC);
	if (fd < 0)
		goto out;
	file = pidfd_file(pid, (int)flags);
	if (IS_ERR(file)) {
		fd_unreserve(fd);
		fd = (int)PTR_ERR(file);
		goto out;
	}
	fd_install(fd, file);
out:
	pid_put(pid);
	return fd;
}

struct pid *pidfd_get_pid(int fd)
{
	struct file *file = fget(fd);
	struct pid *pid;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->op != &pidfd_fops) {
		fput(file);
		return ERR_PTR(-EBADF);
	}
	pid = file->private;
	pid_get(pid);
	fput(file);
	return pid;
}

/* The pid of a process that is alive, whose directory /proc/PID @file is. */
static struct pid *proc_get_pid(const struct file *file)
{
	struct task *t = proc_task_get(file->inode);
	struct pid *pid;

	if (!t)
		return ERR_PTR(-ESRCH);
	pid = pid_find_get(t->pid);
	if (pid && READ_ONCE(pid->task) != t) { /* reused just now */
		pid_put(pid);
		pid = NULL;
	}
	task_put(t);
	return pid ? pid : ERR_PTR(-ESRCH);
}

struct pid *pidfd_or_proc_get_pid(int fd)
{
	struct file *file = fget(fd);
	struct pid *pid;

	if (!file)
		return ERR_PTR(-EBADF);
	if (!proc_is_process(file)) {
		fput(file);
		return pidfd_get_pid(fd);
	}
	pid = proc_get_pid(file);
	fput(file);
	return pid;
}
