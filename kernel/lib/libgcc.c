/*
 * Between the kernel and libgcc. The kernel is built with -mregparm=3, and the compiler calls
 * libgcc's helpers that way too, but libgcc itself was built to take its arguments on the stack.
 * The linker's --wrap sends each helper here first (LIBGCC_WRAP in the Makefile). The bit counts
 * are written out: libgcc's read a table through a GOT that the kernel does not have.
 */
#include <lib/libgcc.h>

#define STACK_ARGS __attribute__((regparm(0)))

extern u64 STACK_ARGS __real___udivdi3(u64 n, u64 d);
extern u64 STACK_ARGS __real___umoddi3(u64 n, u64 d);
extern s64 STACK_ARGS __real___divdi3(s64 n, s64 d);
extern s64 STACK_ARGS __real___moddi3(s64 n, s64 d);
extern u64 STACK_ARGS __real___udivmoddi4(u64 n, u64 d, u64 *rest);
extern s64 STACK_ARGS __real___divmoddi4(s64 n, s64 d, s64 *rest);

u64 __wrap___udivdi3(u64 n, u64 d)
{
	return __real___udivdi3(n, d);
}

u64 __wrap___umoddi3(u64 n, u64 d)
{
	return __real___umoddi3(n, d);
}

s64 __wrap___divdi3(s64 n, s64 d)
{
	return __real___divdi3(n, d);
}

s64 __wrap___moddi3(s64 n, s64 d)
{
	return __real___moddi3(n, d);
}

u64 __wrap___udivmoddi4(u64 n, u64 d, u64 *rest)
{
	return __real___udivmoddi4(n, d, rest);
}

s64 __wrap___divmoddi4(s64 n, s64 d, s64 *rest)
{
	return __real___divmoddi4(n, d, rest);
}

int __popcountsi2(u32 v)
{
	v -= (v >> 1) & 0x55555555;
	v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f;
	return (v * 0x01010101) >> 24;
}

int __popcountdi2(u64 v)
{
	return __popcountsi2((u32)v) + __popcountsi2((u32)(v >> 32));
}

int __ctzdi2(u64 v)
{
	u32 low = (u32)v;

	return low ? __builtin_ctz(low) : 32 + __builtin_ctz((u32)(v >> 32));
}

int __clzdi2(u64 v)
{
	u32 high = (u32)(v >> 32);

	return high ? __builtin_clz(high) : 32 + __builtin_clz((u32)v);
}

int __ffsdi2(u64 v)
{
	return v ? 1 + __ctzdi2(v) : 0;
}
