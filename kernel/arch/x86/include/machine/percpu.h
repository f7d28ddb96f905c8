/*
 * Per-CPU data. A variable lives in the image's .data..percpu section, which is only a template:
 * each CPU has a copy, and the base of its %fs is the distance from the template to the copy, so
 * that %fs:variable is one instruction. The user's %fs is saved at kernel entry; %gs is never used.
 */
#ifndef MACHINE_PERCPU_H
#define MACHINE_PERCPU_H

#include "types.h"

#define PER_CPU_SECTION __attribute__((section(".data..percpu")))
#define DECLARE_PER_CPU(type, name) extern PER_CPU_SECTION __typeof__(type) name
#define DEFINE_PER_CPU(type, name) PER_CPU_SECTION __typeof__(type) name

struct arch_thread;

DECLARE_PER_CPU(struct arch_thread *, percpu_thread);
DECLARE_PER_CPU(unsigned, percpu_cpu_id);
DECLARE_PER_CPU(unsigned long, percpu_offset); /* this CPU's copy minus the template */
extern unsigned long percpu_offsets[CONFIG_NR_CPUS];

#define PER_CPU_SCALAR(name) \
	_Static_assert(sizeof(name) <= 4, "this_cpu_* is for scalars of up to 32 bits")

#define this_cpu_read(name) \
	({ \
		PER_CPU_SCALAR(name); \
		__typeof__(name) value_; \
		__asm__ volatile("mov %%fs:%1, %0" : "=q"(value_) : "m"(name)); \
		value_; \
	})

#define this_cpu_write(name, v) \
	do { \
		PER_CPU_SCALAR(name); \
		__typeof__(name) value_ = (v); \
		__asm__ volatile("mov %1, %%fs:%0" : "=m"(name) : "q"(value_) : "memory"); \
	} while (0)

#define this_cpu_add(name, n) \
	do { \
		PER_CPU_SCALAR(name); \
		__typeof__(name) value_ = (__typeof__(name))(n); \
		if (sizeof(name) == 4) \
			__asm__ volatile("addl %1, %%fs:%0" \
					 : "+m"(name) \
					 : "ri"(value_) \
					 : "memory", "cc"); \
		else \
			__asm__ volatile("add %1, %%fs:%0" \
					 : "+m"(name) \
					 : "q"(value_) \
					 : "memory", "cc"); \
	} while (0)

/* One element of an array. */
#define this_cpu_add_at(name, index, n) this_cpu_add((name)[index], n)
#define this_cpu_inc(name) this_cpu_add(name, 1)
#define this_cpu_dec(name) this_cpu_add(name, -1)

/* The address arithmetic leaves the template object: hide it from the compiler. */
#define percpu_shift(name, offset) \
	({ \
		unsigned long address_; \
		__asm__("" : "=r"(address_) : "0"((unsigned long)&(name))); \
		(__typeof__(&(name)))(address_ + (offset)); \
	})
#define this_cpu_ptr(name) percpu_shift(name, this_cpu_read(percpu_offset))
#define per_cpu_ptr(name, cpu) percpu_shift(name, percpu_offsets[cpu])

static inline unsigned smp_cpu_id(void)
{
	return this_cpu_read(percpu_cpu_id);
}

/*
 * The running thread. A function sees one value from beginning to end, also across a switch, so
 * that the compiler may keep it: no volatile, no memory operand.
 */
static inline struct arch_thread *current_thread(void)
{
	struct arch_thread *thread;

	__asm__("mov %%fs:%P1, %0" : "=r"(thread) : "p"(&percpu_thread));
	return thread;
}

/* Make @thread the running one of this CPU: boot only; later arch_switch_to() does it. */
void set_current_thread(struct arch_thread *thread);

#endif
