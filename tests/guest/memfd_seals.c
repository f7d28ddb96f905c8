/*
 * Memory as files: seals of memfd_create(2) (fcntl(2), F_ADD_SEALS) against live maps and against
 * each other, and POSIX shared memory on /dev/shm, shm_open(3).
 */
#include "t.h"
#include <pthread.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

static int sealed(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

static void *map(int fd, int prot, int flags)
{
	return mmap(NULL, T_PAGE, prot, flags, fd, 0);
}

static void test_writes(void)
{
	int fd = memfd_create("seals", MFD_ALLOW_SEALING);
	char *live, *later;

	t_must(fd >= 0 && ftruncate(fd, 2 * T_PAGE) == 0);
	live = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	t_must(live != MAP_FAILED);
	fails(sealed(fd, F_SEAL_WRITE), EBUSY, "F_SEAL_WRITE waits for no live writable map");
	eq(sealed(fd, F_SEAL_FUTURE_WRITE), 0, "F_SEAL_FUTURE_WRITE does not mind one");
	live[0] = 1;
	eq(live[0], 1, "which stays writable");
	fails(madvise(live, T_PAGE, MADV_REMOVE), EPERM, "but no hole is made through it");
	eq(live[0], 1, "so its contents stay");
	fails(write(fd, "a", 1), EPERM, "no more write(2)");
	fails_p(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM, "no more writable maps");
	later = map(fd, PROT_READ, MAP_SHARED);
	ok(later != MAP_FAILED, "but maps to read");
	fails(mprotect(later, T_PAGE, PROT_READ | PROT_WRITE), EACCES, "that stay so");
	ok(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED, "and private ones");
	munmap(later, T_PAGE);
	munmap(live, T_PAGE);
	eq(sealed(fd, F_SEAL_WRITE), 0, "without writable maps F_SEAL_WRITE is set");
	fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, T_PAGE), EPERM,
	      "and no holes are made");
	eq(sealed(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0, "all others at once");
	fails(ftruncate(fd, 0), EPERM, "no shrinking");
	fails(ftruncate(fd, 3 * T_PAGE), EPERM, "no growing");
	fails(sealed(fd, F_SEAL_GROW), EPERM, "no more seals");
	eq(fcntl(fd, F_GET_SEALS), 0x1f, "F_GET_SEALS tells all five");
	close(fd);
	fd = memfd_create("plain", 0);
	eq(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL,
	   "without MFD_ALLOW_SEALING only F_SEAL_SEAL is set");
	fails(sealed(fd, F_SEAL_WRITE), EPERM, "and no other may be");
	close(fd);
}

/* -- a seal and a map at the same time ------------------------------------------------------- */

#define RACES 300
#define BUSY_PAGES 4096

static struct {
	int fd, pipes[2];
	void *volatile map;
	volatile int maps, stop;
} race;

/* Holds the address space most of the time, so that mmap(2) has to wait for it. */
static void *keep_busy(void *arg)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	t_must(fd >= 0);
	while (!race.stop)
		t_must(write(fd, "1", 1) == 1);
	close(fd);
	return arg;
}

static void *map_when_told(void *arg)
{
	char byte;

	while (read(race.pipes[0], &byte, 1) == 1) {
		race.map = map(race.fd, PROT_READ | PROT_WRITE, MAP_SHARED);
		race.maps++;
	}
	return arg;
}

static bool both_succeed(int round)
{
	bool both;

	race.fd = memfd_create("race", MFD_ALLOW_SEALING);
	t_must(race.fd >= 0 && ftruncate(race.fd, T_PAGE) == 0 && write(race.pipes[1], "", 1) == 1);
	for (int i = 0; i < round % 6; i++)
		sched_yield();
	both = sealed(race.fd, F_SEAL_WRITE) == 0;
	t_until(race.maps == round);
	both = both && race.map != MAP_FAILED;
	if (race.map != MAP_FAILED)
		munmap(race.map, T_PAGE);
	close(race.fd);
	return both;
}

static void test_race(void)
{
	char *p = t_pages(BUSY_PAGES);
	pthread_t busy, mapper;
	int both = 0;

	madvise(p, BUSY_PAGES * T_PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, BUSY_PAGES * T_PAGE);
	t_must(pipe(race.pipes) == 0);
	t_must(!pthread_create(&busy, NULL, keep_busy, NULL));
	t_must(!pthread_create(&mapper, NULL, map_when_told, NULL));
	for (int i = 1; i <= RACES; i++)
		both += both_succeed(i);
	eq(both, 0, "F_SEAL_WRITE or a writable map that is being made, but never both");
	race.stop = 1;
	close(race.pipes[1]);
	pthread_join(busy, NULL);
	pthread_join(mapper, NULL);
	munmap(p, BUSY_PAGES * T_PAGE);
}

static void test_shm_open(void)
{
	struct stat st;
	char *a, *b;
	int fd;

	ok(stat("/dev/shm", &st) == 0 && (st.st_mode & 07777) == 01777,
	   "/dev/shm is for everybody");
	fd = shm_open("/t.shm_open", O_CREAT | O_EXCL | O_RDWR, 0600);
	works(fd, "shm_open makes an object");
	t_must(ftruncate(fd, T_PAGE) == 0);
	a = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	fails(shm_open("/t.shm_open", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST, "once");
	close(fd);
	fd = shm_open("/t.shm_open", O_RDONLY, 0);
	b = map(fd, PROT_READ, MAP_SHARED);
	t_must(a != MAP_FAILED && b != MAP_FAILED);
	a[7] = 'x';
	eq(b[7], 'x', "and who opens it by name shares its memory");
	eq(shm_unlink("/t.shm_open"), 0, "shm_unlink takes the name");
	fails(shm_open("/t.shm_open", O_RDONLY, 0), ENOENT, "which is free then");
	eq(b[7], 'x', "the memory stays as long as it is mapped");
}

int main(void)
{
	test_writes();
	test_race();
	test_shm_open();
	return t_done();
}
