/*
 * What bounds an address space and what is told of it: limits, promises, locks, wrong arguments;
 * the kernel's own areas; smaps, pagemap, statm; the choice of whom to kill; the self-check.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "mm_spaces.h"
#include "mm/inspect_virt.h"
#include "mm/oom.h"
#include "mm/selfcheck.h"
#include <linux/capability.h>
#include <linux/errno.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define P ((u32)PAGE_SIZE)
#define BASE 0x30000000u

static struct mm *mm;
static unsigned long limits[16];
static int capable_of = -1;

static unsigned long limit(unsigned resource)
{
	return limits[resource];
}

static bool capable(int cap)
{
	return cap == capable_of;
}

static long map(uaddr_t addr, u32 len, u32 prot, u32 flags)
{
	struct map_request req = {.addr = addr, .len = len, .prot = prot, .flags = flags};

	return mm_map(mm, &req);
}

static void run(void (*fn)(void *arg, unsigned n))
{
	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++)
		limits[i] = ~0ul;
	sim_boot(&(struct sim_config){.ram_mb = 32, .low_mb = 24});
	mm_virt_init();
	mm_rlimit = limit;
	mm_capable = capable;
	sim_run_tasks(1, fn, NULL);
	sim_check_tlbs();
	sim_check_free_frames();
	assert_int_equal(vm_committed_pages(), 0);
}

static void begin(void)
{
	mm = space_begin();
	mm->start_brk = mm->brk = 0x20000000;
}

static void end(void)
{
	space_end(mm);
}

/* ---- limits ---- */

static void resource_limits(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 4 * P, RW, ANON | MAP_FIXED), BASE);
	limits[RLIMIT_AS] = 6 * P;
	assert_int_equal(map(0, 3 * P, PROT_READ, ANON), -ENOMEM);
	assert_false(mm_is_error(map(0, 2 * P, PROT_READ, ANON)));
	assert_int_equal(map(BASE, 4 * P, RW, ANON | MAP_FIXED),
			 BASE); /* nothing more than before */
	assert_int_equal(mm_remap(mm, BASE, 4 * P, 5 * P, MREMAP_MAYMOVE, 0), -ENOMEM);
	limits[RLIMIT_AS] = ~0ul;
	limits[RLIMIT_DATA] = 5 * P;
	assert_int_equal(map(0, 2 * P, RW, ANON), -ENOMEM);
	assert_false(mm_is_error(map(0, 2 * P, PROT_READ, ANON))); /* no data */
	assert_int_equal(mm_brk(mm, 0x20000000 + 6 * P), 0x20000000);
	assert_int_equal(mm_brk(mm, 0x20000000 + P), 0x20000000 + P);
	assert_int_equal(map(0x31000000, 4 * P, PROT_READ, ANON | MAP_FIXED), 0x31000000);
	assert_int_equal(mm_protect(mm, 0x31000000, 4 * P, RW), -ENOMEM);
	end();
}

static void rlimits_bound_an_address_space(void **state)
{
	(void)state;
	run(resource_limits);
}

static void stack_limit(void *arg, unsigned n)
{
	u32 word = 1;

	(void)arg, (void)n;
	begin();
	limits[RLIMIT_STACK] = 64 * P;
	assert_int_equal(mm_setup_stack(mm, 0x40000000, false), 0);
	assert_int_equal(put_user_u32(word, 0x40000000 - 60 * P), 0);
	assert_int_equal(put_user_u32(word, 0x40000000 - 70 * P), -EFAULT);
	end();
}

static void a_stack_grows_to_its_limit(void **state)
{
	(void)state;
	run(stack_limit);
}

static void locking(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 8 * P, RW, ANON | MAP_FIXED), BASE);
	limits[RLIMIT_MEMLOCK] = 0;
	assert_int_equal(mm_lock_range(mm, BASE, P, VM_LOCKED), -EPERM);
	assert_int_equal(mm_lock_all(mm, MCL_CURRENT), -EPERM);
	assert_int_equal(map(0, P, RW, ANON | MAP_LOCKED), -EPERM);
	limits[RLIMIT_MEMLOCK] = 4 * P;
	assert_int_equal(mm_lock_range(mm, BASE, 5 * P, VM_LOCKED), -ENOMEM);
	assert_int_equal(mm_lock_range(mm, BASE, 4 * P, VM_LOCKED), 0);
	assert_int_equal(mm_lock_range(mm, BASE, 4 * P, VM_LOCKED), 0); /* counted once */
	assert_int_equal(mm_lock_range(mm, BASE + 2 * P, 4 * P, VM_LOCKED), -ENOMEM);
	assert_int_equal(map(0, P, RW, ANON | MAP_LOCKED), -EAGAIN);
	assert_int_equal(mm_lock_all(mm, MCL_CURRENT), -ENOMEM);
	assert_int_equal(mm_lock_all(mm, MCL_ONFAULT), -EINVAL);
	capable_of = CAP_IPC_LOCK;
	assert_int_equal(mm_lock_all(mm, MCL_CURRENT | MCL_FUTURE), 0);
	assert_int_equal(mm->locked_vm, 8);
	assert_int_equal(mm->rss_anon, 8);
	assert_int_equal(map(0x31000000, 2 * P, RW, ANON | MAP_FIXED), 0x31000000);
	assert_int_equal(mm->rss_anon, 10);
	assert_int_equal(mm_advise(mm, BASE, P, MADV_DONTNEED), -EINVAL);
	assert_int_equal(mm_lock_all(mm, 0), 0);
	assert_int_equal(mm->locked_vm, 0);
	capable_of = -1;
	end();
}

static void memlock_bounds_what_is_locked(void **state)
{
	(void)state;
	run(locking);
}

static void promising(void *arg, unsigned n)
{
	unsigned long ram = total_ram_pages();

	(void)arg, (void)n;
	begin();
	assert_int_equal(map(0, (u32)(ram + 1) * P, RW, ANON), -ENOMEM); /* an obvious overcommit */
	assert_false(mm_is_error(map(0, (u32)(ram + 1) * P, RW, ANON | MAP_NORESERVE)));
	assert_int_equal(vm_committed_pages(), 0);
	sysctl_overcommit_memory = 1;
	assert_false(mm_is_error(map(0, (u32)(ram + 1) * P, RW, ANON)));
	sysctl_overcommit_memory = 2;
	sysctl_overcommit_ratio = 50;
	assert_int_equal(vm_commit_limit_pages(), ram / 2);
	assert_int_equal(map(0, P, RW, ANON), -ENOMEM); /* more is promised than is allowed */
	assert_int_equal(map(0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE), -ENOMEM);
	sysctl_overcommit_kbytes = 4 * (2 * ram);
	assert_int_equal(vm_commit_limit_pages(), 2 * ram);
	assert_false(mm_is_error(map(0, P, RW, ANON | MAP_NORESERVE))); /* promised all the same */
	assert_int_equal(vm_committed_pages(), ram + 2);
	sysctl_overcommit_kbytes = 0;
	sysctl_overcommit_memory = 0;
	end();
}

static void memory_is_promised_by_overcommit_memory(void **state)
{
	(void)state;
	run(promising);
}

/* ---- arguments ---- */

static void arguments(void *arg, unsigned n)
{
	u8 vec[4];

	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 4 * P, RW, ANON | MAP_FIXED), BASE);
	assert_int_equal(map(0, 0, RW, ANON), -EINVAL);
	assert_int_equal(map(0, ~0u, RW, ANON), -ENOMEM);
	assert_int_equal(map(BASE + 1, P, RW, ANON | MAP_FIXED), -EINVAL);
	assert_int_equal(map(0x1000, P, RW, ANON | MAP_FIXED), -EPERM);
	assert_int_equal(map(TASK_SIZE - P, 2 * P, RW, ANON | MAP_FIXED), -ENOMEM);
	assert_int_equal(map(0, P, RW, MAP_ANONYMOUS), -EINVAL);
	assert_int_equal(map(0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN), -EINVAL);
	assert_int_equal(map(0, P, RW, ANON | MAP_HUGETLB), -ENOMEM);
	assert_int_equal(mm_unmap(mm, BASE + 1, P), -EINVAL);
	assert_int_equal(mm_unmap(mm, BASE, 0), -EINVAL);
	assert_int_equal(mm_unmap(mm, TASK_SIZE - P, 2 * P), -EINVAL);
	assert_int_equal(mm_protect(mm, BASE + 1, P, RW), -EINVAL);
	assert_int_equal(mm_protect(mm, BASE, 0, RW), 0);
	assert_int_equal(mm_protect(mm, BASE, ~0u - 10 * P, RW), -ENOMEM);
	assert_int_equal(mm_protect(mm, BASE, P, 0x100), -EINVAL);
	assert_int_equal(mm_protect(mm, BASE, P, PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL);
	assert_int_equal(mm_protect(mm, BASE, P, RW | PROT_GROWSDOWN), -EINVAL);
	assert_int_equal(mm_protect(mm, BASE, P, RW | PROT_GROWSUP), -EINVAL);
	assert_int_equal(mm_advise(mm, BASE, P, 12345), -EINVAL);
	assert_int_equal(mm_advise(mm, BASE + 1, P, MADV_DONTNEED), -EINVAL);
	assert_int_equal(mm_advise(mm, BASE, 0, MADV_DONTNEED), 0);
	assert_int_equal(mm_advise(mm, BASE + 8 * P, P, MADV_DONTNEED), -ENOMEM);
	assert_int_equal(mm_advise(mm, BASE, P, MADV_REMOVE), -EINVAL);
	assert_int_equal(mm_remap(mm, BASE, P, 0, 0, 0), -EINVAL);
	assert_int_equal(mm_remap(mm, BASE + 1, P, P, 0, 0), -EINVAL);
	assert_int_equal(mm_remap(mm, BASE, P, P, MREMAP_FIXED, 0), -EINVAL);
	assert_int_equal(mm_remap(mm, BASE, P, P, 0x80, 0), -EINVAL);
	assert_int_equal(mm_remap(mm, BASE, 0, P, MREMAP_MAYMOVE, 0), -EINVAL);
	assert_int_equal(mm_sync(mm, BASE, P, MS_ASYNC | MS_SYNC), -EINVAL);
	assert_int_equal(mm_sync(mm, BASE + 1, P, MS_SYNC), -EINVAL);
	assert_int_equal(mm_sync(mm, BASE, 0, MS_SYNC), 0);
	assert_int_equal(mm_sync(mm, BASE, 8 * P, MS_SYNC), -ENOMEM);
	assert_int_equal(mm_incore(mm, BASE, 4, vec), 4);
	assert_int_equal(mm_incore(mm, BASE + 2 * P, 3, vec), 2);
	assert_int_equal(mm_incore(mm, BASE + 4 * P, 1, vec), -ENOMEM);
	assert_int_equal(mm_remap_file_pages(mm, BASE, P, 0, 0), -EINVAL);
	assert_int_equal(mm_remap_file_pages(mm, BASE, 0, 0, 0), -EINVAL);
	assert_int_equal(mm_populate(mm, BASE + 3 * P, 2 * P), -ENOMEM);
	assert_int_equal(mm_brk(mm, 0), 0x20000000);
	end();
}

static void wrong_arguments_have_the_errno_of_the_manual(void **state)
{
	(void)state;
	run(arguments);
}

/* ---- the kernel's own areas ---- */

static void vdso(void *arg, unsigned n)
{
	struct vdso_image image = {.vvar_pages = 2, .text_pages = 1};
	struct page *vvar, *text;
	u32 word;

	(void)arg, (void)n;
	begin();
	assert_int_equal(mm_map_vdso(mm), 0);
	assert_int_equal(mm->vdso, 0); /* there is no image yet */
	vvar = alloc_page(GFP_KERNEL | __GFP_ZERO);
	text = alloc_page(GFP_KERNEL | __GFP_ZERO);
	page_set(vvar, PG_RESERVED);
	page_set(text, PG_RESERVED);
	image.vvar_pfn = page_to_pfn(vvar);
	image.text = page_address(text);
	memcpy(page_address(text), "vdso", 4);
	memcpy(page_address(vvar), "vvar", 4);
	vdso_image = &image;
	assert_int_equal(mm_map_vdso(mm), 0);
	assert_int_equal(get_user_u32(&word, mm->vdso), 0);
	assert_memory_equal(&word, "vdso", 4);
	assert_int_equal(get_user_u32(&word, mm->vdso - 2 * P), 0);
	assert_memory_equal(&word, "vvar", 4);
	assert_int_equal(get_user_u32(&word, mm->vdso - P),
			 -EFAULT); /* beyond the one page there is */
	assert_int_equal(put_user_u32(1, mm->vdso), -EFAULT);
	assert_int_equal(mm_rss(mm), 0); /* the kernel's pages are nobody's */
	assert_int_equal(mm_advise(mm, mm->vdso - 2 * P, P, MADV_DODUMP), -EINVAL);
	assert_int_equal(mm_map_special(mm, mm->vdso, P, VM_READ, NULL), -EEXIST);
	assert_int_equal(mm_map_special(mm, mm->vdso + 1, P, VM_READ, NULL), -EINVAL);
	end();
	vdso_image = NULL;
}

static void every_program_gets_vvar_and_vdso(void **state)
{
	(void)state;
	run(vdso);
}

/* ---- what is told ---- */

static void telling(void *arg, unsigned n)
{
	struct inspect_usage usage = {0};
	struct inspect_sizes sizes;
	struct inspect_walk walk;
	struct inspect_area area;
	char flags[100];
	struct mm *child;
	u64 words[4];

	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 4 * P, RW, ANON | MAP_FIXED), BASE);
	assert_int_equal(put_user_u32(1, BASE) + put_user_u32(1, BASE + P), 0);
	child = mm_fork(mm);
	assert_int_equal(put_user_u32(2, BASE), 0);
	inspect_usage(vma_first(mm), 0, &usage);
	assert_int_equal(usage.rss, 2 * P);
	assert_int_equal(usage.anonymous, 2 * P);
	assert_int_equal(usage.private_dirty, P);
	assert_int_equal(usage.shared_dirty, P);
	assert_int_equal(usage.pss >> INSPECT_PSS_SHIFT, P + P / 2);
	assert_int_equal(inspect_pagemap(mm, BASE, 4, words), 0);
	assert_true(words[0] >> 63 && words[1] >> 63 && !words[2] && !words[3]);
	assert_true((words[0] >> 56 & 1) && !(words[1] >> 56 & 1)); /* one is its own */
	inspect_walk(mm, BASE, &walk);
	assert_true(walk.present && walk.pfn == (words[0] & 0xffffff));
	inspect_walk(mm, BASE + 3 * P, &walk);
	assert_true(walk.pmd && !walk.present);
	inspect_walk(mm, 0x90000000, &walk);
	assert_true(!walk.pmd && !walk.present);
	inspect_sizes(mm, &sizes);
	assert_int_equal(sizes.total, 4);
	assert_int_equal(sizes.rss, 2);
	assert_int_equal(sizes.anon, 2);
	assert_int_equal(sizes.areas, 1);
	assert_int_equal(sizes.data, 4);
	inspect_area(vma_first(mm), &area);
	assert_int_equal(area.start, BASE);
	assert_int_equal(inspect_area_offset(&area), 0);
	inspect_vm_flags(area.flags, flags, sizeof(flags));
	assert_string_equal(flags, "rd wr mr mw me ac ");
	inspect_vm_flags(area.flags, flags, 6);
	assert_string_equal(flags, "rd ");
	mm_put(child);
	end();
}

static void smaps_pagemap_and_statm_tell_what_is_there(void **state)
{
	(void)state;
	run(telling);
}

/* ---- out of memory ---- */

static struct oom_candidate candidates[3];
static pid_t killed;

static void offer(void (*fn)(const struct oom_candidate *c, void *arg), void *arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(candidates); i++)
		fn(&candidates[i], arg);
}

static bool do_kill(void *process, pid_t pid, struct mm *memory)
{
	(void)process, (void)memory;
	killed = pid;
	return true;
}

static void killing(void *arg, unsigned n)
{
	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 64 * P, RW, ANON | MAP_FIXED), BASE);
	assert_int_equal(mm_populate(mm, BASE, 64 * P), 0);
	for (unsigned i = 0; i < 3; i++)
		candidates[i] = (struct oom_candidate){
			.process = &candidates[i], .pid = 11 + (pid_t)i, .comm = "hog", .mm = mm};
	candidates[1].score_adj = 500;
	candidates[2].score_adj = -1000;
	assert_true(oom_score(mm, 500) > oom_score(mm, 0));
	assert_int_equal(oom_score(mm, -1000), 0);
	assert_true(oom_badness(mm, 0) >= 64);
	assert_false(mm_out_of_memory(GFP_KERNEL, 0)); /* nobody has told who there is */
	oom_for_each_process = offer;
	oom_kill = do_kill;
	assert_true(mm_out_of_memory(GFP_KERNEL, 0));
	assert_int_equal(killed, 12); /* who asked for it */
	killed = 0;
	assert_true(mm_out_of_memory(GFP_KERNEL, 0));
	assert_int_equal(killed, 0); /* its memory will come: nobody else dies meanwhile */
	oom_kill = NULL;
	end();
}

static void the_process_whose_death_frees_most_is_killed(void **state)
{
	(void)state;
	run(killing);
}

/* ---- the self-check ---- */

static void checking(void *arg, unsigned n)
{
	static char report[8192];
	struct mm *child;

	(void)arg, (void)n;
	begin();
	assert_int_equal(map(BASE, 16 * P, RW, ANON | MAP_FIXED), BASE);
	assert_int_equal(mm_populate(mm, BASE, 8 * P), 0);
	assert_false(mm_is_error(map(0, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE)));
	child = mm_fork(mm);
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	if (strncmp(report, "ok: ", 4))
		fail_msg("%s", report);
	/* A reference that nobody has told of is found. */
	page_get(pfn_to_page(pte_pfn(*pte_peek(mm, BASE))));
	assert_int_equal(selfcheck_run(report, sizeof(report)), 0);
	assert_memory_equal(report, "differences: 1;", 15);
	page_put(pfn_to_page(pte_pfn(*pte_peek(mm, BASE))));
	mm_put(child);
	end();
}

static void the_self_check_finds_a_reference_too_many(void **state)
{
	(void)state;
	run(checking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rlimits_bound_an_address_space),
		cmocka_unit_test(a_stack_grows_to_its_limit),
		cmocka_unit_test(memlock_bounds_what_is_locked),
		cmocka_unit_test(memory_is_promised_by_overcommit_memory),
		cmocka_unit_test(wrong_arguments_have_the_errno_of_the_manual),
		cmocka_unit_test(every_program_gets_vvar_and_vdso),
		cmocka_unit_test(smaps_pagemap_and_statm_tell_what_is_there),
		cmocka_unit_test(the_process_whose_death_frees_most_is_killed),
		cmocka_unit_test(the_self_check_finds_a_reference_too_many),
	};

	return sim_run_tests(tests);
}
