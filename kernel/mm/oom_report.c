/*
 * What the log says when memory is out: Linux's lines, which tools and people search for, and then
 * in words why there is none although so much seems free, and what would help.
 *
 * Read next: oom.c; mm_report_memory() in inspect_phys.c for failures that kill nobody.
 */
#include "lib/printf.h"
#include "mm/inspect.h"
#include "oom_private.h"
#include "virt.h"
#include "zone.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))
/* Low memory that ends where the default split ends it, and not because highmem= took the rest. */
#define SPLIT_LOW_MB 700
#define MB(pages) ((unsigned long)(pages) >> (20 - PAGE_SHIFT))

/* ---- who asked for what ---- */

static const struct {
	gfp_t bits;
	const char *name;
} gfp_names[] = {
	{GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE"},
	{GFP_HIGHUSER, "GFP_HIGHUSER"},
	{GFP_KERNEL, "GFP_KERNEL"},
	{__GFP_DMA, "GFP_DMA"},
	{__GFP_HIGH, "__GFP_HIGH"},
	{__GFP_ZERO, "__GFP_ZERO"},
	{__GFP_NOWARN, "__GFP_NOWARN"},
	{__GFP_NORETRY, "__GFP_NORETRY"},
	{__GFP_NOFAIL, "__GFP_NOFAIL"},
	{__GFP_COMP, "__GFP_COMP"},
};

static void name_gfp(gfp_t gfp, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(gfp_names); i++) {
		if ((gfp & gfp_names[i].bits) != gfp_names[i].bits)
			continue;
		n += (size_t)scnprintf(text + n, size - n, "%s%s", n ? "|" : "", gfp_names[i].name);
		gfp &= ~gfp_names[i].bits;
	}
}

static void say_who(gfp_t gfp, unsigned order)
{
	char names[120];

	name_gfp(gfp, names, sizeof(names));
	pr_warn("%s invoked oom-killer: gfp_mask=0x%x(%s), order=%u, oom_score_adj=%d\n",
		current->comm, gfp, names, order,
		current->mm ? (int)current->mm->oom_score_adj : 0);
}

/* ---- what there is ---- */

static void say_zones(gfp_t gfp)
{
	for (unsigned n = 0; n < NR_ZONES; n++) {
		struct inspect_zone z;
		unsigned long inactive, active;

		inspect_zone(n, &z);
		if (!z.present)
			continue;
		mm_lru_counts(n, &inactive, &active);
		pr_warn("%s free:%lukB min:%lukB low:%lukB high:%lukB kept back:%lukB file:%lukB present:%lukB managed:%lukB\n",
			z.name, KB(z.free), KB(z.min), KB(z.low), KB(z.high),
			KB(z.protection[gfp_zone(gfp)]), KB(inactive + active), KB(z.present),
			KB(z.managed));
	}
	pr_warn("%lu pages of processes, %lu of files, %lu of them shared memory and tmpfs\n",
		total_anon_pages(), total_cache_pages(), total_shmem_pages());
}

static void dump_task(const struct oom_candidate *c, void *unused)
{
	(void)unused;
	if (!c->mm)
		return;
	pr_warn("[%7d] %5u %5d %8lu %8lu %8u %8ld         %5d %s\n", c->pid, c->uid, c->pid,
		c->mm->total_vm, mm_rss(c->mm), c->mm->pt_bytes, (long)c->mm->swap_ents,
		c->score_adj, c->comm);
}

static void say_tasks(void)
{
	pr_warn("Tasks state (memory values in pages):\n");
	pr_warn("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n");
	oom_for_each_process(dump_task, NULL);
}

/* ---- in words ---- */

static unsigned long low_free(void)
{
	return READ_ONCE(zones[ZONE_DMA].free) + READ_ONCE(zones[ZONE_NORMAL].free);
}

static unsigned long low_managed(void)
{
	return zones[ZONE_DMA].managed + zones[ZONE_NORMAL].managed;
}

/*
 * What low memory is filled with, the kernel's own first; the rest is data of processes and files.
 */
static void say_what_fills_low_memory(void)
{
	unsigned long tables = total_pt_bytes() >> PAGE_SHIFT, slab = inspect_slab_pages();
	unsigned long stacks = inspect_stack_pages(),
		      used = low_managed() - MIN(low_managed(), low_free());
	unsigned long known = tables + slab;

	pr_warn("Low memory holds: page tables %lukB, kernel objects (slab) %lukB, everything else %lukB; "
		"besides, kernel stacks have %lukB, and struct pages took %lukB at boot.\n",
		KB(tables), KB(slab), KB(used - MIN(used, known)), KB(stacks),
		(unsigned long)(max_pfn * sizeof(struct page) >> 10));
}

static bool fills(unsigned long pages)
{
	return pages > low_managed() / 4;
}

static void say_what_helps(void)
{
	if (fills(total_pt_bytes() >> PAGE_SHIFT))
		pr_warn("Page tables fill it: fewer processes, or processes that touch fewer places far apart, help most.\n");
	else if (fills(inspect_slab_pages()))
		pr_warn("Kernel objects fill it: /proc/slabinfo says which; fewer open files, names, sockets or timers help.\n");
	if (zones[ZONE_HIGHMEM].managed > low_managed() && MB(max_low_pfn) >= SPLIT_LOW_MB)
		pr_warn("vmsplit=2G on the kernel command line doubles low memory, and takes 1 GB of addresses from each process.\n");
}

static void say_low_is_out(void)
{
	unsigned long high = nr_free_high_pages();

	if (high > zones[ZONE_HIGHMEM].mark[MARK_HIGH])
		pr_warn("Low memory is exhausted while %luMB of high memory are free: this request needs an address that is "
			"always mapped, and only the first %luMB of memory have one. User data could still be placed.\n",
			MB(high), MB(max_low_pfn));
	else if (zones[ZONE_HIGHMEM].managed)
		pr_warn("Both low and high memory are exhausted.\n");
	else
		pr_warn("Memory is exhausted; this machine has only low memory.\n");
	say_what_fills_low_memory();
	say_what_helps();
}

static void say_user_memory_is_out(void)
{
	pr_warn("User memory is exhausted: what processes hold can be neither dropped nor moved elsewhere, there is no swap.\n");
	if (low_free() > zones[ZONE_DMA].mark[MARK_HIGH] + zones[ZONE_NORMAL].mark[MARK_HIGH])
		pr_warn("%luMB of low memory are free, but kept back for the kernel (lowmem_reserve_ratio).\n",
			MB(low_free()));
	if (total_shmem_pages() > total_ram_pages() / 4)
		pr_warn("%lukB of it are files in memory (tmpfs) and shared memory: no kill frees those; delete files.\n",
			KB(total_shmem_pages()));
}

static bool block_is_missing(gfp_t gfp, unsigned order)
{
	for (int id = (int)gfp_zone(gfp); id >= 0; id--)
		if (READ_ONCE(zones[id].free) >
		    zones[id].limit[MARK_LOW][gfp_zone(gfp)] + (1ul << order))
			return true;
	return false;
}

static void say_in_words(gfp_t gfp, unsigned order)
{
	bool user = gfp & __GFP_HIGHMEM;

	pr_warn("In words: %s asked for %lukB of %s.\n", current->comm, KB(1ul << order),
		user              ? "memory for user data (any zone)"
		: gfp & __GFP_DMA ? "memory below 16MB (zone DMA)"
				  : "low memory for the kernel (zones Normal, DMA)");
	if (order && block_is_missing(gfp, order))
		pr_warn("Memory is free, but not %lukB side by side: it is in pieces (/proc/buddyinfo).\n",
			KB(1ul << order));
	else if (user)
		say_user_memory_is_out();
	else
		say_low_is_out();
}

void oom_report(gfp_t gfp, unsigned order)
{
	say_who(gfp, order);
	say_zones(gfp);
	if (sysctl_oom_dump_tasks)
		say_tasks();
	say_in_words(gfp, order);
}
