/*
 * printf: any format that the C library understands too gives the same text and length, cut
 * anywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "lib/printf.h"

#define FORMAT_MAX 40

struct spec {
	char text[FORMAT_MAX];
	unsigned stars; /* 1: width, 2: precision */
	int width, precision;
	char length, conv; /* length: H for hh, L for ll */
};

static void add(struct spec *s, char c)
{
	size_t n = strlen(s->text);

	s->text[n] = c;
	s->text[n + 1] = '\0';
}

static void add_number(struct spec *s, unsigned n)
{
	if (n > 9)
		add(s, (char)('0' + n / 10 % 10));
	add(s, (char)('0' + n % 10));
}

static void pick_format(struct spec *s, struct fuzz_bytes *b)
{
	static const char flags[] = "-+ #0", lengths[] = "\0\0hHlLztj", convs[] = "diuoxXcs%";
	unsigned bits = fuzz_byte(b), dots;

	memset(s, 0, sizeof(*s));
	s->conv = convs[fuzz_below(b, sizeof(convs) - 1)];
	add(s, 'a');
	add(s, '%');
	for (unsigned i = 0; i < 5 && s->conv != '%'; i++)
		if (bits >> i & 1)
			add(s, flags[i]);
	s->width = (int)fuzz_below(b, 70) - 10;
	s->precision = (int)fuzz_below(b, 70) - 10;
	dots = s->conv == '%' ? 0 : fuzz_byte(b);
	if (dots & 1) {
		s->stars |= 1;
		add(s, '*');
	} else if ((dots & 2) && s->width > 0) {
		add_number(s, (unsigned)s->width);
	}
	if (dots & 4) {
		add(s, '.');
		s->stars |= 2;
		add(s, '*');
	} else if ((dots & 8) && s->precision >= 0) {
		add(s, '.');
		add_number(s, (unsigned)s->precision);
	}
	if (!strchr("cs%", s->conv))
		s->length = lengths[fuzz_below(b, sizeof(lengths) - 1)];
	if (s->length == 'H' || s->length == 'L') {
		add(s, s->length == 'H' ? 'h' : 'l');
		add(s, s->length == 'H' ? 'h' : 'l');
	} else if (s->length) {
		add(s, s->length);
	}
	add(s, s->conv);
	add(s, 'z');
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* The call with the argument types that the format says. */
#define CALL(fn) \
	do { \
		if (s->conv == 's') \
			ARGS(fn, text); \
		if (s->conv == '%') \
			return fn(buf, size, s->text); \
		switch (s->length) { \
		case 'l': ARGS(fn, (long)value); \
		case 'L': ARGS(fn, (long long)value); \
		case 'z': ARGS(fn, (size_t)value); \
		case 't': ARGS(fn, (ptrdiff_t)value); \
		case 'j': ARGS(fn, (intmax_t)value); \
		default: ARGS(fn, (int)value); \
		} \
	} while (0)
#define ARGS(fn, last) \
	do { \
		if (s->stars == 3) \
			return fn(buf, size, s->text, s->width, s->precision, last); \
		if (s->stars == 2) \
			return fn(buf, size, s->text, s->precision, last); \
		if (s->stars == 1) \
			return fn(buf, size, s->text, s->width, last); \
		return fn(buf, size, s->text, last); \
	} while (0)

static int ours(char *buf, size_t size, const struct spec *s, uint64_t value, const char *text)
{
	CALL(kernel_snprintf);
}

#undef snprintf
static int libcs(char *buf, size_t size, const struct spec *s, uint64_t value, const char *text)
{
	CALL(snprintf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = {data, size};
	char want[512], have[512], text[40];
	struct spec s;
	uint64_t value = 0;
	size_t cut;
	int n;

	pick_format(&s, &b);
	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | fuzz_byte(&b);
	cut = fuzz_below(&b, sizeof(have));
	memset(text, 0, sizeof(text));
	memcpy(text, b.at, MIN(b.left, sizeof(text) - 1));
	memset(want, '?', sizeof(want));
	memset(have, '?', sizeof(have));
	n = libcs(want, cut, &s, value, text);
	FUZZ_MUST(ours(have, cut, &s, value, text) == n);
	FUZZ_MUST(!memcmp(want, have, sizeof(want)));
	return 0;
}
