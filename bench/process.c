/* Processes and threads: birth and death. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static u64 run_fork(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		pid_t pid = fork();

		need(pid >= 0, "fork");
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return clock_since(begin);
}

static bool fill_memory(long size)
{
	touch(map_small((size_t)size), size / PAGE);
	return true;
}

/* Areas with a page each, which cannot be joined. */
static bool fill_areas(long areas)
{
	char *p = map_small((size_t)(areas * PAGE));

	touch(p, areas);
	for (long i = 0; i < areas; i += 2)
		need(!mprotect(p + i * PAGE, PAGE, PROT_READ), "mprotect");
	return true;
}

static pid_t start_tiny(void)
{
	static char *const argv[] = {"/tiny", NULL};
	pid_t pid = vfork();

	if (!pid) {
		execve("/tiny", argv, NULL);
		_exit(1);
	}
	return pid;
}

static u64 run_exec(long n, long arg)
{
	u64 begin = clock_now();

	(void)arg;
	while (n--) {
		need(start_tiny() > 0, "vfork");
		waitpid(-1, NULL, 0);
	}
	return clock_since(begin);
}

static bool has_tiny(long arg)
{
	(void)arg;
	return !access("/tiny", X_OK);
}

static void *thread(void *arg)
{
	return arg;
}

static u64 run_thread(long n, long arg)
{
	u64 begin = clock_now();
	pthread_t id;

	(void)arg;
	while (n--) {
		need(!pthread_create(&id, NULL, thread, NULL), "pthread_create");
		pthread_join(id, NULL);
	}
	return clock_since(begin);
}

const struct row process_rows[] = {
	{.name = "fork", .what = "fork, exit and wait of a small process", .run = run_fork},
	{.name = "fork-64m",
	 .what = "the same with 64 MB in 4 KB pages",
	 .setup = fill_memory,
	 .run = run_fork,
	 .arg = 64L << 20,
	 .most = 8,
	 .curve = "fork, exit and wait of a process with so much memory in 4 KB pages",
	 .axis = "bytes",
	 .sizes = SIZES(1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20)},
	{.name = "fork-areas",
	 .what = "the same with 1,000 areas of a page",
	 .setup = fill_areas,
	 .run = run_fork,
	 .arg = 1000,
	 .curve = "fork, exit and wait of a process with so many areas of a page",
	 .axis = "areas",
	 .sizes = SIZES(10, 100, 1000, 10000)},
	{.name = "vfork-exec",
	 .what = "vfork and exec of a tiny program, wait",
	 .setup = has_tiny,
	 .run = run_exec},
	{.name = "thread", .what = "pthread_create and join", .run = run_thread},
	{},
};
