/*
 * Between entry.S and the C code that it calls.
 */
#ifndef X86_TRAPS_H
#define X86_TRAPS_H

#include "arch/port.h"
#include "desc.h"

/* entry.S */
extern const u32 trap_stubs[FIRST_IRQ_VECTOR];
extern const char irq_stubs[];
void entry_int80(void);
void entry_sysenter(void);
void double_fault_entry(void);
struct arch_thread *switch_stack(struct arch_thread *prev, struct arch_thread *next);
/* Where @t, which does not run, goes on in the kernel, with which frame and stack pointer. */
unsigned long thread_left_at(const struct arch_thread *t, unsigned long *frame, unsigned long *sp);
void thread_entry(void);
extern const char sysenter_on_stack[];

static inline u32 irq_stub(unsigned vector)
{
	return (u32)irq_stubs + 8 * (vector - FIRST_IRQ_VECTOR);
}

/* Called by entry.S. */
void syscall_slow(struct regs *regs);
void exit_to_user_work(struct regs *regs);
void trap_bad_iret(struct regs *regs);
void trap_page_fault(struct regs *regs, unsigned long address);
void trap_dispatch(struct regs *regs, unsigned vector);
void trap_double_fault(void);
void irq_dispatch(struct regs *regs);
void thread_begin(struct arch_thread *prev);

/* Entry area, descriptor tables and exceptions of CPU 0; called once by the boot stub. */
void traps_init_boot(void);

/* If the exception table knows this kernel address, direct @regs to the fix-up: true. */
bool exception_fixup(struct regs *regs);
bool exception_has_fixup(unsigned long ip);

/* The end of the kernel, with registers: never returns. */
void __noreturn die(const struct regs *regs, const char *fmt, ...) __printf(2, 3);
/* The same for registers that are not where the stack pointer was: it is @sp. */
void __noreturn die_on_stack(const struct regs *regs, unsigned long sp, const char *fmt, ...)
	__printf(3, 4);
/* What a kernel address belongs to, in words. */
const char *describe_address(unsigned long address);

#define WORK_ARCH_STEP 0x40000000 /* sysenter swallowed a single step: take it on the way out */
#define WORK_ARCH_LDT 0x20000000 /* its stack segment may be one of 16 bits: look on each way out */
#define WORK_ARCH_BITS (WORK_ARCH_FULL_EXIT | WORK_ARCH_STEP)

#endif
