/*
 * Where another CPU begins, in real mode, at the page whose number its start-up interrupt carried
 * (CS:0). Copied to a page below 1 MB, it must not depend on its address: it finds its own through
 * CS. smp.c fills in trampoline_data; the identity map of that page exists for the time being.
 */
#include "desc.h"
#include <asm/processor-flags.h>

#define CODE32 0x08
#define DATA32 0x10
#define MSR_EFER 0xc0000080

#define AT(symbol) ((symbol) - trampoline_start)

	.section .rodata
	.balign 16
	.globl trampoline_start, trampoline_end, trampoline_data
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movzwl %ax, %ebx
	shll $4, %ebx
	/* The GDT's address and the far jump need the address of this copy. */
	leal AT(trampoline_gdt)(%ebx), %eax
	movl %eax, AT(trampoline_gdt_pointer) + 2
	leal AT(trampoline_32)(%ebx), %eax
	movl %eax, AT(trampoline_jump)
	lgdtl AT(trampoline_gdt_pointer)
	movl %cr0, %eax
	orl $X86_CR0_PE, %eax
	movl %eax, %cr0
	ljmpl *AT(trampoline_jump)

	.code32
trampoline_32:
	movl $DATA32, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl AT(trampoline_cr4)(%ebx), %eax
	movl %eax, %cr4
	movl AT(trampoline_cr3)(%ebx), %eax
	movl %eax, %cr3
	cmpl $0, AT(trampoline_efer)(%ebx)
	je 1f
	movl $MSR_EFER, %ecx
	rdmsr
	orl AT(trampoline_efer)(%ebx), %eax
	wrmsr
1:	movl AT(trampoline_sp)(%ebx), %esp
	movl AT(trampoline_ip)(%ebx), %edx
	movl $(X86_CR0_PG | X86_CR0_WP | X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE), %eax
	movl %eax, %cr0
	/* Flat segments with paging on: the kernel's addresses are right from here. */
	xorl %ebp, %ebp
	jmp *%edx

	.balign 8
trampoline_gdt:
	.quad 0
	.quad DESC_FLAT_CODE
	.quad DESC_FLAT_DATA
trampoline_gdt_pointer:
	.word 3 * 8 - 1
	.long 0
	.balign 4
trampoline_jump:
	.long 0
	.word CODE32
	.balign 4
trampoline_data:
trampoline_cr3:	.long 0
trampoline_cr4:	.long 0
trampoline_efer: .long 0
trampoline_sp:	.long 0
trampoline_ip:	.long 0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
