/*
 * Text files made record by record: which bytes each read(2) gets, and what becomes of an error in
 * the middle. As on Linux what was made before it is read first; the error comes with the read that
 * begins at its record, again and again, and none of that record's text is seen.
 */
#include "mm_test.h"
#include "fs/seq_file.h"
#include <linux/errno.h>

#define RECORDS 6

/* What show() makes of each record: "0\n", "1\n"... */
static struct {
	int show[RECORDS];    /* 0, 1 (left out) or the error, each after the text is written */
	int next_to[RECORDS]; /* the error of the step to the record */
	unsigned length;      /* of each record, with its newline */
	int locks;
} list;

static void *record(loff_t pos)
{
	if (pos >= RECORDS)
		return NULL;
	return list.next_to[pos] ? ERR_PTR(list.next_to[pos]) : (void *)(uintptr_t)(pos + 1);
}

static void *list_start(struct seq_file *m, loff_t *pos)
{
	(void)m;
	list.locks++;
	return record(*pos);
}

static void list_stop(struct seq_file *m, void *v)
{
	(void)m, (void)v;
	list.locks--;
}

static void *list_next(struct seq_file *m, void *v, loff_t *pos)
{
	(void)m, (void)v;
	return record(++*pos);
}

static int list_show(struct seq_file *m, void *v)
{
	unsigned n = (unsigned)(uintptr_t)v - 1;

	for (unsigned i = 1; i < list.length; i++)
		seq_putc(m, (char)('0' + n));
	seq_putc(m, '\n');
	return list.show[n];
}

static const struct seq_operations list_operations = {
	.start = list_start,
	.stop = list_stop,
	.next = list_next,
	.show = list_show,
};

/* Paths are not asked for here. */
char *path_name(const struct path *path, char *buf, size_t size)
{
	(void)path, (void)buf, (void)size;
	return ERR_PTR(-ENOSYS);
}

char *path_name_below(const struct path *path, const struct path *root, char *buf, size_t size)
{
	(void)root;
	return path_name(path, buf, size);
}

/* ---- reads ---- */

static struct file file;
static char text[3 * PAGE_SIZE];

/* A read of @size bytes where the last one ended: its bytes in @text, or the error. */
static long read_on(size_t size)
{
	struct iov_iter to;
	long got;

	assert_true(size < sizeof(text));
	iov_iter_kernel(&to, text, size);
	got = seq_read_iter(&file, &to, &file.pos);
	text[got > 0 ? got : 0] = '\0';
	assert_int_equal(list.locks, 0);
	return got;
}

static void expect_text(size_t size, const char *expected)
{
	assert_int_equal(read_on(size), strlen(expected));
	assert_string_equal(text, expected);
}

static void begin(unsigned length)
{
	memset(&list, 0, sizeof(list));
	list.length = length;
	memset(&file, 0, sizeof(file));
	assert_int_equal(seq_open(&file, &list_operations, NULL), 0);
}

static void end(void)
{
	seq_release(NULL, &file);
}

static void run(void (*fn)(void *arg, unsigned n))
{
	sim_boot(&(struct sim_config){0});
	sim_run_tasks(1, fn, NULL);
}

/* ---- the cases ---- */

static void whole(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	expect_text(100, "0\n1\n2\n3\n4\n5\n");
	expect_text(100, "");
	end();
	begin(2);
	expect_text(3, "0\n1");
	expect_text(4, "\n2\n3");
	expect_text(100, "\n4\n5\n");
	end();
}

static void a_read_goes_on_where_the_last_one_ended(void **state)
{
	(void)state;
	run(whole);
}

static void left_out(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	list.show[0] = list.show[3] = list.show[5] = 1;
	expect_text(100, "1\n2\n4\n");
	expect_text(100, "");
	end();
}

static void what_is_left_out_is_not_seen(void **state)
{
	(void)state;
	run(left_out);
}

static void long_records(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2 * (unsigned)PAGE_SIZE);
	for (unsigned i = 0; i < RECORDS; i++) {
		assert_int_equal(read_on(sizeof(text) - 1), list.length);
		assert_int_equal(text[0], '0' + i);
		assert_int_equal(text[list.length - 2], '0' + i);
	}
	assert_int_equal(read_on(100), 0);
	end();
}

static void a_record_longer_than_the_buffer_makes_it_grow(void **state)
{
	(void)state;
	run(long_records);
}

static void show_fails(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	list.show[2] = -EIO;
	expect_text(100, "0\n1\n");
	assert_int_equal(read_on(100), -EIO);
	assert_int_equal(read_on(100), -EIO);
	list.show[2] = 0;
	expect_text(100, "2\n3\n4\n5\n");
	end();
}

static void records_before_one_that_fails_are_read_and_then_the_error(void **state)
{
	(void)state;
	run(show_fails);
}

static void first_fails(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	list.show[0] = 1;
	list.show[1] = -EIO;
	assert_int_equal(read_on(100), -EIO);
	assert_int_equal(read_on(100), -EIO);
	list.show[1] = 0;
	expect_text(100, "1\n2\n3\n4\n5\n");
	end();
}

static void nothing_of_a_record_that_fails_is_seen(void **state)
{
	(void)state;
	run(first_fails);
}

static void step_fails(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	list.next_to[0] = -ENOMEM;
	assert_int_equal(read_on(100), -ENOMEM);
	list.next_to[0] = 0;
	list.next_to[3] = -ENOMEM;
	expect_text(100, "0\n1\n2\n");
	assert_int_equal(read_on(100), -ENOMEM);
	list.next_to[3] = 0;
	expect_text(100, "3\n4\n5\n");
	end();
}

static void records_before_a_step_that_fails_are_read_and_then_the_error(void **state)
{
	(void)state;
	run(step_fails);
}

static void behind_an_error(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin(2);
	list.show[2] = -EIO;
	file.pos = 2;
	expect_text(100, "1\n");
	file.pos = 6;
	assert_int_equal(read_on(100), -EIO);
	end();
}

static void another_position_is_reached_from_the_start(void **state)
{
	(void)state;
	run(behind_an_error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_goes_on_where_the_last_one_ended),
		cmocka_unit_test(what_is_left_out_is_not_seen),
		cmocka_unit_test(a_record_longer_than_the_buffer_makes_it_grow),
		cmocka_unit_test(records_before_one_that_fails_are_read_and_then_the_error),
		cmocka_unit_test(nothing_of_a_record_that_fails_is_seen),
		cmocka_unit_test(records_before_a_step_that_fails_are_read_and_then_the_error),
		cmocka_unit_test(another_position_is_reached_from_the_start),
	};

	return sim_run_tests(tests);
}
