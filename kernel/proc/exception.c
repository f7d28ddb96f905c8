/*
 * CPU exceptions in user mode become signals: which, with what si_code and si_addr, as Linux on
 * i386 does it. Page faults are not here: mm/ decides them, and comes through mm_send_fault_signal.
 */
#include "proc/internal.h"

#define DR_STEP 0x4000u  /* DR6: single step */
#define DR_TRAPS 0x000fu /* DR6: a debug register matched */

struct exception {
	u8 sig;
	s8 code;          /* 0: SI_KERNEL without an address */
	bool has_address; /* si_addr is the instruction */
};

static const struct exception exceptions[32] = {
	[0] = {SIGFPE, FPE_INTDIV, true},   /* divide error */
	[3] = {SIGTRAP, 0, false},          /* int3 */
	[4] = {SIGSEGV, 0, false},          /* into */
	[5] = {SIGSEGV, 0, false},          /* bound */
	[6] = {SIGILL, ILL_ILLOPN, true},   /* invalid opcode */
	[9] = {SIGFPE, 0, false},           /* coprocessor segment overrun */
	[10] = {SIGSEGV, 0, false},         /* invalid TSS */
	[11] = {SIGBUS, 0, false},          /* segment not present */
	[12] = {SIGBUS, 0, false},          /* stack segment */
	[13] = {SIGSEGV, 0, false},         /* general protection */
	[17] = {SIGBUS, BUS_ADRALN, false}, /* alignment check */
};

static int debug_code(void)
{
	u32 status = current->thread.debug_status;

	if (status & DR_STEP)
		return TRAP_TRACE;
	return status & DR_TRAPS ? TRAP_HWBKPT : TRAP_BRKPT;
}

/*
 * The first unmasked floating-point exception: @status and @mask have invalid, denormal, zero
 * divide, overflow, underflow, precision.
 */
static int float_code(u32 status, u32 mask)
{
	u32 raised = status & ~mask & 0x3f;

	if (raised & 0x01)
		return FPE_FLTINV;
	if (raised & 0x04)
		return FPE_FLTDIV;
	if (raised & 0x08)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND;
	return raised & 0x20 ? FPE_FLTRES : 0;
}

void user_exception(struct regs *regs, unsigned vector, unsigned error)
{
	const struct fxsave_area *fpu = &current->thread.fpu;
	const struct exception *e;
	uaddr_t ip = (uaddr_t)regs_ip(regs);

	(void)error;
	switch (vector) {
	case 32: force_signal(SIGILL, ILL_BADSTK, 0); return; /* what iret was to load is refused */
	case 1: force_signal(SIGTRAP, debug_code(), ip); return;
	case 16: force_signal(SIGFPE, float_code(fpu->swd, fpu->cwd), ip); return;
	case 19: force_signal(SIGFPE, float_code(fpu->mxcsr, fpu->mxcsr >> 7), ip); return;
	}
	e = &exceptions[vector & 31];
	if (!e->sig)
		force_signal(SIGSEGV, SI_KERNEL, 0);
	else
		force_signal(e->sig, e->code ? e->code : SI_KERNEL, e->has_address ? ip : 0);
}
