/*
 * Open files: their life from file_alloc() to the last fput(), and reads and writes through
 * their operations.
 */
#include "fs/internal.h"

#include <linux/mman.h>

static struct kmem_cache *file_cache;
unsigned sysctl_file_max = 1u << 20;
static u32 nr_files;

struct file *file_alloc(void)
{
	struct file *file;

	if (unlikely(atomic_read(&nr_files) >= sysctl_file_max) && !fs_capable(CAP_SYS_ADMIN))
		return ERR_PTR(-ENFILE);
	file = kmem_cache_alloc(file_cache, GFP_KERNEL);
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->refs = 1;
	file->mode = file->flags = 0;
	file->op = NULL;
	file->mapping = NULL;
	file->pos = 0;
	file->private = NULL;
	file->cred = NULL;
	file->owner = (struct fown){0};
	file->fasync = NULL;
	file->epoll = NULL;
	spin_lock_init(&file->lock, RANK_FILES);
	mutex_init(&file->pos_lock, RANK_FILE_POS);
	atomic_inc(&nr_files);
	return file;
}

static void free_rcu(struct rcu_head *head)
{
	kmem_cache_free(file_cache, container_of(head, struct file, rcu));
}

void file_free(struct file *file)
{
	atomic_dec(&nr_files);
	if (unlikely(file->mode & FMODE_RCU_FREE))
		call_rcu(&file->rcu, free_rcu);
	else
		kmem_cache_free(file_cache, file);
}

unsigned file_count(void)
{
	return atomic_read(&nr_files);
}

void file_get(struct file *file)
{
	atomic_inc(&file->refs);
}

/* The last reference. Sleeps. */
static noinline void file_release(struct file *file)
{
	struct inode *inode = file->inode;

	if (unlikely(file->epoll))
		epoll_release_file(file);
	if (unlikely(inode->locks))
		locks_release_file(file);
	if (file->op && file->op->release && !(file->mode & FMODE_PATH))
		file->op->release(inode, file);
	if (unlikely(inotify_watches))
		inotify_file_event(file, file->mode & FMODE_WRITE ? NOTIFY_CLOSE_WRITE
								  : NOTIFY_CLOSE_NOWRITE);
	if (file->mode & FMODE_WRITER) {
		inode_put_write_access(inode);
		mount_drop_write(file->path.mnt);
	}
	if (file->mode & FMODE_NOWRITERS)
		file_allow_write(file);
	if (file->cred)
		fs_cred_put(file->cred);
	path_put(&file->path);
	file_free(file);
}

void fput(struct file *file)
{
	if (atomic_dec_and_test(&file->refs))
		file_release(file);
}

int file_close(struct file *file, struct files *f)
{
	int err = 0;

	if (unlikely(files_shared(f)))
		file->mode |= FMODE_RCU_FREE;
	if (unlikely(file->op && file->op->flush) && !(file->mode & FMODE_PATH))
		err = file->op->flush(file);
	if (unlikely(file->inode->locks))
		locks_flush(file, f);
	fput(file);
	return err;
}

void file_allow_write(struct file *file)
{
	file->mode &= ~FMODE_NOWRITERS;
	(void)__atomic_fetch_add(&file->inode->write_count, 1, __ATOMIC_SEQ_CST);
}

/* ---- reading and writing ---- */

static __always_inline ssize_t read_iter(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct task_io *io;
	ssize_t n;

	if (unlikely(!(file->mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!file->op->read_iter))
		return S_ISDIR(file->inode->mode) ? -EISDIR : -EINVAL;
	if (unlikely(((s32)(*pos >> 32) | (s32)to->count) < 0)) /* either */
		return -EINVAL;
	n = file->op->read_iter(file, to, pos);
	io = &current->io;
	io->syscr++;
	if (likely(n > 0)) {
		io->rchar += (u32)n;
		if (unlikely(inotify_watches))
			inotify_file_event(file, NOTIFY_ACCESS);
	}
	return n;
}

static __always_inline ssize_t write_iter(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct task_io *io;
	ssize_t n;

	if (unlikely(!(file->mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(!file->op->write_iter))
		return -EINVAL;
	if (unlikely(((s32)(*pos >> 32) | (s32)from->count) < 0))
		return -EINVAL;
	n = file->op->write_iter(file, from, pos);
	io = &current->io;
	io->syscw++;
	if (likely(n > 0)) {
		io->wchar += (u32)n;
		if (unlikely(inotify_watches))
			inotify_file_event(file, NOTIFY_MODIFY);
	}
	return n;
}

ssize_t vfs_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return read_iter(file, to, pos);
}

ssize_t vfs_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return write_iter(file, from, pos);
}

/* What read(2) and write(2) come to: the caller's one buffer, as far as its address can be right. */
static inline bool one_buffer(struct iov_iter *it, uaddr_t buf, u32 count)
{
	if (unlikely(count > MAX_RW_COUNT))
		count = MAX_RW_COUNT;
	iov_iter_ubuf(it, buf, count);
	return likely(user_range_ok(buf, count));
}

ssize_t vfs_read_user(struct file *file, uaddr_t buf, u32 count)
{
	struct iov_iter to;

	return one_buffer(&to, buf, count) ? read_iter(file, &to, &file->pos) : -EFAULT;
}

ssize_t vfs_write_user(struct file *file, uaddr_t buf, u32 count)
{
	struct iov_iter from;

	return one_buffer(&from, buf, count) ? write_iter(file, &from, &file->pos) : -EFAULT;
}

ssize_t file_read_kernel(struct file *file, void *buf, size_t n, loff_t *pos)
{
	struct iov_iter it;

	iov_iter_kernel(&it, buf, n);
	return vfs_read(file, &it, pos);
}

ssize_t file_write_kernel(struct file *file, const void *buf, size_t n, loff_t *pos)
{
	struct iov_iter it;

	iov_iter_kernel(&it, (void *)(uintptr_t)buf, n);
	return vfs_write(file, &it, pos);
}

loff_t no_llseek(struct file *file, loff_t off, int whence)
{
	(void)file;
	(void)off;
	(void)whence;
	return -ESPIPE;
}

loff_t noop_llseek(struct file *file, loff_t off, int whence)
{
	(void)off;
	(void)whence;
	return file->pos;
}

loff_t vfs_llseek(struct file *file, loff_t off, int whence)
{
	if (!(file->mode & FMODE_LSEEK))
		return -ESPIPE;
	if (file->op->llseek)
		return file->op->llseek(file, off, whence);
	return generic_llseek(file, off, whence);
}

long vfs_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	long err;

	if (!file->op->ioctl)
		return -ENOTTY;
	err = file->op->ioctl(file, cmd, arg);
	return err == -ENOIOCTLCMD ? -ENOTTY : err;
}

int noop_fsync(struct file *file, loff_t start, loff_t end, bool data_only)
{
	(void)file, (void)start, (void)end, (void)data_only;
	return 0;
}

int vfs_fsync(struct file *file, loff_t start, loff_t end, bool data_only)
{
	return file->op->fsync ? file->op->fsync(file, start, end, data_only) : -EINVAL;
}

/* ---- mapping ---- */

int generic_mmap(struct file *file, struct map_request *req)
{
	if (!file->inode->mapping)
		return -ENODEV;
	req->mapping = file->inode->mapping;
	return 0;
}

int vfs_mmap(struct file *file, struct map_request *req)
{
	bool shared = (req->flags & MAP_TYPE) == MAP_SHARED ||
		      (req->flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
	bool noexec = file->path.mnt->flags & MS_NOEXEC;
	int err = map_request_type(req);

	if (err || (file->mode & FMODE_PATH))
		return err ? err : -EBADF;
	req->may_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	if (shared) {
		req->may_flags |= VM_MAYSHARE;
		if (!(file->mode & FMODE_WRITE)) {
			if (req->prot & PROT_WRITE)
				return -EACCES;
			req->may_flags &= ~VM_MAYWRITE;
		}
	}
	if (!(file->mode & FMODE_READ))
		return -EACCES;
	if (noexec) {
		if (req->prot & PROT_EXEC)
			return -EPERM;
		req->may_flags &= ~VM_MAYEXEC;
	}
	if (!file->op->mmap)
		return -ENODEV;
	if (req->flags & MAP_GROWSDOWN)
		return -EINVAL;
	err = shared ? seals_begin_mmap(file->inode, req) : 0;
	if (err)
		return err;
	req->file = file;
	return file->op->mmap(file, req);
}

static char *file_name(struct file *file, char *buf, size_t size)
{
	return path_name(&file->path, buf, size);
}

void __init file_init(void)
{
	mm_file_get = file_get;
	mm_file_put = fput;
	mm_file_name = file_name;
	mm_file_may_peek = file_may_peek;
	mm_file_punch = file_punch_hole;
	file_cache = kmem_cache_create("filp", sizeof(struct file), 0, SLAB_PANIC);
}
