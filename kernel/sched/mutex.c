/*
 * Mutexes. value: 0 free, 1 held, 2 held and somebody may be waiting. The waiter sets 2 under
 * wait_lock and sleeps; the owner that sets 0 and finds it was 2 takes wait_lock and wakes the
 * first waiter. So either the waiter saw the lock free, or the owner sees the waiter.
 *
 * A lock is not handed over: whoever comes first gets it, and the woken waiter tries again, at the
 * head of the queue. While the owner runs on another CPU it pays to spin instead of sleeping.
 */
#include "arch/log.h"
#include "lib/atomic.h"
#include "sched/rcu.h"
#include "sched/sleeplock.h"

static inline bool take_free(mutex_t *m)
{
	u32 free = 0;

	return atomic_try_cmpxchg(&m->value, &free, 1);
}

/* True: taken. False: the owner sleeps, or somebody else should run here. */
static bool spin_on_owner(mutex_t *m)
{
	bool taken = false;

	if (nr_cpus < 2)
		return false;
	rcu_read_lock(); /* a task is freed a grace period after its end */
	while (!need_resched()) {
		const struct task *owner = READ_ONCE(m->owner);

		if (!READ_ONCE(m->value) && take_free(m)) {
			taken = true;
			break;
		}
		if (READ_ONCE(m->value) == 2 || !owner || !READ_ONCE(owner->on_cpu))
			break;
		cpu_relax();
	}
	rcu_read_unlock();
	return taken;
}

/* 0 with the mutex held, or -EINTR. */
static noinline int lock_slow(mutex_t *m, unsigned state)
{
	struct lock_waiter w = {.task = current};
	irqflags_t flags;
	int error = 0;

	if (spin_on_owner(m))
		return 0;
	flags = spin_lock_irqsave(&m->wait_lock);
	list_add_tail(&w.node, &m->waiters);
	/*
	 * Leaving for a signal is safe after the exchange only: then the owner will
	 * wake the next one.
	 */
	while (atomic_xchg(&m->value, 2)) {
		if (signal_pending_state(state, current)) {
			error = -EINTR;
			break;
		}
		set_current_state(state);
		spin_unlock_irqrestore(&m->wait_lock, flags);
		schedule();
		flags = spin_lock_irqsave(&m->wait_lock);
	}
	set_current_state(TASK_RUNNING);
	list_del(&w.node);
	if (!error && list_empty(&m->waiters))
		atomic_set(&m->value, 1);
	spin_unlock_irqrestore(&m->wait_lock, flags);
	return error;
}

static __always_inline int lock_common(mutex_t *m, unsigned state)
{
	int error = 0;

	if (unlikely(!take_free(m))) {
		struct lock_wait wait = LOCK_WAIT_BEGIN(m);

		error = lock_slow(m, state);
		if (!error)
			SLEEPLOCK_WAITED(m, false, &wait);
	}
	if (!error)
		WRITE_ONCE(m->owner, current);
	return error;
}

void mutex_lock(mutex_t *m)
{
	SLEEPLOCK_CHECK(m, false);
	lock_common(m, TASK_UNINTERRUPTIBLE);
	SLEEPLOCK_HELD(m, false);
}

void mutex_lock_nested(mutex_t *m)
{
	SLEEPLOCK_CHECK(m, true);
	lock_common(m, TASK_UNINTERRUPTIBLE);
	SLEEPLOCK_HELD(m, false);
}

int mutex_lock_interruptible(mutex_t *m)
{
	int error;

	SLEEPLOCK_CHECK(m, false);
	error = lock_common(m, TASK_INTERRUPTIBLE);
	if (!error)
		SLEEPLOCK_HELD(m, false);
	return error;
}

int mutex_lock_killable(mutex_t *m)
{
	int error;

	SLEEPLOCK_CHECK(m, false);
	error = lock_common(m, TASK_KILLABLE);
	if (!error)
		SLEEPLOCK_HELD(m, false);
	return error;
}

bool mutex_trylock(mutex_t *m)
{
	if (!take_free(m))
		return false;
	WRITE_ONCE(m->owner, current);
	SLEEPLOCK_HELD(m, false);
	return true;
}

static noinline void wake_first(mutex_t *m)
{
	irqflags_t flags = spin_lock_irqsave(&m->wait_lock);
	struct lock_waiter *w = list_first_entry_or_null(&m->waiters, struct lock_waiter, node);

	if (w)
		wake_up_state(w->task, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
	spin_unlock_irqrestore(&m->wait_lock, flags);
}

void mutex_unlock(mutex_t *m)
{
	DEBUG_ASSERT(READ_ONCE(m->owner) == current);
	SLEEPLOCK_RELEASED(m);
	WRITE_ONCE(m->owner, NULL);
	if (unlikely(atomic_xchg(&m->value, 0) == 2))
		wake_first(m);
}
