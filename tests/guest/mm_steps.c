/*
 * mm_steps - random memory calls with random flags on a region of 64 pages. After each step the
 * result, what the pages hold, the region's lines of /proc/self/maps (so: how areas merge) and
 * VmLck go into a digest; the digests of some seeds on Debian's Linux 6.1 stand in mm_steps.h,
 * those of 300 more, for the long tests, in mm_steps_long.h.
 *
 * mm_steps SEED STEPS prints each step with its digest: two kernels' outputs are compared with
 * diff. mm_steps --print [LAST [FIRST]] prints the table for these seeds.
 */
#include "digest.h"
#include <sys/resource.h>
#include <sys/uio.h>

#define BASE 0x20000000ul
#define PAGES 64
#define END (BASE + PAGES * T_PAGE)
#define FILE_PAGES 24
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define NOBODY 65534

static bool verbose;
static unsigned depth; /* of forks */
static int file, file_ro, memfd;

/* -- what is seen after a step ---------------------------------------------------------------- */

static sigjmp_buf back;
static volatile sig_atomic_t got_sig;

static void on_fault(int sig)
{
	got_sig = sig;
	siglongjmp(back, 1);
}

static uint32_t load(unsigned long addr)
{
	got_sig = 0;
	if (sigsetjmp(back, 1) == 0)
		return *(volatile uint32_t *)addr;
	return 0xdead0000 + got_sig;
}

static void store(unsigned long addr, uint32_t value)
{
	got_sig = 0;
	if (sigsetjmp(back, 1) == 0)
		*(volatile uint32_t *)addr = value;
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* The region's lines of maps, and the first word of each page that they say can be read. */
static void see_maps(void)
{
	static char buf[65536];
	char prot[5], name[256], *line, *rest;
	unsigned long start, end, offset, inode;

	t_must(t_slurp("/proc/self/maps", buf, sizeof(buf)) >= 0);
	for (line = strtok_r(buf, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu %255[^\n]", &start, &end, prot,
			   &offset, &inode, name) < 5 ||
		    end <= BASE || start >= END)
			continue;
		if (verbose)
			printf("#   %lx-%lx %s %lx %s\n", start, end, prot, offset,
			       last_part(name));
		note(start);
		note(end);
		note(offset);
		for (const char *p = prot; *p; p++)
			note(*p);
		for (const char *p = last_part(name); *p; p++)
			note(*p);
		for (; prot[0] == 'r' && start < end && start < END; start += T_PAGE)
			note(load(start));
	}
}

static void see(void)
{
	see_maps();
	note(t_field("/proc/self/status", "VmLck"));
}

/* -- the steps -------------------------------------------------------------------------------- */

static unsigned long place(unsigned *pages)
{
	unsigned n = 1 + rnd(rnd(3) ? 5 : 24), first = rnd(PAGES - n + 1);

	*pages = n;
	return BASE + first * T_PAGE;
}

static int random_prot(void)
{
	static const int prots[] = {
		0, PROT_READ, RW, RW, RW, RW, PROT_WRITE, PROT_READ | PROT_EXEC, RW | PROT_EXEC};

	return prots[rnd(T_COUNT(prots))];
}

/* An address of the region as it is; others vary from run to run. */
static void note_result(const char *name, long result, unsigned long arg1, unsigned long arg2,
			unsigned long arg3)
{
	int error = result == -1 ? errno : 0;
	unsigned long at = result;

	if (!error && at >= 0x10000 && (at < BASE || at >= END))
		at = 1;
	note(error ? -error : at);
	if (verbose)
		printf("# %s(%#lx, %#lx, %#lx) = %#lx errno %d\n", name, arg1, arg2, arg3,
		       error ? -1ul : at, error);
}

/* What went elsewhere must not stay: where that is differs. */
static void drop_elsewhere(void *p, size_t len)
{
	unsigned long at = (unsigned long)p;

	if (p != MAP_FAILED && (at < BASE || at >= END))
		t_must(munmap(p, len) == 0);
	else if (p != MAP_FAILED && at + len > END)
		t_must(munmap((void *)END, at + len - END) == 0);
}

static void do_mmap(void)
{
	static const int extra[] = {0,
				    0,
				    0,
				    0,
				    MAP_NORESERVE,
				    MAP_POPULATE,
				    MAP_LOCKED,
				    MAP_STACK,
				    MAP_NONBLOCK | MAP_POPULATE};
	int fd = -1, flags = 0, prot = random_prot();
	unsigned n, offset = rnd(FILE_PAGES + 4);
	unsigned long addr = place(&n);
	void *p;

	switch (rnd(9)) {
	case 0:
	case 1:
	case 2: flags = ANON; break;
	case 3: flags = MAP_SHARED | MAP_ANONYMOUS; break;
	case 4: flags = MAP_PRIVATE, fd = file; break;
	case 5: flags = MAP_SHARED, fd = file; break;
	case 6: flags = rnd(2) ? MAP_SHARED : MAP_PRIVATE, fd = file_ro; break;
	case 7: flags = MAP_SHARED_VALIDATE, fd = memfd; break;
	default: flags = ANON | (rnd(4) ? 0 : MAP_GROWSDOWN);
	}
	flags |= rnd(5) ? MAP_FIXED : rnd(2) ? MAP_FIXED_NOREPLACE : 0;
	flags |= extra[rnd(T_COUNT(extra))];
	p = mmap((void *)addr, n * T_PAGE, prot, flags, fd, offset * T_PAGE);
	note_result("mmap", (long)p, addr, n, flags | prot << 28);
	drop_elsewhere(p, n * T_PAGE);
}

static void do_munmap(void)
{
	unsigned n;
	unsigned long addr = place(&n);

	note_result("munmap", munmap((void *)addr, n * T_PAGE), addr, n, 0);
}

static void do_mprotect(void)
{
	unsigned n;
	unsigned long addr = place(&n);
	int prot = random_prot() | (rnd(16) ? 0 : 0x01000000) | (rnd(40) ? 0 : 0x02000000);

	note_result("mprotect", mprotect((void *)addr, n * T_PAGE, prot), addr, n, prot);
}

static void do_mremap(void)
{
	static const int kinds[] = {0, 1, 3, 3, 3, 5, 7};
	unsigned n, m = 1 + rnd(10), unused;
	unsigned long from = place(&n), to = place(&unused);
	int flags = kinds[rnd(T_COUNT(kinds))];
	void *p;

	if (n > 8)
		n = 1 + rnd(8);
	if (rnd(12) == 0)
		n = 0;
	if (flags & 4) {
		m = n;
		munlockall(); /* Linux 6.1 loses count of locked pages when they move like this */
	}
	if ((flags & 2) && to + m * T_PAGE > END)
		to = END - m * T_PAGE;
	p = mremap((void *)from, n * T_PAGE, m * T_PAGE, flags, (void *)to);
	note_result("mremap", (long)p, from, n << 16 | m, flags | to << 4);
	drop_elsewhere(p, m * T_PAGE);
}

static void do_madvise(void)
{
	static const int advice[] = {0,  1,  2,  3,  4,  4,  4,  8,  9,  10, 11,
				     14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
	unsigned n;
	unsigned long addr = place(&n);
	int a = advice[rnd(T_COUNT(advice))];

	note_result("madvise", madvise((void *)addr, n * T_PAGE, a), addr, n, a);
	if (a == 8) /* when the pages go is the kernel's affair */
		note_result("madvise", madvise((void *)addr, n * T_PAGE, MADV_DONTNEED), addr, n,
			    4);
}

static void do_lock(void)
{
	unsigned n, kind = rnd(16);
	unsigned long addr = place(&n);

	if (kind < 4)
		note_result("mlock", mlock((void *)addr, n * T_PAGE), addr, n, 0);
	else if (kind < 8)
		note_result("mlock2", syscall(__NR_mlock2, addr, n * T_PAGE, 1), addr, n, 1);
	else if (kind < 14)
		note_result("munlock", munlock((void *)addr, n * T_PAGE), addr, n, 0);
	else if (kind == 14)
		note_result("mlockall", mlockall(rnd(2) ? MCL_FUTURE : MCL_FUTURE | 4), 0, 0, 0);
	else
		note_result("munlockall", munlockall(), 0, 0, 0);
}

static void do_msync(void)
{
	unsigned n, flags = rnd(8);
	unsigned long addr = place(&n);

	note_result("msync", msync((void *)addr, n * T_PAGE, flags), addr, n, flags);
}

static void do_remap(void)
{
	unsigned n, offset = rnd(FILE_PAGES);
	unsigned long addr = place(&n);

	note_result("remap_file_pages",
		    syscall(__NR_remap_file_pages, addr, n * T_PAGE, 0, offset, 0), addr, n,
		    offset);
}

static void do_mincore(void)
{
	static unsigned char vec[PAGES];
	unsigned n;
	unsigned long addr = place(&n);

	note_result("mincore", mincore((void *)addr, n * T_PAGE, vec), addr, n, 0);
}

static void do_store(void)
{
	for (unsigned n = 1 + rnd(6); n; n--) {
		unsigned long addr = BASE + rnd(PAGES) * T_PAGE;

		store(addr, rnd(1 << 30));
		note(got_sig);
		if (verbose)
			printf("# store %#lx: signal %d\n", addr, got_sig);
	}
}

/* The kernel stores: from a file, or from another place of the region. */
static void do_kernel_store(void)
{
	unsigned long addr = BASE + rnd(PAGES) * T_PAGE, from = BASE + rnd(PAGES) * T_PAGE;
	struct iovec to_vec = {(void *)addr, 4}, from_vec = {(void *)from, 4};

	if (rnd(2))
		note_result("pread", pread(file, (void *)addr, 4, rnd(FILE_PAGES) * T_PAGE), addr,
			    0, 0);
	else
		note_result("process_vm_writev",
			    syscall(__NR_process_vm_writev, getpid(), &from_vec, 1, &to_vec, 1, 0),
			    addr, from, 0);
}

static void do_file(void)
{
	uint32_t value = rnd(1 << 30);
	int fd = rnd(2) ? file : memfd;

	if (rnd(4) == 0)
		note_result("ftruncate", ftruncate(fd, rnd(FILE_PAGES + 1) * T_PAGE), 0, 0, 0);
	else
		note_result("pwrite", pwrite(fd, &value, 4, rnd(FILE_PAGES) * T_PAGE), 0, 0, 0);
}

static void one_step(void);

/* The child goes on by itself; only its shared writes reach us. Its digest joins ours. */
static void do_fork(void)
{
	int pipes[2], status;
	uint32_t got = 0, seed = rnd(1 << 30);
	pid_t pid;

	if (depth > 1)
		return;
	t_must(pipe(pipes) == 0);
	fflush(stdout);
	pid = fork();
	t_must(pid >= 0);
	if (pid == 0) {
		depth++;
		rng = seed;
		if (verbose)
			printf("# child %u\n", depth);
		see();
		for (unsigned n = 3 + seed % 8; n; n--)
			one_step();
		fflush(stdout);
		t_must(write(pipes[1], &digest, 4) == 4);
		_exit(0);
	}
	status = t_wait(pid);
	t_must(status == 0 && read(pipes[0], &got, 4) == 4);
	close(pipes[0]);
	close(pipes[1]);
	note(got);
}

static void one_step(void)
{
	static void (*const steps[])(void) = {
		do_mmap,     do_mmap,     do_mmap,     do_mmap,         do_munmap,  do_munmap,
		do_mprotect, do_mprotect, do_mprotect, do_mremap,       do_mremap,  do_madvise,
		do_madvise,  do_lock,     do_msync,    do_remap,        do_mincore, do_store,
		do_store,    do_store,    do_store,    do_kernel_store, do_file,
	};

	if (rnd(30) == 0)
		do_fork();
	else
		steps[rnd(T_COUNT(steps))]();
	see();
	if (verbose)
		printf("# digest %08x\n", digest);
}

/* -- runs ------------------------------------------------------------------------------------- */

static void drop_privilege(void)
{
	struct rlimit limit = {24 * T_PAGE, 24 * T_PAGE};

	t_must(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	t_must(syscall(SYS_setgroups32, 0, NULL) == 0 && setgid(NOBODY) == 0 &&
	       setuid(NOBODY) == 0);
}

/* Each run in a process of its own, for what it leaves in the address space. */
static uint32_t run(uint32_t seed, unsigned steps)
{
	int pipes[2];
	pid_t pid;

	t_must(pipe(pipes) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		t_watchdog();
		file = t_file("file", "", 0);
		t_must(ftruncate(file, FILE_PAGES * T_PAGE) == 0);
		file_ro = open("file", O_RDONLY);
		memfd = syscall(__NR_memfd_create, "memfd", 0);
		t_must(file_ro >= 0 && memfd >= 0 && ftruncate(memfd, FILE_PAGES * T_PAGE) == 0);
		signal(SIGSEGV, on_fault);
		signal(SIGBUS, on_fault);
		if (seed % 2)
			drop_privilege();
		rng = seed * 2654435761ull + 1;
		digest = 2166136261u;
		while (steps--)
			one_step();
		fflush(stdout);
		t_must(write(pipes[1], &digest, 4) == 4);
		_exit(0);
	}
	t_must(t_wait(pid) == 0);
	t_must(read(pipes[0], &digest, 4) == 4);
	close(pipes[0]);
	close(pipes[1]);
	return digest;
}

#define STEPS 300

static const struct expected {
	uint32_t seed, digest;
} expected[] =
	{
#include "mm_steps.h"
},
  expected_long[] = {
#include "mm_steps_long.h"
};

static void compare(const struct expected *seeds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		t_watchdog();
		eq(run(seeds[i].seed, STEPS), seeds[i].digest, "seed %u: %u steps end as on Linux",
		   seeds[i].seed, STEPS);
	}
}

int main(int argc, char **argv)
{
	t_tmpdir();
	if (argc > 2 && strcmp(argv[1], "--print") != 0) {
		verbose = true;
		run(strtoul(argv[1], NULL, 10), atoi(argv[2]));
	} else if (argc > 1) {
		unsigned last = argc > 2 ? atoi(argv[2]) : 12, first = argc > 3 ? atoi(argv[3]) : 1;

		for (uint32_t seed = first; seed <= last; seed++) {
			t_watchdog();
			printf("{%u, 0x%08x},\n", seed, run(seed, STEPS));
		}
	}
	if (argc == 1)
		compare(expected, T_COUNT(expected));
	if (argc == 1 && t_long())
		compare(expected_long, T_COUNT(expected_long));
	return t_done();
}
