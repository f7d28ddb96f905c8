/*
 * A POSIX message queue, for mqueue.c (messages and notification) and mqueue_fs.c
 * (names and files).
 */
#ifndef PROC_IPC_MQUEUE_H
#define PROC_IPC_MQUEUE_H

#include "proc/mqueue.h"
#include "proc/process.h"

/* (l) lock   (k) constant */
struct mqueue {
	spinlock_t lock;         /* RANK_IPC */
	struct rb_root messages; /* (l) the highest priority first, then the oldest */
	u32 count;               /* (l) */
	u32 bytes;               /* (l) of text */
	u32 max_count, max_len;  /* (k) */
	struct list_head senders,
		receivers;         /* (l) calls that wait, in the order in which they came */
	struct wait_queue wait;    /* pollers */
	struct user *user;         /* (k) who pays for it, referenced */
	u32 charged;               /* (k) in user->mqueue_bytes */
	struct pid *owner;         /* (l) the process that is to be told, referenced; NULL: none */
	struct mqueue_event event; /* (l) how */
};

extern const struct file_operations mqueue_fops;
static inline struct mqueue *mqueue_of(const struct inode *inode)
{
	return inode->private;
}
/* A queue without messages; @attr has been looked at. NULL: no memory */
struct mqueue *mqueue_alloc(const struct mq_attr *attr);
/* Nobody uses it any more. */
void mqueue_free(struct mqueue *q);

#endif
