/*
 * User memory: the range checks, single values and atomic operations. The address range alone keeps
 * the kernel's half out of reach; everything else is found out by trying (exception table).
 */
#include "usercopy.h"
#include "arch/port.h"
#include <linux/errno.h>

/* @n is 1: a token through a pipe, a key. String instructions take long to start. */
static inline size_t put_byte(u8 *to, u8 byte)
{
	int err = 0;

	USER_ACCESS("movb %[byte], %[mem]", [err] "+r"(err), [mem] "+m"(*to)
		    : [byte] "q"(byte), [efault] "i"(1));
	return (size_t)err;
}

static inline size_t get_byte(u8 *byte, const u8 *from)
{
	int err = 0;
	u8 value = 0;

	USER_ACCESS("movb %[mem], %[value]", [err] "+r"(err), [value] "+q"(value)
		    : [mem] "m"(*from), [efault] "i"(1));
	if (likely(!err))
		*byte = value;
	return (size_t)err;
}

size_t copy_to_user(uaddr_t to, const void *from, size_t n)
{
	if (unlikely(!user_range_ok(to, n)))
		return n;
	if (n == 1)
		return put_byte((u8 *)to, *(const u8 *)from);
	return user_copy((void *)to, from, n);
}

size_t copy_from_user(void *to, uaddr_t from, size_t n)
{
	if (unlikely(!user_range_ok(from, n)))
		return n;
	if (n == 1)
		return get_byte(to, (const u8 *)from);
	return user_copy(to, (const void *)from, n);
}

size_t clear_user(uaddr_t to, size_t n)
{
	if (unlikely(!user_range_ok(to, n)))
		return n;
	if (n == 1)
		return put_byte((u8 *)to, 0);
	return user_clear((void *)to, n);
}

/* Bytes of [from, from + n) that lie below TASK_SIZE. */
static size_t user_part(uaddr_t from, size_t n)
{
	if (from >= TASK_SIZE)
		return 0;
	return MIN(n, (size_t)(TASK_SIZE - from));
}

ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n)
{
	size_t part = user_part(from, n);
	ssize_t length = user_strncpy(to, (const char *)from, part);

	if (length < 0 || ((size_t)length == part && part < n))
		return -EFAULT;
	return length;
}

size_t strnlen_user(uaddr_t s, size_t n)
{
	size_t part = user_part(s, n);
	ssize_t length = user_strnlen((const char *)s, part);

	if (length < 0 || ((size_t)length == part && part < n))
		return 0;
	return (size_t)length + 1;
}

#define DEFINE_GET_USER(type, suffix) \
	int get_user_##type(type *val, uaddr_t from) \
	{ \
		int err = 0; \
		type value = 0; \
		if (unlikely(!user_range_ok(from, sizeof(type)))) \
			return -EFAULT; \
		USER_ACCESS("mov" suffix " %[mem], %[value]", [err] "+r"(err), [value] "+q"(value) \
			    : [mem] "m"(*(const type *)from), [efault] "i"(-EFAULT)); \
		*val = value; \
		return err; \
	}
DEFINE_GET_USER(u8, "b")
DEFINE_GET_USER(u16, "w")
DEFINE_GET_USER(u32, "l")

#define DEFINE_PUT_USER(type, suffix) \
	int put_user_##type(type val, uaddr_t to) \
	{ \
		int err = 0; \
		if (unlikely(!user_range_ok(to, sizeof(type)))) \
			return -EFAULT; \
		USER_ACCESS( \
			"mov" suffix " %[value], %[mem]", [err] "+r"(err), [mem] "+m"(*(type *)to) \
			: [value] "q"(val), [efault] "i"(-EFAULT)); \
		return err; \
	}
DEFINE_PUT_USER(u8, "b")
DEFINE_PUT_USER(u16, "w")
DEFINE_PUT_USER(u32, "l")

int get_user_u64(u64 *val, uaddr_t from)
{
	u32 low, high;
	int err = 0;

	if (unlikely(!user_range_ok(from, sizeof(*val))))
		return -EFAULT;
	user_access_begin();
	user_load(low, from, err);
	user_load(high, from + 4, err);
	user_access_end();
	*val = (u64)high << 32 | low;
	return err;
}

int put_user_u64(u64 val, uaddr_t to)
{
	if (unlikely(!user_range_ok(to, sizeof(val))))
		return -EFAULT;
	user_access_begin();
	user_store(val, to, fault);
	user_store(val >> 32, to + 4, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

static bool atomic_word_ok(uaddr_t addr)
{
	return IS_ALIGNED(addr, sizeof(u32)) && user_range_ok(addr, sizeof(u32));
}

int user_cmpxchg_u32(uaddr_t addr, u32 expect, u32 val, u32 *old)
{
	int err = 0;

	if (!atomic_word_ok(addr))
		return -EFAULT;
	USER_ACCESS("lock cmpxchgl %[val], %[mem]", [err] "+r"(err), [mem] "+m"(*(u32 *)addr),
		    "+a"(expect)
		    : [val] "r"(val), [efault] "i"(-EFAULT));
	*old = expect;
	return err;
}

int user_xchg_u32(uaddr_t addr, u32 val, u32 *old)
{
	int err = 0;

	if (!atomic_word_ok(addr))
		return -EFAULT;
	USER_ACCESS(
		"xchgl %[val], %[mem]", [err] "+r"(err), [mem] "+m"(*(u32 *)addr), [val] "+r"(val)
		: [efault] "i"(-EFAULT));
	*old = val;
	return err;
}

int user_add_u32(uaddr_t addr, u32 val, u32 *old)
{
	int err = 0;

	if (!atomic_word_ok(addr))
		return -EFAULT;
	USER_ACCESS("lock xaddl %[val], %[mem]", [err] "+r"(err), [mem] "+m"(*(u32 *)addr),
		    [val] "+r"(val)
		    : [efault] "i"(-EFAULT));
	*old = val;
	return err;
}

#define DEFINE_USER_BITS(name, op) \
	int name(uaddr_t addr, u32 val, u32 *old) \
	{ \
		u32 seen = 0; \
		int err = get_user_u32(old, addr); \
\
		while (!err) { \
			err = user_cmpxchg_u32(addr, *old, *old op val, &seen); \
			if (err || seen == *old) \
				break; \
			*old = seen; \
		} \
		return err; \
	}
DEFINE_USER_BITS(user_or_u32, |)
DEFINE_USER_BITS(user_and_u32, &)
DEFINE_USER_BITS(user_xor_u32, ^)

void pagefault_disable(void)
{
	current_thread()->pagefault_off++;
	barrier();
}

void pagefault_enable(void)
{
	barrier();
	current_thread()->pagefault_off--;
}

bool pagefault_disabled(void)
{
	return current_thread()->pagefault_off;
}
