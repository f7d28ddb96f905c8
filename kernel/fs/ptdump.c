/*
 * debugfs page_tables/{kernel,current_kernel,current_user}: the page tables, as series of equal
 * entries, in Linux's format:
 *
 *   ---[ Kernel Mapping ]---
 *   0xc0000000-0xc0100000           1M     RW                 GLB NX pte
 *
 * A line ends where protection, level or the part of the address space changes. The position in
 * the file is the address where a line begins, with the number of its part in the low bits, so the
 * file is made line by line while the tables live on: an entry that changes meanwhile is seen
 * before or after.
 *
 * `kernel` shows the tables that all processes share, `current_kernel` and `current_user` those
 * of the reader: what its CPU uses in kernel and in user mode, which is the same without
 * page-table isolation.
 *
 * Locks: mmap_lock of the reader for read, which keeps its tables; the kernel's exist since boot.
 * Read next: arch/ptdump.h
 */
#include "arch/ptdump.h"
#include "fs/debugfs.h"
#include "fs/internal.h"
#include "fs/seq_file.h"
#include "mm/mm.h"
#include "sched/task.h"

#define POS_PART 0xff     /* the part of the address space */
#define POS_HEADING 0x100 /* the line is the first of it */
#define POS_END ((loff_t)1 << 32)

struct series {
	struct table_entry entry; /* the first; all others are like it */
	unsigned long start, end; /* end 0: the end of all addresses */
	unsigned part;
	bool heading;
};

/* Whose tables a file shows. */
enum whose { KERNEL, CURRENT_KERNEL, CURRENT_USER };

struct dump {
	enum whose whose;
	struct mm *locked;
	struct series series;
};

static struct arch_mm *tables_of(const struct dump *d)
{
	return d->locked ? &d->locked->arch : arch_kernel_tables();
}

/* How far entries like the first go on. */
static void measure(const struct dump *d, struct series *s)
{
	struct arch_mm *am = tables_of(d);
	bool user = d->whose == CURRENT_USER;
	unsigned long border = arch_table_markers()[s->part + 1].start;
	struct table_entry e = arch_table_entry(am, s->start, user);

	s->entry = e;
	while (e.next && e.next < border) {
		struct table_entry following = arch_table_entry(am, e.next, user);

		if (following.level != e.level || following.prot != e.prot)
			break;
		if (!(e.next & (PMD_SIZE - 1)))
			cond_resched();
		e = following;
	}
	s->end = e.next;
}

static void *series_at(struct dump *d, loff_t pos)
{
	if (pos >= POS_END)
		return NULL;
	d->series.start = (unsigned long)pos & PAGE_MASK;
	d->series.part = (unsigned)pos & POS_PART;
	d->series.heading = pos & POS_HEADING || !d->series.start;
	measure(d, &d->series);
	return &d->series;
}

static loff_t position_after(const struct series *s)
{
	bool next_part = s->end >= arch_table_markers()[s->part + 1].start;

	if (!s->end)
		return POS_END;
	return (loff_t)(s->end | (s->part + next_part) | (next_part ? POS_HEADING : 0));
}

static void *dump_start(struct seq_file *m, loff_t *pos)
{
	struct dump *d = m->private;

	d->locked = d->whose == KERNEL ? NULL : current->mm;
	if (d->locked && down_read_killable(&d->locked->mmap_lock)) {
		d->locked = NULL;
		return ERR_PTR(-EINTR);
	}
	return series_at(d, *pos);
}

static void *dump_next(struct seq_file *m, void *v, loff_t *pos)
{
	*pos = position_after(v);
	return series_at(m->private, *pos);
}

static void dump_stop(struct seq_file *m, void *v)
{
	struct dump *d = m->private;

	(void)v;
	if (d->locked)
		up_read(&d->locked->mmap_lock);
	d->locked = NULL;
}

static int dump_show(struct seq_file *m, void *v)
{
	static const char units[] = "BKMG";
	const struct series *s = v;
	unsigned long size = s->end - s->start;
	const char *unit = units;
	char text[TABLE_TEXT_MAX];

	for (; size && !(size & 1023) && unit[1]; unit++)
		size >>= 10;
	if (s->heading)
		seq_printf(m, "---[ %s ]---\n", arch_table_markers()[s->part].name);
	arch_table_text(&s->entry, text);
	seq_printf(m, "0x%08lx-0x%08lx   %9lu%c %s\n", s->start, s->end, size, *unit, text);
	return 0;
}

static const struct seq_operations dump_seq = {
	.start = dump_start, .next = dump_next, .stop = dump_stop, .show = dump_show};

static int dump_open(struct inode *inode, struct file *file)
{
	struct dump *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	d->whose = *(const enum whose *)debugfs_data(inode);
	err = seq_open(file, &dump_seq, d);
	if (err)
		kfree(d);
	return err;
}

static void dump_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private;

	kfree(m->private);
	seq_release(inode, file);
}

static const struct file_operations dump_fops = {.open = dump_open,
						 .read_iter = seq_read_iter,
						 .llseek = seq_llseek,
						 .release = dump_release};

void __init ptdump_init(void)
{
	static enum whose kernel = KERNEL, current_kernel = CURRENT_KERNEL,
			  current_user = CURRENT_USER;

	debugfs_register("page_tables/kernel", 0400, &dump_fops, &kernel);
	debugfs_register("page_tables/current_kernel", 0400, &dump_fops, &current_kernel);
	debugfs_register("page_tables/current_user", 0400, &dump_fops, &current_user);
}
