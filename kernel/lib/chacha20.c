/* ChaCha20: 20 rounds, 10 times over the columns and the diagonals of a 4x4 square. RFC 8439, 2.3 */
#include "lib/chacha20.h"
#include "lib/string.h"

static inline u32 rotate(u32 v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void double_round(u32 *x)
{
	for (unsigned i = 0; i < 4; i++)
		quarter_round(x, i, 4 + i, 8 + i, 12 + i);
	for (unsigned i = 0; i < 4; i++)
		quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
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
