/*
 * Whole pages, cleared and copied: 16 bytes at a time where that is faster (wide_moves of cpu.c),
 * elsewhere with the string instructions.
 */
#include "asm.h"

#define PAGE_BYTES 4096

	.text
/* void arch_page_zero(void *page). regparm: eax */
	.balign 16
FUNCTION arch_page_zero
	cmpb $0, wide_moves
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

/* void arch_page_copy(void *to, const void *from). regparm: eax, edx */
	.balign 16
FUNCTION arch_page_copy
	cmpb $0, wide_moves
	je 2f
	SAVE_XMM0
	addl $PAGE_BYTES, %eax
	addl $PAGE_BYTES, %edx
	movl $-PAGE_BYTES, %ecx
1:	.irp i, WIDE_OFFSETS
	movaps \i(%edx,%ecx), %xmm0
	movaps %xmm0, \i(%eax,%ecx)
	.endr
	addl $WIDE_TURN, %ecx
	jnz 1b
	RESTORE_XMM0
	ret
2:	pushl %esi
	pushl %edi
	movl %eax, %edi
	movl %edx, %esi
	movl $(PAGE_BYTES / 4), %ecx
	rep movsl
	popl %edi
	popl %esi
	ret
END_FUNCTION arch_page_copy

	.section .note.GNU-stack, "", @progbits
