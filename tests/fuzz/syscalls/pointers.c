/*
 * Arguments that are addresses. Structures go to the thread's stage: eight pages to write, then
 *
 *	| 8 pages, read-write | 1 no access | 1 read-only | nothing |
 *
 * so that one of them may end with the page, reach into what is not there, or lie where it may not
 * be written. The arena and the shared pages are what calls map, unmap and protect; they are
 * touched too, and faults there are expected: memory_touch() ends early then.
 */
#include "fuzz.h"
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define GUARD(n) (STAGE(n) + STAGE_PAGES * PAGE)
#define READ_ONLY(n) (GUARD(n) + PAGE)
#define NOTHING(n) (READ_ONLY(n) + PAGE)

static const u32 bad_addresses[] = {
	0,          1,          0xfff,      0x1000,     0x10000,    0x8048000,  0xbffff000,
	0xbffffffc, 0xbfffffff, 0xc0000000, 0xc0100000, 0xf8800000, 0xff000000, 0xff800000,
	0xfffff000, 0xfffffffc, 0xffffffff, 0x80000000, 0x7fffffff, ARENA - 4,  SHARED - 1,
};

static u32 map(u32 at, u32 pages, u32 prot)
{
	const u32 args[ARGS] = {
		at, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (u32)-1, 0};

	return (u32)enter(__NR_mmap2, args);
}

void stage_make(struct thread *t)
{
	map(STAGE(t->number), STAGE_PAGES, RW);
	map(GUARD(t->number), 1, PROT_NONE);
	map(READ_ONLY(t->number), 1, PROT_READ);
	t->stage_used = 0;
}

/* The next free place of the stage, at its own alignment; the stage is used in turn. */
static u32 next_place(struct thread *t, u32 size)
{
	u32 at;

	size = (size + 15) & ~15u;
	if (t->stage_used + size > (STAGE_PAGES - 1) * PAGE)
		t->stage_used = 0;
	at = STAGE(t->number) + t->stage_used;
	t->stage_used += size;
	return at;
}

static void copy(u32 at, const void *data, u32 size)
{
	const char *from = data;
	volatile char *to = (volatile char *)(uintptr_t)at;

	for (u32 i = 0; data && i < size; i++)
		to[i] = from[i];
}

u32 place(struct thread *t, const void *data, u32 size)
{
	u32 at, inside;

	switch (t->tame ? 5 + rnd(t, 3) : rnd(t, 24)) {
	case 0: return 0;
	case 1: return bad_addresses[rnd(t, COUNT(bad_addresses))];
	case 2: return READ_ONLY(t->number) + rnd(t, PAGE);
	case 3: return NOTHING(t->number) + rnd(t, PAGE);
	case 4: /* partly on the page without access */
		inside = size ? rnd(t, size) : 0;
		at = GUARD(t->number) - inside;
		copy(at, data, inside);
		return at;
	case 5:
	case 6: /* up to its border */ at = GUARD(t->number) - size; break;
	case 7: at = next_place(t, size + 4) + (t->tame ? 0 : 1 + rnd(t, 3)); break;
	case 8: return ARENA + rnd(t, ARENA_PAGES * PAGE);
	case 9: return SHARED + rnd(t, SHARED_PAGES * PAGE);
	default: at = next_place(t, size); break;
	}
	copy(at, data, size);
	return at;
}

/* For mmap and its kin: mostly of the arena, mostly at a page. */
u32 some_address(struct thread *t)
{
	u32 at;

	if (odd(t, 40))
		return one_in(t, 2) ? any(t) : bad_addresses[rnd(t, COUNT(bad_addresses))];
	if (one_in(t, 8))
		return 0;
	at = one_in(t, 4) ? SHARED + PAGE * rnd(t, SHARED_PAGES)
			  : ARENA + PAGE * rnd(t, ARENA_PAGES);
	return odd(t, 16) ? at + rnd(t, PAGE) : at;
}

/* A buffer of up to some pages, and its size, which is not always true. */
u32 some_buffer(struct thread *t, u32 *size)
{
	*size = number_of_type(t, T_LEN);
	if (odd(t, 3))
		return one_in(t, 2) ? ARENA + rnd(t, ARENA_PAGES * PAGE)
				    : SHARED + rnd(t, SHARED_PAGES * PAGE);
	return place(t, NULL, *size < 2 * PAGE ? *size : 2 * PAGE);
}

/* ---- touching memory that may be gone ---- */

/* One word each; false: a fault, which the handler turns into a jump to the end. */
bool memory_touch(u32 at, bool write);
extern const char memory_touch_read[], memory_touch_write[], memory_touch_fault[];
__asm__(".text\n"
	"memory_touch:\n"
	"	movl 4(%esp), %ecx\n"
	"	cmpb $0, 8(%esp)\n"
	"	jne memory_touch_write\n"
	"memory_touch_read:\n"
	"	movl (%ecx), %eax\n"
	"	jmp 1f\n"
	"memory_touch_write:\n"
	"	movl %ecx, (%ecx)\n"
	"1:	movl $1, %eax\n"
	"	ret\n"
	"memory_touch_fault:\n"
	"	xorl %eax, %eax\n"
	"	ret\n");

static volatile u32 faults_elsewhere;

/*
 * A fault that is not memory_touch()'s comes again and again: it ends the life after some rounds.
 */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	u32 eip = (u32)uc->uc_mcontext.gregs[REG_EIP];

	(void)info;
	if (eip == (u32)memory_touch_read || eip == (u32)memory_touch_write)
		uc->uc_mcontext.gregs[REG_EIP] = (int)(uintptr_t)memory_touch_fault;
	else if (faults_elsewhere++ > 20)
		raw(__NR_exit_group, 128 + (u32)sig, 0, 0, 0);
}

/* Of a call with the trap flag: the flag is gone with the next instruction. */
static void on_step(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
}

void memory_catch_faults(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS};
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_NODEFER};

	act.sa_sigaction = on_fault;
	for (unsigned i = 0; i < COUNT(sigs); i++)
		sigaction(sigs[i], &act, NULL);
	act.sa_sigaction = on_step;
	sigaction(SIGTRAP, &act, NULL);
}

void memory_work(struct thread *t)
{
	u32 page = one_in(t, 3) ? SHARED + PAGE * rnd(t, SHARED_PAGES)
				: ARENA + PAGE * rnd(t, ARENA_PAGES);

	for (u32 n = 1 + rnd(t, 6); n; n--, page += PAGE)
		memory_touch(page + 4 * rnd(t, PAGE / 4), rnd(t, 3));
}
