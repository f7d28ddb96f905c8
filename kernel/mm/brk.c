/*
 * The heap: one private anonymous area that begins at mm->start_brk. brk(2).
 */
#include "virt.h"
#include <linux/mman.h>
#include <linux/resource.h>

/* RLIMIT_DATA bounds the program's data and the heap together. */
static bool within_data_limit(const struct mm *mm, uaddr_t brk)
{
	unsigned long limit = mm_rlimit ? mm_rlimit(RLIMIT_DATA) : ~0UL;

	return limit == ~0UL ||
	       (u64)(brk - mm->start_brk) + (mm->end_data - mm->start_data) <= limit;
}

static long grow_heap(struct mm *mm, uaddr_t start, uaddr_t end, struct vma_graveyard *dead,
		      bool *populate)
{
	struct map_request req = {
		.addr = start,
		.len = end - start,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};
	struct vma *next = vma_find(mm, start);

	if (next && end + PAGE_SIZE > vma_start_gap(next))
		return -ENOMEM;
	return mm_map_locked(mm, &req, dead, populate);
}

static bool set_brk(struct mm *mm, uaddr_t brk, struct vma_graveyard *dead, bool *populate)
{
	uaddr_t new = ALIGN_UP(brk, PAGE_SIZE), old = ALIGN_UP(mm->brk, PAGE_SIZE);

	if (brk < mm->start_brk || brk > TASK_SIZE || !within_data_limit(mm, brk))
		return false;
	if (new < old && mm_unmap_locked(mm, new, old, dead))
		return false;
	if (new > old && mm_is_error(grow_heap(mm, old, new, dead, populate)))
		return false;
	mm->brk = brk;
	return true;
}

long mm_brk(struct mm *mm, uaddr_t brk)
{
	struct vma_graveyard dead = {NULL};
	bool populate = false, done;
	uaddr_t old;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	old = mm->brk;
	done = set_brk(mm, brk, &dead, &populate);
	up_write(&mm->mmap_lock);
	vma_graveyard_empty(&dead);
	if (done && populate && brk > old)
		mm_populate(mm, ALIGN_UP(old, PAGE_SIZE),
			    ALIGN_UP(brk, PAGE_SIZE) - ALIGN_UP(old, PAGE_SIZE));
	return (long)(done ? brk : old);
}

int mm_map_brk(struct mm *mm, uaddr_t addr, u32 len, bool exec)
{
	struct map_request req = {
		.addr = addr,
		.len = len,
		.prot = PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};
	long result;

	if (!len)
		return 0;
	result = mm_map(mm, &req);
	return mm_is_error(result) ? (int)result : 0;
}
