/*
 * The running thread's state that is not in struct regs, for signal frames.
 */
#ifndef X86_THREAD_H
#define X86_THREAD_H

#include "arch/port.h"

/* The FPU registers to memory; from memory (=> mxcsr has no reserved bit); as in a new program. */
void fpu_save(struct fxsave_area *area);
void fpu_load(const struct fxsave_area *area);
void fpu_reset(void);
/* Straight to and from user memory: 0 or -EFAULT, which also stands for what the CPU refuses to load (an address that
 * is not aligned, mxcsr with reserved bits). */
int fpu_save_user(uaddr_t to);
int fpu_load_user(uaddr_t from);

u16 thread_read_gs(void);
void thread_write_gs(u32 selector); /* one that does not load becomes 0 */

#endif
