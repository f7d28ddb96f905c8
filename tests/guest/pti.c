/*
 * pti - page-table isolation: what is mapped while a program runs, and every way into the kernel
 * and back with other page tables on the two sides.
 *
 * /proc/cpuinfo, /sys/devices/system/cpu/vulnerabilities/meltdown and the kernel command line
 * agree. debugfs page_tables/current_user (Debian's kernel has none): with isolation, of the
 * kernel's half two pages of text and the CPUs' entry area, and of the user's half what the
 * kernel has there.
 */
#include "t.h"
#include <asm/ldt.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/time.h>

#define DIRECTORY "/sys/kernel/debug/page_tables/"
#define LDT_WINDOWS 0xff400000 /* below the entry area: what processes with an LDT have */
#define MELTDOWN "/sys/devices/system/cpu/vulnerabilities/meltdown"

static char text[1 << 20], other[1 << 20];

/* -- what the kernel says of it -------------------------------------------------------------- */

static bool has_word(const char *path, const char *key, const char *word)
{
	char line[4096], *at, *save;
	FILE *f = fopen(path, "r");
	bool found = false;

	t_must(f);
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		for (at = strtok_r(line, " \t\n", &save); at; at = strtok_r(NULL, " \t\n", &save))
			found |= strcmp(at, word) == 0;
	}
	fclose(f);
	return found;
}

static bool isolated(void)
{
	return has_word("/proc/cpuinfo", "flags", "pti");
}

static void check_words(void)
{
	bool bug = has_word("/proc/cpuinfo", "bugs", "cpu_meltdown"), on = isolated();
	bool must = has_word("/proc/cmdline", "", "pti=on");
	bool must_not = has_word("/proc/cmdline", "", "pti=off");

	t_must(t_slurp(MELTDOWN, text, sizeof(text)) > 0);
	ok(strcmp(text, !bug ? "Not affected\n"
			: on ? "Mitigation: PTI\n"
			     : "Vulnerable\n") == 0,
	   "the meltdown file says what cpuinfo's flags and bugs say");
	if (must || must_not)
		eq(on, must, "pti= on the command line decides");
	else if (has_word("/proc/cmdline", "", "nopti"))
		eq(on, 0, "nopti decides");
	else
		ok(!on || bug, "by itself it is on only for a CPU with the defect");
}

/* -- what is mapped -------------------------------------------------------------------------- */

struct line {
	unsigned long start, end; /* end 0: the end of all addresses */
	const char *part;
	bool present, user, writable, executable;
};

/* The lines of a page-table file, one after the other; false: no more. */
static bool next_line(const char **at, struct line *l)
{
	const char *line = *at, *end;
	char flags[32];

	for (; strncmp(line, "---[", 4) == 0; line = strchr(line, '\n') + 1)
		l->part = line + 5;
	if (sscanf(line, "0x%lx-0x%lx", &l->start, &l->end) != 2)
		return false;
	end = strchr(line, '\n');
	snprintf(flags, sizeof(flags), "%.30s", end - 33);
	l->user = strstr(flags, "USR");
	l->writable = strstr(flags, "RW");
	l->executable = strstr(flags, "x ");
	l->present = l->writable || strstr(flags, "ro");
	*at = end + 1;
	return true;
}

static bool in_part(const struct line *l, const char *name)
{
	return strncmp(l->part, name, strlen(name)) == 0;
}

static void check_kernel_half(void)
{
	unsigned long text_pages = 0, entry_pages = 0, others = 0, bad = 0;
	const char *at = text;
	struct line l = {0};

	t_must(t_slurp(DIRECTORY "current_user", text, sizeof(text)) > 0);
	while (next_line(&at, &l)) {
		unsigned long pages = (l.end - l.start) / T_PAGE;

		if (!l.present || in_part(&l, "User Space"))
			continue;
		bad += l.user || (l.writable && l.executable && strstr(text, "NX"));
		if ((in_part(&l, "CPU entry area") && l.end) ||
		    (in_part(&l, "Persistent kmap") && l.start >= LDT_WINDOWS))
			entry_pages += pages;
		else if (in_part(&l, "Kernel Mapping") && l.executable && !l.writable)
			text_pages += pages;
		else
			others += pages;
	}
	t_note("%lu pages of entry text, %lu of the entry area", text_pages, entry_pages);
	ok(text_pages >= 1 && text_pages <= 2, "of the kernel's text two pages at most are mapped");
	ok(entry_pages >= 4, "the entry area is mapped");
	eq(others, 0, "nothing else of the kernel is");
	eq(bad, 0, "and all of it for the kernel alone, nothing writable and executable");
}

static const char *end_of_user_half(const char *of)
{
	return strstr(of, "---[ Kernel Mapping");
}

static bool views_agree(void)
{
	/* Read once before, so that the reading itself changes nothing. */
	for (unsigned i = 0; i < 2; i++) {
		t_must(t_slurp(DIRECTORY "current_user", text, sizeof(text)) > 0);
		t_must(t_slurp(DIRECTORY "current_kernel", other, sizeof(other)) > 0);
	}
	t_must(end_of_user_half(text) && end_of_user_half(other));
	*(char *)end_of_user_half(text) = *(char *)end_of_user_half(other) = 0;
	return strcmp(text, other) == 0;
}

static void check_user_half(const char *when)
{
	ok(views_agree(), "user memory is the same in both views: %s", when);
}

static void check_user_memory(void)
{
	size_t size = 16 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	t_must(p != MAP_FAILED);
	check_user_half("before anything");
	madvise(p, size, MADV_HUGEPAGE);
	memset(p, 1, size);
	check_user_half("16 MB in blocks, where there are blocks");
	munmap(p + size / 2, T_PAGE);
	check_user_half("one page of a block unmapped");
	mprotect(p, T_PAGE, PROT_READ);
	check_user_half("one page of a block protected");
	madvise(p, size / 2, MADV_DONTNEED);
	check_user_half("half of it empty");
	munmap(p, size);
	check_user_half("all of it unmapped");
	for (unsigned long at = 0x10000000; at < 0x80000000; at += 0x10000000) {
		q = mmap((void *)at, T_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		t_must(q != MAP_FAILED);
		*q = 1;
	}
	check_user_half("pages all over");
	for (unsigned long at = 0x10000000; at < 0x80000000; at += 0x10000000)
		munmap((void *)at, T_PAGE);
	check_user_half("and none of them");
}

static int user_half_of_child(void *arg)
{
	need(views_agree());
	return 0;
}

static void check_tables(void)
{
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access(DIRECTORY "current_user", F_OK) < 0) {
		t_skip("what is mapped for user mode", "no page_tables in debugfs");
		return;
	}
	check_user_memory();
	exits(user_half_of_child, NULL, 0, "and so in a child");
	if (isolated())
		check_kernel_half();
	else
		t_skip("the kernel's half", "no page-table isolation");
}

/* -- in and out ------------------------------------------------------------------------------ */

static volatile unsigned signals, steps;

static void count_signal(int sig, siginfo_t *info, void *context)
{
	signals++;
}

/* Single steps: counted, until the flag is taken off in what is returned to. */
static void count_step(int sig, siginfo_t *info, void *context)
{
	steps++;
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO | flags};

	act.sa_sigaction = fn;
	sigaction(sig, &act, NULL);
}

static long by_int80(long nr, long a)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "0"(nr), "b"(a) : "memory");
	return ret;
}

static long by_vdso(long nr, long a)
{
	unsigned long gate = getauxval(AT_SYSINFO);
	long ret;

	asm volatile("call *%1" : "=a"(ret) : "r"(gate), "0"(nr), "b"(a) : "memory");
	return ret;
}

/* With the trap flag on across the gate: the answer, and that every instruction outside trapped. */
static long stepped(long (*call)(long nr, long a))
{
	long ret;

	asm volatile("pushfl; orl $0x100, (%esp); popfl");
	ret = call(SYS_getppid, 0);
	asm volatile("pushfl; andl $~0x100, (%esp); popfl");
	return ret;
}

static int gates(void *arg)
{
	long (*const calls[])(long, long) = {by_int80, by_vdso};

	handle(SIGTRAP, count_step, 0);
	for (unsigned i = 0; i < 2000; i++) {
		long (*call)(long, long) = calls[i & 1];

		need(call(SYS_getppid, 0) == getppid());
		need(call(-1, 0) == -ENOSYS);
		need(call(SYS_close, -1) == -EBADF);
		if (i % 50 < 2) {
			steps = 0;
			need(stepped(call) == getppid());
			need(steps > 8);
		}
	}
	return 0;
}

static void bad_frame(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	signals++;
	if (sig == SIGUSR1) {
		uc->uc_mcontext.gregs[REG_CS] = signals % 2 ? 0x7b : 0x1f3;
		return;
	}
	need(info->si_code == ILL_BADSTK && !info->si_addr);
	uc->uc_mcontext.gregs[REG_CS] = 0x73;
}

/*
 * A return to a code segment that cannot be: the fault comes at the very last
 * instruction of the exit.
 */
static int bad_returns(void *arg)
{
	handle(SIGUSR1, bad_frame, 0);
	handle(SIGILL, bad_frame, 0);
	for (unsigned i = 0; i < 500; i++)
		raise(SIGUSR1);
	need(signals == 1000);
	return 0;
}

/* A data segment that is gone when the kernel gives it back. */
static int lost_segment(void *arg)
{
	struct user_desc flat = {.entry_number = -1,
				 .limit = 0xfffff,
				 .seg_32bit = 1,
				 .limit_in_pages = 1,
				 .useable = 1};
	unsigned short seg;

	for (unsigned i = 0; i < 300; i++) {
		struct user_desc none = {.read_exec_only = 1, .seg_not_present = 1};

		need(syscall(SYS_set_thread_area, &flat) == 0);
		none.entry_number = flat.entry_number;
		asm volatile("movw %w0, %%es" ::"r"(flat.entry_number * 8 + 3));
		by_int80(SYS_set_thread_area, (long)&none);
		asm volatile("movw %%es, %w0; movw %%ds, %%ax; movw %%ax, %%es"
			     : "=&r"(seg)::"eax");
		need(seg == 0);
	}
	return 0;
}

static int exceptions(void *arg)
{
	handle(SIGTRAP, count_signal, 0);
	for (unsigned i = 0; i < 2000; i++)
		asm volatile("int3");
	need(signals == 2000);
	for (unsigned i = 0; i < 300; i++) {
		char *p = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		*p = 1;
		need(by_vdso(SYS_chdir, (long)(p + T_PAGE - 1)) == -ENOENT); /* "" */
		munmap(p, T_PAGE);
		need(by_vdso(SYS_chdir, (long)p) == -EFAULT);
	}
	return 0;
}

/* Interrupts at every place: a timer as fast as it goes, while the gates are used. */
static int interrupted(void *arg)
{
	struct itimerval often = {{0, 500}, {0, 500}};

	handle(SIGALRM, count_signal, SA_RESTART);
	setitimer(ITIMER_REAL, &often, NULL);
	for (unsigned i = 0; signals < 50; i++) {
		need(by_vdso(SYS_getppid, 0) == getppid());
		need(by_int80(SYS_close, -1) == -EBADF);
	}
	return 0;
}

int main(void)
{
	check_words();
	check_tables();
	passes(gates, "both gates, with and without single steps");
	passes(bad_returns, "a return that faults is the program's SIGILL ILL_BADSTK");
	passes(lost_segment, "a segment that is gone becomes 0 on the way out");
	passes(exceptions, "exceptions and page faults, of the program and of the kernel for it");
	passes(interrupted, "interrupts in between");
	return t_done();
}
