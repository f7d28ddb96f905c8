/*
 * modify_ldt(2): the caller's own segments.
 */
#include "abi/proc.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "sched/task.h"
#include <asm/ldt.h>

#define READ_TABLE 0
#define WRITE_OLD 1
#define READ_DEFAULT 2
#define WRITE 0x11
#define TABLE_BYTES (LDT_ENTRIES * LDT_ENTRY_SIZE)
#define DEFAULT_BYTES (5 * LDT_ENTRY_SIZE) /* what a process without a table of its own once had */
#define PIECE 256u

static long read_table(uaddr_t to, u32 bytes)
{
	struct mm *mm = current->mm;
	u8 piece[PIECE];
	bool any = true;

	for (u32 done = 0; any && done < bytes; done += PIECE) {
		u32 n = MIN(bytes - done, PIECE);

		down_read(&mm->mmap_lock);
		any = arch_ldt_read(&mm->arch, done, piece, n);
		up_read(&mm->mmap_lock);
		if (any && copy_to_user(to + done, piece, n))
			return -EFAULT;
	}
	return any ? (long)bytes : 0;
}

static long write_entry(uaddr_t from, unsigned long bytes, bool old_mode)
{
	struct mm *mm = current->mm;
	struct user_desc desc;
	int err;

	if (bytes != sizeof(desc))
		return -EINVAL;
	if (copy_from_user(&desc, from, sizeof(desc)))
		return -EFAULT;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = arch_ldt_write(&mm->arch, &desc, old_mode);
	up_write(&mm->mmap_lock);
	return err;
}

long sys_modify_ldt(int func, uaddr_t ptr, unsigned long bytes)
{
	switch (func) {
	case READ_TABLE: return read_table(ptr, (u32)MIN(bytes, (unsigned long)TABLE_BYTES));
	case READ_DEFAULT:
		bytes = MIN(bytes, (unsigned long)DEFAULT_BYTES);
		return clear_user(ptr, bytes) ? -EFAULT : (long)bytes;
	case WRITE_OLD:
	case WRITE: return write_entry(ptr, bytes, func == WRITE_OLD);
	}
	return -ENOSYS;
}
