/*
 * execve in steps: exec.c finds the program and takes the point of no return, exec_args.c builds
 * the stack, elf.c maps the image. Private to proc/.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "proc/internal.h"
#include <linux/elf.h>

#define EXEC_HEAD_SIZE 256u /* what decides the format is in the first bytes (BINPRM_BUF_SIZE) */
#define EXEC_SCRIPTS_MAX 5  /* #! in the #! file of a #! file ...: one more is -ELOOP */

/* argv or envp: pointers in user memory, or in the kernel's. */
struct exec_strings {
	bool user;
	uaddr_t user_array;
	const char *const *kernel_array;
	unsigned count;
};

/* What elf.c keeps of a file's headers. */
struct elf_image {
	struct file *file;
	Elf32_Ehdr header;
	Elf32_Phdr *phdrs; /* header.e_phnum of them; kfree */
};

struct exec {
	const char *filename; /* as the caller named it: AT_EXECFN, and comm */
	int fd;               /* execveat of a descriptor, else -1 */
	bool fd_is_cloexec;
	struct file *file; /* the program, or at first its script */
	struct exec_strings argv, envp;

	/* from #! lines: what stands before argv[1], outermost interpreter last */
	char *script_args[2 * EXEC_SCRIPTS_MAX + 1];
	unsigned script_count;

	struct elf_image program, interpreter;
	bool has_interpreter;
	bool stack_exec;        /* PT_GNU_STACK with PF_X */
	bool read_implies_exec; /* no PT_GNU_STACK: built before there was NX */

	struct cred *cred;
	bool secure; /* the program has rights that the caller has not: AT_SECURE */
	u32 personality;
	bool randomize;
	struct { /* drawn at once: up to 32 bytes cost one cipher block */
		u8 at_random[16];
		u32 stack, mmap, align;
		u16 image, brk; /* of these, 8 and 13 bits are used */
	} random;

	struct mm *mm;
	struct sighand *sighand; /* for a process that shares its own */
	uaddr_t stack_top, pos,
		floor; /* strings are pushed downward from stack_top, never below floor */
	uaddr_t execfn;
	unsigned argc, envc;
	u32 string_limit; /* bytes */
	/* argc, argv[], 0, envp[], 0, auxv: filled from slot downward as strings are pushed */
	u32 *table;
	unsigned slot;

	uaddr_t load_bias, phdr_address, entry, program_entry, interpreter_base;

	/* Of the file, zeros behind its end. Last, because it need not be cleared. */
	u8 head[EXEC_HEAD_SIZE];
};

/* exec_args.c: 0, -E2BIG, -EFAULT, -ENOMEM */
int exec_count_strings(struct exec *e);
int exec_prepare_table(struct exec *e);
int exec_push_strings(struct exec *e);
/*
 * The program's initial stack below its strings: argc, argv, envp, auxiliary vector. e->pos is its
 * stack pointer.
 */
int exec_build_stack(struct exec *e);

/* elf.c: 0 or -ENOEXEC, -ELIBBAD, -EIO, -ENOMEM... */
int elf_read_headers(struct exec *e);
int elf_map_image(struct exec *e);
void elf_drop(struct exec *e);

#endif
