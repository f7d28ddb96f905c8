/* /proc/sys/vm: the knobs of memory management that mm/ reads. proc(5), Linux's sysctl/vm. */
#include "procfs.h"
#include "lib/string.h"
#include "mm/mm.h"

static int show_lowmem_reserve(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "256\t32\t0\t0\n"); /* fixed: mm/zone.c computes the reserves with them */
	return 0;
}

void proc_register_sysctls(void)
{
	proc_register_uint("sys/vm/max_map_count", 0644, &sysctl_max_map_count, 0, ~0u >> 1);
	proc_register_uint("sys/vm/mmap_min_addr", 0644, &sysctl_mmap_min_addr, 0, ~0u);
	proc_register_uint("sys/vm/overcommit_memory", 0644, &sysctl_overcommit_memory, 0, 2);
	proc_register_uint("sys/vm/overcommit_ratio", 0644, &sysctl_overcommit_ratio, 0, ~0u >> 1);
	proc_register_ulong("sys/vm/overcommit_kbytes", 0644, &sysctl_overcommit_kbytes);
	proc_register("sys/vm/lowmem_reserve_ratio", 0444, show_lowmem_reserve, NULL);
}
