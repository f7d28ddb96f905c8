/*
 * Whole address spaces at random against the model of mm_world.h; after every operation the oracle
 * of mm_oracle.h counts everything anew.
 *
 * SEED=n repeats a run, OPS=n sets its length; ISTHMUS_LONG=1: a million operations.
 */
#include "mm_oracle.h"
#include "mm_test.h"
#include "mm_world.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static u32 first_seed(void)
{
	const char *seed = getenv("SEED");

	return seed ? (u32)strtoul(seed, NULL, 0) : (u32)time(NULL) * 2654435761u | 1;
}

static unsigned how_many(void)
{
	const char *ops = getenv("OPS"), *more = getenv("ISTHMUS_LONG");

	if (ops)
		return (unsigned)strtoul(ops, NULL, 0);
	return more && *more ? 1000000 : 12000;
}

static void boot(unsigned cpus)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 24, .low_mb = 20, .vmalloc_mb = 4});
	mm_virt_init();
}

/* One life of a world: a few thousand operations from an empty process to its end. */
static void live(u32 seed, unsigned operations)
{
	static struct world w;
	static const struct oracle_extra nothing;
	struct choices choices = {.seed = seed};

	fprintf(stderr, "# SEED=%u OPS=%u\n", seed, operations);
	oracle_begin();
	world_begin(&w, 0x10000000, NULL, &choices);
	for (unsigned i = 0; i < operations; i++) {
		world_step(&w);
		worlds_oracle(&w, 1);
		if (i % 64 == 63)
			world_read_all(&w);
	}
	world_end(&w);
	oracle_check(&nothing);
}

static void address_spaces_are_as_the_model_says(void **state)
{
	u32 seed = first_seed();
	unsigned left = how_many();

	(void)state;
	boot(1);
	for (; left; seed += 2) {
		unsigned n = MIN(left, 2000u);

		alarm(600);
		live(seed, n);
		left -= n;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(address_spaces_are_as_the_model_says)};

	return sim_run_tests(tests);
}
