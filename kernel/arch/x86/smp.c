/*
 * Starting the other CPUs, one after the other: an INIT, then a start-up interrupt (Intel SDM 3A,
 * 9.4.4). Each gets its per-CPU area, entry area and boot stack first, which becomes the stack of
 * its idle task. A CPU that does not answer is left out; numbers stay dense.
 */
#include "apic.h"
#include "boot/boot.h"
#include "cpu.h"
#include "desc.h"
#include "paging.h"
#include "percpu_init.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include "lib/cmdline.h"
#include "lib/parse.h"
#include "lib/string.h"

#define TRAMPOLINE_PAGE \
	0 /* the real-mode vectors, which nobody needs any more; never given out as RAM */
#define TRAMPOLINE_MAX 0x400 /* then comes the BIOS data area */
#define BOOT_STACK_ORDER 1
#define ANSWER_POLL_US 20
#define ANSWER_US 100000

struct trampoline_data {
	u32 cr3, cr4, efer, sp, ip;
};
extern char trampoline_start[], trampoline_end[], trampoline_data[];

static unsigned starting; /* the CPU number that the next one to come up takes */
static u32 answered;

unsigned arch_possible_cpus(void)
{
	unsigned cpus = apic_in_use() ? machine.cpus : 1, limit;
	char value[16];

	if (cmdline_has(boot_cmdline, "nosmp"))
		return 1;
	if (cmdline_get(boot_cmdline, "maxcpus", value, sizeof(value)) &&
	    !kstrtouint(value, 0, &limit))
		cpus = MIN(cpus, MAX(limit, 1u));
	return cpus;
}

/* First C code of a new CPU: flat segments of the trampoline's GDT, its own stack. */
static void __noreturn new_cpu(void)
{
	unsigned cpu_id = starting;

	desc_load(cpu_id);
	write_cr3(kernel_mm.cr3);
	cpu_enable_features();
	local_apic_init();
	timer_init_cpu();
	atomic_set_release(&answered, 1);
	while (READ_ONCE(nr_cpus) <= cpu_id)
		cpu_relax();
	arch_hooks.cpu_started(cpu_id);
	arch_halt();
}

static void fill_trampoline(void *page, void *stack)
{
	size_t size = (unsigned long)trampoline_end - (unsigned long)trampoline_start;
	size_t data_at = (unsigned long)trampoline_data - (unsigned long)trampoline_start;
	struct trampoline_data *data = (void *)((char *)page + data_at);

	BUG_ON(size > TRAMPOLINE_MAX);
	memcpy(page, trampoline_start, size);
	data->cr3 = kernel_mm.cr3;
	data->cr4 = read_cr4() & (X86_CR4_PAE | X86_CR4_PSE);
	data->efer = (cpu.fext_edx & CPU_NX) && pte_nx ? EFER_NX : 0;
	data->sp = (u32)stack + (u32)(PAGE_SIZE << BOOT_STACK_ORDER);
	data->ip = (u32)new_cpu;
}

static bool wait_for_answer(unsigned us)
{
	for (unsigned waited = 0; waited < us; waited += ANSWER_POLL_US) {
		if (atomic_read_acquire(&answered))
			return true;
		delay_us(ANSWER_POLL_US);
	}
	return atomic_read_acquire(&answered);
}

static bool wake(u8 apic_id)
{
	irqflags_t flags = irq_save();
	bool up;

	atomic_set(&answered, 0);
	local_apic_send(apic_id, APIC_COMMAND_INIT);
	delay_us(200);
	local_apic_send(apic_id, APIC_COMMAND_STARTUP | TRAMPOLINE_PAGE >> PAGE_SHIFT);
	up = wait_for_answer(200);
	if (!up) {
		local_apic_send(apic_id, APIC_COMMAND_STARTUP | TRAMPOLINE_PAGE >> PAGE_SHIFT);
		up = wait_for_answer(ANSWER_US);
	}
	irq_restore(flags);
	return up;
}

static bool start_cpu(unsigned cpu_id, u8 apic_id)
{
	void *stack = arch_hooks.table_alloc(BOOT_STACK_ORDER);

	if (!stack || percpu_init_cpu(cpu_id) || entry_area_init(cpu_id)) {
		pr_err("CPU%u: no memory to start it\n", cpu_id);
		return false;
	}
	fill_trampoline(lowmem_ptr(TRAMPOLINE_PAGE), stack);
	cpu_apic_id[cpu_id] = apic_id;
	starting = cpu_id;
	if (!wake(apic_id)) {
		pr_err("CPU%u (APIC %u) does not answer\n", cpu_id, apic_id);
		return false;
	}
	WRITE_ONCE(nr_cpus, cpu_id + 1);
	return true;
}

void arch_smp_start(void)
{
	unsigned limit = arch_possible_cpus();
	u8 own_id;

	if (limit == 1)
		return;
	own_id = local_apic_id();
	boot_add_identity();
	for (unsigned i = 0; i < machine.cpus && nr_cpus < limit; i++)
		if (machine.cpu_apic_id[i] != own_id && !start_cpu(nr_cpus, machine.cpu_apic_id[i]))
			break;
	boot_drop_identity();
	pr_info("SMP: %u of %u CPUs running\n", nr_cpus, machine.cpus);
}
