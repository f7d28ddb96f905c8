/*
 * /proc/isthmus/failalloc of a debug build: "RATE[,SEED]" makes one allocation in RATE fail from
 * now on, "0" none (mm/failalloc.h). A read shows rate, seed, how many allocations could have
 * failed since, and how many did.
 */
#include "procfs.h"
#include "mm/failalloc.h"

#ifdef CONFIG_DEBUG_VM
static int show_failalloc(struct seq_file *m, void *v)
{
	struct failalloc now;

	(void)v;
	failalloc_read(&now);
	seq_printf(m, "rate %u seed %u tried %lu failed %lu\n", now.rate, now.seed, now.tried,
		   now.failed);
	return 0;
}

static int start(struct proc_entry *entry, char *text)
{
	(void)entry;
	return failalloc_start(text);
}
#endif

void proc_register_failalloc(void)
{
#ifdef CONFIG_DEBUG_VM
	proc_register_writable("isthmus/failalloc", 0600, show_failalloc, start);
#endif
}
