/*
 * Atomic operations, on any integer of 1 to 4 bytes (atomic_t is an ordinary u32, as are the fields
 * that several CPUs change). Sequentially consistent, except read and set, which order nothing.
 *
 * refcount_t saturates: a count that overflows or is raised from 0 sticks at REFCOUNT_SATURATED, so
 * that a bug in counting leaks the object instead of freeing it under its users.
 */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include "types.h"

typedef u32 atomic_t;
#define ATOMIC_INIT(n) (n)

#define atomic_read(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_set(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_read_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_set_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_add(p, n) ((void)__atomic_fetch_add(p, n, __ATOMIC_SEQ_CST))
#define atomic_sub(p, n) ((void)__atomic_fetch_sub(p, n, __ATOMIC_SEQ_CST))
#define atomic_inc(p) atomic_add(p, 1)
#define atomic_dec(p) atomic_sub(p, 1)
/* The new value. */
#define atomic_add_return(p, n) __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, n) __atomic_sub_fetch(p, n, __ATOMIC_SEQ_CST)
#define atomic_inc_return(p) atomic_add_return(p, 1)
#define atomic_dec_return(p) atomic_sub_return(p, 1)
/* The old value. */
#define atomic_fetch_add(p, n) __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, bits) __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, bits) __atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
/* True if it became 0. */
#define atomic_dec_and_test(p) (__atomic_sub_fetch(p, 1, __ATOMIC_SEQ_CST) == 0)
#define atomic_or(p, bits) ((void)__atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST))
#define atomic_and(p, bits) ((void)__atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST))
/* The old value: equal to @old if it was replaced. */
#define atomic_cmpxchg(p, old, new) \
	({ \
		typeof(*(p)) expect_ = (old); \
		__atomic_compare_exchange_n(p, &expect_, new, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST); \
		expect_; \
	})
/* Replace *@expect: true; false: *@expect is now what was there. */
#define atomic_try_cmpxchg(p, expect, new) \
	__atomic_compare_exchange_n(p, expect, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
/* Orders everything before against everything after, for all CPUs. */
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Raise *@p by one unless it is @unless: true if raised. */
static inline bool atomic_inc_unless(u32 *p, u32 unless)
{
	u32 old = atomic_read(p);

	do {
		if (old == unless)
			return false;
	} while (!atomic_try_cmpxchg(p, &old, old + 1));
	return true;
}

typedef struct refcount {
	u32 value;
} refcount_t;

#define REFCOUNT_INIT(n) \
	{ \
		n \
	}
#define REFCOUNT_SATURATED 0xC0000000u
#define REFCOUNT_MAX 0x7FFFFFFFu

static inline void refcount_set(refcount_t *r, u32 n)
{
	atomic_set(&r->value, n);
}

static inline u32 refcount_read(const refcount_t *r)
{
	return atomic_read(&r->value);
}

/* => the caller has a reference already */
static inline void refcount_inc(refcount_t *r)
{
	u32 old = atomic_fetch_add(&r->value, 1);

	if (unlikely(old == 0 || old >= REFCOUNT_MAX))
		atomic_set(&r->value, REFCOUNT_SATURATED);
}

/* Take a reference if the object still has one: true if taken. */
static inline bool refcount_inc_not_zero(refcount_t *r)
{
	u32 old = atomic_read(&r->value);

	do {
		if (old == 0)
			return false;
		if (unlikely(old >= REFCOUNT_MAX))
			return true;
	} while (!atomic_try_cmpxchg(&r->value, &old, old + 1));
	return true;
}

/* Drop a reference: true if it was the last, and the object is the caller's to free. */
static inline bool refcount_dec_and_test(refcount_t *r)
{
	u32 old = atomic_fetch_add(&r->value, (u32)-1);

	if (likely(old > 1 && old <= REFCOUNT_MAX))
		return false;
	if (old == 1)
		return true;
	atomic_set(&r->value, REFCOUNT_SATURATED);
	return false;
}

#endif
