/*
 * How a simulated machine ends: a panic, a wild pointer, an oracle. Each prints what it knows and
 * leaves with a status of its own, which sim_expect_panic() looks for.
 */
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/log.h"
#include "sim.h"

#pragma weak __sanitizer_print_stack_trace /* there is none without a sanitizer */

static char console[1 << 18];
static size_t console_len;
static bool quiet = true, aborts;

void arch_early_console(const char *s, size_t n)
{
	size_t room = sizeof(console) - 1 - console_len;

	n = MIN(n, room);
	memcpy(console + console_len, s, n);
	console_len += n;
	if (!quiet && write(2, s, n) < 0)
		_exit(SIM_EXIT_PANIC);
}

const char *sim_console(void)
{
	return console;
}

void sim_console_clear(void)
{
	memset(console, 0, console_len);
	console_len = 0;
}

#ifdef SIM_COVERAGE
void __gcov_dump(void);
#else
static void __gcov_dump(void)
{
}
#endif

void sim_exit(int status)
{
	__gcov_dump();
	_exit(status);
}

static void __noreturn leave(void)
{
	size_t done = 0;

	while (quiet && done < console_len) {
		ssize_t n = write(2, console + done, console_len - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (aborts)
		abort();
	sim_exit(SIM_EXIT_PANIC);
}

void arch_halt(void)
{
	leave();
}

void arch_reboot(void)
{
	leave();
}

void arch_power_off(void)
{
	leave();
}

void arch_backtrace(const struct regs *regs)
{
	(void)regs;
	if (getenv("SIM_BACKTRACE") && __sanitizer_print_stack_trace)
		__sanitizer_print_stack_trace();
}

unsigned arch_thread_callers(struct arch_thread *t, unsigned long *callers, unsigned max)
{
	(void)t, (void)callers, (void)max;
	return 0;
}

void sim_die(const char *fmt, ...)
{
	char text[256];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	n = MIN(n, (int)sizeof(text) - 2);
	text[n++] = '\n';
	arch_early_console("sim: ", 5);
	arch_early_console(text, (size_t)n);
	leave();
}

/* Not async-signal-safe in the letter: the process ends here, and nothing that it interrupts is
 * ours. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	char what[128];

	(void)sig, (void)context;
	if (!sim_describe_address((unsigned long)info->si_addr, what, sizeof(what)))
		snprintf(what, sizeof(what), "wild pointer");
	arch_backtrace(NULL);
	sim_die("fault at %p: %s", info->si_addr, what);
}

#ifdef __SANITIZE_THREAD__
const char *__tsan_default_suppressions(void);
/*
 * Words that are written under a lock and read without it by code that can do with any value of
 * them: sets of CPUs; lengths of queues and lists as hints for balancing, load averages and
 * reclaim; the lock checker's notes on who took a lock last; a wait entry that was just removed;
 * statistics; an entry of a page table that is looked at again under the lock; whether an area is
 * locked while reclaim looks; and the flags of a neighbour page, of which buddy_is_free() wants
 * only PG_BUDDY, which nobody changes without the zone's lock.
 */
const char *__tsan_default_suppressions(void)
{
	return "race:^find_next$\n"
	       "race:^bitmap_weight$\n"
	       "race:^bitmap_empty$\n"
	       "race:^busiest_queue$\n"
	       "race:^shortest_queue$\n"
	       "race:^activate$\n"
	       "race:^deactivate$\n"
	       "race:^check_interrupts$\n"
	       "race:^wait_for$\n"
	       "race:^remember$\n"
	       "race:^forget$\n"
	       "race:^finish_wait$\n"
	       "race:^nr_active$\n"
	       "race:^loadavg_tick$\n"
	       "race:^pcp_count$\n"
	       "race:^objects_on_lists$\n"
	       "race:^describe$\n"
	       "race:^buddy_is_free$\n"
	       "race:^tlb_flush_range$\n"
	       "race:^mm_unload$\n"
	       "race:^fault_page$\n"
	       "race_top:^unmap_pte$\n"
	       "race_top:^vma_locks_pages$\n"
	       "race_top:^lru_size$\n"
	       "race_top:^reclaim$\n"
	       "race_top:^refill_inactive$\n"
	       "race_top:^mm_lru_counts$\n"
	       "race_top:^drop_pages$\n";
}
#endif

void sim_fault_init(bool abort)
{
	static char stack[1 << 16];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	aborts = abort;
	quiet = !getenv("SIM_VERBOSE");
	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}
