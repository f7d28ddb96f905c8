/*
 * What is counted: pages promised to private writable areas (Committed_AS, overcommit_memory), the
 * areas' sizes by kind for /proc/PID/status and RLIMIT_AS/DATA, locked pages for RLIMIT_MEMLOCK.
 * Resident pages are counted where they are mapped and unmapped, with plain atomics in struct mm.
 *
 * proc(5) overcommit_memory, overcommit_ratio; getrlimit(2).
 */
#include "virt.h"
#include <linux/capability.h>
#include <linux/resource.h>

/* overcommit_memory */
enum { OVERCOMMIT_GUESS = 0, OVERCOMMIT_ALWAYS = 1, OVERCOMMIT_NEVER = 2 };

unsigned sysctl_max_map_count = 65530;
unsigned sysctl_mmap_min_addr = MMAP_MIN_ADDR_DEFAULT;
unsigned sysctl_overcommit_memory = OVERCOMMIT_GUESS;
unsigned sysctl_overcommit_ratio = 50;
unsigned long sysctl_overcommit_kbytes;
unsigned long sysctl_admin_reserve_kbytes, sysctl_user_reserve_kbytes;

unsigned long (*mm_rlimit)(unsigned resource);
bool (*mm_capable)(int cap);

static u32 committed; /* (a) pages */

/* ---- promises ---- */

unsigned long vm_committed_pages(void)
{
	return atomic_read(&committed);
}

unsigned long vm_commit_limit_pages(void)
{
	if (sysctl_overcommit_kbytes)
		return sysctl_overcommit_kbytes >> (PAGE_SHIFT - 10);
	return (unsigned long)((u64)total_ram_pages() * sysctl_overcommit_ratio / 100);
}

static bool commit_fits(unsigned long pages)
{
	unsigned long limit, keep = 0;

	if (sysctl_overcommit_memory == OVERCOMMIT_ALWAYS)
		return true;
	if (sysctl_overcommit_memory == OVERCOMMIT_GUESS)
		return pages <= total_ram_pages();
	limit = vm_commit_limit_pages();
	/* Something stays for an administrator's shell, and for the user to recover. */
	if (!mm_capable || !mm_capable(CAP_SYS_ADMIN))
		keep = sysctl_admin_reserve_kbytes >> (PAGE_SHIFT - 10);
	if (current->mm)
		keep += MIN(current->mm->total_vm / 32,
			    sysctl_user_reserve_kbytes >> (PAGE_SHIFT - 10));
	return vm_committed_pages() < limit - MIN(limit, keep);
}

/* By Linux's rule: 3 % of what is free at boot, at most 8 MB and 128 MB. */
void account_init(void)
{
	unsigned long kb = nr_free_pages() << (PAGE_SHIFT - 10);

	sysctl_admin_reserve_kbytes = MIN(kb / 32, 8192ul);
	sysctl_user_reserve_kbytes = MIN(kb / 32, 131072ul);
}

int vm_commit(unsigned long pages)
{
	atomic_add(&committed, (u32)pages);
	if (likely(commit_fits(pages)))
		return 0;
	atomic_sub(&committed, (u32)pages);
	return -ENOMEM;
}

void vm_uncommit(unsigned long pages)
{
	atomic_sub(&committed, (u32)pages);
}

/* ---- areas ---- */

static bool is_data(u32 flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE;
}

void account_area(struct mm *mm, u32 flags, long pages)
{
	mm->total_vm += (unsigned long)pages;
	if ((flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC)
		mm->exec_vm += (unsigned long)pages;
	else if (flags & VM_STACK)
		mm->stack_vm += (unsigned long)pages;
	else if (is_data(flags))
		mm->data_vm += (unsigned long)pages;
	if (flags & VM_LOCKED)
		mm->locked_vm += (unsigned long)pages;
	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
}

unsigned long rlimit_pages(unsigned resource)
{
	unsigned long limit = mm_rlimit ? mm_rlimit(resource) : ~0UL;

	return limit == ~0UL ? ~0UL : limit >> PAGE_SHIFT;
}

bool may_expand_vm(const struct mm *mm, u32 flags, unsigned long pages)
{
	if (mm->total_vm + pages > rlimit_pages(RLIMIT_AS))
		return false;
	return !is_data(flags) || mm->data_vm + pages <= rlimit_pages(RLIMIT_DATA);
}

bool may_lock_at_all(void)
{
	return !mm_rlimit || mm_rlimit(RLIMIT_MEMLOCK) || (mm_capable && mm_capable(CAP_IPC_LOCK));
}

int may_lock_pages(const struct mm *mm, u32 flags, unsigned long pages)
{
	if (!(flags & VM_LOCKED))
		return 0;
	if (mm->locked_vm + pages <= rlimit_pages(RLIMIT_MEMLOCK) ||
	    (mm_capable && mm_capable(CAP_IPC_LOCK)))
		return 0;
	return -EAGAIN;
}

/* ---- totals ---- */

#define SUM_OVER_CPUS(counter) \
	({ \
		long sum_ = 0; \
		for (unsigned cpu_ = 0; cpu_ < nr_cpus; cpu_++) \
			sum_ += *per_cpu_ptr(counter, cpu_); \
		(unsigned long)MAX(sum_, 0L); \
	})

unsigned long total_pt_bytes(void)
{
	return SUM_OVER_CPUS(nr_pt_pages) << PAGE_SHIFT;
}

unsigned long total_anon_pages(void)
{
	return SUM_OVER_CPUS(nr_anon_mapped);
}

unsigned long total_mapped_pages(void)
{
	return SUM_OVER_CPUS(nr_file_mapped);
}
