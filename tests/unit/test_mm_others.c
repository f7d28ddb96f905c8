/*
 * What is done to an address space and to its pages from outside, or of all at once: copies between
 * processes, memory policies, barriers on other CPUs, forgetting which pages were used, dropping
 * what can be read again, pinning the pages of an object, looking at the kernel's memory.
 */
#include "mm_test.h"
#include "mm/failalloc.h"
#include "mm/inspect_virt.h"
#include "mm/iov_iter.h"
#include "mm/mempolicy.h"
#include "mm/mm.h"
#include "mm/virt.h"
#include "mm/zone.h"
#include <linux/errno.h>
#include <linux/kernel-page-flags.h>
#include <linux/membarrier.h>
#include <linux/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define P ((u32)PAGE_SIZE)
#define BASE 0x30000000u
#define FILE_BASE 0x40000000u
#define FILE_PAGES 8u
#define MANY 40u /* more than are pinned at a time */

static struct mm *mm;
static struct mapping file;

static uaddr_t at(unsigned page)
{
	return BASE + page * P;
}

static int read_page(struct mapping *m, struct page *page)
{
	(void)m;
	page_zero(page);
	page_set(page, PG_UPTODATE);
	return 0;
}

static int write_page(struct mapping *m, struct page *page)
{
	(void)m, (void)page;
	return 0;
}

static const struct mapping_ops file_ops = {.read_page = read_page, .write_page = write_page};

static void map(uaddr_t addr, unsigned pages, u32 flags, struct mapping *m)
{
	struct map_request req = {
		.addr = addr,
		.len = pages * P,
		.prot = RW,
		.flags = flags | MAP_FIXED,
		.mapping = m,
		.may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
	};

	assert_int_equal(mm_map(mm, &req), addr);
}

static void begin(void)
{
	mm = mm_alloc();
	assert_non_null(mm);
	mm_activate(mm);
	map(BASE, MANY, ANON, NULL);
	mapping_init(&file, NULL, &file_ops, GFP_HIGHUSER_MOVABLE);
	file.size = FILE_PAGES * P;
	map(FILE_BASE, FILE_PAGES, MAP_SHARED, &file);
}

static void end(void)
{
	mm_activate(NULL);
	mm_put(mm);
	mapping_destroy(&file);
}

static void run(void (*fn)(void *arg, unsigned n), unsigned cpus, unsigned tasks)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 32, .low_mb = 16});
	mm_virt_init();
	sim_run_tasks(tasks, fn, NULL);
	sim_check_tlbs();
	sim_check_free_frames();
	assert_int_equal(total_anon_pages(), 0);
	assert_int_equal(total_cache_pages(), 0);
	assert_int_equal(vm_committed_pages(), 0);
}

/* ---- copies between processes ---- */

static int copy(uaddr_t addr, u32 len, u8 *buf, bool write, u32 *left)
{
	struct iov_iter it;
	int err;

	iov_iter_kernel(&it, buf, len);
	err = mm_copy_remote(mm, addr, len, &it, write);
	*left = (u32)it.count;
	return err;
}

static void copying(void *arg, unsigned n)
{
	static u8 out[MANY * PAGE_SIZE], in[MANY * PAGE_SIZE];
	struct page *page;
	u32 left;

	(void)arg, (void)n;
	begin();
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (u8)(i * 7 + i / P);
	assert_int_equal(copy(at(0) + 100, sizeof(out) - 100, out, true, &left), 0);
	assert_int_equal(left, 0);
	assert_int_equal(copy(at(0) + 100, sizeof(in) - 100, in, false, &left), 0);
	assert_memory_equal(in, out, sizeof(in) - 100);
	assert_int_equal(mm_protect(mm, at(20), P, PROT_NONE), 0);
	assert_int_equal(copy(at(18), 4 * P, in, false, &left), -EFAULT);
	assert_int_equal(left, 2 * P); /* as far as it goes */
	assert_int_equal(mm_protect(mm, at(20), P, PROT_READ), 0);
	assert_int_equal(copy(at(20), P, in, true, &left), -EFAULT); /* unlike a debugger */
	assert_int_equal(copy(TASK_SIZE - P, P, in, false, &left), -EFAULT);
	assert_int_equal(copy(FILE_BASE + 5, 10, out, true, &left), 0);
	page = mapping_find(&file, 0);
	assert_non_null(page);
	assert_true(page_test(page, PG_DIRTY));
	page_put(page);
	end();
}

static void a_copy_between_processes_goes_as_far_as_protections_allow(void **state)
{
	(void)state;
	run(copying, 1, 1);
}

/* ---- policies ---- */

static u16 policy_at(unsigned page)
{
	u16 policy = 0xffff;

	assert_int_equal(mm_policy_at(mm, at(page), &policy), 0);
	return policy;
}

static void policies(void *arg, unsigned n)
{
	const u16 bind = MPOL_BIND | POLICY_NODE, local = MPOL_LOCAL;
	unsigned areas;
	u16 policy;

	(void)arg, (void)n;
	begin();
	areas = mm->areas.count;
	assert_int_equal(mm_bind(mm, at(4), at(8), bind), 0);
	assert_int_equal(mm->areas.count, areas + 2);
	assert_int_equal(policy_at(4), bind);
	assert_int_equal(policy_at(7), bind);
	assert_int_equal(policy_at(8), 0);
	assert_int_equal(mm_bind(mm, at(8), at(10), local), 0);
	assert_int_equal(mm_set_home_node(mm, at(0), at(3)), -ENOENT);
	assert_int_equal(mm_set_home_node(mm, at(6), at(8)), 0);
	assert_int_equal(policy_at(6), bind | POLICY_HOME);
	assert_int_equal(policy_at(5), bind);
	assert_int_equal(mm_set_home_node(mm, at(8), at(9)), -EOPNOTSUPP);
	sysctl_max_map_count = mm->areas.count;
	assert_int_equal(mm_bind(mm, at(20), at(21), bind), -ENOMEM);
	assert_int_equal(mm_bind(mm, at(10), at(12), local), 0); /* a border moves */
	assert_int_equal(mm_bind(mm, at(11), at(12), 0), 0);
	assert_int_equal(mm_bind(mm, at(11), at(12), bind), -ENOMEM);
	assert_int_equal(mm->areas.count, sysctl_max_map_count);
	sysctl_max_map_count = 65530;
	assert_int_equal(mm_bind(mm, at(0), at(MANY), 0), 0);
	assert_int_equal(mm->areas.count, areas); /* one again */
	assert_int_equal(mm_bind(mm, at(MANY - 1), at(MANY + 1), bind), -EFAULT);
	assert_int_equal(policy_at(MANY - 1), 0); /* nothing is half done */
	assert_int_equal(mm_policy_at(mm, at(MANY), &policy), -EFAULT);
	end();
}

static void nodes(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin();
	assert_int_equal(mm_page_node(mm, at(1)), -ENOENT);
	assert_int_equal(get_user_u32(&word, at(1)), 0);
	assert_int_equal(mm_page_node(mm, at(1)), -EFAULT); /* the zero page is nobody's */
	assert_int_equal(put_user_u32(1, at(1)), 0);
	assert_int_equal(mm_page_node(mm, at(1)), 0);
	assert_int_equal(mm_page_node(mm, at(MANY)), -EFAULT);
	assert_int_equal(mm_node_at(mm, at(2)), 0);
	assert_int_equal(mm_node_at(mm, at(MANY)), -EFAULT);
	end();
}

static void areas_of_one_policy_are_one_area(void **state)
{
	(void)state;
	run(policies, 1, 1);
}

static void pages_that_are_there_are_on_node_0(void **state)
{
	(void)state;
	run(nodes, 1, 1);
}

/* ---- barriers ---- */

static u32 running, may_end; /* (a) */

static long ask(int command)
{
	return mm_membarrier(mm, command, 0, 0);
}

/* CPU 0 asks; CPU 1 runs the same program, CPU 2 nothing. */
static void barriers(void *arg, unsigned n)
{
	unsigned long before;

	(void)arg;
	if (n == 1) {
		while (!atomic_read(&running))
			cond_resched();
		mm_get(mm);
		mm_activate(mm);
		atomic_set(&running, 2);
		while (!atomic_read(&may_end))
			cpu_relax();
		mm_activate(NULL);
		mm_put(mm);
		return;
	}
	begin();
	atomic_set(&running, 1);
	while (atomic_read(&running) != 2)
		cond_resched();
	assert_true(ask(MEMBARRIER_CMD_QUERY) & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	assert_int_equal(ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED), -EPERM);
	assert_int_equal(ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), 0);
	assert_int_equal(ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), -EPERM);
	before = sim_ipi_count();
	assert_int_equal(ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
	assert_int_equal(sim_ipi_count() - before, 1); /* the other thread's CPU, and no more */
	before = sim_ipi_count();
	assert_int_equal(ask(MEMBARRIER_CMD_GLOBAL_EXPEDITED), 0);
	assert_int_equal(sim_ipi_count() - before, 2); /* every other CPU */
	assert_int_equal(ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ), 0);
	before = sim_ipi_count();
	assert_int_equal(mm_membarrier(mm, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
				       MEMBARRIER_CMD_FLAG_CPU, 1),
			 0);
	assert_int_equal(sim_ipi_count() - before, 1);
	assert_int_equal(mm_membarrier(mm, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
				       MEMBARRIER_CMD_FLAG_CPU, 99),
			 0);
	assert_int_equal(sim_ipi_count() - before, 1); /* no such CPU: none */
	assert_int_equal(mm_membarrier(mm, MEMBARRIER_CMD_GLOBAL, 1, 0), -EINVAL);
	assert_int_equal(ask(1 << 20), -EINVAL);
	atomic_set(&may_end, 1);
	assert_int_equal(ask(MEMBARRIER_CMD_GLOBAL), 0);
	end();
}

static void a_barrier_interrupts_the_cpus_that_run_the_program(void **state)
{
	(void)state;
	run(barriers, 3, 2);
}

/* ---- which pages are used ---- */

static unsigned young(uaddr_t addr, unsigned pages)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pages; i++) {
		pte_t *ptep = pte_peek(mm, addr + i * P);

		n += ptep && pte_present(*ptep) && pte_young(*ptep);
	}
	return n;
}

static void forgetting(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin();
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(put_user_u32(i, at(i)), 0);
		assert_int_equal(put_user_u32(i, FILE_BASE + i * P), 0);
	}
	assert_int_equal(mm_clear_refs(mm, true, false), 0);
	assert_int_equal(young(BASE, MANY), 0);
	assert_int_equal(get_user_u32(&word, at(3)), 0);
	assert_int_equal(young(BASE, MANY), 1); /* no TLB knew it any more */
	assert_int_equal(mm_unmap(mm, at(2), 4 * P), 0);
	assert_int_equal(mm->hiwater_rss, 12);
	assert_int_equal(mm_reset_peak(mm), 0);
	assert_int_equal(mm->hiwater_rss, 8);
	end();
}

static void what_was_used_is_forgotten_and_seen_anew(void **state)
{
	(void)state;
	run(forgetting, 1, 1);
}

/* ---- pages of files ---- */

static void dropping(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin();
	for (unsigned i = 0; i < FILE_PAGES; i++)
		assert_int_equal(get_user_u32(&word, FILE_BASE + i * P), 0);
	assert_int_equal(total_cache_pages(), FILE_PAGES);
	assert_int_equal(mm_drop_caches(), 0); /* all are mapped */
	assert_int_equal(put_user_u32(1, FILE_BASE + 2 * P), 0);
	assert_int_equal(mm_unmap(mm, FILE_BASE, (FILE_PAGES - 1) * P), 0);
	assert_int_equal(mm_drop_caches(), FILE_PAGES - 2);
	assert_int_equal(total_cache_pages(), 2); /* the dirty one, and the one that is mapped */
	end();
}

static void only_clean_pages_that_nobody_maps_are_dropped(void **state)
{
	(void)state;
	run(dropping, 1, 1);
}

static unsigned long pinned(void)
{
	struct mm_pinned counts = {0};

	for (unsigned zone = 0; zone < NR_ZONES; zone++)
		mm_pinned_counts(zone, &counts);
	return counts.file;
}

static void pinning(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin();
	assert_int_equal(get_user_u32(&word, FILE_BASE), 0);
	mapping_set_unevictable(&file, true);
	assert_int_equal(get_user_u32(&word, FILE_BASE + 6 * P), 0);
	assert_int_equal(pinned(), total_cache_pages()); /* before and after */
	assert_int_equal(mm_lock_range(mm, FILE_BASE, P, VM_LOCKED), 0);
	mapping_set_unevictable(&file, false);
	assert_int_equal(pinned(), 1); /* what is locked stays */
	assert_int_equal(mm_unmap(mm, FILE_BASE, FILE_PAGES * P), 0);
	assert_int_equal(pinned(), 0);
	mapping_set_unevictable(&file, true);
	mapping_set_size(&file, 0);
	mapping_truncate_range(&file, 0, -1);
	assert_int_equal(pinned(), 0);
	end();
}

static void an_object_keeps_its_pages_in_memory(void **state)
{
	(void)state;
	run(pinning, 1, 1);
}

/* ---- a process that is dying ---- */

static void dying(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin();
	assert_int_equal(put_user_u32(1, at(0)), 0);
	assert_int_equal(put_user_u32(1, FILE_BASE), 0);
	assert_int_equal(mm_release_dying(mm), 0);
	assert_int_equal(mm->rss_anon, 0);
	assert_int_equal(mm->rss_file, 1); /* what others may share is not in the way */
	assert_int_equal(put_user_u32(1, at(0)), -EFAULT);
	end();
}

static void a_dying_process_loses_its_private_memory(void **state)
{
	(void)state;
	run(dying, 1, 1);
}

/* ---- the kernel's memory ---- */

static void looking(void *arg, unsigned n)
{
	u8 *area = vmalloc(2 * PAGE_SIZE), buf[PAGE_SIZE];
	struct page *page = alloc_page(GFP_KERNEL);

	(void)arg, (void)n;
	assert_non_null(area);
	assert_non_null(page);
	memset(area + PAGE_SIZE, 0x5a, PAGE_SIZE);
	assert_true(inspect_kernel_page((unsigned long)area + PAGE_SIZE, buf));
	assert_int_equal(buf[17], 0x5a);
	assert_false(inspect_kernel_page((unsigned long)area + 2 * PAGE_SIZE, buf)); /* its guard */
	assert_int_equal(buf[17], 0);
	memset(page_address(page), 0xa5, PAGE_SIZE);
	assert_true(inspect_kernel_page((unsigned long)page_address(page), buf));
	assert_int_equal(buf[99], 0xa5);
	vfree(area);
	page_put(page);
}

static void flags(void *arg, unsigned n)
{
	struct page *page;

	(void)arg, (void)n;
	begin();
	assert_int_equal(put_user_u32(1, at(0)), 0);
	page = pfn_to_page(pte_pfn(*pte_peek(mm, at(0))));
	assert_int_equal(inspect_kpagecount(page_to_pfn(page)), 1);
	assert_true(inspect_kpageflags(page_to_pfn(page)) & 1ull << KPF_ANON);
	assert_true(inspect_kpageflags(page_to_pfn(page)) & 1ull << KPF_MMAP);
	assert_true(inspect_kpageflags(max_pfn + 10) & 1ull << KPF_NOPAGE);
	assert_int_equal(inspect_kpagecount(max_pfn + 10), 0);
	end();
}

static void the_kernels_memory_is_read_without_a_fault(void **state)
{
	(void)state;
	run(looking, 1, 1);
}

static void flags_of_a_page_say_what_it_is(void **state)
{
	(void)state;
	run(flags, 1, 1);
}

/* ---- allocations that fail at random ---- */

static unsigned failures_of(const char *text)
{
	struct failalloc now;

	assert_int_equal(failalloc_start(text), 0);
	for (unsigned i = 0; i < MANY; i++)
		(void)!put_user_u32(1, at(i));
	mm_advise(mm, BASE, MANY * P, MADV_DONTNEED);
	failalloc_read(&now);
	assert_true(now.tried >= MANY);
	assert_int_equal(failalloc_start("0"), 0);
	return (unsigned)now.failed;
}

static void failing(void *arg, unsigned n)
{
	static const char *const wrong[] = {
		"", "x", "1,", "1,x", "-1", "1,2,3", "10000000000000000000000000000000000000000"};
	unsigned some;

	(void)arg, (void)n;
	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(failalloc_start(wrong[i]), -EINVAL);
	assert_true(failures_of("1") >= MANY); /* every one */
	some = failures_of("4,7");
	assert_true(some > 0 && some < MANY);
	assert_int_equal(failures_of("4,7"), some); /* the same again */
	end();
}

static void the_same_seed_fails_the_same_allocations(void **state)
{
	(void)state;
	run(failing, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_between_processes_goes_as_far_as_protections_allow),
		cmocka_unit_test(areas_of_one_policy_are_one_area),
		cmocka_unit_test(pages_that_are_there_are_on_node_0),
		cmocka_unit_test(a_barrier_interrupts_the_cpus_that_run_the_program),
		cmocka_unit_test(what_was_used_is_forgotten_and_seen_anew),
		cmocka_unit_test(only_clean_pages_that_nobody_maps_are_dropped),
		cmocka_unit_test(an_object_keeps_its_pages_in_memory),
		cmocka_unit_test(a_dying_process_loses_its_private_memory),
		cmocka_unit_test(the_kernels_memory_is_read_without_a_fault),
		cmocka_unit_test(flags_of_a_page_say_what_it_is),
		cmocka_unit_test(the_same_seed_fails_the_same_allocations),
	};

	return sim_run_tests(tests);
}
