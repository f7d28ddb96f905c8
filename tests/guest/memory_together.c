/*
 * memory_together - processes together use more memory than one of them could address: each child
 * touches its part, a different word in every page; when all have, each finds its own words again;
 * and at the end all the memory is free as before. fork(2), mmap(2), proc(5).
 *
 *	memory_together [MB]     so much in all (default: a third of what is free, 192 MB at most)
 *
 * It says what it touched. On a machine with more memory than its host, MB must be what the
 * host can give.
 */
#include "t.h"

#define MB (1ul << 20)
#define MOST_EACH (700 * MB) /* what every split has room for */
#define CHILDREN_MOST 256

static unsigned long each;  /* bytes */
static int ready[2], go[2]; /* pipes */

static unsigned word_of(unsigned long page, unsigned child)
{
	return (unsigned)page * 2654435761u + child;
}

static int child_touches(void *arg)
{
	unsigned child = *(unsigned *)arg;
	unsigned *p = mmap(NULL, each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long pages = each / T_PAGE, step = T_PAGE / sizeof(*p);
	char byte;

	alarm(0);
	need(p != MAP_FAILED);
	close(go[1]); /* the parent's end alone keeps us waiting */
	for (unsigned long i = 0; i < pages; i++)
		p[i * step + i % step] = word_of(i, child);
	need(write(ready[1], "", 1) == 1);
	need(read(go[0], &byte, 1) == 0); /* until all have touched theirs */
	for (unsigned long i = 0; i < pages; i++)
		need(p[i * step + i % step] == word_of(i, child));
	return 0;
}

static unsigned long choose(const char *word)
{
	unsigned long third = (unsigned long)t_field("/proc/meminfo", "MemAvailable:") / 1024 / 3;

	if (word)
		return strtoul(word, NULL, 0);
	return third < 192 ? third : 192;
}

static bool is_free_again(long long before)
{
	return t_field("/proc/meminfo", "MemFree:") > before - 4096;
}

int main(int argc, char **argv)
{
	unsigned long long total = (unsigned long long)choose(argc > 1 ? argv[1] : NULL) * MB;
	unsigned children =
		total > 2 * MOST_EACH ? (unsigned)((total + MOST_EACH - 1) / MOST_EACH) : 3;
	long long before = t_field("/proc/meminfo", "MemFree:"),
		  high = t_field("/proc/meminfo", "HighFree:");
	pid_t pid[CHILDREN_MOST];
	unsigned good = 0, touched = 0;
	char byte;

	alarm(0);
	t_must(children <= CHILDREN_MOST && pipe(ready) == 0 && pipe(go) == 0);
	each = (unsigned long)(total / children) & ~(T_PAGE - 1);
	for (unsigned i = 0; i < children; i++)
		t_must((pid[i] = t_spawn(child_touches, &i)) > 0);
	close(ready[1]);
	while (touched < children && read(ready[0], &byte, 1) == 1)
		touched++;
	t_note("%u processes touched %lu MB each, %lu MB in all; high memory went from %lld to %lld MB free",
	       touched, each / MB, touched * (each / MB), high / 1024,
	       t_field("/proc/meminfo", "HighFree:") / 1024);
	eq(touched, children, "every process has its part");
	ok(before - t_field("/proc/meminfo", "MemFree:") >
		   (long long)(total / 1024 / 100 * 99 - 8192),
	   "that much is in use");
	close(go[0]);
	close(go[1]);
	for (unsigned i = 0; i < children; i++)
		good += t_wait(pid[i]) == 0;
	eq(good, children, "every page has what its process wrote");
	ok(t_until(is_free_again(before)), "and all of it is free again");
	return t_done();
}
