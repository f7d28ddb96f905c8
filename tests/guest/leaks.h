/*
 * leaks.h - what a long run at random left behind in the kernel: free memory without its caches,
 * and on a debug build of Isthmus each page, counted anew from all its owners.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include "t.h"

static T_UNUSED bool write_file(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, what, strlen(what)) == (ssize_t)strlen(what);

	if (fd >= 0)
		close(fd);
	return done;
}

static T_UNUSED long free_kb(void)
{
	write_file("/proc/sys/vm/drop_caches", "3");
	return (long)t_field("/proc/meminfo", "MemFree:");
}

/* Within a hundredth of all memory. What is freed after a grace period may still be on its way. */
static T_UNUSED bool is_free_again(long before)
{
	return free_kb() >= before - (long)t_field("/proc/meminfo", "MemTotal:") / 100;
}

/* Does /proc/isthmus/selfcheck find every page's counts right? If not, and @aloud: what it says. */
static T_UNUSED bool selfcheck_is_ok(bool aloud)
{
	static char report[32768];

	if (t_slurp("/proc/isthmus/selfcheck", report, sizeof(report)) <= 0)
		return false;
	if (!strncmp(report, "ok:", 3))
		return true;
	for (char *line = aloud ? strtok(report, "\n") : NULL; line; line = strtok(NULL, "\n"))
		t_note("%s", line);
	return false;
}

#endif
