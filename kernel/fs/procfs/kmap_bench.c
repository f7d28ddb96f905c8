/*
 * /proc/isthmus/kmap_bench: an experiment for root. Write "local CPUS PAGES COUNT" or "kmap CPUS
 * PAGES COUNT"; the write returns when it is over, and a read shows what came out, a line:
 *
 *   which  CPUs  pages a thread  maps a thread  cycles a map  ns altogether  flushes on all CPUs  waits for a slot
 *
 * Lock: last_lock guards the last result. mm/kmap_bench.c does the work.
 */
#include "procfs.h"
#include "lib/div64.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/kmap_bench.h"

static DEFINE_SPINLOCK(last_lock, RANK_LEAF);
static struct kmap_bench last;

static int show_result(struct seq_file *m, void *v)
{
	struct kmap_bench b;
	u64 per_map;

	(void)v;
	spin_lock(&last_lock);
	b = last;
	spin_unlock(&last_lock);
	if (!b.count)
		return 0;
	per_map = div_u64(b.cycles, b.cpus * b.count);
	seq_printf(m, "%s %u %u %u %llu %llu %lu %lu\n", b.local ? "local" : "kmap", b.cpus,
		   b.pages, b.count, per_map, b.elapsed_ns, b.flushes, b.waits);
	return 0;
}

/* The words of @text in @b. 0 or -EINVAL */
static int parse(char *text, struct kmap_bench *b)
{
	unsigned *const numbers[] = {&b->cpus, &b->pages, &b->count};
	char *word = strsep(&text, " ");

	b->local = !strcmp(word, "local");
	if (!b->local && strcmp(word, "kmap"))
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		word = strsep(&text, " ");
		if (!word || kstrtouint(word, 10, numbers[i]))
			return -EINVAL;
	}
	return text ? -EINVAL : 0;
}

static int start(struct proc_entry *entry, char *text)
{
	struct kmap_bench b = {0};
	int err = parse(text, &b) ?: kmap_bench_run(&b);

	(void)entry;
	if (err)
		return err;
	spin_lock(&last_lock);
	last = b;
	spin_unlock(&last_lock);
	return 0;
}

void proc_register_kmap_bench(void)
{
	proc_register_writable("isthmus/kmap_bench", 0600, show_result, start);
}
