/* Per-CPU data: an array, indexed by the CPU that the calling thread plays. */
#ifndef MACHINE_PERCPU_H
#define MACHINE_PERCPU_H

#include "types.h"

#define SIM_MAX_CPUS 8

struct arch_thread;

#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name[SIM_MAX_CPUS]
#define DEFINE_PER_CPU(type, name) __typeof__(type) name[SIM_MAX_CPUS]

/* Never inlined: the answer changes under a function that switched tasks. */
unsigned smp_cpu_id(void);
struct arch_thread *current_thread(void);
void set_current_thread(struct arch_thread *thread);

#define this_cpu_ptr(name) (&(name)[smp_cpu_id()])
#define per_cpu_ptr(name, cpu) (&(name)[cpu])
/* Relaxed atomics: other CPUs read statistics while their owner counts. */
#define this_cpu_read(name) __atomic_load_n(this_cpu_ptr(name), __ATOMIC_RELAXED)
#define this_cpu_write(name, v) __atomic_store_n(this_cpu_ptr(name), v, __ATOMIC_RELAXED)
#define this_cpu_add(name, n) ((void)__atomic_fetch_add(this_cpu_ptr(name), n, __ATOMIC_RELAXED))
#define this_cpu_add_at(name, index, n) \
	((void)__atomic_fetch_add(&(*this_cpu_ptr(name))[index], n, __ATOMIC_RELAXED))
#define this_cpu_inc(name) this_cpu_add(name, 1)
#define this_cpu_dec(name) this_cpu_add(name, -1)

#endif
