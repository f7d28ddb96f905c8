/*
 * split.h - where user space ends: asked of the kernel, as any program can.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include "t.h"

/* May a page be mapped there at all? The address space itself stays as it is. */
static bool is_user_page(unsigned long addr)
{
	void *p = mmap((void *)addr, T_PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return errno == EEXIST;
	munmap(p, T_PAGE);
	return true;
}

static unsigned long find_task_size(void)
{
	unsigned long low = 0x10000000, high = T_TOP; /* a user page, and none */

	while (high - low > T_PAGE) {
		unsigned long middle = (low + (high - low) / 2) & ~(T_PAGE - 1);

		*(is_user_page(middle) ? &low : &high) = middle;
	}
	return high;
}

#endif
