/* Vectors of user memory, for readv(2) and its kin. */
#ifndef ABI_UIO_H
#define ABI_UIO_H

#include "mm/iov_iter.h"

#define UIO_FAST 8

struct user_vector {
	struct user_iovec *iov;
	size_t total;
	struct user_iovec fast[UIO_FAST];
};

/* Copy and check @n segments: 0, -EINVAL, -EFAULT, -ENOMEM. The total is cut to MAX_RW_COUNT. */
int user_vector_get(struct user_vector *v, uaddr_t iov, u32 n);
void user_vector_put(struct user_vector *v);

#endif
