/*
 * Bits and arrays of bits. A bitmap is an array of unsigned long, bit n in word n / BITS_PER_LONG.
 * set_bit(), clear_bit() and the test_and_ forms are atomic and full barriers; the forms with two
 * underscores are not and need the owner's lock.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "types.h"

#define BITS_PER_LONG (8 * sizeof(long))
#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, n) unsigned long name[BITS_TO_LONGS(n)]
#define BIT_WORD(n) ((n) / BITS_PER_LONG)
#define BIT_MASK(n) (1UL << ((n) % BITS_PER_LONG))

/* The number of the lowest and of the highest bit set. => v is not 0 */
static inline unsigned bit_lowest(unsigned long v)
{
	return (unsigned)__builtin_ctzl(v);
}
static inline unsigned bit_highest(unsigned long v)
{
	return BITS_PER_LONG - 1 - (unsigned)__builtin_clzl(v);
}
static inline unsigned ilog2(unsigned long v)
{
	return bit_highest(v);
}
static inline unsigned ilog2_u64(u64 v)
{
	return 63 - (unsigned)__builtin_clzll(v);
}
static inline bool is_power_of_2(unsigned long v)
{
	return v && !(v & (v - 1));
}
/* => 0 < v, and the result fits */
static inline unsigned long roundup_pow_of_two(unsigned long v)
{
	return v == 1 ? 1 : 1UL << (bit_highest(v - 1) + 1);
}
static inline unsigned long rounddown_pow_of_two(unsigned long v)
{
	return 1UL << bit_highest(v);
}

static inline bool test_bit(unsigned n, const unsigned long *map)
{
	return READ_ONCE(map[BIT_WORD(n)]) & BIT_MASK(n);
}

static inline void __set_bit(unsigned n, unsigned long *map)
{
	map[BIT_WORD(n)] |= BIT_MASK(n);
}
static inline void __clear_bit(unsigned n, unsigned long *map)
{
	map[BIT_WORD(n)] &= ~BIT_MASK(n);
}

static inline void set_bit(unsigned n, unsigned long *map)
{
	(void)__atomic_fetch_or(&map[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST);
}

static inline void clear_bit(unsigned n, unsigned long *map)
{
	(void)__atomic_fetch_and(&map[BIT_WORD(n)], ~BIT_MASK(n), __ATOMIC_SEQ_CST);
}

/* The old value of the bit. */
static inline bool test_and_set_bit(unsigned n, unsigned long *map)
{
	return __atomic_fetch_or(&map[BIT_WORD(n)], BIT_MASK(n), __ATOMIC_SEQ_CST) & BIT_MASK(n);
}

static inline bool test_and_clear_bit(unsigned n, unsigned long *map)
{
	return __atomic_fetch_and(&map[BIT_WORD(n)], ~BIT_MASK(n), __ATOMIC_SEQ_CST) & BIT_MASK(n);
}

/* The number of the first bit at @start or above that is set (clear), below @size; @size: none. */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start);
/* The last bit set below @size; @size: none. */
unsigned long find_last_bit(const unsigned long *map, unsigned long size);

static inline unsigned long find_first_bit(const unsigned long *map, unsigned long size)
{
	return find_next_bit(map, size, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *map, unsigned long size)
{
	return find_next_zero_bit(map, size, 0);
}

/*
 * The first of @n clear bits side by side, at a multiple of @align (a power of two); @size: none.
 */
unsigned long bitmap_find_zero_area(const unsigned long *map, unsigned long size,
				    unsigned long start, unsigned long n, unsigned long align);

void bitmap_zero(unsigned long *map, unsigned long size);
void bitmap_fill(unsigned long *map, unsigned long size);
/* @n bits from @start. */
void bitmap_set(unsigned long *map, unsigned long start, unsigned long n);
void bitmap_clear(unsigned long *map, unsigned long start, unsigned long n);
void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned long size);
void bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
		unsigned long size);
void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b,
	       unsigned long size);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned long size);
bool bitmap_empty(const unsigned long *map, unsigned long size);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned long size);
unsigned long bitmap_weight(const unsigned long *map, unsigned long size);

#define for_each_set_bit(bit, map, size) \
	for ((bit) = find_first_bit(map, size); (bit) < (size); \
	     (bit) = find_next_bit(map, size, (bit) + 1))

#endif
