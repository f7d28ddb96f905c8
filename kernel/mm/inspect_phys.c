/*
 * Looking at physical memory: zones, frames, the physical address map, and why an allocation
 * failed, in words. The other iterators of mm/inspect.h are beside what they look at: slab.c,
 * vmalloc.c, stack.c, pkmap.c.
 */
#include "mm/inspect.h"
#include "arch/log.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "boot_memory.h"
#include "mm/slab.h"
#include "reclaim.h"
#include <linux/errno.h>
#include <linux/kernel-page-flags.h>

/* ---- zones ---- */

/* Blocks that a section without struct pages will put on the lists: as buddy_add_range() cuts them.
 */
static void count_range(unsigned long *blocks, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned order = MIN(bit_lowest(start), MIN(ilog2(end - start), MAX_ORDER - 1u));
		unsigned long n = 1;

		if (order == MAX_ORDER - 1)
			n = (end - start) >> order;
		blocks[order] += n;
		start += n << order;
	}
}

static void count_ungrown(const struct zone *zone, unsigned long *blocks)
{
	pfn_t base = ALIGN_DOWN(zone->start, SECTION_PAGES);

	for (unsigned s = zone->next_section; s < zone->sections; s++) {
		pfn_t at = MAX(base + s * SECTION_PAGES, zone->start);
		pfn_t to = MIN(base + (s + 1) * SECTION_PAGES, zone->end), start, end;

		if (test_bit(s, zone->grown))
			continue;
		for (; memblock_next_free(at, to, &start, &end); at = end)
			count_range(blocks, start, end);
	}
}

bool inspect_zone(unsigned n, struct inspect_zone *out)
{
	struct zone *zone = &zones[n];
	irqflags_t flags;

	if (n >= NR_ZONES)
		return false;
	*out = (struct inspect_zone){
		.name = zone->name,
		.start_pfn = zone->start,
		.min = zone->mark[MARK_MIN],
		.low = zone->mark[MARK_LOW],
		.high = zone->mark[MARK_HIGH],
		.spanned = zone->end - zone->start,
		.present = zone->present,
		.managed = zone->managed,
		.pcp_high = 2 * zone->pcp_batch,
		.pcp_batch = zone->pcp_batch,
	};
	for (unsigned top = 0; top < NR_ZONES; top++)
		out->protection[top] = zone->reserve[top];
	flags = spin_lock_irqsave(&zone->lock);
	out->free = zone->free;
	out->ungrown = zone->ungrown;
	for (unsigned order = 0; order < MAX_ORDER; order++)
		out->blocks[order] = zone->area[order].count;
	if (zone->ungrown)
		count_ungrown(zone, out->blocks);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}

unsigned long inspect_zone_pcp(unsigned n, unsigned cpu)
{
	return n < NR_ZONES ? pcp_count(&zones[n], cpu) : 0;
}

/* ---- failures ---- */

unsigned long (*mm_table_bytes)(void);

static unsigned long to_mb(unsigned long pages)
{
	return pages >> (20 - PAGE_SHIFT);
}

static unsigned long largest_block(const struct inspect_zone *zone)
{
	for (unsigned order = MAX_ORDER; order--;)
		if (zone->blocks[order])
			return (PAGE_SIZE / 1024) << order;
	return 0;
}

static int explain_low(char *buf, size_t size)
{
	unsigned long high = nr_free_high_pages();

	if (high <= zones[ZONE_HIGHMEM].mark[MARK_HIGH])
		return 0;
	return scnprintf(
		buf, size,
		"low memory is used up while %luMB of high memory are free: this request needs an address "
		"that is always mapped, and only the first %luMB have one; more user memory would still be found",
		to_mb(high), to_mb(max_low_pfn));
}

int mm_explain(gfp_t gfp, char *buf, size_t size)
{
	unsigned long low = READ_ONCE(zones[ZONE_NORMAL].free) + READ_ONCE(zones[ZONE_DMA].free);

	if (size)
		buf[0] = '\0';
	if (!(gfp & __GFP_HIGHMEM))
		return explain_low(buf, size);
	if (low <= zones[ZONE_NORMAL].mark[MARK_HIGH] + zones[ZONE_DMA].mark[MARK_HIGH])
		return 0;
	return scnprintf(
		buf, size,
		"high memory is used up; %luMB of low memory are free but kept for the kernel (lowmem_reserve)",
		to_mb(low));
}

void mm_report_memory(gfp_t gfp, unsigned order, const char *what)
{
	char text[480], words[240];
	int len = 0;

	for (unsigned n = 0; n < NR_ZONES; n++) {
		struct inspect_zone zone;

		inspect_zone(n, &zone);
		if (zone.present)
			len += scnprintf(
				text + len, sizeof(text) - (size_t)len,
				"; %s free %luK of %luK, min %luK, kept back %luK, largest block %luK",
				zone.name, zone.free << (PAGE_SHIFT - 10),
				zone.managed << (PAGE_SHIFT - 10), zone.min << (PAGE_SHIFT - 10),
				zone.protection[gfp_zone(gfp)] << (PAGE_SHIFT - 10),
				largest_block(&zone));
	}
	mm_explain(gfp, words, sizeof(words));
	printk(KERN_WARNING
	       "%s: order %u, gfp 0x%x, slab %luK, page tables %luK, stacks %luK%s%s%s\n",
	       what, order, gfp, inspect_slab_pages() << (PAGE_SHIFT - 10),
	       (mm_table_bytes ? mm_table_bytes() : 0) >> 10,
	       inspect_stack_pages() << (PAGE_SHIFT - 10), text, words[0] ? "; " : "", words);
}

/* ---- frames ---- */

/* Linux shows flags of its own from bit 32 on, without naming them to programs. */
#define KPF_RESERVED 32
#define KPF_MLOCKED 33

static const struct {
	u8 flag, kpf;
} flag_names[] = {
	{PG_LOCKED, KPF_LOCKED},
	{PG_REFERENCED, KPF_REFERENCED},
	{PG_UPTODATE, KPF_UPTODATE},
	{PG_DIRTY, KPF_DIRTY},
	{PG_LRU, KPF_LRU},
	{PG_ACTIVE, KPF_ACTIVE},
	{PG_SLAB, KPF_SLAB},
	{PG_WRITEBACK, KPF_WRITEBACK},
	{PG_BUDDY, KPF_BUDDY},
	{PG_HEAD, KPF_COMPOUND_HEAD},
	{PG_SWAPCACHE, KPF_SWAPCACHE},
	{PG_SWAPBACKED, KPF_SWAPBACKED},
	{PG_UNEVICTABLE, KPF_UNEVICTABLE},
	{PG_TABLE, KPF_PGTABLE},
	{PG_RESERVED, KPF_RESERVED},
};

/* A page within a free block: only the first bears the flag. As it was a moment ago. */
static bool in_free_block(pfn_t pfn)
{
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		pfn_t head = ALIGN_DOWN(pfn, (pfn_t)1 << order);
		const struct page *page = pfn_to_page(head);

		if (pfn_valid(head) && page_test(page, PG_BUDDY) && page->order >= order)
			return true;
	}
	return false;
}

static u64 flags_of(const struct page *page)
{
	u64 bits = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (page_test(page, flag_names[i].flag))
			bits |= 1ull << flag_names[i].kpf;
	if (READ_ONCE(page->mapcount) >= 0)
		bits |= 1ull << KPF_MMAP;
	if (!(bits & 1ull << KPF_SLAB) && (READ_ONCE(page->mapping) & PAGE_MAPPING_ANON))
		bits |= 1ull << KPF_ANON;
	if (page_mlock_count(page))
		bits |= 1ull << KPF_MLOCKED;
	if (page == zero_page)
		bits |= 1ull << KPF_ZERO_PAGE;
	if (!page_refs(page) && in_free_block(page_to_pfn(page)))
		bits |= 1ull << KPF_BUDDY;
	return bits;
}

u64 inspect_kpageflags(pfn_t pfn)
{
	pfn_t start, end;

	if (pfn_valid(pfn))
		return flags_of(pfn_to_page(pfn));
	if (!memblock_next_ram(pfn, pfn + 1, &start, &end))
		return 1ull << KPF_NOPAGE;
	/* A section without struct pages: free, or taken at boot. */
	return memblock_next_free(pfn, pfn + 1, &start, &end) ? 1ull << KPF_BUDDY : 0;
}

u64 inspect_kpagecount(pfn_t pfn)
{
	s32 count = pfn_valid(pfn) ? READ_ONCE(pfn_to_page(pfn)->mapcount) + 1 : 0;

	return count > 0 ? (u64)count : 0;
}

/* ---- the physical address map ---- */

static const char *const type_names[] = {
	[MEM_RAM] = "System RAM",      [MEM_RESERVED] = "Reserved",
	[MEM_ACPI] = "ACPI Tables",    [MEM_NVS] = "ACPI Non-volatile Storage",
	[MEM_BAD] = "Unusable memory",
};

struct device_range {
	struct list_head node;
	paddr_t start, end;
	const char *name;
};
static LIST_HEAD(devices);
static DEFINE_SPINLOCK(devices_lock, RANK_LEAF);

int iomem_add(paddr_t start, paddr_t end, const char *name)
{
	struct device_range *range = kmalloc(sizeof(*range), GFP_KERNEL), *behind;
	struct list_head *at = &devices;
	irqflags_t flags;

	if (!range)
		return -ENOMEM;
	*range = (struct device_range){.start = start, .end = end, .name = name};
	flags = spin_lock_irqsave(&devices_lock);
	list_for_each_entry(behind, &devices, node)
		if (behind->start > start) {
			at = &behind->node;
			break;
		}
	list_add_tail(&range->node, at);
	spin_unlock_irqrestore(&devices_lock, flags);
	return 0;
}

/* The parts of the kernel image, as physical ranges, in order. */
static unsigned kernel_parts(struct inspect_iomem *part)
{
	const struct kernel_windows *w = &windows;
	struct inspect_iomem parts[] = {
		{w->text_start, w->text_end, 1, "Kernel code"},
		{w->text_end, w->rodata_end, 1, "Kernel rodata"},
		{w->data_start, w->data_end, 1, "Kernel data"},
		{w->bss_start, w->bss_end, 1, "Kernel bss"},
	};
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].end <= parts[i].start)
			continue;
		part[n] = parts[i];
		part[n].start -= PAGE_OFFSET;
		part[n++].end -= PAGE_OFFSET;
	}
	return n;
}

/* Entry @n of [what @map says, with the kernel inside], then *@n is 0 and it was found; or *@n
 * counts down. */
static bool map_entry(const struct mem_range *map, unsigned *n, struct inspect_iomem *out)
{
	struct inspect_iomem parts[4];
	unsigned count = kernel_parts(parts);

	if (!(*n)--) {
		bool known = (unsigned)map->type < ARRAY_SIZE(type_names) && type_names[map->type];

		*out = (struct inspect_iomem){map->start, map->end, 0,
					      known ? type_names[map->type] : "Reserved"};
		return true;
	}
	for (unsigned i = 0; i < count; i++)
		if (parts[i].start >= map->start && parts[i].end <= map->end && !(*n)--) {
			*out = parts[i];
			return true;
		}
	return false;
}

bool inspect_iomem(unsigned n, struct inspect_iomem *out)
{
	irqflags_t flags = spin_lock_irqsave(&devices_lock);
	struct list_head *device = devices.next;
	unsigned i = 0;
	bool found = false;

	while (!found && (i < boot_info.map_count || device != &devices)) {
		struct device_range *range = list_entry(device, struct device_range, node);
		bool from_map = device == &devices ||
				(i < boot_info.map_count && boot_info.map[i].start <= range->start);

		if (from_map) {
			found = map_entry(&boot_info.map[i++], &n, out);
		} else if (!n--) {
			bool inside = i && range->end <= boot_info.map[i - 1].end;

			*out = (struct inspect_iomem){range->start, range->end, inside,
						      range->name};
			found = true;
		} else {
			device = device->next;
		}
	}
	spin_unlock_irqrestore(&devices_lock, flags);
	return found;
}
