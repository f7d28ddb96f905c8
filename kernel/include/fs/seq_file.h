/*
 * Text files made by the kernel: one buffer that grows until the record fits, read in pieces.
 */
#ifndef FS_SEQ_FILE_H
#define FS_SEQ_FILE_H

#include "fs/file.h"

struct seq_file {
	char *buf;
	size_t size, count, from;
	loff_t index, read_pos;
	mutex_t lock;
	const struct seq_operations *op;
	int (*show_single)(struct seq_file *m, void *v);
	struct file *file;
	void *private;
};
/*
 * @start: the record at *@pos, or the next after it; NULL: the end; ERR_PTR. Takes the locks that
 * @stop gives back, which is called after each @start, whatever that returned. @next: the record
 * behind @v, and *@pos its position. @show: its text; 0, 1: leave it out, or -errno.
 */
struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};
/* A file of many records; @data becomes m->private, and stays the caller's. 0 or -ENOMEM */
/* What start() returns for a line above the records. */
#define SEQ_HEADING ((void *)1)
int seq_open(struct file *file, const struct seq_operations *op, void *data);
/* A file made by one call of @show. */
int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data);
void seq_release(struct inode *inode, struct file *file);
ssize_t seq_read_iter(struct file *file, struct iov_iter *to, loff_t *pos);
loff_t seq_llseek(struct file *file, loff_t off, int whence);
int seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
void seq_write(struct seq_file *m, const void *data, size_t len);
/*
 * A number, right-aligned in @width (24 at most): hexadecimal with zeros, decimal with blanks. Many
 * times faster than printf.
 */
void seq_put_hex(struct seq_file *m, u64 v, unsigned width);
void seq_put_dec(struct seq_file *m, u64 v, unsigned width);
/* Blanks up to column @width of the line. */
void seq_pad(struct seq_file *m, unsigned width);
/* A string with the bytes of @esc written as octal. */
void seq_escape(struct seq_file *m, const char *s, const char *esc);
/*
 * A path with the bytes of @esc written as octal, as seen from @root; NULL: from the caller's
 * root. 0 or -errno
 */
int seq_path(struct seq_file *m, const struct path *path, const struct path *root, const char *esc);

#endif
