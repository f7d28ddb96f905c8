/*
 * Per-CPU areas: copies of the template .data..percpu, CPU 0's in bss, the others' from the page
 * allocator. The template itself is part of .init and is never written.
 */
#include "percpu_init.h"
#include "desc.h"
#include "lib/string.h"
#include "arch/log.h"
#include <linux/errno.h>

extern char __percpu_start[], __percpu_end[], __percpu_area0[];

DEFINE_PER_CPU(struct arch_thread *, percpu_thread);
DEFINE_PER_CPU(unsigned, percpu_cpu_id);
DEFINE_PER_CPU(unsigned long, percpu_offset);
unsigned long percpu_offsets[CONFIG_NR_CPUS];
unsigned nr_cpus = 1;

static struct arch_thread boot_thread;

static size_t percpu_size(void)
{
	return (unsigned long)__percpu_end - (unsigned long)__percpu_start;
}

static void fill_area(unsigned cpu_id, void *area)
{
	memcpy(area, __percpu_start, percpu_size());
	percpu_offsets[cpu_id] = (unsigned long)area - (unsigned long)__percpu_start;
	*per_cpu_ptr(percpu_offset, cpu_id) = percpu_offsets[cpu_id];
	*per_cpu_ptr(percpu_cpu_id, cpu_id) = cpu_id;
}

void percpu_init_boot(void)
{
	fill_area(0, __percpu_area0);
	*per_cpu_ptr(percpu_thread, 0) = &boot_thread;
}

int percpu_init_cpu(unsigned cpu_id)
{
	size_t size = percpu_size();
	unsigned order = 0;
	void *area;

	while ((PAGE_SIZE << order) < size)
		order++;
	area = arch_hooks.table_alloc(order);
	if (!area)
		return -ENOMEM;
	fill_area(cpu_id, area);
	return 0;
}

unsigned long arch_percpu_bytes(void)
{
	return nr_cpus * percpu_size();
}

void set_current_thread(struct arch_thread *thread)
{
	this_cpu_write(percpu_thread, thread);
}
