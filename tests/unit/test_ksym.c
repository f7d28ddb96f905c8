/*
 * Address to name, over a table that tools/kallsyms.py made of 300 functions (tests/unit/rules.mk):
 * the i-th is called word_i and lies at 3 * i * i.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "lib/ksym.h"

#define FUNCTIONS 300
#define TEXT 0x50000

extern const char _stext[], _etext[];

static unsigned long start_of(unsigned i)
{
	return i < FUNCTIONS ? 3UL * i * i : TEXT;
}

static void every_address_has_its_name(void **state)
{
	static const char *const words[] = {"get", "put", "release_page"};
	char name[KSYM_NAME_SIZE], want[KSYM_NAME_SIZE];
	unsigned long offset, size;

	(void)state;
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		snprintf(want, sizeof(want), "%s_%u", words[i % 3], i);
		for (unsigned long at = start_of(i); at < start_of(i + 1); at += 1 + at % 7) {
			assert_ptr_equal(
				ksym_find(name, (unsigned long)_stext + at, &offset, &size), name);
			assert_string_equal(name, want);
			assert_int_equal(offset, at - start_of(i));
			assert_int_equal(size, start_of(i + 1) - start_of(i));
		}
	}
}

static void other_addresses_have_none(void **state)
{
	char name[KSYM_NAME_SIZE];
	unsigned long offset = 77;

	(void)state;
	assert_null(ksym_lookup(name, (unsigned long)_stext - 1, &offset));
	assert_null(ksym_lookup(name, (unsigned long)_etext, &offset));
	assert_int_equal(offset, 77);
	assert_string_equal(ksym_lookup(name, (unsigned long)_etext - 1, NULL), "release_page_299");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_has_its_name),
		cmocka_unit_test(other_addresses_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
