/*
 * Zones: which frames each holds, how far its struct pages are initialised, and how much of it is
 * kept back.
 *
 *   DMA      below 16 MB                 what old devices reach
 *   NORMAL   the rest of low memory      always mapped: kernel objects
 *   HIGHMEM  the rest                    user memory; the kernel maps a page when it needs it
 *
 * mem_map, the array of struct pages, is as long as memory is large, and nobody touches it at boot.
 * A zone begins with all of its pages counted as free and none of its sections grown; zone_grow()
 * initialises the struct pages of one more section when the free lists cannot serve a request. So
 * booting with 64 GB costs what booting with 64 MB costs.
 *
 * Lock: zone->lock for lists, counts and growing; watermarks are written at boot and by
 * mm_free_range().
 * Next: buddy.c.
 */
#include "arch/log.h"
#include "boot_memory.h"
#include "mm/mm.h"
#include "zone.h"

struct zone zones[NR_ZONES] = {
	[ZONE_DMA] = {.name = "DMA", .lock = SPINLOCK_INIT(RANK_ZONE)},
	[ZONE_NORMAL] = {.name = "Normal", .lock = SPINLOCK_INIT(RANK_ZONE)},
	[ZONE_HIGHMEM] = {.name = "HighMem", .lock = SPINLOCK_INIT(RANK_ZONE)},
};
u8 zone_first[NR_ZONES];
struct page *mem_map;
pfn_t max_pfn, max_low_pfn;
#ifdef CONFIG_DEBUG_VM
struct page_origin *page_origins;
#endif

/* ---- growing ---- */

/* Free pages, or (with a reference that nobody drops) reserved ones: holes are as good as those. */
static void init_pages(pfn_t start, pfn_t end, bool free)
{
	u32 refs = free ? 0 : 1;
	u16 flags = free ? 0 : 1u << PG_RESERVED;

	for (struct page *page = pfn_to_page(start), *last = pfn_to_page(end); page < last;
	     page++) {
		page->refs = refs;
		page->mapcount = -1;
		page->owner = NULL;
		page->index = 0;
		page->flags = flags;
	}
}

static void section_range(const struct zone *zone, unsigned section, pfn_t *start, pfn_t *end)
{
	pfn_t first = ALIGN_DOWN(zone->start, SECTION_PAGES) + section * SECTION_PAGES;

	*start = MAX(first, zone->start);
	*end = MIN(first + SECTION_PAGES, zone->end);
}

/* Initialise the struct pages of a section: how many of its pages are free. */
static unsigned long grow_section(struct zone *zone, unsigned section)
{
	pfn_t at, end, free_start, free_end;
	unsigned long added = 0;

	section_range(zone, section, &at, &end);
	for (; memblock_next_free(at, end, &free_start, &free_end); at = free_end) {
		init_pages(at, free_start, false);
		init_pages(free_start, free_end, true);
		buddy_add_range(zone, free_start, free_end);
		added += free_end - free_start;
	}
	init_pages(at, end, false);
	zone->ungrown -= added;
	set_bit(section, zone->grown);
	return added;
}

bool zone_grow(struct zone *zone)
{
	assert_spin_held(&zone->lock);
	while (zone->ungrown) {
		unsigned section = zone->next_section++;

		if (!test_bit(section, zone->grown) && grow_section(zone, section))
			return true;
	}
	return false;
}

static unsigned section_of(const struct zone *zone, pfn_t pfn)
{
	return (unsigned)((pfn - ALIGN_DOWN(zone->start, SECTION_PAGES)) / SECTION_PAGES);
}

void zone_grow_at(struct zone *zone, pfn_t pfn)
{
	unsigned section = section_of(zone, pfn);

	assert_spin_held(&zone->lock);
	if (!test_bit(section, zone->grown))
		grow_section(zone, section);
}

bool pfn_valid(pfn_t pfn)
{
	const struct zone *zone = &zones[pfn_zone_id(pfn)];
	pfn_t start, end;

	return pfn >= zone->start && pfn < zone->end &&
	       test_bit(section_of(zone, pfn), zone->grown) &&
	       memblock_next_ram(pfn, pfn + 1, &start, &end);
}

/* ---- set-up ---- */

static unsigned long count_ram(pfn_t from, pfn_t to)
{
	unsigned long n = 0;
	pfn_t start, end;

	for (; memblock_next_ram(from, to, &start, &end); from = end)
		n += end - start;
	return n;
}

static unsigned long count_free(pfn_t from, pfn_t to)
{
	unsigned long n = 0;
	pfn_t start, end;

	for (; memblock_next_free(from, to, &start, &end); from = end)
		n += end - start;
	return n;
}

/* Linux's rule: a quarter of a thousandth of the zone, at most 64 pages, as 2^n - 1. */
static void set_pcp_sizes(struct zone *zone)
{
	unsigned long batch = MIN(zone->managed >> 10, (1ul << 20) / PAGE_SIZE) / 4;

	zone->pcp_batch = (unsigned)MAX(rounddown_pow_of_two(MAX(batch + batch / 2, 1ul)) - 1, 1ul);
}

static void zone_init(struct zone *zone, pfn_t start, pfn_t end)
{
	unsigned sections;

	zone->start = start;
	zone->end = end;
	if (start == end)
		return;
	sections = (unsigned)DIV_ROUND_UP(end - ALIGN_DOWN(start, SECTION_PAGES), SECTION_PAGES);
	zone->sections = sections;
	zone->grown = memblock_alloc(BITS_TO_LONGS(sections) * sizeof(long), sizeof(long));
	zone->present = count_ram(start, end);
}

/* => nothing is reserved any more */
static void zone_open(struct zone *zone)
{
	zone->managed = count_free(zone->start, zone->end);
	zone->free = zone->managed;
	zone->ungrown = zone->managed;
	set_pcp_sizes(zone);
}

/* mem_map must leave low memory to others: memory that it would take more than half of for is given
 * up. */
static void cap_memory(void)
{
	unsigned long most = (unsigned long)(max_low_pfn * (PAGE_SIZE / 2) / sizeof(struct page));

	if (max_pfn <= most || max_pfn == max_low_pfn)
		return;
	pr_warn("Only %luMB of memory will be used: struct pages for more do not fit in %luMB of low memory.\n",
		MAX(most, max_low_pfn) >> (20 - PAGE_SHIFT), max_low_pfn >> (20 - PAGE_SHIFT));
	max_pfn = MAX(most, max_low_pfn);
	memblock_cap(max_pfn);
}

static void choose_first_zones(void)
{
	unsigned first = ZONE_DMA;

	for (unsigned id = ZONE_DMA; id < NR_ZONES; id++) {
		if (zones[id].managed)
			first = id;
		zone_first[id] = (u8)first;
	}
}

void zones_init(void)
{
	pfn_t dma_end;

	max_pfn = memblock_end_pfn();
	max_low_pfn = MIN((pfn_t)(boot_info.lowmem_end >> PAGE_SHIFT), max_pfn);
	cap_memory();
	dma_end = MIN(max_low_pfn, (pfn_t)(ZONE_DMA_LIMIT >> PAGE_SHIFT));
	zone_init(&zones[ZONE_DMA], 1, dma_end);
	zone_init(&zones[ZONE_NORMAL], dma_end, max_low_pfn);
	zone_init(&zones[ZONE_HIGHMEM], max_low_pfn, max_pfn);
	mem_map = memblock_alloc_raw(max_pfn * sizeof(struct page), sizeof(u64));
#ifdef CONFIG_DEBUG_VM
	page_origins = memblock_alloc_raw(max_pfn * sizeof(struct page_origin), sizeof(u64));
#endif
	memblock_close();
	for (struct zone *zone = zones; zone < zones + NR_ZONES; zone++)
		zone_open(zone);
	choose_first_zones();
}

/* ---- watermarks ---- */

/* Requests that could use a higher zone leave 1/ratio of the pages above in this one; 0: nothing.
 */
unsigned sysctl_lowmem_reserve_ratio[NR_ZONES + 1] = {[ZONE_DMA] = 256, [ZONE_NORMAL] = 32};
unsigned sysctl_min_free_kbytes;
unsigned sysctl_watermark_scale_factor = 10;
static bool min_free_chosen; /* by an administrator */
static DEFINE_SPINLOCK(marks_lock, RANK_LEAF);

static unsigned long square_root(unsigned long v)
{
	unsigned long root = 0;

	for (unsigned long bit = 1ul << 16; bit; bit >>= 1)
		if ((root + bit) <= v / (root + bit))
			root += bit;
	return root;
}

/* min_free_kbytes: sqrt(16 x low memory in kB), 128 kB .. 256 MB. */
static unsigned min_free_kbytes(unsigned long low_pages)
{
	unsigned long kb = square_root(low_pages * (PAGE_SIZE / 1024) * 16);

	return (unsigned)MIN(MAX(kb, 128ul), 262144ul);
}

static void set_marks(struct zone *zone, unsigned long min_free, unsigned long low_pages)
{
	unsigned long share = (unsigned long)((u64)min_free * zone->managed / MAX(low_pages, 1ul));
	unsigned long scaled =
		(unsigned long)((u64)zone->managed * sysctl_watermark_scale_factor / 10000);
	unsigned long distance = MAX(share / 4, scaled);

	if (zone == &zones[ZONE_HIGHMEM])
		share = MIN(MAX(zone->managed / 1024, 32ul), 128ul);
	zone->mark[MARK_MIN] = share;
	zone->mark[MARK_LOW] = share + distance;
	zone->mark[MARK_HIGH] = share + 2 * distance;
}

static void set_reserve(unsigned id)
{
	unsigned long above = 0, ratio = sysctl_lowmem_reserve_ratio[id];

	for (unsigned top = id + 1; top < NR_ZONES; top++) {
		above += zones[top].managed;
		zones[id].reserve[top] = ratio ? above / ratio : 0;
	}
}

void zones_set_marks(void)
{
	unsigned long low_pages = zones[ZONE_DMA].managed + zones[ZONE_NORMAL].managed;
	unsigned long min_free;

	spin_lock(&marks_lock);
	if (!min_free_chosen)
		sysctl_min_free_kbytes = min_free_kbytes(low_pages);
	min_free = sysctl_min_free_kbytes / (PAGE_SIZE / 1024);
	for (unsigned id = 0; id < NR_ZONES; id++) {
		struct zone *zone = &zones[id];

		set_marks(zone, min_free, low_pages);
		set_reserve(id);
		for (unsigned mark = 0; mark < NR_MARKS; mark++)
			for (unsigned top = 0; top < NR_ZONES; top++)
				zone->limit[mark][top] = zone->mark[mark] + zone->reserve[top];
	}
	spin_unlock(&marks_lock);
}

void zones_min_free_changed(void)
{
	min_free_chosen = true;
	zones_set_marks();
}
