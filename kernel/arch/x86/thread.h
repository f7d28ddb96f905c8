/*
 * The running thread's state that is not in struct regs, for signal frames.
 */
#ifndef X86_THREAD_H
#define X86_THREAD_H

#include "arch/port.h"
#include <asm/ldt.h>

/* The FPU registers to memory; from memory (=> mxcsr has no reserved bit); as in a new program. */
void fpu_save(struct fxsave_area *area);
void fpu_load(const struct fxsave_area *area);
void fpu_reset(void);

u16 thread_read_gs(void);
void thread_write_gs(u32 selector); /* one that does not load becomes 0 */

/* struct user_desc asks for no segment; the descriptor that it asks for. */
bool desc_is_empty(const struct user_desc *d);
u64 desc_encode(const struct user_desc *d);

/* I/O ports (ioport.c): those of @t for this CPU; for a new thread; at its end. */
void ports_load(const struct arch_thread *t);
void ports_fork(struct arch_thread *child, const struct arch_thread *parent);
void ports_free(struct arch_thread *t);
/*
 * A general protection fault was cli or sti of a program that may use all ports: @regs is behind
 * it.
 */
bool ports_skip_cli(struct regs *regs);
/* It was an instruction that UMIP refuses (umip.c): it is done, or a signal is on its way. */
bool umip_emulate(struct regs *regs);

/* Hardware breakpoints (debugreg.c): those of @t for this CPU; none any more; what a #DB was. */
void debug_load(const struct arch_thread *t);
void debug_forget(struct arch_thread *t);
void debug_take_status(struct arch_thread *t, struct regs *regs, u32 status);

#endif
