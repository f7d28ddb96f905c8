/*
 * /proc/isthmus/selfcheck of a debug build: who holds each page, counted anew at each read
 * (mm/selfcheck.h).
 */
#include "procfs.h"
#include "mm/selfcheck.h"
#include "mm/slab.h"

#ifdef CONFIG_DEBUG_VM
#define REPORT_SIZE (24u << 10)

static int show_selfcheck(struct seq_file *m, void *v)
{
	char *report = kvmalloc(REPORT_SIZE, GFP_KERNEL);
	int err;

	(void)v;
	if (!report)
		return -ENOMEM;
	err = selfcheck_run(report, REPORT_SIZE);
	if (!err)
		seq_puts(m, report);
	kvfree(report);
	return err;
}
#endif

void proc_register_selfcheck(void)
{
#ifdef CONFIG_DEBUG_VM
	proc_register("isthmus/selfcheck", 0400, show_selfcheck, NULL);
#endif
}
