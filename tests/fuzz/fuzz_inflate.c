/*
 * Decompression of whatever it gets: it ends, stays inside its memory (ASan), and neither how the
 * input is cut into pieces nor what was in its memory makes a difference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/inflate.h"
#include <linux/errno.h>

#define OUTPUT_MAX (1u << 19)

struct run {
	const uint8_t *data;
	size_t left, piece;
	uint64_t length, hash;
};

static ssize_t fill(void *arg, const u8 **data)
{
	struct run *r = arg;
	size_t n = MIN(r->left, r->piece);

	*data = r->data;
	r->data += n;
	r->left -= n;
	return (ssize_t)n;
}

static int flush(void *arg, const u8 *data, size_t len)
{
	struct run *r = arg;

	for (size_t i = 0; i < len; i++)
		r->hash = (r->hash ^ data[i]) * 1099511628211ull;
	r->length += len;
	return r->length > OUTPUT_MAX ? -ENOSPC : 0;
}

static int run(struct run *r, const uint8_t *data, size_t size, bool gzip, int pattern)
{
	static struct inflate state, *z = &state;
	struct inflate_io io = {fill, flush, r};
	int err;

	memset(z, pattern, sizeof(*z));
	r->data = data;
	r->left = size;
	err = gzip ? inflate_gzip(z, &io) : inflate_raw(z, &io);
	FUZZ_MUST(err || !gzip || z->consumed <= size);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole = {.piece = size + 1}, pieces = {0};
	bool gzip;
	int err;

	if (size < 2)
		return 0;
	gzip = data[0] & 1;
	pieces.piece = 1 + data[0] / 2;
	err = run(&whole, data + 1, size - 1, gzip, 0);
	FUZZ_MUST(run(&pieces, data + 1, size - 1, gzip, 0xa5) == err);
	FUZZ_MUST(err == -ENOSPC || (whole.length == pieces.length && whole.hash == pieces.hash));
	return 0;
}
