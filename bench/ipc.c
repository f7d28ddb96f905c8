/* From one process or thread to another, and back. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define RING 8

static int to_peer, from_peer;

static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		(void)!write(out, &byte, 1);
	_exit(0);
}

/* @count processes that pass bytes on, from to_peer to from_peer. */
static bool make_chain(long count)
{
	int ends[2], in;

	need(!pipe(ends), "pipe");
	to_peer = ends[1];
	in = ends[0];
	while (count--) {
		pid_t pid;

		need(!pipe(ends), "pipe");
		pid = fork();
		need(pid >= 0, "fork");
		if (!pid) {
			close(to_peer);
			echo(in, ends[1]);
		}
		close(in);
		close(ends[1]);
		in = ends[0];
	}
	from_peer = in;
	return true;
}

static void end_chain(long count)
{
	close(to_peer);
	while (count--)
		wait(NULL);
}

static u64 run_chain(long n, long count)
{
	u64 begin = clock_now();
	char byte = 0;

	for (; n > 0; n -= count > 1 ? count + 1 : 1) {
		(void)!write(to_peer, &byte, 1);
		need(read(from_peer, &byte, 1) == 1, "read");
	}
	return clock_since(begin);
}

#define CROWD_MAX 10000

static pid_t crowd[CROWD_MAX];

/* @count processes that sleep, besides the two that talk. */
static bool make_crowd(long count)
{
	for (long i = 0; i < count; i++) {
		crowd[i] = fork();
		need(crowd[i] >= 0, "fork");
		while (!crowd[i])
			pause();
	}
	return make_chain(1);
}

static void end_crowd(long count)
{
	end_chain(1);
	for (long i = 0; i < count; i++)
		kill(crowd[i], SIGKILL);
	for (long i = 0; i < count; i++)
		waitpid(crowd[i], NULL, 0);
}

static u64 run_in_crowd(long n, long count)
{
	(void)count;
	return run_chain(n, 1);
}

static bool make_sockets(long arg)
{
	int ends[2];
	pid_t pid;

	(void)arg;
	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		close(ends[0]);
		echo(ends[1], ends[1]);
	}
	close(ends[1]);
	to_peer = from_peer = ends[0];
	return true;
}

static u64 run_pipe_bulk(long n, long size)
{
	static char buf[65536];
	u64 begin;
	int ends[2];

	need(!pipe(ends), "pipe");
	begin = clock_now();
	while (n--) {
		(void)!write(ends[1], buf, (size_t)size);
		(void)!read(ends[0], buf, (size_t)size);
	}
	begin = clock_since(begin);
	close(ends[0]);
	close(ends[1]);
	return begin;
}

/* ---- futexes: the turn goes from 0 to 1 and back ---- */

static int turn;

static void wait_for(int mine)
{
	int seen;

	while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL);
}

static void give(int next)
{
	__atomic_store_n(&turn, next, __ATOMIC_RELEASE);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static void *answer(void *count)
{
	for (long n = (long)count; n--;) {
		wait_for(1);
		give(0);
	}
	return NULL;
}

static u64 run_futex(long n, long arg)
{
	pthread_t id;
	u64 begin;

	(void)arg;
	need(!pthread_create(&id, NULL, answer, (void *)n), "pthread_create");
	begin = clock_now();
	for (long i = n; i--;) {
		give(1);
		wait_for(0);
	}
	begin = clock_since(begin);
	pthread_join(id, NULL);
	return begin;
}

const struct row ipc_rows[] = {
	{.name = "pipe",
	 .what = "round trip of a byte, 2 processes",
	 .setup = make_chain,
	 .run = run_chain,
	 .teardown = end_chain,
	 .arg = 1},
	{.name = "pipe-1000",
	 .what = "the same besides 1,000 processes that sleep",
	 .setup = make_crowd,
	 .run = run_in_crowd,
	 .teardown = end_crowd,
	 .arg = 1000,
	 .curve = "round trip of a byte through pipes, besides sleeping processes",
	 .axis = "sleeping processes",
	 .sizes = SIZES(1, 10, 100, 1000, 4000)},
	{.name = "ring-8",
	 .what = "a byte on to the next of a ring of 8 processes",
	 .setup = make_chain,
	 .run = run_chain,
	 .teardown = end_chain,
	 .arg = RING - 1,
	 .step = RING},
	{.name = "socket",
	 .what = "round trip of a byte, AF_UNIX stream",
	 .setup = make_sockets,
	 .run = run_chain,
	 .teardown = end_chain,
	 .arg = 1},
	{.name = "pipe-4k",
	 .what = "write and read of 4 KB, 1 process",
	 .run = run_pipe_bulk,
	 .arg = 4096},
	{.name = "pipe-64k",
	 .what = "write and read of 64 KB, 1 process",
	 .run = run_pipe_bulk,
	 .arg = 65536},
	{.name = "futex", .what = "round trip by futex, 2 threads", .run = run_futex},
	{},
};
