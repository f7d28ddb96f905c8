/*
 * Reader-writer semaphores. value holds RWSEM_WRITER, RWSEM_WAITERS and a count of readers.
 *
 * While RWSEM_WAITERS is set nobody takes the lock by the fast path: holders only leave, and the
 * last one to leave hands the lock over to the head of the queue under wait_lock, to one writer or
 * to all readers up to the next writer. So the queue is fair, a waiting writer keeps new readers
 * out, and readers that waited run before the next writer.
 */
#include "arch/log.h"
#include "lib/atomic.h"
#include "sched/sleeplock.h"

static inline bool take_read(rwsem_t *s)
{
	u32 old = atomic_read(&s->value);

	while (!(old & (RWSEM_WRITER | RWSEM_WAITERS)))
		if (atomic_try_cmpxchg(&s->value, &old, old + RWSEM_READER))
			return true;
	return false;
}

static inline bool take_write(rwsem_t *s)
{
	u32 old = 0;

	return atomic_try_cmpxchg(&s->value, &old, RWSEM_WRITER);
}

/* @w may be gone as soon as granted is set; its task not before this CPU schedules (RCU). */
static void grant(struct lock_waiter *w)
{
	struct task *t = w->task;

	list_del(&w->node);
	__atomic_store_n(&w->granted, true, __ATOMIC_RELEASE);
	wake_up_state(t, TASK_UNINTERRUPTIBLE);
}

/* Hand the lock to the head of the queue, as far as those who hold it allow.
 * => wait_lock held, RWSEM_WAITERS set, the queue not empty: nobody but us takes the lock */
static void hand_over(rwsem_t *s)
{
	struct lock_waiter *w = list_first_entry(&s->waiters, struct lock_waiter, node), *next;
	u32 value = atomic_read(&s->value);

	if (value & RWSEM_WRITER)
		return;
	if (w->writer) {
		if (value >= RWSEM_READER)
			return;
		atomic_add(&s->value, RWSEM_WRITER);
		WRITE_ONCE(s->writer, w->task);
		grant(w);
	} else {
		list_for_each_entry_safe(w, next, &s->waiters, node) {
			if (w->writer)
				break;
			atomic_add(&s->value, RWSEM_READER);
			grant(w);
		}
	}
	if (list_empty(&s->waiters))
		atomic_and(&s->value, ~RWSEM_WAITERS);
}

static noinline void release_slow(rwsem_t *s)
{
	irqflags_t flags = spin_lock_irqsave(&s->wait_lock);

	if (!list_empty(&s->waiters))
		hand_over(s);
	spin_unlock_irqrestore(&s->wait_lock, flags);
}

/* A fatal signal: leave the queue, and let those behind go on. False: the lock came first. */
static bool give_up(rwsem_t *s, struct lock_waiter *w)
{
	irqflags_t flags = spin_lock_irqsave(&s->wait_lock);
	bool left = !w->granted;

	if (left) {
		list_del(&w->node);
		if (list_empty(&s->waiters))
			atomic_and(&s->value, ~RWSEM_WAITERS);
		else
			hand_over(s);
	}
	spin_unlock_irqrestore(&s->wait_lock, flags);
	return left;
}

static noinline int wait_turn(rwsem_t *s, bool writer, unsigned state)
{
	struct lock_waiter w = {.task = current, .writer = writer};
	irqflags_t flags = spin_lock_irqsave(&s->wait_lock);

	list_add_tail(&w.node, &s->waiters);
	atomic_or(&s->value, RWSEM_WAITERS);
	hand_over(s); /* those who held it may have left before the bit was set */
	spin_unlock_irqrestore(&s->wait_lock, flags);

	for (;;) {
		set_current_state(state);
		if (__atomic_load_n(&w.granted, __ATOMIC_ACQUIRE))
			break;
		if (signal_pending_state(state, current) && give_up(s, &w)) {
			set_current_state(TASK_RUNNING);
			return -EINTR;
		}
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

static __always_inline int wait_counted(rwsem_t *s, bool writer, unsigned state)
{
	struct lock_wait wait = LOCK_WAIT_BEGIN(s);
	int error = wait_turn(s, writer, state);

	if (!error)
		SLEEPLOCK_WAITED(s, !writer, &wait);
	return error;
}

static __always_inline int read_common(rwsem_t *s, unsigned state)
{
	return likely(take_read(s)) ? 0 : wait_counted(s, false, state);
}

static __always_inline int write_common(rwsem_t *s, unsigned state)
{
	int error = likely(take_write(s)) ? 0 : wait_counted(s, true, state);

	if (!error)
		WRITE_ONCE(s->writer, current);
	return error;
}

void down_read(rwsem_t *s)
{
	SLEEPLOCK_CHECK(s, false);
	read_common(s, TASK_UNINTERRUPTIBLE);
	SLEEPLOCK_HELD(s, true);
}

int down_read_killable(rwsem_t *s)
{
	int error;

	SLEEPLOCK_CHECK(s, false);
	error = read_common(s, TASK_KILLABLE);
	if (!error)
		SLEEPLOCK_HELD(s, true);
	return error;
}

bool down_read_trylock(rwsem_t *s)
{
	if (!take_read(s))
		return false;
	SLEEPLOCK_HELD(s, true);
	return true;
}

void up_read(rwsem_t *s)
{
	u32 value;

	SLEEPLOCK_RELEASED(s);
	DEBUG_ASSERT(READ_ONCE(s->value) >= RWSEM_READER);
	value = atomic_sub_return(&s->value, RWSEM_READER);
	if (unlikely(value == RWSEM_WAITERS))
		release_slow(s);
}

void down_write(rwsem_t *s)
{
	SLEEPLOCK_CHECK(s, false);
	write_common(s, TASK_UNINTERRUPTIBLE);
	SLEEPLOCK_HELD(s, false);
}

void down_write_nested(rwsem_t *s)
{
	SLEEPLOCK_CHECK(s, true);
	write_common(s, TASK_UNINTERRUPTIBLE);
	SLEEPLOCK_HELD(s, false);
}

int down_write_killable(rwsem_t *s)
{
	int error;

	SLEEPLOCK_CHECK(s, false);
	error = write_common(s, TASK_KILLABLE);
	if (!error)
		SLEEPLOCK_HELD(s, false);
	return error;
}

bool down_write_trylock(rwsem_t *s)
{
	if (!take_write(s))
		return false;
	WRITE_ONCE(s->writer, current);
	SLEEPLOCK_HELD(s, false);
	return true;
}

void up_write(rwsem_t *s)
{
	SLEEPLOCK_RELEASED(s);
	DEBUG_ASSERT(READ_ONCE(s->writer) == current);
	WRITE_ONCE(s->writer, NULL);
	if (unlikely(atomic_sub_return(&s->value, RWSEM_WRITER))) /* not readers: they wait */
		release_slow(s);
}

void downgrade_write(rwsem_t *s)
{
	DEBUG_ASSERT(READ_ONCE(s->writer) == current);
	SLEEPLOCK_DOWNGRADED(s);
	WRITE_ONCE(s->writer, NULL);
	if (atomic_fetch_add(&s->value, RWSEM_READER - RWSEM_WRITER) & RWSEM_WAITERS)
		release_slow(s);
}
