/*
 * elf_load - how execve(2) loads an ELF file (elf(5)): segments, bss, positions, stack permissions,
 * and broken files.
 *
 * Each program is written here byte by byte: one page with ELF header, program headers and a few
 * instructions. Program text reports through its exit status or through descriptor 1.
 */
#include "t.h"
#include <elf.h>

#define BASE 0x10000000ul
#define CODE 0x200  /* where instructions begin in the file */
#define DATA 0x1000 /* the file's second page */
#define FILE_SIZE (2 * T_PAGE)

static unsigned char image[FILE_SIZE];

#define EHDR ((Elf32_Ehdr *)image)
#define PHDR ((Elf32_Phdr *)(image + sizeof(Elf32_Ehdr)))

/* exit(byte at address) */
static unsigned put_exit_byte(unsigned at, unsigned long address)
{
	memcpy(image + at, "\x0f\xb6\x1d", 3); /* movzbl address, %ebx */
	memcpy(image + at + 3, &address, 4);
	memcpy(image + at + 7, "\xb8\x01\0\0\0\xcd\x80", 7); /* movl $1, %eax; int $0x80 */
	return at + 14;
}

/* Writes the own eip and esp to descriptor 1, then exits with 3. */
static void put_where(unsigned at)
{
	static const unsigned char code[] = {
		0x89, 0xe6,             /* movl %esp, %esi */
		0xe8, 0,    0,    0, 0, /* call next */
		0x56,                   /* pushl %esi */
		0xb8, 4,    0,    0, 0, /* movl $4, %eax */
		0xbb, 1,    0,    0, 0, /* movl $1, %ebx */
		0x89, 0xe1,             /* movl %esp, %ecx */
		0xba, 8,    0,    0, 0, /* movl $8, %edx */
		0xcd, 0x80, 0xb8, 1, 0, 0, 0, 0xbb, 3, 0, 0, 0, 0xcd, 0x80,
	};

	memcpy(image + at, code, sizeof(code));
}

/* Exits with the sum of all general registers but esp, which a new program finds as 0, plus 9. */
static void put_registers(unsigned at)
{
	static const unsigned char code[] = {
		0x09,
		0xd8,
		0x09,
		0xc8,
		0x09,
		0xd0,
		0x09,
		0xf0,
		0x09,
		0xf8,
		0x09,
		0xe8,
		/* orl ebx ecx edx esi edi ebp into eax */
		0x89,
		0xc3,
		0x83,
		0xc3,
		9, /* movl %eax, %ebx; addl $9, %ebx */
		0xb8,
		1,
		0,
		0,
		0,
		0xcd,
		0x80,
	};

	memcpy(image + at, code, sizeof(code));
}

/* Puts `ret` on the stack and calls it, then exits with 4. */
static void put_stack_call(unsigned at)
{
	static const unsigned char code[] = {
		0x68, 0xc3, 0xc3, 0xc3, 0xc3, /* pushl $0xc3c3c3c3 */
		0xff, 0xd4,                   /* call *%esp */
		0xb8, 1,    0,    0,    0,    0xbb, 4, 0, 0, 0, 0xcd, 0x80,
	};

	memcpy(image + at, code, sizeof(code));
}

/* A program of one segment that holds the whole first page, read and execute. */
static void fresh(unsigned type, unsigned long base)
{
	memset(image, 0, sizeof(image));
	memset(image + DATA, 'd', T_PAGE);
	memcpy(EHDR->e_ident, ELFMAG, 4);
	EHDR->e_ident[EI_CLASS] = ELFCLASS32;
	EHDR->e_ident[EI_DATA] = ELFDATA2LSB;
	EHDR->e_ident[EI_VERSION] = EV_CURRENT;
	EHDR->e_type = type;
	EHDR->e_machine = EM_386;
	EHDR->e_version = EV_CURRENT;
	EHDR->e_entry = base + CODE;
	EHDR->e_phoff = sizeof(Elf32_Ehdr);
	EHDR->e_ehsize = sizeof(Elf32_Ehdr);
	EHDR->e_phentsize = sizeof(Elf32_Phdr);
	EHDR->e_phnum = 1;
	PHDR[0] = (Elf32_Phdr){.p_type = PT_LOAD,
			       .p_vaddr = base,
			       .p_paddr = base,
			       .p_filesz = T_PAGE,
			       .p_memsz = T_PAGE,
			       .p_flags = PF_R | PF_X,
			       .p_align = T_PAGE};
	put_exit_byte(CODE, BASE + 1); /* 'E' */
}

static Elf32_Phdr *add(unsigned type, unsigned offset, unsigned long vaddr, unsigned filesz,
		       unsigned memsz, unsigned flags)
{
	Elf32_Phdr *p = &PHDR[EHDR->e_phnum++];

	*p = (Elf32_Phdr){.p_type = type,
			  .p_offset = offset,
			  .p_vaddr = vaddr,
			  .p_paddr = vaddr,
			  .p_filesz = filesz,
			  .p_memsz = memsz,
			  .p_flags = flags,
			  .p_align = T_PAGE};
	return p;
}

static int run_size(size_t size, unsigned long where[2])
{
	char *argv[] = {"elf", NULL}, *envp[] = {NULL};
	int p[2], status;
	pid_t pid;

	unlink("elf");
	close(t_file("elf", image, size));
	t_must(chmod("elf", 0755) == 0 && pipe(p) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		execve("./elf", argv, envp);
		_exit(100 + errno);
	}
	close(p[1]);
	status = t_wait(pid);
	if (where && read(p[0], where, 8) != 8)
		where[0] = where[1] = 0;
	close(p[0]);
	return status;
}

#define run() run_size(FILE_SIZE, NULL)

/* -- good files ------------------------------------------------------------------------------ */

static void check_segments(void)
{
	fresh(ET_EXEC, BASE);
	eq(run(), 'E' << 8, "a program of one segment runs and reads its own header");
	add(PT_LOAD, DATA, BASE + 0x5000, 0x800, 0x800, PF_R | PF_W);
	put_exit_byte(CODE, BASE + 0x5000);
	eq(run(), 'd' << 8, "a second segment is loaded at its address");
	put_exit_byte(CODE, BASE + 0x57ff);
	eq(run(), 'd' << 8, "to its last byte");
	PHDR[1].p_memsz = 0x3000;
	put_exit_byte(CODE, BASE + 0x5800);
	eq(run(), 0, "the first byte of its bss is 0, though the file goes on");
	put_exit_byte(CODE, BASE + 0x7fff);
	eq(run(), 0, "the bss reaches its last page");
	put_exit_byte(CODE, BASE + 0x8000);
	eq(run(), SIGSEGV, "and no further");
	put_exit_byte(CODE, BASE + 0x4000);
	eq(run(), SIGSEGV, "between the segments is nothing");
	fresh(ET_EXEC, BASE);
	add(PT_LOAD, DATA + 0x123, BASE + 0x5123, 0x10, 0x10, PF_R | PF_W);
	image[DATA + 0x123] = 'u';
	put_exit_byte(CODE, BASE + 0x5123);
	eq(run(), 'u' << 8, "a segment need not begin at a page");
	fresh(ET_EXEC, BASE);
	add(PT_LOAD, 0, BASE + 0x5000, 0, 0x2000, PF_R | PF_W);
	put_exit_byte(CODE, BASE + 0x6fff);
	eq(run(), 0, "a segment may be bss alone");
	fresh(ET_EXEC, BASE);
	add(PT_NOTE, 0, 0, 0, 0, PF_R);
	add(0x6fffffff, 0, 0, 0, 0, PF_R);
	eq(run(), 'E' << 8, "other kinds of program header are passed over");
}

static void check_permissions(void)
{
	fresh(ET_EXEC, BASE);
	memcpy(image + CODE, "\xc6\x05\x00\x00\x00\x10\x01", 7); /* movb $1, BASE */
	put_exit_byte(CODE + 7, BASE);
	eq(run(), SIGSEGV, "a segment without PF_W cannot be written");
	PHDR[0].p_flags |= PF_W;
	eq(run(), 1 << 8, "with PF_W it can");
	eq(image[0], 0x7f, "and the file keeps its byte");
	fresh(ET_EXEC, BASE);
	put_stack_call(CODE);
	add(PT_GNU_STACK, 0, 0, 0, 0, PF_R | PF_W | PF_X);
	eq(run(), 4 << 8, "PT_GNU_STACK with PF_X makes the stack executable");
}

static void check_start(void)
{
	unsigned long a[2], b[2];

	fresh(ET_EXEC, BASE);
	put_registers(CODE);
	eq(run(), 9 << 8, "a new program's registers are 0");
	put_where(CODE);
	eq(run_size(FILE_SIZE, a), 3 << 8, "a program of ET_EXEC runs");
	eq(a[1], BASE + CODE + 7, "at its own address");
	eq(a[0] % 16, 0, "the stack pointer begins at a multiple of 16");
	fresh(ET_DYN, 0);
	put_where(CODE);
	eq(run_size(FILE_SIZE, a), 3 << 8, "a program of ET_DYN without interpreter runs");
	eq(a[1] % T_PAGE, CODE + 7, "at a page that the kernel chose");
	ok(a[1] > 0x10000 && a[1] < 0xC0000000, "in user space");
	for (int i = 0; i < 8; i++) {
		run_size(FILE_SIZE, b);
		if (a[1] != b[1] && a[0] != b[0])
			break;
	}
	if (a[1] == b[1])
		t_skip("base and stack are random", "norandmaps");
	else
		ok(a[0] != b[0], "base and stack are random");
	fresh(ET_DYN, 0);
	add(PT_LOAD, DATA, 0x300000, T_PAGE, 0x2000, PF_R | PF_W);
	put_where(CODE);
	eq(run_size(FILE_SIZE, a), 3 << 8, "with segments far apart too");
}

/* -- broken files ---------------------------------------------------------------------------- */

static void not_elf(void)
{
	EHDR->e_ident[1] = 'e';
}
static void machine(void)
{
	EHDR->e_machine = EM_ARM;
}
static void machine_486(void)
{
	EHDR->e_machine = 6;
}
static void type(void)
{
	EHDR->e_type = ET_REL;
}
static void core(void)
{
	EHDR->e_type = ET_CORE;
}
static void phentsize(void)
{
	EHDR->e_phentsize = 31;
}
static void phnum0(void)
{
	EHDR->e_phnum = 0;
}
static void phnum_huge(void)
{
	EHDR->e_phnum = 0xffff;
}
static void phoff_out(void)
{
	EHDR->e_phoff = 0x7ffffff0;
}
static void phoff_neg(void)
{
	EHDR->e_phoff = 0xfffffff0;
}
static void no_load(void)
{
	PHDR[0].p_type = PT_NOTE;
}
static void filesz_above(void)
{
	PHDR[0].p_memsz = 0x100;
}
static void kernel_addr(void)
{
	PHDR[0].p_vaddr = 0xC0100000;
}
static void memsz_huge(void)
{
	PHDR[0].p_memsz = 0xF0000000;
}
static void wraps(void)
{
	PHDR[0].p_vaddr = 0xFFFFF000;
	PHDR[0].p_memsz = 0x10000;
}
static void odd_offset(void)
{
	PHDR[0].p_offset = 0x10;
}
static void entry_kernel(void)
{
	EHDR->e_entry = 0xC0100000;
}
static void entry_nothing(void)
{
	EHDR->e_entry = BASE + 0x100000;
}
static void interp_gone(void)
{
	strcpy((char *)image + 0x800, "/no/interp");
	add(PT_INTERP, 0x800, 0, 11, 11, PF_R);
}
static void interp_open(void)
{
	memset(image + 0x800, 'x', 16);
	add(PT_INTERP, 0x800, 0, 16, 16, PF_R);
}
static void interp_short(void)
{
	add(PT_INTERP, 0x800, 0, 1, 1, PF_R);
}
static void interp_out(void)
{
	add(PT_INTERP, 0x7fffff00, 0, 16, 16, PF_R);
}
static void interp_dir(void)
{
	strcpy((char *)image + 0x800, "/tmp");
	add(PT_INTERP, 0x800, 0, 5, 5, PF_R);
}

static const struct {
	const char *name;
	void (*change)(void);
	int err, sig;
} broken[] = {
	{"another magic", not_elf, ENOEXEC, 0},
	{"another machine", machine, ENOEXEC, 0},
	{"ET_REL", type, ENOEXEC, 0},
	{"ET_CORE", core, ENOEXEC, 0},
	{"e_phentsize 31", phentsize, ENOEXEC, 0},
	{"no program headers", phnum0, ENOEXEC, 0},
	{"65535 program headers", phnum_huge, ENOEXEC, 0},
	{"headers behind the end", phoff_out, ENOEXEC, 0},
	{"headers at a negative offset", phoff_neg, ENOEXEC, 0},
	{"an interpreter that is missing", interp_gone, ENOENT, 0},
	{"an interpreter name without end", interp_open, ENOEXEC, 0},
	{"an interpreter name of one byte", interp_short, ENOEXEC, 0},
	{"an interpreter name behind the end", interp_out, EIO, 0},
	{"a directory as interpreter", interp_dir, EACCES, 0},
	{"no segment to load", no_load, 0, SIGSEGV},
	{"p_filesz above p_memsz", filesz_above, 0, SIGSEGV},
	{"a segment in the kernel", kernel_addr, 0, SIGSEGV},
	{"a segment of 3.75 GB", memsz_huge, 0, SIGSEGV},
	{"a segment that wraps", wraps, 0, SIGSEGV},
	{"offset and address of different remainders", odd_offset, 0, SIGSEGV},
	{"an entry point in the kernel", entry_kernel, 0, SIGSEGV},
	{"an entry point in nothing", entry_nothing, 0, SIGSEGV},
};

static void check_broken(void)
{
	for (unsigned i = 0; i < T_COUNT(broken); i++) {
		fresh(ET_EXEC, BASE);
		broken[i].change();
		if (broken[i].sig)
			eq(run() & 0x7f, broken[i].sig, "%s: killed by SIGSEGV", broken[i].name);
		else
			eq(run(), (100 + broken[i].err) << 8, "%s: %s", broken[i].name,
			   strerror(broken[i].err));
	}
	fresh(ET_EXEC, BASE);
	machine_486();
	eq(run(), 'E' << 8, "EM_486 is an i386 too");
	fresh(ET_EXEC, BASE);
	PHDR[0].p_filesz = PHDR[0].p_memsz = 2 * T_PAGE;
	put_exit_byte(CODE, BASE + T_PAGE);
	eq(run_size(T_PAGE, NULL) & 0x7f, SIGBUS,
	   "a segment behind the file's end is SIGBUS at the first touch");
	eq(run_size(CODE, NULL) & 0x7f, SIGSEGV, "a file that ends before its instructions dies");
}

int main(void)
{
	t_tmpdir();
	check_segments();
	check_permissions();
	check_start();
	check_broken();
	return t_done();
}
