/*
 * The loops that touch user memory. Each access has an entry in the exception table, and runs
 * between stac and clac.
 */
#include "asm.h"

	.text
/* size_t user_copy(void *to, const void *from, size_t n): bytes not copied. regparm: eax, edx, ecx */
	.balign 16
FUNCTION user_copy
	pushl %esi
	pushl %edi
	movl %eax, %edi
	movl %edx, %esi
	movl %ecx, %edx
	STAC
	shrl $2, %ecx
1:	rep movsl
	movl %edx, %ecx
	andl $3, %ecx
2:	rep movsb
3:	CLAC
	movl %ecx, %eax
	popl %edi
	popl %esi
	ret
/* The words left, byte by byte: the copy ends exactly where the fault is. */
4:	andl $3, %edx
	leal (%edx,%ecx,4), %ecx
	jmp 2b
	EX_TABLE 1b, 4b
	EX_TABLE 2b, 3b
END_FUNCTION user_copy

/* size_t user_clear(void *to, size_t n): bytes not cleared */
	.balign 16
FUNCTION user_clear
	pushl %edi
	movl %eax, %edi
	movl %edx, %ecx
	xorl %eax, %eax
	STAC
	cmpl $WIDE_TURN, %ecx
	jae 5f
0:	shrl $2, %ecx
1:	rep stosl
	movl %edx, %ecx
	andl $3, %ecx
2:	rep stosb
3:	CLAC
	movl %ecx, %eax
	popl %edi
	ret
/* Much: whole turns of wide stores, where they are faster (wide_stores of cpu.c). */
5:	cmpb $0, wide_stores
	je 0b
	SAVE_XMM0
	xorps %xmm0, %xmm0
	andl $-WIDE_TURN, %ecx
	addl %ecx, %edi
	negl %ecx
6:	.irp i, WIDE_OFFSETS
8:	movups %xmm0, \i(%edi,%ecx)
	EX_TABLE 8b, 9f
	.endr
	addl $WIDE_TURN, %ecx
	jnz 6b
/* The rest; after a fault from the beginning of that turn, to find its place. */
9:	RESTORE_XMM0
	addl %ecx, %edi
	andl $(WIDE_TURN - 1), %edx
	subl %ecx, %edx
	movl %edx, %ecx
	jmp 0b
4:	andl $3, %edx
	leal (%edx,%ecx,4), %ecx
	jmp 2b
	EX_TABLE 1b, 4b
	EX_TABLE 2b, 3b
END_FUNCTION user_clear

/*
 * ssize_t user_strncpy(char *to, const char *from, size_t n): length, n, or -1 on a fault
 *
 * A word at a time while all four bytes are 1 to 0x80: then no bit 7 is set in the word minus
 * 0x01010101, and a NUL always sets the lowest one. The rest goes byte by byte, also where a word
 * faults: it may reach into a page behind the end of the string.
 */
	.balign 16
FUNCTION user_strncpy
	pushl %esi
	pushl %edi
	leal (%eax,%ecx), %edi
	leal (%edx,%ecx), %esi
	pushl %ecx
	STAC
	/* counts up to 0 at the ends of both, and to -4 in words */
	negl %ecx
	cmpl $-4, %ecx
	jg 2f
1:	movl (%esi,%ecx), %eax
	leal -0x01010101(%eax), %edx
	testl $0x80808080, %edx
	jnz 3f
	movl %eax, (%edi,%ecx)
	addl $4, %ecx
	cmpl $-4, %ecx
	jle 1b
2:	testl %ecx, %ecx
	jz 4f
3:	movb (%esi,%ecx), %al
	movb %al, (%edi,%ecx)
	testb %al, %al
	jz 4f
	incl %ecx
	jnz 3b
4:	CLAC
	popl %eax
	addl %ecx, %eax
5:	popl %edi
	popl %esi
	ret
6:	CLAC
	popl %eax
	movl $-1, %eax
	jmp 5b
	EX_TABLE 1b, 3b
	EX_TABLE 3b, 6b
END_FUNCTION user_strncpy

/* size_t user_strnlen(const char *s, size_t n): length without NUL, n if there is none, -1 on a fault */
	.balign 16
FUNCTION user_strnlen
	pushl %ebx
	movl %edx, %ecx
	STAC
	testl %ecx, %ecx
	jz 3f
1:	movb (%eax), %bl
	testb %bl, %bl
	jz 3f
	incl %eax
	decl %ecx
	jnz 1b
3:	CLAC
	movl %edx, %eax
	subl %ecx, %eax
5:	popl %ebx
	ret
4:	CLAC
	movl $-1, %eax
	jmp 5b
	EX_TABLE 1b, 4b
END_FUNCTION user_strnlen

	.section .note.GNU-stack, "", @progbits
