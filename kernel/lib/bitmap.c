/* Bitmaps: a word at a time. Bits beyond the size may be anything and never count. */
#include "lib/bitmap.h"
#include "lib/string.h"

#define WORD_BITS BITS_PER_LONG
#define FIRST_WORD_MASK(start) (~0UL << ((start) % WORD_BITS))

/* The bits of the last word that belong to a bitmap of @size bits. */
static unsigned long last_word_mask(unsigned long size)
{
	return ~0UL >> (-size % WORD_BITS);
}

/* @flip: 0 to find a set bit, ~0 to find a clear one. */
static inline unsigned long find_next(const unsigned long *map, unsigned long size,
				      unsigned long start, unsigned long flip)
{
	unsigned long word, base;

	if (start >= size)
		return size;
	base = start - start % WORD_BITS;
	word = (map[BIT_WORD(start)] ^ flip) & FIRST_WORD_MASK(start);
	while (!word) {
		base += WORD_BITS;
		if (base >= size)
			return size;
		word = map[BIT_WORD(base)] ^ flip;
	}
	return MIN(base + bit_lowest(word), size);
}

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, 0);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, ~0UL);
}

unsigned long find_last_bit(const unsigned long *map, unsigned long size)
{
	unsigned long i = BITS_TO_LONGS(size), mask = last_word_mask(size);

	for (; i; i--, mask = ~0UL)
		if (map[i - 1] & mask)
			return (i - 1) * WORD_BITS + bit_highest(map[i - 1] & mask);
	return size;
}

unsigned long bitmap_find_zero_area(const unsigned long *map, unsigned long size,
				    unsigned long start, unsigned long n, unsigned long align)
{
	for (;;) {
		unsigned long busy;

		start = ALIGN_UP(find_next_zero_bit(map, size, start), align);
		if (start >= size || n > size - start)
			return size;
		busy = find_next_bit(map, start + n, start);
		if (busy >= start + n)
			return start;
		start = busy + 1;
	}
}

void bitmap_zero(unsigned long *map, unsigned long size)
{
	memset(map, 0, BITS_TO_LONGS(size) * sizeof(long));
}

void bitmap_fill(unsigned long *map, unsigned long size)
{
	memset(map, 0xff, BITS_TO_LONGS(size) * sizeof(long));
}

/* Walk the words that hold bits start .. start+n-1, with the mask of those bits in each. */
#define for_each_word(word, mask, start, n) \
	for (unsigned long at_ = (start), end_ = (start) + (n); \
	     at_ < end_ && \
	     (word = BIT_WORD(at_), mask = FIRST_WORD_MASK(at_), \
	     (end_ - 1) / WORD_BITS == word ? (mask &= last_word_mask(end_)) : 0, true); \
	     at_ = (word + 1) * WORD_BITS)

void bitmap_set(unsigned long *map, unsigned long start, unsigned long n)
{
	unsigned long word, mask;

	for_each_word(word, mask, start, n) map[word] |= mask;
}

void bitmap_clear(unsigned long *map, unsigned long start, unsigned long n)
{
	unsigned long word, mask;

	for_each_word(word, mask, start, n) map[word] &= ~mask;
}

void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned long size)
{
	memcpy(to, from, BITS_TO_LONGS(size) * sizeof(long));
}

void bitmap_and(unsigned long *to, const unsigned long *a, const unsigned long *b,
		unsigned long size)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(size); i++)
		to[i] = a[i] & b[i];
}

void bitmap_or(unsigned long *to, const unsigned long *a, const unsigned long *b,
	       unsigned long size)
{
	for (unsigned long i = 0; i < BITS_TO_LONGS(size); i++)
		to[i] = a[i] | b[i];
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned long size)
{
	unsigned long word, mask;

	for_each_word(word, mask, 0UL, size) if ((a[word] ^ b[word]) & mask) return false;
	return true;
}

bool bitmap_empty(const unsigned long *map, unsigned long size)
{
	return find_first_bit(map, size) == size;
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned long size)
{
	unsigned long word, mask;

	for_each_word(word, mask, 0UL, size) if (a[word] & b[word] & mask) return true;
	return false;
}

unsigned long bitmap_weight(const unsigned long *map, unsigned long size)
{
	unsigned long word, mask, weight = 0;

	for_each_word(word, mask, 0UL, size) weight +=
		(unsigned long)__builtin_popcountl(map[word] & mask);
	return weight;
}
