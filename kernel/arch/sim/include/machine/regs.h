/* The registers of an interrupted context: only what the contract names. */
#ifndef MACHINE_REGS_H
#define MACHINE_REGS_H

#include "types.h"

struct regs {
	u32 arg[6];
	u32 nr;
	s32 result;
	u32 ip, sp;
	bool user;
};

static inline bool user_mode(const struct regs *regs)
{
	return regs->user;
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
	return regs->sp;
}
static inline long regs_syscall_nr(const struct regs *regs)
{
	return (s32)regs->nr;
}
static inline unsigned long regs_arg(const struct regs *regs, unsigned n)
{
	return regs->arg[n];
}
static inline long regs_result(const struct regs *regs)
{
	return regs->result;
}
static inline void regs_set_result(struct regs *regs, long result)
{
	regs->result = (s32)result;
}
static inline void regs_restart_syscall(struct regs *regs)
{
	regs->ip -= 2;
}

#endif
