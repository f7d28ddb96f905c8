/*
 * Hashing of bytes: four at a time, each mixed in by a rotation and a multiplication, and the whole
 * avalanched at the end, so that the low bits are as good as the high ones.
 */
#include "lib/hash.h"
#include "lib/string.h"

static inline u32 rotate(u32 v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline u32 mix(u32 hash, u32 word)
{
	return rotate(hash ^ word, 13) * HASH_MULTIPLIER_32;
}

static inline u32 avalanche(u32 h)
{
	h ^= h >> 16;
	h *= 0x7FEB352Du;
	h ^= h >> 15;
	h *= 0x846CA68Bu;
	return h ^ h >> 16;
}

u32 hash_bytes(const void *data, size_t len, u32 seed)
{
	const u8 *p = data;
	u32 hash = seed ^ (u32)len * HASH_MULTIPLIER_32, word;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, 4);
		hash = mix(hash, word);
	}
	word = 0;
	while (len--)
		word = word << 8 | p[len];
	return avalanche(mix(hash, word));
}

u32 full_name_hash(const void *salt, const char *name, unsigned len)
{
	return hash_bytes(name, len, (u32)(unsigned long)salt);
}
