/*
 * Allocations that fail at random, in the running kernel of a debug build: failalloc=RATE[,SEED] on
 * the command line, or RATE[,SEED] written to /proc/isthmus/failalloc. tests/unit makes each
 * allocation of a call fail in turn; this makes some of them fail in calls that nobody thought of.
 *
 * Only what a process asks for in its own system calls and faults: not boot, kernel threads,
 * interrupts, init (which has nobody to start it again), whoever the OOM killer must spare too (a
 * test's supervisor), reclaim, nor __GFP_NOFAIL.
 *
 * No lock: rate and seed are words that are written rarely, and which allocation gets which
 * number is chance on several CPUs anyway. With one CPU and one process the same seed fails the
 * same allocations.
 *
 * Next: page_alloc.c and slab_cache.h, which ask; docs/memory/physical.md.
 */
#include "mm/failalloc.h"

#ifdef CONFIG_DEBUG_VM

#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sched/task.h"
#include <linux/errno.h>
#include <linux/oom.h>

#define INIT_PID 1
#define TEXT_MAX 32

static unsigned rate, seed, tried, failed;

static bool may_fail(gfp_t gfp)
{
	if (gfp & (__GFP_NOFAIL | __GFP_MEMALLOC) || in_interrupt() || !current->mm)
		return false;
	return current->tgid != INIT_PID && !(current->flags & PF_MEMALLOC) &&
	       current->mm->oom_score_adj != OOM_SCORE_ADJ_MIN;
}

/* Neighbouring numbers have nothing in common. */
static unsigned scatter(unsigned n)
{
	n = (n ^ n >> 16) * 0x45d9f3bu;
	n = (n ^ n >> 16) * 0x45d9f3bu;
	return n ^ n >> 16;
}

static bool fail_at_random(gfp_t gfp)
{
	unsigned one_in = READ_ONCE(rate), n;

	if (!one_in || !may_fail(gfp))
		return false;
	n = __atomic_fetch_add(&tried, 1, __ATOMIC_RELAXED);
	if (scatter(n + READ_ONCE(seed) * 0x9e3779b9u) % one_in)
		return false;
	__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	return true;
}

int failalloc_start(const char *text)
{
	char copy[TEXT_MAX], *rest = copy, *word;
	unsigned new_rate, new_seed = 0;

	if (strscpy(copy, text, sizeof(copy)) < 0)
		return -EINVAL;
	word = strsep(&rest, ",");
	if (kstrtouint(word, 10, &new_rate) || (rest && kstrtouint(rest, 10, &new_seed)))
		return -EINVAL;
	WRITE_ONCE(rate, 0);
	WRITE_ONCE(seed, new_seed);
	WRITE_ONCE(tried, 0);
	WRITE_ONCE(failed, 0);
	WRITE_ONCE(mm_fail_alloc, fail_at_random);
	WRITE_ONCE(rate, new_rate);
	return 0;
}

void failalloc_read(struct failalloc *now)
{
	now->rate = READ_ONCE(rate);
	now->seed = READ_ONCE(seed);
	now->tried = READ_ONCE(tried);
	now->failed = READ_ONCE(failed);
}

#endif
