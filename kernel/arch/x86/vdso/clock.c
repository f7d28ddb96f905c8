/*
 * The clocks of the vDSO: clock_gettime(2) and its kin without entering the kernel, from the
 * numbers in the vvar page. What is not there is left to the system call.
 */
#include "vvar.h"
#include "types.h"
#include <asm/unistd.h>
#include <linux/time.h>
#include <linux/time_types.h>

#define VDSO_EXPORT __attribute__((visibility("default")))
#define NSEC_PER_SEC 1000000000u
#define UNIT_SHIFT 30 /* a unit of 2^30 ns is 1.073741824 s: 1, and this many 2^-32 of a second */
#define UNIT_FRACTION 316718722u

/* No clock is slewed, and reading one precisely costs no more than coarsely. */
#define LIKE_MONOTONIC \
	(1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | \
	 1u << CLOCK_BOOTTIME)
#define LIKE_REALTIME (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE)

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

/*
 * Where the vvar page is mapped. Not the compiler's way to find it out, whose return is an indirect
 * jump more.
 */
static inline const struct vvar_data *vvar_page(void)
{
	const struct vvar_data *page;

	__asm__("call 1f\n\t"
		".cfi_adjust_cfa_offset 4\n"
		"1:\tpopl %0\n\t"
		".cfi_adjust_cfa_offset -4\n\t"
		"addl $vdso_vvar - 1b, %0"
		: "=r"(page)
		:
		: "cc");
	return page;
}

static inline bool is_one_of(int clock, unsigned set)
{
	return (unsigned)clock < 32 && 1u << clock & set;
}

static __always_inline bool read_clock(int clock, u64 *ns)
{
	const struct vvar_data *v = vvar_page();
	u64 offset;
	u32 seq;

	if (!(v->frac | v->whole))
		return false;
	if (is_one_of(clock, LIKE_MONOTONIC)) {
		*ns = vvar_clock_ns(v);
		return true;
	}
	if (!is_one_of(clock, LIKE_REALTIME))
		return false;
	do {
		seq = v->seq & ~1u;
		__asm__ volatile("" ::: "memory");
		offset = v->realtime_offset;
		*ns = vvar_clock_ns(v) + offset;
		__asm__ volatile("" ::: "memory");
	} while (v->seq != seq);
	return offset != 0;
}

/*
 * The seconds of @ns, which are below 2^32, and the nanoseconds after them. Emulators and
 * old processors take long to divide: whole units give the seconds, up to two too few.
 */
static inline u32 split_seconds(u64 ns, u32 *after)
{
	u32 units = (u32)(ns >> UNIT_SHIFT);
	u32 seconds = units + (u32)((u64)units * UNIT_FRACTION >> 32);
	u32 rest = (u32)ns - seconds * NSEC_PER_SEC;

	for (; rest >= NSEC_PER_SEC; rest -= NSEC_PER_SEC)
		seconds++;
	*after = rest;
	return seconds;
}

int __vdso_clock_gettime64(int clock, struct __kernel_timespec *ts)
{
	u64 ns;
	u32 rest;

	if (!read_clock(clock, &ns))
		return syscall2(__NR_clock_gettime64, clock, (long)ts);
	ts->tv_sec = split_seconds(ns, &rest);
	ts->tv_nsec = rest;
	return 0;
}

int __vdso_clock_gettime(int clock, struct __kernel_old_timespec *ts)
{
	u64 ns;
	u32 rest;

	if (!read_clock(clock, &ns))
		return syscall2(__NR_clock_gettime, clock, (long)ts);
	ts->tv_sec = (__kernel_old_time_t)split_seconds(ns, &rest);
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
	tv->tv_sec = (__kernel_long_t)split_seconds(ns, &rest);
	tv->tv_usec = (__kernel_long_t)(rest / 1000);
	return 0;
}

__kernel_old_time_t __vdso_time(__kernel_old_time_t *t)
{
	u64 ns;
	u32 rest;
	__kernel_old_time_t seconds;

	if (!read_clock(CLOCK_REALTIME, &ns))
		return syscall2(__NR_time, (long)t, 0);
	seconds = (__kernel_old_time_t)split_seconds(ns, &rest);
	if (t)
		*t = seconds;
	return seconds;
}
