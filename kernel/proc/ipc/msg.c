/*
 * msgsnd(2) and msgrcv(2). A message is in its queue twice: in the list, in the order of arrival,
 * and in a tree by type, where those of one type keep that order. So the first of all, the first of
 * a type and the first of the lowest type are found without a search; only "of any type but this"
 * (MSG_EXCEPT) walks past messages of that type.
 *
 * Who cannot go on waits in the queue, and what he waits for is brought to him: a sender hands the
 * message to the first receiver that wants it, without its entering the queue, and a receiver lets
 * those messages in for which it made room. Both write the result into the waiter, which lies on
 * its caller's stack, and wake him; he takes no lock then. After msgctl(IPC_SET) all look anew.
 *
 * Lock: the queue's, found by ipc_lock_id(). sysvipc(7). Read next: msgctl.c.
 */
#include "proc/ipc/msg.h"
#include "mm/slab.h"

enum choice { ANY, EQUAL, NOT_EQUAL, AT_MOST };

/* A call that waits, on its caller's stack. */
struct msg_waiter {
	struct list_head node; /* (l) */
	struct task *task;
	pid_t pid;
	struct msg *msg; /* to be sent; or (l) received, written before status */
	u32 max;         /* a receiver: the longest that it takes */
	enum choice choice;
	s32 type;
	int status; /* (l) MSG_WAITING, then written last: the result, or MSG_RETRY */
};
#define MSG_WAITING 1
#define MSG_RETRY 2

atomic_t msg_total, msg_total_bytes;

/* ---- messages ---- */

struct msg *msg_alloc(s32 type, u32 len)
{
	struct msg *msg;

	if (len > READ_ONCE(sysctl_msgmax) || type < 1)
		return ERR_PTR(-EINVAL);
	msg = kvmalloc(sizeof(*msg) + len, GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->type = type;
	msg->len = len;
	return msg;
}

void msg_free(struct msg *msg)
{
	kvfree(msg);
}

void msg_free_list(struct list_head *messages)
{
	struct msg *msg, *next;

	list_for_each_entry_safe(msg, next, messages, node)
		msg_free(msg);
}

/* ---- in and out of the queue. => locked ---- */

static void enter(struct msg_queue *q, struct msg *msg)
{
	struct rb_node **link = &q->by_type.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = msg->type < rb_entry(parent, struct msg, by_type)->type ? &parent->left
									       : &parent->right;
	}
	rb_link_node(&msg->by_type, parent, link);
	rb_insert_color(&msg->by_type, &q->by_type);
	list_add_tail(&msg->node, &q->messages);
	q->count++;
	q->bytes += msg->len;
	atomic_inc(&msg_total);
	atomic_add(&msg_total_bytes, msg->len);
}

static void leave(struct msg_queue *q, struct msg *msg)
{
	rb_erase(&msg->by_type, &q->by_type);
	list_del(&msg->node);
	q->count--;
	q->bytes -= msg->len;
	atomic_dec(&msg_total);
	atomic_add(&msg_total_bytes, -msg->len);
}

static struct msg *first_of_type(const struct msg_queue *q, s32 type)
{
	struct rb_node *node = q->by_type.node;
	struct msg *found = NULL;

	while (node) {
		struct msg *msg = rb_entry(node, struct msg, by_type);

		if (msg->type == type)
			found = msg;
		node = type <= msg->type ? node->left : node->right;
	}
	return found;
}

static bool wants(const struct msg_waiter *w, const struct msg *msg)
{
	switch (w->choice) {
	case EQUAL: return msg->type == w->type;
	case NOT_EQUAL: return msg->type != w->type;
	case AT_MOST: return msg->type <= w->type;
	default: return true;
	}
}

static struct msg *find(const struct msg_queue *q, const struct msg_waiter *w)
{
	struct msg *msg;

	if (list_empty(&q->messages))
		return NULL;
	if (w->choice == EQUAL)
		return first_of_type(q, w->type);
	if (w->choice == AT_MOST) {
		msg = rb_entry(rb_first(&q->by_type), struct msg, by_type);
		return wants(w, msg) ? msg : NULL;
	}
	list_for_each_entry(msg, &q->messages, node)
		if (wants(w, msg))
			return msg;
	return NULL;
}

/* ---- waiting ---- */

/* => locked. The waiter may be gone as soon as its status is written. */
static void finish(struct msg_waiter *w, int status)
{
	struct task *t = w->task;

	list_del(&w->node);
	__atomic_store_n(&w->status, status, __ATOMIC_RELEASE);
	wake_up_task(t); /* tasks are freed through RCU */
}

static void finish_all(struct list_head *waiters, int status)
{
	struct msg_waiter *w, *next;

	list_for_each_entry_safe(w, next, waiters, node)
		finish(w, status);
}

void msg_retry_all(struct msg_queue *q)
{
	finish_all(&q->receivers, MSG_RETRY);
	finish_all(&q->senders, MSG_RETRY);
}

void msg_end_all(struct msg_queue *q, struct list_head *dead)
{
	struct msg *msg, *next;

	finish_all(&q->receivers, -EIDRM);
	finish_all(&q->senders, -EIDRM);
	list_for_each_entry_safe(msg, next, &q->messages, node) {
		leave(q, msg);
		list_add_tail(&msg->node, dead);
	}
}

/* => locked; unlocks. The result: 0, -errno or MSG_RETRY */
static int wait(struct msg_queue *q, struct msg_waiter *w, struct list_head *queue)
{
	int status;

	w->status = MSG_WAITING;
	list_add_tail(&w->node, queue);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		ipc_unlock(&q->ipc);
		if (!signal_pending(current))
			schedule();
		set_current_state(TASK_RUNNING);
		/* no sleep from here to the lock: a queue with waiters is not freed meanwhile */
		status = __atomic_load_n(&w->status, __ATOMIC_ACQUIRE);
		if (status != MSG_WAITING)
			return status;
		spin_lock(&q->ipc.lock);
		status = w->status;
		if (status != MSG_WAITING)
			break;
		if (signal_pending(current)) {
			list_del(&w->node);
			status = -ERESTARTNOHAND;
			break;
		}
	}
	ipc_unlock(&q->ipc);
	return status;
}

static struct msg_queue *lock_queue(int id)
{
	struct ipc_object *obj = ipc_lock_id(&msg_ids, id);

	return IS_ERR(obj) ? ERR_PTR(PTR_ERR(obj)) : msg_of(obj);
}

/* ---- msgsnd(2) ---- */

static bool has_room(const struct msg_queue *q, const struct msg *msg)
{
	return q->bytes + msg->len <= q->limit && q->count + 1 <= q->limit;
}

/*
 * The message is @w's if it wants it; a receiver whose buffer is too small hears of that. => locked
 */
static bool hand_over(struct msg_queue *q, struct msg_waiter *w, struct msg *msg)
{
	if (!wants(w, msg))
		return false;
	if (w->max < msg->len) {
		finish(w, -E2BIG);
		return false;
	}
	q->lrpid = w->task->pid; /* the thread's, as on Linux */
	q->rtime = ipc_now();
	w->msg = msg;
	finish(w, 0);
	return true;
}

/* => locked */
static void put(struct msg_queue *q, struct msg *msg, pid_t sender)
{
	struct msg_waiter *w, *next;

	q->lspid = sender;
	q->stime = ipc_now();
	list_for_each_entry_safe(w, next, &q->receivers, node)
		if (hand_over(q, w, msg))
			return;
	enter(q, msg);
}

/* 0, -errno or MSG_RETRY */
static int try_to_send(struct msg_queue *q, struct msg_waiter *w, int flags)
{
	int err = 0;

	if (!ipc_permits(&q->ipc, IPC_WRITE))
		err = -EACCES;
	else if (has_room(q, w->msg))
		put(q, w->msg, w->pid);
	else if (flags & IPC_NOWAIT)
		err = -EAGAIN;
	else
		return wait(q, w, &q->senders);
	ipc_unlock(&q->ipc);
	return err;
}

int msg_send(int id, struct msg *msg, int flags)
{
	struct msg_waiter w = {.task = current, .pid = current->tgid, .msg = msg};
	struct msg_queue *q = lock_queue(id);
	int err = IS_ERR(q) ? (int)PTR_ERR(q) : try_to_send(q, &w, flags);

	while (err == MSG_RETRY) {
		q = lock_queue(id);
		err = IS_ERR(q) ? -EIDRM : try_to_send(q, &w, flags);
	}
	if (err)
		msg_free(msg);
	return err;
}

/* ---- msgrcv(2) ---- */

/* Let in what fits now, in the order in which they came. => locked */
static void admit_senders(struct msg_queue *q)
{
	struct msg_waiter *w, *next;

	list_for_each_entry_safe(w, next, &q->senders, node) {
		if (!has_room(q, w->msg))
			continue;
		put(q, w->msg, w->pid);
		finish(w, 0);
	}
}

static void take(struct msg_queue *q, struct msg_waiter *w, struct msg *msg)
{
	leave(q, msg);
	q->rtime = ipc_now();
	q->lrpid = w->pid;
	w->msg = msg;
	admit_senders(q);
}

/* 0: w->msg is the caller's; -errno, MSG_RETRY */
static int try_to_receive(struct msg_queue *q, struct msg_waiter *w, int flags)
{
	struct msg *msg;
	int err = 0;

	if (!ipc_permits(&q->ipc, IPC_READ)) {
		err = -EACCES;
	} else if ((msg = find(q, w))) {
		if (msg->len > w->max)
			err = -E2BIG;
		else
			take(q, w, msg);
	} else if (flags & IPC_NOWAIT) {
		err = -ENOMSG;
	} else {
		return wait(q, w, &q->receivers);
	}
	ipc_unlock(&q->ipc);
	return err;
}

static void choose(struct msg_waiter *w, s32 type, int flags)
{
	if (type < 0) {
		w->choice = AT_MOST;
		w->type = type == (s32)0x80000000 ? 0x7fffffff : -type;
	} else {
		w->choice = !type ? ANY : flags & MSG_EXCEPT ? NOT_EQUAL : EQUAL;
		w->type = type;
	}
}

struct msg *msg_receive(int id, u32 size, s32 type, int flags)
{
	struct msg_waiter w = {.task = current, .pid = current->tgid};
	struct msg_queue *q;
	int err;

	if (id < 0 || (s32)size < 0)
		return ERR_PTR(-EINVAL);
	if (flags & MSG_COPY)
		return ERR_PTR((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT) ? -EINVAL : -ENOSYS);
	w.max = flags & MSG_NOERROR ? ~0u : size;
	choose(&w, type, flags);
	q = lock_queue(id);
	err = IS_ERR(q) ? (int)PTR_ERR(q) : try_to_receive(q, &w, flags);
	while (err == MSG_RETRY) {
		q = lock_queue(id);
		err = IS_ERR(q) ? -EIDRM : try_to_receive(q, &w, flags);
	}
	return err ? ERR_PTR(err) : w.msg;
}
