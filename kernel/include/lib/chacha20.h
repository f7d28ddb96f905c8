/* The ChaCha20 block function (RFC 8439): the kernel's random generator runs on it. */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include "types.h"

#define CHACHA20_KEY_SIZE 32
#define CHACHA20_BLOCK_SIZE 64

/* 4 constant words, 8 of key, 1 block counter, 3 of nonce. */
struct chacha20 {
	u32 state[16];
};

void chacha20_init(struct chacha20 *c, const u8 key[CHACHA20_KEY_SIZE], u32 counter,
		   const u8 nonce[12]);
/* The next 64 bytes of the key stream; advances the counter. */
void chacha20_block(struct chacha20 *c, u8 out[CHACHA20_BLOCK_SIZE]);

#endif
