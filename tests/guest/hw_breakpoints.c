/*
 * hw_breakpoints - debug registers through ptrace(2), PTRACE_PEEKUSER and PTRACE_POKEUSER: what a
 * tracer may set, that the tracee and nobody else stops there, and what the stop says.
 */
#include "t.h"
#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define OFFSET(n) (offsetof(struct user, u_debugreg) + 4 * (n))
#define LOCAL(n) (1u << 2 * (n))
#define CONDITION(n, type, length) \
	((unsigned)((length)-1) << (18 + 4 * (n)) | (unsigned)(type) << (16 + 4 * (n)))
enum { EXECUTE, WRITE, PORTS, ACCESS };

static volatile unsigned watched[4];
static volatile unsigned char bytes[8];

static __attribute__((noinline)) void landmark(void)
{
	asm volatile("nop");
}

static long poke(pid_t pid, unsigned n, unsigned value)
{
	return ptrace(PTRACE_POKEUSER, pid, OFFSET(n), value);
}

static unsigned peek(pid_t pid, unsigned n)
{
	errno = 0;
	return (unsigned)ptrace(PTRACE_PEEKUSER, pid, OFFSET(n), 0);
}

/* Lets it go on to its next stop: the signal, or 0 at its end. */
static int next_stop(pid_t pid, int request)
{
	int status;

	t_must(ptrace(request, pid, 0, 0) == 0);
	t_must(waitpid(pid, &status, __WALL) == pid);
	return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static int stop_code(pid_t pid)
{
	siginfo_t info;

	t_must(ptrace(PTRACE_GETSIGINFO, pid, 0, &info) == 0);
	return info.si_code;
}

static unsigned eip_of(pid_t pid)
{
	struct user_regs_struct regs;

	t_must(ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0);
	return (unsigned)regs.eip;
}

static pid_t traced(void (*fn)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		fn();
		_exit(0);
	}
	t_must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

static void nothing(void)
{
}

static void check_values(void)
{
	pid_t pid = traced(nothing);

	for (unsigned n = 0; n < 8; n++)
		eq(peek(pid, n), n == 6 ? 0xffff0ff0 : 0, "debug register %u is unset", n);
	works(poke(pid, 0, 0x12345671), "any address of the program can be set");
	eq(peek(pid, 0), 0x12345671, "and reads back");
	fails(poke(pid, 1, T_KERNEL), EINVAL, "one in the kernel cannot");
	fails(poke(pid, 1, 0xffffffff), EINVAL, "nor the last of all");
	fails(poke(pid, 4, 0), EIO, "registers 4");
	fails(poke(pid, 5, 0), EIO, "and 5 are none");
	fails(poke(pid, 7, LOCAL(0) | CONDITION(0, WRITE, 2)), EINVAL,
	      "a watched range must be aligned");
	fails(poke(pid, 7, LOCAL(0) | CONDITION(0, PORTS, 1)), EINVAL, "ports cannot be watched");
	fails(poke(pid, 7, LOCAL(0) | CONDITION(0, EXECUTE, 2)), EINVAL,
	      "a breakpoint has length 1");
	fails(poke(pid, 7, LOCAL(0) | CONDITION(0, WRITE, 3)), EINVAL,
	      "three bytes cannot be watched");
	eq(peek(pid, 7), 0, "what was refused changed nothing");
	works(poke(pid, 7, LOCAL(0) | CONDITION(0, WRITE, 1)), "one byte can");
	eq(peek(pid, 7), LOCAL(0) | CONDITION(0, WRITE, 1), "which reads back");
	works(poke(pid, 7, 0), "all off");
	works(poke(pid, 7, 0x2000), "the bit that guards the registers themselves can be set");
	eq(peek(pid, 7), 0x2000, "and reads back, but does nothing");
	works(poke(pid, 6, 0xffff4ff1), "the status can be set");
	eq(peek(pid, 6), 0xffff4ff1, "and reads back");
	finish(pid);
}

static void call_twice(void)
{
	landmark();
	landmark();
}

static void check_execute(void)
{
	pid_t pid = traced(call_twice);

	t_must(poke(pid, 0, (unsigned)landmark) == 0 && poke(pid, 7, LOCAL(0)) == 0);
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "a breakpoint stops the program");
	eq(eip_of(pid), (unsigned)landmark, "before the instruction");
	eq(stop_code(pid), 4, "with TRAP_HWBKPT");
	eq(peek(pid, 6) & 15, 1, "and DR6 names it");
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "it goes on, and stops at the next call");
	eq(next_stop(pid, PTRACE_CONT), 0, "and to its end");
}

static void write_watched(void)
{
	watched[0] = 1;
	watched[1] = 2;
	(void)watched[1];
	bytes[4] = 3;
	watched[2] = 4;
}

static void check_watch(void)
{
	pid_t pid = traced(write_watched);
	unsigned control = LOCAL(1) | CONDITION(1, WRITE, 4) | LOCAL(2) | CONDITION(2, ACCESS, 1) |
			   LOCAL(3) | CONDITION(3, WRITE, 2);

	t_must(poke(pid, 1, (unsigned)&watched[1]) == 0 &&
	       poke(pid, 2, (unsigned)&watched[1]) == 0 && poke(pid, 3, (unsigned)&bytes[4]) == 0);
	works(poke(pid, 7, control), "three watched places");
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "a write stops the program");
	ok(peek(pid, 6) & 6, "DR6 names what watches it (QEMU's emulation, one of two)");
	eq(ptrace(PTRACE_PEEKDATA, pid, &watched[1], 0), 2, "it has been done");
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "a read stops it");
	eq(peek(pid, 6) & 15, 4, "by the one that watches reads");
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "a byte of two stops it");
	eq(peek(pid, 6) & 15, 8, "by the third");
	eq(next_stop(pid, PTRACE_CONT), 0, "nothing else does");
}

static void kernel_writes(void)
{
	int zero = open("/dev/zero", O_RDONLY);

	watched[0] = 7;
	if (read(zero, (void *)watched, sizeof(watched)) != sizeof(watched) || watched[0])
		_exit(3);
	for (unsigned i = 0; i < 1000; i++)
		read(zero, (void *)watched, 1);
	write(zero, (const void *)watched, 1);
	close(zero);
}

/* What the kernel itself reads and writes for the program does not stop it. */
static void check_kernel_access(void)
{
	pid_t pid = traced(kernel_writes);
	int status;

	t_must(poke(pid, 0, (unsigned)&watched[1]) == 0 &&
	       poke(pid, 7, LOCAL(0) | CONDITION(0, ACCESS, 4)) == 0);
	t_must(ptrace(PTRACE_CONT, pid, 0, 0) == 0 && waitpid(pid, &status, 0) == pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the kernel passes over a watched place");
}

static void fork_and_write(void)
{
	pid_t child = fork();

	if (child == 0) {
		watched[1] = 5;
		_exit(42);
	}
	_exit(t_wait(child) == 42 << 8 ? 0 : 1);
}

static int untraced_writer(void *arg)
{
	for (unsigned i = 0; i < 2000; i++) {
		watched[1] = i;
		if (i % 100 == 0)
			sched_yield();
	}
	return 0;
}

static void write_and_yield(void)
{
	for (unsigned i = 0; i < 10; i++) {
		watched[1] = i;
		sched_yield();
	}
}

static void check_others(void)
{
	pid_t pid = traced(fork_and_write), other;
	unsigned stops = 0;
	int status;

	t_must(poke(pid, 0, (unsigned)&watched[1]) == 0 &&
	       poke(pid, 7, LOCAL(0) | CONDITION(0, WRITE, 4)) == 0);
	t_must(ptrace(PTRACE_CONT, pid, 0, 0) == 0);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child does not inherit a breakpoint");
	pid = traced(write_and_yield);
	t_must(poke(pid, 0, (unsigned)&watched[1]) == 0 &&
	       poke(pid, 7, LOCAL(0) | CONDITION(0, WRITE, 4)) == 0);
	other = t_spawn(untraced_writer, NULL);
	while (next_stop(pid, PTRACE_CONT) == SIGTRAP)
		stops++;
	eq(stops, 10, "the program stops each time");
	eq(t_wait(other), 0, "and another at the same address never");
}

static void execute_self(void)
{
	execl("/proc/self/exe", "hw_breakpoints", "after-exec", NULL);
}

static void check_exec(void)
{
	pid_t pid = traced(execute_self);

	t_must(poke(pid, 0, (unsigned)landmark) == 0 && poke(pid, 7, LOCAL(0)) == 0);
	eq(next_stop(pid, PTRACE_CONT), SIGTRAP, "a new program");
	eq(peek(pid, 7), 0, "has no breakpoints");
	eq(next_stop(pid, PTRACE_CONT), 0, "and does not stop");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		landmark();
		return 0;
	}
	check_values();
	check_execute();
	check_watch();
	check_kernel_access();
	check_others();
	check_exec();
	return t_done();
}
