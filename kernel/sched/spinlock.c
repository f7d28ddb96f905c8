/*
 * Spinlocks: the slow path, and the checker of a debug build.
 *
 * Test and test-and-set: a waiter reads until the lock looks free. Not a ticket lock, because under
 * a hypervisor the waiter whose turn it is may not be running, and all others would wait for it.
 *
 * The checker keeps, for each CPU, the locks it holds in the order they were taken. Locks that an
 * interrupt handler takes are compared only with others of that handler: against the interrupted
 * code another rule protects, that a lock taken in interrupts is always taken with interrupts off.
 * The order itself: docs/locking.md.
 */
#include "sched/lock.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include "lock_account.h"

void spin_lock_slow(spinlock_t *lock)
{
	do {
		while (READ_ONCE(lock->value))
			cpu_relax();
	} while (__atomic_exchange_n(&lock->value, 1, __ATOMIC_ACQUIRE));
}

#ifdef CONFIG_DEBUG_LOCKS
#define MAX_HELD 16
#define SPIN_PATIENCE (1u << 28) /* turns of the loop before a wait is called a deadlock */

#define SEEN_IN_INTERRUPT 1u
#define SEEN_INTERRUPTS_ON 2u

struct held_lock {
	spinlock_t *lock;
	void *caller;
	bool in_interrupt;
	u64 since; /* taken then; 0: not counted */
};

struct held_locks {
	unsigned count;
	struct held_lock locks[MAX_HELD];
};
static DEFINE_PER_CPU(struct held_locks, held_locks);

void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t){.rank = (u16)rank,
			     .last_cpu = (u8)smp_cpu_id(),
			     .caller = __builtin_return_address(0)};
}

/* %s%pS: the file of a static lock, or the function that initialised or took it last. */
static const char *name_of(const spinlock_t *lock)
{
	return lock->name ? lock->name : "lock";
}

static void check_order(const struct held_locks *held, const spinlock_t *lock, void *caller,
			bool nested)
{
	bool interrupt = in_interrupt();

	for (unsigned i = held->count; i-- > 0;) {
		const struct held_lock *h = &held->locks[i];

		if (h->lock == lock)
			panic("spinlock: %s (rank %u) taken twice: at %pS and at %pS",
			      name_of(lock), lock->rank, h->caller, caller);
		if (h->in_interrupt != interrupt)
			continue;
		if (h->lock->rank > lock->rank || (h->lock->rank == lock->rank && !nested))
			panic("lock order: %s (rank %u) taken at %pS while holding %s (rank %u) taken at %pS",
			      name_of(lock), lock->rank, caller, name_of(h->lock), h->lock->rank,
			      h->caller);
	}
}

static void check_interrupts(spinlock_t *lock, void *caller)
{
	unsigned now = in_interrupt()    ? SEEN_IN_INTERRUPT
		       : irqs_disabled() ? 0
					 : SEEN_INTERRUPTS_ON;

	if ((lock->seen |= now) == (SEEN_IN_INTERRUPT | SEEN_INTERRUPTS_ON))
		panic("lock: %s (rank %u) at %pS is taken in interrupts, and also with interrupts on",
		      name_of(lock), lock->rank, caller);
}

/* @wait: what came before it was taken; NULL: nothing. */
static void remember(spinlock_t *lock, void *caller, const struct lock_wait *wait)
{
	irqflags_t flags = irq_save(); /* an interrupt must not see half an entry */
	struct held_locks *held = this_cpu_ptr(held_locks);
	unsigned cpu = smp_cpu_id();

	if (held->count == MAX_HELD)
		panic("spinlock: %u locks held at %pS", MAX_HELD, caller);
	held->locks[held->count++] =
		(struct held_lock){lock, caller, in_interrupt(), lock_stat_clock()};
	lock_stat_taken(lock->rank, false, lock->last_cpu != cpu);
	if (wait)
		lock_stat_waited(lock->rank, false, wait, caller);
	lock->owner_cpu_plus1 = (u16)(cpu + 1);
	lock->last_cpu = (u8)cpu;
	lock->caller = caller;
	irq_restore(flags);
}

static void forget(spinlock_t *lock, void *caller)
{
	irqflags_t flags = irq_save();
	struct held_locks *held = this_cpu_ptr(held_locks);
	unsigned i = held->count;

	while (i > 0 && held->locks[i - 1].lock != lock)
		i--;
	if (!i)
		panic("spinlock: %s (rank %u) released at %pS, not held by this CPU; taken last at %pS",
		      name_of(lock), lock->rank, caller, lock->caller);
	lock_stat_released(lock->rank, false, held->locks[i - 1].since);
	held->count--;
	for (i--; i < held->count; i++)
		held->locks[i] = held->locks[i + 1];
	lock->owner_cpu_plus1 = 0;
	irq_restore(flags);
}

static void wait_for(spinlock_t *lock, void *caller)
{
	for (u32 turns = 0; __atomic_exchange_n(&lock->value, 1, __ATOMIC_ACQUIRE); turns++) {
		if (turns == SPIN_PATIENCE && !panic_in_progress)
			panic("spinlock: %s (rank %u) waited for at %pS, held by CPU %d since %pS",
			      name_of(lock), lock->rank, caller, lock->owner_cpu_plus1 - 1,
			      lock->caller);
		cpu_relax();
	}
}

static void lock_checked(spinlock_t *lock, void *caller, bool nested)
{
	irqflags_t flags = irq_save();

	check_order(this_cpu_ptr(held_locks), lock, caller, nested);
	irq_restore(flags);
	check_interrupts(lock, caller);
	if (!__atomic_exchange_n(&lock->value, 1, __ATOMIC_ACQUIRE)) {
		remember(lock, caller, NULL);
	} else {
		struct lock_wait wait = LOCK_WAIT_BEGIN(lock);

		wait_for(lock, caller);
		remember(lock, caller, &wait);
	}
}

void spin_lock(spinlock_t *lock)
{
	lock_checked(lock, __builtin_return_address(0), false);
}

void spin_lock_nested(spinlock_t *lock)
{
	lock_checked(lock, __builtin_return_address(0), true);
}

bool spin_trylock(spinlock_t *lock)
{
	if (__atomic_exchange_n(&lock->value, 1, __ATOMIC_ACQUIRE))
		return false;
	remember(lock, __builtin_return_address(0), NULL);
	return true;
}

void spin_unlock(spinlock_t *lock)
{
	forget(lock, __builtin_return_address(0));
	__atomic_store_n(&lock->value, 0, __ATOMIC_RELEASE);
}

void assert_spin_held(const spinlock_t *lock)
{
	if (READ_ONCE(lock->value) && lock->owner_cpu_plus1 == smp_cpu_id() + 1)
		return;
	panic("spinlock: %s (rank %u) should be held at %pS", name_of(lock), lock->rank,
	      __builtin_return_address(0));
}

void assert_may_sleep(void)
{
	irqflags_t flags = irq_save();
	const struct held_locks *held = this_cpu_ptr(held_locks);
	const struct held_lock *last = &held->locks[held->count ? held->count - 1 : 0];

	if (held->count && !panic_in_progress)
		panic("sleep: at %pS, holding %s (rank %u) taken at %pS",
		      __builtin_return_address(0), name_of(last->lock), last->lock->rank,
		      last->caller);
	irq_restore(flags);
}
#endif
