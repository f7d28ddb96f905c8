/*
 * Pipes and FIFOs: pipe(7).
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

/* Both ends of a new pipe, read end first. 0, -ENOMEM, -ENFILE */
int pipe_create(struct file *ends[2], int flags);
/* F_GETPIPE_SZ, F_SETPIPE_SZ: bytes, or -EBADF (no pipe), -EBUSY, -EPERM, -ENOMEM. */
long pipe_get_size(struct file *file);
long pipe_set_size(struct file *file, unsigned long bytes);
bool file_is_pipe(const struct file *file);
/*
 * tee(2): copy what is in @from to @to without consuming it; splice's ends are ordinary
 * reads and writes.
 */
ssize_t pipe_tee(struct file *from, struct file *to, size_t len, bool nonblock);
extern unsigned sysctl_pipe_max_size;
/*
 * pipe-user-pages-soft, -hard: of all pipes of a user without CAP_SYS_RESOURCE or
 * CAP_SYS_ADMIN; 0: any number
 */
extern unsigned sysctl_pipe_pages_soft, sysctl_pipe_pages_hard;

#endif
