/*
 * thp - transparent huge pages: madvise(2), prctl(2) PR_SET_THP_DISABLE, proc(5), and that nothing
 * of them shows in what memory contains: whatever is done to a part of an aligned block of 2 MB (4
 * with two-level page tables), each page keeps what was written to it.
 */
// needs: mem=1G
#include "thp.h"
#include <sys/prctl.h>

static bool possible; /* enabled is not never */

/* An aligned area of @n blocks. */
static char *blocks(unsigned n)
{
	char *p = mmap(NULL, (n + 1) * block, RW, PRIVATE, -1, 0);
	char *q = (char *)(((unsigned long)p + block - 1) & ~(block - 1));

	t_must(p != MAP_FAILED);
	if (q > p)
		munmap(p, (size_t)(q - p));
	munmap(q + n * block, (size_t)(p + (n + 1) * block - (q + n * block)));
	return q;
}

static char *filled(unsigned n)
{
	char *p = blocks(n);

	madvise(p, n * block, MADV_HUGEPAGE);
	fill(p, n * block);
	return p;
}

/* ---- when ---- */

static void check_advice(void)
{
	char *p = filled(2), *q;

	if (possible) {
		eq(smaps(p, "AnonHugePages:"), 2 * (long)block / 1024,
		   "MADV_HUGEPAGE and writing all of it: huge pages");
		eq(smaps(p, "THPeligible:"), 1, "smaps says that it may");
	} else {
		t_skip("huge pages", "never");
	}
	eq(wrong(p, 0, 2 * block), 2 * block, "each page has its contents");
	munmap(p, 2 * block);
	q = blocks(1);
	works(madvise(q, block, MADV_NOHUGEPAGE), "MADV_NOHUGEPAGE");
	fill(q, block);
	eq(smaps(q, "AnonHugePages:"), 0, "none with it");
	eq(smaps(q, "THPeligible:"), 0, "nor may there be");
	eq(smaps(q, "Rss:"), (long)block / 1024, "its pages are there");
	munmap(q, block);
}

static int disabled(void *arg)
{
	char *p;

	(void)arg;
	need(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0);
	need(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	need(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	p = filled(1);
	need(smaps(p, "AnonHugePages:") == 0);
	need(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0);
	need(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0);
	return 0;
}

static void check_prctl(void)
{
	passes(disabled, "PR_SET_THP_DISABLE: none for this process");
	fails(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL, "with a third argument: EINVAL");
	fails(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL,
	      "PR_GET_THP_DISABLE with a second: EINVAL");
}

static void check_setting(void)
{
	int fd = open(THP "enabled", O_WRONLY);
	char before[64], now[64];
	bool never;

	t_slurp(THP "enabled", before, sizeof(before));
	fails(write(fd, "sometimes", 9), EINVAL, "enabled takes no other word");
	works(pwrite(fd, "never\n", 6, 0), "never");
	t_slurp(THP "enabled", now, sizeof(now));
	ok(!strcmp(now, "always madvise [never]\n"), "and shows it in brackets");
	if (fd >= 0) {
		char *p = filled(1);

		eq(smaps(p, "AnonHugePages:"), 0, "and it holds");
		munmap(p, block);
		never = strstr(before, "[never]");
		pwrite(fd,
		       never                        ? "never"
		       : strstr(before, "[always]") ? "always"
						    : "madvise",
		       never                        ? 5
		       : strstr(before, "[always]") ? 6
						    : 7,
		       0);
		close(fd);
	}
	t_slurp(THP "enabled", now, sizeof(now));
	ok(!strcmp(now, before), "back");
}

/* ---- parts ---- */

static void cut_out(char *p, unsigned long from, unsigned long to)
{
	munmap(p + from, to - from);
}

static void drop(char *p, unsigned long from, unsigned long to)
{
	madvise(p + from, to - from, MADV_DONTNEED);
	for (unsigned long at = from; at < to; at += T_PAGE)
		if (p[at])
			p[0] = 99; /* seen by wrong() */
}

static void protect(char *p, unsigned long from, unsigned long to)
{
	mprotect(p + from, to - from, PROT_NONE);
}

static void read_only(char *p, unsigned long from, unsigned long to)
{
	mprotect(p + from, to - from, PROT_READ);
	mprotect(p + from, to - from, RW);
	fill(p, block);
}

static void move_away(char *p, unsigned long from, unsigned long to)
{
	unsigned *q = mremap(p + from, to - from, to - from + T_PAGE, MREMAP_MAYMOVE);

	if (q == MAP_FAILED || *q != from + 1)
		p[0] = 99;
	munmap(q, to - from + T_PAGE);
}

static void lock(char *p, unsigned long from, unsigned long to)
{
	mlock(p + from, to - from);
	munlock(p + from, to - from);
}

static void refuse(char *p, unsigned long from, unsigned long to)
{
	madvise(p + from, to - from, MADV_NOHUGEPAGE);
}

static void debugger(char *p, unsigned long from, unsigned long to)
{
	int fd = open("/proc/self/mem", O_RDWR);

	mprotect(p, 2 * block, PROT_READ);
	for (unsigned long at = from; at < to; at += T_PAGE) {
		unsigned value = 5;

		pwrite(fd, &value, 4, (off_t)(unsigned long)(p + at));
		if (*(volatile unsigned *)(p + at) != 5)
			mprotect(p, 2 * block, RW), p[0] = 99;
	}
	close(fd);
}

static const struct {
	const char *name;
	void (*act)(char *p, unsigned long from, unsigned long to);
} acts[] = {
	{"munmap", cut_out},         {"madvise(MADV_DONTNEED)", drop},
	{"mprotect", protect},       {"mprotect to and fro", read_only},
	{"mremap", move_away},       {"mlock", lock},
	{"MADV_NOHUGEPAGE", refuse}, {"a write to /proc/self/mem", debugger},
};

static void check_parts(void)
{
	const struct {
		const char *name;
		unsigned long from, to;
	} parts[] = {
		{"a page in the middle", 7 * T_PAGE, 8 * T_PAGE},
		{"the end of one and the beginning of the next", block - 2 * T_PAGE,
		 block + T_PAGE},
		{"all but the first page", T_PAGE, 2 * block},
		{"the second", block, 2 * block},
	};

	for (unsigned a = 0; a < T_COUNT(acts); a++) {
		for (unsigned i = 0; i < T_COUNT(parts); i++) {
			char *p = filled(2);

			acts[a].act(p, parts[i].from, parts[i].to);
			ok(wrong(p, 0, parts[i].from) == parts[i].from &&
				   wrong(p, parts[i].to, 2 * block) == 2 * block,
			   "%s of %s: the rest keeps its contents", acts[a].name, parts[i].name);
			munmap(p, 2 * block);
		}
	}
}

/* ---- fork ---- */

static int child_writes(void *arg)
{
	char *p = arg;

	need(wrong(p, 0, 2 * block) == 2 * block);
	p[3 * T_PAGE] = 77;
	memset(p + block, 0, block);
	need(wrong(p, 0, 3 * T_PAGE) == 3 * T_PAGE);
	need(wrong(p, 4 * T_PAGE, block) == block);
	return 0;
}

static void check_fork(void)
{
	char *p = filled(2);
	int status;
	pid_t pid;

	exits(child_writes, p, 0, "a child has the same contents, and writes");
	eq(wrong(p, 0, 2 * block), 2 * block, "which its parent does not see");
	pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(wrong(p, 0, 2 * block) == 2 * block ? 0 : 1);
	}
	memset(p, 0, 2 * block);
	waitpid(pid, &status, 0);
	eq(status, 0, "nor the child what its parent writes");
	fill(p, 2 * block);
	eq(wrong(p, 0, 2 * block), 2 * block, "the last owner has its memory for itself");
	munmap(p, 2 * block);
}

static void check_counts(void)
{
	unsigned char vec[16];
	char *p = filled(1);
	uint64_t entry[2] = {0};
	int fd = open("/proc/self/pagemap", O_RDONLY);

	eq(mincore(p + 4 * T_PAGE, 16 * T_PAGE, vec), 0, "mincore");
	ok(vec[0] & vec[15] & 1, "has all pages in core");
	pread(fd, entry, sizeof(entry), (off_t)((unsigned long)p / T_PAGE + 9) * 8);
	close(fd);
	ok(entry[0] >> 63 && entry[1] >> 63, "pagemap: each page is present");
	eq((entry[1] - entry[0]) & ((1ull << 55) - 1), possible ? 1 : entry[1] - entry[0],
	   "in frames side by side");
	eq(smaps(p, "Rss:"), (long)block / 1024, "smaps: Rss");
	eq(smaps(p, "Private_Dirty:"), (long)block / 1024, "Private_Dirty");
	eq(smaps(p, "Referenced:"), (long)block / 1024, "Referenced");
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
	ok(block == 2 << 20 || block == 4 << 20, "hpage_pmd_size");
	possible = t_slurp(THP "enabled", text, sizeof(text)) > 0 && !strstr(text, "[never]");
	check_advice();
	check_prctl();
	check_setting();
	check_parts();
	check_fork();
	check_counts();
	return t_done();
}
