/*
 * wall - every page of the kernel's addresses refuses a program, one by one: read, written, jumped
 * to, and handed to a system call as where to read from and where to write to.
 *
 * The answer must be the same everywhere, whether the kernel has something there or not:
 * SIGSEGV with SEGV_MAPERR and the address (sigaction(2)), error code "present"; and EFAULT
 * (read(2), write(2)).
 *
 * The border is found by trying where mmap(2) still takes a page, so any split of the address space
 * does. Unless the test is long, pages in the middle are sampled, but for the reads: those sample
 * only where there is more than a gigabyte of kernel, with page-table isolation, under which QEMU's
 * emulation takes several times as long for each, and with several CPUs, where it sometimes does.
 */
#include "t.h"
#include <sys/sysinfo.h>

#define PAGES_AT_MOST 0x40000u
#define PAGES_SAMPLED 0x4000u
#define ALWAYS \
	0x800u /* pages at either end that are never left out: the borders of every region of the top are there */

enum access { READ, WRITE, JUMP };

static const char *const access_names[] = {"read", "written", "jumped to"};
static const unsigned access_errors[] = {5, 7, 5};
extern char after_access[];

static volatile unsigned long expected; /* the page that is being touched */
static volatile unsigned want_error;
static volatile unsigned right, wrong;
static unsigned long first_wrong;

static void refuse(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned error = (unsigned)regs[REG_ERR] & 7;

	(void)sig;
	if (info->si_code == SEGV_MAPERR && (unsigned long)info->si_addr == expected &&
	    regs[REG_TRAPNO] == 14 && error == want_error) {
		right++;
	} else if (!wrong++) {
		first_wrong = expected;
	}
	regs[REG_EIP] = (greg_t)after_access;
}

/*
 * One place to come back to, whatever the access; only the handler can get past it
 * without counting.
 */
static __attribute__((noinline)) void touch(unsigned long addr, enum access access)
{
	expected = addr;
	asm volatile("cmpl $1, %2\n\t"
		     "je 1f\n\t"
		     "ja 2f\n\t"
		     "movb (%1), %%dl\n\t"
		     "jmp 3f\n"
		     "1:\tmovb $1, (%1)\n\t"
		     "jmp 3f\n"
		     "2:\tjmp *%1\n"
		     "3:\tincl %0\n\t"
		     ".globl after_access\n"
		     "after_access:"
		     : "+m"(wrong)
		     : "r"(addr), "r"(access)
		     : "edx", "memory", "cc");
}

static bool is_user_page(unsigned long addr)
{
	void *p = mmap((void *)addr, T_PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != MAP_FAILED) {
		munmap(p, T_PAGE);
		return true;
	}
	return errno == EEXIST;
}

static unsigned long find_border(void)
{
	unsigned long low = 0x10000000, high = 0xFFFFF000;

	while (high - low > T_PAGE) {
		unsigned long middle = (low / 2 + high / 2) & ~(T_PAGE - 1);

		*(is_user_page(middle) ? &low : &high) = middle;
	}
	return high;
}

static unsigned long border, step;
static unsigned pages;

/* The page after @addr; 0 at the end. */
static unsigned long next_page(unsigned long addr)
{
	unsigned long n = T_PAGE;

	if (addr >= border + ALWAYS * T_PAGE && addr < -(ALWAYS * T_PAGE) - step * T_PAGE)
		n *= step;
	return addr + n;
}

/* Of the pages in the middle, every so many that there are about @at_most. */
static void choose_pages(unsigned at_most)
{
	step = t_long() ? 1 : (-border / T_PAGE + at_most - 1) / at_most;
	pages = 0;
	for (unsigned long at = border; at; at = next_page(at))
		pages++;
	t_note("every %lu. page", step);
}

static void check_accesses(enum access access)
{
	t_watchdog();
	right = wrong = 0;
	want_error = access_errors[access];
	for (unsigned long at = border; at; at = next_page(at))
		touch(at, access);
	eq(wrong, 0, "%u pages from %#lx up cannot be %s", pages, border, access_names[access]);
	eq(right, pages, "each is SEGV_MAPERR at its address, and looks like any other");
	if (wrong)
		t_note("the first at %#lx", first_wrong);
}

static void check_last_bytes(void)
{
	unsigned long at = 0;

	right = wrong = 0;
	want_error = access_errors[READ];
	for (unsigned bit = 0; bit < 12; bit++)
		touch(at = border | 1ul << bit, READ);
	touch(-1ul, READ);
	eq(right, 13, "also inside a page, and at the last byte of all");
}

static void check_calls(void)
{
	int zero = open("/dev/zero", O_RDONLY), ends[2];
	unsigned good_read = 0, good_write = 0;
	char byte;

	t_watchdog();
	t_must(zero >= 0 && pipe2(ends, O_NONBLOCK) == 0);
	for (unsigned long at = border; at; at = next_page(at)) {
		good_read += read(zero, (void *)at, 16) == -1 && errno == EFAULT;
		good_write += write(ends[1], (void *)at, 16) == -1 && errno == EFAULT;
	}
	eq(good_read, pages, "read(2) into each of these pages is EFAULT");
	eq(good_write, pages, "write(2) from each is EFAULT");
	fails(read(ends[0], &byte, 1), EAGAIN, "and nothing of them came through the pipe");
}

#define BAD_WORDS 4

static const char *const bad_words[BAD_WORDS] = {"BUG", "Oops", "unable to handle", "WARNING"};

/* How often the kernel's log has each. */
static void count_bad_words(unsigned counts[BAD_WORDS])
{
	static char text[1 << 18];
	long n = syscall(SYS_syslog, 3, text, sizeof(text) - 1);

	t_must(n >= 0);
	text[n] = 0;
	for (unsigned i = 0; i < BAD_WORDS; i++) {
		counts[i] = 0;
		for (const char *at = text; (at = strstr(at, bad_words[i])); at++)
			counts[i]++;
	}
}

/* Linux has some from the start: it oopses when another test, kernel_wall, does its work. */
static void check_log(const unsigned before[BAD_WORDS])
{
	unsigned now[BAD_WORDS];

	count_bad_words(now);
	for (unsigned i = 0; i < BAD_WORDS; i++)
		ok(now[i] <= before[i], "the kernel's log has no new \"%s\"", bad_words[i]);
}

static bool has_isolation(void)
{
	static char text[65536];

	return t_slurp("/proc/cpuinfo", text, sizeof(text)) > 0 && strstr(text, " pti");
}

int main(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	unsigned bad_before[BAD_WORDS];

	act.sa_sigaction = refuse;
	t_must(sigaction(SIGSEGV, &act, NULL) == 0);
	count_bad_words(bad_before);
	border = find_border();
	t_note("the kernel begins at %#lx", border);
	ok(border == 0xC0000000 || border == 0xB0000000 || border == 0x80000000 ||
		   border == 0x78000000 || border == 0x40000000,
	   "the border is one of the five splits");
	choose_pages(has_isolation() || get_nprocs() > 1 ? PAGES_SAMPLED : PAGES_AT_MOST);
	check_accesses(READ);
	choose_pages(PAGES_SAMPLED);
	check_accesses(WRITE);
	check_accesses(JUMP);
	check_last_bytes();
	check_calls();
	check_log(bad_before);
	return t_done();
}
