/*
 * What the machine keeps for each task. Offsets of the first fields are known to entry.S.
 * Everything but work belongs to the thread itself, or to whoever keeps it from running.
 */
#ifndef MACHINE_THREAD_H
#define MACHINE_THREAD_H

#define THREAD_WORK 0
#define THREAD_SP 4
#define THREAD_SP0 8

/* In thread.work, the machine's own: registers were changed, leave through the full restore. */
#define WORK_ARCH_FULL_EXIT 0x80000000

/* In thread.extras: what few threads have, and only their context switches pay for. */
#define EXTRA_PORTS 1
#define EXTRA_DEBUG 2
#define DEBUG_ADDRESSES 4

#define TLS_ENTRIES 3
#define TLS_ENTRY_MIN 6 /* the first one's number in the GDT */

#ifndef __ASSEMBLER__
#include "types.h"

/* FXSAVE's memory image; also what a signal frame shows. */
struct fxsave_area {
	u16 cwd, swd, twd, fop;
	u32 fip, fcs, foo, fos;
	u32 mxcsr, mxcsr_mask;
	u8 st[8][16];
	u8 xmm[8][16];
	u8 reserved[224];
} __aligned(16);

#define NO_FPU_CPU 255

struct arch_thread {
	u32 work;               /* WORK_*; atomic */
	u32 sp;                 /* kernel stack pointer while it does not run */
	u32 sp0;                /* end of its kernel stack */
	u16 gs;                 /* the user's %gs while it does not run */
	bool user_state;        /* it has FPU state: not for pure kernel threads */
	u8 fpu_cpu;             /* CPU whose registers still hold .fpu; NO_FPU_CPU: none */
	u64 tls[TLS_ENTRIES];   /* GDT descriptors */
	unsigned pagefault_off; /* pagefault_disable() nesting */
	u32 trap_nr, trap_error,
		trap_address;    /* the last exception in user mode: signal frames show it */
	u8 extras;               /* EXTRA_* */
	u8 iopl;                 /* iopl(2): all ports if 3 */
	struct io_bitmap *ports; /* ioperm(2), or NULL */
	u32 debug_status;        /* DR6 of the last #DB, without the bits that are always set */
	u32 debug_address[DEBUG_ADDRESSES], debug_control; /* DR0-DR3 and DR7, a tracer's */
	struct fxsave_area fpu; /* its FPU and SSE registers while it does not run */
};
#endif

#endif
