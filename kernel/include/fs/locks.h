/*
 * Advisory locks: flock(2), POSIX record locks and open file description locks (fcntl_locking(2)).
 */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include "fs/file.h"

struct lock_request {
	int type;          /* F_RDLCK, F_WRLCK, F_UNLCK */
	loff_t start, end; /* inclusive; end at most LLONG_MAX */
	pid_t pid; /* of the holder: what F_GETLK tells; -1 for open file description locks */
};

/* flock(2): @type as above. 0, -EWOULDBLOCK (@nonblock), -ERESTARTSYS, -ENOMEM */
int file_flock(struct file *file, int type, bool nonblock);
/*
 * Set or clear; @ofd: owned by the open file, else by the caller's descriptor table. 0, -EAGAIN (no
 * @wait), -EDEADLK, -ERESTARTSYS, -ENOMEM
 */
int file_setlk(struct file *file, const struct lock_request *req, bool ofd, bool wait);
/* What would stand in the way: req->type F_UNLCK: nothing. */
void file_getlk(struct file *file, struct lock_request *req, bool ofd);
/* /proc/locks: a line each. */
extern const struct seq_operations locks_seq;

#endif
