/*
 * The vDSO: an ELF shared object that every process has mapped, with the clock page before it.
 * vdso.mk builds it and embeds it; image.S, made there, has these symbols.
 */
#ifndef X86_VDSO_H
#define X86_VDSO_H

/*
 * From __kernel_vsyscall to where a system call through sysenter comes back: behind its int $0x80.
 */
#define VSYSCALL_LANDING 9

#ifndef __ASSEMBLER__
#include "types.h"

extern char vdso_start[], vdso_end[];
extern const u32 vdso_vsyscall_offset, vdso_sigreturn_offset, vdso_rt_sigreturn_offset;

void vdso_init(void);
#endif

#endif
