/*
 * Decompression of deflate data (RFC 1951) in a gzip wrapper (RFC 1952), from one callback to
 * another: nothing is needed in one piece. The input is never trusted: whatever it says, no access
 * leaves the state, and it ends with an error.
 */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include "types.h"

#define INFLATE_WINDOW 32768u

struct inflate_io {
	/* Point *@data to more input: its length, 0 at the end, or -errno, which is handed on. */
	ssize_t (*fill)(void *arg, const u8 **data);
	/* Take @len bytes of output: 0, or -errno, which is handed on. */
	int (*flush)(void *arg, const u8 *data, size_t len);
	void *arg;
};

#define INFLATE_FAST_BITS 9

/* A Huffman code: how many symbols of each length, the symbols in the order of their codes, and a
 * table for the short ones: symbol << 4 | length, 0: longer than the table. */
struct inflate_code {
	u16 count[16];
	u16 symbol[288];
	u16 fast[1 << INFLATE_FAST_BITS];
};

/* Working memory, 36 KB: the caller provides it, contents any. */
struct inflate {
	struct inflate_io io;
	const u8 *in, *in_end;
	bool ended;
	u64 consumed; /* bytes of input used */
	u32 bits, bit_count;
	u32 window_pos;     /* where the next byte goes */
	u32 window_flushed; /* output before it is delivered */
	u64 total;          /* bytes of output, this member */
	u32 crc;
	int error;
	struct inflate_code literals, distances;
	u8 lengths[320];
	u8 window[INFLATE_WINDOW];
};

/* Raw deflate data, to the end of its last block: 0; -EINVAL: damaged; -ENODATA: it ends early;
 * or the error of a callback. */
int inflate_raw(struct inflate *s, const struct inflate_io *io);
/*
 * One gzip member, length and CRC checked: the same errors, -EBADMSG for a wrong checksum.
 * s->consumed tells how many bytes of input it was (a cpio archive may follow).
 */
int inflate_gzip(struct inflate *s, const struct inflate_io *io);

#endif
