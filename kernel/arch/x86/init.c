/*
 * Machine set-up, as kernel_main() calls for it.
 */
#include "apic.h"
#include "boot/boot.h"
#include "cpu.h"
#include "paging.h"
#include "protect.h"
#include "pti.h"
#include "lib/cmdline.h"
#include "vdso/vdso.h"

void arch_init_early(void)
{
	cpu_enable_features();
	pti_patch();
	boot_drop_identity();
	boot_print_notes();
}

static bool apic_wanted(void)
{
	return (cpu.f1_edx & CPU_APIC) && machine.apic_found &&
	       !cmdline_has(boot_cmdline, "noapic") && !cmdline_has(boot_cmdline, "nolapic");
}

void arch_init_interrupts(void)
{
	firmware_probe();
	pic_init();
	if (apic_wanted()) {
		irq_init(&io_apic_chip);
		local_apic_init();
		cpu_apic_id[0] = local_apic_id();
		io_apic_init();
	} else {
		irq_init(&pic_chip);
	}
	time_init();
	machine_timer_init();
}

void arch_init_late(void)
{
	pti_init();
	vdso_init();
	protect_kernel_image();
}
