/*
 * proc_kernel - what a process does in the kernel: /proc/PID/syscall, stack and io, and who
 * may know. proc(5)
 */
#include "t.h"
#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <linux/capability.h>

#define FILE_SIZE 40000

static int orders[2], file, null, empty[2];
static char buf[FILE_SIZE];

/* -- a process that does as it is told, and waits in read(2) ---------------------------------- */

static void *in_thread(void *arg)
{
	(void)arg;
	write(null, buf, 300);
	return NULL;
}

static void act(char what)
{
	pthread_t thread;
	pid_t pid;

	switch (what) {
	case 'r': pread(file, buf, 1000, 0), pread(file, buf, 500, FILE_SIZE - 100); break;
	case 'w': write(null, buf, 700); break;
	case 'e': read(empty[0], buf, 10), read(-1, buf, 10), write(file, NULL, 0); break;
	case 's': sendfile(null, file, &(off_t){0}, FILE_SIZE); break;
	case 't': pthread_create(&thread, NULL, in_thread, NULL), pthread_join(thread, NULL); break;
	case 'c':
		pid = fork();
		if (pid == 0) {
			write(null, buf, 4000);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static char order;

static void become(unsigned id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		_exit(98);
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	close(orders[1]);
	while (read(orders[0], &order, 1) == 1)
		act(order);
	_exit(0);
}

static int slurp(pid_t pid, const char *name, char *text, size_t size)
{
	char path[60];
	int fd, n = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static bool waits(pid_t pid)
{
	char text[300];

	return slurp(pid, "syscall", text, sizeof(text)) > 0 && !strncmp(text, "3 0x", 4);
}

/* -- syscall ---------------------------------------------------------------------------------- */

static void check_syscall(pid_t pid)
{
	unsigned long nr, a, b, c, sp, ip;
	char text[300];

	slurp(pid, "syscall", text, sizeof(text));
	ok(sscanf(text, "%lu 0x%lx 0x%lx 0x%lx 0x%*x 0x%*x 0x%*x 0x%lx 0x%lx\n", &nr, &a, &b, &c,
		  &sp, &ip) == 6,
	   "syscall has a number, six arguments, the stack and the instruction pointer");
	ok(nr == SYS_read && a == (unsigned)orders[0] && b == (unsigned long)&order && c == 1,
	   "those of the call that it waits in");
	ok(sp > (unsigned long)__builtin_frame_address(0) - 65536 &&
		   sp < (unsigned long)__builtin_frame_address(0) + 65536,
	   "its stack");
	ok(ip != 0, "and where it goes on");
	t_must(slurp(getpid(), "syscall", text, sizeof(text)) > 0);
	ok(!strncmp(text, "3 0x", 4), "who asks for its own is in read(2)");
}

static void check_zombie(void)
{
	char text[300];
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (unsigned)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	ok(slurp(pid, "syscall", text, sizeof(text)) > 0 && !strcmp(text, "-1 0x0 0x0\n"),
	   "a zombie is in none");
	eq(slurp(pid, "stack", text, sizeof(text)), 0, "and has no stack");
	waitpid(pid, NULL, 0);
}

/* -- stack ------------------------------------------------------------------------------------ */

static void check_stack(pid_t pid)
{
	static char text[8192];
	unsigned lines = 0, good = 0, offset, size;

	ok(slurp(pid, "stack", text, sizeof(text)) > 0, "stack shows the functions it waits in");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		lines++;
		good += sscanf(line, "[<0>] %*[^+]+0x%x/0x%x", &offset, &size) == 2 &&
			offset <= size;
	}
	ok(lines > 1 && good == lines, "by name, offset and size, no address");
}

/* -- io --------------------------------------------------------------------------------------- */

struct io {
	long rchar, wchar, syscr, syscw, rest;
};

static struct io io_of(pid_t pid, const char *name)
{
	char text[500];
	struct io io = {-1};
	long read_bytes, write_bytes, cancelled;

	t_until(waits(pid));
	slurp(pid, name, text, sizeof(text));
	if (sscanf(text,
		   "rchar: %ld\nwchar: %ld\nsyscr: %ld\nsyscw: %ld\nread_bytes: %ld\nwrite_bytes: "
		   "%ld\ncancelled_write_bytes: %ld\n",
		   &io.rchar, &io.wchar, &io.syscr, &io.syscw, &read_bytes, &write_bytes,
		   &cancelled) != 7)
		t_note("%s", text);
	return io;
}

static const struct {
	char order;
	const char *what;
	struct io io; /* without the order itself: one byte, one call */
} cases[] = {
	{'r', "bytes that were read, and calls", {1100, 0, 2, 0}},
	{'w', "the same of those written", {0, 700, 0, 1}},
	{'e', "a call without bytes is one, one without a descriptor is none", {0, 0, 1, 1}},
	{'s', "sendfile(2) is one of each", {FILE_SIZE, FILE_SIZE, 1, 1}},
	{'t', "what a thread did that has ended", {0, 300, 0, 1}},
	{'c', "what a child did that was waited for", {0, 4000, 0, 1}},
};

static void check_io(pid_t pid)
{
	char name[40];

	for (unsigned i = 0; i < T_COUNT(cases); i++) {
		const struct io *want = &cases[i].io;
		struct io before = io_of(pid, "io"), now;

		t_must(write(orders[1], &cases[i].order, 1) == 1);
		t_until((now = io_of(pid, "io")).syscr > before.syscr + want->syscr);
		ok(now.rchar - before.rchar == want->rchar + 1 &&
			   now.wchar - before.wchar == want->wchar &&
			   now.syscr - before.syscr == want->syscr + 1 &&
			   now.syscw - before.syscw == want->syscw,
		   "io: %s", cases[i].what);
	}
	snprintf(name, sizeof(name), "task/%d/io", pid);
	ok(io_of(pid, name).wchar == io_of(pid, "io").wchar - 4300,
	   "a thread's own has neither threads nor children");
}

/* -- who may know ----------------------------------------------------------------------------- */

static int as_user(void *arg)
{
	pid_t pid = *(pid_t *)arg, own;
	char text[300];

	become(1000);
	need(slurp(pid, "syscall", text, sizeof(text)) == -EACCES);
	need(slurp(pid, "stack", text, sizeof(text)) == -EACCES);
	need(slurp(pid, "io", text, sizeof(text)) == -EACCES);
	prctl(PR_SET_DUMPABLE, 1);
	own = start();
	t_until(waits(own));
	need(slurp(own, "syscall", text, sizeof(text)) > 0 && !strncmp(text, "3 0x", 4));
	need(slurp(own, "io", text, sizeof(text)) > 0 && !strncmp(text, "rchar: ", 7));
	need(slurp(own, "stack", text, sizeof(text)) == -EACCES); /* an administrator's */
	kill(own, SIGKILL);
	return 0;
}

static int as_root_without(void *arg)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];
	pid_t pid = *(pid_t *)arg;
	char text[300];

	need(syscall(SYS_capget, &h, d) == 0);
	d[0].effective &= ~(1u << CAP_SYS_PTRACE);
	d[0].permitted &= ~(1u << CAP_SYS_PTRACE);
	need(syscall(SYS_capset, &h, d) == 0);
	need(slurp(pid, "syscall", text, sizeof(text)) == -EPERM);
	need(slurp(pid, "stack", text, sizeof(text)) == -EPERM);
	need(slurp(pid, "io", text, sizeof(text)) == -EACCES);
	return 0;
}

int main(void)
{
	pid_t pid;

	t_tmpdir();
	file = open("file", O_RDWR | O_CREAT, 0600);
	null = open("/dev/null", O_WRONLY);
	t_must(write(file, buf, FILE_SIZE) == FILE_SIZE);
	t_must(pipe(orders) == 0 && pipe2(empty, O_NONBLOCK) == 0);
	pid = start();
	t_until(waits(pid));
	check_syscall(pid);
	check_zombie();
	check_stack(pid);
	check_io(pid);
	exits(as_user, &pid, 0, "a user knows of his own processes, but not their kernel stack");
	exits(as_root_without, &pid, 0, "root needs CAP_SYS_PTRACE");
	kill(pid, SIGKILL);
	return t_done();
}
