/*
 * POSIX message queues: mq_overview(7). A queue is a file of the file system "mqueue", which
 * everybody may mount; its descriptors are ordinary ones, which may be waited for in poll(2).
 * docs/ipc.md tells how they work.
 */
#ifndef PROC_MQUEUE_H
#define PROC_MQUEUE_H

#include "fs/file.h"
#include "lib/rbtree.h"
#include <linux/mqueue.h>

/* Boot: the file system, and the limits in /proc/sys/fs/mqueue. */
void mqueue_init(void);

/*
 * mq_open(2): a descriptor, or -EACCES, -EEXIST, -EINVAL, -EMFILE, -ENAMETOOLONG, -ENFILE, -ENOENT,
 * -ENOMEM, -ENOSPC. @name without the slash in front of it; @attr NULL: the default. Sleeps.
 */
int mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attr);
/* mq_unlink(2): 0, -EACCES, -ENOENT, -EPERM. Sleeps. */
int mqueue_unlink(const char *name);

/* A message; its text is filled by who asks for one. */
struct mq_msg {
	struct rb_node node; /* the queue's */
	u32 prio, len;
	u8 text[];
};
/*
 * For a message of @len bytes that goes to @file: -EBADF: not a queue, or not open for writing;
 * -EMSGSIZE, -ENOMEM. Sleeps.
 */
struct mq_msg *mqueue_msg_alloc(struct file *file, u32 len);
void mqueue_msg_free(struct mq_msg *msg);
/*
 * mq_timedsend(2), until clock_ns() is @deadline (~0: for ever): 0, -EAGAIN, -ETIMEDOUT,
 * -ERESTARTSYS by a signal. Takes @msg over in any case. @file as for mqueue_msg_alloc().
 */
int mqueue_send(struct file *file, struct mq_msg *msg, u64 deadline);
/*
 * mq_timedreceive(2): the caller's message, or ERR_PTR(-EBADF, -EMSGSIZE: @size is too small; and
 * those of mqueue_send())
 */
struct mq_msg *mqueue_receive(struct file *file, u32 size, u64 deadline);

struct mqueue_event {
	int notify, signo; /* SIGEV_* */
	u32 value;         /* sigev_value */
};
/* mq_notify(2): 0, -EBADF, -EBUSY, -EINVAL. @event NULL: the caller wants to hear no more. */
int mqueue_notify(struct file *file, const struct mqueue_event *event);
/* mq_getsetattr(2): 0, -EBADF, -EINVAL. Either may be NULL; of @new only mq_flags counts. */
int mqueue_attr(struct file *file, const struct mq_attr *new, struct mq_attr *old);

#endif
