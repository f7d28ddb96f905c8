/*
 * ChaCha20: 20 rounds, 10 times over the columns and the diagonals of a 4x4 square. RFC 8439, 2.3
 */
#include "lib/chacha20.h"
#include "lib/string.h"

static inline u32 rotate(u32 v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	/* In locals: each word is read and written once. */
	u32 p = x[a], q = x[b], r = x[c], s = x[d];

	p += q;
	s = rotate(s ^ p, 16);
	r += s;
	q = rotate(q ^ r, 12);
	p += q;
	s = rotate(s ^ p, 8);
	r += s;
	q = rotate(q ^ r, 7);
	x[a] = p;
	x[b] = q;
	x[c] = r;
	x[d] = s;
}

static void double_round(u32 *x)
{
	quarter_round(x, 0, 4, 8, 12);
	quarter_round(x, 1, 5, 9, 13);
	quarter_round(x, 2, 6, 10, 14);
	quarter_round(x, 3, 7, 11, 15);
	quarter_round(x, 0, 5, 10, 15);
	quarter_round(x, 1, 6, 11, 12);
	quarter_round(x, 2, 7, 8, 13);
	quarter_round(x, 3, 4, 9, 14);
}

/* The words are little-endian, as the machine is. */
void chacha20_init(struct chacha20 *c, const u8 key[CHACHA20_KEY_SIZE], u32 counter,
		   const u8 nonce[12])
{
	memcpy(&c->state[0], "expand 32-byte k", 16);
	memcpy(&c->state[4], key, CHACHA20_KEY_SIZE);
	c->state[12] = counter;
	memcpy(&c->state[13], nonce, 12);
}

void chacha20_block(struct chacha20 *c, u8 out[CHACHA20_BLOCK_SIZE])
{
	u32 x[16];

	memcpy(x, c->state, sizeof(x));
	for (int i = 0; i < 10; i++)
		double_round(x);
	for (int i = 0; i < 16; i++)
		x[i] += c->state[i];
	memcpy(out, x, sizeof(x));
	c->state[12]++;
}
