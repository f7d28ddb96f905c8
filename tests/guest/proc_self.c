/*
 * /proc/self is another link for each process that looks, and what one of them was shown is
 * forgotten when the next one looks: the kernel's memory does not grow with it.
 */
#include "t.h"

enum { LOOKS = 300 };

static void look(const char *path, bool thread)
{
	char is[64], want[64];
	ssize_t n = readlink(path, is, sizeof(is) - 1);

	if (n < 0)
		_exit(1);
	is[n] = '\0';
	snprintf(want, sizeof(want), thread ? "%d/task/%d" : "%d", getpid(), getpid());
	_exit(strcmp(is, want) != 0);
}

static unsigned looks(const char *path, bool thread)
{
	unsigned failed = 0;
	int status;

	for (unsigned i = 0; i < LOOKS; i++) {
		pid_t pid = fork();

		if (!pid)
			look(path, thread);
		if (waitpid(pid, &status, 0) != pid || status)
			failed++;
	}
	return failed;
}

/* Objects of the smallest sizes, where the text of a link would be. */
static long small_objects(void)
{
	static const char *const names[] = {"\nkmalloc-8 ", "\nkmalloc-16 ", "\nkmalloc-32 "};
	static char text[65536];
	size_t used = 0;
	long sum = 0;
	ssize_t n;
	int fd = open("/proc/slabinfo", O_RDONLY);

	if (fd < 0)
		return -1;
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		char *at = strstr(text, names[i]);

		sum += at ? atol(at + strlen(names[i])) : 0;
	}
	return sum;
}

int main(void)
{
	long before;

	eq(looks("/proc/self", false), 0, "/proc/self leads each process to its own number");
	before = small_objects();
	eq(looks("/proc/thread-self", true), 0, "/proc/thread-self leads to the thread");
	eq(looks("/proc/self", false), 0, "again");
	if (before < 0)
		t_skip("links that are not shown any more are freed", "no /proc/slabinfo");
	else
		ok(small_objects() < before + LOOKS / 2,
		   "links that are not shown any more are freed");
	return t_done();
}
