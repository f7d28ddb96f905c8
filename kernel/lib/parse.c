/* Numbers from text. Everything goes through parse_digits(); the rest checks ends and ranges. */
#include "lib/parse.h"
#include "lib/ctype.h"
#include "lib/string.h"
#include <limits.h>
#include <linux/errno.h>

static unsigned digit_value(char c)
{
	if (isdigit((u8)c))
		return (unsigned)(c - '0');
	if (isalpha((u8)c))
		return (unsigned)(tolower((u8)c) - 'a' + 10);
	return ~0u;
}

static const char *skip_prefix(const char *s, unsigned *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* Where the digits end; @s itself: there are none. *overflow is only ever set. */
static const char *parse_digits(const char *s, unsigned base, u64 *out, bool *overflow)
{
	const char *p = skip_prefix(s, &base), *digits = p;
	u64 v = 0;

	for (; digit_value(*p) < base; p++)
		if (__builtin_mul_overflow(v, (u64)base, &v) ||
		    __builtin_add_overflow(v, (u64)digit_value(*p), &v))
			*overflow = true;
	*out = *overflow ? ~0ULL : v;
	return p == digits ? s : p;
}

static bool at_end(const char *s)
{
	return !*s || (*s == '\n' && !s[1]);
}

int kstrtou64(const char *s, unsigned base, u64 *out)
{
	bool overflow = false;
	const char *end;
	u64 v;

	if (*s == '+')
		s++;
	end = parse_digits(s, base, &v, &overflow);
	if (end == s || !at_end(end))
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	*out = v;
	return 0;
}

int kstrtos64(const char *s, unsigned base, s64 *out)
{
	bool negative = *s == '-';
	int error;
	u64 v;

	if (negative && s[1] == '+')
		return -EINVAL;
	error = kstrtou64(negative ? s + 1 : s, base, &v);
	if (error)
		return error;
	if (v > (u64)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (s64)-v : (s64)v;
	return 0;
}

#define DEFINE_UNSIGNED(name, type, max) \
	int name(const char *s, unsigned base, type *out) \
	{ \
		u64 v; \
		int error = kstrtou64(s, base, &v); \
\
		if (error) \
			return error; \
		if (v > (max)) \
			return -ERANGE; \
		*out = (type)v; \
		return 0; \
	}

#define DEFINE_SIGNED(name, type, min, max) \
	int name(const char *s, unsigned base, type *out) \
	{ \
		s64 v; \
		int error = kstrtos64(s, base, &v); \
\
		if (error) \
			return error; \
		if (v < (min) || v > (max)) \
			return -ERANGE; \
		*out = (type)v; \
		return 0; \
	}

DEFINE_UNSIGNED(kstrtoul, unsigned long, ULONG_MAX)
DEFINE_UNSIGNED(kstrtouint, unsigned, UINT_MAX)
DEFINE_SIGNED(kstrtol, long, LONG_MIN, LONG_MAX)
DEFINE_SIGNED(kstrtoint, int, INT_MIN, INT_MAX)

int kstrtobool(const char *s, bool *out)
{
	switch (tolower((u8)s[0])) {
	case '1':
	case 'y':
	case 't': *out = true; return 0;
	case '0':
	case 'n':
	case 'f': *out = false; return 0;
	case 'o':
		if (tolower((u8)s[1]) == 'n' || tolower((u8)s[1]) == 'f') {
			*out = tolower((u8)s[1]) == 'n';
			return 0;
		}
	}
	return -EINVAL;
}

u64 parse_u64(const char *s, const char **end, unsigned base)
{
	bool overflow = false;
	u64 v;
	const char *p = parse_digits(s, base, &v, &overflow);

	if (end)
		*end = p;
	return v;
}

u64 memparse(const char *s, const char **end)
{
	static const char suffixes[] = "kmgtpe";
	const char *p, *suffix;
	u64 v = parse_u64(s, &p, 0);

	suffix = *p && p != s ? strchr(suffixes, tolower((u8)*p)) : NULL;
	if (suffix) {
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);

		v = v > ~0ULL >> shift ? ~0ULL : v << shift;
		p++;
	}
	if (end)
		*end = p;
	return v;
}
