/*
 * bulk_copies - what the kernel moves much at a time, it moves whole, and with the program's
 * registers as they were: read(2) and write(2) of every length and alignment, faults in the middle,
 * zeroed and copied pages. A kernel may use the SSE registers for that; the program's are its own.
 */
#include "t.h"
#include <sched.h>
#include <sys/prctl.h>

#define ROOM (1u << 18)
#define CANARY 0xA5

static unsigned char source[ROOM], room[ROOM + 64];

/* ---- the contents ---- */

static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

static bool all_are(const unsigned char *p, size_t n, unsigned char value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

static const size_t lengths[] = {1,    4,    15,   64,   255,  256,  257,  259,   511,   512,
				 1023, 2048, 4095, 4096, 4097, 8191, 8192, 12345, 65536, 70001};

/* A read of @n bytes from @offset to @at of the room: those, and nothing before or behind. */
static bool reads_right(int fd, size_t n, size_t offset, size_t at)
{
	memset(room, CANARY, at + n + 64);
	return pread(fd, room + at, n, (off_t)offset) == (ssize_t)n &&
	       memcmp(room + at, source + offset, n) == 0 && all_are(room, at, CANARY) &&
	       all_are(room + at + n, 64, CANARY);
}

static bool writes_right(int fd, size_t n, size_t offset, size_t at)
{
	memcpy(room + at, source + offset, n);
	return pwrite(fd, room + at, n, (off_t)offset) == (ssize_t)n &&
	       reads_right(fd, n, offset, at);
}

static bool clears_right(int zero, size_t n, size_t at)
{
	memset(room, CANARY, at + n + 64);
	return read(zero, room + at, n) == (ssize_t)n && all_are(room + at, n, 0) &&
	       all_are(room, at, CANARY) && all_are(room + at + n, 64, CANARY);
}

static void check_contents(int fd)
{
	static const size_t shifts[] = {0, 1, 2, 3, 4, 7, 15, 16, 33};
	int zero = open("/dev/zero", O_RDONLY);
	unsigned bad_reads = 0, bad_writes = 0, bad_clears = 0;

	t_must(zero >= 0);
	for (unsigned i = 0; i < T_COUNT(lengths); i++)
		for (unsigned from = 0; from < T_COUNT(shifts); from++)
			for (unsigned to = 0; to < T_COUNT(shifts); to++) {
				size_t n = lengths[i], offset = shifts[from] * 321;

				bad_reads += !reads_right(fd, n, offset, shifts[to]);
				bad_writes += !writes_right(fd, n, offset, shifts[to]);
				bad_clears += !clears_right(zero, n, shifts[to]);
			}
	eq(bad_reads, 0, "reads give what the file has, there and nowhere else");
	eq(bad_writes, 0, "writes too");
	eq(bad_clears, 0, "and /dev/zero zeroes");
	close(zero);
}

/* Into memory of which the pages from @whole on are not there: how far it went is told, about. */
static void check_ends(int fd)
{
	unsigned char *p =
		mmap(NULL, 4 * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned bad = 0;

	t_must(p != MAP_FAILED && munmap(p + 2 * T_PAGE, 2 * T_PAGE) == 0);
	for (size_t n = 16; n <= 2 * T_PAGE; n += 240) {
		unsigned char *to = p + 2 * T_PAGE - n;
		ssize_t got;

		memset(p, CANARY, 2 * T_PAGE);
		got = pread(fd, to, n + T_PAGE, 0);
		bad += got > (ssize_t)n || got < (ssize_t)n - 64 ||
		       memcmp(to, source, (size_t)got) != 0 || !all_are(p, 2 * T_PAGE - n, CANARY);
	}
	eq(bad, 0, "a read that meets the end of the memory tells how far it came");
	fails(pread(fd, p + 2 * T_PAGE, T_PAGE, 0), EFAULT, "behind it, nowhere");
	munmap(p, 2 * T_PAGE);
}

/* ---- the registers ---- */

struct registers {
	unsigned char xmm[8][16];
};

/* One system call (or, with number -1, a write to @b) with these registers; what they are then. */
static long call_with(struct registers *r, long nr, long b, long c, long d)
{
	long result = nr;

	asm volatile(
		"movups 0(%[r]), %%xmm0; movups 16(%[r]), %%xmm1; movups 32(%[r]), %%xmm2\n\t"
		"movups 48(%[r]), %%xmm3; movups 64(%[r]), %%xmm4; movups 80(%[r]), %%xmm5\n\t"
		"movups 96(%[r]), %%xmm6; movups 112(%[r]), %%xmm7\n\t"
		"cmpl $-1, %%eax\n\t"
		"je 1f\n\t"
		"int $0x80\n\t"
		"jmp 2f\n"
		"1:\tmovb $1, (%%ebx)\n"
		"2:\tmovups %%xmm0, 0(%[r]); movups %%xmm1, 16(%[r]); movups %%xmm2, 32(%[r])\n\t"
		"movups %%xmm3, 48(%[r]); movups %%xmm4, 64(%[r]); movups %%xmm5, 80(%[r])\n\t"
		"movups %%xmm6, 96(%[r]); movups %%xmm7, 112(%[r])"
		: "+a"(result)
		: "b"(b), "c"(c), "d"(d), [r] "S"(r)
		: "memory", "cc");
	return result;
}

static bool keeps(long want, long nr, long b, long c, long d)
{
	struct registers r, before;

	for (unsigned i = 0; i < 8; i++)
		memset(r.xmm[i], 0x30 + (int)i + (getpid() & 15) * 8, 16);
	before = r;
	return call_with(&r, nr, b, c, d) == want && memcmp(&r, &before, sizeof(r)) == 0;
}

/* Everything that moves much, once; the memory is touched for the first time meanwhile. */
static bool all_keep(int fd)
{
	unsigned char *p =
		mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *file = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	int ends[2], null = open("/dev/zero", O_RDWR);
	bool good = p != MAP_FAILED && file != MAP_FAILED && pipe(ends) == 0 && null >= 0;

	lseek(fd, 0, SEEK_SET);
	good &= keeps(ROOM, SYS_read, fd, (long)p, ROOM);
	good &= memcmp(p, source, ROOM) == 0;
	good &= keeps(8192, SYS_write, ends[1], (long)file + T_PAGE, 8192);
	good &= keeps(8192, SYS_read, ends[0], (long)p + 5, 8192);
	good &= memcmp(p + 5, source + T_PAGE, 8192) == 0;
	good &= keeps(-1, -1, (long)file + 9 * T_PAGE, 0, 0); /* a private copy of a file's page */
	good &= file[9 * T_PAGE] == 1 && file[9 * T_PAGE + 1] == source[9 * T_PAGE + 1];
	good &= madvise(p, ROOM, MADV_DONTNEED) == 0;
	good &= keeps(-1, -1, (long)p + T_PAGE, 0, 0); /* a page of zeroes */
	good &= all_are(p, T_PAGE, 0);
	good &= keeps(ROOM, SYS_read, null, (long)p, ROOM);
	good &= all_are(p, ROOM, 0);
	close(ends[0]), close(ends[1]), close(null);
	munmap(p, ROOM), munmap(file, ROOM);
	return good;
}

static int keep_on(void *arg)
{
	int fd = open("/proc/self/fd/3", O_RDONLY);

	for (int i = 0; i < 20; i++)
		need(all_keep(fd));
	return arg != NULL;
}

/* More processes than CPUs, so that copies are interrupted, and sleep in their faults. */
static void check_registers(int fd)
{
	pid_t pids[6];
	unsigned bad = 0;

	ok(all_keep(fd), "the registers are kept");
	t_must(dup2(fd, 3) == 3);
	for (unsigned i = 0; i < T_COUNT(pids); i++)
		t_must((pids[i] = t_spawn(keep_on, NULL)) > 0);
	for (unsigned i = 0; i < T_COUNT(pids); i++)
		bad += t_wait(pids[i]) != 0;
	eq(bad, 0, "also among many processes");
}

int main(void)
{
	int fd = memfd_create("source", 0);

	t_must(fd >= 0);
	for (size_t i = 0; i < ROOM; i++)
		source[i] = pattern(i);
	t_must(write(fd, source, ROOM) == ROOM);
	check_contents(fd);
	check_ends(fd);
	if (__builtin_cpu_supports("sse"))
		check_registers(fd);
	else
		t_skip("registers", "the CPU has no SSE");
	return t_done();
}
