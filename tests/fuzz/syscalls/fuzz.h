/*
 * The system-call fuzzer: what its files share.
 *
 *	main.c     the supervisor: starts lives, ends those that last too long, looks at what they left behind
 *	leftovers.c what lives leave behind: mounts, files, System V IPC
 *	life.c     one process: its limits, its user, its threads and children; ends by exit, exec or a signal
 *	step.c     one step: a system call with arguments of its row, or work on memory
 *	calls.c    the table: a row for each call, with the types of its arguments
 *	values.c   arguments that are numbers; pointers.c: those that are addresses; structs.c: what lies there
 *	scenes.c   sequences of calls that chance alone would not make
 *	files.c    the descriptors and paths that a life begins with
 *	enter.c    the instructions: int 0x80, sysenter, and children that begin on a stack of their own
 *
 * Behind the set-up a life uses no C library: the calls change %gs, close descriptors, move the
 * heap. Everything random comes from the seed of the life: a life alone does the same again, as far
 * as the kernel does; threads and other lives are what differs.
 */
#ifndef FUZZ_H
#define FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE 4096u
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ARGS 6
#define RW (PROT_READ | PROT_WRITE)

/* ---- where a life works; nothing else lies there ---- */

#define ARENA 0x20000000u /* private pages, which calls unmap, move and protect */
#define ARENA_PAGES 64u
#define SHARED 0x30000000u /* pages that all lives share; the same */
#define SHARED_PAGES 32u
#define STAGE(n) (0x40000000u + (n)*0x100000u) /* of thread n: structures for calls */
#define STAGE_PAGES 8u     /* to write; then a page without access, a read-only one, and none */
#define STACKS 0x50000000u /* of threads and children */
#define STACK_SIZE 0x10000u
#define STACK_MAX 24u

#define THREADS 4u
#define CHILDREN 12u /* that one life may have in all, and those of its children */
#define KEPT 16u     /* results that are descriptors, numbers of processes, timers... */

#define CALLS_MAX 450u

struct options {
	u32 seconds, seed, workers, steps, one, failalloc;
	const char *only, *without; /* names of calls, by commas; NULL: all */
	bool verbose, table;
};
extern struct options options;

/* What the supervisor sees of a life: a page of memory that both map. */
struct slot {
	volatile u32 seed, calls, failed, children;
	struct {
		volatile uint16_t tried, worked;
	} of[CALLS_MAX]; /* by row */
};

/* A thread, or a forked child. The first field is known to enter.c. */
struct thread {
	void *child_stack;
	struct slot *slot;
	u64 random;
	u32 number, depth, stage_used;
	bool root, tame;
	u32 last_count; /* of the array that was filled last */
	u32 steps;
	u32 fds[KEPT], pids[KEPT], ids[KEPT];
	u32 fds_kept, pids_kept, ids_kept;
	u32 child_random;
};

/* ---- values.c ---- */
u32 rnd(struct thread *t, u32 n); /* below n, which is not 0 */
u32 any(struct thread *t);        /* 32 bits, small and odd ones more often */
static inline bool one_in(struct thread *t, u32 n)
{
	return rnd(t, n) == 0;
}
/* Something wrong, in one of @n cases: never in a call whose arguments are all to be right. */
static inline bool odd(struct thread *t, u32 n)
{
	return !t->tame && one_in(t, n);
}
u32 number_of_type(struct thread *t, u32 type);

/* ---- calls.c ---- */
enum type {
	T_NONE,
	T_ANY,
	T_SMALL,
	T_LEN,
	T_MAPLEN,
	T_ADDR,
	T_FD,
	T_DIRFD,
	T_PATH,
	T_OWNPATH,
	T_OWNDIR,
	T_PID,
	T_TARGET,
	T_SIG,
	T_OFF,
	T_HIGH,
	T_MODE,
	T_UID,
	T_CLOCK,
	T_TIMER,
	T_ID,
	T_KEY,
	T_MS,
	T_FLAGS,
	T_ONE,
	T_EXACT,
	T_ZERO,
	T_COUNT,
	T_OUT,
	T_BUF,
	T_STRUCT,
	T_STRING,
	T_VARIES,
};
#define TYPE(arg) ((arg)&0xffu)
#define PARAM(arg) ((arg) >> 8)

/* What else to know of a call. */
enum {
	C_FD = 1,        /* the result is a descriptor */
	C_ID = 2,        /* ... an id of System V IPC */
	C_CHILD = 4,     /* it makes a process or a thread */
	C_ALONE = 8,     /* only in a child: it ends or replaces the caller */
	C_RARE = 16,     /* waits, or shortens the life */
	C_ROOTLESS = 32, /* never as root: it would end the machine or the fuzzer */
};
struct call {
	const char *name;
	u32 nr, what;
	u32 args[ARGS];
};
extern const struct call calls[];
extern const unsigned calls_count;

struct set {
	const u32 *values;
	unsigned count;
};
extern const struct set sets[];

/* ---- structs.c ---- */
#define STRUCT_MAX 2048u
/* Fill @buf; the size. */
u32 struct_fill(struct thread *t, u32 which, void *buf);
u32 string_fill(struct thread *t, u32 which, char *buf);

/* ---- pointers.c ---- */
void stage_make(struct thread *t);
/* @size bytes for a call, often where they do not fit; filled from @data if there is any. */
u32 place(struct thread *t, const void *data, u32 size);
u32 some_address(struct thread *t);
u32 some_buffer(struct thread *t, u32 *size);
void memory_catch_faults(void);
void memory_work(struct thread *t); /* reads and writes where calls have been */

/* ---- files.c ---- */
enum fd_kind {
	K_ANY,
	K_FILE,
	K_APPEND,
	K_DIR,
	K_PATH,
	K_PIPE_R,
	K_PIPE_W,
	K_FIFO,
	K_STREAM_A,
	K_STREAM_B,
	K_DGRAM_A,
	K_DGRAM_B,
	K_SEQ_A,
	K_LISTENER,
	K_EVENTFD,
	K_TIMERFD,
	K_SIGNALFD,
	K_EPOLL,
	K_INOTIFY,
	K_MEMFD,
	K_PTMX,
	K_PTS,
	K_MAPS,
	K_MEM,
	K_PROCDIR,
	K_UFFD,
	K_ZERO,
	K_RANDOM,
	K_KMSG,
	K_PIDFD,
	K_STREAM,
	K_DGRAM,
	K_PAGEMAP,
	K_SMAPS,
	K_SYS,
	K_MQUEUE,
	K_KINDS,
};
#define FD_BASE 3u
#define FD_MAX 96u
void files_open(struct thread *t);
u32 some_fd(struct thread *t, u32 kind);
enum paths { PATHS_ALL, PATHS_OWN, PATHS_DIRS };
u32 path_fill(struct thread *t, char *buf, enum paths which);
/* The first components of the names that lives give to files. */
extern const char *const own_names[];
extern const unsigned own_names_count;

/* ---- step.c ---- */
bool choose_calls(void);           /* by options; false: there is none */
const char *name_of_call(u32 row); /* of those chosen; NULL: there are no more */
void step(struct thread *t);

/* ---- scenes.c ---- */
void scene(struct thread *t);

/* ---- enter.c ---- */
long enter(u32 nr, const u32 *args);                /* int 0x80 */
long enter_fast(u32 nr, const u32 *args);           /* AT_SYSINFO */
long enter_odd(u32 nr, const u32 *args, u32 flags); /* int 0x80 with these EFLAGS */
long enter_odd_fast(u32 nr, const u32 *args, u32 flags);
/* fork and its kin: the child goes to child_main() on t->child_stack. */
long enter_child(u32 nr, const u32 *args, struct thread *t);
static inline long raw(u32 nr, u32 a, u32 b, u32 c, u32 d)
{
	const u32 args[ARGS] = {a, b, c, d};

	return enter(nr, args);
}
extern u32 sysinfo_entry;

/* ---- leftovers.c ---- */
extern int proc_fd;                     /* /proc as it was, whatever lies there now */
void remember_mounts(void);             /* those of now are to stay */
void mend_mounts(void);                 /* ... and no others, but those on lives' folders */
void mend_output(void);                 /* stdout waits for room again */
void remove_strays(const char *folder); /* files in it that lives made */
void remove_all_strays(void);           /* files outside the lives' folders */
void remove_ipc(void);                  /* of System V, and POSIX message queues */

/* ---- life.c ---- */
void live(struct slot *slot, u32 seed) __attribute__((noreturn));
void child_main(struct thread *parent) __attribute__((noreturn));
/* What a thread kept of results, or -1. */
void keep(u32 *list, u32 *count, u32 value);

#endif
