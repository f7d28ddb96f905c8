/*
 * fail_alloc - ordinary programs while allocations of the kernel fail at random
 * (/proc/isthmus/failalloc of a debug build; elsewhere they only run). A program may say that
 * memory is out, or be killed; the kernel stays, and nothing leaks.
 *
 * usage: fail_alloc, with FAIL_ALLOC_SECONDS (20), FAIL_ALLOC_SEED (1), FAIL_ALLOC_RATE (50) in the environment. This process itself is
 * spared, as by the OOM killer (oom_score_adj -1000).
 */
#include "../guest/leaks.h"
#include <sys/prctl.h>
#include <sys/sysinfo.h>

/*
 * What a shell does with files, pipes, processes, mounts and /proc; each in a folder of its own,
 * which is removed afterwards.
 */
static const char *const commands[] = {
	"ls -laR /dev /etc /proc/self",
	"cat /proc/meminfo /proc/self/maps /proc/self/smaps /proc/slabinfo /proc/zoneinfo /proc/vmstat",
	"cat /proc/[0-9]*/stat /proc/[0-9]*/status; ps",
	"dd if=/dev/zero of=f bs=64k count=20; cp f g; cmp f g; rm f g",
	"mkdir -p a/b/c; ln -s x a/l; ln a/b/c a/h; touch a/b/c/1 a/b/2; tar cf t a; tar tf t; rm -rf a t",
	"seq 1 500 | sort -r | md5sum",
	"mkdir m; mount -t tmpfs x m && { echo 1 >m/1; df; umount m; }; rmdir m",
	"mkfifo p; (cat p &); echo text >p; rm p",
	"for i in 1 2 3 4 5 6; do (sleep 0.01 &); done; wait",
	"awk 'BEGIN { while (i < 30000) s = s i++; print length(s) }'",
	"find / -xdev | head -200 | wc -l",
	"gzip -c /bin/busybox | gunzip | md5sum",
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned setting(const char *name, unsigned otherwise)
{
	const char *value = getenv(name);

	return value ? (unsigned)strtoul(value, NULL, 0) : otherwise;
}

static bool fail_one_in(unsigned rate, unsigned seed)
{
	char word[40];

	snprintf(word, sizeof(word), "%u,%u", rate, seed);
	return write_file("/proc/isthmus/failalloc", word);
}

/* In its own session, so that all it started can be ended; in a folder with its number. */
static pid_t start(const char *command, unsigned number)
{
	char folder[64];
	pid_t pid;
	int null;

	snprintf(folder, sizeof(folder), "%s/%u", t_dir, number);
	mkdir(folder, 0755);
	pid = fork();
	if (pid)
		return pid;
	setsid();
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (chdir(folder))
		_exit(1);
	alarm(20);
	write_file("/proc/self/oom_score_adj", "500");
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* The commands from @first on, one for each of @at_once, to their ends; orphans come to us. */
static void round_of(unsigned first, unsigned at_once)
{
	pid_t pids[16];

	for (unsigned i = 0; i < at_once; i++)
		pids[i] = start(commands[(first + i) % T_COUNT(commands)], i);
	for (unsigned i = 0; i < at_once; i++)
		if (pids[i] > 0)
			waitpid(pids[i], NULL, 0);
	for (unsigned i = 0; i < at_once; i++)
		if (pids[i] > 0)
			kill(-pids[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void tidy(void)
{
	write_file("/proc/sys/vm/drop_caches", "3");
	t_must(chdir("/") == 0);
	if (system("for m in $(sed -n 's/^x \\([^ ]*\\).*/\\1/p' /proc/mounts); do umount -l $m; done") <
	    0)
		t_note("no shell");
	nftw(t_dir, t_remove, 8, FTW_DEPTH | FTW_PHYS);
	mkdir(t_dir, 0755);
}

static unsigned work(unsigned seconds, unsigned seed, unsigned rate)
{
	unsigned at_once = 2 + (unsigned)get_nprocs(), rounds = 0;
	double end = now() + seconds;

	at_once = at_once > 16 ? 16 : at_once;
	for (; now() < end; rounds++) {
		if (rate)
			fail_one_in(rate << rounds % 3, seed + rounds);
		round_of(seed + rounds * at_once, at_once);
		fail_one_in(0, 0);
		if (rounds % 8 == 7)
			tidy();
	}
	tidy();
	return rounds;
}

int main(void)
{
	unsigned seconds = setting("FAIL_ALLOC_SECONDS", 20), seed = setting("FAIL_ALLOC_SEED", 1);
	unsigned rate = setting("FAIL_ALLOC_RATE", 50), rounds;
	bool can_fail = access("/proc/isthmus/failalloc", W_OK) == 0;
	long before;

	alarm(0);
	t_tmpdir();
	write_file("/proc/self/oom_score_adj", "-1000");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	work(2, seed, 0); /* the kernel's caches fill up to their size */
	before = free_kb();
	rounds = work(seconds, seed, can_fail ? rate : 0);
	ok(rounds, "%u rounds of programs, seed %u, ended", rounds, seed);
	ok(t_until(is_free_again(before)), "the memory is free again (%ld kB before, %ld kB now)",
	   before, free_kb());
	if (access("/proc/isthmus/selfcheck", R_OK))
		t_skip("every page has the owners that its counts say",
		       "no /proc/isthmus/selfcheck");
	else
		ok(t_until(selfcheck_is_ok(false)) || selfcheck_is_ok(true),
		   "every page has the owners that its counts say");
	return t_done();
}
