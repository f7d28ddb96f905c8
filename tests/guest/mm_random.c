/*
 * mm_random - random sequences of mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2)
 * MADV_DONTNEED, fork(2), reads, writes, pread(2) and pwrite(2) over a region of 48 pages, against
 * a model of one record a page. After each step the touched pages, and every 16 steps the whole
 * region, are compared: contents, which access faults with which signal, and /proc/self/maps.
 *
 * mm_random [SEED [STEPS]]: without SEED four fixed seeds and a fresh one run. The seed is printed;
 * the digest of all results is too, so that two kernels given one seed can be compared. The first
 * difference ends a run and names its step.
 */
#include "t.h"
#include <sys/random.h>

#define PAGES 48
#define FILE_PAGES 96
#define WORDS 4 /* compared words a page, spread over it */

enum kind { HOLE, ANON, PRIVATE, SHARED, SHMEM }; /* SHMEM: shared anonymous */

struct page {
	enum kind kind;
	int prot;
	int offset;     /* in the file, in pages: PRIVATE, SHARED */
	bool copied;    /* PRIVATE: has its own value */
	uint32_t value; /* ANON, SHMEM, copied PRIVATE */
};

static struct page model[PAGES];
static uint32_t file_value[FILE_PAGES];
static char *base;
static int file;

static uint64_t rng;
static uint32_t digest;
static unsigned step;
static bool failed;
static bool have_mremap = true, have_madvise = true;

static unsigned rnd(unsigned below)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(rng >> 33) % below;
}

static void note(uint32_t value)
{
	digest = (digest ^ value) * 16777619u;
}

static __attribute__((format(printf, 1, 2))) void differ(const char *fmt, ...)
{
	va_list ap;

	if (failed)
		return;
	failed = true;
	printf("# step %u: ", step);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* -- the model ------------------------------------------------------------------------------- */

static uint32_t value_of(const struct page *p)
{
	if (p->kind == SHARED || (p->kind == PRIVATE && !p->copied))
		return file_value[p->offset];
	return p->value;
}

static void set_value(struct page *p, uint32_t value)
{
	if (p->kind == SHARED) {
		file_value[p->offset] = value;
	} else {
		p->value = value;
		p->copied = true;
	}
}

/* On i386 whatever is mapped with any permission can be read. */
static bool readable(const struct page *p)
{
	return p->kind != HOLE && p->prot != PROT_NONE;
}

static bool writable(const struct page *p)
{
	return p->kind != HOLE && (p->prot & PROT_WRITE);
}

static int fault_code(const struct page *p)
{
	return p->kind == HOLE ? SEGV_MAPERR : SEGV_ACCERR;
}

/* -- comparing ------------------------------------------------------------------------------- */

static volatile uint32_t *word(int page, int n)
{
	return (uint32_t *)(base + page * T_PAGE + n * (T_PAGE - 4) / (WORDS - 1) / 4 * 4);
}

static sigjmp_buf back;
static volatile int got_sig, got_code;
static volatile unsigned long got_addr;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	got_sig = sig;
	got_code = info->si_code;
	got_addr = (unsigned long)info->si_addr;
	siglongjmp(back, 1);
}

static void compare_page(int i)
{
	struct page *p = &model[i];

	got_sig = 0;
	if (sigsetjmp(back, 1) == 0) {
		uint32_t want = value_of(p);

		for (int n = 0; n < WORDS; n++) {
			uint32_t got = *word(i, n);

			if (!readable(p))
				differ("page %d can be read", i);
			else if (got != want)
				differ("page %d word %d is %#x, not %#x (kind %d)", i, n, got, want,
				       p->kind);
		}
	} else if (readable(p) || got_sig != SIGSEGV || got_code != fault_code(p)) {
		differ("reading page %d (kind %d prot %d): signal %d code %d", i, p->kind, p->prot,
		       got_sig, got_code);
	}
	note(got_sig * 16 + got_code);
	note(readable(p) ? value_of(p) : 0);
}

static void compare_maps(void)
{
	static const char kinds[] = "?ppss";
	unsigned long at = (unsigned long)base, end = at + PAGES * T_PAGE;
	struct t_map m = {0};
	char want[5];

	for (int i = 0; i < PAGES && !failed; i++, at += T_PAGE) {
		struct page *p = &model[i];

		if (m.end <= at && !t_map_after(0, at, &m))
			m.start = m.end = end;
		if (p->kind == HOLE) {
			if (m.start <= at)
				differ("maps has page %d, which is unmapped", i);
			continue;
		}
		snprintf(want, sizeof(want), "%c%c%c%c", p->prot & PROT_READ ? 'r' : '-',
			 p->prot & PROT_WRITE ? 'w' : '-', p->prot & PROT_EXEC ? 'x' : '-',
			 kinds[p->kind]);
		if (m.start > at)
			differ("maps has no page %d", i);
		else if (strcmp(m.prot, want) != 0)
			differ("maps shows page %d as %s, not %s", i, m.prot, want);
		else if ((p->kind == PRIVATE || p->kind == SHARED) &&
			 m.offset + (at - m.start) != p->offset * T_PAGE)
			differ("maps shows page %d at file page %lu, not %d", i,
			       (unsigned long)((m.offset + (at - m.start)) / T_PAGE), p->offset);
	}
}

static void compare_all(void)
{
	for (int i = 0; i < PAGES; i++)
		compare_page(i);
	compare_maps();
}

/* -- the steps ------------------------------------------------------------------------------- */

static int range(int *start)
{
	int n = 1 + rnd(rnd(4) ? 6 : 20);

	*start = rnd(PAGES - n + 1);
	return n;
}

static int random_prot(void)
{
	static const int prots[] = {
		PROT_NONE,
		PROT_READ,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_WRITE,
		PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};

	return prots[rnd(T_COUNT(prots))];
}

static char *address(int page)
{
	return base + page * T_PAGE;
}

static void do_mmap(void)
{
	int start, n = range(&start), prot = random_prot(), offset = rnd(FILE_PAGES - n + 1);
	enum kind kind = ANON + rnd(4);
	int flags = MAP_FIXED | (kind == ANON || kind == PRIVATE ? MAP_PRIVATE : MAP_SHARED);
	void *p;

	if (kind == ANON || kind == SHMEM)
		p = mmap(address(start), n * T_PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
	else
		p = mmap(address(start), n * T_PAGE, prot, flags, file, offset * (off_t)T_PAGE);
	if (p != address(start))
		differ("mmap of pages %d+%d kind %d: errno %d", start, n, kind, errno);
	for (int i = 0; i < n; i++)
		model[start + i] = (struct page){kind, prot, offset + i, false, 0};
}

static void do_munmap(void)
{
	int start, n = range(&start);

	if (munmap(address(start), n * T_PAGE) != 0)
		differ("munmap of pages %d+%d: errno %d", start, n, errno);
	for (int i = 0; i < n; i++)
		model[start + i].kind = HOLE;
}

/* Takes effect up to the first hole, which makes it ENOMEM. */
static void do_mprotect(void)
{
	int start, n = range(&start), prot = random_prot(), i, result;

	for (i = 0; i < n && model[start + i].kind != HOLE; i++)
		model[start + i].prot = prot;
	errno = 0;
	result = mprotect(address(start), n * T_PAGE, prot);
	note(errno);
	if (i == n ? result != 0 : result != -1 || errno != ENOMEM)
		differ("mprotect of pages %d+%d (hole at %d): %d errno %d", start, n, start + i,
		       result, errno);
}

/* Private pages fall back to zeros or the file; a hole makes it ENOMEM, but the rest is done. */
static void do_dontneed(void)
{
	int start, n = range(&start), result;
	bool hole = false;

	errno = 0;
	result = madvise(address(start), n * T_PAGE, MADV_DONTNEED);
	if (result == -1 && errno == ENOSYS) {
		have_madvise = false;
		return;
	}
	for (int i = start; i < start + n; i++) {
		hole |= model[i].kind == HOLE;
		if (model[i].kind == ANON || model[i].kind == PRIVATE) {
			model[i].value = 0;
			model[i].copied = false;
		}
	}
	note(errno);
	if (hole ? result != -1 || errno != ENOMEM : result != 0)
		differ("MADV_DONTNEED of pages %d+%d: %d errno %d", start, n, result, errno);
}

/*
 * Moves pages, area by area, for one call moves within one area only and how areas merge is the
 * kernel's affair. The old place becomes a hole; holes are passed over.
 */
static void do_move(void)
{
	int from, n = range(&from), to = rnd(PAGES - n + 1), i, part;
	struct t_map m;

	if (to < from + n && from < to + n)
		return;
	for (i = 0; i < n && !failed; i += part) {
		part = 1;
		if (model[from + i].kind == HOLE)
			continue;
		if (!t_map_at(address(from + i), &m)) {
			differ("maps has no page %d", from + i);
			return;
		}
		part = (m.end - (unsigned long)address(from + i)) / T_PAGE;
		if (part > n - i)
			part = n - i;
		if (mremap(address(from + i), part * T_PAGE, part * T_PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, address(to + i)) != address(to + i)) {
			if (errno == ENOSYS)
				have_mremap = false;
			else
				differ("mremap of pages %d+%d to %d: errno %d", from + i, part,
				       to + i, errno);
			return;
		}
		memcpy(&model[to + i], &model[from + i], part * sizeof(model[0]));
		for (int k = 0; k < part; k++)
			model[from + i + k].kind = HOLE;
	}
}

static void do_shrink(void)
{
	int start, n = range(&start), keep = 1 + rnd(n);
	void *p;

	if (n == keep)
		return;
	errno = 0;
	p = mremap(address(start), n * T_PAGE, keep * T_PAGE, 0);
	note(errno);
	if (model[start].kind == HOLE) {
		if (p != MAP_FAILED || errno != EFAULT)
			differ("mremap of a hole at page %d: errno %d", start, errno);
		return;
	}
	if (p != address(start))
		differ("mremap of pages %d+%d to +%d: errno %d", start, n, keep, errno);
	for (int i = keep; i < n; i++)
		model[start + i].kind = HOLE;
}

/* A page in front of a hole grows into it, in place. */
static void do_grow(void)
{
	int start = rnd(PAGES), room = 0, by;
	struct page *p = &model[start];

	while (start + 1 + room < PAGES && model[start + 1 + room].kind == HOLE)
		room++;
	/* Behind its end shared anonymous memory is SIGBUS: that is not modelled. */
	if (p->kind == HOLE || p->kind == SHMEM || room == 0)
		return;
	by = 1 + rnd(room);
	if (p->kind != ANON && p->offset + by >= FILE_PAGES)
		return;
	if (mremap(address(start), T_PAGE, (1 + by) * T_PAGE, 0) != address(start))
		differ("mremap of page %d to +%d: errno %d", start, 1 + by, errno);
	for (int i = 1; i <= by; i++)
		p[i] = (struct page){p->kind, p->prot, p->offset + i, false, 0};
}

/* Stores in a page if the model lets it; true when it did. */
static bool store(int i, uint32_t value)
{
	struct page *p = &model[i];

	got_sig = 0;
	if (sigsetjmp(back, 1) == 0) {
		for (int n = 0; n < WORDS; n++)
			*word(i, n) = value;
		if (!writable(p))
			differ("page %d (kind %d prot %d) can be written", i, p->kind, p->prot);
		set_value(p, value);
	} else if (writable(p) || got_sig != SIGSEGV || got_code != fault_code(p) ||
		   got_addr != (unsigned long)word(i, 0)) {
		differ("writing page %d (kind %d prot %d): signal %d code %d addr %#lx", i, p->kind,
		       p->prot, got_sig, got_code, got_addr);
	}
	return !got_sig;
}

static void do_store(void)
{
	for (int n = 1 + rnd(8); n; n--)
		store(rnd(PAGES), rnd(0x7fffffff) + 1);
}

static void do_load(void)
{
	for (int n = 1 + rnd(8); n; n--)
		compare_page(rnd(PAGES));
}

/* pwrite(2) to the file, from outside the mappings. */
static void do_pwrite(void)
{
	int page = rnd(FILE_PAGES);
	uint32_t value = rnd(0x7fffffff) + 1;

	for (int n = 0; n < WORDS; n++)
		if (pwrite(file, &value, 4, page * T_PAGE + ((char *)word(0, n) - base)) != 4)
			differ("pwrite of file page %d: errno %d", page, errno);
	file_value[page] = value;
}

/* The kernel stores into a page: read(2) from the file; EFAULT where a store would fault. */
static void do_pread(void)
{
	int page = rnd(FILE_PAGES), i = rnd(PAGES);
	uint32_t value = file_value[page];
	struct page *p = &model[i];
	long result = 0;

	errno = 0;
	for (int n = 0; n < WORDS && result >= 0; n++)
		result = pread(file, (void *)word(i, n), 4,
			       page * T_PAGE + ((char *)word(0, n) - base));
	if (writable(p) ? result != 4 : result != -1 || errno != EFAULT)
		differ("pread into page %d (kind %d prot %d): %ld errno %d", i, p->kind, p->prot,
		       result, errno);
	if (writable(p))
		set_value(p, value);
}

#define CHILD_WRITES 10

/* The child compares all, writes, compares all again; only its shared writes reach us. */
static void do_fork(void)
{
	int pages[CHILD_WRITES], status;
	uint32_t values[CHILD_WRITES];
	pid_t pid;

	for (int n = 0; n < CHILD_WRITES; n++) {
		pages[n] = rnd(PAGES);
		values[n] = rnd(0x7fffffff) + 1;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		compare_all();
		for (int n = 0; n < CHILD_WRITES; n++)
			store(pages[n], values[n]);
		compare_all();
		_exit(failed);
	}
	/* Meanwhile the parent writes private pages; the child must not see it. */
	for (int n = 0; n < 6; n++) {
		int i = rnd(PAGES);
		uint32_t value = rnd(0x7fffffff) + 1;

		if (model[i].kind == ANON || model[i].kind == PRIVATE)
			store(i, value);
	}
	status = t_wait(pid);
	if (status != 0)
		differ("the child differs: %s", t_status(status));
	for (int n = 0; n < CHILD_WRITES; n++) {
		struct page *p = &model[pages[n]];

		if (writable(p) && (p->kind == SHARED || p->kind == SHMEM))
			set_value(p, values[n]);
	}
}

static void one_step(void)
{
	switch (rnd(20)) {
	case 0:
	case 1:
	case 2:
	case 3: do_mmap(); break;
	case 4:
	case 5: do_munmap(); break;
	case 6:
	case 7:
	case 8: do_mprotect(); break;
	case 9:
		if (have_mremap)
			do_move();
		break;
	case 10:
		if (have_mremap && rnd(2))
			do_shrink();
		else if (have_mremap)
			do_grow();
		break;
	case 11:
		if (have_madvise)
			do_dontneed();
		break;
	case 12: do_pwrite(); break;
	case 13: do_pread(); break;
	case 14:
		if (rnd(4) == 0)
			do_fork();
		break;
	case 15:
	case 16: do_load(); break;
	default: do_store();
	}
}

/* -- a run ----------------------------------------------------------------------------------- */

static void set_up(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	act.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	base = mmap(NULL, (PAGES + 2) * T_PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	t_must(base != MAP_FAILED);
	base += T_PAGE; /* a guard page on both sides stays */
}

static void reset(void)
{
	t_must(munmap(base, PAGES * T_PAGE) == 0);
	for (int i = 0; i < PAGES; i++)
		model[i].kind = HOLE;
	file = t_file("file", "", 0);
	t_must(ftruncate(file, FILE_PAGES * T_PAGE) == 0);
	memset(file_value, 0, sizeof(file_value));
}

static void run(uint32_t seed, unsigned steps)
{
	rng = seed * 2654435761ull + 1;
	digest = 2166136261u;
	failed = false;
	reset();
	for (step = 0; step < steps && !failed; step++) {
		one_step();
		if (step % 16 == 15)
			compare_all();
	}
	compare_all();
	close(file);
	ok(!failed, "seed %u, %u steps: memory and the model agree", seed, steps);
	t_note("seed %u steps %u digest %08x", seed, steps, digest);
}

#define LONG_SEEDS 60

int main(int argc, char **argv)
{
	unsigned steps = argc > 2 ? atoi(argv[2]) : 1000;
	uint32_t fresh = 0;

	t_tmpdir();
	set_up();
	if (argc > 1) {
		alarm(0); /* as long as it takes */
		run(strtoul(argv[1], NULL, 10), steps);
		return t_done();
	}
	for (uint32_t seed = 1; seed <= 4; seed++)
		run(seed, steps);
	if (getrandom(&fresh, sizeof(fresh), GRND_NONBLOCK) != sizeof(fresh))
		fresh = time(NULL) * 1000 + getpid();
	for (unsigned i = 0; i < (t_long() ? LONG_SEEDS : 1); i++) {
		t_watchdog();
		run(fresh + i, steps);
	}
	if (!have_mremap)
		t_skip("moves by mremap", "no mremap");
	if (!have_madvise)
		t_skip("MADV_DONTNEED", "no madvise");
	return t_done();
}
