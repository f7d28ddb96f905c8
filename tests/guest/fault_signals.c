/*
 * fault_signals - which signal, si_code and si_addr a bad access gives: sigaction(2).
 *
 *	no area at the address			SIGSEGV SEGV_MAPERR
 *	an area without the permission		SIGSEGV SEGV_ACCERR
 *	a file mapping behind the file's end	SIGBUS  BUS_ADRERR
 */
#include "t.h"

#define RW (PROT_READ | PROT_WRITE)

static void check_segv(void)
{
	static const char text[] = "a string constant";
	char *p = t_pages(4);

	munmap(p + T_PAGE, T_PAGE);
	mprotect(p + 2 * T_PAGE, T_PAGE, PROT_READ);
	mprotect(p + 3 * T_PAGE, T_PAGE, PROT_NONE);
	faulted(t_read(p + T_PAGE + 123), SIGSEGV, SEGV_MAPERR, p + T_PAGE + 123,
		"a read of no area: MAPERR, with the exact address");
	faulted(t_write(p + T_PAGE + 123), SIGSEGV, SEGV_MAPERR, p + T_PAGE + 123,
		"a write of no area: MAPERR");
	faulted(t_call(p + T_PAGE), SIGSEGV, SEGV_MAPERR, p + T_PAGE, "a jump to no area: MAPERR");
	faulted(t_write(p + 2 * T_PAGE + 7), SIGSEGV, SEGV_ACCERR, p + 2 * T_PAGE + 7,
		"a write of a read-only page never touched: ACCERR");
	eq(t_read(p + 2 * T_PAGE).sig, 0, "reading it is no fault");
	faulted(t_write(p + 2 * T_PAGE + 7), SIGSEGV, SEGV_ACCERR, p + 2 * T_PAGE + 7,
		"a write of a read-only page that is present: ACCERR");
	faulted(t_read(p + 3 * T_PAGE + 9), SIGSEGV, SEGV_ACCERR, p + 3 * T_PAGE + 9,
		"a read of a PROT_NONE page: ACCERR");
	faulted(t_write(p + 3 * T_PAGE + 9), SIGSEGV, SEGV_ACCERR, p + 3 * T_PAGE + 9,
		"a write of a PROT_NONE page: ACCERR");
	faulted(t_write(text), SIGSEGV, SEGV_ACCERR, text, "a write of a string constant: ACCERR");
	faulted(t_write((void *)check_segv), SIGSEGV, SEGV_ACCERR, check_segv,
		"a write of program text: ACCERR");
}

/* An access across two pages reports the byte that failed. */
static void read_word(void *p)
{
	(void)*(volatile unsigned *)p;
}

static void write_word(void *p)
{
	*(volatile unsigned *)p = 1;
}

static void check_straddle(void)
{
	char *edge = t_edge();

	edge[-1] = 'k';
	faulted(t_catch(read_word, edge - 2), SIGSEGV, SEGV_ACCERR, edge,
		"a word across the edge reports the first byte behind it");
	faulted(t_catch(write_word, edge - 2), SIGSEGV, SEGV_ACCERR, edge, "so does a write");
	eq(edge[-1], 'k', "which wrote nothing in front");
}

static void check_error_codes(void)
{
	char *p = t_pages(1), *none = t_edge();

	eq(t_read(none).err & 6, 4, "frame: a read fault is user, not write");
	eq(t_write(none).err & 6, 6, "frame: a write fault is user and write");
	eq(t_write(none).trapno, 14, "frame: the trap number is 14");
	mprotect(p, T_PAGE, PROT_READ);
	(void)*(volatile char *)p;
	eq(t_write(p).err & 7, 7, "frame: a write of a present read-only page has the present bit");
	munmap(p, T_PAGE);
	eq(t_write(p).err & 7, 6, "frame: a write of nothing has not");
}

static void check_sigbus(void)
{
	int fd = t_file("short", "abc", 3);
	char *p = mmap(NULL, 3 * T_PAGE, RW, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, 3 * T_PAGE, RW, MAP_PRIVATE, fd, 0);

	eq(p[T_PAGE - 1], 0, "behind the end but in the last page: zeros");
	faulted(t_read(p + T_PAGE + 5), SIGBUS, BUS_ADRERR, p + T_PAGE + 5,
		"a read of a page behind the end: BUS_ADRERR");
	faulted(t_write(p + 2 * T_PAGE), SIGBUS, BUS_ADRERR, p + 2 * T_PAGE,
		"a write of a page behind the end: BUS_ADRERR");
	faulted(t_read(q + T_PAGE), SIGBUS, BUS_ADRERR, q + T_PAGE,
		"also in a private mapping: read");
	faulted(t_write(q + T_PAGE), SIGBUS, BUS_ADRERR, q + T_PAGE,
		"also in a private mapping: write");
	t_must(ftruncate(fd, 2 * T_PAGE) == 0);
	eq(t_read(p + T_PAGE).sig, 0, "when the file grows the page is there");
	p[T_PAGE] = 'n';
	q[T_PAGE] = 'c';
	t_must(ftruncate(fd, 1) == 0);
	faulted(t_read(p + T_PAGE), SIGBUS, BUS_ADRERR, p + T_PAGE,
		"when it shrinks the page is taken away");
	faulted(t_read(q + T_PAGE), SIGBUS, BUS_ADRERR, q + T_PAGE, "also a private copy of it");
	eq(p[1], 0, "the rest of the last page was cleared");
	t_must(ftruncate(fd, 2 * T_PAGE) == 0);
	eq(p[T_PAGE], 0, "grown again, the page is zeros");
	close(fd);
}

static void check_syscall_bus(void)
{
	int fd = t_file("empty", NULL, 0), p2[2];
	char *p = mmap(NULL, T_PAGE, RW, MAP_SHARED, fd, 0);

	t_must(pipe(p2) == 0);
	fails(write(p2[1], p, 4), EFAULT,
	      "write(2) from behind a file's end is EFAULT, not SIGBUS");
	t_must(write(p2[1], "abcd", 4) == 4);
	fails(read(p2[0], p, 4), EFAULT, "read(2) to there is EFAULT");
	close(fd);
}

static int sigbus_dies(void *arg)
{
	int fd = t_file("nothing", NULL, 0);
	char *p = mmap(NULL, T_PAGE, PROT_READ, MAP_SHARED, fd, 0);

	(void)*(volatile char *)p;
	return 0;
}

static int segv_dies(void *arg)
{
	*(volatile char *)16 = 1;
	return 0;
}

/* The handler repairs the page and the instruction is run again. */
static char *repaired;

static void repair(int sig, siginfo_t *info, void *context)
{
	mprotect(repaired, T_PAGE, RW);
}

static int restart(void *arg)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	repaired = t_pages(1);
	strcpy(repaired, "kept");
	mprotect(repaired, T_PAGE, PROT_NONE);
	act.sa_sigaction = repair;
	sigaction(SIGSEGV, &act, NULL);
	repaired[4] = '!';
	repaired[5] = 0;
	need(strcmp(repaired, "kept!") == 0);
	return 0;
}

static int bad_stack(void *arg)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	act.sa_sigaction = repair;
	sigaction(SIGSEGV, &act, NULL);
	asm volatile("movl $16, %%esp; pushl $1" ::);
	return 0;
}

int main(void)
{
	t_tmpdir();
	check_segv();
	check_straddle();
	check_error_codes();
	check_sigbus();
	check_syscall_bus();
	dies(segv_dies, NULL, SIGSEGV, "without a handler SIGSEGV kills");
	dies(sigbus_dies, NULL, SIGBUS, "without a handler SIGBUS kills");
	passes(restart, "a handler can repair the page, and the access is made again");
	dies(bad_stack, NULL, SIGSEGV, "a handler without a stack to run on: SIGSEGV kills");
	return t_done();
}
