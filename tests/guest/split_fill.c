/*
 * split_fill - a program fills its address space to the last page below TASK_SIZE, however large
 * the split makes it: every page that is not the stack's own room is mapped, each page table is
 * used, fork copies it all, and one page further there is nothing. mmap(2), munmap(2), fork(2).
 *
 * The end of user space is found by asking, so the test holds on any split, and on any i386 Linux.
 */
#include "split.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define STEP (2ul << 20) /* what a page table covers under PAE; half of one without */
#define KNOWN_SPLITS 5

static unsigned long task_size;

/* ---- the areas ---- */

struct area {
	unsigned long start, end;
	bool stack, special; /* special: the kernel's own, vvar and vdso */
};

static struct area areas[2000];
static unsigned area_count;

static void read_areas(void)
{
	char line[300];
	FILE *f = fopen("/proc/self/maps", "r");

	need(f);
	area_count = 0;
	while (fgets(line, sizeof(line), f) && area_count < T_COUNT(areas)) {
		struct area *a = &areas[area_count++];

		need(sscanf(line, "%lx-%lx", &a->start, &a->end) == 2);
		a->stack = strstr(line, "[stack]");
		a->special = strstr(line, "[v");
	}
	fclose(f);
}

/* Map [start, end), which is free; musl's mmap takes less than 2 GB. */
static void fill(unsigned long start, unsigned long end)
{
	while (start < end) {
		unsigned long size = end - start < 1ul << 30 ? end - start : 1ul << 30;

		need(mmap((void *)start, size, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
		     (void *)start);
		start += size;
	}
}

/* Between 1 MB and the end of user space, all but the gap that the stack keeps below itself. */
static void fill_gaps(void)
{
	unsigned long at = 1ul << 20;

	read_areas();
	for (unsigned i = 0; i < area_count; i++) {
		unsigned long keep = areas[i].stack ? 2ul << 20 : 0;

		if (areas[i].start > at + keep)
			fill(at, areas[i].start - keep);
		if (areas[i].end > at)
			at = areas[i].end;
	}
	fill(at, task_size);
}

/* Is every page in an area, but for the stack's gap? */
static bool is_full(void)
{
	unsigned long at = 1ul << 20, holes = 0;

	read_areas();
	for (unsigned i = 0; i < area_count; i++) {
		if (areas[i].start > at && !areas[i].stack)
			holes += areas[i].start - at;
		if (areas[i].end > at)
			at = areas[i].end;
	}
	return !holes && at == task_size;
}

/* ---- its pages ---- */

static bool is_ours(unsigned long addr)
{
	for (unsigned i = 0; i < area_count; i++)
		if (addr >= areas[i].start && addr < areas[i].end)
			return !areas[i].stack && !areas[i].special &&
			       areas[i].end - areas[i].start >= STEP;
	return false;
}

/* One page in each page table says where it is. */
static unsigned mark_pages(void)
{
	unsigned n = 0;

	for (unsigned long addr = 16ul << 20; addr < task_size; addr += STEP)
		if (is_ours(addr)) {
			*(volatile unsigned long *)addr = addr ^ 0x5a5a5a5a;
			n++;
		}
	return n;
}

static unsigned count_marks(void)
{
	unsigned n = 0;

	for (unsigned long addr = 16ul << 20; addr < task_size; addr += STEP)
		if (is_ours(addr))
			n += *(volatile unsigned long *)addr == (addr ^ 0x5a5a5a5a);
	return n;
}

static int child_sees_marks(void *marks)
{
	unsigned long last = task_size - T_PAGE;

	need(count_marks() == *(unsigned *)marks);
	*(volatile char *)(last + 7) = 9; /* its own copy from now on */
	need(mark_pages() == *(unsigned *)marks);
	return 0;
}

static int fill_all(void *unused)
{
	volatile char *last = (volatile char *)(task_size - T_PAGE);
	unsigned long above;
	unsigned marks;

	(void)unused;
	fill_gaps();
	need(is_full());
	/* no gap is left but that of the stack, of which a part is its guard */
	need(mmap(NULL, 2ul << 20, PROT_NONE, ANON, -1, 0) == MAP_FAILED);
	/* a block would take 2 MB for each mark */
	for (unsigned i = 0; i < area_count; i++)
		if (!areas[i].stack && !areas[i].special)
			madvise((void *)areas[i].start, areas[i].end - areas[i].start,
				MADV_NOHUGEPAGE);
	marks = mark_pages();
	need(marks > task_size / STEP / 2);
	last[7] = 7;
	last[T_PAGE - 1] = 8;
	need(WEXITSTATUS(t_child(child_sees_marks, &marks)) == 0);
	need(last[7] == 7 && last[T_PAGE - 1] == 8 && count_marks() == marks);

	/* what lies above the stack goes and comes back empty */
	read_areas();
	above = areas[area_count - 1].start;
	if (!areas[area_count - 1].stack) {
		need(munmap((void *)above, task_size - above) == 0);
		need(t_read((void *)last).sig == SIGSEGV);
		need(mmap((void *)above, task_size - above, RW, ANON | MAP_FIXED, -1, 0) ==
		     (void *)above);
		need(last[7] == 0 && last[T_PAGE - 1] == 0);
	}
	return 0;
}

/* ---- and not further ---- */

static void check_end(void)
{
	static const unsigned long splits[KNOWN_SPLITS] = {0xC0000000, 0xB0000000, 0x80000000,
							   0x78000000, 0x40000000};
	unsigned known = 0;

	for (unsigned i = 0; i < KNOWN_SPLITS; i++)
		known += task_size == splits[i];
	eq(known, 1, "user space ends where one of the splits has it");
	fails_p(mmap((void *)task_size, T_PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		"no page can be mapped there");
	fails_p(mmap((void *)(task_size - T_PAGE), 2 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		"nor one that begins before and ends behind");
	fails_p(mmap((void *)(task_size - 2 * T_PAGE), 0x80000000ul, RW, ANON | MAP_FIXED, -1, 0),
		ENOMEM, "however long");
	fails(munmap((void *)(task_size - T_PAGE), 2 * T_PAGE), EINVAL,
	      "munmap does not reach over the end");
	ok(t_read((void *)task_size).sig == SIGSEGV, "reading there is SIGSEGV");
	ok(t_write((void *)task_size).sig == SIGSEGV, "and writing");
	fails(write(-1, (void *)task_size, 1), EBADF, "a bad descriptor is said first");
	fails(access((char *)task_size, F_OK), EFAULT, "a string there is EFAULT");
	fails(access((char *)(task_size - 1), F_OK), EFAULT,
	      "and one that runs over the end, or is not mapped");
}

static void check_program(void)
{
	unsigned long stack = (unsigned long)__builtin_frame_address(0);
	char *heap = sbrk(0);
	void *p = mmap(NULL, T_PAGE, RW, ANON, -1, 0);

	ok(stack < task_size && task_size - stack < 32ul << 20, "the stack is at the top");
	ok((unsigned long)p < stack && (unsigned long)p > task_size / 8,
	   "mmap goes below it, from the top down");
	ok((unsigned long)heap < task_size, "the heap is in user space");
	munmap(p, T_PAGE);
}

int main(void)
{
	task_size = find_task_size();
	t_note("user space ends at 0x%lx", task_size);
	check_end();
	check_program();
	passes(fill_all, "every page can be mapped and every page table used; fork copies them");
	return t_done();
}
