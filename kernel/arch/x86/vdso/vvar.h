/*
 * The page that kernel and vDSO share: how to turn the TSC into time. The kernel writes it, under
 * a sequence count that is odd meanwhile; user space reads it.
 */
#ifndef X86_VVAR_H
#define X86_VVAR_H

#include <stdint.h>

/*
 * The vDSO takes seconds to fit in 32 bits, which leaves a machine that sets its clock no further
 * than this, to 2079, 26 years to run. It is not told of offsets from here on.
 */
#define VVAR_REALTIME_MOST (3ull << 60)

struct vvar_data {
	volatile uint32_t seq;
	uint32_t frac,
		whole; /* ns per cycle, in 2^-32 and in ones; both 0: the clock does not run yet */
	uint64_t base_cycles, base_ns;
	uint64_t
		realtime_offset; /* CLOCK_REALTIME minus CLOCK_MONOTONIC; 0: not known, ask the kernel */
};

/*
 * In assembly, because the compiler keeps 64-bit values on the stack: this is the kernel's most
 * frequent question.
 */
static inline uint64_t vvar_scaled(const struct vvar_data *v)
{
	uint64_t ns;

	__asm__ volatile("rdtsc\n"
			 "subl %[cycles_low], %%eax\n"
			 "sbbl %[cycles_high], %%edx\n"
			 "movl %%edx, %%ecx\n"
			 "mull %[frac]\n"
			 "movl %%ecx, %%eax\n"
			 "movl %%edx, %%ecx\n"
			 "mull %[frac]\n"
			 "addl %%ecx, %%eax\n"
			 "adcl $0, %%edx\n"
			 "addl %[ns_low], %%eax\n"
			 "adcl %[ns_high], %%edx"
			 : "=&A"(ns)
			 : [cycles_low] "m"(*(const uint32_t *)&v->base_cycles),
			   [cycles_high] "m"(*((const uint32_t *)&v->base_cycles + 1)),
			   [frac] "m"(v->frac), [ns_low] "m"(*(const uint32_t *)&v->base_ns),
			   [ns_high] "m"(*((const uint32_t *)&v->base_ns + 1))
			 : "ecx", "cc", "memory");
	return ns;
}

/* The same of a TSC that was read before, whatever its frequency. */
static inline uint64_t vvar_ns_at(const struct vvar_data *v, uint64_t tsc)
{
	uint64_t cycles = tsc - v->base_cycles;

	return ((uint64_t)(uint32_t)cycles * v->frac >> 32) + (cycles >> 32) * v->frac +
	       cycles * v->whole + v->base_ns;
}

/* A TSC of 1 GHz or less. */
static __attribute__((__noinline__, __unused__)) uint64_t vvar_scaled_slow(
	const struct vvar_data *v)
{
	uint64_t tsc;

	__asm__ volatile("rdtsc" : "=A"(tsc)::"memory");
	return vvar_ns_at(v, tsc);
}

static inline uint64_t vvar_clock_ns(const struct vvar_data *v)
{
	uint64_t ns;
	uint32_t seq;

	do {
		seq = v->seq & ~1u;
		__asm__ volatile("" ::: "memory");
		ns = __builtin_expect(v->whole, 0) ? vvar_scaled_slow(v) : vvar_scaled(v);
		__asm__ volatile("" ::: "memory");
	} while (__builtin_expect(v->seq != seq, 0));
	return ns;
}

#endif
