/*
 * mlock_pages - which pages count as locked and unevictable: /proc/meminfo, vmstat, zoneinfo and
 * kpageflags. mlock(2), mlockall(2), shmctl(2), proc(5)
 *
 * needs: mem=256M
 */
#include "t.h"
#include <linux/kernel-page-flags.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/shm.h>

#define RW (PROT_READ | PROT_WRITE)
#define KPF_MLOCKED 33
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#define N 64u

static long base_mlocked, base_unevictable;

static char *scratch;

/*
 * Linux counts and moves pages in batches of each CPU: all of this runs on one, where mlock empties
 * them, and stat_refresh adds up the counts.
 */
static long pages_of(const char *name)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	t_must(mlock(scratch, T_PAGE) == 0 && munlock(scratch, T_PAGE) == 0);
	if (fd >= 0 && write(fd, "1", 1) != 1)
		t_note("stat_refresh cannot be written");
	if (fd >= 0)
		close(fd);
	return (long)t_field("/proc/meminfo", name) / 4;
}

static long mlocked(void)
{
	return pages_of("Mlocked") - base_mlocked;
}

static long unevictable(void)
{
	return pages_of("Unevictable") - base_unevictable;
}

static char *small_pages(unsigned n, int prot, int flags)
{
	char *p = mmap(NULL, n * T_PAGE, prot, flags, -1, 0);

	t_must(p != MAP_FAILED);
	madvise(p, n * T_PAGE, MADV_NOHUGEPAGE);
	return p;
}

static char *touched_pages(unsigned n)
{
	char *p = small_pages(n, RW, MAP_PRIVATE | MAP_ANONYMOUS);

	memset(p, 1, n * T_PAGE);
	return p;
}

static unsigned long long flags_at(const void *addr)
{
	unsigned long long entry = 0, flags = 0;
	int map = open("/proc/self/pagemap", O_RDONLY), kflags = open("/proc/kpageflags", O_RDONLY);

	t_must(pread(map, &entry, 8, (unsigned long)addr / T_PAGE * 8) == 8);
	t_must(pread(kflags, &flags, 8, (entry & ((1ull << 55) - 1)) * 8) == 8);
	close(map);
	close(kflags);
	return flags;
}

static bool has_flag(const void *addr, unsigned bit)
{
	return flags_at(addr) >> bit & 1;
}

/* ---- private memory ---- */

static void check_private(void)
{
	char *p = touched_pages(N);

	eq(mlocked(), 0, "touched pages are not locked");
	works(mlock(p, N * T_PAGE), "mlock of them");
	t_until(mlocked() == N && unevictable() == N);
	eq(mlocked(), N, "counts each in Mlocked");
	eq(unevictable(), N, "and in Unevictable");
	ok(has_flag(p, KPF_UNEVICTABLE) && has_flag(p, KPF_MLOCKED),
	   "their kpageflags are UNEVICTABLE and MLOCKED");
	eq(t_field("/proc/vmstat", "nr_mlock "), base_mlocked + N, "nr_mlock of vmstat agrees");
	eq(t_field("/proc/vmstat", "nr_unevictable "), base_unevictable + N, "and nr_unevictable");
	works(mlock(p, N * T_PAGE), "mlock again");
	eq(mlocked(), N, "counts nothing twice");
	works(munlock(p, N / 4 * T_PAGE), "munlock of a quarter");
	t_until(mlocked() == N - N / 4);
	eq(mlocked(), N - N / 4, "takes a quarter off");
	ok(!has_flag(p, KPF_MLOCKED) && has_flag(p + N / 2 * T_PAGE, KPF_MLOCKED),
	   "and off the flags of these pages alone");
	works(munmap(p + N / 2 * T_PAGE, N / 2 * T_PAGE), "munmap of the other half");
	t_until(mlocked() == N / 4);
	eq(mlocked(), N / 4, "takes a half off");
	works(munlock(p, N / 2 * T_PAGE), "munlock of the rest");
	t_until(!mlocked() && !unevictable());
	eq(mlocked(), 0, "leaves nothing locked");
	eq(unevictable(), 0, "and nothing unevictable");
	munmap(p, N / 2 * T_PAGE);
}

static void check_faults(void)
{
	char *p = small_pages(N, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED);

	t_until(mlocked() == N);
	eq(mlocked(), N, "MAP_LOCKED locks its pages as they are made");
	munmap(p, N * T_PAGE);
	t_until(!mlocked());
	eq(mlocked(), 0, "until they are unmapped");
	p = small_pages(N, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
	works(mlock(p, N * T_PAGE), "mlock of memory that cannot be written");
	eq(mlocked(), 0, "locks no page: it shows the zero page");
	works(mprotect(p, N * T_PAGE, RW), "made writable");
	t_until(mlocked() == N);
	eq(mlocked(), N, "it gets pages of its own, which are locked");
	munmap(p, N * T_PAGE);
	p = small_pages(N, RW, MAP_PRIVATE | MAP_ANONYMOUS);
	works(mlock2(p, N * T_PAGE, MLOCK_ONFAULT), "mlock2 with MLOCK_ONFAULT");
	eq(mlocked(), 0, "locks nothing yet");
	memset(p, 1, 5 * T_PAGE);
	t_until(mlocked() == 5);
	eq(mlocked(), 5, "but each page that is touched");
	munmap(p, N * T_PAGE);
	t_until(!mlocked());
	eq(mlocked(), 0, "until it is unmapped");
}

static int write_in_child(void *p)
{
	memset(p, 2, N * T_PAGE);
	return mlocked() == N ? 0 : 1;
}

static int lock_in_child(void *p)
{
	return mlock(p, N * T_PAGE) == 0 && mlocked() == N ? 0 : 1;
}

static int lock_everything(void *p)
{
	memset(p, 3, N * T_PAGE);
	return mlockall(MCL_CURRENT) == 0 && mlocked() >= (long)N ? 0 : 1;
}

static void check_fork(void)
{
	char *p = touched_pages(N);

	t_must(mlock(p, N * T_PAGE) == 0);
	exits(write_in_child, p, 0, "a child's copies of locked pages are not locked");
	memset(p, 3, N * T_PAGE);
	t_until(mlocked() == N);
	eq(mlocked(), N, "the parent's are, before and after");
	munlock(p, N * T_PAGE);
	t_until(!mlocked());
	exits(lock_in_child, p, 0, "a child locks the pages that it shares");
	t_until(!mlocked() && !unevictable());
	eq(mlocked(), 0, "until it ends");
	ok(!has_flag(p, KPF_MLOCKED), "and the parent's page is not locked");
	exits(lock_everything, p, 0, "a child locks everything");
	t_until(!mlocked() && !unevictable());
	eq(mlocked() + unevictable(), 0, "until it ends");
	munmap(p, N * T_PAGE);
}

static void check_moves(void)
{
	char *p = touched_pages(N), *q;

	t_must(mlock(p, N / 2 * T_PAGE) == 0);
	q = mremap(p, N * T_PAGE / 2, N * T_PAGE, MREMAP_MAYMOVE);
	t_must(q != MAP_FAILED);
	t_until(mlocked() == N);
	eq(mlocked(), N, "locked memory that mremap moves and enlarges stays locked, and is made");
	works(madvise(q, N * T_PAGE / 4, MADV_DONTNEED_LOCKED),
	      "MADV_DONTNEED_LOCKED of a quarter");
	t_until(mlocked() == N - N / 4);
	eq(mlocked(), N - N / 4, "takes these pages off");
	munmap(q, N * T_PAGE);
	munmap(p + N * T_PAGE / 2, N * T_PAGE / 2);
	t_until(!mlocked());
	eq(mlocked(), 0, "and unmapping it the rest");
}

static void check_blocks(void)
{
	unsigned size = 8u << 20;
	char *p = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	t_must(p != MAP_FAILED);
	madvise(p, size, MADV_HUGEPAGE);
	works(mlock(p, size), "mlock of 8 MB, which may be mapped in blocks");
	t_until(mlocked() == (long)(size / T_PAGE));
	eq(mlocked(), size / T_PAGE, "counts each page");
	works(munlock(p, size), "munlock of it");
	t_until(!mlocked());
	eq(mlocked(), 0, "leaves none");
	works(mlock(p, size), "mlock of what is mapped in blocks");
	t_until(mlocked() == (long)(size / T_PAGE));
	eq(mlocked(), size / T_PAGE, "counts each page");
	munmap(p, size);
	t_until(!mlocked() && !unevictable());
	eq(mlocked() + unevictable(), 0, "unmapping it leaves none");
}

/* ---- shared memory ---- */

static void check_shared(void)
{
	int fd = memfd_create("locked", 0);
	char *p, *q;

	t_must(fd >= 0 && ftruncate(fd, N * T_PAGE) == 0);
	p = mmap(NULL, N * T_PAGE, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, N * T_PAGE, RW, MAP_SHARED, fd, 0);
	t_must(p != MAP_FAILED && q != MAP_FAILED);
	memset(p, 1, N * T_PAGE);
	memset(q, 1, N * T_PAGE);
	t_must(mlock(p, N * T_PAGE) == 0 && mlock(q, N * T_PAGE) == 0);
	t_until(mlocked() == N);
	eq(mlocked(), N, "a page that two areas lock counts once");
	munlock(p, N * T_PAGE);
	eq(mlocked(), N, "and still, when one lets go");
	munmap(q, N * T_PAGE);
	t_until(!mlocked());
	eq(mlocked(), 0, "until the other one does");
	t_must(mlock(p, N * T_PAGE) == 0);
	t_must(ftruncate(fd, N / 2 * T_PAGE) == 0);
	t_until(mlocked() == N / 2);
	eq(mlocked(), N / 2, "what is truncated is locked no more");
	munmap(p, N * T_PAGE);
	close(fd);
	t_until(!mlocked() && !unevictable());
	eq(mlocked() + unevictable(), 0, "and in the end nothing is");
}

static void check_segment(void)
{
	int id = shmget(IPC_PRIVATE, N * T_PAGE, IPC_CREAT | 0600);
	char *p;

	t_must(id >= 0);
	p = shmat(id, NULL, 0);
	t_must(p != (void *)-1);
	works(shmctl(id, SHM_LOCK, NULL), "SHM_LOCK of a segment");
	memset(p, 1, N * T_PAGE);
	t_until(unevictable() == N);
	eq(unevictable(), N, "whose pages are unevictable");
	eq(mlocked(), 0, "but not locked");
	ok(has_flag(p, KPF_UNEVICTABLE) && !has_flag(p, KPF_MLOCKED), "as their flags say");
	t_must(mlock(p, N * T_PAGE) == 0);
	t_until(mlocked() == N);
	eq(unevictable(), N, "mlock of it makes no page twice unevictable");
	works(shmctl(id, SHM_UNLOCK, NULL), "SHM_UNLOCK");
	eq(unevictable(), N, "leaves what mlock holds");
	munlock(p, N * T_PAGE);
	t_until(!unevictable() && !mlocked());
	eq(unevictable(), 0, "until munlock");
	works(shmctl(id, SHM_LOCK, NULL), "SHM_LOCK again");
	t_must(shmctl(id, IPC_RMID, NULL) == 0 && shmdt(p) == 0);
	t_until(!unevictable());
	eq(unevictable(), 0, "nothing of a segment that is removed is unevictable");
}

static void check_ramfs(void)
{
	static char data[N * T_PAGE];
	long shmem;
	int fd;

	t_tmpdir();
	t_must(mkdir("r", 0755) == 0);
	if (mount("none", "r", "ramfs", 0, "") != 0) {
		t_skip("ramfs", "cannot be mounted");
		return;
	}
	shmem = pages_of("Shmem");
	fd = t_file("r/file", data, sizeof(data));
	t_until(unevictable() == N);
	eq(unevictable(), N, "pages of ramfs are unevictable");
	eq(pages_of("Shmem"), shmem, "and no shared memory");
	close(fd);
	unlink("r/file");
	t_until(!unevictable());
	eq(unevictable(), 0, "until the file is gone");
	umount("r");
}

int main(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	t_must(sched_setaffinity(0, sizeof(first), &first) == 0);
	scratch = touched_pages(1);
	base_mlocked = pages_of("Mlocked");
	base_unevictable = pages_of("Unevictable");
	check_private();
	check_faults();
	check_fork();
	check_moves();
	check_blocks();
	check_shared();
	check_segment();
	check_ramfs();
	return t_done();
}
