/*
 * mm.trace=fault: each fault is one line, with the row of fault.c's table that served it; and the
 * trace neither recurses nor waits when faults come faster than lines are printed.
 */
#include "mm_spaces.h"
#include <linux/errno.h>
#include <stdio.h>

#define RW (PROT_READ | PROT_WRITE)
#define MANY 400u

static struct mm *shared;
static int last_signal;

static void note_signal(int sig, int code, uaddr_t addr)
{
	(void)code, (void)addr;
	last_signal = sig;
}

static void boot(unsigned cpus)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 64, .low_mb = 32});
	mm_trace_select("nonsense,fault");
	mm_virt_init();
	mm_send_fault_signal = note_signal;
}

static uaddr_t map(struct mm *mm, u32 pages, u32 prot)
{
	struct map_request req = {
		.len = pages * (u32)PAGE_SIZE, .prot = prot, .flags = MAP_PRIVATE | MAP_ANONYMOUS};

	return (uaddr_t)mm_map(mm, &req);
}

static struct mm *begin(void)
{
	struct mm *mm = space_begin();

	sim_console_clear();
	return mm;
}

static u32 word = 1;

/* The last line has @text, and there is only one since the last call. */
static void assert_line(const char *text)
{
	const char *console = sim_console();

	if (!strstr(console, text))
		print_error("wanted \"%s\" in \"%s\"\n", text, console);
	assert_non_null(strstr(console, text));
	assert_ptr_equal(strchr(console, '\n'), console + strlen(console) - 1);
	sim_console_clear();
}

static void rows(void *arg, unsigned n)
{
	struct mm *mm = begin(), *child;
	uaddr_t p = map(mm, 2, RW), closed = map(mm, 1, PROT_READ);

	(void)arg, (void)n;
	sim_user_read(p, &word, 4);
	assert_line(" read user: 1 the zero page");
	sim_user_write(p, &word, 4);
	assert_line(" write user: 6 a fresh page in place of the zero page, HighMem frame ");
	(void)!copy_to_user(p + PAGE_SIZE, &word, 4);
	assert_line(" write kernel: 2 a fresh zeroed page");
	child = mm_fork(mm);
	sim_user_write(p, &word, 4);
	assert_line(": 8 a copy of the shared page");
	mm_put(child);
	sim_user_write(p + PAGE_SIZE, &word, 4);
	assert_line(": 7 the page is nobody else's");
	space_end(mm);
	(void)closed;
}

static void signals(void *arg, unsigned n)
{
	struct mm *mm = begin();
	uaddr_t closed = map(mm, 1, PROT_READ);
	u32 old;

	(void)arg, (void)n;
	console_loglevel = 7;
	last_signal = 0;
	assert_int_equal(copy_to_user(closed, &word, 4), 4);
	assert_line(" write kernel: EFAULT: the area forbids it");
	assert_int_equal(user_xchg_u32(0x20000, 1, &old), -EFAULT);
	assert_line(" write kernel: EFAULT: no area there; no area");
	assert_int_equal(last_signal, 0);
	arch_hooks.page_fault(NULL, closed, FAULT_USER | FAULT_WRITE);
	assert_line(" write user: SIGSEGV SEGV_ACCERR: the area forbids it");
	assert_int_equal(last_signal, 11);
	console_loglevel = 8;
	arch_hooks.page_fault(NULL, closed + PAGE_SIZE, FAULT_USER);
	assert_non_null(strstr(sim_console(), "The areas around it:"));
	space_end(mm);
}

/* ---- faster than the console ---- */

static u32 printing, faulted;

/* The first line takes as long as the other CPU needs for all its faults. */
static void slow_console(const char *s, size_t n)
{
	(void)s, (void)n;
	if (__atomic_exchange_n(&printing, 1, __ATOMIC_SEQ_CST))
		return;
	while (!__atomic_load_n(&faulted, __ATOMIC_SEQ_CST))
		cpu_relax();
}

static void two_cpus(void *arg, unsigned n)
{
	uaddr_t p = (uaddr_t)(uintptr_t)arg;

	mm_get(shared);
	mm_activate(shared);
	if (n == 0) {
		log_set_console(slow_console);
		sim_user_write(p, &word, 4);
		log_set_console(NULL);
	} else {
		while (!__atomic_load_n(&printing, __ATOMIC_SEQ_CST))
			cpu_relax();
		for (unsigned i = 1; i <= MANY; i++)
			sim_user_write(p + i * (uaddr_t)PAGE_SIZE, &word, 4);
		__atomic_store_n(&faulted, 1, __ATOMIC_SEQ_CST);
	}
	mm_activate(NULL);
	mm_put(shared);
}

static unsigned fault_lines(unsigned *lost)
{
	struct log_record rec;
	unsigned lines = 0;
	char buf[256];
	u64 seq = log_first_seq();

	while (log_read(&seq, &rec, buf, sizeof(buf)) == 1) {
		if (sscanf(buf, "fault: %u lines lost", lost) != 1)
			lines += !strncmp(buf, "fault: ", 7);
	}
	return lines;
}

static void make_shared(void *arg, unsigned n)
{
	(void)n;
	shared = mm_alloc();
	mm_layout(shared, TASK_SIZE, 8u << 20, 0, false);
	*(uaddr_t *)arg = map(shared, MANY + 1, RW);
}

static void drop_shared(void *arg, unsigned n)
{
	(void)arg, (void)n;
	mm_put(shared);
}

/* ---- the tests ---- */

static void each_fault_is_a_line_with_its_row(void **state)
{
	(void)state;
	boot(1);
	sim_run_tasks(1, rows, NULL);
}

static void a_bad_address_is_a_line_with_the_reason(void **state)
{
	(void)state;
	boot(1);
	sim_run_tasks(1, signals, NULL);
}

static void what_does_not_fit_the_ring_is_counted(void **state)
{
	unsigned lines, lost = 0;
	uaddr_t p;

	(void)state;
	boot(2);
	sim_run_tasks(1, make_shared, &p);
	sim_run_tasks(2, two_cpus, (void *)(uintptr_t)p);
	lines = fault_lines(&lost);
	assert_true(lost > 0);
	assert_int_equal(lines + lost, MANY + 1);
	sim_run_tasks(1, drop_shared, NULL);
	sim_check_free_frames();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_a_line_with_its_row),
		cmocka_unit_test(a_bad_address_is_a_line_with_the_reason),
		cmocka_unit_test(what_does_not_fit_the_ring_is_counted),
	};

	return sim_run_tests(tests);
}
