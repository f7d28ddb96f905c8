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
/* Straight to user memory, 16-byte aligned: 0 or -EFAULT. */
int fpu_save_user(uaddr_t to);

u16 thread_read_gs(void);
void thread_write_gs(u32 selector); /* one that does not load becomes 0 */

#endif
