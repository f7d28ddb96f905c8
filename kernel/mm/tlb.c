/*
 * Which CPU has which address space in its TLB, and how entries are removed from all of them.
 *
 * mm->cpus has the bit of every CPU that may hold entries of the mm. A CPU sets its bit before it
 * loads the page directory and clears it after it has loaded another, so whoever has changed an
 * entry and then reads the mask interrupts every CPU that may have seen the old one. A CPU that
 * runs a kernel thread keeps the last address space loaded (lazy); the first flush that reaches it
 * there makes it let go, so that it is not asked again.
 *
 * Pages that were unmapped are freed only when every CPU has forgotten them: struct tlb_gather.
 * mm_unload() makes all CPUs let go at the end of an mm: no reference is held for lazy use. Read
 * next: munmap.c.
 */
#include "virt.h"

DEFINE_PER_CPU(struct mm *, cpu_mm);

/* Beyond so many pages, loading CR3 is cheaper than one invlpg a page. */
#define FLUSH_CEILING 32u

struct flush_request {
	struct mm *mm;
	uaddr_t start, end;
};

/* ---- which address space a CPU has loaded ---- */

void mm_switch_to(struct mm *mm)
{
	struct mm *old = this_cpu_read(cpu_mm);
	unsigned cpu = smp_cpu_id();

	if (old == mm)
		return;
	if (mm)
		cpumask_set(&mm->cpus, cpu);
	this_cpu_write(cpu_mm, mm);
	arch_mm_load(mm ? &mm->arch : NULL);
	if (old)
		cpumask_unset(&old->cpus, cpu);
}

bool mm_is_remote(const struct mm *mm)
{
	unsigned self = smp_cpu_id();

	for (unsigned i = 0; i < ARRAY_SIZE(mm->cpus.bits); i++) {
		unsigned long bits = READ_ONCE(mm->cpus.bits[i]);

		if (self / (8 * sizeof(long)) == i)
			bits &= ~(1UL << self % (8 * sizeof(long)));
		if (bits)
			return true;
	}
	return false;
}

static void unload_here(void *arg)
{
	if (this_cpu_read(cpu_mm) == arg)
		mm_switch_to(NULL);
}

void mm_unload(struct mm *mm)
{
	irqflags_t flags = irq_save();

	unload_here(mm);
	irq_restore(flags);
	if (mm_is_remote(mm)) {
		cpumask_t mask = mm->cpus;

		ipi_call(&mask, unload_here, mm);
	}
}

/* ---- flush ---- */

static void flush_here(const struct flush_request *r)
{
	if ((r->end - r->start) >> PAGE_SHIFT > FLUSH_CEILING) {
		tlb_flush_user_local();
		return;
	}
	for (uaddr_t addr = r->start; addr < r->end; addr += PAGE_SIZE)
		tlb_flush_page_local(addr);
}

static void flush_ipi(void *arg)
{
	const struct flush_request *r = arg;

	if (this_cpu_read(cpu_mm) != r->mm)
		return;
	if (current->mm != r->mm)
		mm_switch_to(NULL);
	else
		flush_here(r);
}

void tlb_flush_range(struct mm *mm, uaddr_t start, uaddr_t end)
{
	struct flush_request r = {mm, start, end};

	smp_mb(); /* the entries are changed before the mask is read; see mm_switch_to() */
	if (this_cpu_read(cpu_mm) == mm)
		flush_here(&r);
	if (mm_is_remote(mm)) {
		cpumask_t mask = mm->cpus;

		vm_event_add(VM_TLB_REMOTE_FLUSH, 1);
		ipi_call(&mask, flush_ipi, &r);
	}
}

void tlb_flush_mm(struct mm *mm)
{
	tlb_flush_range(mm, 0, TASK_SIZE);
}

/* ---- gather ---- */

void tlb_gather_begin(struct tlb_gather *tlb, struct mm *mm)
{
	tlb->mm = mm;
	tlb->start = ~(uaddr_t)0;
	tlb->end = 0;
	tlb->exiting = false;
	tlb->full = false;
	tlb->nr = 0;
	tlb->max = GATHER_INLINE;
	tlb->slots = tlb->slots_inline;
	tlb->batch = NULL;
}

/* Many pages and several CPUs: an interrupt for each 30 pages is what costs. */
static void gather_grow(struct tlb_gather *tlb)
{
	tlb->batch = get_free_pages(GFP_NOWAIT | __GFP_NOWARN, 0);
	if (!tlb->batch)
		return;
	tlb->slots = tlb->batch;
	tlb->max = PAGE_SIZE / sizeof(uintptr_t);
}

void tlb_gather_flush(struct tlb_gather *tlb)
{
	if (!tlb->exiting && tlb->start < tlb->end) {
		if (tlb->full)
			tlb_flush_mm(tlb->mm);
		else
			tlb_flush_range(tlb->mm, tlb->start, tlb->end);
	}
	for (unsigned i = 0; i < tlb->nr; i++) {
		uintptr_t slot = tlb->slots[i];

		if (slot & 1)
			table_free((void *)(slot & ~(uintptr_t)1));
		else if (slot & 2)
			put_page_run((struct page *)(slot & ~(uintptr_t)2), HUGE_ORDER);
		else
			page_put((struct page *)slot);
	}
	if (tlb_gather_full(tlb) && !tlb->batch && mm_is_remote(tlb->mm))
		gather_grow(tlb);
	tlb->nr = 0;
	tlb->start = ~(uaddr_t)0;
	tlb->end = 0;
	tlb->full = false;
}

void tlb_gather_end(struct tlb_gather *tlb)
{
	tlb_gather_flush(tlb);
	if (tlb->batch)
		put_free_pages(tlb->batch, 0);
}

void tlb_gather_table(struct tlb_gather *tlb, void *table)
{
	tlb->slots[tlb->nr++] = (uintptr_t)table | 1;
	tlb->full = true;
	tlb_gather_touch(tlb, 0, TASK_SIZE);
	if (tlb_gather_full(tlb))
		tlb_gather_flush(tlb);
}
