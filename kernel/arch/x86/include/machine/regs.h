/*
 * The registers of an interrupted context, as entry.S pushes them. entry.S has the same order in
 * its REGS_* offsets (machine/regs.h is the only definition; build-time checks in entry_check.c).
 *
 * cx and dx come first and bx..bp together, because a system call that changed no register restores
 * only the former. A context that was in the kernel has no sp and ss: the CPU did not push them.
 * %gs is not here: the kernel never changes it, the context switch keeps it (arch_thread.gs).
 */
#ifndef MACHINE_REGS_H
#define MACHINE_REGS_H

#define REGS_CX 0
#define REGS_DX 4
#define REGS_BX 8
#define REGS_SI 12
#define REGS_DI 16
#define REGS_BP 20
#define REGS_AX 24
#define REGS_DS 28
#define REGS_ES 32
#define REGS_FS 36
#define REGS_ORIG_AX 40
#define REGS_IP 44
#define REGS_CS 48
#define REGS_FLAGS 52
#define REGS_SP 56
#define REGS_SS 60
#define REGS_SIZE 64

#ifndef __ASSEMBLER__
#include "types.h"

struct regs {
	u32 cx, dx, bx, si, di, bp, ax;
	u32 ds, es, fs; /* selectors: the upper halves are not defined */
	u32 orig_ax;    /* the system-call number; -1: not in a system call */
	u32 ip, cs, flags;
	u32 sp, ss; /* only if user_mode() */
};

static inline bool user_mode(const struct regs *regs)
{
	return regs->cs & 3;
}

static inline unsigned long regs_ip(const struct regs *regs)
{
	return regs->ip;
}

static inline void regs_set_ip(struct regs *regs, unsigned long ip)
{
	regs->ip = (u32)ip;
}

static inline unsigned long regs_sp(const struct regs *regs)
{
	return user_mode(regs) ? regs->sp : (unsigned long)&regs->sp;
}

static inline long regs_syscall_nr(const struct regs *regs)
{
	return (long)regs->orig_ax;
}

static inline unsigned long regs_arg(const struct regs *regs, unsigned n)
{
	switch (n) {
	case 0: return regs->bx;
	case 1: return regs->cx;
	case 2: return regs->dx;
	case 3: return regs->si;
	case 4: return regs->di;
	default: return regs->bp;
	}
}

static inline long regs_result(const struct regs *regs)
{
	return (long)regs->ax;
}

static inline void regs_set_result(struct regs *regs, long result)
{
	regs->ax = (u32)result;
}

/* Both gates, int $0x80 and the landing point behind sysenter, are two bytes long. */
static inline void regs_restart_syscall(struct regs *regs)
{
	regs->ax = regs->orig_ax;
	regs->ip -= 2;
}
#endif

#endif
