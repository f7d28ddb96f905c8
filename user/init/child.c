/*
 * Processes: the one program, the orphans that PID 1 inherits, and the signals that PID 1 gets.
 * Signals become bytes in a pipe, so that one poll() waits for everything.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int event_pipe[2] = {-1, -1};

static void on_signal(int number)
{
	int saved = errno;
	char byte = (char)number;

	/* A full pipe is as good as the byte: the reader will look anyway. */
	if (write(event_pipe[1], &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

int events_open(void)
{
	static const int numbers[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	size_t i;

	if (event_pipe[0] >= 0)
		return event_pipe[0];
	if (pipe2(event_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	sigfillset(&action.sa_mask);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return event_pipe[0];
}

struct events events_take(void)
{
	struct events events = {0};
	char byte;

	while (read(event_pipe[0], &byte, 1) == 1) {
		if (byte == SIGCHLD)
			events.child = true;
		else
			events.shutdown = true;
	}
	return events;
}

static void reset_signals(void)
{
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Only returns when it failed, with errno. */
static void become(char **argv, int in, int out, int err, bool terminal)
{
	const char *file = argv[0][0] == '-' ? "/bin/sh" : argv[0];

	reset_signals();
	setsid();
	if (terminal) {
		ioctl(in, TIOCSCTTY, 0);
		tcsetpgrp(in, getpid());
	}
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		return;
	execvp(file, argv);
}

pid_t child_start(char **argv, int in, int out, int err, bool terminal)
{
	int report[2], error = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		error = errno;
		close(report[0]);
		close(report[1]);
		return -error;
	}
	if (!pid) {
		become(argv, in, out, err, terminal);
		error = errno;
		write_all(report[1], &error, sizeof(error));
		_exit(127);
	}
	close(report[1]);
	/* End of file here is exec's success: it closed the other end. */
	if (read(report[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(report[0]);
	return error ? -error : pid;
}

bool child_reap(pid_t main_child, int *status)
{
	bool ended = false;
	int one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid == main_child) {
			*status = one;
			ended = true;
		}
	}
	return ended;
}
