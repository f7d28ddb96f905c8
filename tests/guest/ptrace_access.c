/*
 * ptrace_access - processes are walls to each other: who may look into whom, by each way there is
 * (ptrace(2), section "Ptrace access mode checking"): attach, seize, process_vm_readv(2),
 * process_vm_writev(2), and files of /proc/PID.
 *
 * All ways give one answer: every one of the target's user and group ids is the caller's, the
 * target is dumpable, and its capabilities are among the caller's; or the caller has
 * CAP_SYS_PTRACE.
 */
#include "t.h"
#include <grp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <linux/capability.h>

static volatile int *word; /* shared by all: what a target is to be looked into for */
static int ready[2];

/* -- targets --------------------------------------------------------------------------------- */

static void become(unsigned ruid, unsigned euid, unsigned suid, unsigned gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(ruid, euid, suid))
		_exit(98);
	prctl(PR_SET_DUMPABLE, 1); /* changing ids took it away */
}

static void same(void)
{
	become(1000, 1000, 1000, 1000);
}

static void other_user(void)
{
	become(1001, 1001, 1001, 1000);
}

static void other_effective(void)
{
	become(1000, 1001, 1000, 1000);
}

static void other_saved(void)
{
	become(1000, 1000, 1001, 1000);
}

static void other_real(void)
{
	become(1001, 1000, 1000, 1000);
}

static void other_group(void)
{
	become(1000, 1000, 1000, 1001);
}

static void not_dumpable(void)
{
	become(1000, 1000, 1000, 1000);
	prctl(PR_SET_DUMPABLE, 0);
}

static void fresh_ids(void)
{
	if (setgroups(0, NULL) || setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		_exit(98);
}

static void with_capability(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{.effective = 1 << CAP_NET_RAW, .permitted = 1 << CAP_NET_RAW}, {0}};

	prctl(PR_SET_KEEPCAPS, 1);
	become(1000, 1000, 1000, 1000);
	if (syscall(SYS_capset, &h, d))
		_exit(98);
	prctl(PR_SET_DUMPABLE, 1);
}

static void root(void)
{
}

static pid_t start(void (*setup)(void))
{
	pid_t pid;
	char byte;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setup();
		write(ready[1], "", 1);
		for (;;)
			pause();
	}
	t_must(read(ready[0], &byte, 1) == 1);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

/* -- ways ------------------------------------------------------------------------------------ */

static int attach(pid_t pid)
{
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0)
		return errno;
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return 0;
}

static int seize(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return errno;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return 0;
}

static int vm_read(pid_t pid)
{
	int value;
	struct iovec local = {&value, sizeof(value)}, remote = {(void *)&word, sizeof(value)};

	return syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0) < 0 ? errno : 0;
}

static int vm_write(pid_t pid)
{
	void *value = (void *)word;
	struct iovec local = {&value, sizeof(value)}, remote = {(void *)&word, sizeof(value)};

	return syscall(SYS_process_vm_writev, pid, &local, 1, &remote, 1, 0) < 0 ? errno : 0;
}

static int open_file(pid_t pid, const char *name, int flags)
{
	char path[60];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags);
	if (fd < 0)
		err = errno;
	else
		close(fd);
	return err == EACCES ? EPERM : err;
}

static int proc_mem(pid_t pid)
{
	return open_file(pid, "mem", O_RDWR);
}

static int proc_maps(pid_t pid)
{
	return open_file(pid, "maps", O_RDONLY);
}

static int proc_auxv(pid_t pid)
{
	return open_file(pid, "auxv", O_RDONLY);
}

static int proc_exe(pid_t pid)
{
	char path[60], target[200];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (readlink(path, target, sizeof(target)) >= 0)
		return 0;
	return errno == EACCES ? EPERM : errno;
}

static int (*const ways[])(pid_t) = {attach,   seize,     vm_read,   vm_write,
				     proc_mem, proc_maps, proc_auxv, proc_exe};
static const char *const way_names[] = {
	"attach", "seize", "process_vm_readv", "process_vm_writev", "mem", "maps", "auxv", "exe"};

/* -- who ------------------------------------------------------------------------------------- */

static void drop_ptrace(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		_exit(98);
	d[0].effective &= ~(1u << CAP_SYS_PTRACE);
	d[0].permitted &= ~(1u << CAP_SYS_PTRACE);
	if (syscall(SYS_capset, &h, d))
		_exit(98);
}

static void root_without(void)
{
	drop_ptrace();
}

/* Real and effective ids differ: ptrace takes the real ones, /proc those of the file system. */
static void low_effective(void)
{
	if (setgroups(0, NULL) || setresgid(1000, 1000, 1000) || setresuid(1000, 1001, 1001))
		_exit(98);
}

static const struct {
	const char *caller, *target;
	void (*be)(void), (*is)(void);
	unsigned char refused; /* a bit each way */
} cases[] = {
	{"a user", "his own process", same, same, 0},
	{"a user", "another user's", same, other_user, 0xff},
	{"a user", "one with another effective id", same, other_effective, 0xff},
	{"a user", "one with another saved id", same, other_saved, 0xff},
	{"a user", "one with another real id", same, other_real, 0xff},
	{"a user", "one of another group", same, other_group, 0xff},
	{"a user", "one that is not dumpable", same, not_dumpable, 0xff},
	{"a user", "one that has just become his", same, fresh_ids, 0xff},
	{"a user", "one with a capability", same, with_capability, 0xff},
	{"a user", "root's", same, root, 0xff},
	{"root", "a user's", root, same, 0},
	{"root", "one that is not dumpable", root, not_dumpable, 0},
	{"root without CAP_SYS_PTRACE", "a user's", root_without, same, 0xff},
	{"root without CAP_SYS_PTRACE", "root's with it", root_without, root, 0xff},
	{"root without CAP_SYS_PTRACE", "root's without it", root_without, root_without, 0},
	{"a user with another effective id", "one with his real id", low_effective, same, 0xf0},
};

struct attempt {
	unsigned number;
	pid_t target;
};

/* Exit status: which ways were refused. */
static int try_all(void *arg)
{
	const struct attempt *a = arg;
	int refused = 0;

	cases[a->number].be();
	for (unsigned i = 0; i < T_COUNT(ways); i++) {
		int err = ways[i](a->target);

		need(err == 0 || err == EPERM);
		refused |= (err == EPERM) << i;
	}
	return refused;
}

static void check_case(unsigned n)
{
	struct attempt a = {n, start(cases[n].is)};
	int status = t_child(try_all, &a), refused = WEXITSTATUS(status);

	ok(WIFEXITED(status) && refused == cases[n].refused, "%s and %s: %s", cases[n].caller,
	   cases[n].target,
	   !cases[n].refused          ? "allowed by all ways"
	   : cases[n].refused == 0xff ? "refused by all"
				      : "refused in /proc");
	for (unsigned i = 0; i < T_COUNT(ways); i++)
		if ((refused ^ cases[n].refused) & 1 << i)
			t_note("%s was %s", way_names[i], refused & 1 << i ? "refused" : "allowed");
	stop(a.target);
}

/* -- programs with the set-user-ID bit ------------------------------------------------------- */

static char program[100];

static void copy_self(void)
{
	static char buf[1 << 22];
	int n = t_slurp("/proc/self/exe", buf, sizeof(buf)), fd;

	snprintf(program, sizeof(program), "%s/set-uid", t_tmpdir_in("/"));
	fd = open(program, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	t_must(n > 0 && write(fd, buf, n) == n && fchmod(fd, 04755) == 0);
	close(fd);
}

static int plain_exec(void *arg)
{
	become(1000, 1000, 1000, 1000);
	execl(program, "set-uid", "euid", NULL);
	return 98;
}

static int traced_exec(void *arg)
{
	pid_t pid;
	int status;

	become(1000, 1000, 1000, 1000);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl(program, "set-uid", "euid", NULL);
		_exit(98);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

static int look_into_it(void *arg)
{
	pid_t pid;
	int refused = 0;
	char byte;

	become(1000, 1000, 1000, 1000);
	pid = fork();
	if (pid == 0) {
		dup2(ready[1], 1);
		execl(program, "set-uid", "wait", NULL);
		_exit(98);
	}
	need(read(ready[0], &byte, 1) == 1);
	for (unsigned i = 0; i < T_COUNT(ways); i++)
		refused |= (ways[i](pid) == EPERM) << i;
	kill(pid, SIGKILL);
	return refused;
}

/* What was open before it became another's tells of what it was, or nothing. */
static int opened_before(void *arg)
{
	static const char *const files[] = {"environ", "auxv", "maps", "smaps"};
	static char old[T_COUNT(files)][400], now[400];
	int fds[T_COUNT(files)], go[2], mem;
	char path[60], byte;
	pid_t pid;

	(void)arg;
	become(1000, 1000, 1000, 1000);
	need(pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		read(go[0], &byte, 1);
		dup2(ready[1], 1);
		execl(program, "set-uid", "wait", NULL);
		_exit(98);
	}
	for (unsigned i = 0; i < T_COUNT(files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fds[i] = open(path, O_RDONLY);
		need(fds[i] >= 0 && read(fds[i], old[i], sizeof(old[i])) > 0);
		need(lseek(fds[i], 0, SEEK_SET) == 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY);
	need(mem >= 0 && pread(mem, now, 8, (long)program) == 8);
	need(write(go[1], "", 1) == 1 && read(ready[0], &byte, 1) == 1);
	for (unsigned i = 0; i < T_COUNT(files); i++) {
		ssize_t n = read(fds[i], now, sizeof(now));

		need(n <= 0 || !memcmp(now, old[i], (size_t)n));
	}
	need(pread(mem, now, 8, (long)program) <= 0);
	kill(pid, SIGKILL);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "euid") == 0)
		return geteuid() == 0 ? 10 : 20;
	if (argc > 1) {
		write(1, "", 1);
		if (setresuid(1000, 1000,
			      1000)) /* its ids are the user's again, what it has read is not */
			return 1;
		pause();
		return 0;
	}
	t_must(pipe(ready) == 0);
	word = mmap(NULL, T_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned n = 0; n < T_COUNT(cases); n++)
		check_case(n);
	copy_self();
	exits(plain_exec, NULL, 10, "a set-user-ID program gets its owner's id");
	exits(traced_exec, NULL, 20, "not if a user traces it");
	exits(look_into_it, NULL, 0xff, "once it has run as another, it stays closed to its user");
	exits(opened_before, NULL, 0, "what was open before shows nothing of it");
	return t_done();
}
