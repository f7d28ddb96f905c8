/*
 * Wait queues. A waker walks the queue with its lock held; an entry's function wakes its task (and
 * takes the entry off) or tells a poller. Exclusive entries stand at the end, and one is woken.
 */
#include "sched/wait.h"
#include "sched/task.h"

void wait_queue_init(struct wait_queue *wq)
{
	spin_lock_init(&wq->lock, RANK_WAITQUEUE);
	list_init(&wq->entries);
}

/*
 * Unlink so that finish_wait(), which looks without the lock, sees it done only when we have let
 * go: it looks at prev, which is written last.
 */
static void detach(struct wait_entry *e)
{
	struct list_head *node = &e->node;

	list_unlink(node->prev, node->next);
	WRITE_ONCE(node->next, node);
	__atomic_store_n(&node->prev, node, __ATOMIC_RELEASE);
}

bool wait_entry_wake(struct wait_entry *e, unsigned key)
{
	(void)key;
	if (!wake_up_task(e->task))
		return false;
	detach(e);
	return true;
}

static __always_inline void wake_common(struct wait_queue *wq, unsigned key, bool all)
{
	irqflags_t flags = spin_lock_irqsave(&wq->lock);
	struct wait_entry *e, *next;

	list_for_each_entry_safe(e, next, &wq->entries, node) {
		bool exclusive = e->exclusive;

		if (e->wake(e, key) && exclusive && !all)
			break;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up(struct wait_queue *wq)
{
	wake_common(wq, 0, false);
}

void wake_up_all(struct wait_queue *wq)
{
	wake_common(wq, 0, true);
}

void wake_up_poll(struct wait_queue *wq, unsigned key)
{
	wake_common(wq, key, false);
}

static void add_locked(struct wait_queue *wq, struct wait_entry *e)
{
	if (e->exclusive)
		list_add_tail(&e->node, &wq->entries);
	else
		list_add(&e->node, &wq->entries);
}

void wait_queue_add(struct wait_queue *wq, struct wait_entry *e)
{
	irqflags_t flags = spin_lock_irqsave(&wq->lock);

	add_locked(wq, e);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wait_queue_remove(struct wait_queue *wq, struct wait_entry *e)
{
	irqflags_t flags = spin_lock_irqsave(&wq->lock);

	list_del_init(&e->node);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue *wq, struct wait_entry *e, unsigned state, bool exclusive)
{
	irqflags_t flags = spin_lock_irqsave(&wq->lock);

	if (list_empty(&e->node)) {
		e->exclusive = exclusive;
		add_locked(wq, e);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(struct wait_queue *wq, struct wait_entry *e)
{
	set_current_state(TASK_RUNNING);
	if (__atomic_load_n(&e->node.prev, __ATOMIC_ACQUIRE) == &e->node &&
	    e->node.next == &e->node)
		return;
	wait_queue_remove(wq, e);
}
