/* printf against the C library's, on every combination of flags, and what is our own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int libc_format(char *buf, size_t size, const char *fmt, va_list args)
{
	return vsnprintf(buf, size, fmt, args);
}

#include "lib/printf.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"

/* Not a __printf function: the formats are made at run time. */
static void same(const char *fmt, ...)
{
	char ours[256], theirs[256];
	va_list args, again;
	int n, wanted;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(ours, sizeof(ours), fmt, args);
	wanted = libc_format(theirs, sizeof(theirs), fmt, again);
	va_end(again);
	va_end(args);
	if (strcmp(ours, theirs) != 0 || n != wanted)
		fail_msg("\"%s\": \"%s\" (%d), libc: \"%s\" (%d)", fmt, ours, n, theirs, wanted);
}

static void make_flags(char *to, unsigned set)
{
	static const char flags[] = "-+ #0";

	for (unsigned i = 0; i < 5; i++)
		if (set >> i & 1)
			*to++ = flags[i];
	*to = '\0';
}

static void test_integers_in_all_forms(void **state)
{
	static const long long values[] = {
		0,          1,          -1,           7,          8,          42,
		-42,        127,        128,          255,        -128,       32767,
		65535,      99999,      123456789,    1000000000, 2147483647, -2147483647 - 1,
		4294967295, 4294967296, 999999999999, INT64_MAX,  INT64_MIN,  -1000000000000000000};
	static const char *const widths[] = {"", "1", "5", "12", "30"};
	static const char *const precisions[] = {"", ".", ".0", ".1", ".4", ".20"};
	static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z", "j", "t"};
	char flags[8], fmt[40];

	(void)state;
	for (unsigned set = 0; set < 32; set++)
		for (unsigned w = 0; w < 5; w++)
			for (unsigned p = 0; p < 6; p++)
				for (unsigned l = 0; l < 8; l++)
					for (const char *c = "diuoxX"; *c; c++)
						for (unsigned v = 0;
						     v < sizeof(values) / sizeof(*values); v++) {
							make_flags(flags, set);
							sprintf(fmt, "<%%%s%s%s%s%c>", flags,
								widths[w], precisions[p],
								lengths[l], *c);
							same(fmt, values[v]);
						}
}

static void test_strings_and_characters(void **state)
{
	(void)state;
	same("%s", "");
	same("[%10s] [%-10s] [%.3s] [%10.2s] [%-10.2s] [%.0s]", "hello", "hello", "hello", "hello",
	     "hello", "hello");
	same("%c%c %5c %-5c|", 'a', 'b', 'c', 'd');
	same("100%% %d%%", 5);
	same("%*d %-*d %.*d %.*s %*d", 7, 42, 7, 42, 5, 42, 2, "abc", -7, 42);
	same("%.*d|%.*s", -1, 42, -1, "abc");
	same("plain");
	same("");
}

static void test_the_buffer_is_never_overrun(void **state)
{
	char buf[8], guard[8];

	(void)state;
	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(snprintf(buf, size, "%d-%s-%5x", 123, "abc", 255), 13);
		memset(guard, '#', sizeof(guard));
		if (size) {
			memcpy(guard, "123-abc", size - 1);
			guard[size - 1] = '\0';
		}
		assert_memory_equal(buf, guard, sizeof(buf));
	}
	assert_int_equal(snprintf(NULL, 0, "%s", "four"), 4);
}

static void test_scnprintf_tells_what_was_written(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "0123456789"), 7);
	assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "012"), 3);
	assert_int_equal(scnprintf(buf, 0, "%s", "012"), 0);
}

static const char *resolve(char *name, unsigned long addr, unsigned long *offset)
{
	(void)name;
	if (addr < 0x1000 || addr >= 0x2000)
		return NULL;
	*offset = addr - 0x1000;
	return "function";
}

static void check(const char *want, const char *fmt, ...)
{
	char buf[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	assert_string_equal(buf, want);
}

static void test_our_own_conversions(void **state)
{
	(void)state;
	printf_symbol = resolve;
	check("function+0x10 after", "%pS %s", (void *)0x1010, "after");
	check("function after", "%ps %s", (void *)0x1010, "after");
	check("0x10", "%pS", (void *)0x10);
	printf_symbol = NULL;
	check("0x1010", "%pS", (void *)0x1010);
	check(sizeof(void *) == 8 ? "000000000000abcd" : "0000abcd", "%p", (void *)0xabcd);
	check("(null)", "%s", (char *)NULL);
	check("%n and 5", "%n and %d", 5); /* nothing is written through a pointer */
	check("%", "%");
	check("%l", "%l");
	check("%5", "%5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_in_all_forms),
		cmocka_unit_test(test_strings_and_characters),
		cmocka_unit_test(test_the_buffer_is_never_overrun),
		cmocka_unit_test(test_scnprintf_tells_what_was_written),
		cmocka_unit_test(test_our_own_conversions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
