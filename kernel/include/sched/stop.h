/* Stopping the world, for work that must see the whole machine between two steps of everybody. */
#ifndef SCHED_STOP_H
#define SCHED_STOP_H

/*
 * Call @fn(@arg) with interrupts off on one CPU, while every other CPU waits with interrupts off:
 * no task is inside a stretch that does not sleep, so nobody holds a spinlock. Who sleeps may hold
 * a sleeping lock. @fn must not sleep, allocate, or ask other CPUs for anything. 0 or -ENOMEM. For
 * rare, long looks at everything (mm/selfcheck.c). Sleeps.
 */
int stop_machine(void (*fn)(void *arg), void *arg);

#endif
