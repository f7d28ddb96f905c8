/*
 * Memory comes up, in this order: what the loader left (memblock), zones with none of their struct
 * pages initialised, slab caches, the windows of the kernel. Then the layout is printed, with this
 * machine's numbers.
 *
 * After this file every allocation is an ordinary one.
 * Next: memblock.c, zone.c, buddy.c, pcplist.c, page_alloc.c, page.c, slab.c, kmalloc.c, vmalloc.c,
 * kmap_local.c, pkmap.c.
 */
#include "arch/log.h"
#include "pkmap.h"
#include "boot_memory.h"
#include "mm/inspect.h"
#include "page_wait.h"
#include "slab_cache.h"
#include "vmalloc_area.h"
#include "zone.h"

/* ---- what the machine asks for ---- */

static void *table_alloc(unsigned order)
{
	void *table = get_free_pages(GFP_KERNEL | __GFP_ZERO, order);

	if (!table)
		return NULL;
	for (unsigned i = 0; i < 1u << order; i++)
		page_set(virt_to_page(table) + i, PG_TABLE);
	return table;
}

static void table_free(void *table, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++)
		page_clear(virt_to_page(table) + i, PG_TABLE);
	put_free_pages(table, order);
}

/* ---- what is printed ---- */

#define KB(bytes) ((unsigned long)((bytes) >> 10))
#define MB(bytes) ((unsigned long)((bytes) >> 20))
#define PAGES_KB(pages) ((pages) << (PAGE_SHIFT - 10))

static void print_zones(void)
{
	struct zone *zone;

	if (max_pfn > max_low_pfn)
		pr_info("%luMB HIGHMEM available.\n",
			zones[ZONE_HIGHMEM].present >> (20 - PAGE_SHIFT));
	pr_info("%luMB LOWMEM available.\n", max_low_pfn >> (20 - PAGE_SHIFT));
	pr_info("Zone ranges:\n");
	for_each_zone(zone) {
		if (zone->start < zone->end)
			pr_info("  %-8s [mem 0x%016llx-0x%016llx]\n", zone->name,
				(unsigned long long)zone->start << PAGE_SHIFT,
				((unsigned long long)zone->end << PAGE_SHIFT) - 1);
		else
			pr_info("  %-8s empty\n", zone->name);
	}
}

static void print_memory(void)
{
	const struct kernel_windows *w = &windows;
	unsigned long present = 0;
	struct zone *zone;

	for_each_zone(zone)
		present += zone->present;
	pr_info("Memory: %luK/%luK available (%luK kernel code, %luK rwdata, %luK rodata, %luK init, %luK bss, "
		"%luK reserved, 0K cma-reserved, %luK highmem)\n",
		PAGES_KB(nr_free_pages()), PAGES_KB(present), KB(w->text_end - w->text_start),
		KB(w->data_end - w->data_start), KB(w->rodata_end - w->text_end),
		KB(w->init_end - w->init_start), KB(w->bss_end - w->bss_start),
		PAGES_KB(present - total_ram_pages()), PAGES_KB(total_high_pages()));
}

/* In the format that Linux used on i386 until 5.6. */
static void print_row(const char *name, unsigned long start, unsigned long end, bool in_mb)
{
	unsigned long size = end - start;

	pr_info("%s : 0x%08lx - 0x%08lx   (%4lu %s)\n", name, start, end,
		in_mb ? MB(size) : KB(size), in_mb ? "MB" : "kB");
}

static void print_layout(void)
{
	const struct kernel_windows *w = &windows;
	unsigned long pkmap = (unsigned long)w->pkmap_base;

	pr_info("virtual kernel memory layout:\n");
	print_row("    fixmap ", w->fixmap_start, w->fixmap_end, false);
	print_row("  cpu_entry", w->entry_start, w->entry_end, false);
	print_row("    pkmap  ", pkmap, pkmap + w->pkmap_slots * PAGE_SIZE, false);
	print_row("    vmalloc", (unsigned long)w->vmalloc_start, (unsigned long)w->vmalloc_end,
		  true);
	print_row("    lowmem ", PAGE_OFFSET, (unsigned long)w->high_memory, true);
	print_row("      .init", w->init_start, w->init_end, false);
	print_row("      .data", w->data_start, w->data_end, false);
	print_row("      .text", w->text_start, w->text_end, false);
}

/* ---- the order of things ---- */

/* The kernel's own image has struct pages from the start: the vDSO's pages go into page tables. */
static void grow_first_zone(void)
{
	struct zone *zone = &zones[ZONE_DMA];
	irqflags_t flags = spin_lock_irqsave(&zone->lock);

	zone_grow_at(zone, zone->start);
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void make_zero_page(void)
{
	zero_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!zero_page)
		panic("No memory for the zero page");
	page_set(zero_page, PG_RESERVED);
}

void mm_init(void)
{
	memblock_init();
	if (memblock_end_pfn() > boot_info.lowmem_end >> PAGE_SHIFT)
		pkmap_init();
	zones_init();
	zones_set_marks();
	print_zones();
	grow_first_zone();
	make_zero_page();
	arch_hooks.table_alloc = table_alloc;
	arch_hooks.table_free = table_free;
	page_wait_init();
	slab_init();
	vmalloc_init();
	print_memory();
	print_layout();
}
