/*
 * The interrupt of each CPU's next deadline. The best of: TSC deadline (compares with the TSC
 * itself), local APIC countdown, PIT countdown (55 ms at most, one CPU).
 *
 * A device that cannot count far enough fires early; whoever set the deadline checks the clock.
 */
#include "apic.h"
#include "cpu.h"
#include "arch/log.h"
#include "lib/div64.h"

#define LONGEST_NS 0xffffffffu
#define NO_DEADLINE (~0ull)

static enum { TIMER_PIT, TIMER_APIC, TIMER_TSC_DEADLINE } device;
static u32 apic_mult; /* APIC ticks = ns * apic_mult >> 32; pit_mult the same */
static u32 pit_mult;

void machine_timer_interrupt(struct regs *regs)
{
	if (smp_cpu_id() == 0)
		time_refine();
	if (arch_hooks.timer)
		arch_hooks.timer(regs);
}

static void pit_interrupt(unsigned irq, void *arg)
{
	(void)irq, (void)arg;
	machine_timer_interrupt(irq_regs());
}

static void start_apic(u32 ns)
{
	u32 ticks = (u32)((u64)ns * apic_mult >> 32);

	local_apic_timer_start(ticks + 1);
}

static void start_pit(u32 ns)
{
	u64 ticks = ((u64)ns * pit_mult >> 32) + 1;

	pit_one_shot((u16)MIN(ticks, 0xffffull));
}

static void stop(void)
{
	if (device == TIMER_TSC_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else if (device == TIMER_APIC)
		local_apic_timer_start(0);
	/* A PIT that was started comes to its end once. */
}

void arch_timer_set(u64 deadline)
{
	u64 now = clock_ns();
	u32 ns = deadline <= now ? 0 : (u32)MIN(deadline - now, (u64)LONGEST_NS);

	if (deadline == NO_DEADLINE)
		stop();
	else if (device == TIMER_TSC_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, cycles_now() + cycles_from_ns(ns) + 1);
	else if (device == TIMER_APIC)
		start_apic(ns);
	else
		start_pit(ns);
}

/* ticks per ns as a fraction of 2^32; all our timers are slower than 1 GHz */
static u32 mult_from_khz(u32 khz)
{
	return (u32)MIN(div_u64((u64)khz << 32, 1000000), 0xffffffffull);
}

void timer_init_cpu(void)
{
	if (device == TIMER_TSC_DEADLINE)
		local_apic_timer_deadline_mode();
	else
		local_apic_timer_count_mode();
}

void machine_timer_init(void)
{
	if (!apic_in_use()) {
		device = TIMER_PIT;
		pit_mult = (u32)(((u64)PIT_HZ << 32) / 1000000000);
		if (irq_request(PIT_IRQ, pit_interrupt, NULL, IRQ_EDGE, "timer"))
			panic("No timer: the PIT's interrupt cannot be used");
		return;
	}
	device = cpu.f1_ecx & CPU_TSC_DEADLINE ? TIMER_TSC_DEADLINE : TIMER_APIC;
	apic_mult = mult_from_khz(timer_apic_khz());
	timer_init_cpu();
}
