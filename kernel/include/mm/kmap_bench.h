/*
 * kmap against kmap_local on several CPUs at once: an experiment that root may start
 * (/proc/isthmus/kmap_bench).
 */
#ifndef MM_KMAP_BENCH_H
#define MM_KMAP_BENCH_H

#include "types.h"

#define KMAP_BENCH_PAGES_MAX 4096u
#define KMAP_BENCH_COUNT_MAX 1000000u

struct kmap_bench {
	bool local;     /* kmap_local_page, else kmap */
	unsigned cpus;  /* threads, each on its own CPU */
	unsigned pages; /* high pages of each thread, mapped in turn */
	unsigned count; /* maps of each thread */
	/* results */
	u64 cycles;            /* of all threads, from their first map to their last */
	u64 elapsed_ns;        /* from the first thread's start to the last one's end */
	unsigned long flushes; /* of the kmap window, each on all CPUs */
	unsigned long waits;   /* a window with every slot in use */
};

/*
 * Fill in the results. One at a time; sleeps until all threads are through, a second or so. 0;
 * -EINVAL: a number out of range; -ENODEV: this machine has no high memory; -ENOMEM.
 */
int kmap_bench_run(struct kmap_bench *bench);

#endif
