/* struct rusage of user space. */
#ifndef ABI_USAGE_H
#define ABI_USAGE_H

#include "proc/process.h"

/* 0 or -EFAULT */
int put_rusage(uaddr_t to, const struct usage *usage);

#endif
