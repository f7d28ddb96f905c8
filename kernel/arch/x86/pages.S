/*
 * A whole page cleared: 16 bytes at a time where that is faster (wide_stores of cpu.c), elsewhere
 * with a string instruction.
 */
#include "asm.h"

#define PAGE_BYTES 4096

	.text
/* void arch_page_zero(void *page). regparm: eax */
	.balign 16
FUNCTION arch_page_zero
	cmpb $0, wide_stores
	je 2f
	SAVE_XMM0
	xorps %xmm0, %xmm0
	addl $PAGE_BYTES, %eax
	movl $-PAGE_BYTES, %ecx
1:	.irp i, WIDE_OFFSETS
	movaps %xmm0, \i(%eax,%ecx)
	.endr
	addl $WIDE_TURN, %ecx
	jnz 1b
	RESTORE_XMM0
	ret
2:	movl %edi, %edx
	movl %eax, %edi
	xorl %eax, %eax
	movl $(PAGE_BYTES / 4), %ecx
	rep stosl
	movl %edx, %edi
	ret
END_FUNCTION arch_page_zero

	.section .note.GNU-stack, "", @progbits
