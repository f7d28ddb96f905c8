/*
 * memcpy and its kin for i386: the string instructions, by words. The direction flag is clear
 * everywhere else in the kernel, as the ABI has it. Whole pages are copied and cleared by arch/.
 *
 * The compiler must not see a loop here and replace it by a call of the very function.
 */
#include "lib/string.h"

#ifdef ISTHMUS_KERNEL /* a host test renames them instead */
#undef memcpy
#undef memset
#undef memcmp
#endif

#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *d = to;
	size_t count = n / 4;

	__asm__ volatile("rep movsl" : "+D"(d), "+S"(from), "+c"(count) : : "memory");
	count = n % 4;
	if (count)
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(count) : : "memory");
	return to;
}

/* From the end, because the destination overlaps the end of the source. */
static void copy_backward(char *to, const char *from, size_t n)
{
	char *d = to + n - 1;
	const char *s = from + n - 1;
	size_t count = n % 4;

	__asm__ volatile("std\n\trep movsb" : "+D"(d), "+S"(s), "+c"(count) : : "memory");
	d -= 3;
	s -= 3;
	count = n / 4;
	__asm__ volatile("rep movsl\n\tcld" : "+D"(d), "+S"(s), "+c"(count) : : "memory");
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	copy_backward(to, from, n);
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *d = to;
	size_t count = n / 4;

	__asm__ volatile("rep stosl" : "+D"(d), "+c"(count) : "a"((u8)c * 0x01010101u) : "memory");
	count = n % 4;
	if (count)
		__asm__ volatile("rep stosb" : "+D"(d), "+c"(count) : "a"(c) : "memory");
	return to;
}

typedef u32 __attribute__((may_alias, aligned(1))) any_word;

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 4; n -= 4, x += 4, y += 4)
		if (*(const any_word *)x != *(const any_word *)y)
			break;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}
