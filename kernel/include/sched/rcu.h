/*
 * Read-copy update, the simple kind that a non-preemptible kernel allows: a reader is any code that
 * does not sleep between rcu_read_lock() and rcu_read_unlock(), which cost nothing; a grace period
 * has passed when every CPU has switched tasks, idled or run user code.
 */
#ifndef SCHED_RCU_H
#define SCHED_RCU_H

#include "types.h"

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

static inline void rcu_read_lock(void)
{
	barrier();
}
static inline void rcu_read_unlock(void)
{
	barrier();
}
/* An acquire, which is an ordinary load on the machine. */
#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), v, __ATOMIC_RELEASE)

/*
 * Call @fn(@head) in task or interrupt context after a grace period. Any context; does not sleep.
 */
void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));
/* Wait for one. Sleeps. */
void synchronize_rcu(void);
/* Quiescent state of this CPU: schedule(), idle and the timer tick from user mode call it. */
void rcu_quiescent(void);

#endif
