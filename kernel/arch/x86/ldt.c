/*
 * Local descriptor tables: segments of a process's own, by modify_ldt(2).
 *
 * A table is up to 16 pages, taken as its entries are set, and belongs to the address space. A CPU
 * that has the address space loaded also has the pages mapped, read-only, in its own LDT window
 * (layout.h), and LDTR says how far it goes; a CPU with another one has nothing there. Invariant:
 * loaded_ldt is the table of loaded_mm.
 *
 * Every entry is a segment of ring 3, so nothing in a table reaches the kernel, not even half an
 * entry that another CPU is just writing. Bases and limits are no wall: paging is.
 *
 * A stack segment of 16 bits needs care on the way out to the program (entry.S, espfix): threads
 * with a table have WORK_ARCH_LDT, so that others pay nothing for it.
 *
 * Locks: the caller's mmap_lock guards tables; what interrupts read (loaded_ldt) is this CPU's.
 */
#include "ldt.h"
#include "desc.h"
#include "paging.h"
#include "thread.h"
#include "traps.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include <asm/ldt.h>
#include <linux/errno.h>

#define ENTRIES_PER_PAGE (PAGE_SIZE / LDT_ENTRY_SIZE)
#define LDT_PAGES (LDT_ENTRIES / ENTRIES_PER_PAGE)
#define ACCESS_LDT 0x82 /* present, system, LDT */

struct ldt {
	u32 entries; /* how many LDTR shows: up to the highest that was ever set */
	u64 *pages[LDT_PAGES];
};

_Static_assert(LDT_PAGES *PAGE_SIZE == LDT_WINDOW_SIZE, "layout.h");

DEFINE_PER_CPU(struct ldt *, loaded_ldt);

/* ---- tables ---- */

static struct ldt *ldt_alloc(void)
{
	_Static_assert(sizeof(struct ldt) <= PAGE_SIZE, "a page each");
	return arch_hooks.table_alloc(0);
}

void ldt_free(struct ldt *ldt)
{
	if (!ldt)
		return;
	for (unsigned i = 0; i < LDT_PAGES; i++)
		if (ldt->pages[i])
			arch_hooks.table_free(ldt->pages[i], 0);
	arch_hooks.table_free(ldt, 0);
}

int arch_mm_fork(struct arch_mm *am, const struct arch_mm *old)
{
	struct ldt *ldt;

	if (likely(!old->ldt))
		return 0;
	ldt = ldt_alloc();
	if (!ldt)
		return -ENOMEM;
	am->ldt = ldt; /* arch_mm_destroy() takes it, whole or not */
	ldt->entries = old->ldt->entries;
	for (unsigned i = 0; i < LDT_PAGES; i++) {
		if (!old->ldt->pages[i])
			continue;
		ldt->pages[i] = arch_hooks.table_alloc(0);
		if (!ldt->pages[i])
			return -ENOMEM;
		memcpy(ldt->pages[i], old->ldt->pages[i], PAGE_SIZE);
	}
	return 0;
}

/* ---- this CPU's window ---- */

static unsigned long window_of(unsigned cpu_id)
{
	return LDT_AREA_BASE + cpu_id * LDT_WINDOW_SIZE;
}

static void map_window(unsigned long va, const void *page)
{
	pte_t *pte = kernel_pte((void *)va), old = *pte;

	if (page)
		set_pte(pte, pfn_pte((pfn_t)(lowmem_paddr(page) >> PAGE_SHIFT), PGPROT_KERNEL_RO));
	else
		set_pte(pte, (pte_t){0});
	if (pte_present(old))
		tlb_flush_page_local(va);
}

/* => interrupts off */
void ldt_load(struct ldt *ldt)
{
	unsigned cpu_id = smp_cpu_id();
	unsigned long window = window_of(cpu_id);

	for (unsigned i = 0; i < LDT_PAGES; i++)
		map_window(window + i * PAGE_SIZE, ldt ? ldt->pages[i] : NULL);
	this_cpu_write(loaded_ldt, ldt);
	if (ldt)
		entry_area_of(cpu_id)->gdt[LDT_SEL / 8] =
			segment_descriptor(window, ldt->entries * LDT_ENTRY_SIZE - 1, ACCESS_LDT);
	__asm__ volatile("lldt %w0" ::"r"(ldt ? LDT_SEL : 0));
}

static void reload(void *arg)
{
	struct arch_mm *am = arg;
	irqflags_t flags = irq_save();

	if (this_cpu_read(loaded_mm) == am) {
		ldt_load(am->ldt);
		if (current_thread()->user_state)
			atomic_or(&current_thread()->work, WORK_ARCH_LDT);
	}
	irq_restore(flags);
}

/* The table has grown: every CPU that uses it must see so, before the caller goes on. */
static void reload_everywhere(struct arch_mm *am)
{
	cpumask_t all = {{0}};

	for (unsigned cpu_id = 0; cpu_id < nr_cpus; cpu_id++)
		all.bits[cpu_id / (8 * sizeof(long))] |= 1ul << cpu_id % (8 * sizeof(long));
	ipi_call(&all, reload, am);
	reload(am);
}

/* ---- modify_ldt(2) ---- */

/* The pages up to entry @n. Those before it may be asked for by the CPU, so they are there too. */
static int grow(struct ldt *ldt, unsigned n)
{
	for (unsigned i = 0; i <= n / ENTRIES_PER_PAGE; i++) {
		if (ldt->pages[i])
			continue;
		ldt->pages[i] = arch_hooks.table_alloc(0);
		if (!ldt->pages[i])
			return -ENOMEM;
	}
	return 0;
}

static u64 encode(const struct user_desc *d, bool old_mode)
{
	struct user_desc desc = *d;

	if ((old_mode && !d->base_addr && !d->limit) || desc_is_empty(d))
		return 0;
	if (old_mode)
		desc.useable = 0;
	return desc_encode(&desc);
}

int arch_ldt_write(struct arch_mm *am, const void *desc, bool old_mode)
{
	const struct user_desc *d = desc;
	unsigned n = d->entry_number;
	struct ldt *ldt = am->ldt;

	if (n >= LDT_ENTRIES)
		return -EINVAL;
	/* Conforming code: only as a value that cannot be loaded. */
	if (d->contents == 3 && (old_mode || !d->seg_not_present))
		return -EINVAL;
	if (!ldt) {
		ldt = ldt_alloc();
		if (!ldt)
			return -ENOMEM;
	}
	if (grow(ldt, n)) {
		if (!am->ldt)
			ldt_free(ldt);
		return -ENOMEM;
	}
	atomic_set(&ldt->pages[n / ENTRIES_PER_PAGE][n % ENTRIES_PER_PAGE], encode(d, old_mode));
	if (n < ldt->entries)
		return 0;
	ldt->entries = n + 1;
	am->ldt = ldt;
	reload_everywhere(am);
	return 0;
}

bool arch_ldt_read(const struct arch_mm *am, unsigned offset, void *buf, unsigned n)
{
	const struct ldt *ldt = am->ldt;
	unsigned end = ldt ? ldt->entries * LDT_ENTRY_SIZE : 0;

	memset(buf, 0, n);
	for (unsigned done = 0, piece; done < n && offset + done < end; done += piece) {
		unsigned at = offset + done;

		piece = MIN(MIN(n - done, end - at), PAGE_SIZE - at % PAGE_SIZE);
		memcpy((char *)buf + done, (char *)ldt->pages[at / PAGE_SIZE] + at % PAGE_SIZE,
		       piece);
	}
	return ldt;
}
