/* A simulated thread is a host thread that waits until a CPU is handed to it. */
#ifndef MACHINE_THREAD_H
#define MACHINE_THREAD_H

#include "types.h"

struct sim_host_thread;

struct arch_thread {
	u32 work; /* WORK_*; atomic */
	unsigned pagefault_off;
	struct sim_host_thread *host;
	struct regs *regs; /* what arch_thread_regs() gives: set by tests that play user code */
};

#endif
