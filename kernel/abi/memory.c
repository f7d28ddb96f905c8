/*
 * The system calls on the caller's own address space: arguments are turned into what mm/ takes, and
 * a descriptor into an object to map. The rules themselves stand in mm/.
 */
#include "abi/memory.h"
#include "fs/file.h"
#include "mm/mm.h"
#include "sched/task.h"
#include <linux/mman.h>
#include <linux/personality.h>

long sys_brk(uaddr_t brk)
{
	return mm_brk(current->mm, brk);
}

/* personality(2) READ_IMPLIES_EXEC */
static u32 effective_prot(u32 prot)
{
	if ((prot & PROT_READ) && (current->personality & READ_IMPLIES_EXEC))
		prot |= PROT_EXEC;
	return prot;
}

static long map_file(struct map_request *req, int fd)
{
	struct file *file = fget(fd);
	long result;

	if (!file)
		return -EBADF;
	req->file = file;
	req->error = vfs_mmap(file, req);
	result = req->flags & MAP_HUGETLB ? -EINVAL : mm_map(current->mm, req);
	vfs_mmap_done(req);
	fput(file);
	return result;
}

long sys_mmap2(uaddr_t addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff)
{
	struct map_request req = {
		.addr = addr,
		.len = len,
		.prot = effective_prot(prot),
		.flags = flags,
		.pgoff = pgoff,
	};

	return flags & MAP_ANONYMOUS ? mm_map(current->mm, &req) : map_file(&req, fd);
}

long sys_mmap(uaddr_t args)
{
	struct {
		u32 addr, len, prot, flags, fd, offset;
	} a;

	if (copy_from_user(&a, args, sizeof(a)))
		return -EFAULT;
	if (a.offset & ~PAGE_MASK)
		return -EINVAL;
	return sys_mmap2(a.addr, a.len, a.prot, a.flags, (int)a.fd, a.offset >> PAGE_SHIFT);
}

long sys_munmap(uaddr_t addr, u32 len)
{
	return mm_unmap(current->mm, addr, len);
}

long sys_mprotect(uaddr_t addr, u32 len, u32 prot)
{
	return mm_protect(current->mm, addr, len, effective_prot(prot));
}

long sys_mremap(uaddr_t addr, u32 old_len, u32 new_len, u32 flags, uaddr_t new_addr)
{
	return mm_remap(current->mm, addr, old_len, new_len, flags, new_addr);
}

long sys_madvise(uaddr_t addr, u32 len, int advice)
{
	return mm_advise(current->mm, addr, len, advice);
}

long sys_mincore(uaddr_t addr, u32 len, uaddr_t vec)
{
	u32 pages = len / PAGE_SIZE + (len % PAGE_SIZE != 0);
	u8 buf[128];

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	while (pages) {
		u32 n = MIN(pages, (u32)sizeof(buf));
		long got = mm_incore(current->mm, addr, n, buf);

		if (got < 0)
			return got;
		if (copy_to_user(vec, buf, (size_t)got))
			return -EFAULT;
		pages -= (u32)got;
		addr += (u32)got * (u32)PAGE_SIZE;
		vec += got;
	}
	return 0;
}

long sys_msync(uaddr_t addr, u32 len, int flags)
{
	return mm_sync(current->mm, addr, len, (u32)flags);
}

long sys_mlock(uaddr_t addr, u32 len)
{
	return mm_lock_range(current->mm, addr, len, VM_LOCKED);
}

long sys_mlock2(uaddr_t addr, u32 len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mm_lock_range(current->mm, addr, len,
			     VM_LOCKED | (flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0));
}

long sys_munlock(uaddr_t addr, u32 len)
{
	return mm_lock_range(current->mm, addr, len, 0);
}

long sys_mlockall(int flags)
{
	return flags ? mm_lock_all(current->mm, (u32)flags) : -EINVAL;
}

long sys_munlockall(void)
{
	return mm_lock_all(current->mm, 0);
}

long sys_membarrier(int command, u32 flags, int cpu)
{
	return mm_membarrier(current->mm, command, flags, cpu);
}

/*
 * remap_file_pages(2), as Linux emulates it: the pages are mapped anew over a part of the shared
 * area.
 */
long sys_remap_file_pages(uaddr_t addr, u32 len, u32 prot, u32 pgoff, u32 flags)
{
	return prot ? -EINVAL : mm_remap_file_pages(current->mm, addr, len, pgoff, flags);
}
