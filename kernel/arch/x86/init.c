/*
 * Machine set-up as kernel_main() calls for it.
 */
#include "boot/boot.h"
#include "cpu.h"
#include "paging.h"
#include "arch/port.h"

void arch_init_early(void)
{
	cpu_enable_features();
	boot_drop_identity();
	boot_print_notes();
}
