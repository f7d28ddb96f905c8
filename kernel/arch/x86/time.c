/*
 * Time: the TSC, scaled to nanoseconds since boot.
 *
 * The TSC's frequency comes from CPUID or the hypervisor where they say it; else it is measured
 * against the PIT for a millisecond or a few, and, where there is an ACPI power-management timer,
 * once more over the first seconds in the background.
 *
 *   ns = base_ns + (tsc - base_cycles) * (whole + frac / 2^32)
 *
 * The five numbers live in the vvar page, under a sequence count that is odd while they change, so
 * that the vDSO computes the same in user space.
 */
#include "apic.h"
#include "cpu.h"
#include "vdso/vvar.h"
#include "arch/log.h"
#include "lib/div64.h"
#include <machine/io.h>

#define NSEC_PER_SEC 1000000000u
#define NSEC_PER_MSEC 1000000u
#define PM_TIMER_HZ 3579545
#define PM_TIMER_MASK 0xffffff
#define CALIBRATE_US 1000 /* if time_refine() will follow */
#define CALIBRATE_ALONE_US 5000
#define REFINE_AFTER_NS 1000000000ull
#define REFINE_BEFORE_NS 4500000000ull /* then 24 bits of the PM timer have wrapped */
#define HYPERVISOR_TIMING_LEAF 0x40000010

static char vvar_page[PAGE_SIZE] __attribute__((section(".data..page_aligned"), aligned(4096)));
#define vvar ((struct vvar_data *)vvar_page)

static u64 boot_realtime_ns;
static u32 tsc_khz, apic_khz;
static u32 cycles_mult; /* cycles = ns * cycles_mult >> cycles_shift */
static u8 cycles_shift;
static u64 refine_tsc;
static u32 refine_pm_timer;
static bool refine_pending;

pfn_t vvar_pfn(void)
{
	return (pfn_t)(lowmem_paddr(vvar_page) >> PAGE_SHIFT);
}

u64 clock_ns(void)
{
	return vvar_clock_ns(vvar);
}

u64 clock_ns_mark(struct clock_mark *m)
{
	u64 ns;

	do {
		m->changes = vvar->seq & ~1u;
		barrier();
		m->cycles = cycles_now();
		ns = vvar_ns_at(vvar, m->cycles);
		barrier();
	} while (vvar->seq != m->changes);
	return ns;
}

u32 clock_ns_since(const struct clock_mark *m)
{
	u64 cycles = cycles_now() - m->cycles;

	if (unlikely(cycles >> 32 || vvar->seq != m->changes || vvar->whole))
		return ~0u;
	return (u32)((u64)(u32)cycles * vvar->frac >> 32);
}

u64 clock_boot_realtime_ns(void)
{
	return boot_realtime_ns;
}

static void vvar_begin(void)
{
	WRITE_ONCE(vvar->seq, vvar->seq + 1);
	barrier();
}

static void vvar_end(void)
{
	barrier();
	WRITE_ONCE(vvar->seq, vvar->seq + 1);
}

void vdso_set_realtime_offset(u64 ns)
{
	irqflags_t flags = irq_save();

	vvar_begin();
	vvar->realtime_offset = ns < VVAR_REALTIME_MOST ? ns : 0;
	vvar_end();
	irq_restore(flags);
}

/* The largest scale of 32 bits for to/from: value * mult >> shift. */
static void find_scale(u64 from, u64 to, u32 *mult, u8 *shift)
{
	u8 s = 32;
	u64 m;

	while ((m = div_u64(to << s, (u32)from)) >> 32)
		s--;
	*mult = (u32)m;
	*shift = s;
}

/* => interrupts off; the clock does not jump: what has passed counts at the old rate */
static void set_frequency(u32 khz)
{
	u64 cycles = cycles_now(), ns = clock_ns();
	u32 rest;

	vvar_begin();
	if (tsc_khz) {
		vvar->base_cycles = cycles;
		vvar->base_ns = ns;
	}
	vvar->whole = (u32)div_u64_rem(NSEC_PER_MSEC, khz, &rest);
	vvar->frac = (u32)div_u64((u64)rest << 32, khz);
	vvar_end();
	tsc_khz = khz;
	find_scale(NSEC_PER_MSEC, khz, &cycles_mult, &cycles_shift);
}

u64 cycles_from_ns(u64 ns)
{
	return (u64)(u32)ns * cycles_mult >> cycles_shift;
}

u32 timer_tsc_khz(void)
{
	return tsc_khz;
}

u32 timer_apic_khz(void)
{
	return apic_khz;
}

static u32 khz_from_cpuid(void)
{
	struct cpuid_regs r;

	if (cpu.f1_ecx & CPU_HYPERVISOR) {
		r = cpuid(0x40000000, 0);
		if (r.eax >= HYPERVISOR_TIMING_LEAF && r.eax < 0x40001000)
			return cpuid(HYPERVISOR_TIMING_LEAF, 0).eax;
	}
	if (cpu.max_leaf >= 0x15) {
		r = cpuid(0x15, 0);
		if (r.eax && r.ebx && r.ecx)
			return (u32)div_u64(div_u64((u64)r.ecx * r.ebx, r.eax), 1000);
	}
	return 0;
}

/* The TSC at the moment at which the PIT was read: the quickest of a few readings. */
static u64 tsc_at_pit(u16 *count)
{
	u64 best = ~0ull, at = 0;

	for (unsigned i = 0; i < 4; i++) {
		u64 before = cycles_now();
		u16 c = pit_read();
		u64 took = cycles_now() - before;

		if (took < best) {
			best = took;
			at = before + took / 2;
			*count = c;
		}
	}
	return at;
}

/* Count TSC and APIC timer against the PIT. The PIT counts down and wraps after 55 ms. */
static u32 measure(u32 us)
{
	u32 ticks = (u32)div_u64((u64)us * PIT_HZ, 1000000), passed, apic_passed;
	u16 start = 0, end = 0;
	u64 t0, t1;
	u32 a0 = 0;

	pit_free_run();
	t0 = tsc_at_pit(&start);
	if (apic_in_use())
		a0 = local_apic_timer_count();
	while ((u16)(start - pit_read()) < ticks)
		if (cycles_now() - t0 > 0x200000000ull)
			return 0; /* no PIT */
	apic_passed = apic_in_use() ? a0 - local_apic_timer_count() : 0;
	t1 = tsc_at_pit(&end);
	passed = (u16)(start - end);
	apic_khz = (u32)div_u64((u64)apic_passed * PIT_HZ, passed * 1000);
	return (u32)div_u64((t1 - t0) * PIT_HZ, passed * 1000);
}

static u32 pm_timer_read(void)
{
	return inl(machine.pm_timer_port) & PM_TIMER_MASK;
}

static void start_refinement(void)
{
	if (!machine.pm_timer_port)
		return;
	refine_pm_timer = pm_timer_read();
	refine_tsc = cycles_now();
	refine_pending = true;
}

/*
 * A second or more after boot: the frequency again, from a thousand times the interval. Taken over
 * if it is near the first, for then it is the better one.
 */
void time_refine(void)
{
	u64 passed;
	u32 ticks, khz;

	if (likely(!refine_pending))
		return;
	passed = clock_ns() - vvar->base_ns;
	if (passed < REFINE_AFTER_NS)
		return;
	refine_pending = false;
	if (passed > REFINE_BEFORE_NS)
		return;
	ticks = (pm_timer_read() - refine_pm_timer) & PM_TIMER_MASK;
	if (!ticks)
		return;
	khz = (u32)div_u64(div_u64((cycles_now() - refine_tsc) * (PM_TIMER_HZ / 5), ticks),
			   1000 / 5);
	if (khz <= tsc_khz - tsc_khz / 64 || khz >= tsc_khz + tsc_khz / 64)
		return;
	set_frequency(khz);
	pr_info("TSC: refined to %u.%03u MHz\n", khz / 1000, khz % 1000);
}

void delay_us(unsigned us)
{
	u64 end = cycles_now() + cycles_from_ns((u64)us * 1000);

	while (cycles_now() < end)
		cpu_relax();
}

void time_init(void)
{
	u32 khz = khz_from_cpuid();
	u32 measured = 0;

	if (apic_in_use())
		local_apic_timer_start(0xffffffff);
	if (!khz || (apic_in_use() && !(cpu.f1_ecx & CPU_TSC_DEADLINE)))
		measured =
			measure(khz || machine.pm_timer_port ? CALIBRATE_US : CALIBRATE_ALONE_US);
	if (!khz && measured)
		start_refinement();
	if (!khz)
		khz = measured;
	if (!khz) {
		pr_warn("TSC: nothing to measure it with; taken for 1 GHz\n");
		khz = 1000000;
	}
	set_frequency(khz);
	boot_realtime_ns = rtc_read_seconds() * NSEC_PER_SEC - clock_ns();
	pr_info("TSC: %u.%03u MHz\n", khz / 1000, khz % 1000);
}

/* Time 0 is the boot stub's. */
void time_start(u64 boot_cycles)
{
	vvar->base_cycles = boot_cycles;
}
