/*
 * signals - sigaction(2), sigprocmask(2), sigpending(2), sigsuspend(2), sigwaitinfo(2), kill(2),
 * tgkill(2), rt_sigqueueinfo(2), sigaltstack(2), signal(7): who gets which signal when, with what
 * siginfo, and which system calls it interrupts.
 */
#include "t.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>

static volatile int calls, last_sig, order[64], depth, max_depth;
static siginfo_t last_info;
static sigset_t mask_in_handler;

static void simple(int sig)
{
	last_sig = sig;
	order[calls++ & 63] = sig;
}

static void detailed(int sig, siginfo_t *info, void *context)
{
	last_info = *info;
	sigprocmask(SIG_BLOCK, NULL, &mask_in_handler);
	simple(sig);
}

static void set_handler(int sig, void (*fn)(int), int flags)
{
	struct sigaction act = {.sa_handler = fn, .sa_flags = flags};

	t_must(sigaction(sig, &act, NULL) == 0);
}

static void set_info(int sig, int flags)
{
	struct sigaction act = {.sa_flags = flags | SA_SIGINFO};

	act.sa_sigaction = detailed;
	t_must(sigaction(sig, &act, NULL) == 0);
}

static sigset_t set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	if (a)
		sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static void mask(int how, int a, int b)
{
	sigset_t set = set_of(a, b);

	t_must(sigprocmask(how, &set, NULL) == 0);
}

static bool pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

/* -- sigaction ------------------------------------------------------------------------------- */

static void check_action(void)
{
	struct sigaction act = {.sa_handler = simple}, old;

	fails(sigaction(0, &act, NULL), EINVAL, "sigaction of signal 0 is EINVAL");
	fails(sigaction(65, &act, NULL), EINVAL, "of signal 65");
	fails(syscall(SYS_rt_sigaction, SIGKILL, &act, NULL, 8), EINVAL, "of SIGKILL");
	fails(syscall(SYS_rt_sigaction, SIGSTOP, &act, NULL, 8), EINVAL, "of SIGSTOP");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL,
	      "a sigset size of 4 is EINVAL");
	eq(sigaction(SIGKILL, NULL, &old), 0, "SIGKILL's action can be read");
	act.sa_flags = SA_NODEFER;
	act.sa_mask = set_of(SIGUSR2, 0);
	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGUSR1, NULL, &old);
	ok(old.sa_handler == simple && (old.sa_flags & SA_NODEFER),
	   "sigaction gives back handler and flags");
	ok(sigismember(&old.sa_mask, SIGUSR2) == 1 && !sigismember(&old.sa_mask, SIGHUP),
	   "and mask");
	calls = 0;
	raise(SIGUSR1);
	eq(calls, 1, "raise runs the handler before it returns");
	eq(last_sig, SIGUSR1, "with the signal's number");
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	eq(calls, 1, "an ignored signal does nothing");
	set_handler(SIGUSR1, simple, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	ok(calls == 2 && old.sa_handler == SIG_DFL, "SA_RESETHAND resets to the default on entry");
}

static void recurse(int sig)
{
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	if (depth < 4)
		raise(sig);
	depth--;
}

static void check_masking(void)
{
	struct sigaction act = {.sa_flags = SA_SIGINFO};
	sigset_t now;

	max_depth = 0;
	set_handler(SIGUSR1, recurse, SA_NODEFER);
	raise(SIGUSR1);
	eq(max_depth, 4, "SA_NODEFER lets a handler be interrupted by its own signal");
	act.sa_sigaction = detailed;
	act.sa_mask = set_of(SIGUSR2, 0);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	ok(sigismember(&mask_in_handler, SIGUSR1) && sigismember(&mask_in_handler, SIGUSR2),
	   "in a handler its own signal and sa_mask are blocked");
	sigprocmask(SIG_BLOCK, NULL, &now);
	ok(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2), "afterwards no more");
	set_info(SIGUSR1, 0);
	set_info(SIGUSR2, 0);
	mask(SIG_BLOCK, SIGUSR1, SIGUSR2);
	calls = 0;
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR2);
	eq(calls, 0, "blocked signals wait");
	ok(pending(SIGUSR1) && pending(SIGUSR2) && !pending(SIGHUP), "sigpending shows them");
	mask(SIG_UNBLOCK, SIGUSR1, 0);
	eq(calls, 1, "unblocked, it is delivered before sigprocmask returns, once");
	mask(SIG_SETMASK, 0, 0);
	eq(calls, 2, "SIG_SETMASK delivers the other");
	fails(sigprocmask(77, &now, NULL), EINVAL, "an unknown how is EINVAL");
	sigfillset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(!sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP),
	   "SIGKILL and SIGSTOP cannot be blocked");
	mask(SIG_SETMASK, 0, 0);
	mask(SIG_BLOCK, SIGUSR1, 0);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	ok(!pending(SIGUSR1), "ignoring a pending signal discards it");
	mask(SIG_SETMASK, 0, 0);
}

/* Pending signals: the lowest number first; so the handler that runs first is the highest's. */
static void check_order(void)
{
	static const int sigs[] = {SIGUSR2, SIGUSR1, SIGHUP, SIGTERM};
	sigset_t all;

	for (unsigned i = 0; i < T_COUNT(sigs); i++) {
		struct sigaction act = {.sa_handler = simple};

		sigfillset(&act.sa_mask);
		sigaction(sigs[i], &act, NULL);
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (unsigned i = 0; i < T_COUNT(sigs); i++)
		raise(sigs[i]);
	calls = 0;
	mask(SIG_SETMASK, 0, 0);
	eq(calls, 4, "four pending signals are all delivered");
	ok(order[0] == SIGHUP && order[1] == SIGUSR1 && order[2] == SIGUSR2 && order[3] == SIGTERM,
	   "the lowest number first");
	for (unsigned i = 0; i < T_COUNT(sigs); i++)
		signal(sigs[i], SIG_DFL);
}

/* -- siginfo --------------------------------------------------------------------------------- */

static int send_parent(void *arg)
{
	setresuid(1234, 0, 0);
	return kill(getppid(), SIGUSR1);
}

static int exit_7(void *arg)
{
	return 7;
}

static void check_info(void)
{
	union sigval value = {.sival_int = 0x12345678};

	set_info(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	ok(last_info.si_code == SI_USER && last_info.si_pid == getpid() && last_info.si_uid == 0,
	   "kill: SI_USER, pid, uid");
	eq(last_info.si_signo, SIGUSR1, "and signo");
	raise(SIGUSR1);
	eq(last_info.si_code, SI_TKILL, "raise: SI_TKILL");
	pid_t pid = t_spawn(send_parent, NULL);
	t_wait(pid);
	ok(last_info.si_pid == pid && last_info.si_uid == 1234,
	   "from a child: its pid and real uid");
	sigqueue(getpid(), SIGUSR1, value);
	ok(last_info.si_code == SI_QUEUE && last_info.si_value.sival_int == 0x12345678,
	   "sigqueue: SI_QUEUE and the value");
	set_info(SIGCHLD, 0);
	pid = t_spawn(exit_7, NULL);
	t_wait(pid);
	t_until(last_info.si_signo == SIGCHLD);
	ok(last_info.si_signo == SIGCHLD && last_info.si_code == CLD_EXITED &&
		   last_info.si_pid == pid && last_info.si_status == 7,
	   "SIGCHLD: CLD_EXITED, pid, status");
	signal(SIGCHLD, SIG_DFL);
	siginfo_t fake = {.si_code = SI_USER};
	fails(syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &fake), EPERM,
	      "rt_sigqueueinfo with si_code SI_USER to another is EPERM");
}

static void check_queue(void)
{
	union sigval value;
	siginfo_t info;
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1);
	struct timespec zero = {0, 0};
	bool right = true;

	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 5; i++) {
		value.sival_int = i;
		sigqueue(getpid(), SIGRTMIN + 1, value);
	}
	value.sival_int = 100;
	sigqueue(getpid(), SIGRTMIN, value);
	eq(sigwaitinfo(&set, &info), SIGRTMIN, "the lower real-time signal comes first");
	eq(info.si_value.sival_int, 100, "with its value");
	for (int i = 0; i < 5; i++)
		right &= sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == i;
	ok(right, "five of one number are queued and come in order");
	fails(sigtimedwait(&set, &info, &zero), EAGAIN, "then sigtimedwait is EAGAIN");
	zero.tv_nsec = 2000000;
	fails(sigtimedwait(&set, &info, &zero), EAGAIN, "also after a timeout of 2 ms");
	zero.tv_nsec = 1000000000;
	fails(sigtimedwait(&set, &info, &zero), EINVAL, "a timeout of 10^9 ns is EINVAL");
	mask(SIG_SETMASK, 0, 0);
}

static int queue_limit(void *arg)
{
	struct rlimit limit = {10, 10};
	union sigval value = {.sival_int = 1};
	int sent = 0;

	need(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	mask(SIG_BLOCK, SIGRTMIN, 0);
	while (sent < 100 && sigqueue(getpid(), SIGRTMIN, value) == 0)
		sent++;
	need(sent == 10 && errno == EAGAIN);
	return 0;
}

/* -- waiting --------------------------------------------------------------------------------- */

static int signal_parent(void *sig)
{
	usleep(20000);
	return kill(getppid(), (long)sig);
}

static void check_waiting(void)
{
	sigset_t empty, set;
	struct timespec five = {5, 0};
	siginfo_t info;
	pid_t pid;

	set_handler(SIGUSR1, simple, 0);
	mask(SIG_BLOCK, SIGUSR1, 0);
	sigemptyset(&empty);
	calls = 0;
	raise(SIGUSR1);
	fails(sigsuspend(&empty), EINTR, "sigsuspend returns EINTR");
	eq(calls, 1, "after the handler of a signal that was pending");
	sigprocmask(SIG_BLOCK, NULL, &set);
	ok(sigismember(&set, SIGUSR1), "with the old mask again");
	pid = t_spawn(signal_parent, (void *)SIGUSR1);
	fails(sigsuspend(&empty), EINTR, "or of one that comes later");
	eq(calls, 2, "likewise");
	t_wait(pid);
	set = set_of(SIGUSR1, 0);
	pid = t_spawn(signal_parent, (void *)SIGUSR1);
	eq(sigtimedwait(&set, &info, &five), SIGUSR1, "sigtimedwait takes a blocked signal");
	eq(info.si_pid, pid, "with its siginfo");
	eq(calls, 2, "without a handler");
	t_wait(pid);
	set_handler(SIGUSR1, SIG_DFL, 0);
	pid = t_spawn(signal_parent, (void *)SIGUSR1);
	eq(sigtimedwait(&set, &info, &five), SIGUSR1, "also one that would end the process");
	t_wait(pid);
	set_handler(SIGUSR1, SIG_IGN, 0);
	pid = t_spawn(signal_parent, (void *)SIGUSR1);
	eq(sigtimedwait(&set, &info, &five), SIGUSR1, "or be ignored");
	t_wait(pid);
	set_handler(SIGUSR1, simple, 0);
	set_handler(SIGUSR2, simple, 0);
	pid = t_spawn(signal_parent, (void *)SIGUSR2);
	fails(syscall(SYS_rt_sigtimedwait, &set, &info, &(long[2]){5, 0}, 8), EINTR,
	      "another signal's handler interrupts it: EINTR");
	t_wait(pid);
	mask(SIG_SETMASK, 0, 0);
	pid = t_spawn(signal_parent, (void *)SIGUSR1);
	fails(pause(), EINTR, "pause returns EINTR after a handler");
	t_wait(pid);
}

/* -- by descriptor --------------------------------------------------------------------------- */

static void check_pidfd(void)
{
	int fd = open("/proc/self", O_RDONLY | O_DIRECTORY),
	    task = open("/proc/self/task", O_RDONLY);
	char path[40];
	pid_t pid;

	calls = 0;
	set_handler(SIGUSR1, simple, 0);
	eq(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0), 0, "/proc/PID serves as a pidfd");
	eq(calls, 1, "its process gets the signal");
	fails(syscall(SYS_pidfd_send_signal, task, SIGUSR1, NULL, 0), EBADF,
	      "not so /proc/PID/task");
	close(fd);
	close(task);
	pid = t_spawn(signal_parent, (void *)0);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	t_must(fd >= 0);
	eq(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0, "of a child");
	t_wait(pid);
	fails(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH, "which has ended");
	close(fd);
}

/* -- restarting ------------------------------------------------------------------------------ */

static int fds[2];

/* A child sends SIGUSR1 to its parent, who is in a system call, and then a byte. */
static int disturb(void *arg)
{
	usleep(20000);
	kill(getppid(), SIGUSR1);
	usleep(20000);
	return write(fds[1], "x", 1) != 1;
}

static void check_restart(void)
{
	struct timespec half = {0, 60000000}, left = {9, 9};
	struct pollfd pfd = {.fd = -1, .events = POLLIN};
	char c;
	pid_t pid;

	t_must(pipe(fds) == 0);
	pfd.fd = fds[0];
	calls = 0;
	set_handler(SIGUSR1, simple, SA_RESTART);
	pid = t_spawn(disturb, NULL);
	eq(read(fds[0], &c, 1), 1, "with SA_RESTART read of a pipe is restarted");
	eq(calls, 1, "after the handler");
	t_wait(pid);
	pid = t_spawn(disturb, NULL);
	fails(poll(&pfd, 1, 5000), EINTR, "poll is not restarted, SA_RESTART or not: EINTR");
	read(fds[0], &c, 1);
	t_wait(pid);
	pid = t_spawn(disturb, NULL);
	eq(waitpid(pid, NULL, 0), pid, "with SA_RESTART waitpid is restarted");
	read(fds[0], &c, 1);
	set_handler(SIGUSR1, simple, 0);
	pid = t_spawn(disturb, NULL);
	fails(read(fds[0], &c, 1), EINTR, "without SA_RESTART read is EINTR");
	t_wait(pid);
	read(fds[0], &c, 1);
	pid = t_spawn(disturb, NULL);
	fails(waitpid(pid, NULL, 0), EINTR, "without SA_RESTART waitpid is EINTR");
	t_wait(pid);
	read(fds[0], &c, 1);
	pid = t_spawn(disturb, NULL);
	half.tv_sec = 5;
	fails(nanosleep(&half, &left), EINTR, "nanosleep is EINTR");
	ok(left.tv_sec < 5 || left.tv_nsec < 60000000, "and tells what is left");
	t_wait(pid);
	read(fds[0], &c, 1);
	signal(SIGUSR1, SIG_IGN);
	pid = t_spawn(disturb, NULL);
	eq(read(fds[0], &c, 1), 1, "an ignored signal disturbs nothing");
	t_wait(pid);
	close(fds[0]);
	close(fds[1]);
}

/* SIGSTOP and SIGCONT in the middle of a sleep or a read: no EINTR. */
static int stopped_read(void *arg)
{
	char c;
	struct timespec ts = {0, 50000000};

	need(read(fds[0], &c, 1) == 1);
	need(nanosleep(&ts, NULL) == 0);
	return 0;
}

static void check_stop_restart(void)
{
	pid_t pid;
	int status;

	t_must(pipe(fds) == 0);
	pid = t_spawn(stopped_read, NULL);
	usleep(10000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	usleep(10000);
	write(fds[1], "x", 1);
	usleep(20000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	eq(t_wait(pid), 0, "stop and continue interrupt neither read nor nanosleep");
	close(fds[0]);
	close(fds[1]);
}

/* -- kill ------------------------------------------------------------------------------------ */

static int user_kills(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(kill(getppid(), SIGTERM) == -1 && errno == EPERM);
	need(kill(getppid(), 0) == -1 && errno == EPERM);
	need(kill(getppid(), SIGCONT) == 0); /* the same session */
	need(syscall(SYS_tgkill, getppid(), getppid(), SIGTERM) == -1 && errno == EPERM);
	need(kill(getpid(), 0) == 0);
	return 0;
}

static void check_kill(void)
{
	eq(kill(getpid(), 0), 0, "kill with signal 0 only looks");
	fails(kill(getpid(), 65), EINVAL, "signal 65 is EINVAL");
	fails(kill(getpid(), -1), EINVAL, "signal -1 is EINVAL");
	fails(kill(0x3ffffff, SIGTERM), ESRCH, "a pid that does not exist is ESRCH");
	fails(kill(INT_MIN, 0), ESRCH, "kill of INT_MIN is ESRCH");
	fails(syscall(SYS_tkill, 0, SIGTERM), EINVAL, "tkill of 0 is EINVAL");
	fails(syscall(SYS_tkill, 0x3ffffff, SIGTERM), ESRCH, "tkill of nobody is ESRCH");
	passes(user_kills, "a user may not signal root's process, but SIGCONT in the session");
}

/* -- alternate stack ------------------------------------------------------------------------- */

static char alt[32768];
static volatile bool on_alt;
static stack_t ss_in_handler;

static void where(int sig)
{
	char here;

	on_alt = &here >= alt && &here < alt + sizeof(alt);
	sigaltstack(NULL, &ss_in_handler);
}

static void change_inside(int sig)
{
	stack_t ss = {.ss_flags = SS_DISABLE};

	on_alt = sigaltstack(&ss, NULL) == -1 && errno == EPERM;
}

static void check_altstack(void)
{
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, old;

	eq(sigaltstack(NULL, &old), 0, "sigaltstack reads");
	eq(old.ss_flags, SS_DISABLE, "at first there is none");
	eq(sigaltstack(&ss, NULL), 0, "one is set");
	set_handler(SIGUSR1, where, SA_ONSTACK);
	raise(SIGUSR1);
	ok(on_alt, "a handler with SA_ONSTACK runs on it");
	eq(ss_in_handler.ss_flags, SS_ONSTACK, "which SS_ONSTACK says inside");
	sigaltstack(NULL, &old);
	eq(old.ss_flags, 0, "and not outside");
	set_handler(SIGUSR1, where, 0);
	raise(SIGUSR1);
	ok(!on_alt, "a handler without SA_ONSTACK does not");
	set_handler(SIGUSR1, change_inside, SA_ONSTACK);
	raise(SIGUSR1);
	ok(on_alt, "changing it while on it is EPERM");
	ss.ss_size = 1024;
	fails(sigaltstack(&ss, NULL), ENOMEM, "one of 1024 bytes is ENOMEM");
	ss.ss_size = sizeof(alt);
	ss.ss_flags = 0x100;
	fails(sigaltstack(&ss, NULL), EINVAL, "an unknown flag is EINVAL");
	ss.ss_flags = SS_DISABLE;
	eq(sigaltstack(&ss, NULL), 0, "and it can be taken away");
}

/* -- defaults -------------------------------------------------------------------------------- */

static const struct {
	int sig;
	char what; /* t: terminates, i: is ignored */
} defaults[] = {
	{SIGHUP, 't'},    {SIGINT, 't'},  {SIGQUIT, 't'},  {SIGILL, 't'},  {SIGTRAP, 't'},
	{SIGABRT, 't'},   {SIGBUS, 't'},  {SIGFPE, 't'},   {SIGUSR1, 't'}, {SIGSEGV, 't'},
	{SIGUSR2, 't'},   {SIGPIPE, 't'}, {SIGALRM, 't'},  {SIGTERM, 't'}, {SIGSTKFLT, 't'},
	{SIGCHLD, 'i'},   {SIGCONT, 'i'}, {SIGURG, 'i'},   {SIGXCPU, 't'}, {SIGXFSZ, 't'},
	{SIGVTALRM, 't'}, {SIGPROF, 't'}, {SIGWINCH, 'i'}, {SIGIO, 't'},   {SIGPWR, 't'},
	{SIGSYS, 't'},    {35, 't'},      {64, 't'},
};

static int raise_default(void *sig)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	signal((long)sig, SIG_DFL);
	kill(getpid(), (long)sig);
	return 77;
}

static void check_defaults(void)
{
	for (unsigned i = 0; i < T_COUNT(defaults); i++) {
		int want = defaults[i].what == 't' ? defaults[i].sig : 77 << 8;
		int status = t_child(raise_default, (void *)(long)defaults[i].sig);

		eq(status & ~0x80, want, "signal %d by default %s", defaults[i].sig,
		   want == 77 << 8 ? "is ignored" : "terminates");
	}
}

/* -- vfork, and children --------------------------------------------------------------------- */

static void check_vfork(void)
{
	int status;
	pid_t pid;

	set_handler(SIGUSR1, simple, 0);
	calls = 0;
	pid = vfork();
	if (pid == 0) {
		kill(getppid(), SIGUSR1); /* the parent is asleep until we leave */
		_exit(calls);
	}
	waitpid(pid, &status, 0);
	eq(status, 0, "a parent in vfork handles no signal before its child leaves");
	eq(calls, 1, "and handles it afterwards");
}

static int pipe_write(void *arg)
{
	int p[2];

	need(pipe(p) == 0);
	close(p[0]);
	write(p[1], "x", 1);
	return 1;
}

static int abort_child(void *arg)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGABRT, SIG_IGN);
	abort();
}

int main(void)
{
	check_action();
	check_masking();
	check_order();
	check_info();
	check_queue();
	passes(queue_limit, "RLIMIT_SIGPENDING limits the queue: EAGAIN");
	check_waiting();
	check_pidfd();
	check_restart();
	check_stop_restart();
	check_kill();
	check_altstack();
	check_defaults();
	check_vfork();
	dies(pipe_write, NULL, SIGPIPE, "writing a pipe without readers is SIGPIPE");
	dies(abort_child, NULL, SIGABRT, "abort kills though SIGABRT is ignored");
	return t_done();
}
