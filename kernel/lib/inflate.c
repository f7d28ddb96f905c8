/*
 * Inflate (RFC 1951) and its gzip wrapper (RFC 1952).
 *
 * Input runs through a bit buffer of up to 32 bits, output through a window of 32 KB that is
 * delivered whenever it is full. A Huffman code of up to 9 bits is one look into a table; a longer
 * one is found by counting codes of each length. Errors are sticky: s->error stops every loop.
 */
#include "lib/inflate.h"
#include "lib/hash.h"
#include "lib/string.h"
#include <linux/errno.h>

#define MAX_BITS 15
#define LITERALS 286
#define DISTANCES 30
#define LENGTH_CODES 19
#define END_OF_BLOCK 256
#define WINDOW_MASK (INFLATE_WINDOW - 1)
#define FAST_MASK ((1u << INFLATE_FAST_BITS) - 1)

/* ------------------------------------------------------------------------------------------- */
/* Bits in                                                                                       */

static bool fill(struct inflate *s)
{
	ssize_t n = s->io.fill(s->io.arg, &s->in);

	if (n <= 0) {
		s->in_end = s->in;
		if (n < 0)
			s->error = (int)n;
		return false;
	}
	s->in_end = s->in + n;
	return true;
}

/* As many bytes as fit, so that there are at least 25 bits unless the input ends. */
static void refill(struct inflate *s)
{
	while (s->bit_count <= 24) {
		if (s->in == s->in_end && (s->ended || !fill(s))) {
			s->ended = true;
			return;
		}
		s->bits |= (u32)*s->in++ << s->bit_count;
		s->bit_count += 8;
		s->consumed++;
	}
}

static void fail(struct inflate *s, int error)
{
	if (!s->error)
		s->error = error;
}

static inline void drop(struct inflate *s, unsigned n)
{
	s->bits >>= n;
	s->bit_count -= n;
}

/* @n bits, at most 16; after an error 0. */
static u32 take(struct inflate *s, unsigned n)
{
	u32 v;

	if (s->bit_count < n)
		refill(s);
	if (s->bit_count < n) {
		fail(s, -ENODATA);
		return 0;
	}
	v = s->bits & ((1u << n) - 1);
	drop(s, n);
	return v;
}

/* ------------------------------------------------------------------------------------------- */
/* Bytes out                                                                                     */

static void flush(struct inflate *s)
{
	u32 n = s->window_pos - s->window_flushed;

	if (!n || s->error)
		return;
	s->crc = crc32(s->crc, s->window + s->window_flushed, n);
	fail(s, s->io.flush(s->io.arg, s->window + s->window_flushed, n));
	s->window_flushed = s->window_pos & WINDOW_MASK;
	s->window_pos &= WINDOW_MASK;
}

static inline void put(struct inflate *s, u8 byte)
{
	s->window[s->window_pos++] = byte;
	s->total++;
	if (s->window_pos == INFLATE_WINDOW)
		flush(s);
}

static void copy(struct inflate *s, u32 distance, u32 length)
{
	u32 from;

	if (distance > s->total || distance > INFLATE_WINDOW) {
		fail(s, -EINVAL);
		return;
	}
	from = (s->window_pos - distance) & WINDOW_MASK;
	while (length-- && !s->error) {
		put(s, s->window[from]);
		from = (from + 1) & WINDOW_MASK;
	}
}

/* ------------------------------------------------------------------------------------------- */
/* Huffman codes                                                                                 */

static u32 reverse(u32 code, unsigned len)
{
	u32 r = 0;

	while (len--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

static void build_fast(struct inflate_code *c, const u8 *lengths, unsigned n)
{
	u32 next[MAX_BITS + 1] = {0};

	memset(c->fast, 0, sizeof(c->fast));
	for (unsigned len = 1; len < MAX_BITS; len++)
		next[len + 1] = (next[len] + c->count[len]) << 1;
	for (unsigned symbol = 0; symbol < n; symbol++) {
		unsigned len = lengths[symbol];
		u32 code;

		if (!len || len > INFLATE_FAST_BITS)
			continue;
		code = reverse(next[len]++, len);
		for (; code <= FAST_MASK; code += 1u << len)
			c->fast[code] = (u16)(symbol << 4 | len);
	}
}

/* From code lengths, 0 for symbols that do not occur: false if no such code exists. A code may be
 * incomplete only if it has one symbol. RFC 1951, 3.2.2 and 3.2.7 */
static bool build_code(struct inflate_code *c, const u8 *lengths, unsigned n)
{
	u16 place[MAX_BITS + 2] = {0};
	int left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	for (unsigned len = 1; len <= MAX_BITS; len++) {
		left = 2 * left - c->count[len];
		if (left < 0)
			return false;
		place[len + 1] = (u16)(place[len] + c->count[len]);
	}
	for (unsigned i = 0; i < n; i++)
		if (lengths[i])
			c->symbol[place[lengths[i]]++] = (u16)i;
	if (left && (n - c->count[0] > 1 || (n - c->count[0] == 1 && c->count[1] != 1)))
		return false;
	c->count[0] = 0;
	build_fast(c, lengths, n);
	return true;
}

/* A code longer than the table, bit by bit: codes of one length are consecutive numbers. */
static unsigned decode_slow(struct inflate *s, const struct inflate_code *c)
{
	int code = 0, first = 0, index = 0;
	u32 bits = s->bits;

	for (unsigned len = 1; len <= MAX_BITS && len <= s->bit_count; len++, bits >>= 1) {
		int count = c->count[len];

		code |= (int)(bits & 1);
		if (code - first < count) {
			drop(s, len);
			return c->symbol[index + code - first];
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	fail(s, s->bit_count < MAX_BITS ? -ENODATA : -EINVAL);
	return 0;
}

static inline unsigned decode(struct inflate *s, const struct inflate_code *c)
{
	u16 entry;

	if (s->bit_count < MAX_BITS)
		refill(s);
	entry = c->fast[s->bits & FAST_MASK];
	if (!entry || (entry & 15u) > s->bit_count)
		return decode_slow(s, c);
	drop(s, entry & 15u);
	return entry >> 4;
}

/* ------------------------------------------------------------------------------------------- */
/* Blocks                                                                                        */

static void compressed_data(struct inflate *s)
{
	static const u16 length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
					  15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
					  67, 83, 99, 115, 131, 163, 195, 227, 258};
	static const u8 length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	static const u16 distance_base[] = {1,    2,    3,    4,     5,     7,    9,    13,
					    17,   25,   33,   49,    65,    97,   129,  193,
					    257,  385,  513,  769,   1025,  1537, 2049, 3073,
					    4097, 6145, 8193, 12289, 16385, 24577};

	while (!s->error) {
		unsigned symbol = decode(s, &s->literals), length, distance;

		if (s->error || symbol == END_OF_BLOCK)
			return;
		if (symbol < END_OF_BLOCK) {
			put(s, (u8)symbol);
			continue;
		}
		symbol -= END_OF_BLOCK + 1;
		if (symbol >= ARRAY_SIZE(length_base))
			break;
		length = length_base[symbol] + take(s, length_extra[symbol]);
		symbol = decode(s, &s->distances);
		if (symbol >= ARRAY_SIZE(distance_base))
			break;
		distance = distance_base[symbol] + take(s, symbol < 2 ? 0 : symbol / 2 - 1);
		if (!s->error)
			copy(s, distance, length);
	}
	fail(s, -EINVAL);
}

static void stored_block(struct inflate *s)
{
	u32 len;

	drop(s, s->bit_count & 7);
	len = take(s, 16);
	if (take(s, 16) != (~len & 0xffff))
		fail(s, -EINVAL);
	while (len-- && !s->error) {
		u32 byte = take(s, 8);

		if (!s->error)
			put(s, (u8)byte);
	}
}

static void fixed_block(struct inflate *s)
{
	u8 *lengths = s->lengths;

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	build_code(&s->literals, lengths, 288);
	memset(lengths, 5, 32);
	build_code(&s->distances, lengths, 32);
	compressed_data(s);
}

/* The lengths of both codes, run-length coded, in a code of their own. */
static bool read_lengths(struct inflate *s, unsigned n)
{
	unsigned i = 0;

	while (i < n && !s->error) {
		unsigned symbol = decode(s, &s->literals), repeat;
		u8 value = 0;

		if (symbol < 16) {
			s->lengths[i++] = (u8)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!i)
				return false;
			value = s->lengths[i - 1];
			repeat = 3 + take(s, 2);
		} else {
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		}
		if (repeat > n - i)
			return false;
		memset(s->lengths + i, value, repeat);
		i += repeat;
	}
	return true;
}

static bool read_codes(struct inflate *s)
{
	static const u8 order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					       11, 4,  12, 3, 13, 2, 14, 1, 15};
	unsigned literals = take(s, 5) + 257, distances = take(s, 5) + 1, lengths = take(s, 4) + 4;

	if (literals > LITERALS || distances > DISTANCES)
		return false;
	memset(s->lengths, 0, LENGTH_CODES);
	for (unsigned i = 0; i < lengths; i++)
		s->lengths[order[i]] = (u8)take(s, 3);
	if (s->error || !build_code(&s->literals, s->lengths, LENGTH_CODES))
		return false;
	if (!read_lengths(s, literals + distances) || s->error || !s->lengths[END_OF_BLOCK])
		return false;
	return build_code(&s->literals, s->lengths, literals) &&
	       build_code(&s->distances, s->lengths + literals, distances);
}

static void dynamic_block(struct inflate *s)
{
	if (read_codes(s))
		compressed_data(s);
	else
		fail(s, -EINVAL);
}

static int blocks(struct inflate *s)
{
	bool last = false;

	while (!last && !s->error) {
		last = take(s, 1);
		switch (take(s, 2)) {
		case 0: stored_block(s); break;
		case 1: fixed_block(s); break;
		case 2: dynamic_block(s); break;
		default: fail(s, -EINVAL);
		}
	}
	flush(s);
	return s->error;
}

static void start(struct inflate *s, const struct inflate_io *io)
{
	s->io = *io;
	s->in = s->in_end = NULL;
	s->ended = false;
	s->consumed = 0;
	s->bits = s->bit_count = 0;
	s->window_pos = s->window_flushed = 0;
	s->total = 0;
	s->crc = 0;
	s->error = 0;
}

/* What is left in the bit buffer was not part of the data. */
static int finish(struct inflate *s)
{
	s->consumed -= s->bit_count / 8;
	return s->error;
}

int inflate_raw(struct inflate *s, const struct inflate_io *io)
{
	start(s, io);
	blocks(s);
	return finish(s);
}

/* ------------------------------------------------------------------------------------------- */
/* gzip                                                                                          */

#define FLAG_HEADER_CRC 2u
#define FLAG_EXTRA 4u
#define FLAG_NAME 8u
#define FLAG_COMMENT 16u
#define FLAG_RESERVED 0xE0u

static void skip(struct inflate *s, u32 n)
{
	while (n-- && !s->error)
		take(s, 8);
}

static void skip_string(struct inflate *s)
{
	while (take(s, 8) && !s->error)
		;
}

static void gzip_header(struct inflate *s)
{
	u32 magic = take(s, 16), method = take(s, 8), flags = take(s, 8);

	if (magic != 0x8b1f || method != 8 || (flags & FLAG_RESERVED))
		fail(s, -EINVAL);
	skip(s, 6); /* time, extra flags, system */
	if (flags & FLAG_EXTRA)
		skip(s, take(s, 16));
	if (flags & FLAG_NAME)
		skip_string(s);
	if (flags & FLAG_COMMENT)
		skip_string(s);
	if (flags & FLAG_HEADER_CRC)
		skip(s, 2);
}

static u32 take_u32(struct inflate *s)
{
	u32 low = take(s, 16);

	return low | take(s, 16) << 16;
}

int inflate_gzip(struct inflate *s, const struct inflate_io *io)
{
	u32 crc, length;

	start(s, io);
	gzip_header(s);
	if (s->error || blocks(s))
		return finish(s);
	drop(s, s->bit_count & 7);
	crc = take_u32(s);
	length = take_u32(s);
	if (!s->error && (crc != s->crc || length != (u32)s->total))
		fail(s, -EBADMSG);
	return finish(s);
}
