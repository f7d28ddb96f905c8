/*
 * One-shot events. The waiter leaves with the queue's lock in its hands, so that complete() has
 * finished with the structure when wait_for_completion() returns: it may lie on the waiter's stack.
 */
#include "sched/task.h"

void completion_init(struct completion *c)
{
	wait_queue_init(&c->wq);
	c->done = 0;
}

void complete(struct completion *c)
{
	irqflags_t flags = spin_lock_irqsave(&c->wq.lock);
	struct wait_entry *e = list_first_entry_or_null(&c->wq.entries, struct wait_entry, node);

	c->done++;
	if (e)
		e->wake(e, 0);
	spin_unlock_irqrestore(&c->wq.lock, flags);
}

static int wait_common(struct completion *c, unsigned state)
{
	irqflags_t flags = spin_lock_irqsave(&c->wq.lock);
	struct wait_entry e;
	int error = 0;

	wait_entry_init(&e);
	while (!c->done) {
		if (signal_pending_state(state, current)) {
			error = -ERESTARTSYS;
			break;
		}
		if (list_empty(&e.node))
			list_add_tail(&e.node, &c->wq.entries);
		set_current_state(state);
		spin_unlock_irqrestore(&c->wq.lock, flags);
		schedule();
		flags = spin_lock_irqsave(&c->wq.lock);
	}
	set_current_state(TASK_RUNNING);
	list_del_init(&e.node);
	if (!error)
		c->done--;
	spin_unlock_irqrestore(&c->wq.lock, flags);
	return error;
}

void wait_for_completion(struct completion *c)
{
	wait_common(c, TASK_UNINTERRUPTIBLE);
}

int wait_for_completion_killable(struct completion *c)
{
	return wait_common(c, TASK_KILLABLE);
}
