/*
 * A Multiboot kernel that says on COM1 how many ticks passed between reset and its first instruction, and ends the
 * machine: what of a boot is the firmware's and the loader's.
 */
#define COM1 0x3f8
#define LINE_STATUS 5
#define TRANSMIT_EMPTY 0x20
#define DEBUG_EXIT 0xf4

	.text
	.align 4
	.long 0x1badb002, 0, -0x1badb002

	.globl _start
_start:
	rdtsc
	movl	%eax, %esi
	movl	$8, %ecx
next_digit:
	roll	$4, %esi
	movl	%esi, %eax
	andb	$0xf, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	send
	addb	$'a' - '9' - 1, %al
send:
	movb	%al, %bl
	movw	$COM1 + LINE_STATUS, %dx
1:	inb	%dx, %al
	testb	$TRANSMIT_EMPTY, %al
	jz	1b
	movb	%bl, %al
	movw	$COM1, %dx
	outb	%al, %dx
	loop	next_digit
	movw	$COM1 + LINE_STATUS, %dx
2:	inb	%dx, %al
	testb	$TRANSMIT_EMPTY * 2, %al
	jz	2b
	xorl	%eax, %eax
	movw	$DEBUG_EXIT, %dx
	outb	%al, %dx
3:	hlt
	jmp	3b

	.section .note.GNU-stack, "", @progbits
