/*
 * Where the machine hands over: on CPU 0's boot stack, paging on, interrupts off, boot_info and
 * windows filled in, per-CPU data and current_thread() usable, exceptions reported.
 */
#ifndef MAIN_H
#define MAIN_H

void kernel_main(void) __attribute__((noreturn));

#endif
