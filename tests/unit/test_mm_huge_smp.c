/*
 * Huge mappings on four CPUs whose TLBs keep what they have seen: threads make, break up, gather,
 * protect, drop and share the same two, and the machine watches that no address is ever in a TLB in
 * two sizes. (test_mm_huge.c has one CPU, and says what becomes of the contents.) ISTHMUS_LONG=1:
 * ten times as long.
 */
#include "mm_oracle.h"
#include "mm_spaces.h"
#include <linux/errno.h>

#define RW (PROT_READ | PROT_WRITE)
#define P ((u32)PAGE_SIZE)
#define BLOCK ((u32)PMD_SIZE)
#define BASE 0x30000000u /* of two blocks */
#define PAGES (2 * HUGE_PAGES)

static const struct oracle_extra nothing_else = {0};

static void begin_counting(void *arg, unsigned n)
{
	(void)arg, (void)n;
	oracle_begin();
}

static void count(void *arg, unsigned n)
{
	(void)arg, (void)n;
	oracle_check(&nothing_else);
}

static struct mm *shared;
static unsigned steps;

static void step(u32 *seed, unsigned n)
{
	u32 first = random_below(seed, PAGES), count = 1 + random_below(seed, 40);
	uaddr_t addr = BASE + first * P, block = BASE + random_below(seed, 2) * BLOCK;
	struct mm *child;
	u32 word = n;

	count = MIN(count, PAGES - first);
	switch (random_below(seed, 60)) {
	case 0: mm_unmap(shared, addr, count * P); break;
	case 1:
	case 2:
	case 3: map_at(shared, block, BLOCK, 0); break;
	case 4: mm_protect(shared, addr, count * P, random_below(seed, 2) ? RW : PROT_READ); break;
	case 5: mm_protect(shared, block, BLOCK, random_below(seed, 2) ? RW : PROT_READ); break;
	case 6: mm_advise(shared, addr, count * P, MADV_DONTNEED); break;
	case 7: mm_advise(shared, block, BLOCK, MADV_DONTNEED); break;
	case 8:
		child = mm_fork(shared);
		if (!child)
			break;
		mm_access(child, addr, &word, 4, true);
		mm_put(child);
		break;
	case 9: (void)!copy_to_user(block, &word, 4); break;
	case 10:
		mm_unmap(shared, block, BLOCK);
		map_at(shared, block, BLOCK, 0);
		(void)!copy_to_user(block, &word, 4);
		break;
	case 11: mm_advise(shared, BASE, 2 * BLOCK, MADV_COLLAPSE); break;
	default:
		if (word & 1)
			(void)!copy_to_user(addr, &word, 4);
		else
			(void)!copy_from_user(&word, addr, 4);
	}
}

static void thread(void *arg, unsigned n)
{
	u32 seed = 7654321 * (n + 1);

	(void)arg;
	mm_get(shared);
	mm_activate(shared);
	for (unsigned i = 0; i < steps; i++) {
		step(&seed, n);
		cond_resched();
	}
	mm_activate(NULL);
	mm_put(shared);
}

static void make_shared(void *arg, unsigned n)
{
	(void)arg, (void)n;
	shared = mm_alloc();
	mm_layout(shared, TASK_SIZE, 8u << 20, 0, false);
	map_at(shared, BASE, 2 * BLOCK, 0);
}

static void drop_shared(void *arg, unsigned n)
{
	(void)arg, (void)n;
	mm_put(shared);
}

static void threads_race_over_huge_mappings(void **state)
{
	const char *more = getenv("ISTHMUS_LONG");

	(void)state;
	steps = more && *more ? 4000 : 400;
	sim_boot(&(struct sim_config){.cpus = 4, .ram_mb = 96, .low_mb = 32});
	mm_virt_init();
	sim_run_tasks(1, make_shared, NULL);
	sim_run_tasks(4, thread, NULL);
	sim_run_tasks(1, begin_counting, NULL);
	for (unsigned round = 0; round < 2; round++) {
		sim_run_tasks(4, thread, NULL);
		sim_run_tasks(1, count, NULL);
	}
	assert_true(vm_event_total(VM_THP_FAULT_ALLOC) > 0);
	assert_true(vm_event_total(VM_THP_SPLIT_PMD) > 0);
	assert_true(vm_event_total(VM_THP_COLLAPSE_ALLOC) > 0);
	sim_run_tasks(1, drop_shared, NULL);
	sim_run_tasks(1, count, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_race_over_huge_mappings),
	};

	return sim_run_tests(tests);
}
