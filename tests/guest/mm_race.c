/*
 * mm_race - threads and processes fault, unmap, map, protect, lock, advise, fork, move, copy,
 * truncate and write the same pages at the same time. What each finds is left to chance; that it is
 * a page of its own process and file, that nothing is lost which nobody took away, and that
 * everybody gets to the end, is not.
 *
 * mm_race [SECONDS]: how long each part takes: 2, or 30 in the long tests.
 */
#include "t.h"
#include <pthread.h>
#include <sys/uio.h>

#define PAGES 64u
#define RW (PROT_READ | PROT_WRITE)

static char *area, *shared, *private;
static int file;
static volatile bool stop;
static volatile unsigned lost, died;
static unsigned seconds = 2;

/* ---- a write or read that may meet nothing ---- */

static __thread sigjmp_buf back;
static __thread volatile bool armed;

static void on_fault(int sig)
{
	(void)sig;
	if (armed)
		siglongjmp(back, 1);
	_exit(97);
}

static void touch(volatile char *p, bool write)
{
	armed = true;
	if (!sigsetjmp(back, 1)) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	armed = false;
}

static unsigned rnd(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* ---- private memory ---- */

static void *anon_fault(void *arg)
{
	unsigned s = (unsigned)(long)arg;

	while (!stop) {
		char *p = area + rnd(&s) % PAGES * T_PAGE;

		touch(p + (long)arg, rnd(&s) & 1);
	}
	return NULL;
}

static void *anon_map(void *arg)
{
	unsigned s = (unsigned)(long)arg;

	while (!stop) {
		unsigned first = rnd(&s) % PAGES, n = 1 + rnd(&s) % 8;
		char *p = area + first * T_PAGE;
		size_t len = (first + n > PAGES ? PAGES - first : n) * T_PAGE;

		switch (rnd(&s) % 5) {
		case 0: munmap(p, len); break;
		case 1: madvise(p, len, MADV_DONTNEED); break;
		case 2: mprotect(p, len, rnd(&s) % 3 ? RW : PROT_READ); break;
		default: mmap(p, len, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		}
	}
	return NULL;
}

/* Advice, locks, moves within the area, and copies by the kernel. */
static void *anon_change(void *arg)
{
	/*
	 * FREE, DONTNEED_LOCKED, POPULATE_READ and _WRITE, DONTFORK, DOFORK, WIPEONFORK,
	 * KEEPONFORK, COLD, WILLNEED
	 */
	static const int advice[] = {8, 24, 22, 23, 10, 11, 18, 19, 20, 3};
	unsigned s = (unsigned)(long)arg;

	while (!stop) {
		unsigned first = rnd(&s) % (PAGES - 8), to = rnd(&s) % (PAGES - 8),
			 n = 1 + rnd(&s) % 8;
		char *p = area + first * T_PAGE, *q = area + to * T_PAGE, buf[64];
		struct iovec local = {buf, sizeof(buf)}, remote = {p + T_PAGE - 32, sizeof(buf)};

		switch (rnd(&s) % 8) {
		case 0: mlock(p, n * T_PAGE); break;
		case 1: syscall(SYS_mlock2, p, n * T_PAGE, 1); break;
		case 2: munlock(p, n * T_PAGE); break;
		case 3: mremap(p, n * T_PAGE, n * T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q); break;
		case 4:
			mremap(p, n * T_PAGE, n * T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | 4, q);
			break;
		case 5: syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0); break;
		case 6: syscall(SYS_process_vm_writev, getpid(), &local, 1, &remote, 1, 0); break;
		default: madvise(p, n * T_PAGE, advice[rnd(&s) % T_COUNT(advice)]);
		}
	}
	return NULL;
}

/* Away from the area, where holes come and go. */
static void *anon_move(void *arg)
{
	char *from = (char *)0x30000000, *to = (char *)0x40000000;

	(void)arg;
	while (!stop) {
		mmap(from, 16 * T_PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(from, 5, 16 * T_PAGE);
		if (mremap(from, 16 * T_PAGE, 32 * T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
			lost++;
		for (unsigned i = 0; i < 16; i++)
			lost += to[i * T_PAGE + 17] != 5 || to[(i + 16) * T_PAGE] != 0;
		munmap(to, 32 * T_PAGE);
	}
	return NULL;
}

static void *anon_fork(void *arg)
{
	(void)arg;
	while (!stop) {
		int status = 0;
		pid_t pid = fork();

		if (!pid) {
			for (unsigned i = 0; i < PAGES; i++)
				touch(area + i * T_PAGE, true);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, &status, 0);
		died += status != 0;
	}
	return NULL;
}

/* ---- a file ---- */

static void *file_fault(void *arg)
{
	unsigned s = (unsigned)(long)arg;

	while (!stop) {
		unsigned i = rnd(&s) % PAGES;

		touch((rnd(&s) & 1 ? shared : private) + i * T_PAGE + (long)arg, rnd(&s) & 1);
		if (rnd(&s) % 16 == 0)
			madvise(private + i * T_PAGE, T_PAGE, MADV_DONTNEED);
		if (rnd(&s) % 64 == 0)
			msync(shared, PAGES * T_PAGE, MS_SYNC);
	}
	return NULL;
}

static void *file_truncate(void *arg)
{
	unsigned s = 5;

	(void)arg;
	while (!stop) {
		if (ftruncate(file, rnd(&s) % (PAGES * T_PAGE)) || ftruncate(file, PAGES * T_PAGE))
			lost++;
	}
	return NULL;
}

static void *file_write(void *arg)
{
	unsigned s = 9;

	(void)arg;
	while (!stop) {
		/*
		 * From the file's own mapping, to the file: the copy faults on pages that it may
		 * be writing.
		 */
		if (pwrite(file, shared, 1 + rnd(&s) % (2 * T_PAGE),
			   rnd(&s) % ((PAGES - 2) * T_PAGE)) < 0 &&
		    errno != EFAULT)
			lost++;
		if (pread(file, private + rnd(&s) % (PAGES - 2) * T_PAGE, 2 * T_PAGE,
			  rnd(&s) % (PAGES * T_PAGE)) < 0 &&
		    errno != EFAULT)
			lost++;
	}
	return NULL;
}

static void *file_fork(void *arg)
{
	(void)arg;
	while (!stop) {
		int status = 0;
		pid_t pid = fork();

		if (!pid) {
			for (unsigned i = 0; i < PAGES; i++) {
				touch(private + i * T_PAGE, true);
				touch(shared + i * T_PAGE, true);
			}
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, &status, 0);
		died += status != 0;
	}
	return NULL;
}

/* ---- */

static void run(void *(*const fns[])(void *), unsigned n, const char *what)
{
	pthread_t threads[8];

	stop = false;
	lost = died = 0;
	for (unsigned i = 0; i < n; i++)
		t_must(pthread_create(&threads[i], NULL, fns[i], (void *)(long)(i + 1)) == 0);
	sleep(seconds);
	stop = true;
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	eq(lost, 0, "%s: nothing is lost", what);
	eq(died, 0, "%s: no child dies", what);
}

int main(int argc, char **argv)
{
	static void *(*const anon[])(void *) = {anon_fault, anon_fault, anon_fault, anon_map,
						anon_map,   anon_fork,  anon_move,  anon_change};
	static void *(*const filed[])(void *) = {file_fault,    file_fault, file_fault,
						 file_truncate, file_write, file_fork};
	struct sigaction act = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};

	if (argc > 1 || t_long()) {
		seconds = argc > 1 ? atoi(argv[1]) : 30;
		alarm(0); /* as long as it takes */
	}
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	t_tmpdir();
	area = t_pages(PAGES);
	run(anon, T_COUNT(anon), "private memory");

	file = open("file", O_RDWR | O_CREAT, 0600);
	t_must(file >= 0 && ftruncate(file, PAGES * T_PAGE) == 0);
	shared = mmap(NULL, PAGES * T_PAGE, RW, MAP_SHARED, file, 0);
	private = mmap(NULL, PAGES * T_PAGE, RW, MAP_PRIVATE, file, 0);
	t_must(shared != MAP_FAILED && private != MAP_FAILED);
	run(filed, T_COUNT(filed), "a file");
	return t_done();
}
