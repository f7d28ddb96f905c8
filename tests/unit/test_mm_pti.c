/*
 * Page-table isolation: what user mode can reach through page tables of its own is what the
 * kernel's say of user memory, whatever is done to an address space. In each of the five splits:
 * under PAE one that divides a gigabyte keeps two pmd pages of that gigabyte, the others none.
 *
 * The oracle compares both views after each operation, and user accesses go through user mode's.
 */
#include "mm_oracle.h"
#include "mm_spaces.h"
#include "mm_world.h"

#define BLOCK ((u32)PMD_SIZE)
#define RW (PROT_READ | PROT_WRITE)

static const struct oracle_extra nothing_else;

static void boot(u32 task_size)
{
	sim_boot(&(struct sim_config){
		.ram_mb = 96, .low_mb = 32, .task_size = task_size, .pti = true});
	mm_virt_init();
}

/* Two blocks, right below the kernel. */
static uaddr_t highest_blocks(void)
{
	return TASK_SIZE - 2 * BLOCK;
}

static void map(struct mm *mm, u32 len)
{
	assert_true(map_at(mm, highest_blocks(), len, 0));
}

static void user_writes(uaddr_t addr, u32 value)
{
	assert_int_equal(sim_user_write(addr, &value, sizeof(value)), 0);
}

static void user_reads(uaddr_t addr, u32 value)
{
	u32 found = 0;

	assert_int_equal(sim_user_read(addr, &found, sizeof(found)), 0);
	assert_int_equal(found, value);
}

/* A huge mapping and one of pages, shared by fork, changed, broken up, removed. */
static void use_blocks(void *arg, unsigned n)
{
	uaddr_t block = highest_blocks(), last = block + 2 * BLOCK - PAGE_SIZE;
	struct mm *mm = space_begin(), *child;

	(void)arg, (void)n;
	map(mm, 2 * BLOCK);
	user_writes(block, 1);
	user_writes(block + BLOCK + PAGE_SIZE, 2);
	user_writes(last, 3);
	assert_true(pmd_large(pmd_peek(mm, block)));
	assert_false(pmd_large(pmd_peek(mm, last)));
	oracle_check(&nothing_else);

	child = mm_fork(mm);
	assert_non_null(child);
	oracle_check(&nothing_else);
	user_writes(block, 4);
	mm_activate(child);
	user_reads(block, 1);
	user_reads(last, 3);
	user_writes(last, 5);
	oracle_check(&nothing_else);
	space_end(child);

	mm_activate(mm);
	user_reads(block, 4);
	user_reads(last, 3);
	assert_int_equal(mm_unmap(mm, block + PAGE_SIZE, PAGE_SIZE), 0);
	user_reads(block, 4);
	oracle_check(&nothing_else);
	assert_int_equal(mm_unmap(mm, block, 2 * BLOCK), 0);
	assert_int_equal(copy_from_user(&(u32){0}, block, 4), 4);
	oracle_check(&nothing_else);
	space_end(mm);
}

static void no_signal(int sig, int code, uaddr_t addr)
{
	(void)sig, (void)code, (void)addr;
}

static void random_life(void *arg, unsigned n)
{
	static struct world w;
	struct choices choices = {.seed = 4711 + (u32)TASK_SIZE};

	(void)arg, (void)n;
	/* half of the world on either side of a pmd's border */
	world_begin(&w, highest_blocks() - WORLD_PAGES / 2 * PAGE_SIZE, NULL, &choices);
	for (unsigned i = 0; i < 700; i++) {
		world_step(&w);
		worlds_oracle(&w, 1);
	}
	world_end(&w);
}

static void in_split(u32 task_size)
{
	boot(task_size);
	mm_send_fault_signal = no_signal;
	oracle_begin();
	sim_run_tasks(1, use_blocks, NULL);
	oracle_check(&nothing_else);
	mm_send_fault_signal = NULL;
	random_life(NULL, 0);
	oracle_check(&nothing_else);
}

#define SPLIT_TEST(name) \
	static void both_views_agree_in_split_##name(void **state) \
	{ \
		(void)state; \
		in_split(PAGE_OFFSET_##name); \
	}
SPLIT_TEST(3G)
SPLIT_TEST(3G_OPT)
SPLIT_TEST(2G)
SPLIT_TEST(2G_OPT)
SPLIT_TEST(1G)

static void forget_user_mode(void *arg)
{
	struct mm *mm = space_begin();

	(void)arg;
	map(mm, BLOCK);
	user_writes(highest_blocks(), 1);
	mm->arch.mirrored = 0;
	assert_int_equal(mm_unmap(mm, highest_blocks(), BLOCK), 0);
	sim_check_views();
}

static void the_oracle_finds_a_view_that_is_behind(void **state)
{
	(void)state;
	boot(PAGE_OFFSET_3G_OPT);
	sim_expect_panic(forget_user_mode, NULL, "oracle: user mode has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_views_agree_in_split_3G),
		cmocka_unit_test(both_views_agree_in_split_3G_OPT),
		cmocka_unit_test(both_views_agree_in_split_2G),
		cmocka_unit_test(both_views_agree_in_split_2G_OPT),
		cmocka_unit_test(both_views_agree_in_split_1G),
		cmocka_unit_test(the_oracle_finds_a_view_that_is_behind),
	};

	return sim_run_tests(tests);
}
