/*
 * Core dumps: core(5). coredump.c stops the process and names the file, core_file.c fills it.
 */
#ifndef PROC_COREDUMP_H
#define PROC_COREDUMP_H

#include "proc/process.h"

/* A thread that stands still for the dump, on its own stack. */
struct core_thread {
	struct task *task;
	struct core_thread *next;
	struct completion released;
};

/* A dump that is being made, on the stack of the thread that makes it. (s) */
struct core_dump {
	struct task *dumper;
	const siginfo_t *info;
	unsigned awaited; /* threads that have yet to stand still */
	struct completion all_stand;
	struct core_thread *threads; /* the others */
};

/*
 * The process dies by @info->si_signo: when RLIMIT_CORE allows, the other threads stand still and
 * a core file is written. Then the group exit has begun, and its code tells whether there is one.
 * Sleeps.
 */
void coredump(const siginfo_t *info);
/* A thread begins to exit: if its process is dumped, it stands still until that is done. */
void coredump_thread_exits(void);

/*
 * Write the core file of the current process: the ELF file, at most @limit bytes. False: nothing
 * was written. => the other threads stand still; sleeps
 */
bool core_file_write(struct file *file, const struct core_dump *core, u64 limit);

/* sys/kernel/core_pattern and core_uses_pid. */
#define CORE_NAME_MAX 128
extern char core_pattern[CORE_NAME_MAX];
extern unsigned core_uses_pid;

#endif
