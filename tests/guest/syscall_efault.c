/*
 * syscall_efault - a bad pointer given to a system call is EFAULT (intro(2), errno(3)) and nothing
 * else: no signal, no panic, no byte of the kernel read or written.
 *
 * Every row is a call with one pointer argument marked BAD. It is made with an address in the
 * kernel's direct map, with the last page below 4 GB, an unmapped user address, a PROT_NONE page,
 * with NULL where NULL has no meaning, and with an object that begins in a mapped page and ends in
 * a page without access.
 */
#include "t.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <linux/futex.h>

#define BAD 0xBADBADu    /* the pointer under test */
#define FD 0xF00D01u     /* a regular file, 64 bytes long, open for reading and writing */
#define DIRFD 0xF00D02u  /* a directory */
#define PIPE_R 0xF00D03u /* the read end of a pipe that holds data */
#define PIPE_W 0xF00D04u /* its write end */
#define ZERO 0xF00D05u   /* /dev/zero */
#define EPOLL 0xF00D06u  /* an epoll instance */
#define TIMERFD 0xF00D07u
#define SOCK 0xF00D08u   /* one end of a connected AF_UNIX stream pair */
#define PATH 0xF00D09u   /* an existing file's name */
#define BUF 0xF00D0Au    /* a good zeroed page */
#define RANDOM 0xF00D0Bu /* /dev/urandom */
#define PTY 0xF00D0Cu    /* a pty master */
#define INOTIFY 0xF00D0Du

#define NULL_OK 1 /* NULL has a meaning of its own */
#define NO_EDGE 2 /* partial success, or an object of one byte: no edge case */

struct row {
	const char *name;
	unsigned nr;
	unsigned long a[6];
	int flags;
};

static const struct row rows[] = {
	{"read from a file", SYS_read, {FD, BAD, 16}, NO_EDGE},
	{"read from a pipe", SYS_read, {PIPE_R, BAD, 16}, NO_EDGE},
	{"read from /dev/zero", SYS_read, {ZERO, BAD, 16}, NO_EDGE},
	{"read from /dev/urandom", SYS_read, {RANDOM, BAD, 16}, NO_EDGE},
	{"write to a file", SYS_write, {FD, BAD, 16}, NO_EDGE},
	{"write to a pipe", SYS_write, {PIPE_W, BAD, 16}, NO_EDGE},
	{"write to a pty", SYS_write, {PTY, BAD, 16}, NO_EDGE},
	{"pread64", SYS_pread64, {FD, BAD, 16, 0, 0}, NO_EDGE},
	{"pwrite64", SYS_pwrite64, {FD, BAD, 16, 0, 0}, NO_EDGE},
	{"readv", SYS_readv, {FD, BAD, 1}},
	{"writev", SYS_writev, {FD, BAD, 1}},
	{"preadv", SYS_preadv, {FD, BAD, 1, 0, 0}},
	{"send", SYS_sendto, {SOCK, BAD, 16, 0, 0, 0}},
	{"open", SYS_open, {BAD, O_RDONLY}, NO_EDGE},
	{"openat", SYS_openat, {AT_FDCWD, BAD, O_RDONLY}, NO_EDGE},
	{"creat", SYS_creat, {BAD, 0600}, NO_EDGE},
	{"access", SYS_access, {BAD, 0}, NO_EDGE},
	{"faccessat", SYS_faccessat, {AT_FDCWD, BAD, 0}, NO_EDGE},
	{"chdir", SYS_chdir, {BAD}, NO_EDGE},
	{"chroot", SYS_chroot, {BAD}, NO_EDGE},
	{"chmod", SYS_chmod, {BAD, 0600}, NO_EDGE},
	{"chown32", SYS_chown32, {BAD, 0, 0}, NO_EDGE},
	{"lchown32", SYS_lchown32, {BAD, 0, 0}, NO_EDGE},
	{"truncate64", SYS_truncate64, {BAD, 0, 0}, NO_EDGE},
	{"mkdir", SYS_mkdir, {BAD, 0700}, NO_EDGE},
	{"rmdir", SYS_rmdir, {BAD}, NO_EDGE},
	{"mknod", SYS_mknod, {BAD, S_IFIFO | 0600, 0}, NO_EDGE},
	{"unlink", SYS_unlink, {BAD}, NO_EDGE},
	{"unlinkat", SYS_unlinkat, {AT_FDCWD, BAD, 0}, NO_EDGE},
	{"link (old)", SYS_link, {BAD, PATH}, NO_EDGE},
	{"link (new)", SYS_link, {PATH, BAD}, NO_EDGE},
	{"rename (old)", SYS_rename, {BAD, PATH}, NO_EDGE},
	{"rename (new)", SYS_rename, {PATH, BAD}, NO_EDGE},
	{"symlink (target)", SYS_symlink, {BAD, PATH}, NO_EDGE},
	{"symlink (name)", SYS_symlink, {PATH, BAD}, NO_EDGE},
	{"readlink (name)", SYS_readlink, {BAD, BUF, 64}, NO_EDGE},
	{"stat64 (name)", SYS_stat64, {BAD, BUF}, NO_EDGE},
	{"stat64 (buffer)", SYS_stat64, {PATH, BAD}},
	{"lstat64 (buffer)", SYS_lstat64, {PATH, BAD}},
	{"fstat64", SYS_fstat64, {FD, BAD}},
	{"fstatat64 (buffer)", SYS_fstatat64, {AT_FDCWD, PATH, BAD, 0}},
	{"statx (name)", SYS_statx, {AT_FDCWD, BAD, 0, 0x7ff, BUF}, NO_EDGE},
	{"statx (buffer)", SYS_statx, {AT_FDCWD, PATH, 0, 0x7ff, BAD}},
	{"statfs64 (buffer)", SYS_statfs64, {PATH, 84, BAD}},
	{"fstatfs64", SYS_fstatfs64, {FD, 84, BAD}},
	{"utimensat (times)", SYS_utimensat, {AT_FDCWD, PATH, BAD, 0}, NULL_OK},
	{"getdents64", SYS_getdents64, {DIRFD, BAD, 1024}, NO_EDGE},
	{"_llseek", SYS__llseek, {FD, 0, 0, BAD, SEEK_SET}},
	{"getcwd", SYS_getcwd, {BAD, 64}, NO_EDGE},
	{"execve (name)", SYS_execve, {BAD, 0, 0}, NO_EDGE},
	{"execve (argv)", SYS_execve, {PATH, BAD, 0}, NULL_OK},
	{"execve (envp)", SYS_execve, {PATH, 0, BAD}, NULL_OK},
	{"pipe", SYS_pipe, {BAD}},
	{"pipe2", SYS_pipe2, {BAD, 0}},
	{"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, BAD}},
	{"poll", SYS_poll, {BAD, 1, 0}},
	{"select", SYS__newselect, {64, BAD, 0, 0, BUF}, NULL_OK},
	{"select (timeout)", SYS__newselect, {0, 0, 0, 0, BAD}, NULL_OK},
	{"epoll_ctl", SYS_epoll_ctl, {EPOLL, EPOLL_CTL_ADD, PIPE_R, BAD}},
	{"FIONREAD", SYS_ioctl, {PIPE_R, 0x541b, BAD}},
	{"TCGETS", SYS_ioctl, {PTY, 0x5401, BAD}},
	{"TIOCGWINSZ", SYS_ioctl, {PTY, 0x5413, BAD}},
	{"TIOCGPTN", SYS_ioctl, {PTY, 0x80045430, BAD}},
	{"fcntl F_GETLK", SYS_fcntl64, {FD, F_GETLK64, BAD}},
	{"uname", SYS_uname, {BAD}},
	{"sysinfo", SYS_sysinfo, {BAD}},
	{"sethostname", SYS_sethostname, {BAD, 5}},
	{"times", SYS_times, {BAD}, NULL_OK},
	{"gettimeofday", SYS_gettimeofday, {BAD, 0}, NULL_OK},
	{"time", SYS_time, {BAD}, NULL_OK},
	{"clock_gettime", SYS_clock_gettime, {CLOCK_MONOTONIC, BAD}},
	{"clock_gettime64", SYS_clock_gettime64, {CLOCK_MONOTONIC, BAD}},
	{"clock_getres", SYS_clock_getres, {CLOCK_MONOTONIC, BAD}, NULL_OK},
	{"nanosleep", SYS_nanosleep, {BAD, 0}},
	{"clock_nanosleep_time64", SYS_clock_nanosleep_time64, {CLOCK_MONOTONIC, 0, BAD, 0}},
	{"setitimer (old)", SYS_setitimer, {1, BUF, BAD}, NULL_OK},
	{"setitimer (new)", SYS_setitimer, {1, BAD, 0}, NULL_OK},
	{"getitimer", SYS_getitimer, {0, BAD}},
	{"timer_create (id)", SYS_timer_create, {CLOCK_MONOTONIC, 0, BAD}},
	{"timer_create (event)", SYS_timer_create, {CLOCK_MONOTONIC, BAD, BUF}, NULL_OK},
	{"timerfd_settime", SYS_timerfd_settime, {TIMERFD, 0, BAD, 0}},
	{"timerfd_gettime", SYS_timerfd_gettime, {TIMERFD, BAD}},
	{"getrlimit", SYS_ugetrlimit, {RLIMIT_NOFILE, BAD}},
	{"setrlimit", SYS_setrlimit, {RLIMIT_NOFILE, BAD}},
	{"prlimit64 (new)", SYS_prlimit64, {0, RLIMIT_NOFILE, BAD, 0}, NULL_OK},
	{"prlimit64 (old)", SYS_prlimit64, {0, RLIMIT_NOFILE, 0, BAD}, NULL_OK},
	{"getrusage", SYS_getrusage, {0, BAD}},
	{"getgroups32", SYS_getgroups32, {8, BAD}},
	{"setgroups32", SYS_setgroups32, {2, BAD}},
	{"getresuid32", SYS_getresuid32, {BUF, BUF, BAD}},
	{"capget", SYS_capget, {BAD, 0}},
	{"sched_getaffinity", SYS_sched_getaffinity, {0, 128, BAD}, NO_EDGE},
	{"sched_setaffinity", SYS_sched_setaffinity, {0, 4, BAD}},
	{"sched_rr_get_interval", SYS_sched_rr_get_interval, {0, BAD}},
	{"rt_sigaction (new)", SYS_rt_sigaction, {SIGUSR2, BAD, 0, 8}, NULL_OK},
	{"rt_sigaction (old)", SYS_rt_sigaction, {SIGUSR2, 0, BAD, 8}, NULL_OK},
	{"rt_sigprocmask (set)", SYS_rt_sigprocmask, {SIG_BLOCK, BAD, 0, 8}, NULL_OK},
	{"rt_sigprocmask (old)", SYS_rt_sigprocmask, {SIG_BLOCK, 0, BAD, 8}, NULL_OK},
	{"rt_sigpending", SYS_rt_sigpending, {BAD, 8}},
	{"rt_sigsuspend", SYS_rt_sigsuspend, {BAD, 8}},
	{"rt_sigtimedwait", SYS_rt_sigtimedwait, {BAD, 0, 0, 8}},
	{"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {1, SIGUSR1, BAD}},
	{"sigaltstack (new)", SYS_sigaltstack, {BAD, 0}, NULL_OK},
	{"sigaltstack (old)", SYS_sigaltstack, {0, BAD}, NULL_OK},
	{"signalfd4", SYS_signalfd4, {-1ul, BAD, 8, 0}},
	{"futex wait", SYS_futex, {BAD, FUTEX_WAIT, 0, BUF}, NO_EDGE},
	{"set_thread_area", SYS_set_thread_area, {BAD}},
	{"get_thread_area", SYS_get_thread_area, {BAD}},
	{"getrandom", SYS_getrandom, {BAD, 16, 0}, NO_EDGE},
	{"getcpu", SYS_getcpu, {BAD, 0, 0}, NULL_OK},
	{"mincore (vector)", SYS_mincore, {BUF, 4096, BAD}, NO_EDGE},
	{"memfd_create", SYS_memfd_create, {BAD, 0}, NO_EDGE},
	{"prctl PR_SET_NAME", SYS_prctl, {15, BAD}, NO_EDGE},
	{"prctl PR_GET_NAME", SYS_prctl, {16, BAD}},
	{"inotify_add_watch", SYS_inotify_add_watch, {INOTIFY, BAD, 1}, NO_EDGE},
	{"mount (target)", SYS_mount, {PATH, BAD, PATH, 0, 0}, NO_EDGE},
	{"umount2", SYS_umount2, {BAD, 0}, NO_EDGE},
};

static unsigned long fds[16];
static char *unmapped, *none, *edge;
static int pair[2];

static unsigned long open_master(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = posix_openpt(O_RDWR);
	t_must(fd >= 0);
	return fd;
}

static void set_up(void)
{
	static char good[4096] __attribute__((aligned(4096)));
	char data[64] = "content";
	gid_t groups[2] = {0, 7};
	int p[2];

	t_tmpdir();
	t_must(syscall(SYS_setgroups32, 2, groups) == 0);
	t_must(pipe(p) == 0 && write(p[1], data, 64) == 64);
	t_must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	fds[FD & 15] = t_file("file", data, 64);
	t_must(lseek(fds[FD & 15], 0, SEEK_SET) == 0);
	fds[DIRFD & 15] = open(".", O_RDONLY | O_DIRECTORY);
	fds[PIPE_R & 15] = p[0];
	fds[PIPE_W & 15] = p[1];
	fds[ZERO & 15] = open("/dev/zero", O_RDWR);
	fds[EPOLL & 15] = epoll_create1(0);
	fds[TIMERFD & 15] = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	fds[SOCK & 15] = pair[0];
	fds[PATH & 15] = (unsigned long)"file";
	fds[BUF & 15] = (unsigned long)good;
	fds[RANDOM & 15] = open("/dev/urandom", O_RDONLY);
	fds[PTY & 15] = open_master();
	fds[INOTIFY & 15] = syscall(SYS_inotify_init1, 0);
	none = t_edge();
	edge = t_edge();
	unmapped = t_pages(3);
	t_must(munmap(unmapped + T_PAGE, T_PAGE) == 0);
	unmapped += T_PAGE;
}

static long call(const struct row *r, unsigned long bad)
{
	unsigned long a[6];

	for (int i = 0; i < 6; i++) {
		a[i] = r->a[i];
		if (a[i] == BAD)
			a[i] = bad;
		else if ((a[i] & ~15ul) == (FD & ~15ul))
			a[i] = fds[a[i] & 15];
	}
	return syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* One row with every bad address; the first that is not EFAULT is named. */
static void check_row(const struct row *r)
{
	const struct {
		unsigned long addr;
		const char *name;
		bool use;
	} bad[] = {
		{T_KERNEL, "0xC0100000", true},
		{T_TOP, "0xFFFFF000", true},
		{(unsigned long)unmapped, "an unmapped page", true},
		{(unsigned long)none, "a PROT_NONE page", true},
		{0, "NULL", !(r->flags & NULL_OK)},
		{(unsigned long)edge - 1, "an object across the end of a mapping",
		 !(r->flags & NO_EDGE)},
	};

	for (unsigned i = 0; i < T_COUNT(bad); i++)
		if (bad[i].use && !(call(r, bad[i].addr) == -1 && errno == EFAULT)) {
			fails(call(r, bad[i].addr), EFAULT, "%s of %s is EFAULT", r->name,
			      bad[i].name);
			return;
		}
	ok(true, "%s of a bad pointer is EFAULT", r->name);
}

/* After all those calls the file and the pipe still hold what they held. */
static void check_unharmed(void)
{
	char buf[128];

	eq(lseek(fds[FD & 15], 0, SEEK_CUR), 0, "failed reads and writes left the file position");
	eq(pread(fds[FD & 15], buf, sizeof(buf), 0), 64, "the file kept its length");
	ok(memcmp(buf, "content", 8) == 0, "and its content");
	eq(read(fds[PIPE_R & 15], buf, sizeof(buf)), 64, "the pipe kept its bytes");
}

/* A buffer that ends in a page without access: the good part is transferred. */
static void check_partial(void)
{
	char *end = t_edge();
	int p[2];

	t_must(pipe(p) == 0);
	memset(end - 16, 'x', 16);
	eq(pwrite(fds[FD & 15], end - 16, 32, 0), 16,
	   "write of a half-good buffer writes the good half");
	eq(pread(fds[FD & 15], end - 8, 64, 0), 8,
	   "read into a half-good buffer reads the good half");
	eq(read(fds[ZERO & 15], end - 16, 4096), 16, "so does a read of /dev/zero");
	eq(end[-1], 0, "which filled the good half");
	eq(write(fds[ZERO & 15], "x", 1), 1, "a write to /dev/zero is swallowed");
}

int main(void)
{
	set_up();
	for (unsigned i = 0; i < T_COUNT(rows); i++)
		check_row(&rows[i]);
	check_unharmed();
	check_partial();
	return t_done();
}
