/*
 * The first instructions: a Multiboot loader jumps to _start with paging off, flat segments and an
 * unknown GDT. The stub is ordinary code linked at high addresses; it runs before paging because
 * its segments have the base -PAGE_OFFSET, which turns every link address into its physical one:
 *
 *   _start            segments with base -LINK_PAGE_OFFSET
 *   boot_choose_split reads vmsplit= and returns PAGE_OFFSET
 *   (here)            applies the relocations, segments with base -PAGE_OFFSET
 *   boot_setup        memory map, limits, page tables: returns CR3
 *   (here)            paging on, flat segments, boot_enter_kernel() in boot/stub.c
 *
 * A failure before the console works prints one letter on COM1: M not started by Multiboot.
 */
#include "layout.h"
#include "../desc.h"
#include <asm/processor-flags.h>

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002
#define MULTIBOOT_HEADER_FLAGS 0x00000003 /* modules page-aligned, memory map wanted */
#define MULTIBOOT_LOADER_MAGIC 0x2BADB002

#define PHYS(symbol) ((symbol) - LINK_PAGE_OFFSET)

#define LINK_CS 0x08
#define LINK_DS 0x10
#define STUB_CS 0x18
#define STUB_DS 0x20

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_HEADER_MAGIC
	.long MULTIBOOT_HEADER_FLAGS
	.long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_HEADER_FLAGS)

	.section .init.head, "awx"
	.globl _start
_start:
	cli
	cld
	cmpl $MULTIBOOT_LOADER_MAGIC, %eax
	movb $'M', %al
	jne letter
	lgdt PHYS(stub_gdt_pointer)
	movl $LINK_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %eax, %ss
	ljmp $LINK_CS, $1f
1:	movl $boot_stack_top, %esp
	movl %ebx, %eax
	call boot_choose_split

	/* From here to the jump nothing may use an address that the relocation changes. */
	movl $stub_gdt, %ebp
	movl $__packed_relocs, %esi
	movl %eax, %edx
	movl %eax, %edi
	subl $LINK_PAGE_OFFSET, %edi
	jz 4f
	/* A byte is the way from one word to the next; behind a 0 its address follows, and behind the last a 0. */
2:	movzbl (%esi), %ecx
	incl %esi
	addl %ecx, %eax
	testl %ecx, %ecx
	jnz 3f
	movl (%esi), %eax
	addl $4, %esi
	testl %eax, %eax
	jz 4f
3:	addl %edi, (%eax)
	jmp 2b
4:	negl %edx
	movl %edx, %eax
	movw %dx, STUB_CS + 2(%ebp)
	movw %dx, STUB_DS + 2(%ebp)
	shrl $16, %eax
	movb %al, STUB_CS + 4(%ebp)
	movb %al, STUB_DS + 4(%ebp)
	movb %ah, STUB_CS + 7(%ebp)
	movb %ah, STUB_DS + 7(%ebp)
	movl $STUB_DS, %eax
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %eax, %ss
	movl %eax, %ds
	ljmp $STUB_CS, $5f
5:	movl $boot_stack_top, %esp
	call stub_load_idt
	movl %ebx, %eax
	call boot_setup

	/* The tables also map the image at its physical address, where this code still runs. */
	movl %cr4, %edx
	/* PAE implies large pages, but v86 wants to be told. */
	orl $X86_CR4_PSE, %edx
#ifdef CONFIG_X86_PAE
	orl $X86_CR4_PAE, %edx
#endif
	movl %edx, %cr4
	movl %eax, %cr3
	movl %cr0, %eax
	orl $(X86_CR0_PG | X86_CR0_WP | X86_CR0_MP | X86_CR0_NE), %eax
	andl $~(X86_CR0_EM | X86_CR0_TS), %eax
	movl %eax, %cr0
	lgdt flat_gdt_pointer
	ljmp $KERNEL_CS, $5f
5:	movl $KERNEL_DS, %eax
	movl %eax, %ss
	movl $boot_stack_top, %esp
	movl $USER_DS, %eax
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %gs
	movl $PERCPU_SEL, %eax
	movl %eax, %fs
	xorl %ebp, %ebp
	call boot_enter_kernel

/* Print %al on COM1 and stop. Position-independent, uses no memory. */
letter:
	movw $0x3f8, %dx
	outb %al, %dx
6:	cli
	hlt
	jmp 6b

/* Every exception of the stub comes here: all gates are copies of one. */
stub_load_idt:
	movl $stub_idt, %edi
	movl stub_idt_gate, %eax
	movl %eax, %edx
	movw $STUB_CS, %cx
	movl $32, %esi
7:	movw %ax, (%edi)
	movw %cx, 2(%edi)
	movw $0x8e00, 4(%edi)
	shrl $16, %edx
	movw %dx, 6(%edi)
	movl %eax, %edx
	addl $8, %edi
	decl %esi
	jnz 7b
	/* The IDT's address is linear: physical, as long as paging is off. */
	movl $stub_idt, %eax
	subl $__page_offset, %eax
	movl %eax, stub_idt_pointer + 2
	lidt stub_idt_pointer
	ret

stub_exception:
	movl (%esp), %eax
	movl 4(%esp), %edx
	movl %cr2, %ecx
	call boot_trap

	.section .init.data, "aw"
	.balign 8
stub_gdt:
	.quad 0
	.quad DESC_FLAT_CODE | ((-LINK_PAGE_OFFSET & 0xffffff) << 16) | ((-LINK_PAGE_OFFSET >> 24 & 0xff) << 56)
	.quad DESC_FLAT_DATA | ((-LINK_PAGE_OFFSET & 0xffffff) << 16) | ((-LINK_PAGE_OFFSET >> 24 & 0xff) << 56)
	.quad DESC_FLAT_CODE
	.quad DESC_FLAT_DATA
stub_gdt_end:
	.word 0
stub_gdt_pointer:
	.word stub_gdt_end - stub_gdt - 1
	.long PHYS(stub_gdt)
	.word 0
flat_gdt_pointer:
	.word GDT_ENTRIES * 8 - 1
	.long flat_gdt
	.balign 4
stub_idt_gate:
	.long stub_exception
stub_idt:
	.skip 32 * 8
	.word 0
stub_idt_pointer:
	.word 32 * 8 - 1
	.long 0

/* The GDT until gdt_load() in desc.c: flat, with the per-CPU data still in its template. */
	.balign 8
flat_gdt:
	.fill KERNEL_CS / 8, 8, 0
	.quad DESC_FLAT_CODE
	.quad DESC_FLAT_DATA
	.quad DESC_FLAT_CODE | DESC_DPL3
	.quad DESC_FLAT_DATA | DESC_DPL3
	.fill (PERCPU_SEL - USER_DS) / 8, 8, 0
	.quad DESC_FLAT_DATA
	.fill GDT_ENTRIES - PERCPU_SEL / 8 - 1, 8, 0

	.section .bss..page_aligned, "aw", @nobits
	.balign 4096
	.globl boot_stack, boot_stack_top
boot_stack:
	.skip 8192
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
