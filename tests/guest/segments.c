/*
 * segments - modify_ldt(2) and what programs do with segments of their own (set_thread_area(2) has
 * a test in threads).
 *
 * The table belongs to the address space: threads share it, fork copies it, execve drops it. Code,
 * data and stack segments with a base and of 16 bits work, system calls and signals from them
 * included: pointers stay linear addresses. Whatever a program puts there, into segment registers
 * or into a signal frame ends in the program's own signal; the upper half of esp stays the
 * program's while its stack segment has 16 bits.
 */
#include "t.h"
#include <asm/ldt.h>
#include <pthread.h>
#include <sys/time.h>

#define SELECTOR(n) ((n) << 3 | 7)
#define HIGH_HALF 0xABCD0000u
#define TABLE_BYTES (LDT_ENTRIES * LDT_ENTRY_SIZE)

enum { DATA, CODE, STACK16, ABSENT, CODE16, SMALL, SCRATCH };

static char table[TABLE_BYTES];
static unsigned words[4] = {11, 22, 33, 44};
static char stack16[0x1000] __attribute__((aligned(4096)));

static long modify(int func, const void *p, unsigned long n)
{
	return syscall(SYS_modify_ldt, func, p, n);
}

static struct user_desc flat(unsigned n, unsigned contents)
{
	return (struct user_desc){.entry_number = n,
				  .limit = 0xfffff,
				  .limit_in_pages = 1,
				  .seg_32bit = 1,
				  .contents = contents};
}

static long set(struct user_desc d)
{
	return modify(0x11, &d, sizeof(d));
}

static unsigned long long entry(unsigned n)
{
	unsigned long long value;

	memset(table, 0xee, sizeof(table));
	t_must(modify(0, table, sizeof(table)) >= 0);
	memcpy(&value, table + 8 * n, 8);
	return value;
}

/* -- the call -------------------------------------------------------------------------------- */

static int read_empty(void *arg)
{
	memset(table, 0x55, sizeof(table));
	need(modify(0, table, sizeof(table)) == 0);
	need(table[0] == 0x55);
	need(modify(2, table, sizeof(table)) == 5 * LDT_ENTRY_SIZE);
	need(table[0] == 0 && table[39] == 0 && table[40] == 0x55);
	need(modify(2, table, 7) == 7);
	need(modify(2, (void *)T_KERNEL, 8) == -1 && errno == EFAULT);
	return 0;
}

static void check_call(void)
{
	struct user_desc d = flat(SCRATCH, 0);

	exits(read_empty, NULL, 0,
	      "without a table, reading gives nothing, and the default one zeros");
	fails(modify(3, table, 8), ENOSYS, "another function is ENOSYS");
	fails(modify(1, &d, sizeof(d) - 1), EINVAL, "a description of another size is EINVAL");
	fails(modify(1, NULL, sizeof(d)), EFAULT, "one that cannot be read is EFAULT");
	d.entry_number = LDT_ENTRIES;
	fails(modify(0x11, &d, sizeof(d)), EINVAL, "entry 8192 is EINVAL");
	d = flat(SCRATCH, 3);
	fails(set(d), EINVAL, "conforming code is EINVAL");
	fails(modify(1, &d, sizeof(d)), EINVAL, "by the old function too");
	d.seg_not_present = 1;
	works(set(d), "unless it is not present");
	fails(modify(1, &d, sizeof(d)), EINVAL, "which the old function does not take");

	d = flat(SCRATCH, 0);
	d.base_addr = 0x12345678;
	d.useable = 1;
	works(set(d), "a data segment can be set");
	eq(entry(SCRATCH), 0x12dff3345678ffffull,
	   "it reads back as the CPU's descriptor, of ring 3, marked as used");
	eq(modify(0, table, sizeof(table)), TABLE_BYTES, "the whole table has 64 KB");
	eq(table[TABLE_BYTES - 1], 0, "the rest reads as zeros");
	eq(modify(0, table, 12), 12, "a part of it can be read");
	eq(modify(0, table, ~0ul), TABLE_BYTES, "and never more than it has");
	fails(modify(0, (void *)T_KERNEL, 64), EFAULT, "reading it into the kernel is EFAULT");
	works(modify(1, &d, sizeof(d)), "the old function sets one");
	eq(entry(SCRATCH) >> 52 & 1, 0, "without the bit for programs");
	d = (struct user_desc){.entry_number = SCRATCH, .read_exec_only = 1, .seg_not_present = 1};
	works(set(d), "an empty description");
	eq(entry(SCRATCH), 0, "empties the entry");
	d = (struct user_desc){.entry_number = SCRATCH};
	works(set(d), "zeros are a segment of 16 bits");
	eq(entry(SCRATCH), 0x0000f30000000000ull, "with one byte");
	works(modify(1, &d, sizeof(d)), "except by the old function");
	eq(entry(SCRATCH), 0, "for which they empty the entry");
}

/* -- data ------------------------------------------------------------------------------------ */

static unsigned read_fs(unsigned selector, unsigned offset)
{
	unsigned value, old;

	asm volatile("movl %%fs, %1\n\tmovl %2, %%fs\n\tmovl %%fs:(%3), %0\n\tmovl %1, %%fs"
		     : "=&r"(value), "=&r"(old)
		     : "r"(selector), "r"(offset));
	return value;
}

static void read_far(void *offset)
{
	read_fs(SELECTOR(SMALL), (unsigned)offset);
}

static void load_fs(void *selector)
{
	asm volatile("movl %0, %%fs" ::"r"(selector));
}

static void check_data(void)
{
	struct user_desc d = flat(DATA, 0);
	struct t_fault f;

	d.base_addr = (unsigned long)words;
	works(set(d), "a data segment with a base");
	eq(read_fs(SELECTOR(DATA), 8), 33, "is read from its base");
	d.entry_number = SMALL;
	d.limit = 7;
	d.limit_in_pages = 0;
	works(set(d), "one with a limit");
	eq(read_fs(SELECTOR(SMALL), 4), 22, "is read up to it");
	f = t_catch(read_far, (void *)8);
	/* QEMU's emulation does not check limits. */
	ok(f.sig == 0 || (f.sig == SIGSEGV && f.code == SI_KERNEL && !f.addr),
	   "beyond, it is a general protection fault where the CPU checks limits");
	d = flat(ABSENT, 0);
	d.seg_not_present = 1;
	works(set(d), "one that is not present");
	f = t_catch(load_fs, (void *)SELECTOR(ABSENT));
	faulted(f, SIGBUS, SI_KERNEL, 0, "cannot be loaded: SIGBUS");
	eq(f.trapno, 11, "by exception 11");
	f = t_catch(load_fs, (void *)SELECTOR(100));
	faulted(f, SIGSEGV, SI_KERNEL, 0,
		"an entry behind the table's end is a general protection fault");
	f = t_catch(load_fs, (void *)SELECTOR(8191));
	faulted(f, SIGSEGV, SI_KERNEL, 0, "so is the last possible one");
}

/* -- whose table ----------------------------------------------------------------------------- */

static unsigned go;

static void *thread_sets(void *arg)
{
	struct user_desc d = flat(700, 0); /* another page of the table */

	d.base_addr = (unsigned long)&words[1];
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		;
	set(d);
	__atomic_store_n(&go, 2, __ATOMIC_RELEASE);
	return NULL;
}

static int child_changes(void *arg)
{
	struct user_desc d = flat(700, 0);

	need(read_fs(SELECTOR(700), 0) == 22);
	d.base_addr = (unsigned long)&words[3];
	need(set(d) == 0);
	need(read_fs(SELECTOR(700), 0) == 44);
	return 0;
}

static int child_executes(void *arg)
{
	execl("/proc/self/exe", "segments", "after-exec", NULL);
	return 98;
}

static void check_owner(void)
{
	pthread_t thread;

	t_must(pthread_create(&thread, NULL, thread_sets, NULL) == 0);
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) != 2)
		sched_yield();
	eq(read_fs(SELECTOR(700), 0), 22,
	   "what one thread sets, another that is running can use at once");
	pthread_join(thread, NULL);
	exits(child_changes, NULL, 0, "a child has a copy");
	eq(read_fs(SELECTOR(700), 0), 22, "and changes its own");
	exits(child_executes, NULL, 0, "a new program has none");
}

/* -- code ------------------------------------------------------------------------------------ */

extern char code_getpid[], code_fault[], code_faulting[], code_after[], far_back[];

asm(".pushsection .text\n"
    "code_getpid: movl $20, %eax; int $0x80; ud2\n"
    "code_fault: xorl %eax, %eax\n"
    "code_faulting: movl (%eax), %eax\n"
    "code_after: movl $77, %eax; ud2\n"
    ".popsection");

/*
 * Into a code segment and back by signal frames, each from a ud2: under SMAP the emulator QEMU 7.2
 * does the pushes and pops of a user's lcall and lret with the kernel's rights.
 */
static struct {
	unsigned offset, selector;
} far;

static void cross(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	bool there = (regs[REG_CS] & 4);

	regs[REG_CS] = there ? 0x73 : far.selector;
	regs[REG_EIP] = there ? (greg_t)far_back : (greg_t)far.offset;
}

static __attribute__((noinline)) unsigned far_call(unsigned offset, unsigned selector,
						   unsigned flags)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO}, old;
	unsigned value;

	act.sa_sigaction = cross;
	sigaction(SIGILL, &act, &old);
	far.offset = offset;
	far.selector = selector;
	asm volatile("pushfl; orl %1, (%%esp); popfl; ud2\n"
		     "far_back: pushfl; andl $~0x100, (%%esp); popfl"
		     : "=a"(value)
		     : "r"(flags)
		     : "ecx", "edx", "memory", "cc");
	sigaction(SIGILL, &old, NULL);
	return value;
}

static unsigned seen_cs, seen_ip, seen_ss, own_cs;

static void skip_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	seen_cs = regs[REG_CS] & 0xffff;
	seen_ss = regs[REG_SS] & 0xffff;
	seen_ip = regs[REG_EIP];
	asm volatile("movl %%cs, %0" : "=r"(own_cs));
	regs[REG_EIP] += code_after - code_faulting;
}

static void call_lcall7(void *arg)
{
	asm volatile("lcall $7, $0");
}

static void call_kernel(void *arg)
{
	asm volatile("lcall $0x60, $0xC0100000");
}

static void call_data(void *arg)
{
	asm volatile("lcall %0, $0x1000" ::"i"(SELECTOR(DATA)));
}

static unsigned steps;

static void count_step(int sig, siginfo_t *info, void *context)
{
	steps += (((ucontext_t *)context)->uc_mcontext.gregs[REG_CS] & 0xffff) == SELECTOR(CODE);
}

static void check_code(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO}, old;
	struct user_desc d = flat(CODE, 2);

	d.base_addr = 0x1000;
	works(set(d), "a code segment with a base");
	eq(far_call((unsigned)code_getpid - 0x1000, SELECTOR(CODE), 0), getpid(),
	   "runs, and makes system calls");
	act.sa_sigaction = skip_fault;
	sigaction(SIGSEGV, &act, &old);
	eq(far_call((unsigned)code_fault - 0x1000, SELECTOR(CODE), 0), 77,
	   "a fault in it can be handled, and it goes on");
	sigaction(SIGSEGV, &old, NULL);
	eq(seen_cs, SELECTOR(CODE), "the handler sees its code segment");
	eq(seen_ip, (unsigned)code_faulting - 0x1000, "and eip as an offset in it");
	eq(own_cs, 0x73, "but runs in the ordinary one");
	act.sa_sigaction = count_step;
	sigaction(SIGTRAP, &act, &old);
	far_call((unsigned)code_getpid - 0x1000, SELECTOR(CODE), 0x100);
	sigaction(SIGTRAP, &old, NULL);
	eq(steps, 1, "single steps go through it");
	faulted(t_catch(call_lcall7, NULL), SIGSEGV, SI_KERNEL, 0, "lcall $7 is no gate");
	faulted(t_catch(call_kernel, NULL), SIGSEGV, SI_KERNEL, 0,
		"nor is the kernel's code segment");
	faulted(t_catch(call_data, NULL), SIGSEGV, SI_KERNEL, 0, "data is not code");
}

/* -- a stack of 16 bits ---------------------------------------------------------------------- */

/* esp behind what @what does with a stack pointer of HIGH_HALF and the 16-bit segment. */
#define ON_STACK16(what, result) \
	do { \
		unsigned stack_ = SELECTOR(STACK16); \
		asm volatile( \
			"movl %%esp, %%edi\n\tmovl %%ss, %%esi\n\tmovl %2, %%ss\n\tmovl %3, %%esp\n\t" what \
			"\n\tmovl %%esp, %%ecx\n\tmovl %%esi, %%ss\n\tmovl %%edi, %%esp" \
			: "=a"(result), "=&c"(sp), "+d"(stack_) \
			: "b"(HIGH_HALF | 0xf00), "0"(20) \
			: "esi", "edi", "memory", "cc"); \
	} while (0)

static unsigned ticks;

static void tick(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	if ((regs[REG_SS] & 0xffff) == SELECTOR(STACK16)) {
		ticks++;
		seen_ip = (unsigned)regs[REG_ESP] >> 16;
	}
}

static void check_stack(void)
{
	struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, old;
	struct user_desc d = {
		.entry_number = STACK16, .limit = 0xfff, .base_addr = (unsigned long)stack16};
	unsigned result, sp, changed;

	works(set(d), "a stack segment of 16 bits");
	sigaltstack(&alternate, NULL);
	ON_STACK16("int $0x80", result);
	eq(result, getpid(), "system calls work on it");
	eq(sp, HIGH_HALF | 0xf00, "and keep the upper half of esp");
	ON_STACK16("pushl $5; popl %%eax", result);
	eq(result, 5, "pushes go to it");
	act.sa_sigaction = skip_fault;
	sigaction(SIGSEGV, &act, &old);
	ON_STACK16("xorl %%eax, %%eax; movl (%%eax), %%eax", result);
	sigaction(SIGSEGV, &old, NULL);
	eq(seen_ss, SELECTOR(STACK16),
	   "a fault is handled on the alternate stack, which sees the segment");
	eq(sp, HIGH_HALF | 0xf00, "the upper half of esp survives the handler");
	act.sa_sigaction = tick;
	sigaction(SIGALRM, &act, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	for (unsigned i = 0; i < 1000 && ticks < 3; i++) {
		ON_STACK16(
			"xorl %%eax, %%eax; movl $1000000, %%edx\n"
			"1: movl %%esp, %%ecx; xorl %%ebx, %%ecx; orl %%ecx, %%eax; decl %%edx; jnz 1b",
			changed);
		if (changed)
			break;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	t_watchdog();
	ok(ticks >= 3, "interrupts and signals come in while it is used");
	eq(changed, 0, "and esp never shows anything else");
	eq(seen_ip, HIGH_HALF >> 16, "a signal's frame shows it whole");
}

/* -- signal frames --------------------------------------------------------------------------- */

static unsigned random_state;

static unsigned rnd(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

static const int segment_registers[] = {REG_GS, REG_FS, REG_ES, REG_DS, REG_CS, REG_SS};

static void forge(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned n = 1 + rnd() % 3;

	for (unsigned i = 0; i < n; i++) {
		switch (rnd() % 4) {
		case 0: regs[segment_registers[rnd() % 6]] = rnd() % 0x110; break;
		case 1: regs[REG_EFL] = (greg_t)(rnd() << 8 | rnd()) & ~0x100; break;
		case 2: regs[rnd() % 19] = (greg_t)(rnd() << 16 ^ rnd()); break;
		case 3:
			regs[REG_ESP + (rnd() & 1) * (REG_EIP - REG_ESP)] =
				(greg_t)(T_KERNEL + rnd());
			break;
		}
	}
	if (rnd() % 8 == 0)
		memset(((ucontext_t *)context)->uc_mcontext.fpregs, (int)rnd(), 600);
}

static int forge_child(void *seed)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	random_state = (unsigned)(unsigned long)seed * 2654435761u;
	alarm(2);
	act.sa_sigaction = forge;
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGXCPU, SIG_DFL);
	for (unsigned i = 0; i < 4; i++)
		raise(SIGUSR1);
	return 0;
}

static void cs_frame(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_CS] = SELECTOR(ABSENT);
}

static int return_to_absent(void *arg)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	act.sa_sigaction = cs_frame;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	return 0;
}

static int absent_caught(void *arg)
{
	struct t_fault f = t_catch((void (*)(void *))return_to_absent, NULL);

	need(f.sig == SIGILL);
	need(f.code == ILL_BADSTK);
	need(f.addr == 0);
	return 0;
}

static void check_frames(void)
{
	unsigned died = 0, n = t_long() ? 5000 : 150;

	exits(absent_caught, NULL, 0,
	      "a signal frame with a code segment that cannot be loaded is SIGILL ILL_BADSTK");
	for (unsigned seed = 1; seed <= n; seed++) {
		int status = t_child(forge_child, (void *)(unsigned long)seed);

		died += WIFSIGNALED(status);
	}
	ok(died > n / 4, "forged signal frames end their own process (%u of %u)", died, n);
}

static int after_exec(void)
{
	static char byte[8] = {1};

	return modify(0, byte, 8) == 0 && byte[0] == 1 ? 0 : 97;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return after_exec();
	check_call();
	check_data();
	check_owner();
	check_code();
	check_stack();
	check_frames();
	return t_done();
}
