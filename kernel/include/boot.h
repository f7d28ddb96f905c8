/* The boot command line and the start of PID 1: what kernel/main.c, params.c and init.c share. */
#ifndef BOOT_H
#define BOOT_H

#include "types.h"

#define ISTHMUS_VERSION "6.1.0-isthmus"
#define ISTHMUS_COMPILER __VERSION__

/*
 * Apply the words that concern the parts (quiet, loglevel=, panic=, console=, ...) and remember
 * init's share. Once, before any other CPU runs. The machine's own words (vmsplit=, highmem=,
 * vmalloc=, mem=, maxcpus=, nosmp) were read by arch/.
 */
void boot_parameters(const char *cmdline);

/* What is left for init: argv[1..] and environment, NULL-terminated, in static storage. */
struct init_parameters {
	const char *rdinit, *init, *root; /* rdinit= ("/init"), init=, root= */
	const char *argv[32];
	const char *envp[32];
	bool overflow_stack; /* provoke=stack_overflow: a defect, to see its report */
};
extern struct init_parameters init_parameters;

/* PID 1's first steps, in the kernel: unpack the initramfs, open the console, execute init. */
void init_main(void *arg);

#endif
