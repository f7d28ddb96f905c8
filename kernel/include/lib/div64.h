/*
 * 64-bit arithmetic that i386 does in a few instructions and the compiler does with a library
 * call: division by 32 bits is two divl, one if the quotient fits in 32 bits.
 */
#ifndef LIB_DIV64_H
#define LIB_DIV64_H

#include "types.h"

/* => d != 0 */
static inline u64 div_u64_rem(u64 n, u32 d, u32 *rem)
{
#ifdef __i386__
	u32 high = (u32)(n >> 32), low = (u32)n, quotient_high = 0, r;

	if (high >= d) {
		quotient_high = high / d;
		high %= d;
	}
	__asm__("divl %4" : "=a"(low), "=d"(r) : "0"(low), "1"(high), "rm"(d) : "cc");
	*rem = r;
	return (u64)quotient_high << 32 | low;
#else
	*rem = (u32)(n % d);
	return n / d;
#endif
}

static inline u64 div_u64(u64 n, u32 d)
{
	u32 rem;

	return div_u64_rem(n, d, &rem);
}

static inline s64 div_s64(s64 n, s32 d)
{
	u64 q = div_u64(n < 0 ? -(u64)n : (u64)n, d < 0 ? -(u32)d : (u32)d);

	return (n < 0) != (d < 0) ? -(s64)q : (s64)q;
}

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

/* a * mul >> shift with 96 bits between. => shift <= 32, and the result fits */
static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned shift)
{
	u64 low = mul_u32_u32((u32)a, mul) >> shift;
	u64 high = mul_u32_u32((u32)(a >> 32), mul);

	return low + (high << (32 - shift));
}

#endif
