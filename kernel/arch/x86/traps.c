/*
 * Exceptions, and the slow ways out to user mode.
 *
 *   in user mode      hooks.page_fault for a page fault, hooks.user_exception for the rest; signals
 *                     are theirs to queue, and are delivered by exit_to_user_work()
 *   in a user copy    hooks.page_fault; if that fails, on at the fix-up of the exception table
 *   at iret or a segment load of the exit   the fix-up
 *   anywhere else in the kernel             a defect: die()
 *
 * Interrupts are off at entry, so that CR2 and DR6 belong to this exception; the handlers above run
 * with interrupts on (if the interrupted code had them on).
 */
#include "traps.h"
#include "cpu.h"
#include "paging.h"
#include "pti.h"
#include "thread.h"
#include "arch/log.h"
#include "lib/atomic.h"
#include <asm/debugreg.h>
#include <linux/errno.h>

#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_X87 16
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_SIMD 19
#define VECTOR_BAD_IRET 32 /* none of the CPU's: an exception at the iret to the program */

const syscall_fn *arch_syscall_table;
unsigned arch_syscall_count;

static long no_such_syscall(struct regs *regs)
{
	(void)regs;
	return -ENOSYS;
}

syscall_fn arch_syscall_unknown = no_such_syscall;

static const char *const vector_names[FIRST_IRQ_VECTOR] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "NMI",
	[3] = "int3",
	[4] = "overflow",
	[5] = "bounds",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[9] = "coprocessor segment overrun",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack segment",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "x87 FPU error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD exception",
	[21] = "control protection",
};

static const char *name_of(unsigned vector)
{
	if (vector == VECTOR_BAD_IRET)
		return "refused return";
	return vector < ARRAY_SIZE(vector_names) && vector_names[vector] ? vector_names[vector]
									 : "exception";
}

struct fixup_entry {
	u32 at, to;
};
extern struct fixup_entry __ex_table_start[], __ex_table_end[];

static size_t fixup_count(void)
{
	return ((unsigned long)__ex_table_end - (unsigned long)__ex_table_start) /
	       sizeof(struct fixup_entry);
}

/*
 * The table is in link order: the entries of one section ascend, but the sections come as they
 * come.
 */
static void sort_exception_table(void)
{
	struct fixup_entry *table = __ex_table_start;

	for (size_t i = 1; i < fixup_count(); i++) {
		struct fixup_entry entry = table[i];
		size_t at = i;

		for (; at > 0 && table[at - 1].at > entry.at; at--)
			table[at] = table[at - 1];
		table[at] = entry;
	}
}

static const struct fixup_entry *find_fixup(unsigned long ip)
{
	size_t low = 0, high = fixup_count();

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (__ex_table_start[middle].at == ip)
			return &__ex_table_start[middle];
		if (__ex_table_start[middle].at < ip)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool exception_has_fixup(unsigned long ip)
{
	return find_fixup(ip);
}

bool exception_fixup(struct regs *regs)
{
	const struct fixup_entry *entry = find_fixup(regs->ip);

	if (!entry)
		return false;
	regs->ip = entry->to;
	return true;
}

static void enable_if_was_enabled(const struct regs *regs)
{
	irq_restore(regs->flags);
}

static void remember_trap(unsigned vector, unsigned error, unsigned long address)
{
	struct arch_thread *thread = current_thread();

	thread->trap_nr = vector;
	thread->trap_error = error;
	thread->trap_address = address;
}

/* What was refused is done for the program, which goes on. */
static bool emulated(struct regs *regs)
{
	bool done;

	irq_enable(); /* its instruction is read */
	done = ports_skip_cli(regs) || umip_emulate(regs);
	irq_disable();
	return done;
}

static void user_exception(struct regs *regs, unsigned vector, unsigned error)
{
	if (vector == VECTOR_GENERAL_PROTECTION && emulated(regs))
		return;
	remember_trap(vector, error, current_thread()->trap_address);
	if (vector == VECTOR_X87 || vector == VECTOR_SIMD)
		fpu_save(&current_thread()->fpu); /* its status words say which exception */
	irq_enable();
	if (!arch_hooks.user_exception)
		die(regs, "%s in user mode, and nobody to take it", name_of(vector));
	arch_hooks.user_exception(regs, vector, error);
	irq_disable();
}

static bool is_sysenter_entry(u32 ip)
{
	return ip == (u32)entry_sysenter || ip == (u32)sysenter_on_stack ||
	       (ip >= (u32)pti_sysenter && ip <= (u32)pti_sysenter_on_stack);
}

/*
 * The user's TF is still on in the first instruction behind sysenter: take it off there, and put it
 * back when the system call returns. A #DB that "mov %ss" held back until after a gate is dropped.
 */
static void kernel_single_step(struct regs *regs)
{
	regs->flags &= ~X86_EFLAGS_TF;
	if (!(current_thread()->debug_status & DR_STEP))
		return;
	if (is_sysenter_entry(regs->ip))
		atomic_or(&current_thread()->work, WORK_ARCH_STEP);
}

static u32 take_debug_status(void)
{
	u32 status;

	__asm__ volatile("mov %%dr6, %0" : "=r"(status));
	__asm__ volatile("mov %0, %%dr6" ::"r"(0));
	return status;
}

static void kernel_exception(struct regs *regs, unsigned vector, unsigned error)
{
	if (vector == VECTOR_DEBUG) {
		kernel_single_step(regs);
		return;
	}
	if (exception_fixup(regs))
		return;
	die(regs, "%s, error code %#x", name_of(vector), error);
}

void trap_dispatch(struct regs *regs, unsigned vector)
{
	unsigned error = regs->orig_ax;

	regs->orig_ax = (u32)-1;
	if (vector == VECTOR_NMI) {
		pr_once(KERN_WARNING "NMI received, reason unknown; going on\n");
		return;
	}
	if (vector == VECTOR_MACHINE_CHECK)
		die(regs, "machine check");
	if (vector == VECTOR_DEBUG)
		debug_take_status(current_thread(), regs, take_debug_status());
	if (user_mode(regs))
		user_exception(regs, vector, error);
	else
		kernel_exception(regs, vector, error);
}

/* A return to user mode with state that the CPU refuses. */
void trap_bad_iret(struct regs *regs)
{
	user_exception(regs, VECTOR_BAD_IRET, 0);
}

static void __noreturn bad_kernel_access(struct regs *regs, unsigned long address, unsigned error)
{
	die(regs,
	    "BUG: unable to handle page fault for address %08lx (%s): kernel %s, error code %#x",
	    address, describe_address(address),
	    error & FAULT_INSTR   ? "instruction fetch"
	    : error & FAULT_WRITE ? "write"
				  : "read",
	    error);
}

static void user_copy_fault(struct regs *regs, unsigned long address, unsigned error)
{
	bool handled = false;

	if (!exception_has_fixup(regs->ip))
		bad_kernel_access(regs, address, error);
	if (!current_thread()->pagefault_off && !in_interrupt() && arch_hooks.page_fault) {
		enable_if_was_enabled(regs);
		handled = arch_hooks.page_fault(regs, address, error);
		irq_disable();
	}
	if (!handled)
		exception_fixup(regs);
}

static void user_page_fault(struct regs *regs, unsigned long address, unsigned error)
{
	/* Whether a kernel page is mapped is nobody's business. */
	if (address >= TASK_SIZE)
		error |= FAULT_PRESENT;
	irq_enable();
	if (!arch_hooks.page_fault)
		die(regs, "page fault in user mode at %08lx, and nobody to take it", address);
	arch_hooks.page_fault(regs, address, error);
	irq_disable();
	/* A signal frame shows the fault that raised it, not those that were handled. */
	if (unlikely(current_thread()->work & WORK_SIGNAL))
		remember_trap(VECTOR_PAGE_FAULT, error, address);
}

/*
 * A user program's instruction that reads memory with the kernel's rights and was refused: iret in
 * ring 3, which QEMU's emulation checks against SMAP. Mapping the page would not help: it is the
 * program's fault.
 */
static void refused_user_access(struct regs *regs)
{
	user_exception(regs, VECTOR_GENERAL_PROTECTION, 0);
}

void trap_page_fault(struct regs *regs, unsigned long address)
{
	unsigned error = regs->orig_ax;

	regs->orig_ax = (u32)-1;
	if (!(error & FAULT_PRESENT) && address < TASK_SIZE && arch_pgd_refresh())
		return;
	if (error & FAULT_USER || (user_mode(regs) && !(error & FAULT_PRESENT)))
		user_page_fault(regs, address, error | FAULT_USER);
	else if (unlikely(user_mode(regs)))
		refused_user_access(regs);
	else if (address < TASK_SIZE)
		user_copy_fault(regs, address, error);
	else if (!exception_fixup(regs))
		bad_kernel_access(regs, address, error);
}

/* The push that did not fit left it there, at most a frame below the end. */
static bool is_below_stack(u32 sp)
{
	u32 end = current_thread()->sp0 - THREAD_STACK_SIZE;

	return sp > end - PAGE_SIZE && sp <= end + sizeof(struct regs);
}

/* The CPU is in the double-fault task: the state before is in the TSS that it left. */
void trap_double_fault(void)
{
	const struct tss *tss = &entry_area_of(smp_cpu_id())->tss;
	struct regs regs = {
		.cx = tss->cx,
		.dx = tss->dx,
		.bx = tss->bx,
		.si = tss->si,
		.di = tss->di,
		.bp = tss->bp,
		.ax = tss->ax,
		.ds = tss->ds,
		.es = tss->es,
		.fs = tss->fs,
		.orig_ax = (u32)-1,
		.ip = tss->ip,
		.cs = tss->cs,
		.flags = tss->flags,
		.sp = tss->sp,
		.ss = tss->ss,
	};

	if (is_below_stack(tss->sp))
		die_on_stack(
			&regs, tss->sp,
			"kernel stack overflow: stack pointer %08x, in the guard page below the stack of %lu KB",
			tss->sp, THREAD_STACK_SIZE / 1024);
	die_on_stack(&regs, tss->sp, "double fault: stack pointer %08x (%s)", tss->sp,
		     describe_address(tss->sp));
}

/* WORK_SYSCALL_TRACE: the tracer sees the call before and after. */
void syscall_slow(struct regs *regs)
{
	long nr;

	irq_enable();
	regs->ax = (u32)-ENOSYS;
	nr = arch_hooks.syscall_trace(regs, true);
	if (nr != -1) {
		bool known = (unsigned long)nr < arch_syscall_count;

		regs->ax = (u32)(known ? arch_syscall_table[nr](regs) : arch_syscall_unknown(regs));
	}
	arch_hooks.syscall_trace(regs, false);
}

/* => interrupts off, at entry and at return; the registers are restored in full afterwards */
void exit_to_user_work(struct regs *regs)
{
	struct arch_thread *thread = current_thread();
	u32 work;

	while ((work = atomic_read(&thread->work) & ~(WORK_SYSCALL_TRACE | WORK_ARCH_LDT))) {
		if (work & WORK_ARCH_BITS) {
			atomic_and(&thread->work, ~WORK_ARCH_BITS);
			if (work & WORK_ARCH_STEP)
				regs->flags |= X86_EFLAGS_TF;
			continue;
		}
		irq_enable();
		arch_hooks.user_work(regs);
		irq_disable();
	}
}

void traps_init_boot(void)
{
	sort_exception_table();
	if (entry_area_init(0))
		BUG();
	idt_init();
	desc_load(0);
}
