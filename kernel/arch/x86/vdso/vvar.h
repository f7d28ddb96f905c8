/*
 * The page that kernel and vDSO share: how to turn the TSC into time. The kernel writes it, under
 * a sequence count that is odd meanwhile; user space reads it.
 */
#ifndef X86_VVAR_H
#define X86_VVAR_H

#include <stdint.h>

struct vvar_data {
	volatile uint32_t seq;
	uint32_t mult; /* 0: the clock does not run yet */
	uint8_t shift;
	uint64_t base_cycles, base_ns;
	uint64_t
		realtime_offset; /* CLOCK_REALTIME minus CLOCK_MONOTONIC; 0: not known, ask the kernel */
};

static inline uint64_t vvar_rdtsc(void)
{
	uint64_t tsc;

	__asm__ volatile("rdtsc" : "=A"(tsc)::"memory");
	return tsc;
}

/* cycles * mult >> shift, without losing the bits above 64. */
static inline uint64_t vvar_scale(uint64_t cycles, uint32_t mult, uint8_t shift)
{
	uint64_t low = (uint64_t)(uint32_t)cycles * mult;
	uint64_t high = (cycles >> 32) * mult;

	return (low >> shift) + (high << (32 - shift));
}

static inline uint64_t vvar_clock_ns(const struct vvar_data *v)
{
	uint64_t ns;
	uint32_t seq;

	do {
		seq = v->seq & ~1u;
		__asm__ volatile("" ::: "memory");
		ns = v->base_ns;
		if (v->mult)
			ns += vvar_scale(vvar_rdtsc() - v->base_cycles, v->mult, v->shift);
		__asm__ volatile("" ::: "memory");
	} while (v->seq != seq);
	return ns;
}

#endif
