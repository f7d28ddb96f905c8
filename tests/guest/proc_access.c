/*
 * proc_access - whom the files of /proc/PID belong to, and who may open, read and follow them:
 * proc(5), ptrace(2) "Ptrace access mode checking". A process that may not be looked into
 * (prctl(2), PR_SET_DUMPABLE) has its inside belong to root, from one moment to the next.
 */
#include "t.h"
#include <dirent.h>
#include <grp.h>
#include <sys/prctl.h>
#include <linux/capability.h>

static int asked[2], told[2];

static void become(unsigned id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		_exit(98);
}

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

static const char *of(pid_t pid, const char *name)
{
	static char path[2][80];
	static unsigned n;

	n ^= 1;
	snprintf(path[n], sizeof(path[n]), "/proc/%d/%s", pid, name);
	return path[n];
}

/* 0 or the error of opening it. */
static int opening(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int reading(const char *path)
{
	int fd = open(path, O_RDONLY), err;
	char byte;

	if (fd < 0)
		return errno;
	err = read(fd, &byte, 1) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int following(const char *path)
{
	char target[200];

	return readlink(path, target, sizeof(target)) < 0 ? errno : 0;
}

static int listing(const char *path)
{
	DIR *dir = opendir(path);
	int entries = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries;
}

static int owner(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? -errno : (int)st.st_uid;
}

/*
 * A process that does what is asked of it, as long as its parent lives: 'D' and 'd' make it
 * dumpable and not.
 */
static pid_t start(unsigned id)
{
	pid_t pid;
	char what;

	t_must(pipe(asked) == 0 && pipe(told) == 0);
	pid = fork();
	if (pid)
		return pid;
	close(asked[1]);
	become(id);
	while (read(asked[0], &what, 1) == 1) {
		prctl(PR_SET_DUMPABLE, what == 'D');
		write(told[1], "", 1);
	}
	_exit(0);
}

static void ask(char what)
{
	need(write(asked[1], &what, 1) == 1 && read(told[0], &what, 1) == 1);
}

/* -- the process itself ---------------------------------------------------------------------- */

static int after_setuid(void *arg)
{
	pid_t pid = getpid();
	char thread[40], path[60];
	int open_to_all = open(arg, O_RDWR);

	need(open_to_all >= 0);
	become(1000);
	snprintf(thread, sizeof(thread), "task/%d/comm", pid);
	need(owner("/proc/self") == 0 && owner(of(pid, "")) == 1000);
	need(owner(of(pid, "task")) == 1000 && owner(of(pid, "fdinfo")) == 1000);
	need(owner(of(pid, "fd")) == 0 && owner(of(pid, "maps")) == 0);
	need(listing("/proc/self/fd") > 3 && listing("/proc/self/fdinfo") > 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", open_to_all);
	need(following(path) == 0 && opening(path, O_RDWR) == 0);
	need(opening("/proc/self/maps", O_RDONLY) == 0);
	need(opening("/proc/self/environ", O_RDONLY) == EACCES);
	need(opening("/proc/self/mem", O_RDONLY) == EACCES);
	need(opening("/proc/self/comm", O_WRONLY) == EACCES);
	need(opening(of(pid, thread), O_WRONLY) == 0);
	prctl(PR_SET_DUMPABLE, 1);
	need(owner(of(pid, "fd")) == 1000);
	need(opening("/proc/self/mem", O_RDONLY) == 0);
	need(opening("/proc/self/comm", O_WRONLY) == 0);
	return 0;
}

/* -- another --------------------------------------------------------------------------------- */

static int from_one_moment(void *arg)
{
	pid_t pid = start(1000);

	(void)arg;
	become(1000);
	ask('D');
	need(owner(of(pid, "oom_score_adj")) == 1000);
	need(opening(of(pid, "oom_score_adj"), O_WRONLY) == 0);
	ask('d');
	need(owner(of(pid, "oom_score_adj")) == 0);
	need(opening(of(pid, "oom_score_adj"), O_WRONLY) == EACCES);
	need(opening(of(pid, "clear_refs"), O_WRONLY) == EACCES);
	ask('D');
	need(owner(of(pid, "oom_score_adj")) == 1000);
	need(opening(of(pid, "clear_refs"), O_WRONLY) == 0);
	return 0;
}

static int other_user(void *arg)
{
	pid_t pid = start(1001);

	(void)arg;
	become(1000);
	ask('D');
	need(owner(of(pid, "maps")) == 1001);
	need(listing(of(pid, "fd")) == -EACCES && owner(of(pid, "fd/0")) == -EACCES);
	need(listing(of(pid, "fdinfo")) == -EACCES);
	need(owner(of(pid, "fdinfo/0")) == 1001);
	need(opening(of(pid, "fdinfo/0"), O_RDONLY) == EACCES);
	need(opening(of(pid, "stat"), O_RDONLY) == 0 && opening(of(pid, "comm"), O_RDONLY) == 0);
	need(opening(of(pid, "comm"), O_WRONLY) == EACCES);
	need(following(of(pid, "cwd")) == EACCES && following(of(pid, "exe")) == EACCES);
	return 0;
}

/* Mode bits are nothing to it, but to look inside is another matter. */
static int root_without(void *arg)
{
	pid_t pid = start(1000);

	(void)arg;
	drop_ptrace();
	ask('D');
	need(listing(of(pid, "fd")) > 2 && owner(of(pid, "fd/0")) == 1000);
	need(following(of(pid, "fd/0")) == EACCES);
	need(listing(of(pid, "fdinfo")) == -EACCES);
	need(opening(of(pid, "environ"), O_RDONLY) == EACCES);
	need(opening(of(pid, "mem"), O_RDONLY) == EACCES);
	need(reading(of(pid, "personality")) == -EPERM);
	return 0;
}

/* -- links of descriptors -------------------------------------------------------------------- */

static unsigned link_mode(int fd)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return lstat(path, &st) ? 0 : st.st_mode & 0777;
}

static void check_links(const char *file)
{
	int fd = open(file, O_RDONLY), other = open(file, O_WRONLY);

	eq(link_mode(fd), 0500, "a descriptor to read from has a link with r-x");
	dup2(other, fd);
	eq(link_mode(fd), 0300, "and with -wx when it is one to write to");
	fails(chmod("/proc/self/comm", 0600), EPERM, "the modes are the kernel's");
	close(fd);
	close(other);
}

int main(void)
{
	static char file[200];

	snprintf(file, sizeof(file), "%s/file", t_tmpdir_in("/"));
	chmod(t_dir, 0755);
	close(open(file, O_RDWR | O_CREAT, 0666));
	chmod(file, 0666);
	exits(after_setuid, file, 0,
	      "after setuid(2) a process opens what it has open, and no more of its inside");
	exits(from_one_moment, NULL, 0, "files belong to whom they belong now");
	exits(other_user, NULL, 0, "another user's descriptors are hidden");
	exits(root_without, NULL, 0, "root without CAP_SYS_PTRACE lists them, but follows none");
	check_links(file);
	return t_done();
}
