/* Numbers from text and the kernel command line: tables of cases. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/cmdline.h"
#include "lib/parse.h"
#include <linux/errno.h>

static void test_kstrtos64(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
		int error;
		s64 value;
	} cases[] = {
		{"0", 0, 0, 0},
		{"42\n", 0, 0, 42},
		{"-42", 0, 0, -42},
		{"+7", 0, 0, 7},
		{"0x1F", 0, 0, 31},
		{"0x1F", 16, 0, 31},
		{"1f", 16, 0, 31},
		{"010", 0, 0, 8},
		{"010", 10, 0, 10},
		{"9223372036854775807", 0, 0, INT64_MAX},
		{"-9223372036854775808", 0, 0, INT64_MIN},
		{"9223372036854775808", 0, -ERANGE, 0},
		{"-9223372036854775809", 0, -ERANGE, 0},
		{"99999999999999999999999", 0, -ERANGE, 0},
		{"", 0, -EINVAL, 0},
		{"-", 0, -EINVAL, 0},
		{"x", 0, -EINVAL, 0},
		{"1x", 0, -EINVAL, 0},
		{" 1", 0, -EINVAL, 0},
		{"1 ", 0, -EINVAL, 0},
		{"1\n\n", 0, -EINVAL, 0},
		{"0x", 0, -EINVAL, 0},
		{"08", 0, -EINVAL, 0},
		{"-+1", 0, -EINVAL, 0},
		{"--1", 0, -EINVAL, 0},
		{"\n", 0, -EINVAL, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		s64 v = -99;

		assert_int_equal(kstrtos64(cases[i].text, cases[i].base, &v), cases[i].error);
		assert_int_equal(v, cases[i].error ? -99 : cases[i].value);
	}
}

static void test_narrow_types_have_their_ranges(void **state)
{
	unsigned u;
	int i;
	bool b;

	(void)state;
	assert_int_equal(kstrtouint("4294967295", 0, &u), 0);
	assert_int_equal(kstrtouint("4294967296", 0, &u), -ERANGE);
	assert_int_equal(kstrtouint("-1", 0, &u), -EINVAL);
	assert_int_equal(kstrtoint("-2147483648", 0, &i), 0);
	assert_int_equal(kstrtoint("2147483648", 0, &i), -ERANGE);
	assert_int_equal(kstrtobool("on", &b) || !b, 0);
	assert_int_equal(kstrtobool("Off", &b) || b, 0);
	assert_int_equal(kstrtobool("Y", &b) || !b, 0);
	assert_int_equal(kstrtobool("0", &b) || b, 0);
	assert_int_equal(kstrtobool("maybe", &b), -EINVAL);
}

static void test_memparse(void **state)
{
	static const struct {
		const char *text;
		u64 value;
		unsigned used;
	} cases[] = {
		{"64M", 64ull << 20, 3},
		{"64m@16M", 64ull << 20, 3},
		{"4G", 4ull << 30, 2},
		{"0x100k", 256 << 10, 6},
		{"512", 512, 3},
		{"", 0, 0},
		{"k", 0, 0},
		{"99999999999P", ~0ull, 12},
		{"1T,", 1ull << 40, 2},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end;

		assert_int_equal(memparse(cases[i].text, &end), cases[i].value);
		assert_int_equal(end - cases[i].text, cases[i].used);
	}
}

static void test_cmdline_words(void **state)
{
	static const char line[] =
		"  quiet console=ttyS0,115200  x=\"a b\" \"y=c d\" e= empty=\"\" \"lone  word\" k=v=w -- rest";
	static const char *const words[] = {
		"quiet",  "console=ttyS0,115200", "x=a b", "y=c d", "e=",
		"empty=", "lone  word",           "k=v=w", "--",    "rest"};
	static const char *const values[] = {NULL, "ttyS0,115200", "a b", "c d", "",
					     "",   NULL,           "v=w", NULL,  NULL};
	const char *cursor = line;
	char buf[64], *value;
	unsigned i = 0;

	(void)state;
	while ((cursor = cmdline_next(cursor, buf, sizeof(buf), &value))) {
		assert_string_equal(buf, words[i]);
		if (values[i])
			assert_string_equal(value, values[i]);
		else
			assert_null(value);
		i++;
	}
	assert_int_equal(i, ARRAY_SIZE(words));
}

static void test_cmdline_long_words_are_cut(void **state)
{
	char buf[6], *value;
	const char *cursor = cmdline_next("abcdefgh=1 b=2", buf, sizeof(buf), &value);

	(void)state;
	assert_string_equal(buf, "abcde");
	assert_null(value);
	cursor = cmdline_next(cursor, buf, sizeof(buf), &value);
	assert_string_equal(value, "2");
	assert_null(cmdline_next(cursor, buf, sizeof(buf), &value));
	assert_non_null(cmdline_next("a=bcdefgh", buf, 2, &value));
}

static void test_cmdline_get(void **state)
{
	static const char line[] = "panic=5 quiet log-buf-len=1M panic=-1 -- panic=9 nosmp";
	char buf[16];

	(void)state;
	assert_true(cmdline_get(line, "panic", buf, sizeof(buf)));
	assert_string_equal(buf, "-1");
	assert_true(cmdline_get(line, "log_buf_len", buf, sizeof(buf)));
	assert_string_equal(buf, "1M");
	assert_true(cmdline_has(line, "quiet"));
	assert_false(cmdline_has(line, "quie"));
	assert_false(cmdline_has(line, "quiets"));
	assert_false(cmdline_has(line, "nosmp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kstrtos64),
		cmocka_unit_test(test_narrow_types_have_their_ranges),
		cmocka_unit_test(test_memparse),
		cmocka_unit_test(test_cmdline_words),
		cmocka_unit_test(test_cmdline_long_words_are_cut),
		cmocka_unit_test(test_cmdline_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
