/*
 * thp_collapse - madvise(2), MADV_COLLAPSE: pages that came one by one become a huge page, whatever
 * /sys/kernel/mm/transparent_hugepage says, and nothing of that shows in what memory contains. When
 * it is refused, and with which error.
 */
// needs: mem=1G
#include "thp.h"
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static void set_enabled(const char *word)
{
	int fd = open(THP "enabled", O_WRONLY);

	t_must(fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word));
	close(fd);
}

/* An aligned area of @n blocks, with room around it. */
static char *blocks_of(unsigned n, int prot, int flags)
{
	char *p = mmap(NULL, (n + 2) * block, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0);
	char *q = (char *)(((unsigned long)p + block) & ~(block - 1));

	t_must(p != MAP_FAILED);
	t_must(mmap(q, n * block, prot, flags | MAP_FIXED, -1, 0) == q);
	return q;
}

static char *blocks(unsigned n)
{
	return blocks_of(n, RW, PRIVATE);
}

static bool kept(const char *p, unsigned long from, unsigned long to)
{
	return wrong(p, from, to) == to;
}

static int collapse(void *p, size_t len)
{
	return madvise(p, len, MADV_COLLAPSE);
}

static long huge_kb(const void *p)
{
	return smaps(p, "AnonHugePages:");
}

/* ---- what it does ---- */

static void check_filled(void)
{
	char *p = blocks(2);
	unsigned long before;

	fill(p, 2 * block);
	eq(huge_kb(p), 0, "small pages");
	before = (unsigned long)smaps(p, "Rss:");
	works(collapse(p, 2 * block), "MADV_COLLAPSE of two blocks");
	eq(huge_kb(p), 2 * (long)block / 1024, "both are huge pages");
	eq(smaps(p, "Rss:"), before, "and resident as before");
	ok(kept(p, 0, 2 * block), "with their contents");
	works(collapse(p, 2 * block), "again");
	works(collapse(p, 0), "nothing of it");
	p[5 * T_PAGE + 8] = 5;
	eq(p[5 * T_PAGE + 8], 5, "they can be written");
	munmap(p + T_PAGE, T_PAGE);
	ok(kept(p, 2 * T_PAGE, 2 * block), "a page is cut out of one: the rest has its contents");
	fails(collapse(p, block), EINVAL, "which no longer is a block: EINVAL");
}

static void check_sparse(void)
{
	char *p = blocks(1);

	*(unsigned *)(p + 7 * T_PAGE) = 7 * T_PAGE + 1;
	ok(!p[9 * T_PAGE], "a page is read");
	works(collapse(p, block), "one page of the block was touched");
	eq(huge_kb(p), (long)block / 1024, "all of it comes");
	eq(smaps(p, "Rss:"), (long)block / 1024, "and counts as resident");
	ok(kept(p, 7 * T_PAGE, 8 * T_PAGE), "the page keeps its contents");
	ok(!p[0] && !p[9 * T_PAGE] && !p[block - 1], "the others are zero");
	munmap(p, block);
}

static void check_partly(void)
{
	char *p = blocks(4);

	fill(p, 4 * block);
	works(collapse(p + T_PAGE, 3 * block), "borders within blocks");
	eq(huge_kb(p), 2 * (long)block / 1024, "those that lie wholly between them");
	ok(kept(p, 0, 4 * block), "contents");
	fails(collapse(p, 6 * block), EINVAL, "memory that may have none behind: EINVAL");
	munmap(p + 4 * block, block);
	fails(collapse(p, 5 * block), ENOMEM, "a hole behind: ENOMEM");
	eq(huge_kb(p), 4 * (long)block / 1024, "what came before is done");
	works(collapse(p + block - T_PAGE, 2 * T_PAGE), "no whole block around a border: nothing");
	munmap(p, 4 * block);
}

/* ---- what it refuses ---- */

static void check_areas(void)
{
	char *p = blocks(1);
	int fd = open("/proc/self/exe", O_RDONLY);

	fails(collapse(p, block), EINVAL, "never touched: EINVAL");
	munmap(p, block);
	p = blocks(1);
	fill(p, block);
	fails(collapse(p + 1, block), EINVAL, "no page border: EINVAL");
	fails(collapse(p + T_PAGE, 2 * T_PAGE), EINVAL, "a part of a block: EINVAL");
	fails(collapse(p, (size_t)-1), EINVAL, "a length that wraps: EINVAL");
	mprotect(p, block, PROT_READ);
	fails(collapse(p, block), EINVAL, "read-only: EINVAL");
	mprotect(p, block, RW);
	madvise(p, block, MADV_NOHUGEPAGE);
	fails(collapse(p, block), EINVAL, "MADV_NOHUGEPAGE: EINVAL");
	munmap(p, block);
	fails(collapse(p, block), ENOMEM, "not mapped: ENOMEM");
	p = blocks_of(1, PROT_NONE, PRIVATE);
	fails(collapse(p, block), EINVAL, "PROT_NONE: EINVAL");
	p = mmap(NULL, 2 * block, PROT_READ, MAP_PRIVATE, fd, 0);
	fails(collapse(p, 2 * block), EINVAL, "a file: EINVAL");
	munmap(p, 2 * block);
	close(fd);
	p = blocks(2);
	fill(p, block);
	fails(collapse(p, 2 * block), EINVAL, "one filled, one untouched: EINVAL");
	eq(huge_kb(p), (long)block / 1024, "but the one is done");
	ok(kept(p, 0, block), "contents");
	munmap(p, 2 * block);
}

static int disabled(void *arg)
{
	char *p = arg;

	need(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	need(p[0] == 1);
	p[0] = 2;
	need(collapse(p, block) == -1 && errno == EINVAL);
	need(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0);
	need(collapse(p, block) == 0);
	return 0;
}

static void check_disabled(void)
{
	char *p = blocks(1);

	fill(p, block);
	exits(disabled, p, 0, "PR_SET_THP_DISABLE: EINVAL until it is taken back");
	munmap(p, block);
}

static void check_userfaultfd(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = (int)syscall(__NR_userfaultfd, O_CLOEXEC);
	char *p = blocks(2);

	if (fd < 0) {
		t_skip("userfaultfd", strerror(errno));
		return;
	}
	fill(p, 2 * block);
	madvise(p + 9 * T_PAGE, T_PAGE, MADV_DONTNEED);
	reg.range.start = (unsigned long)p;
	reg.range.len = 2 * block;
	t_must(ioctl(fd, UFFDIO_API, &api) == 0 && ioctl(fd, UFFDIO_REGISTER, &reg) == 0);
	fails(collapse(p, block), EINVAL,
	      "userfaultfd is to hear of a page that is missing: EINVAL");
	works(collapse(p + block, block), "where none is missing it may");
	ok(kept(p, block, 2 * block), "contents");
	close(fd);
	munmap(p, 2 * block);
}

/* ---- others ---- */

static int child_collapses(void *arg)
{
	char *p = arg;

	need(collapse(p, block) == -1 && errno == EINVAL);
	*(unsigned *)p = 1;
	need(collapse(p, block) == 0);
	need(kept(p, 0, block));
	memset(p, 9, block);
	return 0;
}

static void check_fork(void)
{
	char *p = blocks(1);

	fill(p, block);
	exits(child_collapses, p, 0,
	      "in a child: EINVAL while all is shared; then it gets its own");
	ok(kept(p, 0, block), "its parent has what it had");
	munmap(p, block);
}

static void check_locked(void)
{
	char *p = blocks(1);

	fill(p, block);
	mlock(p, block);
	works(collapse(p, block), "locked memory");
	eq(huge_kb(p), (long)block / 1024, "is gathered too");
	ok(kept(p, 0, block), "contents");
	works(munlock(p, block), "munlock");
	munmap(p, block);
}

static void check_process_madvise(void)
{
	char *p = blocks(1);
	struct iovec v = {p, block};
	int fd = (int)syscall(__NR_pidfd_open, getpid(), 0);

	fill(p, block);
	eq(syscall(__NR_process_madvise, fd, &v, 1, MADV_COLLAPSE, 0), (long)block,
	   "process_madvise");
	eq(huge_kb(p), (long)block / 1024, "does it too");
	close(fd);
	munmap(p, block);
}

#define COUNTERS 64

static volatile bool stop;

static void *counting(void *arg)
{
	volatile unsigned *counter = arg;
	unsigned long turns = 0;

	while (!stop) {
		for (unsigned i = 0; i < COUNTERS; i++)
			counter[i * (block / COUNTERS / 4)]++;
		turns++;
	}
	return (void *)turns;
}

static void check_threads(void)
{
	enum { THREADS = 3 };
	unsigned rounds = t_long() ? 500 : 60, failed = 0, lost = 0;
	char *p = blocks(1);
	pthread_t threads[THREADS];
	void *turns;

	fill(p, block);
	memset(p, 0, block);
	for (unsigned t = 0; t < THREADS; t++)
		pthread_create(&threads[t], NULL, counting, p + 4 * t);
	for (unsigned i = 0; i < rounds; i++) {
		madvise(p + 1 * T_PAGE, T_PAGE, MADV_DONTNEED); /* breaks it up; has no counter */
		failed += collapse(p, block) != 0;
		usleep(1000);
	}
	stop = true;
	for (unsigned t = 0; t < THREADS; t++) {
		pthread_join(threads[t], &turns);
		for (unsigned i = 0; i < COUNTERS; i++)
			lost += ((unsigned *)p)[t + i * (block / COUNTERS / 4)] !=
				(unsigned long)turns;
	}
	eq(failed, 0, "while threads write: it never fails");
	eq(lost, 0, "and no write is lost");
	munmap(p, block);
}

int main(void)
{
	char text[64];

	if (t_slurp(THP "hpage_pmd_size", text, sizeof(text)) <= 0) {
		t_skip("all", "no " THP);
		return t_done();
	}
	block = strtoul(text, NULL, 10);
	t_slurp(THP "enabled", text, sizeof(text));
	set_enabled("never"); /* nor does khugepaged do it behind our back */
	check_filled();
	check_sparse();
	check_partly();
	check_areas();
	check_disabled();
	check_userfaultfd();
	check_fork();
	check_locked();
	check_process_madvise();
	check_threads();
	set_enabled(strstr(text, "[always]")  ? "always"
		    : strstr(text, "[never]") ? "never"
					      : "madvise");
	return t_done();
}
