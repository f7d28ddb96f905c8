/*
 * Several CPUs, whose TLBs keep what they have seen until they are told: each runs a world of
 * mm_world.h, and everything that it does must come out as the model says, whatever the others do
 * at the same time. When all have stopped, the oracle counts everything anew.
 *
 *	threads     one address space, a window of it for each thread
 *	processes   an address space each, all forked from one: private pages are shared until the
 *		    first write
 *
 * Each world faults, maps, unmaps, protects, moves, forks, truncates, writes back and reclaims.
 * Built with ASan and with TSan. SEED=n, OPS=n; ISTHMUS_LONG=1 runs some twenty-five times as long.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "mm_oracle.h"
#include "mm_test.h"
#include "mm_world.h"
#include <linux/mman.h>

#define BASE 0x10000000u
#define APART ((WORLD_PAGES + 16) << PAGE_SHIFT) /* so that areas of two windows never join */

static struct world worlds[SIM_MAX_CPUS + 1];
static struct choices choices[SIM_MAX_CPUS + 1];
static unsigned n_worlds, operations;
static struct mm *shared;

/* What a CPU allocates once and keeps: lists of slab caches, a stack for the next task. */
static void warm_up(void *arg, unsigned n)
{
	struct mm *mm = mm_alloc();

	(void)arg, (void)n;
	mm_put(mm);
}

static void begin(unsigned cpus)
{
	const char *seed = getenv("SEED"), *ops = getenv("OPS"), *more = getenv("ISTHMUS_LONG");
	u32 first = seed ? (u32)strtoul(seed, NULL, 0) : (u32)time(NULL) * 2654435761u;

	operations = ops ? (unsigned)strtoul(ops, NULL, 0) : more && *more ? 16000 : 600;
	alarm(more && *more ? 3600 : 600);
	print_message("# SEED=%u\n", first);
	n_worlds = MAX(cpus, 2u);
	for (unsigned i = 0; i <= n_worlds; i++)
		choices[i].seed = (first + i) * 2 + 1;
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 64, .low_mb = 32});
	mm_virt_init();
	sim_run_tasks(n_worlds, warm_up, NULL);
	oracle_begin();
}

static void live(void *arg, unsigned n)
{
	struct world *w = &worlds[n];

	(void)arg;
	mm_activate(w->space[w->here].mm);
	for (unsigned i = 0; i < operations; i++) {
		world_step(w);
		if (i % 64 == 63)
			world_read_all(w);
		cond_resched();
	}
	mm_activate(NULL);
}

/* Two rounds, with a look in between. */
static void live_together(void)
{
	for (unsigned round = 0; round < 2; round++) {
		sim_run_tasks(n_worlds, live, NULL);
		worlds_oracle(worlds, n_worlds);
	}
}

static void end_worlds(void *arg, unsigned n)
{
	(void)arg, (void)n;
	for (unsigned i = 0; i < n_worlds; i++)
		world_end(&worlds[i]);
	if (shared)
		mm_put(shared);
}

static void nothing_is_left(void)
{
	static const struct oracle_extra none;

	sim_run_tasks(1, end_worlds, NULL);
	oracle_check(&none);
}

/* ---- threads ---- */

static void begin_threads(void *arg, unsigned n)
{
	(void)arg, (void)n;
	shared = mm_alloc();
	assert_non_null(shared);
	for (unsigned i = 0; i < n_worlds; i++) {
		world_begin(&worlds[i], BASE + i * APART, shared, &choices[i]);
		worlds[i].parallel = true;
	}
	mm_activate(NULL);
}

static void threads(unsigned cpus)
{
	begin(cpus);
	sim_run_tasks(1, begin_threads, NULL);
	live_together();
	nothing_is_left();
}

/* ---- processes ---- */

static void begin_processes(void *arg, unsigned n)
{
	static struct choices quiet = {.seed = 5};
	struct world *first = &worlds[n_worlds];
	struct map_request req = {.addr = BASE,
				  .len = 40 << PAGE_SHIFT,
				  .prot = PROT_READ | PROT_WRITE,
				  .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED};

	(void)arg, (void)n;
	world_begin(first, BASE, NULL, &quiet);
	assert_int_equal(mm_map(first->space[0].mm, &req), BASE);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(put_user_u32(i + 1, BASE + (i << PAGE_SHIFT) + WORLD_WORD), 0);
		first->space[0].page[i] = (struct cell){
			.mapped = true,
			.object = -1,
			.flags = vma_first(first->space[0].mm)->flags,
			.value = i + 1,
		};
	}
	for (unsigned i = 0; i < n_worlds; i++) {
		world_fork(&worlds[i], first, &choices[i]);
		worlds[i].parallel = true;
	}
	world_end(first);
}

static void processes(unsigned cpus)
{
	begin(cpus);
	sim_run_tasks(1, begin_processes, NULL);
	live_together();
	nothing_is_left();
}

#define ON(kind, cpus) \
	static void kind##_on_##cpus(void **state) \
	{ \
		(void)state; \
		kind(cpus); \
	}
ON(threads, 1)
ON(threads, 2)
ON(threads, 4)
ON(threads, 8)
ON(processes, 2)
ON(processes, 3)
ON(processes, 8)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_on_1),   cmocka_unit_test(threads_on_2),
		cmocka_unit_test(threads_on_4),   cmocka_unit_test(threads_on_8),
		cmocka_unit_test(processes_on_2), cmocka_unit_test(processes_on_3),
		cmocka_unit_test(processes_on_8),
	};

	return sim_run_tests(tests);
}
