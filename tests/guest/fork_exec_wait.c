/*
 * fork_exec_wait - fork(2), vfork(2), clone(2), wait4(2), waitid(2), _exit(2): what the parent
 * learns about a child, and when.
 */
#include "t.h"
#include <sched.h>
#include <sys/resource.h>

static int code(void *arg)
{
	return (long)arg;
}

static int kill_self(void *arg)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	signal((long)arg, SIG_DFL);
	raise((long)arg);
	pause();
	return 0;
}

static int forever(void *arg)
{
	while (pause())
		;
	return 0;
}

/* -- exit status ----------------------------------------------------------------------------- */

static void check_status(void)
{
	static const int codes[] = {0, 1, 7, 127, 255};
	static const int sigs[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGKILL, SIGSEGV,
				   SIGTERM, SIGUSR1, SIGALRM, SIGSYS,  34,      64};

	for (unsigned i = 0; i < T_COUNT(codes); i++)
		exits(code, (void *)(long)codes[i], codes[i], "exit(%d) is seen as %d", codes[i],
		      codes[i]);
	exits(code, (void *)256, 0, "exit(256) is seen as 0: only 8 bits");
	for (unsigned i = 0; i < T_COUNT(sigs); i++)
		dies(kill_self, (void *)(long)sigs[i], sigs[i], "death by signal %d is seen as %d",
		     sigs[i], sigs[i]);
	exits(code, (void *)-1, 255, "exit(-1) is seen as 255");
}

static void check_wait4(void)
{
	struct rusage usage;
	int status = 0x5555;
	pid_t pid, other;

	fails(wait(NULL), ECHILD, "wait without children is ECHILD");
	fails(waitpid(1, NULL, 0), ECHILD, "waitpid of a stranger is ECHILD");
	fails(waitpid(-1, NULL, 0x80), EINVAL, "an unknown option is EINVAL");
	fails(waitpid(INT_MIN, NULL, 0), ESRCH, "waitpid of INT_MIN is ESRCH");
	pid = t_spawn(forever, NULL);
	eq(waitpid(pid, &status, WNOHANG), 0, "WNOHANG of a running child is 0");
	eq(status, 0x5555, "and leaves the status alone");
	other = t_spawn(code, (void *)3);
	eq(waitpid(-1, &status, 0), other, "waitpid(-1) gives the one that ended");
	eq(status, 3 << 8, "with its status");
	kill(pid, SIGKILL);
	eq(wait4(pid, &status, 0, &usage), pid, "wait4 of a pid waits for that one");
	eq(status, SIGKILL, "killed: the signal in the low bits");
	ok(usage.ru_maxrss > 0 || usage.ru_minflt > 0, "and the usage is filled");
	fails(waitpid(pid, NULL, 0), ECHILD, "a child is reaped once");
	pid = t_spawn(code, NULL);
	eq(waitpid(pid, NULL, 0), pid, "a NULL status is allowed");
	pid = t_spawn(code, (void *)5);
	fails(syscall(SYS_wait4, pid, (int *)T_KERNEL, 0, NULL), EFAULT,
	      "a bad status pointer is EFAULT");
	fails(waitpid(pid, &status, 0), ECHILD, "after which the child is gone all the same");
}

static void check_groups(void)
{
	pid_t a = t_spawn(forever, NULL), b = t_spawn(forever, NULL);
	int status;

	eq(setpgid(a, a), 0, "a child gets its own group");
	kill(a, SIGTERM);
	kill(b, SIGINT);
	eq(waitpid(-a, &status, 0), a, "waitpid(-group) waits for that group");
	eq(status, SIGTERM, "with the right status");
	eq(waitpid(0, &status, 0), b, "waitpid(0) waits for the own group");
	eq(status, SIGINT, "with the right status");
	fails(waitpid(-a, NULL, WNOHANG), ECHILD, "an empty group is ECHILD");
}

static void check_stop(void)
{
	pid_t pid = t_spawn(forever, NULL);
	int status;

	setpgid(pid, pid); /* in an orphaned group SIGTSTP would not stop it */
	kill(pid, SIGSTOP);
	eq(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED reports a stop");
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "by SIGSTOP");
	eq(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "once");
	kill(pid, SIGCONT);
	eq(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED reports SIGCONT");
	ok(WIFCONTINUED(status) && status == 0xffff, "as 0xffff");
	eq(waitpid(pid, &status, WCONTINUED | WUNTRACED | WNOHANG), 0, "once");
	kill(pid, SIGTSTP);
	eq(waitpid(pid, &status, WUNTRACED), pid, "SIGTSTP stops too");
	eq(WSTOPSIG(status), SIGTSTP, "and says so");
	kill(pid, SIGTERM);
	eq(waitpid(pid, &status, WNOHANG), 0, "a stopped child keeps SIGTERM pending");
	kill(pid, SIGCONT);
	eq(waitpid(pid, &status, 0), pid, "and dies of it on SIGCONT");
	eq(status, SIGTERM, "of SIGTERM");
	pid = t_spawn(forever, NULL);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	eq(waitpid(pid, &status, 0), pid, "SIGKILL kills a stopped child");
	eq(status, SIGKILL, "at once");
}

static void check_waitid(void)
{
	siginfo_t info;
	pid_t pid = t_spawn(code, (void *)9);

	memset(&info, 0x55, sizeof(info));
	eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0, "waitid WNOWAIT looks");
	ok(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 9 &&
		   info.si_signo == SIGCHLD && info.si_uid == 0,
	   "siginfo: pid, uid, CLD_EXITED, code");
	eq(waitid(P_ALL, 0, &info, WEXITED), 0, "and the child can still be waited for");
	fails(waitid(P_PID, pid, &info, WEXITED), ECHILD, "but then it is gone");
	fails(waitid(P_ALL, 0, &info, 0), EINVAL,
	      "waitid without WEXITED, WSTOPPED or WCONTINUED is EINVAL");
	fails(waitid(99, 0, &info, WEXITED), EINVAL, "an unknown idtype is EINVAL");
	pid = t_spawn(kill_self, (void *)SIGUSR1);
	waitid(P_PID, pid, &info, WEXITED);
	ok(info.si_code == CLD_KILLED && info.si_status == SIGUSR1,
	   "killed: CLD_KILLED and the signal");
	pid = t_spawn(forever, NULL);
	info.si_pid = 77;
	eq(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0, "WNOHANG of a running child is 0");
	eq(info.si_pid, 0, "with si_pid 0");
	kill(pid, SIGSTOP);
	waitid(P_PID, pid, &info, WSTOPPED);
	ok(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP, "stopped: CLD_STOPPED");
	kill(pid, SIGCONT);
	waitid(P_PID, pid, &info, WCONTINUED);
	ok(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT, "continued: CLD_CONTINUED");
	kill(pid, SIGKILL);
	eq(waitid(P_PID, pid, NULL, WEXITED), 0, "a NULL siginfo is allowed");
}

/* -- clone and vfork ------------------------------------------------------------------------- */

static volatile int shared_value;

static void check_vfork(void)
{
	int status;
	pid_t pid;

	shared_value = 1;
	pid = vfork();
	if (pid == 0) {
		shared_value = 2;
		_exit(6);
	}
	eq(shared_value, 2, "a vfork child shares memory and runs first");
	eq(waitpid(pid, &status, 0), pid, "it can be waited for");
	eq(status, 6 << 8, "with its status");
}

static int clone_child(void *arg)
{
	shared_value = 5;
	if ((long)arg >= 0)
		close((long)arg); /* a failure would set the errno that CLONE_VM shares */
	_exit(4);
}

static char clone_stack[65536] __attribute__((aligned(16)));
#define STACK_TOP (clone_stack + sizeof(clone_stack))

static void check_clone(void)
{
	int status = 0, fd = dup(0), tid = 0;
	pid_t pid;

	shared_value = 1;
	pid = clone(clone_child, STACK_TOP, SIGCHLD, (void *)(long)fd);
	eq(waitpid(pid, &status, 0), pid, "clone(SIGCHLD) is like fork");
	ok(shared_value == 1 && fcntl(fd, F_GETFD) == 0, "memory and files are its own");
	pid = clone(clone_child, STACK_TOP, CLONE_VM | CLONE_FILES | SIGCHLD, (void *)(long)fd);
	waitpid(pid, &status, 0);
	eq(shared_value, 5, "CLONE_VM shares memory");
	fails(fcntl(fd, F_GETFD), EBADF, "CLONE_FILES shares descriptors");
	pid = clone(clone_child, STACK_TOP, CLONE_VM, (void *)-1l);
	fails(waitpid(pid, &status, 0), ECHILD,
	      "a child without exit signal is not waited for by default");
	eq(waitpid(pid, &status, __WCLONE), pid, "but with __WCLONE");
	pid = clone(clone_child, STACK_TOP, CLONE_VM, (void *)-1l);
	eq(waitpid(pid, &status, __WALL), pid, "or __WALL");
	pid = clone(clone_child, STACK_TOP, CLONE_VM | CLONE_PARENT_SETTID | SIGCHLD, (void *)-1l,
		    &tid);
	eq(tid, pid, "CLONE_PARENT_SETTID stores the tid");
	waitpid(pid, &status, 0);
	eq(status, 4 << 8, "the child's code is seen");
}

static const struct {
	const char *name;
	unsigned long flags;
	int err;
} clone_errors[] = {
	{"CLONE_SIGHAND without CLONE_VM", CLONE_SIGHAND | SIGCHLD, EINVAL},
	{"CLONE_THREAD without CLONE_SIGHAND", CLONE_THREAD | CLONE_VM | SIGCHLD, EINVAL},
	{"CLONE_FS with CLONE_NEWNS", CLONE_FS | CLONE_NEWNS | SIGCHLD, EINVAL},
};

static void check_clone_errors(void)
{
	for (unsigned i = 0; i < T_COUNT(clone_errors); i++)
		fails(syscall(SYS_clone, clone_errors[i].flags, NULL, NULL, NULL, NULL),
		      clone_errors[i].err, "%s is %s", clone_errors[i].name,
		      strerror(clone_errors[i].err));
}

/* -- what a child inherits ------------------------------------------------------------------- */

static int inherits(void *arg)
{
	sigset_t set;
	struct sigaction act;
	struct rlimit limit;
	char cwd[64];

	sigprocmask(SIG_BLOCK, NULL, &set);
	need(sigismember(&set, SIGUSR2));
	sigpending(&set);
	need(!sigismember(&set, SIGUSR2));
	sigaction(SIGUSR1, NULL, &act);
	need(act.sa_handler == SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &limit);
	need(limit.rlim_cur == 77);
	need(umask(0) == 031);
	need(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, arg) == 0);
	need(getpgrp() == getpgid(getppid()));
	need(getsid(0) == getsid(getppid()));
	need(getpriority(PRIO_PROCESS, 0) == 5);
	return 0;
}

static int inheritance(void *dir)
{
	struct rlimit limit = {77, 77};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	signal(SIGUSR1, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &limit);
	setpriority(PRIO_PROCESS, 0, 5);
	umask(031);
	return t_child(inherits, dir) == 0 ? 0 : 1;
}

static int offset_shared(void *arg)
{
	int fd = (long)arg;

	need(lseek(fd, 0, SEEK_CUR) == 2);
	need(lseek(fd, 3, SEEK_SET) == 3);
	close(fd);
	return 0;
}

static int times_zero(void *arg)
{
	struct rusage r;

	getrusage(RUSAGE_CHILDREN, &r);
	return r.ru_utime.tv_sec || r.ru_utime.tv_usec || r.ru_stime.tv_usec || r.ru_stime.tv_sec;
}

static int alarm_gone(void *arg)
{
	return alarm(0);
}

static void check_inherit(void)
{
	char *dir = strdup(t_tmpdir());
	int fd = t_file("f", "abcdef", 6);
	pid_t pid;

	exits(inheritance, dir, 0,
	      "a child inherits mask, dispositions, limits, umask, cwd, group, nice; "
	      "not what is pending");
	lseek(fd, 2, SEEK_SET);
	exits(offset_shared, (void *)(long)fd, 0, "a child has the file's offset");
	eq(lseek(fd, 0, SEEK_CUR), 3, "and moves it for both; closing is its own");
	exits(times_zero, NULL, 0, "a child's own children times begin at 0");
	alarm(40);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(alarm_gone(NULL));
	eq(t_wait(pid), 0, "an alarm is not inherited");
	t_watchdog();
	free(dir);
}

/* SIGCHLD ignored: children leave no zombies, and wait says ECHILD at the end. */
static int auto_reap(void *arg)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = t_spawn(code, (void *)1);
	need(waitpid(pid, NULL, 0) == -1 && errno == ECHILD);
	need(t_until(kill(pid, 0) == -1) && errno == ESRCH);
	return 0;
}

static int no_cldwait(void *arg)
{
	struct sigaction act = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	pid_t pid;

	sigaction(SIGCHLD, &act, NULL);
	pid = t_spawn(code, (void *)1);
	need(waitpid(pid, NULL, 0) == -1 && errno == ECHILD);
	return 0;
}

int main(void)
{
	check_status();
	check_wait4();
	check_groups();
	check_stop();
	check_waitid();
	check_vfork();
	check_clone();
	check_clone_errors();
	check_inherit();
	passes(auto_reap, "with SIGCHLD ignored children are reaped by themselves");
	passes(no_cldwait, "so they are with SA_NOCLDWAIT");
	return t_done();
}
