/*
 * mm_mix - the long stress of the memory system: processes with threads do random mmap, munmap,
 * mprotect, mremap, madvise, mlock, fork, exec, pipe, tmpfs, shared-memory and socket work, and
 * look after every step whether memory holds what was written. At the end everything must be given
 * back: free memory, promises, and (on a debug build of Isthmus) each page, by
 * /proc/isthmus/selfcheck.
 *
 * usage: mm_mix, with MM_MIX_SECONDS (20), MM_MIX_SEED (1), MM_MIX_WORKERS (2 for each CPU) in the
 * environment. A failure prints the seed of the life it happened in; MM_MIX_ONE=SEED runs that alone.
 *
 * A worker is a chain of lives: each life is a child with a model of its own memory (an array of
 * stamps, a page each), lives some hundred steps, and ends by exit, by exec, or by a signal.
 */
#include "../guest/leaks.h"
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>

#define RW (PROT_READ | PROT_WRITE)
#define REGIONS 20
#define STEPS 200
#define THREADS 3

static unsigned max_pages = 64; /* of a region */

/* ---- random numbers: one stream for each life ---- */

static unsigned seed, life_seed;

static unsigned rnd(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static void bad(const char *what, const void *addr, unsigned got, unsigned want)
{
	printf("# mm_mix: %s at %p: got %08x, want %08x; MM_MIX_ONE=%u, pid %d\n", what, addr, got,
	       want, life_seed, getpid());
	fflush(stdout);
	_exit(98);
}

/* Running short of memory or addresses is allowed anywhere; anything else is not. */
static bool lacks(const char *what)
{
	if (errno == ENOMEM || errno == EAGAIN || errno == ENOSPC || errno == EMFILE ||
	    errno == EPERM)
		return true;
	printf("# mm_mix: %s: %s; MM_MIX_ONE=%u\n", what, strerror(errno), life_seed);
	fflush(stdout);
	_exit(97);
}

/* ---- pages and their stamps: 0 is a page of zeros ---- */

static const unsigned places[] = {0, 1, 17, 511, 512, 1000, 1023};

static unsigned word_of(unsigned stamp, unsigned place)
{
	return stamp ? stamp * 2654435761u + place : 0;
}

static void page_write(void *page, unsigned stamp)
{
	volatile unsigned *w = page;

	for (unsigned i = 0; i < T_COUNT(places); i++)
		w[places[i]] = word_of(stamp, places[i]);
}

static void page_verify(const void *page, unsigned stamp, const char *what)
{
	const volatile unsigned *w = page;

	for (unsigned i = 0; i < T_COUNT(places); i++)
		if (w[places[i]] != word_of(stamp, places[i]))
			bad(what, page, w[places[i]], word_of(stamp, places[i]));
}

/* ---- regions ---- */

enum kind { ANON, SHARED, FILE_SHARED, FILE_PRIVATE, KINDS };

struct region {
	char *addr;
	unsigned pages;
	enum kind kind;
	bool readonly;
	int fd; /* of a file, with a stamp for each of its pages: what is mapped of it begins at page 0 */
	unsigned *stamps;      /* what each page of the mapping holds */
	unsigned *file_stamps; /* FILE_PRIVATE: what MADV_DONTNEED uncovers */
};

static struct region regions[REGIONS];
static unsigned next_stamp = 1;

static void region_forget(struct region *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->stamps);
	free(r->file_stamps);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}

static int make_file(unsigned pages, unsigned *stamps)
{
	char name[40], page[T_PAGE];
	int fd;

	snprintf(name, sizeof(name), "/tmp/mix.%d", getpid());
	fd = rnd(3) ? open(name, O_RDWR | O_CREAT | O_EXCL, 0600)
		    : (int)syscall(SYS_memfd_create, "mix", 0);
	if (fd < 0) {
		lacks("open");
		return -1;
	}
	unlink(name);
	if (ftruncate(fd, (off_t)pages * T_PAGE))
		lacks("ftruncate");
	for (unsigned i = 0; i < pages; i++) {
		if (rnd(2))
			continue;
		memset(page, 0, sizeof(page));
		page_write(page, next_stamp);
		if (pwrite(fd, page, T_PAGE, (off_t)i * T_PAGE) != T_PAGE) {
			lacks("pwrite");
			close(fd);
			return -1;
		}
		stamps[i] = next_stamp++;
	}
	return fd;
}

static void do_map(struct region *r)
{
	unsigned pages = 1 + rnd(max_pages);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	r->kind = rnd(KINDS);
	r->pages = pages;
	r->stamps = calloc(pages, sizeof(unsigned));
	r->fd = -1;
	if (!r->stamps)
		return region_forget(r);
	if (r->kind >= FILE_SHARED) {
		r->fd = make_file(pages, r->stamps);
		if (r->fd < 0)
			return region_forget(r);
		flags = r->kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE;
	} else if (r->kind == SHARED) {
		flags = MAP_SHARED | MAP_ANONYMOUS;
	}
	if (r->kind == FILE_PRIVATE) {
		r->file_stamps = malloc(pages * sizeof(unsigned));
		if (!r->file_stamps)
			return region_forget(r);
		memcpy(r->file_stamps, r->stamps, pages * sizeof(unsigned));
	}
	if (!rnd(8))
		flags |= MAP_POPULATE;
	r->addr = mmap(NULL, pages * T_PAGE, RW, flags, r->fd, 0);
	if (r->addr == MAP_FAILED) {
		r->addr = NULL;
		lacks("mmap");
		region_forget(r);
	}
}

static void do_unmap(struct region *r)
{
	unsigned keep = rnd(2) ? rnd(r->pages) : 0;

	if (munmap(r->addr + keep * T_PAGE, (r->pages - keep) * T_PAGE)) {
		lacks("munmap");
		return;
	}
	r->pages = keep;
	if (!keep)
		region_forget(r);
}

static void do_write(struct region *r)
{
	unsigned n = 1 + rnd(8);

	if (r->readonly)
		return;
	while (n--) {
		unsigned i = rnd(r->pages);

		page_write(r->addr + i * T_PAGE, next_stamp);
		r->stamps[i] = next_stamp++;
	}
}

static void verify_region(const struct region *r, const char *what)
{
	for (unsigned i = 0; i < r->pages; i++)
		page_verify(r->addr + i * T_PAGE, r->stamps[i], what);
}

static void do_verify(struct region *r)
{
	static const char *const names[] = {"anonymous page", "shared page",
					    "page of a shared file", "private page of a file"};

	if (rnd(4)) {
		unsigned i = rnd(r->pages);

		page_verify(r->addr + i * T_PAGE, r->stamps[i], names[r->kind]);
	} else {
		verify_region(r, names[r->kind]);
	}
}

static void do_protect(struct region *r)
{
	unsigned from = rnd(r->pages), n = 1 + rnd(r->pages - from);
	bool readonly = !rnd(4);

	if (mprotect(r->addr + from * T_PAGE, n * T_PAGE, PROT_READ))
		lacks("mprotect");
	r->readonly = true;
	if (mprotect(r->addr, r->pages * T_PAGE, readonly ? PROT_READ : RW))
		lacks("mprotect back");
	else
		r->readonly = readonly;
}

/*
 * The first page has moved to address 0 of the region: only whole regions move, so stamps go along.
 */
static void do_remap(struct region *r)
{
	unsigned pages = r->kind == ANON ? 1 + rnd(max_pages) : 1 + rnd(r->pages);
	unsigned *stamps;
	char *addr;

	if (r->readonly && mprotect(r->addr, r->pages * T_PAGE, RW)) {
		lacks("mprotect");
		return;
	}
	r->readonly = false; /* parts with different protection are different areas */
	addr = mremap(r->addr, r->pages * T_PAGE, pages * T_PAGE, MREMAP_MAYMOVE);
	if (addr == MAP_FAILED) {
		if (errno != EFAULT) /* the area was cut by an mlock or madvise of a part */
			lacks("mremap");
		return;
	}
	r->addr = addr;
	if (pages > r->pages) {
		stamps = realloc(r->stamps, pages * sizeof(unsigned));
		if (!stamps) {
			munmap(addr, pages * T_PAGE);
			region_forget(r);
			return;
		}
		memset(stamps + r->pages, 0, (pages - r->pages) * sizeof(unsigned));
		r->stamps = stamps;
	}
	r->pages = pages;
}

static void do_advise(struct region *r)
{
	static const int advices[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED, MADV_SEQUENTIAL,
				      MADV_NORMAL,   MADV_DONTFORK, MADV_DOFORK};
	unsigned from = rnd(r->pages), n = 1 + rnd(r->pages - from);
	int advice = advices[rnd(3)];

	if (madvise(r->addr + from * T_PAGE, n * T_PAGE, advice)) {
		if (errno != EBADF && errno != EINVAL)
			lacks("madvise");
		return;
	}
	if (advice != MADV_DONTNEED)
		return;
	for (unsigned i = from; i < from + n; i++)
		if (r->kind == ANON)
			r->stamps[i] = 0;
		else if (r->kind == FILE_PRIVATE)
			r->stamps[i] = r->file_stamps[i];
}

static void do_lock(struct region *r)
{
	unsigned from = rnd(r->pages), n = 1 + rnd(r->pages - from);

	if (mlock(r->addr + from * T_PAGE, n * T_PAGE))
		lacks("mlock");
	if (munlock(r->addr, r->pages * T_PAGE))
		lacks("munlock");
}

/*
 * The file of a shared region is written and read as a file; of a private one, what is not
 * mapped private.
 */
static void do_file(struct region *r)
{
	unsigned i = rnd(r->pages);
	char page[T_PAGE];

	if (r->kind != FILE_SHARED)
		return;
	if (rnd(2)) {
		memset(page, 0, sizeof(page));
		page_write(page, next_stamp);
		if (pwrite(r->fd, page, T_PAGE, (off_t)i * T_PAGE) != T_PAGE) {
			lacks("pwrite");
			return;
		}
		r->stamps[i] = next_stamp++;
	} else {
		if (pread(r->fd, page, T_PAGE, (off_t)i * T_PAGE) != T_PAGE) {
			lacks("pread");
			return;
		}
		page_verify(page, r->stamps[i], "page read from a file");
	}
}

/* Shrink the file and let it grow again: the pages behind are zeros afterwards. */
static void do_truncate(struct region *r)
{
	unsigned keep = rnd(r->pages + 1);
	struct stat st;

	if (r->kind != FILE_SHARED || fstat(r->fd, &st))
		return;
	if (ftruncate(r->fd, (off_t)keep * T_PAGE) || ftruncate(r->fd, st.st_size))
		lacks("ftruncate");
	for (unsigned i = keep; i < r->pages; i++)
		r->stamps[i] = 0;
}

/* ---- channels ---- */

static void through(int in, int out, struct region *r)
{
	unsigned n = 1 + rnd(r->pages < 8 ? r->pages : 8), from = rnd(r->pages - n + 1);
	char page[T_PAGE];

	for (unsigned i = from; i < from + n; i++) {
		if (write(in, r->addr + i * T_PAGE, T_PAGE) != T_PAGE) {
			lacks("write to a channel");
			return;
		}
		for (size_t got = 0; got < T_PAGE;) {
			ssize_t m = read(out, page + got, T_PAGE - got);

			if (m <= 0)
				bad("channel ended", NULL, (unsigned)m, T_PAGE);
			got += (size_t)m;
		}
		page_verify(page, r->stamps[i], "page through a channel");
	}
}

static void do_channel(struct region *r)
{
	int fd[2];

	if (rnd(2) ? pipe(fd) : socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) {
		lacks("pipe");
		return;
	}
	through(fd[1], fd[0], r);
	if (rnd(2)) /* left full behind: the end frees it */
		(void)!write(fd[1], r->addr, T_PAGE);
	close(fd[0]);
	close(fd[1]);
}

/* ---- processes ---- */

static void each_region(void (*fn)(struct region *))
{
	for (unsigned i = 0; i < REGIONS; i++)
		if (regions[i].addr)
			fn(&regions[i]);
}

static void child_verifies(struct region *r)
{
	verify_region(r, "page after fork");
}

static void child_writes(struct region *r)
{
	if (r->kind == ANON || r->kind == FILE_PRIVATE)
		do_write(r);
}

static void run_child(void)
{
	seed = seed * 69069 + 1 ?: 1;
	each_region(child_verifies);
	each_region(child_writes);
	each_region(child_verifies);
	if (!rnd(4))
		kill(getpid(), SIGKILL);
	if (!rnd(3)) {
		execl("/proc/self/exe", "mm_mix", "exit", (char *)NULL);
		lacks("exec");
	}
	_exit(0);
}

static void reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		bad("child died of a signal", NULL, (unsigned)WTERMSIG(status), 0);
}

static void do_fork(struct region *r)
{
	pid_t pid = fork();

	if (!pid)
		run_child();
	if (pid < 0) {
		lacks("fork");
		return;
	}
	if (rnd(2))
		do_write(r); /* while the child looks: private pages must part */
	reap(pid);
}

/*
 * Fork writes of the parent to shared memory would be seen by the child: it is told which by kind.
 */
static void do_fork_of(struct region *r)
{
	if (r->kind == ANON || r->kind == FILE_PRIVATE)
		do_fork(r);
}

static void do_spawn(struct region *r)
{
	pid_t pid = vfork();

	(void)r;
	if (!pid) {
		execl("/proc/self/exe", "mm_mix", "exit", (char *)NULL);
		_exit(0);
	}
	if (pid < 0)
		lacks("vfork");
	else
		reap(pid);
}

/* ---- threads: each has every third page of one region ---- */

struct share {
	struct region *r;
	unsigned first, stamp;
};

static void *thread_main(void *arg)
{
	struct share *s = arg;

	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = s->first; i < s->r->pages; i += THREADS) {
			char *page = s->r->addr + i * T_PAGE;

			if (round && s->r->kind == ANON && !(i & 3)) {
				if (madvise(page, T_PAGE, MADV_DONTNEED))
					return NULL;
				page_verify(page, 0, "page given up by a thread");
			}
			page_write(page, s->stamp + i);
			page_verify(page, s->stamp + i, "page of a thread");
		}
	return NULL;
}

static void do_threads(struct region *r)
{
	struct share shares[THREADS];
	pthread_t threads[THREADS];
	unsigned n = 0;

	if (r->readonly)
		return;
	for (; n < THREADS; n++) {
		shares[n] = (struct share){r, n, next_stamp};
		if (pthread_create(&threads[n], NULL, thread_main, &shares[n]))
			break;
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = n; i < THREADS; i++) {
		shares[i] = (struct share){r, i, next_stamp};
		thread_main(&shares[i]);
	}
	for (unsigned i = 0; i < r->pages; i++)
		r->stamps[i] = next_stamp + i;
	next_stamp += r->pages;
	verify_region(r, "page after threads");
}

static void do_brk(struct region *r)
{
	char *old = sbrk(0), *at;

	(void)r;
	at = sbrk((intptr_t)((1 + rnd(16)) * T_PAGE));
	if (at == (char *)-1) {
		lacks("brk");
		return;
	}
	memset(at, 0x5a, T_PAGE);
	if (at[T_PAGE - 1] != 0x5a)
		bad("heap", at, 0, 0x5a);
	if (at == old)
		brk(old);
}

/* ---- a life ---- */

static void (*const steps[])(struct region *) = {
	do_write,   do_write,   do_write,   do_verify,   do_verify, do_verify, do_unmap,
	do_protect, do_remap,   do_advise,  do_advise,   do_lock,   do_file,   do_file,
	do_channel, do_fork_of, do_threads, do_truncate, do_brk,    do_spawn,
};

static void step(void)
{
	struct region *r = &regions[rnd(REGIONS)];

	if (!r->addr)
		do_map(r);
	else
		steps[rnd(T_COUNT(steps))](r);
}

static void live(unsigned number)
{
	alarm(0);
	life_seed = number;
	seed = number * 2654435761u ?: 1;
	for (unsigned i = 0; i < REGIONS; i++)
		regions[i].fd = -1;
	for (unsigned n = STEPS / 2 + rnd(STEPS); n; n--)
		step();
	each_region(child_verifies);
	if (!rnd(4))
		kill(getpid(), SIGKILL);
	_exit(0);
}

static int one_life(unsigned number)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		live(number);
	if (pid < 0)
		return 0;
	waitpid(pid, &status, 0);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (WTERMSIG(status) == SIGKILL)
		return 0;
	printf("# mm_mix: life %u died of signal %d\n", number, WTERMSIG(status));
	return 96;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void work(unsigned worker, unsigned base, double end)
{
	int status = 0;

	alarm(0);
	for (unsigned i = 0; now() < end && !status; i++)
		status = one_life(base + worker * 1000003u + i);
	_exit(status);
}

/* ---- before and after ---- */

/* Lines of a file of /proc that were others before: where memory went. */
static void remember(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n, used = 0;

	while (fd >= 0 && (n = read(fd, text + used, size - 1 - (size_t)used)) > 0)
		used += n;
	if (fd >= 0)
		close(fd);
	text[used] = '\0';
}

static void show_changes(const char *path, const char *before)
{
	static char now[32768];
	char *next;

	remember(path, now, sizeof(now));
	for (char *line = now; *line; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		line[len] = '\0';
		if (!strstr(before, line))
			printf("# now %s\n", line);
	}
}

static unsigned setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

/* A hundredth of what is free for each worker's largest region: nobody needs to be killed. */
static void choose_sizes(unsigned workers)
{
	unsigned long free = (unsigned long)t_field("/proc/meminfo", "MemFree:") / 4;

	max_pages = (unsigned)(free / workers / REGIONS / 3);
	if (max_pages > 64)
		max_pages = 64;
	if (max_pages < 2)
		max_pages = 2;
}

static unsigned run_workers(unsigned workers, unsigned seconds)
{
	double end = now() + seconds;
	unsigned base = setting("MM_MIX_SEED", 1), failed = 0;
	pid_t pids[64];
	int status;

	for (unsigned i = 0; i < workers; i++) {
		pids[i] = fork();
		if (!pids[i])
			work(i, base, end);
	}
	for (unsigned i = 0; i < workers; i++) {
		waitpid(pids[i], &status, 0);
		failed += status != 0;
	}
	return failed;
}

static bool soon(bool (*condition)(long), long arg)
{
	for (unsigned i = 0; i < 50; i++) {
		if (condition(arg))
			return true;
		usleep(100000);
	}
	return false;
}

static bool promises_are(long kb)
{
	return llabs(t_field("/proc/meminfo", "Committed_AS:") - kb) <= 4;
}

static bool selfcheck_agrees(long unused)
{
	(void)unused;
	return selfcheck_is_ok(true);
}

int main(int argc, char **argv)
{
	unsigned workers = setting("MM_MIX_WORKERS", 2 * (unsigned)get_nprocs());
	unsigned seconds = setting("MM_MIX_SECONDS", 20), one = setting("MM_MIX_ONE", 0);
	static char meminfo[4096], slabinfo[32768];
	long before, promised;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	alarm(0);
	workers = workers > 64 ? 64 : workers;
	choose_sizes(workers);
	if (one) {
		eq(one_life(one), 0, "the life %u ends well", one);
		return t_done();
	}
	run_workers(workers, 1); /* caches of the kernel fill up to their size */
	before = free_kb();
	promised = (long)t_field("/proc/meminfo", "Committed_AS:");
	remember("/proc/meminfo", meminfo, sizeof(meminfo));
	remember("/proc/slabinfo", slabinfo, sizeof(slabinfo));
	eq(run_workers(workers, seconds), 0,
	   "%u workers lived for %u seconds, and found what they wrote", workers, seconds);
	if (!soon(is_free_again, before)) {
		show_changes("/proc/meminfo", meminfo);
		show_changes("/proc/slabinfo", slabinfo);
	}
	ok(is_free_again(before), "the memory is free again (%ld kB before, %ld kB now)", before,
	   free_kb());
	ok(soon(promises_are, promised), "nothing stays promised (%ld kB before)", promised);
	if (access("/proc/isthmus/selfcheck", R_OK))
		t_skip("every page has the owners that its counts say",
		       "no /proc/isthmus/selfcheck");
	else
		ok(soon(selfcheck_agrees, 0), "every page has the owners that its counts say");
	return t_done();
}
