/*
 * Seals of memfd_create(2): what may no longer happen to a file (fcntl(2), F_ADD_SEALS). Kept in
 * mapping->seals; F_SEAL_SEAL at first, so that ordinary files refuse.
 */
#include "fs/internal.h"

#include <linux/mman.h>

#define F_ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static int check_mmap(const struct mapping *m, struct map_request *req)
{
	if (!(m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return 0;
	if (req->prot & PROT_WRITE)
		return -EPERM;
	req->may_flags &= ~VM_MAYWRITE;
	return 0;
}

/*
 * A map that may be written counts as one from here on: a seal that is set before its area is there
 * would not see it. Whose seals are final needs no lock.
 */
int seals_begin_mmap(struct inode *inode, struct map_request *req)
{
	struct mapping *m = inode->mapping;
	int err;

	if (!m || !m->swap_backed || READ_ONCE(m->seals) == F_SEAL_SEAL)
		return 0;
	down_read(&inode->lock);
	err = check_mmap(m, req);
	if (!err && (req->may_flags & VM_MAYWRITE)) {
		atomic_inc(&m->i_mmap_writable);
		req->counted = m;
	}
	up_read(&inode->lock);
	return err;
}

void vfs_mmap_done(struct map_request *req)
{
	if (req->counted)
		atomic_dec(&req->counted->i_mmap_writable);
}

int seals_check_write(struct inode *inode, loff_t pos, size_t len)
{
	u32 seals = inode->data.seals;

	if (likely(!(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_GROW))))
		return 0;
	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return pos + (loff_t)len > inode_size(inode) ? -EPERM : 0;
}

int seals_check_resize(struct inode *inode, loff_t size)
{
	u32 seals = inode->data.seals;

	if ((seals & F_SEAL_SHRINK) && size < inode_size(inode))
		return -EPERM;
	if ((seals & F_SEAL_GROW) && size > inode_size(inode))
		return -EPERM;
	return 0;
}

long file_get_seals(struct file *file)
{
	return file->mapping && file->mapping->swap_backed ? (long)file->mapping->seals : -EINVAL;
}

/* Areas that move leave the count for a moment, under i_mmap_sem. */
static bool is_mapped_writable(struct mapping *m)
{
	bool yes;

	down_read(&m->i_mmap_sem);
	yes = atomic_read(&m->i_mmap_writable);
	up_read(&m->i_mmap_sem);
	return yes;
}

long file_add_seals(struct file *file, u32 seals)
{
	struct inode *inode = file->inode;
	long err = 0;

	if (!file->mapping || !file->mapping->swap_backed)
		return -EINVAL;
	if (!(file->mode & FMODE_WRITE))
		return -EPERM;
	if (seals & ~(u32)F_ALL_SEALS)
		return -EINVAL;
	down_write(&inode->lock);
	if (file->mapping->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if ((seals & F_SEAL_WRITE) && !(file->mapping->seals & F_SEAL_WRITE) &&
		 is_mapped_writable(file->mapping))
		err = -EBUSY;
	else
		file->mapping->seals |= seals;
	up_write(&inode->lock);
	return err;
}
