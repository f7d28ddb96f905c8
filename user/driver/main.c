/*
 * Runs guest tests one after the other and marks each on stdout, for tools/hostlib/testing.py:
 *
 *	#= start NAME
 *	(what the test prints)
 *	#= end NAME STATUS        its exit status; 128+N for signal N; 124 when it took too long
 *
 * usage: driver SECONDS FOLDER NAME...
 *
 * Each test is a session of its own, reads nothing, and is killed with all of its session's
 * processes when its time is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 5000000

static void run(const char *folder, const char *name)
{
	char path[512];
	int null = open("/dev/null", O_RDWR);

	if (null >= 0)
		dup2(null, 0);
	dup2(1, 2);
	setsid();
	if (chdir("/tmp") < 0)
		perror("/tmp");
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	execl(path, name, (char *)NULL);
	printf("not ok 1 - %s cannot be run: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(126);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Exit status as a shell would say it. Polls: the driver must not depend on what it tests. */
static int wait_for(pid_t pid, double limit)
{
	const struct timespec tick = {0, TICK_NS};
	double end = now() + limit;
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (got < 0 && errno != EINTR)
			return 125;
		if (now() > end) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 124;
		}
		nanosleep(&tick, NULL);
	}
}

int main(int argc, char **argv)
{
	int i, failed = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: driver SECONDS FOLDER NAME...\n");
		return 2;
	}
	for (i = 3; i < argc; i++) {
		int status;
		pid_t pid;

		printf("#= start %s\n", argv[i]);
		fflush(stdout);
		pid = fork();
		if (!pid)
			run(argv[2], argv[i]);
		status = pid < 0 ? 125 : wait_for(pid, atof(argv[1]));
		if (pid > 0)
			kill(-pid, SIGKILL);
		printf("\n#= end %s %d\n", argv[i], status);
		fflush(stdout);
		failed |= status;
	}
	return failed ? 1 : 0;
}
