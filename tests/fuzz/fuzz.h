/*
 * What the fuzz targets share: the entry points of libFuzzer, an assertion that it sees, bytes as
 * choices, and the simulated machine for those that need it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

/* <stdlib.h> and Linux's headers define some types twice. */
int dprintf(int fd, const char *fmt, ...);
void abort(void);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FUZZ_MUST(condition) \
	do { \
		if (!(condition)) { \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};
static inline uint8_t fuzz_byte(struct fuzz_bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}
static inline uint32_t fuzz_below(struct fuzz_bytes *b, uint32_t n)
{
	uint32_t value = fuzz_byte(b);

	return (n > 256 ? value << 8 | fuzz_byte(b) : value) % n;
}

#endif
