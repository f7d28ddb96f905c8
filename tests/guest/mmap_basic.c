/*
 * mmap_basic - mmap(2), munmap(2), mprotect(2), brk(2): what is mapped, with what content, under
 * which permissions, and how /proc/self/maps shows it (proc(5)).
 *
 * Above all: munmap of the middle keeps the file offsets of the rest, mprotect keeps every byte,
 * and a failing call leaves the address space as it was.
 */
#include "t.h"
#include <sys/resource.h>

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGES 8

static int file; /* PAGES pages; page n is filled with 'a' + n */

static void make_file(void)
{
	char page[T_PAGE];

	t_tmpdir();
	file = t_file("pages", NULL, 0);
	for (int i = 0; i < PAGES; i++) {
		memset(page, 'a' + i, sizeof(page));
		t_must(write(file, page, sizeof(page)) == sizeof(page));
	}
}

static bool all(const char *p, size_t n, char c)
{
	while (n--)
		if (*p++ != c)
			return false;
	return true;
}

/* -- anonymous memory ------------------------------------------------------------------------ */

static void check_anon(void)
{
	char *p = mmap(NULL, 4 * T_PAGE, RW, ANON, -1, 0), *q;

	ok(p != MAP_FAILED, "anonymous memory can be mapped");
	eq((unsigned long)p % T_PAGE, 0, "the address is page-aligned");
	ok(all(p, 4 * T_PAGE, 0), "it reads as zeros");
	memset(p, 'x', 4 * T_PAGE);
	eq(munmap(p + T_PAGE, T_PAGE), 0, "a page in the middle is unmapped");
	faulted(t_read(p + T_PAGE), SIGSEGV, SEGV_MAPERR, p + T_PAGE, "it is gone: SEGV_MAPERR");
	ok(all(p, T_PAGE, 'x') && all(p + 2 * T_PAGE, 2 * T_PAGE, 'x'),
	   "its neighbours keep their bytes");
	q = mmap(p + T_PAGE, T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p + T_PAGE, "MAP_FIXED fills the hole");
	ok(all(q, T_PAGE, 0), "with zeros");
	eq(t_maps_in(p, 4 * T_PAGE, NULL, 0), 1, "and the three parts merge into one area");
	eq(munmap(p, 4 * T_PAGE), 0, "all is unmapped at once");
	ok(!t_mapped(p) && !t_mapped(p + 3 * T_PAGE), "and no area is left");
	eq(munmap(p, 4 * T_PAGE), 0, "munmap of nothing is no error");
	p = mmap(NULL, 100, RW, ANON, -1, 0);
	p[T_PAGE - 1] = 1;
	ok(true, "a length is rounded up to a page");
	eq(munmap(p, 1), 0, "and so is that of munmap");
	ok(!t_mapped(p), "which takes the whole page");
}

static void check_fixed(void)
{
	char *p = t_pages(4), *q, *before;

	memset(p, 'x', 4 * T_PAGE);
	q = mmap(p + T_PAGE, T_PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	ok(q == p + T_PAGE && all(q, T_PAGE, 0), "MAP_FIXED replaces a mapped page with zeros");
	ok(p[T_PAGE - 1] == 'x' && p[2 * T_PAGE] == 'x', "and leaves its neighbours");
	faulted(t_write(q), SIGSEGV, SEGV_ACCERR, q, "the new page has its own permissions");
	fails_p(mmap(p, T_PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
		"MAP_FIXED_NOREPLACE on a mapped page is EEXIST");
	eq(p[0], 'x', "and leaves it");
	munmap(p + 3 * T_PAGE, T_PAGE);
	fails_p(mmap(p + 2 * T_PAGE, 2 * T_PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
		"MAP_FIXED_NOREPLACE of a half-mapped range is EEXIST");
	ok(mmap(p + 3 * T_PAGE, T_PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + 3 * T_PAGE,
	   "MAP_FIXED_NOREPLACE of a free page takes it");
	munmap(p, 4 * T_PAGE);
	ok(mmap(p, T_PAGE, RW, ANON, -1, 0) == p, "a hint that is free is taken");
	before = mmap(p, T_PAGE, RW, ANON, -1, 0);
	ok(before != MAP_FAILED && before != p, "a hint that is taken gives another place");
	ok(mmap(p + 2 * T_PAGE + 7, T_PAGE, RW, ANON, -1, 0) == p + 2 * T_PAGE ||
		   t_mapped(p + 3 * T_PAGE),
	   "a hint is rounded to a page");
	munmap(p, 4 * T_PAGE);
	munmap(before, T_PAGE);
	q = mmap((void *)T_KERNEL, T_PAGE, RW, ANON, -1, 0);
	ok(q != MAP_FAILED && (unsigned long)q < T_KERNEL, "a hint in the kernel is ignored");
	munmap(q, T_PAGE);
}

/* -- errors ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned long addr, len;
	int prot, flags, fd; /* fd: -1 none, -2 closed, 0 file, 1 read-only, 2 write-only, 3 dir */
	unsigned long long offset;
	int err;
} mmap_errors[] = {
	{"length 0", 0, 0, RW, ANON, -1, 0, EINVAL},
	{"neither MAP_PRIVATE nor MAP_SHARED", 0, T_PAGE, RW, MAP_ANONYMOUS, -1, 0, EINVAL},
	{"MAP_FIXED at an odd address", 0x20000001, T_PAGE, RW, ANON | MAP_FIXED, -1, 0, EINVAL},
	{"MAP_FIXED in the kernel", 0xC0100000, T_PAGE, RW, ANON | MAP_FIXED, -1, 0, ENOMEM},
	{"MAP_FIXED at the last page of 4 GB", 0xFFFFF000, T_PAGE, RW, ANON | MAP_FIXED, -1, 0,
	 ENOMEM},
	{"MAP_FIXED across 4 GB", 0xFFFFF000, 2 * T_PAGE, RW, ANON | MAP_FIXED, -1, 0, ENOMEM},
	{"4 GB less a byte", 0, 0xFFFFFFFF, RW, ANON, -1, 0, ENOMEM},
	{"more than the user space", 0, 0xF0000000, RW, ANON, -1, 0, ENOMEM},
	{"a closed descriptor", 0, T_PAGE, RW, MAP_PRIVATE, -2, 0, EBADF},
	{"descriptor -1", 0, T_PAGE, RW, MAP_PRIVATE, -1, 0, EBADF},
	{"a directory", 0, T_PAGE, PROT_READ, MAP_PRIVATE, 3, 0, ENODEV},
	{"shared writable of a read-only descriptor", 0, T_PAGE, RW, MAP_SHARED, 1, 0, EACCES},
	{"shared readable of a write-only descriptor", 0, T_PAGE, PROT_READ, MAP_SHARED, 2, 0,
	 EACCES},
	{"private readable of a write-only descriptor", 0, T_PAGE, PROT_READ, MAP_PRIVATE, 2, 0,
	 EACCES},
	{"MAP_SHARED_VALIDATE with an unknown flag", 0, T_PAGE, RW, MAP_SHARED_VALIDATE | 0x400000,
	 0, 0, EOPNOTSUPP},
	{"MAP_GROWSDOWN of a shared file", 0, T_PAGE, RW, MAP_SHARED | MAP_GROWSDOWN, 0, 0, EINVAL},
	{"an offset and length beyond the page numbers", 0, 2 * T_PAGE, RW, MAP_PRIVATE, 0,
	 0xFFFFFFFFull << 12, EOVERFLOW},
};

static void check_mmap_errors(void)
{
	int fds[4];

	fds[0] = file;
	fds[1] = open("pages", O_RDONLY);
	fds[2] = open("pages", O_WRONLY);
	fds[3] = open(".", O_RDONLY);
	for (unsigned i = 0; i < T_COUNT(mmap_errors); i++) {
		int fd = mmap_errors[i].fd;

		fd = fd == -2 ? 900 : fd < 0 ? -1 : fds[fd];
		fails(syscall(SYS_mmap2, mmap_errors[i].addr, mmap_errors[i].len,
			      mmap_errors[i].prot, mmap_errors[i].flags, fd,
			      (unsigned long)(mmap_errors[i].offset >> 12)),
		      mmap_errors[i].err, "mmap of %s is %s", mmap_errors[i].name,
		      strerror(mmap_errors[i].err));
	}
	close(fds[1]);
	close(fds[2]);
	close(fds[3]);
}

static void check_other_errors(void)
{
	char *p = t_pages(4);
	unsigned long args[6] = {0, T_PAGE, RW, MAP_PRIVATE, file, 1};
	int ro = open("pages", O_RDONLY);
	char *shared;

	fails(munmap(p + 1, T_PAGE), EINVAL, "munmap of an odd address is EINVAL");
	fails(munmap(p, 0), EINVAL, "munmap of length 0 is EINVAL");
	fails(munmap((void *)T_KERNEL, T_PAGE), EINVAL, "munmap in the kernel is EINVAL");
	fails(munmap(p, 0xFFFFFFFF), EINVAL, "munmap that wraps is EINVAL");
	fails(munmap((void *)T_TOP, 2 * T_PAGE), EINVAL, "munmap across 4 GB is EINVAL");
	fails(syscall(SYS_mprotect, p + 1, T_PAGE, PROT_READ), EINVAL,
	      "mprotect of an odd address is EINVAL");
	eq(mprotect(p, 0, PROT_NONE), 0, "mprotect of length 0 does nothing");
	p[0] = 1;
	fails(mprotect((void *)T_KERNEL, T_PAGE, PROT_READ), ENOMEM,
	      "mprotect in the kernel is ENOMEM");
	fails(mprotect(p, T_PAGE, 0x100), EINVAL, "mprotect with unknown bits is EINVAL");
	munmap(p + 2 * T_PAGE, T_PAGE);
	fails(mprotect(p, 4 * T_PAGE, PROT_READ), ENOMEM, "mprotect over a hole is ENOMEM");
	shared = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, ro, 0);
	ok(shared != MAP_FAILED, "a read-only descriptor can be mapped shared and readable");
	fails(mprotect(shared, T_PAGE, RW), EACCES, "but mprotect cannot make that writable");
	fails(syscall(SYS_mmap, args), EINVAL, "the old mmap with an odd offset is EINVAL");
	args[5] = T_PAGE;
	shared = (char *)syscall(SYS_mmap, args);
	ok(shared != MAP_FAILED && shared[0] == 'b', "the old mmap takes its offset in bytes");
	fails(syscall(SYS_mmap, T_KERNEL), EFAULT, "the old mmap of a bad pointer is EFAULT");
	close(ro);
	munmap(p, 4 * T_PAGE);
}

/* -- files ----------------------------------------------------------------------------------- */

static bool page_is(const char *p, int n)
{
	return all(p, T_PAGE, 'a' + n);
}

static void check_file_private(void)
{
	char *p = mmap(NULL, PAGES * T_PAGE, RW, MAP_PRIVATE, file, 0), c;

	ok(p != MAP_FAILED, "a file can be mapped private");
	ok(page_is(p, 0) && page_is(p + 7 * T_PAGE, 7), "each page shows its part of the file");
	p[0] = 'Z';
	pread(file, &c, 1, 0);
	eq(c, 'a', "a private write does not reach the file");
	eq(p[1], 'a', "the rest of the page was copied");
	pwrite(file, "Y", 1, 2 * T_PAGE);
	eq(p[2 * T_PAGE], 'Y', "a write to the file shows in a private page not yet copied");
	pwrite(file, "Y", 1, 1);
	eq(p[1], 'a', "and not in one that is");
	pwrite(file, "a", 1, 1);
	pwrite(file, "c", 1, 2 * T_PAGE);
	munmap(p, PAGES * T_PAGE);
}

static void check_file_shared(void)
{
	char *p = mmap(NULL, 2 * T_PAGE, RW, MAP_SHARED, file, 3 * T_PAGE);
	char *q = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, file, 4 * T_PAGE), c;

	ok(p != MAP_FAILED && q != MAP_FAILED, "a file can be mapped shared, twice, at an offset");
	ok(page_is(p, 3) && page_is(p + T_PAGE, 4), "the offset chooses the pages");
	p[T_PAGE + 5] = 'Z';
	eq(q[5], 'Z', "a shared write shows in the other mapping");
	pread(file, &c, 1, 4 * T_PAGE + 5);
	eq(c, 'Z', "and in read(2)");
	pwrite(file, "e", 1, 4 * T_PAGE + 5);
	eq(p[T_PAGE + 5], 'e', "and write(2) shows in the mapping");
	eq(msync(p, 2 * T_PAGE, MS_SYNC), 0, "msync MS_SYNC works");
	fails(msync(p + 1, T_PAGE, MS_SYNC), EINVAL, "msync of an odd address is EINVAL");
	fails(msync(p, T_PAGE, MS_SYNC | MS_ASYNC), EINVAL, "msync MS_SYNC|MS_ASYNC is EINVAL");
	munmap(p, 2 * T_PAGE);
	fails(msync(p, T_PAGE, MS_SYNC), ENOMEM, "msync of an unmapped page is ENOMEM");
	munmap(q, T_PAGE);
}

static void check_hole_keeps_offsets(void)
{
	char *p = mmap(NULL, PAGES * T_PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	struct t_map map;

	eq(munmap(p + 2 * T_PAGE, 3 * T_PAGE), 0, "pages 2 to 4 of a file mapping are unmapped");
	ok(page_is(p, 0) && page_is(p + T_PAGE, 1), "the pages in front still show 0 and 1");
	ok(page_is(p + 5 * T_PAGE, 5) && page_is(p + 7 * T_PAGE, 7),
	   "the pages behind still show 5 to 7");
	ok(t_map_at(p, &map) && map.offset == 0 && map.end == (unsigned long)p + 2 * T_PAGE,
	   "maps shows the front with offset 0");
	ok(t_map_at(p + 5 * T_PAGE, &map) && map.offset == 5 * T_PAGE &&
		   map.start == (unsigned long)p + 5 * T_PAGE,
	   "and the back with its offset 0x5000");
	eq(munmap(p, T_PAGE), 0, "the first page is unmapped");
	ok(t_map_at(p + T_PAGE, &map) && map.offset == T_PAGE,
	   "the offset moved up with the start");
	ok(page_is(p + T_PAGE, 1), "and page 1 is still page 1");
	eq(munmap(p + 7 * T_PAGE, T_PAGE), 0, "the last page is unmapped");
	ok(page_is(p + 6 * T_PAGE, 6), "and page 6 is still page 6");
	munmap(p, PAGES * T_PAGE);
}

static void check_file_closed(void)
{
	int fd = t_file("gone", "abc", 3);
	char *p = mmap(NULL, T_PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	struct t_map map;

	close(fd);
	unlink("gone");
	ok(memcmp(p, "abc", 4) == 0,
	   "a mapping outlives close and unlink, zero-filled behind the end");
	ok(t_map_at(p, &map) && strstr(map.name, "/gone (deleted)"),
	   "maps names it with (deleted)");
	munmap(p, T_PAGE);
}

/* -- protection ------------------------------------------------------------------------------ */

static void check_mprotect(void)
{
	char *base = t_pages(8), *p = base + T_PAGE, prots[80];

	munmap(base, T_PAGE);
	munmap(base + 7 * T_PAGE, T_PAGE);
	for (int i = 0; i < 6; i++)
		memset(p + i * T_PAGE, 'a' + i, T_PAGE);
	eq(mprotect(p + 2 * T_PAGE, 2 * T_PAGE, PROT_READ), 0,
	   "two pages in the middle turn read-only");
	t_maps_in(p, 6 * T_PAGE, prots, sizeof(prots));
	ok(strcmp(prots, "rw-p r--p rw-p") == 0, "maps shows three areas: %s", prots);
	faulted(t_write(p + 3 * T_PAGE), SIGSEGV, SEGV_ACCERR, p + 3 * T_PAGE,
		"writing one is SEGV_ACCERR");
	for (int i = 0; i < 6; i++)
		if (!page_is(p + i * T_PAGE, i))
			ok(false, "page %d lost its bytes", i);
	ok(page_is(p + 2 * T_PAGE, 2), "every byte is still there");
	eq(mprotect(p + 3 * T_PAGE, T_PAGE, PROT_NONE), 0, "one page turns PROT_NONE");
	t_maps_in(p, 6 * T_PAGE, prots, sizeof(prots));
	ok(strcmp(prots, "rw-p r--p ---p rw-p") == 0, "maps shows four areas: %s", prots);
	faulted(t_read(p + 3 * T_PAGE), SIGSEGV, SEGV_ACCERR, p + 3 * T_PAGE,
		"reading a PROT_NONE page is SEGV_ACCERR");
	eq(mprotect(p, 6 * T_PAGE, RW), 0, "all turn writable again");
	eq(t_maps_in(p, 6 * T_PAGE, NULL, 0), 1, "and merge into one area");
	for (int i = 0; i < 6; i++)
		ok(page_is(p + i * T_PAGE, i), "page %d kept its bytes through it all", i);
	eq(t_write(p + 3 * T_PAGE).sig, 0, "the page is writable");
	eq(mprotect(p, T_PAGE, PROT_READ | PROT_EXEC), 0, "a page turns r-x");
	t_maps_in(p, 6 * T_PAGE, prots, sizeof(prots));
	ok(strcmp(prots, "r-xp rw-p") == 0, "maps shows it: %s", prots);
	eq(mprotect(p, T_PAGE, PROT_WRITE), 0, "PROT_WRITE alone is taken");
	t_maps_in(p, T_PAGE, prots, sizeof(prots));
	ok(strcmp(prots, "-w-p") == 0, "maps shows it as -w-p");
	eq(t_read(p).sig, 0, "and on i386 it is readable too");
	munmap(base, 8 * T_PAGE);
}

static void check_exec(void)
{
	char *p = mmap(NULL, T_PAGE, RW | PROT_EXEC, ANON, -1, 0);
	int (*seven)(void) = (int (*)(void))p;
	struct t_fault f;

	memcpy(p, "\xb8\x07\x00\x00\x00\xc3", 6); /* movl $7, %eax; ret */
	eq(seven(), 7, "code in rwx memory runs");
	p[1] = 8;
	eq(seven(), 8, "and can be changed");
	mprotect(p, T_PAGE, PROT_READ | PROT_EXEC);
	eq(seven(), 8, "it runs from r-x memory");
	mprotect(p, T_PAGE, RW);
	f = t_call(p);
	ok(f.sig == 0 || (f.sig == SIGSEGV && f.code == SEGV_ACCERR && f.addr == (unsigned long)p),
	   "from rw- memory it is SEGV_ACCERR where the CPU has NX");
	munmap(p, T_PAGE);
}

static void check_prot_none(void)
{
	char *p = mmap(NULL, 16 * T_PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), prots[40];

	ok(p != MAP_FAILED, "PROT_NONE memory can be reserved");
	faulted(t_read(p), SIGSEGV, SEGV_ACCERR, p, "reading it is SEGV_ACCERR");
	eq(mprotect(p + 4 * T_PAGE, T_PAGE, RW), 0, "a page of it is opened");
	ok(all(p + 4 * T_PAGE, T_PAGE, 0), "and reads as zeros");
	t_maps_in(p, 16 * T_PAGE, prots, sizeof(prots));
	ok(strcmp(prots, "---p rw-p ---p") == 0, "maps shows the window: %s", prots);
	munmap(p, 16 * T_PAGE);
}

static void check_merge(void)
{
	char *p = t_pages(6), *q;

	munmap(p, 6 * T_PAGE);
	q = mmap(p + 2 * T_PAGE, T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	mmap(p + T_PAGE, T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	mmap(p + 3 * T_PAGE, T_PAGE, RW, ANON | MAP_FIXED, -1, 0);
	eq(t_maps_in(p + T_PAGE, 3 * T_PAGE, NULL, 0), 1,
	   "anonymous neighbours merge on both sides");
	munmap(p + T_PAGE, 3 * T_PAGE);
	q = mmap(p + T_PAGE, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, T_PAGE);
	mmap(p + 2 * T_PAGE, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 2 * T_PAGE);
	eq(t_maps_in(q, 2 * T_PAGE, NULL, 0), 1, "file neighbours with adjoining offsets merge");
	mmap(p + 3 * T_PAGE, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 5 * T_PAGE);
	eq(t_maps_in(q, 3 * T_PAGE, NULL, 0), 2, "with other offsets they do not");
	ok(page_is(p + T_PAGE, 1) && page_is(p + 2 * T_PAGE, 2) && page_is(p + 3 * T_PAGE, 5),
	   "each shows its own part");
	munmap(p, 6 * T_PAGE);
}

/* -- brk ------------------------------------------------------------------------------------- */

static unsigned long kernel_brk(unsigned long addr)
{
	return syscall(SYS_brk, addr);
}

static int brk_works(void *arg)
{
	unsigned long start = kernel_brk(0), base = (start + T_PAGE - 1) & ~(T_PAGE - 1);
	struct rlimit limit = {16 * T_PAGE, RLIM_INFINITY};
	struct t_map map;
	char *p = (char *)base;

	need(kernel_brk(1) == start);
	need(kernel_brk(base + 3 * T_PAGE + 5) == base + 3 * T_PAGE + 5);
	need(all(p, 4 * T_PAGE, 0));
	memset(p, 'x', 4 * T_PAGE);
	need(t_map_at(p, &map) && strcmp(map.name, "[heap]") == 0);
	need(map.end == base + 4 * T_PAGE);
	need(kernel_brk(base + T_PAGE) == base + T_PAGE);
	need(p[0] == 'x');
	need(t_read(p + T_PAGE).sig == SIGSEGV);
	need(kernel_brk(base + 2 * T_PAGE) == base + 2 * T_PAGE);
	need(p[0] == 'x' && all(p + T_PAGE, T_PAGE, 0));
	need(kernel_brk(T_KERNEL) == base + 2 * T_PAGE);
	need(mmap((void *)(base + 4 * T_PAGE), T_PAGE, RW, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	need(kernel_brk(base + 8 * T_PAGE) == base + 2 * T_PAGE);
	munmap((void *)(base + 4 * T_PAGE), T_PAGE);
	need(setrlimit(RLIMIT_DATA, &limit) == 0);
	need(kernel_brk(base + 4096 * T_PAGE) == base + 2 * T_PAGE);
	return 0;
}

/* -- limits ---------------------------------------------------------------------------------- */

static int rlimit_as(void *arg)
{
	struct rlimit limit = {64 << 20, RLIM_INFINITY};

	need(setrlimit(RLIMIT_AS, &limit) == 0);
	need(mmap(NULL, 128 << 20, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
	need(mmap(NULL, 8 << 20, RW, ANON, -1, 0) != MAP_FAILED);
	return 0;
}

static int split_limit(void *arg)
{
	size_t len = 66000 * 2 * T_PAGE, i;
	char *p = mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	need(p != MAP_FAILED);
	for (i = 0; i < len; i += 2 * T_PAGE)
		if (mprotect(p + i, T_PAGE, PROT_READ) != 0)
			break;
	need(i < len && errno == ENOMEM);
	need(i / (2 * T_PAGE) > 32000 && i / (2 * T_PAGE) < 33000);
	return 0;
}

static void check_min_addr(void)
{
	void *zero = mmap(NULL, T_PAGE, RW, ANON | MAP_FIXED, -1, 0);

	ok(zero == MAP_FAILED ? errno == EPERM || errno == EACCES : zero == NULL,
	   "MAP_FIXED at 0 is refused, or taken for root");
	if (zero != MAP_FAILED)
		munmap(zero, T_PAGE);
}

static int min_addr_user(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(mmap(NULL, T_PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EPERM);
	need(mmap((void *)0xF000, T_PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED &&
	     errno == EPERM);
	need(mmap((void *)0x10000, T_PAGE, RW, ANON | MAP_FIXED, -1, 0) == (void *)0x10000);
	need((unsigned long)mmap((void *)0x1000, T_PAGE, RW, ANON, -1, 0) >= 0x10000);
	return 0;
}

int main(void)
{
	make_file();
	check_anon();
	check_fixed();
	check_mmap_errors();
	check_other_errors();
	check_file_private();
	check_file_shared();
	check_hole_keeps_offsets();
	check_file_closed();
	check_mprotect();
	check_exec();
	check_prot_none();
	check_merge();
	passes(brk_works, "brk grows with zeros, shrinks, refuses, and never fails halfway");
	passes(rlimit_as, "RLIMIT_AS makes mmap ENOMEM");
	passes(split_limit, "the number of areas is limited to about 65530");
	check_min_addr();
	passes(min_addr_user, "a user cannot map the first 64 KB");
	return t_done();
}
