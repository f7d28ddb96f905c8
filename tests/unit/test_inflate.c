/*
 * Inflate against gzip(1): what it packs comes back, at every level, from input in pieces of any
 * size; and whatever is done to the input, the decompressor ends without touching foreign memory
 * (the sanitizers watch) and without an endless loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/inflate.h"
#include <linux/errno.h>

#define MAX_SIZE (512u << 10)
#define OUTPUT_LIMIT (4u << 20)

static u8 plain[MAX_SIZE], packed[MAX_SIZE + 1024];

struct stream {
	const u8 *in;
	size_t in_len, piece;
	u8 *out;
	size_t out_len, out_size;
	int fill_error, flush_error;
};

static ssize_t fill(void *arg, const u8 **data)
{
	struct stream *s = arg;
	size_t n = MIN(s->in_len, s->piece);

	if (!n)
		return s->fill_error;
	*data = s->in;
	s->in += n;
	s->in_len -= n;
	return (ssize_t)n;
}

static int flush(void *arg, const u8 *data, size_t len)
{
	struct stream *s = arg;

	if (s->flush_error)
		return s->flush_error;
	if (len > s->out_size - s->out_len)
		return -EFBIG;
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
	return 0;
}

static int unpack(struct stream *s, const u8 *in, size_t len, size_t piece, u64 *consumed)
{
	struct inflate *state = malloc(sizeof(*state));
	const struct inflate_io io = {fill, flush, s};
	int error;

	assert_non_null(state);
	memset(state, 0x5a, sizeof(*state));
	s->in = in;
	s->in_len = len;
	s->piece = piece;
	s->out_len = 0;
	error = inflate_gzip(state, &io);
	if (consumed)
		*consumed = state->consumed;
	free(state);
	return error;
}

static size_t pack(size_t len, int level)
{
	char name[] = "/tmp/test_inflate_XXXXXX", command[80];
	int fd = mkstemp(name);
	FILE *pipe;
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, plain, len), (ssize_t)len);
	close(fd);
	snprintf(command, sizeof(command), "gzip -%dc %s", level, name);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(packed, 1, sizeof(packed), pipe);
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	return n;
}

/* Contents of different kinds: text, zeros, noise, long matches far apart. */
static size_t make_plain(int kind)
{
	static const char *const words[] = {"page ", "frame ", "zone ", "high ",
					    "low ",  "kmap ",  "\n",    "the "};
	size_t n = 0, len = kind == 4 ? 0 : kind == 5 ? 1 : MAX_SIZE - 4096 - (size_t)rand() % 4096;

	while (n < len) {
		const char *word = words[rand() % 8];

		switch (kind) {
		case 0:
			for (; *word && n < len; word++)
				plain[n++] = (u8)*word;
			break;
		case 1: plain[n++] = 0; break;
		case 2: plain[n++] = (u8)rand(); break;
		default:
			plain[n] = n < 40000 ? (u8)rand() : plain[n - 32768];
			n++;
			break;
		}
	}
	return len;
}

static void test_what_gzip_packs_comes_back(void **state)
{
	struct stream s = {.out = malloc(MAX_SIZE), .out_size = MAX_SIZE};

	(void)state;
	srand(1);
	for (int kind = 0; kind < 6; kind++) {
		for (int level = 1; level <= 9; level += 4) {
			static const size_t pieces[] = {1, 7, 4096, ~(size_t)0};
			size_t len = make_plain(kind), packed_len = pack(len, level);

			memset(packed + packed_len, 'T', 16); /* what follows must not be eaten */
			for (unsigned p = 0; p < ARRAY_SIZE(pieces); p++) {
				u64 consumed;

				assert_int_equal(
					unpack(&s, packed, packed_len + 16, pieces[p], &consumed),
					0);
				assert_int_equal(consumed, packed_len);
				assert_int_equal(s.out_len, len);
				assert_memory_equal(s.out, plain, len);
			}
		}
	}
	free(s.out);
}

static void test_every_truncation_is_an_error(void **state)
{
	struct stream s = {.out = malloc(MAX_SIZE), .out_size = MAX_SIZE};
	size_t len;

	(void)state;
	srand(2);
	memcpy(plain, "a text that is not too long, a text that is not too long at all", 64);
	len = pack(64, 9);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(unpack(&s, packed, cut, ~(size_t)0, NULL), -ENODATA);
	free(s.out);
}

static void test_damaged_input_ends_with_an_error_or_clean(void **state)
{
	struct stream s = {.out = malloc(OUTPUT_LIMIT), .out_size = OUTPUT_LIMIT};
	int errors = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < 3000; round++) {
		static u8 damaged[sizeof(packed)];
		static size_t packed_len;

		if (round % 100 == 0) {
			make_plain(round / 100 % 2 ? 0 : 3);
			packed_len = pack(2000 + (size_t)rand() % 60000, 1 + rand() % 9);
		}
		memcpy(damaged, packed, packed_len);
		for (int hits = 1 + rand() % 4; hits; hits--)
			damaged[10 + (size_t)rand() % (packed_len - 10)] ^= (u8)(1 << rand() % 8);
		errors += unpack(&s, damaged, packed_len, ~(size_t)0, NULL) != 0;
	}
	assert_true(errors > 2900); /* two flips may cancel out; nothing else passes the checksum */
	free(s.out);
}

static void test_noise_behind_a_valid_header(void **state)
{
	struct stream s = {.out = malloc(OUTPUT_LIMIT), .out_size = OUTPUT_LIMIT};

	(void)state;
	srand(4);
	for (int round = 0; round < 20000; round++) {
		u8 noise[300] = {0x1f, 0x8b, 8, (u8)(round % 32)};

		for (unsigned i = 10; i < sizeof(noise); i++)
			noise[i] = (u8)rand();
		assert_int_not_equal(unpack(&s, noise, sizeof(noise), 64, NULL), 0);
	}
	free(s.out);
}

static void test_errors_of_the_callbacks_are_handed_on(void **state)
{
	struct stream s = {.out = malloc(MAX_SIZE), .out_size = MAX_SIZE, .fill_error = -EIO};
	size_t len;

	(void)state;
	srand(5);
	len = pack(make_plain(0), 6);
	assert_int_equal(unpack(&s, packed, len / 2, 100, NULL), -EIO);
	s.flush_error = -ENOSPC;
	assert_int_equal(unpack(&s, packed, len, 100, NULL), -ENOSPC);
	free(s.out);
}

static void test_headers(void **state)
{
	struct stream s = {.out = malloc(MAX_SIZE), .out_size = MAX_SIZE};
	u8 with_all[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03"
			"\x02\0xy"
			"name\0"
			"comment\0"
			"\0\0"
			"\x03\0"
			"\0\0\0\0"
			"\0\0\0\0";

	(void)state;
	assert_int_equal(unpack(&s, with_all, sizeof(with_all) - 1, 3, NULL), 0);
	assert_int_equal(s.out_len, 0);
	with_all[sizeof(with_all) - 2] = 1; /* the length */
	assert_int_equal(unpack(&s, with_all, sizeof(with_all) - 1, 3, NULL), -EBADMSG);
	with_all[2] = 7;
	assert_int_equal(unpack(&s, with_all, sizeof(with_all) - 1, 3, NULL), -EINVAL);
	assert_int_equal(unpack(&s, (const u8 *)"070701", 6, 3, NULL), -EINVAL);
	free(s.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_gzip_packs_comes_back),
		cmocka_unit_test(test_every_truncation_is_an_error),
		cmocka_unit_test(test_damaged_input_ends_with_an_error_or_clean),
		cmocka_unit_test(test_noise_behind_a_valid_header),
		cmocka_unit_test(test_errors_of_the_callbacks_are_handed_on),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
