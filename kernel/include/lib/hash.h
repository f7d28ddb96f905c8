/*
 * Hashes for tables in memory (never stored, so they may change), and the CRC of gzip and ZIP.
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "types.h"

/* Multiplication by 2^n / golden ratio: the high bits depend on all bits of the value. */
#define HASH_MULTIPLIER_32 0x61C88647u
#define HASH_MULTIPLIER_64 0x61C8864680B583EBull

/* 0 .. 2^bits - 1, bits 1..32 */
static inline u32 hash_32(u32 v, unsigned bits)
{
	return v * HASH_MULTIPLIER_32 >> (32 - bits);
}

static inline u32 hash_64(u64 v, unsigned bits)
{
	/* two multiplications of 32 bits: 64 would cost three and an addition chain */
	return hash_32((u32)v ^ hash_32((u32)(v >> 32), 32), bits);
}

static inline u32 hash_long(unsigned long v, unsigned bits)
{
	return sizeof(v) == 4 ? hash_32((u32)v, bits) : hash_64(v, bits);
}

static inline u32 hash_ptr(const void *p, unsigned bits)
{
	return hash_long((unsigned long)p, bits);
}

/* A name of @len bytes; @salt: the parent directory, a secret. All 32 bits are good. */
u32 full_name_hash(const void *salt, const char *name, unsigned len);
/* Any bytes, with a seed. */
u32 hash_bytes(const void *data, size_t len, u32 seed);

/* CRC-32 (ISO 3309, gzip). @crc: 0 at first, then the result so far. */
u32 crc32(u32 crc, const void *data, size_t len);

#endif
