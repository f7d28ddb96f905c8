/*
 * Where things go in an address space when nobody asked for an address: top down from mmap_base,
 * which leaves room for the stack to grow to its limit; or, with an unlimited stack, bottom up from
 * a third of the address space (the legacy layout).
 *
 * mmap(2); REFERENCE "User-space layout rules".
 */
#include "virt.h"
#include <linux/capability.h>
#include <linux/mman.h>

#define STACK_RANDOM_PAGES 0x7ffu
#define MIN_STACK_SPACE (128u << 20)

void mm_layout(struct mm *mm, uaddr_t stack_top, u32 stack_rlimit, u32 rnd_pages, bool legacy)
{
	u32 pad = (rnd_pages ? STACK_RANDOM_PAGES << PAGE_SHIFT : 0) + STACK_GUARD_GAP;
	u32 gap = stack_rlimit + pad >= stack_rlimit ? stack_rlimit + pad : stack_rlimit;

	(void)stack_top;
	mm->mmap_legacy = legacy;
	if (legacy) {
		mm->mmap_base = ALIGN_UP(TASK_SIZE / 3, PAGE_SIZE) + (rnd_pages << PAGE_SHIFT);
		return;
	}
	gap = MIN(MAX(gap, MIN_STACK_SPACE), TASK_SIZE / 6 * 5);
	mm->mmap_base = ALIGN_UP(TASK_SIZE - gap - (rnd_pages << PAGE_SHIFT), PAGE_SIZE);
}

/* The hint, if it is free and as far from its neighbours as they want. */
static bool hint_is_free(struct mm *mm, uaddr_t addr, u32 len)
{
	struct vma *vma, *prev;

	if (addr > TASK_SIZE - len || addr < sysctl_mmap_min_addr)
		return false;
	vma = vma_find(mm, addr);
	prev = vma ? vma_prev(vma) : vma_tree_last(&mm->areas);
	return (!vma || addr + len <= vma_start_gap(vma)) && (!prev || addr >= prev->end);
}

static uaddr_t search(struct mm *mm, u32 len)
{
	uaddr_t low = MAX(ALIGN_UP((uaddr_t)sysctl_mmap_min_addr, PAGE_SIZE), (uaddr_t)PAGE_SIZE),
		addr;

	if (!mm->mmap_legacy) {
		addr = vma_gap_top_down(&mm->areas, low, mm->mmap_base, len);
		if (addr)
			return addr;
		low = ALIGN_UP(TASK_SIZE / 3, PAGE_SIZE);
	} else {
		low = mm->mmap_base;
	}
	return vma_gap_bottom_up(&mm->areas, low, TASK_SIZE, len);
}

long mm_unmapped_area(struct mm *mm, uaddr_t hint, u32 len, u32 flags)
{
	uaddr_t addr = hint;

	if (len > TASK_SIZE - sysctl_mmap_min_addr)
		return -ENOMEM;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (addr > TASK_SIZE - len)
			return -ENOMEM;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
	} else {
		addr = ALIGN_UP(addr, PAGE_SIZE);
		if (!addr || !hint_is_free(mm, addr, len))
			addr = search(mm, len);
		if (!addr)
			return -ENOMEM;
	}
	if (addr < sysctl_mmap_min_addr && !(mm_capable && mm_capable(CAP_SYS_RAWIO)))
		return -EPERM;
	return (long)addr;
}
