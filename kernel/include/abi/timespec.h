/*
 * Times of user space in their i386 shapes: struct timespec with 32-bit and with 64-bit seconds,
 * struct timeval. In the kernel a time is nanoseconds in 64 bits, 292 years: what is larger becomes
 * the largest.
 */
#ifndef ABI_TIMESPEC_H
#define ABI_TIMESPEC_H

#include "types.h"

#define TIME_MAX_NS 0x7fffffffffffffffULL

/* 0, -EFAULT, -EINVAL (negative, or a second of ns). */
int get_timespec32(u64 *ns, uaddr_t from);
int get_timespec64(u64 *ns, uaddr_t from);
/* 0 or -EFAULT */
int put_timespec32(u64 ns, uaddr_t to);
int put_timespec64(u64 ns, uaddr_t to);

/* clock_ns() + @ns, not past the end of time. */
u64 deadline_from_now(u64 ns);

#endif
