/* Times between user space and the kernel. */
#include "abi/timespec.h"
#include "arch/port.h"
#include "lib/div64.h"
#include "sched/timer.h"
#include <linux/errno.h>

struct timespec_32 {
	s32 sec, nsec;
};

/* The upper half of nsec is padding: i386 programs do not fill it. */
struct timespec_64 {
	s64 sec;
	s32 nsec;
	u32 padding;
};

static int to_ns(u64 *ns, s64 sec, s32 nsec)
{
	if (sec < 0 || nsec < 0 || (u32)nsec >= (u32)NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)sec >= TIME_MAX_NS / NSEC_PER_SEC)
		*ns = TIME_MAX_NS;
	else
		*ns = (u64)sec * NSEC_PER_SEC + (u32)nsec;
	return 0;
}

int get_timespec32(u64 *ns, uaddr_t from)
{
	struct timespec_32 ts;

	if (copy_from_user(&ts, from, sizeof(ts)))
		return -EFAULT;
	return to_ns(ns, ts.sec, ts.nsec);
}

int get_timespec64(u64 *ns, uaddr_t from)
{
	struct timespec_64 ts;

	if (copy_from_user(&ts, from, sizeof(ts)))
		return -EFAULT;
	return to_ns(ns, ts.sec, ts.nsec);
}

int put_timespec32(u64 ns, uaddr_t to)
{
	struct timespec_32 ts;
	u32 rem;

	ts.sec = (s32)div_u64_rem(ns, (u32)NSEC_PER_SEC, &rem);
	ts.nsec = (s32)rem;
	return copy_to_user(to, &ts, sizeof(ts)) ? -EFAULT : 0;
}

int put_timespec64(u64 ns, uaddr_t to)
{
	struct timespec_64 ts;
	u32 rem;

	ts.sec = (s64)div_u64_rem(ns, (u32)NSEC_PER_SEC, &rem);
	ts.nsec = (s32)rem;
	ts.padding = 0;
	return copy_to_user(to, &ts, sizeof(ts)) ? -EFAULT : 0;
}

u64 deadline_from_now(u64 ns)
{
	u64 now = clock_ns();

	return ns >= TIME_MAX_NS - now ? TIME_MAX_NS : now + ns;
}
