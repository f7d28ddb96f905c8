/*
 * stack_growth - the stack grows at its lower end by itself, down to RLIMIT_STACK and not into a
 * neighbour: mmap(2) MAP_GROWSDOWN and its stack guard gap, getrlimit(2), proc(5) [stack].
 */
#include "t.h"
#include <sys/resource.h>

#define KB 1024ul

static char *stack_pointer(void)
{
	char *sp;

	asm volatile("movl %%esp, %0" : "=r"(sp));
	return sp;
}

/* Uses about kb kilobytes of stack, one page a call. */
static __attribute__((noinline)) unsigned deep(unsigned kb)
{
	volatile char page[3800];

	page[0] = kb;
	page[3799] = kb;
	return kb <= 4 ? page[0] : deep(kb - 4) + page[3799];
}

static int grows(void *arg)
{
	struct t_map before, after;

	need(t_map_at(stack_pointer(), &before) && strcmp(before.name, "[stack]") == 0);
	deep(4096);
	need(t_map_at(stack_pointer(), &after) && strcmp(after.name, "[stack]") == 0);
	need(after.end == before.end);
	need(after.start <= before.start - 3000 * KB);
	return 0;
}

/* Touches far below esp, as Linux allows since 4.20. */
static int grows_by_touch(void *arg)
{
	char *p = stack_pointer() - 2048 * KB;

	need(*(volatile char *)p == 0);
	*(volatile char *)p = 7;
	need(*(volatile char *)p == 7);
	return 0;
}

static int endless(void *arg)
{
	struct rlimit limit = {256 * KB, RLIM_INFINITY};

	setrlimit(RLIMIT_STACK, &limit);
	deep(8192);
	return 0;
}

static int handled(void *arg)
{
	struct rlimit limit = {256 * KB, RLIM_INFINITY};
	static char alt[65536];
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)};
	struct sigaction act = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct t_map map;

	need(setrlimit(RLIMIT_STACK, &limit) == 0 && sigaltstack(&ss, NULL) == 0);
	act.sa_sigaction = t_fault_handler;
	sigaction(SIGSEGV, &act, NULL);
	if (sigsetjmp(t_fault_back, 1) == 0) {
		deep(8192);
		return 1;
	}
	need(t_fault_seen.sig == SIGSEGV && t_fault_seen.code == SEGV_MAPERR);
	need(t_map_at(stack_pointer(), &map));
	need(map.end - map.start <= 256 * KB);
	need(t_fault_seen.addr < map.start && t_fault_seen.addr > map.start - 64 * KB);
	return 0;
}

static int larger_limit(void *arg)
{
	struct rlimit limit = {16384 * KB, RLIM_INFINITY};

	need(setrlimit(RLIMIT_STACK, &limit) == 0);
	deep(12 * 1024);
	return 0;
}

/* A mapping right below the stack: the stack stops 1 MB (256 pages) above it. */
static int guard_gap(void *arg)
{
	struct t_map map;
	struct t_fault f;
	char *below;

	need(t_map_at(stack_pointer(), &map));
	below = (char *)map.start - 2048 * KB;
	need(mmap(below, T_PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == below);
	need(t_read(below + T_PAGE + 1025 * KB).sig == 0);
	f = t_read(below + T_PAGE + 1000 * KB);
	need(f.sig == SIGSEGV && f.code == SEGV_MAPERR);
	f = t_read(below + T_PAGE);
	need(f.sig == SIGSEGV && f.code == SEGV_MAPERR);
	need(t_write(below).sig == 0);
	return 0;
}

/* A PROT_NONE neighbour may be close: it is a guard of its own. */
static int guard_none(void *arg)
{
	struct t_map map;
	char *below;

	need(t_map_at(stack_pointer(), &map));
	below = (char *)map.start - 512 * KB;
	need(mmap(below, T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == below);
	need(t_read(below + T_PAGE + 4 * KB).sig == 0);
	return 0;
}

static int growsdown(void *arg)
{
	char *hole = mmap(NULL, 4096 * KB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;
	struct t_map map;

	need(hole != MAP_FAILED && munmap(hole, 4096 * KB) == 0);
	p = mmap(hole + 3072 * KB, 4 * T_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	need(p == hole + 3072 * KB);
	need(t_write(p - 1).sig == 0);
	need(t_write(p - 16 * T_PAGE).sig == 0);
	need(t_map_at(p, &map) && map.start == (unsigned long)p - 16 * T_PAGE);
	return 0;
}

static int not_above(void *arg)
{
	struct t_map map;

	need(t_map_at(stack_pointer(), &map));
	need(t_read(map.end).sig == SIGSEGV);
	return 0;
}

static int unlimited_gap(void *arg)
{
	struct t_map map;
	char *p;

	need(t_map_at(stack_pointer(), &map));
	p = t_pages(1);
	need((unsigned long)p < map.start - 8192 * KB);
	return 0;
}

int main(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	eq(limit.rlim_cur, 8192 * KB, "the default stack limit is 8 MB");
	eq(limit.rlim_max, RLIM_INFINITY, "the hard stack limit is unlimited");
	passes(grows, "calls 4 MB deep grow [stack] downward");
	passes(grows_by_touch, "a touch 2 MB below esp grows it too, with zeros");
	dies(endless, NULL, SIGSEGV, "beyond RLIMIT_STACK it is SIGSEGV");
	passes(handled,
	       "which a handler on an alternate stack sees as SEGV_MAPERR below the stack");
	passes(larger_limit, "a raised limit holds at once");
	passes(guard_gap, "the stack stays 1 MB away from a mapping below it");
	passes(guard_none, "except from a PROT_NONE one");
	passes(growsdown, "MAP_GROWSDOWN memory grows likewise");
	passes(not_above, "nothing grows upward");
	passes(unlimited_gap, "mmap leaves the stack its 8 MB");
	return t_done();
}
