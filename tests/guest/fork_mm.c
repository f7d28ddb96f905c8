/*
 * fork_mm - what fork(2) does with each kind of area: MAP_SHARED stays shared, MAP_PRIVATE
 * is copied on write, MADV_DONTFORK is missing in the child, MADV_WIPEONFORK is zeros
 * there (madvise(2)).
 */
#include "t.h"

#define RW (PROT_READ | PROT_WRITE)

static char *shared, *private, *shared_file, *readonly;
static int fd;

static int child(void *arg)
{
	need(memcmp(shared, "parent", 6) == 0);
	strcpy(shared, "child");
	strcpy(private, "child");
	strcpy(shared_file + T_PAGE, "child");
	need(shared[T_PAGE] == 0);
	shared[T_PAGE] = 'n';
	need(t_write(readonly).sig == SIGSEGV);
	return 0;
}

static int grandchild(void *arg)
{
	return t_child(child, NULL) == 0 ? 0 : 1;
}

static void check_kinds(void)
{
	char buf[8] = "";

	shared = mmap(NULL, 2 * T_PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	private = t_pages(1);
	fd = t_file("shared", NULL, 0);
	t_must(ftruncate(fd, 2 * T_PAGE) == 0);
	shared_file = mmap(NULL, 2 * T_PAGE, RW, MAP_SHARED, fd, 0);
	readonly = t_pages(1);
	readonly[0] = 'r';
	mprotect(readonly, T_PAGE, PROT_READ);
	strcpy(shared, "parent");
	strcpy(private, "parent");
	exits(grandchild, NULL, 0, "a grandchild writes shared and private memory");
	ok(strcmp(shared, "child") == 0, "MAP_SHARED|MAP_ANONYMOUS memory is shared over fork");
	eq(shared[T_PAGE], 'n', "also a page that nobody had touched before the fork");
	ok(strcmp(private, "parent") == 0, "MAP_PRIVATE memory is not");
	ok(strcmp(shared_file + T_PAGE, "child") == 0, "a shared file mapping is");
	pread(fd, buf, 6, T_PAGE);
	ok(strcmp(buf, "child") == 0, "and the file has it");
	eq(readonly[0], 'r', "read-only memory stays as it was");
}

/* Two processes count in one shared word, with no update lost. */
static int counter(void *word)
{
	for (int i = 0; i < 20000; i++)
		__atomic_add_fetch((int *)word, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void check_counter(void)
{
	int *word = mmap(NULL, T_PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[4];

	for (int i = 0; i < 4; i++)
		pids[i] = t_spawn(counter, word);
	for (int i = 0; i < 4; i++)
		t_wait(pids[i]);
	eq(*word, 80000, "four processes add 20000 each to one shared word");
	munmap(word, T_PAGE);
}

static int isolated(void *arg)
{
	char *p = arg;

	munmap(p, T_PAGE);
	mprotect(p + T_PAGE, T_PAGE, PROT_NONE);
	p = mmap(NULL, T_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED;
}

static void check_isolated(void)
{
	char *p = t_pages(2);

	p[0] = 'a';
	p[T_PAGE] = 'b';
	exits(isolated, p, 0, "a child unmaps and protects");
	ok(p[0] == 'a' && p[T_PAGE] == 'b', "the parent's areas stay");
	munmap(p, 2 * T_PAGE);
}

static char *advised;

static int dontfork_child(void *arg)
{
	need(t_read(advised).sig == SIGSEGV);
	need(advised[T_PAGE] == 0);
	need(advised[2 * T_PAGE] == 'c');
	return 0;
}

static void check_advice(void)
{
	advised = t_pages(3);
	advised[0] = 'a';
	advised[T_PAGE] = 'b';
	advised[2 * T_PAGE] = 'c';
	eq(madvise(advised, T_PAGE, MADV_DONTFORK), 0, "MADV_DONTFORK is taken");
	eq(madvise(advised + T_PAGE, T_PAGE, MADV_WIPEONFORK), 0, "MADV_WIPEONFORK is taken");
	passes(dontfork_child, "the child misses the first and finds zeros in the second");
	ok(advised[0] == 'a' && advised[T_PAGE] == 'b', "the parent keeps both");
	eq(madvise(advised, T_PAGE, MADV_DOFORK), 0, "MADV_DOFORK is taken");
	eq(madvise(advised + T_PAGE, T_PAGE, MADV_KEEPONFORK), 0, "MADV_KEEPONFORK is taken");
	eq(t_maps_in(advised, 3 * T_PAGE, NULL, 0), 1, "and the area is one again");
	fails(madvise(shared, T_PAGE, MADV_WIPEONFORK), EINVAL,
	      "MADV_WIPEONFORK of shared memory is EINVAL");
}

static int same_maps(void *arg)
{
	char path[40], cmd[40];
	static char mine[65536], theirs[65536];

	snprintf(path, sizeof(path), "/proc/%d/maps", getpid());
	snprintf(cmd, sizeof(cmd), "/proc/%d/maps", getppid());
	need(t_slurp(path, mine, sizeof(mine)) > 0);
	need(t_slurp(cmd, theirs, sizeof(theirs)) > 0);
	need(strcmp(mine, theirs) == 0);
	return 0;
}

static int many_areas(void *arg)
{
	char *p = mmap(NULL, 2000 * T_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED);
	for (int i = 0; i < 2000; i += 2)
		need(mprotect(p + i * T_PAGE, T_PAGE, RW) == 0);
	for (int i = 0; i < 2000; i += 200)
		p[i * T_PAGE] = i / 200;
	need(t_child(same_maps, NULL) == 0);
	for (int i = 0; i < 2000; i += 200)
		need(p[i * T_PAGE] == i / 200);
	return 0;
}

int main(void)
{
	t_tmpdir();
	check_kinds();
	check_counter();
	check_isolated();
	check_advice();
	passes(same_maps, "a child's /proc/PID/maps is the parent's");
	passes(many_areas, "also with 2000 areas");
	return t_done();
}
