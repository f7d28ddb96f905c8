/*
 * /proc/isthmus/kmap_bench: root's experiment with kmap and kmap_local on all CPUs at once. What it
 * measures is ./isthmus bench kmap's affair; here: who may, what is refused, and that the window
 * wraps without harm.
 *
 * needs: mem=2G only=isthmus
 */
#include "t.h"

#define FILE_NAME "/proc/isthmus/kmap_bench"

static int start(const char *text)
{
	int fd = open(FILE_NAME, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int start_on_all(const char *which, int pages, int maps)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %ld %d %d", which, sysconf(_SC_NPROCESSORS_ONLN), pages,
		 maps);
	return start(text);
}

static bool result(char *which, unsigned *pages, unsigned *maps, unsigned *flushes)
{
	FILE *f = fopen(FILE_NAME, "r");
	int n = f ? fscanf(f, "%15s %*u %u %u %*u %*u %u %*u", which, pages, maps, flushes) : 0;

	if (f)
		fclose(f);
	return n == 4;
}

static bool is_debug_kernel(void)
{
	return !access("/proc/isthmus/selfcheck", F_OK);
}

static int other_user(void *arg)
{
	(void)arg;
	need(!setuid(1000));
	need(start("local 1 1 1") == -EACCES);
	return 0;
}

int main(void)
{
	static const char *const wrong[] = {
		"local",         "local 1 1",        "vmalloc 1 1 1", "local 0 1 1",
		"local 1 0 1",   "local 1 1 0",      "local 1 1 1 1", "local 99 1 1",
		"kmap 1 4097 1", "kmap 1 1 1000001", "kmap 1 -1 1",   "kmap 1 x 1",
		"kmap 1 1 1e3",
	};
	unsigned pages, maps, flushes;
	char which[16] = "";
	struct stat st;

	ok(!stat(FILE_NAME, &st) && (st.st_mode & 07777) == 0600, "the experiment is root's");
	passes(other_user, "others may not start it");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		eq(start(wrong[i]), -EINVAL, "\"%s\" is refused", wrong[i]);
	eq(start_on_all("local", 32, 2000), 0, "kmap_local on all CPUs");
	ok(result(which, &pages, &maps, &flushes) && !strcmp(which, "local") && pages == 32 &&
		   maps == 2000 && flushes == 0,
	   "it says what was done, and that nothing was flushed");
	/*
	 * A debug kernel unmaps a page when its last user is done, on all CPUs, and has nothing to
	 * flush: there each map waits for them.
	 */
	eq(start_on_all("kmap", 2048, is_debug_kernel() ? 64 : 4096), 0,
	   "kmap of more pages than there are slots");
	ok(result(which, &pages, &maps, &flushes) && !strcmp(which, "kmap") &&
		   (flushes > 0) == !is_debug_kernel(),
	   "the window wrapped, and was flushed");
	return t_done();
}
