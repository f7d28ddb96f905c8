/*
 * proc_fd_exit - /proc/PID/fd of processes that end meanwhile: who looks must not be the one that
 * closes their files, with the folder locked.
 */
// needs: smp=4
#include "t.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define ROUNDS 400
#define FILES 16

static void child(unsigned round)
{
	struct epoll_event event = {.events = EPOLLIN};

	for (int i = 0; i < FILES / 2; i++) {
		int epoll = epoll_create1(0);

		epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd(0, 0), &event);
	}
	for (volatile unsigned i = 0; i < round % 16 * 1000; i++)
		;
	_exit(0);
}

/* Asks for all descriptors until the process is gone; how often they were seen. */
static int watch(pid_t pid)
{
	char path[40];
	struct stat st;
	int seen = 0;

	for (int fd = 3;; fd = fd == 2 + FILES ? 3 : fd + 1) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		if (!lstat(path, &st))
			seen++;
		else if (waitpid(pid, NULL, WNOHANG) == pid)
			return seen;
	}
}

int main(void)
{
	int seen = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		pid_t pid = fork();

		if (!pid)
			child(round);
		t_must(pid > 0);
		seen += watch(pid);
	}
	ok(seen > 0, "descriptors of processes that end could be seen (%d times)", seen);
	return t_done();
}
