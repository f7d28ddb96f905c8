/*
 * One address space, four CPUs whose TLBs keep what they have seen: threads fault, map, unmap,
 * protect, fork and truncate the same pages. A TLB that was not flushed, a page freed too early or
 * twice, a reference too many: the machine says so.
 */
#include "mm_test.h"
#include "mm/mm.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define CPUS 4
#define PAGES 32u
#define BASE 0x30000000u
#define FILE_BASE 0x40000000u
#define RW (PROT_READ | PROT_WRITE)

static struct mm *shared;
static const struct mapping_ops memory_ops = {0};
static struct mapping file;
static mutex_t inode_lock;

static long map(uaddr_t addr, u32 pages, u32 flags, struct mapping *m)
{
	struct map_request req = {
		.addr = addr,
		.len = pages * (u32)PAGE_SIZE,
		.prot = RW,
		.flags = flags | MAP_FIXED,
		.mapping = m,
		.may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
	};

	return mm_map(shared, &req);
}

static void touch(uaddr_t addr, u32 *seed)
{
	u32 word = random_next(seed);

	if (word & 1)
		(void)!copy_to_user(addr, &word, 4);
	else
		(void)!copy_from_user(&word, addr, 4);
}

static void child_writes(u32 *seed)
{
	struct mm *child = mm_fork(shared);
	u32 word = 1;

	if (!child)
		return;
	for (unsigned i = 0; i < 4; i++)
		mm_access(child, BASE + random_below(seed, PAGES) * (uaddr_t)PAGE_SIZE, &word, 4,
			  true);
	mm_put(child);
}

static void step(u32 *seed, unsigned n)
{
	unsigned from = random_below(seed, PAGES),
		 count = MIN(1 + random_below(seed, 6), PAGES - from);
	uaddr_t addr = BASE + from * (uaddr_t)PAGE_SIZE;

	switch (random_below(seed, n % 2 ? 24 : 64)) {
	case 0: mm_unmap(shared, addr, count * (u32)PAGE_SIZE); break;
	case 1:
	case 2: map(addr, count, MAP_PRIVATE | MAP_ANONYMOUS, NULL); break;
	case 3:
		mm_protect(shared, addr, count * (u32)PAGE_SIZE,
			   random_below(seed, 2) ? RW : PROT_READ);
		break;
	case 4: mm_advise(shared, addr, count * (u32)PAGE_SIZE, MADV_DONTNEED); break;
	case 5: child_writes(seed); break;
	case 6:
		mutex_lock(&inode_lock);
		mapping_set_size(&file, from * PAGE_SIZE);
		mapping_truncate_range(&file, (loff_t)from << PAGE_SHIFT, -1);
		mapping_set_size(&file, PAGES * PAGE_SIZE);
		mutex_unlock(&inode_lock);
		break;
	default:
		touch((random_below(seed, 2) ? BASE : FILE_BASE) + from * (uaddr_t)PAGE_SIZE +
			      4 * n,
		      seed);
	}
}

static void thread(void *arg, unsigned n)
{
	u32 seed = 1234567 * (n + 1);

	(void)arg;
	mm_get(shared);
	mm_activate(shared);
	for (unsigned i = 0; i < 3000; i++) {
		step(&seed, n);
		cond_resched();
	}
	mm_activate(NULL);
	mm_put(shared);
}

static void begin(void *arg, unsigned n)
{
	(void)arg, (void)n;
	mm_virt_init();
	shared = mm_alloc();
	mapping_init(&file, NULL, &memory_ops, GFP_HIGHUSER_MOVABLE);
	file.size = PAGES * PAGE_SIZE;
	mutex_init(&inode_lock, RANK_INODE);
	map(BASE, PAGES, MAP_PRIVATE | MAP_ANONYMOUS, NULL);
	map(FILE_BASE, PAGES, MAP_SHARED, &file);
}

static void end(void *arg, unsigned n)
{
	(void)arg, (void)n;
	mm_put(shared);
	mapping_destroy(&file);
}

static void threads_race_over_one_address_space(void **state)
{
	(void)state;
	sim_boot(&(struct sim_config){.cpus = CPUS, .ram_mb = 64, .low_mb = 32});
	sim_run_tasks(1, begin, NULL);
	for (unsigned round = 0; round < 3; round++) {
		sim_run_tasks(CPUS + 2, thread, NULL);
		sim_check_tlbs();
		sim_check_free_frames();
	}
	sim_run_tasks(1, end, NULL);
	sim_check_tlbs();
	sim_check_free_frames();
	assert_int_equal(total_anon_pages(), 0);
	assert_int_equal(total_mapped_pages(), 0);
	assert_int_equal(total_cache_pages(), 0);
	assert_int_equal(vm_committed_pages(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_race_over_one_address_space)};

	return sim_run_tests(tests);
}
