/*
 * One process of the fuzzer: what it may use up, as whom it runs, its threads and its children.
 *
 * A life ends by its own count of steps, by a second of time, by what its calls do to it, or by the
 * supervisor. Its children do a few steps each; they leave through child_main() or by execve of
 * this program, which then does nothing (main.c).
 */
#include "fuzz.h"
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LIFE_NS 1200000000ll
#define TICK_NS 40000000

static struct thread threads[THREADS];
static u32 stacks_used;
static long long life_end;
static bool life_is_root;
static u64 life_random;

void keep(u32 *list, u32 *count, u32 value)
{
	list[(*count)++ % KEPT] = value;
}

static long long now_ns(void)
{
	struct {
		int seconds, ns;
	} t = {0, 0};

	raw(__NR_clock_gettime, CLOCK_MONOTONIC, (u32)(uintptr_t)&t, 0, 0);
	return t.seconds * 1000000000ll + t.ns;
}

/* ---- set-up, with the C library ---- */

static void limit(int what, rlim_t most)
{
	struct rlimit r = {most, most};

	setrlimit(what, &r);
}

static void set_limits(void)
{
	limit(RLIMIT_AS, 96u << 20);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 1u << 20);
	limit(RLIMIT_NOFILE, FD_MAX + 1);
	limit(RLIMIT_NPROC, 200);
	limit(RLIMIT_CPU, 10);
}

static void map_at(u32 at, u32 size)
{
	mmap((void *)(uintptr_t)at, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void become_user(void)
{
	(void)!setgroups(0, NULL);
	(void)!setresgid(1000, 1000, 1000);
	(void)!setresuid(1000, 1000, 1000);
}

/* A tick for each thread ends the calls that wait: a signal whose handler does nothing. */
static void on_tick(int sig)
{
	(void)sig;
}

static void catch_ticks(void)
{
	struct sigaction act = {.sa_handler = on_tick};

	sigaction(SIGALRM, &act, NULL);
}

static void start_ticks(void)
{
	u32 event[16] = {0, SIGALRM, SIGEV_THREAD_ID, (u32)raw(__NR_gettid, 0, 0, 0, 0)};
	u32 times[4] = {0, TICK_NS, 0, TICK_NS}, id = 0;

	if (raw(__NR_timer_create, CLOCK_MONOTONIC, (u32)(uintptr_t)event, (u32)(uintptr_t)&id,
		0) == 0)
		raw(__NR_timer_settime, id, 0, (u32)(uintptr_t)times, 0);
}

static void *next_stack(void)
{
	u32 n = __atomic_fetch_add(&stacks_used, 1, __ATOMIC_RELAXED) % STACK_MAX;

	return (void *)(uintptr_t)(STACKS + (n + 1) * STACK_SIZE - 64);
}

/* ---- steps ---- */

static void run(struct thread *t)
{
	for (u32 i = 0; i < t->steps; i++) {
		t->child_stack = next_stack();
		t->child_random = rnd(t, 0x7fffffff);
		step(t);
		if (i % 16 == 15 && now_ns() > life_end)
			return;
	}
}

static void thread_init(struct thread *t, u32 number, struct slot *slot, u64 random)
{
	memset(t, 0, sizeof(*t));
	t->number = number;
	t->slot = slot;
	t->random = random * 0x9e3779b97f4a7c15ull + 0x1234567;
	t->root = life_is_root;
	t->steps = options.steps;
	for (u32 i = 0; i < 8; i++)
		rnd(t, 2);
}

static void thread_main(struct thread *t)
{
	stage_make(t);
	start_ticks();
	run(t);
	for (;;)
		raw(__NR_exit, 0, 0, 0, 0);
}

/* ---- signal frames: a handler that changes what it was interrupted in ---- */

static struct thread *frame_owner;

/*
 * One word of the frame becomes anything: a register, a selector, the flags, the pointer to the
 * FPU's state, the mask.
 */
static void spoil(int sig, siginfo_t *info, void *context)
{
	u32 *words = context;
	struct thread *t = frame_owner;

	(void)sig, (void)info;
	for (u32 n = 1 + rnd(t, 3); n; n--)
		words[rnd(t, one_in(t, 2) ? 28 : 200)] = one_in(t, 2) ? any(t) : 0x20 + rnd(t, 96);
}

static void spoil_old(int sig)
{
	spoil(sig, NULL, &sig + 1);
}

static void spoil_frames(struct thread *t)
{
	u32 action[5] = {0, SA_NODEFER, 0, 0, 0};

	frame_owner = t;
	for (u32 n = 1 + rnd(t, 4); n; n--) {
		bool info = one_in(t, 2);

		action[0] = (u32)(info ? (uintptr_t)spoil : (uintptr_t)spoil_old);
		action[1] = SA_NODEFER | (info ? SA_SIGINFO : 0) | (one_in(t, 4) ? SA_ONSTACK : 0);
		raw(__NR_rt_sigaction, SIGUSR2, (u32)(uintptr_t)action, 0, 8);
		raw(__NR_tkill, (u32)raw(__NR_gettid, 0, 0, 0, 0), SIGUSR2, 0, 0);
	}
}

/* ---- children ---- */

/*
 * What fork and its kin made, on its own stack, perhaps with its parent's memory, files and
 * handlers.
 */
void child_main(struct thread *parent)
{
	struct thread t;

	thread_init(&t, parent->number, parent->slot, parent->child_random);
	t.depth = parent->depth + 1;
	t.root = parent->root;
	t.steps = 4 + rnd(&t, 40);
	t.fds_kept = parent->fds_kept;
	memcpy(t.fds, parent->fds, sizeof(t.fds));
	start_ticks();
	if (one_in(&t, 8))
		spoil_frames(&t);
	run(&t);
	for (;;)
		raw(one_in(&t, 4) ? __NR_exit : __NR_exit_group, 0, 0, 0, 0);
}

static void start_threads(struct thread *t, struct slot *slot)
{
	const u32 flags =
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	for (u32 n = rnd(t, THREADS); n; n--) {
		thread_init(&threads[n], n, slot, life_random + n);
		clone((int (*)(void *))(void *)thread_main, next_stack(), (int)flags, &threads[n]);
	}
}

void live(struct slot *slot, u32 seed)
{
	struct thread *t = &threads[0];

	life_random = seed;
	thread_init(t, 0, slot, seed);
	life_is_root = t->root = one_in(t, 3);
	life_end = now_ns() + LIFE_NS;
	setsid();
	if (!life_is_root)
		become_user();
	files_open(t);
	map_at(ARENA, ARENA_PAGES * PAGE);
	map_at(STACKS, STACK_MAX * STACK_SIZE);
	memory_catch_faults();
	catch_ticks();
	set_limits();
	start_threads(t, slot);
	stage_make(t);
	start_ticks();
	run(t);
	for (;;)
		raw(__NR_exit_group, 0, 0, 0, 0);
}
