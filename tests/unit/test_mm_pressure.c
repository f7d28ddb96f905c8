/*
 * Memory pressure on the simulated machine: watermarks that can be set, kswapd between low and
 * high, shrinkers, whom the OOM killer takes, its reaper, and the recount of all owners.
 */
#include "mm_test.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/selfcheck.h"
#include "mm/shrinker.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define RW (PROT_READ | PROT_WRITE)

static void no_signal(int sig, int code, uaddr_t addr)
{
	(void)sig, (void)code, (void)addr;
}

static void run(void (*fn)(void *arg, unsigned n))
{
	sim_boot(&(struct sim_config){.ram_mb = 64, .low_mb = 32});
	mm_virt_init();
	mm_start();
	mm_send_fault_signal = no_signal;
	sim_run_tasks(1, fn, NULL);
}

static void sleep_ms(unsigned ms)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_ns() + ms * (u64)NSEC_PER_MSEC);
}

static struct mm *process_begin(void)
{
	struct mm *mm = mm_alloc();

	assert_non_null(mm);
	mm_layout(mm, TASK_SIZE, 8u << 20, 0, false);
	mm_activate(mm);
	return mm;
}

static void process_end(struct mm *mm)
{
	mm_activate(NULL);
	mm_put(mm);
}

static uaddr_t touched(struct mm *mm, unsigned pages)
{
	struct map_request req = {
		.len = pages * PAGE_SIZE, .prot = RW, .flags = MAP_PRIVATE | MAP_ANONYMOUS};
	long addr = mm_map(mm, &req);

	assert_false(mm_is_error(addr));
	for (unsigned i = 0; i < pages; i++)
		assert_int_equal(copy_to_user((uaddr_t)addr + i * PAGE_SIZE, &i, 4), 0);
	return (uaddr_t)addr;
}

/* ---- watermarks ---- */

static void setting_marks(void *arg, unsigned n)
{
	struct inspect_zone before, after;

	(void)arg, (void)n;
	assert_true(inspect_zone(1, &before));
	sysctl_min_free_kbytes *= 2;
	zones_min_free_changed();
	inspect_zone(1, &after);
	assert_in_range(after.min, 2 * before.min - 2, 2 * before.min + 2);
	assert_int_equal(after.low - after.min, after.high - after.low);
	sysctl_watermark_scale_factor = 1000; /* a tenth of the zone between the marks */
	zones_set_marks();
	inspect_zone(1, &after);
	assert_int_equal(after.low - after.min, after.managed / 10);
	assert_int_equal(after.protection[2], total_high_pages() / 32);
	sysctl_lowmem_reserve_ratio[1] = 8;
	zones_set_marks();
	inspect_zone(1, &after);
	assert_int_equal(after.protection[2], total_high_pages() / 8);
	sysctl_lowmem_reserve_ratio[1] = 0;
	zones_set_marks();
	inspect_zone(1, &after);
	assert_int_equal(after.protection[2], 0);
}

static void watermarks_follow_what_is_set(void **state)
{
	(void)state;
	run(setting_marks);
}

/* ---- kswapd ---- */

static int read_page(struct mapping *m, struct page *page)
{
	(void)m;
	page_zero(page);
	page_set(page, PG_UPTODATE);
	return 0;
}

static const struct mapping_ops file_ops = {.read_page = read_page};

static void filling_memory(void *arg, unsigned n)
{
	struct inspect_zone zone;
	struct mapping file;

	(void)arg, (void)n;
	mapping_init(&file, NULL, &file_ops, GFP_HIGHUSER_MOVABLE);
	file.size = 0x7fffffff;
	for (u32 i = 0; i < 2 * total_ram_pages(); i++) {
		struct page *page = mapping_read_page(&file, i);

		assert_false(IS_ERR(page)); /* a file larger than memory can be read */
		page_put(page);
		if (!(i & 255))
			sleep_ms(1);
	}
	for (unsigned i = 0; i < 100; i++) {
		inspect_zone(2, &zone);
		if (zone.free >= zone.low)
			break;
		sleep_ms(10);
	}
	assert_true(zone.free >= zone.low);
	assert_true(file.nrpages > total_ram_pages() / 2); /* and most of it stays */
	mapping_destroy(&file);
}

static void kswapd_keeps_zones_above_low(void **state)
{
	(void)state;
	run(filling_memory);
}

/* ---- shrinkers ---- */

static unsigned long objects, asked;

static unsigned long count_objects(void)
{
	return objects;
}

static unsigned long scan_objects(unsigned long n)
{
	asked += n;
	objects -= MIN(n, objects);
	return n;
}

static struct shrinker shrinker = {.name = "test", .count = count_objects, .scan = scan_objects};

static void shrinking(void *arg, unsigned n)
{
	(void)arg, (void)n;
	objects = 1 << 14;
	asked = 0;
	shrinker_register(&shrinker);
	assert_int_equal(shrink_caches(12), 4);
	assert_int_equal(asked, 4);
	assert_int_equal(shrink_caches(1), ((1 << 14) - 4) / 2);
	shrink_all_caches();
	assert_int_equal(objects, 0);
}

static void a_shrinker_is_asked_for_its_share(void **state)
{
	(void)state;
	run(shrinking);
}

/* ---- the OOM killer's choice ---- */

static struct {
	const char *name;
	unsigned pages;
	s32 adj;
	bool unkillable;
	struct mm *mm;
	bool killed;
} people[4];
static unsigned nr_people;

static void offer_people(void (*fn)(const struct oom_candidate *c, void *arg), void *arg)
{
	for (unsigned i = 0; i < nr_people; i++) {
		struct oom_candidate c = {
			.process = &people[i],
			.pid = (pid_t)i + 10,
			.comm = people[i].name,
			.mm = people[i].mm,
			.score_adj = people[i].adj,
			.unkillable = people[i].unkillable,
		};

		fn(&c, arg);
	}
}

static bool kill_person(void *process, pid_t pid, struct mm *mm)
{
	(void)process;
	people[pid - 10].killed = true;
	assert_ptr_equal(mm, people[pid - 10].mm);
	return true;
}

static void people_begin(unsigned n)
{
	nr_people = n;
	oom_for_each_process = offer_people;
	oom_kill = kill_person;
	for (unsigned i = 0; i < n; i++) {
		people[i].killed = false;
		people[i].mm = mm_alloc();
		mm_activate(people[i].mm);
		touched(people[i].mm, people[i].pages);
		mm_activate(NULL);
	}
}

static void people_end(void)
{
	for (unsigned i = 0; i < nr_people; i++)
		mm_put(people[i].mm);
	nr_people = 0;
}

static int victim(void)
{
	int found = -1;

	mm_out_of_memory(GFP_KERNEL, 0);
	for (unsigned i = 0; i < nr_people; i++)
		if (people[i].killed) {
			assert_int_equal(found, -1);
			found = (int)i;
		}
	return found;
}

static void choosing(void *arg, unsigned n)
{
	static const struct {
		s32 adj[3];
		bool first_unkillable;
		int victim;
	} cases[] = {
		{{0, 0, 0}, false, 0},            /* the largest */
		{{0, 0, 0}, true, 1},             /* the largest that may die */
		{{0, 900, 0}, false, 1},          /* as oom_score_adj says */
		{{-1000, 0, 0}, false, 1},        /* -1000: never */
		{{-1000, -1000, -999}, false, 2}, /* a negative badness is still a badness */
		{{-1000, -1000, -1000}, false, -1},
	};

	(void)arg, (void)n;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		for (unsigned i = 0; i < 3; i++) {
			people[i].name = "person";
			people[i].pages = 300 - 100 * i;
			people[i].adj = cases[c].adj[i];
			people[i].unkillable = !i && cases[c].first_unkillable;
		}
		people_begin(3);
		assert_int_equal(victim(), cases[c].victim);
		people_end();
	}
}

static void the_worst_is_chosen(void **state)
{
	(void)state;
	run(choosing);
}

/* The victim does not die: nobody else is killed until the reaper has taken its pages. */
static void reaping(void *arg, unsigned n)
{
	unsigned tries = 0;

	(void)arg, (void)n;
	for (unsigned i = 0; i < 2; i++) {
		people[i].name = "person";
		people[i].pages = 300 - 100 * i;
		people[i].adj = 0;
		people[i].unkillable = false;
	}
	people_begin(2);
	assert_int_equal(victim(), 0);
	assert_true(mm_out_of_memory(GFP_KERNEL, 0));
	assert_false(people[1].killed);
	while (people[0].mm->rss_anon && tries++ < 100)
		sleep_ms(20);
	assert_int_equal(people[0].mm->rss_anon, 0);
	mm_activate(people[0].mm);
	assert_int_not_equal(copy_to_user(people[0].mm->mmap_base - PAGE_SIZE, &tries, 4), 0);
	mm_activate(NULL);
	sleep_ms(50);
	people[0].killed = false;
	assert_true(mm_out_of_memory(GFP_KERNEL, 0));
	assert_false(people[0].killed);
	assert_true(people[1].killed);
	people_end();
}

static void a_stuck_victim_is_reaped_and_then_the_next_goes(void **state)
{
	(void)state;
	run(reaping);
}

static void scoring(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	long total = (long)total_ram_pages();

	(void)arg, (void)n;
	touched(mm, 1000);
	assert_int_equal(oom_badness(mm, 0), 1000 + (long)(mm->pt_bytes >> PAGE_SHIFT));
	assert_int_equal(oom_badness(mm, 100) - oom_badness(mm, 0), 100 * (total / 1000));
	assert_int_equal(oom_score(mm, OOM_ADJ_MIN), 0);
	assert_int_equal(oom_score(mm, 0), (1000 + oom_badness(mm, 0) * 1000 / total) * 2 / 3);
	process_end(mm);
}

static void badness_is_rss_and_tables_shifted_by_adj(void **state)
{
	(void)state;
	run(scoring);
}

/* ---- the recount ---- */

static void recounting(void *arg, unsigned n)
{
	static char report[24 << 10];
	struct mm *mm = process_begin();
	struct page *lost;

	(void)arg, (void)n;
	touched(mm, 100);
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	assert_ptr_equal(strstr(report, "ok:"), report);
	lost = alloc_page(GFP_HIGHUSER);
	page_get(lost);
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	assert_ptr_equal(strstr(report, "differences: 1;"), report);
	assert_non_null(strstr(report, "has no known owner: refs 2"));
	page_put(lost);
	page_put(lost);
	mm->rss_anon++;
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	assert_non_null(strstr(report, "rss_anon"));
	mm->rss_anon--;
	process_end(mm);
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	assert_ptr_equal(strstr(report, "ok:"), report);
}

static void the_recount_finds_what_is_lost(void **state)
{
	(void)state;
	run(recounting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watermarks_follow_what_is_set),
		cmocka_unit_test(kswapd_keeps_zones_above_low),
		cmocka_unit_test(a_shrinker_is_asked_for_its_share),
		cmocka_unit_test(the_worst_is_chosen),
		cmocka_unit_test(a_stuck_victim_is_reaped_and_then_the_next_goes),
		cmocka_unit_test(badness_is_rss_and_tables_shifted_by_adj),
		cmocka_unit_test(the_recount_finds_what_is_lost),
	};

	return sim_run_tests(tests);
}
