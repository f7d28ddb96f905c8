/*
 * A stopped thread's registers, for those who trace it: as <asm/ptrace-abi.h> numbers them, its FPU
 * state in both formats, and single steps.
 *
 * The thread is in the kernel and off its CPU, and stays so: everything is in memory, arch_thread
 * and the registers on its kernel stack. What a tracer writes is no more trusted than what a signal
 * frame restores: selectors of ring 3 only, and of the flags those that a program may change.
 */
#include "thread.h"
#include "fpstate.h"
#include "traps.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <asm/processor-flags.h>
#include <asm/ptrace-abi.h>
#include <linux/errno.h>

#define FLAGS_OF_USER (USER_FLAGS | X86_EFLAGS_RF)

static bool is_user_selector(u32 value)
{
	return (u16)value == 0 || (value & 3) == 3;
}

void arch_get_user_regs(struct arch_thread *t, u32 *out)
{
	const struct regs *regs = arch_thread_regs(t);

	out[EBX] = regs->bx;
	out[ECX] = regs->cx;
	out[EDX] = regs->dx;
	out[ESI] = regs->si;
	out[EDI] = regs->di;
	out[EBP] = regs->bp;
	out[EAX] = regs->ax;
	out[DS] = (u16)regs->ds;
	out[ES] = (u16)regs->es;
	out[FS] = (u16)regs->fs;
	out[GS] = t->gs;
	out[ORIG_EAX] = regs->orig_ax;
	out[EIP] = regs->ip;
	out[CS] = (u16)regs->cs;
	out[EFL] = regs->flags;
	out[UESP] = regs->sp;
	out[SS] = (u16)regs->ss;
}

int arch_set_user_regs(struct arch_thread *t, const u32 *in)
{
	struct regs *regs = arch_thread_regs(t);

	if (!is_user_selector(in[DS]) || !is_user_selector(in[ES]) || !is_user_selector(in[FS]) ||
	    !is_user_selector(in[GS]) || (in[CS] & 3) != 3 || (in[SS] & 3) != 3)
		return -EIO;
	regs->bx = in[EBX];
	regs->cx = in[ECX];
	regs->dx = in[EDX];
	regs->si = in[ESI];
	regs->di = in[EDI];
	regs->bp = in[EBP];
	regs->ax = in[EAX];
	regs->ds = (u16)in[DS];
	regs->es = (u16)in[ES];
	regs->fs = (u16)in[FS];
	t->gs = (u16)in[GS];
	regs->orig_ax = in[ORIG_EAX];
	regs->ip = in[EIP];
	regs->cs = (u16)in[CS];
	regs->flags = (regs->flags & ~FLAGS_OF_USER) | (in[EFL] & FLAGS_OF_USER);
	regs->sp = in[UESP];
	regs->ss = (u16)in[SS];
	return 0;
}

/* ---- FPU ---- */

void arch_get_fxregs(struct arch_thread *t, void *out)
{
	memcpy(out, &t->fpu, sizeof(t->fpu));
}

void arch_set_fxregs(struct arch_thread *t, const void *in)
{
	u32 mask = t->fpu.mxcsr_mask;

	memcpy(&t->fpu, in, sizeof(t->fpu));
	t->fpu.mxcsr_mask = mask;
	fpu_clean_mxcsr(&t->fpu);
	t->fpu_cpu = NO_FPU_CPU; /* what a CPU's registers may still hold is old */
}

void arch_get_fpregs(struct arch_thread *t, void *out)
{
	struct fp_header header;

	memset(&header, 0, sizeof(header));
	fpu_encode_header(&header, &t->fpu);
	memcpy(out, &header, ARCH_FPREGS_SIZE);
}

void arch_set_fpregs(struct arch_thread *t, const void *in)
{
	struct fp_header header;

	memset(&header, 0, sizeof(header));
	memcpy(&header, in, ARCH_FPREGS_SIZE);
	fpu_decode_header(&t->fpu, &header, t->fpu.mxcsr_mask);
	t->fpu_cpu = NO_FPU_CPU;
}

/* ---- single steps ---- */

void arch_single_step(struct arch_thread *t, bool on)
{
	struct regs *regs = arch_thread_regs(t);

	if (on) {
		regs->flags |= X86_EFLAGS_TF;
		return;
	}
	regs->flags &= ~X86_EFLAGS_TF;
	atomic_and(&t->work, ~WORK_ARCH_STEP);
}
