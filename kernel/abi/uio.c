/* Vectors of user memory: copied once, so that what was checked is what is used. */
#include "uio.h"
#include "mm/slab.h"
#include <linux/errno.h>
#include <linux/uio.h>

int user_vector_get(struct user_vector *v, uaddr_t iov, u32 n)
{
	int err = 0;

	v->total = 0;
	v->iov = v->fast;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (n > UIO_FAST) {
		v->iov = kmalloc(n * sizeof(*v->iov), GFP_KERNEL);
		if (!v->iov)
			return -ENOMEM;
	}
	if (copy_from_user(v->iov, iov, n * sizeof(*v->iov)))
		err = -EFAULT;
	for (u32 i = 0; i < n && !err; i++) {
		u32 len = v->iov[i].len;

		if ((s32)len < 0)
			err = -EINVAL;
		else if (!user_range_ok(v->iov[i].base, len))
			err = -EFAULT;
		if (len > MAX_RW_COUNT - v->total)
			v->iov[i].len = len = (u32)(MAX_RW_COUNT - v->total);
		v->total += len;
	}
	if (err)
		user_vector_put(v);
	return err;
}

void user_vector_put(struct user_vector *v)
{
	if (v->iov != v->fast)
		kfree(v->iov);
}
