/*
 * Formatted text. One pass over the format: each conversion is parsed into a struct spec, then
 * printed by its kind. Output beyond the buffer is counted, not stored.
 */
#include "lib/printf.h"
#include "lib/ctype.h"
#include "lib/div64.h"
#include "lib/ksym.h"
#include "lib/string.h"
#include <limits.h>

#ifdef ISTHMUS_KERNEL
const char *(*printf_symbol)(char *name, unsigned long addr, unsigned long *offset) = ksym_lookup;
#else
const char *(*printf_symbol)(char *name, unsigned long addr, unsigned long *offset);
#endif

#define FLAG_LEFT 1u
#define FLAG_PLUS 2u
#define FLAG_SPACE 4u
#define FLAG_ALT 8u
#define FLAG_ZERO 16u
#define FLAG_UPPER 32u
#define FLAG_SIGNED 64u

struct output {
	char *buf;
	size_t size; /* without the NUL */
	size_t len;  /* wanted, may be larger */
};

struct spec {
	unsigned flags;
	unsigned base;
	int width;
	int precision; /* -1: none given */
	char length;   /* 'H' for hh, 'L' for ll */
};

static void put_text(struct output *o, const char *text, size_t n)
{
	if (o->len < o->size)
		memcpy(o->buf + o->len, text, MIN(n, o->size - o->len));
	o->len += n;
}

static void put_fill(struct output *o, char c, int n)
{
	if (n <= 0)
		return;
	if (o->len < o->size)
		memset(o->buf + o->len, c, MIN((size_t)n, o->size - o->len));
	o->len += (size_t)n;
}

static void put_padded(struct output *o, const struct spec *spec, const char *text, size_t n)
{
	int fill = spec->width > (int)n ? spec->width - (int)n : 0;

	if (!(spec->flags & FLAG_LEFT))
		put_fill(o, ' ', fill);
	put_text(o, text, n);
	if (spec->flags & FLAG_LEFT)
		put_fill(o, ' ', fill);
}

/* The digits of @v end at @end: where they begin. No digit for 0. */
static char *format_decimal(char *end, u64 v)
{
	u32 low;

	while (v >> 32) { /* nine digits at a time: one division of 64 bits */
		u32 chunk;

		v = div_u64_rem(v, 1000000000, &chunk);
		for (int i = 0; i < 9; i++, chunk /= 10)
			*--end = (char)('0' + chunk % 10);
	}
	for (low = (u32)v; low; low /= 10)
		*--end = (char)('0' + low % 10);
	return end;
}

static char *format_power_of_2(char *end, u64 v, unsigned shift, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; v; v >>= shift)
		*--end = digits[v & ((1u << shift) - 1)];
	return end;
}

static size_t number_prefix(char *prefix, const struct spec *spec, bool negative, u64 v)
{
	size_t n = 0;

	if (negative)
		prefix[n++] = '-';
	else if ((spec->flags & (FLAG_SIGNED | FLAG_PLUS)) == (FLAG_SIGNED | FLAG_PLUS))
		prefix[n++] = '+';
	else if ((spec->flags & (FLAG_SIGNED | FLAG_SPACE)) == (FLAG_SIGNED | FLAG_SPACE))
		prefix[n++] = ' ';
	if (spec->base == 16 && (spec->flags & FLAG_ALT) && v) {
		prefix[n++] = '0';
		prefix[n++] = spec->flags & FLAG_UPPER ? 'X' : 'x';
	}
	return n;
}

static void put_number(struct output *o, const struct spec *spec, u64 v)
{
	char buf[24], prefix[3], *end = buf + sizeof(buf), *digits;
	bool negative = (spec->flags & FLAG_SIGNED) && (s64)v < 0;
	int count, zeros, fill, prefix_len;

	if (negative)
		v = -v;
	if (spec->base == 10)
		digits = format_decimal(end, v);
	else
		digits = format_power_of_2(end, v, spec->base == 16 ? 4 : 3,
					   spec->flags & FLAG_UPPER);
	count = (int)(end - digits);
	prefix_len = (int)number_prefix(prefix, spec, negative, v);

	zeros = MAX((spec->precision < 0 ? 1 : spec->precision) - count, 0);
	if (spec->base == 8 && (spec->flags & FLAG_ALT) && !zeros && (v || spec->precision == 0))
		zeros = 1;
	fill = MAX(spec->width - count - zeros - prefix_len, 0);
	if ((spec->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO && spec->precision < 0) {
		zeros += fill;
		fill = 0;
	}
	if (!(spec->flags & FLAG_LEFT))
		put_fill(o, ' ', fill);
	put_text(o, prefix, (size_t)prefix_len);
	put_fill(o, '0', zeros);
	put_text(o, digits, (size_t)count);
	if (spec->flags & FLAG_LEFT)
		put_fill(o, ' ', fill);
}

static void put_string(struct output *o, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	put_padded(o, spec, s,
		   spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
}

static void put_pointer(struct output *o, const struct spec *spec, const void *p)
{
	struct spec number = {.flags = spec->flags & FLAG_LEFT,
			      .base = 16,
			      .width = spec->width,
			      .precision = 2 * sizeof(p)};

	put_number(o, &number, (unsigned long)p);
}

static void put_symbol(struct output *o, const struct spec *spec, const void *p, bool with_offset)
{
	char text[KSYM_NAME_SIZE + 16], buffer[KSYM_NAME_SIZE];
	unsigned long offset = 0;
	const char *name = printf_symbol ? printf_symbol(buffer, (unsigned long)p, &offset) : NULL;
	int n;

	if (name && with_offset)
		n = scnprintf(text, sizeof(text), "%s+0x%lx", name, offset);
	else if (name)
		n = scnprintf(text, sizeof(text), "%s", name);
	else
		n = scnprintf(text, sizeof(text), "0x%lx", (unsigned long)p);
	put_padded(o, spec, text, (size_t)n);
}

static const char *parse_number(const char *fmt, int *number)
{
	unsigned n = 0;

	for (; isdigit((u8)*fmt); fmt++)
		n = n < INT_MAX / 10 - 1 ? n * 10 + (unsigned)(*fmt - '0') : INT_MAX / 10;
	*number = (int)n;
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': spec->flags |= FLAG_LEFT; break;
		case '+': spec->flags |= FLAG_PLUS; break;
		case ' ': spec->flags |= FLAG_SPACE; break;
		case '#': spec->flags |= FLAG_ALT; break;
		case '0': spec->flags |= FLAG_ZERO; break;
		default: return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	switch (*fmt) {
	case 'h':
	case 'l':
		spec->length = *fmt++;
		if (*fmt == spec->length) {
			spec->length = spec->length == 'h' ? 'H' : 'L';
			fmt++;
		}
		break;
	case 'z':
	case 't':
	case 'j':
	case 'q': spec->length = *fmt++; break;
	}
	return fmt;
}

static u64 narrow(u64 v, const struct spec *spec, size_t size)
{
	unsigned drop = 64 - 8 * (unsigned)size;

	return spec->flags & FLAG_SIGNED ? (u64)((s64)(v << drop) >> drop) : v << drop >> drop;
}

/* A pointer to the arguments: an array type of va_list would else be copied. */
struct arguments {
	va_list list;
};

static u64 next_number(struct arguments *args, const struct spec *spec)
{
	switch (spec->length) {
	case 'L':
	case 'j':
	case 'q': return va_arg(args->list, u64);
	case 'l': return narrow(va_arg(args->list, unsigned long), spec, sizeof(long));
	case 'z':
	case 't': return narrow(va_arg(args->list, size_t), spec, sizeof(size_t));
	case 'h': return narrow(va_arg(args->list, unsigned), spec, sizeof(short));
	case 'H': return narrow(va_arg(args->list, unsigned), spec, sizeof(char));
	default: return narrow(va_arg(args->list, unsigned), spec, sizeof(int));
	}
}

static const char *parse_width(const char *fmt, struct spec *spec, struct arguments *args)
{
	if (*fmt == '*') {
		spec->width = va_arg(args->list, int);
		if (spec->width < 0) {
			spec->flags |= FLAG_LEFT;
			spec->width = spec->width == INT_MIN ? 0 : -spec->width;
		}
		fmt++;
	} else {
		fmt = parse_number(fmt, &spec->width);
	}
	if (*fmt != '.')
		return fmt;
	fmt++;
	if (*fmt == '*') {
		spec->precision = va_arg(args->list, int);
		if (spec->precision < 0)
			spec->precision = -1;
		return fmt + 1;
	}
	return parse_number(fmt, &spec->precision);
}

static bool is_number(char conversion, struct spec *spec)
{
	spec->base = 10;
	switch (conversion) {
	case 'd':
	case 'i': spec->flags |= FLAG_SIGNED; return true;
	case 'u': return true;
	case 'o': spec->base = 8; return true;
	case 'X': spec->flags |= FLAG_UPPER; __attribute__((fallthrough));
	case 'x': spec->base = 16; return true;
	default: return false;
	}
}

/* Print the conversion that begins behind the % at @fmt; where the format goes on. */
static const char *convert(struct output *o, const char *fmt, struct arguments *args)
{
	struct spec spec = {.precision = -1};
	const char *start = fmt;
	char c;

	fmt = parse_flags(fmt, &spec);
	fmt = parse_width(fmt, &spec, args);
	fmt = parse_length(fmt, &spec);
	if (is_number(*fmt, &spec)) {
		put_number(o, &spec, next_number(args, &spec));
		return fmt + 1;
	}
	switch (*fmt) {
	case 's': put_string(o, &spec, va_arg(args->list, const char *)); return fmt + 1;
	case 'c':
		c = (char)va_arg(args->list, int);
		put_padded(o, &spec, &c, 1);
		return fmt + 1;
	case 'p':
		if (fmt[1] == 'S' || fmt[1] == 's') {
			put_symbol(o, &spec, va_arg(args->list, const void *), fmt[1] == 'S');
			return fmt + 2;
		}
		put_pointer(o, &spec, va_arg(args->list, const void *));
		return fmt + 1;
	case '%': put_text(o, "%", 1); return fmt + 1;
	default: put_text(o, "%", 1); return start;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list list)
{
	struct output o = {.buf = buf, .size = size ? size - 1 : 0};
	struct arguments args;

	va_copy(args.list, list);
	while (*fmt) {
		const char *text = fmt;

		while (*fmt && *fmt != '%')
			fmt++;
		if (fmt > text)
			put_text(&o, text, (size_t)(fmt - text));
		if (*fmt)
			fmt = convert(&o, fmt + 1, &args);
	}
	va_end(args.list);
	if (size)
		buf[MIN(o.len, o.size)] = '\0';
	return o.len > INT_MAX ? INT_MAX : (int)o.len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	if ((size_t)n < size)
		return n;
	return size ? (int)size - 1 : 0;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
