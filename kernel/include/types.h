/*
 * The basic types of the kernel. Four kinds of address never mix:
 *
 *   paddr_t   a physical address, in bytes, up to 64 GB and more: always 64 bits
 *   pfn_t     a page-frame number: a physical address divided by PAGE_SIZE
 *   uaddr_t   a virtual address of a user process: an integer, never a C pointer, so that the
 *             compiler refuses to dereference it; only the user copies of arch/port.h touch it
 *   void *    a kernel pointer. lowmem_ptr(), kmap(), kmap_local_page() and vmap() are the only
 *             ways from physical memory to one
 */
#ifndef TYPES_H
#define TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t;
typedef unsigned long pfn_t;
typedef u32 uaddr_t;

/* On the host the C library has these too, as the same types. */
typedef long ssize_t;
typedef s64 loff_t;
typedef int pid_t;
typedef u32 uid_t;
typedef u32 gid_t;
typedef u32 mode_t;
typedef s64 time64_t;

typedef u32 kdev_t; /* a device number in Linux's user-space encoding of 32 bits (new_encode_dev) */

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define ALIGN_UP(x, a) (((x) + (typeof(x))(a)-1) & ~((typeof(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a)-1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#ifdef __cppcheck__ /* which cannot parse a statement expression between braces */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#else
#define MIN(a, b) \
	({ \
		typeof(a) _a = (a); \
		typeof(b) _b = (b); \
		_a < _b ? _a : _b; \
	})
#define MAX(a, b) \
	({ \
		typeof(a) _a = (a); \
		typeof(b) _b = (b); \
		_a > _b ? _a : _b; \
	})
#endif
#define BIT(n) (1UL << (n))

#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __noreturn __attribute__((noreturn))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __used __attribute__((used))
#define __cold __attribute__((cold))
#define __must_check __attribute__((warn_unused_result))
#define noinline __attribute__((noinline))
#undef __always_inline /* glibc has one for its own headers */
#define __always_inline inline __attribute__((always_inline))
#ifdef __SANITIZE_THREAD__ /* the host's race detector takes no volatile for an answer */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#else
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#endif
#define barrier() __asm__ volatile("" ::: "memory")

#ifdef ISTHMUS_KERNEL
/* Code and data that the boot alone needs: its pages go to the buddy allocator before init runs. */
#define __init __attribute__((section(".init.text"), cold))
#define __initdata __attribute__((section(".init.data")))
#else
#define __init
#define __initdata
#endif

/* Error pointers: the last 4095 addresses are negative errno values. */
#define MAX_ERRNO 4095
static inline void *ERR_PTR(long error)
{
	return (void *)error;
}
static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}
static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-MAX_ERRNO;
}
static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR(ptr);
}

#endif
