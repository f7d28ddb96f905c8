/*
 * Every way into the kernel and out of it (docs/entry.md).
 *
 *   entry_int80, entry_sysenter   system calls, the fast paths
 *   trap_stubs, entry_page_fault  exceptions
 *   irq_stubs                     interrupts, vectors 32-255
 *   double_fault_entry            through a task gate, on its own stack
 *   switch_stack, thread_entry    from one kernel stack to another; the first steps of a new one
 *
 * A gate leaves the CPU on the thread's own kernel stack (TSS.sp0). All of them save struct regs
 * (machine/regs.h), load the kernel's segments, and leave through exit_to_user or restore_all.
 * %gs stays the user's throughout.
 *
 * With page-table isolation the CPU comes on a stack of its own and with other page tables; entry_pti.S
 * stands before and behind what is here, by way of the PTI_SITEs. Without it nothing of that is run.
 *
 * Nothing about the user's registers is trusted on the way out: a selector that cannot be loaded
 * becomes 0, and an iret that faults becomes the program's SIGILL.
 */
#include "asm.h"
#include "desc.h"
#include "layout.h"
#include <machine/regs.h>
#include <machine/thread.h>
#include <asm/errno.h>
#include <asm/processor-flags.h>

#define WORK_SYSCALL_TRACE 8
#define IRQ_STUB_BIAS 127
/* In user flags, these need more than sysexit restores. */
#define FLAGS_NEED_IRET (X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_AC | X86_EFLAGS_NT | X86_EFLAGS_RF)
/* sysenter does not clear these, and they change how the kernel itself runs. */
#define FLAGS_BAD_IN_KERNEL (X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_AC)

	.section .entry.text, "ax"

/* ---- system calls ------------------------------------------------------------------------ */

	.balign 16
FUNCTION entry_int80
	pushl %eax
	.globl int80_entered
int80_entered:
	PUSH_REGS
	KERNEL_SEGMENTS
	movl %fs:percpu_thread, %ecx
	testb $WORK_SYSCALL_TRACE, THREAD_WORK(%ecx)
	jnz syscall_traced
	cmpl arch_syscall_count, %eax
	jae syscall_unknown
	movl arch_syscall_table, %edx
	movl (%edx,%eax,4), %edx
	movl %esp, %eax
	call *%edx
syscall_done:
	movl %eax, REGS_AX(%esp)
	cli
	movl %fs:percpu_thread, %ecx
	cmpl $0, THREAD_WORK(%ecx)
	jne exit_work
	/* bx, si, di and bp are what they were: C code preserves them. ax is the result. */
	PTI_SITE pti_exit_to_user
	popl %ecx
	popl %edx
	addl $(REGS_DS - REGS_BX), %esp
	POP_SEGMENTS
	addl $4, %esp
fast_iret:
	iret
	EX_TABLE fast_iret, bad_iret

syscall_unknown:
	movl %esp, %eax
	call *arch_syscall_unknown
	jmp syscall_done

syscall_traced:
	movl %esp, %eax
	call syscall_slow
	jmp exit_to_user
END_FUNCTION entry_int80

	.balign 16
FUNCTION entry_sysenter
	/* On the entry stack. ebp is the user's stack pointer; the vDSO pushed ebp, edx and ecx there. */
	movl (ENTRY_TSS + TSS_SP0 - ENTRY_STACK_TOP)(%esp), %esp
	.globl sysenter_on_stack
sysenter_on_stack:
	pushl $USER_DS
	pushl %ebp
	pushfl
	orl $X86_EFLAGS_IF, (%esp)
	pushl $USER_CS
	pushl $0
	pushl %eax
	PUSH_REGS
	testl $FLAGS_BAD_IN_KERNEL, REGS_FLAGS(%esp)
	jnz sysenter_clean_flags
sysenter_flags_clean:
	KERNEL_SEGMENTS
	movl %fs:loaded_mm, %ecx
	movl ARCH_MM_VDSO_LANDING(%ecx), %ecx
	movl %ecx, REGS_IP(%esp)
	/* The sixth argument lies where the vDSO pushed ebp. */
	cmpl $(__page_offset - 4), %ebp
	ja sysenter_bad_stack
	STAC
sysenter_arg:
	movl (%ebp), %ecx
	CLAC
	movl %ecx, REGS_BP(%esp)
	EX_TABLE sysenter_arg, sysenter_bad_stack
	sti
	movl %fs:percpu_thread, %ecx
	testb $WORK_SYSCALL_TRACE, THREAD_WORK(%ecx)
	jnz syscall_traced
	cmpl arch_syscall_count, %eax
	jae syscall_unknown
	movl arch_syscall_table, %edx
	movl (%edx,%eax,4), %edx
	movl %esp, %eax
	call *%edx
	movl %eax, REGS_AX(%esp)
	cli
	movl %fs:percpu_thread, %ecx
	cmpl $0, THREAD_WORK(%ecx)
	jne exit_work
	testl $FLAGS_NEED_IRET, REGS_FLAGS(%esp)
	jnz restore_all
	/* sysexit: ip from edx, sp from ecx, which ebp still holds. */
	PTI_SITE pti_sysexit
	movl REGS_IP(%esp), %edx
	movl %ebp, %ecx
	addl $REGS_DS, %esp
	POP_SEGMENTS
	sti
	sysexit

sysenter_clean_flags:
	pushl $X86_EFLAGS_FIXED
	popfl
	jmp sysenter_flags_clean

sysenter_bad_stack:
	CLAC
	sti
	movl $-EFAULT, REGS_AX(%esp)
	jmp exit_to_user
END_FUNCTION entry_sysenter

/* ---- the way out ------------------------------------------------------------------------- */

	.balign 16
FUNCTION exit_to_user
	cli
	movl %fs:percpu_thread, %ecx
	cmpl $0, THREAD_WORK(%ecx)
	je restore_all
exit_work:
	movl %esp, %eax
	call exit_to_user_work
	testb $SELECTOR_LDT, REGS_SS(%esp)
	jnz restore_ldt_stack
restore_all:
	PTI_SITE pti_restore_all
	POP_GENERAL
	POP_SEGMENTS
	addl $4, %esp
full_iret:
	iret
	EX_TABLE full_iret, bad_iret

/* The frame for iret is still there, and all other registers are the user's again. */
	.globl bad_iret
bad_iret:
	PTI_SITE pti_bad_iret
	pushl $-1
	PUSH_REGS
	.globl bad_iret_saved
bad_iret_saved:
	KERNEL_SEGMENTS
	movl %esp, %eax
	call trap_bad_iret
	jmp exit_to_user
END_FUNCTION exit_to_user

/*
 * To a stack segment of the program's own LDT. If that is one of 16 bits, iret loads only the lower half
 * of esp, and the upper would stay the kernel's. So the upper half is made the program's before: the
 * kernel's stack goes on, at the same linear address, in a segment whose base makes up for it. All
 * registers but ss and esp are the program's by then, and interrupts are off.
 */
FUNCTION restore_ldt_stack
	PTI_SITE pti_exit_to_user
	POP_GENERAL
	POP_SEGMENTS
	addl $4, %esp
/* The frame for iret is at esp. */
	.globl espfix_again
espfix_again:
	pushl %eax
	pushl %ecx
	pushl %edx
	subl $8, %esp
	sgdt 2(%esp)
	movl 4(%esp), %ecx
	leal 20(%esp), %edx
	movl 20 + 12(%esp), %eax
	movw %dx, %ax
	subl %eax, %edx
	shrl $16, %edx
	movb %dl, %ss:ESPFIX_SEL + 4(%ecx)
	movb %dh, %ss:ESPFIX_SEL + 7(%ecx)
	movl %eax, (%esp)
	movl $ESPFIX_SEL, 4(%esp)
	movl 8(%esp), %edx
	movl 12(%esp), %ecx
	movl 16(%esp), %eax
	lss (%esp), %esp
espfix_iret:
	iret
	EX_TABLE espfix_again, bad_iret
END_FUNCTION restore_ldt_stack

/*
 * An exception of that iret, or an NMI before it, came on the shifted stack: back to the flat one. If what
 * interrupted goes on, it goes on with the whole shift.
 */
espfix_leave:
	subl $8, %esp
	sgdt 2(%esp)
	movl 4(%esp), %edi
	addl $8, %esp
	movb ESPFIX_SEL + 7(%edi), %ch
	movb ESPFIX_SEL + 4(%edi), %cl
	shll $16, %ecx
	addl %esp, %ecx
	movl $KERNEL_DS, %edi
	movl %edi, %ss
	movl %ecx, %esp
	movl $espfix_again, REGS_IP(%esp)
	jmp espfix_left

/* ---- exceptions -------------------------------------------------------------------------- */

	.balign 16
FUNCTION entry_page_fault
	PTI_SITE pti_page_fault
	PUSH_REGS
	.globl page_fault_saved
page_fault_saved:
	KERNEL_SEGMENTS
	movl %cr2, %edx
	movl %esp, %eax
	call trap_page_fault
	testb $3, REGS_CS(%esp)
	jnz exit_to_user
	jmp restore_all
END_FUNCTION entry_page_fault

/* The vector is in the place of fs, the error code or 0 in that of orig_ax. */
exception_common:
	PTI_SITE pti_exception
	pushl %es
	pushl %ds
	PUSH_GENERAL
	.globl exception_saved
exception_saved:
	movl REGS_FS(%esp), %edx
	movw %fs, REGS_FS(%esp)
	KERNEL_SEGMENTS
	movl %ss, %ecx
	cmpl $ESPFIX_SEL, %ecx
	je espfix_leave
espfix_left:
	movl %esp, %eax
	call trap_dispatch
	testb $3, REGS_CS(%esp)
	jnz exit_to_user
	jmp restore_all

.macro EXCEPTION vector, has_error=0
	.pushsection .entry.text, "ax"
777:	.if !\has_error
	pushl $0
	.endif
	pushl $\vector
	jmp exception_common
	.popsection
	.long 777b
.endm

	.section .rodata
	.balign 4
	.globl trap_stubs
trap_stubs:
	EXCEPTION 0
	EXCEPTION 1
	EXCEPTION 2
	EXCEPTION 3
	EXCEPTION 4
	EXCEPTION 5
	EXCEPTION 6
	EXCEPTION 7
	.long 0
	EXCEPTION 9
	EXCEPTION 10, 1
	EXCEPTION 11, 1
	EXCEPTION 12, 1
	EXCEPTION 13, 1
	.long entry_page_fault
	EXCEPTION 15
	EXCEPTION 16
	EXCEPTION 17, 1
	EXCEPTION 18
	EXCEPTION 19
	EXCEPTION 20
	EXCEPTION 21, 1
	EXCEPTION 22
	EXCEPTION 23
	EXCEPTION 24
	EXCEPTION 25
	EXCEPTION 26
	EXCEPTION 27
	EXCEPTION 28
	EXCEPTION 29, 1
	EXCEPTION 30, 1
	EXCEPTION 31

/* ---- interrupts -------------------------------------------------------------------------- */

	.section .entry.text, "ax"
irq_common:
	PTI_SITE pti_irq
	PUSH_REGS
	.globl irq_saved
irq_saved:
	KERNEL_SEGMENTS
	movl %esp, %eax
	call irq_dispatch
	testb $3, REGS_CS(%esp)
	jnz exit_to_user
	jmp restore_all

	.balign 8
	.globl irq_stubs
irq_stubs:
	vector = FIRST_IRQ_VECTOR
	.rept 256 - FIRST_IRQ_VECTOR
	.balign 8
	pushl $(IRQ_STUB_BIAS - vector)
	jmp irq_common
	vector = vector + 1
	.endr

/* ---- double fault ------------------------------------------------------------------------ */

FUNCTION double_fault_entry
	addl $4, %esp
	xorl %ebp, %ebp
	call trap_double_fault
END_FUNCTION double_fault_entry

/* ---- threads ----------------------------------------------------------------------------- */

	.text
/* struct arch_thread *switch_stack(struct arch_thread *prev, struct arch_thread *next) */
	.balign 16
FUNCTION switch_stack
	pushl %ebp
	pushl %ebx
	pushl %esi
	pushl %edi
	movl %esp, THREAD_SP(%eax)
	movl THREAD_SP(%edx), %esp
	popl %edi
	popl %esi
	popl %ebx
	popl %ebp
	ret
END_FUNCTION switch_stack

/* A new thread's switch_stack() returns here: eax the thread before, ebx a function or 0, esi its argument. */
FUNCTION thread_entry
	call thread_begin
	testl %ebx, %ebx
	jz exit_to_user
	movl %esi, %eax
	call *%ebx
	jmp exit_to_user
END_FUNCTION thread_entry

	.section .note.GNU-stack, "", @progbits
