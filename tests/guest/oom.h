/*
 * What the oom_* tests share: a hog in a child process that eats one kind of memory for as long as
 * it gets any, and the rules that hold whatever it ate:
 *   - it ends by an errno of the calls that it makes, or it is killed;
 *   - whoever watches it, and is no hog, is not killed and can go on;
 *   - what it had is free again afterwards.
 */
#ifndef OOM_H
#define OOM_H

#include "t.h"

static T_UNUSED long oom_field(const char *path, const char *name)
{
	char text[8192], *at;
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	at = strstr(text, name);
	return at ? atol(at + strlen(name)) : -1;
}

static T_UNUSED void oom_adj(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		_exit(96);
	close(fd);
}

static T_UNUSED void oom_drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0)
		return;
	(void)!write(fd, "3", 1);
	close(fd);
}

/*
 * The hog as a child that is killed first: its exit status, or -signal. 0: it was refused; it calls
 * _exit(1) when it was not.
 */
static T_UNUSED int oom_hog(void (*eat)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		setpgid(0, 0);
		oom_adj("1000");
		alarm(50);
		eat();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 95;
	kill(-pid, SIGKILL); /* those whom it has left behind */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Free memory comes back within 4 MB, in the end. */
static T_UNUSED bool oom_free_again(long before)
{
	for (unsigned i = 0; i < 100; i++) {
		oom_drop_caches();
		if (oom_field("/proc/meminfo", "MemFree:") >= before - 4096)
			return true;
		usleep(50000);
	}
	return false;
}

/* One kind of hog, by the rules above. */
static T_UNUSED void oom_case(const char *what, void (*eat)(void))
{
	long before;
	int how;

	oom_drop_caches();
	before = oom_field("/proc/meminfo", "MemFree:");
	how = oom_hog(eat);
	ok(how == 0 || how == -SIGKILL, "%s: the hog is refused or killed (%d)", what, how);
	ok(oom_free_again(before), "%s: its memory is free again (%ld kB before, %ld now)", what,
	   before, oom_field("/proc/meminfo", "MemFree:"));
}

/* As many descriptors as root may have. */
static T_UNUSED void oom_raise_files(void)
{
	struct {
		unsigned long cur, max;
	} limit = {500000, 500000};

	syscall(__NR_setrlimit, 7 /* RLIMIT_NOFILE */, &limit);
}

#endif
