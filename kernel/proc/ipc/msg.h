/*
 * Private to proc/ipc: queues of messages, for msg.c, msgctl.c and files.c.
 *
 * (l) queue's lock   (k) constant after creation
 */
#ifndef PROC_IPC_MSG_H
#define PROC_IPC_MSG_H

#include "lib/atomic.h"
#include "proc/ipc/ipc.h"

struct msg_queue {
	struct ipc_object ipc;
	time64_t stime, rtime, ctime; /* (l) last msgsnd, msgrcv, change */
	pid_t lspid, lrpid;           /* (l) who sent and received last */
	unsigned long bytes, count;   /* (l) of the messages in it */
	unsigned long limit;          /* (l) of either */
	struct list_head messages;    /* (l) in the order of arrival */
	struct rb_root by_type;       /* (l) the same by type, and in that order */
	struct list_head receivers;   /* (l) who waits for a message, */
	struct list_head senders;     /* (l) and for room: struct msg_waiter */
};

extern struct ipc_ids msg_ids;
/* /proc/sys/kernel/msgmax, msgmnb, msgmni */
extern unsigned sysctl_msgmax, sysctl_msgmnb, sysctl_msgmni;
/* Messages in all queues, and their bytes. */
extern atomic_t msg_total, msg_total_bytes;

static inline struct msg_queue *msg_of(struct ipc_object *obj)
{
	return container_of(obj, struct msg_queue, ipc);
}

/* Who waits looks at everything anew: limit and permissions may be others. => queue locked */
void msg_retry_all(struct msg_queue *q);
/*
 * The queue goes: so do all who wait, with -EIDRM; its messages are moved to @dead. => queue locked
 */
void msg_end_all(struct msg_queue *q, struct list_head *dead);
void msg_free_list(struct list_head *messages); /* => no lock held */

#endif
