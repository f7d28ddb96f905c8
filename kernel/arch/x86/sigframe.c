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
#include "usercopy.h"
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
	u32 retcode[2];
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
		u32 mask_low, mask_high;
	} uc;
	u32 retcode[2];
};

_Static_assert(sizeof(struct sigcontext) == 88, "i386 ABI");
_Static_assert(offsetof(struct sigcontext, __gsh) == offsetof(struct sigcontext, gs) + 2,
	       "a word for each selector");
_Static_assert(sizeof(struct _fpstate_32) == 624, "i386 ABI");
_Static_assert(offsetof(struct _fpstate_32, _fxsr_env) == FXSAVE_IN_FRAME, "i386 ABI");
_Static_assert(sizeof(struct fp_header) == FXSAVE_IN_FRAME, "i386 ABI");
_Static_assert(sizeof(struct sigframe) == 732, "i386 ABI");
_Static_assert(offsetof(struct rt_sigframe, uc) == 144 && sizeof(struct rt_sigframe) == 268,
	       "i386 ABI");

/* For debuggers that look for these bytes at the end of a frame; they are never run. */
static const u32 sigreturn_code[2] = {0x0000b858 | __NR_sigreturn << 16, 0x80cd0000};
static const u32 rt_sigreturn_code[2] = {0x000000b8 | __NR_rt_sigreturn << 8, 0x0080cd00};

/* ---- FPU ---- */

/* The register stack holds something, which is rare. */
static noinline int push_full_header(uaddr_t at, const struct fxsave_area *fx)
{
	struct fp_header header;

	fpu_encode_header(&header, fx);
	return copy_to_user(at, &header, sizeof(header)) ? -EFAULT : 0;
}

/*
 * The thread's own area is free while the registers hold the state, and a switch in between writes
 * the same there; so it serves as the source of the header.
 *
 * => the range of the frame is checked
 */
static int push_fpu(struct _fpstate_32 *to)
{
	struct fxsave_area *fx = &current_thread()->fpu;

	fpu_save(fx);
	if (unlikely(fx->twd) && push_full_header((uaddr_t)to, fx))
		return -EFAULT;
	user_access_begin();
	if (likely(!fx->twd)) { /* as fpu_encode_header(), but for the registers: nobody can tell */
		user_store(fx->cwd | 0xffff0000, &to->cw, fault);
		user_store(fx->swd | 0xffff0000, &to->sw, fault);
		user_store(0xffffffff, &to->tag, fault);
		user_store(fx->fip, &to->ipoff, fault);
		user_store((fx->fcs & 0xffff) | (u32)fx->fop << 16, &to->cssel, fault);
		user_store(fx->foo, &to->dataoff, fault);
		user_store(fx->fos, &to->datasel, fault);
		user_store(fx->swd | X86_FXSR_MAGIC << 16, &to->status, fault);
	}
	fpu_store(to->_fxsr_env, fault);
	/* FXSAVE leaves the last bytes alone: no extended state follows. */
	user_store(0, &to->sw_reserved, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/*
 * Load it as it is: the register stack is empty in both formats, the control and status words
 * agree, and the CPU accepts it.
 */
static bool pop_simple(const struct _fpstate_32 *from)
{
	u32 control, status, tag, fx_words, fx_tags;
	int err = 0;

	user_access_begin();
	user_load(control, &from->cw, err);
	user_load(status, &from->sw, err);
	user_load(tag, &from->tag, err);
	user_load(fx_words, &from->_fxsr_env[0], err);
	user_load(fx_tags, &from->_fxsr_env[1], err);
	if ((u16)tag != 0xffff || (u8)fx_tags || fx_words != ((u16)control | status << 16))
		err = -EFAULT;
	if (!err)
		fpu_restore(from->_fxsr_env, err);
	user_access_end();
	return !err;
}

static noinline int pop_converted(uaddr_t at)
{
	struct fp_header header;
	struct fxsave_area fx;

	if (copy_from_user(&header, at, sizeof(header)) ||
	    copy_from_user(&fx, at + FXSAVE_IN_FRAME, sizeof(fx)))
		return -EFAULT;
	fpu_save(&current_thread()->fpu);
	fpu_decode_header(&fx, &header, current_thread()->fpu.mxcsr_mask);
	fpu_load(&fx);
	return 0;
}

static int pop_fpu(uaddr_t at)
{
	if (!at) {
		fpu_reset();
		return 0;
	}
	if (likely(user_range_ok(at, sizeof(struct _fpstate_32)) &&
		   pop_simple((const struct _fpstate_32 *)at)))
		return 0;
	return pop_converted(at);
}

/* ---- registers ---- */

/* => between user_access_begin() and _end(). 0 or -EFAULT */
static __always_inline int push_context(struct sigcontext *sc, const struct regs *regs,
					uaddr_t fpstate, u32 mask)
{
	const struct arch_thread *thread = current_thread();

	user_store(thread_read_gs(), &sc->gs, fault); /* with the half word above it */
	user_store((u16)regs->fs, &sc->fs, fault);
	user_store((u16)regs->es, &sc->es, fault);
	user_store((u16)regs->ds, &sc->ds, fault);
	user_store(regs->di, &sc->edi, fault);
	user_store(regs->si, &sc->esi, fault);
	user_store(regs->bp, &sc->ebp, fault);
	user_store(regs->sp, &sc->esp, fault);
	user_store(regs->bx, &sc->ebx, fault);
	user_store(regs->dx, &sc->edx, fault);
	user_store(regs->cx, &sc->ecx, fault);
	user_store(regs->ax, &sc->eax, fault);
	user_store(thread->trap_nr, &sc->trapno, fault);
	user_store(thread->trap_error, &sc->err, fault);
	user_store(regs->ip, &sc->eip, fault);
	user_store((u16)regs->cs, &sc->cs, fault);
	user_store(regs->flags, &sc->eflags, fault);
	user_store(regs->sp, &sc->esp_at_signal, fault);
	user_store((u16)regs->ss, &sc->ss, fault);
	user_store(fpstate, &sc->fpstate, fault);
	user_store(mask, &sc->oldmask, fault);
	user_store(thread->trap_address, &sc->cr2, fault);
	return 0;
fault:
	return -EFAULT;
}

/* A data selector of ring 3, or none. */
static u16 user_selector(u16 selector)
{
	return selector & ~3 ? selector | 3 : 0;
}

/*
 * Straight into the registers. When a part cannot be read, the thread gets SIGSEGV and others may have
 * changed already, as those of its interrupted code are lost anyway; but not sp, on which that
 * signal's frame goes. => the range is checked; between user_access_begin() and _end(). 0 or -EFAULT
 */
static __always_inline int pull_context(struct regs *regs, const struct sigcontext *sc)
{
	u32 gs, fs, es, ds, cs, ss, flags;
	int err = 0;

	user_load(gs, &sc->gs, err);
	user_load(fs, &sc->fs, err);
	user_load(es, &sc->es, err);
	user_load(ds, &sc->ds, err);
	regs->fs = user_selector((u16)fs);
	regs->es = user_selector((u16)es);
	regs->ds = user_selector((u16)ds);
	user_load(regs->di, &sc->edi, err);
	user_load(regs->si, &sc->esi, err);
	user_load(regs->bp, &sc->ebp, err);
	user_load(regs->bx, &sc->ebx, err);
	user_load(regs->dx, &sc->edx, err);
	user_load(regs->cx, &sc->ecx, err);
	user_load(regs->ax, &sc->eax, err);
	user_load(regs->ip, &sc->eip, err);
	user_load(cs, &sc->cs, err);
	user_load(ss, &sc->ss, err);
	user_load(flags, &sc->eflags, err);
	regs->cs = (u16)cs | 3;
	regs->ss = (u16)ss | 3;
	regs->flags = (regs->flags & ~USER_FLAGS) | (flags & USER_FLAGS);
	regs->orig_ax = (u32)-1;
	thread_write_gs(user_selector((u16)gs));
	if (!err)
		user_load(regs->sp, &sc->esp, err);
	return err;
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

/* => the range of the frame is checked, here and below */
static int push_old(struct sigframe *to, const struct regs *regs, const struct arch_sigframe *f,
		    uaddr_t fpstate)
{
	user_access_begin();
	user_store(return_address(f, vdso_sigreturn_offset), &to->return_address, fault);
	user_store(f->sig, &to->sig, fault);
	if (unlikely(push_context(&to->context, regs, fpstate, (u32)f->mask)))
		goto fault;
	user_store(f->mask >> 32, &to->mask_high, fault);
	user_store(sigreturn_code[0], &to->retcode[0], fault);
	user_store(sigreturn_code[1], &to->retcode[1], fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

static int push_rt(struct rt_sigframe *to, const struct regs *regs, const struct arch_sigframe *f,
		   uaddr_t fpstate)
{
	if (copy_to_user((uaddr_t)to->info, f->info, sizeof(to->info)))
		return -EFAULT;
	user_access_begin();
	user_store(return_address(f, vdso_rt_sigreturn_offset), &to->return_address, fault);
	user_store(f->sig, &to->sig, fault);
	user_store(to->info, &to->info_address, fault);
	user_store(&to->uc, &to->context_address, fault);
	user_store(0, &to->uc.flags, fault);
	user_store(0, &to->uc.link, fault);
	user_store(f->altstack_sp, &to->uc.stack_sp, fault);
	user_store(f->altstack_flags, &to->uc.stack_flags, fault);
	user_store(f->altstack_size, &to->uc.stack_size, fault);
	if (unlikely(push_context(&to->uc.context, regs, fpstate, (u32)f->mask)))
		goto fault;
	user_store(f->mask, &to->uc.mask_low, fault);
	user_store(f->mask >> 32, &to->uc.mask_high, fault);
	user_store(rt_sigreturn_code[0], &to->retcode[0], fault);
	user_store(rt_sigreturn_code[1], &to->retcode[1], fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

static int push_frame(uaddr_t at, const struct regs *regs, const struct arch_sigframe *f,
		      uaddr_t fpstate)
{
	if (unlikely(!user_range_ok(at, fpstate + sizeof(struct _fpstate_32) - at)) ||
	    push_fpu((struct _fpstate_32 *)fpstate))
		return -EFAULT;
	return f->flags & SA_SIGINFO ? push_rt((struct rt_sigframe *)at, regs, f, fpstate)
				     : push_old((struct sigframe *)at, regs, f, fpstate);
}

int arch_sigframe_push(struct regs *regs, const struct arch_sigframe *f)
{
	bool rt = f->flags & SA_SIGINFO;
	uaddr_t fpstate, at;

	at = place_frame(regs, f, rt ? sizeof(struct rt_sigframe) : sizeof(struct sigframe),
			 &fpstate);
	if (!at || push_frame(at, regs, f, fpstate))
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

/* => the range of the frame is checked */
static int pop_context(struct regs *regs, const struct sigcontext *from, uaddr_t fpstate)
{
	int err;

	if (pop_fpu(fpstate))
		return -EFAULT;
	user_access_begin();
	err = pull_context(regs, from);
	user_access_end();
	atomic_or(&current_thread()->work, WORK_ARCH_FULL_EXIT);
	return err;
}

/* The trampoline's pops have moved sp: over the return address, and for the old frame over sig. */
static int pop_old(struct regs *regs, struct arch_sigframe *out)
{
	uaddr_t at = regs->sp - offsetof(struct sigframe, context);
	const struct sigframe *from = (const struct sigframe *)at;
	u32 fpstate, mask_low, mask_high;
	int err = 0;

	if (!user_range_ok(at, sizeof(*from)))
		return -EFAULT;
	user_access_begin();
	user_load(fpstate, &from->context.fpstate, err);
	user_load(mask_low, &from->context.oldmask, err);
	user_load(mask_high, &from->mask_high, err);
	user_access_end();
	out->mask = (u64)mask_high << 32 | mask_low;
	return err ? err : pop_context(regs, &from->context, fpstate);
}

static int pop_rt(struct regs *regs, struct arch_sigframe *out)
{
	uaddr_t at = regs->sp - offsetof(struct rt_sigframe, sig);
	const struct rt_sigframe *from = (const struct rt_sigframe *)at;
	u32 fpstate, mask_low, mask_high;
	int err = 0;

	if (!user_range_ok(at, sizeof(*from)))
		return -EFAULT;
	user_access_begin();
	user_load(fpstate, &from->uc.context.fpstate, err);
	user_load(mask_low, &from->uc.mask_low, err);
	user_load(mask_high, &from->uc.mask_high, err);
	user_load(out->altstack_sp, &from->uc.stack_sp, err);
	user_load(out->altstack_size, &from->uc.stack_size, err);
	user_load(out->altstack_flags, &from->uc.stack_flags, err);
	user_access_end();
	out->mask = (u64)mask_high << 32 | mask_low;
	return err ? err : pop_context(regs, &from->uc.context, fpstate);
}

int arch_sigframe_pop(struct regs *regs, bool rt, struct arch_sigframe *out)
{
	return rt ? pop_rt(regs, out) : pop_old(regs, out);
}
