/*
 * /proc/lock_stat: the format of Linux, who may read it, how it is cleared and stopped, and what it
 * is for: page faults in separate processes do not wait for each other. In kernels that count,
 * which are debug builds of ours; Debian's does not.
 *
 * needs: smp=4 only=isthmus
 */
#include "t.h"
#include <sched.h>

#define FILE_NAME "/proc/lock_stat"
#define SWITCH "/proc/sys/kernel/lock_stat"
#define AREA ((size_t)1 << 20)
#define ROUNDS 12
#define MOST_CPUS 8

/* A line of a class: what it says after the colon. */
struct use {
	unsigned long con_bounces, contentions;
	double wait[4]; /* min, max, total, avg; microseconds */
	unsigned long acq_bounces, acquisitions;
	double hold[4];
};

static char text[1 << 16];

static void read_file(void)
{
	int fd = open(FILE_NAME, O_RDONLY);
	size_t size = 0;
	ssize_t n;

	t_must(fd >= 0);
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	close(fd);
}

static int put(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static bool parse(const char *at, struct use *u)
{
	return sscanf(at, "%lu %lu %lf %lf %lf %lf %lu %lu %lf %lf %lf %lf", &u->con_bounces,
		      &u->contentions, &u->wait[0], &u->wait[1], &u->wait[2], &u->wait[3],
		      &u->acq_bounces, &u->acquisitions, &u->hold[0], &u->hold[1], &u->hold[2],
		      &u->hold[3]) == 12;
}

/* What the text says of a class; all 0, when that was not taken. */
static struct use use_of(const char *name)
{
	struct use u = {0};
	char word[64];
	char *at;

	snprintf(word, sizeof(word), " %s:", name);
	at = strstr(text, word);
	if (at)
		t_must(parse(at + strlen(word), &u));
	return u;
}

/* Waits and takes of a class, to read and to write. */
static struct use sum_of(const char *name)
{
	static const char *const suffixes[] = {"", "-W", "-R"};
	struct use sum = {0};
	char word[64];

	for (size_t i = 0; i < T_COUNT(suffixes); i++) {
		snprintf(word, sizeof(word), "%s%s", name, suffixes[i]);
		struct use u = use_of(word);

		sum.contentions += u.contentions;
		sum.acquisitions += u.acquisitions;
	}
	return sum;
}

/* min <= avg <= max <= total; the average is rounded. */
static bool in_order(const double t[4])
{
	return t[0] <= t[3] + 0.01 && t[3] <= t[1] + 0.01 && t[1] <= t[2] + 0.01;
}

static void check_format(void)
{
	int classes = 0, good = 0;

	read_file();
	ok(!strncmp(text, "lock_stat version 0.4\n-----", 27),
	   "the first line names the version of the format");
	ok(strstr(text,
		  "class name    con-bounces    contentions   waittime-min   waittime-max waittime-total   waittime-avg    "
		  "acq-bounces   acquisitions   holdtime-min   holdtime-max holdtime-total   holdtime-avg"),
	   "the columns are Linux's");
	for (char *line = text; line; line = strchr(line, '\n')) {
		char *colon = strchr(++line, ':'), *end = strchr(line, '\n');
		struct use u;

		if (!colon || !end || colon > end || !parse(colon + 1, &u))
			continue;
		classes++;
		good += u.con_bounces <= u.contentions && u.contentions + u.acquisitions &&
			in_order(u.wait) && in_order(u.hold);
	}
	ok(classes > 10, "many classes have been taken");
	eq(good, classes, "each has been taken, and its times fit together");
	ok(use_of("&mm->mmap_lock-W").acquisitions && use_of("&mm->mmap_lock-R").acquisitions,
	   "mmap_lock has been taken to write and to read");
}

static int other_user(void *arg)
{
	(void)arg;
	need(!setuid(1000));
	need(open(FILE_NAME, O_RDONLY) < 0 && errno == EACCES);
	need(put(SWITCH, "0") == -EACCES);
	return 0;
}

static void check_clear_and_switch(void)
{
	unsigned long before = use_of("&mm->mmap_lock-R").acquisitions, after;

	eq(put(FILE_NAME, "1"), 0, "writing anything but 0 does nothing");
	read_file();
	ok(use_of("&mm->mmap_lock-R").acquisitions >= before, "and clears nothing");
	eq(put(FILE_NAME, "0"), 0, "writing 0");
	read_file();
	after = use_of("&mm->mmap_lock-R").acquisitions;
	ok(after < before, "clears the counts");
	eq(put(SWITCH, "0"), 0, "the switch can be turned off");
	for (int i = 0; i < 200; i++)
		munmap(mmap(NULL, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), T_PAGE);
	read_file();
	ok(use_of("&mm->mmap_lock-W").acquisitions < 200, "then nothing is counted");
	eq(put(SWITCH, "2"), -EINVAL, "the switch knows 0 and 1");
	eq(put(SWITCH, "1"), 0, "and can be turned on again");
}

/* ---- faults in separate processes ---- */

static int ready[2], go[2];

static void fault_area(void)
{
	char *p = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED);
	madvise(p, AREA, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < AREA; at += T_PAGE)
		*(volatile char *)(p + at) = 1;
	need(!munmap(p, AREA));
}

/* On a CPU of its own: the first round fetches what only a first round needs. */
static int fault_much(void *arg)
{
	cpu_set_t cpus;
	char c;

	CPU_ZERO(&cpus);
	CPU_SET(*(int *)arg, &cpus);
	need(!sched_setaffinity(0, sizeof(cpus), &cpus));
	close(go[1]);
	fault_area();
	need(write(ready[1], "r", 1) == 1);
	need(!read(go[0], &c, 1));
	for (int i = 0; i < ROUNDS; i++)
		fault_area();
	return 0;
}

static void check_separate_processes(int cpus)
{
	unsigned long faults = (unsigned long)cpus * ROUNDS * (AREA / T_PAGE), waits = 0;
	pid_t children[MOST_CPUS];
	struct use mmap_use, table_use;
	int good = 0;
	char c;

	t_must(!pipe(ready) && !pipe(go));
	for (int i = 0; i < cpus; i++)
		children[i] = t_spawn(fault_much, &i);
	for (int i = 0; i < cpus; i++)
		t_must(read(ready[0], &c, 1) == 1);
	t_must(!put(FILE_NAME, "0"));
	close(go[1]);
	for (int i = 0; i < cpus; i++)
		good += !t_wait(children[i]);
	read_file();
	eq(good, cpus, "%d processes fault at the same time, each on a CPU of its own", cpus);
	mmap_use = sum_of("&mm->mmap_lock");
	table_use = sum_of("&mm->page_table_lock");
	ok(mmap_use.acquisitions >= faults, "each fault takes its mmap_lock");
	eq(mmap_use.contentions, 0, "no fault waits for it");
	ok(table_use.acquisitions, "page tables are locked");
	eq(table_use.contentions, 0, "nobody waits for one");
	/*
	 * What all processes share is held for moments; how many wait then is the host's doing: a
	 * CPU may stand still meanwhile.
	 */
	static const char *const shared[] = {"&zone->lock", "&zone->lru_lock", "&anon_vma->lock",
					     "&cache->lock"};
	for (size_t i = 0; i < T_COUNT(shared); i++)
		waits += sum_of(shared[i]).contentions;
	t_note("%lu faults on %d CPUs, %lu waits for what all share", faults, cpus, waits);
}

int main(void)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	if (access(FILE_NAME, F_OK)) {
		t_skip("lock statistics", "not compiled in");
		return t_done();
	}
	check_format();
	passes(other_user, "root alone reads and changes it");
	check_clear_and_switch();
	check_separate_processes(cpus < MOST_CPUS ? cpus : MOST_CPUS);
	return t_done();
}
