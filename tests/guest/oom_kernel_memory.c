/*
 * oom_kernel_memory - kinds of memory of the kernel that a program can ask for without end: page
 * tables, pipes, files and names, sockets, epoll sets, timers, tasks, areas. None of them may take
 * the machine down, or somebody else than the hog. proc(5) oom_score_adj.
 *
 * needs: mem=96M append=highmem=32M
 */
#include "oom.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define MB (1u << 20)

/*
 * A page in every 2 MB of 2 GB: each costs a page table of low memory, and none is resident,
 * because it is the page of zeros. Each process has a child that does the same.
 */
static void eat_page_tables(void)
{
	int status;
	pid_t pid;

	for (;;) {
		char *p = mmap(NULL, 2000u * MB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			return;
		for (unsigned i = 0; i < 1000; i++)
			(void)*(volatile char *)(p + i * 2u * MB);
		pid = fork();
		if (pid)
			break;
		alarm(50);
		munmap(p, 2000u * MB);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		raise(WTERMSIG(status));
}

static void eat_pipes(void)
{
	static char page[65536];
	int fd[2];

	oom_raise_files();
	while (!pipe2(fd, O_NONBLOCK))
		while (write(fd[1], page, sizeof(page)) > 0)
			;
}

static void eat_tmpfs(void)
{
	static char block[65536];
	int fd = open("/tmp/oom.hog", O_RDWR | O_CREAT | O_TRUNC, 0600);

	unlink("/tmp/oom.hog");
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
}

/* Names without files: entries of the name cache that nobody uses give way. */
static void eat_negative_names(void)
{
	char name[80];

	for (unsigned i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name),
			 "/tmp/a-name-that-nobody-has-and-that-is-rather-long-%u", i);
		if (!access(name, F_OK))
			_exit(2);
		if (errno != ENOENT)
			return;
	}
}

static void eat_inodes(void)
{
	int fd;

	oom_raise_files();
	do
		fd = (int)syscall(SYS_memfd_create, "hog", 0);
	while (fd >= 0);
}

static void eat_sockets(void)
{
	static char block[32768];
	int fd[2];

	oom_raise_files();
	while (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd))
		while (send(fd[0], block, sizeof(block), MSG_NOSIGNAL) > 0)
			;
}

static void eat_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int files[64], n = 0, set;

	oom_raise_files();
	for (; n < 64; n++)
		files[n] = eventfd(0, 0);
	while ((set = epoll_create1(0)) >= 0)
		for (int i = 0; i < n; i++)
			if (epoll_ctl(set, EPOLL_CTL_ADD, files[i], &event) && errno != EEXIST)
				return;
}

static void eat_timers(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	timer_t timer;

	setrlimit(RLIMIT_SIGPENDING, &all);
	for (unsigned i = 0; i < 30000 && !timer_create(CLOCK_MONOTONIC, &event, &timer); i++)
		;
}

static void eat_timerfds(void)
{
	oom_raise_files();
	while (timerfd_create(CLOCK_MONOTONIC, 0) >= 0)
		;
}

static void eat_inotify(void)
{
	oom_raise_files();
	while (inotify_init1(0) >= 0)
		;
}

static void *sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void eat_threads(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	while (!pthread_create(&thread, &attr, sleep_for_ever, NULL))
		;
}

static void eat_processes(void)
{
	pid_t pid;

	while ((pid = fork()) > 0)
		;
	if (!pid)
		sleep_for_ever(NULL);
}

/* Every second page another area. */
static void eat_areas(void)
{
	for (;;) {
		char *p = mmap(NULL, 64 * T_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return;
		for (unsigned i = 0; i < 64; i += 2)
			if (mprotect(p + i * T_PAGE, T_PAGE, PROT_NONE))
				return;
	}
}

/* Promised address space in many processes at once. */
static void eat_user_memory(void)
{
	for (;;) {
		char *p =
			mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return;
		memset(p, 1, MB);
	}
}

static const struct {
	const char *what;
	void (*eat)(void);
} cases[] = {
	{"page tables", eat_page_tables},
	{"pipes", eat_pipes},
	{"files in memory", eat_tmpfs},
	{"names that do not exist", eat_negative_names},
	{"files without a name", eat_inodes},
	{"sockets full of data", eat_sockets},
	{"epoll sets", eat_epoll},
	{"POSIX timers", eat_timers},
	{"timerfds", eat_timerfds},
	{"inotify instances", eat_inotify},
	{"threads", eat_threads},
	{"processes", eat_processes},
	{"areas", eat_areas},
	{"memory of its own", eat_user_memory},
};

int main(int argc, char **argv)
{
	oom_adj("-500");
	for (unsigned i = 0; i < T_COUNT(cases); i++) {
		t_watchdog();
		if (argc < 2 || strstr(cases[i].what, argv[1]))
			oom_case(cases[i].what, cases[i].eat);
	}
	return t_done();
}
