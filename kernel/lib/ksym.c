/*
 * Address to symbol name. The table (tools/kallsyms.py) holds offsets from _stext in ascending
 * order; it is constant, so there is nothing to lock.
 */
#include <lib/ksym.h>
#include <types.h>

extern const char _stext[], _etext[];
extern const u32 ksym_count;
extern const u32 ksym_offsets[], ksym_name_at[];
extern const char ksym_names[];

/* The index of the last entry at or below target. => ksym_count > 0, ksym_offsets[0] <= target */
static u32 ksym_index(u32 target)
{
	u32 low = 0, high = ksym_count;

	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (ksym_offsets[middle] <= target)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *ksym_find(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	u32 target = addr - (unsigned long)_stext;
	u32 i, end;

	if (addr < (unsigned long)_stext || addr >= (unsigned long)_etext)
		return NULL;
	if (!ksym_count || target < ksym_offsets[0])
		return NULL;
	i = ksym_index(target);
	end = i + 1 < ksym_count ? ksym_offsets[i + 1] : (u32)(_etext - _stext);
	*offset = target - ksym_offsets[i];
	*size = end - ksym_offsets[i];
	return ksym_names + ksym_name_at[i];
}

const char *ksym_lookup(unsigned long addr, unsigned long *offset)
{
	unsigned long at, size;

	return ksym_find(addr, offset ? offset : &at, &size);
}
