/*
 * proc_formats - the skeletons of the long files of /proc about memory: which lines, in which
 * order, on Linux 6.1 for the i386; and that the sizes in meminfo add up. proc(5)
 */
#include "t.h"

static const char meminfo[] =
	"MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) "
	"Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked HighTotal HighFree LowTotal "
	"LowFree SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem "
	"KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables SecPageTables "
	"NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed "
	"VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped "
	"FileHugePages FilePmdMapped HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp "
	"Hugepagesize Hugetlb DirectMap4k ";
static const char smaps[] =
	"Size KernelPageSize MMUPageSize Rss Pss Pss_Dirty Shared_Clean Shared_Dirty Private_Clean "
	"Private_Dirty Referenced Anonymous LazyFree AnonHugePages ShmemPmdMapped FilePmdMapped "
	"Shared_Hugetlb Private_Hugetlb Swap SwapPss Locked THPeligible VmFlags";
static const char rollup[] =
	"Rss Pss Pss_Dirty Pss_Anon Pss_File Pss_Shmem Shared_Clean Shared_Dirty Private_Clean "
	"Private_Dirty Referenced Anonymous LazyFree AnonHugePages ShmemPmdMapped FilePmdMapped "
	"Shared_Hugetlb Private_Hugetlb Swap SwapPss Locked";
static const char status[] =
	"Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups NStgid NSpid NSpgid "
	"NSsid VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe "
	"VmLib VmPTE VmSwap HugetlbPages CoreDumping THP_enabled Threads SigQ SigPnd ShdPnd SigBlk "
	"SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters "
	"Speculation_Store_Bypass SpeculationIndirectBranch Cpus_allowed Cpus_allowed_list "
	"Mems_allowed Mems_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches";
static const char vmstat[] =
	"nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file "
	"nr_zone_active_file nr_zone_unevictable nr_zone_write_pending nr_mlock nr_bounce "
	"nr_zspages nr_free_cma nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file "
	"nr_unevictable nr_slab_reclaimable nr_slab_unreclaimable nr_isolated_anon nr_isolated_file "
	"workingset_nodes workingset_refault_anon workingset_refault_file workingset_activate_anon "
	"workingset_activate_file workingset_restore_anon workingset_restore_file "
	"workingset_nodereclaim nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback "
	"nr_writeback_temp nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages "
	"nr_file_pmdmapped nr_anon_transparent_hugepages nr_vmscan_write "
	"nr_vmscan_immediate_reclaim nr_dirtied nr_written nr_throttled_written "
	"nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released nr_kernel_stack "
	"nr_page_table_pages nr_sec_page_table_pages nr_swapcached nr_dirty_threshold "
	"nr_dirty_background_threshold pgpgin pgpgout pswpin pswpout pgalloc_dma pgalloc_normal "
	"pgalloc_high pgalloc_movable allocstall_dma allocstall_normal allocstall_high "
	"allocstall_movable pgskip_dma pgskip_normal pgskip_high pgskip_movable pgfree pgactivate "
	"pgdeactivate pglazyfree pgfault pgmajfault pglazyfreed pgrefill pgreuse pgsteal_kswapd "
	"pgsteal_direct pgdemote_kswapd pgdemote_direct pgscan_kswapd pgscan_direct "
	"pgscan_direct_throttle pgscan_anon pgscan_file pgsteal_anon pgsteal_file pginodesteal "
	"slabs_scanned kswapd_inodesteal kswapd_low_wmark_hit_quickly kswapd_high_wmark_hit_quickly "
	"pageoutrun pgrotated drop_pagecache drop_slab oom_kill pgmigrate_success pgmigrate_fail "
	"thp_migration_success thp_migration_fail thp_migration_split compact_migrate_scanned "
	"compact_free_scanned compact_isolated compact_stall compact_fail compact_success "
	"compact_daemon_wake compact_daemon_migrate_scanned compact_daemon_free_scanned "
	"htlb_buddy_alloc_success htlb_buddy_alloc_fail unevictable_pgs_culled "
	"unevictable_pgs_scanned unevictable_pgs_rescued unevictable_pgs_mlocked "
	"unevictable_pgs_munlocked unevictable_pgs_cleared unevictable_pgs_stranded thp_fault_alloc "
	"thp_fault_fallback thp_fault_fallback_charge thp_collapse_alloc thp_collapse_alloc_failed "
	"thp_file_alloc thp_file_fallback thp_file_fallback_charge thp_file_mapped thp_split_page "
	"thp_split_page_failed thp_deferred_split_page thp_split_pmd thp_scan_exceed_none_pte "
	"thp_scan_exceed_swap_pte thp_scan_exceed_share_pte thp_zero_page_alloc "
	"thp_zero_page_alloc_failed thp_swpout thp_swpout_fallback balloon_inflate balloon_deflate "
	"balloon_migrate swap_ra swap_ra_hit ksm_swpin_copy cow_ksm zswpin zswpout "
	"direct_map_level2_splits direct_map_level3_splits nr_unstable";
static const char zone_node[] =
	"per-node nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable "
	"nr_slab_reclaimable nr_slab_unreclaimable nr_isolated_anon nr_isolated_file "
	"workingset_nodes workingset_refault_anon workingset_refault_file workingset_activate_anon "
	"workingset_activate_file workingset_restore_anon workingset_restore_file "
	"workingset_nodereclaim nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback "
	"nr_writeback_temp nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages "
	"nr_file_pmdmapped nr_anon_transparent_hugepages nr_vmscan_write "
	"nr_vmscan_immediate_reclaim nr_dirtied nr_written nr_throttled_written "
	"nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released nr_kernel_stack "
	"nr_page_table_pages nr_sec_page_table_pages nr_swapcached";
static const char zone_sizes[] =
	"pages boost min low high spanned present managed cma protection nr_free_pages "
	"nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file nr_zone_active_file "
	"nr_zone_unevictable nr_zone_write_pending nr_mlock nr_bounce nr_zspages nr_free_cma pagesets";

static char text[1 << 18];

/* The first word of the line at @at: up to a blank or colon. */
static size_t word_length(const char *at)
{
	return strcspn(at, ": \t\n");
}

/* Do lines from @at on begin with @words? The text behind them, or NULL. */
static const char *follow(const char *at, const char *words)
{
	for (; *words; words += strcspn(words, " "), words += strspn(words, " ")) {
		size_t len = strcspn(words, " ");

		at += strspn(at, " ");
		if (word_length(at) != len || strncmp(at, words, len) != 0) {
			t_note("got '%.*s', want '%.*s'", (int)strcspn(at, "\n"), at, (int)len,
			       words);
			return NULL;
		}
		at = strchr(at, '\n');
		if (!at)
			return NULL;
		at++;
	}
	return at;
}

static const char *line_behind(const char *at, const char *line)
{
	at = strstr(at, line);
	return at ? strchr(at, '\n') + 1 : "";
}

static void read_text(const char *path)
{
	t_must(t_slurp(path, text, sizeof(text)) > 0);
}

static void check_skeletons(void)
{
	const char *at;

	read_text("/proc/meminfo");
	at = follow(text, meminfo);
	ok(at && strncmp(at, "DirectMap", 9) == 0 && strchr("24", at[9]) && at[10] == 'M',
	   "meminfo has Linux's lines in its order");
	read_text("/proc/self/smaps");
	at = follow(strchr(text, '\n') + 1, smaps);
	ok(at, "smaps has Linux's lines in its order");
	ok(at && at[8] == '-' && at[17] == ' ', "and then the next area");
	read_text("/proc/self/smaps_rollup");
	at = follow(strchr(text, '\n') + 1, rollup);
	ok(at && !*at, "so has smaps_rollup");
	read_text("/proc/self/status");
	at = follow(text, status);
	ok(at && !*at, "so has status");
	read_text("/proc/vmstat");
	ok(follow(text, vmstat), "so has vmstat");
	read_text("/proc/zoneinfo");
	ok(follow(line_behind(text, "Node 0, zone      DMA\n"), zone_node),
	   "zoneinfo has the sizes of the node");
	ok(follow(line_behind(text, "      nr_swapcached "), zone_sizes), "and of the zone");
}

/* Columns: headings that tools cut by position. */
static void check_columns(void)
{
	read_text("/proc/pagetypeinfo");
	ok(strncmp(text, "Page block order: ", 18) == 0,
	   "pagetypeinfo begins with the block's order");
	ok(strstr(text, "\nFree pages count per migrate type at order       0      1      2 "),
	   "its orders stand in columns of 6");
	ok(strstr(text, "\nNode    0, zone      DMA, type    Unmovable "), "so do zones and types");
	ok(strstr(text, "\nNumber of blocks type     Unmovable      Movable  Reclaimable "),
	   "and the counts of blocks");
	read_text("/proc/buddyinfo");
	ok(strncmp(text, "Node 0, zone      DMA ", 22) == 0 && text[22 + 11 * 7] == '\n',
	   "buddyinfo has 11 columns of 6");
	read_text("/proc/swaps");
	ok(strncmp(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", 42) == 0,
	   "swaps has its heading");
	read_text("/proc/vmallocinfo");
	ok(strchr(text, '+') && strchr(strchr(text, '+'), '/') < strchr(text, '\n'),
	   "vmallocinfo names callers as symbol+offset/size");
}

static long long mem(const char *key)
{
	char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

static void check_sums(void)
{
	char *p = t_pages(100);

	memset(p, 1, 100 * T_PAGE);
	read_text("/proc/meminfo");
	eq(mem("HighTotal:") + mem("LowTotal:"), mem("MemTotal:"),
	   "HighTotal + LowTotal is MemTotal");
	ok(llabs(mem("HighFree:") + mem("LowFree:") - mem("MemFree:")) <= 64,
	   "HighFree + LowFree is MemFree");
	eq(mem("\nActive(anon):") + mem("\nActive(file):"), mem("\nActive:"),
	   "Active is the sum of its kinds");
	eq(mem("\nInactive(anon):") + mem("\nInactive(file):"), mem("\nInactive:"), "Inactive too");
	eq(mem("SReclaimable:") + mem("SUnreclaim:"), mem("\nSlab:"), "Slab too");
	ok(mem("\nCached:") + mem("Buffers:") >= mem("\nShmem:"), "shared memory is cached");
	ok(mem("\nAnonPages:") >= 400, "AnonPages has what was touched");
	ok(mem("\nMapped:") <= mem("\nCached:") + mem("Buffers:"), "no more is mapped than cached");
	ok(mem("VmallocUsed:") <= mem("VmallocTotal:"),
	   "no more of the window is used than there is");
	ok(mem("MemAvailable:") <= mem("MemTotal:"), "no more is available than there is");
	munmap(p, 100 * T_PAGE);
}

int main(void)
{
	check_skeletons();
	check_columns();
	check_sums();
	return t_done();
}
