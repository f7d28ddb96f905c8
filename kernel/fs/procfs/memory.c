/*
 * The files of /proc that show memory as a whole, in Linux's formats: meminfo, zoneinfo, buddyinfo,
 * pagetypeinfo, vmallocinfo, slabinfo, iomem, swaps, kpageflags, kpagecount. The numbers come from
 * mm/inspect.h; nothing is counted here.
 */
#include "procfs.h"
#include "mm/inspect.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include "lib/ksym.h"
#include "lib/printf.h"
#include "lib/string.h"

#define ORDERS MAX_ORDER
#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static void line(struct seq_file *m, const char *name, unsigned long kb)
{
	seq_printf(m, "%-16s%8lu kB\n", name, kb);
}

static void zeros(struct seq_file *m, const char *const *names)
{
	for (; *names; names++)
		line(m, *names, 0);
}

static void count_lists(unsigned long *inactive, unsigned long *active, struct mm_pinned *pinned)
{
	unsigned long i, a;

	*inactive = *active = 0;
	*pinned = (struct mm_pinned){0};
	for (unsigned zone = 0; zone < INSPECT_ZONES; zone++) {
		mm_lru_counts(zone, &i, &a);
		mm_pinned_counts(zone, pinned);
		*inactive += i;
		*active += a;
	}
}

static int show_meminfo(struct seq_file *m, void *v)
{
	unsigned long slab = KB(inspect_slab_pages()); /* once: the two lines agree */
	static const char *const huge[] = {
		"ShmemHugePages:", "ShmemPmdMapped:", "FileHugePages:", "FilePmdMapped:", NULL};
	unsigned long total = total_ram_pages(), high = total_high_pages();
	unsigned long free_pages_now = nr_free_pages(), high_free = nr_free_high_pages();
	unsigned long cache = total_cache_pages(), shmem = total_shmem_pages(),
		      anon = total_anon_pages();
	unsigned long anon_listed, shmem_listed;
	struct mm_pinned pinned;
	unsigned long small, large, inactive, active;

	(void)v;
	arch_direct_map_kb(&small, &large);
	count_lists(&inactive, &active, &pinned);
	anon_listed = anon - MIN(anon, pinned.anon);
	shmem_listed = shmem - MIN(shmem, pinned.shmem);
	line(m, "MemTotal:", KB(total));
	line(m, "MemFree:", KB(free_pages_now));
	line(m, "MemAvailable:", KB(nr_available_pages()));
	line(m, "Buffers:", 0);
	line(m, "Cached:", KB(cache));
	line(m, "SwapCached:", 0);
	line(m, "Active:", KB(anon_listed + active));
	line(m, "Inactive:", KB(shmem_listed + inactive));
	line(m, "Active(anon):", KB(anon_listed));
	line(m, "Inactive(anon):", KB(shmem_listed));
	line(m, "Active(file):", KB(active));
	line(m, "Inactive(file):", KB(inactive));
	line(m, "Unevictable:", KB(mm_pinned_all(&pinned)));
	line(m, "Mlocked:", KB(pinned.mlocked));
	line(m, "HighTotal:", KB(high));
	line(m, "HighFree:", KB(high_free));
	line(m, "LowTotal:", KB(total - high));
	line(m, "LowFree:", KB(free_pages_now - MIN(high_free, free_pages_now)));
	line(m, "SwapTotal:", 0);
	line(m, "SwapFree:", 0);
	line(m, "Zswap:", 0);
	line(m, "Zswapped:", 0);
	line(m, "Dirty:", 0);
	line(m, "Writeback:", 0);
	line(m, "AnonPages:", KB(anon));
	line(m, "Mapped:", KB(total_mapped_pages()));
	line(m, "Shmem:", KB(shmem));
	line(m, "KReclaimable:", 0);
	line(m, "Slab:", slab);
	line(m, "SReclaimable:", 0);
	line(m, "SUnreclaim:", slab);
	line(m, "KernelStack:", KB(inspect_stack_pages()));
	line(m, "PageTables:", total_pt_bytes() >> 10);
	line(m, "SecPageTables:", 0);
	line(m, "NFS_Unstable:", 0);
	line(m, "Bounce:", 0);
	line(m, "WritebackTmp:", 0);
	line(m, "CommitLimit:", KB(vm_commit_limit_pages()));
	line(m, "Committed_AS:", KB(vm_committed_pages()));
	line(m, "VmallocTotal:", KB(inspect_vmalloc_total()));
	line(m, "VmallocUsed:", KB(inspect_vmalloc_used()));
	line(m, "VmallocChunk:", 0);
	line(m, "Percpu:", arch_percpu_bytes() >> 10);
	line(m, "HardwareCorrupted:", 0);
	line(m, "AnonHugePages:", KB(total_anon_huge_pages()));
	zeros(m, huge);
	seq_puts(
		m,
		"HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	line(m, "Hugepagesize:", PMD_SIZE >> 10);
	line(m, "Hugetlb:", 0);
	line(m, "DirectMap4k:", small);
	line(m, PMD_SIZE == 0x200000 ? "DirectMap2M:" : "DirectMap4M:", large);
	return 0;
}

/* ---- zones ---- */

static void show_pagesets(struct seq_file *m, unsigned n, const struct inspect_zone *z)
{
	seq_puts(m, "  pagesets\n");
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		seq_printf(m, "    cpu: %u\n", cpu);
		seq_printf(m, "              count: %lu\n", inspect_zone_pcp(n, cpu));
		seq_printf(m, "              high:  %u\n", z->pcp_high);
		seq_printf(m, "              batch: %u\n", z->pcp_batch);
		seq_puts(m, "  vm stats threshold: 0\n");
	}
}

static void show_zone(struct seq_file *m, unsigned n, const struct inspect_zone *z, bool first)
{
	seq_printf(m, "Node 0, zone %8s", z->name);
	if (first) {
		seq_putc(m, '\n');
		proc_show_node_stats(m);
		seq_printf(m, "  pages free     %lu\n", z->free);
	} else {
		seq_printf(m, "\n  pages free     %lu\n", z->free);
	}
	seq_puts(m, "        boost    0\n");
	seq_printf(m, "        min      %lu\n        low      %lu\n        high     %lu\n", z->min,
		   z->low, z->high);
	seq_printf(
		m,
		"        spanned  %lu\n        present  %lu\n        managed  %lu\n        cma      0\n",
		z->spanned, z->present, z->managed);
	seq_printf(m, "        protection: (%lu, %lu, %lu, %lu)\n", z->protection[0],
		   z->protection[1], z->protection[2], z->protection[2]);
	if (!z->present)
		return;
	proc_show_zone_stats(m, n, z->free);
	show_pagesets(m, n, z);
	seq_puts(m, "  node_unreclaimable:  0\n");
	seq_printf(m, "  start_pfn:           %lu\n", (unsigned long)z->start_pfn);
}

static int show_zoneinfo(struct seq_file *m, void *v)
{
	static const struct inspect_zone movable = {
		.name = "Movable", .min = 32, .low = 32, .high = 32};
	struct inspect_zone z;

	(void)v;
	for (unsigned n = 0; inspect_zone(n, &z); n++)
		show_zone(m, n, &z, n == 0);
	show_zone(m, INSPECT_ZONES, &movable, false);
	return 0;
}

static int show_buddyinfo(struct seq_file *m, void *v)
{
	struct inspect_zone z;

	(void)v;
	for (unsigned n = 0; inspect_zone(n, &z); n++) {
		if (!z.present)
			continue;
		seq_printf(m, "Node 0, zone %8s ", z.name);
		for (unsigned order = 0; order < ORDERS; order++)
			seq_printf(m, "%6lu ", z.blocks[order]);
		seq_putc(m, '\n');
	}
	return 0;
}

/* The allocator does not group by mobility: every block counts as Movable, as user pages are. */
static int show_pagetypeinfo(struct seq_file *m, void *v)
{
	static const char *const types[] = {"Unmovable", "Movable", "Reclaimable", "HighAtomic",
					    "Isolate"};
	unsigned block_order = PMD_SHIFT - PAGE_SHIFT;
	struct inspect_zone z;

	(void)v;
	seq_printf(m, "Page block order: %u\nPages per block:  %u\n\n", block_order,
		   1u << block_order);
	seq_puts(m, "Free pages count per migrate type at order  ");
	for (unsigned order = 0; order < ORDERS; order++)
		seq_printf(m, "%6u ", order);
	seq_putc(m, '\n');
	for (unsigned n = 0; inspect_zone(n, &z); n++) {
		for (unsigned type = 0; z.present && type < ARRAY_SIZE(types); type++) {
			seq_printf(m, "Node %4d, zone %8s, type %12s ", 0, z.name, types[type]);
			for (unsigned order = 0; order < ORDERS; order++)
				seq_printf(m, "%6lu ", type == 1 ? z.blocks[order] : 0);
			seq_putc(m, '\n');
		}
	}
	seq_puts(m, "\nNumber of blocks type  ");
	for (unsigned type = 0; type < ARRAY_SIZE(types); type++)
		seq_printf(m, "%12s ", types[type]);
	seq_putc(m, '\n');
	for (unsigned n = 0; inspect_zone(n, &z); n++) {
		if (!z.present)
			continue;
		seq_printf(m, "Node %d, zone %8s ", 0, z.name);
		for (unsigned type = 0; type < ARRAY_SIZE(types); type++)
			seq_printf(m, "%12lu ",
				   type == 1 ? DIV_ROUND_UP(z.spanned, 1ul << block_order) : 0);
		seq_putc(m, '\n');
	}
	return 0;
}

/* ---- the kernel's windows and objects ---- */

/* The position is the address behind the area shown last. */
static void *vmalloc_start(struct seq_file *m, loff_t *pos)
{
	struct inspect_vmalloc *area = m->private;

	return *pos <= ~0u && inspect_vmalloc((unsigned long)*pos, area) ? area : NULL;
}

static void *vmalloc_next(struct seq_file *m, void *v, loff_t *pos)
{
	const struct inspect_vmalloc *area = v;

	*pos = (loff_t)area->start + area->size;
	return vmalloc_start(m, pos);
}

static void stop_nothing(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
}

/* "task_alloc+0x1e4/0x290" */
static void show_caller(struct seq_file *m, const void *caller)
{
	char buffer[KSYM_NAME_SIZE];
	unsigned long offset, size;
	const char *name = ksym_find(buffer, (unsigned long)caller, &offset, &size);

	if (name)
		seq_printf(m, " %s+0x%lx/0x%lx", name, offset, size);
	else if (caller)
		seq_printf(m, " 0x%08lx", (unsigned long)caller);
}

static int vmalloc_show(struct seq_file *m, void *v)
{
	const struct inspect_vmalloc *area = v;

	seq_printf(m, "0x%08lx-0x%08lx %7lu", area->start, area->start + area->size, area->size);
	show_caller(m, area->caller);
	if (area->pages)
		seq_printf(m, " pages=%lu", area->pages);
	if (area->phys)
		seq_printf(m, " phys=0x%016llx", (unsigned long long)area->phys);
	if (area->kind & INSPECT_IOREMAP)
		seq_puts(m, " ioremap");
	if (area->kind & INSPECT_VMALLOC)
		seq_puts(m, " vmalloc");
	if (area->kind & INSPECT_VMAP)
		seq_puts(m, " vmap");
	if (area->kind & INSPECT_UNPURGED)
		seq_puts(m, " unpurged vm_area");
	seq_putc(m, '\n');
	return 0;
}

/* The position is the number of the cache, 1 the first; 0 the heading. */
static void *slab_start(struct seq_file *m, loff_t *pos)
{
	struct inspect_slab *s = m->private;

	if (!*pos)
		return SEQ_HEADING;
	return *pos <= ~0u && inspect_slab_cache((unsigned)*pos - 1, s) ? s : NULL;
}

static void *slab_next(struct seq_file *m, void *v, loff_t *pos)
{
	(void)v;
	++*pos;
	return slab_start(m, pos);
}

static int slab_show(struct seq_file *m, void *v)
{
	const struct inspect_slab *s = v;

	if (v == SEQ_HEADING) {
		seq_puts(m, "slabinfo - version: 2.1\n");
		seq_puts(
			m,
			"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>");
		seq_puts(
			m,
			" : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
		return 0;
	}
	seq_printf(m, "%-17s %6lu %6lu %6u %4u %4u", s->name, s->active_objects, s->objects,
		   s->object_size, s->objects_per_slab, s->pages_per_slab);
	seq_printf(m, " : tunables %4u %4u %4u : slabdata %6lu %6lu %6lu\n", 0, 0, 0,
		   s->active_slabs, s->slabs, 0ul);
	return 0;
}

static const struct seq_operations vmalloc_seq = {
	.start = vmalloc_start, .next = vmalloc_next, .stop = stop_nothing, .show = vmalloc_show};
static const struct seq_operations slab_seq = {
	.start = slab_start, .next = slab_next, .stop = stop_nothing, .show = slab_show};

/* A file whose iterator keeps @size bytes. */
static int open_iterator(struct file *file, const struct seq_operations *op, size_t size)
{
	void *state = kmalloc(size, GFP_KERNEL);
	int err = state ? seq_open(file, op, state) : -ENOMEM;

	if (err)
		kfree(state);
	return err;
}

static int vmallocinfo_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return open_iterator(file, &vmalloc_seq, sizeof(struct inspect_vmalloc));
}

static int slabinfo_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return open_iterator(file, &slab_seq, sizeof(struct inspect_slab));
}

static void iterator_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private;

	kfree(m->private);
	seq_release(inode, file);
}

static const struct file_operations vmallocinfo_fops = {.open = vmallocinfo_open,
							.read_iter = seq_read_iter,
							.llseek = seq_llseek,
							.release = iterator_release};
static const struct file_operations slabinfo_fops = {.open = slabinfo_open,
						     .read_iter = seq_read_iter,
						     .llseek = seq_llseek,
						     .release = iterator_release};

static int show_iomem(struct seq_file *m, void *v)
{
	struct inspect_iomem r;
	int width;

	(void)v;
	for (unsigned n = 0; inspect_iomem(n, &r); n++) {
		if (!fs_capable(
			    CAP_SYS_ADMIN)) { /* physical addresses are not everybody's business */
			seq_printf(m, "%s%08x-%08x : %s\n", r.depth ? "  " : "", 0, 0, r.name);
			continue;
		}
		width = r.end > 0x100000000ull ? 9 : 8;
		seq_printf(m, "%s%0*llx-%0*llx : %s\n", r.depth ? "  " : "",
			   width == 9 && r.start > 0xffffffffull ? 9 : 8,
			   (unsigned long long)r.start, width, (unsigned long long)(r.end - 1),
			   r.name);
	}
	return 0;
}

static int show_swaps(struct seq_file *m, void *v)
{
	(void)v;
	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* ---- one word a frame: kpageflags, kpagecount ---- */

static ssize_t read_frames(struct iov_iter *to, loff_t *pos, u64 (*get)(pfn_t pfn))
{
	u64 words[64];
	ssize_t total = 0;

	if ((*pos & 7) || (to->count & 7))
		return -EINVAL;
	while (to->count && (u64)*pos / 8 < max_pfn) {
		pfn_t pfn = (pfn_t)(*pos / 8);
		size_t n = MIN(to->count / 8, (size_t)64);

		n = MIN(n, (size_t)(max_pfn - pfn));
		for (size_t i = 0; i < n; i++)
			words[i] = get(pfn + i);
		if (copy_to_iter(words, n * 8, to) != n * 8)
			return total ? total : -EFAULT;
		*pos += (loff_t)n * 8;
		total += (ssize_t)n * 8;
		cond_resched();
	}
	return total;
}

static ssize_t kpageflags_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	(void)file;
	return read_frames(to, pos, inspect_kpageflags);
}

static ssize_t kpagecount_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	(void)file;
	return read_frames(to, pos, inspect_kpagecount);
}

static const struct file_operations kpageflags_fops = {.read_iter = kpageflags_read,
						       .llseek = generic_llseek};
static const struct file_operations kpagecount_fops = {.read_iter = kpagecount_read,
						       .llseek = generic_llseek};

void proc_register_memory(void)
{
	proc_register("meminfo", 0444, show_meminfo, NULL);
	proc_register("zoneinfo", 0444, show_zoneinfo, NULL);
	proc_register("buddyinfo", 0444, show_buddyinfo, NULL);
	proc_register("pagetypeinfo", 0400, show_pagetypeinfo, NULL);
	proc_register_ops("vmallocinfo", 0400, &vmallocinfo_fops, NULL);
	proc_register_ops("slabinfo", 0400, &slabinfo_fops, NULL);
	proc_register("iomem", 0444, show_iomem, NULL);
	proc_register("swaps", 0444, show_swaps, NULL);
	proc_register("vmstat", 0444, proc_show_vmstat, NULL);
	proc_register_ops("kpageflags", 0400, &kpageflags_fops, NULL);
	proc_register_ops("kpagecount", 0400, &kpagecount_fops, NULL);
}
