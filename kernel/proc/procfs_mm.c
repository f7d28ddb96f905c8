/*
 * What /proc/PID tells of a program in memory: statm, cmdline, environ, auxv, coredump_filter, exe. The areas are in
 * procfs_maps.c, the pages in procfs_mem.c.
 */
#include "proc/procfs.h"
#include "lib/parse.h"
#include "mm/inspect_virt.h"
#include "mm/slab.h"

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

	if (!mm)
		return 0;
	seq_write(m, mm->saved_auxv, auxv_bytes(mm));
	mm_put(mm);
	return 0;
}

int procfs_coredump_filter(struct seq_file *m, struct task *t)
{
	struct mm *mm = task_mm_get(t);

	if (!mm)
		return 0;
	seq_printf(m, "%08x\n", (mm->flags & MMF_DUMP_ALL) >> MMF_DUMP_SHIFT);
	mm_put(mm);
	return 0;
}

int procfs_coredump_filter_write(struct task *t, char *text)
{
	struct mm *mm;
	unsigned value;
	int err = kstrtouint(strim(text), 0, &value);

	if (err)
		return err;
	mm = task_mm_get(t);
	if (!mm)
		return -ESRCH;
	err = down_write_killable(&mm->mmap_lock);
	if (!err) {
		mm->flags = (mm->flags & ~MMF_DUMP_ALL) | (value << MMF_DUMP_SHIFT & MMF_DUMP_ALL);
		up_write(&mm->mmap_lock);
	}
	mm_put(mm);
	return err;
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
