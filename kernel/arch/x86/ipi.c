/*
 * Interrupts from one CPU to others.
 *
 * ipi_call: each caller has one request, and each CPU a set of callers whose request it has yet to
 * run. The caller waits with interrupts off, so that its request is never used twice; meanwhile it
 * serves the others' requests itself, so that CPUs which call each other do not wait for ever.
 */
#include "apic.h"
#include "lib/atomic.h"
#include "lib/string.h"

#define WORD_BITS (8 * sizeof(u32))
#define CALLER_WORDS ((CONFIG_NR_CPUS + WORD_BITS - 1) / WORD_BITS)

struct call_request {
	void (*fn)(void *arg);
	void *arg;
	u32 left; /* CPUs that have not run it yet */
};

struct caller_set {
	u32 word[CALLER_WORDS];
};

static DEFINE_PER_CPU(struct call_request, call_request);
static DEFINE_PER_CPU(struct caller_set, callers);

u8 cpu_apic_id[CONFIG_NR_CPUS];

static void send(unsigned cpu, unsigned vector)
{
	irqflags_t flags = irq_save();

	local_apic_send(cpu_apic_id[cpu], APIC_COMMAND_FIXED | vector);
	irq_restore(flags);
}

void ipi_reschedule(unsigned cpu)
{
	if (cpu < nr_cpus && cpu != smp_cpu_id() && apic_in_use())
		send(cpu, VECTOR_RESCHEDULE);
}

static void serve(unsigned caller)
{
	struct call_request *request = per_cpu_ptr(call_request, caller);

	request->fn(request->arg);
	atomic_sub(&request->left, 1);
}

void ipi_handle_calls(void)
{
	struct caller_set *set = this_cpu_ptr(callers);

	for (unsigned w = 0; w < CALLER_WORDS; w++) {
		u32 bits = atomic_read(&set->word[w]) ? atomic_xchg(&set->word[w], 0) : 0;

		for (; bits; bits &= bits - 1)
			serve(w * WORD_BITS + (unsigned)__builtin_ctz(bits));
	}
}

static bool is_member(const cpumask_t *mask, unsigned cpu)
{
	unsigned bits = 8 * sizeof(mask->bits[0]);

	return mask->bits[cpu / bits] >> (cpu % bits) & 1;
}

void ipi_call(const cpumask_t *mask, void (*fn)(void *arg), void *arg)
{
	irqflags_t flags = irq_save();
	unsigned self = smp_cpu_id();
	struct call_request *request = this_cpu_ptr(call_request);

	request->fn = fn;
	request->arg = arg;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		if (cpu == self || !is_member(mask, cpu))
			continue;
		atomic_add(&request->left, 1);
		atomic_or(&per_cpu_ptr(callers, cpu)->word[self / WORD_BITS],
			  1u << self % WORD_BITS);
		local_apic_send(cpu_apic_id[cpu], APIC_COMMAND_FIXED | VECTOR_CALL);
	}
	while (atomic_read_acquire(&request->left)) {
		ipi_handle_calls();
		cpu_relax();
	}
	irq_restore(flags);
}

struct kernel_range {
	unsigned long start, end;
};

#define FLUSH_ALL_ABOVE (32 * PAGE_SIZE)

static void flush_range(void *arg)
{
	const struct kernel_range *range = arg;

	if (range->end - range->start > FLUSH_ALL_ABOVE) {
		tlb_flush_all_local();
		return;
	}
	for (unsigned long va = range->start; va < range->end; va += PAGE_SIZE)
		tlb_flush_page_local(va);
}

void tlb_flush_kernel_range(const void *start, const void *end)
{
	struct kernel_range range = {(unsigned long)start & PAGE_MASK, (unsigned long)end};

	flush_range(&range);
	if (nr_cpus > 1) {
		cpumask_t all;

		memset(&all, 0xff, sizeof(all));
		ipi_call(&all, flush_range, &range);
	}
}
