/*
 * /proc/PID/{mem,pagemap}: the pages of an address space. proc(5)
 *
 * An open file belongs to the address space that the process had at open. Reading and writing mem
 * goes page by page as ptrace does: protections are the kernel's to ignore, holes are not.
 */
#include "proc/procfs.h"
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
