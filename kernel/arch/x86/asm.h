/*
 * What entry.S and uaccess.S share.
 */
#ifndef X86_ASM_H
#define X86_ASM_H

/* offsetof(struct arch_mm, vdso_landing); paging.c checks it. */
#ifdef CONFIG_X86_PAE
#define ARCH_MM_VDSO_LANDING 36
#else
#define ARCH_MM_VDSO_LANDING 8
#endif

#ifdef __ASSEMBLER__
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
