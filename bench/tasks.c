/*
 * What things cost in memory: makes many of a kind, and says how much less of it is free then,
 * for one of them. By MemFree, so all counts: structures, stacks, page tables, and what lies
 * unused between them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define AREAS 30000L
#define STACK (64L << 10)

static long free_bytes(void)
{
	char text[512];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *at;

	text[n < 0 ? 0 : n] = 0;
	close(fd);
	at = strstr(text, "MemFree:");
	need(at != NULL, "/proc/meminfo");
	return atol(at + strlen("MemFree:")) * 1024;
}

static bool make_process(long i)
{
	pid_t pid = fork();

	(void)i;
	while (!pid)
		pause();
	return pid > 0;
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static bool make_thread(long i)
{
	pthread_attr_t attr;
	pthread_t id;

	(void)i;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	return !pthread_create(&id, &attr, sleep_for_ever, NULL);
}

static bool make_pipe(long i)
{
	int ends[2];

	(void)i;
	return !pipe(ends);
}

static bool make_sockets(long i)
{
	int ends[2];

	(void)i;
	return !socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static bool make_epoll(long i)
{
	(void)i;
	return epoll_create1(0) >= 0;
}

static bool open_null(long i)
{
	(void)i;
	return open("/dev/null", O_RDONLY) >= 0;
}

static bool make_file(long i)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/tmp/cost%05ld", i);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	close(fd);
	return fd >= 0;
}

/* A page each, with a page between them that is no area. */
static bool make_area(long i)
{
	static char *base;

	if (!i) {
		base = mmap(NULL, (size_t)(2 * AREAS * PAGE), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(base, (size_t)(2 * AREAS * PAGE));
	}
	return mmap(base + 2 * i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) != MAP_FAILED;
}

/*
 * The cheaper one is, the more of them: the page allocator takes and counts several hundred
 * kilobytes at a time.
 */
static const struct {
	const char *what;
	bool (*make)(long i);
	long count;
} things[] = {
	{"process (fork)", make_process, 800},
	{"thread", make_thread, 800},
	{"area", make_area, AREAS},
	{"open file", open_null, 30000},
	{"pipe", make_pipe, 8000},
	{"socket pair", make_sockets, 8000},
	{"epoll instance", make_epoll, 8000},
	{"empty file on tmpfs", make_file, 20000},
};

/* Nothing is given back before the end: it would serve the next. */
void run_tasks(void)
{
	const struct rlimit files = {100000, 100000};

	need(!setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++) {
		long before = free_bytes();

		for (long n = 0; n < things[i].count; n++)
			need(things[i].make(n), things[i].what);
		say("BENCH\tcost\t%s\t%ld\n", things[i].what,
		    (before - free_bytes()) / things[i].count);
	}
}
