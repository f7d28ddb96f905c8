/*
 * Address spaces for tests: made and loaded, given an area, given back. Their names say all;
 * failures are the test's.
 */
#ifndef MM_SPACES_H
#define MM_SPACES_H

#include "mm_test.h"
#include "mm/mm.h"
#include "mm/virt.h"
#include <linux/mman.h>

static inline struct mm *space_begin(void)
{
	struct mm *mm = mm_alloc();

	assert_non_null(mm);
	mm_layout(mm, TASK_SIZE, 8u << 20, 0, false);
	mm_activate(mm);
	return mm;
}

static inline void space_end(struct mm *mm)
{
	mm_activate(NULL);
	mm_put(mm);
}

/* Private memory to read and write at @addr. False: refused. */
static inline bool map_at(struct mm *mm, uaddr_t addr, u32 len, u32 flags)
{
	struct map_request req = {
		.addr = addr,
		.len = len,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags,
	};

	return mm_map(mm, &req) == (long)addr;
}

#endif
