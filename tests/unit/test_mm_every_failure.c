/*
 * Every allocation of every call on an address space is made to fail in turn: the first, the
 * second, ... until the call needs no more; and then all from the first, from the second, ... on.
 *
 * A call that says that it failed has changed nothing: areas, contents, resident pages and promises
 * are what they were. What may stay although the call failed is said in its row:
 *
 *	PAGES	resident pages came: mlock and populate stop at the first page they cannot get
 *	AREAS	areas changed before the failure: mlock has locked the range when populating fails
 *		(mlock(2) allows it), mremap has cleared the place it is to move
 *		to, and cut the tail off, before it looks for memory (as on Linux)
 *
 * Page tables that were made stay, empty, until the next munmap there; the oracle counts them, and
 * everything else, after each trial.
 */
#include "mm_oracle.h"
#include "mm_test.h"
#include "mm/inspect_virt.h"
#include "mm/iov_iter.h"
#include "mm/mm.h"
#include "mm/virt.h"
#include <linux/errno.h>
#include <linux/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define P ((u32)PAGE_SIZE)

/* Where the process has what. */
#define MEMORY \
	0x30000000u /* 16 pages: 0-3 its own, 4-7 shared with the child, the rest untouched */
#define READ_ONLY 0x30020000u     /* 4 pages: 0 is the zero page */
#define ZEROES 0x30028000u        /* 4 pages, writable: 0 is the zero page */
#define PRIVATE 0x30030000u       /* of the file: 0 was read, 1 written */
#define SHARED 0x30040000u        /* of the file: 0 was read, 1 written */
#define MEMORY_OBJECT 0x30050000u /* shared anonymous: 0 was written */
#define DEVICE 0x30060000u
#define UNTOUCHED 0x35000000u /* and no page table */
#define FREE 0x31000000u
#define HEAP 0x20000000u
#define STACK_TOP 0x50000000u

/* ---- a file and a device ---- */

static int file_read(struct mapping *m, struct page *page)
{
	u32 word = 1000 + page->index;

	(void)m;
	page_zero(page);
	memcpy_to_page(page, 0, &word, 4);
	page_set(page, PG_UPTODATE);
	return 0;
}

static int file_write(struct mapping *m, struct page *page)
{
	(void)m, (void)page;
	return 0;
}

static int file_mkwrite(struct mapping *m, struct page *page)
{
	(void)m, (void)page;
	return 0;
}

static const struct mapping_ops file_ops = {file_read, file_write, file_mkwrite, NULL};
static struct mapping file;

static struct page *device_fault(struct vma *vma, u32 pgoff, bool write)
{
	struct page *page = alloc_page(GFP_USER);

	(void)vma, (void)pgoff, (void)write;
	if (page)
		page_set(page, PG_UPTODATE);
	return page ? page : ERR_PTR(-ENOMEM);
}

static const struct vma_ops device_ops = {.fault = device_fault};

static void hold(struct file *f)
{
	(void)f;
}

/* ---- the process ---- */

static struct mm *mm, *child, *hoarder;

static long map(uaddr_t addr, u32 len, u32 prot, u32 flags)
{
	struct map_request req = {.addr = addr, .len = len, .prot = prot, .flags = flags};

	return mm_map(mm, &req);
}

static long map_file(uaddr_t addr, u32 len, u32 flags, u32 pgoff)
{
	struct map_request req = {
		.addr = addr,
		.len = len,
		.prot = RW,
		.flags = flags | MAP_FIXED,
		.mapping = &file,
		.file = (struct file *)&file,
		.pgoff = pgoff,
		.may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
	};

	return mm_map(mm, &req);
}

static long peek(uaddr_t addr)
{
	u32 word;

	return copy_from_user(&word, addr, 4) ? -1 : (long)word;
}

static long poke(uaddr_t addr, u32 word)
{
	return copy_to_user(addr, &word, 4) ? -ENOMEM : 0;
}

/* Page tables that wait to be used again would make an allocation unnecessary: have them all. */
static void hoard_tables(void)
{
	u32 word = 1;

	hoarder = mm_alloc();
	assert_non_null(hoarder);
	mm_layout(hoarder, TASK_SIZE, 8u << 20, 0, false);
	assert_int_equal(
		mm_map(hoarder, &(struct map_request){.addr = FREE,
						      .len = 16 << 22,
						      .prot = RW,
						      .flags = ANON | MAP_FIXED | MAP_NORESERVE}),
		FREE);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(mm_access(hoarder, FREE + (i << 22), &word, 4, true), 4);
}

static void make_process(void)
{
	mapping_init(&file, NULL, &file_ops, GFP_HIGHUSER_MOVABLE);
	mapping_set_size(&file, 64 * P);
	mm = mm_alloc();
	assert_non_null(mm);
	mm_layout(mm, TASK_SIZE, 8u << 20, 0, false);
	mm->start_brk = mm->brk = HEAP;
	mm_activate(mm);
	assert_int_equal(map(MEMORY, 16 * P, RW, ANON | MAP_FIXED), MEMORY);
	assert_int_equal(map(READ_ONLY, 4 * P, PROT_READ, ANON | MAP_FIXED), READ_ONLY);
	assert_int_equal(map(ZEROES, 4 * P, RW, ANON | MAP_FIXED), ZEROES);
	assert_int_equal(map_file(PRIVATE, 8 * P, MAP_PRIVATE, 0), PRIVATE);
	assert_int_equal(map_file(SHARED, 8 * P, MAP_SHARED, 8), SHARED);
	assert_int_equal(map(MEMORY_OBJECT, 8 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
			 MEMORY_OBJECT);
	assert_int_equal(mm_map_special(mm, DEVICE, 2 * P, VM_READ | VM_MAYREAD, &device_ops), 0);
	assert_int_equal(mm_brk(mm, HEAP + 3 * P), HEAP + 3 * P);
	assert_int_equal(mm_setup_stack(mm, STACK_TOP, false), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(poke(MEMORY + i * P, 100 + i), 0);
	child = mm_fork(mm);
	assert_non_null(child);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(poke(MEMORY + i * P, 200 + i), 0);
	assert_int_equal(peek(READ_ONLY) + peek(ZEROES), 0);
	assert_int_equal(peek(PRIVATE), 1000);
	assert_int_equal(peek(SHARED), 1008);
	assert_int_equal(poke(PRIVATE + P, 31) + poke(SHARED + P, 41) + poke(MEMORY_OBJECT, 51), 0);
	assert_int_equal(poke(STACK_TOP - P, 61), 0);
	assert_int_equal(map(UNTOUCHED, 4 * P, RW, ANON | MAP_FIXED), UNTOUCHED);
	hoard_tables();
}

static void end_process(void)
{
	mm_activate(NULL);
	mm_put(mm);
	mm_put(child);
	mm_put(hoarder);
	mapping_set_size(&file, 0);
	mapping_destroy(&file);
}

/* ---- what it was ---- */

struct snapshot {
	unsigned n;
	struct inspect_area areas[48];
	unsigned long total, locked, data, stack, exec, promised;
	s32 anon, file, shmem;
	uaddr_t brk;
};

static void look(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	down_read(&mm->mmap_lock);
	for (struct vma *v = vma_first(mm); v && s->n < ARRAY_SIZE(s->areas); v = vma_next(v))
		inspect_area(v, &s->areas[s->n++]);
	up_read(&mm->mmap_lock);
	s->total = mm->total_vm;
	s->locked = mm->locked_vm;
	s->data = mm->data_vm;
	s->stack = mm->stack_vm;
	s->exec = mm->exec_vm;
	s->promised = vm_committed_pages();
	s->anon = mm->rss_anon;
	s->file = mm->rss_file;
	s->shmem = mm->rss_shmem;
	s->brk = mm->brk;
}

static void check_contents(void)
{
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(peek(MEMORY + i * P), i < 4 ? 200 + i : i < 8 ? 100 + i : 0);
	assert_int_equal(peek(READ_ONLY) + peek(ZEROES) + peek(ZEROES + P), 0);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(peek(PRIVATE + i * P), i == 1 ? 31 : 1000 + i);
		assert_int_equal(peek(SHARED + i * P), i == 1 ? 41 : 1008 + i);
		assert_int_equal(peek(MEMORY_OBJECT + i * P), i == 0 ? 51 : 0);
	}
	assert_int_equal(peek(HEAP), 0);
	assert_int_equal(peek(STACK_TOP - P), 61);
}

static long peek_child(uaddr_t addr)
{
	u32 word;

	return mm_access(child, addr, &word, 4, false) == 4 ? (long)word : -1;
}

/* ---- the calls: 0 or the address, or -errno ---- */

static long anonymous(void)
{
	return map(0, 4 * P, RW, ANON);
}
static long anonymous_over_areas(void)
{
	return map(MEMORY + 3 * P, 4 * P, PROT_READ, ANON | MAP_FIXED);
}
static long anonymous_populated(void)
{
	return map(FREE, 4 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
}
static long anonymous_locked(void)
{
	return map(FREE, 4 * P, RW, ANON | MAP_FIXED | MAP_LOCKED);
}
static long shared_anonymous(void)
{
	return map(0, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS);
}
static long shared_anonymous_over_areas(void)
{
	return map(MEMORY + 3 * P, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
}
static long private_file(void)
{
	return map_file(FREE, 4 * P, MAP_PRIVATE, 0);
}
static long shared_file_over_areas(void)
{
	return map_file(PRIVATE + 2 * P, 3 * P, MAP_SHARED, 20);
}
static long file_populated(void)
{
	return map_file(FREE, 4 * P, MAP_SHARED | MAP_POPULATE, 30);
}
static long unmap_middle(void)
{
	return mm_unmap(mm, MEMORY + 2 * P, 3 * P);
}
static long unmap_middle_of_file(void)
{
	return mm_unmap(mm, SHARED + 2 * P, 3 * P);
}
static long unmap_across(void)
{
	return mm_unmap(mm, MEMORY + 4 * P, READ_ONLY - MEMORY);
}
static long protect_middle(void)
{
	return mm_protect(mm, MEMORY + 4 * P, 2 * P, PROT_READ);
}
static long protect_middle_of_file(void)
{
	return mm_protect(mm, SHARED + 4 * P, 2 * P, PROT_READ);
}
static long protect_promises(void)
{
	return mm_protect(mm, READ_ONLY + P, 2 * P, RW);
}
static long remap_grows(void)
{
	return mm_remap(mm, MEMORY, 16 * P, 18 * P, 0, 0);
}
static long remap_moves(void)
{
	return mm_remap(mm, MEMORY + 2 * P, 4 * P, 20 * P, MREMAP_MAYMOVE, 0);
}
static long remap_moves_file(void)
{
	return mm_remap(mm, SHARED, 8 * P, 20 * P, MREMAP_MAYMOVE, 0);
}
static long remap_over_areas(void)
{
	return mm_remap(mm, MEMORY + 2 * P, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
			PRIVATE + 2 * P);
}
static long remap_less_elsewhere(void)
{
	return mm_remap(mm, MEMORY + 2 * P, 4 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, FREE);
}
static long remap_shrinks(void)
{
	return mm_remap(mm, MEMORY + 2 * P, 4 * P, P, 0, 0);
}
static long remap_leaves(void)
{
	return mm_remap(mm, MEMORY, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
}
static long remap_again(void)
{
	return mm_remap(mm, MEMORY_OBJECT, 0, 4 * P, MREMAP_MAYMOVE, 0);
}
static long file_pages(void)
{
	return mm_remap_file_pages(mm, SHARED + 2 * P, 2 * P, 40, 0);
}
static long advise_dontfork(void)
{
	return mm_advise(mm, MEMORY + 4 * P, 2 * P, MADV_DONTFORK);
}
static long advise_dontneed(void)
{
	return mm_advise(mm, MEMORY, 16 * P, MADV_DONTNEED);
}
static long advise_willneed(void)
{
	return mm_advise(mm, SHARED, 8 * P, MADV_WILLNEED);
}
static long advise_remove(void)
{
	return mm_advise(mm, MEMORY_OBJECT, 8 * P, MADV_REMOVE);
}
static long advise_populate(void)
{
	return mm_advise(mm, MEMORY, 16 * P, MADV_POPULATE_WRITE);
}
static long advise_populate_file(void)
{
	return mm_advise(mm, SHARED, 8 * P, MADV_POPULATE_READ);
}
static long lock_middle(void)
{
	return mm_lock_range(mm, MEMORY + 6 * P, 4 * P, VM_LOCKED);
}
static long lock_on_fault(void)
{
	return mm_lock_range(mm, MEMORY + 6 * P, 4 * P, VM_LOCKED | VM_LOCKONFAULT);
}
static long lock_all(void)
{
	return mm_lock_all(mm, MCL_CURRENT);
}
static long brk_grows(void)
{
	return mm_brk(mm, HEAP + 8 * P) == HEAP + 8 * P ? 0 : -ENOMEM;
}
static long brk_grows_locked(void)
{
	mm->def_flags = VM_LOCKED; /* so that the heap's area cannot just grow */
	return mm_brk(mm, HEAP + 8 * P) == HEAP + 8 * P ? 0 : -ENOMEM;
}
static long brk_shrinks(void)
{
	return mm_brk(mm, HEAP + P) == HEAP + P ? 0 : -ENOMEM;
}
static long fork_it(void)
{
	struct mm *copy = mm_fork(mm);

	if (!copy)
		return -ENOMEM;
	mm_put(copy);
	return 0;
}
static long fault_1_zero_page(void)
{
	return peek(MEMORY + 9 * P) ? -ENOMEM : 0;
}
static long fault_1_new_table(void)
{
	return peek(UNTOUCHED) ? -ENOMEM : 0;
}
static long fault_2_fresh_page(void)
{
	return poke(MEMORY + 9 * P, 1);
}
static long fault_3_file_read(void)
{
	return peek(PRIVATE + 3 * P) < 0 ? -ENOMEM : 0;
}
static long fault_4_private_write(void)
{
	return poke(PRIVATE + 4 * P, 1);
}
static long fault_5_shared_write(void)
{
	return poke(SHARED + 4 * P, 1);
}
static long fault_5_shared_memory(void)
{
	return poke(MEMORY_OBJECT + 4 * P, 1);
}
static long fault_6_zero_page_write(void)
{
	return poke(ZEROES, 1);
}
static long fault_8_copy(void)
{
	return poke(MEMORY + 5 * P, 1);
}
static long fault_8_copy_file(void)
{
	return poke(PRIVATE, 1);
}
static long fault_9_announce(void)
{
	return poke(SHARED, 1);
}
static long fault_11_device(void)
{
	return peek(DEVICE) < 0 ? -ENOMEM : 0;
}
static long stack_grows(void)
{
	return poke(STACK_TOP - 300 * P, 1);
}
static long pin(uaddr_t addr, bool write, bool force)
{
	struct page *pages[4];
	long n = get_user_pages(mm, addr, 4, write, force, pages);

	for (long i = 0; i < n; i++)
		page_put(pages[i]);
	return n < 0 ? n : n == 4 ? 0 : -ENOMEM;
}
static long pin_for_write(void)
{
	return pin(MEMORY + 6 * P, true, false);
}
static long pin_by_force(void)
{
	return pin(READ_ONLY, true, true);
}
static long pin_file(void)
{
	return pin(PRIVATE + 2 * P, false, false);
}
static long debugger_writes(void)
{
	u32 word = 1;

	return mm_access(mm, READ_ONLY + P, &word, 4, true) == 4 ? 0 : -ENOMEM;
}
static long file_is_written(void)
{
	char text[3 * 4096] = {0};
	struct iov_iter it;

	iov_iter_kernel(&it, text, sizeof(text));
	return mapping_copy_in(&file, 50 * P, &it) == sizeof(text) ? 0 : -ENOMEM;
}
static long file_is_read(void)
{
	char text[3 * 4096];
	struct iov_iter it;

	iov_iter_kernel(&it, text, sizeof(text));
	return mapping_copy_out(&file, 45 * P, &it) == sizeof(text) ? 0 : -ENOMEM;
}
static long file_is_synced(void)
{
	return mapping_sync(&file, 0, -1);
}
static long file_is_truncated(void)
{
	mapping_truncate_range(&file, 40 * P, -1);
	return 0;
}

/* exec: an address space of its own, with a stack, a heap and a program, before it is loaded. */
static long exec_set_up(void)
{
	struct mm *mine = mm, *new = mm_alloc();
	long err = new ? 0 : -ENOMEM;

	if (err)
		return err;
	mm_layout(new, TASK_SIZE, 8u << 20, 0x100, false);
	mm = new;
	err = mm_setup_stack(new, STACK_TOP, true);
	if (!err)
		err = MIN(map_file(0x8048000, 4 * P, MAP_PRIVATE, 0), 0);
	if (!err)
		err = mm_map_brk(new, 0x9000000, 4 * P, true);
	if (!err)
		err = mm_map_special(new, DEVICE, P, VM_READ | VM_MAYREAD, &device_ops);
	if (!err)
		err = mm_map_vdso(new);
	if (!err && mm_access(new, STACK_TOP - 64, "argv", 5, true) != 5)
		err = -ENOMEM;
	mm_put(new);
	mm = mine;
	return err;
}

enum { NOTHING = 0, PAGES = 1, AREAS = 2 };

static const struct call {
	const char *name;
	long (*fn)(void);
	int error; /* what a failed allocation makes of it; 0: it cannot fail for that */
	unsigned may_stay;
	int late_error; /* the same, after something was done that stays */
} calls[] = {
	{"mmap", anonymous, -ENOMEM, 0, 0},
	{"mmap over areas", anonymous_over_areas, -ENOMEM, 0, 0},
	{"mmap populated", anonymous_populated, -ENOMEM, 0, 0},
	{"mmap locked", anonymous_locked, -ENOMEM, 0, 0},
	{"mmap shared memory", shared_anonymous, -ENOMEM, 0, 0},
	{"mmap shared memory over areas", shared_anonymous_over_areas, -ENOMEM, 0, 0},
	{"mmap of a file", private_file, -ENOMEM, 0, 0},
	{"mmap of a file over areas", shared_file_over_areas, -ENOMEM, 0, 0},
	{"mmap of a file, populated", file_populated, -ENOMEM, 0, 0},
	{"munmap of the middle", unmap_middle, -ENOMEM, 0, 0},
	{"munmap of the middle of a file", unmap_middle_of_file, -ENOMEM, 0, 0},
	{"munmap across areas", unmap_across, -ENOMEM, 0, 0},
	{"mprotect of the middle", protect_middle, -ENOMEM, 0, 0},
	{"mprotect of the middle of a file", protect_middle_of_file, -ENOMEM, 0, 0},
	{"mprotect that promises memory", protect_promises, -ENOMEM, 0, 0},
	{"mremap grows in place", remap_grows, 0, 0, 0},
	{"mremap moves", remap_moves, -ENOMEM, 0, 0},
	{"mremap moves a file", remap_moves_file, -ENOMEM, 0, 0},
	{"mremap over areas", remap_over_areas, -ENOMEM, AREAS | PAGES, 0},
	{"mremap to less elsewhere", remap_less_elsewhere, -ENOMEM, AREAS | PAGES, 0},
	{"mremap shrinks", remap_shrinks, -ENOMEM, 0, 0},
	{"mremap leaves the old area", remap_leaves, -ENOMEM, 0, 0},
	{"mremap maps shared memory again", remap_again, -ENOMEM, 0, 0},
	{"remap_file_pages", file_pages, -ENOMEM, 0, 0},
	{"madvise of the middle", advise_dontfork, -EAGAIN, 0, 0},
	{"madvise DONTNEED", advise_dontneed, 0, 0, 0},
	{"madvise WILLNEED", advise_willneed, 0, 0, 0},
	{"madvise REMOVE", advise_remove, 0, 0, 0},
	{"madvise POPULATE_WRITE", advise_populate, -ENOMEM, PAGES, 0},
	{"madvise POPULATE_READ of a file", advise_populate_file, -ENOMEM, PAGES, 0},
	{"mlock of the middle, its areas", lock_on_fault, -ENOMEM, 0, 0},
	{"mlock of the middle", lock_middle, -ENOMEM, AREAS | PAGES, -EAGAIN},
	{"mlockall", lock_all, 0, 0, 0},
	{"brk grows", brk_grows, 0, 0, 0},
	{"brk grows by an area", brk_grows_locked, -ENOMEM, 0, 0},
	{"brk shrinks", brk_shrinks, 0, 0, 0},
	{"fork", fork_it, -ENOMEM, 0, 0},
	{"fault 1: the zero page", fault_1_zero_page, 0, 0, 0},
	{"fault 1 with a new page table", fault_1_new_table, -ENOMEM, 0, 0},
	{"fault 2: a fresh page", fault_2_fresh_page, -ENOMEM, 0, 0},
	{"fault 3: a page of a file", fault_3_file_read, -ENOMEM, 0, 0},
	{"fault 4: a private copy", fault_4_private_write, -ENOMEM, 0, 0},
	{"fault 5: a write to a file", fault_5_shared_write, -ENOMEM, 0, 0},
	{"fault 5: a write to shared memory", fault_5_shared_memory, -ENOMEM, 0, 0},
	{"fault 6: instead of the zero page", fault_6_zero_page_write, -ENOMEM, 0, 0},
	{"fault 8: a copy", fault_8_copy, -ENOMEM, 0, 0},
	{"fault 8: a copy of a file's page", fault_8_copy_file, -ENOMEM, 0, 0},
	{"fault 9: a write is announced", fault_9_announce, 0, 0, 0},
	{"fault 11: a device", fault_11_device, -ENOMEM, 0, 0},
	{"a stack grows", stack_grows, -ENOMEM, AREAS, 0},
	{"pages pinned for writing", pin_for_write, -ENOMEM, PAGES, 0},
	{"pages pinned by force", pin_by_force, -ENOMEM, PAGES, 0},
	{"pages of a file pinned", pin_file, -ENOMEM, PAGES, 0},
	{"a debugger writes", debugger_writes, -ENOMEM, 0, 0},
	{"write(2) to the page cache", file_is_written, -ENOMEM, 0, 0},
	{"read(2) of the page cache", file_is_read, -ENOMEM, 0, 0},
	{"fsync", file_is_synced, 0, 0, 0},
	{"truncate", file_is_truncated, 0, 0, 0},
	{"exec", exec_set_up, -ENOMEM, 0, 0},
};

/* ---- the trials ---- */

static long fail_at, seen;
static bool from_there_on;

static bool fail_now(gfp_t gfp)
{
	long n = seen++;

	(void)gfp;
	return from_there_on ? n >= fail_at : n == fail_at;
}

static void compare(const struct call *call, const struct snapshot *before)
{
	static struct snapshot after;

	look(&after);
	if (call->may_stay & PAGES) {
		after.anon = before->anon;
		after.file = before->file;
		after.shmem = before->shmem;
	}
	if (call->may_stay & AREAS)
		return;
	if (memcmp(before, &after, sizeof(after)))
		fail_msg("%s, allocation %ld: the address space has changed", call->name, fail_at);
	check_contents();
}

/* False: the call did not get as far as the allocation that was to fail. */
static bool try_call(const struct call *call)
{
	static struct snapshot before;
	struct mapping *files[] = {&file};
	const struct oracle_extra extra = {.mappings = files, .nr_mappings = 1, .promised = 8};
	bool succeeded;
	long result;

	make_process();
	look(&before);
	seen = 0;
	mm_fail_alloc = fail_now;
	result = call->fn();
	mm_fail_alloc = NULL;
	succeeded = !mm_is_error(result);
	if (seen <= fail_at && !succeeded)
		fail_msg("%s: %ld although all %ld allocations went well", call->name, result,
			 seen);
	if (!succeeded && result != call->error &&
	    (!call->late_error || result != call->late_error))
		fail_msg("%s, allocation %ld: %ld", call->name, fail_at, result);
	if (!succeeded)
		compare(call, &before);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(peek_child(MEMORY + i * P), 100 + i);
	if (!succeeded)
		oracle_check(&extra);
	end_process();
	return seen > fail_at;
}

static void fail_all(bool all_from_there)
{
	static const struct oracle_extra nothing;

	const char *bad = NULL;

	from_there_on = all_from_there;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		for (fail_at = 0; try_call(&calls[i]); fail_at++)
			oracle_check(&nothing);
		oracle_check(&nothing);
		if (calls[i].error && !fail_at)
			bad = calls[i].name;
		print_message("%-36s %ld allocations\n", calls[i].name, fail_at);
	}
	if (bad)
		fail_msg("%s needs no memory", bad);
}

static void boot(void)
{
	sim_boot(&(struct sim_config){.ram_mb = 24, .low_mb = 20, .vmalloc_mb = 4});
	thp_enabled =
		THP_NEVER; /* the rows name what single pages need; test_mm_huge.c has blocks */
	mm_virt_init();
	mm_file_get = mm_file_put = hold;
	fail_at = 1000000;
	try_call(&calls[0]); /* what is allocated once and kept */
	oracle_begin();
}

static void a_call_whose_allocation_fails_changes_nothing(void **state)
{
	(void)state;
	boot();
	fail_all(false);
}

static void a_call_that_runs_out_of_memory_changes_nothing(void **state)
{
	(void)state;
	boot();
	fail_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_whose_allocation_fails_changes_nothing),
		cmocka_unit_test(a_call_that_runs_out_of_memory_changes_nothing),
	};

	return sim_run_tests(tests);
}
