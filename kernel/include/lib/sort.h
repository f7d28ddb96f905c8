/* Sort an array in place: O(n log n) always, no memory, not stable (heap sort). */
#ifndef LIB_SORT_H
#define LIB_SORT_H

#include "types.h"

/* @n elements of @size bytes at @base; @compare as for qsort(3). */
void sort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b));

#endif
