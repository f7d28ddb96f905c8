/* What the tests of physical memory share: cmocka, the simulated machine, a repeatable random
 * source. */
#ifndef MM_TEST_H
#define MM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/log.h"
#include "arch/sim/sim.h"
#include "lib/string.h"
#include "mm/highmem.h"
#include "mm/inspect.h"
#include "mm/memblock.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include "sched/task.h"

static inline u32 random_next(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline u32 random_below(u32 *state, u32 n)
{
	return random_next(state) % n;
}

static inline struct page *high_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_non_null(page);
	assert_true(page_is_high(page));
	return page;
}

#endif
