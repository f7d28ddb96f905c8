/*
 * The end of the machine: halt, power off, start again. Each way is tried in turn; one that is not
 * there has no effect.
 */
#include "apic.h"
#include "arch/log.h"
#include <machine/io.h>

#define DEBUG_EXIT_PORT 0xf4 /* isa-debug-exit of QEMU and v86 */
#define PM1_SCI_ENABLE 1
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE (1 << 13)
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_INPUT_FULL 2
#define KEYBOARD_RESET 0xfe
#define RESET_CONTROL 0xcf9
#define RESET_HARD 0x06

void arch_halt(void)
{
	for (;;) {
		irq_disable();
		__asm__ volatile("hlt");
	}
}

static void wait_a_little(void)
{
	u64 start = cycles_now();

	while (cycles_now() - start < 50000000)
		cpu_relax();
}

/* The firmware may still own the power-management registers. */
static void enable_acpi(void)
{
	if (!machine.smi_port || (inw(machine.pm1a_control) & PM1_SCI_ENABLE))
		return;
	outb(machine.smi_port, machine.acpi_enable);
	wait_a_little();
}

static void acpi_sleep_s5(void)
{
	if (!machine.can_sleep || !machine.pm1a_control)
		return;
	enable_acpi();
	outw(machine.pm1a_control,
	     (u16)(machine.sleep_type_a << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
	if (machine.pm1b_control)
		outw(machine.pm1b_control,
		     (u16)(machine.sleep_type_b << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
	wait_a_little();
}

void arch_power_off(void)
{
	irq_disable();
	acpi_sleep_s5();
	outb(DEBUG_EXIT_PORT, 0);
	printk(KERN_EMERG "System halted\n");
	arch_halt();
}

static void acpi_reset(void)
{
	if (machine.reset_port)
		outb(machine.reset_port, machine.reset_value);
}

static void keyboard_reset(void)
{
	for (unsigned i = 0; (inb(KEYBOARD_STATUS) & KEYBOARD_INPUT_FULL) && i < 10000; i++)
		cpu_relax();
	outb(KEYBOARD_STATUS, KEYBOARD_RESET);
}

static void __noreturn triple_fault(void)
{
	struct __packed {
		u16 limit;
		u32 base;
	} none = {0, 0};

	__asm__ volatile("lidt %0; int3" ::"m"(none));
	arch_halt();
}

void arch_reboot(void)
{
	irq_disable();
	acpi_reset();
	keyboard_reset();
	wait_a_little();
	outb(RESET_CONTROL, RESET_HARD);
	wait_a_little();
	triple_fault();
}
