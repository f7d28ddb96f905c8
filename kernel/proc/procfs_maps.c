/*
 * /proc/PID/{maps,smaps,smaps_rollup}: the areas of an address space, line by line. proc(5)
 *
 * An open file belongs to the address space that the process had at open: who was allowed then may
 * read on, and after an execve() or the end of the process it reads as empty. The position in the
 * file is an address, so the areas may change between two reads: each is seen as it was before or
 * after. A bufferful is made under mmap_lock, held for read: its first area is searched for, the
 * others follow. mm/inspect_virt.h has the numbers.
 *
 * Locks: the seq_file's own, then mmap_lock.
 */
#include "proc/procfs.h"
#include "mm/inspect_virt.h"
#include "mm/slab.h"

struct maps_file {
	struct mm *mm;    /* its structure is held; NULL: a process without memory */
	struct path root; /* of the reader; between start() and stop() */
};

/* Behind the last area: no address of one. */
#define MAPS_END (-1)

/* ---- the iterator ---- */

static void *maps_at(struct vma *vma, loff_t *pos)
{
	*pos = vma ? (loff_t)vma->start : MAPS_END;
	return vma;
}

/* The process must still be there, though its memory is what the file was opened on. */
static bool process_gone(const struct seq_file *m)
{
	struct task *t = proc_task_get(m->file->inode);

	if (t)
		task_put(t);
	return !t;
}

/* Take the areas of @f: 0, 1: there are none any more, or -EINTR. */
static int maps_lock(struct maps_file *f)
{
	if (!f->mm || !mm_get_unless_zero(f->mm))
		return 1;
	if (down_read_killable(&f->mm->mmap_lock)) {
		mm_put(f->mm);
		return -EINTR;
	}
	return 0;
}

static void maps_unlock(struct maps_file *f)
{
	up_read(&f->mm->mmap_lock);
	mm_put(f->mm);
}

static void *maps_start(struct seq_file *m, loff_t *pos)
{
	struct maps_file *f = m->private;
	struct vma *vma;
	int err;

	f->root.mnt = NULL;
	if (*pos == MAPS_END)
		return NULL;
	if (process_gone(m))
		return ERR_PTR(-ESRCH);
	err = maps_lock(f);
	if (err)
		return err < 0 ? ERR_PTR(err) : NULL;
	vma = vma_find(f->mm, (uaddr_t)*pos);
	current_root(&f->root);
	return maps_at(vma, pos);
}

static void *maps_next(struct seq_file *m, void *v, loff_t *pos)
{
	(void)m;
	return maps_at(vma_next(v), pos);
}

/* The root goes last: dropping it may take locks that come before mmap_lock. */
static void maps_stop(struct seq_file *m, void *v)
{
	struct maps_file *f = m->private;

	(void)v;
	if (!f->root.mnt)
		return;
	maps_unlock(f);
	path_put(&f->root);
}

/* ---- maps ---- */

#define NAME_COLUMN 49

/* "08048000-08049000 r-xp 00000000 00:02 12 " */
static void show_range(struct seq_file *m, const struct inspect_area *a)
{
	const struct inode *inode = a->file ? a->file->inode : NULL;
	kdev_t dev = inode ? inode->sb->dev : a->ino ? MKDEV(0, 1) : 0;
	char access[] = {' ',
			 a->flags & VM_READ ? 'r' : '-',
			 a->flags & VM_WRITE ? 'w' : '-',
			 a->flags & VM_EXEC ? 'x' : '-',
			 a->flags & VM_MAYSHARE ? 's' : 'p',
			 ' '};

	seq_put_hex(m, a->start, 8);
	seq_putc(m, '-');
	seq_put_hex(m, a->end, 8);
	seq_write(m, access, sizeof(access));
	seq_put_hex(m, inspect_area_offset(a), 8);
	seq_putc(m, ' ');
	seq_put_hex(m, MAJOR(dev), 2);
	seq_putc(m, ':');
	seq_put_hex(m, MINOR(dev), 2);
	seq_putc(m, ' ');
	seq_put_dec(m, inode ? inode->ino : a->ino, 0);
	seq_putc(m, ' ');
}

static void show_area(struct seq_file *m, const struct maps_file *f, const struct inspect_area *a)
{
	show_range(m, a);
	if (a->file) {
		seq_pad(m, NAME_COLUMN);
		seq_path(m, &a->file->path, &f->root, "\n");
	} else if (a->name[0]) {
		seq_pad(m, NAME_COLUMN);
		seq_puts(m, a->name);
	}
	seq_putc(m, '\n');
}

static int maps_show(struct seq_file *m, void *v)
{
	struct inspect_area area;

	inspect_area(v, &area);
	show_area(m, m->private, &area);
	return 0;
}

/* ---- smaps ---- */

static void show_kb(struct seq_file *m, const char *name, u64 bytes)
{
	size_t len = strlen(name);

	seq_write(m, name, len);
	seq_put_dec(m, bytes >> 10, 24 - (unsigned)len);
	seq_write(m, " kB\n", 4);
}

static void show_pss(struct seq_file *m, const char *name, u64 pss)
{
	show_kb(m, name, pss >> INSPECT_PSS_SHIFT);
}

static void show_usage(struct seq_file *m, const struct inspect_usage *u, bool rollup)
{
	static const char *const huge[] = {
		"ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};

	show_kb(m, "Rss:", u->rss);
	show_pss(m, "Pss:", u->pss);
	show_pss(m, "Pss_Dirty:", u->pss_dirty);
	if (rollup) {
		show_pss(m, "Pss_Anon:", u->pss_anon);
		show_pss(m, "Pss_File:", u->pss_file);
		show_pss(m, "Pss_Shmem:", u->pss_shmem);
	}
	show_kb(m, "Shared_Clean:", u->shared_clean);
	show_kb(m, "Shared_Dirty:", u->shared_dirty);
	show_kb(m, "Private_Clean:", u->private_clean);
	show_kb(m, "Private_Dirty:", u->private_dirty);
	show_kb(m, "Referenced:", u->referenced);
	show_kb(m, "Anonymous:", u->anonymous);
	show_kb(m, "LazyFree:", u->lazy_free);
	show_kb(m, "AnonHugePages:", u->anon_huge);
	for (unsigned i = 0; i < ARRAY_SIZE(huge); i++)
		show_kb(m, huge[i], 0);
	show_kb(m, "Swap:", u->swap);
	show_pss(m, "SwapPss:", u->pss_swap);
	show_pss(m, "Locked:", u->pss_locked);
}

static int smaps_show(struct seq_file *m, void *v)
{
	struct inspect_usage usage = {0};
	struct inspect_area area;
	char flags[128];

	inspect_area(v, &area);
	inspect_usage(v, 0, &usage);
	show_area(m, m->private, &area);
	show_kb(m, "Size:", area.end - area.start);
	show_kb(m, "KernelPageSize:", PAGE_SIZE);
	show_kb(m, "MMUPageSize:", PAGE_SIZE);
	show_usage(m, &usage, false);
	inspect_vm_flags(area.flags, flags, sizeof(flags));
	seq_printf(m, "THPeligible:    %d\nVmFlags: %s\n", vma_is_thp_eligible(v), flags);
	return 0;
}

/*
 * All areas from *end on, or as far as nobody waits for the lock; *start, if none came before.
 * True: there are more.
 */
static bool roll_up(struct mm *mm, uaddr_t *start, uaddr_t *end, struct inspect_usage *usage)
{
	for (struct vma *vma = vma_find(mm, *end); vma; vma = vma_next(vma)) {
		uaddr_t from = MAX(vma->start, *end);

		if (!*end)
			*start = vma->start;
		inspect_usage(vma, from, usage);
		*end = vma->end;
		if (rwsem_is_contended(&mm->mmap_lock))
			return true;
	}
	return false;
}

static int rollup_show(struct seq_file *m, void *v)
{
	struct inspect_usage usage = {0};
	uaddr_t start = 0, end = 0;
	struct maps_file *f = v;
	bool more = true;

	if (process_gone(m))
		return -ESRCH;
	while (more) {
		int err = maps_lock(f);

		if (err)
			return err < 0 ? err : -ESRCH;
		more = roll_up(f->mm, &start, &end, &usage);
		maps_unlock(f);
	}
	show_range(m, &(struct inspect_area){.start = start, .end = end, .name = ""});
	seq_pad(m, NAME_COLUMN);
	seq_puts(m, "[rollup]\n");
	show_usage(m, &usage, true);
	return 0;
}

/* ---- files ---- */

static const struct seq_operations maps_seq = {
	.start = maps_start, .next = maps_next, .stop = maps_stop, .show = maps_show};
static const struct seq_operations smaps_seq = {
	.start = maps_start, .next = maps_next, .stop = maps_stop, .show = smaps_show};

static void maps_file_free(struct maps_file *f)
{
	if (f->mm)
		mm_drop(f->mm);
	kfree(f);
}

static int open_with(struct inode *inode, struct file *file, const struct seq_operations *seq)
{
	struct maps_file *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	err = procfs_mm_open(inode, &f->mm);
	if (!err)
		err = seq ? seq_open(file, seq, f) : single_open(file, rollup_show, f);
	if (err)
		maps_file_free(f);
	return err;
}

static int maps_open(struct inode *inode, struct file *file)
{
	return open_with(inode, file, &maps_seq);
}

static int smaps_open(struct inode *inode, struct file *file)
{
	return open_with(inode, file, &smaps_seq);
}

static int rollup_open(struct inode *inode, struct file *file)
{
	return open_with(inode, file, NULL);
}

static void maps_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private;

	maps_file_free(m->private);
	seq_release(inode, file);
}

#define MAPS_FOPS(open_) \
	{ \
		.open = open_, .read_iter = seq_read_iter, .llseek = seq_llseek, \
		.release = maps_release, \
	}

const struct file_operations procfs_maps_fops = MAPS_FOPS(maps_open);
const struct file_operations procfs_smaps_fops = MAPS_FOPS(smaps_open);
const struct file_operations procfs_smaps_rollup_fops = MAPS_FOPS(rollup_open);
