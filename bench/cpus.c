/*
 * Page faults on several CPUs at once: in processes, which share nothing that the program can see,
 * and in threads, which share an address space. Each worker fills and gives back a region of its
 * own, for ever; what is counted is what all of them did in a while.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CPUS_MAX 32
#define PAGES 512L
#define WHILE_MS 400
#define ROUNDS 3

/* Shared by all: a line of the cache for each worker. */
static volatile struct {
	u64 faults;
	char rest[56];
} * counts;

static void work(int number)
{
	char *region = map_small((size_t)(PAGES * PAGE));

	for (;;) {
		touch(region, PAGES);
		counts[number].faults += PAGES;
		madvise(region, (size_t)(PAGES * PAGE), MADV_DONTNEED);
	}
}

static void *thread(void *arg)
{
	work((int)(long)arg);
	return NULL;
}

static void start_threads(int cpus)
{
	pthread_t id;

	for (long i = 0; i < cpus; i++)
		need(!pthread_create(&id, NULL, thread, (void *)i), "pthread_create");
	for (;;)
		pause();
}

/* A process that has the threads, or one for each worker: ends with its parent's word. */
static int start(pid_t *pids, int cpus, bool threads)
{
	int count = threads ? 1 : cpus;

	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		need(pids[i] >= 0, "fork");
		if (!pids[i])
			threads ? start_threads(cpus) : work(i);
	}
	return count;
}

static u64 sum(int cpus)
{
	u64 all = 0;

	for (int i = 0; i < cpus; i++)
		all += counts[i].faults;
	return all;
}

static void measure_cpus(int cpus, bool threads)
{
	const struct timespec settle = {0, 100000000}, measured = {0, WHILE_MS * 1000000};
	pid_t pids[CPUS_MAX];
	int count = start(pids, cpus, threads);
	u64 faults, begin, took;

	nanosleep(&settle, NULL);
	faults = sum(cpus);
	begin = clock_now();
	nanosleep(&measured, NULL);
	faults = sum(cpus) - faults;
	took = clock_now() - begin;
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	say("BENCH\tcpus\t%s %d %llu %llu\n", threads ? "threads" : "processes", cpus, faults,
	    took);
}

void run_cpus(int cpus)
{
	counts = mmap(NULL, CPUS_MAX * sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(counts != MAP_FAILED && cpus <= CPUS_MAX, "cpus");
	for (int round = 0; round < ROUNDS; round++) {
		measure_cpus(cpus, false);
		measure_cpus(cpus, true);
	}
}
