/*
 * Waiting for many files: poll(2), select(2), epoll(7), and the counters that one waits for:
 * eventfd(2), timerfd_create(2), signalfd(2).
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/file.h"
#include <linux/poll.h>

/*
 * @fds in kernel memory; revents are filled in. How many are ready; 0 at @deadline (clock_ns(); 0:
 * do not wait, ~0: for ever); -EINTR; -ENOMEM
 */
int poll_files(struct pollfd *fds, unsigned n, u64 deadline);
/*
 * Sets of @n descriptors as bitmaps of words: @in, @out, @ex are asked and then overwritten with
 * what is ready; each may be NULL. How many bits are set; 0; -EBADF, -EINTR, -ENOMEM.
 */
int select_files(unsigned n, unsigned long *in, unsigned long *out, unsigned long *ex,
		 u64 deadline);

/*
 * A wait queue goes away under its pollers: wake_up_poll(wq, POLLFREE) makes epoll forget it. The
 * queue itself must last for a grace period more.
 */
#include <linux/types.h> /* __poll_t, of POLLFREE */

/* epoll */
#include <linux/eventpoll.h>
struct file *epoll_create(int flags);
int epoll_control(struct file *ep, int op, struct file *target, int fd,
		  const struct epoll_event *event);
/* Events into user memory: how many; 0 at the deadline; -EINTR, -EFAULT, -EINVAL. */
int epoll_wait(struct file *ep, uaddr_t events, int max, u64 deadline);
bool file_is_epoll(const struct file *file);

struct file *eventfd_create(u32 count, int flags);

/* userfaultfd(2): ERR_PTR(-EPERM, -EINVAL, -ENOMEM...). Without privilege: as the sysctl says. */
struct file *userfaultfd_create(int flags);
extern unsigned sysctl_unprivileged_userfaultfd;

/* timerfd: ERR_PTR(-EINVAL). Times in ns; @absolute in the clock's own time. */
struct file *timerfd_create(int clock, int flags);
struct timerfd_time {
	u64 value, interval;
};
int timerfd_set(struct file *file, int flags, const struct timerfd_time *new,
		struct timerfd_time *old);
int timerfd_get(struct file *file, struct timerfd_time *out);
/* CLOCK_REALTIME was set: TFD_TIMER_CANCEL_ON_SET. */
void timerfd_clock_was_set(void);

/*
 * signalfd: signals belong to proc/, which registers how to wait for and take one. @info:
 * siginfo_t of 128 bytes.
 */
struct signalfd_provider {
	struct wait_queue *(*wait_queue)(void); /* of the caller's process */
	u64 (*pending)(void);                   /* the caller's pending signals, bit n - 1 */
	int (*dequeue)(u64 mask, void *info);   /* 1: one taken, 0: none */
};
extern const struct signalfd_provider *signalfd_provider;
struct file *signalfd_create(u64 mask, int flags);
int signalfd_set_mask(struct file *file, u64 mask); /* -EINVAL: not a signalfd */

#endif
