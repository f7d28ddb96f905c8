/*
 * PID 1 of `isthmus run`: mounts the usual file systems, runs one program, reports its status to
 * the host, and powers the machine off. An ordinary static i386 Linux program.
 *
 * Where to read next: relay.c (the link to the host), child.c, docs/command.md.
 */
#include "init.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOB_FILE "/.isthmus/run"

void complain(const char *format, ...)
{
	char line[256];
	va_list args;
	int length, fd;

	va_start(args, format);
	length = snprintf(line, sizeof(line), "<3>init: ");
	length += vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, length) < 0)
		write_all(2, line + 3, length - 3);
	if (fd >= 0)
		close(fd);
}

bool write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			at += n;
			size -= n;
		}
	}
	return true;
}

static void make_directory_path(const char *path)
{
	char part[4096];
	size_t i;

	for (i = 0; path[i] && i < sizeof(part) - 1; i++) {
		part[i] = path[i];
		part[i + 1] = '\0';
		if (i && (path[i + 1] == '/' || !path[i + 1]))
			mkdir(part, 0755);
	}
}

static void enter(const struct job *job)
{
	if (job->hostname && sethostname(job->hostname, strlen(job->hostname)) < 0)
		complain("cannot set the host name: %s", strerror(errno));
	if (!job->directory)
		return;
	make_directory_path(job->directory);
	if (chdir(job->directory) < 0)
		complain("cannot enter %s: %s", job->directory, strerror(errno));
}

int main(void)
{
	static char *shell[] = {"-sh", NULL};
	struct job job = {0};

	mount_all();
	if (job_read(JOB_FILE, &job)) {
		enter(&job);
		relay_run(&job);
	} else {
		enter(&(struct job){.hostname = "isthmus", .directory = "/root"});
		console_run(shell);
	}
	sync();
	reboot(RB_POWER_OFF);
	complain("the machine does not power off: %s", strerror(errno));
	for (;;)
		pause();
}
