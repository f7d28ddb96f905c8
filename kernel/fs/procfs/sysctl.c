/*
 * /proc/sys/vm: the knobs of memory management. proc(5), Linux's sysctl/vm.
 *
 * A number belongs to the part that reads it. Those that tune what does not happen here (swapping,
 * write-back to devices, statistics by interval) are kept and read back, as on a Linux without swap
 * and devices, where they change nothing either. What orders something that this kernel has no
 * function for (compaction, huge pages of hugetlbfs) has no file.
 */
#include "procfs.h"
#include "fs/dentry.h"
#include "fs/poll.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/shrinker.h"
#include "mm/vmstat.h"
#include <linux/capability.h>

/* ---- lowmem_reserve_ratio: a number a zone ---- */

#define ZONES_SHOWN 4

static int show_reserve_ratio(struct seq_file *m, void *v)
{
	(void)v;
	for (unsigned i = 0; i < ZONES_SHOWN; i++)
		seq_printf(m, i ? "\t%u" : "%u", sysctl_lowmem_reserve_ratio[i]);
	seq_putc(m, '\n');
	return 0;
}

/*
 * Fewer numbers leave the later zones as they are; so does what is no number, without an
 * error, as on Linux.
 */
static int write_reserve_ratio(void *data, char *text)
{
	const char *at = strim(text), *end;

	(void)data;
	for (unsigned i = 0; i < ZONES_SHOWN; i++, at = end + strspn(end, " \t")) {
		u64 value = parse_u64(at, &end, 0);

		if (end == at || value > ~0u >> 1)
			break;
		sysctl_lowmem_reserve_ratio[i] = (unsigned)value;
	}
	zones_set_marks();
	return 0;
}

/* ---- drop_caches: 1 pages of files, 2 names and inodes, 3 both ---- */

static int write_drop_caches(void *data, char *text)
{
	unsigned what;

	(void)data;
	if (kstrtouint(strim(text), 0, &what) || what < 1 || what > 4)
		return -EINVAL;
	if (what & 1)
		mm_drop_caches();
	if (what & 2) {
		shrink_all_caches();
		vm_event_add(VM_DROP_SLAB, 1);
	}
	return 0;
}

/* ---- mmap_min_addr: what protects the kernel is not for every root ---- */

static int show_number(struct seq_file *m, void *v)
{
	(void)v;
	seq_printf(m, "%u\n", *(unsigned *)m->private);
	return 0;
}

static int write_mmap_min_addr(void *data, char *text)
{
	unsigned value;

	if (!fs_capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (kstrtouint(strim(text), 0, &value))
		return -EINVAL;
	WRITE_ONCE(*(unsigned *)data, value);
	return 0;
}

/* ---- overcommit: the ratio and the absolute limit exclude each other ---- */

static void ratio_chosen(void)
{
	sysctl_overcommit_kbytes = 0;
}

static void kbytes_chosen(void)
{
	sysctl_overcommit_ratio = 0;
}

/* ---- kept for who sets them: there is nothing to swap out or to write back ---- */

static unsigned swappiness = 60, page_cluster = 3;
static unsigned dirty_background_ratio = 10, dirty_ratio = 20, dirty_expire = 3000,
		dirty_writeback = 500, dirtytime_expire = 43200;
static unsigned stat_interval = 1; /* every count is summed up when it is read */

static const struct {
	const char *path;
	unsigned *value, min, max;
	void (*changed)(void);
} numbers[] = {
	{"sys/vm/max_map_count", &sysctl_max_map_count, 0, ~0u >> 1, NULL},
	{"sys/vm/overcommit_memory", &sysctl_overcommit_memory, 0, 2, NULL},
	{"sys/vm/overcommit_ratio", &sysctl_overcommit_ratio, 0, ~0u >> 1, ratio_chosen},
	{"sys/vm/min_free_kbytes", &sysctl_min_free_kbytes, 0, ~0u >> 1, zones_min_free_changed},
	{"sys/vm/watermark_scale_factor", &sysctl_watermark_scale_factor, 1, 3000, zones_set_marks},
	{"sys/vm/oom_kill_allocating_task", &sysctl_oom_kill_allocating_task, 0, 1, NULL},
	{"sys/vm/panic_on_oom", &sysctl_panic_on_oom, 0, 2, NULL},
	{"sys/vm/oom_dump_tasks", &sysctl_oom_dump_tasks, 0, 1, NULL},
	{"sys/vm/unprivileged_userfaultfd", &sysctl_unprivileged_userfaultfd, 0, 1, NULL},
	{"sys/vm/vdso_enabled", &sysctl_vdso_enabled, 0, ~0u >> 1, NULL},
	{"sys/vm/vfs_cache_pressure", &sysctl_vfs_cache_pressure, 0, ~0u >> 1, NULL},
	{"sys/vm/swappiness", &swappiness, 0, 200, NULL},
	{"sys/vm/page-cluster", &page_cluster, 0, ~0u >> 1, NULL},
	{"sys/vm/dirty_background_ratio", &dirty_background_ratio, 0, 100, NULL},
	{"sys/vm/dirty_ratio", &dirty_ratio, 0, 100, NULL},
	{"sys/vm/dirty_expire_centisecs", &dirty_expire, 0, ~0u >> 1, NULL},
	{"sys/vm/dirty_writeback_centisecs", &dirty_writeback, 0, ~0u >> 1, NULL},
	{"sys/vm/dirtytime_expire_seconds", &dirtytime_expire, 0, ~0u >> 1, NULL},
	{"sys/vm/stat_interval", &stat_interval, 0, ~0u >> 1, NULL},
};

static const struct {
	const char *path;
	unsigned long *value;
	void (*changed)(void);
} large_numbers[] = {
	{"sys/vm/overcommit_kbytes", &sysctl_overcommit_kbytes, kbytes_chosen},
	{"sys/vm/admin_reserve_kbytes", &sysctl_admin_reserve_kbytes, NULL},
	{"sys/vm/user_reserve_kbytes", &sysctl_user_reserve_kbytes, NULL},
};

void proc_register_sysctls(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		proc_register_uint(numbers[i].path, 0644, numbers[i].value, numbers[i].min,
				   numbers[i].max);
		proc_on_change(numbers[i].path, numbers[i].changed);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(large_numbers); i++) {
		proc_register_ulong(large_numbers[i].path, 0644, large_numbers[i].value);
		proc_on_change(large_numbers[i].path, large_numbers[i].changed);
	}
	proc_register_text("sys/vm/lowmem_reserve_ratio", 0644, show_reserve_ratio,
			   write_reserve_ratio, NULL);
	proc_register_text("sys/vm/mmap_min_addr", 0644, show_number, write_mmap_min_addr,
			   &sysctl_mmap_min_addr);
	proc_register_text("sys/vm/drop_caches", 0200, NULL, write_drop_caches, NULL);
}
