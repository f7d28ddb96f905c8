/*
 * Bringing the simulated machine up, running kernel code on its CPUs, and the runner that gives
 * each test a process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/log.h"
#include "lib/atomic.h"
#include "mm/memblock.h"
#include "sched/cpumask.h"
#include "sched/task.h"
#include "sim.h"

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

/* ---- tasks ---- */

struct work {
	void (*fn)(void *arg, unsigned n);
	void (*fn_once)(void *arg);
	void *arg;
	unsigned n;
	bool *done;
	u32 *left;
};

static struct task *alloc_task(const char *name)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->refs = 1;
	t->cpus_allowed = cpu_all_mask;
	spin_lock_init(&t->alloc_lock, RANK_FILES);
	list_init(&t->thread_node);
	list_init(&t->notify);
	snprintf(t->comm, sizeof(t->comm), "%s", name);
	return t;
}

/* Dead tasks keep their memory: their host threads sleep in it. The process ends soon. */
static void keep_task(struct task *t)
{
	(void)t;
}

static int run_work(void *arg)
{
	struct work *work = arg;

	if (work->fn)
		work->fn(work->arg, work->n);
	else
		work->fn_once(work->arg);
	if (work->done)
		__atomic_store_n(work->done, true, __ATOMIC_RELEASE);
	if (work->left)
		atomic_dec(work->left);
	return 0;
}

static struct task *start(struct work *work, const cpumask_t *where)
{
	struct task *t;

	t = kthread_create(run_work, work, "test/%u", work->n);
	if (!t)
		sim_die("no memory for a task");
	if (where)
		sched_set_affinity(t, where);
	return t;
}

void sim_run_until(bool (*cond)(void *arg), void *arg)
{
	while (!cond(arg)) {
		irq_disable();
		if (need_resched()) {
			irq_enable();
			schedule();
		} else {
			cpu_idle_wait();
		}
	}
}

static bool is_zero(void *arg)
{
	return !atomic_read_acquire((u32 *)arg);
}

void sim_run_tasks(unsigned tasks, void (*fn)(void *arg, unsigned n), void *arg)
{
	struct work *work = calloc(tasks, sizeof(*work));
	u32 left = tasks;

	for (unsigned n = 0; n < tasks; n++) {
		cpumask_t where = cpumask_of(n % nr_cpus);

		work[n] = (struct work){.fn = fn, .arg = arg, .n = n, .left = &left};
		start(&work[n], &where);
	}
	sim_run_until(is_zero, &left);
	free(work);
}

struct task *sim_spawn(void (*fn)(void *arg), void *arg, bool *done)
{
	struct work *work = calloc(1, sizeof(*work));

	*work = (struct work){.fn_once = fn, .arg = arg, .done = done};
	return start(work, NULL);
}

/* ---- boot ---- */

static void wait_for_cpus(void)
{
	while (cpumask_weight(&cpu_online_mask) < nr_cpus)
		cpu_relax();
}

void sim_boot(const struct sim_config *given)
{
	struct sim_config config = *given;

	config.cpus = or_default(config.cpus, 1);
	config.ram_mb = or_default(config.ram_mb, 64);
	config.low_mb = or_default(config.low_mb, config.ram_mb / 2);
	config.vmalloc_mb = or_default(config.vmalloc_mb, 32);
	config.pkmap_slots = or_default(config.pkmap_slots, 16);
	sim_task_size = or_default(config.task_size, sim_task_size);
	sim_pti = config.pti;
	sim_fault_init(config.abort);
	sim_cpu_init(config.cpus);
	sim_memory_init(&config);
	mm_init();
	sched_init();
	task_alloc_kernel = alloc_task;
	task_free = keep_task;
	irq_enable();
	if (config.no_scheduler)
		return;
	sched_start();
	arch_smp_start();
	wait_for_cpus();
}

/* ---- the runner ---- */

static int run_in_child(const struct CMUnitTest *test, const char *name)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child) {
		/* A test that hangs is a failed test. */
		alarm(600);
		status = _cmocka_run_group_tests(name, test, 1, NULL, NULL);
		fflush(NULL);
		sim_exit(status);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "FAILED: %s (status %x)\n", test->name, status);
		return 1;
	}
	return 0;
}

int sim_run_tests_(const struct CMUnitTest *tests, size_t n, const char *name)
{
	const char *only = getenv("SIM_TEST");
	int failed = 0;

	for (size_t i = 0; i < n; i++)
		if (!only || strstr(tests[i].name, only))
			failed += run_in_child(&tests[i], name);
	printf("%s: %zu tests, %d failed\n", name, n, failed);
	return failed;
}

static void read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
}

void sim_expect_panic_(void (*fn)(void *arg), void *arg, const char *text, const char *file,
		       int line)
{
	static char output[1 << 18];
	int pipes[2], status;
	pid_t child;

	if (pipe(pipes))
		sim_die("no pipe");
	fflush(NULL);
	child = fork();
	if (!child) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		close(pipes[0]);
		close(pipes[1]);
		sim_memory_unshare();
		sim_console_clear();
		fn(arg);
		_exit(0);
	}
	close(pipes[1]);
	read_all(pipes[0], output, sizeof(output));
	close(pipes[0]);
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		fprintf(stderr, "it went on instead of stopping (status %x)\n", status);
	else if (strstr(output, text))
		return;
	fprintf(stderr, "expected \"%s\", got:\n%s\n", text, output);
	_fail(file, line);
}
