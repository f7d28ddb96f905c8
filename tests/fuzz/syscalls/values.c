/*
 * Arguments that are numbers. Each type mixes what is right, what lies on a border, and what is
 * wrong: a call that always fails at its first check tests only that check.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <time.h>

/* xorshift*: 64 bits of state, of which the upper ones are good. */
u32 rnd(struct thread *t, u32 n)
{
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;
	return (u32)((t->random * 2685821657736338717ull) >> 33) % n;
}

static u32 bits(struct thread *t)
{
	return rnd(t, 1u << 16) << 16 | rnd(t, 1u << 16);
}

static const u32 odd_ones[] = {
	0,          1,          2,          7,          8,          0xff,       0x100,
	0xfff,      0x1000,     0x1001,     0xffff,     0x10000,    0x7fffffff, 0x80000000,
	0xffffffff, 0xfffffffe, 0xfffff000, 0xfffff001, 0x7ffff000, 0xc0000000, 0xbffff000,
	0x3fffffff, 0x40000000, 0x20000000, (u32)-100,  (u32)-4095, (u32)-4096, 0x00ffffff,
};

u32 any(struct thread *t)
{
	switch (rnd(t, 4)) {
	case 0: return rnd(t, 17);
	case 1: return odd_ones[rnd(t, COUNT(odd_ones))];
	case 2: return 1u << rnd(t, 32);
	default: return bits(t) >> rnd(t, 32);
	}
}

static u32 length(struct thread *t)
{
	if (t->tame)
		return 1 + rnd(t, 300);
	switch (rnd(t, 8)) {
	case 0: return 0;
	case 1: return any(t);
	case 2: return PAGE * rnd(t, 20);
	case 3: return PAGE * (1 + rnd(t, 4)) + rnd(t, 3) - 1;
	default: return 1 + rnd(t, 1u << (1 + rnd(t, 13)));
	}
}

static u32 map_length(struct thread *t)
{
	if (odd(t, 16))
		return any(t);
	if (one_in(t, 64))
		return 2u << 20 << rnd(t, 3);
	return PAGE * (1 + rnd(t, 16)) - (one_in(t, 8) ? rnd(t, PAGE) : 0);
}

static u32 offset(struct thread *t)
{
	if (t->tame)
		return rnd(t, PAGE);
	switch (rnd(t, 4)) {
	case 0: return any(t);
	case 1: return PAGE * rnd(t, 32);
	default: return rnd(t, 3 * PAGE);
	}
}

/* The upper half of a file position. */
static u32 high(struct thread *t)
{
	if (!odd(t, 8))
		return 0;
	return one_in(t, 2) ? 0xffffffff : any(t);
}

static u32 own_pid(void)
{
	return (u32)raw(__NR_getpid, 0, 0, 0, 0);
}

static u32 kept(struct thread *t, const u32 *list, u32 count)
{
	return count ? list[rnd(t, count < KEPT ? count : KEPT)] : any(t);
}

/*
 * Of oneself, of one's children, of nobody. Who is not root may ask about any process; root could
 * change the supervisor.
 */
static u32 some_pid(struct thread *t)
{
	switch (rnd(t, 8)) {
	case 0: return 0;
	case 1: return own_pid();
	case 2: return (u32)raw(__NR_gettid, 0, 0, 0, 0);
	case 3: return t->root ? 0x7ffffff0 + rnd(t, 16) : any(t);
	case 4: return t->root ? own_pid() : 1 + rnd(t, 400);
	default: return t->pids_kept || !t->root ? kept(t, t->pids, t->pids_kept) : own_pid();
	}
}

/* For signals and what else would hurt: a group too, but root's never all processes. */
static u32 some_target(struct thread *t)
{
	u32 pid = some_pid(t);

	if (one_in(t, 8))
		pid = -pid;
	if (t->root && (pid == (u32)-1 || pid == 1))
		return own_pid();
	return pid;
}

/* What ends or stops the life is rare. */
static u32 some_signal(struct thread *t)
{
	static const u32 mild[] = {0, SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGALRM, SIGUSR1, SIGIO};

	if (odd(t, 16))
		return any(t);
	if (one_in(t, 8))
		return rnd(t, 66);
	return mild[rnd(t, COUNT(mild))];
}

static u32 user(struct thread *t)
{
	static const u32 users[] = {0, 1000, 1001, 65534, 65535, 0xffffffff, 0x10000};

	return users[rnd(t, COUNT(users))];
}

static u32 flags(struct thread *t, const struct set *set)
{
	u32 value = 0;

	if (odd(t, 12))
		return any(t);
	for (u32 n = rnd(t, 4); n; n--)
		value |= set->values[rnd(t, set->count)];
	return value;
}

static u32 one_of(struct thread *t, const struct set *set)
{
	return odd(t, 16) ? any(t) : set->values[rnd(t, set->count)];
}

static u32 clock_id(struct thread *t)
{
	if (odd(t, 8))
		return any(t);
	if (one_in(t, 8)) /* of a process: clock_getcpuclockid(3) */
		return ~some_pid(t) << 3 | rnd(t, 8);
	return rnd(t, 12);
}

u32 number_of_type(struct thread *t, u32 arg)
{
	switch (TYPE(arg)) {
	case T_EXACT: return odd(t, 8) ? any(t) : PARAM(arg);
	case T_ZERO: return odd(t, 4) ? any(t) : 0;
	case T_COUNT: return t->tame ? t->last_count : rnd(t, 12);
	case T_SMALL: return odd(t, 16) ? any(t) : rnd(t, 9);
	case T_LEN: return length(t);
	case T_MAPLEN: return map_length(t);
	case T_ADDR: return PARAM(arg) && one_in(t, 2) ? 0 : some_address(t);
	case T_FD: return some_fd(t, PARAM(arg));
	case T_DIRFD: return one_in(t, 2) ? (u32)AT_FDCWD : some_fd(t, K_DIR);
	case T_PID: return some_pid(t);
	case T_TARGET: return some_target(t);
	case T_SIG: return some_signal(t);
	case T_OFF: return offset(t);
	case T_HIGH: return high(t);
	case T_MODE: return one_in(t, 4) ? any(t) : rnd(t, 010000) | 0600;
	case T_UID: return user(t);
	case T_CLOCK: return clock_id(t);
	case T_TIMER: return odd(t, 8) ? any(t) : rnd(t, 6);
	case T_ID: return kept(t, t->ids, t->ids_kept);
	case T_KEY: return one_in(t, 2) ? 0 : 0x46555a00 + rnd(t, 6);
	case T_MS: return rnd(t, 30);
	case T_FLAGS: return flags(t, &sets[PARAM(arg)]);
	case T_ONE: return one_of(t, &sets[PARAM(arg)]);
	default: return any(t);
	}
}
