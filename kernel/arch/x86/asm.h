/*
 * What entry.S, entry_pti.S, uaccess.S and pages.S share.
 */
#ifndef X86_ASM_H
#define X86_ASM_H

/* offsetof(struct arch_mm, vdso_landing); paging.c checks it. */
#ifdef CONFIG_X86_PAE
#define ARCH_MM_VDSO_LANDING 68
#else
#define ARCH_MM_VDSO_LANDING 8
#endif

#define SELECTOR_LDT 4 /* in a selector: of the LDT */

#ifdef __ASSEMBLER__
#include "desc.h"
#include <machine/regs.h>

/* clang-format off */
/* A fault at @from goes on at @to. */
.macro EX_TABLE from, to
	.pushsection .ex_table, "a"
	.long \from, \to
	.popsection
.endm

/* Room for stac or clac, which cpu_enable_features() fills in where the CPU has SMAP. */
.macro SMAP_SITE opcode
771:	.byte 0x0f, 0x1f, 0x00
	.pushsection .smap_sites, "a"
	.long 771b, \opcode
	.popsection
.endm
.macro STAC
	SMAP_SITE 0xcb010f
.endm
.macro CLAC
	SMAP_SITE 0xca010f
.endm

/*
 * The one SSE register that the kernel uses is the program's. Who is interrupted, or sleeps in a
 * page fault, while it has another value finds that again: it is saved with the thread.
 */
.macro SAVE_XMM0
	subl $16, %esp
	movups %xmm0, (%esp)
.endm
.macro RESTORE_XMM0
	movups (%esp), %xmm0
	addl $16, %esp
.endm
/* Bytes of one turn of a loop of wide stores, and where each of them begins. */
#define WIDE_TURN 256
#define WIDE_OFFSETS 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240

.macro PUSH_GENERAL
	pushl %eax
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %ebx
	pushl %edx
	pushl %ecx
.endm

.macro PUSH_REGS
	pushl %fs
	pushl %es
	pushl %ds
	PUSH_GENERAL
.endm

/* Leaves %eax and %edx alone. */
.macro KERNEL_SEGMENTS
	movl $USER_DS, %ecx
	movl %ecx, %ds
	movl %ecx, %es
	movl $PERCPU_SEL, %ecx
	movl %ecx, %fs
	cld
	CLAC
.endm

/* On a bad selector, 0 instead. %esp points at ds. The fix-up is entry text: see entry_pti.S. */
.macro POP_SEGMENTS
771:	popl %ds
772:	popl %es
773:	popl %fs
	.pushsection .entry.text.fixup, "ax"
774:	movl $0, (%esp)
	jmp 771b
775:	movl $0, (%esp)
	jmp 772b
776:	movl $0, (%esp)
	jmp 773b
	.popsection
	EX_TABLE 771b, 774b
	EX_TABLE 772b, 775b
	EX_TABLE 773b, 776b
.endm

.macro POP_GENERAL
	popl %ecx
	popl %edx
	popl %ebx
	popl %esi
	popl %edi
	popl %ebp
	popl %eax
.endm

/* With page-table isolation, pti_patch() writes a jump to \target over these five bytes. */
.macro PTI_SITE target
	.pushsection .pti_sites, "a"
	.long 771f, \target
	.popsection
771:
.endm

.macro FUNCTION name
	.globl \name
	.type \name, @function
\name:
.endm

.macro END_FUNCTION name
	.size \name, . - \name
.endm
/* clang-format on */
#endif

#endif
