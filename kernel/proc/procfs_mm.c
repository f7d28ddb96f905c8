/*
 * What /proc/PID shows of an address space: maps, smaps, statm, cmdline, environ, auxv, exe, mem,
 * pagemap. mm/inspect_virt.h has the numbers; formats as Linux prints them on i386.
 */
#include "proc/procfs.h"
#include "mm/inspect_virt.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>

/* ---- maps ---- */

#define NAME_COLUMN 49

static void show_area(struct seq_file *m, const struct inspect_area *a)
{
	const struct inode *inode = a->file ? a->file->inode : NULL;
	kdev_t dev = inode ? inode->sb->dev : a->ino ? MKDEV(0, 1) : 0;

	seq_printf(m, "%08x-%08x %c%c%c%c %08llx %02x:%02x %llu ", a->start, a->end,
		   a->flags & VM_READ ? 'r' : '-', a->flags & VM_WRITE ? 'w' : '-',
		   a->flags & VM_EXEC ? 'x' : '-', a->flags & VM_MAYSHARE ? 's' : 'p',
		   inspect_area_offset(a), (unsigned)MAJOR(dev), (unsigned)MINOR(dev),
		   inode ? inode->ino : a->ino);
	if (a->file) {
		seq_pad(m, NAME_COLUMN);
		seq_path(m, &a->file->path, "\n");
	} else if (a->name[0]) {
		seq_pad(m, NAME_COLUMN);
		seq_puts(m, a->name);
	}
	seq_putc(m, '\n');
}

/* Call @fn for each area of @t. A process without memory (zombie, kernel thread) shows nothing. */
static int for_each_area(struct seq_file *m, struct task *t,
			 void (*fn)(struct seq_file *m, struct mm *mm, struct inspect_area *a,
				    void *arg),
			 void *arg)
{
	struct mm *mm = task_mm_get(t);
	struct inspect_area area;
	uaddr_t at = 0;

	if (!mm)
		return 0;
	while (inspect_area(mm, at, &area)) {
		fn(m, mm, &area, arg);
		if (area.file)
			fput(area.file);
		at = area.end;
		cond_resched();
	}
	mm_put(mm);
	return 0;
}

static void maps_area(struct seq_file *m, struct mm *mm, struct inspect_area *a, void *arg)
{
	(void)mm;
	(void)arg;
	show_area(m, a);
}

int procfs_maps(struct seq_file *m, struct task *t)
{
	return for_each_area(m, t, maps_area, NULL);
}

/* ---- smaps ---- */

static void show_kb(struct seq_file *m, const char *name, u64 bytes)
{
	seq_printf(m, "%-16s%8llu kB\n", name, bytes >> 10);
}

static void show_usage(struct seq_file *m, const struct inspect_usage *u)
{
	static const char *const none[] = {"LazyFree:",      "AnonHugePages:",  "ShmemPmdMapped:",
					   "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};

	show_kb(m, "Rss:", u->rss);
	show_kb(m, "Pss:", u->pss);
	show_kb(m, "Pss_Dirty:", u->pss_dirty);
	show_kb(m, "Shared_Clean:", u->shared_clean);
	show_kb(m, "Shared_Dirty:", u->shared_dirty);
	show_kb(m, "Private_Clean:", u->private_clean);
	show_kb(m, "Private_Dirty:", u->private_dirty);
	show_kb(m, "Referenced:", u->referenced);
	show_kb(m, "Anonymous:", u->anonymous);
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		show_kb(m, none[i], 0);
	show_kb(m, "Swap:", u->swap);
	show_kb(m, "SwapPss:", u->swap);
	show_kb(m, "Locked:", u->locked);
}

static void smaps_area(struct seq_file *m, struct mm *mm, struct inspect_area *a, void *arg)
{
	struct inspect_usage usage = {0};
	char flags[128];

	(void)arg;
	inspect_usage(mm, a->start, a->end, &usage);
	show_area(m, a);
	show_kb(m, "Size:", a->end - a->start);
	show_kb(m, "KernelPageSize:", PAGE_SIZE);
	show_kb(m, "MMUPageSize:", PAGE_SIZE);
	show_usage(m, &usage);
	inspect_vm_flags(a->flags, flags, sizeof(flags));
	seq_printf(m, "THPeligible:    0\nVmFlags: %s\n", flags);
}

int procfs_smaps(struct seq_file *m, struct task *t)
{
	return for_each_area(m, t, smaps_area, NULL);
}

struct rollup {
	struct inspect_usage usage;
	uaddr_t start, end;
};

static void rollup_area(struct seq_file *m, struct mm *mm, struct inspect_area *a, void *arg)
{
	struct rollup *r = arg;

	(void)m;
	if (!r->end)
		r->start = a->start;
	r->end = a->end;
	inspect_usage(mm, a->start, a->end, &r->usage);
}

int procfs_smaps_rollup(struct seq_file *m, struct task *t)
{
	struct rollup r = {0};

	for_each_area(m, t, rollup_area, &r);
	if (!r.end)
		return -ESRCH;
	seq_printf(m, "%08x-%08x ---p 00000000 00:00 0 ", r.start, r.end);
	seq_pad(m, NAME_COLUMN);
	seq_puts(m, "[rollup]\n");
	show_usage(m, &r.usage);
	return 0;
}

/* ---- statm ---- */

int procfs_statm(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	struct inspect_sizes s = {0};

	if (mm) {
		inspect_sizes(mm, &s);
		mm_put(mm);
	}
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", s.total, s.rss, s.shared, s.text, s.data);
	return 0;
}

/* ---- strings of the program ---- */

/* Copy [start, end) of the process's memory to the file, as far as it is there. */
static int show_memory(struct seq_file *m, struct mm *mm, uaddr_t start, uaddr_t end)
{
	char *page = (char *)get_free_pages(GFP_KERNEL, 0);
	size_t n, got;

	if (!page)
		return -ENOMEM;
	for (; start < end; start += got) {
		n = MIN((size_t)(end - start), (size_t)PAGE_SIZE);
		got = mm_access(mm, start, page, n, false);
		seq_write(m, page, got);
		if (got < n)
			break;
	}
	put_free_pages(page, 0);
	return 0;
}

/*
 * A program that has written over the end of its arguments has made a title of them, up to a NUL
 * in the environment.
 */
static uaddr_t title_end(struct mm *mm)
{
	uaddr_t at = mm->arg_end;
	char c = 0;

	if (at <= mm->arg_start || mm_access(mm, at - 1, &c, 1, false) != 1 || !c)
		return mm->arg_end;
	for (; at < mm->env_end && mm_access(mm, at, &c, 1, false) == 1 && c; at++)
		;
	return at;
}

int procfs_cmdline(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	int err = 0;

	if (!mm)
		return 0;
	if (mm->env_end) /* else exec is not that far */
		err = show_memory(m, mm, mm->arg_start, title_end(mm));
	mm_put(mm);
	return err;
}

int procfs_environ(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	int err;

	if (!mm)
		return 0;
	err = show_memory(m, mm, mm->env_start, mm->env_end);
	mm_put(mm);
	return err;
}

int procfs_auxv(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	unsigned n = 0;

	if (!mm)
		return 0;
	while (n + 2 < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n])
		n += 2;
	seq_write(m, mm->saved_auxv, (n + 2) * sizeof(u32));
	mm_put(mm);
	return 0;
}

int procfs_exe(struct task *t, int number, struct path *out)
{
	struct mm *mm = task_mm_get(t);
	struct file *file = mm ? mm_exe_file(mm) : NULL;

	(void)number;
	if (mm)
		mm_put(mm);
	if (!file)
		return -ENOENT;
	*out = file->path;
	path_get(out);
	fput(file);
	return 0;
}

/*
 * ---- mem and pagemap: the descriptor belongs to the address space that was there when it was
 * opened ----
 */

static int mm_open(struct inode *inode, struct file *file)
{
	struct task *t = proc_task_get(inode);
	struct mm *mm;
	int err = 0;

	if (!t)
		return -ESRCH;
	if (!task_may_access(t)) {
		err = -EACCES;
	} else {
		mm = task_mm_get(t);
		if (mm) {
			mm_grab(mm);
			mm_put(mm);
		}
		file->private = mm;
	}
	task_put(t);
	return err;
}

static void mm_release_file(struct inode *inode, struct file *file)
{
	(void)inode;
	if (file->private)
		mm_drop(file->private);
}

/* The areas, if they still exist. */
static struct mm *file_mm_get(struct file *file)
{
	struct mm *mm = file->private;

	return mm && mm_get_unless_zero(mm) ? mm : NULL;
}

static ssize_t copy_memory(struct mm *mm, struct iov_iter *it, loff_t *pos, bool write)
{
	char *page = (char *)get_free_pages(GFP_KERNEL, 0);
	ssize_t done = 0;
	size_t n, moved;

	if (!page)
		return -ENOMEM;
	while (it->count && (u64)*pos < TASK_SIZE) {
		n = MIN(it->count, (size_t)PAGE_SIZE);
		if (write && copy_from_iter(page, n, it) != n) {
			done = done ? done : -EFAULT;
			break;
		}
		moved = mm_access(mm, (uaddr_t)*pos, page, n, write);
		if (!write && moved && copy_to_iter(page, moved, it) != moved) {
			done = done ? done : -EFAULT;
			break;
		}
		done += (ssize_t)moved;
		*pos += (loff_t)moved;
		if (moved < n || fatal_signal_pending(current))
			break;
	}
	put_free_pages(page, 0);
	return done;
}

static ssize_t mem_transfer(struct file *file, struct iov_iter *it, loff_t *pos, bool write)
{
	struct mm *mm = file_mm_get(file);
	size_t wanted = it->count;
	ssize_t done;

	if (!mm)
		return 0;
	done = copy_memory(mm, it, pos, write);
	mm_put(mm);
	return !done && wanted ? -EIO : done;
}

static ssize_t mem_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return mem_transfer(file, to, pos, false);
}

static ssize_t mem_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return mem_transfer(file, from, pos, true);
}

static loff_t mem_llseek(struct file *file, loff_t off, int whence)
{
	if (whence == 1) /* SEEK_CUR */
		off += file->pos;
	else if (whence != 0)
		return -EINVAL;
	file->pos = off;
	return off;
}

const struct file_operations procfs_mem_fops = {
	.open = mm_open,
	.read_iter = mem_read,
	.write_iter = mem_write,
	.llseek = mem_llseek,
	.release = mm_release_file,
};

#define PAGEMAP_CHUNK 64u
#define PAGEMAP_PFN ((1ULL << 55) - 1)

static ssize_t pagemap_chunk(struct mm *mm, struct iov_iter *to, u64 index, unsigned n)
{
	u64 words[PAGEMAP_CHUNK];

	inspect_pagemap(mm, (uaddr_t)(index << PAGE_SHIFT), n, words);
	if (!capable(CAP_SYS_ADMIN))
		for (unsigned i = 0; i < n; i++)
			words[i] &= ~PAGEMAP_PFN;
	return copy_to_iter(words, n * 8, to) == n * 8 ? (ssize_t)(n * 8) : -EFAULT;
}

static ssize_t pagemap_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	u64 end = TASK_SIZE >> PAGE_SHIFT, index = (u64)*pos / 8;
	struct mm *mm;
	ssize_t done = 0, n = 0;

	if ((*pos & 7) || (to->count & 7))
		return -EINVAL;
	mm = file_mm_get(file);
	if (!mm)
		return 0;
	while (to->count && index < end) {
		n = pagemap_chunk(
			mm, to, index,
			(unsigned)MIN((u64)MIN(to->count / 8, PAGEMAP_CHUNK), end - index));
		if (n < 0)
			break;
		done += n;
		index += (u64)n / 8;
	}
	mm_put(mm);
	*pos += done;
	return done ? done : n;
}

const struct file_operations procfs_pagemap_fops = {
	.open = mm_open,
	.read_iter = pagemap_read,
	.llseek = mem_llseek,
	.release = mm_release_file,
};
