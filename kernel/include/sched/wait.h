/*
 * Wait queues: where a task sleeps until something is so.
 *
 * wait_event(wq, cond) and its kin re-check @cond after each wake-up. Pollers put an entry with a
 * function of their own on the queue (poll, epoll).
 */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include "sched/lock.h"

struct wait_queue {
	spinlock_t lock; /* RANK_WAITQUEUE, irqsave */
	struct list_head entries;
};
#define WAIT_QUEUE_INIT(name) \
	{ \
		SPINLOCK_INIT(RANK_WAITQUEUE), LIST_HEAD_INIT((name).entries) \
	}
#define DEFINE_WAIT_QUEUE(name) struct wait_queue name = WAIT_QUEUE_INIT(name)

struct wait_entry {
	struct list_head node;
	struct task *task;
	/*
	 * Called with the queue locked; true: counts as one woken (exclusive waiters). @key:
	 * poll events, or 0
	 */
	bool (*wake)(struct wait_entry *e, unsigned key);
	bool exclusive;
	void *data;
};

void wait_queue_init(struct wait_queue *wq);
/* Wake all non-exclusive waiters and one exclusive one. Any context. */
void wake_up(struct wait_queue *wq);
void wake_up_all(struct wait_queue *wq);
/* As wake_up(), telling pollers which events came (POLLIN...). */
void wake_up_poll(struct wait_queue *wq, unsigned key);
static inline bool wait_queue_active(const struct wait_queue *wq)
{
	return !list_empty(&wq->entries);
}

void wait_queue_add(struct wait_queue *wq, struct wait_entry *e);
void wait_queue_remove(struct wait_queue *wq, struct wait_entry *e);
/* Wakes @e->task and takes the entry off. */
bool wait_entry_wake(struct wait_entry *e, unsigned key);
/* The default entry, of the current task; removed by finish_wait. */
static inline void wait_entry_init(struct wait_entry *e)
{
	list_init(&e->node);
	e->task = (struct task *)current_thread();
	e->wake = wait_entry_wake;
	e->exclusive = false;
}
void prepare_to_wait(struct wait_queue *wq, struct wait_entry *e, unsigned state, bool exclusive);
void finish_wait(struct wait_queue *wq, struct wait_entry *e);

/* Sleep until @cond: uninterruptibly. */
#define wait_event(wq, cond) ((void)wait_event_(wq, cond, TASK_UNINTERRUPTIBLE, ~0ULL, false))
/* 0, or -ERESTARTSYS when a signal came first. */
#define wait_event_interruptible(wq, cond) wait_event_(wq, cond, TASK_INTERRUPTIBLE, ~0ULL, false)
#define wait_event_interruptible_exclusive(wq, cond) \
	wait_event_(wq, cond, TASK_INTERRUPTIBLE, ~0ULL, true)
#define wait_event_killable(wq, cond) wait_event_(wq, cond, TASK_KILLABLE, ~0ULL, false)
/*
 * Until clock_ns() reaches @deadline: 0 cond, -ETIMEDOUT (-ETIME is the callers'
 * business), -ERESTARTSYS.
 */
#define wait_event_interruptible_until(wq, cond, deadline) \
	wait_event_(wq, cond, TASK_INTERRUPTIBLE, deadline, false)
#define wait_event_until(wq, cond, deadline) \
	wait_event_(wq, cond, TASK_UNINTERRUPTIBLE, deadline, false)

/*
 * schedule_until() returns 0 or -ETIMEDOUT; signal_pending_state() is in sched/task.h: include
 * that.
 */
#define wait_event_(wq, cond, state, deadline, excl) \
	({ \
		int r_ = 0; \
		if (!(cond)) { \
			struct wait_entry e_; \
			wait_entry_init(&e_); \
			for (;;) { \
				prepare_to_wait(wq, &e_, state, excl); \
				if (cond) \
					break; \
				if (signal_pending_state(state, current)) { \
					r_ = -512; /* -ERESTARTSYS */ \
					break; \
				} \
				if (schedule_until(deadline) == -ETIMEDOUT) { \
					if (!(cond)) \
						r_ = -ETIMEDOUT; \
					break; \
				} \
				if (cond) /* mostly: why else was it woken? */ \
					break; \
			} \
			finish_wait(wq, &e_); \
		} \
		r_; \
	})

/* A one-shot event. */
struct completion {
	struct wait_queue wq;
	unsigned done;
};
void completion_init(struct completion *c);
void complete(struct completion *c);
void wait_for_completion(struct completion *c);
int wait_for_completion_killable(struct completion *c);

#endif
