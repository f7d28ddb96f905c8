/*
 * The kernel's own memory and string functions, which a host build does not use, against
 * the C library's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/ctype.h"
#include "lib/string.h"

/* What the C library says, before the names are taken. */
static int libc_sign(int v)
{
	return (v > 0) - (v < 0);
}
static int libc_strcmp(const char *a, const char *b)
{
	return libc_sign(strcmp(a, b));
}
static int libc_strncmp(const char *a, const char *b, size_t n)
{
	return libc_sign(strncmp(a, b, n));
}
static int libc_strncasecmp(const char *a, const char *b, size_t n)
{
	return libc_sign(strncasecmp(a, b, n));
}
static int libc_memcmp(const void *a, const void *b, size_t n)
{
	return libc_sign(memcmp(a, b, n));
}
static size_t libc_strlen(const char *s)
{
	return strlen(s);
}
static char *libc_strchr(const char *s, int c)
{
	return strchr(s, c);
}
static char *libc_strrchr(const char *s, int c)
{
	return strrchr(s, c);
}
static char *libc_strstr(const char *s, const char *part)
{
	return strstr(s, part);
}
static size_t libc_strspn(const char *s, const char *set)
{
	return strspn(s, set);
}
static size_t libc_strcspn(const char *s, const char *set)
{
	return strcspn(s, set);
}
static void *libc_memchr(const void *s, int c, size_t n)
{
	return memchr(s, c, n);
}
static void libc_memmove(void *to, const void *from, size_t n)
{
	memmove(to, from, n);
}
static void libc_memset(void *to, int c, size_t n)
{
	memset(to, c, n);
}

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused-function"
#define memcpy ours_memcpy
#define memmove ours_memmove
#define memset ours_memset
#define memcmp ours_memcmp
#define memchr ours_memchr
#define strlen ours_strlen
#define strnlen ours_strnlen
#define strcmp ours_strcmp
#define strncmp ours_strncmp
#define strcasecmp ours_strcasecmp
#define strncasecmp ours_strncasecmp
#define strchr ours_strchr
#define strchrnul ours_strchrnul
#define strrchr ours_strrchr
#define strstr ours_strstr
#define strspn ours_strspn
#define strcspn ours_strcspn
#define strpbrk ours_strpbrk
#define strsep ours_strsep

#include "lib/memory.c"
#include "lib/string.c"

static void random_string(char *s, size_t max)
{
	size_t n = (size_t)rand() % max;

	for (size_t i = 0; i < n; i++)
		s[i] = "abAB\xe4"[rand() % 5];
	s[n] = '\0';
}

static void test_strings_match_libc(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 100000; round++) {
		char a[20], b[6];
		size_t n = (size_t)rand() % 20;
		int c = "abAB\xe4\0z"[rand() % 7];

		random_string(a, sizeof(a));
		random_string(b, sizeof(b));
		assert_int_equal(strlen(a), libc_strlen(a));
		assert_int_equal(strnlen(a, n), MIN(libc_strlen(a), n));
		assert_int_equal(libc_sign(strcmp(a, b)), libc_strcmp(a, b));
		assert_int_equal(libc_sign(strncmp(a, b, n)), libc_strncmp(a, b, n));
		assert_int_equal(libc_sign(strncasecmp(a, b, n)), libc_strncasecmp(a, b, n));
		assert_ptr_equal(strchr(a, c), libc_strchr(a, c));
		assert_ptr_equal(strrchr(a, c), libc_strrchr(a, c));
		assert_ptr_equal(strstr(a, b), libc_strstr(a, b));
		assert_int_equal(strspn(a, b), libc_strspn(a, b));
		assert_int_equal(strcspn(a, b), libc_strcspn(a, b));
		assert_ptr_equal(memchr(a, c, MIN(n, libc_strlen(a))),
				 libc_memchr(a, c, MIN(n, libc_strlen(a))));
		n = MIN(n, MIN(libc_strlen(a), libc_strlen(b)));
		assert_int_equal(libc_sign(memcmp(a, b, n)), libc_memcmp(a, b, n));
	}
}

static void test_moves_of_any_size_and_overlap(void **state)
{
	(void)state;
	srand(2);
	for (int round = 0; round < 100000; round++) {
		u8 ours[128], theirs[128];
		size_t n = (size_t)rand() % 64, to = (size_t)rand() % 64,
		       from = (size_t)rand() % 64;

		for (unsigned i = 0; i < sizeof(ours); i++)
			ours[i] = theirs[i] = (u8)rand();
		assert_ptr_equal(memmove(ours + to, ours + from, n), ours + to);
		libc_memmove(theirs + to, theirs + from, n);
		assert_memory_equal(ours, theirs, sizeof(ours));
		if (from + n <= to || to + n <= from) {
			memcpy(ours + to, ours + from, n);
			libc_memmove(theirs + to, theirs + from, n);
			assert_memory_equal(ours, theirs, sizeof(ours));
		}
		memset(ours + to, (int)from, n);
		libc_memset(theirs + to, (int)from, n);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

static void test_strsep_cuts_fields(void **state)
{
	char text[] = "a::bc:", *s = text;

	(void)state;
	assert_string_equal(strsep(&s, ":"), "a");
	assert_string_equal(strsep(&s, ":"), "");
	assert_string_equal(strsep(&s, ":"), "bc");
	assert_string_equal(strsep(&s, ":"), "");
	assert_null(strsep(&s, ":"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_match_libc),
		cmocka_unit_test(test_moves_of_any_size_and_overlap),
		cmocka_unit_test(test_strsep_cuts_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
