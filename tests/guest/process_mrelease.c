/*
 * process_mrelease - process_mrelease(2): the memory of a process that has been killed, but has not
 * got to its end yet, is freed by somebody else. The victim is kept from its end by vfork(2): its
 * address space is its child's too, which must not lose it.
 */
#include "t.h"

#define PAGES 64

static long pidfd_open(pid_t pid)
{
	return syscall(__NR_pidfd_open, pid, 0);
}

static long release(int fd)
{
	return syscall(__NR_process_mrelease, fd, 0);
}

int main(void)
{
	int fd, pipes[2];
	char byte;
	pid_t pid;

	t_must(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		char *p = t_pages(PAGES);

		memset(p, 1, PAGES * T_PAGE);
		t_must(write(pipes[1], p, 1) == 1);
		pause();
		_exit(0);
	}
	t_must(read(pipes[0], &byte, 1) == 1);
	fd = pidfd_open(pid);
	t_must(fd >= 0);
	if (release(fd) == -1 && errno == ENOSYS) {
		t_skip("process_mrelease", "the kernel has none");
		kill(pid, SIGKILL);
		return t_done();
	}
	fails(release(fd), EINVAL, "a process that lives keeps its memory");
	fails(syscall(__NR_process_mrelease, fd, 1), EINVAL, "no flags");
	fails(release(pipes[0]), EBADF, "no pidfd");
	t_must(kill(pid, SIGKILL) == 0);
	errno = 0;
	ok(release(fd) == 0 || errno == ESRCH, "one that is dying loses it, unless it was faster");
	t_wait(pid);
	fails(release(fd), ESRCH, "one that is dead has none");
	close(fd);

	/* The parent of a vfork() dies only when its child lets go of the memory that both use. */
	pid = fork();
	if (pid == 0) {
		if (vfork() == 0) {
			write(pipes[1], "v", 1);
			pause();
			_exit(0);
		}
		_exit(0);
	}
	t_must(read(pipes[0], &byte, 1) == 1);
	fd = pidfd_open(pid);
	t_must(fd >= 0 && kill(pid, SIGKILL) == 0);
	errno = 0;
	ok(release(fd) == -1 && (errno == EINVAL || errno == ESRCH),
	   "memory that somebody else uses stays");
	t_wait(pid);
	return t_done();
}
