/*
 * mm_borders - every memory call with every combination of border values: addresses in and beside
 * each kind of area, lengths around pages and overflows, all flags and some that do not exist. The
 * results are compared with those of Debian's Linux 6.1, which mm_borders.h has.
 *
 * mm_borders --print writes that file: run it on Linux after a change of the tables below.
 */
#include "t.h"
#include <sys/resource.h>
#include <sys/uio.h>
#include "mm_borders.h"

#define BASE 0x20000000u
#define PAGES 64u
#define AT(page) (BASE + (page)*4096u)
#define AUX 0x30000000u /* readable and writable; the next page read-only; then nothing */
#define RW (PROT_READ | PROT_WRITE)
#define USER_END 0xC0000000u
#define NOBODY 65534

/* Stand for process numbers, which differ from run to run. */
#define PID_SELF 0x5e1f0001u
#define PID_CHILD 0x5e1f0002u
#define PID_INIT 1u

enum { FD_RW = 40, FD_RO, FD_WO, FD_DIR, FD_PIPE, FD_SEALED, FD_PATH, FD_ZERO, FD_PID, FD_NONE };

struct axis {
	const uint32_t *v;
	unsigned n;
};

struct family {
	const char *name;
	int nr;
	struct axis arg[6];
	bool (*skip)(const uint32_t *a);
	bool nobody; /* without privilege, RLIMIT_MEMLOCK 8 pages */
};

#define AXIS(...) \
	{ \
		(const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4 \
	}

#define ADDRS \
	AXIS(0, 1, 0x1000, 0xf000, 0x10000, AT(0), AT(0) + 1, AT(0) + 0xfff, AT(1), AT(3), AT(4), \
	     AT(6), AT(8), AT(10), AT(12), AT(14), AT(16), AT(18), AT(20), AT(24), AT(62), AT(64), \
	     0x80000000, USER_END, USER_END + 4096, 0xfffff000, 0xffffffff)
#define FEW_ADDRS \
	AXIS(0, 0x1000, AT(0), AT(1) + 1, AT(4), AT(6), AT(8), AT(12), AT(14), AT(16), AT(18), \
	     AT(20), AT(62), USER_END, 0xfffff000)
#define LENS \
	AXIS(0, 1, 0xfff, 0x1000, 0x1001, 0x2000, 0x4000, 0x6000, 0x7000, 0x8000, 0x16000, \
	     0x40000, 0x41000, 0x7fffffff, 0x80000000, USER_END - BASE, USER_END - BASE + 0x1000, \
	     USER_END, 0xdffff000, 0xe0000000, 0xfffff000, 0xfffff001, 0xffffffff)
#define FEW_LENS AXIS(0, 1, 0x1000, 0x2001, 0x5000, 0x7000, USER_END, 0xfffff000, 0xffffffff)
#define BITS(...) AXIS(0, __VA_ARGS__)

/* Would [addr, addr+len) reach what the test itself lives in? */
static bool harms(uint32_t addr, uint32_t len)
{
	uint64_t end = (uint64_t)(addr & ~4095u) + len + 4095;

	if (!len || end - 4095 > 0x100000000ull)
		return false;
	return !(addr >= BASE && end <= AT(PAGES) + 4095) && !(end - 4095 <= 0x20000);
}
static bool harmful_range(const uint32_t *a)
{
	return harms(a[0], a[1]);
}
static bool harmful_mmap(const uint32_t *a)
{
	/* Linux takes a fixed address in the last page for an error number. */
	return ((a[3] & MAP_FIXED) && harms(a[0], a[1])) || (a[1] > 0x40000 && a[1] < USER_END) ||
	       ((a[3] & (MAP_FIXED | 0x100000)) && a[0] > 0xfffff000);
}
static bool harmful_mremap(const uint32_t *a)
{
	return (a[1] && a[1] > a[2] && harms(a[0], a[1])) || ((a[3] & 2) && harms(a[4], a[2])) ||
	       (a[2] > 0x40000 && a[2] < USER_END);
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define IOV(n) (AUX + 0x100 + (n)*0x40)

static const struct family groups[] = {
	{"mmap2 of a range",
	 __NR_mmap2,
	 {ADDRS, LENS, AXIS(RW),
	  AXIS(ANON, ANON | MAP_FIXED, MAP_SHARED | MAP_ANONYMOUS, ANON | 0x100000,
	       ANON | MAP_GROWSDOWN | MAP_FIXED),
	  AXIS(-1), AXIS(0)},
	 harmful_mmap},
	{"mmap2 flags",
	 __NR_mmap2,
	 {AXIS(AT(24)), AXIS(0x2000), AXIS(PROT_NONE, PROT_READ, RW, PROT_EXEC, 7, 0x18),
	  AXIS(0, 1, 2, 3, 4, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32,
	       0x33, 0x122, 0x102, 0x103, 0x121, 0x802, 0x1002, 0x2002, 0x2003, 0x2022, 0x4002,
	       0x4003, 0x8002, 0x8022, 0x10002, 0x10022, 0x18022, 0x20002, 0x20022, 0x20122,
	       0x20121, 0x80002, 0x80003, 0x80001, 0x100002, 0x100012, 0x100003, 0x200003, 0x200002,
	       0x4000022, 0x4000003, 0x80000002, 0x80000003, 0x42),
	  AXIS(-1, FD_RW, FD_RO, FD_WO, FD_DIR, FD_PIPE, FD_SEALED, FD_PATH, FD_ZERO, FD_NONE),
	  AXIS(0)}},
	{"mmap2 offsets",
	 __NR_mmap2,
	 {AXIS(AT(24), AT(24) + 1), AXIS(0, 0x1000, 0x2000, 0x40000, 0xfffff000),
	  AXIS(PROT_READ, RW), AXIS(1, 2, 0x12, ANON, 0x21), AXIS(-1, FD_RW, FD_RO),
	  AXIS(0, 1, 15, 16, 0x7ffff, 0x80000, 0xfffff, 0x7fffffff, 0xfffffff0, 0xfffffffe,
	       0xffffffff)}},
	{"mmap2 without privilege",
	 __NR_mmap2,
	 {AXIS(0, 0x1000, 0xf000, 0x10000, AT(24)), AXIS(0x1000, 0x9000), AXIS(RW),
	  AXIS(ANON, ANON | MAP_FIXED, ANON | MAP_LOCKED, 0x100022), AXIS(-1), AXIS(0)},
	 harmful_mmap,
	 true},
	{"munmap", __NR_munmap, {ADDRS, LENS}, harmful_range},
	{"mprotect of a range", __NR_mprotect, {ADDRS, LENS, AXIS(PROT_READ, RW)}},
	{"mprotect flags",
	 __NR_mprotect,
	 {FEW_ADDRS, FEW_LENS,
	  AXIS(0, 2, 4, 7, 8, 0xb, 0x10, 0x20, 0x100, 0x1000001, 0x1000003, 0x2000001, 0x2000003,
	       0x3000001, 0x80000000)}},
	{"mremap in place",
	 __NR_mremap,
	 {ADDRS, AXIS(0, 1, 0x1000, 0x2000, 0x4000, 0x5000, 0x8000, USER_END, 0xfffff001),
	  AXIS(0, 1, 0x1000, 0x3000, 0x5000, USER_END, 0xfffff001), AXIS(0, 1, 2, 8, 16), AXIS(0)},
	 harmful_mremap},
	{"mremap elsewhere",
	 __NR_mremap,
	 {FEW_ADDRS, AXIS(0, 0x1000, 0x2000, 0x5000, USER_END),
	  AXIS(0x1000, 0x2000, 0x5000, USER_END), AXIS(3, 4, 5, 7),
	  AXIS(0, 0x1000, AT(0), AT(24), AT(24) + 1, USER_END - 0x1000, USER_END)},
	 harmful_mremap},
	{"mremap without privilege",
	 __NR_mremap,
	 {AXIS(AT(0), AT(20)), AXIS(0x1000, 0x2000), AXIS(0x2000, 0x9000), AXIS(0, 1, 3, 5),
	  AXIS(AT(32))},
	 harmful_mremap,
	 true},
	{"madvise of a range",
	 __NR_madvise,
	 {ADDRS, LENS, AXIS(MADV_NORMAL, MADV_DONTNEED)},
	 harmful_range},
	{"madvise advice",
	 __NR_madvise,
	 {FEW_ADDRS, AXIS(0, 1, 0x1000, 0x2000, 0x5000, 0xfffff000),
	  AXIS(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26,
	       27, 99, 102, 103, -1)},
	 harmful_range},
	{"madvise without privilege",
	 __NR_madvise,
	 {AXIS(AT(0), AT(6), AT(8), AT(12), AT(14)), AXIS(0x1000), AXIS(20, 21, 100, 101)},
	 harmful_range,
	 true},
	{"mincore",
	 __NR_mincore,
	 {ADDRS, FEW_LENS,
	  AXIS(0, AUX, AUX + 0xfff, AUX + 0x1000, AUX + 0x2000, USER_END - 1, USER_END,
	       0xffffffff)}},
	{"mlock", __NR_mlock, {ADDRS, LENS}},
	{"mlock2", __NR_mlock2, {FEW_ADDRS, FEW_LENS, AXIS(0, 1, 2, 3, -1)}},
	{"munlock", __NR_munlock, {ADDRS, LENS}},
	{"mlock without privilege", __NR_mlock, {ADDRS, LENS}, NULL, true},
	{"mlock2 without privilege", __NR_mlock2, {FEW_ADDRS, FEW_LENS, AXIS(0, 1, 2)}, NULL, true},
	{"mlockall without privilege",
	 __NR_mlockall,
	 {AXIS(0, 1, 2, 3, 4, 5, 6, 7, 8, -1)},
	 NULL,
	 true},
	{"mlockall", __NR_mlockall, {AXIS(0, 4, 8, 2, 1, 3, 5, 6, 7, 15, -1)}},
	{"munlockall", __NR_munlockall, {AXIS(0)}},
	{"msync", __NR_msync, {ADDRS, FEW_LENS, AXIS(0, 1, 2, 3, 4, 5, 6, 7, 8, -1)}},
	{"remap_file_pages",
	 __NR_remap_file_pages,
	 {AXIS(0, AT(0), AT(6), AT(8), AT(8) + 1, AT(9), AT(11), AT(12), AT(14), AT(18), USER_END,
	       0xfffff000),
	  AXIS(0, 1, 0x1000, 0x2000, 0x5000, 0xfffff000), AXIS(0, 1),
	  AXIS(0, 1, 15, 16, 0xfffff, 0x7fffffff, 0xffffffff), AXIS(0, 1, 0x10000)}},
	{"memfd_create",
	 __NR_memfd_create,
	 {AXIS(0, AUX + 0x10, AUX + 0x800, AUX + 0x2000, USER_END, 0xffffffff),
	  AXIS(0, 1, 2, 3, 8, 0x10, 0x54000000, -1)}},
	{"process_vm_readv",
	 __NR_process_vm_readv,
	 {AXIS(PID_SELF),
	  AXIS(0, IOV(0), IOV(1), IOV(2), IOV(3), IOV(4), IOV(5), IOV(6), AUX + 0x1ffc, USER_END),
	  AXIS(0, 1, 2, 1024, 1025, -1),
	  AXIS(0, IOV(0), IOV(1), IOV(2), IOV(3), IOV(4), IOV(5), IOV(6), AUX + 0x1ffc, USER_END),
	  AXIS(0, 1, 2, 1024, 1025), AXIS(0, 1)}},
	{"process_vm_writev",
	 __NR_process_vm_writev,
	 {AXIS(PID_SELF, PID_CHILD, 0, -1, 0x7fffffff), AXIS(0, IOV(0), IOV(2), IOV(4), IOV(6)),
	  AXIS(0, 1, 2), AXIS(IOV(0), IOV(1), IOV(2), IOV(3), IOV(4), IOV(5), IOV(6)),
	  AXIS(0, 1, 2), AXIS(0)}},
	{"process_vm_readv without privilege",
	 __NR_process_vm_readv,
	 {AXIS(PID_SELF, PID_CHILD, PID_INIT), AXIS(0, IOV(0), IOV(4)), AXIS(0, 1, 2),
	  AXIS(0, IOV(0), IOV(4)), AXIS(0, 1, 2), AXIS(0, 1)},
	 NULL,
	 true},
	{"process_madvise",
	 __NR_process_madvise,
	 {AXIS(-1, FD_RW, FD_PID, FD_NONE),
	  AXIS(0, IOV(0), IOV(1), IOV(2), IOV(3), IOV(5), IOV(6), USER_END), AXIS(0, 1, 2, 1025),
	  AXIS(0, 3, 4, 12, 20, 21, 26, 99), AXIS(0, 1)}},
	{"process_mrelease", __NR_process_mrelease, {AXIS(-1, FD_RW, FD_PID, FD_NONE), AXIS(0, 1)}},
	{"membarrier",
	 __NR_membarrier,
	 {AXIS(1, 2, 8, 32, 3, 512, 1024, -1, 4, 16, 2, 8, 64, 32), AXIS(0, 1, 2), AXIS(0, 1, -1)}},
	{"pkey_alloc", __NR_pkey_alloc, {AXIS(0, 1, -1), AXIS(0, 1, 2, 3, 4, -1)}},
	{"pkey_free", __NR_pkey_free, {AXIS(0, 1, 15, 16, -1)}},
	{"pkey_mprotect",
	 __NR_pkey_mprotect,
	 {AXIS(AT(0), AT(0) + 1, AT(6), AT(14), AT(62), USER_END),
	  AXIS(0, 1, 0x1000, 0x5000, 0xfffff000), AXIS(0, 1, 3, 0x10, 0x1000001),
	  AXIS(-1, 0, 1, 15, 16, -2)}},
};

/* -- the place ------------------------------------------------------------------------------- */

static void map(unsigned page, unsigned pages, int prot, int flags, int fd, unsigned offset)
{
	t_must(mmap((void *)AT(page), pages * T_PAGE, prot, flags | MAP_FIXED, fd,
		    offset * T_PAGE) != MAP_FAILED);
}

static void reset(void)
{
	t_must(munmap((void *)BASE, PAGES * T_PAGE) == 0);
	map(0, 4, RW, ANON, -1, 0);
	map(4, 2, PROT_READ, ANON, -1, 0);
	map(8, 4, RW, MAP_SHARED, FD_RW, 0);
	map(12, 2, RW, MAP_PRIVATE, FD_RW, 4);
	map(14, 2, PROT_READ, MAP_SHARED, FD_RO, 6);
	map(16, 2, PROT_NONE, ANON, -1, 0);
	map(18, 2, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	map(20, 2, RW, ANON, -1, 0);
	t_must(mlock((void *)AT(20), 2 * T_PAGE) == 0);
	map(62, 2, RW, ANON | MAP_GROWSDOWN, -1, 0);
}

static void move_fd(int fd, int to)
{
	t_must(fd >= 0 && dup2(fd, to) == to);
	close(fd);
}

static void set_up_files(void)
{
	int pipes[2];

	move_fd(t_file("file", "", 0), FD_RW);
	t_must(ftruncate(FD_RW, 16 * T_PAGE) == 0 && chmod("file", 0644) == 0);
	move_fd(open("file", O_RDONLY), FD_RO);
	move_fd(open("file", O_WRONLY), FD_WO);
	move_fd(open(".", O_RDONLY), FD_DIR);
	t_must(pipe(pipes) == 0);
	move_fd(pipes[0], FD_PIPE);
	close(pipes[1]);
	move_fd(syscall(__NR_memfd_create, "sealed", 2), FD_SEALED);
	t_must(ftruncate(FD_SEALED, 16 * T_PAGE) == 0 && fcntl(FD_SEALED, F_ADD_SEALS, 8) == 0);
	move_fd(open("file", O_PATH), FD_PATH);
	move_fd(open("/dev/zero", O_RDWR), FD_ZERO);
}

/* What the pointers in the tables point to. */
static void set_up_aux(void)
{
	static const struct iovec iov[][2] = {
		{{(void *)AT(0), 0x1000}, {(void *)AT(1), 0x1000}},
		{{(void *)AT(3), 0x3000}, {(void *)AT(0), 0}},
		{{(void *)AT(6), 0x1000}, {(void *)AT(0), 0x1000}},
		{{(void *)AT(5), 0x2000}, {(void *)AT(0), 0x1000}},
		{{NULL, 0}, {(void *)AT(8), 10}},
		{{(void *)AT(0), 0x80000000}, {(void *)AT(0), 0x1000}},
		{{(void *)USER_END, 0x1000}, {(void *)AT(0), 0x7fffffff}},
	};

	t_must(mmap((void *)AUX, 2 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0) == (void *)AUX);
	strcpy((char *)AUX + 0x10, "name");
	memset((char *)AUX + 0x800, 'x', 255);
	for (unsigned i = 0; i < T_COUNT(iov); i++)
		memcpy((void *)IOV(i), iov[i], sizeof(iov[i]));
	t_must(mprotect((void *)AUX + T_PAGE, T_PAGE, PROT_READ) == 0);
}

/* -- cases ----------------------------------------------------------------------------------- */

static pid_t peer;

static long call(const struct family *g, const uint32_t *a)
{
	uint32_t b[6];
	long result;

	for (unsigned i = 0; i < 6; i++)
		b[i] = a[i] == PID_SELF    ? (uint32_t)getpid()
		       : a[i] == PID_CHILD ? (uint32_t)peer
					   : a[i];
	/* mlockall must not be undone for the test's own sake only, nor change the next case. */
	result = syscall(g->nr, b[0], b[1], b[2], b[3], b[4], b[5]);
	return result == -1 ? -errno : result;
}

static bool gives_address(int nr)
{
	return nr == __NR_mmap2 || nr == __NR_mremap;
}

/* One number for what came: an address only as whether it is what was asked for. */
static int32_t outcome(const struct family *g, const uint32_t *a)
{
	long result = call(g, a);
	bool failed = (unsigned long)result > -4096ul;

	if (failed)
		return result;
	if (gives_address(g->nr)) {
		uint32_t len = g->nr == __NR_mremap ? a[2] : a[1];
		uint32_t want = g->nr == __NR_mremap && (a[3] & 2) ? a[4] : a[0];

		if ((uint32_t)result < BASE || (uint32_t)result >= AT(PAGES))
			t_must(munmap((void *)result, len) == 0);
		return (uint32_t)result == want ? 1 : 2;
	}
	if (g->nr == __NR_memfd_create) {
		close(result);
		return 1;
	}
	if (g->nr == __NR_mlockall)
		t_must(syscall(__NR_munlockall) == 0);
	return result;
}

/* The arguments of the case numbered @index; false behind the last. */
static bool arguments(const struct family *g, unsigned index, uint32_t *a)
{
	for (int i = 5; i >= 0; i--) {
		unsigned n = g->arg[i].n;

		a[i] = n ? g->arg[i].v[index % n] : 0;
		index = n ? index / n : index;
	}
	return index == 0;
}

#define MAX_CASES 40000u
#define SKIPPED 0x7fffffff

static int32_t *results; /* shared with the children that run the groups */
static unsigned *done;

static void drop_privilege(void)
{
	struct rlimit limit = {8 * T_PAGE, 8 * T_PAGE};

	t_must(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	t_must(syscall(SYS_setgroups32, 0, NULL) == 0 && setgid(NOBODY) == 0 &&
	       setuid(NOBODY) == 0);
}

static void run_group(const struct family *g)
{
	uint32_t a[6];

	alarm(0);
	signal(SIGPIPE, SIG_IGN);
	if (g->nobody)
		drop_privilege();
	for (*done = 0; arguments(g, *done, a); ++*done) {
		t_must(*done < MAX_CASES);
		reset();
		results[*done] = g->skip && g->skip(a) ? SKIPPED : outcome(g, a);
	}
	_exit(0);
}

/* -- the expected results: run lengths of short names ----------------------------------------- */

static const char *result_name(int32_t result)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EPERM, "P"},  {ENOENT, "T"}, {ESRCH, "H"},  {EBADF, "D"},     {EAGAIN, "G"},
		{ENOMEM, "M"}, {EACCES, "A"}, {EFAULT, "F"}, {EBUSY, "B"},     {EEXIST, "X"},
		{ENODEV, "V"}, {EINVAL, "I"}, {ENOSPC, "C"}, {EOVERFLOW, "O"}, {EOPNOTSUPP, "N"},
		{ENOSYS, "S"}, {EIO, "E"},
	};
	static char other[16];

	if (result == 0)
		return ".";
	if (result == SKIPPED)
		return "_";
	for (unsigned i = 0; i < T_COUNT(names); i++)
		if (result == -names[i].error)
			return names[i].name;
	snprintf(other, sizeof(other), "(%d)", result);
	return other;
}

static const char *expected_of(const char *group)
{
	for (unsigned i = 0; i < T_COUNT(golden); i++)
		if (strcmp(golden[i].family, group) == 0)
			return golden[i].results;
	return "";
}

/* Takes the next result off *@s into @name, @left times; empty at the end. */
static void next_expected(const char **s, unsigned *left, char *name)
{
	char *end;

	if (*left) {
		--*left;
		return;
	}
	name[0] = '\0';
	*left = strtoul(*s, &end, 10);
	*s = end;
	if (!**s)
		return;
	if (*left)
		--*left;
	end = **s == '(' ? strchr(*s, ')') + 1 : (char *)*s + 1;
	memcpy(name, *s, end - *s);
	name[end - *s] = '\0';
	*s = end;
}

#define SHOWN 40

static void compare_group(const struct family *g)
{
	const char *s = expected_of(g->name);
	char want[16] = "";
	unsigned left = 0, wrong = 0;
	uint32_t a[6];

	for (unsigned i = 0; i < *done; i++) {
		const char *got = result_name(results[i]);

		next_expected(&s, &left, want);
		if (strcmp(got, want) == 0)
			continue;
		arguments(g, i, a);
		if (wrong++ < SHOWN)
			t_note("%s(%#x, %#x, %#x, %#x, %#x, %#x) is %s, not %s", g->name, a[0],
			       a[1], a[2], a[3], a[4], a[5], got, want);
	}
	eq(wrong, 0, "%s: %u cases as on Linux", g->name, *done);
}

static void print_group(const struct family *g)
{
	unsigned column = 0;

	printf("\t{\"%s\",\n\t \"", g->name);
	for (unsigned i = 0, n; i < *done; i += n) {
		char text[32];

		for (n = 1; i + n < *done && results[i + n] == results[i]; n++)
			;
		snprintf(text, sizeof(text), n > 1 ? "%u%s" : "%.0u%s", n > 1 ? n : 0,
			 result_name(results[i]));
		if (column + strlen(text) > 90) {
			printf("\"\n\t \"");
			column = 0;
		}
		column += printf("%s", text);
	}
	printf("\"},\n");
}

static void stay(void)
{
	pause();
	_exit(0);
}

int main(int argc, char **argv)
{
	bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
	const char *only = argc > 1 && !print ? argv[1] : "";

	t_tmpdir();
	results = mmap(NULL, (MAX_CASES + 1) * 4, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t_must(results != MAP_FAILED);
	done = (unsigned *)results + MAX_CASES;
	set_up_files();
	set_up_aux();
	reset();
	peer = fork();
	if (peer == 0)
		stay();
	move_fd(syscall(__NR_pidfd_open, peer, 0), FD_PID);
	for (unsigned i = 0; i < T_COUNT(groups); i++) {
		const struct family *g = &groups[i];
		int status;
		pid_t pid;

		if (strncmp(g->name, only, strlen(only)) != 0)
			continue;
		t_watchdog();
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			run_group(g);
		status = t_wait(pid);
		if (status != 0) {
			uint32_t a[6];

			arguments(g, *done, a);
			ok(false, "%s(%#x, %#x, %#x, %#x, %#x, %#x): %s", g->name, a[0], a[1], a[2],
			   a[3], a[4], a[5], t_status(status));
		} else if (print) {
			print_group(g);
		} else {
			compare_group(g);
		}
	}
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	return t_done();
}
