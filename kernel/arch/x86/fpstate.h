/*
 * The x87 state as <asm/sigcontext.h> and ptrace(2) show it, and the way there from FXSAVE's image.
 */
#ifndef X86_FPSTATE_H
#define X86_FPSTATE_H

#include "arch/port.h"
#include <asm/processor-flags.h>
#include <asm/sigcontext.h>

/* The flags that a program may set. */
#define USER_FLAGS \
	(X86_EFLAGS_AC | X86_EFLAGS_OF | X86_EFLAGS_DF | X86_EFLAGS_TF | X86_EFLAGS_SF | \
	 X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF | X86_EFLAGS_CF | X86_EFLAGS_RF)

/* The x87 half of _fpstate_32; without the last two fields, ptrace's struct user_fpregs_struct. */
struct fp_header {
	u32 cw, sw, tag, ipoff, cssel, dataoff, datasel;
	struct _fpreg st[8];
	u16 status, magic;
};

_Static_assert(offsetof(struct fp_header, status) == ARCH_FPREGS_SIZE, "i386 ABI");

/* With an empty register stack, the registers are left out: nobody can tell. */
void fpu_encode_header(struct fp_header *h, const struct fxsave_area *fx);
/* x87 state from the old format, over what is in the FXSAVE image; SSE state from there. */
void fpu_decode_header(struct fxsave_area *fx, const struct fp_header *h, u32 mxcsr_mask);
/* Bits that the CPU refuses to load. */
void fpu_clean_mxcsr(struct fxsave_area *fx);

#endif
