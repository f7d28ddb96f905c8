/* Heap sort: a heap with the largest element at its root; the root goes to the end, and so on. */
#include "lib/sort.h"

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char byte = *a;

		*a++ = *b;
		*b++ = byte;
	}
}

static void sift_down(char *base, size_t root, size_t n, size_t size,
		      int (*compare)(const void *a, const void *b))
{
	size_t child;

	for (; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
	}
}

void sort(void *base, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
	for (size_t root = n / 2; root-- > 0;)
		sift_down(base, root, n, size, compare);
	while (n > 1) {
		n--;
		swap(base, (char *)base + n * size, size);
		sift_down(base, 0, n, size, compare);
	}
}
