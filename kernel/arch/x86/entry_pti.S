/*
 * Page-table isolation: what stands before and behind the code of entry.S when user mode runs on page
 * tables of its own (pti.h). This text, entry.S and the entry area are all that those map of the kernel.
 *
 *   from user mode     on the CPU's entry stack, with user mode's tables: load the kernel's, move to
 *                      the thread's stack, go on in entry.S
 *   to user mode       the frame goes to the entry stack, and the CPU with it; then the tables change
 *   from the kernel    on the stack and the tables that there are. Between a gate and the first load of
 *                      CR3, and between the last one and iret or sysexit, these are the entry stack and
 *                      user mode's tables: an NMI, a #DB, a bad iret. The handler then runs on the entry
 *                      stack, and CS_USER_VIEW in the saved cs says which tables to go back to
 *
 * The thread's stack and %fs: are touched only with the kernel's tables. The two views of an address
 * space differ in one bit of CR3, so that no memory is needed to go from one to the other.
 */
#include "asm.h"
#include "layout.h"
#include "pti.h"
#include <machine/thread.h>

/* In the saved cs, whose upper half the CPU ignores: the kernel ran on user mode's tables. */
#define CS_USER_VIEW 0x10000

.macro LOAD_KERNEL_VIEW scratch
	movl %cr3, \scratch
	andl $~CR3_USER_VIEW, \scratch
	movl \scratch, %cr3
.endm

.macro LOAD_USER_VIEW scratch
	movl %cr3, \scratch
	orl $CR3_USER_VIEW, \scratch
	movl \scratch, %cr3
.endm

/* \words words are on the entry stack: they move to the thread's. All registers stay. */
.macro FROM_USER words
	pushl %ecx
	LOAD_KERNEL_VIEW %ecx
	movl (ENTRY_TSS + TSS_SP1 - ENTRY_STACK_TOP + 4 * (\words + 1))(%esp), %ecx
	xchgl %esp, %ecx
	/* ds is still the user's. */
	word_at = 4 * \words
	.rept \words
	pushl %ss:word_at(%ecx)
	word_at = word_at - 4
	.endr
	movl %ss:(%ecx), %ecx
.endm

/* struct regs is complete. */
.macro FROM_KERNEL
	andl $0xffff, REGS_CS(%esp)
	movl %cr3, %ecx
	testl $CR3_USER_VIEW, %ecx
	jz 778f
	orl $CS_USER_VIEW, REGS_CS(%esp)
	andl $~CR3_USER_VIEW, %ecx
	movl %ecx, %cr3
778:
.endm

	.section .entry.text, "ax"

/* ---- in ---------------------------------------------------------------------------------- */

FUNCTION pti_int80
	pushl %eax
	FROM_USER 6
	sti
	jmp int80_entered
END_FUNCTION pti_int80

FUNCTION pti_sysenter
	pushl %eax
	/* Always from user mode; and the flags are still the user's. */
	movl %cr3, %eax
	leal -CR3_USER_VIEW(%eax), %eax
	movl %eax, %cr3
	popl %eax
	movl (ENTRY_TSS + TSS_SP1 - ENTRY_STACK_TOP)(%esp), %esp
	.globl pti_sysenter_on_stack
pti_sysenter_on_stack:
	jmp sysenter_on_stack
END_FUNCTION pti_sysenter

FUNCTION pti_page_fault
	testb $3, 8(%esp)
	jz 1f
	FROM_USER 6
	PUSH_REGS
	jmp page_fault_saved
1:	PUSH_REGS
	FROM_KERNEL
	jmp page_fault_saved
END_FUNCTION pti_page_fault

FUNCTION pti_irq
	testb $3, 8(%esp)
	jz 1f
	FROM_USER 6
	PUSH_REGS
	jmp irq_saved
1:	PUSH_REGS
	FROM_KERNEL
	jmp irq_saved
END_FUNCTION pti_irq

/* One word more than the others: the vector. */
FUNCTION pti_exception
	testb $3, 12(%esp)
	jz 1f
	FROM_USER 7
	pushl %es
	pushl %ds
	PUSH_GENERAL
	jmp exception_saved
1:	pushl %es
	pushl %ds
	PUSH_GENERAL
	FROM_KERNEL
	jmp exception_saved
END_FUNCTION pti_exception

/* The frame for iret is still on the entry stack, all else is the user's again: as from user mode. */
FUNCTION pti_bad_iret
	pushl $-1
	FROM_USER 6
	PUSH_REGS
	jmp bad_iret_saved
END_FUNCTION pti_bad_iret

/* ---- out --------------------------------------------------------------------------------- */

FUNCTION pti_restore_all
	testb $3, REGS_CS(%esp)
	jnz pti_exit_to_user
	testl $CS_USER_VIEW, REGS_CS(%esp)
	jz 1f
	LOAD_USER_VIEW %ecx
1:	POP_GENERAL
	POP_SEGMENTS
	addl $4, %esp
	iret
END_FUNCTION pti_restore_all

/* What is needed after the stack is left behind goes to the entry stack, and its address to orig_ax. */
FUNCTION pti_exit_to_user
	movl %esp, %ecx
	movl %fs:entry_stack_top, %esp
	pushl REGS_SS(%ecx)
	pushl REGS_SP(%ecx)
	pushl REGS_FLAGS(%ecx)
	pushl REGS_CS(%ecx)
	pushl REGS_IP(%ecx)
	pushl REGS_AX(%ecx)
	movl %esp, REGS_ORIG_AX(%ecx)
	movl %ecx, %esp
	POP_GENERAL
	POP_SEGMENTS
	popl %esp
	LOAD_USER_VIEW %eax
	popl %eax
	testb $SELECTOR_LDT, 16(%esp)
	jnz espfix_again
pti_iret:
	iret
	EX_TABLE pti_iret, bad_iret
END_FUNCTION pti_exit_to_user

/* ebp is the user's stack pointer, and ax, bx, si and di are the user's already. */
FUNCTION pti_sysexit
	movl %fs:entry_stack_top, %ecx
	movl REGS_IP(%esp), %edx
	movl %edx, -4(%ecx)
	subl $4, %ecx
	movl %ecx, REGS_ORIG_AX(%esp)
	addl $REGS_DS, %esp
	POP_SEGMENTS
	popl %esp
	LOAD_USER_VIEW %ecx
	popl %edx
	movl %ebp, %ecx
	sti
	sysexit
END_FUNCTION pti_sysexit

	.section .note.GNU-stack, "", @progbits
