/*
 * Rows of the benchmark: what each file of bench/ offers to bench.c.
 *
 * A row measures one kind of operation. run() does n of them and returns the time of its measured
 * part, by clock_now() and clock_since(): preparing and cleaning up inside run() need not count. A
 * row of value() is a figure that is read once.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned long long u64;

#define PAGE 4096L

struct row {
	const char *name;
	const char *what; /* what one operation is */
	const char *unit; /* NULL: time */
	bool (*setup)(long arg);
	u64 (*run)(long n, long arg);
	void (*teardown)(long arg);
	u64 (*value)(void);
	long arg;
	long step; /* n is a multiple of this; 0: 1 */
	long most; /* n is at most this; 0: any */
	/*
	 * A row that is a curve too: what one operation is then, what its arg counts, and the args to
	 * measure, ending with 0.
	 */
	const char *curve, *axis;
	const long *sizes;
};
#define SIZES(...) ((const long[]){__VA_ARGS__, 0})

/* Each ends with a row without a name. */
extern const struct row boot_rows[], memory_rows[], fault_rows[], area_rows[], syscall_rows[],
	process_rows[], ipc_rows[], file_rows[];

/*
 * Guest time in nanoseconds: the TSC where it is known to count them (icount), else
 * CLOCK_MONOTONIC.
 */
u64 clock_now(void);
/* The time since @begin without the cost of the two readings. */
u64 clock_since(u64 begin);

/* A line of the output. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A row that cannot go on says why and gives no figure. */
_Noreturn void give_up(const char *what);
void need(bool condition, const char *what);

/* Memory that fork does not share and huge pages do not serve: what most rows measure on. */
char *map_small(size_t size);
void touch(char *p, long pages);

/* The first words of the kernel's life, taken by main() before anything else. */
extern u64 tsc_at_init;

/* Instead of rows, experiments on so many CPUs: kmap.c, cpus.c. */
void run_kmap(int cpus);
void run_cpus(int cpus);
/* tasks.c: what things cost in memory. */
void run_tasks(void);

#endif
