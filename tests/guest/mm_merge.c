/*
 * mm_merge - which areas become one: mmap(2), mprotect(2), mremap(2), mlock(2), fork(2), as
 * /proc/self/maps tells it. The rules one by one, as short sequences of operations on a region of
 * 24 pages with the borders that they leave; then random sequences of the same operations, in which
 * merges are frequent, whose digests on Debian's Linux 6.1 stand in mm_merge.h.
 *
 * An operation is a letter and a range of pages, see do_operation(). mm_merge SEED STEPS prints a
 * random sequence and what each operation leaves; mm_merge --print LAST FIRST prints the table.
 */
#include "digest.h"

#define BASE 0x20000000ul
#define PAGES 24
#define FILE_PAGES 20
#define RW (PROT_READ | PROT_WRITE)

static int file;

struct operation {
	char what;
	unsigned from, to; /* pages [from, to) */
	unsigned where;    /* mremap: the new first page, or the new number of pages */
};

/* -- operations ------------------------------------------------------------------------------- */

static void *page_at(unsigned page)
{
	return (void *)(BASE + page * T_PAGE);
}

static long do_map(struct operation o, int prot, int flags)
{
	void *p = mmap(page_at(o.from), (o.to - o.from) * T_PAGE, prot,
		       MAP_PRIVATE | MAP_FIXED | flags, flags & MAP_ANONYMOUS ? -1 : file,
		       flags & MAP_ANONYMOUS ? 0 : o.from * T_PAGE);

	return p == MAP_FAILED ? -1 : 0;
}

static long do_remap(struct operation o, unsigned new_pages, int flags)
{
	void *p = mremap(page_at(o.from), (o.to - o.from) * T_PAGE, new_pages * T_PAGE, flags,
			 page_at(o.where));

	return p == MAP_FAILED ? -1 : 0;
}

/*
 * The child goes on with what the parent was about to do; the parent waits, and says what it says.
 */
static long go_on_in_child(void)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	t_must(pid >= 0);
	if (pid == 0)
		return 0;
	status = t_wait(pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static long do_operation(struct operation o)
{
	size_t len = (o.to - o.from) * T_PAGE;
	void *addr = page_at(o.from);

	switch (o.what) {
	case 'm': return do_map(o, RW, MAP_ANONYMOUS);
	case 'M': return do_map(o, PROT_READ, MAP_ANONYMOUS);
	case 'f': return do_map(o, RW, 0); /* of the file, at the offset of its place */
	case 'u': return munmap(addr, len);
	case 't': return t_write(addr).sig;
	case 'r': return mprotect(addr, len, PROT_READ);
	case 'w': return mprotect(addr, len, RW);
	case 'n': return mprotect(addr, len, PROT_NONE);
	case 'l': return mlock(addr, len);
	case 'k': return munlock(addr, len);
	case 'd': return madvise(addr, len, MADV_DONTDUMP);
	case 'D': return madvise(addr, len, MADV_DODUMP);
	case 'g': return do_remap(o, o.where, 0); /* grow, in place */
	case 'v': return do_remap(o, o.to - o.from, MREMAP_MAYMOVE | MREMAP_FIXED);
	case 'V':
		return do_remap(o, o.to - o.from, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP);
	case 'y': return go_on_in_child();
	default: return -2;
	}
}

/* -- what they leave -------------------------------------------------------------------------- */

/* Calls @fn for each area of the region. */
static void for_each_area(void (*fn)(unsigned from, unsigned to, const char *prot, unsigned offset))
{
	static char buf[65536];
	unsigned long start, end, offset;
	char prot[5], *line, *rest;

	t_must(t_slurp("/proc/self/maps", buf, sizeof(buf)) >= 0);
	for (line = strtok_r(buf, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%lx-%lx %4s %lx", &start, &end, prot, &offset) == 4 &&
		    start >= BASE && start < BASE + PAGES * T_PAGE)
			fn((start - BASE) / T_PAGE, (end - BASE) / T_PAGE, prot, offset / T_PAGE);
}

static char borders[512];

static void add_borders(unsigned from, unsigned to, const char *prot, unsigned offset)
{
	size_t used = strlen(borders);

	(void)prot, (void)offset;
	snprintf(borders + used, sizeof(borders) - used, "%s%u-%u", used ? " " : "", from, to);
}

/* -- the rules -------------------------------------------------------------------------------- */

/* "m0-4 t1 v0-2>6 g4-5>3": each range up to its second page exclusive; a page alone; to where */
static void do_operations(const char *s)
{
	while (*s) {
		struct operation o = {.what = *s++};
		char *end;

		o.from = strtoul(s, &end, 10);
		o.to = *end == '-' ? strtoul(end + 1, &end, 10) : o.from + 1;
		o.where = *end == '>' ? strtoul(end + 1, &end, 10) : 0;
		do_operation(o);
		s = end + strspn(end, " ");
	}
}

static const struct rule {
	const char *rule, *operations, *borders;
} rules[] = {
	{"areas that touch and are equal are one", "m0-2 m2-4", "0-4"},
	{"other rights keep them apart", "m0-2 M2-4", "0-2 2-4"},
	{"what had its first page alone stays alone", "m0-1 t0 m2-3 t2 m1-2", "0-1 1-3"},
	{"a new mapping between two goes with the upper one", "m0-2 t0 m4-6 t4 m2-4", "0-2 2-6"},
	{"with the upper one, if that alone has pages", "m0-2 m4-6 t4 m2-4", "0-2 2-6"},
	{"with both, if the lower alone has pages", "m0-2 t0 m4-6 m2-4", "0-6"},
	{"with both, if they were one once", "m0-6 t0 u2-4 m2-4", "0-6"},
	{"what changes goes with the lower of two", "m0-2 t0 r0-2 m2-4 d2-4 m4-6 t4 r4-6 D2-4 r2-4",
	 "0-4 4-6"},
	{"the first page takes the id of the area above", "m0-4 r2-4 w2-3 t2 r2-3 t0 w0-4", "0-4"},
	{"what changes joins touched pages above", "m0-4 t2 u0-2 M0-2 w0-2", "0-4"},
	{"touched pages that change do not join untouched ones", "M0-2 m2-4 t2 r2-4", "0-2 2-4"},
	{"a child's touched areas take nothing new in", "m0-2 t0 y0 m2-4", "0-2 2-4"},
	{"a child's areas that were one with two rights stay two", "m0-4 t0 r2-4 y0 w2-4",
	 "0-2 2-4"},
	{"its parent's become one again", "m0-4 t0 r2-4 w2-4", "0-4"},
	{"a write beyond the end of the file counts as a page", "f18-20 r18-20 f20-22 t21 r20-22",
	 "18-20 20-22"},
	{"what is locked has its pages when it may be written",
	 "m0-2 n0-2 l0-2 M2-4 l2-4 w2-4 n2-4", "0-2 2-4"},
	{"and goes with its neighbour then", "m0-6 t5 r0-4 u0-4 M0-4 l0-6 n4-6 w2-6", "0-2 2-6"},
	{"growth by mremap joins with the area above", "m0-2 m4-6 g0-2>4", "0-6"},
	{"if that has pages, too", "m0-2 m4-6 t4 g0-2>4", "0-6"},
	{"not if only the one that grows has", "m0-2 t0 m4-6 g0-2>4", "0-4 4-6"},
	{"and never with the area below", "m0-2 m4-6 t4 m2-4 t0 g2-6>8", "0-2 2-10"},
	{"untouched pages that move take their new place's offset", "m0-2 m10-12 v10-12>2", "0-4"},
	{"touched ones keep theirs", "m0-2 m10-12 t10 v10-12>2", "0-2 2-4"},
	{"and fit again where they were", "m0-4 t0 v2-4>10 v10-12>2", "0-4"},
	{"what stays beside a moved part joins what lies beyond", "m0-4 m6-8 t6 v2-4>4 w0-2 m2-4",
	 "0-8"},
};

static int holds(void *arg)
{
	const struct rule *r = arg;

	munmap((void *)BASE, PAGES * T_PAGE);
	do_operations(r->operations);
	borders[0] = '\0';
	for_each_area(add_borders);
	if (strcmp(borders, r->borders) == 0)
		return 0;
	printf("# %s: %s, want %s\n", r->operations, borders, r->borders);
	fflush(stdout);
	return 1;
}

/* -- random sequences ------------------------------------------------------------------------- */

static bool verbose;

static void note_area(unsigned from, unsigned to, const char *prot, unsigned offset)
{
	note(from << 16 | to);
	note(offset);
	while (*prot)
		note(*prot++);
	if (verbose)
		printf("#   %u-%u %x\n", from, to, offset);
}

static struct operation random_operation(void)
{
	static const char kinds[] = "mmmMMfffutttttttrrrwwwwwnnllkkdDgggvvvvV";
	struct operation o = {.what = kinds[rnd(sizeof(kinds) - 1)], .from = rnd(PAGES)};

	o.to = o.from + 1 + rnd(rnd(4) ? 4 : 12);
	if (o.to > PAGES)
		o.to = PAGES;
	if (rnd(100) == 0)
		o.what = 'y';
	if (strchr("vV", o.what))
		o.where = rnd(PAGES - (o.to - o.from) + 1);
	if (o.what == 'g')
		o.where = o.to - o.from + rnd(PAGES - o.to + 1);
	return o;
}

static int run_in_child(void *arg)
{
	unsigned steps = *(unsigned *)arg;

	while (steps--) {
		struct operation o = random_operation();

		note(do_operation(o));
		if (verbose)
			printf("# %c%u-%u>%u\n", o.what, o.from, o.to, o.where);
		for_each_area(note_area);
		if (verbose)
			printf("# digest %08x\n", digest);
	}
	fflush(stdout);
	t_must(pwrite(file, &digest, 4, FILE_PAGES * T_PAGE - 4) == 4);
	return 0;
}

static uint32_t run(uint32_t seed, unsigned steps)
{
	rng = seed * 2654435761ull + 1;
	digest = 2166136261u;
	munmap((void *)BASE, PAGES * T_PAGE);
	t_must(t_child(run_in_child, &steps) == 0);
	t_must(pread(file, &digest, 4, FILE_PAGES * T_PAGE - 4) == 4);
	return digest;
}

#define STEPS 400

static const struct expected {
	uint32_t seed, digest;
} expected[] = {
#include "mm_merge.h"
};

int main(int argc, char **argv)
{
	t_tmpdir();
	file = t_file("file", "", 0);
	t_must(ftruncate(file, FILE_PAGES * T_PAGE) == 0);
	if (argc == 4) {
		for (uint32_t seed = atoi(argv[3]); seed <= (uint32_t)atoi(argv[2]); seed++) {
			t_watchdog();
			printf("{%u, 0x%08x},\n", seed, run(seed, STEPS));
		}
		return 0;
	}
	if (argc == 3) {
		verbose = true;
		run(strtoul(argv[1], NULL, 10), atoi(argv[2]));
		return 0;
	}
	for (unsigned i = 0; i < T_COUNT(rules); i++)
		exits(holds, (void *)&rules[i], 0, "%s", rules[i].rule);
	for (unsigned i = 0; i < (t_long() ? T_COUNT(expected) : 8); i++) {
		t_watchdog();
		eq(run(expected[i].seed, STEPS), expected[i].digest,
		   "seed %u: %u operations end as on Linux", expected[i].seed, STEPS);
	}
	return t_done();
}
