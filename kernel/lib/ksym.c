/*
 * Address to symbol name. The table (tools/kallsyms.py) holds the symbols in ascending order, in
 * blocks of 16: the block is searched for, the symbol in it is read from the block's beginning. It
 * is constant, so there is nothing to lock.
 */
#include <lib/ksym.h>
#include <lib/string.h>
#include <types.h>

#define BLOCK 16u
#define FIRST_WORD 128

struct ksym_block {
	u32 offset; /* of its first symbol, from _stext */
	u32 at;     /* where in ksym_stream it begins */
};

extern const char _stext[], _etext[];
extern const u32 ksym_count;
extern const struct ksym_block ksym_blocks[];
extern const u8 ksym_stream[];
extern const char ksym_words[];

/* The last block that begins at or below @target. => the first does */
static u32 find_block(u32 target)
{
	u32 low = 0, high = DIV_ROUND_UP(ksym_count, BLOCK);

	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (ksym_blocks[middle].offset <= target)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static u32 read_distance(const u8 **at)
{
	u32 distance = 0, shift = 0;
	u8 byte;

	do {
		byte = *(*at)++;
		distance |= (u32)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	return distance;
}

static const u8 *skip_name(const u8 *at)
{
	while (*at++)
		;
	return at;
}

static void read_name(char name[KSYM_NAME_SIZE], const u8 *at)
{
	char *end = name + KSYM_NAME_SIZE - 1;
	const char *word;

	for (; *at && name < end; at++) {
		if (*at < FIRST_WORD) {
			*name++ = (char)*at;
			continue;
		}
		word = ksym_words;
		for (unsigned skip = *at - FIRST_WORD; skip; skip--)
			word += strlen(word) + 1;
		while (*word && name < end)
			*name++ = *word++;
	}
	*name = '\0';
}

const char *ksym_find(char name[KSYM_NAME_SIZE], unsigned long addr, unsigned long *offset,
		      unsigned long *size)
{
	u32 target = addr - (unsigned long)_stext, end = (u32)(_etext - _stext);
	u32 block, i, start, next;
	const u8 *at, *found;

	if (addr < (unsigned long)_stext || addr >= (unsigned long)_etext)
		return NULL;
	if (!ksym_count || target < ksym_blocks[0].offset)
		return NULL;
	block = find_block(target);
	i = block * BLOCK;
	at = ksym_stream + ksym_blocks[block].at;
	next = ksym_blocks[block].offset + read_distance(&at);
	do {
		start = next;
		found = at;
		at = skip_name(at);
		i++;
		if (i == ksym_count)
			next = end;
		else if (i % BLOCK == 0)
			next = ksym_blocks[i / BLOCK].offset;
		else
			next = start + read_distance(&at);
	} while (next <= target && i % BLOCK);
	read_name(name, found);
	*offset = target - start;
	*size = next - start;
	return name;
}

const char *ksym_lookup(char name[KSYM_NAME_SIZE], unsigned long addr, unsigned long *offset)
{
	unsigned long at, size;

	return ksym_find(name, addr, offset ? offset : &at, &size);
}
