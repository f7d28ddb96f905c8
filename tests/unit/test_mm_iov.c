/*
 * The cursor over user memory, and the simulated MMU under it: page tables, TLB, faults during
 * copies.
 */
#include "mm_test.h"
#include "mm/iov_iter.h"
#include <linux/errno.h>

#define BASE 0x08000000u
#define PAGES 16

static struct arch_mm mm;
static struct page *frames[PAGES];
static unsigned faults;
static bool demand;

static pte_t *entry_of(uaddr_t addr)
{
	pgd_t *pgd = pgd_entry(&mm, addr);
	pmd_t *pmd;

	if (pgd_none(*pgd))
		pgd_populate(&mm, pgd, get_zeroed_page(GFP_KERNEL));
	pmd = pmd_entry(pgd, addr);
	if (pmd_none(*pmd))
		pmd_populate(&mm, pmd, get_zeroed_page(GFP_KERNEL));
	return pte_entry(pmd, addr);
}

static void map(unsigned n, bool write)
{
	if (!frames[n])
		frames[n] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	set_pte(entry_of(BASE + n * (u32)PAGE_SIZE),
		pfn_pte(page_to_pfn(frames[n]), user_pgprot(true, write, false)));
}

/* Page n of the area may be faulted in unless n is odd and larger than 8. */
static bool fault(struct regs *regs, unsigned long addr, unsigned error)
{
	unsigned n = (unsigned)((addr - BASE) >> PAGE_SHIFT);

	(void)regs;
	faults++;
	if (!demand || addr < BASE || n >= PAGES || (n > 8 && n % 2) || (error & FAULT_PRESENT))
		return false;
	map(n, true);
	return true;
}

static void boot(void)
{
	sim_boot(&(struct sim_config){.no_scheduler = true});
	arch_hooks.page_fault = fault;
	assert_int_equal(arch_mm_init(&mm), 0);
	arch_mm_load(&mm);
}

static u8 pattern(size_t i)
{
	return (u8)(i * 31 + i / 251);
}

/* ---- the MMU ---- */

static void accesses_set_their_bits(void **state)
{
	u8 byte;
	pte_t *pte;

	(void)state;
	boot();
	map(0, true);
	pte = entry_of(BASE);
	assert_false(pte_young(pte_read(pte)) || pte_dirty(pte_read(pte)));
	assert_int_equal(get_user_u8(&byte, BASE + 5), 0);
	assert_true(pte_young(pte_read(pte)));
	assert_false(pte_dirty(pte_read(pte)));
	assert_int_equal(put_user_u8(7, BASE + 5), 0);
	assert_true(pte_dirty(pte_read(pte)));
	assert_int_equal(((u8 *)sim_frame(page_to_pfn(frames[0])))[5], 7);
}

static void tlb_keeps_what_it_saw_until_told(void **state)
{
	u8 byte;
	pte_t *pte;

	(void)state;
	boot();
	map(0, true);
	assert_int_equal(put_user_u8(1, BASE), 0);
	pte = entry_of(BASE);
	set_pte(pte, pte_wrprotect(pte_read(pte)));
	assert_int_equal(put_user_u8(2, BASE), 0); /* stale */
	tlb_flush_page_local(BASE);
	assert_int_equal(put_user_u8(3, BASE), -EFAULT);
	assert_int_equal(get_user_u8(&byte, BASE), 0);
	assert_int_equal(byte, 2);
	set_pte(pte, (pte_t){0});
	assert_int_equal(get_user_u8(&byte, BASE), 0); /* stale */
	tlb_flush_user_local();
	assert_int_equal(get_user_u8(&byte, BASE), -EFAULT);
}

static void look_at_stale(void *arg)
{
	u8 byte;

	(void)arg;
	get_user_u8(&byte, BASE);
	set_pte(entry_of(BASE), (pte_t){0});
	sim_check_tlbs();
}

static void write_through_stale(void *arg)
{
	pte_t *pte = entry_of(BASE);

	(void)arg;
	put_user_u8(1, BASE);
	set_pte(pte, pte_wrprotect(pte_read(pte)));
	sim_check_tlbs();
}

static void free_while_mapped(void *arg)
{
	(void)arg;
	page_put(frames[0]);
	sim_check_free_frames();
}

static void oracles_see_what_is_wrong(void **state)
{
	(void)state;
	boot();
	map(0, true);
	sim_check_tlbs();
	sim_check_free_frames();
	sim_expect_panic(look_at_stale, NULL, "where nothing is mapped");
	sim_expect_panic(write_through_stale, NULL, "the page table forbids it");
	sim_expect_panic(free_while_mapped, NULL, "is free, and mapped at user address");
}

static void prot_none_and_kernel_addresses_fault(void **state)
{
	u8 byte;
	char text[8];

	(void)state;
	boot();
	map(0, true);
	set_pte(entry_of(BASE), pfn_pte(page_to_pfn(frames[0]), user_pgprot(false, false, false)));
	assert_int_equal(get_user_u8(&byte, BASE), -EFAULT);
	assert_int_equal(get_user_u8(&byte, 0xC0000000), -EFAULT);
	assert_int_equal(copy_from_user(text, 0xBFFFFFFF, 2), 2);
	assert_int_equal(copy_to_user(0xFFFFFFFF, text, 4), 4);
	assert_int_equal(copy_to_user(BASE, text, SIZE_MAX), SIZE_MAX);
}

static void strings_end_where_memory_does(void **state)
{
	char text[16];

	(void)state;
	boot();
	map(0, true);
	assert_int_equal(copy_to_user(BASE + 4090, "abc\0de", 6), 0);
	assert_int_equal(strncpy_from_user(text, BASE + 4090, 16), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(strncpy_from_user(text, BASE + 4094, 16), -EFAULT);
	assert_int_equal(strncpy_from_user(text, BASE + 4090, 2), 2);
	assert_int_equal(strnlen_user(BASE + 4090, 16), 4);
	assert_int_equal(strnlen_user(BASE + 4094, 16), 0);
}

static void atomics_on_user_words(void **state)
{
	u32 old;

	(void)state;
	boot();
	map(0, true);
	assert_int_equal(put_user_u32(5, BASE), 0);
	assert_int_equal(user_add_u32(BASE, 3, &old), 0);
	assert_int_equal(old, 5);
	assert_int_equal(user_cmpxchg_u32(BASE, 8, 100, &old), 0);
	assert_int_equal(old, 8);
	assert_int_equal(user_cmpxchg_u32(BASE, 8, 200, &old), 0);
	assert_int_equal(old, 100);
	assert_int_equal(user_xchg_u32(BASE + 1, 1, &old), -EFAULT);
	assert_int_equal(user_xchg_u32(BASE + 4096, 1, &old), -EFAULT);
}

/* ---- iov_iter ---- */

static void copy_crosses_segments_and_pages(void **state)
{
	static const struct user_iovec iov[] = {
		{BASE + 100, 5000}, {BASE + 20000, 0}, {BASE + 9000, 1}, {BASE + 12345, 7000}};
	static u8 from[12001], back[12001];
	struct iov_iter it;

	(void)state;
	boot();
	demand = true;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = pattern(i);
	iov_iter_user(&it, iov, 4, 12001);
	for (size_t i = 0; i < sizeof(from);) {
		size_t n = i % 700 + 1;

		n = n < sizeof(from) - i ? n : sizeof(from) - i;
		assert_int_equal(copy_to_iter(from + i, n, &it), n);
		i += n;
	}
	assert_int_equal(it.count, 0);
	assert_int_equal(copy_to_iter(from, 1, &it), 0);
	iov_iter_user(&it, iov, 4, 12001);
	assert_int_equal(copy_from_iter(back, 20000, &it), 12001);
	assert_memory_equal(from, back, sizeof(from));
}

static void copy_stops_at_bad_memory(void **state)
{
	static u8 buf[3 * 4096];
	struct iov_iter it;

	(void)state;
	boot();
	demand = true;
	iov_iter_ubuf(&it, BASE + 8 * (u32)PAGE_SIZE + 100, sizeof(buf));
	assert_int_equal(copy_to_iter(buf, sizeof(buf), &it), PAGE_SIZE - 100);
	assert_int_equal(it.count, sizeof(buf) - (PAGE_SIZE - 100));
	assert_int_equal(zero_iter(10, &it), 0);
	iov_iter_ubuf(&it, 0xC0000000, 10);
	assert_int_equal(copy_to_iter(buf, 10, &it), 0);
}

static void kernel_buffers_are_copied_whole(void **state)
{
	char buf[10] = "xxxxxxxxx";
	struct iov_iter it;

	(void)state;
	boot();
	iov_iter_kernel(&it, buf, 9);
	assert_int_equal(copy_to_iter("abc", 3, &it), 3);
	assert_int_equal(zero_iter(2, &it), 2);
	iov_iter_advance(&it, 2);
	assert_int_equal(copy_to_iter("defgh", 5, &it), 2);
	assert_memory_equal(buf, "abc\0\0xxde", 9);
	iov_iter_kernel(&it, buf, 3);
	assert_int_equal(copy_from_iter(buf + 5, 8, &it), 3);
	assert_memory_equal(buf + 5, "abc", 3);
	assert_int_equal(iov_iter_fault_in(&it, 10, true), 0);
}

static void pages_reach_users_that_fault(void **state)
{
	struct page *page;
	struct iov_iter it;
	u8 *p;

	(void)state;
	boot();
	demand = true;
	page = high_page();
	p = kmap(page);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		p[i] = pattern(i);
	kunmap(page);
	/* the user's two pages are not there: with faults off nothing moves, the slow way brings
	 * them in */
	iov_iter_ubuf(&it, BASE + 2000, PAGE_SIZE);
	assert_int_equal(copy_page_to_iter(page, 0, PAGE_SIZE, &it), PAGE_SIZE);
	assert_int_equal(faults, 2);
	assert_int_equal(((u8 *)sim_frame(page_to_pfn(frames[1])))[1999],
			 pattern(PAGE_SIZE - 1 + 2000 - 2000));
	page_zero(page);
	iov_iter_ubuf(&it, BASE + 2000, 500);
	assert_int_equal(copy_page_from_iter(page, 3000, 500, &it), 500);
	p = kmap_local_page(page);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(p[3000 + i], pattern(i));
	kunmap_local(p);
	assert_int_equal(sim_windows_mapped(), 0);
	page_put(page);
}

static void with_faults_off_nothing_is_brought_in(void **state)
{
	struct iov_iter it;
	char c = 'c';

	(void)state;
	boot();
	demand = true;
	iov_iter_ubuf(&it, BASE, 1);
	pagefault_disable();
	assert_int_equal(copy_to_iter(&c, 1, &it), 0);
	pagefault_enable();
	assert_int_equal(faults, 0);
	assert_int_equal(iov_iter_fault_in(&it, 1, true), 0);
	pagefault_disable();
	assert_int_equal(copy_to_iter(&c, 1, &it), 1);
	pagefault_enable();
}

static void faulting_in_keeps_contents(void **state)
{
	static const struct user_iovec iov[] = {{BASE + 4000, 200}, {BASE + 9 * 4096, 10}};
	struct iov_iter it;
	u32 value;

	(void)state;
	boot();
	demand = true;
	assert_int_equal(put_user_u32(0x12345678, BASE + 4000), 0);
	iov_iter_user(&it, iov, 2, 210);
	/* the second segment is bad: part is enough */
	assert_int_equal(iov_iter_fault_in(&it, 210, true), 0);
	assert_int_equal(it.count, 210);
	assert_int_equal(get_user_u32(&value, BASE + 4000), 0);
	assert_int_equal(value, 0x12345678);
	iov_iter_user(&it, iov + 1, 1, 10);
	assert_int_equal(iov_iter_fault_in(&it, 10, false), -EFAULT);
	iov_iter_ubuf(&it, 0xC0000000, 10);
	assert_int_equal(iov_iter_fault_in(&it, 10, false), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses_set_their_bits),
		cmocka_unit_test(tlb_keeps_what_it_saw_until_told),
		cmocka_unit_test(oracles_see_what_is_wrong),
		cmocka_unit_test(prot_none_and_kernel_addresses_fault),
		cmocka_unit_test(strings_end_where_memory_does),
		cmocka_unit_test(atomics_on_user_words),
		cmocka_unit_test(copy_crosses_segments_and_pages),
		cmocka_unit_test(copy_stops_at_bad_memory),
		cmocka_unit_test(kernel_buffers_are_copied_whole),
		cmocka_unit_test(pages_reach_users_that_fault),
		cmocka_unit_test(with_faults_off_nothing_is_brought_in),
		cmocka_unit_test(faulting_in_keeps_contents),
	};

	return sim_run_tests(tests);
}
