/*
 * t.h - what every guest test shares: TAP output, children, faults, /proc.
 *
 * A guest test is one ordinary static Linux i386 program. It prints one line a check,
 *	ok N - description
 *	not ok N - description # detail file:line
 * and the plan `1..N` at the end; its exit status is 0 when every check held, else 1. Include this
 * header first: it chooses the feature macros. `return t_done();` ends main.
 *
 * Only the process that entered main counts checks. A forked child reports by its exit status:
 * need() leaves the child with status 99 and says where, t_child() runs such a child.
 *
 * A test that hangs is killed by its own alarm after T_LIMIT seconds (SIGALRM's default action);
 * a test that uses SIGALRM itself calls t_watchdog() afterwards.
 */
#ifndef T_H
#define T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/unistd.h>

/* musl hides the names of calls that have a successor with 64-bit time. */
#ifndef SYS_gettimeofday
#define SYS_gettimeofday __NR_gettimeofday
#define SYS_settimeofday __NR_settimeofday
#define SYS_clock_gettime __NR_clock_gettime
#define SYS_clock_settime __NR_clock_settime
#define SYS_clock_getres __NR_clock_getres
#define SYS_clock_nanosleep __NR_clock_nanosleep
#define SYS_timer_settime __NR_timer_settime
#define SYS_timer_gettime __NR_timer_gettime
#define SYS_timerfd_settime __NR_timerfd_settime
#define SYS_timerfd_gettime __NR_timerfd_gettime
#endif

#define T_LIMIT 150
#define T_PAGE 4096ul
#define T_UNUSED __attribute__((unused))
#define T_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Addresses in every kernel's own half, whatever the split: direct map, its middle, vmalloc, top.
 */
#define T_KERNEL 0xC0100000ul
#define T_TOP 0xFFFFF000ul

static int t_count, t_failed;

/* `./isthmus test --long`: random tests go on for minutes. */
static T_UNUSED bool t_long(void)
{
	return getenv("T_LONG");
}

static T_UNUSED void t_watchdog(void)
{
	alarm(T_LIMIT);
}

static __attribute__((constructor)) void t_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, SIG_DFL);
	t_watchdog();
}

/* -- checks --------------------------------------------------------------------------------- */

static T_UNUSED __attribute__((format(printf, 5, 0))) bool t_report(bool good, const char *file,
								    int line, const char *detail,
								    const char *fmt, va_list ap)
{
	t_count++;
	printf("%sok %d - ", good ? "" : "not ", t_count);
	vprintf(fmt, ap);
	if (!good) {
		t_failed++;
		printf(" # %s %s:%d", detail, file, line);
	}
	printf("\n");
	return good;
}

static T_UNUSED __attribute__((format(printf, 4, 5))) bool t_ok(bool good, const char *file,
								int line, const char *fmt, ...)
{
	char detail[80];
	va_list ap;

	snprintf(detail, sizeof(detail), "errno %d (%s)", errno, strerror(errno));
	va_start(ap, fmt);
	t_report(good, file, line, detail, fmt, ap);
	va_end(ap);
	return good;
}

static T_UNUSED __attribute__((format(printf, 5, 6))) bool t_eq(long long got, long long want,
								const char *file, int line,
								const char *fmt, ...)
{
	char detail[120];
	va_list ap;

	snprintf(detail, sizeof(detail), "got %lld (0x%llx), want %lld (0x%llx)", got, got, want,
		 want);
	va_start(ap, fmt);
	t_report(got == want, file, line, detail, fmt, ap);
	va_end(ap);
	return got == want;
}

static T_UNUSED __attribute__((format(printf, 5, 6))) bool t_fails(long long ret, int want,
								   const char *file, int line,
								   const char *fmt, ...)
{
	int err = ret == -1 ? errno : 0;
	char detail[200];
	va_list ap;

	if (err)
		snprintf(detail, sizeof(detail), "failed with %d (%s), want %d (%s)", err,
			 strerror(err), want, strerror(want));
	else
		snprintf(detail, sizeof(detail), "returned %lld, want errno %d (%s)", ret, want,
			 strerror(want));
	va_start(ap, fmt);
	t_report(ret == -1 && err == want, file, line, detail, fmt, ap);
	va_end(ap);
	return ret == -1 && err == want;
}

/* The condition holds. */
#define ok(cond, ...) t_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
/* Two integers are equal. */
#define eq(got, want, ...) \
	t_eq((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
/* A system call returns anything but -1. */
#define works(call, ...) t_ok((long long)(call) != -1, __FILE__, __LINE__, __VA_ARGS__)
/* A system call returns -1 with this errno. */
#define fails(call, err, ...) \
	t_fails((errno = 0, (long long)(call)), err, __FILE__, __LINE__, __VA_ARGS__)
/* mmap and friends give MAP_FAILED, which is -1 only after a cast. */
#define fails_p(call, err, ...) fails((long)(call), err, __VA_ARGS__)

static T_UNUSED __attribute__((format(printf, 1, 2))) void t_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* One check that cannot be made here; the reason names what is missing. */
static T_UNUSED void t_skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++t_count, what, why);
}

/* Setting up failed: no further check makes sense. */
#define t_must(cond) \
	do { \
		if (!(cond)) { \
			printf("Bail out! %s: errno %d (%s) %s:%d\n", #cond, errno, \
			       strerror(errno), __FILE__, __LINE__); \
			exit(1); \
		} \
	} while (0)

/* -- children ------------------------------------------------------------------------------- */

/* In a child: the condition holds, or the child ends with status 99. */
#define need(cond) \
	do { \
		if (!(cond)) { \
			printf("# child: %s failed, errno %d (%s) %s:%d\n", #cond, errno, \
			       strerror(errno), __FILE__, __LINE__); \
			fflush(stdout); \
			_exit(99); \
		} \
	} while (0)

static T_UNUSED int t_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Forks; the child runs fn(arg) and exits with what it returns. */
static T_UNUSED pid_t t_spawn(int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(T_LIMIT);
		_exit(fn(arg));
	}
	return pid;
}

/* Runs fn(arg) in a child to its end; returns the wait status. */
static T_UNUSED int t_child(int (*fn)(void *), void *arg)
{
	pid_t pid = t_spawn(fn, arg);

	return pid < 0 ? -1 : t_wait(pid);
}

static T_UNUSED const char *t_status(int status)
{
	static char text[64];

	if (WIFEXITED(status))
		snprintf(text, sizeof(text), "exited with %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "died of signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "wait status 0x%x", status);
	return text;
}

static T_UNUSED __attribute__((format(printf, 5, 6))) bool t_ends(int status, int want,
								  const char *file, int line,
								  const char *fmt, ...)
{
	bool good = (status & ~0x80) == (want & ~0x80);
	va_list ap;

	va_start(ap, fmt);
	t_report(good, file, line, t_status(status), fmt, ap);
	va_end(ap);
	return good;
}

/* A child that runs fn(arg) exits with this code, or dies of this signal (core flag ignored). */
#define exits(fn, arg, code, ...) \
	t_ends(t_child(fn, arg), (code) << 8, __FILE__, __LINE__, __VA_ARGS__)
#define dies(fn, arg, sig, ...) t_ends(t_child(fn, arg), sig, __FILE__, __LINE__, __VA_ARGS__)
/* The body, in a child, passes all its need()s. */
#define passes(fn, ...) exits(fn, NULL, 0, __VA_ARGS__)

/* Waits (up to 5 s) until the condition holds; for what another process does. */
#define t_until(cond) \
	({ \
		int t_left_ = 1000; \
		while (!(cond) && --t_left_) \
			usleep(5000); \
		t_left_ > 0; \
	})

/* -- faults --------------------------------------------------------------------------------- */

struct t_fault {
	int sig;            /* 0: no signal came */
	int code;           /* si_code */
	unsigned long addr; /* si_addr */
	unsigned long eip, esp;
	unsigned trapno, err; /* as in the i386 signal frame */
};

static struct t_fault t_fault_seen;
static sigjmp_buf t_fault_back;

static T_UNUSED void t_fault_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	t_fault_seen.sig = sig;
	t_fault_seen.code = info->si_code;
	t_fault_seen.addr = (unsigned long)info->si_addr;
	t_fault_seen.eip = uc->uc_mcontext.gregs[REG_EIP];
	t_fault_seen.esp = uc->uc_mcontext.gregs[REG_ESP];
	t_fault_seen.trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	t_fault_seen.err = uc->uc_mcontext.gregs[REG_ERR];
	siglongjmp(t_fault_back, 1);
}

/* Runs fn(arg) and returns the fault it made; .sig is 0 when it came back. */
static T_UNUSED struct t_fault t_catch(void (*fn)(void *), void *arg)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction act = {.sa_flags = SA_SIGINFO}, old[T_COUNT(sigs)];
	unsigned i;

	act.sa_sigaction = t_fault_handler;
	memset(&t_fault_seen, 0, sizeof(t_fault_seen));
	for (i = 0; i < T_COUNT(sigs); i++)
		sigaction(sigs[i], &act, &old[i]);
	if (sigsetjmp(t_fault_back, 1) == 0)
		fn(arg);
	for (i = 0; i < T_COUNT(sigs); i++)
		sigaction(sigs[i], &old[i], NULL);
	return t_fault_seen;
}

static T_UNUSED void t_do_read(void *addr)
{
	(void)*(volatile char *)addr;
}

static T_UNUSED void t_do_write(void *addr)
{
	*(volatile char *)addr = 1;
}

static T_UNUSED void t_do_call(void *addr)
{
	((void (*)(void))addr)();
}

#define t_read(addr) t_catch(t_do_read, (void *)(addr))
#define t_write(addr) t_catch(t_do_write, (void *)(addr))
#define t_call(addr) t_catch(t_do_call, (void *)(addr))

static T_UNUSED __attribute__((format(printf, 7, 8))) bool t_faulted(struct t_fault f, int sig,
								     int code, unsigned long addr,
								     const char *file, int line,
								     const char *fmt, ...)
{
	bool good = f.sig == sig && f.code == code && f.addr == addr;
	char detail[160];
	va_list ap;

	snprintf(detail, sizeof(detail), "got signal %d code %d addr %#lx, want %d %d %#lx", f.sig,
		 f.code, f.addr, sig, code, addr);
	va_start(ap, fmt);
	t_report(good, file, line, detail, fmt, ap);
	va_end(ap);
	return good;
}

/* The fault f is this signal with this si_code and si_addr. */
#define faulted(f, sig, code, addr, ...) \
	t_faulted(f, sig, code, (unsigned long)(addr), __FILE__, __LINE__, __VA_ARGS__)

/* -- files ---------------------------------------------------------------------------------- */

/* Reads a whole file into buf (NUL-terminated); returns its length or -1. */
static T_UNUSED int t_slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	buf[len] = '\0';
	return n < 0 ? -1 : (int)len;
}

/* The number behind "KEY" at the start of a line of a /proc file, or -1. */
static T_UNUSED long long t_field(const char *path, const char *key)
{
	static char buf[65536];
	char *line;

	if (t_slurp(path, buf, sizeof(buf)) < 0)
		return -1;
	for (line = buf; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			return strtoll(line + strlen(key) + strspn(line + strlen(key), ": \t"),
				       NULL, 10);
	return -1;
}

static char t_dir[40];

/*
 * Makes a fresh directory (mode 0755) and goes there; t_done removes it. /tmp may be mounted nosuid
 * and nodev: what needs either asks for a directory in "/".
 */
static T_UNUSED const char *t_tmpdir_in(const char *parent)
{
	snprintf(t_dir, sizeof(t_dir), "%s/t.XXXXXX", strcmp(parent, "/") == 0 ? "" : parent);
	t_must(mkdtemp(t_dir));
	t_must(chmod(t_dir, 0755) == 0);
	t_must(chdir(t_dir) == 0);
	return t_dir;
}

static T_UNUSED const char *t_tmpdir(void)
{
	return t_tmpdir_in("/tmp");
}

static T_UNUSED int t_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

/* Creates a file with this content; returns a descriptor open for reading and writing. */
static T_UNUSED int t_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	t_must(fd >= 0);
	t_must(size == 0 || write(fd, data, size) == (ssize_t)size);
	return fd;
}

/* Ends the test: prints the plan, removes the directory; the exit status of main. */
static T_UNUSED int t_done(void)
{
	printf("1..%d\n", t_count);
	if (t_dir[0] && chdir("/") == 0)
		nftw(t_dir, t_remove, 8, FTW_DEPTH | FTW_PHYS);
	return t_failed ? 1 : 0;
}

/* -- memory --------------------------------------------------------------------------------- */

struct t_map {
	unsigned long start, end;
	char prot[5]; /* "rwxp" as in /proc/self/maps */
	unsigned long long offset;
	unsigned major, minor;
	unsigned long inode;
	char name[256];
};

/*
 * Finds the first line of /proc/PID/maps (0: own) that ends above addr; false when there is none.
 */
static T_UNUSED bool t_map_after(pid_t pid, unsigned long addr, struct t_map *map)
{
	char path[40], *line;
	static char buf[262144];

	snprintf(path, sizeof(path), pid ? "/proc/%d/maps" : "/proc/self/maps", pid);
	if (t_slurp(path, buf, sizeof(buf)) < 0)
		return false;
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		memset(map, 0, sizeof(*map));
		if (sscanf(line, "%lx-%lx %4s %llx %x:%x %lu %255[^\n]", &map->start, &map->end,
			   map->prot, &map->offset, &map->major, &map->minor, &map->inode,
			   map->name) < 7)
			return false;
		if (map->end > addr)
			return true;
	}
	return false;
}

/* Finds the area that holds addr. */
static T_UNUSED bool t_map_at(const void *addr, struct t_map *map)
{
	return t_map_after(0, (unsigned long)addr, map) && map->start <= (unsigned long)addr;
}

/* How many areas lie in [addr, addr + size), and their permissions in order, as "rw-p r--p". */
static T_UNUSED int t_maps_in(const void *addr, size_t size, char *prots, size_t room)
{
	unsigned long at = (unsigned long)addr, end = at + size;
	struct t_map map;
	int count = 0;

	if (prots)
		prots[0] = '\0';
	while (at < end && t_map_after(0, at, &map) && map.start < end) {
		if (prots)
			snprintf(prots + strlen(prots), room - strlen(prots), "%s%s",
				 count ? " " : "", map.prot);
		count++;
		at = map.end;
	}
	return count;
}

/* Anonymous private memory, read-write; never fails. */
static T_UNUSED char *t_pages(size_t pages)
{
	void *p = mmap(NULL, pages * T_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	t_must(p != MAP_FAILED);
	return p;
}

/* The end of a readable and writable page that nothing follows: a guard with no access. */
static T_UNUSED char *t_edge(void)
{
	char *p = t_pages(2);

	t_must(mprotect(p + T_PAGE, T_PAGE, PROT_NONE) == 0);
	return p + T_PAGE;
}

/* Does any area hold addr? */
static T_UNUSED bool t_mapped(const void *addr)
{
	struct t_map map;

	return t_map_at(addr, &map);
}

#endif
