/*
 * oom_choice - whom the OOM killer takes: the largest, as oom_score_adj shifts it, together with
 * everybody who shares its memory; oom_kill_allocating_task; what /proc/PID/oom_* say. proc(5),
 * Documentation/admin-guide/sysctl/vm.rst.
 *
 * needs: mem=96M append=highmem=32M
 */
#include "oom.h"
#include <sched.h>

#define MB (1u << 20)

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static long adj_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	errno = err;
	return n;
}

static void score_files(void)
{
	long score;

	write_text("/proc/self/oom_score_adj", "0");
	score = oom_field("/proc/self/oom_score", "");
	ok(score >= 660 && score <= 1000,
	   "a small process's oom_score is two thirds of 1000 and a little (%ld)", score);
	write_text("/proc/self/oom_score_adj", "500");
	ok(labs(oom_field("/proc/self/oom_score", "") - score - 333) <=
		   25, /* counted in thousandths of memory */
	   "oom_score_adj 500 adds a third of 1000");
	eq(oom_field("/proc/self/oom_adj", ""), 8, "oom_adj is oom_score_adj in 17ths");
	write_text("/proc/self/oom_adj", "15");
	eq(oom_field("/proc/self/oom_score_adj", ""), 1000, "oom_adj 15 is oom_score_adj 1000");
	write_text("/proc/self/oom_adj", "-17");
	eq(oom_field("/proc/self/oom_score_adj", ""), -1000, "oom_adj -17 is oom_score_adj -1000");
	eq(oom_field("/proc/self/oom_score", ""), 0, "who is never killed has score 0");
	fails(adj_write("/proc/self/oom_score_adj", "1001"), EINVAL, "oom_score_adj ends at 1000");
	fails(adj_write("/proc/self/oom_adj", "16"), EINVAL, "oom_adj ends at 15");
	eq(oom_field("/proc/1/oom_score", ""), 0, "init has score 0");
	write_text("/proc/self/oom_score_adj", "-500");
}

/* ---- victims ---- */

static void hold(unsigned mb, const char *adj)
{
	char *p = mmap(NULL, mb * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	oom_adj(adj);
	if (p == MAP_FAILED)
		_exit(3);
	memset(p, 1, mb * MB);
	for (;;)
		pause();
}

static pid_t holder(unsigned mb, const char *adj)
{
	pid_t pid = fork();
	long free;

	if (!pid)
		hold(mb, adj);
	free = oom_field("/proc/meminfo", "MemFree:");
	for (unsigned i = 0;
	     i < 200 && oom_field("/proc/meminfo", "MemFree:") > free - (long)mb * 1000; i++)
		usleep(10000);
	return pid;
}

static bool is_alive(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static long kills(void)
{
	return oom_field("/proc/vmstat", "oom_kill ");
}

/* Ask for memory until somebody has died for it. */
static void press(void)
{
	long before = kills();

	oom_adj("-1000");
	while (kills() == before) {
		char *p = mmap(NULL, 16 * T_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(0);
		memset(p, 1, 16 * T_PAGE);
	}
	_exit(0);
}

static void run_press(void)
{
	pid_t pid = fork();

	if (!pid)
		press();
	waitpid(pid, NULL, 0);
}

static void largest_goes(void)
{
	pid_t small = holder(4, "0"), large = holder(12, "0");

	run_press();
	usleep(200000);
	ok(is_alive(small), "the smaller process lives");
	ok(!is_alive(large), "the larger one was killed");
	end(small);
	end(large);
}

static void adj_shifts(void)
{
	pid_t small = holder(4, "600"), large = holder(12, "0");

	run_press();
	usleep(200000);
	ok(!is_alive(small), "oom_score_adj makes the smaller process the victim");
	ok(is_alive(large), "and spares the larger one");
	end(small);
	end(large);
}

static char stack[16384] __attribute__((aligned(16)));

static int share(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static void sharers_die_together(void)
{
	int to[2];
	pid_t pid, other = 0;

	if (pipe(to))
		return;
	pid = fork();
	if (!pid) {
		pid_t sharer = clone(share, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

		(void)!write(to[1], &sharer, sizeof(sharer));
		hold(12, "300");
	}
	(void)!read(to[0], &other, sizeof(other));
	usleep(300000);
	run_press();
	usleep(200000);
	ok(!is_alive(pid), "a process that has much memory is killed");
	ok(other > 0 && t_until(kill(other, 0) < 0 && errno == ESRCH),
	   "and so is another process that shares it");
	end(pid);
	close(to[0]);
	close(to[1]);
}

static void allocating_task(void)
{
	pid_t large = holder(12, "0"), pid;
	int status;

	write_text("/proc/sys/vm/oom_kill_allocating_task", "1");
	pid = fork();
	if (!pid)
		for (;;)
			memset(mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0),
			       1, MB);
	waitpid(pid, &status, 0);
	write_text("/proc/sys/vm/oom_kill_allocating_task", "0");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	   "oom_kill_allocating_task: who asks is killed");
	ok(is_alive(large), "whatever others have");
	end(large);
}

int main(void)
{
	score_files();
	largest_goes();
	adj_shifts();
	sharers_die_together();
	allocating_task();
	return t_done();
}
