/*
 * Numbers from text. The kstrto functions take the whole string (a newline at its end is allowed,
 * for writes to /proc and /sys): 0, -EINVAL if it is not a number, -ERANGE if it does not fit.
 * Base 0: 0x is hexadecimal, a leading 0 octal, else decimal; base 16 accepts 0x too.
 */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "types.h"

int __must_check kstrtou64(const char *s, unsigned base, u64 *out);
int __must_check kstrtos64(const char *s, unsigned base, s64 *out);
int __must_check kstrtoul(const char *s, unsigned base, unsigned long *out);
int __must_check kstrtol(const char *s, unsigned base, long *out);
int __must_check kstrtouint(const char *s, unsigned base, unsigned *out);
int __must_check kstrtoint(const char *s, unsigned base, int *out);
/* "1" "y" "on", "0" "n" "off" and their upper case. */
int __must_check kstrtobool(const char *s, bool *out);

/* The number that @s begins with; *@end (may be NULL) points behind it, to @s if there is none.
 * Saturates at the largest u64. */
u64 parse_u64(const char *s, const char **end, unsigned base);

/*
 * A size: a number with a suffix K, M, G, T, P or E (binary, either case): "64M". *@end as above.
 */
u64 memparse(const char *s, const char **end);

#endif
