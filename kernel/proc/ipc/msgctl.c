/*
 * msgget(2) and msgctl(2): queues of messages, made, looked at, set and removed.
 *
 * Locks: msg_ids.lock for what makes, changes permissions or removes; the queue's lock.
 */
#include "proc/ipc/msg.h"
#include "mm/slab.h"
#include <linux/capability.h>

struct ipc_ids msg_ids = IPC_IDS_INIT(msg_ids);
unsigned sysctl_msgmax = MSGMAX, sysctl_msgmnb = MSGMNB, sysctl_msgmni = MSGMNI;

/* ---- msgget(2) ---- */

static int create_queue(__kernel_key_t key, int flags, u32 size)
{
	struct msg_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int id;

	(void)size;
	if (!q)
		return -ENOMEM;
	q->limit = sysctl_msgmnb;
	q->ctime = ipc_now();
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	id = ipc_add(&msg_ids, &q->ipc, key, flags, sysctl_msgmni);
	if (id < 0)
		kfree(q);
	return id;
}

int msg_get(__kernel_key_t key, int flags)
{
	static const struct ipc_kind kind = {&msg_ids, create_queue, NULL};

	return ipc_get(&kind, key, flags, 0);
}

/* ---- looking ---- */

static void fill_stat(const struct msg_queue *q, struct msqid64_ds *out)
{
	*out = (struct msqid64_ds){
		.msg_cbytes = q->bytes,
		.msg_qnum = q->count,
		.msg_qbytes = q->limit,
		.msg_lspid = q->lspid,
		.msg_lrpid = q->lrpid,
	};
	ipc_get_perm(&q->ipc, &out->msg_perm);
	IPC_PUT_TIME(out->msg_stime, q->stime);
	IPC_PUT_TIME(out->msg_rtime, q->rtime);
	IPC_PUT_TIME(out->msg_ctime, q->ctime);
}

int msg_stat(int id, int cmd, struct msqid64_ds *out)
{
	struct ipc_object *obj =
		cmd == IPC_STAT ? ipc_lock_id(&msg_ids, id) : ipc_lock_index(&msg_ids, id);
	int result;

	if (IS_ERR(obj))
		return (int)PTR_ERR(obj);
	if (cmd != MSG_STAT_ANY && !ipc_permits(obj, IPC_READ)) {
		result = -EACCES;
	} else {
		fill_stat(msg_of(obj), out);
		result = cmd == IPC_STAT ? 0 : obj->id;
	}
	ipc_unlock(obj);
	return result;
}

int msg_info(int cmd, struct msginfo *out)
{
	int highest;

	*out = (struct msginfo){
		.msgpool = MSGPOOL,
		.msgmap = MSGMAP,
		.msgmax = (int)sysctl_msgmax,
		.msgmnb = (int)sysctl_msgmnb,
		.msgmni = (int)sysctl_msgmni,
		.msgssz = MSGSSZ,
		.msgtql = MSGTQL,
		.msgseg = (u16)MSGSEG,
	};
	mutex_lock(&msg_ids.lock);
	if (cmd == MSG_INFO) {
		out->msgpool = (int)msg_ids.count;
		out->msgmap = (int)atomic_read(&msg_total);
		out->msgtql = (int)atomic_read(&msg_total_bytes);
	}
	highest = ipc_highest_index(&msg_ids);
	mutex_unlock(&msg_ids.lock);
	return highest;
}

/* ---- changing and removing ---- */

/* => both locks held */
static int set_locked(struct msg_queue *q, const struct msqid64_ds *in)
{
	int err;

	if (in->msg_qbytes > sysctl_msgmnb && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_set_perm(&q->ipc, &in->msg_perm);
	if (err)
		return err;
	q->limit = in->msg_qbytes;
	q->ctime = ipc_now();
	msg_retry_all(q);
	return 0;
}

int msg_set(int id, const struct msqid64_ds *in)
{
	struct ipc_object *obj;
	int err;

	mutex_lock(&msg_ids.lock);
	obj = ipc_lock_control(&msg_ids, id);
	if (IS_ERR(obj)) {
		err = (int)PTR_ERR(obj);
	} else {
		err = set_locked(msg_of(obj), in);
		ipc_unlock(obj);
	}
	mutex_unlock(&msg_ids.lock);
	return err;
}

static void free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct msg_queue, ipc.rcu));
}

int msg_remove(int id)
{
	struct ipc_object *obj;
	LIST_HEAD(dead);

	mutex_lock(&msg_ids.lock);
	obj = ipc_lock_control(&msg_ids, id);
	if (!IS_ERR(obj)) {
		msg_end_all(msg_of(obj), &dead);
		ipc_remove(&msg_ids, obj);
		ipc_unlock(obj);
		call_rcu(&obj->rcu, free_rcu);
	}
	mutex_unlock(&msg_ids.lock);
	msg_free_list(&dead);
	return IS_ERR(obj) ? (int)PTR_ERR(obj) : 0;
}
