/*
 * System calls that wait: poll, select, epoll, and eventfd, timerfd, signalfd.
 *
 * Timeouts become absolute times of the monotonic clock. Those that the caller gets back
 * hold what is left.
 */
#include "abi/fs.h"
#include "fs/poll.h"
#include "lib/div64.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "sched/timer.h"
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#define FOREVER (~0ULL)
#define POLL_FAST 16
#define SELECT_FAST_WORDS 8 /* 256 descriptors */

/* ---- timeouts ---- */

/* @ns from now; 0 stays 0: do not wait. */
static u64 deadline_in(u64 ns)
{
	u64 now;

	if (!ns)
		return 0;
	now = clock_ns();
	return ns > FOREVER - 1 - now ? FOREVER - 1 : now + ns;
}

static u64 deadline_ms(int ms)
{
	return ms < 0 ? FOREVER : deadline_in((u64)ms * NSEC_PER_MSEC);
}

/* 0 or -EINVAL. What does not fit in 64 bits of nanoseconds is for ever. */
static int timespec_ns(s64 sec, s64 nsec, u64 *ns)
{
	if (sec < 0 || nsec < 0 || nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	*ns = sec >= (s64)(INT64_MAX / NSEC_PER_SEC) ? INT64_MAX
						     : (u64)sec * NSEC_PER_SEC + (u64)nsec;
	return 0;
}

enum time_format { TIMEVAL32, TIMESPEC32, TIMESPEC64 };

/* @user 0: for ever. */
static int get_deadline(uaddr_t user, enum time_format format, u64 *deadline)
{
	s64 sec, nsec;
	s32 t32[2];
	s64 t64[2];
	u64 ns;

	*deadline = FOREVER;
	if (!user)
		return 0;
	if (format == TIMESPEC64) {
		if (copy_from_user(t64, user, sizeof(t64)))
			return -EFAULT;
		sec = t64[0];
		nsec = (u32)t64[1];
	} else {
		if (copy_from_user(t32, user, sizeof(t32)))
			return -EFAULT;
		sec = t32[0];
		nsec = t32[1];
		if (format == TIMEVAL32) { /* select(2) lets tv_usec overflow into seconds */
			if (nsec < 0)
				return -EINVAL;
			sec += nsec / 1000000;
			nsec = nsec % 1000000 * 1000;
		}
	}
	if (timespec_ns(sec, nsec, &ns))
		return -EINVAL;
	*deadline = deadline_in(ns);
	return 0;
}

/* Tell what is left. The result of the call does not change if that fails. */
static void put_remaining(uaddr_t user, enum time_format format, u64 deadline)
{
	u64 now, left, sec;
	u32 nsec;

	if (!user || deadline == FOREVER || !deadline)
		return;
	now = clock_ns();
	left = deadline > now ? deadline - now : 0;
	sec = div_u64_rem(left, NSEC_PER_SEC, &nsec);
	if (format == TIMESPEC64) {
		s64 t[2] = {(s64)sec, nsec};

		(void)!copy_to_user(user, t, sizeof(t));
	} else {
		s32 t[2] = {(s32)sec, (s32)(format == TIMEVAL32 ? nsec / 1000 : nsec)};

		(void)!copy_to_user(user, t, sizeof(t));
	}
}

/* ---- poll ---- */

static long poll_user(uaddr_t user, u32 n, u64 deadline)
{
	struct pollfd fast[POLL_FAST], *fds = fast;
	long ready;

	if (n > process_rlimit(current->process, RLIMIT_NOFILE))
		return -EINVAL;
	if (n > POLL_FAST) {
		fds = kvmalloc(n * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	ready = copy_from_user(fds, user, n * sizeof(*fds)) ? -EFAULT
							    : poll_files(fds, n, deadline);
	for (u32 i = 0; i < n && ready >= 0; i++) {
		if (put_user_u16((u16)fds[i].revents,
				 user + i * (u32)sizeof(*fds) + offsetof(struct pollfd, revents)))
			ready = -EFAULT;
	}
	if (fds != fast)
		kvfree(fds);
	return ready;
}

static long poll_restart(struct restart_block *rb)
{
	long ready = poll_user((uaddr_t)rb->args[0], (u32)rb->args[1], rb->deadline);

	return ready == -EINTR ? -ERESTART_RESTARTBLOCK : ready;
}

long sys_poll(uaddr_t fds, u32 n, int timeout_ms)
{
	u64 deadline = deadline_ms(timeout_ms);
	long ready = poll_user(fds, n, deadline);

	if (ready != -EINTR)
		return ready;
	current->restart.fn = poll_restart;
	current->restart.args[0] = fds;
	current->restart.args[1] = n;
	current->restart.deadline = deadline;
	return -ERESTART_RESTARTBLOCK;
}

static long ppoll_common(uaddr_t fds, u32 n, uaddr_t timeout, uaddr_t sigmask, u32 size,
			 enum time_format format)
{
	u64 deadline;
	long ready = get_deadline(timeout, format, &deadline);

	if (!ready)
		ready = signal_set_temporary_mask(sigmask, size);
	if (ready)
		return ready;
	ready = poll_user(fds, n, deadline);
	signal_restore_temporary_mask(ready == -EINTR);
	put_remaining(timeout, format, deadline);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

long sys_ppoll(uaddr_t fds, u32 n, uaddr_t timeout, uaddr_t sigmask, u32 size)
{
	return ppoll_common(fds, n, timeout, sigmask, size, TIMESPEC32);
}

long sys_ppoll_time64(uaddr_t fds, u32 n, uaddr_t timeout, uaddr_t sigmask, u32 size)
{
	return ppoll_common(fds, n, timeout, sigmask, size, TIMESPEC64);
}

/* ---- select ---- */

/* The bits of one set, those from @n on cleared. */
static int get_set(unsigned long *set, uaddr_t user, unsigned n)
{
	unsigned words = DIV_ROUND_UP(n, 32);

	if (copy_from_user(set, user, words * sizeof(long)))
		return -EFAULT;
	if (n % 32)
		set[words - 1] &= BIT(n % 32) - 1;
	return 0;
}

static long select_user(unsigned n, const uaddr_t user[3], u64 deadline)
{
	unsigned long fast[3 * SELECT_FAST_WORDS], *mem = fast, *sets[3];
	unsigned words, max = files_max(current);
	long ready = 0;

	n = MIN(n, max); /* no descriptor is beyond the table */
	words = DIV_ROUND_UP(n, 32);
	if (words > SELECT_FAST_WORDS) {
		mem = kmalloc(3 * words * sizeof(long), GFP_KERNEL);
		if (!mem)
			return -ENOMEM;
	}
	for (int k = 0; k < 3; k++) {
		sets[k] = user[k] ? mem + (unsigned)k * words : NULL;
		if (sets[k] && !ready && n)
			ready = get_set(sets[k], user[k], n);
	}
	if (!ready)
		ready = select_files(n, sets[0], sets[1], sets[2], deadline);
	for (int k = 0; k < 3 && ready >= 0; k++) {
		if (sets[k] && copy_to_user(user[k], sets[k], words * sizeof(long)))
			ready = -EFAULT;
	}
	if (mem != fast)
		kfree(mem);
	return ready;
}

static long select_common(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout,
			  enum time_format format)
{
	const uaddr_t sets[3] = {in, out, ex};
	u64 deadline;
	long ready = n < 0 ? -EINVAL : get_deadline(timeout, format, &deadline);

	if (ready)
		return ready;
	ready = select_user((unsigned)n, sets, deadline);
	put_remaining(timeout, format, deadline);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

long sys_select(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout)
{
	return select_common(n, in, out, ex, timeout, TIMEVAL32);
}

long sys_old_select(uaddr_t args)
{
	u32 a[5];

	if (copy_from_user(a, args, sizeof(a)))
		return -EFAULT;
	return sys_select((int)a[0], a[1], a[2], a[3], a[4]);
}

/* @sig: the address of { address of the mask, its size }; 0: none. */
static long pselect_common(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t sig,
			   enum time_format format)
{
	u32 mask[2] = {0, 0};
	long ready;

	if (sig && copy_from_user(mask, sig, sizeof(mask)))
		return -EFAULT;
	ready = signal_set_temporary_mask(mask[0], mask[1]);
	if (ready)
		return ready;
	ready = select_common(n, in, out, ex, timeout, format);
	signal_restore_temporary_mask(ready == -ERESTARTNOHAND);
	return ready;
}

long sys_pselect6(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t sig)
{
	return pselect_common(n, in, out, ex, timeout, sig, TIMESPEC32);
}

long sys_pselect6_time64(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t sig)
{
	return pselect_common(n, in, out, ex, timeout, sig, TIMESPEC64);
}

/* ---- epoll ---- */

long sys_epoll_create1(u32 flags)
{
	return fd_open_file(epoll_create((int)flags), flags & O_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_ctl(int epfd, u32 op, int fd, uaddr_t user)
{
	struct epoll_event event;
	struct fd_ref ep, target;
	long err;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	ep = fdget(epfd);
	if (!ep.file)
		return -EBADF;
	target = fdget(fd);
	err = -EBADF;
	if (target.file) {
		err = epoll_control(ep.file, (int)op, target.file, fd,
				    op == EPOLL_CTL_DEL ? NULL : &event);
		fdput(target);
	}
	fdput(ep);
	return err;
}

static long epoll_wait_fd(int epfd, uaddr_t events, int max, u64 deadline)
{
	struct fd_ref ep;
	long n;

	if (max <= 0 || (u32)max > 0x7fffffffu / sizeof(struct epoll_event))
		return -EINVAL;
	if (!user_range_ok(events, (u32)max * sizeof(struct epoll_event)))
		return -EFAULT;
	ep = fdget(epfd);
	if (!ep.file)
		return -EBADF;
	n = epoll_wait(ep.file, events, max, deadline);
	fdput(ep);
	return n;
}

long sys_epoll_wait(int epfd, uaddr_t events, int max, int timeout_ms)
{
	return epoll_wait_fd(epfd, events, max, deadline_ms(timeout_ms));
}

static long epoll_pwait_common(int epfd, uaddr_t events, int max, u64 deadline, uaddr_t sigmask,
			       u32 size)
{
	long n = signal_set_temporary_mask(sigmask, size);

	if (n)
		return n;
	n = epoll_wait_fd(epfd, events, max, deadline);
	signal_restore_temporary_mask(n == -EINTR);
	return n;
}

long sys_epoll_pwait(int epfd, uaddr_t events, int max, int timeout_ms, uaddr_t sigmask, u32 size)
{
	return epoll_pwait_common(epfd, events, max, deadline_ms(timeout_ms), sigmask, size);
}

long sys_epoll_pwait2(int epfd, uaddr_t events, int max, uaddr_t timeout, uaddr_t sigmask, u32 size)
{
	u64 deadline;
	long err = get_deadline(timeout, TIMESPEC64, &deadline);

	return err ? err : epoll_pwait_common(epfd, events, max, deadline, sigmask, size);
}

/* ---- eventfd ---- */

long sys_eventfd2(u32 count, u32 flags)
{
	return fd_open_file(eventfd_create(count, (int)flags), flags & O_CLOEXEC);
}

long sys_eventfd(u32 count)
{
	return sys_eventfd2(count, 0);
}

/* ---- userfaultfd ---- */

long sys_userfaultfd(int flags)
{
	return fd_open_file(userfaultfd_create(flags), flags & O_CLOEXEC);
}

/* ---- timerfd ---- */

long sys_timerfd_create(int clock, u32 flags)
{
	return fd_open_file(timerfd_create(clock, (int)flags), flags & O_CLOEXEC);
}

static long get_timer_spec(uaddr_t user, bool wide, struct timerfd_time *t)
{
	s64 raw[4];
	s32 raw32[4];

	if (wide) {
		if (copy_from_user(raw, user, sizeof(raw)))
			return -EFAULT;
		raw[1] = (u32)raw[1];
		raw[3] = (u32)raw[3];
	} else {
		if (copy_from_user(raw32, user, sizeof(raw32)))
			return -EFAULT;
		for (int i = 0; i < 4; i++)
			raw[i] = raw32[i];
	}
	if (timespec_ns(raw[0], raw[1], &t->interval) || timespec_ns(raw[2], raw[3], &t->value))
		return -EINVAL;
	return 0;
}

static long put_timer_spec(uaddr_t user, bool wide, const struct timerfd_time *t)
{
	u32 interval_ns, value_ns;
	s64 interval = (s64)div_u64_rem(t->interval, NSEC_PER_SEC, &interval_ns);
	s64 value = (s64)div_u64_rem(t->value, NSEC_PER_SEC, &value_ns);
	s64 raw[4] = {interval, interval_ns, value, value_ns};
	s32 raw32[4] = {(s32)interval, (s32)interval_ns, (s32)value, (s32)value_ns};

	return (wide ? copy_to_user(user, raw, sizeof(raw))
		     : copy_to_user(user, raw32, sizeof(raw32)))
		       ? -EFAULT
		       : 0;
}

static long timerfd_settime(int fd, u32 flags, uaddr_t new_user, uaddr_t old_user, bool wide)
{
	struct timerfd_time new, old;
	long err = get_timer_spec(new_user, wide, &new);
	struct fd_ref f;

	if (err)
		return err;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = timerfd_set(f.file, (int)flags, &new, &old);
	fdput(f);
	return !err && old_user ? put_timer_spec(old_user, wide, &old) : err;
}

static long timerfd_gettime(int fd, uaddr_t user, bool wide)
{
	struct timerfd_time now;
	struct fd_ref f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = timerfd_get(f.file, &now);
	fdput(f);
	return err ? err : put_timer_spec(user, wide, &now);
}

long sys_timerfd_settime(int fd, u32 flags, uaddr_t new, uaddr_t old)
{
	return timerfd_settime(fd, flags, new, old, false);
}
long sys_timerfd_settime64(int fd, u32 flags, uaddr_t new, uaddr_t old)
{
	return timerfd_settime(fd, flags, new, old, true);
}
long sys_timerfd_gettime(int fd, uaddr_t cur)
{
	return timerfd_gettime(fd, cur, false);
}
long sys_timerfd_gettime64(int fd, uaddr_t cur)
{
	return timerfd_gettime(fd, cur, true);
}

/* ---- signalfd ---- */

static int take_signal(u64 mask, void *info)
{
	return signal_dequeue(mask, info);
}

static const struct signalfd_provider provider = {
	.wait_queue = signal_wait_queue,
	.pending = signal_pending_set,
	.dequeue = take_signal,
};

long sys_signalfd4(int fd, uaddr_t user, u32 size, u32 flags)
{
	struct fd_ref f;
	u64 mask;
	long err;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user_u64(&mask, user))
		return -EFAULT;
	signalfd_provider = &provider;
	if (fd == -1)
		return fd_open_file(signalfd_create(mask, (int)flags), flags & O_CLOEXEC);
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	err = signalfd_set_mask(f.file, mask);
	fdput(f);
	return err ? err : fd;
}

long sys_signalfd(int fd, uaddr_t mask, u32 size)
{
	return sys_signalfd4(fd, mask, size, 0);
}
