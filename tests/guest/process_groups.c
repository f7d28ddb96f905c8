/*
 * process_groups - setpgid(2), setsid(2), getpgid(2), getsid(2), orphans and reparenting (_exit(2),
 * prctl(2) PR_SET_CHILD_SUBREAPER), kill(2) of groups.
 */
#include "t.h"
#include <sys/prctl.h>

static int hold[2]; /* children live until its write end is closed */

static int held(void *arg)
{
	char c;

	close(hold[1]);
	return read(hold[0], &c, 1) != 0;
}

static int held_in_session(void *arg)
{
	setsid();
	return held(arg);
}

static int session(void *arg)
{
	pid_t sid = setsid(), pid;

	need(sid == getpid());
	need(getsid(0) == sid && getpgrp() == sid && getpgid(0) == sid);
	need(setsid() == -1 && errno == EPERM);
	need(setpgid(0, 0) == -1 && errno == EPERM);
	pid = fork();
	if (pid == 0) {
		need(getsid(0) == sid && getpgrp() == sid);
		need(setpgid(0, 0) == 0 && getpgrp() == getpid());
		need(setsid() == -1 && errno == EPERM);
		_exit(0);
	}
	return t_wait(pid) != 0;
}

static int exec_barrier(void *arg)
{
	pid_t pid;
	int p[2];
	char c;

	/* exec of a busy shell is not there on every root: run ourselves and wait for our end. */
	need(pipe2(p, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		execl("/proc/self/exe", "process_groups", "sleep", NULL);
		_exit(99);
	}
	close(p[1]);
	need(read(p[0], &c, 1) == 0); /* closed by the exec */
	need(setpgid(pid, pid) == -1 && errno == EACCES);
	kill(pid, SIGKILL);
	t_wait(pid);
	return 0;
}

static void check_setpgid(void)
{
	pid_t a, b, other;

	t_must(pipe(hold) == 0);
	a = t_spawn(held, NULL);
	b = t_spawn(held, NULL);
	other = t_spawn(held_in_session, NULL);
	t_must(t_until(getsid(other) == other));
	eq(getpgid(a), getpgrp(), "a child begins in its parent's group");
	eq(setpgid(a, 0), 0, "setpgid(child, 0) makes a group");
	eq(getpgid(a), a, "with the child's pid");
	eq(setpgid(b, a), 0, "another child can join it");
	eq(getpgid(b), a, "and is in it");
	eq(setpgid(b, getpgrp()), 0, "and can come back");
	fails(setpgid(b, 0x3ffffff), EPERM, "a group that does not exist is EPERM");
	fails(setpgid(b, -1), EINVAL, "a negative group is EINVAL");
	fails(setpgid(1, 0), ESRCH, "a process that is no child is ESRCH");
	fails(setpgid(0x3ffffff, 0), ESRCH, "a process that does not exist is ESRCH");
	fails(setpgid(other, other), EPERM, "a child in another session is EPERM");
	fails(setpgid(b, other), EPERM, "a group of another session is EPERM");
	fails(getpgid(0x3ffffff), ESRCH, "getpgid of nobody is ESRCH");
	fails(getsid(0x3ffffff), ESRCH, "getsid of nobody is ESRCH");
	eq(getsid(other), other, "getsid of a session leader is itself");
	fails(kill(-0x3fffffe, 0), ESRCH, "kill of a group that does not exist is ESRCH");
	eq(kill(-a, 0), 0, "kill(-group, 0) finds it");
	close(hold[1]);
	close(hold[0]);
	t_wait(a);
	t_wait(b);
	t_wait(other);
	fails(kill(-a, 0), ESRCH, "an empty group is gone");
}

static volatile sig_atomic_t usr1;

static void on_usr1(int sig)
{
	usr1++;
}

static int group_kill(void *arg)
{
	pid_t pids[3];

	setsid();
	t_must(pipe(hold) == 0);
	signal(SIGUSR1, on_usr1);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			signal(SIGUSR1, SIG_DFL);
			_exit(held(NULL));
		}
	}
	setpgid(pids[2], pids[2]);
	/* Until every child has put the default back, the signal would be lost on it. */
	usleep(50000);
	need(kill(0, SIGUSR1) == 0);
	need(usr1 == 1);
	need(t_wait(pids[0]) == SIGUSR1 && t_wait(pids[1]) == SIGUSR1);
	need(kill(pids[2], 0) == 0 && waitpid(pids[2], NULL, WNOHANG) == 0);
	close(hold[1]);
	return t_wait(pids[2]) != 0;
}

/* A grandchild whose parent ends is given to init, or to a subreaper. */
static int orphan_of(int subreaper)
{
	int p[2], q[2];
	pid_t pid, parent = 0, self = getpid();
	char c;

	need(pipe(p) == 0 && pipe(q) == 0);
	need(prctl(PR_SET_CHILD_SUBREAPER, subreaper) == 0);
	pid = fork();
	if (pid == 0) {
		pid_t middle = getpid();

		close(p[1]);
		if (fork() == 0) {
			need(t_until(getppid() != middle));
			parent = getppid();
			write(q[1], &parent, sizeof(parent));
			read(p[0], &c, 1);
			_exit(17);
		}
		_exit(0);
	}
	close(p[0]);
	need(t_wait(pid) == 0);
	need(read(q[0], &parent, sizeof(parent)) == sizeof(parent));
	close(p[1]);
	if (subreaper) {
		need(parent == self);
		int status;
		need(wait(&status) > 0 && status == 17 << 8);
	} else {
		need(parent != self);
		need(wait(NULL) == -1 && errno == ECHILD);
	}
	return 0;
}

static int orphan(void *arg)
{
	return orphan_of((long)arg);
}

static int parent_death_signal(void *arg)
{
	int p[2];
	char c;
	pid_t pid;

	need(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			close(p[0]);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			write(p[1], "r", 1);
			for (;;)
				pause();
		}
		read(p[0], &c, 1);
		_exit(0);
	}
	close(p[1]);
	need(t_wait(pid) == 0);
	need(read(p[0], &c, 1) == 0); /* the grandchild is dead: its end is closed */
	return 0;
}

/* In an orphaned group the terminal's stop signals do nothing; SIGSTOP stops. */
static int orphaned_group(void *arg)
{
	setsid();
	kill(getpid(), SIGTSTP);
	kill(getpid(), SIGTTIN);
	kill(getpid(), SIGTTOU);
	return 5;
}

/* A group that becomes orphaned with a stopped member gets SIGHUP and SIGCONT. */
static int newly_orphaned(void *arg)
{
	int p[2];
	char got[3] = "";
	pid_t middle;

	need(pipe(p) == 0);
	middle = fork();
	if (middle == 0) {
		pid_t pid;

		setsid();
		pid = fork();
		if (pid == 0) {
			sigset_t set;
			int sig;

			setpgid(0, 0);
			sigemptyset(&set);
			sigaddset(&set, SIGHUP);
			sigprocmask(SIG_BLOCK, &set, NULL);
			raise(SIGSTOP);
			/* Running again: SIGCONT came, and SIGHUP is there. */
			write(p[1], sigwait(&set, &sig) == 0 && sig == SIGHUP ? "h" : "?", 1);
			_exit(0);
		}
		waitpid(pid, NULL, WUNTRACED);
		_exit(0);
	}
	close(p[1]);
	need(t_wait(middle) == 0);
	need(read(p[0], got, 1) == 1 && got[0] == 'h');
	return 0;
}

static int init_is_safe(void *arg)
{
	need(kill(1, 0) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	need(kill(1, SIGTERM) == -1 && errno == EPERM);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return pause();
	passes(session, "setsid makes a session and a group; a leader cannot do it again");
	check_setpgid();
	passes(exec_barrier, "a child that has called exec cannot be moved: EACCES");
	passes(group_kill, "kill(0) reaches the own group and nobody else");
	exits(orphan, (void *)0, 0, "an orphan is given to init");
	exits(orphan, (void *)1, 0, "or to a subreaper, which can wait for it");
	passes(parent_death_signal, "PR_SET_PDEATHSIG kills when the parent ends");
	exits(orphaned_group, NULL, 5, "SIGTSTP, SIGTTIN, SIGTTOU do not stop an orphaned group");
	passes(newly_orphaned, "a stopped group that becomes orphaned gets SIGHUP and SIGCONT");
	passes(init_is_safe, "a user cannot signal init");
	return t_done();
}
