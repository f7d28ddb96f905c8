/*
 * The gates of the vDSO. Where the CPU has no sysenter, vdso_init() writes "int $0x80; ret" over the
 * beginning of __kernel_vsyscall. Debuggers and unwinders know the two signal trampolines by their
 * very bytes.
 */
#include "vdso.h"
#include <asm/unistd.h>

	.text
	.globl __kernel_vsyscall
	.type __kernel_vsyscall, @function
	.balign 16
__kernel_vsyscall:
	.cfi_startproc
	pushl %ecx
	.cfi_adjust_cfa_offset 4
	pushl %edx
	.cfi_adjust_cfa_offset 4
	pushl %ebp
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebp, 0
	/* The kernel finds the user's stack, and the sixth argument on it, through ebp. */
	movl %esp, %ebp
	sysenter
	/* A restarted call comes here: back by the length of one gate from where sysenter returns. */
	int $0x80
landing:
	popl %ebp
	.cfi_adjust_cfa_offset -4
	.cfi_restore ebp
	popl %edx
	.cfi_adjust_cfa_offset -4
	popl %ecx
	.cfi_adjust_cfa_offset -4
	ret
	.cfi_endproc
	.size __kernel_vsyscall, . - __kernel_vsyscall
	.if landing - __kernel_vsyscall - VSYSCALL_LANDING
	.error "VSYSCALL_LANDING is wrong"
	.endif

	.globl __kernel_sigreturn
	.type __kernel_sigreturn, @function
	.balign 16
	nop
__kernel_sigreturn:
	popl %eax
	movl $__NR_sigreturn, %eax
	int $0x80
	.size __kernel_sigreturn, . - __kernel_sigreturn

	.globl __kernel_rt_sigreturn
	.type __kernel_rt_sigreturn, @function
	.balign 16
	nop
__kernel_rt_sigreturn:
	movl $__NR_rt_sigreturn, %eax
	int $0x80
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

	.section .note.Linux, "a", @note
	.long 6, 4, 0
	.asciz "Linux"
	.balign 4
	.long 0x060100 /* the version whose system calls these are */

	.section .note.GNU-stack, "", @progbits
