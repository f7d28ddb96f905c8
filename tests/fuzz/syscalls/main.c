/*
 * The supervisor: a number of lives at a time, each of the next seed; ends those that last too
 * long, and looks at what is left behind: no process, no memory, and on a debug build of Isthmus no
 * page with a wrong count.
 *
 * usage: syscalls run [seconds=30] [seed=1] [workers=3 for each CPU] [steps=300] [one=SEED] [only=read,write] [without=fork]
 *	[verbose] [table] [failalloc=RATE]
 * One seed alone: one=SEED; with `verbose` it writes each call to the kernel's log before it is
 * made. `table`: how often each call worked. failalloc=RATE: on a debug build of Isthmus, one
 * allocation of the lives in RATE fails.
 * Without the word "run" the program ends at once, well: lives execute it with
 * arguments of any kind.
 *
 * It must run as root, with /tmp to itself. It adopts the orphans of its lives
 * (PR_SET_CHILD_SUBREAPER) and runs before everything else (SCHED_FIFO 99), so that nothing its
 * lives do keeps it from ending them.
 */
#include "../../guest/leaks.h"
#include "fuzz.h"
#include <dirent.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <time.h>

#define WORKERS_MAX 32
#define DEADLINE 4000 /* ms that a life may last */
#define TELL 10000    /* ms between two lines about how far it is */
#define TOLERANCE 100 /* a hundredth of memory, or what the kernel's caches take */

int proc_fd;
struct options options = {.seconds = 30, .seed = 1, .steps = 300};

static struct slot *slots; /* a page each */
static struct worker {
	pid_t pid;
	long long begun;
	char folder[32];
} workers[WORKERS_MAX];
static u32 lives, calls_made, calls_failed;
static struct {
	u32 tried, worked;
} totals[CALLS_MAX];

static struct slot *slot_of(u32 n)
{
	return (struct slot *)((char *)slots + n * PAGE);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* ---- options ---- */

static bool number(const char *word, const char *name, u32 *value)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) || word[len] != '=')
		return false;
	*value = (u32)strtoul(word + len + 1, NULL, 0);
	return true;
}

static bool text(const char *word, const char *name, const char **value)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) || word[len] != '=')
		return false;
	*value = word + len + 1;
	return true;
}

static bool option(const char *word)
{
	struct options *o = &options;

	if (!strcmp(word, "verbose"))
		return o->verbose = true;
	if (!strcmp(word, "table"))
		return o->table = true;
	return number(word, "seconds", &o->seconds) || number(word, "seed", &o->seed) ||
	       number(word, "workers", &o->workers) || number(word, "steps", &o->steps) ||
	       number(word, "failalloc", &o->failalloc) || number(word, "one", &o->one) ||
	       text(word, "only", &o->only) || text(word, "without", &o->without);
}

static void read_options(char **words)
{
	for (; *words; words++) {
		if (option(*words))
			continue;
		printf("Bail out! syscalls: %s: not known\n", *words);
		exit(2);
	}
	if (!options.workers)
		options.workers = 3 * (u32)get_nprocs();
	if (options.workers > WORKERS_MAX)
		options.workers = WORKERS_MAX;
	if (options.one)
		options.workers = 1;
}

/* ---- lives ---- */

/* Takes away its file systems, and what a life that took them away itself has put below. */
static void clear_folder(const char *folder)
{
	while (umount2(folder, MNT_DETACH) == 0)
		;
	remove_strays(folder);
}

/* Each life has a small file system of its own, or works in its neighbour's. */
static void fresh_folder(u32 n)
{
	const char *folder = workers[n].folder;

	clear_folder(folder);
	mkdir(folder, 0777);
	mount("fuzz", folder, "tmpfs", MS_NODEV | MS_NOSUID, "size=2m,nr_inodes=200,mode=1777");
}

static void write_at(const char *name, const char *what)
{
	int fd = openat(proc_fd, name, O_WRONLY);

	(void)!write(fd, what, strlen(what));
	close(fd);
}

/* Lives send signals, make others send them (F_SETOWN), and mean the supervisor too. */
static void all_signals(sighandler_t handler)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			signal(sig, handler);
}

static void begin(u32 n, u32 seed)
{
	struct worker *w = &workers[n];
	struct slot *slot = slot_of(n);

	memset((void *)slot, 0, sizeof(*slot));
	slot->seed = seed;
	fresh_folder(n);
	w->begun = now_ms();
	w->pid = fork();
	if (w->pid)
		return;
	if (options.verbose)
		dup2(open("/dev/kmsg", O_WRONLY), FD_MAX);
	(void)!chdir(workers[seed % 4 ? n : 0].folder);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	all_signals(SIG_DFL);
	write_at("self/oom_score_adj", "500");
	close(proc_fd);
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
	live(slot, seed);
}

static void account(u32 n)
{
	lives++;
	calls_made += slot_of(n)->calls;
	calls_failed += slot_of(n)->failed;
	for (u32 row = 0; row < CALLS_MAX; row++) {
		totals[row].tried += slot_of(n)->of[row].tried;
		totals[row].worked += slot_of(n)->of[row].worked;
	}
	workers[n].pid = 0;
}

/*
 * Takes who has ended: lives, and orphans of lives. A life that was stopped or is traced stays
 * until its time is over.
 */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		for (u32 i = 0; i < options.workers; i++)
			if (workers[i].pid == pid && !WIFSTOPPED(status))
				account(i);
}

static void kill_late(void)
{
	for (u32 i = 0; i < options.workers; i++)
		if (workers[i].pid > 0 && now_ms() > workers[i].begun + DEADLINE)
			kill(workers[i].pid, SIGKILL);
}

/* ---- everybody else, by /proc: who calls us parent ---- */

static pid_t parent_of(const char *pid, char *state)
{
	char path[40], line[512], *at;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/stat", pid);
	fd = openat(proc_fd, path, O_RDONLY);
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[len < 0 ? 0 : len] = '\0';
	at = strrchr(line, ')');
	if (!at)
		return -1;
	*state = at[2];
	return atoi(at + 4);
}

/* Calls fn for each child, also those adopted; how many there are. */
static unsigned each_child(void (*fn)(const char *pid, char state))
{
	DIR *dir = fdopendir(openat(proc_fd, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *entry;
	unsigned count = 0;
	char state;

	while (dir && (entry = readdir(dir)))
		if (atoi(entry->d_name) && parent_of(entry->d_name, &state) == getpid()) {
			count++;
			fn(entry->d_name, state);
		}
	if (dir)
		closedir(dir);
	return count;
}

static void kill_child(const char *pid, char state)
{
	(void)state;
	kill(atoi(pid), SIGKILL);
}

static void kill_orphan(const char *pid, char state)
{
	(void)state;
	for (u32 i = 0; i < options.workers; i++)
		if (workers[i].pid == atoi(pid))
			return;
	kill(atoi(pid), SIGKILL);
}

static void show_child(const char *pid, char state)
{
	static const char *const files[] = {"stat", "syscall", "wchan", "stack"};
	char path[40], text[1024];

	for (unsigned i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
		if (t_slurp(path, text, sizeof(text)) > 0)
			printf("# %s (%c): %s\n", path, state, text);
	}
}

static bool end_all(void)
{
	long long end = now_ms() + 30000;

	while (each_child(kill_child)) {
		reap();
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

/* ---- before and after ---- */

static void remove_folders(void)
{
	for (u32 i = 0; i < options.workers; i++) {
		clear_folder(workers[i].folder);
		rmdir(workers[i].folder);
	}
}

/* What is freed after a grace period may still be on its way. */
#define SOON(condition) \
	({ \
		int left_ = 50; \
		while (!(condition) && --left_) \
			usleep(100000); \
		left_ > 0; \
	})

static void fail_allocations(u32 rate)
{
	char word[40];

	if (!options.failalloc)
		return;
	snprintf(word, sizeof(word), "%u,%u", rate, options.seed);
	t_must(write_file("/proc/isthmus/failalloc", word));
}

static void work(u32 seconds, u32 seed)
{
	long long end = now_ms() + seconds * 1000ll, tidy = 0, tell = now_ms() + TELL;

	while (now_ms() < end) {
		for (u32 i = 0; i < options.workers; i++)
			if (!workers[i].pid)
				begin(i, seed++);
		usleep(5000);
		reap();
		kill_late();
		if (now_ms() > tidy) {
			tidy = now_ms() + 2000;
			mend_mounts();
			remove_all_strays();
			remove_ipc();
			each_child(kill_orphan);
		}
		if (now_ms() > tell) {
			tell = now_ms() + TELL;
			t_note("seeds below %u: %u lives, %u calls", seed, lives, calls_made);
		}
	}
}

static void prepare(void)
{
	const struct sched_param first = {.sched_priority = 99};

	t_must(geteuid() == 0);
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t_must(proc_fd >= 0);
	remember_mounts();
	alarm(0);
	all_signals(SIG_IGN);
	write_file("/proc/self/oom_score_adj", "-1000");
	sched_setscheduler(0, SCHED_FIFO, &first);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sysinfo_entry = (u32)getauxval(AT_SYSINFO);
	slots = mmap(NULL, WORKERS_MAX * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t_must(slots != MAP_FAILED);
	t_must(mmap((void *)SHARED, SHARED_PAGES * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) != MAP_FAILED);
	for (u32 i = 0; i < options.workers; i++) {
		snprintf(workers[i].folder, sizeof(workers[i].folder), "/tmp/fuzz%u", i);
		mkdir(workers[i].folder, 0777);
	}
}

static void run_one(void)
{
	begin(0, options.one);
	while (workers[0].pid) {
		usleep(5000);
		reap();
		kill_late();
	}
}

static void show_table(void)
{
	for (u32 row = 0; name_of_call(row); row++)
		t_note("%-28s tried %6u worked %6u", name_of_call(row), totals[row].tried,
		       totals[row].worked);
}

static void check_memory(long before)
{
	long slack = (long)t_field("/proc/meminfo", "MemTotal:") / TOLERANCE + 512;

	ok(SOON(free_kb() >= before - slack),
	   "the memory is free again (%ld kB before, %ld kB now)", before, free_kb());
	if (access("/proc/isthmus/selfcheck", R_OK)) {
		t_skip("every page has the owners that its counts say",
		       "no /proc/isthmus/selfcheck");
		return;
	}
	ok(SOON(selfcheck_is_ok(false)) || selfcheck_is_ok(true),
	   "every page has the owners that its counts say");
}

int main(int argc, char **argv)
{
	long before;
	bool settled;

	if (argc < 2 || strcmp(argv[1], "run"))
		return 0;
	read_options(argv + 2);
	t_must(choose_calls());
	prepare();
	if (options.one) {
		run_one();
	} else {
		work(2, options.seed + 1000000007u); /* the kernel's caches fill up to their size */
		end_all();
		remove_ipc();
	}
	before = free_kb();
	lives = calls_made = calls_failed = 0;
	fail_allocations(options.failalloc);
	if (!options.one)
		work(options.seconds, options.seed);
	fail_allocations(0);
	settled = end_all();
	mend_output();
	ok(settled, "every process can be ended");
	mend_mounts();
	each_child(show_child);
	remove_ipc();
	remove_folders();
	remove_all_strays();
	t_note("seed %u: %u lives, %u calls, of which %u failed", options.seed, lives, calls_made,
	       calls_failed);
	if (options.table)
		show_table();
	ok(options.one || lives >= options.workers, "lives came and went");
	check_memory(before);
	return t_done();
}
