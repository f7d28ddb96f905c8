/*
 * Random numbers: one ChaCha20 generator with fast key erasure, seeded from the CPU's generator and
 * from timing. Never blocks.
 */
#ifndef FS_RANDOM_H
#define FS_RANDOM_H

#include "mm/iov_iter.h"

/* Any task context. */
void random_bytes(void *buf, size_t n);
u32 random_u32(void);
/* Stir @data in; it need not be random. */
void random_mix(const void *data, size_t n);
/* Fill @to: bytes, -EFAULT; short when a signal came. */
ssize_t random_read_iter(struct iov_iter *to);
struct file;
long random_ioctl(struct file *file, unsigned cmd, unsigned long arg);

#endif
