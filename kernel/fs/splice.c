/*
 * Copies between open files, through a buffer of the kernel. What was read but could not be written
 * is not lost where the input has positions: its position then says how much was moved.
 */
#include "fs/splice.h"
#include "fs/internal.h"

#define BUFFER_ORDER 2
#define BUFFER_SIZE (PAGE_SIZE << BUFFER_ORDER)

static ssize_t write_all(struct file *out, const u8 *buf, size_t n, loff_t *pos)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = file_write_kernel(out, buf + done, n - done, pos);

		if (w <= 0)
			return done ? (ssize_t)done : w;
		done += (size_t)w;
	}
	return (ssize_t)done;
}

ssize_t file_copy(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, size_t len)
{
	u8 *buf = get_free_pages(GFP_KERNEL, BUFFER_ORDER);
	loff_t *from = in_pos ? in_pos : &in->pos, *to = out_pos ? out_pos : &out->pos;
	struct task_io *io = &current->io;
	unsigned long reads = io->syscr + 1, writes = io->syscw + 1; /* however many pieces */
	ssize_t done = 0, result = 0;

	if (!buf)
		return -ENOMEM;
	while (len) {
		loff_t start = *from;
		ssize_t n = file_read_kernel(in, buf, MIN(len, (size_t)BUFFER_SIZE), from), w;

		if (n <= 0) {
			result = n;
			break;
		}
		w = write_all(out, buf, (size_t)n, to);
		if (w < n && (in->mode & FMODE_PREAD))
			*from = start + MAX(w, (ssize_t)0);
		if (w <= 0) {
			result = w;
			break;
		}
		done += w;
		len -= (size_t)w;
		if (w < n || (!(in->mode & FMODE_PREAD) && (size_t)n < BUFFER_SIZE))
			break; /* a pipe gives what it has */
		if (signal_pending(current))
			break;
		cond_resched();
	}
	put_free_pages(buf, BUFFER_ORDER);
	io->syscr = reads;
	io->syscw = writes;
	return done ? done : result;
}
