/*
 * /proc/PID/{mem,pagemap,clear_refs}: the pages of an address space. proc(5)
 *
 * An open file belongs to the address space that the process had at open. Reading and writing mem
 * goes page by page as ptrace does: protections are the kernel's to ignore, holes are not.
 */
#include "proc/procfs.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/inspect_virt.h"
#include "mm/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>

int procfs_mm_open(struct inode *inode, struct mm **out)
{
	struct task *t = proc_task_get(inode);
	int err = 0;

	*out = NULL;
	if (!t)
		return -ESRCH;
	*out = task_mm_get(t);
	if (*out && *out != current->mm && !task_may_access(t))
		err = -EACCES;
	if (*out) {
		if (!err)
			mm_grab(*out);
		mm_put(*out);
	}
	if (err)
		*out = NULL;
	task_put(t);
	return err;
}

static int mm_open(struct inode *inode, struct file *file)
{
	struct mm *mm;
	int err = procfs_mm_open(inode, &mm);

	if (!err)
		file->private = mm;
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

/* Bytes copied, -EFAULT by the caller's buffer, -EIO when the first address is not there. */
static ssize_t copy_memory(struct mm *mm, struct iov_iter *it, loff_t *pos, void *page, bool write)
{
	ssize_t done = 0;
	size_t n, moved;

	while (it->count && !fatal_signal_pending(current)) {
		n = MIN(it->count, (size_t)PAGE_SIZE);
		if (write && copy_from_iter(page, n, it) != n)
			return -EFAULT;
		moved = (u64)*pos < TASK_SIZE ? mm_access(mm, (uaddr_t)*pos, page, n, write) : 0;
		if (!moved)
			return done ? done : -EIO;
		if (!write && copy_to_iter(page, moved, it) != moved)
			return -EFAULT;
		done += (ssize_t)moved;
		*pos += (loff_t)moved;
		if (moved < n)
			break;
	}
	return done;
}

/* A process that is gone reads as an empty file. */
static ssize_t mem_transfer(struct file *file, struct iov_iter *it, loff_t *pos, bool write)
{
	void *page = get_free_pages(GFP_KERNEL, 0);
	struct mm *mm = file_mm_get(file);
	ssize_t done = 0;

	if (!page)
		done = -ENOMEM;
	else if (mm)
		done = copy_memory(mm, it, pos, page, write);
	if (mm)
		mm_put(mm);
	if (page)
		put_free_pages(page, 0);
	return done;
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

/* ---- pagemap ---- */

#define PAGEMAP_CHUNK 64u
#define PAGEMAP_PFN ((1ULL << 55) - 1)

/* Frame numbers are for who opened the file as an administrator. */
static ssize_t pagemap_chunk(struct mm *mm, struct iov_iter *to, u64 index, unsigned n, bool frames)
{
	u64 words[PAGEMAP_CHUNK];
	int err = inspect_pagemap(mm, (uaddr_t)(index << PAGE_SHIFT), n, words);

	if (err)
		return err;
	for (unsigned i = 0; i < n && !frames; i++)
		words[i] &= ~PAGEMAP_PFN;
	return copy_to_iter(words, n * 8, to) == n * 8 ? (ssize_t)(n * 8) : -EFAULT;
}

static ssize_t read_words(struct mm *mm, struct file *file, struct iov_iter *to, loff_t *pos)
{
	bool frames = file->cred->cap_effective & 1ULL << CAP_SYS_ADMIN;
	u64 end = TASK_SIZE >> PAGE_SHIFT, index = (u64)*pos / 8;
	ssize_t done = 0, n;

	if ((*pos & 7) || (to->count & 7))
		return -EINVAL;
	for (; to->count && index < end; index += (u64)n / 8, done += n) {
		n = (ssize_t)MIN((u64)MIN(to->count / 8, PAGEMAP_CHUNK), end - index);
		n = pagemap_chunk(mm, to, index, (unsigned)n, frames);
		if (n < 0)
			return done ? done : n;
		*pos += n;
	}
	return done;
}

static ssize_t pagemap_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct mm *mm = file_mm_get(file);
	ssize_t done;

	if (!mm)
		return 0;
	done = read_words(mm, file, to, pos);
	mm_put(mm);
	return done;
}

const struct file_operations procfs_pagemap_fops = {
	.open = mm_open,
	.read_iter = pagemap_read,
	.llseek = mem_llseek,
	.release = mm_release_file,
};

/* ---- clear_refs ---- */

/* Numbers of proc(5). 4 clears soft-dirty bits, of which Linux on i386 has none either. */
enum clear_refs { CLEAR_ALL = 1, CLEAR_ANON, CLEAR_FILES, CLEAR_SOFT_DIRTY, CLEAR_PEAK };

int procfs_clear_refs_write(struct task *t, char *text)
{
	struct mm *mm;
	int what, err = kstrtoint(strim(text), 10, &what);

	if (err)
		return err;
	if (what < CLEAR_ALL || what > CLEAR_PEAK)
		return -EINVAL;
	mm = task_mm_get(t);
	if (!mm)
		return 0;
	if (what == CLEAR_PEAK)
		err = mm_reset_peak(mm);
	else if (what != CLEAR_SOFT_DIRTY)
		err = mm_clear_refs(mm, what != CLEAR_FILES, what != CLEAR_ANON);
	mm_put(mm);
	return err;
}
