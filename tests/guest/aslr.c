/*
 * aslr - where a new program finds itself: how many bits of the places of its stack, mappings,
 * vDSO, heap and image are random, over many execs, and what turns that off: personality(2),
 * randomize_va_space, mmap_rnd_bits (proc(5)).
 *
 * The program is a few bytes that wait; all is read from its maps and its stat.
 */
#include "t.h"
#include <elf.h>
#include <sys/personality.h>
#include <sys/ptrace.h>

#define EXECS 64
#define VA_SPACE "/proc/sys/kernel/randomize_va_space"
#define RND_BITS "/proc/sys/vm/mmap_rnd_bits"

enum place { STACK, STACK_BYTES, MAPPING, VDSO, HEAP, IMAGE, PLACES };

static const char *const place_names[PLACES] = {"the stack", "the stack pointer in its page",
						"mappings",  "the vDSO",
						"the heap",  "the image"};

static char static_path[80], dynamic_path[80];

/* pause() for ever */
static const unsigned char waits[] = {0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7};

static void write_program(const char *path, const char *interpreter)
{
	struct {
		Elf32_Ehdr h;
		Elf32_Phdr p[2];
		char name[64];
		unsigned char code[16];
	} f;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	memset(&f, 0, sizeof(f));
	memcpy(f.h.e_ident, ELFMAG "\1\1\1", 7);
	f.h.e_type = ET_DYN;
	f.h.e_machine = EM_386;
	f.h.e_version = 1;
	f.h.e_entry = (char *)f.code - (char *)&f;
	f.h.e_phoff = sizeof(f.h);
	f.h.e_ehsize = sizeof(f.h);
	f.h.e_phentsize = sizeof(f.p[0]);
	f.h.e_phnum = interpreter ? 2 : 1;
	f.p[0] = (Elf32_Phdr){.p_type = PT_LOAD,
			      .p_filesz = T_PAGE,
			      .p_memsz = T_PAGE,
			      .p_flags = PF_R | PF_X,
			      .p_align = T_PAGE};
	if (interpreter) {
		f.p[1] = f.p[0];
		f.p[0] = (Elf32_Phdr){.p_type = PT_INTERP,
				      .p_offset = (Elf32_Off)((char *)f.name - (char *)&f),
				      .p_filesz = strlen(interpreter) + 1,
				      .p_flags = PF_R};
		strcpy(f.name, interpreter);
	}
	memcpy(f.code, waits, sizeof(waits));
	/*
	 * A whole page: Linux clears the rest of an interpreter's last one, and this is not
	 * writable.
	 */
	t_must(fd >= 0 && write(fd, &f, sizeof(f)) == sizeof(f) && ftruncate(fd, T_PAGE) == 0);
	close(fd);
}

static unsigned long stat_number(const char *stat, unsigned field)
{
	const char *at = strrchr(stat, ')') + 1;

	for (unsigned n = 3; n < field && at; n++)
		at = strchr(at + 1, ' ');
	return at ? strtoul(at, NULL, 10) : 0;
}

static unsigned long line_start(const char *maps, const char *name)
{
	const char *at = strstr(maps, name);

	t_must(at);
	while (at > maps && at[-1] != '\n')
		at--;
	return strtoul(at, NULL, 16);
}

static unsigned long line_end(const char *maps, const char *name)
{
	const char *at = strstr(maps, name);

	while (at > maps && at[-1] != '\n')
		at--;
	return strtoul(strchr(at, '-') + 1, NULL, 16);
}

/* Where one run of @path has its places. */
static void look(const char *path, unsigned long persona, unsigned long where[PLACES])
{
	static char maps[4096], stat[1024];
	char name[40];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		personality(persona);
		execl(path, path, NULL);
		_exit(1);
	}
	t_must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	t_must(t_slurp(name, maps, sizeof(maps)) > 0);
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	t_must(t_slurp(name, stat, sizeof(stat)) > 0);
	where[STACK] = line_end(maps, "[stack]");
	where[STACK_BYTES] = stat_number(stat, 28) & (T_PAGE - 1);
	where[MAPPING] = line_start(maps, "/waits");
	where[VDSO] = line_start(maps, "[vdso]");
	where[IMAGE] = line_start(maps, strrchr(path, '/'));
	/*
	 * Behind the image of a program with an interpreter, which moves by itself; else at a
	 * place of its own.
	 */
	where[HEAP] = stat_number(stat, 47) - (path == dynamic_path ? where[IMAGE] : 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct spread {
	unsigned long low, high;
};

static void look_often(const char *path, unsigned long persona, unsigned times,
		       struct spread s[PLACES])
{
	unsigned long where[PLACES];

	for (unsigned i = 0; i < times; i++) {
		look(path, persona, where);
		for (unsigned p = 0; p < PLACES; p++) {
			s[p].low = i ? (s[p].low < where[p] ? s[p].low : where[p]) : where[p];
			s[p].high = i && s[p].high > where[p] ? s[p].high : where[p];
		}
	}
}

/*
 * So many bits that the places are spread over that far, in pages, or for the stack
 * pointer in 16 bytes.
 */
static unsigned bits(const struct spread *s, enum place p)
{
	unsigned long n = (s[p].high - s[p].low) / (p == STACK_BYTES ? 16 : T_PAGE);
	unsigned b = 0;

	for (; n; n >>= 1)
		b++;
	return b;
}

static void check_bits(const char *path, const char *kind, const unsigned want[PLACES])
{
	struct spread s[PLACES];

	look_often(path, 0, EXECS, s);
	for (enum place p = 0; p < PLACES; p++)
		eq(bits(s, p), want[p], "%s: %u bits of the place of %s are random", kind, want[p],
		   place_names[p]);
}

static bool fixed(const struct spread *s)
{
	unsigned different = 0;

	for (enum place p = 0; p < PLACES; p++)
		different += s[p].low != s[p].high;
	return !different;
}

static int set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY), n;

	t_must(fd >= 0);
	n = write(fd, value, strlen(value));
	close(fd);
	return n;
}

static void check_off(void)
{
	struct spread s[PLACES], again[PLACES];

	look_often(dynamic_path, ADDR_NO_RANDOMIZE, 6, s);
	ok(fixed(s), "ADDR_NO_RANDOMIZE: all is where it always is");
	works(set(VA_SPACE, "0"), "randomize_va_space 0");
	look_often(dynamic_path, 0, 6, again);
	ok(fixed(again) && memcmp(s, again, sizeof(s)) == 0, "does the same");
	works(set(VA_SPACE, "1"), "randomize_va_space 1");
	look_often(dynamic_path, 0, EXECS / 2, s);
	ok(bits(s, STACK) >= 10 && bits(s, IMAGE) >= 7, "moves stack and image");
	eq(bits(s, HEAP), 0, "but the heap stays behind the image");
	works(set(VA_SPACE, "2"), "randomize_va_space 2 is the default");
}

static void check_legacy(void)
{
	struct spread s[PLACES];

	look_often(static_path, ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE, 2, s);
	ok(s[VDSO].low < 0x50000000 && s[VDSO].low >= 0x20000000 && s[VDSO].low < s[STACK].low / 2,
	   "ADDR_COMPAT_LAYOUT: mappings begin at a third of the address space, upwards");
	look_often(static_path, ADDR_COMPAT_LAYOUT, EXECS, s);
	eq(bits(s, VDSO), 8, "with 8 random bits");
}

static void check_rnd_bits(void)
{
	struct spread s[PLACES];

	if (access(RND_BITS, F_OK) < 0) {
		t_skip("mmap_rnd_bits", "no such file");
		return;
	}
	eq(t_field(RND_BITS, ""), 8, "mmap_rnd_bits is 8");
	fails(set(RND_BITS, "7"), EINVAL, "it cannot be less");
	fails(set(RND_BITS, "17"), EINVAL, "nor more than 16");
	works(set(RND_BITS, "16"), "with 16");
	look_often(static_path, 0, EXECS, s);
	eq(bits(s, VDSO), 16, "16 bits of the place of mappings are random");
	works(set(RND_BITS, "8"), "and 8 again");
}

int main(void)
{
	static const unsigned without[PLACES] = {11, 8, 8, 8, 13, 8},
			      with[PLACES] = {11, 8, 8, 8, 13, 8};
	const char *dir = t_tmpdir();

	snprintf(static_path, sizeof(static_path), "%s/waits", dir);
	snprintf(dynamic_path, sizeof(dynamic_path), "%s/program", dir);
	write_program(static_path, NULL);
	write_program(dynamic_path, static_path);
	check_bits(static_path, "a PIE without interpreter", without);
	check_bits(dynamic_path, "a PIE with one", with);
	check_off();
	check_legacy();
	check_rnd_bits();
	return t_done();
}
