/*
 * The end: panic() says why, where and who, and stops the machine or starts it again.
 *
 * Nothing here waits for a lock or for another CPU: any of them may be what failed. The other CPUs
 * are asked to look up (ipi_reschedule); the scheduler's part of that interrupt sees
 * panic_in_progress and halts. One that has interrupts off for good goes on: best effort.
 */
#include "arch/log.h"
#include "arch/port.h"
#include "lib/printf.h"

#define STOP_WAIT_NS 2000000ull
#define STOP_WAIT_SPINS 1000000u

int panic_timeout;
bool panic_in_progress;
static int panic_cpu = -1;

static void stop_other_cpus(void)
{
	u64 start = clock_ns();

	if (nr_cpus < 2)
		return;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu != smp_cpu_id())
			ipi_reschedule(cpu);
	for (unsigned i = 0; i < STOP_WAIT_SPINS && clock_ns() - start < STOP_WAIT_NS; i++)
		cpu_relax();
}

static void __noreturn finish(void)
{
	u64 start = clock_ns();

	if (!panic_timeout)
		arch_halt();
	if (panic_timeout > 0) {
		printk(KERN_EMERG "Rebooting in %d seconds..", panic_timeout);
		while (clock_ns() - start < (u64)panic_timeout * 1000000000)
			cpu_relax();
	}
	arch_reboot();
}

void panic(const char *fmt, ...)
{
	char why[256];
	int nobody = -1;
	va_list args;

	irq_disable();
	if (!__atomic_compare_exchange_n(&panic_cpu, &nobody, (int)smp_cpu_id(), false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (nobody == (int)smp_cpu_id())
			finish(); /* the report itself failed */
		arch_halt();      /* the first has the floor */
	}
	WRITE_ONCE(panic_in_progress, true);
	va_start(args, fmt);
	vscnprintf(why, sizeof(why), fmt, args);
	va_end(args);

	stop_other_cpus();
	console_loglevel = MAX(console_loglevel, 15);
	printk(KERN_EMERG "Kernel panic - not syncing: %s", why);
	printk(KERN_EMERG "CPU: %u, called from %pS", smp_cpu_id(), __builtin_return_address(0));
	if (arch_hooks.describe_current)
		arch_hooks.describe_current();
	arch_backtrace(NULL);
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: %s ]---", why);
	finish();
}

#ifdef ISTHMUS_KERNEL
/*
 * What the compiler compares at the end of each function with an array; the machine
 * randomises it at boot.
 */
unsigned long __stack_chk_guard = 0x5AFE57AC;

void __stack_chk_fail(void)
{
	panic("stack-protector: kernel stack is corrupted in %pS", __builtin_return_address(0));
}
#endif
