/*
 * The system calls on the caller's own address space: arguments are turned into what mm/ takes, and a descriptor into
 * an object to map. The rules themselves stand in mm/.
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
	if (!req->len)
		result = -EINVAL;
	else
		result = vfs_mmap(file, req);
	if (!result)
		result = mm_map(current->mm, req);
	fput(file);
	return result;
}

long sys_mmap2(uaddr_t addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff)
{
	struct map_request req = {
		.addr = addr, .len = len, .prot = effective_prot(prot), .flags = flags, .pgoff = pgoff,
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
