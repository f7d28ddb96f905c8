/*
 * core_dump - core(5): what is left of a process that dies by a signal that dumps. The ELF file, its
 * notes and its memory; its name; and what RLIMIT_CORE, PR_SET_DUMPABLE, MADV_DONTDUMP and
 * /proc/PID/coredump_filter keep out of it.
 */
#include "t.h"
#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>

#define AREA (8 * T_PAGE)
#define PLACE(n) ((char *)0x30000000 + (n)*0x100000)

enum { PRIVATE, KEPT_OUT, UNTOUCHED, SHARED, FILE_PRIVATE, FILE_SHARED, AREAS };

static unsigned char *core;
static size_t core_size;

/* ---- who dies ---- */

static struct {
	rlim_t limit;
	int sig;
	const char *filter;
	int dumpable;
	unsigned threads;
} how;

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void map(unsigned n, int flags, int fd)
{
	char *p = mmap(PLACE(n), AREA, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	need(p != MAP_FAILED);
	if (n != UNTOUCHED)
		snprintf(p + 3 * T_PAGE, 64, "contents of area %u", n);
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int die(void *arg)
{
	struct rlimit limit = {how.limit, how.limit};
	int fd = open("/tmp/core_source", O_RDWR | O_CREAT | O_TRUNC, 0600);
	pthread_t thread;

	(void)arg;
	need(fd >= 0 && ftruncate(fd, AREA) == 0);
	map(PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(KEPT_OUT, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	need(madvise(PLACE(KEPT_OUT), AREA, MADV_DONTDUMP) == 0);
	map(UNTOUCHED, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	map(SHARED, MAP_SHARED | MAP_ANONYMOUS, -1);
	map(FILE_PRIVATE, MAP_PRIVATE, fd);
	map(FILE_SHARED, MAP_SHARED, fd);
	for (unsigned i = 0; i < how.threads; i++)
		need(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
	need(setrlimit(RLIMIT_CORE, &limit) == 0);
	if (how.filter)
		write_text("/proc/self/coredump_filter", how.filter);
	need(prctl(PR_SET_DUMPABLE, how.dumpable) == 0);
	signal(how.sig, SIG_DFL);
	raise(how.sig);
	return 9;
}

/* The wait status of one that died so; its core file, if any, is in memory then. */
static int status_after(const char *name)
{
	struct stat st;
	int status, fd;

	free(core);
	core = NULL;
	core_size = 0;
	unlink(name);
	status = t_child(die, NULL);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return status;
	t_must(fstat(fd, &st) == 0);
	core_size = (size_t)st.st_size;
	core = malloc(core_size + 1);
	t_must(core && read(fd, core, core_size) == (ssize_t)core_size);
	close(fd);
	unlink(name);
	return status;
}

static void usual(void)
{
	memset(&how, 0, sizeof(how));
	how.limit = RLIM_INFINITY;
	how.sig = SIGABRT;
	how.dumpable = 1;
}

/* ---- what is in the file ---- */

static const Elf32_Phdr *segments(unsigned *n)
{
	const Elf32_Ehdr *header = (const void *)core;

	*n = header->e_phnum;
	return (const void *)(core + header->e_phoff);
}

static const Elf32_Phdr *segment_at(const void *addr)
{
	unsigned n;
	const Elf32_Phdr *ph = segments(&n);

	for (unsigned i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_vaddr <= (unsigned long)addr &&
		    (unsigned long)addr - ph[i].p_vaddr < ph[i].p_memsz)
			return &ph[i];
	return NULL;
}

/* Is the area there, with its contents? */
static bool has_area(unsigned n)
{
	const Elf32_Phdr *ph = core ? segment_at(PLACE(n)) : NULL;
	char want[64];

	snprintf(want, sizeof(want), "contents of area %u", n);
	return ph && ph->p_filesz >= AREA && ph->p_offset + AREA <= core_size &&
	       strcmp((char *)core + ph->p_offset + 3 * T_PAGE, want) == 0;
}

/* The note of this type, the @skip-th; its size. */
static const void *note(unsigned type, unsigned skip, unsigned *size)
{
	unsigned n;
	const Elf32_Phdr *ph = segments(&n);
	const unsigned char *at, *end;

	for (; n && ph->p_type != PT_NOTE; n--)
		ph++;
	if (!n)
		return NULL;
	at = core + ph->p_offset;
	end = at + ph->p_filesz;
	while (at + sizeof(Elf32_Nhdr) <= end) {
		const Elf32_Nhdr *head = (const void *)at;
		const unsigned char *data = at + sizeof(*head) + ((head->n_namesz + 3) & ~3u);

		if (head->n_type == type && !skip--) {
			*size = head->n_descsz;
			return data;
		}
		at = data + ((head->n_descsz + 3) & ~3u);
	}
	return NULL;
}

static void check_header(void)
{
	const Elf32_Ehdr *header = (const void *)core;
	unsigned n;

	if (!ok(core && core_size > sizeof(*header), "there is a core file"))
		return;
	ok(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_CORE &&
		   header->e_machine == EM_386,
	   "it is an ELF file of type ET_CORE");
	ok(segments(&n)->p_type == PT_NOTE, "whose first segment are the notes");
}

static void check_notes(void)
{
	unsigned size = 0, threads = 0;
	const struct elf_prstatus *status = note(NT_PRSTATUS, 0, &size);
	const struct elf_prpsinfo *program;
	const siginfo_t *info;
	const unsigned *words;
	pid_t seen[8] = {0};

	if (!ok(status && size == sizeof(*status), "NT_PRSTATUS"))
		return;
	eq(status->pr_cursig, SIGABRT, "with the signal");
	eq(status->pr_ppid, getpid(), "and the parent");
	ok(status->pr_reg[15] && status->pr_reg[12], "and where it was");
	while ((status = note(NT_PRSTATUS, threads, &size)))
		seen[threads++ % 8] = status->pr_pid;
	eq(threads, 4, "one for each thread");
	ok(seen[0] != seen[1] && seen[1] != seen[2] && seen[2] != seen[3], "each its own");
	program = note(NT_PRPSINFO, 0, &size);
	if (ok(program && size == sizeof(*program), "NT_PRPSINFO"))
		ok(strcmp(program->pr_fname, "core_dump") == 0 && program->pr_psargs[0],
		   "with the name of the program");
	info = note(NT_SIGINFO, 0, &size);
	if (ok(info && size == 128, "NT_SIGINFO"))
		ok(info->si_signo == SIGABRT && info->si_code == SI_TKILL,
		   "with the signal's origin");
	words = note(NT_AUXV, 0, &size);
	ok(words && size >= 16 && size % 8 == 0, "NT_AUXV");
	words = note(NT_FILE, 0, &size);
	if (ok(words && size > 8, "NT_FILE"))
		ok(words[0] >= 3 && words[1] == T_PAGE, "with the mapped files");
	ok(note(NT_PRFPREG, 3, &size) && size == 108, "NT_PRFPREG of each thread");
	ok(note(NT_PRXFPREG, 3, &size) && size == 512, "NT_PRXFPREG too");
}

static void check_contents(void)
{
	const Elf32_Phdr *ph;

	ok(has_area(PRIVATE), "private memory is in it");
	ok(has_area(SHARED), "shared memory too");
	ok(has_area(FILE_PRIVATE), "and a private map of a file that was written to");
	ok(!has_area(FILE_SHARED), "not a shared one");
	ok(!has_area(KEPT_OUT) && (ph = segment_at(PLACE(KEPT_OUT))) && ph->p_filesz == 0 &&
		   ph->p_memsz == AREA,
	   "not what MADV_DONTDUMP keeps out; but that it was there");
	ok((ph = segment_at(&how)) && ph->p_filesz, "the program's data");
	ok((ph = segment_at(&ph)) && ph->p_filesz, "the stack");
}

static void check_whole(void)
{
	int status;

	usual();
	how.threads = 3;
	status = status_after("core");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && WCOREDUMP(status),
	   "abort leaves a core file, says wait");
	check_header();
	if (!core)
		return;
	check_notes();
	check_contents();
}

/* ---- what decides ---- */

static void check_signals(void)
{
	static const int dumping[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE,
				      SIGSEGV, SIGBUS, SIGSYS,  SIGXCPU, SIGXFSZ};
	const int others[] = {SIGTERM, SIGKILL, SIGUSR1, SIGPIPE, SIGVTALRM, SIGRTMIN};
	unsigned bad = 0;

	usual();
	for (unsigned i = 0; i < T_COUNT(dumping); i++) {
		how.sig = dumping[i];
		bad += !WCOREDUMP(status_after("core")) || !core;
	}
	eq(bad, 0, "all signals of signal(7) that dump do");
	for (unsigned i = 0; i < T_COUNT(others); i++) {
		how.sig = others[i];
		bad += WCOREDUMP(status_after("core")) || core;
	}
	eq(bad, 0, "and no others");
}

static void check_limits(void)
{
	int status;

	usual();
	how.limit = 0;
	status = status_after("core");
	ok(WTERMSIG(status) == SIGABRT && !WCOREDUMP(status) && !core, "RLIMIT_CORE 0: no file");
	how.limit = 4 * T_PAGE;
	status = status_after("core");
	ok(WCOREDUMP(status) && core && core_size <= 4 * T_PAGE, "a low RLIMIT_CORE cuts it off");
	usual();
	how.dumpable = 0;
	status = status_after("core");
	ok(WTERMSIG(status) == SIGABRT && !WCOREDUMP(status) && !core,
	   "PR_SET_DUMPABLE 0: no file");
}

static void check_filter(void)
{
	static char text[64];

	usual();
	t_must(t_slurp("/proc/self/coredump_filter", text, sizeof(text)) > 0);
	ok(strcmp(text, "00000033\n") == 0, "coredump_filter is 33 as the kernel comes");
	how.filter = "0x02";
	status_after("core");
	ok(!has_area(PRIVATE) && !has_area(FILE_PRIVATE) && has_area(SHARED),
	   "2: shared memory only");
	how.filter = "1";
	status_after("core");
	ok(has_area(PRIVATE) && has_area(FILE_PRIVATE) && !has_area(SHARED),
	   "1: private memory only");
	how.filter = "0xb";
	status_after("core");
	ok(has_area(PRIVATE) && has_area(SHARED) && has_area(FILE_SHARED), "b: shared files too");
	how.filter = NULL;
	write_text("/proc/self/coredump_filter", "0x2");
	status_after("core");
	ok(!has_area(PRIVATE) && has_area(SHARED), "a child has its parent's");
	write_text("/proc/self/coredump_filter", "0x33");
	fails(write(open("/proc/self/coredump_filter", O_WRONLY), "x", 1), EINVAL,
	      "what is no number is EINVAL");
}

static void check_names(void)
{
	char name[64];
	struct stat st;
	int status;

	usual();
	t_must(symlink("/tmp/core_target", "core") == 0);
	t_must(close(open("/tmp/core_target", O_CREAT | O_WRONLY, 0600)) == 0);
	t_must((status = t_child(die, NULL)) >= 0);
	ok(WCOREDUMP(status) && stat("/tmp/core_target", &st) == 0 && st.st_size == 0 &&
		   lstat("core", &st) == 0 && S_ISREG(st.st_mode),
	   "a link of that name is not followed, but replaced");
	eq(st.st_mode & 0777, 0600, "the file is its owner's alone");
	unlink("core");
	unlink("/tmp/core_target");
	write_text("/proc/sys/kernel/core_pattern", "/tmp/%e-%s-%%-%u.c");
	snprintf(name, sizeof(name), "/tmp/core_dump-%d-%%-%u.c", SIGABRT, getuid());
	ok(WCOREDUMP(status_after(name)) && core, "core_pattern names it");
	write_text("/proc/sys/kernel/core_pattern", "/no such folder/core");
	ok(!WCOREDUMP(status_after("core")) && !core, "where it cannot be made there is none");
	write_text("/proc/sys/kernel/core_pattern", "core");
}

static void check_wait(void)
{
	siginfo_t info = {0};
	pid_t pid;

	usual();
	t_must((pid = t_spawn(die, NULL)) > 0);
	t_must(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
	ok(info.si_code == CLD_DUMPED && info.si_status == SIGABRT, "waitid says CLD_DUMPED");
	unlink("core");
}

int main(void)
{
	t_must(chdir("/tmp") == 0 || (mkdir("/tmp", 0777) == 0 && chdir("/tmp") == 0));
	prctl(PR_SET_NAME, "core_dump");
	check_whole();
	check_signals();
	check_limits();
	check_filter();
	check_names();
	check_wait();
	unlink("/tmp/core_source");
	return t_done();
}
