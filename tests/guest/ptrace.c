/*
 * ptrace(2): stops and what the tracer learns of them, memory and registers, signals, events of
 * fork, clone, exec and exit, attaching, seizing and letting go.
 */
#include "t.h"
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <linux/ptrace.h>

/* The C libraries' prototypes differ, and hide PEEK's result: the system call itself. */
static long pt(long request, long pid, unsigned long addr, unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

static int status_of(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, __WALL) == pid ? status : -1;
}

static int stopped_by(int status)
{
	return status != -1 && WIFSTOPPED(status) ? status >> 8 : -1;
}

/* A child that is traced and has stopped itself, then goes on with fn. */
static pid_t traced(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		if (pt(PTRACE_TRACEME, 0, 0, 0))
			_exit(99);
		raise(SIGSTOP);
		_exit(fn());
	}
	if (stopped_by(status_of(pid)) != SIGSTOP)
		printf("# the child did not stop\n");
	return pid;
}

static int stop_after_cont(pid_t pid, long how, int sig)
{
	if (pt(how, pid, 0, sig))
		return -2;
	return stopped_by(status_of(pid));
}

static void ends(pid_t pid, const char *what, int code)
{
	pt(PTRACE_CONT, pid, 0, 0);
	eq(status_of(pid), code << 8, "%s", what);
}

/* ---- memory and registers ---- */

static volatile int word = 0x12345678;
static const volatile int constant = 77;

static int exit_with_word(void)
{
	return word;
}

static void memory(void)
{
	pid_t pid = traced(exit_with_word);
	int value = 0;
	char path[64];
	FILE *f;

	eq(pt(PTRACE_PEEKDATA, pid, (unsigned long)&word, (unsigned long)&value), 0, "PEEKDATA");
	eq(value, 0x12345678, "reads the tracee's memory");
	eq(pt(PTRACE_PEEKTEXT, pid, (unsigned long)&word + 1, (unsigned long)&value), 0,
	   "at any address");
	fails(pt(PTRACE_PEEKDATA, pid, 16, (unsigned long)&value), EIO,
	      "an address without memory");
	eq(pt(PTRACE_POKEDATA, pid, (unsigned long)&word, 5), 0, "POKEDATA");
	eq(word, 0x12345678, "changes the tracee's copy only");
	eq(pt(PTRACE_POKETEXT, pid, (unsigned long)&constant, 78), 0,
	   "and writes where the program may not");
	pt(PTRACE_PEEKDATA, pid, (unsigned long)&constant, (unsigned long)&value);
	eq(value, 78, "it does");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	value = 0;
	while (f && fgets(path, sizeof(path), f)) {
		if (sscanf(path, "TracerPid: %d", &value) == 1)
			break;
	}
	if (f)
		fclose(f);
	eq(value, getpid(), "TracerPid in /proc");
	ends(pid, "the tracee exits with what was poked", 5);
}

static int add(void)
{
	int a = 1;

	__asm__ volatile("int3" : "+a"(a));
	return a;
}

static void registers(void)
{
	pid_t pid = traced(add);
	struct user_regs_struct regs, again;
	struct iovec iov = {&again, sizeof(again)};
	long value = 0;

	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP, "int3 stops with SIGTRAP");
	eq(pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs), 0, "GETREGS");
	eq(regs.eax, 1, "has the registers");
	pt(PTRACE_PEEKUSR, pid, offsetof(struct user_regs_struct, eip), (unsigned long)&value);
	eq(value, regs.eip, "PEEKUSER has the same");
	pt(PTRACE_PEEKTEXT, pid, (unsigned long)regs.eip - 1, (unsigned long)&value);
	eq(value & 0xff, 0xcc, "eip is behind the int3");
	eq(pt(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), 0, "GETREGSET");
	ok(iov.iov_len == sizeof(again) && !memcmp(&regs, &again, sizeof(regs)), "too");
	fails(pt(PTRACE_GETREGSET, pid, 0x12345, (unsigned long)&iov), EINVAL, "an unknown set");
	fails(pt(PTRACE_PEEKUSR, pid, 2, (unsigned long)&value), EIO, "PEEKUSER between words");
	again.xcs = 0x10;
	fails(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&again), EIO,
	      "a kernel segment cannot be set");
	fails(pt(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xss), 0x18), EIO,
	      "nor poked");
	regs.eflags |= 0x3000 | 1 << 17; /* IOPL, VM */
	eq(pt(PTRACE_SETREGS, pid, 0, (unsigned long)&regs), 0, "privileged flags are");
	pt(PTRACE_GETREGS, pid, 0, (unsigned long)&again);
	eq(again.eflags & (0x3000 | 1 << 17), 0, "left alone");
	eq(pt(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, eax), 42), 0, "POKEUSER");
	ends(pid, "the program goes on with the new register", 42);
}

static int floats(void)
{
	double result;

	__asm__ volatile("fldpi\n fldl2e\n int3\n faddp\n fstpl %0" : "=m"(result));
	return (int)result;
}

static void fpu(void)
{
	pid_t pid = traced(floats);
	struct user_fpregs_struct fp;
	struct user_fpxregs_struct fx;
	unsigned char six[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0x01, 0x40};

	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP, "stopped between x87 instructions");
	eq(pt(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp), 0, "GETFPREGS");
	eq(pt(PTRACE_GETFPXREGS, pid, 0, (unsigned long)&fx), 0, "GETFPXREGS");
	ok(!memcmp(fp.st_space, fx.st_space, 10), "both have st(0)");
	eq(fp.twd & 0xffff, 0x0fff, "two registers are in use");
	memcpy(fp.st_space, six, 10);
	eq(pt(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp), 0, "SETFPREGS");
	ends(pid, "6 + pi", 9);
}

static void steps(void)
{
	pid_t pid = traced(add);
	struct user_regs_struct regs, next;
	siginfo_t info;

	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP, "at a known place");
	pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
	eq(stop_after_cont(pid, PTRACE_SINGLESTEP, 0), SIGTRAP, "SINGLESTEP stops with SIGTRAP");
	pt(PTRACE_GETREGS, pid, 0, (unsigned long)&next);
	ok(next.eip != regs.eip, "an instruction further");
	eq(next.eflags & 0x100, 0, "the trap flag is not to be seen");
	eq(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info), 0, "GETSIGINFO");
	eq(info.si_code, TRAP_TRACE, "says TRAP_TRACE");
	ends(pid, "and runs on", 1);
}

/* ---- signals ---- */

static volatile sig_atomic_t seen;

static void handler(int sig)
{
	seen = sig;
}

static int raise_usr1(void)
{
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	raise(SIGUSR1);
	return seen;
}

static void signals(void)
{
	pid_t pid = traced(raise_usr1);
	siginfo_t info;
	unsigned long long mask = 0;

	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGUSR1,
	   "a signal stops the tracee before it is delivered");
	eq(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info), 0, "GETSIGINFO");
	ok(info.si_signo == SIGUSR1 && info.si_pid == pid, "tells who sent it");
	eq(pt(PTRACE_GETSIGMASK, pid, 8, (unsigned long)&mask), 0, "GETSIGMASK");
	ends(pid, "without it nothing is delivered", 0);

	pid = traced(raise_usr1);
	stop_after_cont(pid, PTRACE_CONT, 0);
	pt(PTRACE_CONT, pid, 0, SIGUSR1);
	eq(status_of(pid), SIGUSR1 << 8, "sent along it is");

	pid = traced(raise_usr1);
	stop_after_cont(pid, PTRACE_CONT, 0);
	pt(PTRACE_CONT, pid, 0, SIGUSR2);
	eq(status_of(pid), SIGUSR2 << 8, "another one takes its place");

	pid = traced(raise_usr1);
	stop_after_cont(pid, PTRACE_CONT, 0);
	fails(pt(PTRACE_CONT, pid, 0, 65), EIO, "no such signal");
	pt(PTRACE_CONT, pid, 0, SIGTERM);
	eq(status_of(pid), SIGTERM, "a fatal one kills");

	pid = traced(raise_usr1);
	stop_after_cont(pid, PTRACE_CONT, 0);
	kill(pid, SIGKILL);
	eq(status_of(pid), SIGKILL, "SIGKILL needs no tracer");

	pid = traced(raise_usr1);
	stop_after_cont(pid, PTRACE_CONT, 0);
	pt(PTRACE_SINGLESTEP, pid, 0, SIGUSR1);
	eq(stopped_by(status_of(pid)), SIGTRAP,
	   "a step into a handler stops at its first instruction");
	{
		struct user_regs_struct regs;

		pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
		eq(regs.eip, (long)handler, "there");
	}
	ends(pid, "from which it returns", SIGUSR1);
}

static int ignore_usr1(void)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	return 3;
}

static int segv(void)
{
	*(volatile int *)8 = 1;
	return 0;
}

static void more_signals(void)
{
	pid_t pid = traced(ignore_usr1);
	siginfo_t info;

	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGUSR1, "an ignored signal is seen too");
	ends(pid, "and ignored", 3);
	pid = traced(segv);
	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGSEGV, "a fault stops");
	pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info);
	ok(info.si_code == SEGV_MAPERR && info.si_addr == (void *)8, "with its address");
	pt(PTRACE_CONT, pid, 0, SIGSEGV);
	eq(status_of(pid) & 0x7f, SIGSEGV, "and kills when it is sent on");
}

/* ---- system calls ---- */

static int two_calls(void)
{
	syscall(SYS_getppid);
	return syscall(SYS_getuid) + 1;
}

static void syscalls(void)
{
	pid_t pid = traced(two_calls);
	struct user_regs_struct regs;
	struct ptrace_syscall_info info;
	long got;

	eq(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), 0, "SETOPTIONS");
	fails(pt(PTRACE_SETOPTIONS, pid, 0, 1 << 30), EINVAL, "unknown options");
	do {
		got = stop_after_cont(pid, PTRACE_SYSCALL, 0);
		pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
	} while (got == (SIGTRAP | 0x80) && regs.orig_eax != SYS_getppid);
	eq(got, SIGTRAP | 0x80, "PTRACE_SYSCALL stops at entry");
	eq(regs.eax, -ENOSYS, "eax is -ENOSYS there");
	got = pt(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)&info);
	ok(got > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_getppid,
	   "GET_SYSCALL_INFO knows the entry");
	eq(stop_after_cont(pid, PTRACE_SYSCALL, 0), SIGTRAP | 0x80, "and at exit");
	pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
	eq(regs.eax, getpid(), "with the result");
	pt(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)&info);
	ok(info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.rval == getpid() && !info.exit.is_error,
	   "GET_SYSCALL_INFO knows the exit");
	stop_after_cont(pid, PTRACE_SYSCALL, 0);
	pt(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
	eq(regs.orig_eax, SYS_getuid32 == regs.orig_eax ? SYS_getuid32 : SYS_getuid,
	   "the next call");
	pt(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, orig_eax), -1);
	pt(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, eax), 20);
	stop_after_cont(pid, PTRACE_SYSCALL, 0);
	ends(pid, "can be left out, and its result be chosen", 21);
}

/* ---- events ---- */

static int fork_once(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(4);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void fork_events(void)
{
	pid_t pid = traced(fork_once), child;
	unsigned long message = 0;

	pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT);
	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP | PTRACE_EVENT_FORK << 8,
	   "TRACEFORK stops the parent");
	eq(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message), 0, "GETEVENTMSG");
	child = message;
	eq(stopped_by(status_of(child)), SIGSTOP, "names the child, which begins stopped");
	pt(PTRACE_CONT, pid, 0, 0);
	eq(stop_after_cont(child, PTRACE_CONT, 0), SIGTRAP | PTRACE_EVENT_EXIT << 8,
	   "TRACEEXIT stops the child at its end");
	pt(PTRACE_GETEVENTMSG, child, 0, (unsigned long)&message);
	eq(message, 4 << 8, "with its status");
	pt(PTRACE_CONT, child, 0, 0);
	eq(status_of(child), 4 << 8, "the tracer hears of the child's end");
	eq(stopped_by(status_of(pid)), SIGCHLD, "the parent's SIGCHLD is seen");
	eq(stop_after_cont(pid, PTRACE_CONT, SIGCHLD), SIGTRAP | PTRACE_EVENT_EXIT << 8,
	   "then the parent's exit");
	ends(pid, "the parent had the child's status", 4);
}

static int exec_self(void)
{
	execl("/proc/self/exe", "ptrace", "child", NULL);
	return 98;
}

static void exec_events(void)
{
	pid_t pid = traced(exec_self);
	unsigned long message = 0;

	pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP | PTRACE_EVENT_EXEC << 8, "TRACEEXEC");
	pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message);
	eq(message, pid, "with the old number");
	ends(pid, "the new program runs", 55);
	pid = traced(exec_self);
	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP, "without the option exec sends SIGTRAP");
	ends(pid, "which need not be taken", 55);
}

static void *thread(void *arg)
{
	return arg;
}

static int one_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	return 6;
}

static void clone_events(void)
{
	pid_t pid = traced(one_thread), tid;
	unsigned long message = 0;

	pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE);
	eq(stop_after_cont(pid, PTRACE_CONT, 0), SIGTRAP | PTRACE_EVENT_CLONE << 8, "TRACECLONE");
	pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message);
	tid = message;
	eq(stopped_by(status_of(tid)), SIGSTOP, "a thread begins stopped");
	/* Both go on: the thread may wait for a lock that its maker holds while it is stopped. */
	pt(PTRACE_CONT, pid, 0, 0);
	pt(PTRACE_CONT, tid, 0, 0);
	eq(status_of(tid), 0, "and its end is told by its own number");
	eq(status_of(pid), 6 << 8, "then the process's");
}

/* ---- attaching ---- */

static pid_t sleeper(void)
{
	int ready[2];
	char c;
	pid_t pid;

	t_must(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		sigset_t usr1, none;

		sigemptyset(&none);
		sigemptyset(&usr1);
		sigaddset(&usr1, SIGUSR1);
		sigprocmask(SIG_BLOCK, &usr1, NULL);
		signal(SIGUSR1, handler);
		need(write(ready[1], "", 1) == 1);
		while (!seen)
			sigsuspend(&none);
		_exit(seen);
	}
	t_must(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void attaching(void)
{
	pid_t pid = sleeper();

	fails(pt(PTRACE_CONT, pid, 0, 0), ESRCH, "one that is not traced");
	eq(pt(PTRACE_ATTACH, pid, 0, 0), 0, "ATTACH");
	eq(stopped_by(status_of(pid)), SIGSTOP, "stops it");
	fails(pt(PTRACE_ATTACH, pid, 0, 0), EPERM, "only once");
	fails(pt(PTRACE_ATTACH, getpid(), 0, 0), EPERM, "nobody traces himself");
	eq(pt(PTRACE_DETACH, pid, 0, 0), 0, "DETACH lets it go");
	kill(pid, SIGUSR1);
	eq(status_of(pid), SIGUSR1 << 8, "it lives on untraced");
	fails(pt(PTRACE_ATTACH, pid, 0, 0), ESRCH, "a dead process");
}

static void seizing(void)
{
	pid_t pid = sleeper();
	siginfo_t info;

	fails(pt(PTRACE_SEIZE, pid, 1, 0), EIO, "SEIZE with an address");
	eq(pt(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), 0, "SEIZE");
	eq(waitpid(pid, NULL, WNOHANG), 0, "does not stop it");
	eq(pt(PTRACE_INTERRUPT, pid, 0, 0), 0, "INTERRUPT");
	eq(stopped_by(status_of(pid)), SIGTRAP | PTRACE_EVENT_STOP << 8, "does");
	pt(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGSTOP);
	eq(stopped_by(status_of(pid)), SIGSTOP, "SIGSTOP is first a signal");
	pt(PTRACE_CONT, pid, 0, SIGSTOP);
	eq(stopped_by(status_of(pid)), SIGSTOP | PTRACE_EVENT_STOP << 8, "then a group stop");
	pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info);
	eq(pt(PTRACE_LISTEN, pid, 0, 0), 0, "LISTEN");
	kill(pid, SIGCONT);
	eq(stopped_by(status_of(pid)), SIGTRAP | PTRACE_EVENT_STOP << 8, "hears of SIGCONT");
	pt(PTRACE_CONT, pid, 0, 0);
	eq(stopped_by(status_of(pid)), SIGCONT, "which is a signal too");
	pt(PTRACE_CONT, pid, 0, 0);
	kill(pid, SIGUSR1);
	eq(stopped_by(status_of(pid)), SIGUSR1, "and so on");
	pt(PTRACE_DETACH, pid, 0, SIGUSR1);
	eq(status_of(pid), SIGUSR1 << 8, "DETACH sends a signal along");
}

static void attach_stopped(void)
{
	pid_t pid = sleeper();
	int status;

	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	pt(PTRACE_SEIZE, pid, 0, 0);
	ok(stopped_by(status_of(pid)) >> 8 == PTRACE_EVENT_STOP,
	   "a stopped process stops for its tracer");
	pt(PTRACE_DETACH, pid, 0, 0);
	kill(pid, SIGUSR1);
	kill(pid, SIGCONT);
	eq(status_of(pid), SIGUSR1 << 8, "and is stopped as before when it is let go");
}

static void tracer_dies(void)
{
	pid_t pid = sleeper(), tracer = fork();
	int status;

	if (tracer == 0) {
		pt(PTRACE_ATTACH, pid, 0, 0);
		_exit(stopped_by(status_of(pid)) == SIGSTOP);
	}
	waitpid(tracer, &status, 0);
	eq(WEXITSTATUS(status), 1, "a tracer that is no parent");
	kill(pid, SIGUSR1);
	eq(status_of(pid), SIGUSR1 << 8, "its end lets the tracee go");

	pid = sleeper();
	tracer = fork();
	if (tracer == 0)
		_exit(!(pt(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) == 0));
	waitpid(tracer, &status, 0);
	eq(status_of(pid), SIGKILL, "with EXITKILL it dies");
}

static void permissions(void)
{
	pid_t pid = sleeper(), tracer = fork();
	int status;

	if (tracer == 0) {
		if (setuid(1000))
			_exit(9);
		_exit(pt(PTRACE_ATTACH, pid, 0, 0) == -1 && errno == EPERM);
	}
	waitpid(tracer, &status, 0);
	eq(WEXITSTATUS(status), 1, "another user's process cannot be traced");
	fails(pt(PTRACE_ATTACH, 1 << 21, 0, 0), ESRCH, "nobody");
	fails(pt(0x7777, pid, 0, 0), ESRCH, "an unknown request of one that is not traced");
	kill(pid, SIGKILL);
	status_of(pid);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return 55;
	memory();
	registers();
	fpu();
	steps();
	signals();
	more_signals();
	syscalls();
	fork_events();
	exec_events();
	clone_events();
	attaching();
	seizing();
	attach_stopped();
	tracer_dies();
	permissions();
	return t_done();
}
