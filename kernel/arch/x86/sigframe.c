/*
 * Signal frames of the i386 ABI: what a handler finds on its stack, and what sigreturn(2) takes
 * back from there. From high to low addresses:
 *
 *   struct _fpstate_32    the FPU in the old format, then FXSAVE's 512 bytes, 64-byte aligned
 *   struct sigframe or struct rt_sigframe (SA_SIGINFO); the handler's return address is its start
 *
 * Everything that comes back is the program's to choose, and is made harmless: flags are masked,
 * selectors get ring 3, mxcsr loses its reserved bits. What the CPU refuses at iret is SIGSEGV.
 */
#include "desc.h"
#include "fpstate.h"
#include "thread.h"
#include "vdso/vdso.h"
#include "paging.h"
#include "arch/port.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <asm/processor-flags.h>
#include <asm/sigcontext.h>
#include <asm/unistd.h>
#include <linux/errno.h>

/* From <asm/signal.h>, which also has the old sigset_t that differs from the kernel's. */
#define SA_SIGINFO 0x00000004u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u

#define SIGINFO_SIZE 128
#define FXSAVE_IN_FRAME 112 /* offset of the FXSAVE image in _fpstate_32 */

struct sigframe {
	u32 return_address;
	u32 sig;
	struct sigcontext context;
	struct _fpstate_32 unused;
	u32 mask_high;
	u8 retcode[8];
};

struct rt_sigframe {
	u32 return_address;
	u32 sig;
	u32 info_address, context_address;
	u8 info[SIGINFO_SIZE];
	struct {
		u32 flags, link;
		u32 stack_sp, stack_flags, stack_size;
		struct sigcontext context;
		u64 mask;
	} uc;
	u8 retcode[8];
};

_Static_assert(sizeof(struct sigcontext) == 88, "i386 ABI");
_Static_assert(sizeof(struct _fpstate_32) == 624, "i386 ABI");
_Static_assert(offsetof(struct _fpstate_32, _fxsr_env) == FXSAVE_IN_FRAME, "i386 ABI");
_Static_assert(sizeof(struct fp_header) == FXSAVE_IN_FRAME, "i386 ABI");
_Static_assert(sizeof(struct sigframe) == 732, "i386 ABI");
_Static_assert(offsetof(struct rt_sigframe, uc) == 144 && sizeof(struct rt_sigframe) == 268,
	       "i386 ABI");

/* For debuggers that look for these bytes at the end of a frame; they are never run. */
static const u8 sigreturn_code[8] = {0x58, 0xb8, __NR_sigreturn, 0, 0, 0, 0xcd, 0x80};
static const u8 rt_sigreturn_code[8] = {0xb8, __NR_rt_sigreturn, 0, 0, 0, 0xcd, 0x80, 0};

/* ---- FPU ---- */

static int push_header(uaddr_t at, const struct fxsave_area *fx)
{
	struct fp_header header;
	size_t tail = offsetof(struct fp_header, status);

	fpu_encode_header(&header, fx);
	if (fx->twd)
		return copy_to_user(at, &header, sizeof(header)) ? -EFAULT : 0;
	if (copy_to_user(at, &header, offsetof(struct fp_header, st)))
		return -EFAULT;
	return put_user_u32(header.status | (u32)header.magic << 16, at + tail);
}

/*
 * The thread's own area is free while the registers hold the state, and a switch in between writes
 * the same there; so it serves as the source of the header.
 */
static int push_fpu(uaddr_t at)
{
	struct fxsave_area *fx = &current_thread()->fpu;

	fpu_save(fx);
	if (push_header(at, fx) || fpu_save_user(at + FXSAVE_IN_FRAME))
		return -EFAULT;
	/* FXSAVE leaves the last bytes alone: no extended state follows. */
	return put_user_u32(0, at + offsetof(struct _fpstate_32, sw_reserved));
}

/* The register stack is empty in both formats, and the control and status words agree. */
static bool headers_agree(uaddr_t at)
{
	u32 control, status, tag;
	u64 fx; /* control word, status word, tags, opcode */

	if (get_user_u32(&control, at) || get_user_u32(&status, at + 4) ||
	    get_user_u32(&tag, at + 8) || get_user_u64(&fx, at + FXSAVE_IN_FRAME))
		return false;
	return (u16)tag == 0xffff && !(fx >> 32 & 0xff) && (u32)fx == ((u16)control | status << 16);
}

static int pop_fpu(uaddr_t at)
{
	struct fp_header header;
	struct fxsave_area fx;

	if (!at) {
		fpu_reset();
		return 0;
	}
	/* Straight from the frame, if the CPU accepts it as it is. */
	if (headers_agree(at) && fpu_load_user(at + FXSAVE_IN_FRAME) == 0)
		return 0;
	if (copy_from_user(&header, at, sizeof(header)) ||
	    copy_from_user(&fx, at + FXSAVE_IN_FRAME, sizeof(fx)))
		return -EFAULT;
	fpu_save(&current_thread()->fpu);
	fpu_decode_header(&fx, &header, current_thread()->fpu.mxcsr_mask);
	fpu_load(&fx);
	return 0;
}

/* ---- registers ---- */

static void encode_context(struct sigcontext *sc, const struct regs *regs, uaddr_t fpstate,
			   u64 mask)
{
	const struct arch_thread *thread = current_thread();

	sc->gs = thread_read_gs();
	sc->fs = (u16)regs->fs;
	sc->es = (u16)regs->es;
	sc->ds = (u16)regs->ds;
	sc->__gsh = sc->__fsh = sc->__esh = sc->__dsh = sc->__csh = sc->__ssh = 0;
	sc->edi = regs->di;
	sc->esi = regs->si;
	sc->ebp = regs->bp;
	sc->esp = sc->esp_at_signal = regs->sp;
	sc->ebx = regs->bx;
	sc->edx = regs->dx;
	sc->ecx = regs->cx;
	sc->eax = regs->ax;
	sc->trapno = thread->trap_nr;
	sc->err = thread->trap_error;
	sc->cr2 = thread->trap_address;
	sc->eip = regs->ip;
	sc->cs = (u16)regs->cs;
	sc->ss = (u16)regs->ss;
	sc->eflags = regs->flags;
	sc->fpstate = (struct _fpstate *)fpstate;
	sc->oldmask = (u32)mask;
}

/* A data selector of ring 3, or none. */
static u16 user_selector(u16 selector)
{
	return selector & ~3 ? selector | 3 : 0;
}

static void decode_context(struct regs *regs, const struct sigcontext *sc)
{
	regs->di = sc->edi;
	regs->si = sc->esi;
	regs->bp = sc->ebp;
	regs->sp = sc->esp;
	regs->bx = sc->ebx;
	regs->dx = sc->edx;
	regs->cx = sc->ecx;
	regs->ax = sc->eax;
	regs->ip = sc->eip;
	regs->cs = sc->cs | 3;
	regs->ss = sc->ss | 3;
	regs->ds = user_selector(sc->ds);
	regs->es = user_selector(sc->es);
	regs->fs = user_selector(sc->fs);
	regs->flags = (regs->flags & ~USER_FLAGS) | (sc->eflags & USER_FLAGS);
	regs->orig_ax = (u32)-1;
	thread_write_gs(user_selector(sc->gs));
}

/* ---- frames ---- */

static bool on_altstack(const struct arch_sigframe *f, uaddr_t sp)
{
	return sp > f->altstack_sp && sp - f->altstack_sp <= f->altstack_size;
}

/*
 * Where the frame of @size goes, with the FPU state above it; 0: it would run over the
 * alternate stack.
 */
static uaddr_t place_frame(const struct regs *regs, const struct arch_sigframe *f, size_t size,
			   uaddr_t *fpstate)
{
	bool inside = on_altstack(f, regs->sp);
	uaddr_t sp = regs->sp;

	if ((f->flags & SA_ONSTACK) && f->altstack_size && !inside) {
		sp = f->altstack_sp + f->altstack_size;
		inside = true;
	}
	sp = ALIGN_DOWN(sp - (uaddr_t)sizeof(struct fxsave_area), 64u);
	*fpstate = sp - FXSAVE_IN_FRAME;
	/* At the handler's first instruction, sp + 4 is a multiple of 16, as behind a call. */
	sp = ALIGN_DOWN(*fpstate - (uaddr_t)size + 4, 16u) - 4;
	if (inside && f->altstack_size && !on_altstack(f, sp))
		return 0;
	return sp;
}

static u32 return_address(const struct arch_sigframe *f, u32 vdso_offset)
{
	if (f->flags & SA_RESTORER)
		return f->restorer;
	return this_cpu_read(loaded_mm)->vdso + vdso_offset;
}

static int push_old(uaddr_t at, const struct regs *regs, const struct arch_sigframe *f,
		    uaddr_t fpstate)
{
	struct {
		u32 return_address, sig;
		struct sigcontext context;
	} head;
	struct {
		u32 mask_high;
		u8 retcode[8];
	} tail;

	head.return_address = return_address(f, vdso_sigreturn_offset);
	head.sig = (u32)f->sig;
	tail.mask_high = (u32)(f->mask >> 32);
	encode_context(&head.context, regs, fpstate, f->mask);
	memcpy(tail.retcode, sigreturn_code, sizeof(tail.retcode));
	if (copy_to_user(at, &head, sizeof(head)) ||
	    copy_to_user(at + offsetof(struct sigframe, mask_high), &tail, sizeof(tail)))
		return -EFAULT;
	return 0;
}

static int push_rt(uaddr_t at, const struct regs *regs, const struct arch_sigframe *f,
		   uaddr_t fpstate)
{
	struct rt_sigframe frame;

	frame.return_address = return_address(f, vdso_rt_sigreturn_offset);
	frame.sig = (u32)f->sig;
	frame.info_address = at + offsetof(struct rt_sigframe, info);
	frame.context_address = at + offsetof(struct rt_sigframe, uc);
	memcpy(frame.info, f->info, sizeof(frame.info));
	frame.uc.flags = frame.uc.link = 0;
	frame.uc.stack_sp = f->altstack_sp;
	frame.uc.stack_size = f->altstack_size;
	frame.uc.stack_flags = f->altstack_flags;
	frame.uc.mask = f->mask;
	encode_context(&frame.uc.context, regs, fpstate, f->mask);
	memcpy(frame.retcode, rt_sigreturn_code, sizeof(frame.retcode));
	return copy_to_user(at, &frame, sizeof(frame)) ? -EFAULT : 0;
}

int arch_sigframe_push(struct regs *regs, const struct arch_sigframe *f)
{
	bool rt = f->flags & SA_SIGINFO;
	uaddr_t fpstate, at;

	at = place_frame(regs, f, rt ? sizeof(struct rt_sigframe) : sizeof(struct sigframe),
			 &fpstate);
	if (!at || push_fpu(fpstate) || (rt ? push_rt : push_old)(at, regs, f, fpstate))
		return -EFAULT;
	fpu_reset();
	regs->sp = at;
	regs->ip = f->handler;
	regs->ax = (u32)f->sig;
	regs->dx = rt ? at + offsetof(struct rt_sigframe, info) : 0;
	regs->cx = rt ? at + offsetof(struct rt_sigframe, uc) : 0;
	regs->ds = regs->es = regs->ss = USER_DS;
	regs->cs = USER_CS;
	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
	atomic_or(&current_thread()->work, WORK_ARCH_FULL_EXIT);
	return 0;
}

static int pop_context(struct regs *regs, const struct sigcontext *sc)
{
	if (pop_fpu((uaddr_t)sc->fpstate))
		return -EFAULT;
	decode_context(regs, sc);
	atomic_or(&current_thread()->work, WORK_ARCH_FULL_EXIT);
	return 0;
}

/* The trampoline's pops have moved sp: over the return address, and for the old frame over sig. */
static int pop_old(struct regs *regs, struct arch_sigframe *out)
{
	uaddr_t at = regs->sp - offsetof(struct sigframe, context);
	struct sigcontext context;
	u32 mask_high;

	if (copy_from_user(&context, at + offsetof(struct sigframe, context), sizeof(context)) ||
	    get_user_u32(&mask_high, at + offsetof(struct sigframe, mask_high)))
		return -EFAULT;
	out->mask = (u64)mask_high << 32 | context.oldmask;
	return pop_context(regs, &context);
}

static int pop_rt(struct regs *regs, struct arch_sigframe *out)
{
	uaddr_t at = regs->sp - offsetof(struct rt_sigframe, sig);
	struct rt_sigframe frame;

	if (copy_from_user(&frame.uc, at + offsetof(struct rt_sigframe, uc), sizeof(frame.uc)))
		return -EFAULT;
	out->mask = frame.uc.mask;
	out->altstack_sp = frame.uc.stack_sp;
	out->altstack_size = frame.uc.stack_size;
	out->altstack_flags = frame.uc.stack_flags;
	return pop_context(regs, &frame.uc.context);
}

int arch_sigframe_pop(struct regs *regs, bool rt, struct arch_sigframe *out)
{
	return rt ? pop_rt(regs, out) : pop_old(regs, out);
}
