/*
 * Semaphores: semop(2). All operations of a call happen at once or not at all; a call that cannot
 * be done waits until it can, and then it is done by the task that made it possible: the waiter
 * finds its result when it wakes, and takes no lock.
 *
 * Queues. A waiter with one operation is in a queue of its semaphore: `takers` if it changes it
 * (then it waits for the value to rise), `zero` if it waits for 0. A waiter with several operations
 * is in the array's queues. While one that changes something is there, those with one operation are
 * there too (gather()), so that one queue tells who came first; when the last has gone they return
 * (spread()). A queue is tried in order of arrival. Who has to wait does not keep those behind it
 * from going on: sem_op is fair only among those who can. After a success the queue is tried again
 * from its head, unless nobody in it can be better off.
 *
 * Lock: the array's. The end of an array wakes all its waiters before it is freed, so a waiter that
 * still reads SEM_WAITING knows that its array exists. Read next: sem_undo.c, semctl.c.
 */
#include "proc/ipc/sem.h"

/* ---- doing the operations of one call ---- */

static void roll_back(struct sem_array *array, const struct sem_waiter *w, const struct sembuf *at)
{
	while (at-- > w->ops) {
		array->sems[at->sem_num].value -= at->sem_op;
		if (at->sem_flg & SEM_UNDO)
			w->undo->adjust[at->sem_num] += at->sem_op;
	}
}

/* One operation: 0, SEM_WAITING or -ERANGE with nothing changed. */
static int do_one(struct sem_array *array, const struct sem_waiter *w, const struct sembuf *op)
{
	struct semaphore *sem = &array->sems[op->sem_num];
	int value = sem->value + op->sem_op, adjust;

	if ((!op->sem_op && sem->value) || value < 0)
		return SEM_WAITING;
	if (value > SEMVMX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		adjust = w->undo->adjust[op->sem_num] - op->sem_op;
		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		w->undo->adjust[op->sem_num] = (s16)adjust;
	}
	sem->value = value;
	return 0;
}

/* All of them: 0; SEM_WAITING, -EAGAIN (IPC_NOWAIT) or -ERANGE with nothing changed. */
static int try_all(struct sem_array *array, struct sem_waiter *w)
{
	const struct sembuf *op, *end = w->ops + w->count;

	for (op = w->ops; op < end; op++) {
		int result = do_one(array, w, op);

		if (!result)
			continue;
		roll_back(array, w, op);
		w->blocking = op;
		return result == SEM_WAITING && (op->sem_flg & IPC_NOWAIT) ? -EAGAIN : result;
	}
	for (op = w->ops; op < end; op++)
		array->sems[op->sem_num].pid = w->pid;
	return 0;
}

/* ---- the queues ---- */

static bool has_several(const struct sem_waiter *w)
{
	return w->count > 1 && w->alters;
}

static void gather(struct sem_array *array)
{
	for (u32 i = 0; i < array->count; i++)
		list_splice_tail_init(&array->sems[i].takers, &array->takers);
}

static void spread(struct sem_array *array)
{
	struct sem_waiter *w, *n;

	if (array->several)
		return;
	list_for_each_entry_safe(w, n, &array->takers, node)
		list_move_tail(&w->node, &array->sems[w->ops->sem_num].takers);
}

static void enqueue(struct sem_array *array, struct sem_waiter *w)
{
	struct semaphore *sem = &array->sems[w->ops->sem_num];

	if (has_several(w) && !array->several++)
		gather(array);
	if (w->alters)
		list_add_tail(&w->node, array->several ? &array->takers : &sem->takers);
	else
		list_add_tail(&w->node, w->count > 1 ? &array->zero : &sem->zero);
}

/* May leave the array's queue to be spread: when nobody walks along it any more. */
static void dequeue(struct sem_array *array, struct sem_waiter *w)
{
	list_del(&w->node);
	if (has_several(w))
		array->several--;
}

/* The waiter has its result. It may be gone as soon as it can see it. */
static void finish(struct sem_array *array, struct sem_waiter *w, int status)
{
	struct task *t = w->task;

	dequeue(array, w);
	__atomic_store_n(&w->status, status, __ATOMIC_RELEASE);
	wake_up_task(t); /* tasks are freed through RCU */
}

/* ---- after a change ---- */

/* Those in @queue that change nothing: true if one went on. */
static bool try_zero_queue(struct sem_array *array, struct list_head *queue)
{
	struct sem_waiter *w, *n;
	bool any = false;

	list_for_each_entry_safe(w, n, queue, node) {
		int result = try_all(array, w);

		if (result == SEM_WAITING)
			continue;
		any |= !result;
		finish(array, w, result);
	}
	return any;
}

/* @ops were done: those who wait for 0 where it is 0 now. */
static bool try_zero(struct sem_array *array, const struct sembuf *ops, unsigned count)
{
	bool any = false, is_zero = false;

	for (unsigned i = 0; i < count; i++) {
		struct semaphore *sem = &array->sems[ops[i].sem_num];

		if (sem->value)
			continue;
		is_zero = true;
		any |= try_zero_queue(array, &sem->zero);
	}
	return is_zero ? try_zero_queue(array, &array->zero) || any : any;
}

/* The first in @queue that can go on does: true. @sem: whose queue it is, NULL: the array's. */
static bool try_next_taker(struct sem_array *array, struct list_head *queue,
			   const struct semaphore *sem, bool *again)
{
	struct sem_waiter *w, *n;

	list_for_each_entry_safe(w, n, queue, node) {
		int result;

		if (sem && !sem->value)
			return false; /* they all want to lower it */
		result = try_all(array, w);
		if (result == SEM_WAITING)
			continue;
		if (result) {
			finish(array, w, result);
			continue;
		}
		try_zero(array, w->ops, w->count);
		finish(array, w, 0);
		*again = true;
		if (!sem)
			return true;
	}
	return false;
}

/*
 * In the queue of one semaphore a success only lowers the value: one pass is enough. In the array's
 * anything may have become possible.
 */
static bool try_takers(struct sem_array *array, struct list_head *queue,
		       const struct semaphore *sem)
{
	bool any = false;

	while (try_next_taker(array, queue, sem, &any))
		;
	return any;
}

/* @ops were done: whoever can go on now, does. @done: they count as a semop(2). */
static void update(struct sem_array *array, const struct sembuf *ops, unsigned count, bool done)
{
	done |= try_zero(array, ops, count);
	if (!list_empty(&array->takers)) {
		done |= try_takers(array, &array->takers, NULL);
		spread(array);
	} else {
		for (unsigned i = 0; i < count; i++) {
			struct semaphore *sem = &array->sems[ops[i].sem_num];

			if (ops[i].sem_op > 0)
				done |= try_takers(array, &sem->takers, sem);
		}
	}
	if (done)
		array->otime = ipc_now();
}

void sem_changed(struct sem_array *array, unsigned num)
{
	const struct sembuf op = {.sem_num = (u16)num, .sem_op = 1};

	update(array, &op, 1, false);
}

/* ---- all waiters ---- */

/* Call @fn for those in the queues of @sem and of the array. */
static void for_each_waiter(struct sem_array *array, struct semaphore *sem,
			    void (*fn)(struct sem_array *array, struct sem_waiter *w, void *arg),
			    void *arg)
{
	struct list_head *queues[] = {&sem->takers, &sem->zero, &array->takers, &array->zero};
	struct sem_waiter *w, *n;

	for (unsigned i = 0; i < ARRAY_SIZE(queues); i++)
		list_for_each_entry_safe(w, n, queues[i], node)
			fn(array, w, arg);
}

static void end_waiter(struct sem_array *array, struct sem_waiter *w, void *arg)
{
	(void)arg;
	finish(array, w, -EIDRM);
}

void sem_wake_all(struct sem_array *array)
{
	for (u32 i = 0; i < array->count; i++)
		for_each_waiter(array, &array->sems[i], end_waiter, NULL);
}

struct waiter_count {
	unsigned num;
	bool zero;
	int count;
};

static void count_waiter(struct sem_array *array, struct sem_waiter *w, void *arg)
{
	struct waiter_count *c = arg;

	(void)array;
	if (w->blocking->sem_num == c->num && c->zero == !w->blocking->sem_op)
		c->count++;
}

int sem_count_waiters(struct sem_array *array, unsigned num, bool zero)
{
	struct waiter_count c = {.num = num, .zero = zero};

	for_each_waiter(array, &array->sems[num], count_waiter, &c);
	return c.count;
}

/* ---- semop(2) ---- */

/* => array locked; unlocks. The result: 0 or -errno */
static int wait(struct sem_array *array, struct sem_waiter *w, u64 deadline)
{
	bool late = false;
	int status;

	w->status = SEM_WAITING;
	enqueue(array, w);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		ipc_unlock(&array->ipc);
		if (!signal_pending(current) && schedule_until(deadline) == -ETIMEDOUT)
			late = true;
		set_current_state(TASK_RUNNING);
		/* no sleep from here to the lock: an array with waiters is not freed meanwhile */
		status = __atomic_load_n(&w->status, __ATOMIC_ACQUIRE);
		if (status != SEM_WAITING)
			return status;
		spin_lock(&array->ipc.lock);
		status = w->status;
		if (status != SEM_WAITING)
			break;
		if (late || signal_pending(current)) {
			dequeue(array, w);
			spread(array);
			status = late ? -EAGAIN : -EINTR;
			break;
		}
	}
	ipc_unlock(&array->ipc);
	return status;
}

/* May the caller do @w to the locked array? */
static int check(const struct sem_array *array, const struct sem_waiter *w)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->ops[i].sem_num >= array->count)
			return -EFBIG;
	return ipc_permits(&array->ipc, w->alters ? IPC_WRITE : IPC_READ) ? 0 : -EACCES;
}

/* => array locked; unlocks */
static int operate(struct sem_array *array, struct sem_waiter *w, u64 deadline)
{
	int result = try_all(array, w);

	if (result == SEM_WAITING)
		return wait(array, w, deadline);
	if (!result && w->alters)
		update(array, w->ops, w->count, true);
	else if (!result)
		array->otime = ipc_now();
	ipc_unlock(&array->ipc);
	return result;
}

int sem_operate(int id, const struct sembuf *ops, unsigned count, u64 deadline)
{
	struct sem_waiter w = {
		.task = current,
		.ops = ops,
		.count = count,
		.pid = current->tgid,
	};
	struct sem_array *array = sem_lock_id(id);
	bool undo = false;
	int err;

	if (IS_ERR(array))
		return (int)PTR_ERR(array);
	for (unsigned i = 0; i < count; i++) {
		w.alters |= ops[i].sem_op != 0;
		undo |= (ops[i].sem_flg & SEM_UNDO) != 0;
	}
	err = check(array, &w);
	if (err) {
		ipc_unlock(&array->ipc);
		return err;
	}
	if (undo) {
		err = sem_undo_get(array, &w.undo);
		if (err)
			return err;
	}
	return operate(array, &w, deadline);
}
