/*
 * futex(2): sleeping and waking on a word of user memory. Deadlines in ns of clock_ns(), ~0: none.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "sched/task.h"

#define FUTEX_KEY_SHARED 1u /* the word may be in memory shared with other processes */

/*
 * Sleep while the word at @addr is @val: 0 woken, -EAGAIN (another value), -ETIMEDOUT,
 * -ERESTARTSYS, -EFAULT, -EINVAL.
 */
int futex_wait(uaddr_t addr, unsigned flags, u32 val, u64 deadline, u32 bitset);
/* How many were woken, or -EFAULT, -EINVAL. */
int futex_wake(uaddr_t addr, unsigned flags, int n, u32 bitset);
/*
 * Wake @n of @addr, move up to @n2 of the rest to @addr2; @expect: only if the word is *@expect
 * (-EAGAIN).
 */
int futex_requeue(uaddr_t addr, uaddr_t addr2, unsigned flags, int n, int n2, const u32 *expect);
/* FUTEX_WAKE_OP. -ENOSYS: no such operation. */
int futex_wake_op(uaddr_t addr, uaddr_t addr2, unsigned flags, int n, int n2, u32 op);

#endif
