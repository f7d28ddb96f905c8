/* The string functions that C does not have, for the machine and for the host. */
#include "lib/ctype.h"
#include "lib/string.h"
#include <linux/errno.h>

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size);

	if (n < size) {
		memcpy(to, from, n + 1);
		return (ssize_t)n;
	}
	if (size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
	}
	return -E2BIG;
}

void *memchr_inv(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

char *strim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((u8)end[-1]))
		end--;
	*end = '\0';
	while (isspace((u8)*s))
		s++;
	return s;
}
