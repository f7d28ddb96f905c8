/*
 * vdso - the page of kernel code in user space: vdso(7). AT_SYSINFO enters the kernel by the
 * fastest gate the CPU has; its symbols serve the clocks and the signal return.
 */
#include "t.h"
#include <elf.h>
#include <sys/auxv.h>

static const Elf32_Ehdr *image;

/* The address of a dynamic symbol of the image, or NULL. */
static void *symbol(const char *name)
{
	const char *base = (const char *)image, *strings = NULL;
	const Elf32_Phdr *ph = (const void *)(base + image->e_phoff);
	const Elf32_Sym *syms = NULL;
	const Elf32_Word *hash = NULL;
	const Elf32_Dyn *dyn = NULL;
	Elf32_Addr load = 0;

	for (int i = 0; i < image->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			load = ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[i].p_offset);
	}
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		const void *at = base + dyn->d_un.d_ptr - load;

		if (dyn->d_tag == DT_STRTAB)
			strings = at;
		if (dyn->d_tag == DT_SYMTAB)
			syms = at;
		if (dyn->d_tag == DT_HASH)
			hash = at;
	}
	if (!strings || !syms || !hash)
		return NULL;
	for (Elf32_Word i = 0; i < hash[1]; i++)
		if (syms[i].st_shndx && strcmp(strings + syms[i].st_name, name) == 0)
			return (void *)(base + syms[i].st_value - load);
	return NULL;
}

/* A system call through AT_SYSINFO; all six arguments. Registers that must be kept are checked. */
static unsigned long entry;
static int kept;

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long frame[9] = {nr, a, b, c, d, e, f, (long)entry, 0};
	long result;

	asm volatile("pushl %%ebx; pushl %%esi; pushl %%edi; pushl %%ebp\n\t"
		     "pushl %%eax\n\t"
		     "movl 4(%%eax), %%ebx; movl 8(%%eax), %%ecx; movl 12(%%eax), %%edx\n\t"
		     "movl 16(%%eax), %%esi; movl 20(%%eax), %%edi; movl 24(%%eax), %%ebp\n\t"
		     "pushl 28(%%eax)\n\t"
		     "movl (%%eax), %%eax\n\t"
		     "call *(%%esp)\n\t"
		     "addl $4, %%esp\n\t"
		     "xchgl %%eax, (%%esp)\n\t" /* the frame again; the result on the stack */
		     "cmpl 4(%%eax), %%ebx; jne 1f\n\t"
		     "cmpl 8(%%eax), %%ecx; jne 1f\n\t"
		     "cmpl 12(%%eax), %%edx; jne 1f\n\t"
		     "cmpl 16(%%eax), %%esi; jne 1f\n\t"
		     "cmpl 20(%%eax), %%edi; jne 1f\n\t"
		     "cmpl 24(%%eax), %%ebp; jne 1f\n\t"
		     "movl $1, 32(%%eax)\n"
		     "1:\tpopl %%eax\n\t"
		     "popl %%ebp; popl %%edi; popl %%esi; popl %%ebx"
		     : "=a"(result)
		     : "0"(frame)
		     : "ecx", "edx", "memory", "cc");
	kept = frame[8];
	return result;
}

static void check_image(void)
{
	struct t_map m;

	eq(image->e_type, ET_DYN, "the vDSO is a shared object");
	eq(image->e_machine, EM_386, "for the i386");
	ok(entry > (unsigned long)image && entry < (unsigned long)image + 2 * T_PAGE,
	   "AT_SYSINFO points into it");
	ok(t_map_at(image, &m) && strcmp(m.name, "[vdso]") == 0 && m.start == (unsigned long)image,
	   "maps calls it [vdso]");
	ok(symbol("__kernel_vsyscall") == (void *)entry, "__kernel_vsyscall is AT_SYSINFO");
	ok(symbol("__kernel_sigreturn") != NULL, "it has __kernel_sigreturn");
	ok(symbol("__kernel_rt_sigreturn") != NULL, "and __kernel_rt_sigreturn");
	faulted(t_write(image), SIGSEGV, SEGV_ACCERR, image, "it cannot be written");
}

static void check_gate(void)
{
	int p[2], fd;
	char c = 0;
	char *map;

	eq(call(SYS_getpid, 1, 2, 3, 4, 5, 6), getpid(), "getpid through AT_SYSINFO");
	ok(kept, "keeps ebx ecx edx esi edi ebp");
	eq(call(222, 1, 2, 3, 4, 5, 6), -ENOSYS, "an unknown number is -ENOSYS");
	ok(kept, "and keeps them too");
	eq(call(SYS_close, -1, 0, 0, 0, 0, 0), -EBADF, "an error comes back");
	map = (char *)call(SYS_mmap2, 0, T_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok((unsigned long)map < -4096ul && map[0] == 0, "six arguments arrive: mmap2");
	fd = t_file("pages", "", 0);
	t_must(pwrite(fd, "sixth", 5, 3 * T_PAGE) == 5);
	map = (char *)call(SYS_mmap2, 0, T_PAGE, PROT_READ, MAP_PRIVATE, fd, 3);
	ok((unsigned long)map < -4096ul && memcmp(map, "sixth", 5) == 0, "the sixth among them");
	t_must(pipe(p) == 0);
	eq(call(SYS_write, p[1], (long)"w", 1, 0, 0, 0), 1, "write");
	eq(call(SYS_read, p[0], (long)&c, 1, 0, 0, 0), 1, "read");
	eq(c, 'w', "arrives");
	eq(call(SYS_write, p[1], T_KERNEL, 1, 0, 0, 0), -EFAULT, "a kernel pointer is -EFAULT");
	close(p[0]);
	close(p[1]);
}

/* fork through the gate: the child returns through it too. */
static void check_fork(void)
{
	pid_t pid = call(SYS_fork, 0, 0, 0, 0, 0, 0);

	if (pid == 0)
		_exit(kept ? 7 : 8);
	eq(t_wait(pid), 7 << 8, "fork through it returns twice, registers kept");
}

/* A signal while in the gate: the interrupted call is restarted with its arguments. */
static volatile int handled;
static int fds[2];

static void on_signal(int sig)
{
	handled++;
}

static int disturb(void *arg)
{
	usleep(20000);
	kill(getppid(), SIGUSR1);
	usleep(20000);
	return write(fds[1], "x", 1) != 1;
}

static void check_restart(void)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	char c = 0;
	pid_t pid;

	t_must(pipe(fds) == 0);
	sigaction(SIGUSR1, &act, NULL);
	pid = t_spawn(disturb, NULL);
	eq(call(SYS_read, fds[0], (long)&c, 1, 4, 5, 6), 1,
	   "a read that a signal interrupts is restarted");
	ok(handled == 1 && c == 'x' && kept, "with its arguments, registers kept");
	t_wait(pid);
}

/* sysenter with a bad stack pointer: the kernel reads the sixth argument there. */
static int bad_stack(void *arg)
{
	asm volatile(
		"movl %0, %%ebp; movl $0xC0100000, %%esp; movl %1, %%eax; jmp *%%ebp" ::"r"(entry),
		"i"(SYS_getpid));
	return 0;
}

/* The instruction itself, out of place: whatever happens, it stays this process's affair. */
static int bare_sysenter(void *ebp)
{
	asm volatile("movl %0, %%ebp; movl %1, %%eax; sysenter" ::"r"(ebp), "i"(SYS_getpid));
	return 0;
}

/* That it ends, one way or the other, is the check: the machine goes on. */
static bool dies_alone(int (*fn)(void *), void *arg)
{
	int status = t_child(fn, arg);

	return WIFSIGNALED(status) || WIFEXITED(status);
}

static void check_bad(void)
{
	dies(bad_stack, NULL, SIGSEGV, "the gate with esp in the kernel is SIGSEGV");
	ok(dies_alone(bare_sysenter, (void *)T_KERNEL),
	   "sysenter with ebp in the kernel hurts this process only");
	ok(dies_alone(bare_sysenter, NULL), "sysenter with ebp 0 likewise");
	ok(dies_alone(bare_sysenter, (void *)0xfffffffc), "sysenter with ebp at the top likewise");
}

static void check_clocks(void)
{
	int (*gettime)(int, long *) = symbol("__vdso_clock_gettime");
	int (*gettimeofday_)(long *, void *) = symbol("__vdso_gettimeofday");
	long (*time_)(long *) = symbol("__vdso_time");
	long ts[2] = {0}, k[2] = {0};

	if (ok(gettime != NULL, "it has __vdso_clock_gettime")) {
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, k);
		eq(gettime(CLOCK_MONOTONIC, ts), 0, "which works");
		ok(ts[0] > k[0] || (ts[0] == k[0] && ts[1] >= k[1]), "and agrees with the kernel");
		eq(gettime(99, ts), -EINVAL, "an unknown clock is -EINVAL");
	}
	if (ok(gettimeofday_ != NULL, "it has __vdso_gettimeofday")) {
		eq(gettimeofday_(ts, NULL), 0, "which works");
		ok(ts[0] > 1000000000 && ts[1] >= 0 && ts[1] < 1000000, "and is plausible");
	}
	if (ok(time_ != NULL, "it has __vdso_time"))
		ok(time_(NULL) >= ts[0], "which agrees");
}

int main(void)
{
	image = (const Elf32_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	entry = getauxval(AT_SYSINFO);
	if (!ok(image && entry, "AT_SYSINFO_EHDR and AT_SYSINFO are given"))
		return t_done();
	t_tmpdir();
	check_image();
	check_gate();
	check_fork();
	check_restart();
	check_bad();
	check_clocks();
	return t_done();
}
