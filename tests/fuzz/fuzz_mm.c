/*
 * Whole address spaces: the bytes are the choices of mm_world.h, and its model and the oracle say
 * what must come of them.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "mm_oracle.h"
#include "mm_world.h"
#include "arch/sim/sim.h"

#define STEPS_MAX 200u
#define BETWEEN_ORACLES 32u

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	sim_boot(&(struct sim_config){.ram_mb = 24, .low_mb = 20, .vmalloc_mb = 4, .abort = true});
	mm_virt_init();
	oracle_begin();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	static const struct oracle_extra nothing;
	struct choices choices = {data, size, 0};
	bool each = getenv("FUZZ_EACH"); /* look after each operation: to see which it was */

	if (!size)
		return 0;
	world_begin(&w, 0x10000000, NULL, &choices);
	for (unsigned i = 1; i < STEPS_MAX && choices.left; i++) {
		world_step(&w);
		if (i % BETWEEN_ORACLES == 0 || each)
			worlds_oracle(&w, 1);
	}
	worlds_oracle(&w, 1);
	world_read_all(&w);
	world_end(&w);
	oracle_check(&nothing);
	return 0;
}
