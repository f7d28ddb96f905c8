/*
 * Lists, bitmaps, bit counts, references, hashes, ChaCha20, sort, string helpers: one rule a test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/atomic.h"
#include "lib/bitmap.h"
#include "lib/chacha20.h"
#include "lib/div64.h"
#include "lib/hash.h"
#include "lib/list.h"
#include "lib/sort.h"
#include "lib/string.h"
#include <linux/errno.h>

struct item {
	struct list_head node;
	struct hlist_node hnode;
	int value;
};

static void expect_list(struct list_head *head, const char *values)
{
	struct item *item;
	const char *v = values;

	list_for_each_entry(item, head, node)
		assert_int_equal(item->value, *v++);
	assert_int_equal(*v, 0);
	list_for_each_entry_reverse(item, head, node) assert_int_equal(item->value, *--v);
	assert_ptr_equal(v, values);
}

static void test_list_operations(void **state)
{
	struct item a = {.value = 'a'}, b = {.value = 'b'}, c = {.value = 'c'}, *item, *next;
	LIST_HEAD(x);
	LIST_HEAD(y);

	(void)state;
	assert_true(list_empty(&x));
	assert_null(list_first_entry_or_null(&x, struct item, node));
	list_add(&b.node, &x);
	list_add(&a.node, &x);
	list_add_tail(&c.node, &x);
	expect_list(&x, "abc");
	list_move_tail(&a.node, &x);
	expect_list(&x, "bca");
	list_splice_init(&x, &y);
	expect_list(&x, "");
	expect_list(&y, "bca");
	list_move(&c.node, &x);
	list_splice_tail_init(&x, &y);
	expect_list(&y, "bac");
	list_for_each_entry_safe(item, next, &y, node)
		if (item->value == 'a')
			list_del_init(&item->node);
	expect_list(&y, "bc");
	assert_true(list_empty(&a.node));
	assert_int_equal(list_last_entry(&y, struct item, node)->value, 'c');
	list_replace_init(&b.node, &a.node);
	expect_list(&y, "ac");
}

static void test_hlist_operations(void **state)
{
	struct item a = {.value = 'a'}, b = {.value = 'b'}, c = {.value = 'c'}, *item;
	struct hlist_node *next;
	HLIST_HEAD(head);
	int sum = 0;

	(void)state;
	hlist_node_init(&b.hnode);
	hlist_del_init(&b.hnode);
	hlist_add_head(&c.hnode, &head);
	hlist_add_head(&a.hnode, &head);
	hlist_add_behind(&b.hnode, &a.hnode);
	hlist_for_each_entry(item, &head, hnode) sum = sum * 256 + item->value;
	assert_int_equal(sum, 'a' << 16 | 'b' << 8 | 'c');
	hlist_for_each_entry_safe(item, next, &head, hnode) hlist_del_init(&item->hnode);
	assert_true(hlist_empty(&head));
	assert_true(hlist_unhashed(&a.hnode));
}

#define BITS 200

static void test_bitmap_matches_an_array_of_bools(void **state)
{
	DECLARE_BITMAP(map, BITS);
	bool model[BITS] = {false};

	(void)state;
	srand(1);
	bitmap_zero(map, BITS);
	for (int round = 0; round < 20000; round++) {
		unsigned start = (unsigned)rand() % BITS, n = (unsigned)rand() % (BITS - start + 1),
			 i, want;

		if (rand() % 2) {
			bitmap_set(map, start, n);
			for (i = start; i < start + n; i++)
				model[i] = true;
		} else {
			bitmap_clear(map, start, n);
			for (i = start; i < start + n; i++)
				model[i] = false;
		}
		for (want = 0, i = 0; i < BITS; i++) {
			assert_int_equal(test_bit(i, map), model[i]);
			want += model[i];
		}
		assert_int_equal(bitmap_weight(map, BITS), want);
		start = (unsigned)rand() % (BITS + 1);
		for (i = start; i < BITS && !model[i]; i++)
			;
		assert_int_equal(find_next_bit(map, BITS, start), i);
		for (i = start; i < BITS && model[i]; i++)
			;
		assert_int_equal(find_next_zero_bit(map, BITS, start), i);
		for (i = BITS; i > 0 && !model[i - 1]; i--)
			;
		assert_int_equal(find_last_bit(map, BITS), i ? i - 1 : BITS);
		assert_int_equal(bitmap_empty(map, BITS), i == 0);
	}
}

static void test_bitmap_find_zero_area(void **state)
{
	DECLARE_BITMAP(map, 128);

	(void)state;
	bitmap_zero(map, 128);
	bitmap_set(map, 3, 5);
	bitmap_set(map, 20, 1);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 3, 1), 0);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 4, 1), 8);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 8, 8), 8);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 16, 16), 32);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 108, 1), 128);
	assert_int_equal(bitmap_find_zero_area(map, 128, 0, 107, 1), 21);
}

static void test_bit_numbers(void **state)
{
	unsigned long map[1] = {0};

	(void)state;
	assert_int_equal(ilog2(1), 0);
	assert_int_equal(ilog2(4097), 12);
	assert_int_equal(roundup_pow_of_two(1), 1);
	assert_int_equal(roundup_pow_of_two(4096), 4096);
	assert_int_equal(roundup_pow_of_two(4097), 8192);
	assert_int_equal(rounddown_pow_of_two(4097), 4096);
	assert_true(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(6));
	assert_false(test_and_set_bit(5, map));
	assert_true(test_and_set_bit(5, map));
	assert_true(test_and_clear_bit(5, map));
	assert_int_equal(map[0], 0);
}

static void test_refcount_saturates_instead_of_wrapping(void **state)
{
	refcount_t r = REFCOUNT_INIT(1);
	u32 plain = 0xffffffff;

	(void)state;
	refcount_inc(&r);
	assert_false(refcount_dec_and_test(&r));
	assert_true(refcount_dec_and_test(&r));
	assert_false(refcount_inc_not_zero(&r));
	refcount_inc(&r); /* from 0: a bug, caught */
	assert_int_equal(refcount_read(&r), REFCOUNT_SATURATED);
	assert_false(refcount_dec_and_test(&r));
	assert_int_equal(refcount_read(&r), REFCOUNT_SATURATED);
	refcount_set(&r, REFCOUNT_MAX);
	refcount_inc(&r);
	assert_int_equal(refcount_read(&r), REFCOUNT_SATURATED);
	assert_false(atomic_inc_unless(&plain, 0xffffffff));
	assert_int_equal(atomic_cmpxchg(&plain, 0xffffffff, 3u), 0xffffffff);
	assert_int_equal(atomic_dec_return(&plain), 2);
}

static void test_crc32_check_value(void **state)
{
	(void)state;
	assert_int_equal(crc32(0, "123456789", 9), 0xCBF43926);
	assert_int_equal(crc32(crc32(0, "1234", 4), "56789", 5), 0xCBF43926);
}

/* Buckets of a table fill evenly: the sum of squares stays near what chance gives. */
static void test_name_hash_spreads(void **state)
{
	enum { NAMES = 8192, BUCKETS = 1024 };
	static unsigned low[BUCKETS], high[BUCKETS];
	unsigned long squares_low = 0, squares_high = 0;

	(void)state;
	for (unsigned i = 0; i < NAMES; i++) {
		char name[16];
		unsigned len = (unsigned)sprintf(name, "file%u.txt", i);
		u32 hash = full_name_hash((void *)0xC1234560, name, len);

		low[hash % BUCKETS]++;
		high[hash / (0xffffffff / BUCKETS + 1)]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		squares_low += low[i] * low[i];
		squares_high += high[i] * high[i];
	}
	/* expected: NAMES * (NAMES / BUCKETS + 1) = 73728 */
	assert_in_range(squares_low, 68000, 80000);
	assert_in_range(squares_high, 68000, 80000);
	assert_int_not_equal(full_name_hash(NULL, "a", 1), full_name_hash(NULL, "a\0", 2));
}

/* RFC 8439, 2.3.2 */
static void test_chacha20_test_vector(void **state)
{
	static const u8 nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	static const u8 first[16] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
				     0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4};
	static const u8 last[4] = {0xa2, 0x50, 0x3c, 0x4e};
	struct chacha20 c;
	u8 key[32], out[64];

	(void)state;
	for (u8 i = 0; i < 32; i++)
		key[i] = i;
	chacha20_init(&c, key, 1, nonce);
	chacha20_block(&c, out);
	assert_memory_equal(out, first, sizeof(first));
	assert_memory_equal(out + 60, last, sizeof(last));
	assert_int_equal(c.state[12], 2);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void test_sort_matches_qsort(void **state)
{
	int ours[300], theirs[300];

	(void)state;
	srand(5);
	for (unsigned n = 0; n < 300; n++) {
		for (unsigned i = 0; i < n; i++)
			ours[i] = theirs[i] = rand() % 100;
		sort(ours, n, sizeof(int), compare_ints);
		qsort(theirs, n, sizeof(int), compare_ints);
		assert_memory_equal(ours, theirs, n * sizeof(int));
	}
}

static void test_division_by_32_bits(void **state)
{
	u32 rem;

	(void)state;
	assert_int_equal(div_u64_rem(0xffffffffffffffff, 10, &rem), 0xffffffffffffffff / 10);
	assert_int_equal(rem, 5);
	assert_int_equal(div_s64(-7, 2), -3);
	assert_int_equal(div_s64(INT64_MIN, 2), INT64_MIN / 2);
	assert_int_equal(mul_u64_u32_shr(0x123456789abcull, 0x80000000, 31), 0x123456789abcull);
	assert_int_equal(mul_u64_u32_shr(0xffffffffffffull, 0xffffffff, 32), 0xfffffffeffffull);
}

static void test_string_helpers(void **state)
{
	char buf[4], text[] = " \tword here\n ", zeros[5] = {0, 0, 0, 7, 0};

	(void)state;
	assert_int_equal(strscpy(buf, "abc", sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(strscpy(buf, "abcd", sizeof(buf)), -E2BIG);
	assert_string_equal(buf, "abc");
	assert_int_equal(strscpy(buf, "x", 0), -E2BIG);
	assert_string_equal(strim(text), "word here");
	assert_ptr_equal(memchr_inv(zeros, 0, 5), zeros + 3);
	assert_null(memchr_inv(zeros, 0, 3));
	assert_true(strstarts("initrd=x", "initrd="));
	assert_false(strstarts("init", "initrd="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_operations),
		cmocka_unit_test(test_hlist_operations),
		cmocka_unit_test(test_bitmap_matches_an_array_of_bools),
		cmocka_unit_test(test_bitmap_find_zero_area),
		cmocka_unit_test(test_bit_numbers),
		cmocka_unit_test(test_refcount_saturates_instead_of_wrapping),
		cmocka_unit_test(test_crc32_check_value),
		cmocka_unit_test(test_name_hash_spreads),
		cmocka_unit_test(test_chacha20_test_vector),
		cmocka_unit_test(test_sort_matches_qsort),
		cmocka_unit_test(test_division_by_32_bits),
		cmocka_unit_test(test_string_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
