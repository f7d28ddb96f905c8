/*
 * The clocks of the vDSO: clock_gettime(2) and its kin without entering the kernel, from the
 * numbers in the vvar page. What is not there is left to the system call.
 */
#include "vvar.h"
#include "lib/div64.h"
#include <asm/unistd.h>
#include <linux/time.h>
#include <linux/time_types.h>

#define VDSO_EXPORT __attribute__((visibility("default")))
#define NSEC_PER_SEC 1000000000u

extern const struct vvar_data vdso_vvar __attribute__((visibility("hidden")));

VDSO_EXPORT int __vdso_clock_gettime(int clock, struct __kernel_old_timespec *ts);
VDSO_EXPORT int __vdso_clock_gettime64(int clock, struct __kernel_timespec *ts);
VDSO_EXPORT int __vdso_clock_getres(int clock, struct __kernel_old_timespec *res);
VDSO_EXPORT int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz);
VDSO_EXPORT __kernel_old_time_t __vdso_time(__kernel_old_time_t *t);

static int syscall2(int nr, long a, long b)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(nr), "b"(a), "c"(b) : "memory");
	return result;
}

static bool read_clock(int clock, u64 *ns)
{
	const struct vvar_data *v = &vdso_vvar;
	u64 offset;
	u32 seq;

	if (!(v->frac | v->whole))
		return false;
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME: *ns = vvar_clock_ns(v); return true;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		do {
			seq = v->seq & ~1u;
			__asm__ volatile("" ::: "memory");
			offset = v->realtime_offset;
			*ns = vvar_clock_ns(v) + offset;
			__asm__ volatile("" ::: "memory");
		} while (v->seq != seq);
		return offset != 0;
	default: return false;
	}
}

int __vdso_clock_gettime64(int clock, struct __kernel_timespec *ts)
{
	u64 ns;
	u32 rest;

	if (!read_clock(clock, &ns))
		return syscall2(__NR_clock_gettime64, clock, (long)ts);
	ts->tv_sec = (__kernel_time64_t)div_u64_rem(ns, NSEC_PER_SEC, &rest);
	ts->tv_nsec = rest;
	return 0;
}

int __vdso_clock_gettime(int clock, struct __kernel_old_timespec *ts)
{
	u64 ns;
	u32 rest;

	if (!read_clock(clock, &ns))
		return syscall2(__NR_clock_gettime, clock, (long)ts);
	ts->tv_sec = (__kernel_old_time_t)div_u64_rem(ns, NSEC_PER_SEC, &rest);
	ts->tv_nsec = (long)rest;
	return 0;
}

int __vdso_clock_getres(int clock, struct __kernel_old_timespec *res)
{
	return syscall2(__NR_clock_getres, clock, (long)res);
}

int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz)
{
	u64 ns;
	u32 rest;

	if (!tv || tz || !read_clock(CLOCK_REALTIME, &ns))
		return syscall2(__NR_gettimeofday, (long)tv, (long)tz);
	tv->tv_sec = (__kernel_long_t)div_u64_rem(ns, NSEC_PER_SEC, &rest);
	tv->tv_usec = (__kernel_long_t)(rest / 1000);
	return 0;
}

__kernel_old_time_t __vdso_time(__kernel_old_time_t *t)
{
	u64 ns;
	__kernel_old_time_t seconds;

	if (!read_clock(CLOCK_REALTIME, &ns))
		return syscall2(__NR_time, (long)t, 0);
	seconds = (__kernel_old_time_t)div_u64(ns, NSEC_PER_SEC);
	if (t)
		*t = seconds;
	return seconds;
}
