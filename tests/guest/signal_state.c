/*
 * signal_state - a signal handler changes nothing in the code it interrupts: sigreturn(2) brings
 * back every register, the flags, x87, MMX and SSE state; a switch to another process keeps them
 * apart; what the handler writes into its ucontext (getcontext(3)) is what is restored.
 */
#include "t.h"
#include <sched.h>
#include <sys/time.h>

/* What load_fpu put into the FPU's registers, and what store_fpu found there. */
static unsigned char xmm_in[8][16], xmm_out[8][16];
static unsigned short cw_in, cw_out;
static unsigned csr_in, csr_out;
static long double st_out[8];

static void load_fpu(int mark)
{
	for (int i = 0; i < 8; i++)
		memset(xmm_in[i], mark + i, 16);
	cw_in = 0x027f;  /* double precision: not the default */
	csr_in = 0x3f80; /* round down */
	asm volatile("fninit; fldcw %0; ldmxcsr %1" ::"m"(cw_in), "m"(csr_in));
	asm volatile("fldz; fld1; fldpi; fldl2e; fldln2; fldlg2; fldl2t; fld1");
	asm volatile("movups 0(%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2;"
		     "movups 48(%0), %%xmm3; movups 64(%0), %%xmm4; movups 80(%0), %%xmm5;"
		     "movups 96(%0), %%xmm6; movups 112(%0), %%xmm7" ::"r"(xmm_in));
}

static void store_fpu(void)
{
	asm volatile("movups %%xmm0, 0(%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0);"
		     "movups %%xmm3, 48(%0); movups %%xmm4, 64(%0); movups %%xmm5, 80(%0);"
		     "movups %%xmm6, 96(%0); movups %%xmm7, 112(%0)" ::"r"(xmm_out)
		     : "memory");
	for (int i = 0; i < 8; i++)
		asm volatile("fstpt %0" : "=m"(st_out[i]));
	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(cw_out), "=m"(csr_out));
	asm volatile("fninit");
}

static bool fpu_kept(void)
{
	static const long double want[8] = {
		1.0L,
		3.32192809488736234787L,
		0.30102999566398119521L,
		0.69314718055994530942L,
		1.44269504088896340736L,
		3.14159265358979323846L,
		1.0L,
		0.0L,
	};
	unsigned csr = 0x1f80;

	asm volatile("ldmxcsr %0" ::"m"(csr));
	if (memcmp(xmm_in, xmm_out, sizeof(xmm_in)) != 0 || cw_out != cw_in || csr_out != csr_in)
		return false;
	for (int i = 0; i < 8; i++)
		if (st_out[i] - want[i] > 1e-9L || want[i] - st_out[i] > 1e-9L)
			return false;
	return true;
}

static volatile int handled;
static volatile bool handler_saw_clean_fpu;

static void trash(int sig)
{
	unsigned short cw;
	unsigned csr;

	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(cw), "=m"(csr));
	handler_saw_clean_fpu = cw == 0x37f && csr == 0x1f80;
	asm volatile("fninit; fldz; fldz; fldz");
	asm volatile("pxor %xmm0, %xmm0; pxor %xmm1, %xmm1; pxor %xmm2, %xmm2; pxor %xmm3, %xmm3;"
		     "pxor %xmm4, %xmm4; pxor %xmm5, %xmm5; pxor %xmm6, %xmm6; pxor %xmm7, %xmm7");
	handled++;
}

static void send_self(int sig)
{
	int result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "0"(SYS_kill), "b"(getpid()), "c"(sig)
		     : "memory");
}

static void check_fpu_over_handler(void)
{
	pid_t pid = getpid();
	int result;

	signal(SIGUSR1, trash);
	load_fpu(0x10);
	asm volatile("int $0x80" : "=a"(result) : "0"(SYS_kill), "b"(pid), "c"(SIGUSR1) : "memory");
	store_fpu();
	eq(handled, 1, "a handler ran and trashed the FPU");
	ok(fpu_kept(), "x87, control words and xmm registers are as they were");
	ok(handler_saw_clean_fpu, "the handler itself began with a fresh FPU");
}

static int sibling(void *arg)
{
	unsigned short cw;
	unsigned csr;

	/* Trash the FPU again and again while the parent holds its marks. */
	for (int i = 0; i < 30; i++) {
		load_fpu(0x80 + i);
		sched_yield();
		store_fpu();
		need(fpu_kept());
	}
	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(cw), "=m"(csr));
	return csr != 0x1f80 || cw != 0x37f;
}

static void check_fpu_over_switch(void)
{
	pid_t pids[3];
	bool kept = true;

	for (int i = 0; i < 3; i++)
		pids[i] = t_spawn(sibling, NULL);
	for (int i = 0; i < 60; i++) {
		int result;

		load_fpu(i);
		for (int n = 0; n < 3; n++)
			asm volatile("int $0x80" : "=a"(result) : "0"(SYS_sched_yield) : "memory");
		store_fpu();
		kept &= fpu_kept();
	}
	ok(kept, "switching between processes keeps each one's FPU state");
	for (int i = 0; i < 3; i++)
		eq(t_wait(pids[i]), 0, "sibling %d kept its own", i);
}

static void check_fpu_over_fork(void)
{
	pid_t pid;
	int result;

	load_fpu(0x40);
	asm volatile("int $0x80" : "=a"(pid) : "0"(SYS_fork) : "memory");
	if (pid == 0) {
		store_fpu();
		asm volatile("int $0x80" : "=a"(result) : "0"(SYS_exit), "b"(fpu_kept() ? 0 : 1));
	}
	store_fpu();
	ok(fpu_kept(), "fork keeps the parent's FPU state");
	eq(t_wait(pid), 0, "and the child has a copy of it");
}

/* A new program begins with a clean FPU: nothing leaks over exec. */
static int exec_with_dirty_fpu(void *arg)
{
	load_fpu(0x70);
	asm volatile("int $0x80" ::"a"(SYS_execve), "b"("/proc/self/exe"),
		     "c"((char *[]){"signal_state", "clean", NULL}), "d"(NULL)
		     : "memory");
	return 99;
}

static unsigned char start_xmm[8][16];
static unsigned short start_cw;
static unsigned start_csr;

static void seen_at_start(void)
{
	asm volatile("movups %%xmm0, 0(%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0);"
		     "movups %%xmm3, 48(%0); movups %%xmm4, 64(%0); movups %%xmm5, 80(%0);"
		     "movups %%xmm6, 96(%0); movups %%xmm7, 112(%0)" ::"r"(start_xmm)
		     : "memory");
	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(start_cw), "=m"(start_csr));
}

static int clean(void)
{
	/* libc may have used some registers; the marks 0x70.. must be nowhere. */
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 8; j++)
			if (start_xmm[i][0] == 0x70 + j && start_xmm[i][15] == 0x70 + j)
				return 1;
	return start_cw == 0x37f && start_csr == 0x1f80 ? 0 : 2;
}

/* -- general registers ----------------------------------------------------------------------- */

/* Spins with marks in all registers until a timer's handler has run; returns which one was lost. */
static volatile int ticks;

static void tick(int sig)
{
	asm volatile("std; cld" ::: "cc");
	ticks++;
}

static int spin_with_marks(void)
{
	int lost;

	asm volatile("pushl %%ebx; pushl %%ebp; pushl %%eax\n\t"
		     "movl $0x11111111, %%ebx; movl $0x22222222, %%ecx; movl $0x33333333, %%edx\n\t"
		     "movl $0x44444444, %%esi; movl $0x55555555, %%edi; movl $0x66666666, %%ebp\n\t"
		     "stc\n"
		     "1:\tmovl (%%esp), %%eax; movl (%%eax), %%eax\n\t"
		     "jnc 3f\n\t" /* carry must stay: mov, lea and jecxz keep flags */
		     "leal -1(%%eax), %%eax\n\t"
		     "xchgl %%eax, %%ecx; jecxz 2f; xchgl %%eax, %%ecx\n\t"
		     "jmp 1b\n"
		     "2:\txchgl %%eax, %%ecx\n\t"
		     "jnc 3f\n\t"
		     "cmpl $0x11111111, %%ebx; jne 3f\n\t"
		     "cmpl $0x22222222, %%ecx; jne 3f\n\t"
		     "cmpl $0x33333333, %%edx; jne 3f\n\t"
		     "cmpl $0x44444444, %%esi; jne 3f\n\t"
		     "cmpl $0x55555555, %%edi; jne 3f\n\t"
		     "cmpl $0x66666666, %%ebp; jne 3f\n\t"
		     "xorl %%eax, %%eax; jmp 4f\n"
		     "3:\tmovl $1, %%eax\n"
		     "4:\tpopl %%ecx; popl %%ebp; popl %%ebx"
		     : "=a"(lost)
		     : "0"(&ticks)
		     : "ecx", "edx", "esi", "edi", "memory", "cc");
	return lost;
}

static void check_registers(void)
{
	struct itimerval once = {{0, 0}, {0, 5000}};
	int lost = 0;

	signal(SIGVTALRM, tick);
	for (int i = 0; i < 10; i++) {
		ticks = 0;
		setitimer(ITIMER_VIRTUAL, &once, NULL);
		lost += spin_with_marks();
	}
	eq(lost, 0, "a timer's handler leaves all general registers and the carry flag");
}

/* -- the context ----------------------------------------------------------------------------- */

static unsigned long context_regs[8];
extern char skip_target[];

static void inspect(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	context_regs[0] = r[REG_ESI];
	context_regs[1] = r[REG_EDI];
	context_regs[2] = r[REG_CS];
	context_regs[3] = r[REG_SS];
	context_regs[4] = r[REG_EAX];
	context_regs[5] = r[REG_TRAPNO];
	context_regs[6] = (unsigned long)uc->uc_mcontext.fpregs;
	r[REG_EDI] = 0x77777777;
	r[REG_EIP] = (unsigned long)skip_target;
}

static void check_context(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	unsigned long di, reached = 1;

	act.sa_sigaction = inspect;
	sigaction(SIGUSR2, &act, NULL);
	asm volatile("movl $0x12121212, %%esi; movl $0x34343434, %%edi\n\t"
		     "int $0x80\n\t"
		     "movl $0, %1\n"
		     ".globl skip_target\nskip_target:\n\t"
		     "movl %%edi, %0"
		     : "=m"(di), "+m"(reached)
		     : "a"(SYS_kill), "b"(getpid()), "c"(SIGUSR2)
		     : "esi", "edi", "memory");
	eq(context_regs[0], 0x12121212, "the context shows esi");
	eq(context_regs[1], 0x34343434, "and edi");
	eq(context_regs[2] & 3, 3, "and a code segment of ring 3");
	eq(context_regs[4], 0, "and eax, the system call's result");
	ok(context_regs[6] != 0, "and points to the FPU state");
	eq(di, 0x77777777, "a register changed in the context is changed after the return");
	eq(reached, 1, "and so is eip");
}

static sigset_t mask_after;

static void change_mask(int sig, siginfo_t *info, void *context)
{
	sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGHUP);
}

static void check_context_mask(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};

	act.sa_sigaction = change_mask;
	sigaction(SIGUSR2, &act, NULL);
	raise(SIGUSR2);
	sigprocmask(SIG_BLOCK, NULL, &mask_after);
	ok(sigismember(&mask_after, SIGHUP),
	   "a mask changed in the context holds after the return");
	sigdelset(&mask_after, SIGHUP);
	sigprocmask(SIG_SETMASK, &mask_after, NULL);
}

/* A handler without SA_SIGINFO gets the old frame: sigcontext behind the signal number. */
static unsigned long old_esi;

struct old_context {
	unsigned long gs, fs, es, ds, di, si;
};

static void old_frame(int sig, struct old_context sc)
{
	old_esi = sc.si;
}

static void check_old_frame(void)
{
	signal(SIGUSR2, (void (*)(int))old_frame);
	asm volatile("movl $0x56565656, %%esi; int $0x80" ::"a"(SYS_kill), "b"(getpid()),
		     "c"(SIGUSR2)
		     : "esi", "memory");
	eq(old_esi, 0x56565656, "the old frame has a sigcontext behind the signal's number");
}

/* sigreturn called without a frame: the garbage on the stack must not hurt the kernel. */
static int bare_sigreturn(void *nr)
{
	asm volatile("subl $4096, %%esp; andl $-16, %%esp; int $0x80" ::"a"(nr));
	return 0;
}

/* Which of the two depends on where the garbage fails first. */
static bool killed(long nr)
{
	int status = t_child(bare_sigreturn, (void *)nr);

	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL);
}

static int wild_sigreturn(void *nr)
{
	asm volatile("movl $0xC0100000, %%esp; int $0x80" ::"a"(nr));
	return 0;
}

/* A frame of which only the beginning can be read: the stack is still the caller's when SIGSEGV comes. */
static char *cut_stack;

static void on_cut_frame(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	(void)info;
	_exit((char *)uc->uc_mcontext.gregs[REG_ESP] != cut_stack);
}

static int cut_sigreturn(void *nr)
{
	static char other_stack[16384];
	stack_t alternate = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	struct sigaction action = {.sa_sigaction = on_cut_frame,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
	need(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
	cut_stack = page + 4096 - 40;
	asm volatile("movl %1, %%esp; int $0x80" ::"a"(nr), "r"(cut_stack));
	return 1;
}

static void check_nesting(void)
{
	handled = 0;
	signal(SIGUSR1, trash);
	for (int i = 0; i < 200; i++)
		send_self(SIGUSR1);
	eq(handled, 200, "200 handlers one after another");
}

int main(int argc, char **argv)
{
	seen_at_start();
	if (argc > 1)
		return clean();
	check_fpu_over_handler();
	check_fpu_over_switch();
	check_fpu_over_fork();
	passes(exec_with_dirty_fpu, "exec begins with a clean FPU: nothing leaks");
	check_registers();
	check_context();
	check_context_mask();
	check_old_frame();
	ok(killed(SYS_sigreturn), "sigreturn without a frame kills with SIGSEGV or SIGILL");
	ok(killed(SYS_rt_sigreturn), "so does rt_sigreturn");
	dies(wild_sigreturn, (void *)SYS_sigreturn, SIGSEGV,
	     "sigreturn with esp in the kernel is SIGSEGV");
	dies(wild_sigreturn, (void *)SYS_rt_sigreturn, SIGSEGV, "so is rt_sigreturn");
	exits(cut_sigreturn, (void *)SYS_sigreturn, 0,
	      "half a frame is SIGSEGV, with esp as it was");
	exits(cut_sigreturn, (void *)SYS_rt_sigreturn, 0, "so is half a frame of rt_sigreturn");
	check_nesting();
	return t_done();
}
