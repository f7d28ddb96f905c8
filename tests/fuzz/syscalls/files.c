/*
 * The descriptors and paths that a life begins with: one of each kind, at a number of its own.
 * Later calls close, copy and open others, so a kind is a hint.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void have(enum fd_kind kind, int fd)
{
	if (fd < 0 || fd == (int)(FD_BASE + kind))
		return;
	dup2(fd, (int)(FD_BASE + kind));
	close(fd);
}

static void have_pair(enum fd_kind kind, int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type, 0, pair))
		return;
	have(kind, pair[0]);
	have(kind + 1, pair[1]);
}

static void have_listener(int odd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "listener"};
	int fd = socket(AF_UNIX, SOCK_STREAM | odd, 0);

	unlink(name.sun_path);
	bind(fd, (void *)&name, sizeof(name));
	listen(fd, 4);
	have(K_LISTENER, fd);
}

static void have_terminal(int odd)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | odd), zero = 0;
	char name[20];
	unsigned number;

	if (fd < 0 || ioctl(fd, TIOCGPTN, &number) || ioctl(fd, TIOCSPTLCK, &zero))
		return;
	snprintf(name, sizeof(name), "/dev/pts/%u", number);
	have(K_PTS, open(name, O_RDWR | O_NOCTTY | odd));
	have(K_PTMX, fd);
}

static void have_filled(enum fd_kind kind, int fd)
{
	static const char text[5000] = "fuzz";

	(void)!write(fd, text, sizeof(text));
	have(kind, fd);
}

static void have_events(int odd)
{
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	have(K_EVENTFD, eventfd(1, odd));
	have(K_TIMERFD, timerfd_create(CLOCK_MONOTONIC, odd));
	have(K_SIGNALFD, signalfd(-1, &set, odd));
	have(K_INOTIFY, inotify_init1(odd));
	inotify_add_watch(FD_BASE + K_INOTIFY, ".", IN_ALL_EVENTS);
	have(K_EPOLL, epoll_create1(0));
	epoll_ctl(FD_BASE + K_EPOLL, EPOLL_CTL_ADD, FD_BASE + K_EVENTFD, &event);
	have(K_UFFD, (int)syscall(__NR_userfaultfd, O_NONBLOCK));
	have(K_PIDFD, (int)syscall(__NR_pidfd_open, getpid(), 0));
}

static void have_channels(int odd)
{
	int pair[2];

	if (!pipe2(pair, odd)) {
		have(K_PIPE_R, pair[0]);
		have(K_PIPE_W, pair[1]);
	}
	mkfifo("fifo", 0666);
	have(K_FIFO, open("fifo", O_RDWR | odd));
	have_pair(K_STREAM_A, SOCK_STREAM | odd);
	have_pair(K_DGRAM_A, SOCK_DGRAM | odd);
	have_pair(K_SEQ_A, SOCK_SEQPACKET | odd); /* its other end is replaced by the listener */
	have_listener(odd);
	have(K_STREAM, socket(AF_UNIX, SOCK_STREAM | odd, 0));
	have(K_DGRAM, socket(AF_UNIX, SOCK_DGRAM | odd, 0));
	have_terminal(odd);
}

static void have_proc(void)
{
	have(K_MAPS, open("/proc/self/maps", O_RDONLY));
	have(K_SMAPS, open("/proc/self/smaps", O_RDONLY));
	have(K_MEM, open("/proc/self/mem", O_RDWR));
	have(K_PAGEMAP, open("/proc/self/pagemap", O_RDONLY));
	have(K_PROCDIR, open("/proc/self", O_RDONLY | O_DIRECTORY));
	have(K_SYS, open("/sys/kernel", O_RDONLY | O_DIRECTORY));
}

/* In the life's folder. In every second life nothing waits. */
void files_open(struct thread *t)
{
	int odd = one_in(t, 2) ? O_NONBLOCK : 0, null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	mkdir("dir", 0777);
	mkdir("mnt", 0777);
	(void)!symlink("file", "link");
	(void)!symlink("loop", "loop");
	have_filled(K_FILE, open("file", O_RDWR | O_CREAT, 0666));
	have_filled(K_APPEND, open("file", O_RDWR | O_APPEND | O_CREAT, 0666));
	have(K_DIR, open(".", O_RDONLY | O_DIRECTORY));
	have(K_PATH, open("dir", O_PATH));
	have(K_MQUEUE,
	     (int)syscall(__NR_mq_open, "file", O_RDWR | O_CREAT | O_NONBLOCK, 0666, NULL));
	have_filled(K_MEMFD, memfd_create("fuzz", MFD_ALLOW_SEALING));
	have(K_ZERO, open("/dev/zero", O_RDWR));
	have(K_RANDOM, open("/dev/urandom", O_RDWR));
	have(K_KMSG, open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	have_channels(odd);
	have_events(odd);
	have_proc();
}

u32 some_fd(struct thread *t, u32 kind)
{
	u32 kept = t->fds_kept < KEPT ? t->fds_kept : KEPT;

	if (odd(t, 24))
		return any(t);
	if (kept && one_in(t, kind == K_ANY ? 4 : 8))
		return t->fds[rnd(t, kept)];
	if (kind == K_ANY || odd(t, 8))
		kind = 1 + rnd(t, K_KINDS - 1);
	return FD_BASE + kind;
}

/* Below the life's folder, where anything may be made and removed. */
static const char *const own_paths[] = {
	"file", "file", "link", "loop", "fifo", "listener", "dir", "dir/a",           "dir/b",
	"a",    "b",    "c",    "a/b",  "b/",   "file/x",   ".",   "dir/../dir/../a", "mnt/a",
};

const char *const own_names[] = {"file", "link", "loop", "fifo", "listener",
				 "dir",  "mnt",  "a",    "b",    "c"};
const unsigned own_names_count = COUNT(own_names);

/*
 * To look at, as anybody may. Nothing that root could spoil for others by opening it for writing.
 */
static const char *const other_paths[] = {
	"/",
	"..",
	"/proc/self/exe",
	"/proc/self/fd/3",
	"/proc/self/fd/4",
	"/proc/self/fd/12",
	"/proc/self",
	"/proc/self/maps",
	"/proc/self/status",
	"/proc/self/stat",
	"/proc/self/statm",
	"/proc/self/cmdline",
	"/proc/self/environ",
	"/proc/self/auxv",
	"/proc/self/limits",
	"/proc/self/mounts",
	"/proc/self/root",
	"/proc/self/cwd",
	"/proc/self/mountinfo",
	"/proc/self/smaps",
	"/proc/self/smaps_rollup",
	"/proc/self/mem",
	"/proc/self/clear_refs",
	"/proc/self/oom_score_adj",
	"/proc/self/comm",
	"/proc/self/fdinfo/5",
	"/proc/self/task",
	"/proc/self/fdinfo",
	"/proc/thread-self/stat",
	"/proc/self/pagemap",
	"/proc/meminfo",
	"/proc/zoneinfo",
	"/proc/vmstat",
	"/proc/slabinfo",
	"/proc/vmallocinfo",
	"/proc/locks",
	"/proc/1/stat",
	"/proc/1/maps",
	"/proc/self/io",
	"/proc/self/wchan",
	"/proc/self/stack",
	"/proc/self/syscall",
	"/proc/net/unix",
	"/proc/sysvipc/shm",
	"/proc/sysvipc/sem",
	"/proc/stat",
	"/proc/interrupts",
	"/proc",
	"/dev",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/ptmx",
	"/dev/tty",
	"/dev/pts",
	"/dev/pts/0",
	"/dev/fd/3",
	"/dev/shm",
	"/sys",
	"/sys/kernel/mm",
	"/proc/kpageflags",
	"/proc/kcore",
	"",
	"nothing",
	"/proc/self/task/1/stat",
	"/proc/buddyinfo",
	"/proc/pagetypeinfo",
	"/proc/iomem",
	"/proc/swaps",
};

static u32 append(char *buf, u32 len, const char *text)
{
	while (*text && len < STRUCT_MAX - 1)
		buf[len++] = *text++;
	return len;
}

/*
 * Components and paths around their limits, 255 and 4096, of which the stage holds only the first.
 */
static u32 long_path(struct thread *t, char *buf)
{
	u32 len = 0, end = 200 + rnd(t, 100);

	while (len < end)
		buf[len++] = one_in(t, 60) ? '/' : (char)('a' + rnd(t, 26));
	return len;
}

static const char *const own_folders[] = {"dir", "mnt", "dir/a", ".", "a"};

#define PICK(t, list) list[rnd(t, COUNT(list))]

static const char *some_path(struct thread *t, enum paths which)
{
	if (which == PATHS_DIRS && !odd(t, 4))
		return PICK(t, own_folders);
	return which == PATHS_ALL && one_in(t, 2) ? PICK(t, other_paths) : PICK(t, own_paths);
}

u32 path_fill(struct thread *t, char *buf, enum paths which)
{
	u32 len;

	if (odd(t, 32))
		len = long_path(t, buf);
	else
		len = append(buf, 0, some_path(t, which));
	if (odd(t, 16)) {
		len = append(buf, len, "/");
		len = append(buf, len, PICK(t, own_paths));
	}
	buf[len] = '\0';
	return len + 1;
}
