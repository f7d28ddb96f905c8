/*
 * userfaultfd on the simulated machine: who touches a page that is not there waits until the
 * program fills it, or is let go when the registration ends; nothing is filled twice, nothing is
 * left behind. The waiters run on CPUs of their own, with TLBs that keep what they have seen.
 */
#include "mm_test.h"
#include "mm/iov_iter.h"
#include "mm/mm.h"
#include "mm/userfaultfd.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
#define P ((u32)PAGE_SIZE)
#define BASE 0x30000000u
#define SOURCE 0x38000000u
#define PAGES 24u
#define WAITERS 3u
#define ROUNDS 2000u

static struct mm *mm;
static struct userfaultfd *uffd;
static u32 finished; /* (a) waiters that have */
static u32 served;   /* messages read, and answered */

static uaddr_t page_at(unsigned n)
{
	return BASE + n * P;
}

/* What the program puts there: a third of the pages are zeros. */
static u32 contents(unsigned n)
{
	return n % 3 ? 0x1000 + n : 0;
}

static void map(uaddr_t addr, unsigned pages, u32 flags)
{
	struct map_request req = {
		.addr = addr, .len = pages * P, .prot = RW, .flags = flags | MAP_FIXED};

	assert_int_equal(mm_map(mm, &req), addr);
}

static void boot(unsigned cpus)
{
	sim_boot(&(struct sim_config){.cpus = cpus, .ram_mb = 32, .low_mb = 16});
	mm_virt_init();
}

static void begin(u32 flags, bool user_only, u32 features)
{
	mm = mm_alloc();
	assert_non_null(mm);
	mm_activate(mm);
	map(BASE, PAGES, flags);
	map(SOURCE, 1, PRIVATE);
	uffd = userfaultfd_alloc(user_only);
	assert_non_null(uffd);
	uffd->features = features;
	assert_int_equal(userfaultfd_register(uffd, BASE, PAGES * P), 0);
	finished = served = 0;
}

static void end(void)
{
	mm_activate(NULL);
	mm_put(mm);
}

static void check_machine(void)
{
	sim_check_tlbs();
	sim_check_free_frames();
	assert_int_equal(total_anon_pages(), 0);
	assert_int_equal(total_mapped_pages(), 0);
	assert_int_equal(total_cache_pages(), 0);
	assert_int_equal(vm_committed_pages(), 0);
}

/* One task of a test on one CPU. */
static void run(void (*fn)(void *arg, unsigned n))
{
	boot(1);
	sim_run_tasks(1, fn, NULL);
	check_machine();
}

/* ---- the program's side ---- */

static s32 fill(unsigned n)
{
	if (!contents(n))
		return userfaultfd_zero(uffd, page_at(n), P);
	assert_int_equal(put_user_u32(contents(n), SOURCE), 0);
	return userfaultfd_copy(uffd, page_at(n), SOURCE, P);
}

static void answer(const struct uffd_msg *msg)
{
	uaddr_t addr = (uaddr_t)msg->arg.pagefault.address;
	s32 done;

	assert_int_equal(msg->event, UFFD_EVENT_PAGEFAULT);
	assert_int_equal(addr % P, 0);
	done = fill((addr - BASE) / P);
	assert_true(done == (s32)P || done == -EEXIST || done == -ENOENT);
	userfaultfd_wake(uffd, addr, P);
	served++;
}

static void serve_until(u32 waiters)
{
	struct uffd_msg msg;

	while (atomic_read(&finished) < waiters) {
		if (userfaultfd_take(uffd, &msg))
			answer(&msg);
		cond_resched();
	}
}

/* ---- waiting until a page is filled ---- */

static void touch_all(unsigned n)
{
	for (unsigned i = 0; i < PAGES; i++) {
		unsigned page = (i * 7 + n * 5) % PAGES;
		u32 word = ~0u;

		assert_int_equal(n % 2 ? copy_from_user(&word, page_at(page), 4)
				       : (size_t)sim_user_read(page_at(page), &word, 4),
				 0);
		assert_int_equal(word, contents(page));
	}
}

static void serve_or_touch(void *arg, unsigned n)
{
	(void)arg;
	mm_get(mm);
	mm_activate(mm);
	if (n == 0) {
		serve_until(WAITERS);
	} else {
		touch_all(n);
		atomic_inc(&finished);
	}
	mm_activate(NULL);
	mm_put(mm);
}

static void set_up(void *flags, unsigned n)
{
	(void)n;
	begin(*(u32 *)flags, false, UFFD_FEATURE_THREAD_ID);
	mm_get(mm);
	end();
}

static void tear_down(void *arg, unsigned n)
{
	unsigned pending, total;

	(void)arg, (void)n;
	userfaultfd_count(uffd, &pending, &total);
	assert_int_equal(total, 0);
	assert_true(served >= PAGES);
	userfaultfd_release(uffd);
	mm_put(mm);
}

static void fills(u32 flags)
{
	boot(WAITERS + 1);
	sim_run_tasks(1, set_up, &flags);
	sim_run_tasks(WAITERS + 1, serve_or_touch, NULL);
	sim_check_tlbs();
	sim_run_tasks(1, tear_down, NULL);
	check_machine();
}

static void who_touches_private_memory_waits_until_it_is_filled(void **state)
{
	(void)state;
	fills(PRIVATE);
}

static void who_touches_shared_memory_waits_until_it_is_filled(void **state)
{
	(void)state;
	fills(SHARED);
}

/* ---- waiting until the registration ends ---- */

static bool somebody_waits(void)
{
	unsigned pending, total;

	userfaultfd_count(uffd, &pending, &total);
	return pending == 1;
}

static void (*let_go)(void);

static void wait_or_let_go(void *arg, unsigned n)
{
	u32 word = ~0u;

	(void)arg;
	mm_get(mm);
	mm_activate(mm);
	if (n == 0) {
		while (!somebody_waits())
			cond_resched();
		let_go();
	} else {
		assert_int_equal(copy_from_user(&word, page_at(1), 4), 0);
		assert_int_equal(word, 0);
	}
	mm_activate(NULL);
	mm_put(mm);
}

static void release(void)
{
	userfaultfd_release(uffd);
	uffd = NULL;
}

static void unregister(void)
{
	assert_int_equal(userfaultfd_unregister(uffd, BASE, PAGES * P), 0);
}

static void map_anew(void)
{
	map(BASE, PAGES, PRIVATE);
	userfaultfd_wake(uffd, BASE, PAGES * P);
}

static void drop_space(void *arg, unsigned n)
{
	(void)arg, (void)n;
	if (uffd)
		userfaultfd_release(uffd);
	mm_put(mm);
}

static void a_registration_that_ends_lets_waiters_go(void **state)
{
	static void (*const ways[])(void) = {release, unregister, map_anew};
	u32 flags = PRIVATE;

	(void)state;
	boot(2);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		let_go = ways[i];
		sim_run_tasks(1, set_up, &flags);
		sim_run_tasks(2, wait_or_let_go, NULL);
		sim_check_tlbs();
		sim_run_tasks(1, drop_space, NULL);
		check_machine();
	}
}

/* ---- another process's hands ---- */

static int copy_remote(unsigned n, u32 *word, bool write)
{
	struct iov_iter it;

	iov_iter_kernel(&it, word, sizeof(*word));
	return mm_copy_remote(mm, page_at(n), sizeof(*word), &it, write);
}

/* process_vm_readv(2) waits as the process itself would; a debugger does not. */
static void serve_or_look(void *arg, unsigned n)
{
	u32 word = 1234;

	(void)arg;
	if (n == 0) {
		mm_get(mm);
		mm_activate(mm);
		serve_until(1);
		mm_activate(NULL);
		mm_put(mm);
		return;
	}
	assert_int_equal(mm_access(mm, page_at(1), &word, sizeof(word), false), 0);
	assert_int_equal(copy_remote(1, &word, false), 0);
	assert_int_equal(word, contents(1));
	assert_int_equal(copy_remote(4, &word, true), 0);
	assert_int_equal(mm_access(mm, page_at(4), &word, sizeof(word), false), sizeof(word));
	assert_int_equal(word, contents(1));
	atomic_inc(&finished);
}

static void who_looks_from_outside_waits_too(void **state)
{
	u32 flags = PRIVATE;

	(void)state;
	boot(2);
	sim_run_tasks(1, set_up, &flags);
	sim_run_tasks(2, serve_or_look, NULL);
	sim_run_tasks(1, drop_space, NULL);
	check_machine();
}

/* ---- arguments ---- */

static void filling(void *arg, unsigned n)
{
	u32 word = 0;

	(void)arg, (void)n;
	begin(PRIVATE, false, 0);
	assert_int_equal(fill(1), P);
	assert_int_equal(fill(1), -EEXIST);
	assert_int_equal(fill(0), P);
	assert_int_equal(fill(0), -EEXIST);
	assert_int_equal(userfaultfd_zero(uffd, page_at(4), 3 * P), 3 * P);
	assert_int_equal(userfaultfd_zero(uffd, page_at(3), 3 * P), P); /* up to what is there */
	assert_int_equal(userfaultfd_copy(uffd, page_at(9), SOURCE + P, P), -EFAULT);
	assert_int_equal(userfaultfd_copy(uffd, SOURCE, SOURCE, P), -ENOENT);
	assert_int_equal(userfaultfd_zero(uffd, SOURCE, P), -ENOENT);
	assert_int_equal(userfaultfd_zero(uffd, page_at(PAGES - 1), 2 * P),
			 -ENOENT); /* not all of it */
	assert_int_equal(mm_protect(mm, page_at(8), P, PROT_READ), 0);
	assert_int_equal(fill(8), P);
	assert_int_equal(put_user_u32(1, page_at(8)), -EFAULT); /* it is still read-only */
	assert_int_equal(put_user_u32(7, page_at(0)), 0); /* the zero page gives way to a copy */
	assert_int_equal(get_user_u32(&word, page_at(0)), 0);
	assert_int_equal(word, 7);
	assert_int_equal(mm_lock_range(mm, page_at(10), 2 * P, VM_LOCKED | VM_LOCKONFAULT), 0);
	assert_int_equal(fill(10), P);
	mm_put(mm); /* with the last user the areas go, and there is nothing to fill */
	mm_activate(NULL);
	assert_int_equal(userfaultfd_zero(uffd, page_at(9), P), -ESRCH);
	assert_int_equal(userfaultfd_register(uffd, BASE, P), -ENOMEM);
	userfaultfd_release(uffd);
}

static void a_page_is_filled_once_and_in_one_area(void **state)
{
	(void)state;
	run(filling);
}

static void registering(void *arg, unsigned n)
{
	struct userfaultfd *other;
	unsigned areas;

	(void)arg, (void)n;
	begin(PRIVATE, false, 0);
	areas = mm->areas.count;
	other = userfaultfd_alloc(false);
	assert_non_null(other);
	assert_int_equal(userfaultfd_register(other, BASE, P), -EBUSY);
	assert_int_equal(userfaultfd_register(uffd, 0x20000000, P), -EINVAL);
	assert_int_equal(userfaultfd_register(uffd, 0x50000000, P), -ENOMEM);
	assert_int_equal(userfaultfd_register(uffd, BASE, PAGES * P), 0); /* again */
	assert_int_equal(userfaultfd_unregister(uffd, page_at(4), 2 * P), 0);
	assert_int_equal(mm->areas.count, areas + 2);
	assert_int_equal(userfaultfd_register(other, page_at(4), P), 0);
	assert_int_equal(mm->areas.count, areas + 3);
	sysctl_max_map_count = mm->areas.count;
	assert_int_equal(userfaultfd_unregister(uffd, page_at(10), P), -ENOMEM);
	assert_int_equal(userfaultfd_unregister(uffd, page_at(6), P), 0); /* borders move */
	assert_int_equal(userfaultfd_unregister(uffd, page_at(3), P), -ENOMEM);
	assert_int_equal(userfaultfd_register(uffd, page_at(6), P), 0);
	assert_int_equal(mm->areas.count, sysctl_max_map_count);
	sysctl_max_map_count = 65530;
	userfaultfd_release(other);
	assert_int_equal(mm->areas.count, areas + 2);
	assert_int_equal(userfaultfd_register(uffd, BASE, PAGES * P), 0);
	assert_int_equal(mm->areas.count, areas);
	userfaultfd_release(uffd);
	assert_int_equal(put_user_u32(1, page_at(4)), 0); /* nobody waits any more */
	end();
}

static void areas_divide_where_registrations_do_and_join_again(void **state)
{
	(void)state;
	run(registering);
}

static void truncated(void *arg, unsigned n)
{
	static const struct mapping_ops memory_ops = {0};
	static struct mapping file;
	struct map_request req = {.addr = BASE,
				  .len = 4 * P,
				  .prot = RW,
				  .flags = MAP_SHARED | MAP_FIXED,
				  .mapping = &file,
				  .may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC};

	(void)arg, (void)n;
	begin(PRIVATE, false, 0);
	mapping_init(&file, NULL, &memory_ops, GFP_HIGHUSER_MOVABLE);
	file.size = 2 * P;
	assert_int_equal(mm_map(mm, &req), BASE);
	assert_int_equal(userfaultfd_register(uffd, BASE, 4 * P), -EINVAL); /* a file on a disk */
	file.swap_backed = true;
	assert_int_equal(userfaultfd_register(uffd, BASE, 4 * P), 0);
	assert_int_equal(fill(1), P);
	assert_int_equal(fill(2), -EFAULT); /* beyond its end */
	assert_int_equal(mapping_find(&file, 2), NULL);
	assert_int_equal(mm_unmap(mm, BASE, 4 * P), 0);
	userfaultfd_release(uffd);
	end();
	mapping_destroy(&file);
}

static void nothing_is_filled_beyond_the_end_of_a_memory_file(void **state)
{
	(void)state;
	run(truncated);
}

/* ---- who does not wait ---- */

static void sigbus(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin(PRIVATE, false, UFFD_FEATURE_SIGBUS);
	assert_int_equal(get_user_u32(&word, page_at(1)), -EFAULT);
	assert_int_equal(fill(1), P);
	assert_int_equal(get_user_u32(&word, page_at(1)), 0);
	assert_int_equal(word, contents(1));
	userfaultfd_release(uffd);
	end();
}

static void user_faults_only(void *arg, unsigned n)
{
	u32 word;

	(void)arg, (void)n;
	begin(PRIVATE, true, 0);
	assert_int_equal(get_user_u32(&word, page_at(1)), -EFAULT);
	assert_int_equal(fill(1), P);
	assert_int_equal(get_user_u32(&word, page_at(1)), 0);
	userfaultfd_release(uffd);
	end();
}

static void forked(void *arg, unsigned n)
{
	struct mm *child;
	u32 word = ~0u;

	(void)arg, (void)n;
	begin(PRIVATE, false, 0);
	assert_int_equal(fill(1), P);
	child = mm_fork(mm);
	assert_non_null(child);
	assert_int_equal(mm_access(child, page_at(1), &word, 4, false), 4);
	assert_int_equal(word, contents(1));
	assert_int_equal(mm_access(child, page_at(2), &word, 4, false), 4);
	assert_int_equal(word, 0); /* the child has no program that would fill it */
	mm_put(child);
	userfaultfd_release(uffd);
	end();
}

static void these_do_not_wait(void **state)
{
	static void (*const cases[])(void *arg, unsigned n) = {sigbus, user_faults_only, forked};

	(void)state;
	boot(1);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		sim_run_tasks(1, cases[i], NULL);
		check_machine();
	}
}

/* ---- a race over all of it ---- */

/* Any of what a page may hold: filled, or anew. */
static void touch_one(u32 *seed)
{
	unsigned page = random_below(seed, PAGES);
	u32 word = 0;

	if (!copy_from_user(&word, page_at(page), 4))
		assert_true(word == 0 || word == contents(page));
}

static void disturb(u32 *seed)
{
	unsigned page = random_below(seed, PAGES), n = MIN(1 + random_below(seed, 4), PAGES - page);

	switch (random_below(seed, 5)) {
	case 0: mm_advise(mm, page_at(page), n * P, MADV_DONTNEED); break;
	case 1: userfaultfd_unregister(uffd, page_at(page), n * P); break;
	case 2: userfaultfd_register(uffd, page_at(page), n * P); break;
	case 3:
		mm_protect(mm, page_at(page), n * P, PROT_READ);
		mm_protect(mm, page_at(page), n * P, RW);
		break;
	default: map(page_at(page), n, PRIVATE); userfaultfd_wake(uffd, page_at(page), n * P);
	}
}

static void race(void *arg, unsigned n)
{
	u32 seed = 77 * (n + 1);

	(void)arg;
	mm_get(mm);
	mm_activate(mm);
	if (n == 0)
		serve_until(WAITERS);
	for (unsigned i = 0; n && i < ROUNDS; i++) {
		if (n == WAITERS && i % 4 == 0)
			disturb(&seed);
		else
			touch_one(&seed);
		cond_resched();
	}
	atomic_inc(&finished);
	mm_activate(NULL);
	mm_put(mm);
}

static void the_program_fills_while_areas_change(void **state)
{
	u32 flags = PRIVATE;

	(void)state;
	boot(WAITERS + 1);
	sim_run_tasks(1, set_up, &flags);
	sim_run_tasks(WAITERS + 1, race, NULL);
	sim_check_tlbs();
	sim_run_tasks(1, drop_space, NULL);
	check_machine();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_touches_private_memory_waits_until_it_is_filled),
		cmocka_unit_test(who_touches_shared_memory_waits_until_it_is_filled),
		cmocka_unit_test(a_registration_that_ends_lets_waiters_go),
		cmocka_unit_test(who_looks_from_outside_waits_too),
		cmocka_unit_test(a_page_is_filled_once_and_in_one_area),
		cmocka_unit_test(areas_divide_where_registrations_do_and_join_again),
		cmocka_unit_test(nothing_is_filled_beyond_the_end_of_a_memory_file),
		cmocka_unit_test(these_do_not_wait),
		cmocka_unit_test(the_program_fills_while_areas_change),
	};

	return sim_run_tests(tests);
}
