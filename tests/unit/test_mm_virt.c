/*
 * Address spaces on the simulated machine, one CPU: what a process sees in its memory, against a
 * model; what is left when it is gone (nothing); and every single allocation made to fail.
 *
 * After each step the machine's oracles look: no TLB entry exceeds the page tables, no freed frame
 * is mapped; and every page's map count is the number of entries that map it.
 */
#include "mm_test.h"
#include "mm/inspect_virt.h"
#include "mm/iov_iter.h"
#include "mm/mm.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* ---- the machine and a process ---- */

static void no_signal(int sig, int code, uaddr_t addr)
{
	(void)sig, (void)code, (void)addr;
	abort();
}

static void boot(void)
{
	sim_boot(&(struct sim_config){.ram_mb = 64, .low_mb = 32});
	mm_virt_init();
	mm_send_fault_signal = no_signal;
}

/* Run @fn as a task with an address space of its own. */
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

static void run(void (*fn)(void *arg, unsigned n))
{
	boot();
	sim_run_tasks(1, fn, NULL);
	sim_check_tlbs();
	sim_check_free_frames();
	assert_int_equal(total_anon_pages(), 0);
	assert_int_equal(total_mapped_pages(), 0);
	assert_int_equal(total_cache_pages(), 0);
	assert_int_equal(total_pt_bytes(), 0);
	assert_int_equal(vm_committed_pages(), 0);
}

static long map(struct mm *mm, uaddr_t addr, u32 len, u32 prot, u32 flags)
{
	struct map_request req = {.addr = addr, .len = len, .prot = prot, .flags = flags};

	return mm_map(mm, &req);
}

static uaddr_t must_map(struct mm *mm, uaddr_t addr, u32 len, u32 prot, u32 flags)
{
	long result = map(mm, addr, len, prot, flags);

	assert_false(mm_is_error(result));
	return (uaddr_t)result;
}

/* What the process finds at @addr; -1: a fault. */
static long peek(uaddr_t addr)
{
	u32 word;

	return copy_from_user(&word, addr, 4) ? -1 : (long)word;
}

static bool poke(uaddr_t addr, u32 word)
{
	return copy_to_user(addr, &word, 4) == 0;
}

/* What another process has at @addr. */
static long peek_other(struct mm *mm, uaddr_t addr)
{
	u32 word;

	return mm_access(mm, addr, &word, 4, false) == 4 ? (long)word : -1;
}

/* ---- a file in memory, and one that is read and written ---- */

static unsigned pages_read, pages_written, writes_announced;

static int file_read_page(struct mapping *m, struct page *page)
{
	u32 word = 1000 + page->index;

	(void)m;
	page_zero(page);
	memcpy_to_page(page, 0, &word, 4);
	page_set(page, PG_UPTODATE);
	pages_read++;
	return 0;
}

static int file_write_page(struct mapping *m, struct page *page)
{
	(void)m, (void)page;
	pages_written++;
	return 0;
}

static int file_mkwrite(struct mapping *m, struct page *page)
{
	(void)m, (void)page;
	writes_announced++;
	return 0;
}

static const struct mapping_ops file_ops = {
	.read_page = file_read_page,
	.write_page = file_write_page,
	.page_mkwrite = file_mkwrite,
};
static struct mapping file;

static void file_begin(u32 size)
{
	mapping_init(&file, NULL, &file_ops, GFP_HIGHUSER_MOVABLE);
	file.size = size;
	pages_read = pages_written = writes_announced = 0;
}

static uaddr_t map_file(struct mm *mm, u32 len, u32 prot, u32 flags)
{
	struct map_request req = {
		.len = len,
		.prot = prot,
		.flags = flags,
		.mapping = &file,
		.may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
	};
	long result = mm_map(mm, &req);

	assert_false(mm_is_error(result));
	return (uaddr_t)result;
}

static void truncate_file(u32 size)
{
	file.size = size;
	mapping_truncate_range(&file, size, -1);
}

/* ---- anonymous memory ---- */

static void anonymous(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t a = must_map(mm, 0, 0x10000, RW, ANON);

	(void)arg, (void)n;
	assert_int_equal(peek(a), 0);
	assert_int_equal(mm->rss_anon, 0); /* the zero page is nobody's */
	assert_true(poke(a, 7));
	assert_int_equal(peek(a), 7);
	assert_int_equal(mm->rss_anon, 1);
	assert_false(poke(a + 0x10000, 1));
	assert_int_equal(mm_unmap(mm, a + 0x1000, 0x1000), 0);
	assert_int_equal(peek(a + 0x1000), -1);
	assert_int_equal(peek(a), 7);
	assert_int_equal(mm_protect(mm, a, 0x1000, PROT_NONE), 0);
	assert_int_equal(peek(a), -1);
	assert_int_equal(mm_protect(mm, a, 0x1000, PROT_READ), 0);
	assert_int_equal(peek(a), 7);
	assert_false(poke(a, 8));
	assert_int_equal(mm_protect(mm, a, 0x1000, RW), 0);
	assert_true(poke(a, 9));
	assert_int_equal(mm_advise(mm, a, 0x1000, MADV_DONTNEED), 0);
	assert_int_equal(peek(a), 0);
	process_end(mm);
}

static void pages_come_with_the_first_touch_and_stay_through_mprotect(void **state)
{
	(void)state;
	run(anonymous);
}

static void forking(void *arg, unsigned n)
{
	struct mm *mm = process_begin(), *child;
	uaddr_t a = must_map(mm, 0, 0x4000, RW, ANON),
		s = must_map(mm, 0, 0x4000, RW, MAP_SHARED | MAP_ANONYMOUS);
	u32 word = 55;

	(void)arg, (void)n;
	assert_true(poke(a, 1) && poke(a + 0x1000, 2) && poke(s, 3));
	child = mm_fork(mm);
	assert_non_null(child);
	assert_int_equal(child->rss_anon, 2);
	assert_true(poke(a, 11));
	assert_int_equal(peek_other(child, a), 1);
	assert_int_equal(mm_access(child, a + 0x1000, &word, 4, true), 4);
	assert_int_equal(peek(a + 0x1000), 2);
	assert_int_equal(mm_access(child, s + 0x2000, &word, 4, true), 4);
	assert_int_equal(peek(s + 0x2000), 55); /* touched after the fork, and shared */
	assert_int_equal(peek_other(child, s), 3);
	mm_put(child);
	assert_true(poke(a, 12) && poke(a + 0x1000, 13)); /* sole owner: in place */
	assert_int_equal(total_anon_pages(), 2);
	process_end(mm);
}

static void fork_shares_until_the_first_write(void **state)
{
	(void)state;
	run(forking);
}

static void moving(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t a = must_map(mm, 0x10000000, 0x3000, RW, ANON | MAP_FIXED), b;

	(void)arg, (void)n;
	must_map(mm, 0x10003000, 0x1000, PROT_READ, ANON | MAP_FIXED); /* no room to grow */
	assert_true(poke(a, 1) && poke(a + 0x2000, 3));
	b = (uaddr_t)mm_remap(mm, a, 0x3000, 0x8000, MREMAP_MAYMOVE, 0);
	assert_false(mm_is_error((long)b));
	assert_int_equal(peek(b), 1);
	assert_int_equal(peek(b + 0x2000), 3);
	assert_int_equal(peek(b + 0x7000), 0);
	assert_int_equal(peek(a), -1);
	assert_int_equal(mm_remap(mm, b, 0x8000, 0x1000, 0, 0), (long)b);
	assert_int_equal(peek(b + 0x1000), -1);
	assert_int_equal(mm_remap(mm, b, 0x1000, 0x1000, MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000000),
			 0x20000000);
	assert_int_equal(peek(0x20000000), 1);
	assert_int_equal(mm_remap(mm, 0x20000000, 0x1000, 0x2000, 0, 0), 0x20000000);
	process_end(mm);
}

static void mremap_moves_pages_not_contents(void **state)
{
	(void)state;
	run(moving);
}

static void stack(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t top = TASK_SIZE;

	(void)arg, (void)n;
	assert_int_equal(mm_setup_stack(mm, top, false), 0);
	assert_true(poke(top - 0x100000, 1));
	must_map(mm, top - 0x400000, 0x1000, RW, ANON | MAP_FIXED);
	assert_false(poke(top - 0x400000 + 0x1000 + 0x80000,
			  1)); /* within the guard gap of what lies below */
	assert_true(poke(top - 0x400000 + 0x1000 + 0x100000, 1));
	process_end(mm);
}

static void a_stack_grows_up_to_the_guard_gap(void **state)
{
	(void)state;
	run(stack);
}

/* ---- files ---- */

static void files(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t p, s;

	(void)arg, (void)n;
	file_begin(0x8000 + 100);
	p = map_file(mm, 0x10000, RW, MAP_PRIVATE);
	s = map_file(mm, 0x10000, RW, MAP_SHARED);
	assert_int_equal(peek(p + 0x2000), 1002);
	assert_int_equal(peek(s + 0x2000), 1002);
	assert_int_equal(pages_read, 1);
	assert_true(poke(p + 0x2000, 5));
	assert_int_equal(peek(s + 0x2000), 1002);
	assert_true(poke(s + 0x2000, 6));
	assert_int_equal(peek(p + 0x2000), 5);
	assert_int_equal(writes_announced, 1);
	assert_true(poke(s + 0x3000, 7));
	assert_int_equal(peek(p + 0x3000), 7);
	assert_int_equal(peek(s + 0x8000), 1008);
	assert_int_equal(peek(s + 0x9000), -1); /* beyond the end */
	assert_int_equal(mapping_sync(&file, 0, -1), 0);
	assert_int_equal(pages_written, 2);
	assert_true(poke(s + 0x2000, 8)); /* clean again: announced again */
	assert_int_equal(writes_announced, 3);
	truncate_file(0x2800);
	assert_int_equal(peek(s + 0x2000), 8);
	assert_int_equal(peek(s + 0x3000), -1);
	assert_int_equal(peek(p + 0x3000), -1);
	assert_int_equal(peek(p + 0x2000), 5);
	assert_int_equal(peek(s + 0x2800), 0);
	assert_int_equal(mm_unmap(mm, s + 0x1000, 0x1000),
			 0); /* a hole does not shift what is above it */
	assert_int_equal(peek(s + 0x2000), 8);
	process_end(mm);
	mapping_destroy(&file);
}

static void file_maps_show_the_file_and_its_end(void **state)
{
	(void)state;
	run(files);
}

static void reading_and_writing(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t a = must_map(mm, 0, 0x4000, RW, ANON);
	struct iov_iter it;
	char text[] = "across the border";

	(void)arg, (void)n;
	file_begin(0);
	iov_iter_kernel(&it, text, sizeof(text));
	assert_int_equal(mapping_copy_in(&file, 0x1ffa, &it), sizeof(text));
	assert_int_equal(mapping_size(&file), 0x1ffa + sizeof(text));
	iov_iter_ubuf(&it, a + 0xffc, 0x3000);
	assert_int_equal(mapping_copy_out(&file, 0x1ff8, &it), 2 + sizeof(text));
	assert_int_equal(copy_from_user(text, a + 0xffe, sizeof(text)), 0);
	assert_string_equal(text, "across the border");
	iov_iter_ubuf(&it, a + 0x3ff0, 64); /* 16 bytes, then nothing */
	assert_int_equal(mapping_copy_in(&file, 0x5000, &it), 16);
	iov_iter_ubuf(&it, a + 0x4000, 64);
	assert_int_equal(mapping_copy_in(&file, 0x6000, &it), -EFAULT);
	process_end(mm);
	mapping_destroy(&file);
}

static void the_cache_copies_to_and_from_user_memory(void **state)
{
	(void)state;
	run(reading_and_writing);
}

static void reclaiming(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t s;

	(void)arg, (void)n;
	file_begin(64 * PAGE_SIZE);
	s = map_file(mm, 64 * PAGE_SIZE, RW, MAP_SHARED);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(peek(s + i * PAGE_SIZE), 1000 + i);
	assert_true(poke(s, 5));
	assert_int_equal(file.nrpages, 64);
	for (unsigned i = 0; i < 40 && file.nrpages; i++)
		mm_reclaim(GFP_HIGHUSER, 0);
	assert_int_equal(file.nrpages, 0);
	assert_int_equal(mm->rss_file, 0);
	assert_int_equal(pages_written, 1);
	assert_int_equal(peek(s + PAGE_SIZE), 1001);
	process_end(mm);
	mapping_destroy(&file);
}

static void reclaim_writes_unmaps_and_drops_file_pages(void **state)
{
	(void)state;
	run(reclaiming);
}

static void reclaiming_locked(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t s;

	(void)arg, (void)n;
	file_begin(8 * PAGE_SIZE);
	s = map_file(mm, 8 * PAGE_SIZE, RW, MAP_SHARED);
	assert_int_equal(mm_lock_range(mm, s + 2 * PAGE_SIZE, 3 * PAGE_SIZE, VM_LOCKED), 0);
	assert_true(poke(s + 3 * PAGE_SIZE, 5));
	for (unsigned i = 0; i < 40; i++)
		mm_reclaim(GFP_HIGHUSER, 0);
	assert_int_equal(mm->rss_file, 3);
	assert_int_equal(file.nrpages, 3);
	assert_int_equal(mm_lock_range(mm, s, 8 * PAGE_SIZE, 0), 0);
	for (unsigned i = 0; i < 40 && file.nrpages; i++)
		mm_reclaim(GFP_HIGHUSER, 0);
	assert_int_equal(mm->rss_file, 0);
	assert_int_equal(peek(s + 2 * PAGE_SIZE), 1002);
	process_end(mm);
	mapping_destroy(&file);
}

static void a_locked_page_outlives_reclaim(void **state)
{
	(void)state;
	run(reclaiming_locked);
}

static void growing_locked(void *arg, unsigned n)
{
	struct mm *mm = process_begin();
	uaddr_t a = must_map(mm, 0x10000000, 0x2000, RW, ANON | MAP_FIXED);

	(void)arg, (void)n;
	assert_int_equal(mm_lock_range(mm, a, 0x2000, VM_LOCKED | VM_LOCKONFAULT), 0);
	assert_int_equal(mm->rss_anon, 0);
	assert_int_equal(mm_remap(mm, a, 0x2000, 0x6000, 0, 0), (long)a);
	assert_int_equal(mm->locked_vm, 6);
	assert_int_equal(mm->rss_anon, 0);
	assert_int_equal(mm_lock_range(mm, a, 0x6000, VM_LOCKED), 0);
	assert_int_equal(mm->rss_anon, 6);
	assert_int_equal(mm_remap(mm, a, 0x6000, 0x7000, 0, 0), (long)a);
	assert_int_equal(mm->rss_anon, 7);
	process_end(mm);
}

static void mremap_brings_nothing_into_memory_locked_on_fault(void **state)
{
	(void)state;
	run(growing_locked);
}

/* ---- a random process against a model ---- */

#define MODEL_PAGES 48u
#define MODEL_BASE 0x30000000u

struct model {
	bool mapped, readable, writable;
	u32 value;
};

static void check_model(const struct model *model)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		long want = model[i].mapped && model[i].readable ? (long)model[i].value : -1;

		assert_int_equal(peek(MODEL_BASE + i * PAGE_SIZE), want);
	}
}

static void random_step(struct mm *mm, struct model *model, u32 *seed)
{
	unsigned from = random_below(seed, MODEL_PAGES),
		 n = MIN(1 + random_below(seed, 12), MODEL_PAGES - from);
	uaddr_t addr = MODEL_BASE + from * (uaddr_t)PAGE_SIZE;
	bool writable = random_below(seed, 2), readable = writable || random_below(seed, 4),
	     covered = true;

	switch (random_below(seed, 6)) {
	case 0:
		must_map(mm, addr, n * PAGE_SIZE,
			 (readable ? PROT_READ : 0) | (writable ? PROT_WRITE : 0),
			 ANON | MAP_FIXED);
		for (unsigned i = from; i < from + n; i++)
			model[i] = (struct model){true, readable, writable, 0};
		break;
	case 1:
		assert_int_equal(mm_unmap(mm, addr, n * PAGE_SIZE), 0);
		memset(&model[from], 0, n * sizeof(*model));
		break;
	case 2:
		for (unsigned i = from; i < from + n && covered; i++) {
			covered = model[i].mapped;
			if (covered) {
				model[i].readable = readable;
				model[i].writable = writable;
			}
		}
		assert_int_equal(
			mm_protect(mm, addr, n * PAGE_SIZE,
				   (readable ? PROT_READ : 0) | (writable ? PROT_WRITE : 0)),
			covered ? 0 : -ENOMEM);
		break;
	case 3:
		mm_advise(mm, addr, n * PAGE_SIZE, MADV_DONTNEED);
		for (unsigned i = from; i < from + n; i++)
			model[i].value = 0;
		break;
	default:
		for (unsigned i = from; i < from + n; i++) {
			bool done = poke(MODEL_BASE + i * PAGE_SIZE, from + 1);

			assert_int_equal(done, model[i].mapped && model[i].writable);
			if (done)
				model[i].value = from + 1;
		}
	}
}

static void random_process(void *arg, unsigned n)
{
	static struct model model[MODEL_PAGES], before[MODEL_PAGES];
	struct mm *mm = process_begin(), *child;
	u32 seed = 4711;

	(void)arg, (void)n;
	for (unsigned i = 0; i < 4000; i++) {
		random_step(mm, model, &seed);
		if (i % 16 == 0)
			check_model(model);
		if (i % 64)
			continue;
		/* The child goes on as the process did; the parent sees nothing of it. */
		child = mm_fork(mm);
		assert_non_null(child);
		memcpy(before, model, sizeof(model));
		mm_activate(child);
		check_model(model);
		for (unsigned k = 0; k < 8; k++)
			random_step(child, model, &seed);
		check_model(model);
		mm_activate(mm);
		mm_put(child);
		memcpy(model, before, sizeof(model));
		check_model(model);
	}
	process_end(mm);
}

static void a_random_process_agrees_with_the_model(void **state)
{
	(void)state;
	run(random_process);
}

/* ---- counts ---- */

static u32 *entries_of;
static pfn_t frames;

static void count_entry(struct arch_mm *am, uaddr_t addr, pte_t pte, void *arg)
{
	(void)am, (void)addr, (void)arg;
	if (!pte_special(pte) && pte_pfn(pte) < frames)
		entries_of[pte_pfn(pte)]++;
}

static void map_counts_match(void *arg, unsigned n)
{
	struct mm *mm = process_begin(), *child;
	uaddr_t a = must_map(mm, 0, 0x20000, RW, ANON),
		s = must_map(mm, 0, 0x8000, RW, MAP_SHARED | MAP_ANONYMOUS);

	(void)arg, (void)n;
	for (unsigned i = 0; i < 32; i++)
		poke(a + i * PAGE_SIZE, i);
	for (unsigned i = 0; i < 8; i++)
		poke(s + i * PAGE_SIZE, i);
	child = mm_fork(mm);
	mm_unmap(mm, a + 0x3000, 0x4000);
	poke(a, 77);
	frames = max_pfn;
	entries_of = calloc(frames, sizeof(*entries_of));
	sim_for_each_pte(count_entry, NULL);
	for (pfn_t pfn = 0; pfn < frames; pfn++)
		if (entries_of[pfn])
			assert_int_equal(page_mapcount(pfn_to_page(pfn)), entries_of[pfn]);
	free(entries_of);
	mm_put(child);
	process_end(mm);
}

static void a_page_counts_the_entries_that_map_it(void **state)
{
	(void)state;
	run(map_counts_match);
}

/* ---- every allocation fails once ---- */

static long fail_at, seen;

static bool fail_one(gfp_t gfp)
{
	(void)gfp;
	return seen++ == fail_at;
}

struct area_list {
	unsigned n;
	struct inspect_area areas[32];
};

static void list_areas(struct mm *mm, struct area_list *list)
{
	memset(list, 0, sizeof(*list));
	down_read(&mm->mmap_lock);
	for (struct vma *vma = vma_first(mm); vma && list->n < 32; vma = vma_next(vma))
		inspect_area(vma, &list->areas[list->n++]);
	up_read(&mm->mmap_lock);
}

#define OP_BASE 0x30000000u

static long op_map_over(struct mm *mm)
{
	return map(mm, OP_BASE + 0x3000, 0x4000, PROT_READ, ANON | MAP_FIXED);
}

static long op_shared_anon(struct mm *mm)
{
	return map(mm, 0, 0x4000, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static long op_unmap_middle(struct mm *mm)
{
	return mm_unmap(mm, OP_BASE + 0x4000, 0x2000);
}

static long op_protect_middle(struct mm *mm)
{
	return mm_protect(mm, OP_BASE + 0x4000, 0x2000, PROT_READ);
}

static long op_move(struct mm *mm)
{
	return mm_remap(mm, OP_BASE + 0x2000, 0x3000, 0x6000, MREMAP_MAYMOVE, 0);
}

static long op_advise(struct mm *mm)
{
	return mm_advise(mm, OP_BASE + 0x4000, 0x2000, MADV_DONTFORK);
}

static long op_lock(struct mm *mm)
{
	return mm_lock_range(mm, OP_BASE + 0x4000, 0x2000, VM_LOCKED);
}

static long op_brk(struct mm *mm)
{
	long old = mm_brk(mm, 0), new = mm_brk(mm, (uaddr_t)old + 0x5000);

	return new == old ? -ENOMEM : 0;
}

static long op_fork(struct mm *mm)
{
	struct mm *child = mm_fork(mm);

	if (!child)
		return -ENOMEM;
	mm_put(child);
	return 0;
}

static long op_touch(struct mm *mm)
{
	(void)mm;
	return poke(OP_BASE + 0xc000, 1) ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	long (*fn)(struct mm *mm);
	bool may_change; /* locked but not populated, as on Linux */
} ops[] = {
	{"mmap over areas", op_map_over, false},
	{"shared anonymous", op_shared_anon, false},
	{"munmap of the middle", op_unmap_middle, false},
	{"mprotect of the middle", op_protect_middle, false},
	{"mremap", op_move, false},
	{"madvise", op_advise, false},
	{"mlock", op_lock, true},
	{"brk", op_brk, false},
	{"fork", op_fork, false},
	{"first touch", op_touch, false},
};

static struct mm *op_process(void)
{
	struct mm *mm = process_begin();

	mm->start_brk = mm->brk = 0x20000000;
	must_map(mm, OP_BASE, 0x10000, RW, ANON | MAP_FIXED);
	for (unsigned i = 0; i < 8; i++)
		assert_true(poke(OP_BASE + i * PAGE_SIZE, 100 + i));
	return mm;
}

/* The operation with allocation number fail_at failing; true: it did not get that far. */
static bool fail_once(unsigned op)
{
	static struct area_list before, after;
	struct mm *mm;
	long result;

	mm_fail_alloc = NULL;
	mm = op_process();
	list_areas(mm, &before);
	seen = 0;
	mm_fail_alloc = fail_one;
	result = ops[op].fn(mm);
	mm_fail_alloc = NULL;
	if (mm_is_error(result) && !ops[op].may_change) {
		list_areas(mm, &after);
		assert_int_equal(memcmp(&before, &after, sizeof(before)), 0);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(peek(OP_BASE + i * PAGE_SIZE), 100 + i);
	}
	process_end(mm);
	return seen <= fail_at;
}

static void fail_all(void *arg, unsigned n)
{
	(void)arg, (void)n;
	for (unsigned op = 0; op < ARRAY_SIZE(ops); op++) {
		for (fail_at = 0; !fail_once(op); fail_at++)
			;
		assert_true(fail_at > 0 && fail_at < 200);
	}
}

static void an_operation_that_finds_no_memory_changes_nothing(void **state)
{
	(void)state;
	run(fail_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_with_the_first_touch_and_stay_through_mprotect),
		cmocka_unit_test(fork_shares_until_the_first_write),
		cmocka_unit_test(mremap_moves_pages_not_contents),
		cmocka_unit_test(a_stack_grows_up_to_the_guard_gap),
		cmocka_unit_test(file_maps_show_the_file_and_its_end),
		cmocka_unit_test(the_cache_copies_to_and_from_user_memory),
		cmocka_unit_test(reclaim_writes_unmaps_and_drops_file_pages),
		cmocka_unit_test(a_locked_page_outlives_reclaim),
		cmocka_unit_test(mremap_brings_nothing_into_memory_locked_on_fault),
		cmocka_unit_test(a_random_process_agrees_with_the_model),
		cmocka_unit_test(a_page_counts_the_entries_that_map_it),
		cmocka_unit_test(an_operation_that_finds_no_memory_changes_nothing),
	};

	return sim_run_tests(tests);
}
