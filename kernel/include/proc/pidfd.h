/*
 * pidfds: descriptors that name a process, whoever has its number later. pidfd_open(2), clone(2)
 * CLONE_PIDFD.
 */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "proc/process.h"

/* CLONE_PIDFD: the descriptor is told to the parent before the child exists. */
struct pidfd_reservation {
	int fd; /* -1: none */
	struct file *file;
};
/*
 * A descriptor for @pid, its number written to @user. 0, -EMFILE, -ENOMEM, -EFAULT: then nothing
 * is left.
 */
int pidfd_reserve(struct pidfd_reservation *r, struct pid *pid, uaddr_t user);
void pidfd_install(struct pidfd_reservation *r);
void pidfd_cancel(struct pidfd_reservation *r);
/* pidfd_open(2): the descriptor, or -EINVAL, -ESRCH, -EMFILE, -ENOMEM. */
int pidfd_open(pid_t nr, unsigned flags);
/* The pid that descriptor @fd names, referenced, or ERR_PTR(-EBADF). */
struct pid *pidfd_get_pid(int fd);
/* The same; @fd may also be the directory /proc/PID: ERR_PTR(-EBADF, -ESRCH). */
struct pid *pidfd_or_proc_get_pid(int fd);

#endif
