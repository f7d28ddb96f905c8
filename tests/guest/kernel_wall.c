/*
 * kernel_wall - ring 3 cannot read, write, run or reconfigure the kernel.
 *
 * An access to the kernel's half is SIGSEGV with si_code SEGV_MAPERR and si_addr the address
 * (sigaction(2)), whether or not the kernel has something there: the fault must not tell.
 * Privileged instructions are SIGSEGV with si_code SI_KERNEL and address 0; int3, ud2 and division
 * are SIGTRAP, SIGILL and SIGFPE. Only gates 3, 4 and 0x80 can be called. iopl(2), ioperm(2),
 * vm86(2), modify_ldt(2) and set_thread_area(2) give nothing of ring 0.
 */
#include "t.h"
#include <asm/ldt.h>
#include <sys/auxv.h>
#include <sys/io.h>

/* Every region of the kernel half in every split that has it there. */
static const unsigned long kernel_addresses[] = {
	0xC0000000, 0xC0000001, 0xC0100000, 0xC0100FFF, 0xD0000000, 0xE0000000, 0xF0000000,
	0xF7FFF000, 0xF8000000, 0xF8800000, 0xFEFFE000, 0xFF000000, 0xFF800000, 0xFFA00000,
	0xFFC00000, 0xFFFFB000, 0xFFFFE000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF,
};

static void check_kernel_half(void)
{
	for (unsigned i = 0; i < T_COUNT(kernel_addresses); i++) {
		unsigned long addr = kernel_addresses[i];

		faulted(t_read(addr), SIGSEGV, SEGV_MAPERR, addr, "reading %#lx is SEGV_MAPERR",
			addr);
		faulted(t_write(addr), SIGSEGV, SEGV_MAPERR, addr, "writing %#lx is SEGV_MAPERR",
			addr);
		faulted(t_call(addr), SIGSEGV, SEGV_MAPERR, addr, "jumping to %#lx is SEGV_MAPERR",
			addr);
	}
}

static void check_error_code(void)
{
	struct t_fault f = t_read(T_KERNEL);

	eq(f.trapno, 14, "the signal frame says trap 14");
	eq(f.err & 7, 5, "error code of a kernel read: user, read, and present whatever is there");
	f = t_write(T_KERNEL);
	eq(f.err & 7, 7, "error code of a kernel write: user, write, present");
	f = t_read(16);
	eq(f.err & 7, 4, "error code of a read of an unmapped page: user, read, not present");
}

static void check_low(void)
{
	faulted(t_read(0), SIGSEGV, SEGV_MAPERR, 0, "reading NULL is SEGV_MAPERR");
	faulted(t_write(0), SIGSEGV, SEGV_MAPERR, 0, "writing NULL is SEGV_MAPERR");
	faulted(t_call(0), SIGSEGV, SEGV_MAPERR, 0, "calling NULL is SEGV_MAPERR");
	faulted(t_read(0xFFFF), SIGSEGV, SEGV_MAPERR, 0xFFFF,
		"reading below mmap_min_addr is SEGV_MAPERR");
}

/* -- instructions ---------------------------------------------------------------------------- */

#define INSN(name, text) \
	static void name(void *arg) \
	{ \
		asm volatile(text ::: "eax", "ecx", "edx", "memory"); \
	}

INSN(do_cli, "cli")
INSN(do_sti, "sti")
INSN(do_hlt, "hlt")
INSN(do_in, "inb $0x60, %%al")
INSN(do_out, "outb %%al, $0x80")
INSN(do_in_dx, "movl $0x3f8, %%edx; inb %%dx, %%al")
INSN(do_out_dx, "movl $0xcf8, %%edx; outl %%eax, %%dx")
INSN(do_insb, "pushl %%edi; movl $0x60, %%edx; subl $16, %%esp; movl %%esp, %%edi; insb; "
	      "addl $16, %%esp; popl %%edi")
INSN(do_lgdt, "subl $8, %%esp; lgdt (%%esp); addl $8, %%esp")
INSN(do_lidt, "subl $8, %%esp; lidt (%%esp); addl $8, %%esp")
INSN(do_lldt, "xorl %%eax, %%eax; lldt %%ax")
INSN(do_ltr, "xorl %%eax, %%eax; ltr %%ax")
INSN(do_lmsw, "xorl %%eax, %%eax; lmsw %%ax")
INSN(do_clts, "clts")
INSN(do_get_cr0, "movl %%cr0, %%eax")
INSN(do_set_cr0, "movl %%eax, %%cr0")
INSN(do_get_cr3, "movl %%cr3, %%eax")
INSN(do_set_cr3, "xorl %%eax, %%eax; movl %%eax, %%cr3")
INSN(do_set_cr4, "xorl %%eax, %%eax; movl %%eax, %%cr4")
INSN(do_get_dr7, "movl %%dr7, %%eax")
INSN(do_set_dr7, "xorl %%eax, %%eax; movl %%eax, %%dr7")
INSN(do_invlpg, "invlpg (%%esp)")
INSN(do_invd, "invd")
INSN(do_wbinvd, "wbinvd")
INSN(do_rdmsr, "movl $0x1b, %%ecx; rdmsr")
INSN(do_wrmsr, "movl $0x174, %%ecx; wrmsr")
INSN(do_iret_ring0, "pushfl; pushl $0x08; pushl $0; iret")
INSN(do_far_jump, "ljmp $0x60, $0xC0100000")
INSN(do_load_ds, "movl $0x10, %%eax; movl %%eax, %%ds")
INSN(do_load_ss, "movl $0x18, %%eax; movl %%eax, %%ss")
INSN(do_sysexit, "sysexit")
INSN(do_int0, "int $0")
INSN(do_int8, "int $8")
INSN(do_int13, "int $13")
INSN(do_int14, "int $14")
INSN(do_int32, "int $32")
INSN(do_int64, "int $64")
INSN(do_int127, "int $127")
INSN(do_int129, "int $129")
INSN(do_int208, "int $208")
INSN(do_int239, "int $239")
INSN(do_int253, "int $253")
INSN(do_int255, "int $255")

static const struct {
	const char *name;
	void (*fn)(void *);
} privileged[] = {
	{"cli", do_cli},
	{"sti", do_sti},
	{"hlt", do_hlt},
	{"in imm", do_in},
	{"out imm", do_out},
	{"in dx", do_in_dx},
	{"out dx", do_out_dx},
	{"insb", do_insb},
	{"lgdt", do_lgdt},
	{"lidt", do_lidt},
	{"lldt", do_lldt},
	{"ltr", do_ltr},
	{"lmsw", do_lmsw},
	{"clts", do_clts},
	{"mov from cr0", do_get_cr0},
	{"mov to cr0", do_set_cr0},
	{"mov from cr3", do_get_cr3},
	{"mov to cr3", do_set_cr3},
	{"mov to cr4", do_set_cr4},
	{"mov from dr7", do_get_dr7},
	{"mov to dr7", do_set_dr7},
	{"invlpg", do_invlpg},
	{"invd", do_invd},
	{"wbinvd", do_wbinvd},
	{"rdmsr", do_rdmsr},
	{"wrmsr", do_wrmsr},
	{"a far jump to a kernel selector", do_far_jump},
	{"loading ds with a GDT slot of the kernel", do_load_ds},
	{"loading ss likewise", do_load_ss},
	{"sysexit", do_sysexit},
	{"int 0", do_int0},
	{"int 8", do_int8},
	{"int 13", do_int13},
	{"int 14", do_int14},
	{"int 32", do_int32},
	{"int 64", do_int64},
	{"int 127", do_int127},
	{"int 129", do_int129},
	{"int 208", do_int208},
	{"int 239", do_int239},
	{"int 253", do_int253},
	{"int 255", do_int255},
};

static void check_privileged(void)
{
	for (unsigned i = 0; i < T_COUNT(privileged); i++) {
		struct t_fault f = t_catch(privileged[i].fn, NULL);

		faulted(f, SIGSEGV, SI_KERNEL, 0, "%s is SIGSEGV SI_KERNEL", privileged[i].name);
		if (f.sig == SIGSEGV)
			eq(f.trapno, 13, "%s is a general protection fault", privileged[i].name);
	}
}

extern char insn_ud2[], insn_after_int3[], insn_div[], insn_after_into[];

static void do_ud2(void *arg)
{
	asm volatile(".globl insn_ud2\ninsn_ud2: ud2");
}

static void do_int3(void *arg)
{
	asm volatile("int3\n.globl insn_after_int3\ninsn_after_int3: nop");
}

static void do_div0(void *arg)
{
	asm volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; movl $1, %%eax\n"
		     ".globl insn_div\ninsn_div: divl %%ecx" ::
			     : "eax", "ecx", "edx");
}

static void do_div_overflow(void *arg)
{
	asm volatile("movl $0x80000000, %%eax; cltd; movl $-1, %%ecx; idivl %%ecx" ::
			     : "eax", "ecx", "edx");
}

static void do_into(void *arg)
{
	asm volatile("movb $0x7f, %%al; addb $1, %%al; into\n"
		     ".globl insn_after_into\ninsn_after_into: nop" ::
			     : "eax", "cc");
}

static void do_bound(void *arg)
{
	static const int bounds[2] = {1, 2};

	asm volatile("bound %0, %1" ::"r"(5), "m"(bounds));
}

static void do_trap_flag(void *arg)
{
	asm volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop; nop" ::: "cc");
}

static void do_x87_zero(void *arg)
{
	unsigned short cw = 0x037b; /* unmask #Z */

	asm volatile("fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(cw));
}

static void do_sse_zero(void *arg)
{
	unsigned csr = 0x1f80 & ~0x200u; /* unmask divide by zero */
	float one = 1;

	asm volatile(
		"ldmxcsr %0; movss %1, %%xmm0; xorps %%xmm1, %%xmm1; divss %%xmm1, %%xmm0" ::"m"(
			csr),
		"m"(one));
}

static void do_align(void *arg)
{
	static char page[64] __attribute__((aligned(64)));

	asm volatile("pushfl; orl $0x40000, (%%esp); popfl; movl 1(%0), %%eax; "
		     "pushfl; andl $~0x40000, (%%esp); popfl" ::"r"(page)
		     : "eax", "cc", "memory");
}

static void check_exceptions(void)
{
	struct t_fault f;

	faulted(t_catch(do_ud2, NULL), SIGILL, ILL_ILLOPN, insn_ud2,
		"ud2 is SIGILL at its address");
	faulted(t_catch(do_div0, NULL), SIGFPE, FPE_INTDIV, insn_div,
		"division by zero is SIGFPE FPE_INTDIV at its address");
	f = t_catch(do_div_overflow, NULL);
	ok(f.sig == SIGFPE && f.code == FPE_INTDIV, "INT_MIN / -1 is SIGFPE FPE_INTDIV");
	f = t_catch(do_int3, NULL);
	ok(f.sig == SIGTRAP && f.code == SI_KERNEL, "int3 is SIGTRAP SI_KERNEL");
	eq(f.eip, (unsigned long)insn_after_int3, "with eip behind it");
	f = t_catch(do_into, NULL);
	eq(f.sig, SIGSEGV, "into is SIGSEGV");
	eq(f.eip, (unsigned long)insn_after_into, "with eip behind it");
	f = t_catch(do_bound, NULL);
	eq(f.sig, SIGSEGV, "bound is SIGSEGV");
	f = t_catch(do_trap_flag, NULL);
	ok(f.sig == SIGTRAP && f.code == TRAP_TRACE, "the trap flag is SIGTRAP TRAP_TRACE");
	f = t_catch(do_x87_zero, NULL);
	ok(f.sig == SIGFPE && f.code == FPE_FLTDIV,
	   "an unmasked x87 division by zero is FPE_FLTDIV");
	asm volatile("fninit");
	f = t_catch(do_sse_zero, NULL);
	ok(f.sig == 0 || (f.sig == SIGFPE && f.code == FPE_FLTDIV),
	   "an unmasked SSE division by zero is FPE_FLTDIV where the CPU traps it");
	f = t_catch(do_align, NULL);
	ok(f.sig == 0 || (f.sig == SIGBUS && f.code == BUS_ADRALN),
	   "an unaligned access under EFLAGS.AC is SIGBUS BUS_ADRALN where the CPU checks it");
}

/* -- what tells of the kernel's tables ------------------------------------------------------- */

static unsigned char told[8];
static unsigned long told_word;

static void do_sgdt(void *arg)
{
	asm volatile("sgdt %0" : "=m"(told));
}

static void do_sidt(void *arg)
{
	asm volatile("sidt (%0,%1,4)" ::"r"(told - 4 * 5), "r"(5) : "memory");
}

static void do_smsw(void *arg)
{
	asm volatile("smsw %0" : "=r"(told_word));
}

static void do_smsw_memory(void *arg)
{
	asm volatile("smsw 2(%0)" ::"r"(told) : "memory");
}

static void do_sldt(void *arg)
{
	asm volatile("sldt %0" : "=r"(told_word));
}

static void do_str(void *arg)
{
	asm volatile("str %0" : "=r"(told_word));
}

static void do_str_16(void *arg)
{
	asm volatile("movl $-1, %0; str %w0" : "=r"(told_word));
}

static void do_sgdt_kernel(void *arg)
{
	asm volatile("sgdt 0xC0100000");
}

static void check_tables(void)
{
	static const unsigned char gdt[8] = {0, 0, 0, 0, 0xfe, 0xff, 0xee, 0xee},
				   idt[8] = {0, 0, 0, 0, 0xff, 0xff, 0xee, 0xee};

	memset(told, 0xee, sizeof(told));
	t_must(t_catch(do_sgdt, NULL).sig == 0);
	if (memcmp(told, gdt, sizeof(gdt)) != 0) {
		t_skip("sgdt and its kin tell nothing", "the CPU has no UMIP");
		return;
	}
	ok(true, "sgdt tells nothing");
	memset(told, 0xee, sizeof(told));
	ok(t_catch(do_sidt, NULL).sig == 0 && memcmp(told, idt, sizeof(idt)) == 0, "nor does sidt");
	ok(t_catch(do_smsw, NULL).sig == 0 && told_word == 0x80050033, "smsw gives a constant");
	memset(told, 0xee, sizeof(told));
	ok(t_catch(do_smsw_memory, NULL).sig == 0 && told[2] == 0x33 && told[3] == 0 &&
		   told[4] == 0xee && told[1] == 0xee,
	   "two bytes of it in memory");
	ok(t_catch(do_sldt, NULL).sig == 0 && told_word == 0, "sldt says that there is no table");
	ok(t_catch(do_str, NULL).sig == 0 && told_word == 0x80, "str gives the one selector");
	ok(t_catch(do_str_16, NULL).sig == 0 && told_word == 0xffff0080,
	   "and leaves the upper half of a register in its short form");
	faulted(t_catch(do_sgdt_kernel, NULL), SIGSEGV, SEGV_MAPERR, 0xC0100000,
		"none of them writes to the kernel");
}

/* -- single steps over the gates -------------------------------------------------------------- */

static unsigned steps;
static unsigned long step_seen[8];

static void take_step(int sig, siginfo_t *info, void *context)
{
	if (steps < T_COUNT(step_seen))
		step_seen[steps] = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP];
	steps++;
}

extern char int80_step[], int80_next[], gate_call[], gate_next[];

static void check_steps(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO}, old;
	unsigned long gate = getauxval(AT_SYSINFO), flags, after;
	long result;

	act.sa_sigaction = take_step;
	sigaction(SIGTRAP, &act, &old);
	asm volatile("pushfl; orl $0x100, (%%esp); popfl\n"
		     "int80_step: int $0x80\n"
		     "int80_next: nop\n\t"
		     "pushfl; popl %1; pushfl; andl $~0x100, (%%esp); popfl"
		     : "=a"(result), "=r"(flags)
		     : "0"(SYS_getpid)
		     : "cc", "memory");
	eq(result, getpid(), "int $0x80 works under the trap flag");
	ok(flags & 0x100, "which stays");
	ok(step_seen[0] == (unsigned long)int80_next ||
		   step_seen[0] == (unsigned long)int80_next + 1,
	   "the first step is behind it, not in the kernel");
	steps = 0;
	asm volatile("pushfl; orl $0x100, (%%esp); popfl\n"
		     "gate_call: call *%3\n"
		     "gate_next: pushfl; popl %1; pushfl; andl $~0x100, (%%esp); popfl"
		     : "=a"(result), "=&r"(flags)
		     : "0"(SYS_getpid), "r"(gate)
		     : "cc", "memory");
	eq(result, getpid(), "the vDSO's gate works under the trap flag");
	ok(flags & 0x100, "which stays");
	ok(steps >= 6, "each of the gate's instructions in user mode is a step");
	for (unsigned i = 0; i < T_COUNT(step_seen) && i < steps; i++)
		if (step_seen[i] >= T_KERNEL)
			t_note("a step at %#lx", step_seen[i]);
	sigaction(SIGTRAP, &old, NULL);
	steps = 0;
	asm volatile("pushfl; popl %0" : "=r"(after));
	ok(!(after & 0x100) && getpid() == result && steps == 0, "and nothing of it is left");
}

/* -- deaths without a handler ---------------------------------------------------------------- */

static int die_read(void *addr)
{
	t_do_read(addr);
	return 0;
}

static int die_insn(void *fn)
{
	((void (*)(void *))fn)(NULL);
	return 0;
}

static int die_ignored(void *addr)
{
	signal(SIGSEGV, SIG_IGN);
	t_do_read(addr);
	return 0;
}

static int die_blocked(void *addr)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t_do_read(addr);
	return 0;
}

/* The stack pointer points into the kernel: the frame cannot be written. */
static int die_no_stack(void *arg)
{
	signal(SIGUSR1, (void (*)(int))die_insn);
	asm volatile("movl $0xC0100000, %%esp; int $0x80" ::"a"(SYS_kill), "b"(getpid()),
		     "c"(SIGUSR1));
	return 0;
}

static int die_eip(void *arg)
{
	asm volatile("movl $0xC0100000, %%esp; ud2" ::);
	return 0;
}

static void check_deaths(void)
{
	int status;

	dies(die_read, (void *)T_KERNEL, SIGSEGV,
	     "without a handler a kernel read kills with SIGSEGV");
	dies(die_ignored, (void *)T_KERNEL, SIGSEGV, "also when SIGSEGV is ignored");
	dies(die_blocked, (void *)T_KERNEL, SIGSEGV, "also when SIGSEGV is blocked");
	dies(die_insn, do_hlt, SIGSEGV, "hlt kills with SIGSEGV");
	dies(die_insn, do_ud2, SIGILL, "ud2 kills with SIGILL");
	dies(die_insn, do_int3, SIGTRAP, "int3 kills with SIGTRAP");
	dies(die_insn, do_div0, SIGFPE, "a division by zero kills with SIGFPE");
	/*
	 * Not by which signal: under SMAP the emulator QEMU 7.2 reads the stack of a user's iret
	 * with the kernel's rights, and so gives a page fault that says it came from the kernel.
	 */
	status = t_child(die_insn, do_iret_ring0);
	ok(WIFSIGNALED(status), "iret to ring 0 kills this process only");
	dies(die_no_stack, NULL, SIGSEGV, "a signal frame into the kernel kills with SIGSEGV");
	dies(die_eip, NULL, SIGILL, "a fault with esp in the kernel is the fault's own signal");
}

/* -- doors that must stay shut --------------------------------------------------------------- */

static int as_user(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(syscall(SYS_iopl, 3) == -1 && errno == EPERM);
	need(syscall(SYS_ioperm, 0x60, 1, 1) == -1 && errno == EPERM);
	need(open("/dev/mem", O_RDWR) == -1);
	need(open("/proc/kcore", O_RDONLY) == -1);
	return 0;
}

/* sigreturn must not restore ring 0 selectors or privileged flags. */
static void ring0_frame(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_CS] = 0x60;
}

static void flags_frame(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000; /* IOPL 3, VM */
}

static int sigreturn_ring0(void *handler)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	unsigned long flags;

	act.sa_sigaction = (void (*)(int, siginfo_t *, void *))handler;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	asm volatile("pushfl; popl %0" : "=r"(flags));
	need((flags & 0x23000) == 0);
	return 0;
}

static int popf_iopl(void *arg)
{
	unsigned long flags;

	asm volatile("pushfl; orl $0x3000, (%%esp); andl $~0x200, (%%esp); popfl; pushfl; popl %0"
		     : "=r"(flags)::"cc");
	need((flags & 0x3000) == 0);
	need((flags & 0x200) == 0x200);
	return 0;
}

static void check_doors(void)
{
	struct user_desc desc = {.entry_number = 0, .limit = 0xfffff, .seg_32bit = 1};
	int status;

	fails(syscall(SYS_iopl, 4), EINVAL, "iopl(4) is EINVAL");
	fails(syscall(SYS_ioperm, 65536, 1, 1), EINVAL, "ioperm beyond port 65535 is EINVAL");
	fails(syscall(SYS_ioperm, 0xfff0, -1ul, 1), EINVAL,
	      "ioperm of a range that wraps is EINVAL");
	fails(syscall(SYS_set_thread_area, &desc), EINVAL,
	      "set_thread_area of GDT entry 0 is EINVAL");
	desc.entry_number = 12;
	fails(syscall(SYS_set_thread_area, &desc), EINVAL,
	      "set_thread_area of the kernel's entry is EINVAL");
	passes(as_user, "uid 1000 gets no ports and no physical memory");
	exits(popf_iopl, NULL, 0, "popf changes neither IOPL nor the interrupt flag");
	status = t_child(sigreturn_ring0, ring0_frame);
	ok(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL),
	   "sigreturn to a kernel code segment kills with SIGSEGV or SIGILL");
	exits(sigreturn_ring0, flags_frame, 0, "sigreturn cannot set IOPL or VM");
}

int main(void)
{
	check_kernel_half();
	check_error_code();
	check_low();
	check_privileged();
	check_exceptions();
	check_steps();
	check_tables();
	check_deaths();
	check_doors();
	return t_done();
}
