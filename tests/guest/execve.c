/*
 * execve - execve(2): what a new program finds (argv, environment, auxiliary vector, registers,
 * files, signals), which files can be run, which cannot and why, and #! scripts.
 *
 * The program runs itself: with argv[1] a mode name it is the new program and checks what it finds.
 */
#include "t.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/vfs.h>

extern char **environ;

/* -- the new program ------------------------------------------------------------------------- */

static unsigned long auxv(char **envp, unsigned long type, bool *found)
{
	Elf32_auxv_t *a;

	while (*envp)
		envp++;
	for (a = (Elf32_auxv_t *)(envp + 1); a->a_type != AT_NULL; a++)
		if (a->a_type == type) {
			*found = true;
			return a->a_un.a_val;
		}
	*found = false;
	return 0;
}

extern const Elf32_Ehdr __ehdr_start;

static int mode_auxv(int argc, char **argv)
{
	static const unsigned required[] = {
		AT_SYSINFO, AT_SYSINFO_EHDR, AT_HWCAP,  AT_PAGESZ, AT_CLKTCK,   AT_PHDR,   AT_PHENT,
		AT_PHNUM,   AT_BASE,         AT_FLAGS,  AT_ENTRY,  AT_UID,      AT_EUID,   AT_GID,
		AT_EGID,    AT_SECURE,       AT_RANDOM, AT_EXECFN, AT_PLATFORM, AT_HWCAP2,
	};
	const Elf32_Ehdr *vdso;
	bool found;

	for (unsigned i = 0; i < T_COUNT(required); i++) {
		auxv(environ, required[i], &found);
		if (!found)
			printf("# no auxiliary vector entry %u\n", required[i]);
		need(found);
	}
	need(auxv(environ, AT_PAGESZ, &found) == T_PAGE);
	need(auxv(environ, AT_CLKTCK, &found) == 100);
	need(auxv(environ, AT_PHENT, &found) == sizeof(Elf32_Phdr));
	need(auxv(environ, AT_PHNUM, &found) == __ehdr_start.e_phnum);
	need(auxv(environ, AT_PHDR, &found) == (unsigned long)&__ehdr_start + __ehdr_start.e_phoff);
	need(auxv(environ, AT_BASE, &found) == 0);
	need(auxv(environ, AT_FLAGS, &found) == 0);
	need(auxv(environ, AT_SECURE, &found) == 0);
	need(auxv(environ, AT_UID, &found) == 0 && auxv(environ, AT_EGID, &found) == 0);
	need(strcmp((char *)auxv(environ, AT_PLATFORM, &found), "i686") == 0);
	need(strcmp((char *)auxv(environ, AT_EXECFN, &found), "./self") == 0);
	vdso = (Elf32_Ehdr *)auxv(environ, AT_SYSINFO_EHDR, &found);
	need(memcmp(vdso->e_ident, ELFMAG, 4) == 0);
	need(auxv(environ, AT_SYSINFO, &found) - (unsigned long)vdso < 2 * T_PAGE);
	if (__ehdr_start.e_type == ET_EXEC)
		need(auxv(environ, AT_ENTRY, &found) == __ehdr_start.e_entry);
	need(auxv(environ, AT_HWCAP, &found) & 1);
	return 0;
}

static int mode_random(int argc, char **argv)
{
	bool found;
	unsigned char *r = (unsigned char *)auxv(environ, AT_RANDOM, &found);

	fwrite(r, 1, 16, stdout);
	return 0;
}

static int mode_args(int argc, char **argv)
{
	need(argc == 5);
	need(strcmp(argv[0], "zeroth") == 0);
	need(strcmp(argv[2], "") == 0);
	need(strcmp(argv[3], "a b\n\x80") == 0);
	need(strlen(argv[4]) == 100000 && argv[4][99999] == 'x');
	need(argv[5] == NULL);
	need(strcmp(environ[0], "ONE=1") == 0 && strcmp(environ[1], "odd") == 0 && !environ[2]);
	need(((unsigned long)argv & 3) == 0);
	return 0;
}

static int mode_empty(int argc, char **argv)
{
	return environ[0] != NULL;
}

static int mode_files(int argc, char **argv)
{
	need(fcntl(40, F_GETFD) == -1 && errno == EBADF);
	need(fcntl(41, F_GETFD) == 0);
	need(lseek(41, 0, SEEK_CUR) == 3);
	need(fcntl(41, F_GETFL) & O_APPEND);
	return 0;
}

static int mode_signals(int argc, char **argv)
{
	struct sigaction act;
	sigset_t set;
	stack_t ss;

	sigaction(SIGUSR1, NULL, &act);
	need(act.sa_handler == SIG_DFL);
	sigaction(SIGUSR2, NULL, &act);
	need(act.sa_handler == SIG_IGN);
	sigprocmask(SIG_BLOCK, NULL, &set);
	need(sigismember(&set, SIGTERM));
	sigpending(&set);
	need(sigismember(&set, SIGTERM));
	need(sigaltstack(NULL, &ss) == 0 && ss.ss_flags == SS_DISABLE);
	return 0;
}

static int mode_keep(int argc, char **argv)
{
	struct rlimit limit;
	char cwd[256], exe[256] = "", comm[32];

	need(getpid() == atoi(argv[2]));
	need(umask(0) == 031);
	getrlimit(RLIMIT_NOFILE, &limit);
	need(limit.rlim_cur == 99);
	need(getcwd(cwd, sizeof(cwd)) && strncmp(cwd, "/tmp/t.", 7) == 0);
	need(readlink("/proc/self/exe", exe, 255) > 0 && strcmp(strrchr(exe, '/'), "/self") == 0);
	need(t_slurp("/proc/self/comm", comm, 32) > 0 && strcmp(comm, "self\n") == 0);
	need(alarm(0) > 0);
	return 0;
}

static int mode_cmdline(int argc, char **argv)
{
	char buf[256];
	int n = t_slurp("/proc/self/cmdline", buf, sizeof(buf));

	need(n == 24 && memcmp(buf, "zeroth\0cmdline\0two word", 24) == 0);
	n = t_slurp("/proc/self/environ", buf, sizeof(buf));
	need(n == 10 && memcmp(buf, "ONE=1\0odd", 10) == 0);
	return 0;
}

/* Prints argv, one a line in brackets; the checks of #! compare it. */
static int mode_show(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]", argv[i]);
	return 0;
}

static int mode_addresses(int argc, char **argv)
{
	char local;
	void *map = mmap(NULL, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("%lx %lx %lx", (unsigned long)&local >> 12, (unsigned long)map >> 12,
	       (unsigned long)sbrk(0) >> 12);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(int, char **);
} modes[] = {
	{"auxv", mode_auxv},           {"random", mode_random},   {"args", mode_args},
	{"empty", mode_empty},         {"files", mode_files},     {"signals", mode_signals},
	{"keep", mode_keep},           {"cmdline", mode_cmdline}, {"show", mode_show},
	{"addresses", mode_addresses},
};

/* -- running it ------------------------------------------------------------------------------ */

static char *none[] = {NULL};

/* What to do in the child before it execs. */
struct run {
	const char *path;
	char **argv, **envp;
	void (*before)(void);
	int out; /* its stdout, or -1 */
};

static int run_child(void *arg)
{
	struct run *r = arg;

	if (r->out >= 0)
		dup2(r->out, 1);
	if (r->before)
		r->before();
	execve(r->path, r->argv, r->envp);
	return 200 + (errno & 31);
}

static int run(const char *path, char **argv, char **envp, void (*before)(void))
{
	struct run r = {path, argv, envp, before, -1};

	return t_child(run_child, &r);
}

/* Runs and returns what it printed. */
static char *output(const char *path, char **argv, char **envp)
{
	static char buf[8192];
	struct run r = {path, argv, envp, NULL, -1};
	int p[2], n = 0, got;

	t_must(pipe(p) == 0);
	r.out = p[1];
	pid_t pid = t_spawn(run_child, &r);
	close(p[1]);
	while ((got = read(p[0], buf + n, sizeof(buf) - 1 - n)) > 0)
		n += got;
	buf[n] = 0;
	close(p[0]);
	t_wait(pid);
	return buf;
}

static void set_files(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0644);

	write(fd, "abc", 3);
	dup3(fd, 40, O_CLOEXEC);
	dup2(fd, 41);
}

static void on_signal(int sig)
{
}

static void set_signals(void)
{
	static char alt[8192];
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)};
	sigset_t set;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTERM);
	sigaltstack(&ss, NULL);
}

static char pid_text[16];

static void set_keep(void)
{
	struct rlimit limit = {99, 99};

	umask(031);
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(pid_text, sizeof(pid_text), "%d", getpid());
	alarm(30);
}

static void check_new_program(void)
{
	static char big[100001];
	char *env[] = {"ONE=1", "odd", NULL};
	char first[17], *second;

	memset(big, 'x', 100000);
	eq(run("./self", (char *[]){"self", "auxv", NULL}, environ, NULL), 0,
	   "the auxiliary vector is complete and true");
	memcpy(first, output("./self", (char *[]){"self", "random", NULL}, none), 17);
	second = output("./self", (char *[]){"self", "random", NULL}, none);
	ok(memcmp(first, second, 16) != 0, "AT_RANDOM differs from one exec to the next");
	eq(run("./self", (char *[]){"zeroth", "args", "", "a b\n\x80", big, NULL}, env, NULL), 0,
	   "argv and envp arrive byte by byte, 100,000 of them too");
	eq(run("./self", (char *[]){"self", "empty", NULL}, none, NULL), 0,
	   "an empty environment is empty");
	eq(run("./self", (char *[]){"self", "empty", NULL}, NULL, NULL), 0,
	   "a NULL envp is an empty one");
	eq(run("./self", (char *[]){"self", "files", NULL}, none, set_files), 0,
	   "close-on-exec closes; other descriptors stay with offset and flags");
	eq(run("./self", (char *[]){"self", "signals", NULL}, none, set_signals), 0,
	   "handlers are reset; ignored, blocked, pending stay; the alternate stack goes");
	eq(run("./self", (char *[]){"self", "keep", pid_text, NULL}, none, set_keep), 0,
	   "pid, umask, limits, cwd, alarm stay; comm and exe are new");
	eq(run("./self", (char *[]){"zeroth", "cmdline", "two word", NULL}, env, NULL), 0,
	   "/proc/self/cmdline and environ show them");
	eq(run("./self", none, none, NULL), 55 << 8,
	   "an empty argv runs with argv[0] an empty string");
	strncpy(first, output("./self", (char *[]){"self", "addresses", NULL}, none), 16);
	for (int i = 0; i < 8; i++)
		if (strncmp(first, output("./self", (char *[]){"self", "addresses", NULL}, none),
			    16) != 0) {
			ok(true, "stack and mmap addresses are random");
			return;
		}
	t_skip("stack and mmap addresses are random", "norandmaps");
}

/* -- errors ---------------------------------------------------------------------------------- */

static void put(const char *path, const void *data, size_t n, mode_t mode)
{
	close(t_file(path, data, n));
	t_must(chmod(path, mode) == 0);
}

static void make_files(void)
{
	static char self[8 << 20];
	int n = t_slurp("/proc/self/exe", self, sizeof(self));
	Elf32_Ehdr e;

	t_must(n > 0);
	t_tmpdir();
	put("self", self, n, 0755);
	put("no-x", self, n, 0644);
	put("empty", "", 0, 0755);
	put("text", "echo no interpreter\n", 20, 0755);
	put("half", self, 40, 0755);
	memcpy(&e, self, sizeof(e));
	e.e_machine = EM_X86_64;
	put("x86-64", &e, sizeof(e), 0755);
	memcpy(&e, self, sizeof(e));
	e.e_ident[EI_CLASS] = ELFCLASS64;
	e.e_machine = EM_X86_64;
	put("elf64", &e, sizeof(e), 0755);
	memcpy(&e, self, sizeof(e));
	e.e_type = ET_REL;
	put("object", &e, sizeof(e), 0755);
	memcpy(&e, self, sizeof(e));
	e.e_phnum = 0;
	put("no-headers", &e, sizeof(e), 0755);
	memcpy(&e, self, sizeof(e));
	e.e_phentsize = 7;
	put("odd-headers", &e, sizeof(e), 0755);
	mkdir("dir", 0755);
	mkdir("closed", 0700);
	put("closed/self", self, n, 0755);
	symlink("loop", "loop");
	symlink("self", "link");
	symlink("nowhere", "dangling");
	mkfifo("fifo", 0755);
	put("s-gone", "#!/no/such/interpreter\n", 23, 0755);
	put("s-dir", "#!/tmp\n", 7, 0755);
	put("s-empty", "#!\n", 3, 0755);
	put("s-blank", "#!   \n", 6, 0755);
	put("s-self", "#!./s-self\n", 11, 0755);
	put("s-no-x", "#!./no-x\n", 9, 0755);
}

static const struct {
	const char *path;
	int err;
} exec_errors[] = {
	{"missing", ENOENT},      {"", ENOENT},          {"dangling", ENOENT},
	{"missing/self", ENOENT}, {"self/x", ENOTDIR},   {"loop", ELOOP},
	{"no-x", EACCES},         {"dir", EACCES},       {".", EACCES},
	{"fifo", EACCES},         {"/dev/null", EACCES}, {"empty", ENOEXEC},
	{"text", ENOEXEC},        {"half", ENOEXEC},     {"x86-64", ENOEXEC},
	{"elf64", ENOEXEC},       {"object", ENOEXEC},   {"odd-headers", ENOEXEC},
	{"no-headers", ENOEXEC},  {"s-gone", ENOENT},    {"s-dir", EACCES},
	{"s-empty", ENOEXEC},     {"s-blank", ENOEXEC},  {"s-self", ELOOP},
	{"s-no-x", EACCES},
};

static void check_errors(void)
{
	static char name[300], path[5000], huge[140000];
	static char *many[100], *little[] = {"x", NULL};
	int fd;

	for (unsigned i = 0; i < T_COUNT(exec_errors); i++)
		fails(execve(exec_errors[i].path, little, none), exec_errors[i].err,
		      "exec of '%s' is %s", exec_errors[i].path, strerror(exec_errors[i].err));
	memset(name, 'n', 299);
	fails(execve(name, little, none), ENAMETOOLONG, "a name of 299 bytes is ENAMETOOLONG");
	memset(path, '/', 4999);
	fails(execve(path, little, none), ENAMETOOLONG, "a path of 4999 bytes is ENAMETOOLONG");
	memset(huge, 'h', sizeof(huge) - 1);
	many[0] = huge;
	fails(execve("./self", many, none), E2BIG, "one argument beyond 128 KB is E2BIG");
	huge[120000] = 0;
	for (int i = 0; i < 99; i++)
		many[i] = huge;
	fails(execve("./self", many, none), E2BIG, "12 MB of arguments are E2BIG");
	many[0] = (char *)T_KERNEL;
	many[1] = NULL;
	fails(execve("./self", many, none), EFAULT, "a bad argument pointer is EFAULT");
	fails(execve("./self", little, (char **)T_KERNEL), EFAULT, "a bad envp is EFAULT");
	fails(execve((char *)T_KERNEL, little, none), EFAULT, "a bad path is EFAULT");
	fd = open("self", O_WRONLY);
	t_must(fd >= 0);
	fails(execve("./self", little, none), ETXTBSY, "a file open for writing is ETXTBSY");
	close(fd);
	fails(open("/proc/self/exe", O_WRONLY), ETXTBSY,
	      "and a running program cannot be opened for writing");
	ok(true, "after all that the old program still runs");
}

static int as_user(void *arg)
{
	need(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	need(execve("closed/self", none, none) == -1 && errno == EACCES);
	need(execve("no-x", none, none) == -1 && errno == EACCES);
	return 0;
}

/* -- scripts --------------------------------------------------------------------------------- */

static const struct {
	const char *line; /* the script's first line; the interpreter ./self is in mode show */
	const char *shows;
} scripts[] = {
	{"#!./self show\n", "[./self][show][./script][one][two]"},
	{"#! ./self show\n", "[./self][show][./script][one][two]"},
	{"#!\t./self\tshow  \t\n", "[./self][show][./script][one][two]"},
	{"#!./link show\n", "[./link][show][./script][one][two]"},
	{"#!./self show", "[./self][show][./script][one][two]"},
	{"#!./inner\n", "[./self][show][./inner][./script][one][two]"},
	{"#!./inner with an argument\n",
	 "[./self][show][./inner][with an argument][./script][one][two]"},
};

static void check_scripts(void)
{
	char line[64], name[8];
	char *shown;

	put("inner", "#!./self show\n", 14, 0755);
	for (unsigned i = 0; i < T_COUNT(scripts); i++) {
		put("script", scripts[i].line, strlen(scripts[i].line), 0755);
		shown = output("./script", (char *[]){"zero", "one", "two", NULL}, none);
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(scripts[i].line, "\n"),
			 scripts[i].line);
		if (!ok(strcmp(shown, scripts[i].shows) == 0,
			"script %u, '%s', runs its interpreter", i, line))
			t_note("got %s", shown);
	}
	put("n1", "#!./self show\n", 14, 0755);
	for (int i = 2; i <= 6; i++) {
		snprintf(line, sizeof(line), "#!./n%d\n", i - 1);
		snprintf(name, sizeof(name), "n%d", i);
		put(name, line, strlen(line), 0755);
	}
	shown = output("./n5", (char *[]){"x", NULL}, none);
	ok(strcmp(shown, "[./self][show][./n1][./n2][./n3][./n4][./n5]") == 0,
	   "scripts nest five deep");
	fails(execve("./n6", none, none), ELOOP, "and not six: ELOOP");
}

static void check_link(void)
{
	char *shown = output("./link", (char *[]){"a", "show", NULL}, none);

	ok(strcmp(shown, "[a][show]") == 0, "a symbolic link runs its target");
}

static void check_fexecve(void)
{
	int fd = open("self", O_RDONLY);
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", (char *[]){"self", "empty", NULL}, none,
			AT_EMPTY_PATH);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	eq(status, 0, "execveat with AT_EMPTY_PATH runs a descriptor");
	fails(syscall(SYS_execveat, fd, "", none, none, 0), ENOENT,
	      "without the flag it is ENOENT");
	fails(syscall(SYS_execveat, AT_FDCWD, "self", none, none, 0x40000000), EINVAL,
	      "an unknown flag is EINVAL");
	fails(syscall(SYS_execveat, AT_FDCWD, "link", none, none, AT_SYMLINK_NOFOLLOW), ELOOP,
	      "AT_SYMLINK_NOFOLLOW of a link is ELOOP");
	fails(syscall(SYS_execveat, 900, "self", none, none, 0), EBADF,
	      "a closed directory is EBADF");
	close(fd);
}

/* vfork and exec: the parent goes on when the child has its own memory. */
static void check_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execve("./self", (char *[]){"self", "empty", NULL}, none);
		_exit(99);
	}
	eq(waitpid(pid, &status, 0), pid, "vfork and exec work together");
	eq(status, 0, "and the program runs");
	pid = vfork();
	if (pid == 0) {
		execve("missing", none, none);
		_exit(errno == ENOENT ? 3 : 99);
	}
	waitpid(pid, &status, 0);
	eq(status, 3 << 8, "after a failed exec the vfork child goes on");
}

int main(int argc, char **argv)
{
	if (argc == 1 && argv[0][0] == '\0')
		return 55;
	for (unsigned i = 0; argc > 1 && i < T_COUNT(modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return modes[i].fn(argc, argv);
	make_files();
	check_new_program();
	check_errors();
	passes(as_user, "a user cannot run what he may not search or execute");
	check_scripts();
	check_link();
	check_fexecve();
	check_vfork();
	return t_done();
}
