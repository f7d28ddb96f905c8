/*
 * FPU state, for signal frames.
 */
#ifndef X86_THREAD_H
#define X86_THREAD_H

#include "arch/port.h"

/* The running thread's state to memory; from memory (=> valid: mxcsr has no reserved bit). */
void fpu_save(struct fxsave_area *area);
void fpu_load(const struct fxsave_area *area);

#endif
