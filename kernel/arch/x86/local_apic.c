/*
 * The local APIC of each CPU: acknowledging interrupts, sending them to other CPUs, the timer.
 */
#include "apic.h"
#include "cpu.h"
#include "paging.h"
#include <machine/io.h>

#define APIC_ID 0x20
#define APIC_TASK_PRIORITY 0x80
#define APIC_EOI 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_COMMAND_LOW 0x300
#define APIC_COMMAND_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define LVT_DEADLINE 0x40000
#define DIVIDE_BY_16 3
#define COMMAND_PENDING 0x1000
#define BASE_ENABLE 0x800
#define BASE_X2APIC 0x400
#define PENDING_SPINS 1000000

static inline volatile void *apic_register(u32 offset)
{
	return (volatile char *)fix_to_virt(FIX_LOCAL_APIC) + offset;
}

static u32 apic_read(u32 offset)
{
	return readl(apic_register(offset));
}

static void apic_write(u32 offset, u32 value)
{
	writel(apic_register(offset), value);
}

/*
 * Memory-mapped mode, also if the firmware left the APIC in x2APIC mode: that is left
 * through "off" only.
 */
static void enable_xapic(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (base & BASE_X2APIC)
		wrmsr(MSR_APIC_BASE, base & ~(u64)(BASE_X2APIC | BASE_ENABLE));
	wrmsr(MSR_APIC_BASE, (base & ~(u64)BASE_X2APIC) | BASE_ENABLE);
}

void local_apic_init(void)
{
	if (smp_cpu_id() == 0)
		fixmap_set(FIX_LOCAL_APIC, machine.local_apic, PGPROT_KERNEL_NOCACHE);
	enable_xapic();
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	local_apic_end();
}

void local_apic_end(void)
{
	apic_write(APIC_EOI, 0);
}

u8 local_apic_id(void)
{
	return (u8)(apic_read(APIC_ID) >> 24);
}

/* => interrupts off: the two halves of the command belong together */
void local_apic_send(u8 apic_id, u32 command)
{
	for (unsigned i = 0; (apic_read(APIC_COMMAND_LOW) & COMMAND_PENDING) && i < PENDING_SPINS;
	     i++)
		cpu_relax();
	apic_write(APIC_COMMAND_HIGH, (u32)apic_id << 24);
	apic_write(APIC_COMMAND_LOW, command);
}

void local_apic_timer_start(u32 count)
{
	apic_write(APIC_TIMER_INITIAL, count);
}

void local_apic_timer_count_mode(void)
{
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

u32 local_apic_timer_count(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void local_apic_timer_deadline_mode(void)
{
	apic_write(APIC_LVT_TIMER, LVT_DEADLINE | VECTOR_TIMER);
	/* The MSR may be written before this write has taken effect, unless ordered. */
	__asm__ volatile("lock addl $0, (%%esp)" ::: "memory");
}
