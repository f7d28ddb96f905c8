/*
 * many_processes - many at once, and too many: fork(2), getrlimit(2) RLIMIT_NPROC.
 *
 * 500 children live side by side and are all reaped; a fork bomb of a user under RLIMIT_NPROC ends
 * in EAGAIN and harms nobody else.
 */
// needs: mem=256M
#include "t.h"
#include <sched.h>
#include <sys/resource.h>

#define CHILDREN 500

static int gate[2];

static int wait_at_gate(void *arg)
{
	char c;

	close(gate[1]);
	if (read(gate[0], &c, 1) != 0)
		return 255;
	return (long)arg % 250;
}

static void check_many(void)
{
	static pid_t pids[CHILDREN];
	int wrong = 0, started = 0, twice = 0;
	int status;

	t_must(pipe(gate) == 0);
	for (long i = 0; i < CHILDREN; i++) {
		pids[i] = t_spawn(wait_at_gate, (void *)i);
		started += pids[i] > 0;
	}
	eq(started, CHILDREN, "%d children start", CHILDREN);
	for (int i = 0; i < CHILDREN; i++)
		for (int j = 0; j < i; j++)
			twice += pids[i] == pids[j];
	eq(twice, 0, "each has a pid of its own");
	wrong = 0;
	for (int i = 0; i < CHILDREN; i++)
		wrong += kill(pids[i], 0) != 0;
	eq(wrong, 0, "all are alive at once");
	close(gate[1]);
	close(gate[0]);
	wrong = 0;
	for (int i = 0; i < CHILDREN; i++)
		wrong += waitpid(pids[i], &status, 0) != pids[i] || status != (i % 250) << 8;
	eq(wrong, 0, "each ends with its own status");
	fails(wait(NULL), ECHILD, "none is left");
}

static int nothing(void *arg)
{
	return 0;
}

static void check_one_after_another(void)
{
	int wrong = 0;

	for (int i = 0; i < 500; i++)
		wrong += t_child(nothing, NULL) != 0;
	eq(wrong, 0, "500 children one after another");
}

/* As a user who may have 40 processes: fork until EAGAIN; report how many there were. */
static int bomb(void *arg)
{
	struct rlimit limit = {40, 40};
	int made = 0, p[2];
	pid_t pid;

	need(pipe(p) == 0);
	need(setrlimit(RLIMIT_NPROC, &limit) == 0);
	need(setresgid(4711, 4711, 4711) == 0 && setresuid(4711, 4711, 4711) == 0);
	while ((pid = fork()) > 0 && made < 1000)
		made++;
	if (pid == 0) {
		char c;
		close(p[1]);
		_exit(read(p[0], &c, 1) != 0);
	}
	need(pid == -1 && errno == EAGAIN);
	need(made == 39);
	need(fork() == -1 && errno == EAGAIN);
	close(p[1]);
	for (int i = 0; i < made; i++) {
		int status;
		need(wait(&status) > 0 && status == 0);
	}
	pid = fork();
	if (pid == 0)
		_exit(0);
	need(pid > 0);
	return t_wait(pid);
}

/* Every process forks for ever: the classic bomb, in a group that is then killed. */
static int explode(void *arg)
{
	struct rlimit limit = {60, 60};

	setpgid(0, 0);
	need(setrlimit(RLIMIT_NPROC, &limit) == 0);
	need(setresgid(4712, 4712, 4712) == 0 && setresuid(4712, 4712, 4712) == 0);
	for (;;)
		if (fork() == -1 && errno == EAGAIN)
			sched_yield();
}

static void check_bomb(void)
{
	pid_t pid;
	int status;

	passes(bomb,
	       "a user under RLIMIT_NPROC 40 gets 39 children, then EAGAIN; reaped ones count no more");
	pid = t_spawn(explode, NULL);
	usleep(200000);
	eq(t_child(nothing, NULL), 0, "while a fork bomb goes off, others can fork");
	for (int i = 0; i < 50; i++)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	eq(status, SIGKILL, "the bomb's first process is killed");
	ok(t_until((kill(-pid, SIGKILL), kill(-pid, 0)) == -1 && errno == ESRCH),
	   "the group dies out");
}

static int zombie_keeps_pid(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	need(t_until(t_field("/proc/self/status", "Threads") == 1));
	usleep(20000);
	need(kill(pid, 0) == 0);
	need(waitpid(pid, NULL, 0) == pid);
	need(kill(pid, 0) == -1 && errno == ESRCH);
	return 0;
}

int main(void)
{
	check_many();
	check_one_after_another();
	check_bomb();
	passes(zombie_keeps_pid, "a zombie keeps its pid until it is reaped");
	exits(nothing, NULL, 0, "after all that fork works as before");
	return t_done();
}
