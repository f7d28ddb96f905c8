/*
 * The order in which the kernel comes to life, and the only file that knows every part.
 *
 *   machine, log -> scheduler -> memory -> interrupts -> files, processes -> drivers ->
 *   system calls -> the other CPUs -> PID 1 (init.c), while the boot context becomes the idle
 *   task of CPU 0.
 *
 * Each step may use what the steps before it made. Read next: arch/x86/boot, init.c.
 */
#include "main.h"
#include "abi/syscall.h"
#include "arch/log.h"
#include "arch/port.h"
#include "boot.h"
#include "drivers/pci.h"
#include "drivers/tty.h"
#include "drivers/virtio.h"
#include "fs/file.h"
#include "mm/memblock.h"
#include "mm/mm.h"
#include "net/socket.h"
#include "proc/ipc.h"
#include "proc/mqueue.h"
#include "proc/process.h"
#include "sched/task.h"

void kernel_main(void)
{
	arch_init_early();
	boot_parameters(boot_info.cmdline);
	pr_info("Isthmus " ISTHMUS_VERSION " (%s)\n", ISTHMUS_COMPILER);
	pr_info("Kernel command line: %s\n", boot_info.cmdline);
	sched_init(); /* needs no memory, and everything else may use locks and current */
	mm_init();
	arch_init_interrupts();
	mm_virt_init();
	proc_init();
	sched_start();
	mm_start();
	vfs_init();
	system_files_init();
	ipc_init();
	mqueue_init();
	net_init();
	tty_init();
	console_init();
	serial_init();
	pty_init();
	pci_init();
	virtio_init();
	syscall_init();
	arch_init_late();
	arch_smp_start();
	irq_enable();
	if (!proc_create_init(init_main, NULL))
		panic("No memory for init");
	sched_idle_loop();
}
