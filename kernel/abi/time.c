/*
 * Clocks, sleeping and timers: the calls with 32-bit and with 64-bit seconds are rows over the same
 * functions. time(2), clock_gettime(2), nanosleep(2), setitimer(2), timer_create(2), adjtimex(2).
 */
#include "abi/proc.h"
#include "abi/sigevent.h"
#include "abi/timespec.h"
#include "lib/div64.h"
#include "lib/string.h"
#include "proc/clock.h"
#include <linux/capability.h>
#include <linux/timex.h>

typedef int get_time_fn(u64 *ns, uaddr_t from);
typedef int put_time_fn(u64 ns, uaddr_t to);

/* ---- time of day ---- */

static u32 seconds_now(void)
{
	return (u32)div_u64(realtime_ns(), (u32)NSEC_PER_SEC);
}

long sys_time(uaddr_t out)
{
	u32 now = seconds_now();

	return out && put_user_u32(now, out) ? -EFAULT : (long)now;
}

long sys_stime(uaddr_t in)
{
	u32 sec;

	if (get_user_u32(&sec, in))
		return -EFAULT;
	if ((s32)sec < 0)
		return -EINVAL;
	return clock_set(CLOCK_REALTIME, (u64)sec * NSEC_PER_SEC);
}

struct timeval_32 {
	s32 sec, usec;
};

/* minutes west of Greenwich, and what was once a kind of daylight saving: kept, not used */
static struct user_timezone {
	s32 minutes_west, dst;
} timezone;

static void put_parts(u64 ns, struct timeval_32 *tv)
{
	u32 rem;

	tv->sec = (s32)div_u64_rem(ns, (u32)NSEC_PER_SEC, &rem);
	tv->usec = (s32)(rem / (u32)NSEC_PER_USEC);
}

long sys_gettimeofday(uaddr_t user, uaddr_t tz)
{
	struct timeval_32 tv;

	if (user) {
		put_parts(realtime_ns(), &tv);
		if (copy_to_user(user, &tv, sizeof(tv)))
			return -EFAULT;
	}
	if (tz && copy_to_user(tz, &timezone, sizeof(timezone)))
		return -EFAULT;
	return 0;
}

long sys_settimeofday(uaddr_t user, uaddr_t tz)
{
	struct user_timezone new_zone;
	struct timeval_32 tv;

	if (user && copy_from_user(&tv, user, sizeof(tv)))
		return -EFAULT;
	if (tz && copy_from_user(&new_zone, tz, sizeof(new_zone)))
		return -EFAULT;
	if (user && (tv.sec < 0 || tv.usec < 0 || tv.usec > 1000000))
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (tz) {
		if (new_zone.minutes_west > 15 * 60 || new_zone.minutes_west < -15 * 60)
			return -EINVAL;
		timezone = new_zone;
	}
	return user ? clock_set(CLOCK_REALTIME,
				(u64)tv.sec * NSEC_PER_SEC + (u64)tv.usec * NSEC_PER_USEC)
		    : 0;
}

static u32 ticks(u64 ns)
{
	return (u32)div_u64(ns, (u32)(NSEC_PER_SEC / USER_HZ));
}

long sys_times(uaddr_t out)
{
	struct {
		u32 utime, stime, cutime, cstime;
	} tms;
	struct process *p = current->process;
	u64 utime, stime;

	if (out) {
		process_cpu_time(p, &utime, &stime);
		tms.utime = ticks(utime);
		tms.stime = ticks(stime);
		tms.cutime = ticks(p->children_usage.utime_ns);
		tms.cstime = ticks(p->children_usage.stime_ns);
		if (copy_to_user(out, &tms, sizeof(tms)))
			return -EFAULT;
	}
	return (long)(ticks(clock_ns()) & 0x7fffffff);
}

/* ---- clocks ---- */

static long get_clock(int clock, uaddr_t to, put_time_fn *put)
{
	u64 ns;
	int err = clock_read(clock, &ns);

	return err ? err : put(ns, to);
}

static long set_clock(int clock, uaddr_t from, get_time_fn *get)
{
	u64 ns;
	int err = get(&ns, from);

	return err ? err : clock_set(clock, ns);
}

static long get_resolution(int clock, uaddr_t to, put_time_fn *put)
{
	u64 ns;
	int err = clock_resolution(clock, &ns);

	return err || !to ? err : put(ns, to);
}

long sys_clock_gettime(int clock, uaddr_t ts)
{
	return get_clock(clock, ts, put_timespec32);
}

long sys_clock_gettime64(int clock, uaddr_t ts)
{
	return get_clock(clock, ts, put_timespec64);
}

long sys_clock_settime(int clock, uaddr_t ts)
{
	return set_clock(clock, ts, get_timespec32);
}

long sys_clock_settime64(int clock, uaddr_t ts)
{
	return set_clock(clock, ts, get_timespec64);
}

long sys_clock_getres(int clock, uaddr_t ts)
{
	return get_resolution(clock, ts, put_timespec32);
}

long sys_clock_getres_time64(int clock, uaddr_t ts)
{
	return get_resolution(clock, ts, put_timespec64);
}

/* ---- sleeping ---- */

/* restart->args: clock, where the rest of the time goes, 1 for 64-bit seconds */
static long sleep_relative(struct restart_block *restart)
{
	int clock = (int)restart->args[0];
	uaddr_t remaining = (uaddr_t)restart->args[1];
	u64 now, left;
	int err = clock_sleep(clock, restart->deadline);

	if (err != -EINTR)
		return err;
	if (remaining) {
		(void)clock_read(clock, &now);
		left = restart->deadline > now ? restart->deadline - now : 0;
		err = restart->args[2] ? put_timespec64(left, remaining)
				       : put_timespec32(left, remaining);
		if (err)
			return err;
	}
	return -ERESTART_RESTARTBLOCK;
}

static long do_sleep(int clock, bool absolute, u64 ns, uaddr_t remaining, bool wide)
{
	struct restart_block *restart = &current->restart;
	u64 now;
	int err = clock_read(clock, &now);

	if (err)
		return err;
	if (absolute) {
		err = clock_sleep(clock, ns);
		return err == -EINTR ? -ERESTARTNOHAND : err;
	}
	if (clock == CLOCK_REALTIME ||
	    clock == CLOCK_TAI) /* setting the time of day does not change how long */
		clock = CLOCK_MONOTONIC;
	(void)clock_read(clock, &now);
	restart->fn = sleep_relative;
	restart->deadline = ns >= TIME_MAX_NS - now ? TIME_MAX_NS : now + ns;
	restart->args[0] = (unsigned long)clock;
	restart->args[1] = remaining;
	restart->args[2] = wide;
	return sleep_relative(restart);
}

long sys_nanosleep(uaddr_t request, uaddr_t remaining)
{
	u64 ns;
	int err = get_timespec32(&ns, request);

	return err ? err : do_sleep(CLOCK_MONOTONIC, false, ns, remaining, false);
}

long sys_clock_nanosleep(int clock, int flags, uaddr_t request, uaddr_t remaining)
{
	u64 ns;
	int err = get_timespec32(&ns, request);

	return err ? err : do_sleep(clock, flags & TIMER_ABSTIME, ns, remaining, false);
}

long sys_clock_nanosleep_time64(int clock, int flags, uaddr_t request, uaddr_t remaining)
{
	u64 ns;
	int err = get_timespec64(&ns, request);

	return err ? err : do_sleep(clock, flags & TIMER_ABSTIME, ns, remaining, true);
}

/* ---- interval timers ---- */

static int timeval_to_ns(const struct timeval_32 *tv, u64 *ns)
{
	if (tv->sec < 0 || tv->usec < 0 || tv->usec >= 1000000)
		return -EINVAL;
	*ns = (u64)tv->sec * NSEC_PER_SEC + (u64)tv->usec * NSEC_PER_USEC;
	return 0;
}

static int put_itimer(uaddr_t to, const struct itimer_value *v)
{
	struct timeval_32 tv[2];

	put_parts(v->interval, &tv[0]);
	put_parts(v->value, &tv[1]);
	if (v->value && !tv[1].sec && !tv[1].usec)
		tv[1].usec = 1; /* armed is not 0 */
	return copy_to_user(to, tv, sizeof(tv)) ? -EFAULT : 0;
}

/* The rest of a running alarm, rounded to seconds, but not to 0. */
long sys_alarm(u32 seconds)
{
	struct itimer_value value = {0, (u64)seconds * NSEC_PER_SEC}, old;
	int err = itimer_set(ITIMER_REAL, &value, &old);
	u32 rem, left;

	if (err)
		return err;
	left = (u32)div_u64_rem(old.value, (u32)NSEC_PER_SEC, &rem);
	if ((!left && rem) || rem >= (u32)NSEC_PER_SEC / 2)
		left++;
	return (long)left;
}

long sys_getitimer(int which, uaddr_t out)
{
	struct itimer_value value;
	int err = itimer_get(which, &value);

	return err ? err : put_itimer(out, &value);
}

long sys_setitimer(int which, uaddr_t in, uaddr_t old)
{
	struct itimer_value value = {0, 0}, old_value;
	struct timeval_32 tv[2];
	int err;

	if (in) {
		if (copy_from_user(tv, in, sizeof(tv)))
			return -EFAULT;
		if (timeval_to_ns(&tv[0], &value.interval) || timeval_to_ns(&tv[1], &value.value))
			return -EINVAL;
	}
	err = itimer_set(which, &value, &old_value);
	return err || !old ? err : put_itimer(old, &old_value);
}

/* ---- POSIX timers ---- */

long sys_timer_create(int clock, uaddr_t user_event, uaddr_t user_id)
{
	struct timer_event event;
	struct user_sigevent se;
	int id;

	if (user_event) {
		if (copy_from_user(&se, user_event, sizeof(se)))
			return -EFAULT;
		event = (struct timer_event){se.notify, se.signo, se.tid, se.value};
	}
	id = posix_timer_create(clock, user_event ? &event : NULL);
	if (id < 0)
		return id;
	if (put_user_u32((u32)id, user_id)) {
		posix_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

/* struct itimerspec: interval, then value; @size of each */
static int put_itimerspec(uaddr_t to, const struct itimer_value *v, put_time_fn *put, u32 size)
{
	int err = put(v->interval, to);

	return err ? err : put(v->value, to + size);
}

static long set_timer(int id, int flags, uaddr_t in, uaddr_t old, get_time_fn *get,
		      put_time_fn *put, u32 size)
{
	struct itimer_value value, old_value;
	int err;

	if (!in)
		return -EINVAL;
	err = get(&value.interval, in);
	if (!err)
		err = get(&value.value, in + size);
	if (!err)
		err = posix_timer_set(id, flags & TIMER_ABSTIME, &value, &old_value);
	return err || !old ? err : put_itimerspec(old, &old_value, put, size);
}

static long get_timer(int id, uaddr_t out, put_time_fn *put, u32 size)
{
	struct itimer_value value;
	int err = posix_timer_get(id, &value);

	return err ? err : put_itimerspec(out, &value, put, size);
}

long sys_timer_settime(int id, int flags, uaddr_t value, uaddr_t old)
{
	return set_timer(id, flags, value, old, get_timespec32, put_timespec32, 8);
}

long sys_timer_settime64(int id, int flags, uaddr_t value, uaddr_t old)
{
	return set_timer(id, flags, value, old, get_timespec64, put_timespec64, 16);
}

long sys_timer_gettime(int id, uaddr_t value)
{
	return get_timer(id, value, put_timespec32, 8);
}

long sys_timer_gettime64(int id, uaddr_t value)
{
	return get_timer(id, value, put_timespec64, 16);
}

long sys_timer_getoverrun(int id)
{
	return posix_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return posix_timer_delete(id);
}

/* ---- adjtimex: the clock is not disciplined; what it says can be read ---- */

struct timex_32 {
	u32 modes;
	s32 offset, freq, maxerror, esterror, status, constant, precision, tolerance;
	struct timeval_32 time;
	s32 tick, ppsfreq, jitter, shift, stabil, jitcnt, calcnt, errcnt, stbcnt, tai, rest[11];
};

/* adjtime(3) by nothing takes back what is left of the last adjustment: there is never any. */
static bool only_asks(u32 modes, s64 offset)
{
	return !modes || modes == ADJ_OFFSET_SS_READ || (modes == ADJ_OFFSET_SINGLESHOT && !offset);
}

static long adjust(uaddr_t user)
{
	struct timex_32 t;
	u32 modes;

	if (get_user_u32(&modes, user))
		return -EFAULT;
	if (modes && !capable(CAP_SYS_TIME) && modes != ADJ_OFFSET_SS_READ)
		return -EPERM;
	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	if (!only_asks(modes, t.offset))
		return -EOPNOTSUPP;
	memset(&t, 0, sizeof(t));
	t.modes = modes;
	t.maxerror = t.esterror = 16000000;
	t.status = STA_UNSYNC;
	t.constant = 2;
	t.precision = 1;
	t.tolerance = 32768000;
	t.tick = 1000000 / USER_HZ;
	put_parts(realtime_ns(), &t.time);
	return copy_to_user(user, &t, sizeof(t)) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(uaddr_t timex)
{
	return adjust(timex);
}

long sys_clock_adjtime(int clock, uaddr_t timex)
{
	u64 ns;

	if (clock_read(clock, &ns))
		return -EINVAL;
	return clock == CLOCK_REALTIME ? adjust(timex) : -EOPNOTSUPP;
}

static long adjust64(uaddr_t user)
{
	struct __kernel_timex t;
	u32 modes;
	u64 sec;
	u32 rem;

	if (get_user_u32(&modes, user))
		return -EFAULT;
	if (modes && modes != ADJ_OFFSET_SS_READ && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	if (!only_asks(modes, t.offset))
		return -EOPNOTSUPP;
	memset(&t, 0, sizeof(t));
	sec = div_u64_rem(realtime_ns(), (u32)NSEC_PER_SEC, &rem);
	t.modes = modes;
	t.maxerror = t.esterror = 16000000;
	t.status = STA_UNSYNC;
	t.constant = 2;
	t.precision = 1;
	t.tolerance = 32768000;
	t.tick = 1000000 / USER_HZ;
	t.time.tv_sec = (s64)sec;
	t.time.tv_usec = rem / (u32)NSEC_PER_USEC;
	return copy_to_user(user, &t, sizeof(t)) ? -EFAULT : TIME_ERROR;
}

long sys_clock_adjtime64(int clock, uaddr_t timex)
{
	u64 ns;

	if (clock_read(clock, &ns))
		return -EINVAL;
	return clock == CLOCK_REALTIME ? adjust64(timex) : -EOPNOTSUPP;
}
