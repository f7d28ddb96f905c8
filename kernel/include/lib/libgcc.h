/*
 * What the compiler calls by itself for 64-bit arithmetic. Nobody calls these by name; the
 * prototypes are here for kernel/lib/libgcc.c, which says why it exists.
 */
#ifndef LIB_LIBGCC_H
#define LIB_LIBGCC_H

#include <types.h>

u64 __wrap___udivdi3(u64 n, u64 d);
u64 __wrap___umoddi3(u64 n, u64 d);
s64 __wrap___divdi3(s64 n, s64 d);
s64 __wrap___moddi3(s64 n, s64 d);
u64 __wrap___udivmoddi4(u64 n, u64 d, u64 *rest);
s64 __wrap___divmoddi4(s64 n, s64 d, s64 *rest);
int __popcountsi2(u32 v);
int __popcountdi2(u64 v);
int __ctzdi2(u64 v);
int __clzdi2(u64 v);
int __ffsdi2(u64 v);

#endif
