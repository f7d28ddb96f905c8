/* Debug builds: allocations of the running kernel that fail at random, as if memory were out. */
#ifndef MM_FAILALLOC_H
#define MM_FAILALLOC_H

#include "types.h"

#ifdef CONFIG_DEBUG_VM
struct failalloc {
	unsigned rate;        /* one allocation in so many fails; 0: none */
	unsigned seed;        /* which ones */
	unsigned long tried;  /* since it was started: allocations that could have failed, */
	unsigned long failed; /* and those that did */
};

/* "RATE[,SEED]" or "0": from now on. 0, -EINVAL. Any context. */
int failalloc_start(const char *text);
void failalloc_read(struct failalloc *now);
#endif

#endif
