/*
 * page_tables - debugfs page_tables/{kernel,current_kernel,current_user}: the page tables in the
 * format of Linux's ptdump. (Debian's kernel is built without it.)
 */
#include "t.h"
#include <sys/mount.h>

#define DIRECTORY "/sys/kernel/debug/page_tables/"
#define RW (PROT_READ | PROT_WRITE)

struct line {
	unsigned long start, end; /* end 0: the last */
	char flags[40], level[8];
	bool user, writable, executable, present;
};

static char text[1 << 20];

/* Reads the line at @at; false: it is a heading or no line of the format. */
static bool parse(const char *at, struct line *l)
{
	static const char units[] = "BKMG";
	unsigned long size;
	char unit, want[120];
	int n = 0;

	memset(l, 0, sizeof(*l));
	if (sscanf(at, "0x%8lx-0x%8lx %lu%c %n", &l->start, &l->end, &size, &unit, &n) != 4)
		return false;
	snprintf(want, sizeof(want), "0x%08lx-0x%08lx   %9lu%c ", l->start, l->end, size, unit);
	if (strncmp(at, want, strlen(want)) != 0 || !strchr(units, unit))
		return false;
	for (; unit != 'B'; unit = units[strchr(units, unit) - units - 1])
		size *= 1024;
	if (size != l->end - l->start)
		return false;
	at += strlen(want);
	memcpy(l->flags, at, 30);
	memcpy(l->level, at + 30, 3);
	l->user = strstr(l->flags, "USR ");
	l->writable = strstr(l->flags, "RW ");
	l->executable = strstr(l->flags, "x  ");
	l->present = l->writable || strstr(l->flags, "ro ");
	return at[33] == '\n' && (strcmp(l->level, "pgd") == 0 || strcmp(l->level, "pmd") == 0 ||
				  strcmp(l->level, "pte") == 0);
}

static const char *next_line(const char *at)
{
	return strchr(at, '\n') + 1;
}

static bool line_of(const char *file, const void *addr, struct line *l)
{
	char path[80];

	snprintf(path, sizeof(path), DIRECTORY "%s", file);
	t_must(t_slurp(path, text, sizeof(text)) > 0);
	for (const char *at = text; *at; at = next_line(at))
		if (parse(at, l) && l->start <= (unsigned long)addr &&
		    (unsigned long)addr - 1 < l->end - 1)
			return true;
	return false;
}

static void check_format(const char *file)
{
	static const char *const parts[] = {
		"User Space",    "Kernel Mapping",         "vmalloc() Area",
		"vmalloc() End", "Persistent kmap() Area", "CPU entry area",
		"Fixmap area"};
	unsigned odd = 0, gaps = 0, part = 0, writable_code = 0, user_kernel = 0, equal = 0;
	struct line l, last = {0};
	bool nx = false, kernel = false, heading = false;
	char path[80], want[80];

	snprintf(path, sizeof(path), DIRECTORY "%s", file);
	t_must(t_slurp(path, text, sizeof(text)) > 0);
	nx = strstr(text, "NX");
	for (const char *at = text; *at; at = next_line(at)) {
		snprintf(want, sizeof(want), "---[ %s ]---\n", part < 7 ? parts[part] : "");
		if (strncmp(at, want, strlen(want)) == 0) {
			kernel = part++ > 0;
			heading = true;
			continue;
		}
		if (!parse(at, &l)) {
			t_note("odd: %.*s", (int)(next_line(at) - at - 1), at);
			odd++;
			continue;
		}
		gaps += l.start != last.end;
		user_kernel += kernel && l.user;
		writable_code += nx && kernel && l.writable && l.executable;
		heading = false;
		last = l;
	}
	eq(odd, 0, "%s: every line has the format of ptdump", file);
	/* A part that begins inside a blank entry has no line of its own, hence no heading. */
	ok(part == 7 || (part == 6 && !last.present),
	   "%s: the parts of the address space are named in order", file);
	eq(gaps + equal + heading, 0, "%s: the lines follow each other", file);
	eq(last.end, 0, "%s: to the end of all addresses", file);
	eq(user_kernel, 0, "%s: nothing of the kernel is for user mode", file);
	eq(writable_code, 0, "%s: nothing of the kernel is writable and executable", file);
}

static void check_own(void)
{
	char *p = t_pages(4);
	struct line l;

	madvise(p, 4 * T_PAGE, MADV_NOHUGEPAGE);
	memset(p, 1, 2 * T_PAGE);
	ok(line_of("current_user", p, &l) && l.user && l.writable && strcmp(l.level, "pte") == 0,
	   "a written page is USR RW, in a pte");
	ok(line_of("current_user", p + 3 * T_PAGE, &l) && !l.present, "an untouched one is blank");
	mprotect(p, 2 * T_PAGE, PROT_READ);
	ok(line_of("current_user", p, &l) && l.user && l.present && !l.writable,
	   "mprotect makes it ro");
	ok(line_of("current_user", (void *)check_own, &l) && l.user && !l.writable && l.executable,
	   "program text is USR ro x");
	ok(line_of("kernel", p, &l) && !l.present, "the kernel's own tables map no process");
	munmap(p, 4 * T_PAGE);
	ok(line_of("current_user", p, &l) && !l.present, "unmapped, it is blank");
}

static bool has_nx(void)
{
	t_must(t_slurp(DIRECTORY "kernel", text, sizeof(text)) > 0);
	return strstr(text, "NX");
}

/*
 * Of the kernel, its text runs and is read-only; constants behind it are read-only; nothing
 * else is either.
 */
static void check_kernel(void)
{
	unsigned runs = 0, constants = 0, low = 0, writable = 0;
	struct line l, text_line = {0};

	t_must(t_slurp(DIRECTORY "kernel", text, sizeof(text)) > 0);
	for (const char *at = text; *at; at = next_line(at)) {
		if (!parse(at, &l) || !l.present)
			continue;
		low += l.start < 0x40000000 || l.user;
		if (l.executable) {
			runs++;
			writable += l.writable;
			text_line = l;
		} else if (!l.writable && text_line.end == l.start) {
			constants++;
		}
	}
	eq(low, 0, "the kernel's tables map nothing below its half: no trace of the boot");
	eq(runs, 1, "one range of the kernel is executable");
	eq(writable, 0, "it is read-only");
	eq(text_line.start & 0x3fffff, 0x100000,
	   "it is the text, at 1 MB: the first MB is not executable");
	eq(constants, 1, "what follows it is read-only and not executable");
	ok(text_line.end - text_line.start < 1 << 20,
	   "it is no longer than the kernel's text can be");
}

static int on_data = 1;

static void check_user_data(void)
{
	int on_stack = 1, *on_heap = malloc(sizeof(int)), *mapped = (int *)t_pages(1);
	const int *places[] = {&on_data, &on_stack, on_heap, mapped};
	static const char *const names[] = {"data", "the stack", "the heap", "a mapping"};
	struct line l;

	*on_heap = *mapped = 1;
	for (unsigned i = 0; i < T_COUNT(places); i++)
		ok(line_of("current_user", places[i], &l) && l.user && l.writable && !l.executable,
		   "%s of a program is USR RW NX", names[i]);
	mprotect(mapped, T_PAGE, PROT_READ | PROT_EXEC);
	ok(line_of("current_user", mapped, &l) && !l.writable && l.executable,
	   "a mapping that is made code is ro x");
	free(on_heap);
	munmap(mapped, T_PAGE);
}

static void check_pieces(void)
{
	static char piecewise[1 << 20];
	int fd = open(DIRECTORY "current_kernel", O_RDONLY), n, len = 0;

	t_must(fd >= 0 && t_slurp(DIRECTORY "current_kernel", text, sizeof(text)) > 0);
	while ((n = read(fd, piecewise + len, 61)) > 0)
		len += n;
	ok(len > 0 && strcspn(piecewise, "\n") == strcspn(text, "\n") &&
		   strcmp(piecewise + len - 30, text + strlen(text) - 30) == 0,
	   "it can be read in small pieces");
	close(fd);
}

static int denied(void *arg)
{
	need(setresuid(1000, 1000, 1000) == 0);
	need(open(DIRECTORY "kernel", O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

int main(void)
{
	struct stat st;

	if (stat("/sys/kernel/debug", &st) < 0) {
		t_skip("page tables can be read", "no debugfs");
		return t_done();
	}
	if (access(DIRECTORY, F_OK) < 0)
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	t_must(stat("/sys/kernel/debug", &st) == 0);
	eq(st.st_mode, S_IFDIR | 0700, "debugfs is closed to all but root");
	exits(denied, NULL, 0, "a user reads nothing in it");
	if (access(DIRECTORY, F_OK) < 0) {
		t_skip("page tables can be read", "no page_tables in debugfs");
		return t_done();
	}
	check_format("kernel");
	check_format("current_kernel");
	check_format("current_user");
	check_own();
	if (has_nx()) {
		check_kernel();
		check_user_data();
	} else {
		t_skip("only code is executable", "this machine or format has no NX");
	}
	check_pieces();
	return t_done();
}
