/*
 * /proc/vmstat, and what /proc/zoneinfo says of the node: Linux 6.1's lines in Linux's order. A
 * name is looked up among what stands here (sizes, now) and among the events of mm/vmstat.h (since
 * boot); one that neither has is something that does not happen here, and reads 0.
 */
#include "procfs.h"
#include "lib/string.h"
#include "mm/inspect.h"
#include "mm/mm.h"
#include "mm/vmstat.h"

struct sizes {
	unsigned long free, inactive_anon, active_anon, inactive_file, active_file, unevictable,
		mlock, slab, anon, anon_huge, mapped, cache, shmem, stack_kb, tables;
};

static void read_sizes(struct sizes *s)
{
	unsigned long inactive, active;
	struct mm_pinned pinned = {0};

	*s = (struct sizes){
		.free = nr_free_pages(),
		.slab = inspect_slab_pages(),
		.anon = total_anon_pages(),
		.anon_huge = total_anon_huge_pages() / (THP_SIZE >> PAGE_SHIFT),
		.mapped = total_mapped_pages(),
		.cache = total_cache_pages(),
		.shmem = total_shmem_pages(),
		.stack_kb = inspect_stack_pages() << (PAGE_SHIFT - 10),
		.tables = total_pt_bytes() >> PAGE_SHIFT,
	};
	for (unsigned zone = 0; zone < INSPECT_ZONES; zone++) {
		mm_lru_counts(zone, &inactive, &active);
		s->inactive_file += inactive;
		s->active_file += active;
		mm_pinned_counts(zone, &pinned);
	}
	s->unevictable = mm_pinned_all(&pinned);
	s->mlock = pinned.mlocked;
	/* Memory without another copy is on no list: counted by what it is. */
	s->active_anon = s->anon - MIN(s->anon, pinned.anon);
	s->inactive_anon = s->shmem - MIN(s->shmem, pinned.shmem);
}

static const struct {
	const char *name;
	size_t offset;
} size_names[] = {
	{"nr_free_pages", offsetof(struct sizes, free)},
	{"nr_zone_inactive_anon", offsetof(struct sizes, inactive_anon)},
	{"nr_zone_active_anon", offsetof(struct sizes, active_anon)},
	{"nr_zone_inactive_file", offsetof(struct sizes, inactive_file)},
	{"nr_zone_active_file", offsetof(struct sizes, active_file)},
	{"nr_zone_unevictable", offsetof(struct sizes, unevictable)},
	{"nr_mlock", offsetof(struct sizes, mlock)},
	{"nr_inactive_anon", offsetof(struct sizes, inactive_anon)},
	{"nr_active_anon", offsetof(struct sizes, active_anon)},
	{"nr_inactive_file", offsetof(struct sizes, inactive_file)},
	{"nr_active_file", offsetof(struct sizes, active_file)},
	{"nr_unevictable", offsetof(struct sizes, unevictable)},
	{"nr_slab_unreclaimable", offsetof(struct sizes, slab)},
	{"nr_anon_pages", offsetof(struct sizes, anon)},
	{"nr_anon_transparent_hugepages", offsetof(struct sizes, anon_huge)},
	{"nr_mapped", offsetof(struct sizes, mapped)},
	{"nr_file_pages", offsetof(struct sizes, cache)},
	{"nr_shmem", offsetof(struct sizes, shmem)},
	{"nr_kernel_stack", offsetof(struct sizes, stack_kb)},
	{"nr_page_table_pages", offsetof(struct sizes, tables)},
};

static const char *const zone_names[] = {
	"nr_free_pages",
	"nr_zone_inactive_anon",
	"nr_zone_active_anon",
	"nr_zone_inactive_file",
	"nr_zone_active_file",
	"nr_zone_unevictable",
	"nr_zone_write_pending",
	"nr_mlock",
	"nr_bounce",
	"nr_zspages",
	"nr_free_cma",
};

static const char *const node_names[] = {
	"nr_inactive_anon",
	"nr_active_anon",
	"nr_inactive_file",
	"nr_active_file",
	"nr_unevictable",
	"nr_slab_reclaimable",
	"nr_slab_unreclaimable",
	"nr_isolated_anon",
	"nr_isolated_file",
	"workingset_nodes",
	"workingset_refault_anon",
	"workingset_refault_file",
	"workingset_activate_anon",
	"workingset_activate_file",
	"workingset_restore_anon",
	"workingset_restore_file",
	"workingset_nodereclaim",
	"nr_anon_pages",
	"nr_mapped",
	"nr_file_pages",
	"nr_dirty",
	"nr_writeback",
	"nr_writeback_temp",
	"nr_shmem",
	"nr_shmem_hugepages",
	"nr_shmem_pmdmapped",
	"nr_file_hugepages",
	"nr_file_pmdmapped",
	"nr_anon_transparent_hugepages",
	"nr_vmscan_write",
	"nr_vmscan_immediate_reclaim",
	"nr_dirtied",
	"nr_written",
	"nr_throttled_written",
	"nr_kernel_misc_reclaimable",
	"nr_foll_pin_acquired",
	"nr_foll_pin_released",
	"nr_kernel_stack",
	"nr_page_table_pages",
	"nr_sec_page_table_pages",
	"nr_swapcached",
};

static const char *const event_names[] = {
	"nr_dirty_threshold",
	"nr_dirty_background_threshold",
	"pgpgin",
	"pgpgout",
	"pswpin",
	"pswpout",
	"pgalloc_dma",
	"pgalloc_normal",
	"pgalloc_high",
	"pgalloc_movable",
	"allocstall_dma",
	"allocstall_normal",
	"allocstall_high",
	"allocstall_movable",
	"pgskip_dma",
	"pgskip_normal",
	"pgskip_high",
	"pgskip_movable",
	"pgfree",
	"pgactivate",
	"pgdeactivate",
	"pglazyfree",
	"pgfault",
	"pgmajfault",
	"pglazyfreed",
	"pgrefill",
	"pgreuse",
	"pgsteal_kswapd",
	"pgsteal_direct",
	"pgdemote_kswapd",
	"pgdemote_direct",
	"pgscan_kswapd",
	"pgscan_direct",
	"pgscan_direct_throttle",
	"pgscan_anon",
	"pgscan_file",
	"pgsteal_anon",
	"pgsteal_file",
	"pginodesteal",
	"slabs_scanned",
	"kswapd_inodesteal",
	"kswapd_low_wmark_hit_quickly",
	"kswapd_high_wmark_hit_quickly",
	"pageoutrun",
	"pgrotated",
	"drop_pagecache",
	"drop_slab",
	"oom_kill",
	"pgmigrate_success",
	"pgmigrate_fail",
	"thp_migration_success",
	"thp_migration_fail",
	"thp_migration_split",
	"compact_migrate_scanned",
	"compact_free_scanned",
	"compact_isolated",
	"compact_stall",
	"compact_fail",
	"compact_success",
	"compact_daemon_wake",
	"compact_daemon_migrate_scanned",
	"compact_daemon_free_scanned",
	"htlb_buddy_alloc_success",
	"htlb_buddy_alloc_fail",
	"unevictable_pgs_culled",
	"unevictable_pgs_scanned",
	"unevictable_pgs_rescued",
	"unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked",
	"unevictable_pgs_cleared",
	"unevictable_pgs_stranded",
	"thp_fault_alloc",
	"thp_fault_fallback",
	"thp_fault_fallback_charge",
	"thp_collapse_alloc",
	"thp_collapse_alloc_failed",
	"thp_file_alloc",
	"thp_file_fallback",
	"thp_file_fallback_charge",
	"thp_file_mapped",
	"thp_split_page",
	"thp_split_page_failed",
	"thp_deferred_split_page",
	"thp_split_pmd",
	"thp_scan_exceed_none_pte",
	"thp_scan_exceed_swap_pte",
	"thp_scan_exceed_share_pte",
	"thp_zero_page_alloc",
	"thp_zero_page_alloc_failed",
	"thp_swpout",
	"thp_swpout_fallback",
	"balloon_inflate",
	"balloon_deflate",
	"balloon_migrate",
	"swap_ra",
	"swap_ra_hit",
	"ksm_swpin_copy",
	"cow_ksm",
	"zswpin",
	"zswpout",
	"direct_map_level2_splits",
	"direct_map_level3_splits",
	"nr_unstable",
};

static unsigned long value_of(const struct sizes *s, const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(size_names); i++)
		if (!strcmp(size_names[i].name, name))
			return *(const unsigned long *)((const char *)s + size_names[i].offset);
	for (unsigned i = 0; i < NR_VM_EVENTS; i++)
		if (!strcmp(vm_event_names[i], name))
			return vm_event_total((enum vm_event)i);
	return 0;
}

static void show_lines(struct seq_file *m, const struct sizes *s, const char *const *names,
		       unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		seq_printf(m, "%s %lu\n", names[i], value_of(s, names[i]));
}

/* Events that only this kernel counts come last, where tools that look for names do not mind. */
static bool is_linux_event(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(event_names); i++)
		if (!strcmp(event_names[i], name))
			return true;
	return false;
}

int proc_show_vmstat(struct seq_file *m, void *v)
{
	struct sizes s;

	(void)v;
	read_sizes(&s);
	show_lines(m, &s, zone_names, ARRAY_SIZE(zone_names));
	show_lines(m, &s, node_names, ARRAY_SIZE(node_names));
	show_lines(m, &s, event_names, ARRAY_SIZE(event_names));
	for (unsigned i = 0; i < NR_VM_EVENTS; i++)
		if (!is_linux_event(vm_event_names[i]))
			seq_printf(m, "%s %lu\n", vm_event_names[i],
				   vm_event_total((enum vm_event)i));
	return 0;
}

void proc_show_node_stats(struct seq_file *m)
{
	struct sizes s;

	read_sizes(&s);
	seq_puts(m, "  per-node stats\n");
	for (unsigned i = 0; i < ARRAY_SIZE(node_names); i++)
		seq_printf(m, "      %-12s %lu\n", node_names[i], value_of(&s, node_names[i]));
}

void proc_show_zone_stats(struct seq_file *m, unsigned zone, unsigned long free)
{
	struct sizes s = {.free = free};
	struct mm_pinned pinned = {0};

	mm_lru_counts(zone, &s.inactive_file, &s.active_file);
	mm_pinned_counts(zone, &pinned);
	s.unevictable = mm_pinned_all(&pinned);
	s.mlock = pinned.mlocked;
	for (unsigned i = 0; i < ARRAY_SIZE(zone_names); i++)
		seq_printf(m, "      %-12s %lu\n", zone_names[i], value_of(&s, zone_names[i]));
}
