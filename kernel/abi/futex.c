/* futex(2), rseq(2), set_robust_list(2). */
#include "abi/proc.h"
#include "abi/timespec.h"
#include "proc/clock.h"
#include "proc/futex.h"
#include "proc/process.h"
#include "proc/rseq.h"
#include <linux/futex.h>

/* ---- waiting ---- */

/* restart->args: address, flags, value, bitset */
static long wait_again(struct restart_block *restart)
{
	long err = futex_wait((uaddr_t)restart->args[0], (unsigned)restart->args[1],
			      (u32)restart->args[2], restart->deadline, (u32)restart->args[3]);

	return err == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : err;
}

static long wait_until(uaddr_t addr, unsigned flags, u32 val, u64 deadline, u32 bitset)
{
	struct restart_block *restart = &current->restart;

	if (deadline == ~0ULL)
		return futex_wait(addr, flags, val, deadline, bitset);
	restart->fn = wait_again;
	restart->deadline = deadline;
	restart->args[0] = addr;
	restart->args[1] = flags;
	restart->args[2] = val;
	restart->args[3] = bitset;
	return wait_again(restart);
}

/* FUTEX_WAIT's time is a length, FUTEX_WAIT_BITSET's a point in time. */
static long wait_with_timeout(uaddr_t addr, int op, unsigned flags, u32 val, uaddr_t timeout,
			      u32 bitset, int (*get)(u64 *ns, uaddr_t from))
{
	u64 ns;
	int err;

	if (!timeout)
		return wait_until(addr, flags, val, ~0ULL, bitset);
	err = get(&ns, timeout);
	if (err)
		return err;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		ns = deadline_from_now(ns);
	else if (op & FUTEX_CLOCK_REALTIME)
		ns = realtime_to_clock(ns);
	return wait_until(addr, flags, val, ns, bitset);
}

/* ---- all operations ---- */

static long do_futex(uaddr_t addr, int op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3,
		     int (*get)(u64 *ns, uaddr_t from))
{
	unsigned flags = op & FUTEX_PRIVATE_FLAG ? 0 : FUTEX_KEY_SHARED;
	int cmd = op & FUTEX_CMD_MASK, n2 = (int)timeout;

	if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_with_timeout(addr, op, flags, val, timeout, FUTEX_BITSET_MATCH_ANY,
					 get);
	case FUTEX_WAIT_BITSET: return wait_with_timeout(addr, op, flags, val, timeout, val3, get);
	case FUTEX_WAKE: return futex_wake(addr, flags, (int)val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET: return futex_wake(addr, flags, (int)val, val3);
	case FUTEX_REQUEUE: return futex_requeue(addr, addr2, flags, (int)val, n2, NULL);
	case FUTEX_CMP_REQUEUE: return futex_requeue(addr, addr2, flags, (int)val, n2, &val3);
	case FUTEX_WAKE_OP: return futex_wake_op(addr, addr2, flags, (int)val, n2, val3);
	}
	return -ENOSYS; /* priority inheritance, and what was removed long ago */
}

long sys_futex(uaddr_t addr, int op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3)
{
	return do_futex(addr, op, val, timeout, addr2, val3, get_timespec32);
}

long sys_futex_time64(uaddr_t addr, int op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3)
{
	return do_futex(addr, op, val, timeout, addr2, val3, get_timespec64);
}

long sys_rseq(uaddr_t addr, u32 len, u32 flags, u32 signature)
{
	return rseq_register(addr, len, flags, signature);
}

/* ---- robust lists ---- */

long sys_set_robust_list(uaddr_t head, u32 len)
{
	if (len != 12)
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

long sys_get_robust_list(pid_t pid, uaddr_t head, uaddr_t len)
{
	struct task *t = pid ? task_find_get(pid) : current;
	uaddr_t list = 0;
	bool allowed;

	if (!t)
		return -ESRCH;
	allowed = task_may_access(t);
	if (allowed)
		list = t->robust_list;
	if (pid)
		task_put(t);
	if (!allowed)
		return -EPERM;
	return put_user_u32(12, len) || put_user_u32(list, head) ? -EFAULT : 0;
}
